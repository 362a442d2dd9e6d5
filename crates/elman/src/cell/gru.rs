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
//! With a clip, the pre-activations of r, z and n are bounded to ±clip before their functions; where the
//! bound holds, the gradient does not pass.
//!
//! # Source
//!
//! K. Cho et al., "Learning phrase representations using RNN encoder–decoder", arXiv:1406.1078
//! (reset before); with the reset after as PyTorch's `nn.GRU`, Keras (`reset_after`) and ONNX
//! (`linear_before_reset`) have it. PyTorch's order of gates, r, z, n; `clip` is ONNX's.

mod after;
mod before;
mod options;
mod pointwise;

use std::marker::PhantomData;

use elman_kernels::matmul::{Out, Rows};
use elman_kernels::pointwise::{GruBackward, GruFunctions};
use ndarray::{Array2, ArrayView2};

pub use self::options::{GruActivations, GruOptions, ResetPlacement};
use crate::activation::{ActivationKind, check_clip};
use crate::cell::gated::{GateGroup, GateInputs, GateSizes, GatedWeights};
use crate::cell::normalized::{NormalizedGates, NormalizedGru, NormalizedVectors};
use crate::cell::{
    BackwardRows, Cell, CellSizes, CellState, Factor, GradientRows, InputsAhead, RecurrentGradient,
    SequenceDeltas, StepRows, UnitSharing, Units, WeightGradient, add_weight_gradients,
};
use crate::error::{Field, Result};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The GRU cell.
///
/// Parameters, the gates in the order `[r z n]`: `input_weights` W `[I, 3H]`, `recurrent_weights` U
/// `[H, 3H]`, `bias` b `[3H]`, and with the reset after the product `recurrent_bias` b_hn `[H]`. With a
/// normalisation `input_gain`, `input_shift`, `recurrent_gain` and `recurrent_shift`, each `[3H]`.
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
    options: GruOptions,
    /// The functions of the loop that is written for no other option than these.
    plain: Option<GruFunctions>,
    normalized: Option<NormalizedGru>,
    element: PhantomData<T>,
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
    weights: GatedWeights<T, 2>,   // [r z], n
    recurrent_bias: Vec<T>,        // b_hn [H], or none
    vectors: NormalizedVectors<T>, // none without normalisation
}

impl<T: Real> GruPrepared<T> {
    fn gates(&self) -> &GateGroup<T> {
        let [gates, _] = self.weights.groups();
        gates
    }

    fn candidate(&self) -> &GateGroup<T> {
        let [_, candidate] = self.weights.groups();
        candidate
    }
}

impl<T: Real> GruCell<T> {
    /// A cell with I inputs and H units, of the usual functions.
    ///
    /// # Errors
    ///
    /// A size of 0, or one beyond any memory.
    pub fn new(input_size: usize, hidden_size: usize, reset: ResetPlacement) -> Result<Self> {
        let options = GruOptions { reset, ..GruOptions::DEFAULT };
        Self::with_options(CellSizes { input_size, hidden_size }, options)
    }

    /// A cell with options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); a `clip` that is not positive; an activation whose α or β is not finite; a
    /// normalisation with an ε that is not positive, or beside options that do not go with it.
    pub fn with_options(sizes: CellSizes, options: GruOptions) -> Result<Self> {
        sizes.check()?;
        let GruActivations { gate, candidate } = options.activations;
        [gate, candidate].into_iter().try_for_each(ActivationKind::check)?;
        check_clip(Field::PreActivationClip.called("clip"), options.clip)?;
        let CellSizes { input_size, hidden_size } = sizes;
        let cell = GruCell {
            input_size,
            hidden_size,
            options,
            plain: options.plain(),
            normalized: None,
            element: PhantomData,
        };
        let normalized = NormalizedGru::with_options(cell.gates(), &options)?;
        Ok(GruCell { normalized, ..cell })
    }

    /// What is normalised, if anything is.
    fn normalized_gates(&self) -> Option<&NormalizedGates> {
        self.normalized.as_ref().map(|normalized| &normalized.gates)
    }

