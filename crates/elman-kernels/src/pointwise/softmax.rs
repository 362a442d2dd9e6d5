//! The exponentials of a softmax, row by row.

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;

/// A row's largest value, and the sum of the exponentials of the distances to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Partition<T> {
    /// `max x`; a NaN counts only where there is nothing else.
    pub max: T,
    /// `Σ e^(x − max x)`, in the order of the row.
    pub sum: f64,
}

/// `x ← e^(x − max x)` in each row of `values` `[rows, columns]`; one partition for each row.
///
/// # Panics
///
/// Values that are not rows of one length, of at least one column, one for each partition.
///
/// ```
/// use elman_kernels::Level;
/// use elman_kernels::pointwise::{Partition, softmax_exponentials};
///
/// let mut values = [7.0, 7.0, f64::NEG_INFINITY, 1.0];
/// let mut partitions = [Partition::default(); 2];
/// softmax_exponentials(Level::current(), &mut values, &mut partitions);
/// assert_eq!(values, [1.0, 1.0, 0.0, 1.0]);
/// assert_eq!(partitions, [Partition { max: 7.0, sum: 2.0 }, Partition { max: 1.0, sum: 1.0 }]);
/// ```
pub fn softmax_exponentials<T: Compiled>(
    level: Level,
    values: &mut [T],
    partitions: &mut [Partition<T>],
) {
    let columns = values.len().checked_div(partitions.len()).unwrap_or(1);
    assert!(columns > 0 && values.len() == partitions.len() * columns, "a partition for each row");
    run(level, Exponentials { values, columns, partitions });
}

pub(crate) struct Exponentials<'a, T> {
    values: &'a mut [T],
    columns: usize,
    partitions: &'a mut [Partition<T>],
}

impl<T: Float> Kernel for Exponentials<'_, T> {
    type Output = ();

    // The exponentials of all rows are one loop: rows are short, and would leave most of a register
    // empty.
    #[inline(always)]
    fn run(self) {
        let Exponentials { values, columns, partitions } = self;
        for (row, partition) in values.chunks_exact_mut(columns).zip(&mut *partitions) {
            let max = row.iter().fold(row[0], |max, &x| max.max(x));
            for x in &mut *row {
                *x -= max;
            }
            partition.max = max;
        }
        for x in &mut *values {
            *x = x.exp();
        }
        for (row, partition) in values.chunks_exact(columns).zip(partitions) {
            partition.sum = row.iter().map(|e| e.to_f64()).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_agree_with_the_definition_to_the_bit() {
        for columns in 1..40usize {
            let rows = 7;
            let logits: Vec<f32> =
                (0..rows * columns).map(|k| ((k * 7919 % 1000) as f32 - 500.0) / 37.0).collect();
            for level in Level::supported() {
                let mut values = logits.clone();
                let mut partitions = vec![Partition::default(); rows];
                softmax_exponentials(level, &mut values, &mut partitions);
                for (row, partition) in partitions.iter().enumerate() {
                    let logits = &logits[row * columns..][..columns];
                    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    let expected: Vec<f32> = logits.iter().map(|&x| Float::exp(x - max)).collect();
                    let sum = expected.iter().fold(0.0, |sum, &e| sum + f64::from(e));
                    assert_eq!(values[row * columns..][..columns], expected, "{level:?}");
                    assert_eq!(*partition, Partition { max, sum }, "{columns} {level:?}");
                }
            }
        }
    }

    #[test]
    fn a_nan_is_seen_in_the_sum() {
        for level in Level::supported() {
            let mut values = [1.0f32, f32::NAN, 2.0];
            let mut partition = [Partition::default()];
            softmax_exponentials(level, &mut values, &mut partition);
            assert!(partition[0].sum.is_nan() && values[1].is_nan());
        }
    }
}
