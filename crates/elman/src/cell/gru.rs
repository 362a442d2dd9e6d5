//! The GRU cell, with the reset after or before the recurrent product of its candidate.
//!
//! ```text
//! [r z] = σ(x_t·W_rz + h_{t-1}·U_rz + b_rz)
//! after    q = h_{t-1}·U_n + b_hn     n = φ(x_t·W_n + b_n + r⊙q)           φ: tanh
//! before   q = r⊙h_{t-1}              n = φ(x_t·W_n + b_n + q·U_n)
//! h_t = (1-z)⊙n + z⊙h_{t-1}
//!
//! dn = dh_t⊙(1-z)⊙φ'     dz = dh_t⊙(h_{t-1}-n)⊙σ'
//! after    dq = dn⊙r         dr = dn⊙q⊙σ'          dh_{t-1} = dh_t⊙z + [dr dz]·U_rzᵀ + dq·U_nᵀ
//! before   dq = dn·U_nᵀ      dr = dq⊙h_{t-1}⊙σ'    dh_{t-1} = dh_t⊙z + dq⊙r + [dr dz]·U_rzᵀ
//! dx_t = [dr dz dn]·Wᵀ       dW += x_tᵀ·[dr dz dn]         db += [dr dz dn]
//! dU_rz += h_{t-1}ᵀ·[dr dz]  after: dU_n += h_{t-1}ᵀ·dq, db_hn += dq     before: dU_n += qᵀ·dn
//! ```
//!
//! The trace is `[r z n q]`, 4H values for each row. The deltas that take its place are
//! `[dr dz dn dq]`, or `[dr dz dn q]` with the reset before, where dU needs q and nothing needs dq.
//!
//! # Source
//!
//! K. Cho et al., "Learning phrase representations using RNN encoder–decoder", arXiv:1406.1078
//! (reset before); with the reset after as PyTorch's `nn.GRU`, Keras (`reset_after`) and ONNX
//! (`linear_before_reset`) have it. PyTorch's order of gates, r, z, n.

mod after;
mod before;

use std::marker::PhantomData;

use elman_kernels::PackedMatrix;
use elman_kernels::matmul::{Out, Rows, Start, Term};
use elman_kernels::pointwise::{GruBackward, GruFunctions};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::cell::{
    BackwardRows, Begun, Cell, CellState, Recurrent, SequenceDeltas, StepRows, Units,
    WeightGradient, add_weight_gradients, check_sizes,
};
use crate::error::Result;
use crate::parameters::ParameterShape;
use crate::real::Real;

/// Where the reset gate of a GRU acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetPlacement {
    /// On the recurrent product of the candidate and its bias, `r⊙(h·U_n + b_hn)`.
    #[default]
    After,
    /// On the state before that product, `(r⊙h)·U_n`.
    Before,
}

/// The GRU cell.
///
/// Parameters, the gates in the order `[r z n]`: `input_weights` W `[I, 3H]`, `recurrent_weights` U
/// `[H, 3H]`, `bias` b `[3H]`, and with the reset after the product `recurrent_bias` b_hn `[H]`.
///
/// ```
/// use elman::cell::{GruCell, GruState, ResetPlacement, step};
/// use elman::{Direction, Layer};
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let cell = GruCell::<f64>::new(1, 1, ResetPlacement::After)?;
/// let mut parameters = Layer::new(cell.clone(), Direction::Forward)?.parameters();
/// parameters.set("input_weights", array![[0.0, 0.0, 2.0]].view())?; // only n sees the input
/// parameters.set("recurrent_bias", array![1.0].view())?; // reset to a half: r = σ(0)
/// let h0 = GruState { hidden: array![[1.0]] };
/// let (h1, _) = step(&cell, &parameters, array![[0.25]].view(), &h0)?;
/// let n = 0.761_594_155_956; // tanh(0.5 + r · 1)
/// assert!((h1.hidden[[0, 0]] - (0.5 * n + 0.5 * 1.0)).abs() < 1e-11); // z = σ(0)
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GruCell<T> {
    input_size: usize,
    hidden_size: usize,
    reset: ResetPlacement,
    functions: GruFunctions,
    element: PhantomData<T>,
}

/// The functions of a GRU cell. The default, σ and tanh, is the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruActivations {
    /// Of the gates r and z.
    pub gate: ActivationKind,
    /// Of the candidate n: φ.
    pub candidate: ActivationKind,
}

impl Default for GruActivations {
    fn default() -> Self {
        GruActivations { gate: ActivationKind::Sigmoid, candidate: ActivationKind::Tanh }
    }
}

/// The state of a GRU cell.
#[derive(Clone, Debug, PartialEq)]
pub struct GruState<T> {
    /// h, `[B, H]`.
    pub hidden: Array2<T>,
}

