//! Health and explanations against closed forms and finite differences.

use ndarray::{Array2, array};

use super::reach::norm;
use super::*;
use crate::cell::{CellKind, SimpleOptions};
use crate::data::{Dataset, Targets};
use crate::layer::Direction;
use crate::model::Model;
use crate::network::{Network, NetworkConfig};
use crate::real::Float;
use crate::rng::Rng;
use crate::stack::LayerConfig;
use crate::task::{Classify, Regress, Task};
use crate::{ActivationKind, data::Standardization};

/// A linear simple cell of two units with the recurrent weights `u`, one number read off the first.
fn linear(u: Array2<f64>) -> Model<f64> {
    let options = SimpleOptions { activation: ActivationKind::Identity, ..SimpleOptions::DEFAULT };
    let mut config = NetworkConfig::new(1, 1);
    config.body.layers = vec![LayerConfig {
        cell: CellKind::Simple(options),
        hidden_size: 2,
        ..LayerConfig::default()
    }];
    let mut network = Network::new(config).unwrap();
    network.update(|parameters| {
        parameters.set("layers.0.forward.recurrent_weights", u.view()).unwrap();
        parameters.set("layers.0.forward.input_weights", array![[1.0, 0.5]].view()).unwrap();
        parameters.set("head.weights", array![[1.0], [0.0]].view()).unwrap();
    });
    let scaling = Standardization::new(vec![0.0], vec![1.0]).unwrap();
    let task = Regress::new(vec!["y".into()], scaling, crate::loss::RegressionLoss::Mse);
    Model::new(network, Task::Regress(task.unwrap()), vec!["x".into()], None).unwrap()
}

fn random(rng: &mut Rng, count: usize, channels: usize) -> Vec<Array2<f64>> {
    (0..count).map(|_| Array2::from_shape_fn((40, channels), |_| rng.normal())).collect()
}

fn data(sequences: &[Array2<f64>], names: &[&str]) -> Dataset {
    let views: Vec<_> = sequences.iter().map(|one| one.view()).collect();
    let names = names.iter().map(ToString::to_string).collect();
    Dataset::from_sequences(&views, names, Targets::None).unwrap()
}

#[test]
fn a_linear_cell_has_the_reach_of_the_powers_of_its_matrix() {
    // Rotation by 0.3 and shrinking to 0.9: every gradient is 0.9^k of its size at lag k.
    let (c, s) = (0.9 * 0.3f64.cos(), 0.9 * 0.3f64.sin());
    let model = linear(array![[c, s], [-s, c]]);
    let health = Health::measure(&model, &data(&random(&mut Rng::new(1), 3, 1), &["x"])).unwrap();
    let side = &health.sides[0];
    for lag in &side.reach.lags {
        let expected = 0.9f64.powi(i32::try_from(lag.lag).unwrap());
        assert!((lag.norm.mean - expected).abs() < 1e-12 * expected.max(1e-3), "{lag:?}");
    }
    assert_eq!(side.reach.longest(), 40);
    assert_eq!(side.reach.lost_after, None); // 0.9^40 = 0.0148
    let exponent = side.lyapunov.unwrap();
    assert!((exponent.mean - Float::ln(0.9f64)).abs() < 1e-12, "{exponent:?}");
    let weights = &side.weights[0];
    assert!((weights.spectral_radius.unwrap() - 0.9).abs() < 1e-9);
    assert!((weights.largest_singular_value - 0.9).abs() < 1e-9);
}

#[test]
fn a_diagonal_cell_loses_and_grows_by_its_eigenvalues() {
    // The output is the first unit: its gradient meets only the first eigenvalue.
    let health = |a: f64, b: f64| {
        let sequences = random(&mut Rng::new(2), 2, 1);
        Health::measure(&linear(array![[a, 0.0], [0.0, b]]), &data(&sequences, &["x"])).unwrap()
    };
    let lost = health(0.5, 1.1);
    // 0.5^6 = 0.0156, 0.5^7 = 0.0078
    assert_eq!(lost.sides[0].reach.lost_after, Some(7));
    assert_eq!(lost.advice[0].rule, Rule::ShortReach);
    // The exponent is that of the largest eigenvalue, whatever the output reads; the start of the
    // vector is gone after a quarter of the steps: (0.5 / 1.1)^10 = 4e-4.
    let exponent = lost.sides[0].lyapunov.unwrap().mean;
    assert!((exponent - Float::ln(1.1f64)).abs() < 1e-5, "{exponent}");
    let grown = health(1.2, 0.1);
    assert_eq!(grown.advice[0].rule, Rule::GrowingGradient);
    assert!((grown.advice[0].number / 1.2f64.powi(40) - 1.0).abs() < 1e-9);
}

