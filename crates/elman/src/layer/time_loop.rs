//! The one time loop: a cell over a ragged batch, forward and back through time.
//!
//! Rows are dealt to the workers in order of length, each worker runs the whole time loop of its
//! rows alone, and its batch shrinks as the shorter sequences end: a step past the end of a
//! sequence is never computed. A row's numbers do not depend on the other rows of its block, so the
//! number of workers changes no bit.

use elman_kernels::Level;
use elman_kernels::pointwise::add_assign;
use rayon::prelude::*;

use crate::cell::{BackwardRows, Cell, CellState, SequenceDeltas, StepRows};
use crate::layer::Direction;
use crate::real::Real;

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

/// The gradients that arrive at a layer, and where those of its initial state go.
pub(crate) struct Gradients<'a, T> {
    /// Of the outputs, in their layout; `None` is zero.
    pub outputs: Option<&'a [T]>,
    /// Of the final state, `[B, S]`; `None` is zero.
    pub final_state: Option<&'a [T]>,
    /// Of the inputs, `[B, T, I]`; `None` if nobody asks.
    pub inputs: Option<&'a mut [T]>,
    /// Of the initial state, `[B, S]`.
    pub initial: &'a mut [T],
    /// Of the parameters; added to.
    pub parameters: &'a mut [T],
}

/// One sequence of a backward run.
struct BackwardRow<'a, T> {
    length: usize,
    outputs: &'a [T],
    initial: &'a [T],
    inner: &'a [T],
    kept: &'a mut [T],
    grad_outputs: Option<&'a [T]>,
    grad_final: Option<&'a [T]>,
    grad_initial: &'a mut [T],
    grad_inputs: Option<&'a mut [T]>,
}

/// Back-propagation through time. `trace.kept` is turned into the deltas.
pub(crate) fn backward<T: Real, C: Cell<T>>(
    (cell, prepared, direction): (&C, &C::Prepared, Direction),
    shape: Shape<'_>,
    (inputs, outputs): (&[T], &[T]),
    trace: &mut LoopTrace<T>,
    gradients: Gradients<'_, T>,
) {
    let (seq_len, sizes) = (shape.seq_len, Sizes::of(cell));
    let inner_row = seq_len * (sizes.state - sizes.hidden);
    let output_row = seq_len * shape.output_stride;
    let mut kept = pieces(&mut trace.kept, seq_len * sizes.delta);
    let mut grad_initial = pieces(gradients.initial, sizes.state);
    let wants_inputs = gradients.inputs.is_some();
    let mut grad_inputs = pieces(gradients.inputs.unwrap_or(&mut []), seq_len * sizes.input);
    let rows = shape.lengths.iter().enumerate().map(|(row, &length)| BackwardRow {
        length,
        outputs: &outputs[row * output_row..][..output_row],
        initial: &trace.initial[row * sizes.state..][..sizes.state],
        inner: &trace.inner[row * inner_row..][..inner_row],
        kept: kept(),
        grad_outputs: gradients.outputs.map(|grad| &grad[row * output_row..][..output_row]),
        grad_final: gradients.final_state.map(|grad| &grad[row * sizes.state..][..sizes.state]),
        grad_initial: grad_initial(),
        grad_inputs: wants_inputs.then(&mut grad_inputs),
    });
    let work = shape.lengths.iter().sum::<usize>() * sizes.work();
    each_group(deal(rows.collect(), |row| row.length, work), |rows| {
        backward_rows((cell, prepared, direction), shape, rows);
    });
    drop(kept);
    let sequences: Vec<_> = (0..shape.lengths.len())
        .map(|row| SequenceDeltas {
            inputs: &inputs[row * seq_len * sizes.input..][..seq_len * sizes.input],
            input_size: sizes.input,
            initial: &trace.initial[row * sizes.state..][..sizes.hidden],
            outputs: outputs[row * output_row..][..output_row]
                .get(shape.output_offset..)
                .unwrap_or(&[]),
            output_stride: shape.output_stride,
            deltas: &trace.kept[row * seq_len * sizes.delta..][..seq_len * sizes.delta],
            delta_stride: sizes.delta,
            length: shape.lengths[row],
            reverse: direction == Direction::Reverse,
        })
        .collect();
    cell.parameter_gradient(&sequences, gradients.parameters);
}

