//! Whole training runs of `nn.RNN`, `nn.LSTM` or `nn.GRU` with `nn.Linear`: every loss and every
//! parameter at every step.
//!
//! The optimiser works on PyTorch's parameters, because two biases that are added move twice as far
//! as their sum would; before each step the library's network takes its weights from them.

mod task;

use elman::cell::{CellKind, GruOptions, LstmOptions, SimpleOptions};
use elman::clip::{Clip, Norm};
use elman::dropout::DropoutMode;
use elman::network::{Network, NetworkOptions, NetworkTrace};
use elman::optimizer::OptimizerConfig;
use elman::stack::Directions;
use elman::{LayerConfig, ParameterShape, Parameters, Real, SequenceBatch};
use ndarray::{Array1, Array3, ArrayD, Axis, Ix1, Ix2, Slice};
use serde_json::Value;

use super::arrays::reordered;
use super::case::{Case, Stop};
use super::computed::Computed;
use super::optim::{at_work, optimizer, rows};
use super::recurrent::{activation, named};
use task::Task;

/// Computes one case.
pub fn run<T: Real>(case: &Case) -> Result<Computed, Stop> {
    let options = Options::<T>::read(case)?;
    let Options { layers, directions, .. } = options;
    let names = Names { cell: options.cell.clone(), layers, directions };
    let mut parameters = names.initial::<T>(case)?;
    let mut optimizer = at_work(options.optimizer, &parameters)?;
    let mut module = Module::new(case, &options, &parameters)?;
    let mut computed = Computed::default();
    let (mut path, mut losses, mut norms) = (vec![parameters.clone()], vec![], vec![]);
    for step in 0..options.steps {
        let (loss, mut gradient) = module.gradient(&names, &parameters)?;
        if step == 0 {
            computed.put("init.logits", &module.stored_outputs(&parameters)?);
            names.put("grad0.", &gradient, &mut computed)?;
        }
        losses.push(loss);
        norms.push(options.clip.apply(gradient.values_mut())?);
        optimizer.step(options.rate, &mut parameters, &gradient)?;
        path.push(parameters.clone());
    }
    losses.push(module.gradient(&names, &parameters)?.0);
    computed.put("final.logits", &module.stored_outputs(&parameters)?);
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
    cell: CellKind,
    layers: usize,
    directions: Directions,
    steps: usize,
    optimizer: OptimizerConfig,
    rate: f64,
    clip: Clip,
}

