//! The project's own commands.
//!
//! `cargo xtask test` runs every check there is; `cargo xtask conformance` compares the library
//! with the numbers of other frameworks; `cargo xtask bench` measures its speed, alone and against them.

mod python;
mod readme;
mod test;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command as Process, ExitCode};

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check: format, lints, tests, documentation, reference vectors, README examples
    Test {
        /// Fail where this processor cannot run an instruction level, instead of warning
        #[arg(long)]
        strict: bool,
    },
    /// Compare the library with reference vectors made by other frameworks
    #[command(disable_help_flag = true)]
    Conformance(Passed),
    /// Measure the speed on the workloads of benchmarks/workloads.json, alone or against other libraries
    #[command(disable_help_flag = true)]
    Bench(Passed),
}

/// Arguments for the workbench.
#[derive(clap::Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { strict } => {
            let levels = if strict { test::MissingLevels::Fail } else { test::MissingLevels::Warn };
            test::run(repository(), levels)
        }
        Command::Conformance(passed) => return workbench("conformance", &passed.arguments),
        Command::Bench(passed) => return workbench("bench", &passed.arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

/// Runs a command of the workbench, which says itself what is wrong.
fn workbench(command: &str, arguments: &[OsString]) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = ["run", "--quiet", "--package", "elman-workbench", "--", command];
    match Process::new(cargo).args(run).args(arguments).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => fail(&format!("cannot run cargo: {error}")),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}

/// The folder of the workspace.
fn repository() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
