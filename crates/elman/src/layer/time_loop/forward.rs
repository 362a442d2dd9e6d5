//! The time loop from the first step to the last.

use elman_kernels::Aligned;
use elman_kernels::parallel::Share;
use elman_kernels::pointwise::resize;

use super::crew::{Crew, MemberRows, share_rows};
use super::kept::{KeptRows, emptied};
use super::noise::{LoopNoise, NoisyRow};
use super::{BoundCell, Keep, Keeping, Shape, Sizes, pieces};
use crate::cell::{Begun, Cell, StepRows, Units};
use crate::layer::Direction;
use crate::real::Real;

/// The arrays of a forward run.
pub(crate) struct ForwardArrays<'a, T> {
    pub inputs: &'a [T],      // [B, T, I]
    pub outputs: &'a mut [T], // [B, T, output_stride]
}

/// One sequence of a forward run, for some of the units.
struct ForwardRow<'a, T> {
    /// The row of the batch.
    row: usize,
    length: usize,
    keep: Keep,
    inputs: &'a [T],               // [T, I]
    initial: &'a [T],              // [S]
    outputs: Share<'a, T>,         // [T, output_size] in rows of output_stride
    final_state: Share<'a, T>,     // [1, S]
    kept: Option<Share<'a, T>>,    // [T, delta_size]
    inner: Option<Share<'a, T>>,   // [T or borders, S - output_size]
    computed: Option<&'a mut [T]>, // [T, S]
    dropped: Option<&'a mut [T]>,  // [T, output_size]
}

impl<'a, T> ForwardRow<'a, T> {
    fn place(&self) -> NoisyRow {
        NoisyRow { row: self.row, length: self.length }
    }

    /// `x_t` of a step.
    #[inline(always)]
    fn input(&self, s: usize, direction: Direction, size: usize) -> &'a [T] {
        &self.inputs[direction.time(s, self.length) * size..][..size]
    }
}

/// Runs a cell over a batch. `keeping.trace.initial` is read; everything else is written, padding with
/// zeros.
pub(crate) fn forward<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    shape: Shape<'_>,
    arrays: ForwardArrays<'_, T>,
    keeping: Keeping<'_, T>,
) {
    let Keeping { trace, keep } = keeping;
    let (sizes, inputs) = (Sizes::of(bound.cell), arrays.inputs);
    let (batch_size, seq_len) = (shape.span.batch_size(), shape.span.seq_len);
    let kept_row = if keep == Keep::Trace { seq_len * sizes.delta } else { 0 };
    let inner_row = keep.inner_rows(seq_len) * sizes.inner();
    trace.segment = if let Keep::Borders(steps) = keep { steps } else { 0 };
    let noise = shape.noise.filter(|_| keep == Keep::Trace);
    let row_if = |wanted: bool, size: usize| if wanted { seq_len * size } else { 0 };
    let computed_row = row_if(noise.is_some_and(|noise| noise.zones_out()), sizes.state);
    let dropped_row = row_if(noise.is_some_and(|noise| noise.drops_states()), sizes.output);
    trace.computed.resize(batch_size * computed_row);
    trace.dropped.resize(batch_size * dropped_row);
    trace.kept.resize(batch_size * kept_row);
    trace.inner.resize(batch_size * inner_row);
    resize(&mut trace.final_state, batch_size * sizes.state);
    let initial = &trace.initial;
    let mut outputs = pieces(arrays.outputs, seq_len * shape.output_stride);
    let mut finals = pieces(&mut trace.final_state, sizes.state);
    let mut kept = pieces(&mut trace.kept, kept_row);
    let mut inner = pieces(&mut trace.inner, inner_row);
    let mut computed = pieces(&mut trace.computed, computed_row);
    let mut dropped = pieces(&mut trace.dropped, dropped_row);
    let rows = (0..batch_size).map(|row| SequenceArrays {
        row,
        length: shape.span.lengths[row],
        keep,
        inputs: &inputs[row * seq_len * sizes.input..][..seq_len * sizes.input],
        initial: &initial[row * sizes.state..][..sizes.state],
        outputs: outputs(),
        final_state: finals(),
        kept: (keep == Keep::Trace && sizes.trace > 0).then(&mut kept),
        inner: (inner_row > 0).then(&mut inner),
        computed: (computed_row > 0).then(&mut computed),
        dropped: (dropped_row > 0).then(&mut dropped),
    });
    share_rows(
        bound.cell,
        shape,
        rows,
        |arrays, crew, members| arrays.divide(shape, &sizes, crew, members),
        |rows, units| forward_rows(bound, shape, rows, units),
    );
}

