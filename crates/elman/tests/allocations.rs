//! The time loop allocates nothing: a run of many steps asks for memory as often as one of few.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
#[path = "cells/list.rs"]
mod list;

use elman::data::Dataset;
use elman::layer::{ArrivingGradient, GradientTargets, Trace};
use elman::{
    Cell, CellKind, CellSizes, Direction, Directions, Layer, LayerConfig, LstmOptions,
    NetworkOptions, Pooling, Readout, SequenceBatch, Trainer, TrainingOptions,
    threads::with_threads,
};
use ndarray::{Array2, Array3};

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

/// The most bytes that a training takes at once beyond its data, and its own estimate.
fn memory(network: NetworkOptions, [sequences, steps, channels]: [usize; 3]) -> [f64; 2] {
    let values: Vec<_> = (0..sequences)
        .map(|n| Array2::from_shape_fn((steps, channels), |(t, c)| ((n + t * c) % 7) as f64))
        .collect();
    let labels: Vec<&str> = (0..sequences).map(|n| ["a", "b"][n % 2]).collect();
    let data = Dataset::with_labels(&values, &labels).unwrap();
    let options = TrainingOptions { epochs: Some(1), max_updates: Some(1), ..Default::default() };
    let trainer = Trainer::new(options, network).unwrap();
    let mut estimate = 0;
    let counted = allocation_counter::measure(|| {
        let mut run = trainer.start::<f32>(&data).unwrap();
        estimate = run.description().memory.unwrap().total();
        while run.step().unwrap().is_some() {}
        drop(run.finish().unwrap());
    });
    // Beside it there are the standardised sequences, which a run keeps, in f32.
    [counted.bytes_max as f64 - (sequences * steps * channels * 4) as f64, estimate as f64]
}

#[test]
fn a_training_takes_the_memory_that_was_estimated() {
    let lstm = NetworkOptions { layers: vec![LayerConfig::lstm(96)], ..Default::default() };
    let both = LayerConfig { directions: Directions::Both, ..LayerConfig::gru(48) };
    let deep = NetworkOptions {
        layers: vec![both.clone(), both],
        readout: Readout::Pooled(vec![Pooling::Mean, Pooling::LastStep]),
        ..Default::default()
    };
    let wide = NetworkOptions { layers: vec![LayerConfig::simple(700)], ..Default::default() };
    for (network, shape) in [(lstm, [4, 3000, 2]), (deep, [16, 400, 9]), (wide, [2, 30, 5])] {
        let [taken, estimate] = with_threads(Some(1), || memory(network.clone(), shape)).unwrap();
        let ratio = taken / estimate;
        assert!((0.85..1.05).contains(&ratio), "{network:?}: {taken} taken, {estimate} estimated");
    }
}
