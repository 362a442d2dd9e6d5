//! The eigenvalues of a real matrix, by the shifted QR algorithm.
//!
//! The matrix is brought to Hessenberg form by eliminations with pivots, and implicit double shifts
//! then split off one real eigenvalue, or a pair, after the other at its lower end. The libraries that have it
//! (nalgebra, faer) bring a linear algebra of their own, which would be here for this one function.
//!
//! # Source
//!
//! J. G. F. Francis, "The QR transformation", The Computer Journal 4 (1961); R. S. Martin, G. Peters
//! and J. H. Wilkinson, "The QR algorithm for real Hessenberg matrices", Numerische Mathematik 14 (1970).

use ndarray::{Array2, ArrayView2};
use serde::Serialize;

use crate::error::{Error, Result};

/// More sweeps for one eigenvalue find none.
const MOST_SWEEPS: usize = 60;

/// An eigenvalue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Eigenvalue {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

impl Eigenvalue {
    /// The absolute value: by how much a difference along it grows in a step.
    #[must_use]
    pub fn modulus(&self) -> f64 {
        (self.re * self.re + self.im * self.im).sqrt()
    }
}

/// The eigenvalues of a square matrix, those of the largest absolute value first.
///
/// ```
/// use elman::see::eigenvalues;
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// // A rotation by a right angle that doubles: eigenvalues ±2i.
/// let found = eigenvalues(array![[0.0, -2.0], [2.0, 0.0]].view())?;
/// assert!(found.iter().all(|own| own.re.abs() < 1e-12 && (own.im.abs() - 2.0).abs() < 1e-12));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A matrix that is not square, or holds a number that is not finite; an eigenvalue that is not found.
pub fn eigenvalues(matrix: ArrayView2<'_, f64>) -> Result<Vec<Eigenvalue>> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        return Err(Error::shape("matrix", &[rows, rows], &[rows, columns]));
    }
    super::linear::check_finite(matrix)?;
    let mut own = Hessenberg::of(matrix);
    while own.left > 0 {
        own.split_off()?;
    }
    let mut found = own.found;
    found.sort_by(|a, b| b.modulus().total_cmp(&a.modulus()));
    Ok(found)
}

/// A matrix in Hessenberg form, the eigenvalues of whose upper left part are still to be found.
struct Hessenberg {
    a: Array2<f64>,
    /// The size of that part.
    left: usize,
    /// What was taken from its diagonal.
    shift: f64,
    norm: f64,
    found: Vec<Eigenvalue>,
}

/// The first column of a double shift, and the row where it begins.
struct Bulge {
    row: usize,
    column: [f64; 3],
}

fn with_sign(size: f64, of: f64) -> f64 {
    if of < 0.0 { -size.abs() } else { size.abs() }
}

impl Hessenberg {
    fn of(matrix: ArrayView2<'_, f64>) -> Self {
        let mut a = matrix.to_owned();
        let size = a.nrows();
        for m in 1..size.saturating_sub(1) {
            let larger =
                |x: &usize, y: &usize| a[[*x, m - 1]].abs().total_cmp(&a[[*y, m - 1]].abs());
            let pivot = (m..size).max_by(larger).unwrap_or(m);
            if a[[pivot, m - 1]] == 0.0 {
                continue;
            }
            for j in 0..size {
                a.swap([pivot, j], [m, j]);
            }
            for i in 0..size {
                a.swap([i, pivot], [i, m]);
            }
            for i in m + 1..size {
                let factor = a[[i, m - 1]] / a[[m, m - 1]];
                for j in m - 1..size {
                    a[[i, j]] -= factor * a[[m, j]];
                }
                for row in 0..size {
                    a[[row, m]] += factor * a[[row, i]];
                }
                a[[i, m - 1]] = 0.0;
            }
        }
        let norm = a.iter().map(|value| value.abs()).sum();
        Hessenberg { a, left: size, shift: 0.0, norm, found: Vec::new() }
    }

    /// Finds one eigenvalue, or a pair, of what is left.
    fn split_off(&mut self) -> Result<()> {
        let last = self.left - 1;
        for sweep in 0..MOST_SWEEPS {
            let low = self.cut();
            if low == last {
                self.found.push(Eigenvalue { re: self.a[[last, last]] + self.shift, im: 0.0 });
                self.left -= 1;
                return Ok(());
            }
            if low + 1 == last {
                self.pair(last);
                return Ok(());
            }
            let bulge = self.begin(low, sweep);
            self.sweep(low, &bulge);
        }
        Err(Error::argument("matrix", "eigenvalues that are found", "ones that are not"))
    }