/// The arrays of one sequence of a forward run.
struct SequenceArrays<'a, T> {
    row: usize,
    length: usize,
    keep: Keep,
    inputs: &'a [T],
    initial: &'a [T],
    outputs: &'a mut [T],
    final_state: &'a mut [T],
    kept: Option<&'a mut [T]>,
    inner: Option<&'a mut [T]>,
    computed: Option<&'a mut [T]>,
    dropped: Option<&'a mut [T]>,
}

impl<'a, T: Real> SequenceArrays<'a, T> {
    fn divide(
        self,
        shape: Shape<'_>,
        sizes: &Sizes,
        crew: &Crew<'_>,
        members: &mut [MemberRows<ForwardRow<'a, T>>],
    ) {
        let columns = shape.output_offset..shape.output_offset + sizes.output;
        let mut outputs = crew.shares(self.outputs, shape.output_stride, columns);
        let mut final_state = crew.shares(self.final_state, sizes.state, 0..sizes.state);
        let whole = |values, size| crew.shares(values, size, 0..size);
        let mut kept = self.kept.map(|kept| whole(kept, sizes.delta));
        let mut inner = self.inner.map(|inner| whole(inner, sizes.inner()));
        // With noise there is one member.
        let (mut computed, mut dropped) = (self.computed, self.dropped);
        for rows in members {
            let (Some(outputs), Some(final_state)) = (outputs.next(), final_state.next()) else {
                return;
            };
            let row = ForwardRow {
                row: self.row,
                length: self.length,
                keep: self.keep,
                inputs: self.inputs,
                initial: self.initial,
                outputs,
                final_state,
                kept: kept.as_mut().and_then(Iterator::next),
                inner: inner.as_mut().and_then(Iterator::next),
                computed: computed.take(),
                dropped: dropped.take(),
            };
            rows.push(self.length, row);
        }
    }
}

fn forward_rows<T: Real, C: Cell<T>>(
    bound: BoundCell<'_, T, C>,
    shape: Shape<'_>,
    mut rows: Vec<ForwardRow<'_, T>>,
    units: &mut Units,
) {
    for row in &mut rows {
        (row.length..shape.span.seq_len).for_each(|t| row.outputs.fill(t, T::ZERO));
        if row.length == 0 {
            row.final_state.write(0, row.initial);
        }
    }
    let longest = rows.first().map_or(0, |row| row.length);
    let mut memory = Aligned::default();
    let mut steps = ForwardLoop::new(bound, shape, rows, units, &mut memory);
    for s in 0..longest {
        steps.begin(bound, s, units);
        steps.step(bound, s, units);
        steps.zone_out(s);
        steps.keep(s);
        steps.exchange(units);
        std::mem::swap(&mut steps.previous, &mut steps.state);
    }
}

/// The rows of a worker on their way through time, longest first.
struct ForwardLoop<'a, 'm, T> {
    rows: Vec<ForwardRow<'a, T>>,
    /// How many rows the current step has.
    active: usize,
    direction: Direction,
    sizes: Sizes,
    previous: &'m mut [T], // [rows, S]
    state: &'m mut [T],    // [rows, S]
    /// Rows side by side, one for each row or for each step that is begun: those of the kept array stand
    /// so far apart that they would fight for the same places of the cache while the product goes over
    /// them.
    scratch: &'m mut [T], // [rows or steps, delta_size]
    /// What the step keeps of rows whose units are shared: such rows have no slice of their own.
    traces: KeptRows<T>,
    ahead: usize,
    noise: Option<LoopNoise<'a, T>>,
    /// The state before the step, where the cell reads a dropped one: [rows, S]; else empty.
    carried: Aligned<T>,
    /// Memory for lists, used again in every step.
    inputs: Vec<&'a [T]>,
    slices: Vec<&'a mut [T]>,
    kept: Vec<&'a mut [T]>,
}

impl<'a, 'm, T: Real> ForwardLoop<'a, 'm, T> {
    fn new<C: Cell<T>>(
        bound: BoundCell<'_, T, C>,
        shape: Shape<'a>,
        rows: Vec<ForwardRow<'a, T>>,
        units: &Units,
        memory: &'m mut Aligned<T>,
    ) -> Self {
        let sizes = Sizes::of(bound.cell);
        let noise = shape.noise.map(|noise| {
            let rows: Vec<_> = rows.iter().map(ForwardRow::place).collect();
            LoopNoise::new(noise, &sizes, bound.direction, &rows)
        });
        let ahead = bound.cell.inputs_ahead().map_or(0, |_| steps_begun(&sizes, rows.len()));
        // One piece of memory, each part from the start of a cache line: a call of few steps takes no longer than
        // to ask for memory a dozen times.
        let states = rows.len() * sizes.state;
        let part = states.next_multiple_of(64 / size_of::<T>());
        memory.resize(2 * part + rows.len().max(ahead) * sizes.delta);
        let (previous, rest) = memory.split_at_mut(part);
        let (state, scratch) = rest.split_at_mut(part);
        let (previous, state) = (&mut previous[..states], &mut state[..states]);
        for (target, row) in previous.chunks_exact_mut(sizes.state).zip(&rows) {
            target.copy_from_slice(row.initial);
        }
        let keeps = rows.iter().any(|row| row.kept.is_some());
        ForwardLoop {
            active: rows.len(),
            direction: bound.direction,
            state,
            previous,
            scratch,
            ahead,
            inputs: Vec::with_capacity(rows.len().max(ahead)),
            slices: Vec::with_capacity(rows.len().max(ahead)),
            kept: Vec::with_capacity(if keeps { rows.len() } else { 0 }),
            traces: KeptRows::new(rows.len(), &sizes, !units.are_all()),
            carried: Aligned::zeros(match shape.noise {
                Some(noise) if noise.drops_states() => rows.len() * sizes.state,
                _ => 0,
            }),
            noise,
            sizes,
            rows,
        }
    }

