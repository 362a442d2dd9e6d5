//! The one time loop: a cell over a ragged batch, forward and back through time.
//!
//! Rows are dealt to the workers in order of length, each worker runs the whole time loop of its
//! rows alone, and its batch shrinks as the shorter sequences end: a step past the end of a
//! sequence is never computed. A row's numbers do not depend on the other rows of its block, so the
//! number of workers changes no bit.

mod backward;
mod crew;
mod kept;

use elman_kernels::Share;

use crate::cell::{Begun, Cell, CellState, StepRows, Units};
use crate::layer::Direction;
use crate::real::Real;

pub(crate) use backward::{Gradients, backward};
use crew::{Crew, share_rows};
use kept::emptied;

/// The sizes of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub lengths: &'a [usize], // [B]
    pub seq_len: usize,
    /// The distance between two outputs of one row: more than H where layers share an array.
    pub output_stride: usize,
    /// Where this layer's part of an output starts.
    pub output_offset: usize,
}

/// What a forward run leaves behind beside its outputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoopTrace<T> {
    pub initial: Vec<T>,     // [B, S]
    pub final_state: Vec<T>, // [B, S]
    /// The trace, later the deltas: [B, T, delta_size]; empty after inference.
    pub kept: Vec<T>,
    /// The parts of the states that are not outputs: [B, T, S - H]; empty after inference.
    pub inner: Vec<T>,
}

/// Whether a forward run keeps what backward needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    Trace,
}

struct Sizes {
    input: usize,
    hidden: usize,
    state: usize,
    trace: usize,
    delta: usize,
}

impl Sizes {
    fn of<T: Real, C: Cell<T>>(cell: &C) -> Self {
        Sizes {
            input: cell.input_size(),
            hidden: cell.hidden_size(),
            state: cell.hidden_size() * C::State::PARTS,
            trace: cell.trace_size(),
            delta: cell.delta_size(),
        }
    }

    /// Multiply-adds of one step of one row, nearly.
    fn work(&self) -> usize {
        self.delta * (self.input + self.hidden)
    }
}

/// One sequence of a forward run, for some of the units.
struct ForwardRow<'a, T> {
    length: usize,
    inputs: &'a [T],             // [T, I]
    initial: &'a [T],            // [S]
    outputs: Share<'a, T>,       // [T, H] in rows of output_stride
    final_state: Share<'a, T>,   // [1, S]
    kept: Option<Share<'a, T>>,  // [T, delta_size]
    inner: Option<Share<'a, T>>, // [T, S - H]
}

/// Runs `cell` over `inputs` `[B, T, I]`. `trace.initial` is read; everything else is written,
/// padding with zeros.
pub(crate) fn forward<T: Real, C: Cell<T>>(
    (cell, prepared, direction): (&C, &C::Prepared, Direction),
    shape: Shape<'_>,
    inputs: &[T],
    outputs: &mut [T],
    (trace, keep): (&mut LoopTrace<T>, Keep),
) {
    let (batch_size, seq_len, sizes) = (shape.lengths.len(), shape.seq_len, Sizes::of(cell));
    let (kept_row, inner_row) = match keep {
        Keep::Nothing => (0, 0),
        Keep::Trace => (seq_len * sizes.delta, seq_len * (sizes.state - sizes.hidden)),
    };
    resize(&mut trace.kept, batch_size * kept_row);
    resize(&mut trace.inner, batch_size * inner_row);
    resize(&mut trace.final_state, batch_size * sizes.state);
    let initial = &trace.initial;
    let mut outputs = pieces(outputs, seq_len * shape.output_stride);
    let mut finals = pieces(&mut trace.final_state, sizes.state);
    let mut kept = pieces(&mut trace.kept, kept_row);
    let mut inner = pieces(&mut trace.inner, inner_row);
    let rows = (0..batch_size).map(|row| ForwardArrays {
        length: shape.lengths[row],
        inputs: &inputs[row * seq_len * sizes.input..][..seq_len * sizes.input],
        initial: &initial[row * sizes.state..][..sizes.state],
        outputs: outputs(),
        final_state: finals(),
        kept: (keep == Keep::Trace).then(&mut kept),
        inner: (keep == Keep::Trace).then(&mut inner),
    });
    let cell_run = (cell, prepared, direction);
    share_rows(
        (cell, shape),
        rows,
        |arrays, crew, members| arrays.divide(shape, &sizes, crew, members),
        |rows, units| forward_rows(cell_run, shape, rows, units),
    );
}

/// The arrays of one sequence of a forward run.
struct ForwardArrays<'a, T> {
    length: usize,
    inputs: &'a [T],
    initial: &'a [T],
    outputs: &'a mut [T],
    final_state: &'a mut [T],
    kept: Option<&'a mut [T]>,
    inner: Option<&'a mut [T]>,
}