    /// The row from which on what is left is a block of its own.
    fn cut(&mut self) -> usize {
        for row in (1..self.left).rev() {
            let near = self.a[[row - 1, row - 1]].abs() + self.a[[row, row]].abs();
            let near = if near == 0.0 { self.norm } else { near };
            if self.a[[row, row - 1]].abs() <= f64::EPSILON * near {
                self.a[[row, row - 1]] = 0.0;
                return row;
            }
        }
        0
    }

    /// The eigenvalues of the last two rows.
    fn pair(&mut self, last: usize) {
        let a = &self.a;
        let (x, y) = (a[[last, last]], a[[last - 1, last - 1]]);
        let w = a[[last, last - 1]] * a[[last - 1, last]];
        let half = 0.5 * (y - x);
        let square = half * half + w;
        let root = square.abs().sqrt();
        let x = x + self.shift;
        if square >= 0.0 {
            let far = half + with_sign(root, half);
            let second = if far == 0.0 { x } else { x - w / far };
            self.found.extend([x + far, second].map(|re| Eigenvalue { re, im: 0.0 }));
        } else {
            self.found.extend([root, -root].map(|im| Eigenvalue { re: x + half, im }));
        }
        self.left -= 2;
    }

    /// The shifts of a sweep, as the first column that they make.
    fn begin(&mut self, low: usize, sweep: usize) -> Bulge {
        let last = self.left - 1;
        let (mut x, mut y) = (self.a[[last, last]], self.a[[last - 1, last - 1]]);
        let mut w = self.a[[last, last - 1]] * self.a[[last - 1, last]];
        if sweep > 0 && sweep.is_multiple_of(10) {
            // Shifts of no meaning get it out of a circle.
            self.shift += x;
            for row in 0..=last {
                self.a[[row, row]] -= x;
            }
            let size = self.a[[last, last - 1]].abs() + self.a[[last - 1, last - 2]].abs();
            (x, y, w) = (0.75 * size, 0.75 * size, -0.4375 * size * size);
        }
        let a = &self.a;
        let mut row = last - 2;
        loop {
            let z = a[[row, row]];
            let (r, s) = (x - z, y - z);
            let first = (r * s - w) / a[[row + 1, row]] + a[[row, row + 1]];
            let column = [first, a[[row + 1, row + 1]] - z - r - s, a[[row + 2, row + 1]]];
            let size: f64 = column.iter().map(|value| value.abs()).sum();
            let [p, q, r] = column.map(|value| value / size);
            if row == low {
                return Bulge { row, column: [p, q, r] };
            }
            let small = a[[row, row - 1]].abs() * (q.abs() + r.abs());
            let near = a[[row - 1, row - 1]].abs() + z.abs() + a[[row + 1, row + 1]].abs();
            if small <= f64::EPSILON * p.abs() * near {
                return Bulge { row, column: [p, q, r] };
            }
            row -= 1;
        }
    }

    /// Chases the bulge to the end of what is left.
    fn sweep(&mut self, low: usize, bulge: &Bulge) {
        let last = self.left - 1;
        for row in bulge.row + 2..=last {
            self.a[[row, row - 2]] = 0.0;
            if row > bulge.row + 2 {
                self.a[[row, row - 3]] = 0.0;
            }
        }
        for k in bulge.row..last {
            let (mut column, mut size) = (bulge.column, 1.0);
            if k > bulge.row {
                let third = if k + 1 < last { self.a[[k + 2, k - 1]] } else { 0.0 };
                column = [self.a[[k, k - 1]], self.a[[k + 1, k - 1]], third];
                size = column.iter().map(|value| value.abs()).sum();
                if size != 0.0 {
                    column = column.map(|value| value / size);
                }
            }
            let squares: f64 = column.iter().map(|value| value * value).sum();
            let length = with_sign(squares.sqrt(), column[0]);
            if length == 0.0 {
                continue;
            }
            if k > bulge.row {
                self.a[[k, k - 1]] = -length * size;
            } else if low != bulge.row {
                self.a[[k, k - 1]] = -self.a[[k, k - 1]];
            }
            self.reflect(k, low, Reflection::of(column, length));
        }
    }

