//! What the user asks for, and what is run for it.

use std::path::PathBuf;

use bench_protocol::{Cell, Mode};
use clap::Args;
use elman::error::nearest;

use super::contenders::Peer;
use super::definitions::{Definitions, TrainingWorkload, Workload};

/// The options of `cargo xtask bench`. Lists are separated by commas.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Also time the peers (all, or these), setting each up at its first use
    #[arg(long, value_name = "PEER,…", value_delimiter = ',', num_args = 0.., require_equals = true)]
    peers: Option<Vec<String>>,
    /// Only these cells
    #[arg(long, value_name = "CELL,…", value_delimiter = ',')]
    cells: Vec<String>,
    /// Only these workloads or whole trainings
    #[arg(long, value_name = "WORKLOAD,…", value_delimiter = ',')]
    workloads: Vec<String>,
    /// Only infer, or only train
    #[arg(long, value_name = "MODE,…", value_delimiter = ',')]
    modes: Vec<String>,
    /// Numbers of threads [default: 1,2; with peers: 2]
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    threads: Vec<usize>,
    /// How long each contender runs before it is the next one's turn
    #[arg(long, default_value_t = 0.2)]
    seconds: f64,
    /// How often it is each contender's turn
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Keep the results as benchmarks/record/DATE-NAME.csv
    #[arg(long, value_name = "NAME")]
    record: Option<String>,
    /// List cells, workloads, modes and peers, and run nothing
    #[arg(long, conflicts_with_all = ["peers", "record", "show", "table"])]
    list: bool,
    /// Print the report of a record instead of running
    #[arg(long, value_name = "FILE", conflicts_with_all = ["peers", "record", "table"])]
    show: Option<PathBuf>,
    /// Print the README's table of a record instead of running
    #[arg(long, value_name = "FILE", conflicts_with_all = ["peers", "record"])]
    table: Option<PathBuf>,
}

/// What a valid command line asks for.
#[derive(Debug)]
pub enum Request {
    List,
    Show(PathBuf),
    Table(PathBuf),
    Run(Plan),
}

/// What is run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub cells: Vec<Cell>,
    pub workloads: Vec<Workload>,
    pub trainings: Vec<TrainingWorkload>,
    pub modes: Vec<Mode>,
    pub threads: Vec<usize>,
    pub peers: Vec<Peer>,
    pub seconds: f64,
    pub rounds: usize,
    pub record: Option<String>,
}

impl Options {
    /// Checks every value against what there is.
    pub fn request(self, definitions: &Definitions) -> Result<Request, String> {
        if self.list {
            return Ok(Request::List);
        }
        if let Some(path) = self.show {
            return Ok(Request::Show(path));
        }
        if let Some(path) = self.table {
            return Ok(Request::Table(path));
        }
        let peers = match &self.peers {
            None => Vec::new(),
            Some(names) => chosen("--peers", names, &Peer::ALL, |peer| peer.name())?,
        };
        let threads = match (self.threads.is_empty(), peers.is_empty()) {
            (true, true) => vec![1, 2],
            (true, false) => vec![2],
            (false, _) => self.threads,
        };
        if threads.contains(&0) {
            return Err("--threads: expected at least 1, got 0".to_owned());
        }
        if !(self.seconds > 0.0 && self.seconds <= 60.0) {
            return Err(format!("--seconds: expected above 0, at most 60, got {}", self.seconds));
        }
        if self.rounds == 0 {
            return Err("--rounds: expected at least 1, got 0".to_owned());
        }
        if let Some(name) = &self.record {
            check_record_name(name)?;
        }
        let names = definitions.names();
        let names = chosen("--workloads", &self.workloads, &names, |name| name)?;
        let modes = chosen("--modes", &self.modes, &Mode::ALL, |mode| mode.name())?;
        let workloads = definitions.workloads.iter().filter(|w| names.contains(&w.name.as_str()));
        let trainings = definitions.trainings.iter().filter(|training| {
            modes.contains(&Mode::Train) && names.contains(&training.name.as_str())
        });
        Ok(Request::Run(Plan {
            cells: chosen("--cells", &self.cells, &Cell::ALL, |cell| cell.name())?,
            workloads: workloads.cloned().collect(),
            trainings: trainings.cloned().collect(),
            modes,
            threads,
            peers,
            seconds: self.seconds,
            rounds: self.rounds,
            record: self.record,
        }))
    }
}

