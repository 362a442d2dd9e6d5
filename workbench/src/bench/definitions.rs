//! The workloads and the targets: `benchmarks/workloads.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bench_protocol::{Case, Cell};
use serde::Deserialize;

/// What the file holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definitions {
    pub workloads: Vec<Workload>,
    pub trainings: Vec<TrainingWorkload>,
    pub targets: Targets,
}

/// The sizes of a layer, for any cell.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    pub name: String,
    pub batch_size: usize,
    pub seq_len: usize,
    pub input_size: usize,
    pub hidden_size: usize,
    /// Whether it is also run with sequences of different lengths.
    #[serde(default)]
    pub ragged: bool,
}

/// The sizes of a whole training, for any cell.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingWorkload {
    pub name: String,
    pub sequences: usize,
    /// The steps of the shortest sequence, and of the longest.
    pub shortest: usize,
    pub longest: usize,
    pub input_size: usize,
    pub hidden_size: usize,
    pub classes: usize,
    pub batch_size: usize,
    pub epochs: usize,
    pub learning_rate: f64,
    /// How many networks are trained side by side where several are.
    pub members: usize,
}

impl TrainingWorkload {
    /// `B,T,I,H`, T being the longest sequence.
    pub fn sizes(&self) -> String {
        let TrainingWorkload { batch_size, longest, input_size, hidden_size, .. } = self;
        format!("{batch_size},{longest},{input_size},{hidden_size}")
    }
}

/// What the library wants to reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Of the ratios to the best peer of each workload and mode.
    pub geometric_mean: BTreeMap<Cell, f64>,
    /// The ratio to the best peer of any workload and mode.
    pub least_ratio: f64,
    pub peak_share: PeakShare,
    pub training_speedup: TrainingSpeedup,
}

/// How many times as fast whole trainings are on two threads.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpeedup {
    /// One network.
    pub network: f64,
    /// Several networks side by side.
    pub members: f64,
}

/// The share of the peak of this machine, where there is work enough.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeakShare {
    pub least: f64,
    pub from_batch_size: usize,
    pub from_hidden_size: usize,
}

impl Definitions {
    /// Reads the definitions of the repository.
    pub fn read(repository: &Path) -> Result<Self, String> {
        let path = repository.join("benchmarks/workloads.json");
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The names of all workloads and whole trainings.
    pub fn names(&self) -> Vec<&str> {
        let trainings = self.trainings.iter().map(|training| training.name.as_str());
        self.workloads.iter().map(|workload| workload.name.as_str()).chain(trainings).collect()
    }
}

impl Workload {
    /// The layer of a cell with these sizes.
    pub fn case(&self, cell: Cell) -> Case {
        Case {
            cell,
            batch_size: self.batch_size,
            seq_len: self.seq_len,
            input_size: self.input_size,
            hidden_size: self.hidden_size,
            lengths: None,
        }
    }

    /// `B,T,I,H`
    pub fn sizes(&self) -> String {
        let Workload { batch_size, seq_len, input_size, hidden_size, .. } = self;
        format!("{batch_size},{seq_len},{input_size},{hidden_size}")
    }
}
