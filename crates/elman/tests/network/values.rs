//! Networks of tanh cells against a plain computation, one sequence and one number at a time.

use elman::network::{InitialState, Pooling, Readout};
use elman::real::Float;
use elman::{ActivationKind, CellKind, Direction, Merge, Network, Residual, SequenceBatch};

use crate::list::{batch, every_network, network};

type Row = Vec<f64>;

fn get(network: &Network<f64>, name: &str) -> Row {
    network.parameters().get(name).unwrap().iter().copied().collect()
}

/// `x·W + b` for W `[x, outputs]`.
fn affine(x: &[f64], weights: &[f64], bias: &[f64]) -> Row {
    let column = |unit: usize| -> f64 {
        x.iter().enumerate().map(|(k, value)| value * weights[k * bias.len() + unit]).sum()
    };
    (0..bias.len()).map(|unit| bias[unit] + column(unit)).collect()
}

/// The inputs of one sequence: numbers, then the rows of its tokens.
fn inputs(network: &Network<f64>, batch: &SequenceBatch<f64>, row: usize) -> Vec<Row> {
    let step = |t: usize| {
        let numbers = (0..batch.input_size()).map(|channel| batch.values()[[row, t, channel]]);
        let mut step: Row = numbers.collect();
        for (index, tokens) in batch.tokens().iter().enumerate() {
            let table = network.parameters().get(&format!("embeddings.{index}.weights")).unwrap();
            let id = tokens.ids()[[row, t]] as usize;
            step.extend((0..table.shape()[1]).map(|column| table[[id, column]]));
        }
        step
    };
    (0..batch.lengths()[row]).map(step).collect()
}

/// The outputs of one direction of a layer, and its last state.
fn direction(
    network: &Network<f64>,
    name: &str,
    backwards: bool,
    inputs: &[Row],
) -> (Vec<Row>, Row) {
    let weights = get(network, &format!("{name}.input_weights"));
    let recurrent = get(network, &format!("{name}.recurrent_weights"));
    let bias = get(network, &format!("{name}.bias"));
    let mut state = match network.config().body.initial_state {
        InitialState::Learned => get(network, &format!("{name}.initial_state")),
        _ => vec![0.0; bias.len()],
    };
    let mut outputs = vec![Row::new(); inputs.len()];
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    if backwards {
        order.reverse();
    }
    for t in order {
        let a = affine(&state, &recurrent, &affine(&inputs[t], &weights, &bias));
        state = a.into_iter().map(Float::tanh).collect();
        outputs[t] = state.clone();
    }
    (outputs, state)
}

fn merged(merge: Merge, sides: &[Row]) -> Row {
    let [one, other] = sides else { return sides[0].clone() };
    let each =
        |join: fn(f64, f64) -> f64| one.iter().zip(other).map(|(a, b)| join(*a, *b)).collect();
    match merge {
        Merge::Concatenate => [one.as_slice(), other].concat(),
        Merge::Sum => each(|a, b| a + b),
        Merge::Mean => each(|a, b| (a + b) / 2.0),
        Merge::Product => each(|a, b| a * b),
    }
}

/// The outputs of the top layer for one sequence, and its last outputs.
fn layers(network: &Network<f64>, mut steps: Vec<Row>) -> (Vec<Row>, Row) {
    let mut last = Row::new();
    for (index, layer) in network.config().body.layers.iter().enumerate() {
        assert!(matches!(layer.cell, CellKind::Simple(_)));
        let sides: Vec<_> = layer
            .directions
            .each()
            .iter()
            .map(|side| match side {
                Direction::Forward => {
                    direction(network, &format!("layers.{index}.forward"), false, &steps)
                }
                Direction::Reverse => {
                    direction(network, &format!("layers.{index}.reverse"), true, &steps)
                }
            })
            .collect();
        let at = |t: usize| sides.iter().map(|(outputs, _)| outputs[t].clone()).collect::<Vec<_>>();
        let mut outputs: Vec<Row> = (0..steps.len()).map(|t| merged(layer.merge, &at(t))).collect();
        let finals: Vec<Row> = sides.iter().map(|(_, last)| last.clone()).collect();
        last = merged(layer.merge, &finals);
        if layer.residual == Residual::Identity && !steps.is_empty() {
            // Each side of the last output ends at its own step.
            let side = finals[0].len();
            for (unit, value) in last.iter_mut().enumerate() {
                let backwards = layer.directions.each()[unit / side] == Direction::Reverse;
                *value += steps[if backwards { 0 } else { steps.len() - 1 }][unit];
            }
            for (output, input) in outputs.iter_mut().zip(&steps) {
                output.iter_mut().zip(input).for_each(|(value, x)| *value += x);
            }
        }
        steps = outputs;
    }
    (steps, last)
}

