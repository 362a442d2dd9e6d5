//! Seed 003: softmax over a dense layer on the last state, trained by gradient descent.

use elman::loss::{CrossEntropy, TargetClasses, softmax};
use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
use elman::real::Float;
use elman::{ActivationKind, Dense, Direction, ParameterShape, Parameters, Real, SequenceBatch};
use ndarray::{Array1, Array2, Array3};

use crate::conformance::case::{Case, Stop};
use crate::conformance::computed::Computed;
use crate::conformance::optim::rows;
use crate::conformance::recurrent::{CellChoice, Pass, Weights, activation, named};

/// The parameters under the seed's names.
const NAMES: [&str; 5] = ["w_x", "w_h", "b", "w_out", "b_out"];

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let classifier = Classifier {
        activation: activation(case.text("activation")?)?,
        inputs: case.array("x")?,
        targets: case.array("y_true")?,
    };
    let (rate, epochs) = (case.number("lr")?, case.count("epochs")?);
    case.refuse_unread_options()?;
    let mut parameters = initial::<T>(case)?;
    let mut optimizer = Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), &parameters)?;
    let mut computed = Computed::default();
    let (mut path, mut losses, mut seed_losses) = (vec![parameters.clone()], vec![], vec![]);
    for epoch in 0..epochs {
        let run = classifier.run(&parameters)?;
        losses.push(run.loss);
        seed_losses.push(seed_loss(&run.probabilities, &classifier.targets));
        optimizer.step(rate, &mut parameters, &run.gradient)?;
        path.push(parameters.clone());
        if epoch == 0 {
            put_first(run, &parameters, &mut computed)?;
        }
    }
    let last = classifier.run(&parameters)?;
    computed.put("train.loss", &Array1::from_vec(losses));
    computed.put("train.loss_seed_eps", &Array1::from_vec(seed_losses));
    computed.put_number("train.final_loss", last.loss);
    computed.put("train.final_y_pred", &last.probabilities);
    for name in NAMES {
        computed.put(format!("train.{name}"), &rows(&path, name)?);
    }
    Ok(computed)
}

struct Classifier<T> {
    activation: ActivationKind,
    inputs: Array3<T>,
    targets: Array2<T>,
}

/// One pass over all sequences, forward and backward.
struct Run<T> {
    states: Array3<T>,
    last: Array2<T>,
    logits: Array2<T>,
    probabilities: Array2<T>,
    loss: f64,
    grad_logits: Array2<T>,
    grad_last: Array2<T>,
    grad_inputs: Array3<T>,
    gradient: Parameters<T>,
}

impl<T: Real> Classifier<T> {
    fn run(&self, parameters: &Parameters<T>) -> Result<Run<T>, Stop> {
        let weights = Weights::new(
            named(parameters, "w_x")?,
            named(parameters, "w_h")?,
            named(parameters, "b")?,
        );
        let kind = (CellChoice::simple(self.activation), Direction::Forward);
        let batch = SequenceBatch::full(self.inputs.clone());
        let mut pass = Pass::forward(kind, &weights, batch, None)?;
        let (states, last) = (pass.outputs().to_owned(), pass.final_hidden());

        let dense = Dense::new(last.ncols(), self.targets.ncols())?;
        let mut head = dense.parameters();
        head.set("weights", parameters.get("w_out")?)?;
        head.set("bias", parameters.get("b_out")?)?;
        let prepared = dense.prepare(&head)?;
        let logits = dense.forward(&prepared, last.view())?;

        let [mut probabilities, mut grad_logits] = [(); 2].map(|()| Array2::default(logits.dim()));
        softmax(logits.view(), probabilities.view_mut())?;
        let targets = TargetClasses::from(self.targets.view());
        let loss =
            CrossEntropy::default().gradient(logits.view(), targets, grad_logits.view_mut())?;

        let mut grad_head = head.zeros_like();
        let grad_last =
            dense.backward(&prepared, last.view(), grad_logits.view(), &mut grad_head)?;
        let back = pass.backward(None, Some(vec![grad_last.clone()]))?;
        let mut gradient = parameters.zeros_like();
        gradient.set("w_x", back.weights.input.view())?;
        gradient.set("w_h", back.weights.recurrent.view())?;
        gradient.set("b", back.weights.bias.view())?;
        gradient.set("w_out", grad_head.get("weights")?)?;
        gradient.set("b_out", grad_head.get("bias")?)?;
        Ok(Run {
            states,
            last,
            logits,
            probabilities,
            loss,
            grad_logits,
            grad_last,
            grad_inputs: back.inputs,
            gradient,
        })
    }
}

/// `init.*` in one flat buffer.
fn initial<T: Real>(case: &Case) -> Result<Parameters<T>, Stop> {
    let mut values = Vec::new();
    for name in NAMES {
        values.push((name, case.array::<T, ndarray::IxDyn>(&format!("init.{name}"))?));
    }
    let shapes = values.iter().map(|(name, value)| ParameterShape::new(*name, value.shape()));
    let mut parameters = Parameters::zeros(shapes.collect())?;
    for (name, value) in &values {
        parameters.set(name, value.view())?;
    }
    Ok(parameters)
}

/// Everything at the initial parameters, and the parameters after the first update.
fn put_first<T: Real>(
    run: Run<T>,
    after: &Parameters<T>,
    computed: &mut Computed,
) -> Result<(), Stop> {
    computed.put("hs", &run.states);
    computed.put("h_last", &run.last);
    computed.put("z", &run.logits);
    computed.put("y_pred", &run.probabilities);
    computed.put_number("loss", run.loss);
    computed.put("dL_dz", &run.grad_logits);
    computed.put("dL_dh_last", &run.grad_last);
    computed.put("grad.x", &run.grad_inputs);
    for name in NAMES {
        computed.put(format!("grad.{name}"), &run.gradient.get(name)?);
        computed.put(format!("after.{name}"), &after.get(name)?);
    }
    Ok(())
}

/// The loss that the notebook prints: `-log(p + 1e-7)` of the true class, averaged over the batch.
fn seed_loss<T: Real>(probabilities: &Array2<T>, targets: &Array2<T>) -> f64 {
    let terms = probabilities.iter().zip(targets);
    let sum: f64 = terms.map(|(p, y)| -y.to_f64() * Float::ln(p.to_f64() + 1e-7)).sum();
    sum / probabilities.nrows() as f64
}
