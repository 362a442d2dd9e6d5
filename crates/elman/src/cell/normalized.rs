//! Layer normalisation inside a cell: the products with the input and with the state, each normalised.
//!
//! ```text
//! LN(a; γ, β) = γ⊙(a-μ)/√(σ²+ε) + β              μ, σ² of a over the units of a block
//! a_t = b + LN(x_t·W; γ_x, β_x) + LN(h_{t-1}·U; γ_h, β_h)
//!
//! dβ_x = dβ_h = db = da_t        dγ_x = da_t⊙x̂        dγ_h = da_t⊙ĥ       x̂, ĥ: (a-μ)/√(σ²+ε)
//! dp_x, dp_h: da_t back through LN                    dx_t = dp_x·Wᵀ      dh_{t-1} = dp_h·Uᵀ
//! dW += x_tᵀ·dp_x                dU += h_{t-1}ᵀ·dp_h
//! ```
//!
//! A block is what the paper normalises as one vector: all four gates of an LSTM, r and z of a GRU together
//! and its candidate alone. A simple cell has one block; there section 3.1 of the paper normalises the sum of
//! both products, and here each is normalised, as in its LSTM and GRU. The LSTM's cell state is normalised on its
//! way out too, `h_t = σ(o)⊙ψ(LN(c_t; γ_c, β_c))`.
//!
//! A mean needs all units, so threads do not share the units of a step.
//!
//! A row holds, for C columns of W and U: `x̂ [C] | ĥ [C] | what else the cell keeps | 1/√(σ²+ε) of each
//! block | gates`, of which the trace has the gates if backward reads them; in the deltas these places hold
//! `dp_x | dp_h | … | da_t`, and after them stand `da_t⊙x̂ [C] | da_t⊙ĥ [C]`.
//!
//! # Source
//!
//! J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450: the
//! LSTM and the GRU of its supplementary material, with ε below the root as PyTorch's `LayerNorm` has it.

mod gru;
mod lstm;
mod options;
mod simple;

use std::ops::Range;

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{
    NormalizeBackward, ScaleShift, add_scaled, normalize, normalize_backward,
};

use crate::cell::gated::{GateSizes, GatedWeights};
use crate::cell::{
    Factor, GradientRows, RecurrentGradient, SequenceDeltas, StepRows, WeightGradient,
    add_weight_gradients,
};
use crate::parameters::ParameterShape;
use crate::real::Real;

pub use options::Normalization;

pub(super) use gru::NormalizedGru;
pub(super) use lstm::NormalizedLstm;
pub(super) use simple::NormalizedSimple;

/// Which of the two products of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    /// x·W
    Input,
    /// h·U
    Recurrent,
}

impl Product {
    fn index(self) -> usize {
        match self {
            Product::Input => 0,
            Product::Recurrent => 1,
        }
    }
}

/// Columns of one product that are normalised together.
#[derive(Clone, Debug)]
struct Block {
    product: Product,
    columns: Range<usize>,
    /// Where in the gates it is added.
    gates: usize,
}

/// The normalised products of a cell: where everything stands in a row and in the parameters.
#[derive(Clone, Debug)]
pub(super) struct NormalizedGates {
    sizes: GateSizes,
    /// The length of the gates: as many values as b has, b_hn of a GRU included.
    gates: usize,
    /// How many of these backward reads: all or none.
    gates_kept: usize,
    /// Values that the cell keeps beside them; the cell's own gains and shifts are as many.
    own: usize,
    /// Of the products. The cell's own deviation comes after those of the blocks.
    blocks: Vec<Block>,
    epsilon: f64,
}

/// What of the parameters a normalised cell needs beside packed W and U: b, the gains and the shifts.
#[derive(Clone, Debug)]
pub(super) struct NormalizedVectors<T>(Vec<T>);

impl NormalizedGates {
    fn columns(&self) -> usize {
        self.sizes.columns
    }

    /// Where the gates stand in a row.
    fn gates(&self) -> Range<usize> {
        let start = self.deviation(self.deviations());
        start..start + self.gates
    }

    /// Where the parts of the gradients of the gains stand in the deltas, memory to work in before that.
    fn free(&self) -> Range<usize> {
        self.gates().end..self.delta_size()
    }

    /// Where the values stand that the cell keeps beside them.
    fn own(&self) -> Range<usize> {
        let start = 2 * self.columns();
        start..start + self.own
    }