/// A network of every usual cell, on two layers in both directions.
fn deep(kind: &CellKind) -> Model<f64> {
    let mut config = NetworkConfig::new(2, 3);
    let layer = |hidden_size| LayerConfig {
        cell: kind.clone(),
        hidden_size,
        directions: crate::stack::Directions::Both,
        ..LayerConfig::default()
    };
    config.body.layers = vec![layer(3), layer(4)];
    let mut network = Network::new(config).unwrap();
    network.initialize(&mut Rng::new(7)).unwrap();
    let labels = ["a", "b", "c"].map(String::from).to_vec();
    let task = Task::Classify(Classify::new("class", labels, vec![1, 1, 1]).unwrap());
    Model::new(network, task, vec!["u".into(), "v".into()], None).unwrap()
}

#[test]
fn relative_norms_are_those_of_central_differences() {
    use super::subject::{Followed, copy_of, walker_of};
    for kind in CellKind::ALL {
        let model = deep(&kind);
        let data = data(&random(&mut Rng::new(3), 1, 2), &["u", "v"]);
        let network = copy_of(model.network()).unwrap();
        let batch = data.batch::<f64>(&[0], None).unwrap();
        let run = network.watch(&batch, |out| Followed::LogOdds.gradient(out)).unwrap();
        for side in &run.sides {
            let walker = walker_of(&network, side).unwrap();
            let mut steps = side.inputs.clone();
            let mut arriving = side.arriving.clone();
            if side.direction == Direction::Reverse {
                steps.invert_axis(ndarray::Axis(0));
                arriving.invert_axis(ndarray::Axis(0));
            }
            let path = walker.follow(steps.view(), &side.initial);
            let last = arriving.row(39).to_vec();
            let rows: Vec<Vec<f64>> = arriving.rows().into_iter().map(|row| row.to_vec()).collect();
            let norms = super::reach::relative_norms(walker.as_ref(), &path, &rows);
            // L is ⟨last, h_40⟩ as a function of the state five steps before.
            let value = |state: &[f64]| {
                let tail = walker.follow(steps.slice_axis(ndarray::Axis(0), (35..).into()), state);
                let hidden = &tail.states[5][..walker.output_size()];
                hidden.iter().zip(&last).map(|(h, g)| h * g).sum::<f64>()
            };
            let state = &path.states[35];
            let gradient: Vec<f64> = (0..state.len())
                .map(|unit| {
                    let moved = |by: f64| {
                        let mut state = state.clone();
                        state[unit] += by;
                        value(&state)
                    };
                    (moved(1e-5) - moved(-1e-5)) / 2e-5
                })
                .collect();
            let expected = norm(&gradient) / norm(&last);
            assert!((norms[5] - expected).abs() < 1e-8 * expected.max(1e-3), "{kind}: {norms:?}");
        }
    }
}

#[test]
fn what_is_watched_is_what_the_network_computes() {
    use super::subject::{Followed, walker_of};
    for kind in CellKind::ALL {
        let model = deep(&kind);
        let data = data(&random(&mut Rng::new(4), 1, 2), &["u", "v"]);
        let batch = data.batch::<f64>(&[0], None).unwrap();
        let network = model.network();
        let run = network.watch(&batch, |out| Followed::LogOdds.gradient(out)).unwrap();
        for side in &run.sides {
            let mut steps = side.inputs.clone();
            let mut outputs = side.outputs.clone();
            if side.direction == Direction::Reverse {
                steps.invert_axis(ndarray::Axis(0));
                outputs.invert_axis(ndarray::Axis(0));
            }
            let walker = walker_of(network, side).unwrap();
            let path = walker.follow(steps.view(), &side.initial);
            for (state, output) in path.states[1..].iter().zip(outputs.rows()) {
                assert_eq!(state[..walker.output_size()], output.to_vec(), "{kind}");
            }
        }
    }
}

