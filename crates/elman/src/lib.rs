//! Recurrent networks on a CPU: exact back-propagation through time, and the same bits everywhere.
#![forbid(unsafe_code)]

pub mod activation;
pub mod cell;
pub mod clip;
pub mod data;
pub mod dense;
pub mod dropout;
pub mod embedding;
pub mod error;
pub mod gradient_check;
pub mod init;
pub mod io;
pub mod layer;
pub mod loss;
pub mod metric;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod parameters;
pub mod real;
pub mod records;
pub mod rng;
pub mod sequence;
pub mod stack;
pub mod task;
pub mod threads;
pub mod train;
mod workers;

pub use activation::{Activation, ActivationKind, CustomActivation};
pub use cell::{
    Cell, CellKind, CellSizes, CellState, GruActivations, GruCell, GruOptions, GruState,
    LstmActivations, LstmCell, LstmOptions, LstmState, MinGruCell, MinGruOptions, MinLstmCell,
    MinLstmOptions, ResetPlacement, SimpleCell, SimpleOptions, SimpleState,
};
pub use data::Dataset;
pub use dense::Dense;
pub use dropout::DropoutMode;
pub use embedding::Embedding;
pub use error::{Error, Result};
pub use gradient_check::GradientCheck;
pub use init::Initializer;
pub use layer::{Direction, Layer};
pub use model::Model;
pub use network::{
    Network, NetworkConfig, NetworkGradient, NetworkOutput, NetworkState, NetworkTrace, Pooling,
};
pub use parameters::{ParameterShape, Parameters};
pub use real::Real;
pub use rng::Rng;
pub use sequence::{SequenceBatch, TokenBatch};
pub use stack::Directions;
pub use task::Task;
pub use train::{Trainer, TrainingOptions};

/// The name of the instruction level in force: `portable`, `avx2` or `avx512`.
///
/// `ELMAN_LEVEL` chooses one; every level gives the same bits.
///
/// # Errors
///
/// `ELMAN_LEVEL` names no level, or one that this processor cannot run.
pub fn level() -> Result<&'static str> {
    let level = elman_kernels::Level::from_environment();
    level
        .map(elman_kernels::Level::name)
        .map_err(|(expected, found)| Error::argument("ELMAN_LEVEL", expected, found))
}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
