//! candle as a contender: `LSTM` and `GRU` of `candle_nn::rnn`, which has no simple cell. The number of
//! threads is rayon's, from `RAYON_NUM_THREADS`.

use std::collections::HashMap;
use std::hint::black_box;

use bench_protocol::{Arrays, Case, Cell, Layer, Library, Loaded, Mode, Refusal};
use bench_protocol::{join_gates, serve, split_gates};
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result as CandleResult, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::rnn::{GRU, GRUConfig, LSTM, LSTMConfig, RNN};

fn main() -> std::io::Result<()> {
    serve(&Candle)
}

struct Candle;

impl Library for Candle {
    fn version(&self) -> String {
        "candle 0.11.1".to_owned()
    }

    fn load(&self, case: &Case, mode: Mode, arrays: Arrays) -> Result<Loaded, Refusal> {
        if case.cell == Cell::Simple {
            return Err(Refusal::Unsupported("candle has LSTM and GRU only".to_owned()));
        }
        let ready = Ready::new(case, mode, arrays).map_err(|error| error.to_string())?;
        Ok((Box::new(ready), "rnn::seq".to_owned()))
    }
}

/// Where candle's k-th gate stands among Elman's: i f g o, and r z n.
fn order(cell: Cell) -> &'static [usize] {
    match cell {
        Cell::Simple => &[0],
        Cell::Lstm => &[0, 1, 3, 2],
        Cell::Gru => &[0, 1, 2],
    }
}

enum Module {
    Lstm(LSTM),
    Gru(GRU),
}

struct Ready {
    case: Case,
    mode: Mode,
    module: Module,
    inputs: Tensor,
    grad_outputs: Tensor,
    /// In candle's layout: weights `[G·H, I]` and `[G·H, H]`, two biases `[G·H]`.
    parameters: [Tensor; 4],
}

const NAMES: [&str; 4] = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];

impl Ready {
    fn new(case: &Case, mode: Mode, arrays: Arrays) -> CandleResult<Self> {
        let (device, hidden) = (Device::Cpu, case.hidden_size);
        let tensor = |values: Vec<f32>, shape: &[usize]| -> CandleResult<Tensor> {
            // Only what is a variable is followed for its gradient.
            let tensor = Tensor::from_vec(values, shape, &device)?;
            if mode == Mode::Train {
                Ok(Var::from_tensor(&tensor)?.into_inner())
            } else {
                Ok(tensor)
            }
        };
        let columns = case.cell.gates() * hidden;
        let mut second = vec![vec![0.0; hidden]; case.cell.gates()];
        if let (Some(candidate), Some(bias)) = (second.last_mut(), arrays.parameters.get(3)) {
            candidate.copy_from_slice(bias);
        }
        let parameters: [Tensor; 4] = [
            tensor(to_rows(case, &arrays.parameters[0]), &[columns, case.input_size])?,
            tensor(to_rows(case, &arrays.parameters[1]), &[columns, hidden])?,
            tensor(to_rows(case, &arrays.parameters[2]), &[columns])?,
            tensor(second.concat(), &[columns])?,
        ];
        let named = NAMES.map(str::to_owned).into_iter().zip(parameters.clone());
        let named: HashMap<String, Tensor> = named.collect();
        let builder = VarBuilder::from_tensors(named, DType::F32, &device);
        let module = match case.cell {
            Cell::Gru => {
                Module::Gru(GRU::new(case.input_size, hidden, GRUConfig::default(), builder)?)
            }
            _ => Module::Lstm(LSTM::new(case.input_size, hidden, LSTMConfig::default(), builder)?),
        };
        let outputs = [case.batch_size, case.seq_len, hidden];
        Ok(Ready {
            inputs: tensor(arrays.inputs, &case.inputs().shape)?,
            grad_outputs: Tensor::from_vec(arrays.grad_outputs, &outputs, &device)?,
            case: case.clone(),
            mode,
            module,
            parameters,
        })
    }

    fn forward(&self) -> CandleResult<Tensor> {
        match &self.module {
            Module::Lstm(module) => stack(module.seq(&self.inputs)?.iter().map(|state| state.h())),
            Module::Gru(module) => stack(module.seq(&self.inputs)?.iter().map(|state| state.h())),
        }
    }

    fn train(&self) -> CandleResult<(Tensor, GradStore)> {
        let outputs = self.forward()?;
        let gradients = (&outputs * &self.grad_outputs)?.sum_all()?.backward()?;
        Ok((outputs, gradients))
    }

    fn all_results(&self) -> CandleResult<Vec<Vec<f32>>> {
        if self.mode == Mode::Infer {
            return Ok(vec![values(&self.forward()?)?]);
        }
        let (outputs, gradients) = self.train()?;
        let gradient = |of: &Tensor| match gradients.get(of) {
            Some(gradient) => values(gradient),
            None => Err(candle_core::Error::Msg("no gradient was computed".to_owned())),
        };
        let mut results = vec![values(&outputs)?, gradient(&self.inputs)?];
        for parameter in &self.parameters[..3] {
            results.push(from_rows(&self.case, &gradient(parameter)?));
        }
        if self.case.cell == Cell::Gru {
            let second = gradient(&self.parameters[3])?;
            results.push(second[2 * self.case.hidden_size..].to_vec());
        }
        Ok(results)
    }
}

/// `[B, T, H]`; the library's own `states_to_tensor` gives the GRU's as `[B, T·H]`.
fn stack<'a>(states: impl Iterator<Item = &'a Tensor>) -> CandleResult<Tensor> {
    Tensor::stack(&states.collect::<Vec<_>>(), 1)
}

/// Elman's `[rows, G·H]` as candle's `[G·H, rows]` with its gates.
fn to_rows(case: &Case, weights: &[f32]) -> Vec<f32> {
    let gates = split_gates(weights, case.cell.gates(), case.hidden_size);
    let rows = order(case.cell).iter().flat_map(|&gate| transposed(&gates[gate], case.hidden_size));
    rows.collect()
}

/// Undoes [`to_rows`].
fn from_rows(case: &Case, weights: &[f32]) -> Vec<f32> {
    let gates: Vec<&[f32]> = weights.chunks(weights.len() / case.cell.gates()).collect();
    let mut elman = vec![Vec::new(); gates.len()];
    for (gate, &place) in gates.iter().zip(order(case.cell)) {
        elman[place] = transposed(gate, gate.len() / case.hidden_size);
    }
    join_gates(&elman, case.hidden_size)
}

/// `[rows, columns]` as `[columns, rows]`.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns)).copied().collect()
}

fn values(tensor: &Tensor) -> CandleResult<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

impl Layer for Ready {
    fn run(&mut self) -> Result<(), String> {
        let done = match self.mode {
            Mode::Infer => self.forward().map(|outputs| drop(black_box(outputs))),
            Mode::Train => self.train().map(|results| drop(black_box(results))),
        };
        done.map_err(|error| error.to_string())
    }

    fn results(&mut self) -> Result<Vec<Vec<f32>>, String> {
        self.all_results().map_err(|error| error.to_string())
    }
}
