//! Weights of gates that stand side by side: packing, products and gradients, written once.
//!
//! A cell with G gates has W `[I, G·H]`, U `[H, G·H]` and b `[G·H]`, the columns gate after gate, and
//! computes `b + x_t·W + h_{t-1}·U` in this order. Where some gates need another product than the
//! others, as the candidate of a GRU does, the columns are packed in groups.
//!
//! ```
//! use elman::cell::gated::{GateSizes, GatedWeights};
//!
//! let sizes = GateSizes { input_size: 1, recurrent_size: 2, columns: 2 };
//! let parameters = [1.0, 2.0, 0.0, 0.5, 0.5, 0.0, 10.0, 20.0]; // W, U and b
//! let weights = GatedWeights::ungrouped(sizes, &parameters);
//! let mut rows = vec![[0.0; 2]];
//! let mut scratch: Vec<&mut [f64]> = rows.iter_mut().map(|row| &mut row[..]).collect();
//! weights.begin_steps(&[&[3.0]], &mut scratch, &elman::cell::Units::all(2));
//! assert_eq!(rows, [[13.0, 26.0]]); // b + x·W
//! ```

use std::ops::Range;

use elman_kernels::PackedMatrix;
use elman_kernels::matmul::{Out, Rows, Start, Term};

use crate::cell::{Begun, Factor, RecurrentGradient, Units, WeightGradient};
use crate::parameters::ParameterShape;
use crate::real::Real;

/// The sizes of W, U and b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateSizes {
    /// I, the rows of W.
    pub input_size: usize,
    /// The rows of U: the length of the hidden state; 0 for gates that do not see it.
    pub recurrent_size: usize,
    /// The columns of W, U and b: H for each gate.
    pub columns: usize,
}

impl GateSizes {
    /// `input_weights`, `recurrent_weights` where there are any, and `bias`.
    #[must_use]
    pub fn parameter_shapes(self) -> Vec<ParameterShape> {
        let mut shapes =
            vec![ParameterShape::new("input_weights", &[self.input_size, self.columns])];
        if self.recurrent_size > 0 {
            let shape = [self.recurrent_size, self.columns];
            shapes.push(ParameterShape::new("recurrent_weights", &shape));
        }
        shapes.push(ParameterShape::new("bias", &[self.columns]));
        shapes
    }

    /// Where U starts in the flat parameters. W starts at 0.
    #[must_use]
    pub fn recurrent_start(self) -> usize {
        self.input_size * self.columns
    }

    /// Where b starts in the flat parameters.
    #[must_use]
    pub fn bias_start(self) -> usize {
        (self.input_size + self.recurrent_size) * self.columns
    }

    /// Where the parameters after b start.
    #[must_use]
    pub fn end(self) -> usize {
        self.bias_start() + self.columns
    }

    /// `dW += x_tᵀ·d_t`, `dU += h_{t-1}ᵀ·d_t` and `db += d_t` for these columns, which are the same ones
    /// of the deltas, in rows that stand [`columns`](Self::columns) apart.
    #[must_use]
    pub fn weight_gradient(self, columns: Range<usize>) -> WeightGradient {
        WeightGradient {
            input_weights: Some(columns.start),
            recurrent_weights: (self.recurrent_size > 0).then(|| RecurrentGradient {
                factor: Factor::Hidden,
                start: self.recurrent_start() + columns.start,
            }),
            bias: Some(self.bias_start() + columns.start),
            deltas: columns,
        }
    }
}

/// W, U and b of a cell, packed for each product they take part in.
#[derive(Clone, Debug)]
pub struct GatedWeights<T, const GROUPS: usize = 1> {
    sizes: GateSizes,
    groups: [GateGroup<T>; GROUPS],
    input_transposed: PackedMatrix<T>, // Wᵀ [columns, I]
}

/// The weights of some neighbouring gates.
#[derive(Clone, Debug)]
pub struct GateGroup<T> {
    columns: Range<usize>,
    input: PackedMatrix<T>,                // W  [I, N], N columns
    recurrent: PackedMatrix<T>,            // U  [H, N]
    bias: Vec<T>,                          // b  [N]
    recurrent_transposed: PackedMatrix<T>, // Uᵀ [N, H]
}

/// What the pre-activations of some rows are computed from.
#[derive(Clone, Copy, Debug)]
pub struct GateInputs<'a, T> {
    /// `x_t`: one slice `[I]` for each row.
    pub inputs: &'a [&'a [T]],
    /// `h_{t-1}`.
    pub hidden: Rows<'a, T>,
    /// [`Begun::Inputs`] where the output holds `b + x_t·W` already.
    pub begun: Begun,
}

impl<T: Real, const GROUPS: usize> GatedWeights<T, GROUPS> {
    /// Packs the parameters, which begin with W, U and b; each group is a range of columns.
    ///
    /// # Panics
    ///
    /// Parameters that are too short, or a group that ends after the last column.
    #[must_use]
    pub fn new(sizes: GateSizes, groups: [Range<usize>; GROUPS], parameters: &[T]) -> Self {
        let mut weights = GatedWeights {
            sizes,
            groups: groups.map(|columns| GateGroup::zeros(sizes, columns)),
            input_transposed: PackedMatrix::zeros(sizes.columns, sizes.input_size),
        };
        weights.refresh(parameters);
        weights
    }

