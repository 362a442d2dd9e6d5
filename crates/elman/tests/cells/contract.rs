//! What every cell must keep: the same numbers alone and in a batch, whole and in chunks, in both
//! directions, with padding that is never read, on any number of threads.

use elman::layer::{ArrivingGradient, Trace};
use elman::{
    Cell, CellSizes, CellState, Direction, Layer, Parameters, Real, Rng, SequenceBatch, cell,
};
use ndarray::{Array2, Array3, ArrayView3, Axis};

const LENGTHS: [usize; 7] = [9, 4, 0, 13, 1, 9, 12];
const SEQ_LEN: usize = 13;
const INPUT_SIZE: usize = 3;
pub const SIZES: CellSizes = CellSizes { input_size: INPUT_SIZE, hidden_size: 21 };

pub struct Setup<T: Real, C: Cell<T>> {
    pub cell: C,
    pub parameters: Parameters<T>,
    pub batch: SequenceBatch<T>,
    pub initial: C::State,
}

pub fn setup<T: Real, C: Cell<T> + Clone>(cell: C) -> Setup<T, C> {
    let mut rng = Rng::new(17);
    let mut noise = |scale: f64| T::from_f64(scale * rng.normal());
    let layer = Layer::new(cell.clone(), Direction::Forward).unwrap();
    let mut parameters: Parameters<T> = layer.parameters();
    parameters.values_mut().iter_mut().for_each(|value| *value = noise(0.3));
    let values = Array3::from_shape_simple_fn((LENGTHS.len(), SEQ_LEN, INPUT_SIZE), || noise(1.0));
    let initial = state(&cell, LENGTHS.len(), || noise(1.0));
    let batch = SequenceBatch::with_lengths(values, LENGTHS.to_vec()).unwrap();
    Setup { cell, parameters, batch, initial }
}

/// A state of these values.
pub fn state<T: Real, C: Cell<T>>(cell: &C, rows: usize, mut value: impl FnMut() -> T) -> C::State {
    let part = |part| Array2::from_shape_simple_fn((rows, cell.part_size(part)), &mut value);
    C::State::from_parts((0..C::State::PARTS).map(part).collect())
}

/// Rows `rows` and steps `steps` of a batch.
fn cut<T: Real>(
    batch: &SequenceBatch<T>,
    row: usize,
    steps: std::ops::Range<usize>,
) -> SequenceBatch<T> {
    let values = batch.values();
    let values = values.slice_axis(Axis(0), (row..row + 1).into());
    SequenceBatch::full(values.slice_axis(Axis(1), steps.into()).to_owned())
}

fn state_row<T: Real, S: CellState<T>>(state: &S, row: usize) -> S {
    let part = |part: &ndarray::ArrayView2<'_, T>| {
        part.slice_axis(Axis(0), (row..row + 1).into()).to_owned()
    };
    S::from_parts(state.parts().iter().map(part).collect())
}

fn assert_rows_equal<T: Real>(what: &str, left: ArrayView3<'_, T>, right: ArrayView3<'_, T>) {
    assert_eq!(left.dim(), right.dim(), "{what}");
    for (index, value) in left.indexed_iter() {
        assert!(right[index] == *value, "{what} at {index:?}: {value} and {}", right[index]);
    }
}

fn assert_states_equal<T: Real, S: CellState<T>>(what: &str, left: &S, right: &S) {
    for (left, right) in left.parts().iter().zip(right.parts()) {
        assert_eq!(*left, right, "{what}");
    }
}

fn keeps_the_contract<T: Real, C: Cell<T> + Clone>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    println!("{what}"); // shown where a check fails
    let setup = setup(make(SIZES));
    for direction in [Direction::Forward, Direction::Reverse] {
        a_sequence_alone_in_chunks_and_step_by_step_equals_the_batch(&setup, direction);
    }
    reverse_equals_flipped_forward(&setup);
    padding_is_never_read(&setup);
    threads_change_no_bit(&setup);
    single_steps_give_the_gradients_of_the_layer(&setup);
    a_used_trace_gives_the_same_bits(&setup);
}

