//! What the defaults of `train` were chosen by: cells, readouts, directions and dropout on several
//! data sets, by cross-validation inside the training parts.
//!
//! ```sh
//! cargo run --release -p elman --example default_grid -- [--seeds N] [--folds K] [--hidden-size N] [--only SETTING]… FILE…
//! ```
//!
//! A FILE is a `.ts` file, or a long CSV with its columns:
//! `train.csv,sequence=recording,time=step,target=exercise,group=subject`. For each setting it
//! prints the mean accuracy on each file over folds and seeds, how far that is behind the best
//! setting, and the seconds that a training took.
//!
//! `default_grid.csv` is its table for the training parts of japanese_vowels and smartwatch_exercises (persons
//! apart), three folds and one seed, without the seconds, as the machine had other work. The default stands sixth
//! of the 80 settings, 0.014 behind the first in the mean.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use elman::activation::ActivationKind;
use elman::cell::{CellKind, SimpleOptions};
use elman::data::{Dataset, ReadOptions, TargetKind, read};
use elman::layer::RecurrentRegularization;
use elman::network::{NetworkBuilder, NetworkOptions};
use elman::stack::LayerConfig;
use elman::train::{Control, Trainer, TrainingOptions};

/// What is asked for on the command line.
struct Plan {
    seeds: u64,
    folds: usize,
    hidden_size: usize,
    /// The settings to try; all of them, if it is empty.
    only: Vec<String>,
    files: Vec<Dataset>,
    names: Vec<String>,
}

impl Plan {
    fn wants(&self, setting: &Setting) -> bool {
        self.only.is_empty() || self.only.contains(&setting.name)
    }
}

/// One row of the table.
struct Setting {
    name: String,
    network: NetworkOptions,
}

/// One number of the table.
struct Cell {
    accuracy: f64,
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let plan = plan()?;
    let mut settings = settings(plan.hidden_size);
    settings.retain(|setting| plan.wants(setting));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for setting in &settings {
        let cells = plan.files.iter().map(|data| measure(&plan, &setting.network, data));
        rows.push(cells.collect::<Result<_, _>>()?);
        let accuracies = rows[rows.len() - 1].iter().map(|cell| format!("{:.3}", cell.accuracy));
        eprintln!("{}: {}", setting.name, accuracies.collect::<Vec<_>>().join(" "));
    }
    let best = |file: usize| rows.iter().map(|row| row[file].accuracy).fold(0.0, f64::max);
    let best: Vec<f64> = (0..plan.files.len()).map(best).collect();
    println!("setting,{},mean behind,most behind,seconds", plan.names.join(","));
    for (setting, row) in settings.iter().zip(&rows) {
        println!("{},{}", setting.name, line(row, &best));
    }
    Ok(())
}

fn line(row: &[Cell], best: &[f64]) -> String {
    let accuracies = row.iter().map(|cell| format!("{:.4}", cell.accuracy)).collect::<Vec<_>>();
    let behind: Vec<f64> = row.iter().zip(best).map(|(cell, best)| best - cell.accuracy).collect();
    let most = behind.iter().copied().fold(0.0, f64::max);
    let mean = behind.iter().sum::<f64>() / behind.len() as f64;
    let seconds: f64 = row.iter().map(|cell| cell.seconds).sum();
    format!("{},{mean:.4},{most:.4},{seconds:.2}", accuracies.join(","))
}

/// The mean accuracy over folds and seeds, and the seconds of one training.
fn measure(plan: &Plan, network: &NetworkOptions, data: &Dataset) -> elman::Result<Cell> {
    let (start, mut scores) = (Instant::now(), Vec::new());
    for seed in 1..=plan.seeds {
        let options = TrainingOptions { seed, ..TrainingOptions::default() };
        let trainer = Trainer::new(options, network.clone())?;
        let folds = trainer.cross_validate::<f32>(plan.folds, data, &|_, _| Control::Continue)?;
        scores.extend(folds.iter().map(|fold| fold.evaluation.score().value()));
    }
    let count = scores.len() as f64;
    let accuracy = scores.iter().sum::<f64>() / count;
    Ok(Cell { accuracy, seconds: start.elapsed().as_secs_f64() / count })
}

/// Adds a readout to a description.
type Read = fn(NetworkBuilder) -> NetworkBuilder;

fn settings(hidden_size: usize) -> Vec<Setting> {
    let relu = SimpleOptions { activation: ActivationKind::Relu, ..SimpleOptions::DEFAULT };
    let layers = [
        ("simple tanh", LayerConfig::simple(hidden_size)),
        ("simple relu", LayerConfig::new(CellKind::Simple(relu), hidden_size)),
        ("lstm", LayerConfig::lstm(hidden_size)),
        ("gru", LayerConfig::gru(hidden_size)),
        ("gru with state dropout", with_state_dropout(LayerConfig::gru(hidden_size))),
    ];
    let readouts: [(&str, Read); 4] = [
        ("last", NetworkBuilder::last_step),
        ("mean", NetworkBuilder::mean),
        ("max", NetworkBuilder::max),
        ("last and mean", |builder| builder.last_step().mean()),
    ];
    let mut settings = Vec::new();
    for (cell, layer) in &layers {
        for (readout, read) in readouts {
            for (directions, is_both) in [("forward", false), ("both", true)] {
                for dropout in [0.0, 0.3] {
                    let builder = NetworkOptions::of(layer.clone());
                    let builder = if is_both { builder.bidirectional() } else { builder };
                    let network = read(builder).head_dropout(dropout).options();
                    let name = format!("{cell}; {readout}; {directions}; dropout {dropout}");
                    settings.push(Setting { name, network });
                }
            }
        }
    }
    settings
}

/// The same layer, of whose recurrent state training drops a part.
fn with_state_dropout(layer: LayerConfig) -> LayerConfig {
    let state_dropout = NetworkOptions::STATE_DROPOUT_OF_CLASSES;
    let regularization = RecurrentRegularization { state_dropout, ..layer.regularization };
    LayerConfig { regularization, ..layer }
}

fn plan() -> Result<Plan, Box<dyn Error>> {
    let (only, files, names) = (vec![], vec![], vec![]);
    let mut plan = Plan { seeds: 1, folds: 5, hidden_size: 64, only, files, names };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or("a value after each option");
        match word.as_str() {
            "--seeds" => plan.seeds = value()?.parse()?,
            "--folds" => plan.folds = value()?.parse()?,
            "--hidden-size" => plan.hidden_size = value()?.parse()?,
            "--only" => plan.only.push(value()?),
            file => {
                let (path, options) = options(file)?;
                plan.files.push(read(&path, &options)?);
                plan.names.push(path.file_stem().unwrap_or_default().display().to_string());
            }
        }
    }
    Ok(plan)
}

/// A file and how it is read.
fn options(word: &str) -> Result<(PathBuf, ReadOptions), Box<dyn Error>> {
    let mut parts = word.split(',');
    let path = PathBuf::from(parts.next().unwrap_or_default());
    let mut options =
        ReadOptions { kind: TargetKind::Classes { known: None }, ..ReadOptions::default() };
    for part in parts {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("{part}: key=value"))?;
        match key {
            "sequence" => options.columns.sequence = Some(value.to_owned()),
            "time" => options.columns.time = Some(value.to_owned()),
            "target" => options.columns.targets = vec![value.to_owned()],
            "group" => options.columns.group = Some(value.to_owned()),
            "exclude" => options.exclude.push(value.to_owned()),
            _ => return Err(format!("{key}: sequence, time, target, group or exclude").into()),
        }
    }
    Ok((path, options))
}