/// The weights of a GRU cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct GruPrepared<T> {
    input_gates: PackedMatrix<T>,                    // W_rz  [I, 2H]
    input_candidate: PackedMatrix<T>,                // W_n   [I, H]
    recurrent_gates: PackedMatrix<T>,                // U_rz  [H, 2H]
    recurrent_candidate: PackedMatrix<T>,            // U_n   [H, H]
    bias: Vec<T>,                                    // b     [3H]
    recurrent_bias: Vec<T>,                          // b_hn  [H], or none
    input_transposed: PackedMatrix<T>,               // Wᵀ    [3H, I]
    recurrent_gates_transposed: PackedMatrix<T>,     // U_rzᵀ [2H, H]
    recurrent_candidate_transposed: PackedMatrix<T>, // U_nᵀ  [H, H]
}

impl<T: Real> GruCell<T> {
    /// A cell with I inputs and H units, of the usual functions.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub fn new(input_size: usize, hidden_size: usize, reset: ResetPlacement) -> Result<Self> {
        Self::with_activations(input_size, hidden_size, reset, GruActivations::default())
    }

    /// A cell of other functions.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub fn with_activations(
        input_size: usize,
        hidden_size: usize,
        reset: ResetPlacement,
        activations: GruActivations,
    ) -> Result<Self> {
        check_sizes(input_size, hidden_size)?;
        let GruActivations { gate, candidate } = activations;
        let functions = GruFunctions { gate: gate.function(), candidate: candidate.function() };
        Ok(GruCell { input_size, hidden_size, reset, functions, element: PhantomData })
    }

    /// 4H, the length of a row of the trace or of the deltas.
    fn gates_size(&self) -> usize {
        4 * self.hidden_size
    }

    /// W, U, b and b_hn in the flat parameters.
    fn split<'a>(&self, parameters: &'a [T]) -> [&'a [T]; 4] {
        let gates_size = 3 * self.hidden_size;
        let (input, rest) = parameters.split_at(self.input_size * gates_size);
        let (recurrent, rest) = rest.split_at(self.hidden_size * gates_size);
        let (bias, recurrent_bias) = rest.split_at(gates_size);
        [input, recurrent, bias, recurrent_bias]
    }
}

/// The operands of the pointwise parts of a step back.
fn operands<'a, 'b, T>(
    hidden_size: usize,
    rows: &'a mut BackwardRows<'_, 'b, T>,
) -> GruBackward<'a, 'b, T> {
    GruBackward {
        hidden_size,
        units: rows.units.own(),
        gates: &mut *rows.deltas,
        previous: rows.previous.hidden,
        grad_state: &mut *rows.grad_state,
        grad_previous: &mut *rows.grad_previous,
    }
}

impl<T: Real> CellState<T> for GruState<T> {
    const PARTS: usize = 1;

    fn parts(&self) -> Vec<ArrayView2<'_, T>> {
        vec![self.hidden.view()]
    }

    fn from_parts(mut parts: Vec<Array2<T>>) -> Self {
        GruState { hidden: parts.swap_remove(0) }
    }
}

