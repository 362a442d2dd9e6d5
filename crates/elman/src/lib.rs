//! Recurrent networks on a CPU: simple (Elman), LSTM and GRU networks, trained by exact
//! back-propagation through time, with the same bits everywhere.
//!
//! A sequence is an array `[time, channel]` of any length. A [`Dataset`] holds many of them with
//! what is known of each, a [`Trainer`] makes a [`Model`] of it, and a model is one file:
//!
//! ```
//! use elman::{Dataset, Model, Trainer};
//! use ndarray::array;
//!
//! fn main() -> elman::Result<()> {
//!     let (rise, fall) = (array![[0.1], [0.4], [0.9]], array![[0.8], [0.3]]);
//!     let (climb, drop) = (array![[0.2], [0.5]], array![[0.9], [0.6], [0.1]]);
//!     let labels = ["up", "down", "up", "down"];
//!     let data = Dataset::with_labels(&[rise, fall, climb, drop], &labels)?;
//!     let trained = Trainer::default().fit(&data)?;
//!
//!     let path = std::env::temp_dir().join("trend.safetensors");
//!     trained.model.save(&path)?;
//!     let model: Model = Model::load(&path)?;
//!     let new = Dataset::unlabelled(&[array![[0.3], [0.6], [0.8]]])?;
//!     assert_eq!(model.predict(&new)?.classes()?.label(0), Some("up"));
//!     Ok(())
//! }
//! ```
//!
//! [`data::read`] reads long CSV and `.ts` files into the same data set,
//! [`TrainingOptions`] and [`train::NetworkOptions`] say how to train what, and
//! [`Trainer::fit_with`] takes validation data and a callback.
//!
//! # Where to find what
//!
//! | to do this | look here |
//! |---|---|
//! | train, validate, stop early; predict, evaluate, save and load | [`train`], [`model`], [`task`] |
//! | read files, split, standardise | [`data`] |
//! | write a training loop of your own | [`network`], [`loss`], [`optimizer`], [`clip`], [`metric`] |
//! | use single layers, with the gradient of every input, state and parameter | [`layer`], [`stack`], [`dense`], [`embedding`], [`dropout`] |
//! | read text, write text, measure it | [`text`] |
//! | run a network one step at a time | [`stream`] |
//! | run one time step of a cell, or write a cell of your own | [`cell`], [`activation`] |
//! | make and name the arrays that these work on | [`sequence`], [`parameters`], [`init`], [`rng`] |
//! | see how a gradient travels, what ails a network, and why it predicts | [`see`] |
//! | check a gradient against central differences | [`gradient_check`] |
//! | write files that are never half written; logs for TensorBoard | [`io`], [`records`] |
//! | choose the number of threads, or the number type | [`threads`], [`real`] |
//!
//! # What it refuses
//!
//! An option without effect, an array of the wrong shape, a malformed file or a damaged model is an
//! [`Error`] that names the thing, what was expected and what was found. Nothing is ignored,
//! reshaped, truncated or repaired. Library functions return errors; they do not panic on bad
//! arguments.
//!
//! # The same bits
//!
//! The outputs for a sequence do not depend on the batch it is in, on padding, on the number of
//! threads, or on whether it is run whole, in chunks or step by step. One seed gives the same trained
//! weights on any number of threads and at every instruction level.
#![forbid(unsafe_code)]

pub mod activation;
pub mod cell;
pub mod clip;
pub mod data;
pub mod dense;
pub mod dropout;
pub mod embedding;
pub mod error;
pub mod forecast;
pub mod forecaster;
pub mod gradient_check;
pub mod init;
// No use to the tests inside: they are one program with what they call.
#[cfg(not(test))]
mod instances;
pub mod io;
pub mod layer;
mod lesson;
pub mod loss;
pub mod memory;
pub mod metric;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod parameters;
pub mod real;
pub mod records;
pub mod rng;
pub mod schedule;
pub mod see;
pub mod sequence;
pub mod stack;
pub mod stream;
pub mod task;
pub mod text;
pub mod threads;
pub mod train;
mod workers;

pub use activation::{Activation, ActivationKind, CustomActivation};
pub use cell::{
    Cell, CellKind, CellSizes, CellState, GruActivations, GruCell, GruOptions, GruState,
    LstmActivations, LstmCell, LstmOptions, LstmState, MinGruCell, MinGruOptions, MinLstmCell,
    MinLstmOptions, MinimalState, ResetPlacement, SimpleCell, SimpleOptions, SimpleState,
};
pub use data::Dataset;
pub use dense::{Dense, DenseBatch};
pub use dropout::DropoutMode;
pub use embedding::Embedding;
pub use error::{Error, Result};
pub use gradient_check::GradientCheck;
pub use init::Initializer;
pub use layer::{Direction, Layer};
pub use model::Model;
pub use network::{
    Network, NetworkConfig, NetworkGradient, NetworkOptions, NetworkOutput, NetworkState,
    NetworkTrace, Pooling, Readout,
};
pub use parameters::{ParameterShape, Parameters};
pub use real::Real;
pub use rng::Rng;
pub use sequence::{SequenceBatch, TokenBatch};
pub use stack::{Directions, LayerConfig, Merge, Residual};
pub use stream::Stream;
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