/// The things of these names, in the order of `all`; all of them for no name.
fn chosen<T: Clone>(
    option: &str,
    names: &[String],
    all: &[T],
    name_of: impl Fn(&T) -> &str,
) -> Result<Vec<T>, String> {
    let known: Vec<&str> = all.iter().map(&name_of).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let hint = nearest(name, known.iter().copied());
        let hint = hint.map_or(String::new(), |hint| format!("; did you mean {hint}?"));
        return Err(format!("{option}: expected {}, got {name}{hint}", known.join(", ")));
    }
    let wanted = |thing: &&T| names.is_empty() || names.iter().any(|name| name == name_of(thing));
    Ok(all.iter().filter(wanted).cloned().collect())
}

fn check_record_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.chars().all(good) {
        return Ok(());
    }
    Err(format!("--record: expected a name of a-z, 0-9 and -, got {name:?}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn request(arguments: &[&str]) -> Result<Request, String> {
        let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let definitions = Definitions::read(&repository).unwrap();
        let line = ["bench"].into_iter().chain(arguments.iter().copied());
        Line::try_parse_from(line).map_err(|error| error.to_string())?.options.request(&definitions)
    }

    fn plan(arguments: &[&str]) -> Plan {
        match request(arguments) {
            Ok(Request::Run(plan)) => plan,
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    #[test]
    fn no_option_runs_everything_without_peers() {
        let plan = plan(&[]);
        let counts = [plan.cells.len(), plan.workloads.len(), plan.modes.len(), plan.peers.len()];
        assert_eq!(counts, [3, 7, 2, 0]);
        assert_eq!(plan.trainings.len(), 1);
        assert_eq!(plan.threads, [1, 2]);
    }

    #[test]
    fn lists_choose_and_keep_the_order_of_the_definitions() {
        let plan = plan(&["--cells", "gru,simple", "--workloads", "b1,toy", "--peers=jax,torch"]);
        assert_eq!(plan.cells, [Cell::Simple, Cell::Gru]);
        let names: Vec<&str> = plan.workloads.iter().map(|w| w.name.as_str()).collect();
        assert_eq!(names, ["toy", "b1"]);
        assert_eq!(plan.peers, [Peer::Torch, Peer::Jax]);
        assert_eq!(plan.threads, [2]);
    }

    #[test]
    fn whole_trainings_are_chosen_by_name_and_belong_to_training() {
        let chosen = plan(&["--workloads", "digits,toy"]);
        assert_eq!((chosen.workloads.len(), chosen.trainings.len()), (1, 1));
        assert!(plan(&["--modes", "infer"]).trainings.is_empty());
    }

    #[test]
    fn peers_without_names_are_all_peers() {
        assert_eq!(plan(&["--peers"]).peers, Peer::ALL);
    }

    #[test]
    fn bad_values_are_refused_with_the_valid_ones() {
        for (arguments, expected) in [
            (
                ["--cells", "lsmt"],
                "--cells: expected simple, lstm, gru, got lsmt; did you mean lstm?",
            ),
            (["--modes", "test"], "--modes: expected infer, train, got test"),
            (["--threads", "0"], "--threads: expected at least 1, got 0"),
            (["--seconds", "0"], "--seconds: expected above 0, at most 60, got 0"),
            (["--seconds", "nan"], "--seconds: expected above 0, at most 60, got NaN"),
            (["--rounds", "0"], "--rounds: expected at least 1, got 0"),
            (["--record", "a/b"], "--record: expected a name of a-z, 0-9 and -, got \"a/b\""),
        ] {
            let message = request(&arguments).expect_err("refused");
            assert!(message.starts_with(expected), "{arguments:?}: {message}");
        }
        let message = request(&["--workloads", "larg"]).expect_err("refused");
        assert!(message.ends_with("got larg; did you mean large?"), "{message}");
    }
}
