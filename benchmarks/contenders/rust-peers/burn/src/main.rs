//! burn as a contender: `Rnn`, `Lstm` and `Gru` of `burn::nn` on its processor backend, with autodiff
//! in training. The number of threads is rayon's, from `RAYON_NUM_THREADS`.

use std::hint::black_box;

use bench_protocol::{Arrays, Case, Cell, Layer, Library, Loaded, Mode, Refusal};
use bench_protocol::{join_gates, serve, split_gates};
use burn::module::Param;
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::{GateController, Linear, Lstm, LstmConfig, Rnn, RnnConfig};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

fn main() -> std::io::Result<()> {
    serve(&Burn)
}

struct Burn;

impl Library for Burn {
    fn version(&self) -> String {
        "burn 0.22.1".to_owned()
    }

    fn load(&self, case: &Case, mode: Mode, arrays: Arrays) -> Result<Loaded, Refusal> {
        let (device, name) = match std::env::var("BURN_BACKEND").as_deref() {
            #[allow(deprecated, reason = "until it is removed, its users may still choose it")]
            Ok("ndarray") => (Device::ndarray(), "ndarray backend"),
            _ => (Device::flex(), "flex backend"),
        };
        let device = if mode == Mode::Train { device.autodiff() } else { device };
        let gates = gates(case, &arrays, &device);
        let tensor = |values, size| {
            let shape = [case.batch_size, case.seq_len, size];
            Tensor::<3>::from_data(TensorData::new(values, shape), &device)
        };
        let mut inputs = tensor(arrays.inputs, case.input_size);
        if mode == Mode::Train {
            inputs = inputs.require_grad();
        }
        let grad_outputs = tensor(arrays.grad_outputs, case.hidden_size);
        let module = Module::new(case, gates, &device);
        let layer = Ready { case: case.clone(), mode, module, inputs, grad_outputs };
        Ok((Box::new(layer), name.to_owned()))
    }
}

/// One controller for each of Elman's gates. burn's second bias is zero, but for the GRU's candidate,
/// where it is Elman's recurrent bias.
fn gates(case: &Case, arrays: &Arrays, device: &Device) -> Vec<GateController> {
    let hidden = case.hidden_size;
    let split = |index: usize| split_gates(&arrays.parameters[index], case.cell.gates(), hidden);
    let linear = |weight: Vec<f32>, bias: Vec<f32>| {
        let rows = weight.len() / hidden;
        Linear {
            weight: Param::from_data(TensorData::new(weight, [rows, hidden]), device),
            bias: Some(Param::from_data(TensorData::new(bias, [hidden]), device)),
        }
    };
    let (weights, recurrent, biases) = (split(0), split(1), split(2));
    let mut second = vec![vec![0.0; hidden]; case.cell.gates()];
    if let (Some(candidate), Some(bias)) = (second.last_mut(), arrays.parameters.get(3)) {
        candidate.copy_from_slice(bias);
    }
    let inputs = weights.into_iter().zip(biases);
    let hiddens = recurrent.into_iter().zip(second);
    let controllers = inputs.zip(hiddens).map(|((weight, bias), (recurrent, second))| {
        let mut gate = LinearPair::new(hidden, device);
        gate.input_transform = linear(weight, bias);
        gate.hidden_transform = linear(recurrent, second);
        gate
    });
    controllers.collect()
}

/// A gate to be filled in.
struct LinearPair;

impl LinearPair {
    #[allow(clippy::new_ret_no_self, reason = "a controller has no other public constructor")]
    fn new(hidden: usize, device: &Device) -> GateController {
        let initializer = burn::nn::Initializer::Zeros;
        GateController::new(1, hidden, false, initializer, device)
    }
}

enum Module {
    Simple(Rnn),
    Lstm(Lstm),
    Gru(Gru),
}

