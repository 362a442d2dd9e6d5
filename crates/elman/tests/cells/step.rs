//! One step of a cell, called as the layer calls it: what it must write, and what it must not keep in vain.

use elman::cell::{BackwardRows, Begun, StateRows, StepRows, Units};
use elman::{Cell, CellSizes, Direction, Layer, Real, Rng};

use crate::contract::SIZES;

/// So many that each value matters in some row, where a function is flat on one side.
const ROWS: usize = 60;

/// A step of a cell, with the memory that it is given.
struct Step<T: Real, C: Cell<T>> {
    cell: C,
    prepared: C::Prepared,
    inputs: Vec<Vec<T>>,
    previous: Vec<T>,
    state: Vec<T>,
    grad_state: Vec<T>,
    scratch: Vec<Vec<T>>,
    trace: Vec<Vec<T>>,
}

/// What stands in memory that nobody has written.
fn unwritten<T: Real>() -> T {
    T::from_f64(f64::NAN)
}

fn is_unwritten<T: Real>(value: T) -> bool {
    value.to_f64().is_nan()
}

impl<T: Real, C: Cell<T>> Step<T, C> {
    fn new(cell: C) -> Self {
        let mut rng = Rng::new(41);
        let mut noise = |scale: f64| T::from_f64(scale * rng.normal());
        let layer = Layer::new(cell, Direction::Forward).unwrap();
        let mut parameters = layer.parameters();
        parameters.values_mut().iter_mut().for_each(|value| *value = noise(0.5));
        let prepared = layer.prepare(&parameters).unwrap();
        let cell = layer.into_cell();
        let states = ROWS * cell.state_size();
        let mut some = |count: usize| -> Vec<T> { (0..count).map(|_| noise(1.0)).collect() };
        Step {
            inputs: (0..ROWS).map(|_| some(cell.input_size())).collect(),
            previous: some(states),
            grad_state: some(states),
            state: vec![unwritten(); states],
            scratch: vec![vec![unwritten(); cell.delta_size()]; ROWS],
            trace: vec![vec![unwritten(); cell.delta_size()]; ROWS],
            cell,
            prepared,
        }
    }

    fn forward(&mut self, begun: Begun) {
        let inputs = slices(&self.inputs);
        let mut scratch: Vec<&mut [T]> = self.scratch.iter_mut().map(Vec::as_mut_slice).collect();
        let mut trace: Vec<&mut [T]> = self.trace.iter_mut().map(Vec::as_mut_slice).collect();
        let rows = StepRows {
            inputs: &inputs,
            previous: &self.previous,
            state: &mut self.state,
            scratch: &mut scratch,
            begun,
            trace: &mut trace,
            carried: None,
            update_factors: None,
        };
        self.cell.step(&self.prepared, rows);
    }

    /// The deltas and the gradient of the state before, from this trace.
    fn backward(&self, trace: &[Vec<T>]) -> (Vec<Vec<T>>, Vec<T>) {
        let (size, output) = (self.cell.state_size(), self.cell.output_size());
        let mut deltas = trace.to_vec();
        let mut grad_previous = vec![unwritten(); self.previous.len()];
        let split = |states: &'_ [T]| -> (Vec<Vec<T>>, Vec<Vec<T>>) {
            let rows = states.chunks_exact(size).map(|row| row.split_at(output));
            rows.map(|(hidden, inner)| (hidden.to_vec(), inner.to_vec())).unzip()
        };
        let (previous, state) = (split(&self.previous), split(&self.state));
        let inner = |rows: &'_ [Vec<T>]| -> Vec<Vec<T>> {
            rows.iter().filter(|row| !row.is_empty()).cloned().collect()
        };
        let (before, after) = (inner(&previous.1), inner(&state.1));
        let mut delta_rows: Vec<&mut [T]> = deltas.iter_mut().map(Vec::as_mut_slice).collect();
        let rows = BackwardRows {
            previous: StateRows { hidden: &slices(&previous.0), inner: &slices(&before) },
            state: StateRows { hidden: &slices(&state.0), inner: &slices(&after) },
            grad_state: &mut self.grad_state.clone(),
            deltas: &mut delta_rows,
            grad_previous: &mut grad_previous,
            carried: None,
            update_factors: None,
        };
        self.cell.step_backward(&self.prepared, rows);
        (deltas, grad_previous)
    }
}