fn a_used_trace_gives_the_same_bits<T: Real, C: Cell<T> + Clone>(setup: &Setup<T, C>) {
    let layer = Layer::new(setup.cell.clone(), Direction::Reverse).unwrap();
    let weights = layer.prepare(&setup.parameters).unwrap();
    let run = |trace: &mut Trace<T>, batch: &SequenceBatch<T>| {
        layer.forward_traced_into(&weights, batch, None, trace).unwrap();
        let outputs = trace.outputs().to_owned();
        let arriving = ArrivingGradient { outputs: Some(outputs.view()), final_state: None };
        let mut grad = setup.parameters.zeros_like();
        let leaving = layer.backward(&weights, batch, trace, arriving, &mut grad).unwrap();
        (outputs, leaving.inputs, grad)
    };
    let fresh = run(&mut Trace::default(), &setup.batch);
    let mut used = Trace::default();
    // All steps valid, so every value of the memory is left over, padding included.
    run(&mut used, &SequenceBatch::full(setup.batch.values().to_owned()));
    assert_eq!(run(&mut used, &setup.batch), fresh);
}

fn a_sequence_alone_in_chunks_and_step_by_step_equals_the_batch<T: Real, C: Cell<T> + Clone>(
    setup: &Setup<T, C>,
    direction: Direction,
) {
    let layer = Layer::new(setup.cell.clone(), direction).unwrap();
    let weights = layer.prepare(&setup.parameters).unwrap();
    let whole = layer.forward(&weights, &setup.batch, Some(&setup.initial)).unwrap();
    for (row, &length) in LENGTHS.iter().enumerate() {
        let expected = whole.outputs.slice_axis(Axis(0), (row..row + 1).into());
        let start = state_row(&setup.initial, row);
        let last = state_row(&whole.final_state, row);
        for most in [length.max(1), 4, 1] {
            let mut state = start.clone();
            let mut starts: Vec<usize> = (0..length).step_by(most).collect();
            if direction == Direction::Reverse {
                starts.reverse();
            }
            for from in starts {
                let to = (from + most).min(length);
                let piece = cut(&setup.batch, row, from..to);
                let computed = layer.forward(&weights, &piece, Some(&state)).unwrap();
                let expected = expected.slice_axis(Axis(1), (from..to).into());
                assert_rows_equal(
                    &format!("{direction:?} row {row} pieces of {most}"),
                    computed.outputs.view(),
                    expected,
                );
                state = computed.final_state;
            }
            assert_states_equal("final state", &state, &last);
        }
        let padding = expected.slice_axis(Axis(1), (length..).into());
        assert!(padding.iter().all(|value| *value == T::ZERO), "outputs in padding are zero");
        if length == 0 {
            assert_states_equal("length 0 keeps its state", &last, &start);
        } else {
            let at = if direction == Direction::Forward { length - 1 } else { 0 };
            let hidden = last.parts()[0].row(0).to_owned();
            assert_eq!(
                expected.index_axis(Axis(1), at).row(0),
                hidden,
                "final state = last output"
            );
        }
    }
}

fn reverse_equals_flipped_forward<T: Real, C: Cell<T> + Clone>(setup: &Setup<T, C>) {
    let forward = Layer::new(setup.cell.clone(), Direction::Forward).unwrap();
    let reverse = Layer::new(setup.cell.clone(), Direction::Reverse).unwrap();
    let weights = forward.prepare(&setup.parameters).unwrap();
    let flipped =
        SequenceBatch::with_lengths(flip(setup.batch.values()), LENGTHS.to_vec()).unwrap();
    let left = reverse.forward(&weights, &setup.batch, Some(&setup.initial)).unwrap();
    let right = forward.forward(&weights, &flipped, Some(&setup.initial)).unwrap();
    assert_rows_equal("reverse", left.outputs.view(), flip(right.outputs.view()).view());
    assert_states_equal("reverse", &left.final_state, &right.final_state);
    // The two directions are different computations, or the test above says nothing.
    let plain = forward.forward(&weights, &setup.batch, Some(&setup.initial)).unwrap();
    assert!(plain.outputs != left.outputs);
}

/// Each sequence back to front, its padding where it was.
fn flip<T: Real>(values: ArrayView3<'_, T>) -> Array3<T> {
    Array3::from_shape_fn(values.dim(), |(row, t, column)| {
        let length = LENGTHS[row];
        values[[row, if t < length { length - 1 - t } else { t }, column]]
    })
}

struct Gradients<T, S> {
    outputs: Array3<T>,
    inputs: Array3<T>,
    initial: S,
    parameters: Parameters<T>,
}

