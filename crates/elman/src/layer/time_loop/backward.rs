//! The time loop from the last step to the first.

use elman_kernels::Level;
use elman_kernels::pointwise::add_assign;

use super::{LoopTrace, Shape, Sizes, deal, each_group, pieces};
use crate::cell::{BackwardRows, Cell, SequenceDeltas};
use crate::layer::Direction;
use crate::real::Real;

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
