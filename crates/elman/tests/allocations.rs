//! The time loop allocates nothing: a run of many steps asks for memory as often as one of few.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
#[path = "cells/list.rs"]
mod list;

use elman::layer::{ArrivingGradient, GradientTargets, Trace};
use elman::{
    Cell, CellKind, CellSizes, Direction, Layer, LstmOptions, SequenceBatch, threads::with_threads,
};
use ndarray::Array3;

const INPUT_SIZE: usize = 9;

/// Allocations of an inference and of a training step over `batch_size` sequences of `steps`, in
/// memory that was used before. One thread: others are not counted.
fn allocations<C: Cell<f32>>(layer: &Layer<C>, batch_size: usize, steps: usize) -> [u64; 2] {
    let parameters = layer.parameters::<f32>();
    let weights = layer.prepare(&parameters).unwrap();
    let inputs = Array3::from_elem((batch_size, steps, INPUT_SIZE), 0.5);
    let batch = SequenceBatch::full(inputs);
    let arriving = Array3::ones((batch_size, steps, layer.cell().output_size()));
    let (mut outputs, mut trace) = (Array3::zeros((0, 0, 0)), Trace::default());
    let (mut grad, mut grad_inputs) = (parameters.zeros_like(), Array3::zeros((0, 0, 0)));
    let mut infer = || drop(layer.forward_into(&weights, &batch, None, &mut outputs).unwrap());
    let mut train = || {
        layer.forward_traced_into(&weights, &batch, None, &mut trace).unwrap();
        let arriving = ArrivingGradient { outputs: Some(arriving.view()), final_state: None };
        let targets = GradientTargets { parameters: &mut grad, inputs: &mut grad_inputs };
        drop(layer.backward_into(&weights, &batch, &mut trace, arriving, targets).unwrap());
    };
    let again = |run: &mut dyn FnMut()| {
        run();
        allocation_counter::measure(run).count_total
    };
    [again(&mut infer), again(&mut train)]
}

fn steps_allocate_nothing<C: Cell<f32>>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    // The wide ones begin several steps at once.
    for hidden_size in [7, 96] {
        let cell = make(CellSizes { input_size: INPUT_SIZE, hidden_size });
        let layer = Layer::new(cell, Direction::Forward).unwrap();
        let mut runs = vec![(1, [26, 78]), (3, [26, 52])];
        // The sums over the steps of the wide LSTM are made in another way where there are many.
        if what == format!("{:?}", CellKind::Lstm(LstmOptions::DEFAULT)) && hidden_size > 7 {
            runs.push((3, [1000, 2000]));
        }
        for (batch_size, [few, many]) in runs {
            let counts = allocations(&layer, batch_size, few);
            assert!(counts.iter().all(|count| *count > 0), "nothing is counted");
            let found = allocations(&layer, batch_size, many);
            assert_eq!(counts, found, "{what}, {hidden_size} units, {batch_size} sequences");
        }
    }
}

#[test]
fn more_steps_allocate_no_more_often() {
    with_threads(Some(1), || for_every_cell!(f32, steps_allocate_nothing)).unwrap();
}
