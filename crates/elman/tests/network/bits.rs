//! The same bits: alone and among others, with anything in padding, in chunks, on any number of threads.

use elman::network::{InitialState, NetworkConfig, Readout};
use elman::threads::with_threads;
use elman::{
    Directions, DropoutMode, Network, NetworkTrace, Parameters, SequenceBatch, TokenBatch,
};
use ndarray::{Array3, Axis};

use crate::list::{batch, batch_of, every_cell, every_network, grad_outputs, network};

fn all() -> impl Iterator<Item = crate::list::Described> {
    every_network().into_iter().chain(every_cell())
}

/// Some steps of one sequence as a batch of their own.
fn cut(
    batch: &SequenceBatch<f32>,
    row: usize,
    steps: std::ops::Range<usize>,
) -> SequenceBatch<f32> {
    let values = batch.values();
    let values = values.slice_axis(Axis(0), (row..row + 1).into());
    let values = values.slice_axis(Axis(1), steps.clone().into()).to_owned();
    let tokens = batch.tokens().iter().map(|channel| {
        let ids = channel.sequences().nth(row).unwrap();
        TokenBatch::from_sequences(&[&ids[steps.clone()]])
    });
    let tokens: Vec<TokenBatch> = tokens.collect();
    SequenceBatch::full(values).with_tokens(tokens).unwrap()
}

#[test]
fn a_sequence_alone_is_the_sequence_among_others() {
    for described in all() {
        let network = network::<f32>(&described.config);
        let together = batch(&described.config, 9.0);
        let outputs = network.forward(&together, None).unwrap().outputs;
        for (row, &length) in together.lengths().iter().enumerate() {
            let alone = cut(&together, row, 0..length);
            let alone = network.forward(&alone, None).unwrap().outputs;
            let among = outputs.slice_axis(Axis(0), (row..row + 1).into());
            let (among, padding) = among.split_at(Axis(1), alone.dim().1);
            assert_eq!(alone, among, "{}, sequence {row}", described.name);
            assert!(padding.iter().all(|value| *value == 0.0), "{}", described.name);
        }
    }
}

fn step(network: &Network<f32>, batch: &SequenceBatch<f32>) -> (Array3<f32>, Parameters<f32>) {
    let mut trace = NetworkTrace::default();
    network.forward_traced(batch, None, DropoutMode::Off, &mut trace).unwrap();
    let outputs = trace.outputs().to_owned();
    let mut gradient = network.parameters().zeros_like();
    let mut grad = grad_outputs::<f32>(outputs.dim());
    if network.config().body.readout == Readout::EveryStep {
        for (mut row, &length) in grad.outer_iter_mut().zip(batch.lengths()) {
            row.slice_axis_mut(Axis(0), (length..).into()).fill(f32::NAN);
        }
    }
    network.backward(batch, &mut trace, grad.view(), &mut gradient).unwrap();
    (outputs, gradient)
}

#[test]
fn padding_is_never_read() {
    for described in all() {
        let network = network::<f32>(&described.config);
        let one = step(&network, &batch(&described.config, 1.0));
        let other = step(&network, &batch(&described.config, f64::NAN));
        assert_eq!(one, other, "{}", described.name);
        assert!(one.1.values().iter().all(|value| value.is_finite()), "{}", described.name);
    }
}

#[test]
fn threads_change_no_bit() {
    for described in all() {
        let config = widened(described.config);
        let network = network::<f32>(&config);
        let lengths: Vec<usize> = (0..24).map(|row| 20 - row * 7 % 20).collect();
        let batch = batch_of(&config, &lengths, 20, 0.0);
        let run = |threads| with_threads(Some(threads), || step(&network, &batch)).unwrap();
        let one = run(1);
        for threads in [2, 3] {
            assert_eq!(run(threads), one, "{}, {threads} threads", described.name);
        }
    }
}

/// Wide enough that the work is shared. Every layer of the list is at most 6 wide.
fn widened(mut config: NetworkConfig) -> NetworkConfig {
    let numeric = config.inputs.numeric;
    let at_bottom = config.body.layers[0].residual != elman::Residual::None;
    config.body.layers.iter_mut().for_each(|layer| layer.hidden_size *= 16);
    if at_bottom {
        config.inputs.numeric = numeric * 16;
    }
    config
}

#[test]
fn chunks_with_the_state_carried_are_the_whole() {
    let mut seen = 0;
    for described in all() {
        let mut config = described.config;
        config.body.readout = Readout::EveryStep;
        if config.body.layers.iter().any(|layer| layer.directions != Directions::Forward) {
            continue;
        }
        seen += 1;
        let network = network::<f32>(&config);
        let batch = batch(&config, 0.0);
        let whole = network.forward(&batch, None).unwrap();
        let length = batch.lengths()[0];
        let mut state = None;
        for start in (0..length).step_by(2) {
            let steps = start..length.min(start + 2);
            let chunk = network.forward(&cut(&batch, 0, steps.clone()), state.as_ref()).unwrap();
            let part = whole.outputs.slice_axis(Axis(0), (0..1).into());
            let part = part.slice_axis(Axis(1), steps.into());
            assert_eq!(chunk.outputs, part, "{} from {start}", described.name);
            state = Some(chunk.final_state);
        }
        for (carried, whole) in state.unwrap().layers.iter().zip(&whole.final_state.layers) {
            assert_eq!(carried.row(0), whole.row(0), "{}", described.name);
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn a_learned_state_is_the_state_that_is_given() {
    let described = every_network().into_iter().find(|d| d.name == "learned state").unwrap();
    let network = network::<f32>(&described.config);
    let batch = batch(&described.config, 0.0);
    let learned = network.forward(&batch, None).unwrap();
    let rows = batch.batch_size();
    let names = ["layers.0.forward", "layers.0.reverse", "layers.1.forward"];
    let layers = names.map(|name| {
        let own = network.parameters().get(&format!("{name}.initial_state")).unwrap();
        ndarray::Array2::from_shape_fn((rows, own.len()), |(_, unit)| own[unit])
    });
    let given = elman::NetworkState { layers: layers.to_vec() };
    assert_eq!(network.forward(&batch, Some(&given)).unwrap().outputs, learned.outputs);
    let zeros = elman::NetworkState { layers: layers.map(|layer| layer * 0.0).to_vec() };
    assert_ne!(network.forward(&batch, Some(&zeros)).unwrap().outputs, learned.outputs);
    let mut config = described.config;
    config.body.initial_state = InitialState::Given;
    let refused = Network::<f32>::new(config).unwrap().forward(&batch, None).unwrap_err();
    let wanted =
        "initial_state: expected a state for each sequence, as the network has it given, got none";
    assert_eq!(refused.to_string(), wanted);
}
