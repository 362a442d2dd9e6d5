//! The simple (Elman) cell.
//!
//! ```text
//! a_t = x_t·W + h_{t-1}·U + b            h_t = φ(a_t)
//! da_t = dh_t ⊙ φ'(a_t)                  dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t
//! dx_t = da_t·Wᵀ                         dh_{t-1} = da_t·Uᵀ
//!
//! independent: U is a vector u           a_t = x_t·W + u⊙h_{t-1} + b
//!                                        du += h_{t-1}⊙da_t    dh_{t-1} = u⊙da_t
//! clip: φ of a_t bounded to ±clip        da_t = 0 where |a_t| > clip
//! ```
//!
//! # Source
//!
//! J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990); with W and U as PyTorch's
//! `nn.RNN` has them, transposed, and its two biases as one. Independent recurrence is the IndRNN of
//! S. Li et al., arXiv:1803.04831; `clip` is ONNX's.

mod function;
mod options;

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{ActivationBackward, add_product};
use ndarray::{Array2, ArrayView2};

pub use self::options::{Recurrence, SimpleOptions};
use crate::activation::{Activation, check_clip};
use crate::cell::gated::{GateInputs, GateSizes, GatedWeights};
use crate::cell::normalized::{NormalizedGates, NormalizedSimple, NormalizedVectors};
use crate::cell::{
    BackwardRows, Begun, Cell, CellSizes, CellState, GradientRows, InputsAhead, SequenceDeltas,
    StepRows, UnitSharing, Units, WeightGradient, add_weight_gradients,
};
use crate::error::{Field, Result};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The simple recurrent cell, `h_t = φ(x_t·W + h_{t-1}·U + b)`.
///
/// Parameters: `input_weights` W `[I, H]`, `recurrent_weights` U `[H, H]`, or `[H]` where the recurrence
/// is independent, `bias` b `[H]`. With a normalisation `input_gain`, `input_shift`, `recurrent_gain` and
/// `recurrent_shift`, each `[H]`.
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
    recurrence: Recurrence,
    clip: Option<f64>,
    normalized: Option<NormalizedSimple>,
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
    gates: GatedWeights<T>,
    diagonal: Vec<T>,              // u [H], or none
    vectors: NormalizedVectors<T>, // none without normalisation
}

impl<T: Real> SimpleCell<T> {
    /// A cell with I inputs and H units.
    ///
    /// # Errors
    ///
    /// A size of 0, or one beyond any memory; an activation whose α or β is not finite.
    pub fn new(
        input_size: usize,
        hidden_size: usize,
        activation: impl Into<Activation<T>>,
    ) -> Result<Self> {
        CellSizes { input_size, hidden_size }.check()?;
        let activation = activation.into();
        if let Activation::Known(kind) = activation {
            kind.check()?;
        }
        let recurrence = Recurrence::Full;
        let (clip, normalized) = (None, None);
        Ok(SimpleCell { input_size, hidden_size, activation, recurrence, clip, normalized })
    }

    /// A cell with options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); a `clip` that is not positive; a normalisation with an ε that is not positive,
    /// or beside options that do not go with it.
    pub fn with_options(sizes: CellSizes, options: SimpleOptions) -> Result<Self> {
        let SimpleOptions { activation, recurrence, clip, .. } = options;
        check_clip(Field::PreActivationClip.called("clip"), clip)?;
        let plain = Self::new(sizes.input_size, sizes.hidden_size, activation)?;
        let normalized = NormalizedSimple::with_options(plain.gates(), &options)?;
        Ok(SimpleCell { recurrence, clip, normalized, ..plain })
    }

    /// What is normalised, if anything is.
    fn normalized_gates(&self) -> Option<&NormalizedGates> {
        self.normalized.as_ref().map(|normalized| &normalized.gates)
    }

    /// A vector U is a matrix of one row in memory.
    fn gates(&self) -> GateSizes {
        let recurrent_size = match self.recurrence {
            Recurrence::Full => self.hidden_size,
            Recurrence::Independent => 1,
        };
        GateSizes { input_size: self.input_size, recurrent_size, columns: self.hidden_size }
    }

