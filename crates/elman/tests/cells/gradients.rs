//! Back-propagation against central differences, in f64, on the cases where it goes wrong first.

use elman::cell::{CellKind, CellVisitor, GruOptions, LstmOptions, ResetPlacement, SimpleOptions};
use elman::gradient_check::GradientCheck;
use elman::{
    Activation, ActivationKind, Cell, CellSizes, CustomActivation, Direction, Directions,
    GruActivations, GruCell, Layer, LayerConfig, LstmActivations, LstmCell, Network, Pooling,
    Readout, Rng, SequenceBatch, SimpleCell,
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

/// Checks a cell of 3 inputs and 5 units in both directions.
fn check<C: Cell<f64> + Clone>(what: &str, make: &dyn Fn(CellSizes) -> C) {
    let cell = make(CellSizes { input_size: 3, hidden_size: 5 });
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut rng = Rng::new(3);
        let layer = Layer::new(cell.clone(), direction).unwrap();
        let mut parameters = layer.parameters();
        parameters.values_mut().iter_mut().for_each(|value| *value = 0.4 * rng.normal());
        let batch = ragged(&mut rng, &[4, 0, 7, 1, 6], 7, 3);
        let report = GradientCheck::default().layer(&layer, &parameters, &batch).unwrap();
        assert!(report.agrees(), "{what} {direction:?}: {report}");
        let count = 5 * 7 * 3 + 5 * cell.state_size() + parameters.values().len();
        assert_eq!(report.compared, count, "{what}");
    }
}

#[test]
fn layers_of_every_cell_and_direction_agree_with_central_differences() {
    for_every_cell!(f64, check);
}

/// Checks one kind, for settings that need no other suite.
struct Check<'a>(&'a str);

impl CellVisitor<f64> for Check<'_> {
    type Output = ();

    fn visit<C: Cell<f64> + Clone>(self, make: impl Fn(CellSizes) -> elman::Result<C>) {
        check(self.0, &|sizes| make(sizes).unwrap());
    }
}

fn check_kind(kind: &CellKind) {
    kind.visit(Check(&format!("{kind:?}"))).unwrap();
}

#[test]
fn every_activation_in_every_place_agrees_with_central_differences() {
    for kind in ActivationKind::ALL {
        let usual = LstmActivations::default();
        for activations in [
            LstmActivations { gate: kind, ..usual },
            LstmActivations { candidate: kind, ..usual },
            LstmActivations { output: kind, ..usual },
        ] {
            check_kind(&CellKind::Lstm(LstmOptions { activations, ..LstmOptions::DEFAULT }));
        }
        for reset in [ResetPlacement::After, ResetPlacement::Before] {
            let usual = GruActivations::default();
            let candidate = GruActivations { candidate: kind, ..usual };
            check_kind(&CellKind::Gru(GruOptions {
                reset,
                activations: candidate,
                ..GruOptions::DEFAULT
            }));
            // A gate beyond ±1 multiplies the state by large numbers step after step.
            let bounded = matches!(
                kind,
                ActivationKind::Tanh
                    | ActivationKind::Sigmoid
                    | ActivationKind::HardSigmoid
                    | ActivationKind::Softsign
                    | ActivationKind::ScaledHardSigmoid { .. }
            );
            if bounded {
                let activations = GruActivations { gate: kind, ..usual };
                check_kind(&CellKind::Gru(GruOptions {
                    reset,
                    activations,
                    ..GruOptions::DEFAULT
                }));
            }
        }
    }
}

fn readouts() -> [Readout; 3] {
    [Pooling::LastStep.into(), Pooling::Mean.into(), Readout::EveryStep]
}

#[test]
fn networks_of_every_cell_agree_with_central_differences() {
    let before = GruOptions { reset: ResetPlacement::Before, ..GruOptions::DEFAULT };
    for cell in CellKind::ALL.into_iter().chain([CellKind::Gru(before)]) {
        for readout in readouts() {
            let mut rng = Rng::new(11);
            let layer =
                LayerConfig { directions: Directions::Both, ..LayerConfig::new(cell.clone(), 4) };
            let mut config = Network::builder(3).layer(layer.clone()).layer(layer).dense(2);
            config.body.readout = readout.clone();
            let mut network = Network::new(config).unwrap();
            network.initialize(&mut rng).unwrap();
            let batch = ragged(&mut rng, &[5, 2, 0, 6], 6, 3);
            let report = GradientCheck::default().network(&mut network, &batch).unwrap();
            assert!(report.agrees(), "{cell:?} {readout:?}: {report}");
        }
    }
}

#[test]
fn networks_of_every_pooling_and_direction_agree_with_central_differences() {
    for readout in readouts() {
        for directions in [Directions::Forward, Directions::Reverse, Directions::Both] {
            let mut rng = Rng::new(11);
            let layer = LayerConfig { directions, ..LayerConfig::simple(4) };
            let config = Network::builder(3).layer(layer.clone()).layer(layer).head_dropout(0.3);
            let mut config = config.dense(2);
            config.body.readout = readout.clone();
            let mut network = Network::new(config).unwrap();
            network.initialize(&mut rng).unwrap();
            let before = network.parameters().clone();
            let batch = ragged(&mut rng, &[5, 2, 0, 6], 6, 3);
            let report = GradientCheck::default().network(&mut network, &batch).unwrap();
            assert!(report.agrees(), "{readout:?} {directions:?}: {report}");
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
    use elman::{DropoutMode, NetworkTrace};
    let simple = |i, h| {
        let cell = SimpleCell::<f64>::new(i, h, ActivationKind::Tanh).unwrap();
        Layer::new(cell, Direction::Forward).unwrap()
    };
    let lstm = |i, h| Layer::new(LstmCell::<f64>::new(i, h).unwrap(), Direction::Forward).unwrap();
    let gru =
        |reset| Layer::new(GruCell::<f64>::new(2, 3, reset).unwrap(), Direction::Forward).unwrap();
    // Of the same sizes, with a parameter more.
    let (after, before) = (gru(ResetPlacement::After), gru(ResetPlacement::Before));
    let strange = before.prepare(&before.parameters()).unwrap();
    assert!(after.forward(&strange, &SequenceBatch::full(Array3::zeros((2, 3, 2))), None).is_err());

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
        let mut config = Network::builder(2).layer(LayerConfig::new(cell, 4)).dense(3);
        config.body.layers.resize(layers, config.body.layers[0].clone());
        Network::<f64>::new(config).unwrap()
    };
    let tanh = CellKind::Simple(SimpleOptions::DEFAULT);
    let made = network(1, tanh.clone());
    for other in [network(2, tanh), network(1, CellKind::Lstm(LstmOptions::DEFAULT))] {
        let mut trace = NetworkTrace::default();
        made.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
        let (ones, mut grad) = (Array3::ones((2, 1, 3)), other.parameters().zeros_like());
        assert!(other.backward(&batch, &mut trace, ones.view(), &mut grad).is_err());
    }
    assert!(elman::Dense::new(usize::MAX, 2).is_err());
}