    /// Lists `x_t` of the active rows in a step.
    #[inline(always)]
    fn list_inputs(&mut self, s: usize) {
        let (size, direction) = (self.sizes.input, self.direction);
        self.inputs.clear();
        for row in &self.rows[..self.active] {
            self.inputs.push(row.input(s, direction, size));
        }
    }

    /// Begins this step and some more where a sequence runs alone.
    fn begin<C: Cell<T>>(&mut self, bound: BoundCell<'_, T, C>, s: usize, units: &Units) {
        let Some(cell) = bound.cell.inputs_ahead() else { return };
        if self.ahead == 0 || !s.is_multiple_of(self.ahead) {
            return;
        }
        let (size, direction) = (self.sizes.input, self.direction);
        let end = self.rows[0].length.min(s + self.ahead);
        self.inputs.clear();
        self.inputs.extend((s..end).map(|s| self.rows[0].input(s, direction, size)));
        let mut scratch = emptied(std::mem::take(&mut self.slices));
        scratch.extend(self.scratch.chunks_exact_mut(self.sizes.delta).take(end - s));
        cell.begin_steps(bound.prepared, &self.inputs, &mut scratch, units);
        self.slices = emptied(scratch);
    }

    /// The scratch row of the first row in this step: a sequence alone has those of some steps.
    #[inline(always)]
    fn first(&self, s: usize) -> usize {
        if self.ahead == 0 { 0 } else { s % self.ahead }
    }

