//! How parameters start.

use elman::network::{InitialState, Initialization};
use elman::{ActivationKind, Initializer, LayerConfig, Network, NetworkConfig, Rng};
use ndarray::{Array2, Axis, Ix2, Slice};

fn started(config: NetworkConfig) -> Network<f64> {
    let mut network = Network::new(config).unwrap();
    network.initialize(&mut Rng::new(5)).unwrap();
    network
}

/// What PyTorch does, in the order of the parameters, as every version of Elman has drawn it.
#[test]
fn the_default_draws_every_number_from_its_bound_in_the_order_of_the_buffer() {
    let config = Network::builder(3).gru(4).bidirectional().lstm(5).mean().dense(2);
    let network = started(config);
    let mut rng = Rng::new(5);
    for shape in network.parameters().shapes() {
        let fans = match shape.name.split('.').collect::<Vec<_>>()[..] {
            ["layers", "0", ..] => 4.0f64,
            _ => 5.0, // of the second layer, and of the head above it
        };
        for value in network.parameters().get(&shape.name).unwrap() {
            let expected = (2.0 * rng.uniform() - 1.0) * (1.0 / fans.sqrt());
            assert!((value - expected).abs() < 1e-300, "{}", shape.name);
        }
    }
}

#[test]
fn hidden_layers_of_the_head_and_attention_start_within_their_own_bounds() {
    let config = Network::builder(3).gru(9).mean().attention(16).hidden(25, ActivationKind::Relu);
    let network = started(config.initial_state(InitialState::Learned).dense(200));
    let largest = |name: &str| {
        let values = network.parameters().get(name).unwrap();
        values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()))
    };
    for (name, inputs) in [
        ("readout.attention.weights", 9.0f64),
        ("readout.attention.vector", 16.0),
        ("head.hidden.0.weights", 18.0),
        ("head.weights", 25.0),
        ("head.bias", 25.0),
    ] {
        let bound = 1.0 / inputs.sqrt();
        assert!(largest(name) <= bound && largest(name) > 0.8 * bound, "{name}: {}", largest(name));
    }
    assert!(largest("layers.0.forward.initial_state") <= 0.0);
}

fn matrix(network: &Network<f64>, name: &str) -> Array2<f64> {
    network.parameters().get(name).unwrap().into_dimensionality::<Ix2>().unwrap().to_owned()
}

#[test]
fn orthogonal_weights_are_orthogonal_gate_by_gate() {
    let orthogonal = Initializer::Orthogonal { gain: 1.0 };
    let initialization = Initialization { recurrent_weights: orthogonal, ..Default::default() };
    let config = Network::builder(3).lstm(6).initialization(initialization).dense(1);
    let weights = matrix(&started(config), "layers.0.forward.recurrent_weights");
    for gate in 0..4 {
        let gate = weights.slice_axis(Axis(1), Slice::from(gate * 6..gate * 6 + 6));
        let product = gate.t().dot(&gate);
        for ((row, column), value) in product.indexed_iter() {
            let expected = if row == column { 1.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-12, "{row} {column}: {value}");
        }
    }
}

#[test]
fn fans_are_those_of_one_gate() {
    let glorot = Initializer::GlorotUniform;
    let initialization = Initialization { input_weights: glorot, ..Default::default() };
    let config = Network::builder(30).gru(20).initialization(initialization).dense(1);
    let weights = matrix(&started(config), "layers.0.forward.input_weights");
    let largest = weights.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let bound = (6.0f64 / 50.0).sqrt();
    assert!(largest <= bound && largest > 0.95 * bound, "{largest} {bound}");
}

#[test]
fn every_name_makes_other_numbers_of_its_own_parameters_alone() {
    let names = [
        Initializer::GlorotUniform,
        Initializer::HeUniform,
        Initializer::Orthogonal { gain: 1.0 },
        Initializer::ScaledNormal { scale: 0.05 },
        Initializer::Zeros,
    ];
    let draw = |initialization| {
        let config = Network::builder(3).gru(4).initialization(initialization).dense(1);
        started(config)
    };
    let plain = draw(Initialization::default());
    let set = |init: &mut Initialization, part: &str, name| match part {
        "input_weights" => init.input_weights = name,
        "recurrent_weights" => init.recurrent_weights = name,
        _ => init.bias = name,
    };
    for part in ["input_weights", "recurrent_weights", "bias"] {
        let fits = names.iter().filter(|name| part != "bias" || !name.needs_matrix());
        let mut seen = vec![plain.parameters().get(&format!("layers.0.forward.{part}")).unwrap()];
        let networks: Vec<Network<f64>> = fits
            .map(|name| {
                let mut initialization = Initialization::default();
                set(&mut initialization, part, *name);
                draw(initialization)
            })
            .collect();
        assert!(networks.len() >= 2);
        for network in &networks {
            let own = network.parameters().get(&format!("layers.0.forward.{part}")).unwrap();
            assert!(!seen.contains(&own), "{part}");
            seen.push(own);
        }
    }
}

#[test]
fn the_forget_bias_is_added_to_the_forget_gates_alone() {
    let config = |forget_bias| {
        let initialization = Initialization { forget_bias, ..Default::default() };
        let below = Network::builder(3).gru(4).lstm(5).initialization(initialization);
        below.dense(2)
    };
    let (plain, shifted) = (started(config(None)), started(config(Some(1.5))));
    let gates = plain.parameters().range_of("layers.1.forward.bias").unwrap().start;
    let pairs = plain.parameters().values().iter().zip(shifted.parameters().values());
    for (index, (plain, shifted)) in pairs.enumerate() {
        let expected = if (gates + 5..gates + 10).contains(&index) { plain + 1.5 } else { *plain };
        assert!((shifted - expected).abs() < 1e-300, "{index}");
    }
    // Training asks for 1, unless it is told otherwise.
    let options = elman::NetworkOptions::lstm(5).options();
    assert_eq!(options.config(3, 2).body.initialization.forget_bias, Some(1.0));
    let mut given = options;
    given.initialization.forget_bias = Some(0.0);
    assert_eq!(given.config(3, 2).body.initialization.forget_bias, Some(0.0));
    let simple = elman::NetworkOptions { layers: vec![LayerConfig::gru(4)], ..Default::default() };
    assert_eq!(simple.config(3, 2).body.initialization.forget_bias, None);
}
