//! The heavy kernels for `f32` and `f64`, compiled here once and not again in every crate that calls
//! them.

use std::ops::Range;

use crate::float::Float;
use crate::level::Level;
use crate::loops::Loop;
use crate::matmul::{self, Out, Start, Term};
use crate::outer::{self, Part};
use crate::pointwise::{
    self, ActivationBackward, ClippedCurve, Function, GruBackward, GruBackwardPart, GruForward,
    GruForwardPart, GruFunctions, GruVariant, GruVariantBackward, GruVariantForward, LstmBackward,
    LstmForward, LstmFunctions, LstmVariant, LstmVariantBackward, LstmVariantForward,
    MinimalBackward, MinimalForward, MinimalKind,
};

/// A number type with compiled kernels: `f32` or `f64`.
pub trait Compiled: Float {
    /// `out[r, :] = start + Σ_terms rows[r] · weights` for the rows of `out`, contiguous rows of as
    /// many values as the weights have columns; see [`matmul`] for the order of the sums.
    ///
    /// # Panics
    ///
    /// Sizes that do not fit each other, no term, or terms that differ in columns or level.
    fn product(start: Start<'_, Self>, terms: &[Term<'_, Self>], out: &mut [Self]) {
        let columns = terms.first().map_or(1, |term| term.weights.columns());
        assert!(columns == 0 || out.len().is_multiple_of(columns), "out: whole rows");
        let out = Out::Strided { values: out, stride: columns };
        Self::product_columns(start, terms, out, std::slice::from_ref(&(0..columns)));
    }

    /// As [`product`](Self::product), for some of the columns, and to rows that stand elsewhere.
    /// Other values are not touched.
    ///
    /// # Panics
    ///
    /// As [`product`](Self::product); rows that overlap or are too short; a range of columns that begins or
    /// ends neither at a multiple of 64 bytes nor at the last column.
    fn product_columns(
        start: Start<'_, Self>,
        terms: &[Term<'_, Self>],
        out: Out<'_, '_, Self>,
        columns: &[Range<usize>],
    );

    /// Adds one part of some sums of outer products to the gradient; see [`outer`] for the order of
    /// the sums.
    ///
    /// # Panics
    ///
    /// Rows that are too short, or a level that this processor cannot run.
    fn add_outer_products(level: Level, part: Part<'_, Self>);

    /// Runs one of the loops of this crate.
    #[doc(hidden)]
    fn run_loop(level: Level, kernel: Loop<'_, Self>);

    /// Sets all to 0.
    fn set_zero(values: &mut [Self]);

    /// Makes room for `len` values, the new ones 0.
    fn resize_with_zeros(values: &mut Vec<Self>, len: usize);

    /// One step of a minGRU or minLSTM from the pre-activations.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn minimal_forward(level: Level, cell: MinimalKind, rows: MinimalForward<'_, '_, Self>);

    /// One step back of a minGRU or minLSTM.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn minimal_backward(level: Level, cell: MinimalKind, rows: MinimalBackward<'_, '_, Self>);

    /// `values = φ(values)`
    fn activation_forward(level: Level, function: Function, values: &mut [Self]);

    /// `delta = grad ⊙ φ'` in each row, the derivative taken from the activation's values.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn activation_backward(
        level: Level,
        function: Function,
        rows: ActivationBackward<'_, '_, Self>,
    );

    /// Gates and state of one step of an LSTM from the pre-activations.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn lstm_forward(level: Level, functions: LstmFunctions, rows: LstmForward<'_, '_, Self>);

    /// Deltas of one step of an LSTM, and the gradient of the cell state before it.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn lstm_backward(level: Level, functions: LstmFunctions, rows: LstmBackward<'_, '_, Self>);

    /// One part of a step of a GRU forward.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn gru_forward(
        level: Level,
        functions: GruFunctions,
        part: GruForwardPart,
        rows: GruForward<'_, '_, Self>,
    );

    /// One part of a step of a GRU backward.
    ///
    /// # Panics
    ///
    /// Slices whose lengths do not fit each other.
    fn gru_backward(
        level: Level,
        functions: GruFunctions,
        part: GruBackwardPart,
        rows: GruBackward<'_, '_, Self>,
    );

    /// `values = φ(values)`, for a function whose derivative is taken at its argument.
    fn curve_forward(level: Level, function: ClippedCurve, values: &mut [Self]);

    /// `values`, which hold `φ(arguments)`, become `φ'(arguments)`.
    ///
    /// # Panics
    ///
    /// Slices of different length.
    fn curve_slope(level: Level, function: ClippedCurve, arguments: &[Self], values: &mut [Self]);

    /// One row of a step of an LSTM with options.
    ///
    /// # Panics
    ///
    /// Slices that are too short.
    fn lstm_variant_forward(
        level: Level,
        variant: &LstmVariant<'_, Self>,
        row: LstmVariantForward<'_, Self>,
    );

    /// One row of a step back of an LSTM with options.
    ///
    /// # Panics
    ///
    /// Slices that are too short.
    fn lstm_variant_backward(
        level: Level,
        variant: &LstmVariant<'_, Self>,
        row: LstmVariantBackward<'_, Self>,
    );

    /// One row of a part of a step of a GRU with options.
    ///
    /// # Panics
    ///
    /// Slices that are too short.
    fn gru_variant_forward(
        level: Level,
        variant: &GruVariant,
        part: GruForwardPart,
        row: GruVariantForward<'_, Self>,
    );

    /// One row of a part of a step back of a GRU with options.
    ///
    /// # Panics
    ///
    /// Slices that are too short.
    fn gru_variant_backward(
        level: Level,
        variant: &GruVariant,
        part: GruBackwardPart,
        row: GruVariantBackward<'_, Self>,
    );
}

