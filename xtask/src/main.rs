//! The project's own commands.
//!
//! `cargo xtask test` runs every check there is; `cargo xtask conformance` compares the library
//! with the numbers of other frameworks; `cargo xtask bench` measures its speed, alone and against them.

mod bench;
mod conformance;
mod python;
mod readme;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    Conformance {
        /// A folder laid out like tests-data/vectors, or one family of it
        directory: Option<PathBuf>,
        /// Also fail where fewer than COUNT cases of a family pass
        #[arg(long = "at-least", value_name = "FAMILY=COUNT", value_delimiter = ',')]
        minimums: Vec<conformance::Minimum>,
    },
    /// Measure the speed on the workloads of benchmarks/workloads.json, alone or against other libraries
    Bench(Box<bench::Options>),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { strict } => {
            let levels = if strict { test::MissingLevels::Fail } else { test::MissingLevels::Warn };
            test::run(repository(), levels)
        }
        Command::Conformance { directory, minimums } => {
            let directory = directory.unwrap_or_else(|| repository().join("tests-data/vectors"));
            conformance::run(&directory, &minimums)
        }
        Command::Bench(options) => bench::run(*options, repository()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn repository() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
