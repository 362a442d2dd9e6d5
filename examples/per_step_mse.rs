//! The third notebook: one sequence, a target for the hidden state of every step, and the mean
//! squared error.
//!
//! ```text
//! cargo run -p elman --example per_step_mse [DECIMALS]
//! ```

#[path = "support/numbers.rs"]
mod numbers;
#[path = "support/reference.rs"]
mod reference;

use std::error::Error;

use elman::layer::ArrivingGradient;
use elman::loss::{Reduction, RegressionLoss};
use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
use elman::{
    ActivationKind, Direction, Initializer, Layer, Parameters, Rng, SequenceBatch, SimpleCell,
};
use ndarray::{Array3, ArrayView3, Axis, Ix2, arr0};

use numbers::Numbers;
use reference::Reference;

type SimpleLayer = Layer<SimpleCell<f64>>;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = Numbers::from_arguments()?;

    println!("# weights of the reference case");
    let case = Reference::open("002_T9_D2_H7")?;
    let layer = simple_layer(2, 7)?;
    let mut parameters = layer.parameters();
    parameters.set("input_weights", case.get::<Ix2>("Wx")?.view())?;
    parameters.set("recurrent_weights", case.get::<Ix2>("Wh")?.view())?;
    parameters.set("bias", case.get::<Ix2>("bh")?.index_axis(Axis(0), 0))?;
    let batch = SequenceBatch::full(case.get::<Ix2>("x")?.insert_axis(Axis(0)));
    let targets = case.get::<Ix2>("y_true")?.insert_axis(Axis(0));
    let step = gradient(&layer, &parameters, &batch, targets.view())?;
    numbers.show("y_pred", step.predictions.view());
    numbers.show("loss", arr0(step.loss).view());
    numbers.show("dx", step.grad_inputs.view());
    numbers.show("dW", step.grad.get("input_weights")?);
    numbers.show("dU", step.grad.get("recurrent_weights")?);
    numbers.show("db", step.grad.get("bias")?);

    println!("# 32 steps, 50 units, drawn weights");
    let layer = simple_layer(1, 50)?;
    let mut parameters = layer.parameters();
    let mut rng = Rng::new(2);
    // Glorot's normal distribution, of deviation sqrt(2 / (fan_in + fan_out)). The notebook's draws
    // have no seed, so its numbers cannot be had again; these can.
    for name in ["input_weights", "recurrent_weights"] {
        Initializer::GlorotNormal.fill(parameters.get_mut(name)?, 50, &mut rng)?;
        let deviation = parameters.get(name)?.std(0.0);
        numbers.show(&format!("deviation of {name}"), arr0(deviation).view());
    }
    let small = Initializer::ScaledNormal { scale: 0.1 };
    small.fill(parameters.get_mut("bias")?, 50, &mut rng)?;
    let batch = SequenceBatch::full(Array3::from_shape_simple_fn((1, 32, 1), || rng.normal()));
    // A target is compared with a tanh, so only what lies within (-1, 1) can be met.
    let targets = Array3::from_shape_simple_fn((1, 32, 50), || rng.uniform() - 0.5);
    let mut sgd = Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), &parameters)?;
    for step in 0..=100 {
        let now = gradient(&layer, &parameters, &batch, targets.view())?;
        if step % 20 == 0 {
            numbers.show(&format!("step {step}: loss"), arr0(now.loss).view());
        }
        sgd.step(1.0, &mut parameters, &now.grad)?;
    }
    Ok(())
}

fn simple_layer(input_size: usize, hidden_size: usize) -> elman::Result<SimpleLayer> {
    let cell = SimpleCell::new(input_size, hidden_size, ActivationKind::Tanh)?;
    Layer::new(cell, Direction::Forward)
}

/// The loss of the states against their targets, and its gradients.
struct Step {
    predictions: Array3<f64>,
    loss: f64,
    grad: Parameters<f64>,
    grad_inputs: Array3<f64>,
}

fn gradient(
    layer: &SimpleLayer,
    parameters: &Parameters<f64>,
    batch: &SequenceBatch<f64>,
    targets: ArrayView3<'_, f64>,
) -> elman::Result<Step> {
    let weights = layer.prepare(parameters)?;
    let mut trace = layer.forward_traced(&weights, batch, None)?;
    let predictions = trace.outputs().to_owned();
    // The notebook prints the mean over all T·H entries, starts from the derivative of their sum and
    // divides the parameters' gradients by T: three losses. Here one loss gives value and gradient.
    let mut grad_outputs = Array3::zeros(predictions.dim());
    let loss = RegressionLoss::Mse.gradient(
        Reduction::Mean,
        predictions.view(),
        targets,
        grad_outputs.view_mut(),
    )?;
    let arriving = ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: None };
    let mut grad = parameters.zeros_like();
    let back = layer.backward(&weights, batch, &mut trace, arriving, &mut grad)?;
    Ok(Step { predictions, loss, grad, grad_inputs: back.inputs })
}
