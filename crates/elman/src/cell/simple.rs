//! The simple (Elman) cell.
//!
//! ```text
//! a_t = x_t·W + h_{t-1}·U + b            h_t = φ(a_t)
//! da_t = dh_t ⊙ φ'(a_t)                  dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t
//! dx_t = da_t·Wᵀ                         dh_{t-1} = da_t·Uᵀ
//! ```
//!
//! # Source
//!
//! J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990); with W and U as PyTorch's
//! `nn.RNN` has them, transposed, and its two biases as one.

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::ActivationBackward;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::activation::{Activation, ActivationKind, CustomActivation};
use crate::cell::gated::{GateInputs, GateSizes, GatedWeights};
use crate::cell::{
    BackwardRows, Begun, Cell, CellSizes, CellState, GradientRows, InputsAhead, SequenceDeltas,
    StepRows, UnitSharing, Units, add_weight_gradients,
};
use crate::error::Result;
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The simple recurrent cell, `h_t = φ(x_t·W + h_{t-1}·U + b)`.
///
/// Parameters: `input_weights` W `[I, H]`, `recurrent_weights` U `[H, H]`, `bias` b `[H]`.
///
/// ```
/// use elman::{ActivationKind, Cell, SimpleCell};
///
/// # fn main() -> elman::Result<()> {
/// let cell = SimpleCell::<f64>::new(2, 4, ActivationKind::Tanh)?;
/// assert_eq!(cell.parameter_shapes()[0].shape, [2, 4]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SimpleCell<T> {
    input_size: usize,
    hidden_size: usize,
    activation: Activation<T>,
}

/// The state of a simple cell.
#[derive(Clone, Debug, PartialEq)]
pub struct SimpleState<T> {
    /// h, `[B, H]`.
    pub hidden: Array2<T>,
}

/// The options of a simple cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleOptions {
    /// φ.
    pub activation: ActivationKind,
}

impl SimpleOptions {
    /// tanh, as in PyTorch.
    pub const DEFAULT: SimpleOptions = SimpleOptions { activation: ActivationKind::Tanh };
}

impl Default for SimpleOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The weights of a simple cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct SimplePrepared<T> {
    gates: GatedWeights<T>,
}

impl<T: Real> SimpleCell<T> {
    /// A cell with I inputs and H units.
    ///
    /// # Errors
    ///
    /// A size of 0, or one beyond any memory.
    pub fn new(
        input_size: usize,
        hidden_size: usize,
        activation: impl Into<Activation<T>>,
    ) -> Result<Self> {
        CellSizes { input_size, hidden_size }.check()?;
        Ok(SimpleCell { input_size, hidden_size, activation: activation.into() })
    }

    /// A cell with options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(sizes: CellSizes, options: SimpleOptions) -> Result<Self> {
        Self::new(sizes.input_size, sizes.hidden_size, options.activation)
    }

    fn gates(&self) -> GateSizes {
        GateSizes {
            input_size: self.input_size,
            recurrent_size: self.hidden_size,
            columns: self.hidden_size,
        }
    }
}

impl<T: Real> CellState<T> for SimpleState<T> {
    const PARTS: usize = 1;

    fn parts(&self) -> Vec<ArrayView2<'_, T>> {
        vec![self.hidden.view()]
    }

    fn from_parts(mut parts: Vec<Array2<T>>) -> Self {
        SimpleState { hidden: parts.swap_remove(0) }
    }
}

impl<T: Real> Cell<T> for SimpleCell<T> {
    type Prepared = SimplePrepared<T>;
    type State = SimpleState<T>;

    fn input_size(&self) -> usize {
        self.input_size
    }

    fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    /// The known activations read their derivative off h; a custom one needs a.
    fn trace_size(&self) -> usize {
        match self.activation {
            Activation::Known(_) => 0,
            Activation::Custom(_) => self.hidden_size,
        }
    }

    fn delta_size(&self) -> usize {
        self.hidden_size
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.gates().parameter_shapes()
    }

    fn prepare(&self, parameters: &[T]) -> SimplePrepared<T> {
        SimplePrepared { gates: GatedWeights::ungrouped(self.gates(), parameters) }
    }

    fn refresh(&self, parameters: &[T], prepared: &mut SimplePrepared<T>) {
        prepared.gates.refresh(parameters);
    }

