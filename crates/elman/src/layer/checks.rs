//! What a layer refuses: weights, batches and traces of another one.

use super::{Layer, Trace};
use crate::cell::{Cell, CellState};
use crate::error::{Error, Result};
use crate::real::Real;
use crate::sequence::SequenceBatch;

impl<C> Layer<C> {
    pub(super) fn check_prepared<T: Real>(&self, prepared: &C::Prepared) -> Result<()>
    where
        C: Cell<T>,
    {
        if self.cell.accepts(prepared) {
            return Ok(());
        }
        Err(Error::argument("prepared", "weights that this layer prepared", "those of another"))
    }

    pub(super) fn check_batch<T: Real>(&self, batch: &SequenceBatch<T>) -> Result<()>
    where
        C: Cell<T>,
    {
        let expected = [batch.batch_size(), batch.seq_len(), self.cell.input_size()];
        if batch.values().shape() == expected {
            return Ok(());
        }
        Err(Error::shape("inputs", &expected, batch.values().shape()))
    }

    pub(super) fn check_trace<T: Real>(
        &self,
        batch: &SequenceBatch<T>,
        trace: &Trace<T>,
    ) -> Result<()>
    where
        C: Cell<T>,
    {
        let expected = [batch.batch_size(), batch.seq_len(), self.cell.hidden_size()];
        if trace.outputs.shape() != expected {
            return Err(Error::shape("trace", &expected, trace.outputs.shape()));
        }
        if trace.lengths != batch.lengths() {
            return Err(Error::argument("batch", "the lengths of the traced run", "other lengths"));
        }
        let steps = batch.batch_size() * batch.seq_len();
        let sizes = [trace.run.kept.len(), trace.run.initial.len()];
        let state_size = self.cell.hidden_size() * C::State::PARTS;
        if !trace.spent
            && sizes != [steps * self.cell.delta_size(), batch.batch_size() * state_size]
        {
            return Err(Error::argument("trace", "the trace of a run of this layer", "another's"));
        }
        if trace.spent {
            return Err(Error::argument(
                "trace",
                "one that backward has not used up",
                "a used one",
            ));
        }
        Ok(())
    }
}
