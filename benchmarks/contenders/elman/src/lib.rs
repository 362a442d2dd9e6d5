//! Elman's layers, run as the benchmark runs every contender.
#![forbid(unsafe_code)]

mod runner;

pub use runner::{Run, runner};