fn backward_rows<T: Real, C: Cell<T>>(
    (cell, prepared, direction): (&C, &C::Prepared, Direction),
    shape: Shape<'_>,
    mut rows: Vec<BackwardRow<'_, T>>,
) {
    let sizes = Sizes::of(cell);
    let mut buffers = BackwardBuffers::new(rows.len(), &sizes);
    let longest = rows.first().map_or(0, |row| row.length);
    let mut active = 0;
    for s in (0..longest).rev() {
        while active < rows.len() && rows[active].length > s {
            buffers.enter(active, rows[active].grad_final);
            active += 1;
        }
        for (r, row) in rows[..active].iter().enumerate() {
            buffers.gather(r, (s, direction), shape, row);
        }
        cell.step_backward(prepared, buffers.operands(active));
        for (r, row) in rows[..active].iter_mut().enumerate() {
            let t = direction.time(s, row.length);
            row.kept[t * sizes.delta..][..sizes.delta]
                .copy_from_slice(&buffers.deltas[r * sizes.delta..][..sizes.delta]);
        }
        std::mem::swap(&mut buffers.grad_state, &mut buffers.grad_previous);
    }
    for (r, row) in rows.iter_mut().enumerate() {
        if row.length == 0 {
            buffers.enter(r, row.grad_final);
        }
        row.grad_initial.copy_from_slice(&buffers.grad_state[r * sizes.state..][..sizes.state]);
        if let Some(grad_inputs) = &mut row.grad_inputs {
            let (steps, padding) = grad_inputs.split_at_mut(row.length * sizes.input);
            cell.input_gradient(prepared, &row.kept[..row.length * sizes.delta], steps);
            padding.fill(T::ZERO);
        }
    }
}

/// The rows of one backward step, side by side.
struct BackwardBuffers<T> {
    hidden: usize,
    size: usize,
    trace_size: usize,
    delta_size: usize,
    previous: Vec<T>,
    state: Vec<T>,
    trace: Vec<T>,
    deltas: Vec<T>,
    grad_state: Vec<T>,
    grad_previous: Vec<T>,
}

impl<T: Real> BackwardBuffers<T> {
    fn new(rows: usize, sizes: &Sizes) -> Self {
        let states = || vec![T::ZERO; rows * sizes.state];
        BackwardBuffers {
            hidden: sizes.hidden,
            size: sizes.state,
            trace_size: sizes.trace,
            delta_size: sizes.delta,
            previous: states(),
            state: states(),
            trace: vec![T::ZERO; rows * sizes.trace],
            deltas: vec![T::ZERO; rows * sizes.delta],
            grad_state: states(),
            grad_previous: states(),
        }
    }

    /// A row's last step: its gradient starts from that of the final state.
    fn enter(&mut self, r: usize, grad_final: Option<&[T]>) {
        let target = &mut self.grad_state[r * self.size..][..self.size];
        match grad_final {
            Some(grad) => target.copy_from_slice(grad),
            None => target.fill(T::ZERO),
        }
    }

    /// Brings the values of step `s` of one row together and adds the gradient of its output.
    fn gather(
        &mut self,
        r: usize,
        (s, direction): (usize, Direction),
        shape: Shape<'_>,
        row: &BackwardRow<'_, T>,
    ) {
        let (hidden, inner) = (self.hidden, self.size - self.hidden);
        let output = |t: usize| t * shape.output_stride + shape.output_offset;
        let t = direction.time(s, row.length);
        let state = &mut self.state[r * self.size..][..self.size];
        state[..hidden].copy_from_slice(&row.outputs[output(t)..][..hidden]);
        state[hidden..].copy_from_slice(&row.inner[t * inner..][..inner]);
        let previous = &mut self.previous[r * self.size..][..self.size];
        if s == 0 {
            previous.copy_from_slice(row.initial);
        } else {
            let before = direction.time(s - 1, row.length);
            previous[..hidden].copy_from_slice(&row.outputs[output(before)..][..hidden]);
            previous[hidden..].copy_from_slice(&row.inner[before * inner..][..inner]);
        }
        let kept = &row.kept[t * self.delta_size..][..self.trace_size];
        self.trace[r * self.trace_size..][..self.trace_size].copy_from_slice(kept);
        if let Some(grad) = row.grad_outputs {
            let target = &mut self.grad_state[r * self.size..][..hidden];
            add_assign(Level::current(), target, &grad[output(t)..][..hidden]);
        }
    }

    fn operands(&mut self, active: usize) -> BackwardRows<'_, T> {
        let states = active * self.size;
        BackwardRows {
            previous: &self.previous[..states],
            state: &self.state[..states],
            trace: &self.trace[..active * self.trace_size],
            grad_state: &self.grad_state[..states],
            deltas: &mut self.deltas[..active * self.delta_size],
            grad_previous: &mut self.grad_previous[..states],
        }
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