fn slices<T>(rows: &[Vec<T>]) -> Vec<&[T]> {
    rows.iter().map(Vec::as_slice).collect()
}

fn words<T: Real>(values: &[T]) -> Vec<[u32; 2]> {
    values.iter().map(|value| value.to_words()).collect()
}

/// The step forward writes the state and the first `trace_size` values of the trace, no more; the step
/// backward writes all of the deltas and of the gradient.
fn writes_what_it_says<T: Real, C: Cell<T>>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    let mut step = Step::new(make(SIZES));
    step.forward(Begun::Nothing);
    assert!(!step.state.iter().copied().any(is_unwritten), "{what}: the state");
    let kept = step.cell.trace_size();
    for row in &step.trace {
        let (trace, rest) = row.split_at(kept);
        let missing = trace.iter().copied().filter(|value| is_unwritten(*value)).count();
        assert_eq!(missing, 0, "{what}: values of the trace that step did not write");
        assert!(rest.iter().copied().all(is_unwritten), "{what}: step writes beyond its trace");
    }
    let (deltas, grad_previous) = step.backward(&step.trace);
    let missing = deltas.iter().flatten().filter(|value| is_unwritten(**value)).count();
    assert_eq!(missing, 0, "{what}: values of the deltas that step_backward did not write");
    assert!(!grad_previous.iter().copied().any(is_unwritten), "{what}: the gradient of the state");
}

/// Every value of the trace has a part in the step back: one without is memory for nothing.
fn reads_all_of_its_trace<T: Real, C: Cell<T>>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    let mut step = Step::new(make(SIZES));
    step.forward(Begun::Nothing);
    let (deltas, grad_previous) = step.backward(&step.trace);
    let expected: Vec<_> = deltas.iter().map(|row| words(row)).collect();
    for k in 0..step.cell.trace_size() {
        let mut moved = step.trace.clone();
        for row in &mut moved {
            row[k] = -T::from_f64(0.75) * row[k];
        }
        let (other_deltas, other_grad) = step.backward(&moved);
        let equal = other_deltas.iter().map(|row| words(row)).eq(expected.iter().cloned())
            && words(&other_grad) == words(&grad_previous);
        assert!(!equal, "{what}: value {k} of the trace is kept but not read");
    }
}

/// Steps that were begun come to the same bits as those that were not.
fn begun_equals_whole<T: Real, C: Cell<T>>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    let mut step = Step::new(make(SIZES));
    step.forward(Begun::Nothing);
    let (state, trace) = (words(&step.state), step.trace.clone());
    step.scratch.iter_mut().for_each(|row| row.fill(unwritten()));
    {
        let Step { cell, prepared, inputs, scratch, .. } = &mut step;
        let Some(ahead) = cell.inputs_ahead() else { return };
        let inputs = slices(inputs);
        let mut scratch: Vec<&mut [T]> = scratch.iter_mut().map(Vec::as_mut_slice).collect();
        ahead.begin_steps(prepared, &inputs, &mut scratch, &Units::all(SIZES.hidden_size));
    }
    // What was begun must be enough.
    step.inputs.iter_mut().for_each(|row| row.fill(unwritten()));
    step.state.fill(unwritten());
    step.forward(Begun::Inputs);
    assert_eq!(words(&step.state), state, "{what}: the state");
    let kept = step.cell.trace_size();
    for (found, expected) in step.trace.iter().zip(&trace) {
        assert_eq!(words(&found[..kept]), words(&expected[..kept]), "{what}: the trace");
    }
}

#[test]
fn a_step_writes_its_state_its_trace_and_all_of_its_deltas() {
    for_every_cell!(f32, writes_what_it_says);
    for_every_cell!(f64, writes_what_it_says);
}

