//! The number type of a network: `f32` or `f64`.

pub use elman_kernels::{Compiled, Float};

/// `f32` or `f64`: what networks, losses and optimisers are generic over.
///
/// The arithmetic and the elementary functions come from [`Float`]; they give the same bits on
/// every machine, which the functions of `std` do not promise.
///
/// ```
/// use elman::real::Float;
///
/// assert_eq!(0.0f32.tanh(), 0.0);
/// assert_eq!(<f64 as Float>::NAME, "f64");
/// ```
pub trait Real: Float + Compiled + ndarray::ScalarOperand + serde::Serialize {}

impl Real for f32 {}
impl Real for f64 {}
