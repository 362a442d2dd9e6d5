//! The sum over all steps of all sequences.
//!
//! Through a narrow layer a large batch is summed in two halves, those of the first two workers of the
//! time loop: each reads the deltas that it wrote, and no cache line of them travels between processors,
//! which takes about as long as the arithmetic where these are far from each other. What a half is
//! depends on the batch alone, so that no number of threads changes a bit. The deltas of a wide layer
//! leave the processors' caches anyway, and its parameters would not stay there twice.

use std::cmp::Reverse;

use elman_kernels::pointwise::{add_assign, zero};
use elman_kernels::{Aligned, Level};

use super::crew::worker_of;
use super::{Sizes, Span};
use crate::cell::{Cell, SequenceDeltas};
use crate::real::Real;
use crate::workers::each;

/// Sequences from which on a batch has halves.
const SEQUENCES: usize = 16;

/// Multiply-adds from which on the deltas are worth two arrays of parameters.
const WORK: usize = 10_000_000;

/// Bytes of an array of parameters that stays in a processor's own cache beside all else.
const NARROW: usize = 128 << 10;

/// Adds the gradient of the parameters to `grad`; `second_half` is memory for that of the second half.
pub(super) fn parameter_gradient<'a, T: Real, C: Cell<T>>(
    cell: &C,
    span: Span<'_>,
    of_row: impl Fn(usize) -> SequenceDeltas<'a, T>,
    grad: &mut [T],
    second_half: &mut Aligned<T>,
) {
    let chains = chains::<T>(span, &Sizes::of(cell)).into_iter();
    let mut chains = chains.map(|rows| rows.into_iter().map(&of_row).collect::<Vec<_>>());
    let first = chains.next().unwrap_or_default();
    let Some(second) = chains.next() else { return cell.parameter_gradient(&first, grad) };
    second_half.resize(grad.len());
    zero(second_half);
    let halves = [(first, &mut *grad), (second, &mut **second_half)];
    each(halves, |(sequences, grad)| cell.parameter_gradient(&sequences, grad));
    add_assign(Level::current(), grad, second_half);
}

/// The rows of each chain of the gradient, in its order: of one chain, or of one for each half.
pub(super) fn chains<T>(span: Span<'_>, sizes: &Sizes) -> Vec<Vec<usize>> {
    if has_halves::<T>(span, sizes) {
        return halves(span.lengths).into();
    }
    vec![(0..span.batch_size()).collect()]
}

fn has_halves<T>(span: Span<'_>, sizes: &Sizes) -> bool {
    span.batch_size() >= SEQUENCES
        && span.steps() * sizes.work() >= WORK
        && sizes.work() * size_of::<T>() <= NARROW
}

/// The rows of the first and of the second of two workers, in the order in which they are dealt.
fn halves(lengths: &[usize]) -> [Vec<usize>; 2] {
    let mut rows: Vec<usize> = (0..lengths.len()).collect();
    rows.sort_by_key(|row| Reverse(lengths[*row]));
    [0, 1].map(|worker| {
        let dealt = rows.iter().copied().enumerate();
        dealt.filter(|(index, _)| worker_of(*index, 2) == worker).map(|(_, row)| row).collect()
    })
}