    /// Where the deviation of a block stands.
    fn deviation(&self, index: usize) -> usize {
        self.own().end + index
    }

    fn deviations(&self) -> usize {
        self.blocks.len() + usize::from(self.own > 0)
    }

    pub fn trace_size(&self) -> usize {
        self.gates().start + self.gates_kept
    }

    pub fn delta_size(&self) -> usize {
        self.gates().end + 2 * self.columns()
    }

    /// The gains and shifts, after all other parameters.
    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        let names = ["input_gain", "input_shift", "recurrent_gain", "recurrent_shift"];
        let of_gates = names.map(|name| ParameterShape::new(name, &[self.columns()]));
        let own =
            ["cell_gain", "cell_shift"].map(|name| ParameterShape::new(name, &[self.own / 2]));
        of_gates.into_iter().chain(own.into_iter().filter(|_| self.own > 0)).collect()
    }

    /// The length of [`NormalizedVectors`].
    pub fn vector_size(&self) -> usize {
        self.gates + 4 * self.columns() + self.own
    }

    /// Where a gain starts in the vectors; its shift stands C values after it.
    fn gain(&self, product: Product) -> usize {
        self.gates + 2 * product.index() * self.columns()
    }

    /// Where the cell's own gain and shift stand in the vectors.
    fn own_gain(&self) -> Range<usize> {
        let start = self.gates + 4 * self.columns();
        start..start + self.own
    }

    /// The gates before σ of every row, in its scratch, with all that backward needs of it.
    fn pre_activations<T: Real, const GROUPS: usize>(
        &self,
        weights: &GatedWeights<T, GROUPS>,
        NormalizedVectors(vectors): &NormalizedVectors<T>,
        hidden: Rows<'_, T>,
        rows: &mut StepRows<'_, '_, T>,
    ) {
        for group in weights.groups() {
            let columns = group.columns();
            let all = 0..columns.len();
            let terms = [group.input_term(rows.inputs), group.recurrent_term(hidden)];
            for (product, term) in [Product::Input, Product::Recurrent].into_iter().zip(terms) {
                let first = product.index() * self.columns() + columns.start;
                let out = Out::Slices { rows: &mut *rows.scratch, first };
                T::product_columns(Start::Zero, &[term], out, std::slice::from_ref(&all));
            }
        }
        for row in rows.scratch.iter_mut() {
            row[self.gates()].copy_from_slice(&vectors[..self.gates]);
            for (index, block) in self.blocks.iter().enumerate() {
                let deviation = self.add_block(vectors, block, row);
                row[self.deviation(index)] = deviation;
            }
        }
    }

    /// Normalises a block in place, adds it to the gates, and returns its deviation.
    fn add_block<T: Real>(&self, vectors: &[T], block: &Block, row: &mut [T]) -> T {
        let (products, rest) = row.split_at_mut(self.gates().start);
        let x = &mut products[block.product.index() * self.columns()..][block.columns.clone()];
        let deviation = normalize(Level::current(), x, T::from_f64(self.epsilon));
        let gates = &mut rest[block.gates..][..block.columns.len()];
        add_scaled(Level::current(), gates, x, self.scale(vectors, block));
        deviation
    }

    /// γ and β of a block.
    fn scale<'a, T>(&self, vectors: &'a [T], block: &Block) -> ScaleShift<'a, T> {
        let (gain, shift) = vectors[self.gain(block.product)..].split_at(self.columns());
        ScaleShift { gain: &gain[block.columns.clone()], shift: &shift[block.columns.clone()] }
    }

    /// Takes the gradient of the gates, which stands in their place, back to the products.
    fn back_to_products<T: Real>(
        &self,
        NormalizedVectors(vectors): &NormalizedVectors<T>,
        row: &mut [T],
    ) {
        for (index, block) in self.blocks.iter().enumerate() {
            let inverse_deviation = row[self.deviation(index)];
            let (products, rest) = row.split_at_mut(self.gates().start);
            let (gates, gains) = rest.split_at_mut(self.gates);
            let first = block.product.index() * self.columns();
            let operands = NormalizeBackward {
                grad: &gates[block.gates..][..block.columns.len()],
                gain: self.scale(vectors, block).gain,
                inverse_deviation,
                normalized: &mut products[first..][block.columns.clone()],
                grad_gain: &mut gains[first..][block.columns.clone()],
            };
            normalize_backward(Level::current(), operands);
        }
    }

    /// `out = start + dp_h·Uᵀ`, the gradient of `h_{t-1}`.
    fn back_to_hidden<T: Real, const GROUPS: usize>(
        &self,
        weights: &GatedWeights<T, GROUPS>,
        start: Start<'_, T>,
        deltas: &[&mut [T]],
        out: Out<'_, '_, T>,
    ) {
        let recurrent = self.columns();
        let term = |group: usize| {
            let group = &weights.groups()[group];
            let first = recurrent + group.columns().start;
            group.transposed_term(Rows::Mutable { rows: deltas, first })
        };
        let terms: [_; GROUPS] = std::array::from_fn(term);
        let columns = 0..self.sizes.recurrent_size;
        T::product_columns(start, &terms, out, std::slice::from_ref(&columns));
    }

    /// Copies what backward needs of each row to the trace, where there is one.
    fn keep<T: Real>(&self, rows: StepRows<'_, '_, T>) {
        for (trace, scratch) in rows.trace.iter_mut().zip(rows.scratch) {
            trace[..self.trace_size()].copy_from_slice(&scratch[..self.trace_size()]);
        }
    }

    /// Adds the gradients of all parameters.
    pub fn parameter_gradient<T: Real>(
        &self,
        sequences: &[SequenceDeltas<'_, T>],
        grad_parameters: &mut [T],
    ) {
        let columns = self.columns();
        let input = WeightGradient {
            deltas: 0..columns,
            input_weights: Some(0),
            recurrent_weights: None,
            bias: None,
        };
        let start = self.sizes.recurrent_start();
        let recurrent = WeightGradient {
            deltas: columns..2 * columns,
            input_weights: None,
            recurrent_weights: Some(RecurrentGradient { factor: Factor::Hidden, start }),
            bias: None,
        };
        let target = GradientRows { values: &mut *grad_parameters, stride: columns };
        add_weight_gradients(sequences, &[input, recurrent], target);

        let vectors = &mut grad_parameters[self.sizes.bias_start()..];
        add_column_sums(sequences, self.gates(), &mut vectors[..self.gates]);
        let own = self.own_gain();
        add_column_sums(sequences, self.own(), &mut vectors[own]);
        for block in &self.blocks {
            let gains = self.free().start + block.product.index() * columns;
            let gains = gains + block.columns.start..gains + block.columns.end;
            let gates = self.gates().start + block.gates;
            let gates = gates..gates + block.columns.len();
            let (gain, shift) = vectors[self.gain(block.product)..].split_at_mut(columns);
            add_column_sums(sequences, gains, &mut gain[block.columns.clone()]);
            add_column_sums(sequences, gates, &mut shift[block.columns.clone()]);
        }
    }
}

