//! The parameter gradient of a batch large enough to be summed in two halves.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use elman::layer::ArrivingGradient;
use elman::{
    Cell, Direction, GruCell, Layer, LstmCell, ResetPlacement, Rng, SequenceBatch,
    threads::with_threads,
};
use ndarray::{Array3, Axis};

const INPUT_SIZE: usize = 24;
const SEQUENCES: usize = 21;
const STEPS: usize = 90;

struct Problem<C: Cell<f64>> {
    layer: Layer<C>,
    weights: C::Prepared,
    values: Array3<f64>,
    grad_outputs: Array3<f64>,
    lengths: Vec<usize>,
}

impl<C: Cell<f64>> Problem<C> {
    fn new(cell: C, direction: Direction) -> Self {
        let layer = Layer::new(cell, direction).unwrap();
        let mut rng = Rng::new(31);
        let mut parameters = layer.parameters::<f64>();
        parameters.values_mut().iter_mut().for_each(|value| *value = 0.1 * rng.normal());
        let shape = |size| (SEQUENCES, STEPS, size);
        let mut noise = |size| Array3::from_shape_simple_fn(shape(size), || rng.normal());
        let (values, grad_outputs) = (noise(INPUT_SIZE), noise(layer.cell().hidden_size()));
        let lengths = (0..SEQUENCES).map(|row| STEPS - row * 37 % 50).collect();
        let weights = layer.prepare(&parameters).unwrap();
        Problem { layer, weights, values, grad_outputs, lengths }
    }

    /// The parameter gradient of these sequences, added to `grad`.
    fn add(&self, rows: std::ops::Range<usize>, grad: &mut elman::Parameters<f64>) {
        let (slice, lengths) = (rows.clone().into(), self.lengths[rows].to_vec());
        let values = self.values.slice_axis(Axis(0), slice).to_owned();
        let arriving = self.grad_outputs.slice_axis(Axis(0), slice);
        let batch = SequenceBatch::with_lengths(values, lengths).unwrap();
        let mut trace = self.layer.forward_traced(&self.weights, &batch, None).unwrap();
        let arriving = ArrivingGradient { outputs: Some(arriving), final_state: None };
        self.layer.backward(&self.weights, &batch, &mut trace, arriving, grad).unwrap();
    }

    fn gradient(&self, pieces: &[std::ops::Range<usize>], threads: usize) -> Vec<f64> {
        let mut grad = self.layer.parameters::<f64>();
        // Gradients are added to what is there.
        grad.values_mut().fill(0.5);
        with_threads(Some(threads), || {
            pieces.iter().for_each(|rows| self.add(rows.clone(), &mut grad))
        })
        .unwrap();
        grad.values().to_vec()
    }
}

fn is_the_sum_of_its_sequences<C: Cell<f64> + Clone>(cell: C) {
    for direction in [Direction::Forward, Direction::Reverse] {
        let problem = Problem::new(cell.clone(), direction);
        let whole = problem.gradient(std::slice::from_ref(&(0..SEQUENCES)), 1);
        for threads in [2, 3] {
            let found = problem.gradient(std::slice::from_ref(&(0..SEQUENCES)), threads);
            assert!(found == whole, "{direction:?}, {threads} threads");
        }
        let each: Vec<_> = (0..SEQUENCES).map(|row| row..row + 1).collect();
        let sum = problem.gradient(&each, 1);
        let largest = sum.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        for (found, expected) in whole.iter().zip(&sum) {
            assert!((found - expected).abs() <= 1e-12 * largest, "{found} is not {expected}");
        }
        assert_ne!(whole, sum, "in one chain: the batch is too small for this test");
    }
}

#[test]
fn the_gradient_of_a_large_batch_is_the_sum_of_its_sequences() {
    is_the_sum_of_its_sequences(LstmCell::new(INPUT_SIZE, 40).unwrap());
    is_the_sum_of_its_sequences(GruCell::new(INPUT_SIZE, 48, ResetPlacement::After).unwrap());
}