fn gradients<T: Real, C: Cell<T> + Clone>(
    setup: &Setup<T, C>,
    batch: &SequenceBatch<T>,
    direction: Direction,
) -> Gradients<T, C::State> {
    let layer = Layer::new(setup.cell.clone(), direction).unwrap();
    let weights = layer.prepare(&setup.parameters).unwrap();
    let mut trace = layer.forward_traced(&weights, batch, Some(&setup.initial)).unwrap();
    let mut rng = Rng::new(23);
    let arriving =
        Array3::from_shape_simple_fn(trace.outputs().dim(), || T::from_f64(rng.normal()));
    let mut grad = setup.parameters.zeros_like();
    let outputs = trace.outputs().to_owned();
    let arriving =
        ArrivingGradient { outputs: Some(arriving.view()), final_state: Some(&setup.initial) };
    let leaving = layer.backward(&weights, batch, &mut trace, arriving, &mut grad).unwrap();
    Gradients { outputs, inputs: leaving.inputs, initial: leaving.initial_state, parameters: grad }
}

fn padding_is_never_read<T: Real, C: Cell<T> + Clone>(setup: &Setup<T, C>) {
    let mut poisoned = setup.batch.values().to_owned();
    for ((row, t, _), value) in poisoned.indexed_iter_mut() {
        if t >= LENGTHS[row] {
            *value = T::from_f64(f64::NAN);
        }
    }
    let poisoned = SequenceBatch::with_lengths(poisoned, LENGTHS.to_vec()).unwrap();
    for direction in [Direction::Forward, Direction::Reverse] {
        let clean = gradients(setup, &setup.batch, direction);
        let other = gradients(setup, &poisoned, direction);
        assert_rows_equal("outputs", clean.outputs.view(), other.outputs.view());
        assert_rows_equal("grad_inputs", clean.inputs.view(), other.inputs.view());
        assert_states_equal("grad_initial_state", &clean.initial, &other.initial);
        assert_eq!(clean.parameters, other.parameters);
    }
}

fn threads_change_no_bit<T: Real, C: Cell<T> + Clone>(setup: &Setup<T, C>) {
    // Enough rows that the work is worth a second thread.
    let mut rng = Rng::new(31);
    let lengths: Vec<usize> = (0..64).map(|_| rng.below(60)).collect();
    let values = Array3::from_shape_simple_fn((64, 60, INPUT_SIZE), || T::from_f64(rng.normal()));
    let wide = Setup {
        cell: setup.cell.clone(),
        parameters: setup.parameters.clone(),
        batch: SequenceBatch::with_lengths(values, lengths).unwrap(),
        initial: state(&setup.cell, 64, || T::from_f64(0.1)),
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| gradients(&wide, &wide.batch, Direction::Forward))
    };
    let one = on(1);
    for threads in [2, 3] {
        let many = on(threads);
        assert_rows_equal("outputs", one.outputs.view(), many.outputs.view());
        assert_rows_equal("grad_inputs", one.inputs.view(), many.inputs.view());
        assert_states_equal("grad_initial_state", &one.initial, &many.initial);
        assert_eq!(one.parameters, many.parameters, "{threads} threads");
    }
}