impl Module {
    fn new(case: &Case, gates: Vec<GateController>, device: &Device) -> Self {
        let (input, hidden) = (case.input_size, case.hidden_size);
        let mut gates = gates.into_iter();
        // As many as the cell has.
        let mut next = || gates.next().expect("a gate for each of the cell");
        match case.cell {
            Cell::Simple => {
                let mut module = RnnConfig::new(input, hidden, true).init(device);
                module.gate = next();
                Module::Simple(module)
            }
            Cell::Lstm => {
                let mut module = LstmConfig::new(input, hidden, true).init(device);
                module.input_gate = next();
                module.forget_gate = Some(next());
                module.output_gate = next();
                module.cell_gate = next();
                Module::Lstm(module)
            }
            Cell::Gru => {
                let mut module = GruConfig::new(input, hidden, true).init(device);
                module.reset_gate = next();
                module.update_gate = next();
                module.new_gate = next();
                Module::Gru(module)
            }
        }
    }

    fn forward(&self, inputs: Tensor<3>) -> Tensor<3> {
        match self {
            Module::Simple(module) => module.forward(inputs, None).0,
            Module::Lstm(module) => module.forward(inputs, None).0,
            Module::Gru(module) => module.forward(inputs, None),
        }
    }

    /// In Elman's order.
    fn gates(&self) -> Vec<&GateController> {
        match self {
            Module::Simple(module) => vec![&module.gate],
            Module::Lstm(module) => {
                let Lstm { input_gate, forget_gate, output_gate, cell_gate, .. } = module;
                let mut gates = vec![input_gate];
                gates.extend(forget_gate);
                gates.extend([output_gate, cell_gate]);
                gates
            }
            Module::Gru(module) => vec![&module.reset_gate, &module.update_gate, &module.new_gate],
        }
    }
}

struct Ready {
    case: Case,
    mode: Mode,
    module: Module,
    inputs: Tensor<3>,
    grad_outputs: Tensor<3>,
}

impl Ready {
    fn train(&self) -> (Tensor<3>, Gradients) {
        let outputs = self.module.forward(self.inputs.clone());
        let gradients = (outputs.clone() * self.grad_outputs.clone()).sum().backward();
        (outputs, gradients)
    }
}

impl Layer for Ready {
    fn run(&mut self) -> Result<(), String> {
        match self.mode {
            Mode::Infer => drop(black_box(self.module.forward(self.inputs.clone()))),
            Mode::Train => drop(black_box(self.train())),
        }
        Ok(())
    }

    fn results(&mut self) -> Result<Vec<Vec<f32>>, String> {
        if self.mode == Mode::Infer {
            return Ok(vec![values(self.module.forward(self.inputs.clone()))?]);
        }
        let (outputs, gradients) = self.train();
        let grad_inputs = gradient(&self.inputs, &gradients)?;
        let gates = self.module.gates();
        let mut parts = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for gate in gates {
            let GateController { input_transform, hidden_transform } = gate;
            parts[0].push(gradient(&input_transform.weight.val(), &gradients)?);
            parts[1].push(gradient(&hidden_transform.weight.val(), &gradients)?);
            parts[2].push(bias_gradient(input_transform, &gradients)?);
            parts[3].push(bias_gradient(hidden_transform, &gradients)?);
        }
        let [weights, recurrent, biases, second] = parts;
        let hidden = self.case.hidden_size;
        let mut results = vec![values(outputs)?, grad_inputs];
        results.extend([weights, recurrent, biases].map(|gates| join_gates(&gates, hidden)));
        if self.case.cell == Cell::Gru {
            results.extend(second.into_iter().next_back());
        }
        Ok(results)
    }
}

fn bias_gradient(linear: &Linear, gradients: &Gradients) -> Result<Vec<f32>, String> {
    let bias = linear.bias.as_ref().ok_or("a linear map without its bias")?;
    gradient(&bias.val(), gradients)
}

fn gradient<const D: usize>(of: &Tensor<D>, gradients: &Gradients) -> Result<Vec<f32>, String> {
    values(of.grad(gradients).ok_or("no gradient was computed")?)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, String> {
    tensor.into_data().try_into_vec().map_err(|error| format!("{error:?}"))
}
