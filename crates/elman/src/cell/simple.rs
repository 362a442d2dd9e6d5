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

use elman_kernels::matmul::{Out, Rows, Start, Term};
use elman_kernels::pointwise::ActivationBackward;
use elman_kernels::{Level, PackedMatrix};
use ndarray::{Array2, ArrayView2};

use crate::activation::{Activation, CustomActivation};
use crate::cell::{
    BackwardRows, Begun, Cell, CellState, Recurrent, SequenceDeltas, StepRows, Units,
    WeightGradient, add_weight_gradients, check_sizes,
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

/// The weights of a simple cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct SimplePrepared<T> {
    input: PackedMatrix<T>,                // W  [I, H]
    recurrent: PackedMatrix<T>,            // U  [H, H]
    bias: Vec<T>,                          // b  [H]
    input_transposed: PackedMatrix<T>,     // Wᵀ [H, I]
    recurrent_transposed: PackedMatrix<T>, // Uᵀ [H, H]
}

impl<T: Real> SimpleCell<T> {
    /// A cell with I inputs and H units.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub fn new(
        input_size: usize,
        hidden_size: usize,
        activation: impl Into<Activation<T>>,
    ) -> Result<Self> {
        check_sizes(input_size, hidden_size)?;
        Ok(SimpleCell { input_size, hidden_size, activation: activation.into() })
    }

    fn split<'a, V>(&self, parameters: &'a [V]) -> [&'a [V]; 3] {
        let (input, rest) = parameters.split_at(self.input_size * self.hidden_size);
        let (recurrent, bias) = rest.split_at(self.hidden_size * self.hidden_size);
        [input, recurrent, bias]
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
        vec![
            ParameterShape::new("input_weights", &[self.input_size, self.hidden_size]),
            ParameterShape::new("recurrent_weights", &[self.hidden_size, self.hidden_size]),
            ParameterShape::new("bias", &[self.hidden_size]),
        ]
    }

    fn prepare(&self, parameters: &[T]) -> SimplePrepared<T> {
        let (input_size, hidden_size) = (self.input_size, self.hidden_size);
        let mut prepared = SimplePrepared {
            input: PackedMatrix::zeros(input_size, hidden_size),
            recurrent: PackedMatrix::zeros(hidden_size, hidden_size),
            bias: Vec::new(),
            input_transposed: PackedMatrix::zeros(hidden_size, input_size),
            recurrent_transposed: PackedMatrix::zeros(hidden_size, hidden_size),
        };
        self.refresh(parameters, &mut prepared);
        prepared
    }

    fn refresh(&self, parameters: &[T], prepared: &mut SimplePrepared<T>) {
        let [input, recurrent, bias] = self.split(parameters);
        prepared.input.fill(input);
        prepared.recurrent.fill(recurrent);
        prepared.bias.clear();
        prepared.bias.extend_from_slice(bias);
        prepared.input_transposed.fill_transposed(input, self.hidden_size);
        prepared.recurrent_transposed.fill_transposed(recurrent, self.hidden_size);
    }

    fn accepts(&self, prepared: &SimplePrepared<T>) -> bool {
        let sizes = [prepared.input.depth(), prepared.recurrent.depth(), prepared.bias.len()];
        sizes == [self.input_size, self.hidden_size, self.hidden_size]
    }

    fn shares_units(&self) -> bool {
        true
    }

    fn begins_steps(&self) -> bool {
        true
    }

    fn begin_steps(
        &self,
        prepared: &SimplePrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        let term = Term { rows: Rows::Slices(inputs), weights: &prepared.input };
        let out = Out::Slices { rows: scratch, first: 0 };
        T::product_columns(Start::Bias(&prepared.bias), &[term], out, units.columns(1));
    }

    fn step(&self, prepared: &SimplePrepared<T>, rows: StepRows<'_, '_, T>) {
        // a_t = b + x_t·W + h_{t-1}·U, in this order.
        let terms = [
            Term { rows: Rows::Slices(rows.inputs), weights: &prepared.input },
            Term {
                rows: Rows::Strided { values: rows.previous, stride: self.hidden_size },
                weights: &prepared.recurrent,
            },
        ];
        let (start, terms) = match rows.begun {
            Begun::Nothing => (Start::Bias(&prepared.bias), &terms[..]),
            Begun::Inputs => {
                let states = rows.state.chunks_exact_mut(self.hidden_size);
                for (state, begun) in states.zip(rows.scratch.iter()) {
                    state[rows.units.own()].copy_from_slice(&begun[rows.units.own()]);
                }
                (Start::Output, &terms[1..])
            }
        };
        let out = Out::Strided { values: &mut *rows.state, stride: self.hidden_size };
        T::product_columns(start, terms, out, rows.units.columns(1));
        let own = rows.units.own();
        if self.trace_size() > 0 {
            let states = rows.state.chunks_exact(self.hidden_size);
            for (state, trace) in states.zip(rows.trace) {
                trace[own.clone()].copy_from_slice(&state[own.clone()]);
            }
        }
        if rows.units.are_all() {
            return self.activation.apply(rows.state);
        }
        for state in rows.state.chunks_exact_mut(self.hidden_size) {
            self.activation.apply(&mut state[own.clone()]);
        }
    }

    fn step_backward(&self, prepared: &SimplePrepared<T>, rows: BackwardRows<'_, '_, T>) {
        // da_t = dh_t ⊙ φ'(a_t)
        let (hidden_size, units) = (self.hidden_size, rows.units.own());
        match self.activation {
            Activation::Known(kind) => {
                let operands = ActivationBackward {
                    hidden_size,
                    units,
                    deltas: &mut *rows.deltas,
                    hidden: rows.state.hidden,
                    grad: rows.grad_state,
                };
                T::activation_backward(Level::current(), kind.function(), operands);
            }
            Activation::Custom(custom) => {
                let grads = rows.grad_state.chunks_exact(hidden_size);
                for (deltas, grad) in rows.deltas.iter_mut().zip(grads) {
                    custom_backward(custom, &grad[units.clone()], &mut deltas[units.clone()]);
                }
            }
        }
        rows.units.exchange(rows.deltas, &[0]);
        // dh_{t-1} = da_t·Uᵀ
        let deltas = Rows::Mutable { rows: rows.deltas, first: 0 };
        let term = Term { rows: deltas, weights: &prepared.recurrent_transposed };
        let out = Out::Strided { values: rows.grad_previous, stride: hidden_size };
        T::product_columns(Start::Zero, &[term], out, rows.units.columns(1));
    }

    fn input_gradient(
        &self,
        prepared: &SimplePrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        // dx_t = da_t·Wᵀ
        let term = Term { rows: Rows::Slices(deltas), weights: &prepared.input_transposed };
        let out = Out::Slices { rows: grad_inputs, first: 0 };
        T::product_columns(Start::Zero, &[term], out, std::slice::from_ref(&(0..self.input_size)));
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        let (input_size, hidden_size) = (self.input_size, self.hidden_size);
        // dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t, one after the other in the parameters.
        let gradient = WeightGradient {
            deltas: 0..hidden_size,
            input_weights: Some(0),
            recurrent_weights: Some((Recurrent::Hidden, input_size * hidden_size)),
            bias: Some((input_size + hidden_size) * hidden_size),
        };
        add_weight_gradients(sequences, &[gradient], (grad_parameters, hidden_size));
    }
}

/// The pre-activations become the deltas.
fn custom_backward<T: Real>(custom: CustomActivation<T>, grad: &[T], deltas: &mut [T]) {
    for (delta, grad) in deltas.iter_mut().zip(grad) {
        *delta = *grad * (custom.derivative)(*delta);
    }
}
