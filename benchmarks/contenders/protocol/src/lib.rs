//! What a contender of the benchmark reads, answers and writes.
//!
//! A contender is a process that times one library. It reads a command per line on stdin and answers
//! each with a line on stdout (`benchmarks/README.md` lists them); arrays go through files of raw
//! little-endian f32 in a folder of the case. [`serve`] is that process but for the library itself,
//! and [`Case`] is what both sides know of the work.
#![forbid(unsafe_code)]

mod case;
mod gates;
mod serve;
mod training;

pub use case::{Array, Case, Cell, Mode, read_array, write_array};
pub use gates::{join_gates, split_gates};
pub use serve::{Arrays, Layer, Library, Loaded, Refusal, serve};
pub use training::{Fitted, Training};