    /// W, U and b of `[r z n]`.
    fn gates(&self) -> GateSizes {
        GateSizes {
            input_size: self.input_size,
            recurrent_size: self.hidden_size,
            columns: 3 * self.hidden_size,
        }
    }

    /// b_hn in the flat parameters; empty where there is none.
    fn recurrent_bias<'a>(&self, parameters: &'a [T]) -> &'a [T] {
        &parameters[self.gates().end()..][..self.recurrent_bias_size()]
    }

    /// The length of b_hn.
    fn recurrent_bias_size(&self) -> usize {
        match self.options.reset {
            ResetPlacement::After => self.hidden_size,
            ResetPlacement::Before => 0,
        }
    }
}

/// The operands of the pointwise parts of a step back.
fn operands<'a, 'b, T>(
    hidden_size: usize,
    rows: &'a mut BackwardRows<'_, 'b, T>,
    units: &Units,
) -> GruBackward<'a, 'b, T> {
    GruBackward {
        hidden_size,
        units: units.own(),
        gates: &mut *rows.deltas,
        previous: rows.previous.hidden,
        grad_state: &mut *rows.grad_state,
        grad_previous: &mut *rows.grad_previous,
    }
}

/// The same, with `h_{t-1}` as it is where nothing is dropped.
fn carried_operands<'a, 'b, T>(
    hidden_size: usize,
    rows: &'a mut BackwardRows<'_, 'b, T>,
    units: &Units,
) -> GruBackward<'a, 'b, T> {
    let previous = rows.carried.as_ref().map_or(rows.previous.hidden, |carried| carried.hidden);
    GruBackward { previous, ..operands(hidden_size, rows, units) }
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

    /// r, z, n and q, or their pre-activations, of which the reset before the product makes q again.
    fn trace_size(&self) -> usize {
        if let Some(gates) = self.normalized_gates() {
            return gates.trace_size();
        }
        match (self.plain, self.options.reset) {
            (None, ResetPlacement::Before) => 3 * self.hidden_size,
            _ => 4 * self.hidden_size,
        }
    }

    fn delta_size(&self) -> usize {
        if let Some(gates) = self.normalized_gates() {
            return gates.delta_size();
        }
        4 * self.hidden_size
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        let mut shapes = self.gates().parameter_shapes();
        if self.options.reset == ResetPlacement::After {
            shapes.push(ParameterShape::new("recurrent_bias", &[self.hidden_size]));
        }
        shapes.extend(
            self.normalized_gates().into_iter().flat_map(NormalizedGates::parameter_shapes),
        );
        shapes
    }

    fn prepare(&self, parameters: &[T]) -> GruPrepared<T> {
        let (sizes, candidate) = (self.gates(), 2 * self.hidden_size);
        let groups = [0..candidate, candidate..sizes.columns];
        GruPrepared {
            weights: GatedWeights::new(sizes, groups, parameters),
            recurrent_bias: self.recurrent_bias(parameters).to_vec(),
            vectors: NormalizedVectors::new(self.normalized_gates(), parameters),
        }
    }

    fn refresh(&self, parameters: &[T], prepared: &mut GruPrepared<T>) {
        prepared.weights.refresh(parameters);
        prepared.vectors.refresh(self.normalized_gates(), parameters);
        self.recurrent_bias(parameters).clone_into(&mut prepared.recurrent_bias);
    }

    fn accepts(&self, prepared: &GruPrepared<T>) -> bool {
        prepared.weights.sizes() == self.gates()
            && prepared.recurrent_bias.len() == self.recurrent_bias_size()
            && prepared.vectors.belong_to(self.normalized_gates())
    }

    fn step(&self, prepared: &GruPrepared<T>, rows: StepRows<'_, '_, T>) {
        match &self.normalized {
            Some(normalized) => normalized.step(&prepared.weights, &prepared.vectors, rows),
            None => self.step_units(prepared, rows, &mut Units::all(self.hidden_size)),
        }
    }

    fn step_backward(&self, prepared: &GruPrepared<T>, rows: BackwardRows<'_, '_, T>) {
        match &self.normalized {
            Some(normalized) => {
                normalized.step_backward(&prepared.weights, &prepared.vectors, rows)
            }
            None => self.step_units_backward(prepared, rows, &mut Units::all(self.hidden_size)),
        }
    }

    fn input_gradient(
        &self,
        prepared: &GruPrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        // dx_t = [dr dz dn]·Wᵀ
        prepared.weights.input_gradient(deltas, grad_inputs);
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        if let Some(gates) = self.normalized_gates() {
            return gates.parameter_gradient(sequences, grad_parameters);
        }
        let sizes = self.gates();
        let (candidate, last) = (2 * self.hidden_size, 3 * self.hidden_size);
        let q = last..last + self.hidden_size;
        // dW_rz += x_tᵀ·[dr dz]    dU_rz += h_{t-1}ᵀ·[dr dz]    db_rz += [dr dz]
        let gates = sizes.weight_gradient(0..candidate);
        // dW_n += x_tᵀ·dn    db_n += dn
        let candidate = sizes.weight_gradient(candidate..last);
        let start = candidate.recurrent_weights.as_ref().map(|gradient| gradient.start);
        let recurrent = |factor| start.map(|start| RecurrentGradient { factor, start });
        let gradients = match self.options.reset {
            // dU_n += h_{t-1}ᵀ·dq    db_hn += dq
            ResetPlacement::After => {
                let recurrent_weights = WeightGradient {
                    deltas: q,
                    input_weights: None,
                    recurrent_weights: recurrent(Factor::Hidden),
                    bias: Some(sizes.end()),
                };
                let inputs = WeightGradient { recurrent_weights: None, ..candidate };
                vec![gates, inputs, recurrent_weights]
            }
            // dU_n += qᵀ·dn
            ResetPlacement::Before => {
                let recurrent_weights = recurrent(Factor::Deltas(q));
                vec![gates, WeightGradient { recurrent_weights, ..candidate }]
            }
        };
        let target = GradientRows { values: grad_parameters, stride: sizes.columns };
        add_weight_gradients(sequences, &gradients, target);
    }

    /// A normalised cell reads one state for everything.
    fn drops_state(&self) -> bool {
        self.normalized.is_none()
    }

    fn drops_update(&self) -> bool {
        self.normalized.is_none()
    }

    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, GruPrepared<T>>> {
        if self.normalized.is_none() { Some(self) } else { None }
    }

    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, GruPrepared<T>>> {
        if self.normalized.is_none() { Some(self) } else { None }
    }
}

