//! minGRU and minLSTM: cells whose gates and candidate depend on the input alone.
//!
//! ```text
//! minGRU    z = σ(x_t·W_z + b_z)                            n = x_t·W_n + b_n
//!           h_t = (1-z)⊙h_{t-1} + z⊙n
//!           dz = dh_t⊙(n-h_{t-1})⊙σ'     dn = dh_t⊙z        dh_{t-1} = dh_t⊙(1-z)
//!
//! minLSTM   f = σ(x_t·W_f + b_f)    i = σ(x_t·W_i + b_i)    n = x_t·W_n + b_n
//!           f' = f/(f+i)            i' = i/(f+i)            h_t = f'⊙h_{t-1} + i'⊙n
//!           e = dh_t⊙(h_{t-1}-n)⊙f'⊙i'                      df = e⊙(1-f)    di = -e⊙(1-i)
//!           dn = dh_t⊙i'            dh_{t-1} = dh_t⊙f'
//!
//! da_t = [dz dn] or [df di dn]      dW += x_tᵀ·da_t         db += da_t      dx_t = da_t·Wᵀ
//! ```
//!
//! There are no recurrent weights: what is multiplied needs no state, so the products of many steps can be
//! made at once, and the step itself is a weighted mean, unit by unit. A minLSTM has no state beside h. Where
//! f and i are both too small for a number, f' and i' are their limits.
//!
//! The trace is `[z n]`, 2H values for each row, or `[a_f a_i n]`, 3H: pre-activations of the gates, from
//! which backward computes f, i, f' and i' again. The deltas take their place.
//!
//! # Source
//!
//! L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, "Were RNNs all we needed?",
//! arXiv:2410.01201: minGRU of section 3.1 and minLSTM of section 3.2, in their plain form. The candidate has
//! no activation; the function g of the paper's log-space form is not applied.

use std::fmt;
use std::marker::PhantomData;

use elman_kernels::Level;
use elman_kernels::matmul::Out;
use elman_kernels::pointwise::{MinimalBackward, MinimalForward, MinimalKind};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::cell::gated::{GateSizes, GatedWeights};
use crate::cell::{
    BackwardRows, Begun, Cell, CellSizes, CellState, GradientRows, InputsAhead, SequenceDeltas,
    StepRows, UnitSharing, Units, add_weight_gradients,
};
use crate::error::Result;
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The minGRU cell, `h_t = (1-z)⊙h_{t-1} + z⊙n` with z and n from the input alone.
///
/// Parameters, in the order `[z n]`: `input_weights` W `[I, 2H]`, `bias` b `[2H]`.
///
/// ```
/// use elman::cell::{MinGruCell, MinimalState, step};
/// use elman::{Direction, Layer};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let cell = MinGruCell::<f64>::new(1, 1)?;
/// let mut parameters = Layer::new(cell.clone(), Direction::Forward)?.parameters();
/// parameters.set("input_weights", array![[0.0, 2.0]].view())?; // only n sees the input
/// let h0 = MinimalState { hidden: array![[1.0]] };
/// let (h1, _) = step(&cell, &parameters, array![[3.0]].view(), &h0)?;
/// assert!((h1.hidden[[0, 0]] - (0.5 * 1.0 + 0.5 * 6.0)).abs() < 1e-15); // z = σ(0)
/// # Ok(())
/// # }
/// ```
pub type MinGruCell<T> = MinimalCell<T, MinGruOptions>;

/// The minLSTM cell, `h_t = f'⊙h_{t-1} + i'⊙n` with f', i' and n from the input alone.
///
/// Parameters, in the order `[f i n]`: `input_weights` W `[I, 3H]`, `bias` b `[3H]`.
///
/// ```
/// use elman::cell::{MinLstmCell, MinimalState, step};
/// use elman::{Direction, Layer};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let cell = MinLstmCell::<f64>::new(1, 1)?;
/// let mut parameters = Layer::new(cell.clone(), Direction::Forward)?.parameters();
/// // f = σ(ln 3) = 3/4 and i = σ(0) = 1/2, so f' = 3/5 and i' = 2/5; n = 2x
/// parameters.set("input_weights", array![[0.0, 0.0, 2.0]].view())?;
/// parameters.set("bias", array![1.098_612_288_668, 0.0, 0.0].view())?;
/// let h0 = MinimalState { hidden: array![[1.0]] };
/// let (h1, _) = step(&cell, &parameters, array![[3.0]].view(), &h0)?;
/// assert!((h1.hidden[[0, 0]] - (0.6 * 1.0 + 0.4 * 6.0)).abs() < 1e-11);
/// # Ok(())
/// # }
/// ```
pub type MinLstmCell<T> = MinimalCell<T, MinLstmOptions>;

/// The options of a minGRU: there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinGruOptions {}

impl MinGruOptions {
    /// The only ones.
    pub const DEFAULT: MinGruOptions = MinGruOptions {};
}

/// The options of a minLSTM: there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinLstmOptions {}

impl MinLstmOptions {
    /// The only ones.
    pub const DEFAULT: MinLstmOptions = MinLstmOptions {};
}

/// The options of a minimal cell, which say by their type which one it is.
pub trait MinimalOptions: Copy + fmt::Debug + Send + Sync + 'static {
    /// Which one.
    const KIND: MinimalKind;
}

impl MinimalOptions for MinGruOptions {
    const KIND: MinimalKind = MinimalKind::MinGru;
}

impl MinimalOptions for MinLstmOptions {
    const KIND: MinimalKind = MinimalKind::MinLstm;
}

/// A [`MinGruCell`] or a [`MinLstmCell`].
#[derive(Clone, Debug)]
pub struct MinimalCell<T, O> {
    sizes: CellSizes,
    kind: PhantomData<(T, O)>,
}

