//! The values that parameters start from.

use ndarray::{ArrayViewMutD, Axis, Slice};

use super::{Initialization, Network, OutputWeights};
use crate::cell::{CellKind, ForgetGate};
use crate::error::Result;
use crate::init::Initializer;
use crate::parameters::ParameterShape;
use crate::real::Real;
use crate::rng::Rng;
use crate::stack::LayerConfig;

impl<T: Real> Network<T> {
    /// Draws the parameters as the [`Initialization`] of the network says.
    ///
    /// The default draws every recurrent parameter uniformly from `±1/√H` and those of the head from
    /// `±1/√D`, D being the inputs of a dense layer: what PyTorch's `nn.RNN`, `nn.LSTM`, `nn.GRU` and
    /// `nn.Linear` do.
    ///
    /// # Errors
    ///
    /// An initialiser for matrices where a cell has none. Parameters are then drawn in part.
    pub fn initialize(&mut self, rng: &mut Rng) -> Result<()> {
        let shapes = self.parameters.shapes().to_vec();
        let starts: Vec<Start> = shapes.iter().map(|shape| self.start(shape)).collect();
        let padding = self.padding_rows();
        self.update(|parameters| {
            for (shape, start) in shapes.iter().zip(starts) {
                start.fill(parameters.get_mut(&shape.name)?, rng)?;
            }
            for row in padding {
                parameters.values_mut()[row].fill(T::ZERO);
            }
            Ok(())
        })
    }

    fn start(&self, parameter: &ParameterShape) -> Start {
        let (part, own) = parameter.name.split_once('.').unwrap_or((&parameter.name, ""));
        let rows = parameter.shape.first().copied().unwrap_or(1);
        match part {
            "layers" => {
                let index = own.split('.').next().and_then(|index| index.parse::<usize>().ok());
                let layer = index.and_then(|index| self.config.body.layers.get(index));
                let name = own.rsplit('.').next().unwrap_or(own);
                let init = &self.config.body.initialization;
                layer.map_or(Start::of(Initializer::Zeros, 1), |layer| of_cell(name, layer, init))
            }
            "embeddings" if self.config.body.head.output_weights == OutputWeights::Embedding => {
                Start::of(Initializer::RecurrentUniform, parameter.shape[1])
            }
            "embeddings" => Start::of(Initializer::ScaledNormal { scale: 1.0 }, 1),
            "readout" => Start::of(Initializer::RecurrentUniform, rows),
            _ => Start::of(Initializer::RecurrentUniform, self.head_inputs(&parameter.name)),
        }
    }

    /// The inputs of the dense layer of the head that has a parameter.
    fn head_inputs(&self, parameter: &str) -> usize {
        let Ok(range) = self.parameters.range_of(parameter) else { return 1 };
        let start = range.start - self.regions.head.start;
        let mut layers = self.head.layers();
        layers.find(|(own, _)| own.contains(&start)).map_or(1, |(_, inputs)| inputs)
    }

    /// The rows of the embeddings that stand for no token.
    fn padding_rows(&self) -> Vec<std::ops::Range<usize>> {
        let row = |(embedding, table): (&crate::embedding::Embedding, std::ops::Range<usize>)| {
            let (id, width) = (embedding.padding_id()? as usize, embedding.embedding_size());
            let start = self.regions.tables.start + table.start + id * width;
            Some(start..start + width)
        };
        self.inputs.tables().filter_map(row).collect()
    }
}

/// How a parameter starts.
#[derive(Clone, Copy)]
struct Start {
    initializer: Initializer,
    /// H, or what takes its place in `±1/√H`.
    size: usize,
    /// The columns of one gate, where a matrix is drawn gate by gate.
    gate: Option<usize>,
    /// What is added to the values of one gate.
    shift: Option<Shift>,
}

#[derive(Clone, Copy)]
struct Shift {
    amount: f64,
    first: usize,
    count: usize,
}

/// How the parameter `name` of a layer's cell starts.
fn of_cell(name: &str, layer: &LayerConfig, init: &Initialization) -> Start {
    let size = layer.hidden_size;
    let gate = Some(size);
    match name {
        "input_weights" => Start { gate, ..Start::of(init.input_weights, size) },
        "recurrent_weights" => Start { gate, ..Start::of(init.recurrent_weights, size) },
        "projection_weights" => Start::of(init.recurrent_weights, size),
        "initial_state" => Start::of(Initializer::Zeros, size),
        // A normalisation starts as one that changes neither scale nor mean.
        gain if gain.ends_with("_gain") => {
            let ones = Shift { amount: 1.0, first: 0, count: usize::MAX };
            Start { shift: Some(ones), ..Start::of(Initializer::Zeros, size) }
        }
        shift if shift.ends_with("_shift") => Start::of(Initializer::Zeros, size),
        "bias" => {
            // The gates stand in the order i, f, o, g.
            let shift = match &layer.cell {
                CellKind::Lstm(options) if options.forget_gate == ForgetGate::Own => {
                    init.forget_bias
                }
                _ => None,
            };
            let shift = shift.map(|amount| Shift { amount, first: size, count: size });
            Start { shift, ..Start::of(init.bias, size) }
        }
        _ => Start::of(init.bias, size),
    }
}

impl Start {
    fn of(initializer: Initializer, size: usize) -> Self {
        Start { initializer, size, gate: None, shift: None }
    }

    fn fill<T: Real>(self, mut values: ArrayViewMutD<'_, T>, rng: &mut Rng) -> Result<()> {
        match self.gate {
            // Fans and orthogonality are those of one gate's own product.
            Some(columns) if self.initializer.needs_matrix() && values.ndim() == 2 => {
                for start in (0..values.shape()[1]).step_by(columns) {
                    let gate = Slice::from(start..(start + columns).min(values.shape()[1]));
                    let gate = values.slice_axis_mut(Axis(1), gate);
                    self.initializer.fill(gate, self.size, rng)?;
                }
            }
            _ => self.initializer.fill(values.view_mut(), self.size, rng)?,
        }
        let Some(Shift { amount, first, count }) = self.shift else { return Ok(()) };
        for value in values.iter_mut().skip(first).take(count) {
            *value += T::from_f64(amount);
        }
        Ok(())
    }
}
