//! The fourth notebook: a softmax classifier on the last state, 20 epochs of gradient descent on the
//! whole batch, the loss printed each epoch.
//!
//! ```text
//! cargo run -p elman --example softmax_classifier [DECIMALS]
//! ```

#[path = "support/numbers.rs"]
mod numbers;
#[path = "support/reference.rs"]
mod reference;

use std::error::Error;

use elman::loss::{CrossEntropy, TargetClasses, softmax};
use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
use elman::{DropoutMode, Network, NetworkTrace, SequenceBatch};
use ndarray::{Array2, Axis, IxDyn, arr0};

use numbers::Numbers;
use reference::Reference;

const LEARNING_RATE: f64 = 0.1;
/// The parameters by the names of the network and of the reference case.
const NAMES: [(&str, &str); 5] = [
    ("layers.0.forward.input_weights", "w_x"),
    ("layers.0.forward.recurrent_weights", "w_h"),
    ("layers.0.forward.bias", "b"),
    ("head.weights", "w_out"),
    ("head.bias", "b_out"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let numbers = Numbers::from_arguments()?;
    // On the notebook's inputs, of size 0.01, the loss stays at ln 2 = 0.6931: it shows nothing.
    train(&numbers, "003_train20")?;
    train(&numbers, "003_train20_batch6")
}

fn train(numbers: &Numbers, case_name: &str) -> Result<(), Box<dyn Error>> {
    println!("# {case_name}");
    let case = Reference::open(case_name)?;
    let batch = SequenceBatch::<f64>::full(case.get("x")?);
    let one_hot: Array2<f64> = case.get("y_true")?;
    let targets = TargetClasses::from(one_hot.view());
    // One layer of tanh units, and a head that reads the last state, is the default.
    let hidden_size = case.get::<IxDyn>("init.b")?.len();
    let config = Network::builder(batch.input_size()).simple(hidden_size).dense(one_hot.ncols());
    let mut network = Network::new(config)?;
    for (name, short) in NAMES {
        let start = case.get::<IxDyn>(&format!("init.{short}"))?;
        network.update(|parameters| parameters.set(name, start.view()))?;
    }
    let mut sgd = Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), network.parameters())?;
    let mut trace = NetworkTrace::default();
    for epoch in 0..20 {
        network.forward_traced(&batch, None, DropoutMode::Off, &mut trace)?;
        let logits = trace.outputs().index_axis_move(Axis(1), 0).to_owned();
        // The notebook prints -ln(p + 1e-7) and descends on -ln p. CrossEntropy gives the value and
        // the gradient (p - y)/N of the same function, and the mean over the batch is taken here
        // and nowhere else.
        let mut grad_logits = Array2::zeros(logits.dim());
        let loss =
            CrossEntropy::default().gradient(logits.view(), targets, grad_logits.view_mut())?;
        numbers.show(&format!("{case_name} epoch {epoch}: loss"), arr0(loss).view());
        // All gradients before any update: dL/dh needs the head's weights as they were.
        let mut grad = network.parameters().zeros_like();
        let grad_outputs = grad_logits.insert_axis(Axis(1));
        network.backward(&batch, &mut trace, grad_outputs.view(), &mut grad)?;
        network.update(|parameters| sgd.step(LEARNING_RATE, parameters, &grad))?;
    }
    let logits = network.forward(&batch, None)?.outputs.index_axis_move(Axis(1), 0);
    let loss = CrossEntropy::default().value(logits.view(), targets)?;
    numbers.show(&format!("{case_name} in the end: loss"), arr0(loss).view());
    let mut probabilities = Array2::zeros(logits.dim());
    softmax(logits.view(), probabilities.view_mut())?;
    numbers.show(&format!("{case_name} p"), probabilities.view());
    for (name, short) in NAMES {
        numbers.show(&format!("{case_name} {short}"), network.parameters().get(name)?);
    }
    Ok(())
}
