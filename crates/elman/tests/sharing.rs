//! Few long sequences through wide cells: threads share the units there, and must change no bit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::cast_possible_truncation, reason = "any f32 will do")]

use elman::layer::ArrivingGradient;
use elman::{
    Activation, ActivationKind, Cell, CellState, CustomActivation, Direction, GruActivations,
    GruCell, Layer, LstmCell, Real, ResetPlacement, Rng, SequenceBatch, SimpleCell,
    threads::with_threads,
};
use ndarray::{Array2, Array3, Axis};

const INPUT_SIZE: usize = 24;
const LENGTHS: [&[usize]; 3] = [&[130], &[130, 97], &[120, 0]];

/// Everything that a run forward and back gives, as bits: no NaN compares equal to itself.
fn run<T: Real, C: Cell<T>>(layer: &Layer<C>, lengths: &[usize], threads: usize) -> Vec<[u32; 2]> {
    let mut rng = Rng::new(23);
    let mut noise = |scale: f64| T::from_f64(scale * rng.normal());
    let hidden_size = layer.cell().hidden_size();
    let shape = (lengths.len(), lengths[0], INPUT_SIZE);
    let mut parameters = layer.parameters::<T>();
    parameters.values_mut().iter_mut().for_each(|value| *value = noise(0.1));
    let values = Array3::from_shape_simple_fn(shape, || noise(1.0));
    let batch = SequenceBatch::with_lengths(values, lengths.to_vec()).unwrap();
    let mut state = || {
        let part = |_| Array2::from_shape_simple_fn((lengths.len(), hidden_size), || noise(0.5));
        C::State::from_parts((0..C::State::PARTS).map(part).collect())
    };
    let (initial, grad_final) = (state(), state());
    let shape = (lengths.len(), lengths[0], hidden_size);
    let grad_outputs = Array3::from_shape_simple_fn(shape, || noise(1.0));
    let weights = layer.prepare(&parameters).unwrap();
    let mut grad = parameters.zeros_like();
    let work = || {
        let inferred = layer.forward(&weights, &batch, Some(&initial)).unwrap();
        let mut trace = layer.forward_traced(&weights, &batch, Some(&initial)).unwrap();
        let outputs = Some(grad_outputs.view());
        let arriving = ArrivingGradient { outputs, final_state: Some(&grad_final) };
        let back = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).unwrap();
        assert_eq!(inferred.outputs, trace.outputs());
        (inferred, back)
    };
    let (inferred, back) = with_threads(Some(threads), work).unwrap();
    let mut all: Vec<T> = inferred.outputs.iter().chain(&back.inputs).copied().collect();
    for state in [&inferred.final_state, &back.initial_state] {
        all.extend(state.parts().iter().flat_map(|part| part.iter().copied().collect::<Vec<_>>()));
    }
    all.extend_from_slice(grad.values());
    assert!(all.iter().all(|value| value.is_finite()));
    all.into_iter().map(T::to_words).collect()
}

fn threads_change_no_bit<T: Real, C: Cell<T> + Clone>(cell: C) {
    for direction in [Direction::Forward, Direction::Reverse] {
        let layer = Layer::new(cell.clone(), direction).unwrap();
        for lengths in LENGTHS {
            let expected = run(&layer, lengths, 1);
            // A team forms only if its threads are free, so several times.
            for threads in [2, 3, 2, 3, 2] {
                let found = run(&layer, lengths, threads);
                assert!(found == expected, "{direction:?}, {lengths:?}, {threads} threads");
            }
        }
    }
}

/// A sequence alone begins several steps at once; in a batch it does not.
fn alone_equals_batch<C: Cell<f32> + Clone>(cell: C) {
    for direction in [Direction::Forward, Direction::Reverse] {
        let layer = Layer::new(cell.clone(), direction).unwrap();
        let mut rng = Rng::new(29);
        let mut parameters = layer.parameters::<f32>();
        parameters.values_mut().iter_mut().for_each(|value| *value = (0.1 * rng.normal()) as f32);
        let lengths = vec![31, 24, 7];
        let values = Array3::from_shape_simple_fn((3, 31, INPUT_SIZE), || rng.normal() as f32);
        let batch = SequenceBatch::with_lengths(values.clone(), lengths.clone()).unwrap();
        let weights = layer.prepare(&parameters).unwrap();
        let whole = layer.forward(&weights, &batch, None).unwrap().outputs;
        for (row, length) in lengths.into_iter().enumerate() {
            let rows = (row..row + 1).into();
            let one = values.slice_axis(Axis(0), rows).to_owned();
            let one = SequenceBatch::with_lengths(one, vec![length]).unwrap();
            let alone = layer.forward(&weights, &one, None).unwrap().outputs;
            let bits = |value: &f32| value.to_bits();
            let expected = whole.slice_axis(Axis(0), rows);
            assert!(alone.iter().map(bits).eq(expected.iter().map(bits)), "{direction:?}, {row}");
        }
    }
}

#[test]
fn a_sequence_alone_equals_itself_in_a_batch() {
    alone_equals_batch(SimpleCell::new(INPUT_SIZE, 100, ActivationKind::Tanh).unwrap());
    alone_equals_batch(LstmCell::new(INPUT_SIZE, 60).unwrap());
    for reset in [ResetPlacement::After, ResetPlacement::Before] {
        alone_equals_batch(GruCell::new(INPUT_SIZE, 60, reset).unwrap());
    }
}

#[test]
fn simple_cells_share_their_units() {
    threads_change_no_bit(SimpleCell::<f32>::new(INPUT_SIZE, 192, ActivationKind::Tanh).unwrap());
    let custom = CustomActivation::<f64> { function: f64::sin, derivative: f64::cos };
    threads_change_no_bit(SimpleCell::new(INPUT_SIZE, 176, Activation::Custom(custom)).unwrap());
}

#[test]
fn lstm_cells_share_their_units() {
    threads_change_no_bit(LstmCell::<f32>::new(INPUT_SIZE, 112).unwrap());
    threads_change_no_bit(LstmCell::<f64>::new(INPUT_SIZE, 104).unwrap());
}

#[test]
fn gru_cells_share_their_units() {
    for reset in [ResetPlacement::After, ResetPlacement::Before] {
        threads_change_no_bit(GruCell::<f32>::new(INPUT_SIZE, 112, reset).unwrap());
        let other = GruActivations { candidate: ActivationKind::Sigmoid, ..Default::default() };
        let cell = GruCell::<f64>::with_activations(INPUT_SIZE, 104, reset, other);
        threads_change_no_bit(cell.unwrap());
    }
}

#[test]
fn units_that_fill_no_whole_panels_are_not_shared() {
    threads_change_no_bit(LstmCell::<f32>::new(INPUT_SIZE, 107).unwrap());
}
