//! The normalised GRU, with the reset after the product.
//!
//! ```text
//! [r z] = σ(b_rz + LN(x_t·W_rz) + LN(h_{t-1}·U_rz))
//! q = b_hn + LN(h_{t-1}·U_n)      n = φ(b_n + LN(x_t·W_n) + r⊙q)      h_t = (1-z)⊙n + z⊙h_{t-1}
//! ```
//!
//! The gates of a row are `[r z n q]`, then `[dr dz dn dq]`.

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{
    GruBackward, GruBackwardPart, GruForward, GruForwardPart, GruFunctions,
};

use super::options::{function, require_default, require_none};
use super::{Block, NormalizedGates, NormalizedVectors, Product};
use crate::cell::gated::{GateSizes, GatedWeights};
use crate::cell::{BackwardRows, GruOptions, StepRows};
use crate::error::Result;
use crate::real::Real;

/// What a GRU cell with normalisation computes in its place.
#[derive(Clone, Debug)]
pub(in crate::cell) struct NormalizedGru {
    pub gates: NormalizedGates,
    units: usize,
    functions: GruFunctions,
}

impl NormalizedGru {
    /// From W, U and b of the cell; none without normalisation.
    pub fn with_options(sizes: GateSizes, options: &GruOptions) -> Result<Option<Self>> {
        let Some(epsilon) = options.normalization.epsilon()? else { return Ok(None) };
        require_default("reset", &options.reset, &GruOptions::DEFAULT.reset)?;
        require_none("clip", options.clip)?;
        let functions = GruFunctions {
            gate: function("gate", options.activations.gate)?,
            candidate: function("candidate", options.activations.candidate)?,
        };
        let units = sizes.recurrent_size;
        let gates = |product| Block { product, columns: 0..2 * units, gates: 0 };
        let candidate =
            |product, part| Block { product, columns: 2 * units..3 * units, gates: part * units };
        let blocks = vec![
            gates(Product::Input),
            gates(Product::Recurrent),
            candidate(Product::Input, 2),
            candidate(Product::Recurrent, 3),
        ];
        let count = 4 * units;
        let gates =
            NormalizedGates { sizes, gates: count, gates_kept: count, own: 0, blocks, epsilon };
        Ok(Some(NormalizedGru { gates, units, functions }))
    }

    pub fn step<T: Real>(
        &self,
        weights: &GatedWeights<T, 2>,
        vectors: &NormalizedVectors<T>,
        mut rows: StepRows<'_, '_, T>,
    ) {
        let size = self.units;
        let hidden = Rows::Strided { values: rows.previous, stride: size };
        self.gates.pre_activations(weights, vectors, hidden, &mut rows);
        let states = rows.previous.chunks_exact(size).zip(rows.state.chunks_exact_mut(size));
        for (row, (previous, state)) in rows.scratch.iter_mut().zip(states) {
            let (kept, free) = row.split_at_mut(self.gates.free().start);
            let gates = &mut kept[self.gates.gates()];
            let activated = &mut free[..4 * size];
            let operands = GruForward {
                hidden_size: size,
                units: 0..size,
                gates: &mut [&mut *gates],
                trace: &mut [&mut *activated],
                previous,
                state,
            };
            let level = Level::current();
            T::gru_forward(level, self.functions, GruForwardPart::After, operands);
            gates.copy_from_slice(activated);
        }
        self.gates.keep(rows);
    }

    pub fn step_backward<T: Real>(
        &self,
        weights: &GatedWeights<T, 2>,
        vectors: &NormalizedVectors<T>,
        rows: BackwardRows<'_, '_, T>,
    ) {
        let size = self.units;
        let grads = rows.grad_state.chunks_exact_mut(size);
        let grads = grads.zip(rows.grad_previous.chunks_exact_mut(size));
        let states = rows.previous.hidden.iter().zip(grads);
        for (row, (previous, (grad_state, grad_previous))) in rows.deltas.iter_mut().zip(states) {
            // Afterwards `grad_previous` is dh_t⊙z.
            let operands = GruBackward {
                hidden_size: size,
                units: 0..size,
                gates: &mut [&mut row[self.gates.gates()]],
                previous: &[previous],
                grad_state,
                grad_previous,
            };
            let level = Level::current();
            T::gru_backward(level, self.functions, GruBackwardPart::After, operands);
            self.gates.back_to_products(vectors, row);
        }
        let out = Out::Strided { values: rows.grad_previous, stride: size };
        self.gates.back_to_hidden(weights, Start::Output, rows.deltas, out);
    }
}
