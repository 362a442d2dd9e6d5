//! One recurrent layer of the library, run forward and backward with weights given by hand.

use elman::cell::{
    Cell, CellSizes, CellState, ForgetGate, GruCell, GruOptions, LstmCell, LstmOptions,
    ResetPlacement, SimpleCell, SimpleOptions,
};
use elman::layer::{ArrivingGradient, Direction, Layer, Trace};
use elman::{ActivationKind, ParameterShape, Parameters, Real, SequenceBatch};
use ndarray::{Array, Array1, Array2, Array3, ArrayView3, Dimension};

use super::arrays::with_axes;
use super::case::Stop;

/// A cell of the library.
#[derive(Clone, Copy, Debug)]
pub enum CellChoice {
    Simple(SimpleOptions),
    Lstm(LstmOptions),
    Gru(GruOptions),
}

/// A cell, and whether its case has biases.
#[derive(Clone, Copy, Debug)]
pub struct Biased {
    pub cell: CellChoice,
    pub has_bias: bool,
}

impl CellChoice {
    /// The simple cell with an activation.
    pub fn simple(activation: ActivationKind) -> Self {
        CellChoice::Simple(SimpleOptions { activation, ..SimpleOptions::DEFAULT })
    }

    /// Gates: the columns of the weights for each unit.
    pub fn gates(self) -> usize {
        match self {
            CellChoice::Simple(_) => 1,
            CellChoice::Lstm(LstmOptions { forget_gate: ForgetGate::Coupled, .. }) => 3,
            CellChoice::Lstm(_) => 4,
            CellChoice::Gru(_) => 3,
        }
    }

    /// The letters of the arrays of the state.
    pub fn state_names(self) -> &'static [&'static str] {
        match self {
            CellChoice::Lstm(_) => &["h", "c"],
            CellChoice::Simple(_) | CellChoice::Gru(_) => &["h"],
        }
    }

    /// Whether it has a `recurrent_bias`.
    pub fn has_recurrent_bias(self) -> bool {
        matches!(self, CellChoice::Gru(GruOptions { reset: ResetPlacement::After, .. }))
    }
}

/// The arrays of a state, each `[B, H]`: h, and for the LSTM c.
pub type State<T> = Vec<Array2<T>>;

/// The weights of one direction of one layer, in the library's layout; G is the number of gates.
#[derive(Clone)]
pub struct Weights<T> {
    pub input: Array2<T>,                  // [I, G·H]
    pub recurrent: Array2<T>,              // [H, G·H]
    pub bias: Array1<T>,                   // [G·H]
    pub recurrent_bias: Option<Array1<T>>, // [H]
    pub peepholes: Option<Array1<T>>,      // [3H] or [2H]
    pub projection: Option<Array2<T>>,     // [H, P]
}

impl<T: Real> Weights<T> {
    /// What every cell has.
    pub fn new(input: Array2<T>, recurrent: Array2<T>, bias: Array1<T>) -> Self {
        Weights { input, recurrent, bias, recurrent_bias: None, peepholes: None, projection: None }
    }

    /// The library's parameters.
    pub fn parameters(&self) -> Result<Parameters<T>, Stop> {
        let mut shapes = vec![
            ParameterShape::new("input_weights", self.input.shape()),
            ParameterShape::new("recurrent_weights", self.recurrent.shape()),
            ParameterShape::new("bias", self.bias.shape()),
        ];
        let shape = |name: &str, shape: &[usize]| ParameterShape::new(name, shape);
        shapes.extend(self.recurrent_bias.as_ref().map(|b| shape("recurrent_bias", b.shape())));
        shapes.extend(self.peepholes.as_ref().map(|p| shape("peephole_weights", p.shape())));
        shapes.extend(self.projection.as_ref().map(|r| shape("projection_weights", r.shape())));
        let mut parameters = Parameters::zeros(shapes)?;
        parameters.set("input_weights", self.input.view())?;
        parameters.set("recurrent_weights", self.recurrent.view())?;
        parameters.set("bias", self.bias.view())?;
        if let Some(bias) = &self.recurrent_bias {
            parameters.set("recurrent_bias", bias.view())?;
        }
        if let Some(peepholes) = &self.peepholes {
            parameters.set("peephole_weights", peepholes.view())?;
        }
        if let Some(projection) = &self.projection {
            parameters.set("projection_weights", projection.view())?;
        }
        Ok(parameters)
    }

    /// The weights that the library's parameters hold.
    pub fn from_parameters(parameters: &Parameters<T>) -> Result<Self, Stop> {
        let has = |name: &str| parameters.shapes().iter().any(|shape| shape.name == name);
        Ok(Weights {
            input: named(parameters, "input_weights")?,
            recurrent: named(parameters, "recurrent_weights")?,
            bias: named(parameters, "bias")?,
            recurrent_bias: optional(parameters, "recurrent_bias", has("recurrent_bias"))?,
            peepholes: optional(parameters, "peephole_weights", has("peephole_weights"))?,
            projection: optional(parameters, "projection_weights", has("projection_weights"))?,
        })
    }

    /// Every entry divided by a count.
    pub fn divided(&self, count: usize) -> Self {
        let divisor = T::from_f64(count as f64);
        Weights {
            input: &self.input / divisor,
            recurrent: &self.recurrent / divisor,
            bias: &self.bias / divisor,
            recurrent_bias: self.recurrent_bias.as_ref().map(|bias| bias / divisor),
            peepholes: self.peepholes.as_ref().map(|peepholes| peepholes / divisor),
            projection: self.projection.as_ref().map(|projection| projection / divisor),
        }
    }
}

