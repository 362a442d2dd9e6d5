//! Back-propagation against central differences, in f64, on the cases where it goes wrong first.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use elman::gradient_check::GradientCheck;
use elman::{
    Activation, ActivationKind, Cell, CellKind, CustomActivation, Direction, Directions,
    GruActivations, GruCell, Layer, LstmActivations, LstmCell, Network, NetworkConfig, Pooling,
    ResetPlacement, Rng, SequenceBatch, SimpleCell,
};
use ndarray::Array3;

fn ragged(
    rng: &mut Rng,
    lengths: &[usize],
    seq_len: usize,
    input_size: usize,
) -> SequenceBatch<f64> {
    let mut values =
        Array3::from_shape_simple_fn((lengths.len(), seq_len, input_size), || rng.normal());
    for (row, &length) in lengths.iter().enumerate() {
        // Padding that would be noticed, were it read.
        values
            .index_axis_mut(ndarray::Axis(0), row)
            .slice_axis_mut(ndarray::Axis(0), (length..).into())
            .fill(7.5);
    }
    SequenceBatch::with_lengths(values, lengths.to_vec()).unwrap()
}

fn activations() -> Vec<(&'static str, Activation<f64>)> {
    let mut all: Vec<_> = ["tanh", "relu", "sigmoid", "hard-sigmoid", "identity"]
        .into_iter()
        .zip(ActivationKind::ALL.map(Activation::from))
        .collect();
    all.push((
        "softsign",
        Activation::Custom(CustomActivation {
            function: |a: f64| a / (1.0 + a.abs()),
            derivative: |a: f64| 1.0 / (1.0 + a.abs()).powi(2),
        }),
    ));
    all
}

#[test]
fn layers_of_every_activation_and_direction_agree_with_central_differences() {
    for (name, activation) in activations() {
        for direction in [Direction::Forward, Direction::Reverse] {
            let mut rng = Rng::new(3);
            let layer = Layer::new(SimpleCell::new(3, 5, activation).unwrap(), direction).unwrap();
            let mut parameters = layer.parameters();
            parameters.values_mut().iter_mut().for_each(|value| *value = 0.4 * rng.normal());
            let batch = ragged(&mut rng, &[4, 0, 7, 1, 6], 7, 3);
            let report = GradientCheck::default().layer(&layer, &parameters, &batch).unwrap();
            assert!(report.agrees(), "{name} {direction:?}: {report}");
            assert_eq!(report.compared, 5 * 7 * 3 + 5 * 5 + 3 * 5 + 5 * 5 + 5);
        }
    }
}

/// Checks a cell of 3 inputs and 5 units in both directions; `count` elements are compared.
fn check<C: Cell<f64> + Clone>(what: &str, cell: &C, count: usize) {
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut rng = Rng::new(3);
        let layer = Layer::new(cell.clone(), direction).unwrap();
        let mut parameters = layer.parameters();
        parameters.values_mut().iter_mut().for_each(|value| *value = 0.4 * rng.normal());
        let batch = ragged(&mut rng, &[4, 0, 7, 1, 6], 7, 3);
        let report = GradientCheck::default().layer(&layer, &parameters, &batch).unwrap();
        assert!(report.agrees(), "{what} {direction:?}: {report}");
        assert_eq!(report.compared, count, "{what}");
    }
}

#[test]
fn lstm_layers_agree_with_central_differences() {
    let count = 5 * 7 * 3 + 2 * 5 * 5 + 3 * 20 + 5 * 20 + 20;
    check("standard", &LstmCell::new(3, 5).unwrap(), count);
    for kind in ActivationKind::ALL {
        let standard = LstmActivations::default();
        for activations in [
            LstmActivations { gate: kind, ..standard },
            LstmActivations { candidate: kind, ..standard },
            LstmActivations { output: kind, ..standard },
        ] {
            let cell = LstmCell::with_activations(3, 5, activations).unwrap();
            check(&format!("{activations:?}"), &cell, count);
        }
    }
}

#[test]
fn gru_layers_agree_with_central_differences() {
    let count = 5 * 7 * 3 + 5 * 5 + 3 * 15 + 5 * 15 + 15;
    for (reset, count) in [(ResetPlacement::After, count + 5), (ResetPlacement::Before, count)] {
        check(&format!("{reset:?}"), &GruCell::new(3, 5, reset).unwrap(), count);
        let standard = GruActivations::default();
        let with = |activations| GruCell::with_activations(3, 5, reset, activations).unwrap();
        for kind in ActivationKind::ALL {
            let cell = with(GruActivations { candidate: kind, ..standard });
            check(&format!("{reset:?} candidate {kind}"), &cell, count);
        }
        // A gate without bounds multiplies the state by large numbers step after step.
        for kind in [ActivationKind::Tanh, ActivationKind::HardSigmoid] {
            let cell = with(GruActivations { gate: kind, ..standard });
            check(&format!("{reset:?} gate {kind}"), &cell, count);
        }
    }
}

