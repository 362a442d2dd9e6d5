//! The `elman` command: train, evaluate, predict and inspect recurrent networks.
//!
//! Options are declared in [`args`], joined with a TOML file in [`config`], and handed to one
//! function of [`command`] each, which calls the library and prints through a
//! [`printer`]. What goes wrong is a [`failure`] with an exit code.

mod args;
mod command;
mod config;
mod failure;
mod interrupt;
mod printer;

use std::process::ExitCode;

use config::Stop;
use failure::{Failure, Outcome};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
        let place = place.unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        Failure::Fault(format!("{message}{place}")).report();
    }));
    match std::panic::catch_unwind(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => failure.report(),
        Err(_) => ExitCode::from(2), // the hook has said what it was
    }
}

fn run() -> Outcome {
    let level = elman::level()?;
    let version = format!("{} ({level} instructions)", env!("CARGO_PKG_VERSION"));
    match config::read(version.leak(), std::env::args_os().collect()) {
        Ok((command, given)) => command::run(command, &given),
        Err(Stop::Answer(text)) => printer::out(&text),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}