impl<T: Real> InputsAhead<T, GruPrepared<T>> for GruCell<T> {
    fn begin_steps(
        &self,
        prepared: &GruPrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        prepared.weights.begin_steps(inputs, scratch, units);
    }
}

impl<T: Real> UnitSharing<T, GruPrepared<T>> for GruCell<T> {
    fn step_units(&self, prepared: &GruPrepared<T>, rows: StepRows<'_, '_, T>, units: &mut Units) {
        if rows.inputs.is_empty() {
            return;
        }
        // [r z] = b_rz + x_t·W_rz + h_{t-1}·U_rz
        let inputs = GateInputs {
            inputs: rows.inputs,
            hidden: Rows::Strided { values: rows.previous, stride: self.hidden_size },
            begun: rows.begun,
        };
        let out = Out::Slices { rows: &mut *rows.scratch, first: 0 };
        prepared.gates().pre_activations(inputs, out, units);
        match self.options.reset {
            ResetPlacement::After => after::candidate(self, prepared, rows, units),
            ResetPlacement::Before => before::candidate(self, prepared, rows, units),
        }
    }

    fn step_units_backward(
        &self,
        prepared: &GruPrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        if rows.deltas.is_empty() {
            return;
        }
        match self.options.reset {
            ResetPlacement::After => after::backward(self, prepared, rows, units),
            ResetPlacement::Before => before::backward(self, prepared, rows, units),
        }
    }
}
