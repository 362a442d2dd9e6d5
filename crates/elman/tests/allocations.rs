//! The time loop allocates nothing: a run of many steps asks for memory as often as one of few.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use elman::layer::{ArrivingGradient, Trace};
use elman::{
    ActivationKind, Cell, Direction, GruCell, Layer, LstmCell, ResetPlacement, SequenceBatch,
    SimpleCell, threads::with_threads,
};
use ndarray::Array3;

const INPUT_SIZE: usize = 5;

/// Allocations of an inference and of a training step over `batch_size` sequences of `steps`, in
/// memory that was used before. One thread: others are not counted.
fn allocations<C: Cell<f32>>(layer: &Layer<C>, batch_size: usize, steps: usize) -> [u64; 2] {
    let parameters = layer.parameters::<f32>();
    let weights = layer.prepare(&parameters).unwrap();
    let inputs = Array3::from_elem((batch_size, steps, INPUT_SIZE), 0.5);
    let batch = SequenceBatch::full(inputs);
    let arriving = Array3::ones((batch_size, steps, layer.cell().hidden_size()));
    let (mut outputs, mut trace) = (Array3::zeros((0, 0, 0)), Trace::default());
    let (mut grad, mut grad_inputs) = (parameters.zeros_like(), Array3::zeros((0, 0, 0)));
    let mut infer = || drop(layer.forward_into(&weights, &batch, None, &mut outputs).unwrap());
    let mut train = || {
        layer.forward_traced_into(&weights, &batch, None, &mut trace).unwrap();
        let arriving = ArrivingGradient { outputs: Some(arriving.view()), final_state: None };
        let gradients = (&mut grad, &mut grad_inputs);
        drop(layer.backward_into(&weights, &batch, &mut trace, arriving, gradients).unwrap());
    };
    let again = |run: &mut dyn FnMut()| {
        run();
        allocation_counter::measure(run).count_total
    };
    [again(&mut infer), again(&mut train)]
}

fn steps_allocate_nothing<C: Cell<f32>>(cell: C) {
    let layer = Layer::new(cell, Direction::Forward).unwrap();
    // The sums over the steps of the wide LSTM are made in another way where there are many.
    for (batch_size, [few, many]) in [(1, [130, 1300]), (3, [130, 700]), (3, [2000, 5000])] {
        let counts = allocations(&layer, batch_size, few);
        assert!(counts.iter().all(|count| *count > 0), "nothing is counted");
        assert_eq!(counts, allocations(&layer, batch_size, many), "{batch_size} sequences");
    }
}

#[test]
fn more_steps_allocate_no_more_often() {
    let run = || {
        // The wide ones begin several steps at once.
        for hidden_size in [7, 96] {
            let tanh = ActivationKind::Tanh;
            steps_allocate_nothing(SimpleCell::new(INPUT_SIZE, hidden_size, tanh).unwrap());
            steps_allocate_nothing(LstmCell::new(INPUT_SIZE, hidden_size).unwrap());
            for reset in [ResetPlacement::After, ResetPlacement::Before] {
                steps_allocate_nothing(GruCell::new(INPUT_SIZE, hidden_size, reset).unwrap());
            }
        }
    };
    with_threads(Some(1), run).unwrap();
}
