//! One simple recurrent layer of the library, run forward and backward with weights given by hand.

use elman::cell::{Cell, SimpleCell, SimpleState};
use elman::layer::{ArrivingGradient, Direction, Layer, Trace};
use elman::{ActivationKind, Parameters, Real, SequenceBatch};
use ndarray::{Array, Array1, Array2, Array3, ArrayView3, Dimension};

use super::arrays::with_axes;
use super::case::Stop;

/// The weights of one direction of one layer.
#[derive(Clone)]
pub struct Weights<T> {
    pub input: Array2<T>,     // [I, H]
    pub recurrent: Array2<T>, // [H, H]
    pub bias: Array1<T>,      // [H]
}

impl<T: Real> Weights<T> {
    /// The library's parameters.
    pub fn parameters(&self) -> Result<Parameters<T>, Stop> {
        let (input_size, hidden_size) = self.input.dim();
        let cell = SimpleCell::<T>::new(input_size, hidden_size, ActivationKind::Identity)?;
        let mut parameters = Parameters::zeros(cell.parameter_shapes())?;
        parameters.set("input_weights", self.input.view())?;
        parameters.set("recurrent_weights", self.recurrent.view())?;
        parameters.set("bias", self.bias.view())?;
        Ok(parameters)
    }

    /// The weights that the library's parameters hold.
    pub fn from_parameters(parameters: &Parameters<T>) -> Result<Self, Stop> {
        Ok(Weights {
            input: named(parameters, "input_weights")?,
            recurrent: named(parameters, "recurrent_weights")?,
            bias: named(parameters, "bias")?,
        })
    }

    /// Every entry divided by a count.
    pub fn divided(&self, count: usize) -> Self {
        let divisor = T::from_f64(count as f64);
        Weights {
            input: &self.input / divisor,
            recurrent: &self.recurrent / divisor,
            bias: &self.bias / divisor,
        }
    }
}

/// What the frameworks call the activations.
pub fn activation(name: &str) -> Result<ActivationKind, Stop> {
    match name {
        "tanh" => Ok(ActivationKind::Tanh),
        "relu" => Ok(ActivationKind::Relu),
        "sigmoid" => Ok(ActivationKind::Sigmoid),
        "linear" => Ok(ActivationKind::Identity),
        other => Err(Stop::unsupported(format!("activation {other}"))),
    }
}

/// A layer that has run forward over a batch.
pub struct Pass<T: Real> {
    layer: Layer<SimpleCell<T>>,
    prepared: <SimpleCell<T> as Cell<T>>::Prepared,
    parameters: Parameters<T>,
    batch: SequenceBatch<T>,
    trace: Trace<T>,
}

/// What the backward pass of a [`Pass`] returns.
pub struct Gradient<T> {
    pub inputs: Array3<T>,  // [B, T, I]
    pub initial: Array2<T>, // [B, H]
    pub weights: Weights<T>,
}

impl<T: Real> Pass<T> {
    /// Runs the layer over `batch`, from zeros where there is no initial state `[B, H]`.
    pub fn forward(
        (kind, direction): (ActivationKind, Direction),
        weights: &Weights<T>,
        batch: SequenceBatch<T>,
        initial: Option<Array2<T>>,
    ) -> Result<Self, Stop> {
        let (input_size, hidden_size) = weights.input.dim();
        let layer = Layer::new(SimpleCell::new(input_size, hidden_size, kind)?, direction)?;
        let parameters = weights.parameters()?;
        let prepared = layer.prepare(&parameters)?;
        let initial = initial.map(|hidden| SimpleState { hidden });
        let trace = layer.forward_traced(&prepared, &batch, initial.as_ref())?;
        Ok(Pass { layer, prepared, parameters, batch, trace })
    }

    /// The state after every step `[B, T, H]`, 0 in padding.
    pub fn outputs(&self) -> ArrayView3<'_, T> {
        self.trace.outputs()
    }

    /// The state after each sequence's last step in the layer's direction `[B, H]`.
    pub fn final_state(&self) -> Array2<T> {
        self.layer.final_state(&self.trace).hidden
    }

    /// The gradients of a scalar from its gradients at the outputs and at the final state.
    pub fn backward(
        &mut self,
        outputs: Option<ArrayView3<'_, T>>,
        final_state: Option<Array2<T>>,
    ) -> Result<Gradient<T>, Stop> {
        let mut sums = self.parameters.zeros_like();
        let final_state = final_state.map(|hidden| SimpleState { hidden });
        let arriving = ArrivingGradient { outputs, final_state: final_state.as_ref() };
        let Pass { layer, prepared, batch, trace, .. } = self;
        let back = layer.backward(prepared, batch, trace, arriving, &mut sums)?;
        let weights = Weights::from_parameters(&sums)?;
        Ok(Gradient { inputs: back.inputs, initial: back.initial_state.hidden, weights })
    }
}

/// A parameter as an array of as many axes as it has.
pub fn named<T: Real, D: Dimension>(
    parameters: &Parameters<T>,
    name: &str,
) -> Result<Array<T, D>, Stop> {
    with_axes(name, parameters.get(name)?.to_owned())
}