#[test]
fn networks_of_every_cell_agree_with_central_differences() {
    let resets = [ResetPlacement::After, ResetPlacement::Before];
    let cells = resets.map(|reset| CellKind::Gru { reset }).into_iter().chain([CellKind::Lstm]);
    for cell in cells {
        for pooling in [Pooling::LastStep, Pooling::MeanOverTime, Pooling::EveryStep] {
            let mut rng = Rng::new(11);
            let mut network = Network::new(NetworkConfig {
                cell: cell.clone(),
                hidden_size: 4,
                layers: 2,
                directions: Directions::Both,
                pooling,
                ..NetworkConfig::new(3, 2)
            })
            .unwrap();
            network.initialize(&mut rng).unwrap();
            let batch = ragged(&mut rng, &[5, 2, 0, 6], 6, 3);
            let report = GradientCheck::default().network(&mut network, &batch).unwrap();
            assert!(report.agrees(), "{cell:?} {pooling:?}: {report}");
        }
    }
}

#[test]
fn networks_of_every_pooling_and_direction_agree_with_central_differences() {
    for pooling in [Pooling::LastStep, Pooling::MeanOverTime, Pooling::EveryStep] {
        for directions in [Directions::Forward, Directions::Reverse, Directions::Both] {
            let mut rng = Rng::new(11);
            let mut network = Network::new(NetworkConfig {
                cell: CellKind::Simple { activation: ActivationKind::Tanh },
                hidden_size: 4,
                layers: 2,
                directions,
                pooling,
                dropout: 0.3,
                ..NetworkConfig::new(3, 2)
            })
            .unwrap();
            network.initialize(&mut rng).unwrap();
            let before = network.parameters().clone();
            let batch = ragged(&mut rng, &[5, 2, 0, 6], 6, 3);
            let report = GradientCheck::default().network(&mut network, &batch).unwrap();
            assert!(report.agrees(), "{pooling:?} {directions:?}: {report}");
            assert_eq!(network.parameters(), &before);
        }
    }
}

#[test]
fn a_wrong_derivative_is_found_and_located() {
    let wrong =
        Activation::Custom(CustomActivation { function: |a: f64| a * a, derivative: |a| a });
    let layer = Layer::new(SimpleCell::new(2, 3, wrong).unwrap(), Direction::Forward).unwrap();
    let mut rng = Rng::new(5);
    let mut parameters = layer.parameters();
    parameters.values_mut().iter_mut().for_each(|value| *value = 0.3 * rng.normal());
    let batch = ragged(&mut rng, &[3, 2], 3, 2);
    let report = GradientCheck::default().layer(&layer, &parameters, &batch).unwrap();
    assert!(!report.agrees());
    assert!(report.disagreements.iter().any(|d| d.array == "recurrent_weights"), "{report}");
}

#[test]
fn what_belongs_to_another_layer_or_network_is_refused() {
    use elman::layer::{ArrivingGradient, Trace};
    use elman::{Cell, DropoutMode, GruCell, LstmCell, NetworkTrace, ResetPlacement};
    fn refused<C: Cell<f64>>(layer: &Layer<C>, other: &Layer<C>) {
        let batch = SequenceBatch::full(Array3::zeros((2, 3, layer.cell().input_size())));
        let strange = other.prepare(&other.parameters()).unwrap();
        assert!(layer.forward(&strange, &batch, None).is_err());
    }
    let simple = |i, h| {
        let cell = SimpleCell::<f64>::new(i, h, ActivationKind::Tanh).unwrap();
        Layer::new(cell, Direction::Forward).unwrap()
    };
    let lstm = |i, h| Layer::new(LstmCell::<f64>::new(i, h).unwrap(), Direction::Forward).unwrap();
    let gru = |i, h, reset| {
        Layer::new(GruCell::<f64>::new(i, h, reset).unwrap(), Direction::Forward).unwrap()
    };
    refused(&simple(2, 3), &simple(2, 4));
    refused(&simple(2, 3), &simple(3, 3));
    refused(&lstm(2, 3), &lstm(2, 4));
    refused(&gru(2, 3, ResetPlacement::After), &gru(2, 3, ResetPlacement::Before));

    let (layer, other) = (simple(2, 3), lstm(2, 3));
    let batch = SequenceBatch::full(Array3::zeros((2, 3, 2)));
    let mut trace = Trace::default();
    let weights = layer.prepare(&layer.parameters()).unwrap();
    layer.forward_traced_into(&weights, &batch, None, &mut trace).unwrap();
    let strange = other.prepare(&other.parameters()).unwrap();
    let arriving = ArrivingGradient { outputs: None, final_state: None };
    let mut grad = other.parameters();
    assert!(other.backward(&strange, &batch, &mut trace, arriving, &mut grad).is_err());

    let network = |layers, cell| {
        let config = NetworkConfig { layers, cell, hidden_size: 4, ..NetworkConfig::new(2, 3) };
        Network::<f64>::new(config).unwrap()
    };
    let tanh = CellKind::Simple { activation: ActivationKind::Tanh };
    let made = network(1, tanh.clone());
    for other in [network(2, tanh), network(1, CellKind::Lstm)] {
        let mut trace = NetworkTrace::default();
        made.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
        let (ones, mut grad) = (Array3::ones((2, 1, 3)), other.parameters().zeros_like());
        assert!(other.backward(&batch, &mut trace, ones.view(), &mut grad).is_err());
    }
    assert!(elman::Dense::new(usize::MAX, 2).is_err());
    assert!(
        SimpleCell::<f64>::new(1, usize::MAX / 2, ActivationKind::Tanh)
            .and_then(|cell| Layer::new(cell, Direction::Forward))
            .is_err()
    );
}
