//! A network: inputs, recurrent layers, a readout and a dense head over one flat parameter buffer.
//!
//! [`NetworkConfig`] describes one; [`Network::builder`] writes the description in one line.

mod alone;
mod backward;
mod builder;
mod config;
mod footprint;
mod forward;
mod head;
mod initialize;
mod inputs;
mod readout;
mod step;
mod trace;
mod watch;

use std::ops::Range;

use ndarray::{Array2, Array3};

use crate::cell::{Cell, CellKind, CellSizes};
use crate::error::{Error, Result};
use crate::layer::Direction;
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;
use crate::stack::bound::{Bound, bind, bind_kind};
use crate::stack::{Stack, StackTrace};
use head::Head;
use inputs::Inputs;
use readout::ReadoutLayer;

pub use alone::Touched;
pub use builder::{InputsBuilder, NetworkBuilder};
pub use config::{
    DenseConfig, HeadConfig, InitialState, Initialization, InputsConfig, MAX_LAYERS, NetworkConfig,
    NetworkOptions, OutputGroup, OutputWeights, Outputs, Pooling, Readout, TokenDropout,
    TokenInput,
};
pub(crate) use step::{BegunTokens, StepInput, StepMemory};
pub use trace::NetworkTrace;
pub(crate) use watch::{WatchedRun, WatchedSide};

/// A recurrent network with its parameters.
///
/// Parameters are named `layers.0.forward.input_weights`, `layers.1.reverse.bias`, …,
/// `head.weights` and `head.bias`. They are read with [`parameters`](Self::parameters) and changed
/// with [`update`](Self::update), which derives the packed weights anew.
///
/// ```
/// use elman::{Network, Rng, SequenceBatch};
/// use ndarray::Array3;
///
/// # fn main() -> elman::Result<()> {
/// let mut network = Network::<f32>::new(Network::builder(3).simple(8).last_step().dense(2))?;
/// network.initialize(&mut Rng::new(1))?;
/// let run = network.forward(&SequenceBatch::full(Array3::ones((4, 5, 3))), None)?;
/// assert_eq!(run.outputs.dim(), (4, 1, 2));
/// # Ok(())
/// # }
/// ```
pub struct Network<T: Real> {
    config: NetworkConfig,
    parameters: Parameters<T>,
    inputs: Inputs,
    stack: Stack<T>,
    readout: ReadoutLayer<T>,
    head: Head<T>,
    regions: Regions,
}

/// Where the parameters of each part stand in the flat buffer.
#[derive(Clone, Debug)]
struct Regions {
    stack: Range<usize>,
    readout: Range<usize>,
    head: Range<usize>,
    /// The learned initial states, in the order of the states.
    initial: Range<usize>,
    /// The embeddings. They stand last: what is dense of a gradient is then one slice.
    tables: Range<usize>,
}

/// What a network computes.
#[derive(Clone, Debug)]
pub struct NetworkOutput<T> {
    /// `[B, S, O]`: S is 1, or T with [`Readout::EveryStep`], and then zero in padding.
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
    /// Of the numeric inputs, `[B, T, I]`; zero in padding.
    pub inputs: Array3<T>,
    /// Of the embedded tokens of each token channel, `[B, T, E]`; zero in padding.
    pub embedded: Vec<Array3<T>>,
    /// Of the initial state.
    pub initial_state: NetworkState<T>,
}

impl Network<f32> {
    /// Begins the description of a network that reads so many numeric channels; see
    /// [`NetworkBuilder`].
    ///
    /// ```
    /// use elman::{Network, NetworkConfig};
    ///
    /// let config: NetworkConfig = Network::builder(12).gru(64).bidirectional().mean().dense(9);
    /// assert_eq!(config.input_size(), 12);
    /// ```
    pub fn builder(input_size: usize) -> InputsBuilder {
        InputsBuilder::new(input_size)
    }
}

impl<T: Real> Network<T> {
    /// A network with all parameters zero.
    ///
    /// # Errors
    ///
    /// A description that [`NetworkConfig::check`] refuses; a custom cell.
    pub fn new(config: NetworkConfig) -> Result<Self> {
        Self::with_cells(config, bind_kind)
    }

