//! The time loop from the last step to the first.

mod buffers;

use elman_kernels::parallel::Share;

pub(super) use self::buffers::{BackwardBuffers, KnownState};
use super::backward_noise::BackwardNoise;
use super::crew::{Crew, MemberRows, share_rows};
use super::input_gradient::{InTheLoop, InputGradientRow, belongs_in_the_loop, input_gradients};
use super::kept::{KeptRows, emptied};
use super::noise::{LoopNoise, NoisyRow};
use super::parameter_gradient::parameter_gradient;
use super::{BoundCell, LoopTrace, Shape, Sizes, pieces, recompute};
use crate::cell::{Cell, SequenceDeltas, Units};
use crate::layer::Direction;
use crate::real::Real;

/// What a backward run reads of the forward run.
pub(crate) struct BackwardArrays<'a, T> {
    pub inputs: &'a [T],  // [B, T, I]
    pub outputs: &'a [T], // [B, T, output_stride]
}

/// The gradients that arrive at a layer, and where those of its initial state go.
pub(crate) struct Gradients<'a, T> {
    /// Of the outputs, in their layout; `None` is zero.
    pub outputs: Option<&'a [T]>,
    /// Of the final state, `[B, S]`; `None` is zero.
    pub final_state: Option<&'a [T]>,
    /// Of the inputs, `[B, T, I]`; `None` if they are not wanted.
    pub inputs: Option<&'a mut [T]>,
    /// Of the initial state, `[B, S]`.
    pub initial: &'a mut [T],
    /// Of the parameters; added to.
    pub parameters: &'a mut [T],
}

/// The arrays of one sequence of a backward run.
struct SequenceArrays<'a, T> {
    row: usize,
    length: usize,
    known: Known<'a, T>,
    kept: &'a mut [T],
    grad_initial: &'a mut [T],
    grad_inputs: Option<&'a mut [T]>,
}

/// What a backward run reads of one sequence.
#[derive(Clone, Copy)]
pub(super) struct Known<'a, T> {
    output_size: usize,
    outputs: &'a [T],
    initial: &'a [T],
    inner: &'a [T],
    /// [T, S], with zoneout only.
    pub computed: &'a [T],
    /// [T, output_size], with state dropout only.
    pub dropped: &'a [T],
    grad_outputs: Option<&'a [T]>,
    grad_final: Option<&'a [T]>,
}

/// One sequence of a backward run, for some of the units.
pub(super) struct BackwardRow<'a, T> {
    /// The row of the batch.
    row: usize,
    pub length: usize,
    pub known: Known<'a, T>,
    kept: Share<'a, T>,               // [T, delta_size]
    grad_initial: Share<'a, T>,       // [1, S]
    grad_inputs: Option<&'a mut [T]>, // [T, I], if the worker of this row computes it
}

impl<T> BackwardRow<'_, T> {
    pub fn place(&self) -> NoisyRow {
        NoisyRow { row: self.row, length: self.length }
    }
}

impl<'a, T: Real> SequenceArrays<'a, T> {
    fn divide(
        self,
        sizes: &Sizes,
        crew: &Crew<'_>,
        members: &mut [MemberRows<BackwardRow<'a, T>>],
    ) {
        let mut grad_inputs = self.grad_inputs.filter(|_| members.len() == 1);
        let mut kept = crew.shares(self.kept, sizes.delta, 0..sizes.delta);
        let mut grad_initial = crew.shares(self.grad_initial, sizes.state, 0..sizes.state);
        for rows in members {
            let (Some(kept), Some(grad_initial)) = (kept.next(), grad_initial.next()) else {
                return;
            };
            let (length, known, grad_inputs) = (self.length, self.known, grad_inputs.take());
            let row = self.row;
            rows.push(length, BackwardRow { row, length, known, kept, grad_initial, grad_inputs });
        }
    }
}

/// What a traced run over some rows has left behind. `kept` is turned into the deltas.
pub(super) struct KeptArrays<'a, T> {
    pub outputs: &'a [T],  // [B, T, output_stride]
    pub initial: &'a [T],  // [B, S]
    pub inner: &'a [T],    // [B, T, S - output_size]
    pub computed: &'a [T], // [B, T, S], with zoneout only
    pub dropped: &'a [T],  // [B, T, output_size], with state dropout only
    pub kept: &'a mut [T], // [B, T, delta_size]
}

/// [`Gradients`] but for those of the parameters.
pub(super) struct StateGradients<'a, T> {
    pub outputs: Option<&'a [T]>,
    pub final_state: Option<&'a [T]>,
    pub inputs: Option<&'a mut [T]>,
    pub initial: &'a mut [T],
}