/// What the frameworks call the activations.
pub fn activation(name: &str) -> Result<ActivationKind, Stop> {
    match name {
        "tanh" => Ok(ActivationKind::Tanh),
        "relu" => Ok(ActivationKind::Relu),
        "sigmoid" => Ok(ActivationKind::Sigmoid),
        "hard_sigmoid" => Ok(ActivationKind::HardSigmoid),
        "linear" => Ok(ActivationKind::Identity),
        other => Err(Stop::unsupported(format!("activation {other}"))),
    }
}

/// A layer that has run forward over a batch.
pub struct Pass<T: Real>(Box<dyn Run<T>>);

/// What the backward pass of a [`Pass`] returns.
pub struct Gradient<T> {
    pub inputs: Array3<T>, // [B, T, I]
    pub initial: State<T>,
    pub weights: Weights<T>,
}

impl<T: Real> Pass<T> {
    /// Runs the layer over `batch`, from zeros where there is no initial state.
    pub fn forward(
        (choice, direction): (CellChoice, Direction),
        weights: &Weights<T>,
        batch: SequenceBatch<T>,
        initial: Option<State<T>>,
    ) -> Result<Self, Stop> {
        let input_size = weights.input.nrows();
        let hidden_size = weights.input.ncols() / choice.gates();
        let sizes = CellSizes { input_size, hidden_size };
        let operands = Operands { parameters: weights.parameters()?, batch, initial };
        Ok(match choice {
            CellChoice::Simple(options) => {
                Pass::of(SimpleCell::with_options(sizes, options)?, direction, operands)?
            }
            CellChoice::Lstm(options) => {
                Pass::of(LstmCell::with_options(sizes, options)?, direction, operands)?
            }
            CellChoice::Gru(options) => {
                Pass::of(GruCell::with_options(sizes, options)?, direction, operands)?
            }
        })
    }

    fn of<C: Cell<T> + 'static>(
        cell: C,
        direction: Direction,
        operands: Operands<T>,
    ) -> Result<Self, Stop> {
        let Operands { parameters, batch, initial } = operands;
        let layer = Layer::new(cell, direction)?;
        let prepared = layer.prepare(&parameters)?;
        let initial = initial.map(C::State::from_parts);
        let trace = layer.forward_traced(&prepared, &batch, initial.as_ref())?;
        Ok(Pass(Box::new(Traced { layer, prepared, parameters, batch, trace })))
    }

    /// The hidden state after every step `[B, T, H]`, 0 in padding.
    pub fn outputs(&self) -> ArrayView3<'_, T> {
        self.0.outputs()
    }

    /// The state after each sequence's last step in the layer's direction.
    pub fn final_state(&self) -> State<T> {
        self.0.final_state()
    }

    /// The hidden part of the final state `[B, H]`.
    pub fn final_hidden(&self) -> Array2<T> {
        self.final_state().swap_remove(0)
    }

    /// The gradients of a scalar from its gradients at the outputs and at the final state.
    pub fn backward(
        &mut self,
        outputs: Option<ArrayView3<'_, T>>,
        final_state: Option<State<T>>,
    ) -> Result<Gradient<T>, Stop> {
        self.0.backward(outputs, final_state)
    }
}

struct Operands<T> {
    parameters: Parameters<T>,
    batch: SequenceBatch<T>,
    initial: Option<State<T>>,
}

/// A [`Pass`] of any cell.
trait Run<T: Real> {
    fn outputs(&self) -> ArrayView3<'_, T>;
    fn final_state(&self) -> State<T>;
    fn backward(
        &mut self,
        outputs: Option<ArrayView3<'_, T>>,
        final_state: Option<State<T>>,
    ) -> Result<Gradient<T>, Stop>;
}

struct Traced<T: Real, C: Cell<T>> {
    layer: Layer<C>,
    prepared: C::Prepared,
    parameters: Parameters<T>,
    batch: SequenceBatch<T>,
    trace: Trace<T>,
}

impl<T: Real, C: Cell<T>> Run<T> for Traced<T, C> {
    fn outputs(&self) -> ArrayView3<'_, T> {
        self.trace.outputs()
    }

    fn final_state(&self) -> State<T> {
        parts(&self.layer.final_state(&self.trace))
    }

    fn backward(
        &mut self,
        outputs: Option<ArrayView3<'_, T>>,
        final_state: Option<State<T>>,
    ) -> Result<Gradient<T>, Stop> {
        let mut sums = self.parameters.zeros_like();
        let final_state = final_state.map(C::State::from_parts);
        let arriving = ArrivingGradient { outputs, final_state: final_state.as_ref() };
        let Traced { layer, prepared, batch, trace, .. } = self;
        let back = layer.backward(prepared, batch, trace, arriving, &mut sums)?;
        let weights = Weights::from_parameters(&sums)?;
        Ok(Gradient { inputs: back.inputs, initial: parts(&back.initial_state), weights })
    }
}

fn parts<T: Real, S: CellState<T>>(state: &S) -> State<T> {
    state.parts().iter().map(|part| part.to_owned()).collect()
}

/// A parameter that not every cell has.
fn optional<T: Real, D: Dimension>(
    parameters: &Parameters<T>,
    name: &str,
    is_there: bool,
) -> Result<Option<Array<T, D>>, Stop> {
    is_there.then(|| named(parameters, name)).transpose()
}

/// A parameter as an array of as many axes as it has.
pub fn named<T: Real, D: Dimension>(
    parameters: &Parameters<T>,
    name: &str,
) -> Result<Array<T, D>, Stop> {
    with_axes(name, parameters.get(name)?.to_owned())
}
