//! Whole training runs of `nn.RNN` and `nn.Linear`: every loss and every parameter at every step.
//!
//! The optimiser works on PyTorch's parameters, because two biases that are added move twice as far
//! as their sum would; before each step the library's network takes its weights from them.

mod task;

use elman::cell::{CellKind, SimpleOptions};
use elman::clip::{Clip, Norm};
use elman::dropout::DropoutMode;
use elman::network::{Network, NetworkOptions, NetworkTrace};
use elman::optimizer::OptimizerConfig;
use elman::stack::Directions;
use elman::{ActivationKind, LayerConfig, ParameterShape, Parameters, Real, SequenceBatch};
use ndarray::{Array1, Array3, ArrayD, Axis, Ix1, Ix2};
use serde_json::Value;

use super::case::{Case, Stop};
use super::computed::Computed;
use super::optim::{at_work, optimizer, rows};
use super::recurrent::{activation, named};
use task::Task;

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let options = Options::<T>::read(case)?;
    let names = Names { layers: options.layers, directions: options.directions };
    let mut parameters = names.initial::<T>(case)?;
    let mut optimizer = at_work(options.optimizer, &parameters)?;
    let mut module = Module::new(case, &options, &parameters)?;
    let mut computed = Computed::default();
    let (mut path, mut losses, mut norms) = (vec![parameters.clone()], vec![], vec![]);
    for step in 0..options.steps {
        let (loss, mut gradient) = module.gradient(&names, &parameters)?;
        if step == 0 {
            computed.put("init.logits", &options.task.stored(module.trace.outputs()));
            names.put("grad0.", &gradient, &mut computed)?;
        }
        losses.push(loss);
        norms.push(options.clip.apply(gradient.values_mut())?);
        optimizer.step(options.rate, &mut parameters, &gradient)?;
        path.push(parameters.clone());
    }
    losses.push(module.gradient(&names, &parameters)?.0);
    computed.put("final.logits", &options.task.stored(module.trace.outputs()));
    computed.put("loss", &Array1::from_vec(losses));
    computed.put("grad_norm", &Array1::from_vec(norms));
    names.put("final.", &parameters, &mut computed)?;
    for name in names.all() {
        computed.put(format!("traj.{name}"), &rows(&path, &name)?);
    }
    Ok(computed)
}

/// What a case asks for.
struct Options<T> {
    task: Task<T>,
    activation: ActivationKind,
    layers: usize,
    directions: Directions,
    steps: usize,
    optimizer: OptimizerConfig,
    rate: f64,
    clip: Clip,
}

impl<T: Real> Options<T> {
    fn read(case: &Case) -> Result<Self, Stop> {
        match case.text("cell")? {
            "rnn" => {}
            other => return Err(Stop::unsupported(format!("cell {other}"))),
        }
        if !case.option("packed_lengths").is_null() || !case.flag("batch_first")? {
            return Err(Stop::unsupported("packed or time-first sequences"));
        }
        let task = Task::read(case)?;
        let directions = match (case.flag("bidirectional")?, &task) {
            (false, _) => Directions::Forward,
            (true, Task::Forecast(_)) => Directions::Both,
            // PyTorch's last step holds the reverse direction's first state, ours its last one.
            (true, Task::Classify(_)) => return Err(Stop::unsupported("bidirectional classify")),
        };
        let rate = case.option("options")["lr"].as_f64();
        let options = Options {
            task,
            activation: activation(case.text("activation")?)?,
            layers: case.count("layers")?,
            directions,
            steps: case.count("steps")?,
            optimizer: optimizer(case)?,
            rate: rate.ok_or_else(|| Stop::failed("options: lr is no number"))?,
            clip: match case.option("clip_grad_norm") {
                Value::Null => Clip::None,
                _ => Clip::Norm { limit: case.number("clip_grad_norm")?, kind: Norm::L2 },
            },
        };
        case.refuse_unread_options()?;
        Ok(options)
    }
}

/// The names of PyTorch's parameters and of ours.
struct Names {
    layers: usize,
    directions: Directions,
}

impl Names {
    /// For each direction of each layer, the end of PyTorch's names and the start of ours.
    fn recurrent(&self) -> Vec<(String, String)> {
        let directions = [("", "forward"), ("_reverse", "reverse")];
        let directions = &directions[..self.directions.each().len()];
        let names = (0..self.layers).flat_map(|layer| {
            directions.iter().map(move |(suffix, direction)| {
                (format!("l{layer}{suffix}"), format!("layers.{layer}.{direction}"))
            })
        });
        names.collect()
    }

    /// PyTorch's names.
    fn all(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (end, _) in self.recurrent() {
            let kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
            names.extend(kinds.map(|kind| format!("rnn.{kind}_{end}")));
        }
        names.extend(["fc.weight".to_owned(), "fc.bias".to_owned()]);
        names
    }