impl<T: Real> Cell<T> for GruCell<T> {
    type Prepared = GruPrepared<T>;
    type State = GruState<T>;

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
        let (input_size, hidden_size) = (self.input_size, self.hidden_size);
        let mut shapes = vec![
            ParameterShape::new("input_weights", &[input_size, 3 * hidden_size]),
            ParameterShape::new("recurrent_weights", &[hidden_size, 3 * hidden_size]),
            ParameterShape::new("bias", &[3 * hidden_size]),
        ];
        if self.reset == ResetPlacement::After {
            shapes.push(ParameterShape::new("recurrent_bias", &[hidden_size]));
        }
        shapes
    }

    fn prepare(&self, parameters: &[T]) -> GruPrepared<T> {
        let (input_size, hidden_size) = (self.input_size, self.hidden_size);
        let mut prepared = GruPrepared {
            input_gates: PackedMatrix::zeros(input_size, 2 * hidden_size),
            input_candidate: PackedMatrix::zeros(input_size, hidden_size),
            recurrent_gates: PackedMatrix::zeros(hidden_size, 2 * hidden_size),
            recurrent_candidate: PackedMatrix::zeros(hidden_size, hidden_size),
            bias: Vec::new(),
            recurrent_bias: Vec::new(),
            input_transposed: PackedMatrix::zeros(3 * hidden_size, input_size),
            recurrent_gates_transposed: PackedMatrix::zeros(2 * hidden_size, hidden_size),
            recurrent_candidate_transposed: PackedMatrix::zeros(hidden_size, hidden_size),
        };
        self.refresh(parameters, &mut prepared);
        prepared
    }

    fn refresh(&self, parameters: &[T], prepared: &mut GruPrepared<T>) {
        let (width, candidate) = (3 * self.hidden_size, 2 * self.hidden_size);
        let [input, recurrent, bias, recurrent_bias] = self.split(parameters);
        prepared.input_gates.fill_strided(input, width);
        prepared.input_candidate.fill_strided(&input[candidate..], width);
        prepared.recurrent_gates.fill_strided(recurrent, width);
        prepared.recurrent_candidate.fill_strided(&recurrent[candidate..], width);
        bias.clone_into(&mut prepared.bias);
        recurrent_bias.clone_into(&mut prepared.recurrent_bias);
        prepared.input_transposed.fill_transposed(input, width);
        prepared.recurrent_gates_transposed.fill_transposed(recurrent, width);
        prepared.recurrent_candidate_transposed.fill_transposed(&recurrent[candidate..], width);
    }

    fn accepts(&self, prepared: &GruPrepared<T>) -> bool {
        let sizes = [prepared.input_gates.depth(), prepared.recurrent_gates.depth()];
        let recurrent_bias = match self.reset {
            ResetPlacement::After => self.hidden_size,
            ResetPlacement::Before => 0,
        };
        sizes == [self.input_size, self.hidden_size]
            && prepared.recurrent_bias.len() == recurrent_bias
    }

    fn shares_units(&self) -> bool {
        true
    }

    fn begins_steps(&self) -> bool {
        true
    }

    fn begin_steps(
        &self,
        prepared: &GruPrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        let (gates, candidate) = prepared.bias.split_at(2 * self.hidden_size);
        let term = Term { rows: Rows::Slices(inputs), weights: &prepared.input_gates };
        let out = Out::Slices { rows: &mut *scratch, first: 0 };
        T::product_columns(Start::Bias(gates), &[term], out, units.columns(2));
        let term = Term { rows: Rows::Slices(inputs), weights: &prepared.input_candidate };
        let out = Out::Slices { rows: scratch, first: 2 * self.hidden_size };
        T::product_columns(Start::Bias(candidate), &[term], out, units.columns(1));
    }

    fn step(&self, prepared: &GruPrepared<T>, rows: StepRows<'_, '_, T>) {
        if rows.inputs.is_empty() {
            return;
        }
        let hidden_size = self.hidden_size;
        let previous = Rows::Strided { values: rows.previous, stride: hidden_size };
        // [r z] = b_rz + x_t·W_rz + h_{t-1}·U_rz, in this order.
        let terms = [
            Term { rows: Rows::Slices(rows.inputs), weights: &prepared.input_gates },
            Term { rows: previous, weights: &prepared.recurrent_gates },
        ];
        let (start, terms) = match rows.begun {
            Begun::Nothing => (Start::Bias(&prepared.bias[..2 * hidden_size]), &terms[..]),
            Begun::Inputs => (Start::Output, &terms[1..]),
        };
        let out = Out::Slices { rows: &mut *rows.scratch, first: 0 };
        T::product_columns(start, terms, out, rows.units.columns(2));
        match self.reset {
            ResetPlacement::After => after::candidate(self, prepared, rows),
            ResetPlacement::Before => before::candidate(self, prepared, rows),
        }
    }

    fn step_backward(&self, prepared: &GruPrepared<T>, rows: BackwardRows<'_, '_, T>) {
        if rows.deltas.is_empty() {
            return;
        }
        match self.reset {
            ResetPlacement::After => after::backward(self, prepared, rows),
            ResetPlacement::Before => before::backward(self, prepared, rows),
        }
    }

    fn input_gradient(
        &self,
        prepared: &GruPrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        // dx_t = [dr dz dn]·Wᵀ
        let term = Term { rows: Rows::Slices(deltas), weights: &prepared.input_transposed };
        let out = Out::Slices { rows: grad_inputs, first: 0 };
        T::product_columns(Start::Zero, &[term], out, std::slice::from_ref(&(0..self.input_size)));
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        let (input_size, hidden_size) = (self.input_size, self.hidden_size);
        let (candidate, last, width) = (2 * hidden_size, 3 * hidden_size, 3 * hidden_size);
        // W, U, b and b_hn start after so many rows of [r z n].
        let [recurrent, bias, recurrent_bias] =
            [input_size, input_size + hidden_size, input_size + hidden_size + 1];
        // dW_rz += x_tᵀ·[dr dz]    dU_rz += h_{t-1}ᵀ·[dr dz]    db_rz += [dr dz]
        let gates = WeightGradient {
            deltas: 0..candidate,
            input_weights: Some(0),
            recurrent_weights: Some((Recurrent::Hidden, recurrent * width)),
            bias: Some(bias * width),
        };
        // dW_n += x_tᵀ·dn    db_n += dn
        let candidate_gradient = WeightGradient {
            deltas: candidate..last,
            input_weights: Some(candidate),
            recurrent_weights: None,
            bias: Some(bias * width + candidate),
        };
        let at = recurrent * width + candidate;
        let gradients = match self.reset {
            // dU_n += h_{t-1}ᵀ·dq    db_hn += dq
            ResetPlacement::After => {
                let recurrent = WeightGradient {
                    deltas: last..last + hidden_size,
                    input_weights: None,
                    recurrent_weights: Some((Recurrent::Hidden, at)),
                    bias: Some(recurrent_bias * width),
                };
                vec![gates, candidate_gradient, recurrent]
            }
            // dU_n += qᵀ·dn
            ResetPlacement::Before => {
                let recurrent_weights = Some((Recurrent::Deltas(last), at));
                vec![gates, WeightGradient { recurrent_weights, ..candidate_gradient }]
            }
        };
        add_weight_gradients(sequences, &gradients, (grad_parameters, width));
    }
}
