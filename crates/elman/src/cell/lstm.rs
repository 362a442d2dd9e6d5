//! The LSTM cell.
//!
//! ```text
//! [i f o g] = x_t·W + h_{t-1}·U + b
//! c_t = σ(f)⊙c_{t-1} + σ(i)⊙φ(g)           h_t = σ(o)⊙ψ(c_t)              φ, ψ: tanh
//!
//! dc = dc_t + dh_t⊙σ(o)⊙ψ'                 do = dh_t⊙ψ(c_t)⊙σ'
//! di = dc⊙φ(g)⊙σ'     df = dc⊙c_{t-1}⊙σ'     dg = dc⊙σ(i)⊙φ'     da_t = [di df do dg]
//! dW += x_tᵀ·da_t     dU += h_{t-1}ᵀ·da_t     db += da_t
//! dx_t = da_t·Wᵀ      dh_{t-1} = da_t·Uᵀ      dc_{t-1} = dc⊙σ(f)
//! ```
//!
//! The trace is the gates, 4H values for each row; the deltas take their place.
//!
//! # Source
//!
//! S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997), with the
//! forget gate of F. A. Gers, J. Schmidhuber and F. Cummins, Neural Computation 12 (2000); as
//! PyTorch's `nn.LSTM` computes it, whose gates come in the order i, f, g, o.

use std::marker::PhantomData;

use elman_kernels::matmul::{Out, Rows, Start, Term};
use elman_kernels::pointwise::{LstmBackward, LstmForward, LstmFunctions};
use elman_kernels::{Level, PackedMatrix};
use ndarray::{Array2, ArrayView2};

use crate::activation::ActivationKind;
use crate::cell::{
    BackwardRows, Begun, Cell, CellState, Recurrent, SequenceDeltas, StepRows, Units,
    WeightGradient, add_weight_gradients, check_sizes,
};
use crate::error::Result;
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The LSTM cell.
///
/// Parameters, the gates in the order `[i f o g]`: `input_weights` W `[I, 4H]`, `recurrent_weights`
/// U `[H, 4H]`, `bias` b `[4H]`.
///
/// ```
/// use elman::cell::{LstmCell, LstmState, step};
/// use elman::{Direction, Layer};
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let cell = LstmCell::<f64>::new(1, 1)?;
/// let mut parameters = Layer::new(cell.clone(), Direction::Forward)?.parameters();
/// parameters.set("input_weights", array![[0.0, 0.0, 0.0, 2.0]].view())?; // only g sees the input
/// let zero = LstmState { hidden: Array2::zeros((1, 1)), cell: array![[1.0]] };
/// let (state, _) = step(&cell, &parameters, array![[0.25]].view(), &zero)?;
/// let c = 0.5 * 1.0 + 0.5 * 0.462_117_157_260; // σ(0) c + σ(0) tanh 0.5
/// assert!((state.cell[[0, 0]] - c).abs() < 1e-11);
/// assert!((state.hidden[[0, 0]] - 0.5 * 0.623_712_549_826).abs() < 1e-10); // σ(0) tanh c
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LstmCell<T> {
    input_size: usize,
    hidden_size: usize,
    functions: LstmFunctions,
    element: PhantomData<T>,
}

/// The functions of an LSTM cell. The default, σ, tanh and tanh, is the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmActivations {
    /// Of the gates i, f and o.
    pub gate: ActivationKind,
    /// Of the candidate g: φ.
    pub candidate: ActivationKind,
    /// Of the cell state where it becomes the hidden state: ψ.
    pub output: ActivationKind,
}

impl Default for LstmActivations {
    fn default() -> Self {
        LstmActivations {
            gate: ActivationKind::Sigmoid,
            candidate: ActivationKind::Tanh,
            output: ActivationKind::Tanh,
        }
    }
}

/// The state of an LSTM cell.
#[derive(Clone, Debug, PartialEq)]
pub struct LstmState<T> {
    /// h, `[B, H]`.
    pub hidden: Array2<T>,
    /// c, `[B, H]`.
    pub cell: Array2<T>,
}

/// The weights of an LSTM cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct LstmPrepared<T> {
    input: PackedMatrix<T>,                // W  [I, 4H]
    recurrent: PackedMatrix<T>,            // U  [H, 4H]
    bias: Vec<T>,                          // b  [4H]
    input_transposed: PackedMatrix<T>,     // Wᵀ [4H, I]
    recurrent_transposed: PackedMatrix<T>, // Uᵀ [4H, H]
}

impl<T: Real> LstmCell<T> {
    /// A cell with I inputs and H units, of the usual functions.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub fn new(input_size: usize, hidden_size: usize) -> Result<Self> {
        Self::with_activations(input_size, hidden_size, LstmActivations::default())
    }

    /// A cell of other functions.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub fn with_activations(
        input_size: usize,
        hidden_size: usize,
        activations: LstmActivations,
    ) -> Result<Self> {
        check_sizes(input_size, hidden_size)?;
        let functions = LstmFunctions {
            gate: activations.gate.function(),
            candidate: activations.candidate.function(),
            output: activations.output.function(),
        };
        Ok(LstmCell { input_size, hidden_size, functions, element: PhantomData })
    }

    /// 4H, the length of a row of gates.
    fn gates_size(&self) -> usize {
        4 * self.hidden_size
    }
}

impl<T: Real> CellState<T> for LstmState<T> {
    const PARTS: usize = 2;

    fn parts(&self) -> Vec<ArrayView2<'_, T>> {
        vec![self.hidden.view(), self.cell.view()]
    }

    fn from_parts(mut parts: Vec<Array2<T>>) -> Self {
        let cell = parts.swap_remove(1);
        LstmState { hidden: parts.swap_remove(0), cell }
    }
}

