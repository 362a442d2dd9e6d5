//! The normalised simple cell: `h_t = φ(b + LN(x_t·W) + LN(h_{t-1}·U))`.

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{ActivationBackward, Function};

use super::options::{function, require_default, require_none};
use super::{Block, NormalizedGates, NormalizedVectors, Product};
use crate::cell::gated::{GateSizes, GatedWeights};
use crate::cell::{BackwardRows, SimpleOptions, StepRows};
use crate::error::Result;
use crate::real::Real;

/// What a simple cell with normalisation computes in its place.
#[derive(Clone, Debug)]
pub(in crate::cell) struct NormalizedSimple {
    pub gates: NormalizedGates,
    units: usize,
    function: Function,
}

impl NormalizedSimple {
    /// From W, U and b of the cell; none without normalisation.
    pub fn with_options(sizes: GateSizes, options: &SimpleOptions) -> Result<Option<Self>> {
        let Some(epsilon) = options.normalization.epsilon()? else { return Ok(None) };
        require_default("recurrence", &options.recurrence, &SimpleOptions::DEFAULT.recurrence)?;
        require_none("clip", options.clip)?;
        let function = function("activation", options.activation)?;
        let units = sizes.columns;
        let block = |product| Block { product, columns: 0..units, gates: 0 };
        let blocks = vec![block(Product::Input), block(Product::Recurrent)];
        // The derivative is read off h.
        let gates = NormalizedGates { sizes, gates: units, gates_kept: 0, own: 0, blocks, epsilon };
        Ok(Some(NormalizedSimple { gates, units, function }))
    }

    pub fn step<T: Real>(
        &self,
        weights: &GatedWeights<T>,
        vectors: &NormalizedVectors<T>,
        mut rows: StepRows<'_, '_, T>,
    ) {
        let hidden = Rows::Strided { values: rows.previous, stride: self.units };
        self.gates.pre_activations(weights, vectors, hidden, &mut rows);
        for (state, row) in rows.state.chunks_exact_mut(self.units).zip(&*rows.scratch) {
            state.copy_from_slice(&row[self.gates.gates()]);
        }
        T::activation_forward(Level::current(), self.function, rows.state);
        self.gates.keep(rows);
    }

    pub fn step_backward<T: Real>(
        &self,
        weights: &GatedWeights<T>,
        vectors: &NormalizedVectors<T>,
        rows: BackwardRows<'_, '_, T>,
    ) {
        let grads = rows.grad_state.chunks_exact(self.units);
        for ((row, hidden), grad) in rows.deltas.iter_mut().zip(rows.state.hidden).zip(grads) {
            let operands = ActivationBackward {
                hidden_size: self.units,
                units: 0..self.units,
                deltas: &mut [&mut row[self.gates.gates()]],
                hidden: &[hidden],
                grad,
            };
            T::activation_backward(Level::current(), self.function, operands);
            self.gates.back_to_products(vectors, row);
        }
        let out = Out::Strided { values: rows.grad_previous, stride: self.units };
        self.gates.back_to_hidden(weights, Start::Zero, rows.deltas, out);
    }
}
