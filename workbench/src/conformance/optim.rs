//! `torch.optim`, its schedulers and `torch.nn.utils.clip_grad_*`: trajectories, learning rates and
//! clipped gradients.

mod schedule;

use elman::clip::{Clip, Norm};
use elman::optimizer::{
    Adagrad, Adam, AdamW, Centring, DecayScope, Momentum, Objective, Optimizer, OptimizerConfig,
    ParameterGroups, RmsProp, SecondMoment, Sgd,
};
use elman::{ParameterShape, Parameters, Real};
use ndarray::{Array1, ArrayD, Axis, stack};
use serde_json::{Map, Value};

use super::case::{Case, Stop};
use super::computed::Computed;

/// Options that choose between PyTorch's implementations of the same arithmetic.
const IMPLEMENTATION: [&str; 4] = ["foreach", "fused", "capturable", "differentiable"];

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    match case.text("kind")? {
        "trajectory" => trajectory::<T>(case),
        "clip_norm" | "clip_value" => clip::<T>(case),
        "lr_sequence" => schedule::run(case),
        other => Err(Stop::unsupported(format!("kind {other}"))),
    }
}

/// The optimiser of a case: its name and PyTorch's options. The rate is not among ours.
pub fn optimizer(case: &Case) -> Result<OptimizerConfig, Stop> {
    let mut options = Options::read(case)?;
    options.values.remove("lr");
    let config = match case.text("optimizer")? {
        "SGD" => options.sgd()?,
        "Adam" => OptimizerConfig::Adam(options.adam()?),
        "AdamW" => OptimizerConfig::AdamW(options.adam_w()?),
        "RMSprop" => options.rms_prop()?,
        "Adagrad" => options.adagrad()?,
        other => return Err(Stop::unsupported(format!("optimizer {other}"))),
    };
    options.refuse_unread()?;
    Ok(config)
}

/// An optimiser that treats all parameters alike, as PyTorch's.
pub fn at_work<T: Real>(
    config: OptimizerConfig,
    parameters: &Parameters<T>,
) -> Result<Optimizer<T>, Stop> {
    let groups = ParameterGroups { decay: DecayScope::All, ..ParameterGroups::default() };
    Ok(Optimizer::with_groups(config, &groups, parameters)?)
}

/// PyTorch's options that have not been read yet.
struct Options {
    values: Map<String, Value>,
}

impl Options {
    fn read(case: &Case) -> Result<Self, Stop> {
        let values = case.option("options").as_object().cloned();
        let mut values = values.ok_or_else(|| Stop::failed("options: expected an object"))?;
        for name in IMPLEMENTATION {
            values.remove(name);
        }
        Ok(Options { values })
    }

    fn sgd(&mut self) -> Result<OptimizerConfig, Stop> {
        let (factor, dampening) = (self.number("momentum")?, self.number("dampening")?);
        let momentum = match (factor, self.flag("nesterov")) {
            (0.0, false) => Momentum::None,
            (_, false) => Momentum::Classical { factor, dampening },
            (_, true) if dampening == 0.0 => Momentum::Nesterov { factor },
            (_, true) => return Err(Stop::unsupported("nesterov with dampening")),
        };
        let (weight_decay, objective) = (self.number("weight_decay")?, self.objective());
        Ok(OptimizerConfig::Sgd(Sgd { momentum, weight_decay, objective }))
    }

    fn adam(&mut self) -> Result<Adam, Stop> {
        if self.flag("decoupled_weight_decay") {
            return Err(Stop::unsupported("Adam with decoupled_weight_decay"));
        }
        self.adam_settings()
    }

    fn adam_w(&mut self) -> Result<AdamW, Stop> {
        // AdamW with a decay in the gradient would be Adam.
        if !self.flag("decoupled_weight_decay") {
            return Err(Stop::unsupported("AdamW without decoupled_weight_decay"));
        }
        let Adam { beta1, beta2, epsilon, weight_decay, second_moment, objective } =
            self.adam_settings()?;
        Ok(AdamW { beta1, beta2, epsilon, weight_decay, second_moment, objective })
    }

    fn adam_settings(&mut self) -> Result<Adam, Stop> {
        let betas = self.values.remove("betas").unwrap_or_default();
        let beta = |index: usize| {
            betas[index].as_f64().ok_or_else(|| Stop::failed("betas: expected two numbers"))
        };
        let second_moment = match self.flag("amsgrad") {
            true => SecondMoment::Maximum,
            false => SecondMoment::Current,
        };
        Ok(Adam {
            beta1: beta(0)?,
            beta2: beta(1)?,
            epsilon: self.number("eps")?,
            weight_decay: self.number("weight_decay")?,
            second_moment,
            objective: self.objective(),
        })
    }

    fn rms_prop(&mut self) -> Result<OptimizerConfig, Stop> {
        let centring = match self.flag("centered") {
            true => Centring::Centred,
            false => Centring::Uncentred,
        };
        Ok(OptimizerConfig::RmsProp(RmsProp {
            alpha: self.number("alpha")?,
            epsilon: self.number("eps")?,
            centring,
            momentum: self.number("momentum")?,
            weight_decay: self.number("weight_decay")?,
            objective: self.objective(),
        }))
    }

