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

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{LstmBackward, LstmForward, LstmFunctions};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::activation::ActivationKind;
use crate::cell::gated::{GateInputs, GateSizes, GatedWeights};
use crate::cell::{
    BackwardRows, Cell, CellSizes, CellState, GradientRows, InputsAhead, SequenceDeltas, StepRows,
    UnitSharing, Units, add_weight_gradients,
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmActivations {
    /// Of the gates i, f and o.
    pub gate: ActivationKind,
    /// Of the candidate g: φ.
    pub candidate: ActivationKind,
    /// Of the cell state where it becomes the hidden state: ψ.
    pub output: ActivationKind,
}

impl LstmActivations {
    /// σ, tanh and tanh.
    pub const DEFAULT: LstmActivations = LstmActivations {
        gate: ActivationKind::Sigmoid,
        candidate: ActivationKind::Tanh,
        output: ActivationKind::Tanh,
    };
}

impl Default for LstmActivations {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The options of an LSTM cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmOptions {
    /// The functions of the gates, the candidate and the output.
    pub activations: LstmActivations,
}

impl LstmOptions {
    /// The usual functions.
    pub const DEFAULT: LstmOptions = LstmOptions { activations: LstmActivations::DEFAULT };
}

impl Default for LstmOptions {
    fn default() -> Self {
        Self::DEFAULT
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
    gates: GatedWeights<T>,
}

impl<T: Real> LstmCell<T> {
    /// A cell with I inputs and H units, of the usual functions.
    ///
    /// # Errors
    ///
    /// A size of 0, or one beyond any memory.
    pub fn new(input_size: usize, hidden_size: usize) -> Result<Self> {
        Self::with_options(CellSizes { input_size, hidden_size }, LstmOptions::DEFAULT)
    }

    /// A cell with options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(sizes: CellSizes, options: LstmOptions) -> Result<Self> {
        sizes.check()?;
        let CellSizes { input_size, hidden_size } = sizes;
        let functions = LstmFunctions {
            gate: options.activations.gate.function(),
            candidate: options.activations.candidate.function(),
            output: options.activations.output.function(),
        };
        Ok(LstmCell { input_size, hidden_size, functions, element: PhantomData })
    }

    fn gates(&self) -> GateSizes {
        GateSizes {
            input_size: self.input_size,
            recurrent_size: self.hidden_size,
            columns: 4 * self.hidden_size,
        }
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
        4 * self.hidden_size
    }

    fn delta_size(&self) -> usize {
        4 * self.hidden_size
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.gates().parameter_shapes()
    }

    fn prepare(&self, parameters: &[T]) -> LstmPrepared<T> {
        LstmPrepared { gates: GatedWeights::ungrouped(self.gates(), parameters) }
    }

    fn refresh(&self, parameters: &[T], prepared: &mut LstmPrepared<T>) {
        prepared.gates.refresh(parameters);
    }

    fn accepts(&self, prepared: &LstmPrepared<T>) -> bool {
        prepared.gates.sizes() == self.gates()
    }

    fn step(&self, prepared: &LstmPrepared<T>, rows: StepRows<'_, '_, T>) {
        self.step_units(prepared, rows, &mut Units::all(self.hidden_size));
    }

    fn step_backward(&self, prepared: &LstmPrepared<T>, rows: BackwardRows<'_, '_, T>) {
        self.step_units_backward(prepared, rows, &mut Units::all(self.hidden_size));
    }

    fn input_gradient(
        &self,
        prepared: &LstmPrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        prepared.gates.input_gradient(deltas, grad_inputs);
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        // dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t
        let columns = self.gates().columns;
        let gradient = self.gates().weight_gradient(0..columns);
        let target = GradientRows { values: grad_parameters, stride: columns };
        add_weight_gradients(sequences, &[gradient], target);
    }

    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, LstmPrepared<T>>> {
        Some(self)
    }

    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, LstmPrepared<T>>> {
        Some(self)
    }
}

impl<T: Real> InputsAhead<T, LstmPrepared<T>> for LstmCell<T> {
    fn begin_steps(
        &self,
        prepared: &LstmPrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        prepared.gates.begin_steps(inputs, scratch, units);
    }
}

impl<T: Real> UnitSharing<T, LstmPrepared<T>> for LstmCell<T> {
    fn step_units(&self, prepared: &LstmPrepared<T>, rows: StepRows<'_, '_, T>, units: &mut Units) {
        // [i f o g] = b + x_t·W + h_{t-1}·U
        let inputs = GateInputs {
            inputs: rows.inputs,
            hidden: Rows::Strided { values: rows.previous, stride: 2 * self.hidden_size },
            begun: rows.begun,
        };
        let out = Out::Slices { rows: &mut *rows.scratch, first: 0 };
        prepared.gates.all().pre_activations(inputs, out, units);
        let operands = LstmForward {
            hidden_size: self.hidden_size,
            units: units.own(),
            gates: rows.scratch,
            trace: rows.trace,
            previous: rows.previous,
            state: rows.state,
        };
        T::lstm_forward(Level::current(), self.functions, operands);
    }

    fn step_units_backward(
        &self,
        prepared: &LstmPrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        let operands = LstmBackward {
            hidden_size: self.hidden_size,
            units: units.own(),
            gates: &mut *rows.deltas,
            previous: rows.previous.inner,
            state: rows.state.inner,
            grad_state: rows.grad_state,
            grad_previous: &mut *rows.grad_previous,
        };
        T::lstm_backward(Level::current(), self.functions, operands);
        let gates = [0, 1, 2, 3].map(|gate| gate * self.hidden_size);
        units.exchange(rows.deltas, &gates);
        // dh_{t-1} = da_t·Uᵀ, beside dc_{t-1}
        let term =
            prepared.gates.all().transposed_term(Rows::Mutable { rows: rows.deltas, first: 0 });
        let out = Out::Strided { values: rows.grad_previous, stride: 2 * self.hidden_size };
        T::product_columns(Start::Zero, &[term], out, units.columns(1));
    }
}
