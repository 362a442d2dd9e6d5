//! Five notebooks that write a recurrent network by hand, computed with the library.
//!
//! Their layout is the library's own. Where a notebook divides a gradient by the number of sequences
//! or of steps, the division is done here: the library's gradients are sums.

mod classifier;

use elman::cell::step;
use elman::loss::{Reduction, RegressionLoss};
use elman::optimizer::{Optimizer, OptimizerConfig, Sgd};
use elman::{ActivationKind, Direction, Parameters, Real, SequenceBatch, SimpleCell, SimpleState};
use ndarray::{Array2, Array3, ArrayD, Axis};

use super::case::{Case, Stop};
use super::computed::Computed;
use super::recurrent::{CellChoice, Gradient, Pass, Weights, activation};

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    match (case.text("cell")?, case.count("layers")?) {
        ("rnn", 1) => {}
        (cell, layers) => return Err(Stop::unsupported(format!("cell {cell}, {layers} layers"))),
    }
    // Seed 002 has no batch axis, the others have it first.
    case.option("batch_first");
    match case.text("seed")? {
        "000" => last_step::<T>(case),
        "001" => blocks::<T>(case),
        "002" => every_step::<T>(case),
        "003" => classifier::run::<T>(case),
        "004" => half_square::<T>(case),
        other => Err(Stop::unsupported(format!("seed {other}"))),
    }
}

/// What all but the classifier are made of.
struct Setting<T> {
    activation: ActivationKind,
    weights: Weights<T>,
    rate: f64,
}

impl<T: Real> Setting<T> {
    fn read(case: &Case) -> Result<Self, Stop> {
        let bias: ArrayD<T> = case.array(if case.has("bh") { "bh" } else { "b" })?;
        let weights =
            Weights::new(case.array("Wx")?, case.array("Wh")?, bias.iter().copied().collect());
        let setting = Setting {
            activation: activation(case.text("activation")?)?,
            weights,
            rate: case.number("lr")?,
        };
        Ok(setting)
    }

    fn forward(&self, inputs: &Array3<T>, initial: &Array2<T>) -> Result<Pass<T>, Stop> {
        let batch = SequenceBatch::full(inputs.clone());
        let kind = (CellChoice::simple(self.activation), Direction::Forward);
        Pass::forward(kind, &self.weights, batch, Some(vec![initial.clone()]))
    }

    /// `a_t = x_t·W + h_{t-1}·U + b` of every step, `[N, T, H]`: one step of a cell without an
    /// activation from each state.
    fn pre_activations(
        &self,
        inputs: &Array3<T>,
        (initial, states): (&Array2<T>, &Array3<T>),
    ) -> Result<Array3<T>, Stop> {
        let (input_size, hidden_size) = self.weights.input.dim();
        let cell = SimpleCell::new(input_size, hidden_size, ActivationKind::Identity)?;
        let parameters = self.weights.parameters()?;
        let mut all = Array3::from_elem(states.dim(), T::ZERO);
        for t in 0..inputs.len_of(Axis(1)) {
            let hidden = match t {
                0 => initial.clone(),
                _ => states.index_axis(Axis(1), t - 1).to_owned(),
            };
            let inputs = inputs.index_axis(Axis(1), t);
            let (state, _) = step(&cell, &parameters, inputs, &SimpleState { hidden })?;
            all.index_axis_mut(Axis(1), t).assign(&state.hidden);
        }
        Ok(all)
    }

    /// `parameter - lr · gradient`, a step of the library's optimiser.
    fn after(&self, gradient: &Weights<T>) -> Result<Weights<T>, Stop> {
        let mut parameters = self.weights.parameters()?;
        descend(self.rate, &mut parameters, &gradient.parameters()?)?;
        Weights::from_parameters(&parameters)
    }
}

/// One step of plain gradient descent.
fn descend<T: Real>(
    rate: f64,
    parameters: &mut Parameters<T>,
    gradient: &Parameters<T>,
) -> Result<(), Stop> {
    let mut optimizer = Optimizer::new(OptimizerConfig::Sgd(Sgd::default()), parameters)?;
    Ok(optimizer.step(rate, parameters, gradient)?)
}