    fn adagrad(&mut self) -> Result<OptimizerConfig, Stop> {
        Ok(OptimizerConfig::Adagrad(Adagrad {
            rate_decay: self.number("lr_decay")?,
            initial_sum: self.number("initial_accumulator_value")?,
            epsilon: self.number("eps")?,
            weight_decay: self.number("weight_decay")?,
            objective: self.objective(),
        }))
    }

    fn objective(&mut self) -> Objective {
        if self.flag("maximize") { Objective::Maximize } else { Objective::Minimize }
    }

    fn flag(&mut self, name: &str) -> bool {
        self.values.remove(name) == Some(Value::Bool(true))
    }

    fn number(&mut self, name: &str) -> Result<f64, Stop> {
        let value = self.values.remove(name).unwrap_or_default();
        value.as_f64().ok_or_else(|| Stop::failed(format!("options: {name} is no number")))
    }

    fn refuse_unread(&self) -> Result<(), Stop> {
        match self.values.iter().find(|(_, value)| !super::case::is_neutral(value)) {
            Some((name, value)) => Err(Stop::unsupported(format!("option {name}: {value}"))),
            None => Ok(()),
        }
    }
}

/// `p0`, `p1`, …: the tensors `<p>.<what>` of a case in one flat buffer.
fn gathered<T: Real>(tensors: &[(String, ArrayD<T>)]) -> Result<Parameters<T>, Stop> {
    let shapes = tensors.iter().map(|(name, value)| ParameterShape::new(name, value.shape()));
    let mut parameters = Parameters::zeros(shapes.collect())?;
    for (name, value) in tensors {
        parameters.set(name, value.view())?;
    }
    Ok(parameters)
}

fn names(case: &Case, what: &str) -> Vec<String> {
    let names = (0..).map(|index| format!("p{index}"));
    names.take_while(|name| case.has(&format!("{name}.{what}"))).collect()
}

/// Parameters after every step, with the gradients of the case. Step k uses the rate `lr[k]`, so a
/// schedule has no say beyond it.
fn trajectory<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let config = optimizer(case)?;
    for announced in ["schedule", "steps"] {
        case.option(announced);
    }
    case.refuse_unread_options()?;
    let rates: Array1<f64> = case.array("lr")?;
    let (mut starts, mut grads) = (Vec::new(), Vec::new());
    for name in names(case, "grads") {
        starts.push((name.clone(), case.first_row::<T>(&format!("{name}.values"))?));
        grads.push((name.clone(), case.array::<T, _>(&format!("{name}.grads"))?));
    }
    let mut parameters = gathered(&starts)?;
    let mut optimizer = at_work(config, &parameters)?;
    let mut path = vec![parameters.clone()];
    for (step, rate) in rates.iter().enumerate() {
        let row = |(name, all): &(String, ArrayD<T>)| -> Result<_, Stop> {
            if all.len_of(Axis(0)) != rates.len() {
                return Err(Stop::failed(format!("{name}.grads: expected a row for each rate")));
            }
            Ok((name.clone(), all.index_axis(Axis(0), step).to_owned()))
        };
        let grad = gathered(&grads.iter().map(row).collect::<Result<Vec<_>, _>>()?)?;
        optimizer.step(*rate, &mut parameters, &grad)?;
        path.push(parameters.clone());
    }
    let mut computed = Computed::default();
    for (name, _) in starts {
        computed.put(format!("{name}.values"), &rows(&path, &name)?);
    }
    Ok(computed)
}

/// One parameter at every point of a path, as the rows of an array.
pub fn rows<T: Real>(path: &[Parameters<T>], name: &str) -> Result<ArrayD<T>, Stop> {
    let rows = path.iter().map(|parameters| parameters.get(name)).collect::<Result<Vec<_>, _>>()?;
    stack(Axis(0), &rows).map_err(|error| Stop::failed(format!("{name}: {error}")))
}

fn clip<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let limit = case.number("limit")?;
    let clip = match (case.text("kind")?, case.option("norm_type")) {
        ("clip_value", Value::Null) => Clip::Value { limit },
        ("clip_norm", Value::String(kind)) => Clip::Norm { limit, kind: norm(kind)? },
        (_, kind) => return Err(Stop::unsupported(format!("norm_type {kind}"))),
    };
    case.refuse_unread_options()?;
    let mut grads = Vec::new();
    for name in names(case, "grad") {
        grads.push((name.clone(), case.array::<T, _>(&format!("{name}.grad"))?));
    }
    let mut gradient = gathered(&grads)?;
    let total = clip.apply(gradient.values_mut())?;
    let mut computed = Computed::default();
    computed.put_number("total_norm", total);
    for (name, _) in grads {
        computed.put(format!("{name}.clipped"), &gradient.get(&name)?);
    }
    Ok(computed)
}

fn norm(kind: &str) -> Result<Norm, Stop> {
    match kind.parse::<f64>() {
        Ok(1.0) => Ok(Norm::L1),
        Ok(2.0) => Ok(Norm::L2),
        Ok(f64::INFINITY) => Ok(Norm::Infinity),
        Ok(p) => Ok(Norm::P(p)),
        Err(_) => Err(Stop::unsupported(format!("norm_type {kind}"))),
    }
}