    /// `init.*` under PyTorch's names.
    fn initial<T: Real>(&self, case: &Case) -> Result<Parameters<T>, Stop> {
        let mut values = Vec::new();
        for name in self.all() {
            let value: ArrayD<T> = case.array(&format!("init.{name}"))?;
            values.push((name, value));
        }
        let shapes = values.iter().map(|(name, value)| ParameterShape::new(name, value.shape()));
        let mut parameters = Parameters::zeros(shapes.collect())?;
        for (name, value) in &values {
            parameters.set(name, value.view())?;
        }
        Ok(parameters)
    }

    /// Takes the network's weights from PyTorch's.
    fn load<T: Real>(&self, theirs: &Parameters<T>, ours: &mut Parameters<T>) -> Result<(), Stop> {
        for (end, start) in self.recurrent() {
            let input = named::<T, Ix2>(theirs, &format!("rnn.weight_ih_{end}"))?;
            ours.set(&format!("{start}.input_weights"), input.t())?;
            let recurrent = named::<T, Ix2>(theirs, &format!("rnn.weight_hh_{end}"))?;
            ours.set(&format!("{start}.recurrent_weights"), recurrent.t())?;
            let bias = named::<T, Ix1>(theirs, &format!("rnn.bias_ih_{end}"))?
                + named::<T, Ix1>(theirs, &format!("rnn.bias_hh_{end}"))?;
            ours.set(&format!("{start}.bias"), bias.view())?;
        }
        ours.set("head.weights", named::<T, Ix2>(theirs, "fc.weight")?.t())?;
        Ok(ours.set("head.bias", theirs.get("fc.bias")?)?)
    }

    /// The network's gradient as PyTorch's: each of two added biases has that of their sum.
    fn gradient<T: Real>(
        &self,
        ours: &Parameters<T>,
        theirs: &Parameters<T>,
    ) -> Result<Parameters<T>, Stop> {
        let mut gradient = theirs.zeros_like();
        for (end, start) in self.recurrent() {
            let input = named::<T, Ix2>(ours, &format!("{start}.input_weights"))?;
            gradient.set(&format!("rnn.weight_ih_{end}"), input.t())?;
            let recurrent = named::<T, Ix2>(ours, &format!("{start}.recurrent_weights"))?;
            gradient.set(&format!("rnn.weight_hh_{end}"), recurrent.t())?;
            for kind in ["bias_ih", "bias_hh"] {
                gradient.set(&format!("rnn.{kind}_{end}"), ours.get(&format!("{start}.bias"))?)?;
            }
        }
        gradient.set("fc.weight", named::<T, Ix2>(ours, "head.weights")?.t())?;
        gradient.set("fc.bias", ours.get("head.bias")?)?;
        Ok(gradient)
    }

    fn put<T: Real>(
        &self,
        prefix: &str,
        parameters: &Parameters<T>,
        computed: &mut Computed,
    ) -> Result<(), Stop> {
        for name in self.all() {
            computed.put(format!("{prefix}{name}"), &parameters.get(&name)?);
        }
        Ok(())
    }
}

/// The library's network with its data.
struct Module<'a, T: Real> {
    network: Network<T>,
    task: &'a Task<T>,
    batch: SequenceBatch<T>,
    trace: NetworkTrace<T>,
}

impl<'a, T: Real> Module<'a, T> {
    fn new(case: &Case, options: &'a Options<T>, parameters: &Parameters<T>) -> Result<Self, Stop> {
        let batch = SequenceBatch::full(case.array("x")?);
        let size = |name: &str| Ok::<_, Stop>(parameters.get(name)?.len_of(Axis(0)));
        let cell = CellKind::Simple(SimpleOptions {
            activation: options.activation,
            ..SimpleOptions::DEFAULT
        });
        let layer = LayerConfig {
            directions: options.directions,
            ..LayerConfig::new(cell, size("rnn.weight_hh_l0")?)
        };
        let body = NetworkOptions {
            layers: vec![layer; options.layers],
            readout: options.task.readout(),
            ..NetworkOptions::default()
        };
        let outputs = size("fc.bias")?;
        let network = Network::new(body.config(batch.input_size(), outputs))?;
        Ok(Module { network, task: &options.task, batch, trace: NetworkTrace::default() })
    }

    /// The loss at PyTorch's parameters, and its gradient.
    fn gradient(
        &mut self,
        names: &Names,
        parameters: &Parameters<T>,
    ) -> Result<(f64, Parameters<T>), Stop> {
        let Module { network, task, batch, trace } = self;
        network.update(|ours| names.load(parameters, ours))?;
        network.forward_traced(batch, None, DropoutMode::Off, trace)?;
        let mut grad_outputs = Array3::from_elem(trace.outputs().dim(), T::ZERO);
        let loss = task.gradient(trace.outputs(), grad_outputs.view_mut())?;
        let mut gradient = network.parameters().zeros_like();
        network.backward(batch, trace, grad_outputs.view(), &mut gradient)?;
        Ok((loss, names.gradient(&gradient, parameters)?))
    }
}