/// The state of a minimal cell.
#[derive(Clone, Debug, PartialEq)]
pub struct MinimalState<T> {
    /// h, `[B, H]`.
    pub hidden: Array2<T>,
}

/// The weights of a minimal cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct MinimalPrepared<T> {
    weights: GatedWeights<T>,
}

impl<T: Real, O: MinimalOptions> MinimalCell<T, O> {
    /// A cell with I inputs and H units.
    ///
    /// # Errors
    ///
    /// A size of 0, or one beyond any memory.
    pub fn new(input_size: usize, hidden_size: usize) -> Result<Self> {
        let sizes = CellSizes { input_size, hidden_size };
        sizes.check()?;
        Ok(MinimalCell { sizes, kind: PhantomData })
    }

    /// A cell with options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(sizes: CellSizes, _: O) -> Result<Self> {
        Self::new(sizes.input_size, sizes.hidden_size)
    }

    fn gates(&self) -> GateSizes {
        GateSizes {
            input_size: self.sizes.input_size,
            recurrent_size: 0,
            columns: O::KIND.parts() * self.sizes.hidden_size,
        }
    }
}

impl<T: Real> CellState<T> for MinimalState<T> {
    const PARTS: usize = 1;

    fn parts(&self) -> Vec<ArrayView2<'_, T>> {
        vec![self.hidden.view()]
    }

    fn from_parts(mut parts: Vec<Array2<T>>) -> Self {
        MinimalState { hidden: parts.swap_remove(0) }
    }
}

impl<T: Real, O: MinimalOptions> Cell<T> for MinimalCell<T, O> {
    type Prepared = MinimalPrepared<T>;
    type State = MinimalState<T>;

    fn input_size(&self) -> usize {
        self.sizes.input_size
    }

    fn hidden_size(&self) -> usize {
        self.sizes.hidden_size
    }

    fn trace_size(&self) -> usize {
        self.gates().columns
    }

    fn delta_size(&self) -> usize {
        self.gates().columns
    }

    fn parameter_shapes(&self) -> Vec<ParameterShape> {
        self.gates().parameter_shapes()
    }

    fn prepare(&self, parameters: &[T]) -> MinimalPrepared<T> {
        MinimalPrepared { weights: GatedWeights::ungrouped(self.gates(), parameters) }
    }

    fn refresh(&self, parameters: &[T], prepared: &mut MinimalPrepared<T>) {
        prepared.weights.refresh(parameters);
    }

    fn accepts(&self, prepared: &MinimalPrepared<T>) -> bool {
        prepared.weights.sizes() == self.gates()
    }

    fn step(&self, prepared: &MinimalPrepared<T>, rows: StepRows<'_, '_, T>) {
        self.step_units(prepared, rows, &mut Units::all(self.sizes.hidden_size));
    }

    fn step_backward(&self, prepared: &MinimalPrepared<T>, rows: BackwardRows<'_, '_, T>) {
        self.step_units_backward(prepared, rows, &mut Units::all(self.sizes.hidden_size));
    }

    fn input_gradient(
        &self,
        prepared: &MinimalPrepared<T>,
        deltas: &[&[T]],
        grad_inputs: &mut [&mut [T]],
    ) {
        // dx_t = da_t·Wᵀ
        prepared.weights.input_gradient(deltas, grad_inputs);
    }

    fn parameter_gradient(&self, sequences: &[SequenceDeltas<'_, T>], grad_parameters: &mut [T]) {
        // dW += x_tᵀ·da_t    db += da_t
        let sizes = self.gates();
        let target = GradientRows { values: grad_parameters, stride: sizes.columns };
        add_weight_gradients(sequences, &[sizes.weight_gradient(0..sizes.columns)], target);
    }

    fn inputs_ahead(&self) -> Option<&dyn InputsAhead<T, MinimalPrepared<T>>> {
        Some(self)
    }

    fn unit_sharing(&self) -> Option<&dyn UnitSharing<T, MinimalPrepared<T>>> {
        Some(self)
    }
}

impl<T: Real, O: MinimalOptions> InputsAhead<T, MinimalPrepared<T>> for MinimalCell<T, O> {
    fn begin_steps(
        &self,
        prepared: &MinimalPrepared<T>,
        inputs: &[&[T]],
        scratch: &mut [&mut [T]],
        units: &Units,
    ) {
        prepared.weights.begin_steps(inputs, scratch, units);
    }
}

impl<T: Real, O: MinimalOptions> UnitSharing<T, MinimalPrepared<T>> for MinimalCell<T, O> {
    fn step_units(
        &self,
        prepared: &MinimalPrepared<T>,
        rows: StepRows<'_, '_, T>,
        units: &mut Units,
    ) {
        if rows.begun == Begun::Nothing {
            let out = Out::Slices { rows: &mut *rows.scratch, first: 0 };
            prepared.weights.all().input_product(rows.inputs, out, units);
        }
        let operands = MinimalForward {
            hidden_size: self.sizes.hidden_size,
            units: units.own(),
            gates: rows.scratch,
            trace: rows.trace,
            previous: rows.previous,
            state: rows.state,
        };
        T::minimal_forward(Level::current(), O::KIND, operands);
    }

    // Nothing of other units is needed: there is no product with Uᵀ.
    fn step_units_backward(
        &self,
        _: &MinimalPrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        let operands = MinimalBackward {
            hidden_size: self.sizes.hidden_size,
            units: units.own(),
            deltas: rows.deltas,
            previous: rows.previous.hidden,
            grad_state: rows.grad_state,
            grad_previous: rows.grad_previous,
        };
        T::minimal_backward(Level::current(), O::KIND, operands);
    }
}
