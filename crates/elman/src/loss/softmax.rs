//! Softmax, row by row.

use elman_kernels::Level;
use elman_kernels::pointwise::{Partition, scale, softmax_exponentials};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};

use super::same_shape;
use crate::error::Result;
use crate::real::Real;

/// `p_c = e^(x_c) / Σ_k e^(x_k)` for each row of logits `[N, C]`, into `probabilities` `[N, C]`.
///
/// # Errors
///
/// Probabilities of another shape.
///
/// ```
/// use elman::loss::softmax;
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let mut probabilities = Array2::zeros((1, 2));
/// softmax(array![[1e4, 1e4]].view(), probabilities.view_mut())?;
/// assert_eq!(probabilities, array![[0.5, 0.5]]);
/// # Ok(())
/// # }
/// ```
pub fn softmax<T: Real>(
    logits: ArrayView2<'_, T>,
    probabilities: ArrayViewMut2<'_, T>,
) -> Result<()> {
    same_shape("probabilities", logits.shape(), probabilities.shape())?;
    if logits.ncols() > 0 {
        each_row(logits, probabilities, |mut row| {
            let share = T::from_f64(1.0 / row.partition.sum);
            scale_row(&mut row.exponentials, share);
        });
    }
    Ok(())
}

/// `row *= factor`
pub(super) fn scale_row<T: Real>(row: &mut ArrayViewMut1<'_, T>, factor: T) {
    match row.as_slice_mut() {
        Some(values) => scale(Level::current(), values, factor),
        None => row.map_inplace(|value| *value *= factor),
    }
}

pub(super) fn largest<T: Real>(logits: ArrayView1<'_, T>) -> T {
    logits.iter().fold(logits[0], |max, &x| max.max(x))
}

/// A row of logits with its exponentials.
pub(super) struct SoftmaxRow<'a, T> {
    pub row: usize,
    pub logits: ArrayView1<'a, T>,
    /// `e^(x − max x)`, to be turned into what is wanted.
    pub exponentials: ArrayViewMut1<'a, T>,
    pub partition: Partition<T>,
}

/// Calls `finish` with each row of `logits` `[N, C]`, in order, its exponentials standing in `out`
/// `[N, C]`.
pub(super) fn each_row<T: Real>(
    logits: ArrayView2<'_, T>,
    mut out: ArrayViewMut2<'_, T>,
    mut finish: impl FnMut(SoftmaxRow<'_, T>),
) {
    /// Rows at a time: enough exponentials for a loop over them to pay, and still in L1 after it.
    const BLOCK: usize = 16;
    let blocks = logits.axis_chunks_iter(Axis(0), BLOCK);
    for (block, (logits, mut out)) in
        blocks.zip(out.axis_chunks_iter_mut(Axis(0), BLOCK)).enumerate()
    {
        let mut partitions = [Partition::default(); BLOCK];
        exponentials(logits, out.view_mut(), &mut partitions[..logits.nrows()]);
        let rows = logits.outer_iter().zip(out.outer_iter_mut()).zip(partitions);
        for (index, ((logits, exponentials), partition)) in rows.enumerate() {
            finish(SoftmaxRow { row: block * BLOCK + index, logits, exponentials, partition });
        }
    }
}

/// `e^(x − max x)` into `out`, row by row, and the partition of each row.
fn exponentials<T: Real>(
    logits: ArrayView2<'_, T>,
    mut out: ArrayViewMut2<'_, T>,
    partitions: &mut [Partition<T>],
) {
    match (logits.as_slice(), out.as_slice_mut()) {
        (Some(logits), Some(out)) => out.copy_from_slice(logits),
        _ => out.assign(&logits),
    }
    if let Some(values) = out.as_slice_mut() {
        softmax_exponentials(Level::current(), values, partitions);
        return;
    }
    for ((logits, mut out), partition) in
        logits.outer_iter().zip(out.outer_iter_mut()).zip(partitions)
    {
        let max = largest(logits);
        out.map_inplace(|x| *x = (*x - max).exp());
        *partition = Partition { max, sum: out.iter().map(|e| e.to_f64()).sum() };
    }
}
