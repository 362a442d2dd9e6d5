//! The normalised LSTM.
//!
//! ```text
//! [i f o g] = b + LN(x_t·W) + LN(h_{t-1}·U)      c_t = σ(f)⊙c_{t-1} + σ(i)⊙φ(g)
//! v = LN(c_t; γ_c, β_c)      y = ψ(v)            h_t = σ(o)⊙y
//!
//! do = dh_t⊙y⊙σ'      dv = dh_t⊙σ(o)⊙ψ'      dγ_c = dv⊙ĉ      dβ_c = dv
//! dc = dc_t + dv back through LN, and the rest as without normalisation
//! ```
//!
//! A row keeps `[ĉ y]` beside the gates, which become `[dv⊙ĉ dv]`.

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{
    ActivationBackward, Function, LstmBackward, LstmForward, LstmFunctions, NormalizeBackward,
    ScaleShift, add_scaled, normalize, normalize_backward,
};

use super::options::{function, require_default, require_none};
use super::{Block, NormalizedGates, NormalizedVectors, Product, multiply};
use crate::cell::gated::{GateSizes, GatedWeights};
use crate::cell::{BackwardRows, LstmActivations, LstmOptions, StepRows};
use crate::error::Result;
use crate::real::Real;

/// What an LSTM cell with normalisation computes in its place.
#[derive(Clone, Debug)]
pub(in crate::cell) struct NormalizedLstm {
    pub gates: NormalizedGates,
    units: usize,
    /// As far as c_t.
    inner: LstmFunctions,
    output: Function,
}

impl NormalizedLstm {
    /// From W, U and b of the cell; none without normalisation.
    pub fn with_options(sizes: GateSizes, options: &LstmOptions) -> Result<Option<Self>> {
        let Some(epsilon) = options.normalization.epsilon()? else { return Ok(None) };
        let usual = LstmOptions::DEFAULT;
        require_default("peepholes", &options.peepholes, &usual.peepholes)?;
        require_default("forget_gate", &options.forget_gate, &usual.forget_gate)?;
        require_none("projection_size", options.projection_size)?;
        require_none("clip", options.clip)?;
        require_none("cell_clip", options.cell_clip)?;
        let LstmActivations { gate, candidate, output } = options.activations;
        let output = function("output", output)?;
        // With the identity in the place of ψ the kernel stops at c_t.
        let inner = LstmFunctions {
            gate: function("gate", gate)?,
            candidate: function("candidate", candidate)?,
            output: Function::Identity,
        };
        let units = sizes.recurrent_size;
        let block = |product| Block { product, columns: 0..4 * units, gates: 0 };
        let blocks = vec![block(Product::Input), block(Product::Recurrent)];
        let count = 4 * units;
        let gates = NormalizedGates {
            sizes,
            gates: count,
            gates_kept: count,
            own: 2 * units,
            blocks,
            epsilon,
        };
        Ok(Some(NormalizedLstm { gates, units, inner, output }))
    }

