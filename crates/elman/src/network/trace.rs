//! What a run of a network keeps: features, outputs, and everything that backward needs. The memory
//! is used again by the next run.

use ndarray::ArrayView3;

use super::head::HeadTrace;
use super::inputs::InputsTrace;
use super::readout::ReadoutTrace;
use crate::error::{Error, Result};
use crate::layer::TraceKeeps;
use crate::layer::time_loop::Keep;
use crate::real::Real;
use crate::sequence::SequenceBatch;
use crate::stack::StackTrace;

/// The memory of a network's runs. Start with `NetworkTrace::default()`.
#[derive(Clone, Debug, Default)]
pub struct NetworkTrace<T> {
    pub(super) lengths: Vec<usize>,
    pub(super) seq_len: usize,
    pub(super) inputs: InputsTrace<T>,
    pub(super) stack: StackTrace<T>,
    pub(super) readout: ReadoutTrace<T>,
    pub(super) head: HeadTrace<T>,
    pub(super) answers: usize, // S
    pub(super) output_size: usize,
    /// Whether the run started from learned states.
    pub(super) learned_start: bool,
    pub(super) grad_initial: Vec<Vec<T>>,
    /// What traced runs keep.
    pub(super) keeps: TraceKeeps,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Empty,
    Traced,
    Spent,
}

impl<T: Real> NetworkTrace<T> {
    /// Memory for runs that keep so much of the recurrent layers.
    #[must_use]
    pub fn keeping(keeps: TraceKeeps) -> Self {
        NetworkTrace { keeps, ..NetworkTrace::default() }
    }

    /// The outputs of the run, `[B, S, O]`.
    ///
    /// # Panics
    ///
    /// Never: the shape is kept beside the values.
    #[must_use]
    pub fn outputs(&self) -> ArrayView3<'_, T> {
        let shape = (self.lengths.len(), self.answers, self.output_size);
        ArrayView3::from_shape(shape, self.head.outputs()).expect("the shape of the values")
    }

    pub(super) fn start(&mut self, batch: &SequenceBatch<T>) {
        self.stage = Stage::Empty;
        self.lengths.clear();
        self.lengths.extend_from_slice(batch.lengths());
        self.seq_len = batch.seq_len();
        // What is left if the run is refused.
        self.answers = 0;
        self.output_size = 0;
    }

    pub(super) fn finish(&mut self, keep: Keep) {
        self.stage = match keep {
            Keep::Trace | Keep::Borders(_) => Stage::Traced,
            Keep::Nothing => Stage::Spent,
        };
    }

    pub(super) fn spend(&mut self) {
        self.stage = Stage::Spent;
    }

    /// That backward can run on this trace for this batch and a gradient of this shape.
    pub(super) fn check(&self, batch: &SequenceBatch<T>, grad_shape: &[usize]) -> Result<()> {
        if self.stage != Stage::Traced {
            let found = if self.stage == Stage::Empty { "an empty one" } else { "a used one" };
            let expected = "one of forward_traced that backward has not used up";
            return Err(Error::argument("trace", expected, found));
        }
        if self.lengths != batch.lengths() || self.seq_len != batch.seq_len() {
            return Err(Error::argument("batch", "the one of the traced run", "other lengths"));
        }
        let expected = [self.lengths.len(), self.answers, self.output_size];
        if grad_shape != expected {
            return Err(Error::shape("grad_outputs", &expected, grad_shape));
        }
        Ok(())
    }
}