/// Adds the sums of some columns of the deltas over all steps.
fn add_column_sums<T: Real>(
    sequences: &[SequenceDeltas<'_, T>],
    columns: Range<usize>,
    target: &mut [T],
) {
    if columns.is_empty() {
        return;
    }
    let target = GradientRows { stride: columns.len(), values: target };
    let sum = WeightGradient {
        deltas: columns,
        input_weights: None,
        recurrent_weights: None,
        bias: Some(0),
    };
    add_weight_gradients(sequences, &[sum], target);
}

impl<T: Real> NormalizedVectors<T> {
    /// Takes them from the flat parameters; none without gates.
    pub fn new(gates: Option<&NormalizedGates>, parameters: &[T]) -> Self {
        let mut vectors = NormalizedVectors(Vec::new());
        vectors.refresh(gates, parameters);
        vectors
    }

    /// Takes those of other parameters.
    pub fn refresh(&mut self, gates: Option<&NormalizedGates>, parameters: &[T]) {
        self.0.clear();
        if let Some(gates) = gates {
            self.0.extend_from_slice(&parameters[gates.sizes.bias_start()..]);
        }
    }

    /// Whether they are those of a cell with these gates.
    pub fn belong_to(&self, gates: Option<&NormalizedGates>) -> bool {
        self.0.len() == gates.map_or(0, NormalizedGates::vector_size)
    }
}

/// `target = left⊙right`
fn multiply<T: Real>(target: &mut [T], left: &[T], right: &[T]) {
    for (target, (left, right)) in target.iter_mut().zip(left.iter().zip(right)) {
        *target = *left * *right;
    }
}