    /// γ_c and β_c.
    fn scale<'a, T: Real>(&self, vectors: &'a NormalizedVectors<T>) -> ScaleShift<'a, T> {
        let (gain, shift) = vectors.0[self.gates.own_gain()].split_at(self.units);
        ScaleShift { gain, shift }
    }

    /// Where the deviation of the cell state stands.
    fn deviation(&self) -> usize {
        self.gates.deviation(self.gates.blocks.len())
    }

    pub fn step<T: Real>(
        &self,
        weights: &GatedWeights<T>,
        vectors: &NormalizedVectors<T>,
        mut rows: StepRows<'_, '_, T>,
    ) {
        let size = 2 * self.units;
        let hidden = Rows::Strided { values: rows.previous, stride: size };
        self.gates.pre_activations(weights, vectors, hidden, &mut rows);
        let states = rows.previous.chunks_exact(size).zip(rows.state.chunks_exact_mut(size));
        for (row, (previous, state)) in rows.scratch.iter_mut().zip(states) {
            self.step_row(vectors, row, previous, state);
        }
        self.gates.keep(rows);
    }

    /// The rest of a step of one row whose pre-activations are there.
    fn step_row<T: Real>(
        &self,
        vectors: &NormalizedVectors<T>,
        row: &mut [T],
        previous: &[T],
        state: &mut [T],
    ) {
        let (size, level) = (self.units, Level::current());
        let (kept, free) = row.split_at_mut(self.gates.free().start);
        let activated = &mut free[..4 * size];
        let operands = LstmForward {
            hidden_size: size,
            units: 0..size,
            gates: &[&mut kept[self.gates.gates()]],
            trace: &mut [&mut *activated],
            previous,
            state,
        };
        T::lstm_forward(level, self.inner, operands);
        kept[self.gates.gates()].copy_from_slice(activated);
        let (hidden, cell) = state.split_at_mut(size);
        let (normalized, y) = kept[self.gates.own()].split_at_mut(size);
        normalized.copy_from_slice(cell);
        let deviation = normalize(level, normalized, T::from_f64(self.gates.epsilon));
        y.fill(T::ZERO);
        add_scaled(level, y, normalized, self.scale(vectors));
        T::activation_forward(level, self.output, y);
        multiply(hidden, &activated[2 * size..3 * size], y);
        kept[self.deviation()] = deviation;
    }

    pub fn step_backward<T: Real>(
        &self,
        weights: &GatedWeights<T>,
        vectors: &NormalizedVectors<T>,
        rows: BackwardRows<'_, '_, T>,
    ) {
        let size = 2 * self.units;
        let grads = rows.grad_state.chunks_exact_mut(size);
        let grads = grads.zip(rows.grad_previous.chunks_exact_mut(size));
        let states = rows.previous.inner.iter().zip(rows.state.inner).zip(grads);
        for (row, ((previous, state), (grad, grad_previous))) in rows.deltas.iter_mut().zip(states)
        {
            self.back_through_output(vectors, row, grad);
            let gates = self.gates.gates();
            // No gradient arrives at h here, so this leaves do alone as 0.
            let operands = LstmBackward {
                hidden_size: self.units,
                units: 0..self.units,
                gates: &mut [&mut row[gates.clone()]],
                previous: &[previous],
                state: &[state],
                grad_state: grad,
                grad_previous,
            };
            T::lstm_backward(Level::current(), self.inner, operands);
            let (kept, free) = row.split_at_mut(self.gates.free().start);
            kept[gates][2 * self.units..3 * self.units].copy_from_slice(&free[..self.units]);
            self.gates.back_to_products(vectors, row);
        }
        // dh_{t-1}, beside dc_{t-1}
        let out = Out::Strided { values: rows.grad_previous, stride: size };
        self.gates.back_to_hidden(weights, Start::Zero, rows.deltas, out);
    }

    /// From `[dh_t dc_t]` to `[0 dc]` with all that arrives at c_t. do is left where the gradients of the gains
    /// will stand.
    fn back_through_output<T: Real>(
        &self,
        vectors: &NormalizedVectors<T>,
        row: &mut [T],
        grad: &mut [T],
    ) {
        let (size, level) = (self.units, Level::current());
        let deviation = row[self.deviation()];
        let (kept, free) = row.split_at_mut(self.gates.free().start);
        let [to_gate, product, to_value, _] = parts(&mut free[..4 * size], size);
        let (hidden, cell) = grad.split_at_mut(size);
        let output = &kept[self.gates.gates()][2 * size..3 * size];
        let (_, y) = kept[self.gates.own()].split_at(size);
        let derive = |function, deltas: &mut [T], value: &[T], grad: &[T]| {
            let operands = ActivationBackward {
                hidden_size: size,
                units: 0..size,
                deltas: &mut [deltas],
                hidden: &[value],
                grad,
            };
            T::activation_backward(level, function, operands);
        };
        multiply(product, hidden, y);
        derive(self.inner.gate, to_gate, output, product);
        multiply(product, hidden, output);
        derive(self.output, to_value, y, product);
        let (normalized, y) = kept[self.gates.own()].split_at_mut(size);
        y.copy_from_slice(to_value);
        let operands = NormalizeBackward {
            grad: y,
            gain: self.scale(vectors).gain,
            inverse_deviation: deviation,
            normalized,
            grad_gain: product,
        };
        normalize_backward(level, operands);
        for (cell, arriving) in cell.iter_mut().zip(&*normalized) {
            *cell += *arriving;
        }
        normalized.copy_from_slice(product);
        hidden.fill(T::ZERO);
    }
}

/// Four neighbouring pieces.
fn parts<T>(values: &mut [T], size: usize) -> [&mut [T]; 4] {
    let (first, rest) = values.split_at_mut(size);
    let (second, rest) = rest.split_at_mut(size);
    let (third, fourth) = rest.split_at_mut(size);
    [first, second, third, fourth]
}