    fn step<C: Cell<T>>(&mut self, bound: BoundCell<'_, T, C>, s: usize, units: &mut Units) {
        while self.rows[self.active - 1].length <= s {
            self.active -= 1;
        }
        self.list_inputs(s);
        self.drop_some(s);
        let first = self.first(s);
        let mut scratch = emptied(std::mem::take(&mut self.slices));
        let rows = self.scratch.chunks_exact_mut(self.sizes.delta);
        scratch.extend(rows.skip(first).take(self.active));
        let direction = self.direction;
        let places = self.rows[..self.active].iter_mut().filter_map(|row| {
            let t = direction.time(s, row.length);
            row.kept.as_mut().map(|kept| kept.row(t))
        });
        let mut trace = self.traces.rows(std::mem::take(&mut self.kept), places);
        let states = self.active * self.sizes.state;
        let operands = StepRows {
            inputs: &self.inputs,
            previous: &self.previous[..states],
            state: &mut self.state[..states],
            scratch: &mut scratch,
            begun: if self.ahead == 0 { Begun::Nothing } else { Begun::Inputs },
            trace: &mut trace,
            carried: (!self.carried.is_empty()).then(|| &self.carried[..states]),
            update_factors: self.noise.as_ref().and_then(LoopNoise::update_factors),
        };
        match bound.cell.unit_sharing() {
            Some(cell) => cell.step_units(bound.prepared, operands, units),
            None => bound.cell.step(bound.prepared, operands),
        }
        (self.slices, self.kept) = (emptied(scratch), emptied(trace));
    }

    /// Drops what the cell is not to read of the states before a step, and draws what it is to drop
    /// itself.
    fn drop_some(&mut self, s: usize) {
        let Some(noise) = &mut self.noise else { return };
        let (size, output) = (self.sizes.state, self.sizes.output);
        let count = self.carried.len();
        self.carried.copy_from_slice(&self.previous[..count]);
        for (r, row) in self.rows[..self.active].iter_mut().enumerate() {
            noise.draw_update(r, row.place(), s);
            if self.carried.is_empty() {
                continue;
            }
            let target = &mut self.previous[r * size..][..output];
            noise.drop_state(r, &self.carried[r * size..][..output], target);
            if let Some(dropped) = &mut row.dropped {
                let t = self.direction.time(s, row.length);
                dropped[t * output..][..output].copy_from_slice(target);
            }
        }
    }

    /// Keeps what the cell computed where backward needs it, and lets values of the state stay.
    fn zone_out(&mut self, s: usize) {
        let (Some(noise), size) = (&mut self.noise, self.sizes.state) else { return };
        let before = if self.carried.is_empty() { &*self.previous } else { &self.carried[..] };
        for (r, row) in self.rows[..self.active].iter_mut().enumerate() {
            let state = &mut self.state[r * size..][..size];
            if let Some(computed) = &mut row.computed {
                let t = self.direction.time(s, row.length);
                computed[t * size..][..size].copy_from_slice(state);
            }
            noise.zone_out(row.place(), s, &before[r * size..][..size], state);
        }
    }

    /// Writes what the step computed to where it belongs.
    fn keep(&mut self, s: usize) {
        let (size, output) = (self.sizes.state, self.sizes.output);
        for (r, row) in self.rows[..self.active].iter_mut().enumerate() {
            let t = self.direction.time(s, row.length);
            let values = &self.state[r * size..][..size];
            row.outputs.write(t, &values[..output]);
            if let Some(kept) = &mut row.kept {
                self.traces.write(r, t, kept);
            }
            if let Some(inner) = &mut row.inner
                && let Some(place) = row.keep.inner_row(s, t)
            {
                inner.write(place, &values[output..]);
            }
            if row.length == s + 1 {
                row.final_state.write(0, values);
            }
        }
    }

    /// The hidden states of the units that others compute.
    fn exchange(&mut self, units: &mut Units) {
        if units.are_all() {
            return;
        }
        let size = self.sizes.state;
        let mut states = emptied(std::mem::take(&mut self.slices));
        states.extend(self.state[..self.active * size].chunks_exact_mut(size));
        units.exchange(&mut states, &[0]);
        self.slices = emptied(states);
    }
}

/// How many steps are begun at once: some where a sequence runs alone, the weights fill a good part of
/// the nearest cache, and those of the inputs are more than the sums that are written and read again;
/// else none. Two tiles of the product.
fn steps_begun(sizes: &Sizes, rows: usize) -> usize {
    const STEPS: usize = 12;
    const WORTH_IT: usize = 8_000;
    const INPUTS: usize = 8;
    let worth_it = rows == 1 && sizes.work() >= WORTH_IT && sizes.input >= INPUTS;
    if worth_it { STEPS } else { 0 }
}
