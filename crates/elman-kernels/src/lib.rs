//! The arithmetic of Elman: slices in, slices out.
//!
//! This crate knows no layer and no file, and it is the only one with `unsafe` code. One promise
//! shapes all of it: **every instruction level computes the same bits.** An output element of a
//! product is one chain of fused multiply-adds in a fixed order, and an activation is one sequence
//! of operations, whatever the number of lanes that run it side by side.

#![allow(
    clippy::needless_range_loop,
    reason = "iterators over arrays take the compiler a multiple of the time, and stay calls in the middle of kernels"
)]

pub mod activation;
mod aligned;
mod compiled;
mod dispatch;
mod float;
mod level;
mod loops;
pub mod mask;
pub mod matmul;
pub mod outer;
mod pack;
pub mod parallel;
pub mod peak;
pub mod philox;
pub mod pointwise;
mod vector;

pub use aligned::Aligned;
pub use compiled::Compiled;
pub use dispatch::{Kernel, dispatch};
pub use float::Float;
pub use level::Level;
pub use pack::PackedMatrix;