/// The weights under a prefix, the bias under its own name.
fn put_weights<T: Real>(prefix: &str, bias: &str, weights: &Weights<T>, computed: &mut Computed) {
    computed.put(format!("{prefix}Wx"), &weights.input);
    computed.put(format!("{prefix}Wh"), &weights.recurrent);
    if bias == "bh" {
        computed.put(format!("{prefix}bh"), &weights.bias.view().insert_axis(Axis(0)));
    } else {
        computed.put(format!("{prefix}{bias}"), &weights.bias);
    }
}

/// Seed 000: the gradient arrives at the last state; parameter gradients are divided by N.
fn last_step<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let setting = Setting::<T>::read(case)?;
    case.refuse_unread_options()?;
    let (inputs, initial): (Array3<T>, Array2<T>) = (case.array("x")?, case.array("h0")?);
    let mut pass = setting.forward(&inputs, &initial)?;
    let states = pass.outputs().to_owned();
    let mut computed = Computed::default();
    computed.put("hs", &states);
    computed.put("a", &setting.pre_activations(&inputs, (&initial, &states))?);
    put_last(&pass, &mut computed);
    let back = pass.backward(None, Some(vec![case.array("dh_last")?]))?;
    computed.put("autograd.x", &back.inputs);
    computed.put("autograd.h0", &back.initial[0]);
    put_weights("autograd.", "b", &back.weights, &mut computed);
    computed.put("seed.dx", &back.inputs);
    computed.put("seed.dh0", &back.initial[0]);
    let divided = back.weights.divided(inputs.len_of(Axis(0)));
    put_weights("seed.d", "b", &divided, &mut computed);
    put_weights("after.", "b", &setting.after(&divided)?, &mut computed);
    Ok(computed)
}

/// The last state, and as the notebooks print it: with eight digits.
fn put_last<T: Real>(pass: &Pass<T>, computed: &mut Computed) {
    let last = pass.final_hidden();
    let digits = 1e8;
    let printed = last.mapv(|entry| (entry.to_f64() * digits).round() / digits);
    computed.put("h_last", &last);
    computed.put("printed.h_last", &printed);
}

/// Seed 001: a gradient at every step, block after block; the state is carried, its gradient is not.
fn blocks<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let setting = Setting::<T>::read(case)?;
    let blocks = case.option("blocks").as_array().map_or(0, Vec::len);
    if case.flag("stateful")? != (blocks > 1) {
        return Err(Stop::unsupported("several blocks without a carried state"));
    }
    case.refuse_unread_options()?;
    // The notebook forgets the bias; what it gets is no target.
    case.skip("as_written_without_bias.");
    let mut computed = Computed::default();
    let mut carried: Option<Array2<T>> = None;
    for block in 0..blocks {
        let prefix = if blocks > 1 { format!("block{block}.") } else { String::new() };
        let initial = match carried.take() {
            None => case.array(&format!("{prefix}h0"))?,
            Some(state) => {
                computed.put(format!("{prefix}h0"), &state);
                state
            }
        };
        let mut pass = setting.forward(&case.array(&format!("{prefix}xs"))?, &initial)?;
        computed.put(format!("{prefix}hs"), &pass.outputs());
        carried = Some(pass.final_hidden());
        let arriving: Array3<T> = case.array(&format!("{prefix}dhs"))?;
        let back = pass.backward(Some(arriving.view()), None)?;
        computed.put(format!("{prefix}seed.dxs"), &back.inputs);
        computed.put(format!("{prefix}seed.dh"), &back.initial[0]);
        put_weights(&format!("{prefix}seed.d"), "b", &back.weights, &mut computed);
        let after = setting.after(&back.weights)?;
        put_weights(&format!("{prefix}after."), "b", &after, &mut computed);
    }
    Ok(computed)
}