#[test]
fn what_arrives_adds_up_to_the_gradient_of_the_initial_state() {
    use super::subject::{Followed, copy_of, walker_of};
    use crate::network::{Pooling, Readout};
    use crate::stack::{Merge, Residual};
    for (merge, pooling) in [
        (Merge::Concatenate, Pooling::LastStep),
        (Merge::Mean, Pooling::LastStep),
        (Merge::Product, Pooling::Mean),
        (Merge::Sum, Pooling::Max),
    ] {
        let mut config = deep(&CellKind::Lstm(Default::default())).network().config().clone();
        config.body.readout = Readout::Pooled(vec![pooling]);
        for layer in &mut config.body.layers {
            (layer.merge, layer.hidden_size) = (merge, 4);
        }
        if merge != Merge::Mean {
            config.body.layers[1].residual = Residual::Identity;
        }
        let mut network = Network::<f64>::new(config).unwrap();
        network.initialize(&mut Rng::new(8)).unwrap();
        let network = copy_of(&network).unwrap();
        let batch = data(&random(&mut Rng::new(9), 1, 2), &["u", "v"]).batch(&[0], None).unwrap();
        let run = network.watch(&batch, |out| Followed::LogOdds.gradient(out)).unwrap();
        let outputs = network.forward(&batch, None).unwrap().outputs;
        let gradient = Followed::LogOdds.gradient(outputs.view());
        let expected = network.input_gradient(&batch, None, gradient.view()).unwrap();
        for (side, expected) in run.sides.iter().zip(&expected.initial_state.layers) {
            let walker = walker_of(&network, side).unwrap();
            let mut order: Vec<usize> = (0..40).collect();
            if side.direction == Direction::Reverse {
                order.reverse();
            }
            let steps = side.inputs.select(ndarray::Axis(0), &order);
            let path = walker.follow(steps.view(), &side.initial);
            let mut grad = vec![0.0; side.initial.len()];
            for (t, &step) in order.iter().enumerate().rev() {
                for (value, arriving) in grad.iter_mut().zip(side.arriving.row(step)) {
                    *value += arriving;
                }
                grad = walker.back(&path, t, &grad);
            }
            for (found, expected) in grad.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{merge:?}: {found} {expected}");
            }
        }
    }
}

#[test]
fn gates_are_those_of_the_equations() {
    // With no recurrent weights and inputs 0 the gates are σ of their bias at every step.
    let at = |kind: CellKind, bias: &[f64]| {
        let mut config = NetworkConfig::new(1, 2);
        config.body.layers =
            vec![LayerConfig { cell: kind, hidden_size: 1, ..LayerConfig::default() }];
        let mut network = Network::<f64>::new(config).unwrap();
        network.update(|parameters| {
            let bias = ndarray::Array1::from(bias.to_vec());
            parameters.set("layers.0.forward.bias", bias.view()).unwrap();
        });
        let labels = vec!["a".into(), "b".into()];
        let task = Task::Classify(Classify::new("class", labels, vec![1, 1]).unwrap());
        let model = Model::new(network, task, vec!["x".into()], None).unwrap();
        let zeros = data(&[Array2::zeros((9, 1))], &["x"]);
        Health::measure(&model, &zeros).unwrap().sides[0].saturation.clone()
    };
    let sigmoid = |a: f64| 1.0 / (1.0 + Float::exp(-a));
    let lstm = at(CellKind::Lstm(Default::default()), &[0.5, 6.0, -6.0, 0.25]);
    let means = [sigmoid(0.5), sigmoid(6.0), sigmoid(-6.0), Float::tanh(0.25f64)];
    for (gate, mean) in lstm.iter().zip(means) {
        assert!((gate.mean - mean).abs() < 1e-12, "{gate:?}");
    }
    let sides: Vec<(f64, f64)> = lstm.iter().map(|gate| (gate.low, gate.high)).collect();
    assert_eq!(sides, [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)]);
    let gru = at(CellKind::Gru(Default::default()), &[6.0, 0.5, -3.0]);
    let means = [sigmoid(6.0), sigmoid(0.5), Float::tanh(-3.0f64)];
    for (gate, mean) in gru.iter().zip(means) {
        assert!((gate.mean - mean).abs() < 1e-12, "{gate:?}");
    }
    assert_eq!((gru[0].high, gru[2].low), (1.0, 1.0));
}

#[test]
fn integrated_gradients_add_up_and_those_of_a_linear_network_are_its_terms() {
    let model = linear(array![[0.5, 0.0], [0.0, 0.2]]);
    let sequences = [array![[1.0], [2.0], [-3.0]]];
    let data = data(&sequences, &["x"]);
    let question = Question { sequence: "0", output: None, step: None };
    let why = Explanation::of(&model, &data, question).unwrap();
    // h_3 = 0.25·1 + 0.5·2 - 3
    let by_lag = [-3.0, 1.0, 0.25];
    for (found, expected) in why.by_lag.iter().zip(by_lag) {
        assert!((found - expected).abs() < 1e-12, "{:?}", why.by_lag);
    }
    assert_eq!(why.hidden.len(), 3);
    assert!((why.value + 1.75).abs() < 1e-12 && why.baseline_value.abs() < 1e-12);
    for (product, integral) in why.gradient_times_input.iter().zip(&why.integrated_gradients) {
        assert!((product[0] - integral[0]).abs() < 1e-12);
    }
}

#[test]
fn integrated_gradients_of_every_cell_are_complete() {
    for kind in CellKind::ALL {
        let model = deep(&kind);
        let data = data(&random(&mut Rng::new(5), 2, 2), &["u", "v"]);
        for output in [None, Some("b")] {
            let why =
                Explanation::of(&model, &data, Question { sequence: "1", output, step: None })
                    .unwrap();
            let sum: f64 = why.integrated_gradients.iter().flatten().sum();
            let difference = why.value - why.baseline_value;
            assert!((sum - difference).abs() <= 1e-4 * difference.abs().max(1.0), "{kind}");
        }
    }
}