impl<T: Real> Cell<T> for LstmCell<T> {
    type Prepared = LstmPrepared<T>;
    type State = LstmState<T>;

    fn input_size(&self) -> usize {
        self.input_size
    }

    fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    fn trace_size(&self) -> usize {
        self.gates_size()
    }

    fn delta_size(&self) -> usize {
        self.gates_size()
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        let gates_size = self.gates_size();
        vec![
            ParameterShape::new("input_weights", &[self.input_size, gates_size]),
            ParameterShape::new("recurrent_weights", &[self.hidden_size, gates_size]),
            ParameterShape::new("bias", &[gates_size]),
        ]
    }

    fn prepare(&self, parameters: &[T]) -> LstmPrepared<T> {
        let (input_size, hidden_size) = (self.input_size, self.hidden_size);
        let mut prepared = LstmPrepared {
            input: PackedMatrix::zeros(input_size, self.gates_size()),
            recurrent: PackedMatrix::zeros(hidden_size, self.gates_size()),
            bias: Vec::new(),
            input_transposed: PackedMatrix::zeros(self.gates_size(), input_size),
            recurrent_transposed: PackedMatrix::zeros(self.gates_size(), hidden_size),
        };
        self.refresh(parameters, &mut prepared);
        prepared
    }

    fn refresh(&self, parameters: &[T], prepared: &mut LstmPrepared<T>) {
        let gates_size = self.gates_size();
        let (input, rest) = parameters.split_at(self.input_size * gates_size);
        let (recurrent, bias) = rest.split_at(self.hidden_size * gates_size);
        prepared.input.fill(input);
        prepared.recurrent.fill(recurrent);
        prepared.bias.clear();
        prepared.bias.extend_from_slice(bias);
        prepared.input_transposed.fill_transposed(input, gates_size);
        prepared.recurrent_transposed.fill_transposed(recurrent, gates_size);
    }

    fn accepts(&self, prepared: &LstmPrepared<T>) -> bool {
        let sizes = [prepared.input.depth(), prepared.recurrent.depth(), prepared.bias.len()];
        sizes == [self.input_size, self.hidden_size, 4 * self.hidden_size]
    }

    fn shares_units(&self) -> bool {
        true
    }

    fn begins_steps(&self) -> bool {
        true
    }

    fn begin_steps(
        &self,
        prepared: &LstmPrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        let term = Term { rows: Rows::Slices(inputs), weights: &prepared.input };
        let out = Out::Slices { rows: scratch, first: 0 };
        T::product_columns(Start::Bias(&prepared.bias), &[term], out, units.columns(4));
    }

    fn step(&self, prepared: &LstmPrepared<T>, rows: StepRows<'_, '_, T>) {
        // [i f o g] = b + x_t·W + h_{t-1}·U, in this order.
        let previous = Rows::Strided { values: rows.previous, stride: 2 * self.hidden_size };
        let terms = [
            Term { rows: Rows::Slices(rows.inputs), weights: &prepared.input },
            Term { rows: previous, weights: &prepared.recurrent },
        ];
        let (start, terms) = match rows.begun {
            Begun::Nothing => (Start::Bias(&prepared.bias), &terms[..]),
            Begun::Inputs => (Start::Output, &terms[1..]),
        };
        let out = Out::Slices { rows: &mut *rows.scratch, first: 0 };
        T::product_columns(start, terms, out, rows.units.columns(4));
        let operands = LstmForward {
            hidden_size: self.hidden_size,
            units: rows.units.own(),
            gates: rows.scratch,
            trace: rows.trace,
            previous: rows.previous,
            state: rows.state,
        };
        T::lstm_forward(Level::current(), self.functions, operands);
    }

    fn step_backward(&self, prepared: &LstmPrepared<T>, rows: BackwardRows<'_, '_, T>) {
        let operands = LstmBackward {
            hidden_size: self.hidden_size,
            units: rows.units.own(),
            gates: &mut *rows.deltas,
            previous: rows.previous.inner,
            state: rows.state.inner,
            grad_state: rows.grad_state,
            grad_previous: &mut *rows.grad_previous,
        };
        T::lstm_backward(Level::current(), self.functions, operands);
        let gates = [0, 1, 2, 3].map(|gate| gate * self.hidden_size);
        rows.units.exchange(rows.deltas, &gates);
        // dh_{t-1} = da_t·Uᵀ, beside dc_{t-1}
        let deltas = Rows::Mutable { rows: rows.deltas, first: 0 };
        let term = Term { rows: deltas, weights: &prepared.recurrent_transposed };
        let out = Out::Strided { values: rows.grad_previous, stride: 2 * self.hidden_size };
        T::product_columns(Start::Zero, &[term], out, rows.units.columns(1));
    }

    fn input_gradient(
        &self,
        prepared: &LstmPrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        // dx_t = da_t·Wᵀ
        let term = Term { rows: Rows::Slices(deltas), weights: &prepared.input_transposed };
        let out = Out::Slices { rows: grad_inputs, first: 0 };
        T::product_columns(Start::Zero, &[term], out, std::slice::from_ref(&(0..self.input_size)));
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        let (input_size, gates_size) = (self.input_size, self.gates_size());
        // dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t, one after the other in the parameters.
        let gradient = WeightGradient {
            deltas: 0..gates_size,
            input_weights: Some(0),
            recurrent_weights: Some((Recurrent::Hidden, input_size * gates_size)),
            bias: Some((input_size + self.hidden_size) * gates_size),
        };
        add_weight_gradients(sequences, &[gradient], (grad_parameters, gates_size));
    }
}
