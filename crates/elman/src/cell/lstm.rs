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
//! The trace is the gates, 4H values for each row; the deltas take their place. The options change this:
//!
//! ```text
//! peepholes    i += p_i⊙c_{t-1}    f += p_f⊙c_{t-1}    o += p_o⊙c_t          p [3H]
//! coupled      σ(f) is 1 - σ(i): W, U and b have the columns [i o g]         p [2H]
//! projection   m_t = σ(o)⊙ψ(c_t)    h_t = m_t·R     R [H, P], U [P, 4H]
//! clip         i, f, o and g are bounded to ±clip before σ and φ
//! cell clip    c_t is bounded to ±cell_clip
//! normalised   each product and c_t on its way out have mean 0 and variance 1, then a gain and a shift
//! ```
//!
//! Where a bound holds, the gradient does not pass.
//!
//! # Source
//!
//! S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997), with the
//! forget gate of F. A. Gers, J. Schmidhuber and F. Cummins, Neural Computation 12 (2000); as
//! PyTorch's `nn.LSTM` computes it, whose gates come in the order i, f, g, o. Peepholes: F. A. Gers and
//! J. Schmidhuber, IJCNN 2000; projection: H. Sak, A. Senior and F. Beaufays, arXiv:1402.1128, as
//! PyTorch's `proj_size`; coupled gates and `clip` as ONNX's `input_forget` and `clip`.

mod options;
mod variant;

use std::marker::PhantomData;

use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{LstmBackward, LstmForward, LstmFunctions};
use elman_kernels::{Level, PackedMatrix};
use ndarray::{Array2, ArrayView2};

pub use self::options::{ForgetGate, LstmActivations, LstmOptions, Peepholes};
use crate::cell::gated::{GateInputs, GateSizes, GatedWeights};
use crate::cell::normalized::{NormalizedGates, NormalizedLstm, NormalizedVectors};
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
/// U `[H, 4H]`, `bias` b `[4H]`. With peepholes `peephole_weights` `[3H]`, of i, f and o; with a projection
/// `projection_weights` `[H, P]`, and U is `[P, 4H]`. A coupled forget gate has no columns of its own. With
/// a normalisation `input_gain`, `input_shift`, `recurrent_gain` and `recurrent_shift`, each `[4H]`, and
/// `cell_gain` and `cell_shift`, each `[H]`.
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
    sizes: CellSizes,
    options: LstmOptions,
    /// The functions of the loop that is written for no other option than these.
    plain: Option<LstmFunctions>,
    normalized: Option<NormalizedLstm>,
    element: PhantomData<T>,
}

/// The state of an LSTM cell.
#[derive(Clone, Debug, PartialEq)]
pub struct LstmState<T> {
    /// h, `[B, H]`, or `[B, P]` with a projection.
    pub hidden: Array2<T>,
    /// c, `[B, H]`.
    pub cell: Array2<T>,
}

/// The weights of an LSTM cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct LstmPrepared<T> {
    gates: GatedWeights<T>,
    peepholes: Vec<T>, // [3H] or [2H], or none
    projection: Option<Projection<T>>,
    vectors: NormalizedVectors<T>, // none without normalisation
}

/// R, packed for the way forward and the way back.
#[derive(Clone, Debug)]
struct Projection<T> {
    forward: PackedMatrix<T>,    // R  [H, P]
    transposed: PackedMatrix<T>, // Rᵀ [P, H]
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
    /// As [`new`](Self::new); a bound that is not positive; a `projection_size` of 0, or not below
    /// `hidden_size`; an activation whose α or β is not finite; a normalisation with an ε that is not positive,
    /// or beside options that do not go with it.
    pub fn with_options(sizes: CellSizes, options: LstmOptions) -> Result<Self> {
        sizes.check()?;
        options.check(sizes.hidden_size)?;
        let plain = options.plain();
        let cell = LstmCell { sizes, options, plain, normalized: None, element: PhantomData };
        let normalized = NormalizedLstm::with_options(cell.gates(), &options)?;
        Ok(LstmCell { normalized, ..cell })
    }

    /// What is normalised, if anything is.
    fn normalized_gates(&self) -> Option<&NormalizedGates> {
        self.normalized.as_ref().map(|normalized| &normalized.gates)
    }

    /// The gates with columns of their own.
    fn gate_count(&self) -> usize {
        match self.options.forget_gate {
            ForgetGate::Own => 4,
            ForgetGate::Coupled => 3,
        }
    }

    /// W, U and b of the gates.
    fn gates(&self) -> GateSizes {
        GateSizes {
            input_size: self.sizes.input_size,
            recurrent_size: self.output_size(),
            columns: self.gate_count() * self.sizes.hidden_size,
        }
    }

    /// The length of p: one for each gate but the candidate.
    fn peephole_size(&self) -> usize {
        match self.options.peepholes {
            Peepholes::Absent => 0,
            Peepholes::Present => (self.gate_count() - 1) * self.sizes.hidden_size,
        }
    }

