//! One step of a cell in inference, in memory of the caller: what a stream is made of.
//!
//! Nothing is allocated: rows are handed to the cell in blocks whose lists of slices stand on the
//! stack. Rows do not look at each other, so blocks change no bit.

use std::array::from_fn;

use super::noise::zone_out_expected;
use crate::cell::{Begun, Cell, StepRows, Units};
use crate::layer::RecurrentRegularization;
use crate::real::Real;

/// Rows that a cell is given at once: some tiles of its product.
const BLOCK: usize = 24;

/// The operands of one step.
pub(crate) struct SingleStep<'a, T> {
    pub inputs: &'a [T],      // [rows, I]; empty where the step is begun
    pub previous: &'a [T],    // [rows, S]
    pub state: &'a mut [T],   // [rows, S]
    pub scratch: &'a mut [T], // [rows, delta_size]
    /// What the scratch rows hold already.
    pub begun: Begun,
    pub chances: RecurrentRegularization,
}

/// `state = cell(inputs, previous)`
pub(crate) fn step<T: Real, C: Cell<T>>(cell: &C, prepared: &C::Prepared, rows: SingleStep<'_, T>) {
    let SingleStep { inputs, previous, state, scratch, begun, chances } = rows;
    let (input, size, delta) = (cell.input_size(), cell.state_size(), cell.delta_size());
    let mut inputs = inputs.chunks(BLOCK * input);
    let blocks = previous.chunks(BLOCK * size).zip(state.chunks_mut(BLOCK * size));
    for ((previous, state), scratch) in blocks.zip(scratch.chunks_mut(BLOCK * delta)) {
        let count = previous.len() / size;
        let mut each = inputs.next().unwrap_or(&[]).chunks_exact(input);
        let inputs: [&[T]; BLOCK] = from_fn(|_| each.next().unwrap_or(&[]));
        let mut each = scratch.chunks_exact_mut(delta);
        let mut scratch: [&mut [T]; BLOCK] = from_fn(|_| each.next().unwrap_or(&mut []));
        let operands = StepRows {
            inputs: &inputs[..count],
            previous,
            state: &mut *state,
            scratch: &mut scratch[..count],
            begun,
            trace: &mut [],
            carried: None,
            update_factors: None,
        };
        cell.step(prepared, operands);
        if chances.zones_out() {
            for (before, after) in previous.chunks_exact(size).zip(state.chunks_exact_mut(size)) {
                zone_out_expected(chances, cell.output_size(), before, after);
            }
        }
    }
}

/// The scratch rows of steps with these inputs `[rows, I]`, begun.
pub(crate) fn begin<T: Real, C: Cell<T>>(
    cell: &C,
    prepared: &C::Prepared,
    inputs: &[T],
) -> Option<Vec<T>> {
    let ahead = cell.inputs_ahead()?;
    let rows: Vec<&[T]> = inputs.chunks_exact(cell.input_size()).collect();
    let mut scratch = vec![T::ZERO; rows.len() * cell.delta_size()];
    let mut targets: Vec<&mut [T]> = scratch.chunks_exact_mut(cell.delta_size()).collect();
    ahead.begin_steps(prepared, &rows, &mut targets, &Units::all(cell.hidden_size()));
    Some(scratch)
}