/// Back-propagation through time. `trace.kept` is turned into the deltas.
pub(crate) fn backward<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    shape: Shape<'_>,
    arrays: BackwardArrays<'_, T>,
    trace: &mut LoopTrace<T>,
    gradients: Gradients<'_, T>,
) {
    if trace.segment > 0 {
        return recompute::backward(bound, shape, arrays, trace, gradients);
    }
    let BackwardArrays { inputs, outputs } = arrays;
    let (seq_len, sizes) = (shape.span.seq_len, Sizes::of(bound.cell));
    let known = KeptArrays {
        outputs,
        initial: &trace.initial,
        inner: &trace.inner,
        computed: &trace.computed,
        dropped: &trace.dropped,
        kept: &mut trace.kept,
    };
    let wanted = StateGradients {
        outputs: gradients.outputs,
        final_state: gradients.final_state,
        inputs: gradients.inputs,
        initial: gradients.initial,
    };
    propagate(bound, shape, known, wanted);
    let output_row = seq_len * shape.output_stride;
    let dropped_row = dropped_row(shape, &sizes);
    let of_row = |row: usize| SequenceDeltas {
        inputs: &inputs[row * seq_len * sizes.input..][..seq_len * sizes.input],
        input_size: sizes.input,
        initial: &trace.initial[row * sizes.state..][..sizes.output],
        outputs: outputs[row * output_row..][..output_row]
            .get(shape.output_offset..)
            .unwrap_or(&[]),
        output_stride: shape.output_stride,
        dropped: &trace.dropped[row * dropped_row..][..dropped_row],
        deltas: &trace.kept[row * seq_len * sizes.delta..][..seq_len * sizes.delta],
        delta_stride: sizes.delta,
        length: shape.span.lengths[row],
        reverse: bound.direction == Direction::Reverse,
    };
    let grad = gradients.parameters;
    parameter_gradient(bound.cell, shape.span, of_row, grad, &mut trace.second_half);
}

/// The values of dropped states that are kept for a sequence.
fn dropped_row(shape: Shape<'_>, sizes: &Sizes) -> usize {
    let drops = shape.noise.is_some_and(|noise| noise.drops_states());
    if drops { shape.span.seq_len * sizes.output } else { 0 }
}

/// The deltas of all steps, and the gradients of the inputs and the initial states.
pub(super) fn propagate<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    shape: Shape<'_>,
    arrays: KeptArrays<'_, T>,
    mut gradients: StateGradients<'_, T>,
) {
    let KeptArrays { outputs, initial, inner, computed, dropped, kept: all } = arrays;
    let (seq_len, sizes) = (shape.span.seq_len, Sizes::of(bound.cell));
    let inner_row = seq_len * sizes.inner();
    let output_row = seq_len * shape.output_stride;
    let (grad_outputs, grad_final) = (gradients.outputs, gradients.final_state);
    let mut kept = pieces(&mut *all, seq_len * sizes.delta);
    let mut grad_initial = pieces(gradients.initial, sizes.state);
    let in_the_loop = belongs_in_the_loop(shape.span, &sizes);
    let grad_inputs = gradients.inputs.as_deref_mut().filter(|_| in_the_loop);
    let mut grad_inputs = grad_inputs.map(|grad| pieces(grad, seq_len * sizes.input));
    let zones_out = shape.noise.is_some_and(|noise| noise.zones_out());
    let computed_row = if zones_out { seq_len * sizes.state } else { 0 };
    let dropped_row = dropped_row(shape, &sizes);
    let rows = (0..shape.span.batch_size()).map(|row| SequenceArrays {
        row,
        length: shape.span.lengths[row],
        known: Known {
            output_size: sizes.output,
            outputs: &outputs[row * output_row..][..output_row],
            initial: &initial[row * sizes.state..][..sizes.state],
            inner: &inner[row * inner_row..][..inner_row],
            computed: &computed[row * computed_row..][..computed_row],
            dropped: &dropped[row * dropped_row..][..dropped_row],
            grad_outputs: grad_outputs.map(|grad| &grad[row * output_row..][..output_row]),
            grad_final: grad_final.map(|grad| &grad[row * sizes.state..][..sizes.state]),
        },
        kept: kept(),
        grad_initial: grad_initial(),
        grad_inputs: grad_inputs.as_mut().map(|pieces| pieces()),
    });
    let members = share_rows(
        bound.cell,
        shape,
        rows,
        |arrays, crew, members| arrays.divide(&sizes, crew, members),
        |rows, units| backward_rows(bound, shape, rows, units),
    );
    drop((kept, grad_inputs));
    if let Some(grad_inputs) = gradients.inputs.filter(|_| !in_the_loop || members > 1) {
        input_gradients(bound, shape.span, all, grad_inputs);
    }
}

