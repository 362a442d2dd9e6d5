//! The commands: each reads its options, calls the library, and prints.

mod evaluate;
mod explain;
mod forecast;
mod health;
mod inspect;
mod look;
mod network_words;
mod predict;
mod record;
mod report;
mod score;
mod several;
mod source;
mod summary;
mod text;
mod train;
mod warnings;

use std::path::{Path, PathBuf};

use crate::args::Command;
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// Runs a command.
pub fn run(command: Command, given: &Given) -> Outcome {
    match command {
        Command::Train(args) => train::run(*args, given),
        Command::Look(args) => look::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Generate(args) => text::generate::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Explain(args) => explain::run(&args),
    }
}

/// Refuses an output that would overwrite an input.
fn refuse_same_file(option: &str, output: &Path, inputs: &[(&str, &PathBuf)]) -> Outcome {
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