    /// Applies a reflection of two or three rows from `k` on, from both sides.
    fn reflect(&mut self, k: usize, low: usize, by: Reflection) {
        let last = self.left - 1;
        let is_three = k + 1 < last;
        let Reflection { x: [x, y, z], q, r } = by;
        let a = &mut self.a;
        for j in k..=last {
            let third = if is_three { r * a[[k + 2, j]] } else { 0.0 };
            let sum = a[[k, j]] + q * a[[k + 1, j]] + third;
            a[[k, j]] -= sum * x;
            a[[k + 1, j]] -= sum * y;
            if is_three {
                a[[k + 2, j]] -= sum * z;
            }
        }
        for i in low..=last.min(k + 3) {
            let third = if is_three { z * a[[i, k + 2]] } else { 0.0 };
            let sum = x * a[[i, k]] + y * a[[i, k + 1]] + third;
            a[[i, k]] -= sum;
            a[[i, k + 1]] -= sum * q;
            if is_three {
                a[[i, k + 2]] -= sum * r;
            }
        }
    }
}

/// What takes a column to a multiple of the first unit vector.
struct Reflection {
    x: [f64; 3],
    q: f64,
    r: f64,
}

impl Reflection {
    fn of([p, q, r]: [f64; 3], length: f64) -> Self {
        let p = p + length;
        Reflection { x: [p / length, q / length, r / length], q: q / p, r: r / p }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::rng::Rng;

    #[test]
    fn eigenvalues_are_those_of_known_matrices() {
        // The companion matrices have the roots 1, 2, 3, and 3, ±i, and 1 four times alternating in
        // sign and turn: x⁴ - 1.
        let cases: [(Array2<f64>, &[[f64; 2]]); 5] = [
            (array![[5.0]], &[[5.0, 0.0]]),
            (
                array![[6.0, -11.0, 6.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
                &[[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]],
            ),
            (
                array![[3.0, -1.0, 3.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
                &[[3.0, 0.0], [0.0, 1.0], [0.0, -1.0]],
            ),
            (
                array![
                    [0.0, 0.0, 0.0, 1.0],
                    [1.0, 0.0, 0.0, 0.0],
                    [0.0, 1.0, 0.0, 0.0],
                    [0.0, 0.0, 1.0, 0.0]
                ],
                &[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]],
            ),
            (array![[0.0, 0.0], [0.0, 0.0]], &[[0.0, 0.0], [0.0, 0.0]]),
        ];
        for (matrix, expected) in cases {
            let found = eigenvalues(matrix.view()).unwrap();
            assert_eq!(found.len(), expected.len());
            for [re, im] in expected {
                let near =
                    |own: &Eigenvalue| (own.re - re).abs() < 1e-12 && (own.im - im).abs() < 1e-12;
                assert!(found.iter().any(near), "{re} + {im}i is not among {found:?}");
            }
        }
    }

    #[test]
    fn sums_of_powers_are_the_traces() {
        let mut rng = Rng::new(4);
        for size in [3, 8, 31, 60] {
            let matrix =
                Array2::from_shape_fn((size, size), |_| rng.normal() / (size as f64).sqrt());
            let found = eigenvalues(matrix.view()).unwrap();
            assert_eq!(found.len(), size);
            let trace = |matrix: &Array2<f64>| matrix.diag().sum();
            let sum: f64 = found.iter().map(|own| own.re).sum();
            assert!((sum - trace(&matrix)).abs() < 1e-10, "{size}: {sum}");
            let squares: f64 = found.iter().map(|own| own.re * own.re - own.im * own.im).sum();
            assert!((squares - trace(&matrix.dot(&matrix))).abs() < 1e-9, "{size}: {squares}");
            let radius = super::super::spectral_radius(matrix.view()).unwrap();
            assert!((found[0].modulus() - radius).abs() < 1e-8, "{size}: {radius}");
        }
    }

    #[test]
    fn what_has_no_eigenvalues_is_refused() {
        let error = eigenvalues(array![[1.0, 2.0]].view()).unwrap_err();
        assert_eq!(error.to_string(), "matrix: expected shape [1, 1], got [1, 2]");
        assert!(eigenvalues(array![[f64::INFINITY]].view()).is_err());
    }
}