fn backward_rows<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    shape: Shape<'_>,
    mut rows: Vec<BackwardRow<'_, T>>,
    units: &mut Units,
) {
    let (sizes, direction) = (Sizes::of(bound.cell), bound.direction);
    let mut buffers = BackwardBuffers::new(rows.len(), &sizes);
    let shares_units = !units.are_all();
    let mut scratch = KeptRows::new(rows.len(), &sizes, shares_units);
    let mut slices = Vec::with_capacity(rows.len());
    for row in &mut rows {
        if let Some(grad) = &mut row.grad_inputs {
            grad[row.length * sizes.input..].fill(T::ZERO);
        }
    }
    let places = |row: &BackwardRow<'_, T>| StepPlaces { length: row.length, shape, direction };
    let longest = rows.first().map_or(0, |row| row.length);
    let with_inputs = rows.iter().filter(|row| row.grad_inputs.is_some()).count();
    let mut inputs = InTheLoop::new(with_inputs, longest, &sizes, direction);
    let mut noise = shape.noise.map(|noise| {
        let places: Vec<_> = rows.iter().map(BackwardRow::place).collect();
        let noise = LoopNoise::new(noise, &sizes, direction, &places);
        BackwardNoise::new(noise, &sizes, places.len())
    });
    let mut active = 0;
    for s in (0..longest).rev() {
        while active < rows.len() && rows[active].length > s {
            let row = &rows[active];
            buffers.enter(active, row.known.grad_final);
            buffers.state.push(row.known.state(places(row), s + 1));
            active += 1;
        }
        for row in &rows[..active] {
            buffers.previous.push(row.known.state(places(row), s));
            buffers.grad_outputs.extend(row.known.grad_output(places(row), s));
        }
        buffers.add_grad_outputs();
        if let Some(noise) = &mut noise {
            noise.before_step(&mut buffers, &rows[..active], s);
        }
        if shares_units {
            for (r, row) in rows[..active].iter_mut().enumerate() {
                scratch.read(r, direction.time(s, row.length), sizes.trace, &mut row.kept);
            }
        }
        let kept = rows[..active].iter_mut().map(|row| {
            let t = direction.time(s, row.length);
            row.kept.row(t)
        });
        let mut deltas = scratch.rows(slices, kept);
        let operands = buffers.operands(&mut deltas, noise.as_mut());
        match bound.cell.unit_sharing() {
            Some(cell) => cell.step_units_backward(bound.prepared, operands, units),
            None => bound.cell.step_backward(bound.prepared, operands),
        }
        slices = emptied(deltas);
        if let Some(noise) = &mut noise {
            noise.after_step(&mut buffers, active);
        }
        if shares_units {
            for (r, row) in rows[..active].iter_mut().enumerate() {
                scratch.write(r, direction.time(s, row.length), &mut row.kept);
            }
        }
        let with_inputs = rows[..active].iter_mut().filter_map(|row| {
            let grad = row.grad_inputs.as_deref_mut()?;
            Some(InputGradientRow { length: row.length, kept: &mut row.kept, grad })
        });
        inputs.after_step(bound, s, with_inputs);
        buffers.step_back();
    }
    for (r, row) in rows.iter_mut().enumerate() {
        if row.length == 0 {
            buffers.enter(r, row.known.grad_final);
        }
        row.grad_initial.write(0, &buffers.grad_state[r * sizes.state..][..sizes.state]);
    }
}

/// Where the steps of one sequence stand in its arrays.
#[derive(Clone, Copy)]
struct StepPlaces<'a> {
    length: usize,
    shape: Shape<'a>,
    direction: Direction,
}

impl StepPlaces<'_> {
    /// Where the output of step `s` starts.
    #[inline(always)]
    fn output(self, s: usize) -> usize {
        self.direction.time(s, self.length) * self.shape.output_stride + self.shape.output_offset
    }
}

impl<'a, T: Real> Known<'a, T> {
    /// The state before step `s`, that after the last one included.
    #[inline(always)]
    fn state(&self, places: StepPlaces<'_>, s: usize) -> KnownState<'a, T> {
        let Some(before) = s.checked_sub(1) else {
            let (hidden, inner) = self.initial.split_at(self.output_size);
            return KnownState { hidden, inner };
        };
        let hidden = &self.outputs[places.output(before)..][..self.output_size];
        let inner = self.initial.len() - self.output_size;
        let t = places.direction.time(before, places.length);
        KnownState { hidden, inner: &self.inner[t * inner..][..inner] }
    }

    /// The gradient of the output of step `s`.
    #[inline(always)]
    fn grad_output(&self, places: StepPlaces<'_>, s: usize) -> Option<&'a [T]> {
        self.grad_outputs.map(|grad| &grad[places.output(s)..][..self.output_size])
    }
}
