//! Where batches come from.

use super::BatchTargets;
use crate::error::Result;
use crate::rng::Rng;
use crate::sequence::SequenceBatch;

/// What one gradient is computed from: some steps of some sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The sequences, by their index.
    pub(crate) rows: Vec<usize>,
    /// The first of their steps that is in the piece.
    pub(crate) first_step: usize,
    /// Where the state starts.
    pub(crate) start: Start,
    /// What is random in its inputs is a function of this number, the sequence and the step.
    pub(crate) draw: u64,
}

/// Where the state of a piece starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Where the network starts every sequence.
    Fresh,
    /// Where the piece before, of the same rows, has ended. The gradient stops there.
    Continued,
}

impl Piece {
    /// Whole sequences.
    pub(crate) fn whole(rows: Vec<usize>) -> Self {
        Piece { rows, first_step: 0, start: Start::Fresh, draw: 0 }
    }
}

/// Inputs and targets of a piece, in the memory of the piece before.
#[derive(Debug, Default)]
pub(crate) struct Batch<T> {
    pub(crate) inputs: SequenceBatch<T>,
    pub(crate) targets: BatchTargets<T>,
}

/// Training data as a network sees them.
pub(crate) trait Feed<T>: Send {
    /// How many batches an epoch has.
    fn batches(&self, batch_size: usize) -> usize;

    /// The batches of one epoch in the order in which they are learnt from, each in the pieces that
    /// its gradient is computed in. The same state of `rng` gives the same pieces.
    fn epoch(&self, batch_size: usize, rng: &mut Rng) -> Vec<Vec<Piece>>;

    /// Whether pieces go on from the state in which the one before has ended.
    fn carries(&self) -> bool {
        false
    }

    /// The sum of the weights of the answers in a piece: how many there are, where each counts 1.
    fn weight(&self, piece: &Piece) -> f64;

    /// Fills `batch` with a piece.
    ///
    /// # Errors
    ///
    /// Data that can no longer be read.
    fn fill(&mut self, piece: &Piece, batch: &mut Batch<T>) -> Result<()>;
}