macro_rules! compile {
    ($($element:ty),*) => {$(
        impl Compiled for $element {
            fn product_columns(
                start: Start<'_, Self>,
                terms: &[Term<'_, Self>],
                out: Out<'_, '_, Self>,
                columns: &[Range<usize>],
            ) {
                matmul::product(start, terms, out, columns);
            }

            fn add_outer_products(level: Level, part: Part<'_, Self>) {
                outer::run(level, part);
            }

            fn run_loop(level: Level, kernel: Loop<'_, Self>) {
                kernel.run(level);
            }

            fn set_zero(values: &mut [Self]) {
                values.fill(Self::ZERO);
            }

            fn resize_with_zeros(values: &mut Vec<Self>, len: usize) {
                values.resize(len, Self::ZERO);
            }

            fn minimal_forward(
                level: Level,
                cell: MinimalKind,
                rows: MinimalForward<'_, '_, Self>,
            ) {
                pointwise::minimal_forward(level, cell, rows);
            }

            fn minimal_backward(
                level: Level,
                cell: MinimalKind,
                rows: MinimalBackward<'_, '_, Self>,
            ) {
                pointwise::minimal_backward(level, cell, rows);
            }

            fn activation_forward(level: Level, function: Function, values: &mut [Self]) {
                pointwise::activation_forward(level, function, values);
            }

            fn activation_backward(
                level: Level,
                function: Function,
                rows: ActivationBackward<'_, '_, Self>,
            ) {
                pointwise::activation_backward(level, function, rows);
            }

            fn lstm_forward(level: Level, functions: LstmFunctions, rows: LstmForward<'_, '_, Self>) {
                pointwise::lstm_forward(level, functions, rows);
            }

            fn lstm_backward(level: Level, functions: LstmFunctions, rows: LstmBackward<'_, '_, Self>) {
                pointwise::lstm_backward(level, functions, rows);
            }

            fn gru_forward(
                level: Level,
                functions: GruFunctions,
                part: GruForwardPart,
                rows: GruForward<'_, '_, Self>,
            ) {
                pointwise::gru_forward(level, functions, part, rows);
            }

            fn gru_backward(
                level: Level,
                functions: GruFunctions,
                part: GruBackwardPart,
                rows: GruBackward<'_, '_, Self>,
            ) {
                pointwise::gru_backward(level, functions, part, rows);
            }

            fn curve_forward(
                level: Level,
                function: ClippedCurve,
                values: &mut [Self],
            ) {
                pointwise::curve_forward(level, function, values);
            }

            fn curve_slope(
                level: Level,
                function: ClippedCurve,
                arguments: &[Self],
                values: &mut [Self],
            ) {
                pointwise::curve_slope(level, function, arguments, values);
            }

            fn lstm_variant_forward(
                level: Level,
                variant: &LstmVariant<'_, Self>,
                row: LstmVariantForward<'_, Self>,
            ) {
                pointwise::lstm_variant_forward(level, variant, row);
            }

            fn lstm_variant_backward(
                level: Level,
                variant: &LstmVariant<'_, Self>,
                row: LstmVariantBackward<'_, Self>,
            ) {
                pointwise::lstm_variant_backward(level, variant, row);
            }

            fn gru_variant_forward(
                level: Level,
                variant: &GruVariant,
                part: GruForwardPart,
                row: GruVariantForward<'_, Self>,
            ) {
                pointwise::gru_variant_forward(level, variant, part, row);
            }

            fn gru_variant_backward(
                level: Level,
                variant: &GruVariant,
                part: GruBackwardPart,
                row: GruVariantBackward<'_, Self>,
            ) {
                pointwise::gru_variant_backward(level, variant, part, row);
            }
        }
    )*};
}

compile!(f32, f64);
