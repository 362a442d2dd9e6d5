//! Recurrent networks on a CPU: exact back-propagation through time, and the same bits everywhere.
#![forbid(unsafe_code)]

pub mod error;
pub mod parameters;
pub mod real;
pub mod sequence;

pub use error::{Error, Result};
pub use parameters::{ParameterShape, Parameters};
pub use real::Real;
pub use sequence::SequenceBatch;