    /// A network whose custom layers have a user's own cell, made from its sizes, all parameters zero.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); a cell whose sizes are not those of its layer; no custom layer.
    pub fn with_cell<C: Cell<T> + Clone + 'static>(
        config: NetworkConfig,
        make: impl Fn(CellSizes) -> Result<C>,
    ) -> Result<Self> {
        let is_custom = |kind: &CellKind| matches!(kind, CellKind::Custom { .. });
        if !config.body.layers.iter().any(|layer| is_custom(&layer.cell)) {
            return Err(Error::argument("cell", "a custom cell in one of the layers", "none"));
        }
        Self::with_cells(config, |kind, sizes, direction| {
            if !is_custom(kind) {
                return bind_kind(kind, sizes, direction);
            }
            let cell = make(sizes)?;
            let wanted = [sizes.input_size, sizes.hidden_size];
            let found = [cell.input_size(), cell.hidden_size()];
            if found != wanted {
                return Err(Error::shape("cell", &wanted, &found));
            }
            bind(cell, direction)
        })
    }

    fn with_cells(
        config: NetworkConfig,
        make: impl Fn(&CellKind, CellSizes, Direction) -> Result<Box<dyn Bound<T>>>,
    ) -> Result<Self> {
        config.check()?;
        let body = &config.body;
        let inputs = Inputs::new(&config.inputs)?;
        let stack = Stack::new(&body.layers, inputs.width(), |index, input_size, direction| {
            let layer = &body.layers[index];
            let sizes = CellSizes { input_size, hidden_size: layer.hidden_size };
            make(&layer.cell, sizes, direction)
        })?;
        let readout = ReadoutLayer::new(&body.readout, stack.output_size());
        let head = Head::new(&body.head, readout.features(), &config.outputs)?;
        let mut shapes = Shapes::default();
        let regions = Regions {
            stack: shapes.add(stack.parameter_shapes()),
            readout: shapes.add(readout.parameter_shapes()),
            head: shapes.add(head.parameter_shapes()),
            initial: shapes.add(initial_shapes(body.initial_state, &stack)),
            tables: shapes.add(inputs.parameter_shapes()),
        };
        let parameters = Parameters::zeros(shapes.all)?;
        Ok(Network { config, parameters, inputs, stack, readout, head, regions })
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
        let (values, regions) = (self.parameters.values(), &self.regions);
        self.stack.refresh(&values[regions.stack.clone()]);
        self.readout.refresh(&values[regions.readout.clone()]);
        self.head.refresh(&values[regions.head.clone()], &values[regions.tables.clone()]);
        result
    }

    /// The shapes `[B, S]` of the [states](NetworkState) of `batch_size` sequences.
    #[must_use]
    pub fn state_shapes(&self, batch_size: usize) -> Vec<(usize, usize)> {
        self.stack.states().map(|(_, size)| (batch_size, size)).collect()
    }

    /// The final state of a traced run.
    #[must_use]
    pub fn final_state(&self, trace: &NetworkTrace<T>) -> NetworkState<T> {
        NetworkState { layers: self.final_states(&trace.stack).collect() }
    }

    fn final_states(&self, trace: &StackTrace<T>) -> impl Iterator<Item = Array2<T>> {
        let sizes = self.stack.states().map(|(_, size)| size);
        trace.runs().zip(sizes).map(|(run, size)| rows(&run.final_state, size))
    }
}

/// The names and shapes of parameters, part after part.
#[derive(Default)]
struct Shapes {
    all: Vec<ParameterShape>,
    end: usize,
}

impl Shapes {
    fn add(&mut self, shapes: impl IntoIterator<Item = ParameterShape>) -> Range<usize> {
        let start = self.end;
        for shape in shapes {
            self.end = self.end.saturating_add(shape.len());
            self.all.push(shape);
        }
        start..self.end
    }
}

fn initial_shapes<T: Real>(initial: InitialState, stack: &Stack<T>) -> Vec<ParameterShape> {
    let named = |(name, size)| ParameterShape::new(format!("{name}.initial_state"), &[size]);
    match initial {
        InitialState::Learned => stack.states().map(named).collect(),
        InitialState::Zeros | InitialState::Given => Vec::new(),
    }
}

fn rows<T: Real>(values: &[T], size: usize) -> Array2<T> {
    let count = values.len().checked_div(size).unwrap_or(0);
    Array2::from_shape_fn((count, size), |(row, column)| values[row * size + column])
}