/// Seed 002: one sequence, every state against a target; parameter gradients are divided by T.
fn every_step<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let setting = Setting::<T>::read(case)?;
    case.refuse_unread_options()?;
    let inputs = case.array::<T, ndarray::Ix2>("x")?.insert_axis(Axis(0));
    let target = case.array::<T, ndarray::Ix2>("y_true")?.insert_axis(Axis(0));
    let initial = Array2::from_elem((1, setting.weights.bias.len()), T::ZERO);
    let mut computed = Computed::default();
    let learnt = Learnt { inputs: &inputs, target: &target };
    let sum = squared_error(&setting, learnt, Reduction::Sum)?;
    let mean = squared_error(&setting, learnt, Reduction::Mean)?;
    let states = without_batch(&sum.states);
    let start = initial.view();
    computed.put("H", &super::arrays::joined(Axis(0), &[start, states])?);
    computed.put("y_pred", &states);
    computed.put_number("loss_sum", sum.loss);
    computed.put_number("loss_mean", mean.loss);
    computed.put("dL_per_step", &without_batch(&sum.grad_states));
    computed.put("seed.dx", &without_batch(&sum.back.inputs));
    computed.put("seed.dh0", &sum.back.initial[0]);
    put_weights("autograd_sum.", "bh", &sum.back.weights, &mut computed);
    put_weights("autograd_mean.", "bh", &mean.back.weights, &mut computed);
    computed.put("autograd_mean.x", &without_batch(&mean.back.inputs));
    let divided = sum.back.weights.divided(inputs.len_of(Axis(1)));
    put_weights("seed.d", "bh", &divided, &mut computed);
    put_weights("after.", "bh", &setting.after(&divided)?, &mut computed);
    Ok(computed)
}

/// The squared error of all states, and its gradients.
struct SquaredError<T> {
    loss: f64,
    states: Array3<T>,
    grad_states: Array3<T>,
    back: Gradient<T>,
}

/// Sequences with what their states should be.
#[derive(Clone, Copy)]
struct Learnt<'a, T> {
    inputs: &'a Array3<T>,
    target: &'a Array3<T>,
}

fn squared_error<T: Real>(
    setting: &Setting<T>,
    Learnt { inputs, target }: Learnt<'_, T>,
    reduction: Reduction,
) -> Result<SquaredError<T>, Stop> {
    let initial = Array2::from_elem((1, setting.weights.bias.len()), T::ZERO);
    let mut pass = setting.forward(inputs, &initial)?;
    let states = pass.outputs().to_owned();
    let mut grad_states = Array3::from_elem(states.dim(), T::ZERO);
    let loss = RegressionLoss::Mse.gradient(
        reduction,
        states.view(),
        target.view(),
        grad_states.view_mut(),
    )?;
    let back = pass.backward(Some(grad_states.view()), None)?;
    Ok(SquaredError { loss, states, grad_states, back })
}

/// Seed 004: half the square of the last state, so that its gradient is the state itself.
fn half_square<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let setting = Setting::<T>::read(case)?;
    case.refuse_unread_options()?;
    // What the notebook prints is no gradient.
    case.skip("printed_wrong.");
    let (inputs, initial): (Array3<T>, Array2<T>) = (case.array("x")?, case.array("h0")?);
    let mut pass = setting.forward(&inputs, &initial)?;
    let (states, last) = (pass.outputs().to_owned(), pass.final_hidden());
    let mut computed = Computed::default();
    computed.put("hs", &states);
    computed.put("a", &setting.pre_activations(&inputs, (&initial, &states))?);
    put_last(&pass, &mut computed);
    computed.put("dh_last", &last);
    let loss: f64 = last.iter().map(|entry| entry.to_f64() * entry.to_f64()).sum();
    computed.put_number("loss", 0.5 * loss);
    let back = pass.backward(None, Some(vec![last]))?;
    computed.put("grad.x", &back.inputs);
    computed.put("grad.h0", &back.initial[0]);
    put_weights("grad.", "b", &back.weights, &mut computed);
    put_weights("after.", "b", &setting.after(&back.weights)?, &mut computed);
    Ok(computed)
}

fn without_batch<T: Real>(sequences: &Array3<T>) -> ndarray::ArrayView2<'_, T> {
    sequences.index_axis(Axis(0), 0)
}