impl<'a, T: Real> ForwardArrays<'a, T> {
    fn divide(
        self,
        shape: Shape<'_>,
        sizes: &Sizes,
        crew: &Crew,
        members: &mut [Vec<(usize, ForwardRow<'a, T>)>],
    ) {
        let columns = (shape.output_offset, sizes.hidden);
        let mut outputs = crew.shares(self.outputs, shape.output_stride, columns);
        let mut final_state = crew.shares(self.final_state, sizes.state, (0, sizes.state));
        let whole = |values, size| crew.shares(values, size, (0, size));
        let mut kept = self.kept.map(|kept| whole(kept, sizes.delta));
        let mut inner = self.inner.map(|inner| whole(inner, sizes.state - sizes.hidden));
        for rows in members {
            let (Some(outputs), Some(final_state)) = (outputs.next(), final_state.next()) else {
                return;
            };
            let row = ForwardRow {
                length: self.length,
                inputs: self.inputs,
                initial: self.initial,
                outputs,
                final_state,
                kept: kept.as_mut().and_then(Iterator::next),
                inner: inner.as_mut().and_then(Iterator::next),
            };
            rows.push((self.length, row));
        }
    }
}

/// How many steps are begun at once: some where a sequence runs alone and the weights fill a good part
/// of the nearest cache, else none. Two tiles of the product.
fn ahead<T: Real, C: Cell<T>>(cell: &C, rows: usize) -> usize {
    const STEPS: usize = 12;
    const WORTH_IT: usize = 8_000;
    let worth_it = rows == 1 && Sizes::of(cell).work() >= WORTH_IT;
    if worth_it && cell.begins_steps() { STEPS } else { 0 }
}

fn forward_rows<T: Real, C: Cell<T>>(
    (cell, prepared, direction): (&C, &C::Prepared, Direction),
    shape: Shape<'_>,
    mut rows: Vec<ForwardRow<'_, T>>,
    units: &mut Units,
) {
    let sizes = Sizes::of(cell);
    let (hidden, size) = (sizes.hidden, sizes.state);
    let mut previous: Vec<T> = rows.iter().flat_map(|row| row.initial).copied().collect();
    let mut state = vec![T::ZERO; previous.len()];
    // Rows side by side: those of the kept array stand so far apart that they would fight for the same
    // places of the cache while the product and the pointwise part go over them.
    let ahead = ahead(cell, rows.len());
    let mut scratch = vec![T::ZERO; rows.len().max(ahead) * sizes.delta];
    let mut slices = Vec::with_capacity(rows.len());
    let mut inputs: Vec<&[T]> = Vec::with_capacity(rows.len());
    let mut coming: Vec<&[T]> = Vec::with_capacity(ahead);
    for row in &mut rows {
        (row.length..shape.seq_len).for_each(|t| row.outputs.fill(t, T::ZERO));
        if row.length == 0 {
            row.final_state.write(0, row.initial);
        }
    }
    let longest = rows.first().map_or(0, |row| row.length);
    let mut active = rows.len();
    for s in 0..longest {
        while rows[active - 1].length <= s {
            active -= 1;
        }
        inputs.clear();
        inputs.extend(rows[..active].iter().map(|row| {
            let t = direction.time(s, row.length);
            &row.inputs[t * sizes.input..][..sizes.input]
        }));
        if ahead > 0 && s.is_multiple_of(ahead) {
            let (row, mut traces) = (&rows[0], emptied(slices));
            traces.extend(scratch.chunks_exact_mut(sizes.delta).take(row.length - s));
            coming.clear();
            coming.extend((s..s + traces.len()).map(|s| {
                let t = direction.time(s, row.length);
                &row.inputs[t * sizes.input..][..sizes.input]
            }));
            cell.begin_steps(prepared, &coming, &mut traces, units);
            slices = emptied(traces);
        }
        // A sequence that runs alone has the traces of some steps side by side, others one each.
        let (first, begun) = match ahead {
            0 => (0, Begun::Nothing),
            ahead => (s % ahead, Begun::Inputs),
        };
        let mut trace = emptied(slices);
        trace.extend(scratch.chunks_exact_mut(sizes.delta).skip(first).take(active));
        let operands = StepRows {
            inputs: &inputs,
            previous: &previous[..active * size],
            state: &mut state[..active * size],
            trace: &mut trace,
            begun,
            units,
        };
        cell.step(prepared, operands);
        slices = emptied(trace);
        for (r, row) in rows[..active].iter_mut().enumerate() {
            let t = direction.time(s, row.length);
            let values = &state[r * size..][..size];
            row.outputs.write(t, &values[..hidden]);
            if let Some(kept) = &mut row.kept {
                kept.write(t, &scratch[(first + r) * sizes.delta..][..sizes.trace]);
            }
            if let Some(inner) = &mut row.inner {
                inner.write(t, &values[hidden..]);
            }
            if row.length == s + 1 {
                row.final_state.write(0, values);
            }
        }
        if !units.are_all() {
            let mut states = emptied(slices);
            states.extend(state[..active * size].chunks_exact_mut(size));
            units.exchange(&mut states, &[0]);
            slices = emptied(states);
        }
        std::mem::swap(&mut previous, &mut state);
    }
}

/// Hands out consecutive pieces of `size` elements; empty ones once the slice is used up.
fn pieces<'a, T>(mut rest: &'a mut [T], size: usize) -> impl FnMut() -> &'a mut [T] {
    move || {
        let (piece, tail) =
            std::mem::take(&mut rest).split_at_mut_checked(size).unwrap_or_default();
        rest = tail;
        piece
    }
}

/// Makes room for `len` elements without setting those that are there: every one is written before
/// it is read.
fn resize<T: Real>(values: &mut Vec<T>, len: usize) {
    values.truncate(len);
    values.resize(len, T::ZERO);
}
