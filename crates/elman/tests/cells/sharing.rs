//! Few long sequences through wide cells: threads share the units there, and steps are begun several at
//! once. Neither may change a bit.

use elman::layer::ArrivingGradient;
use elman::{
    Cell, CellSizes, CellState, Direction, Layer, LstmCell, Real, Rng, SequenceBatch,
    threads::with_threads,
};
use ndarray::{Array3, Axis};

use crate::contract::state;

const INPUT_SIZE: usize = 24;
const LENGTHS: [&[usize]; 3] = [&[130], &[130, 97], &[120, 0]];

/// A cell with just enough units that threads share them, and that steps are begun.
fn wide<T: Real, C: Cell<T>>(make: &dyn Fn(CellSizes) -> C) -> C {
    let cells = (32..)
        .step_by(16)
        .map(|hidden_size| make(CellSizes { input_size: INPUT_SIZE, hidden_size }));
    let mut cells = cells.skip_while(|cell| {
        // Multiply-adds of a step.
        cell.delta_size() * (INPUT_SIZE + cell.output_size()) < 26_000
    });
    cells.next().unwrap()
}

/// Everything that a run forward and back gives, as bits: no NaN compares equal to itself.
fn run<T: Real, C: Cell<T>>(layer: &Layer<C>, lengths: &[usize], threads: usize) -> Vec<[u32; 2]> {
    let mut rng = Rng::new(23);
    let mut noise = |scale: f64| T::from_f64(scale * rng.normal());
    let shape = (lengths.len(), lengths[0], INPUT_SIZE);
    let mut parameters = layer.parameters::<T>();
    parameters.values_mut().iter_mut().for_each(|value| *value = noise(0.1));
    let values = Array3::from_shape_simple_fn(shape, || noise(1.0));
    let batch = SequenceBatch::with_lengths(values, lengths.to_vec()).unwrap();
    let [initial, grad_final] = [0; 2].map(|_| state(layer.cell(), lengths.len(), || noise(0.5)));
    let shape = (lengths.len(), lengths[0], layer.cell().output_size());
    let grad_outputs = Array3::from_shape_simple_fn(shape, || noise(1.0));
    let weights = layer.prepare(&parameters).unwrap();
    let mut grad = parameters.zeros_like();
    let work = || {
        let inferred = layer.forward(&weights, &batch, Some(&initial)).unwrap();
        let mut trace = layer.forward_traced(&weights, &batch, Some(&initial)).unwrap();
        let outputs = Some(grad_outputs.view());
        let arriving = ArrivingGradient { outputs, final_state: Some(&grad_final) };
        let leaving = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).unwrap();
        assert_eq!(inferred.outputs, trace.outputs());
        (inferred, leaving)
    };
    let (inferred, leaving) = with_threads(Some(threads), work).unwrap();
    let mut all: Vec<T> = inferred.outputs.iter().chain(&leaving.inputs).copied().collect();
    for state in [&inferred.final_state, &leaving.initial_state] {
        all.extend(state.parts().iter().flat_map(|part| part.iter().copied().collect::<Vec<_>>()));
    }
    all.extend_from_slice(grad.values());
    assert!(all.iter().all(|value| value.is_finite()));
    all.into_iter().map(T::to_words).collect()
}

/// What is tried with a cell.
struct Trials {
    lengths: &'static [&'static [usize]],
    threads: &'static [usize],
}

/// The exchange between threads is the same code at every level; without fused multiply-adds of the
/// processor it takes ten times as long, so the portable level tries less of it.
fn trials() -> Trials {
    match elman::level() {
        Ok("portable") => Trials { lengths: &LENGTHS[1..2], threads: &[3] },
        // A team forms only if its threads are free, so several times.
        _ => Trials { lengths: &LENGTHS, threads: &[2, 3, 2, 3] },
    }
}

/// Whether threads share the units of a sequence, or take sequences of their own.
fn threads_change_no_bit<T: Real, C: Cell<T> + Clone>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    no_bit_changes(what, wide(make));
}

fn no_bit_changes<T: Real, C: Cell<T> + Clone>(what: &str, cell: C) {
    for direction in [Direction::Forward, Direction::Reverse] {
        let layer = Layer::new(cell.clone(), direction).unwrap();
        let Trials { lengths, threads } = trials();
        for &lengths in lengths {
            let expected = run(&layer, lengths, 1);
            for &threads in threads {
                let found = run(&layer, lengths, threads);
                assert!(found == expected, "{what}, {direction:?}, {lengths:?}, {threads} threads");
            }
        }
    }
}

/// A sequence alone begins several steps at once; in a batch it does not.
fn alone_equals_batch<T: Real, C: Cell<T> + Clone>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    let cell = wide(make);
    for direction in [Direction::Forward, Direction::Reverse] {
        let layer = Layer::new(cell.clone(), direction).unwrap();
        let mut rng = Rng::new(29);
        let mut noise = |scale: f64| T::from_f64(scale * rng.normal());
        let mut parameters = layer.parameters::<T>();
        parameters.values_mut().iter_mut().for_each(|value| *value = noise(0.1));
        let lengths = vec![31, 24, 7];
        let values = Array3::from_shape_simple_fn((3, 31, INPUT_SIZE), || noise(1.0));
        let batch = SequenceBatch::with_lengths(values.clone(), lengths.clone()).unwrap();
        let weights = layer.prepare(&parameters).unwrap();
        let whole = layer.forward(&weights, &batch, None).unwrap().outputs;
        for (row, length) in lengths.into_iter().enumerate() {
            let rows = (row..row + 1).into();
            let one = values.slice_axis(Axis(0), rows).to_owned();
            let one = SequenceBatch::with_lengths(one, vec![length]).unwrap();
            let alone = layer.forward(&weights, &one, None).unwrap().outputs;
            let bits = |value: &T| value.to_words();
            let expected = whole.slice_axis(Axis(0), rows);
            let equal = alone.iter().map(bits).eq(expected.iter().map(bits));
            assert!(equal, "{what}, {direction:?}, row {row}");
        }
    }
}

#[test]
fn a_sequence_alone_equals_itself_in_a_batch() {
    for_every_cell!(f32, alone_equals_batch);
    for_every_cell!(f64, alone_equals_batch);
}

#[test]
fn threads_that_share_units_change_no_bit() {
    for_every_cell!(f32, threads_change_no_bit);
    for_every_cell!(f64, threads_change_no_bit);
}

#[test]
fn units_that_fill_no_whole_panels_are_not_shared() {
    no_bit_changes("107 units", LstmCell::<f32>::new(INPUT_SIZE, 107).unwrap());
}