#[test]
fn gradient_times_input_is_that_of_central_differences() {
    let model = deep(&CellKind::Gru(Default::default()));
    let sequences = random(&mut Rng::new(6), 1, 2);
    let question = Question { sequence: "0", output: Some("c"), step: None };
    let why = Explanation::of(&model, &data(&sequences, &["u", "v"]), question).unwrap();
    let value = |by: f64| {
        let mut moved = sequences.clone();
        moved[0][[17, 1]] += by;
        Explanation::of(&model, &data(&moved, &["u", "v"]), question).unwrap().value
    };
    let expected = sequences[0][[17, 1]] * (value(1e-5) - value(-1e-5)) / 2e-5;
    assert!((why.gradient_times_input[17][1] - expected).abs() < 1e-9);
}

#[test]
fn questions_without_an_answer_are_refused() {
    let model = deep(&CellKind::Lstm(Default::default()));
    let data = data(&[Array2::zeros((3, 2)), Array2::zeros((0, 2))], &["u", "v"]);
    let ask = |sequence, output| {
        let question = Question { sequence, output, step: None };
        Explanation::of(&model, &data, question).unwrap_err().to_string()
    };
    let unknown = ask("7", None);
    assert!(unknown.starts_with("sequence: expected the id of a sequence"), "{unknown}");
    assert_eq!(ask("1", None), "sequence \"1\": expected at least one step, got none");
    let class = ask("0", Some("aa"));
    let expected = "output: expected a class or target of the model (nearest: \"a\"), got \"aa\"";
    assert_eq!(class, expected);
    let empty = Health::measure(&model, &data.subset(&[1]).unwrap()).unwrap_err();
    assert_eq!(empty.to_string(), "data: expected a sequence with a step, got none");
}

#[test]
fn a_large_sample_is_bounded_and_says_so() {
    let model = linear(array![[0.5, 0.0], [0.0, 0.2]]);
    let sequences: Vec<Array2<f64>> = (0..5000).map(|_| Array2::ones((3, 1))).collect();
    let health = Health::measure(&model, &data(&sequences, &["x"])).unwrap();
    assert_eq!((health.sample.sequences, health.sample.of), (48, 5000));
}

#[test]
fn tokens_and_answers_at_every_step_are_explained() {
    use std::sync::Arc;

    use crate::data::{Each, TokenChannel, Vocabulary};
    use crate::model::ModelInputs;
    use crate::network::TokenInput;
    let words = Arc::new(Vocabulary::of(["a", "b"], 1));
    let ids = ["a", "b", "b", "a", "a"].map(|word| words.id(word)).to_vec();
    let channel = TokenChannel::new("word", Arc::clone(&words), ids).unwrap();
    let data = Dataset::from_tokens(&[2, 3], vec![channel], Targets::None).unwrap();
    let tokens = TokenInput::new(words.len(), 4);
    let config = Network::builder(0).tokens(tokens).lstm(5).bidirectional().every_step().dense(2);
    let mut network = Network::<f64>::new(config).unwrap();
    network.initialize(&mut Rng::new(3)).unwrap();
    let labels = vec!["x".into(), "y".into()];
    let task = Classify::new("tag", labels, vec![1, 1]).unwrap().with_each(Each::Step);
    let model = Model::with_inputs(network, Task::Classify(task), ModelInputs::of(&data)).unwrap();
    let health = Health::measure(&model, &data).unwrap();
    assert_eq!((health.sides.len(), health.sample.steps), (2, 5));
    let ask = |step| {
        let question = Question { sequence: "1", output: Some("y"), step };
        Explanation::of(&model, &data, question)
    };
    let why = ask(Some(1)).unwrap();
    assert_eq!(
        (why.step, &why.channels[..], &why.tokens[0][..]),
        (Some(1), &["word".to_owned()][..], &["b".to_owned(), "a".to_owned(), "a".to_owned()][..])
    );
    let batch = data.batch::<f64>(&[1], None).unwrap();
    let outputs = model.network().forward(&batch, None).unwrap().outputs;
    assert!((why.value - outputs[[0, 1, 1]]).abs() < 1e-12);
    let sum: f64 = why.integrated_gradients.iter().flatten().sum();
    assert!((sum - (why.value - why.baseline_value)).abs() < 1e-4);
    assert_eq!(ask(None).unwrap().step, Some(2));
    assert_eq!(ask(Some(3)).unwrap_err().to_string(), "step: expected below 3 (steps), got 3");
}