    /// u in the flat parameters; empty where U is a matrix.
    fn diagonal<'a>(&self, parameters: &'a [T]) -> &'a [T] {
        let gates = self.gates();
        match self.recurrence {
            Recurrence::Full => &[],
            Recurrence::Independent => &parameters[gates.recurrent_start()..gates.bias_start()],
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

    /// a, where the derivative cannot be read off h.
    fn trace_size(&self) -> usize {
        if let Some(gates) = self.normalized_gates() {
            return gates.trace_size();
        }
        let needs_argument = match self.activation {
            Activation::Known(kind) => self.clip.is_some() || kind.needs_argument(),
            Activation::Custom(_) => true,
        };
        if needs_argument { self.hidden_size } else { 0 }
    }

    /// da, and where the recurrence is independent h⊙da, whose sum is du.
    fn delta_size(&self) -> usize {
        if let Some(gates) = self.normalized_gates() {
            return gates.delta_size();
        }
        match self.recurrence {
            Recurrence::Full => self.hidden_size,
            Recurrence::Independent => 2 * self.hidden_size,
        }
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        let mut shapes = self.gates().parameter_shapes();
        if self.recurrence == Recurrence::Independent {
            shapes[1].shape = vec![self.hidden_size];
        }
        shapes.extend(
            self.normalized_gates().into_iter().flat_map(NormalizedGates::parameter_shapes),
        );
        shapes
    }

    fn prepare(&self, parameters: &[T]) -> SimplePrepared<T> {
        SimplePrepared {
            gates: GatedWeights::ungrouped(self.gates(), parameters),
            diagonal: self.diagonal(parameters).to_vec(),
            vectors: NormalizedVectors::new(self.normalized_gates(), parameters),
        }
    }

    fn refresh(&self, parameters: &[T], prepared: &mut SimplePrepared<T>) {
        prepared.gates.refresh(parameters);
        prepared.vectors.refresh(self.normalized_gates(), parameters);
        self.diagonal(parameters).clone_into(&mut prepared.diagonal);
    }

    fn accepts(&self, prepared: &SimplePrepared<T>) -> bool {
        prepared.gates.sizes() == self.gates()
            && prepared.vectors.belong_to(self.normalized_gates())
    }

    fn step(&self, prepared: &SimplePrepared<T>, rows: StepRows<'_, '_, T>) {
        match &self.normalized {
            Some(normalized) => normalized.step(&prepared.gates, &prepared.vectors, rows),
            None => self.step_units(prepared, rows, &mut Units::all(self.hidden_size)),
        }
    }

    fn step_backward(&self, prepared: &SimplePrepared<T>, rows: BackwardRows<'_, '_, T>) {
        match &self.normalized {
            Some(normalized) => normalized.step_backward(&prepared.gates, &prepared.vectors, rows),
            None => self.step_units_backward(prepared, rows, &mut Units::all(self.hidden_size)),
        }
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
        if let Some(gates) = self.normalized_gates() {
            return gates.parameter_gradient(sequences, grad_parameters);
        }
        // dW += x_tᵀ·da_t    dU += h_{t-1}ᵀ·da_t    db += da_t
        let (sizes, units) = (self.gates(), self.hidden_size);
        let gradient = sizes.weight_gradient(0..units);
        let target = GradientRows { values: grad_parameters, stride: units };
        if self.recurrence == Recurrence::Full {
            return add_weight_gradients(sequences, &[gradient], target);
        }
        // du += h_{t-1}⊙da_t, which the step back has computed.
        let diagonal = WeightGradient {
            deltas: units..2 * units,
            input_weights: None,
            recurrent_weights: None,
            bias: Some(sizes.recurrent_start()),
        };
        let others = WeightGradient { recurrent_weights: None, ..gradient };
        add_weight_gradients(sequences, &[others, diagonal], target);
    }

    fn drops_state(&self) -> bool {
        true
    }

    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, SimplePrepared<T>>> {
        if self.normalized.is_none() { Some(self) } else { None }
    }

    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, SimplePrepared<T>>> {
        if self.normalized.is_none() { Some(self) } else { None }
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
        let out = Out::Strided { values: &mut *rows.state, stride: hidden_size };
        match self.recurrence {
            // a_t = b + x_t·W + h_{t-1}·U
            Recurrence::Full => {
                let inputs = GateInputs {
                    inputs: rows.inputs,
                    hidden: Rows::Strided { values: rows.previous, stride: hidden_size },
                    begun: rows.begun,
                };
                prepared.gates.all().pre_activations(inputs, out, units);
            }
            // a_t = b + x_t·W + u⊙h_{t-1}
            Recurrence::Independent => {
                if rows.begun == Begun::Nothing {
                    prepared.gates.all().input_product(rows.inputs, out, units);
                }
                let states = rows.state.chunks_exact_mut(hidden_size);
                for (state, before) in states.zip(rows.previous.chunks_exact(hidden_size)) {
                    let [u, before] = [&prepared.diagonal, before].map(|all| &all[own.clone()]);
                    add_product(Level::current(), &mut state[own.clone()], u, before);
                }
            }
        }
        if self.trace_size() > 0 {
            let states = rows.state.chunks_exact(hidden_size);
            for (state, trace) in states.zip(rows.trace) {
                trace[own.clone()].copy_from_slice(&state[own.clone()]);
            }
        }
        if units.are_all() {
            return self.activate(rows.state);
        }
        for state in rows.state.chunks_exact_mut(hidden_size) {
            self.activate(&mut state[own.clone()]);
        }
    }

    fn step_units_backward(
        &self,
        prepared: &SimplePrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        let hidden_size = self.hidden_size;
        let BackwardRows { previous, state, grad_state, deltas, grad_previous, .. } = rows;
        // da_t = dh_t ⊙ φ'(a_t)
        if let Some(function) = self.of_value() {
            let operands = ActivationBackward {
                hidden_size,
                units: units.own(),
                deltas: &mut *deltas,
                hidden: state.hidden,
                grad: grad_state,
            };
            T::activation_backward(Level::current(), function, operands);
        } else {
            let rows =
                deltas.iter_mut().zip(state.hidden).zip(grad_state.chunks_exact(hidden_size));
            for (row, ((deltas, hidden), grad)) in rows.enumerate() {
                // Not written yet, so there is room for the derivative.
                let slopes = &mut grad_previous[row * hidden_size..][..hidden_size];
                let (slopes, deltas) = (&mut slopes[units.own()], &mut deltas[units.own()]);
                self.derive(&grad[units.own()], &hidden[units.own()], slopes, deltas);
            }
        }
        if self.recurrence == Recurrence::Independent {
            let rows = deltas.iter_mut().zip(previous.hidden);
            for ((deltas, before), grad) in rows.zip(grad_previous.chunks_exact_mut(hidden_size)) {
                let (da, through_u) = deltas.split_at_mut(hidden_size);
                for k in units.own() {
                    through_u[k] = da[k] * before[k];
                    grad[k] = da[k] * prepared.diagonal[k];
                }
            }
            return;
        }
        units.exchange(deltas, &[0]);
        // dh_{t-1} = da_t·Uᵀ
        let term = prepared.gates.all().transposed_term(Rows::Mutable { rows: deltas, first: 0 });
        let out = Out::Strided { values: grad_previous, stride: hidden_size };
        T::product_columns(Start::Zero, &[term], out, units.columns(1));
    }
}
