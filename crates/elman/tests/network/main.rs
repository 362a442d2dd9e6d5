//! Networks as descriptions: every part against its formula, its gradient, and the promise of same bits.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bits;
mod gradients;
mod initial_values;
mod list;
mod options;
mod sequences;
mod tokens;
mod values;
