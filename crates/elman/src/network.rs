//! A network: a stack of recurrent layers and a dense head over one flat parameter buffer.

mod config;
mod pooling;
mod trace;

use ndarray::{Array2, Array3, ArrayView3};

use crate::cell::{Cell, CellSizes};
use crate::dense::{Dense, DensePrepared};
use crate::dropout::{self, DropoutMode};
use crate::error::{Error, Result};
use crate::layer::Direction;
use crate::layer::time_loop::Keep;
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;
use crate::rng::Rng;
use crate::sequence::SequenceBatch;
use crate::stack::bound::{Bound, bind, bind_kind};
use crate::stack::{Arriving, Leaving, Stack};

pub use config::NetworkConfig;
pub use pooling::Pooling;
pub use trace::NetworkTrace;

/// A recurrent network with its parameters.
///
/// Parameters are named `layers.0.forward.input_weights`, `layers.1.reverse.bias`, …,
/// `head.weights` and `head.bias`. They are read with [`parameters`](Self::parameters) and changed
/// with [`update`](Self::update), which derives the packed weights anew.
///
/// ```
/// use elman::{Network, NetworkConfig, Rng, SequenceBatch};
/// use ndarray::Array3;
///
/// # fn main() -> elman::Result<()> {
/// let mut network = Network::<f32>::new(NetworkConfig { hidden_size: 8, ..NetworkConfig::new(3, 2) })?;
/// network.initialize(&mut Rng::new(1))?;
/// let run = network.forward(&SequenceBatch::full(Array3::ones((4, 5, 3))), None)?;
/// assert_eq!(run.outputs.dim(), (4, 1, 2));
/// # Ok(())
/// # }
/// ```
pub struct Network<T: Real> {
    config: NetworkConfig,
    parameters: Parameters<T>,
    stack: Stack<T>,
    head: Dense,
    head_prepared: DensePrepared<T>,
    head_start: usize,
}

/// What a network computes.
#[derive(Clone, Debug)]
pub struct NetworkOutput<T> {
    /// `[B, S, O]`: S is 1, or T with [`Pooling::EveryStep`], and then zero in padding.
    pub outputs: Array3<T>,
    /// The state after each sequence's last computed step.
    pub final_state: NetworkState<T>,
}

/// The states of all layers: one `[B, S]` for each direction of each layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkState<T> {
    /// Layer after layer, in each the forward direction first. A row holds the parts of the cell's
    /// state side by side, the hidden state first.
    pub layers: Vec<Array2<T>>,
}

/// The gradients at the bottom of a network.
///
/// `NetworkGradient::default()` is memory for
/// [`backward_to_inputs_into`](Network::backward_to_inputs_into).
#[derive(Clone, Debug, Default)]
pub struct NetworkGradient<T> {
    /// Of the inputs, `[B, T, I]`; zero in padding.
    pub inputs: Array3<T>,
    /// Of the initial state.
    pub initial_state: NetworkState<T>,
}

impl<T: Real> Network<T> {
    /// A network with all parameters zero.
    ///
    /// # Errors
    ///
    /// A size of 0, a dropout that is no probability, a custom cell.
    pub fn new(config: NetworkConfig) -> Result<Self> {
        let (kind, hidden_size) = (config.cell.clone(), config.hidden_size);
        Self::with_cells(config, |input_size, direction| {
            bind_kind(&kind, CellSizes { input_size, hidden_size }, direction)
        })
    }