    /// p and R in the flat parameters.
    fn split_rest<'a, V>(&self, parameters: &'a [V]) -> [&'a [V]; 2] {
        let (peepholes, projection) =
            parameters[self.gates().end()..].split_at(self.peephole_size());
        [peepholes, projection]
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
        self.sizes.input_size
    }

    fn hidden_size(&self) -> usize {
        self.sizes.hidden_size
    }

    fn part_size(&self, part: usize) -> usize {
        match self.options.projection_size {
            Some(size) if part == 0 => size,
            _ => self.sizes.hidden_size,
        }
    }

    fn trace_size(&self) -> usize {
        if let Some(gates) = self.normalized_gates() {
            return gates.trace_size();
        }
        self.gates().columns
    }

    fn delta_size(&self) -> usize {
        if let Some(gates) = self.normalized_gates() {
            return gates.delta_size();
        }
        self.layout().end
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        let mut shapes = self.gates().parameter_shapes();
        if self.options.peepholes == Peepholes::Present {
            shapes.push(ParameterShape::new("peephole_weights", &[self.peephole_size()]));
        }
        if let Some(size) = self.options.projection_size {
            let shape = [self.sizes.hidden_size, size];
            shapes.push(ParameterShape::new("projection_weights", &shape));
        }
        shapes.extend(
            self.normalized_gates().into_iter().flat_map(NormalizedGates::parameter_shapes),
        );
        shapes
    }

    fn prepare(&self, parameters: &[T]) -> LstmPrepared<T> {
        let units = self.sizes.hidden_size;
        let mut prepared = LstmPrepared {
            gates: GatedWeights::ungrouped(self.gates(), parameters),
            peepholes: Vec::new(),
            vectors: NormalizedVectors::new(self.normalized_gates(), parameters),
            projection: self.options.projection_size.map(|size| Projection {
                forward: PackedMatrix::zeros(units, size),
                transposed: PackedMatrix::zeros(size, units),
            }),
        };
        self.refresh_rest(parameters, &mut prepared);
        prepared
    }

    fn refresh(&self, parameters: &[T], prepared: &mut LstmPrepared<T>) {
        prepared.gates.refresh(parameters);
        prepared.vectors.refresh(self.normalized_gates(), parameters);
        self.refresh_rest(parameters, prepared);
    }

    fn accepts(&self, prepared: &LstmPrepared<T>) -> bool {
        let projection =
            prepared.projection.as_ref().map(|projection| projection.forward.columns());
        prepared.gates.sizes() == self.gates()
            && prepared.peepholes.len() == self.peephole_size()
            && projection == self.options.projection_size
            && prepared.vectors.belong_to(self.normalized_gates())
    }

    fn step(&self, prepared: &LstmPrepared<T>, rows: StepRows<'_, '_, T>) {
        match &self.normalized {
            Some(normalized) => normalized.step(&prepared.gates, &prepared.vectors, rows),
            None => self.step_units(prepared, rows, &mut Units::all(self.sizes.hidden_size)),
        }
    }

    fn step_backward(&self, prepared: &LstmPrepared<T>, rows: BackwardRows<'_, '_, T>) {
        match &self.normalized {
            Some(normalized) => normalized.step_backward(&prepared.gates, &prepared.vectors, rows),
            None => {
                self.step_units_backward(prepared, rows, &mut Units::all(self.sizes.hidden_size))
            }
        }
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
        if let Some(gates) = self.normalized_gates() {
            return gates.parameter_gradient(sequences, grad_parameters);
        }
        // dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t
        let columns = self.gates().columns;
        let gradient = self.gates().weight_gradient(0..columns);
        let target = GradientRows { values: &mut *grad_parameters, stride: columns };
        add_weight_gradients(sequences, &[gradient], target);
        self.add_other_gradients(sequences, grad_parameters);
    }

    fn drops_state(&self) -> bool {
        true
    }

    fn drops_update(&self) -> bool {
        self.normalized.is_none()
    }

    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, LstmPrepared<T>>> {
        if self.normalized.is_none() { Some(self) } else { None }
    }

    /// A projection needs all units for each value of h, a normalisation for each value of the gates.
    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, LstmPrepared<T>>> {
        match (self.options.projection_size, &self.normalized) {
            (None, None) => Some(self),
            _ => None,
        }
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
            hidden: Rows::Strided { values: rows.previous, stride: self.state_size() },
            begun: rows.begun,
        };
        let out = Out::Slices { rows: &mut *rows.scratch, first: 0 };
        prepared.gates.all().pre_activations(inputs, out, units);
        let Some(functions) = self.plain.filter(|_| rows.update_factors.is_none()) else {
            return self.variant_forward(prepared, rows, units);
        };
        let operands = LstmForward {
            hidden_size: self.sizes.hidden_size,
            units: units.own(),
            gates: rows.scratch,
            trace: rows.trace,
            previous: rows.previous,
            state: rows.state,
        };
        T::lstm_forward(Level::current(), functions, operands);
    }

    fn step_units_backward(
        &self,
        prepared: &LstmPrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        let Some(functions) = self.plain.filter(|_| rows.update_factors.is_none()) else {
            return self.variant_backward(prepared, rows, units);
        };
        let hidden_size = self.sizes.hidden_size;
        let operands = LstmBackward {
            hidden_size,
            units: units.own(),
            gates: &mut *rows.deltas,
            previous: rows.previous.inner,
            state: rows.state.inner,
            grad_state: rows.grad_state,
            grad_previous: &mut *rows.grad_previous,
        };
        T::lstm_backward(Level::current(), functions, operands);
        units.exchange(rows.deltas, &[0, 1, 2, 3].map(|gate| gate * hidden_size));
        // dh_{t-1} = da_t·Uᵀ, beside dc_{t-1}
        let term =
            prepared.gates.all().transposed_term(Rows::Mutable { rows: rows.deltas, first: 0 });
        let out = Out::Strided { values: rows.grad_previous, stride: 2 * hidden_size };
        T::product_columns(Start::Zero, &[term], out, units.columns(1));
    }
}
