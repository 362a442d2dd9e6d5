//! The library beside others: `conformance` compares its numbers with those of other frameworks, `bench` its
//! speed. All are reached by `cargo xtask`, which stays free of the library so that it builds at once.

mod bench;
mod conformance;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use elman_kernels::Level;

/// The library beside others.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compare the library with reference vectors made by other frameworks
    Conformance {
        /// A folder laid out like tests-data/vectors, or one family of it
        directory: Option<PathBuf>,
        /// Also fail where fewer than COUNT cases of a family pass
        #[arg(long = "at-least", value_name = "FAMILY=COUNT", value_delimiter = ',')]
        minimums: Vec<conformance::Minimum>,
    },
    /// Name the instruction levels that this processor can run, the best one last
    Levels,
    /// Measure the speed on the workloads of benchmarks/workloads.json, alone or against other libraries
    Bench(Box<bench::Options>),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Conformance { directory, minimums } => {
            let directory = directory.unwrap_or_else(|| repository().join("tests-data/vectors"));
            conformance::run(&directory, &minimums)
        }
        Command::Levels => {
            Level::supported().into_iter().for_each(|level| println!("{}", level.name()));
            Ok(())
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