    /// A network of a user's own cell, made from the input size of its layer, all parameters zero.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); a cell whose sizes are not those of the configuration.
    pub fn with_cell<C: Cell<T> + Clone + 'static>(
        config: NetworkConfig,
        make: impl Fn(usize) -> Result<C>,
    ) -> Result<Self> {
        let hidden_size = config.hidden_size;
        Self::with_cells(config, |input_size, direction| {
            let cell = make(input_size)?;
            let found = [cell.input_size(), cell.hidden_size()];
            if found != [input_size, hidden_size] {
                return Err(Error::shape("cell", &[input_size, hidden_size], &found));
            }
            bind(cell, direction)
        })
    }

    fn with_cells(
        config: NetworkConfig,
        make: impl Fn(usize, Direction) -> Result<Box<dyn Bound<T>>>,
    ) -> Result<Self> {
        config.check()?;
        let stack = Stack::new((config.layers, config.directions), config.input_size, make)?;
        let head = Dense::new(stack.output_size(), config.output_size)?;
        let mut shapes = stack.parameter_shapes();
        let head_start = shapes.iter().map(ParameterShape::len).sum();
        shapes.extend(head.parameter_shapes().into_iter().map(|shape| ParameterShape {
            name: format!("head.{}", shape.name),
            shape: shape.shape,
        }));
        let parameters = Parameters::zeros(shapes)?;
        let head_prepared = head.unprepared();
        Ok(Network { config, parameters, stack, head, head_prepared, head_start })
    }

    /// What it is made of.
    #[must_use]
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters<T> {
        &self.parameters
    }

    /// Changes the parameters; the only way to do so, since what is derived from them follows.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut Parameters<T>) -> R) -> R {
        let result = change(&mut self.parameters);
        let (stack, head) = self.parameters.values().split_at(self.head_start);
        self.stack.refresh(stack);
        self.head.refresh(head, &mut self.head_prepared);
        result
    }

    /// Draws every recurrent parameter uniformly from `±1/√H` and those of the head from `±1/√D`, D
    /// being the head's inputs: what PyTorch's `nn.RNN`, `nn.LSTM`, `nn.GRU` and `nn.Linear` do.
    ///
    /// # Errors
    ///
    /// None for a network of this crate; the signature leaves room for cells that refuse.
    pub fn initialize(&mut self, rng: &mut Rng) -> Result<()> {
        let head_start = self.head_start;
        let bounds =
            [self.config.hidden_size, self.stack.output_size()].map(|n| 1.0 / (n as f64).sqrt());
        self.update(|parameters| {
            for (index, value) in parameters.values_mut().iter_mut().enumerate() {
                let bound = bounds[usize::from(index >= head_start)];
                *value = T::from_f64((2.0 * rng.uniform() - 1.0) * bound);
            }
        });
        Ok(())
    }

    /// The outputs and the final state, without dropout. Without an initial state it starts from
    /// zeros.
    ///
    /// # Errors
    ///
    /// A batch or a state whose shape does not fit.
    pub fn forward(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
    ) -> Result<NetworkOutput<T>> {
        let mut trace = NetworkTrace::default();
        self.run(batch, initial_state, (DropoutMode::Off, Keep::Nothing), &mut trace)?;
        let final_state = self.final_state(&trace);
        Ok(NetworkOutput { outputs: trace.outputs().to_owned(), final_state })
    }

    /// As [`forward`](Self::forward), with dropout if wanted, keeping in `trace` what
    /// [`backward`](Self::backward) needs. The memory of an earlier run is used again.
    ///
    /// # Errors
    ///
    /// A batch or a state whose shape does not fit.
    pub fn forward_traced(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        dropout: DropoutMode,
        trace: &mut NetworkTrace<T>,
    ) -> Result<()> {
        self.run(batch, initial_state, (dropout, Keep::Trace), trace)
    }

    /// The final state of a traced run.
    #[must_use]
    pub fn final_state(&self, trace: &NetworkTrace<T>) -> NetworkState<T> {
        let runs = trace.stack.layers.iter().flat_map(|layer| &layer.runs);
        let sizes = self.stack.state_sizes();
        let arrays = runs.zip(sizes).map(|(run, size)| rows(&run.final_state, size));
        NetworkState { layers: arrays.collect() }
    }

    /// Back-propagation: adds the gradients of the parameters to `grad_parameters`, for the
    /// gradient of the outputs `[B, S, O]`, whose values in padding are not read. The trace is used
    /// up.
    ///
    /// # Errors
    ///
    /// Arrays whose shapes do not fit the trace, or a trace that was used before.
    pub fn backward(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<()> {
        self.back(batch, trace, grad_outputs, (grad_parameters, None))
    }

    /// As [`backward`](Self::backward), with the gradients of the inputs and of the initial state.
    ///
    /// # Errors
    ///
    /// As [`backward`](Self::backward).
    pub fn backward_to_inputs(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<NetworkGradient<T>> {
        let mut bottom = NetworkGradient::default();
        self.backward_to_inputs_into(batch, trace, grad_outputs, grad_parameters, &mut bottom)?;
        Ok(bottom)
    }

    /// As [`backward_to_inputs`](Self::backward_to_inputs), in the memory of an earlier gradient: for
    /// training what stands below the network, an [`Embedding`](crate::Embedding) say.
    ///
    /// # Errors
    ///
    /// As [`backward`](Self::backward).
    pub fn backward_to_inputs_into(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        grad_parameters: &mut Parameters<T>,
        bottom: &mut NetworkGradient<T>,
    ) -> Result<()> {
        let NetworkGradient { inputs, initial_state } = bottom;
        if inputs.dim() != batch.values().dim() || !inputs.is_standard_layout() {
            *inputs = Array3::from_elem(batch.values().dim(), T::ZERO);
        }
        self.back(batch, trace, grad_outputs, (grad_parameters, inputs.as_slice_mut()))?;
        let sizes = self.stack.state_sizes();
        initial_state.layers.truncate(sizes.len());
        for (index, (grad, size)) in trace.grad_initial.iter().zip(sizes).enumerate() {
            match initial_state.layers.get_mut(index) {
                Some(array) if array.dim() == (batch.batch_size(), size) => {
                    array.iter_mut().zip(grad).for_each(|(target, value)| *target = *value);
                }
                Some(array) => *array = rows(grad, size),
                None => initial_state.layers.push(rows(grad, size)),
            }
        }
        Ok(())
    }

    fn run(
        &self,
        batch: &SequenceBatch<T>,
        initial_state: Option<&NetworkState<T>>,
        (dropout, keep): (DropoutMode, Keep),
        trace: &mut NetworkTrace<T>,
    ) -> Result<()> {
        let expected = [batch.batch_size(), batch.seq_len(), self.config.input_size];
        if batch.values().shape() != expected {
            return Err(Error::shape("inputs", &expected, batch.values().shape()));
        }
        trace.start(batch, self.config.layers, self.config.directions.each().len());
        self.set_initial(initial_state, trace)?;
        let time = (batch.lengths(), batch.seq_len());
        self.stack.forward(time, batch.as_slice(), (&mut trace.stack, keep));
        trace.pool(self.config.pooling, self.config.hidden_size, self.stack.output_size());
        match dropout {
            DropoutMode::On { seed } if self.config.dropout > 0.0 => {
                trace.drop_features(|factors| dropout::fill(self.config.dropout, seed, factors));
            }
            DropoutMode::On { .. } | DropoutMode::Off => trace.mask.clear(),
        }
        trace.apply_head(&self.head, &self.head_prepared, self.config.output_size);
        trace.finish(keep);
        Ok(())
    }

    fn set_initial(
        &self,
        initial_state: Option<&NetworkState<T>>,
        trace: &mut NetworkTrace<T>,
    ) -> Result<()> {
        let sizes = self.stack.state_sizes();
        let batch_size = trace.lengths.len();
        if let Some(state) = initial_state
            && state.layers.len() != sizes.len()
        {
            return Err(Error::shape("initial_state", &[sizes.len()], &[state.layers.len()]));
        }
        let runs = trace.stack.layers.iter_mut().flat_map(|layer| &mut layer.runs);
        for (index, (run, size)) in runs.zip(sizes).enumerate() {
            run.initial.clear();
            match initial_state.map(|state| &state.layers[index]) {
                None => run.initial.resize(batch_size * size, T::ZERO),
                Some(array) if array.dim() == (batch_size, size) => {
                    run.initial.extend(array.iter())
                }
                Some(array) => {
                    let name = format!("initial_state.layers[{index}]");
                    return Err(Error::shape(name, &[batch_size, size], array.shape()));
                }
            }
        }
        Ok(())
    }

    fn back(
        &self,
        batch: &SequenceBatch<T>,
        trace: &mut NetworkTrace<T>,
        grad_outputs: ArrayView3<'_, T>,
        (grad_parameters, inputs): (&mut Parameters<T>, Option<&mut [T]>),
    ) -> Result<()> {
        trace.check(batch, grad_outputs.shape())?;
        let steps = batch.batch_size() * batch.seq_len();
        let made_here = self.stack.traced(steps, &trace.stack)
            && trace.made_by(
                self.config.pooling,
                self.stack.output_size(),
                self.config.output_size,
            );
        if !made_here || batch.input_size() != self.config.input_size {
            return Err(Error::argument(
                "trace",
                "the trace of a run of this network",
                "another's",
            ));
        }
        if !grad_parameters.same_layout(&self.parameters) {
            let expected = "the names and shapes of the network's parameters";
            return Err(Error::argument("grad_parameters", expected, "others"));
        }
        let grad = grad_outputs.as_standard_layout();
        let (parameters, head_parameters) =
            grad_parameters.values_mut().split_at_mut(self.head_start);
        let grad = grad.as_slice().unwrap_or(&[]);
        trace.head_backward(&self.head, &self.head_prepared, grad, head_parameters);
        trace.pool_backward(self.config.pooling);
        let sizes = self.stack.state_sizes();
        trace.grad_initial.resize_with(sizes.len(), Vec::new);
        for (grad, size) in trace.grad_initial.iter_mut().zip(sizes) {
            grad.resize(batch.batch_size() * size, T::ZERO);
        }
        let arriving = match self.config.pooling {
            Pooling::LastStep => Arriving::Finals(&trace.grad_features),
            Pooling::MeanOverTime => Arriving::Outputs(&trace.grad_steps),
            Pooling::EveryStep => Arriving::Outputs(&trace.grad_features),
        };
        let leaving = Leaving { parameters, inputs, initial: &mut trace.grad_initial };
        let time = (batch.lengths(), batch.seq_len());
        self.stack.backward(time, batch.as_slice(), &mut trace.stack, (arriving, leaving));
        Ok(())
    }
}

fn rows<T: Real>(values: &[T], size: usize) -> Array2<T> {
    let count = values.len().checked_div(size).unwrap_or(0);
    Array2::from_shape_fn((count, size), |(row, column)| values[row * size + column])
}
