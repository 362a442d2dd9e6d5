//! How far rows of whole numbers are from a row.

use crate::dispatch::{Kernel, dispatch};
use crate::level::Level;

/// Rows that are measured side by side: each sum is one chain, which alone would wait for every addition.
const ROWS: usize = 8;

/// `Σ_k (row_k − from_k)²` for each of the rows, one after the other as long as `from`; `k` in order.
///
/// # Panics
///
/// Not a row for each distance.
///
/// ```
/// use elman_kernels::Level;
/// use elman_kernels::pointwise::squared_distances;
///
/// let mut distances = [0.0; 2];
/// squared_distances(Level::current(), &[1.0, 2.5], &[1, 2, 4, -2], &mut distances);
/// assert_eq!(distances, [0.25, 29.25]);
/// ```
pub fn squared_distances(level: Level, from: &[f64], rows: &[i32], distances: &mut [f64]) {
    assert_eq!(rows.len(), from.len() * distances.len(), "a row for each distance");
    dispatch(level, SquaredDistances { from, rows, distances });
}

struct SquaredDistances<'a> {
    from: &'a [f64],
    rows: &'a [i32],
    distances: &'a mut [f64],
}

impl Kernel for SquaredDistances<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let SquaredDistances { from, rows, distances } = self;
        let (blocks, rest) = distances.as_chunks_mut::<ROWS>();
        let (rows, rest_rows) = rows.split_at(blocks.len() * ROWS * from.len());
        for (index, block) in blocks.iter_mut().enumerate() {
            let rows = &rows[index * ROWS * from.len()..][..ROWS * from.len()];
            *block = [0.0; ROWS];
            for (k, &from_k) in from.iter().enumerate() {
                for r in 0..ROWS {
                    block[r] = further(block[r], rows[r * from.len() + k], from_k);
                }
            }
        }
        for (r, distance) in rest.iter_mut().enumerate() {
            let row = &rest_rows[r * from.len()..][..from.len()];
            *distance = row.iter().zip(from).fold(0.0, |sum, (&a, &b)| further(sum, a, b));
        }
    }
}

#[inline(always)]
fn further(sum: f64, value: i32, from: f64) -> f64 {
    let difference = f64::from(value) - from;
    sum + difference * difference
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums in one order have one result")]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_the_rest_are_sums_in_order() {
        for width in [0usize, 1, 5] {
            let from: Vec<f64> = (0..width).map(|k| 0.1 * k as f64 - 3.3).collect();
            let rows: Vec<i32> =
                (0i32..).map(|at| at * 7919 % 2003 - 1000).take(19 * width).collect();
            let row = |r: usize| &rows[r * width..(r + 1) * width];
            let expected = |r: usize| {
                let squares = row(r).iter().zip(&from).map(|(&a, b)| (f64::from(a) - b).powi(2));
                squares.fold(0.0, |sum, square| sum + square)
            };
            for level in Level::supported() {
                let mut distances = [f64::NAN; 19];
                squared_distances(level, &from, &rows, &mut distances);
                for (r, distance) in distances.into_iter().enumerate() {
                    assert_eq!(distance, expected(r), "{width} {r} {level:?}");
                }
            }
        }
    }
}