fn single_steps_give_the_gradients_of_the_layer<T: Real, C: Cell<T> + Clone>(setup: &Setup<T, C>) {
    let row = 3;
    let sequence = cut(&setup.batch, row, 0..LENGTHS[row]);
    let layer = Layer::new(setup.cell.clone(), Direction::Forward).unwrap();
    let weights = layer.prepare(&setup.parameters).unwrap();
    let start = state_row(&setup.initial, row);
    let mut trace = layer.forward_traced(&weights, &sequence, Some(&start)).unwrap();
    let last = layer.final_state(&trace);
    let mut grad = setup.parameters.zeros_like();
    let arriving = ArrivingGradient { outputs: None, final_state: Some(&last) };
    let leaving = layer.backward(&weights, &sequence, &mut trace, arriving, &mut grad).unwrap();

    let mut state = start;
    let mut traces = Vec::new();
    for t in 0..LENGTHS[row] {
        let inputs = sequence.values().index_axis_move(Axis(1), t);
        let (next, trace) = cell::step(&setup.cell, &setup.parameters, inputs, &state).unwrap();
        traces.push(trace);
        state = next;
    }
    assert_states_equal("state after single steps", &state, &last);
    let mut grad_state = last;
    let mut step_grad = setup.parameters.zeros_like();
    for t in (0..LENGTHS[row]).rev() {
        let inputs = sequence.values().index_axis_move(Axis(1), t);
        let step = cell::step_backward(
            &setup.cell,
            &setup.parameters,
            &traces[t],
            inputs,
            &grad_state,
            &mut step_grad,
        )
        .unwrap();
        assert_eq!(step.inputs, leaving.inputs.index_axis(Axis(1), t));
        grad_state = step.previous;
    }
    assert_states_equal("grad_initial_state", &grad_state, &leaving.initial_state);
    // The layer adds the steps up forward in time, the loop above backward: equal but for rounding.
    let scale = grad.values().iter().fold(0.0f64, |most, value| most.max(value.to_f64().abs()));
    let bound = if T::NAME == "f64" { 1e-13 } else { 1e-5 } * scale;
    for (left, right) in grad.values().iter().zip(step_grad.values()) {
        assert!((left.to_f64() - right.to_f64()).abs() <= bound, "{left} and {right}");
    }
}

#[test]
fn every_cell_keeps_the_contract() {
    for_every_cell!(f32, keeps_the_contract);
    for_every_cell!(f64, keeps_the_contract);
}

#[test]
fn an_empty_batch_is_no_fault() {
    fn check<C: Cell<f64> + Clone>(what: &str, make: &dyn Fn(CellSizes) -> C) {
        let cell = make(SIZES);
        let layer = Layer::new(cell.clone(), Direction::Forward).unwrap();
        let mut grad = layer.parameters();
        let state = state(&cell, 0, || 0.0);
        let inputs = Array2::zeros((0, INPUT_SIZE));
        let (_, trace) = cell::step(&cell, &grad.clone(), inputs.view(), &state).unwrap();
        let parameters = grad.clone();
        cell::step_backward(&cell, &parameters, &trace, inputs.view(), &state, &mut grad).unwrap();
        assert!(grad.values().iter().all(|value| *value == 0.0), "{what}");
    }
    for_every_cell!(f64, check);
}

#[test]
fn weights_of_other_sizes_are_refused() {
    fn check<T: Real, C: Cell<T> + Clone>(what: &str, make: &dyn Fn(CellSizes) -> C) {
        let CellSizes { input_size, hidden_size } = SIZES;
        let layer = Layer::new(make(SIZES), Direction::Forward).unwrap();
        let batch = SequenceBatch::full(Array3::from_elem((2, 3, input_size), T::ONE));
        for (input_size, hidden_size) in [
            (input_size + 1, hidden_size),
            (input_size - 1, hidden_size),
            (input_size, hidden_size + 1),
            (input_size, hidden_size - 1),
        ] {
            let other = Layer::new(make(CellSizes { input_size, hidden_size }), Direction::Forward);
            let other = other.unwrap();
            let weights = other.prepare(&other.parameters()).unwrap();
            let refused = layer.forward(&weights, &batch, None).map(|_| ());
            let message = refused.expect_err(what).to_string();
            assert!(message.starts_with("prepared: expected weights"), "{what}: {message}");
        }
    }
    for_every_cell!(f32, check);
    for_every_cell!(f64, check);
}

#[test]
fn a_size_of_0_is_refused_and_one_beyond_any_memory() {
    for kind in crate::list::every_kind() {
        for (input_size, hidden_size, name) in [
            (0, 1, "input_size"),
            (1, 0, "hidden_size"),
            (usize::MAX / 2, 1, "input_size"),
            (1, usize::MAX / 2, "hidden_size"),
        ] {
            let sizes = CellSizes { input_size, hidden_size };
            let message = kind.visit::<f32, _>(Refused(sizes)).unwrap();
            assert!(message.starts_with(&format!("{name}: expected at ")), "{kind:?}: {message}");
        }
    }
}

/// The message with which sizes are refused.
struct Refused(CellSizes);

impl cell::CellVisitor<f32> for Refused {
    type Output = String;

    fn visit<C: Cell<f32>>(self, make: impl Fn(CellSizes) -> elman::Result<C>) -> String {
        make(self.0).map(|_| ()).unwrap_err().to_string()
    }
}