impl<T: Real> Options<T> {
    fn read(case: &Case) -> Result<Self, Stop> {
        let cell = match case.text("cell")? {
            "rnn" => {
                let activation = activation(case.text("activation")?)?;
                CellKind::Simple(SimpleOptions { activation, ..SimpleOptions::DEFAULT })
            }
            "lstm" => CellKind::Lstm(LstmOptions::DEFAULT),
            "gru" => CellKind::Gru(GruOptions::DEFAULT),
            other => return Err(Stop::unsupported(format!("cell {other}"))),
        };
        if !case.flag("batch_first")? {
            return Err(Stop::unsupported("time-first sequences"));
        }
        // The lengths are a tensor of the case; this option announces them.
        case.option("packed_lengths");
        let task = Task::read(case)?;
        let directions = match (case.flag("bidirectional")?, &task) {
            (false, _) => Directions::Forward,
            (true, Task::Forecast(_) | Task::Tag(_)) => Directions::Both,
            // PyTorch's last step holds the reverse direction's first state, ours its last one.
            (true, Task::Classify(_)) => return Err(Stop::unsupported("bidirectional classify")),
        };
        let rate = case.option("options")["lr"].as_f64();
        let options = Options {
            task,
            cell,
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
    cell: CellKind,
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
        let order = self.gate_order();
        for (end, start) in self.recurrent() {
            for (kind, name) in [("ih", "input_weights"), ("hh", "recurrent_weights")] {
                let stored = named::<T, Ix2>(theirs, &format!("rnn.weight_{kind}_{end}"))?;
                let stored = reordered(&stored, Axis(0), order)?;
                ours.set(&format!("{start}.{name}"), stored.t())?;
            }
            let bias = |kind: &str| {
                let stored = named::<T, Ix1>(theirs, &format!("rnn.bias_{kind}_{end}"))?;
                reordered(&stored, Axis(0), order)
            };
            let (first, mut second) = (bias("ih")?, bias("hh")?);
            if self.has_recurrent_bias() {
                // The second bias of n stands inside the reset.
                let inside = Slice::from(second.len() / 3 * 2..);
                let mut inside = second.slice_axis_mut(Axis(0), inside);
                ours.set(&format!("{start}.recurrent_bias"), inside.view())?;
                inside.fill(T::ZERO);
            }
            ours.set(&format!("{start}.bias"), (first + second).view())?;
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
        let order = self.gate_order();
        let mut gradient = theirs.zeros_like();
        for (end, start) in self.recurrent() {
            for (kind, name) in [("ih", "input_weights"), ("hh", "recurrent_weights")] {
                let stored = named::<T, Ix2>(ours, &format!("{start}.{name}"))?.reversed_axes();
                let stored = reordered(&stored, Axis(0), order)?;
                gradient.set(&format!("rnn.weight_{kind}_{end}"), stored.view())?;
            }
            let first = named::<T, Ix1>(ours, &format!("{start}.bias"))?;
            let mut second = first.clone();
            if self.has_recurrent_bias() {
                let inside = Slice::from(second.len() / 3 * 2..);
                let recurrent = named::<T, Ix1>(ours, &format!("{start}.recurrent_bias"))?;
                second.slice_axis_mut(Axis(0), inside).assign(&recurrent);
            }
            for (kind, bias) in [("ih", first), ("hh", second)] {
                let stored = reordered(&bias, Axis(0), order)?;
                gradient.set(&format!("rnn.bias_{kind}_{end}"), stored.view())?;
            }
        }
        gradient.set("fc.weight", named::<T, Ix2>(ours, "head.weights")?.t())?;
        gradient.set("fc.bias", ours.get("head.bias")?)?;
        Ok(gradient)
    }

    /// The places of the library's gates among PyTorch's, and the other way round.
    fn gate_order(&self) -> &'static [usize] {
        match self.cell {
            CellKind::Lstm(_) => &[0, 1, 3, 2],
            CellKind::Gru(_) => &[0, 1, 2],
            _ => &[0],
        }
    }

    fn has_recurrent_bias(&self) -> bool {
        matches!(self.cell, CellKind::Gru(_))
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

/// The lengths of the sequences: all of them whole where the case says nothing.
fn lengths(case: &Case) -> Result<Vec<usize>, Stop> {
    let x: Array3<f64> = case.array("x")?;
    if !case.has("lengths") {
        return Ok(vec![x.len_of(Axis(1)); x.len_of(Axis(0))]);
    }
    let stored = case.integers::<Ix1>("lengths")?;
    let fault = |_| Stop::failed("lengths: expected no negative length");
    stored.iter().map(|length| usize::try_from(*length).map_err(fault)).collect()
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
        let batch = SequenceBatch::with_lengths(case.array("x")?, lengths(case)?)?;
        // U is stored [G·H, H].
        let hidden_size = parameters.get("rnn.weight_hh_l0")?.len_of(Axis(1));
        let layer = LayerConfig {
            directions: options.directions,
            ..LayerConfig::new(options.cell.clone(), hidden_size)
        };
        let body = NetworkOptions {
            layers: vec![layer; options.layers],
            readout: options.task.readout(),
            ..NetworkOptions::default()
        };
        let outputs = parameters.get("fc.bias")?.len_of(Axis(0));
        let network = Network::new(body.config(batch.input_size(), outputs))?;
        Ok(Module { network, task: &options.task, batch, trace: NetworkTrace::default() })
    }

    /// The network's outputs as the case stores them.
    fn stored_outputs(&self, parameters: &Parameters<T>) -> Result<ArrayD<T>, Stop> {
        let mut stored = self.task.stored(self.trace.outputs());
        if matches!(self.task, Task::Tag(_)) {
            // PyTorch's head runs over padding too, where it adds its bias to nothing.
            let bias = parameters.get("fc.bias")?;
            for (mut steps, &len) in stored.outer_iter_mut().zip(self.batch.lengths()) {
                for mut padding in steps.outer_iter_mut().skip(len) {
                    padding.assign(&bias);
                }
            }
        }
        Ok(stored)
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
        let loss = task.gradient(trace.outputs(), batch.lengths(), grad_outputs.view_mut())?;
        let mut gradient = network.parameters().zeros_like();
        network.backward(batch, trace, grad_outputs.view(), &mut gradient)?;
        Ok((loss, names.gradient(&gradient, parameters)?))
    }
}
