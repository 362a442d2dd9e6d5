//! Elman's layers and trainings, run as the benchmark runs every contender.
#![forbid(unsafe_code)]

mod runner;
mod training;

pub use runner::{Run, runner};
pub use training::fit;