fn pooled(network: &Network<f64>, pooling: Pooling, steps: &[Row], last: &Row) -> Row {
    let zeros = vec![0.0; last.len()];
    let column = |unit: usize| steps.iter().map(move |step| step[unit]);
    let each = |of: &dyn Fn(usize) -> f64| (0..last.len()).map(of).collect::<Row>();
    match pooling {
        Pooling::LastStep => last.clone(),
        _ if steps.is_empty() => zeros,
        Pooling::FirstStep => steps[0].clone(),
        Pooling::Mean => each(&|unit| column(unit).sum::<f64>() / steps.len() as f64),
        Pooling::Max => each(&|unit| column(unit).fold(f64::NEG_INFINITY, f64::max)),
        Pooling::Attention { size } => {
            let weights = get(network, "readout.attention.weights");
            let vector = get(network, "readout.attention.vector");
            let score = |step: &Row| -> f64 {
                let hidden = affine(step, &weights, &vec![0.0; size]);
                hidden.iter().zip(&vector).map(|(a, v)| Float::tanh(*a) * v).sum()
            };
            let shares: Row = steps.iter().map(|step| Float::exp(score(step))).collect();
            let sum: f64 = shares.iter().sum();
            each(&|unit| column(unit).zip(&shares).map(|(y, share)| y * share / sum).sum())
        }
    }
}

fn head(network: &Network<f64>, mut features: Row) -> Row {
    for (index, layer) in network.config().body.head.hidden.iter().enumerate() {
        let name = format!("head.hidden.{index}");
        let (weights, bias) =
            (get(network, &format!("{name}.weights")), get(network, &format!("{name}.bias")));
        let function = |a: f64| match layer.activation {
            ActivationKind::Tanh => Float::tanh(a),
            ActivationKind::Gelu => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (a + 0.044_715 * a.powi(3));
                0.5 * a * (1.0 + Float::tanh(inner))
            }
            ActivationKind::Sigmoid => 1.0 / (1.0 + Float::exp(-a)),
            other => panic!("{other} is not in the list"),
        };
        features = affine(&features, &weights, &bias).into_iter().map(function).collect();
    }
    affine(&features, &get(network, "head.weights"), &get(network, "head.bias"))
}

#[test]
fn outputs_are_those_of_the_formulas() {
    let mut compared = 0;
    for described in every_network() {
        if described.name == "embedding dropout" {
            continue; // of a gru
        }
        let network = network::<f64>(&described.config);
        let batch = batch(&described.config, f64::NAN);
        let found = network.forward(&batch, None).unwrap().outputs;
        for row in 0..batch.batch_size() {
            let (steps, last) = layers(&network, inputs(&network, &batch, row));
            let features: Vec<Row> = match &described.config.body.readout {
                Readout::EveryStep => steps,
                Readout::Pooled(parts) => {
                    let parts = parts.iter().map(|part| pooled(&network, *part, &steps, &last));
                    vec![parts.collect::<Vec<_>>().concat()]
                }
            };
            for (answer, features) in features.into_iter().enumerate() {
                for (output, expected) in head(&network, features).into_iter().enumerate() {
                    let found = found[[row, answer, output]];
                    let what = format!("{} [{row}, {answer}, {output}]", described.name);
                    assert!((found - expected).abs() < 1e-12, "{what}: {found}, not {expected}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 300, "{compared}");
}
