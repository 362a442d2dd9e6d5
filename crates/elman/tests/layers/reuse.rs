//! A training step in the memory of the one before has the bits of a step in fresh memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use elman::stack::Directions;
use elman::{
    DropoutMode, LayerConfig, Network, NetworkGradient, NetworkTrace, Parameters, Pooling, Readout,
    Residual, Rng, SequenceBatch,
};
use ndarray::Array3;

const INPUTS: usize = 3;
const CLASSES: usize = 4;

fn normal(shape: (usize, usize, usize), seed: u64) -> Array3<f64> {
    let mut rng = Rng::new(seed);
    Array3::from_shape_simple_fn(shape, || rng.normal())
}

fn batches() -> Vec<SequenceBatch<f64>> {
    let batch = |seed, lengths: &[usize]| {
        let seq_len = lengths.iter().copied().max().unwrap();
        let values = normal((lengths.len(), seq_len, INPUTS), seed);
        SequenceBatch::with_lengths(values, lengths.to_vec()).unwrap()
    };
    vec![
        batch(1, &[6, 6, 6, 6, 6]),
        batch(2, &[6, 2, 0, 5, 1]),
        batch(3, &[2, 3]),
        batch(4, &[7, 1, 4, 4, 4, 2]),
    ]
}

/// What a step leaves: outputs, the gradient of the parameters, and those at the bottom.
type Left = (Array3<f64>, Parameters<f64>, NetworkGradient<f64>);

/// The memory of a step.
#[derive(Default)]
struct Kept {
    trace: NetworkTrace<f64>,
    bottom: NetworkGradient<f64>,
}

fn step(network: &Network<f64>, batch: &SequenceBatch<f64>, kept: &mut Kept) -> Left {
    let Kept { trace, bottom } = kept;
    network.forward_traced(batch, None, DropoutMode::of_seed(5), trace).unwrap();
    let outputs = trace.outputs().to_owned();
    let grad_outputs = normal(outputs.dim(), 9);
    let mut grad = network.parameters().zeros_like();
    network.backward_to_inputs_into(batch, trace, grad_outputs.view(), &mut grad, bottom).unwrap();
    (outputs, grad, bottom.clone())
}

#[test]
fn a_used_trace_and_gradient_give_the_same_bits() {
    let readouts = [Pooling::LastStep, Pooling::Mean, Pooling::Max, Pooling::Attention { size: 3 }];
    let all = Readout::Pooled(readouts.to_vec());
    let readouts = readouts.map(Readout::from).into_iter().chain([all, Readout::EveryStep]);
    for readout in readouts {
        for (dropout, layers) in [(0.0, 1), (0.4, 1), (0.4, 2)] {
            let layer = LayerConfig { directions: Directions::Both, ..LayerConfig::gru(5) };
            let upper = LayerConfig { dropout, residual: Residual::Identity, ..layer.clone() };
            let mut config =
                Network::builder(INPUTS).layer(layer).head_dropout(dropout).dense(CLASSES);
            config.body.layers.resize(layers, upper);
            config.body.readout = readout.clone();
            let mut network = Network::new(config).unwrap();
            network.initialize(&mut Rng::new(7)).unwrap();
            let mut kept = Kept::default();
            for batch in &batches() {
                let used = step(&network, batch, &mut kept);
                let fresh = step(&network, batch, &mut Kept::default());
                let what = format!("{readout:?}, dropout {dropout}, {layers} layers");
                assert_eq!(used.0, fresh.0, "{what}");
                assert_eq!(used.1, fresh.1, "{what}");
                assert_eq!(used.2.inputs, fresh.2.inputs, "{what}");
                assert_eq!(used.2.initial_state, fresh.2.initial_state, "{what}");
                assert!(used.1.values().iter().any(|grad| *grad != 0.0), "{what}");
            }
        }
    }
}
