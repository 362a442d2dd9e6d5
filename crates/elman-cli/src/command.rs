//! The commands: each reads its options, calls the library, and prints.

mod evaluate;
mod inspect;
mod predict;
mod record;
mod source;
mod summary;
mod train;
mod warnings;

use std::path::{Path, PathBuf};

use elman::Directions;
use elman::cell::{CellKind, GruOptions, ResetPlacement};
use elman::network::{NetworkConfig, Pooling};

use crate::args::Command;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::text::counted;

/// Runs a command.
pub fn run(command: Command, given: &Given) -> Outcome {
    match command {
        Command::Train(args) => train::run(*args, given),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Inspect(args) => inspect::run(&args),
    }
}

/// Refuses an output that would overwrite an input.
fn refuse_same_file((option, output): (&str, &Path), inputs: &[(&str, &PathBuf)]) -> Outcome {
    let Ok(output) = output.canonicalize() else { return Ok(()) };
    let same = |input: &Path| input.canonicalize().is_ok_and(|input| input == output);
    match inputs.iter().find(|(_, input)| same(input)) {
        None => Ok(()),
        Some((name, path)) => {
            let found = format!("{}, which is {name}", path.display());
            Err(Failure::input(option, "a file that is not an input", found))
        }
    }
}

/// The shape of a network in words.
fn network_words(config: &NetworkConfig) -> String {
    let cell = match &config.cell {
        CellKind::Simple(options) => format!("simple cell, {}", options.activation),
        CellKind::Gru(GruOptions { reset: ResetPlacement::Before, .. }) => {
            "gru cell, reset before".to_owned()
        }
        other => format!("{other} cell"),
    };
    let units =
        format!("{} of {}", counted(config.layers, "layer"), counted(config.hidden_size, "unit"));
    let direction = match config.directions {
        Directions::Forward => "forward",
        Directions::Reverse => "reverse",
        Directions::Both => "in each of both directions",
    };
    let pooling = match config.pooling {
        Pooling::LastStep => "the last step",
        Pooling::MeanOverTime => "the mean over time",
        Pooling::EveryStep => "every step",
    };
    let sizes = format!(
        "{} → {}",
        counted(config.input_size, "input"),
        counted(config.output_size, "output")
    );
    let dropout = match config.dropout {
        dropout if dropout > 0.0 => format!(", dropout {dropout}"),
        _ => String::new(),
    };
    format!("{sizes}; {cell}, {units} {direction}; head on {pooling}{dropout}")
}