#[test]
fn a_step_keeps_nothing_that_it_does_not_read() {
    for_every_cell!(f32, reads_all_of_its_trace);
    for_every_cell!(f64, reads_all_of_its_trace);
}

#[test]
fn a_step_that_was_begun_equals_one_that_was_not() {
    for_every_cell!(f32, begun_equals_whole);
    for_every_cell!(f64, begun_equals_whole);
}

/// A cell that has nothing but sizes, some of them wrong.
#[derive(Clone, Copy)]
struct Sizes {
    parts: [usize; 2],
    output: usize,
    state: usize,
    trace: usize,
    delta: usize,
    shares: bool,
}

const SOUND: Sizes =
    Sizes { parts: [4, 4], output: 4, state: 8, trace: 12, delta: 16, shares: true };

#[derive(Clone)]
struct Nothing;

impl elman::CellState<f32> for Nothing {
    const PARTS: usize = 2;

    fn parts(&self) -> Vec<ndarray::ArrayView2<'_, f32>> {
        Vec::new()
    }

    fn from_parts(_: Vec<ndarray::Array2<f32>>) -> Self {
        Nothing
    }
}

impl Cell<f32> for Sizes {
    type Prepared = ();
    type State = Nothing;

    fn input_size(&self) -> usize {
        3
    }
    fn hidden_size(&self) -> usize {
        4
    }
    fn part_size(&self, part: usize) -> usize {
        self.parts[part]
    }
    fn output_size(&self) -> usize {
        self.output
    }
    fn state_size(&self) -> usize {
        self.state
    }
    fn trace_size(&self) -> usize {
        self.trace
    }
    fn delta_size(&self) -> usize {
        self.delta
    }
    fn parameter_shapes(&self) -> Vec<elman::ParameterShape> {
        Vec::new()
    }
    fn prepare(&self, _: &[f32]) {}
    fn accepts(&self, (): &()) -> bool {
        true
    }
    fn step(&self, (): &(), _: StepRows<'_, '_, f32>) {}
    fn step_backward(&self, (): &(), _: BackwardRows<'_, '_, f32>) {}
    fn input_gradient(&self, (): &(), _: &[&[f32]], _: &mut [&mut [f32]]) {}
    fn parameter_gradient(&self, _: &[elman::cell::SequenceDeltas<'_, f32>], _: &mut [f32]) {}
    fn unit_sharing(&self) -> Option<&dyn elman::cell::UnitSharing<f32, ()>> {
        self.shares.then_some(self)
    }
}

impl elman::cell::UnitSharing<f32, ()> for Sizes {
    fn step_units(&self, (): &(), _: StepRows<'_, '_, f32>, _: &mut Units) {}
    fn step_units_backward(&self, (): &(), _: BackwardRows<'_, '_, f32>, _: &mut Units) {}
}

#[test]
fn sizes_that_do_not_agree_are_refused() {
    assert!(Layer::new(SOUND, Direction::Forward).is_ok());
    // A projected cell: fine, unless its units are shared.
    let projected = Sizes { parts: [3, 4], output: 3, state: 7, ..SOUND };
    assert!(Layer::new(Sizes { shares: false, ..projected }, Direction::Forward).is_ok());
    for (sizes, message) in [
        (projected, "part_size(0): expected hidden_size, 4, where units are shared, got 3"),
        (Sizes { output: 5, ..SOUND }, "output_size: expected 4, from the parts, got 5"),
        (Sizes { state: 4, ..SOUND }, "state_size: expected 8, from the parts, got 4"),
        (Sizes { parts: [4, 0], state: 4, ..SOUND }, "part_size(1): expected at least 1, got 0"),
        (Sizes { trace: 20, ..SOUND }, "trace_size: expected at most delta_size, 16, got 20"),
        (Sizes { delta: 0, ..SOUND }, "delta_size: expected at least 1, got 0"),
        (
            Sizes { delta: 17, ..SOUND },
            "delta_size: expected a multiple of hidden_size, 4, where units are shared, got 17",
        ),
    ] {
        let refused = Layer::new(sizes, Direction::Forward).map(|_| ()).unwrap_err();
        assert_eq!(refused.to_string(), message);
    }
}
