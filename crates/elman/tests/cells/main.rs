//! What every cell must keep, whatever its equations: the suites are generic, the cells are one list.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod list;
mod contract;
mod differences;
mod gradients;
mod papers;
mod recompute;
mod reference;
mod sharing;
mod step;
