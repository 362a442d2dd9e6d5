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
    /// The start of dU, H rows, and what dU is a product with.
    pub recurrent_weights: Option<(Recurrent, usize)>,
    /// The start of db, one row.
    pub bias: Option<usize>,
}

/// What recurrent weights were multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrent {
    /// The hidden state before the step.
    Hidden,
    /// H columns of the deltas, from this one on, where the cell put it.
    Deltas(usize),
}

/// Adds the gradients to `grad`, in which the rows of one gradient start `stride` values after each
/// other.
///
/// Each element is one chain of fused multiply-adds over all steps, sequence after sequence, whatever
/// the number of threads.
///
/// # Panics
///
/// Gradients that overlap each other or do not fit in `grad`.
pub fn add_weight_gradients<T: Real>(
    sequences: &[SequenceDeltas<'_, T>],
    gradients: &[WeightGradient],
    (grad, stride): (&mut [T], usize),
) {
    let Some(first) = sequences.first() else { return };
    let (input_size, hidden_size) = (first.input_size, first.initial.len());
    let recurrent = |gradient: &WeightGradient| match gradient.recurrent_weights {
        Some((recurrent, _)) => recurrent,
        None => Recurrent::Hidden,
    };
    let pairs: Vec<Vec<Pairs<'_, T>>> = gradients
        .iter()
        .map(|gradient| sequences.iter().flat_map(|s| s.pairs(recurrent(gradient))).collect())
        .collect();
    let sums = gradients.iter().zip(&pairs).map(|(gradient, pairs)| OuterSum {
        pairs,
        left: [
            gradient.input_weights.map(|at| Left { rows: input_size, at }),
            gradient.recurrent_weights.map(|(_, at)| Left { rows: hidden_size, at }),
        ],
        sums: gradient.bias,
        first: gradient.deltas.start,
        columns: gradient.deltas.len(),
        stride,
    });
    crate::workers::add_outer_products(&sums.collect::<Vec<_>>(), grad);
}

impl<'a, T: Real> SequenceDeltas<'a, T> {
    /// Each input and each recurrent factor with its deltas. The step that started from the initial
    /// state stands alone, as its hidden state is elsewhere.
    fn pairs(&self, recurrent: Recurrent) -> impl Iterator<Item = Pairs<'a, T>> {
        let first = usize::from(self.length > 0);
        let rest = self.length - first;
        // In the order of memory, whichever way time runs.
        let (alone, from, before) = if self.reverse { (rest, 0, 1) } else { (0, first, 0) };
        let initial = Strided { values: self.initial, stride: self.initial.len() };
        let outputs = rows(self.outputs, self.output_stride, before);
        let start = self.factors((recurrent, initial), (alone, first));
        let others = self.factors((recurrent, outputs), (from, rest));
        let pairs = if self.reverse { [others, start] } else { [start, others] };
        pairs.into_iter().filter(|pairs| pairs.count > 0)
    }

    /// `count` steps from step `from` on; `hidden` stands before the first of them.
    fn factors(
        &self,
        (recurrent, hidden): (Recurrent, Strided<'a, T>),
        (from, count): (usize, usize),
    ) -> Pairs<'a, T> {
        let deltas = rows(self.deltas, self.delta_stride, from);
        let inputs = rows(self.inputs, self.input_size, from);
        let recurrent = match recurrent {
            Recurrent::Hidden => hidden,
            Recurrent::Deltas(column) => Strided {
                values: deltas.values.get(column..).unwrap_or(&[]),
                stride: self.delta_stride,
            },
        };
        Pairs { left: [inputs, recurrent], right: deltas, count }
    }
}

/// The rows from row `from` on.
fn rows<T>(values: &[T], stride: usize, from: usize) -> Strided<'_, T> {
    Strided { values: values.get(from * stride..).unwrap_or(&[]), stride }
}