    /// Packs other parameters into the same memory.
    ///
    /// # Panics
    ///
    /// Parameters that are too short.
    pub fn refresh(&mut self, parameters: &[T]) {
        let GateSizes { columns, .. } = self.sizes;
        let (input, rest) = parameters.split_at(self.sizes.recurrent_start());
        let (recurrent, rest) = rest.split_at(self.sizes.bias_start() - input.len());
        for group in &mut self.groups {
            let first = group.columns.start;
            group.input.fill_strided(&input[first..], columns);
            group.recurrent.fill_strided(&recurrent[first..], columns);
            group.recurrent_transposed.fill_transposed(&recurrent[first..], columns);
            group.bias.clear();
            group.bias.extend_from_slice(&rest[group.columns.clone()]);
        }
        self.input_transposed.fill_transposed(input, columns);
    }

    /// The sizes.
    #[must_use]
    pub fn sizes(&self) -> GateSizes {
        self.sizes
    }

    /// The groups, in the order in which they were given.
    #[must_use]
    pub fn groups(&self) -> &[GateGroup<T>; GROUPS] {
        &self.groups
    }

    /// `b + x_t·W` for the columns of all groups, each at its place in the row: the
    /// [`begin_steps`](super::InputsAhead::begin_steps) of a cell whose scratch rows hold the
    /// pre-activations so.
    pub fn begin_steps(&self, inputs: &[&[T]], scratch: &mut [&mut [T]], units: &Units) {
        for group in &self.groups {
            let out = Out::Slices { rows: &mut *scratch, first: group.columns.start };
            group.input_product(inputs, out, units);
        }
    }

    /// `dx_t = da_t·Wᵀ`, where the deltas begin with da_t.
    pub fn input_gradient(&self, deltas: &[&[T]], grad_inputs: &mut [&mut [T]]) {
        let term = Term { rows: Rows::Slices(deltas), weights: &self.input_transposed };
        let out = Out::Slices { rows: grad_inputs, first: 0 };
        let columns = 0..self.sizes.input_size;
        T::product_columns(Start::Zero, &[term], out, std::slice::from_ref(&columns));
    }
}

impl<T: Real> GatedWeights<T> {
    /// Packs the parameters, which begin with W, U and b, as one group of all columns.
    ///
    /// # Panics
    ///
    /// Parameters that are too short.
    #[must_use]
    pub fn ungrouped(sizes: GateSizes, parameters: &[T]) -> Self {
        let columns = 0..sizes.columns;
        Self::new(sizes, [columns], parameters)
    }

    /// The only group.
    #[must_use]
    pub fn all(&self) -> &GateGroup<T> {
        let [all] = &self.groups;
        all
    }
}

impl<T: Real> GateGroup<T> {
    fn zeros(sizes: GateSizes, columns: Range<usize>) -> Self {
        let width = columns.len();
        GateGroup {
            columns,
            input: PackedMatrix::zeros(sizes.input_size, width),
            recurrent: PackedMatrix::zeros(sizes.recurrent_size, width),
            bias: Vec::with_capacity(width),
            recurrent_transposed: PackedMatrix::zeros(width, sizes.recurrent_size),
        }
    }

    /// The columns of W, U and b.
    #[must_use]
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// `x·W`, a term of a product.
    #[must_use]
    pub fn input_term<'a>(&'a self, inputs: &'a [&'a [T]]) -> Term<'a, T> {
        Term { rows: Rows::Slices(inputs), weights: &self.input }
    }

    /// `h·U`, a term of a product.
    #[must_use]
    pub fn recurrent_term<'a>(&'a self, hidden: Rows<'a, T>) -> Term<'a, T> {
        Term { rows: hidden, weights: &self.recurrent }
    }

    /// `da·Uᵀ`, a term of a product.
    #[must_use]
    pub fn transposed_term<'a>(&'a self, deltas: Rows<'a, T>) -> Term<'a, T> {
        Term { rows: deltas, weights: &self.recurrent_transposed }
    }

    /// b.
    #[must_use]
    pub fn bias(&self) -> &[T] {
        &self.bias
    }

    /// `out = b + x_t·W` for some units.
    pub fn input_product(&self, inputs: &[&[T]], out: Out<'_, '_, T>, units: &Units) {
        let start = Start::Bias(&self.bias);
        T::product_columns(start, &[self.input_term(inputs)], out, self.columns_of(units));
    }

    /// `out = b + x_t·W + h_{t-1}·U` for some units.
    pub fn pre_activations(&self, of: GateInputs<'_, T>, out: Out<'_, '_, T>, units: &Units) {
        let terms = [self.input_term(of.inputs), self.recurrent_term(of.hidden)];
        let (start, terms) = match of.begun {
            Begun::Nothing => (Start::Bias(&self.bias), &terms[..]),
            Begun::Inputs => (Start::Output, &terms[1..]),
        };
        T::product_columns(start, terms, out, self.columns_of(units));
    }

    /// The columns of the own units, counted from the first of the group.
    fn columns_of<'a>(&self, units: &'a Units) -> &'a [Range<usize>] {
        units.columns(self.columns.len() / units.count())
    }
}
