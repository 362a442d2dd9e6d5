//! The first notebook: hand-set weights, a forward pass, back-propagation through time from the
//! last step, and one step of gradient descent on the mean over the batch.
//!
//! ```text
//! cargo run -p elman --example forward_bptt [DECIMALS]
//! ```

#[path = "support/numbers.rs"]
mod numbers;
#[path = "support/reference.rs"]
mod reference;

use std::error::Error;

use elman::layer::ArrivingGradient;
use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
use elman::{ActivationKind, Direction, Layer, Parameters, SequenceBatch, SimpleCell, SimpleState};
use ndarray::{Array2, Array3, Ix1, Ix2, array};

use numbers::Numbers;
use reference::Reference;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = Numbers::from_arguments()?;

    println!("# the notebook's own numbers");
    let layer = simple_layer(2, 4, ActivationKind::Tanh)?;
    let mut parameters = layer.parameters();
    let input_weights = array![[0.01, 0.03, 0.05, 0.07], [0.03, 0.05, 0.07, 0.08]];
    let recurrent_weights = array![
        [0.01, 0.03, 0.05, 0.07],
        [0.02, 0.04, 0.06, 0.08],
        [0.03, 0.05, 0.07, 0.08],
        [0.04, 0.06, 0.08, 0.10],
    ];
    parameters.set("input_weights", input_weights.view())?;
    parameters.set("recurrent_weights", recurrent_weights.view())?;
    // The notebook's [1, 1, 1, 1] is an integer array, to which no gradient can be added.
    parameters.set("bias", array![1.0, 1.0, 1.0, 1.0].view())?;
    let inputs = array![[[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]] / 100.0;
    // What a loss would send back to the last state.
    let grad_last =
        array![[1.374640390800682, -0.5870897262318181, -1.9610969887856586, -1.1187391721433073]];
    let hand_made = Sequences { inputs, initial: Array2::zeros((1, 4)), grad_last };
    run(&numbers, "", &layer, parameters, hand_made, 0.01)?;

    println!("\n# a batch of four through relu");
    let case = Reference::open("000_relu_batch4")?;
    let layer = simple_layer(3, 5, ActivationKind::Relu)?;
    let mut parameters = layer.parameters();
    parameters.set("input_weights", case.get::<Ix2>("Wx")?.view())?;
    parameters.set("recurrent_weights", case.get::<Ix2>("Wh")?.view())?;
    parameters.set("bias", case.get::<Ix1>("b")?.view())?;
    let (inputs, initial, grad_last) = (case.get("x")?, case.get("h0")?, case.get("dh_last")?);
    run(&numbers, "relu ", &layer, parameters, Sequences { inputs, initial, grad_last }, 0.05)
}

fn simple_layer(
    input_size: usize,
    hidden_size: usize,
    activation: ActivationKind,
) -> elman::Result<Layer<SimpleCell<f64>>> {
    Layer::new(SimpleCell::new(input_size, hidden_size, activation)?, Direction::Forward)
}

struct Sequences {
    inputs: Array3<f64>,    // x [B, T, I]
    initial: Array2<f64>,   // h_0 [B, H]
    grad_last: Array2<f64>, // dh_T of each sequence's own loss [B, H]
}

fn run(
    numbers: &Numbers,
    prefix: &str,
    layer: &Layer<SimpleCell<f64>>,
    mut parameters: Parameters<f64>,
    sequences: Sequences,
    learning_rate: f64,
) -> Result<(), Box<dyn Error>> {
    let batch = SequenceBatch::full(sequences.inputs);
    let initial = SimpleState { hidden: sequences.initial };
    let weights = layer.prepare(&parameters)?;
    let mut trace = layer.forward_traced(&weights, &batch, Some(&initial))?;
    numbers.show(&format!("{prefix}states"), trace.outputs());
    numbers.show(&format!("{prefix}h_last"), layer.final_state(&trace).hidden.view());

    // The mean belongs to the loss: dividing what arrives divides every gradient. The notebook
    // divides those of the parameters alone, so that they and dx belong to different losses. And it
    // takes 1 - tanh² for the derivative whatever the activation; the layer takes that of its own.
    let grad_final = SimpleState { hidden: sequences.grad_last / batch.batch_size() as f64 };
    let arriving = ArrivingGradient { outputs: None, final_state: Some(&grad_final) };
    let mut grad = parameters.zeros_like();
    let back = layer.backward(&weights, &batch, &mut trace, arriving, &mut grad)?;
    numbers.show(&format!("{prefix}dx"), back.inputs.view());
    numbers.show(&format!("{prefix}dh_0"), back.initial_state.hidden.view());

    // A gradient is a value of its own, to be looked at, clipped or summed before the step.
    let mut sgd = Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), &parameters)?;
    sgd.step(learning_rate, &mut parameters, &grad)?;
    for (symbol, name) in [("W", "input_weights"), ("U", "recurrent_weights"), ("b", "bias")] {
        numbers.show(&format!("{prefix}d{symbol}"), grad.get(name)?);
        numbers.show(&format!("{prefix}{symbol} after the step"), parameters.get(name)?);
    }
    Ok(())
}