    fn accepts(&self, prepared: &SimplePrepared<T>) -> bool {
        prepared.gates.sizes() == self.gates()
    }

    fn step(&self, prepared: &SimplePrepared<T>, rows: StepRows<'_, '_, T>) {
        self.step_units(prepared, rows, &mut Units::all(self.hidden_size));
    }

    fn step_backward(&self, prepared: &SimplePrepared<T>, rows: BackwardRows<'_, '_, T>) {
        self.step_units_backward(prepared, rows, &mut Units::all(self.hidden_size));
    }

    fn input_gradient(
        &self,
        prepared: &SimplePrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        prepared.gates.input_gradient(deltas, grad_inputs);
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        // dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t
        let gradient = self.gates().weight_gradient(0..self.hidden_size);
        let target = GradientRows { values: grad_parameters, stride: self.hidden_size };
        add_weight_gradients(sequences, &[gradient], target);
    }

    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, SimplePrepared<T>>> {
        Some(self)
    }

    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, SimplePrepared<T>>> {
        Some(self)
    }
}

impl<T: Real> InputsAhead<T, SimplePrepared<T>> for SimpleCell<T> {
    fn begin_steps(
        &self,
        prepared: &SimplePrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        prepared.gates.begin_steps(inputs, scratch, units);
    }
}

impl<T: Real> UnitSharing<T, SimplePrepared<T>> for SimpleCell<T> {
    fn step_units(
        &self,
        prepared: &SimplePrepared<T>,
        rows: StepRows<'_, '_, T>,
        units: &mut Units,
    ) {
        let (hidden_size, own) = (self.hidden_size, units.own());
        if rows.begun == Begun::Inputs {
            let states = rows.state.chunks_exact_mut(hidden_size);
            for (state, begun) in states.zip(rows.scratch.iter()) {
                state[own.clone()].copy_from_slice(&begun[own.clone()]);
            }
        }
        // a_t = b + x_t·W + h_{t-1}·U
        let inputs = GateInputs {
            inputs: rows.inputs,
            hidden: Rows::Strided { values: rows.previous, stride: hidden_size },
            begun: rows.begun,
        };
        let out = Out::Strided { values: &mut *rows.state, stride: hidden_size };
        prepared.gates.all().pre_activations(inputs, out, units);
        if self.trace_size() > 0 {
            let states = rows.state.chunks_exact(hidden_size);
            for (state, trace) in states.zip(rows.trace) {
                trace[own.clone()].copy_from_slice(&state[own.clone()]);
            }
        }
        if units.are_all() {
            return self.activation.apply(rows.state);
        }
        for state in rows.state.chunks_exact_mut(hidden_size) {
            self.activation.apply(&mut state[own.clone()]);
        }
    }

    fn step_units_backward(
        &self,
        prepared: &SimplePrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        // da_t = dh_t ⊙ φ'(a_t)
        let (hidden_size, own) = (self.hidden_size, units.own());
        match self.activation {
            Activation::Known(kind) => {
                let operands = ActivationBackward {
                    hidden_size,
                    units: own,
                    deltas: &mut *rows.deltas,
                    hidden: rows.state.hidden,
                    grad: rows.grad_state,
                };
                T::activation_backward(Level::current(), kind.function(), operands);
            }
            Activation::Custom(custom) => {
                let grads = rows.grad_state.chunks_exact(hidden_size);
                for (deltas, grad) in rows.deltas.iter_mut().zip(grads) {
                    custom_backward(custom, &grad[own.clone()], &mut deltas[own.clone()]);
                }
            }
        }
        units.exchange(rows.deltas, &[0]);
        // dh_{t-1} = da_t·Uᵀ
        let term =
            prepared.gates.all().transposed_term(Rows::Mutable { rows: rows.deltas, first: 0 });
        let out = Out::Strided { values: rows.grad_previous, stride: hidden_size };
        T::product_columns(Start::Zero, &[term], out, units.columns(1));
    }
}

/// The pre-activations become the deltas.
fn custom_backward<T: Real>(custom: CustomActivation<T>, grad: &[T], deltas: &mut [T]) {
    for (delta, grad) in deltas.iter_mut().zip(grad) {
        *delta = *grad * (custom.derivative)(*delta);
    }
}
