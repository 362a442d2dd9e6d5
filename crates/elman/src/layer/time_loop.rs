//! The one time loop: a cell over a ragged batch, forward and back through time.
//!
//! Rows are dealt to the workers in order of length, each worker runs the whole time loop of its
//! rows alone, and its batch shrinks as the shorter sequences end: a step past the end of a
//! sequence is never computed. A row's numbers do not depend on the other rows of its block, so the
//! number of workers changes no bit.

mod backward;

use rayon::prelude::*;

use crate::cell::{Cell, CellState, StepRows};
use crate::layer::Direction;
use crate::real::Real;

pub(crate) use backward::{Gradients, backward};

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

/// One sequence of a forward run.
struct ForwardRow<'a, T> {
    length: usize,
    inputs: &'a [T],      // [T, I]
    initial: &'a [T],     // [S]
    outputs: &'a mut [T], // [T, output_stride]
    final_state: &'a mut [T],
    kept: &'a mut [T],  // [T, delta_size] or empty
    inner: &'a mut [T], // [T, S - H] or empty
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
    let mut outputs = pieces(outputs, seq_len * shape.output_stride);
    let mut finals = pieces(&mut trace.final_state, sizes.state);
    let mut kept = pieces(&mut trace.kept, kept_row);
    let mut inner = pieces(&mut trace.inner, inner_row);
    let rows = shape.lengths.iter().enumerate().map(|(row, &length)| ForwardRow {
        length,
        inputs: &inputs[row * seq_len * sizes.input..][..length * sizes.input],
        initial: &trace.initial[row * sizes.state..][..sizes.state],
        outputs: outputs(),
        final_state: finals(),
        kept: kept(),
        inner: inner(),
    });
    let work = shape.lengths.iter().sum::<usize>() * sizes.work();
    each_group(deal(rows.collect(), |row| row.length, work), |rows| {
        forward_rows((cell, prepared, direction), shape, rows);
    });
}

fn forward_rows<T: Real, C: Cell<T>>(
    (cell, prepared, direction): (&C, &C::Prepared, Direction),
    shape: Shape<'_>,
    mut rows: Vec<ForwardRow<'_, T>>,
) {
    let sizes = Sizes::of(cell);
    let (hidden, size) = (sizes.hidden, sizes.state);
    let mut previous: Vec<T> = rows.iter().flat_map(|row| row.initial).copied().collect();
    let mut state = vec![T::ZERO; previous.len()];
    let mut trace = vec![T::ZERO; rows.len() * sizes.trace];
    let mut inputs: Vec<&[T]> = Vec::with_capacity(rows.len());
    for row in &mut rows {
        let padding = row.outputs.chunks_exact_mut(shape.output_stride).skip(row.length);
        for output in padding {
            output[shape.output_offset..][..hidden].fill(T::ZERO);
        }
        if row.length == 0 {
            row.final_state.copy_from_slice(row.initial);
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
            let (all, t) = (row.inputs, direction.time(s, row.length));
            &all[t * sizes.input..][..sizes.input]
        }));
        let operands = StepRows {
            inputs: &inputs,
            previous: &previous[..active * size],
            state: &mut state[..active * size],
            trace: &mut trace[..active * sizes.trace],
        };
        cell.step(prepared, operands);
        for (r, row) in rows[..active].iter_mut().enumerate() {
            let t = direction.time(s, row.length);
            let values = &state[r * size..][..size];
            row.outputs[t * shape.output_stride + shape.output_offset..][..hidden]
                .copy_from_slice(&values[..hidden]);
            if !row.kept.is_empty() {
                row.kept[t * sizes.delta..][..sizes.trace]
                    .copy_from_slice(&trace[r * sizes.trace..][..sizes.trace]);
                row.inner[t * (size - hidden)..][..size - hidden]
                    .copy_from_slice(&values[hidden..]);
            }
            if row.length == s + 1 {
                row.final_state.copy_from_slice(values);
            }
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

/// Deals rows to workers, longest first, so that each gets a like share of every length.
fn deal<R>(mut rows: Vec<R>, length: impl Fn(&R) -> usize, work: usize) -> Vec<Vec<R>> {
    rows.sort_by_key(|row| std::cmp::Reverse(length(row)));
    let workers = crate::workers::count(rows.len(), work);
    if workers == 1 {
        return vec![rows];
    }
    let mut groups: Vec<Vec<R>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, row) in rows.into_iter().enumerate() {
        groups[index % workers].push(row);
    }
    groups
}

fn each_group<R: Send>(mut groups: Vec<Vec<R>>, run: impl Fn(Vec<R>) + Send + Sync) {
    if groups.len() == 1 {
        groups.pop().map(run);
    } else {
        groups.into_par_iter().for_each(run);
    }
}
