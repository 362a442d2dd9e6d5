//! From the deltas of all steps to the gradients of weights and biases.

use std::ops::Range;

use elman_kernels::outer::{Left, OuterSum, Pairs, Strided};

use crate::cell::SequenceDeltas;
use crate::real::Real;

/// What the gradients of weights are made of: `dW += x_tᵀ·d_t`, `dU += h_{t-1}ᵀ·d_t` and `db += d_t`
/// for some columns `d` of the deltas and all steps.
///
/// The gradients are rows of one flat array, each as long as `deltas`; a field says where the first
/// row of a gradient starts, `None` where the columns have no such weights.
#[derive(Clone, Debug)]
pub struct WeightGradient {
    /// The columns of the deltas.
    pub deltas: Range<usize>,
    /// The start of dW, I rows.
    pub input_weights: Option<usize>,
    /// dU.
    pub recurrent_weights: Option<RecurrentGradient>,
    /// The start of db, one row.
    pub bias: Option<usize>,
}

/// The gradient of weights that multiply something other than the inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecurrentGradient {
    /// What the weights were multiplied with.
    pub factor: Factor,
    /// Where the first row of the gradient starts; there is one for each value of the factor.
    pub start: usize,
}

/// What weights other than those of the inputs were multiplied with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Factor {
    /// The hidden state before the step.
    Hidden,
    /// These columns of the deltas, where the cell put it.
    Deltas(Range<usize>),
}

/// Where weight gradients are added.
#[derive(Debug)]
pub struct GradientRows<'a, T> {
    /// The array that the gradients are rows of.
    pub values: &'a mut [T],
    /// The distance between two rows of one gradient.
    pub stride: usize,
}

/// Adds the gradients to `target`.
///
/// Each element is one chain of fused multiply-adds over all steps, sequence after sequence, whatever
/// the number of threads.
///
/// # Panics
///
/// Gradients that overlap each other or do not fit in `target`.
pub fn add_weight_gradients<T: Real>(
    sequences: &[SequenceDeltas<'_, T>],
    gradients: &[WeightGradient],
    target: GradientRows<'_, T>,
) {
    let Some(first) = sequences.first() else { return };
    let (input_size, output_size) = (first.input_size, first.initial.len());
    let factor = |gradient: &WeightGradient| match &gradient.recurrent_weights {
        Some(recurrent) => recurrent.factor.clone(),
        None => Factor::Hidden,
    };
    let pairs: Vec<Vec<Pairs<'_, T>>> = gradients
        .iter()
        .map(|gradient| sequences.iter().flat_map(|s| s.pairs(&factor(gradient))).collect())
        .collect();
    let recurrent_left = |gradient: &RecurrentGradient| Left {
        rows: match &gradient.factor {
            Factor::Hidden => output_size,
            Factor::Deltas(columns) => columns.len(),
        },
        at: gradient.start,
    };
    let sums = gradients.iter().zip(&pairs).map(|(gradient, pairs)| OuterSum {
        pairs,
        left: [
            gradient.input_weights.map(|at| Left { rows: input_size, at }),
            gradient.recurrent_weights.as_ref().map(recurrent_left),
        ],
        sums: gradient.bias,
        first: gradient.deltas.start,
        columns: gradient.deltas.len(),
        stride: target.stride,
    });
    crate::workers::add_outer_products(&sums.collect::<Vec<_>>(), target.values);
}

impl<'a, T: Real> SequenceDeltas<'a, T> {
    /// Each input and each recurrent factor with its deltas. The step that started from the initial
    /// state stands alone, as its hidden state is elsewhere.
    fn pairs(&self, factor: &Factor) -> impl Iterator<Item = Pairs<'a, T>> + use<'a, T> {
        let first = usize::from(self.length > 0);
        let rest = self.length - first;
        // In the order of memory, whichever way time runs.
        let (alone, from, before) = if self.reverse { (rest, 0, 1) } else { (0, first, 0) };
        let initial = Strided { values: self.initial, stride: self.initial.len() };
        let outputs = rows(self.outputs, self.output_stride, before);
        let start = self.factors(factor, initial, alone..alone + first);
        let others = self.factors(factor, outputs, from..from + rest);
        let mut pairs = if self.reverse { [others, start] } else { [start, others] };
        if !self.dropped.is_empty() {
            // These stand beside their own step.
            let dropped = Strided { values: self.dropped, stride: self.initial.len() };
            pairs = [self.factors(factor, dropped, 0..self.length), Pairs { count: 0, ..start }];
        }
        pairs.into_iter().filter(|pairs| pairs.count > 0)
    }

    /// Some steps; `hidden` stands before the first of them.
    fn factors(
        &self,
        factor: &Factor,
        hidden: Strided<'a, T>,
        steps: Range<usize>,
    ) -> Pairs<'a, T> {
        let deltas = rows(self.deltas, self.delta_stride, steps.start);
        let inputs = rows(self.inputs, self.input_size, steps.start);
        let recurrent = match factor {
            Factor::Hidden => hidden,
            Factor::Deltas(columns) => Strided {
                values: deltas.values.get(columns.start..).unwrap_or(&[]),
                stride: self.delta_stride,
            },
        };
        Pairs { left: [inputs, recurrent], right: deltas, count: steps.len() }
    }
}

/// The rows from row `from` on.
fn rows<T>(values: &[T], stride: usize, from: usize) -> Strided<'_, T> {
    Strided { values: values.get(from * stride..).unwrap_or(&[]), stride }
}
