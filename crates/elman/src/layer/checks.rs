//! What a layer refuses: a cell whose sizes do not agree; weights, batches and traces of another layer.

use super::{Layer, Trace};
use crate::cell::{Cell, CellState};
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::real::Real;
use crate::sequence::SequenceBatch;

/// That the sizes of a cell agree with each other.
pub(super) fn check_cell<T: Real, C: Cell<T>>(cell: &C) -> Result<()> {
    let sizes = [
        ("input_size", cell.input_size()),
        ("hidden_size", cell.hidden_size()),
        ("delta_size", cell.delta_size()),
    ];
    if let Some((name, size)) = sizes.into_iter().find(|(_, size)| *size == 0) {
        return Err(Error::argument(name, "at least 1", size));
    }
    let parts = || (0..C::State::PARTS).map(|part| cell.part_size(part));
    if let Some(part) = parts().position(|size| size == 0) {
        return Err(Error::argument(format!("part_size({part})"), "at least 1", 0));
    }
    for (name, own, wanted) in [
        ("output_size", cell.output_size(), cell.part_size(0)),
        ("state_size", cell.state_size(), parts().sum()),
    ] {
        if own != wanted {
            return Err(Error::argument(name, format!("{wanted}, from the parts"), own));
        }
    }
    if cell.trace_size() > cell.delta_size() {
        let expected = format!("at most delta_size, {}", cell.delta_size());
        return Err(Error::argument("trace_size", expected, cell.trace_size()));
    }
    if cell.unit_sharing().is_some() {
        check_shared_sizes(cell, parts())?;
    }
    Parameters::<T>::zeros(cell.parameter_shapes())?;
    Ok(())
}

/// That the rows of a cell whose units are shared consist of a value for each unit.
fn check_shared_sizes<T: Real, C: Cell<T>>(
    cell: &C,
    parts: impl Iterator<Item = usize>,
) -> Result<()> {
    let hidden_size = cell.hidden_size();
    for (part, size) in parts.enumerate() {
        if size != hidden_size {
            let expected = format!("hidden_size, {hidden_size}, where units are shared");
            return Err(Error::argument(format!("part_size({part})"), expected, size));
        }
    }
    for (name, size) in [("trace_size", cell.trace_size()), ("delta_size", cell.delta_size())] {
        if !size.is_multiple_of(hidden_size) {
            let expected =
                format!("a multiple of hidden_size, {hidden_size}, where units are shared");
            return Err(Error::argument(name, expected, size));
        }
    }
    Ok(())
}

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
        if !batch.tokens().is_empty() {
            let expected = "no token channels: a layer reads numbers";
            return Err(Error::argument("batch", expected, batch.tokens().len()));
        }
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
        let expected = [batch.batch_size(), batch.seq_len(), self.cell.output_size()];
        if trace.outputs.shape() != expected {
            return Err(Error::shape("trace", &expected, trace.outputs.shape()));
        }
        if trace.lengths != batch.lengths() {
            return Err(Error::argument("batch", "the lengths of the traced run", "other lengths"));
        }
        let steps = batch.batch_size() * batch.seq_len();
        let sizes = [trace.kept.kept.len(), trace.kept.initial.len()];
        let state_size = self.cell.state_size();
        let deltas = if trace.kept.segment > 0 { 0 } else { steps * self.cell.delta_size() };
        if !trace.spent && sizes != [deltas, batch.batch_size() * state_size] {
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
