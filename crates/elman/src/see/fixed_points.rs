//! The fixed points of a layer that reads the same in every step, and what happens near them.
//!
//! ```text
//! s* = F(x̄, s*)        F the step of the cell, x̄ the mean of what the layer reads
//! J = ∂F/∂s at s*      an eigenvalue λ of J: a difference along it is λⁿ of its size after n steps
//! ```
//!
//! From states that real sequences pass through, `½‖F(x̄, s) − s‖²` is minimised by Levenberg's and
//! Marquardt's method. A point counts as fixed where the step moves no number of the state by more than
//! 1e-9; what ends elsewhere is counted, not shown.
//!
//! # Source
//!
//! D. Sussillo and O. Barak, "Opening the black box: low-dimensional dynamics in high-dimensional
//! recurrent neural networks", Neural Computation 25 (2013).

use ndarray::{Array1, Array2, ArrayView1, Axis};
use serde::Serialize;

use super::eigenvalues::{Eigenvalue, eigenvalues};
use super::health::{Looked, in_order};
use super::path::{Path, Walker};
use super::reach::norm;
use super::subject::walker_of;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::layer::Direction;
use crate::model::Model;
use crate::real::{Float, Real};
use crate::rng::Rng;
use crate::text::Passage;

/// The largest change of a number of the state that counts as none.
const FIXED: f64 = 1e-9;
/// Steps of the search from one start.
const MOST_STEPS: usize = 200;
/// Points that differ by less than this share of their size are one.
const SAME: f64 = 1e-5;
/// Larger states take minutes.
const MOST_NUMBERS: usize = 512;

/// Where the search starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// How many states of real sequences it starts from.
    pub starts: usize,
    /// What these are drawn by.
    pub seed: u64,
}

impl Search {
    fn check(self) -> Result<()> {
        match self.starts {
            0 => Err(Error::argument("starts", "at least 1", 0)),
            _ => Ok(()),
        }
    }
}

impl Default for Search {
    fn default() -> Self {
        Search { starts: 32, seed: 1 }
    }
}

/// The fixed points of one direction of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixedPoints {
    /// The layer, from 0.
    pub layer: usize,
    /// The direction in which it reads.
    pub direction: Direction,
    /// How many states the search started from.
    pub starts: usize,
    /// The different points that were found, those that most starts led to first.
    pub points: Vec<FixedPoint>,
    /// The starts that led to none.
    pub lost: usize,
}

/// A state that a step leaves as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixedPoint {
    /// h, and c behind it in an LSTM.
    pub state: Vec<f64>,
    /// The starts that led to it.
    pub starts: usize,
    /// ‖F(x̄, s*) − s*‖
    pub residual: f64,
    /// The eigenvalues of the step's Jacobian, those of the largest absolute value first.
    pub eigenvalues: Vec<Eigenvalue>,
    /// The directions in which differences grow: eigenvalues beyond 1.
    pub unstable: usize,
}

impl FixedPoint {
    /// The steps after which the slowest difference that dies out is half its size; `None` at a point
    /// where none dies out, or all at once.
    #[must_use]
    pub fn half_life(&self) -> Option<f64> {
        let moduli = self.eigenvalues.iter().map(Eigenvalue::modulus);
        let slowest = moduli.filter(|size| *size < 1.0).fold(0.0, f64::max);
        (slowest > 0.0).then(|| Float::ln(0.5f64) / Float::ln(slowest))
    }

    /// Attractor, saddle, or repeller.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.unstable {
            0 => "attractor",
            count if count == self.eigenvalues.len() => "repeller",
            _ => "saddle",
        }
    }
}

impl FixedPoints {
    /// Those of each direction of each layer, the lowest layer first.
    ///
    /// ```
    /// use elman::see::{FixedPoints, Search};
    /// use elman::{Dataset, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0], [0.5]], array![[1.0], [0.0], [0.2]]];
    /// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
    /// let model = Trainer::default().fit(&data)?.model;
    /// let found = FixedPoints::of(&model, &data, Search { starts: 2, seed: 1 })?;
    /// assert_eq!(found[0].points.iter().map(|point| point.starts).sum::<usize>() + found[0].lost, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Health::measure`](super::Health::measure); no start; a layer with a state of more
    /// than 512 numbers.
    pub fn of<T: Real>(model: &Model<T>, data: &Dataset, search: Search) -> Result<Vec<Self>> {
        search.check()?;
        Looked::at(model, data)?.fixed_points(search)
    }

    /// Those of a model of text.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of) and of [`Health::of_text`](super::Health::of_text).
    pub fn of_text<T: Real>(
        model: &Model<T>,
        passage: &Passage<'_>,
        search: Search,
    ) -> Result<Vec<Self>> {
        search.check()?;
        Looked::at_text(model, passage)?.fixed_points(search)
    }

    /// Those of the side at an index.
    pub(super) fn of_side(looked: &Looked, index: usize, search: Search) -> Result<Self> {
        let sides: Vec<_> = looked.runs.iter().map(|run| &run.sides[index]).collect();
        let (layer, direction) = (sides[0].layer, sides[0].direction);
        let walker = walker_of(&looked.network, sides[0])?;
        let size = sides[0].initial.len();
        if size > MOST_NUMBERS {
            let expected = format!("a state of at most {MOST_NUMBERS} numbers for fixed points");
            return Err(Error::argument(format!("layer {}", layer + 1), expected, size));
        }
        let steps: usize = sides.iter().map(|side| side.inputs.nrows()).sum();
        let sum: Array1<f64> = sides
            .iter()
            .map(|side| side.inputs.sum_axis(Axis(0)))
            .fold(Array1::zeros(sides[0].inputs.ncols()), |sum, own| sum + own);
        let still =
            Still { walker: walker.as_ref(), inputs: (sum / steps as f64).insert_axis(Axis(0)) };
        let states = sides.iter().flat_map(|side| {
            let steps = in_order(&side.inputs, direction);
            walker.follow(steps.view(), &side.initial).states
        });
        let states: Vec<Vec<f64>> = states.collect();
        let mut rng = Rng::stream(search.seed, index as u64);
        let starts = (0..search.starts).map(|_| states[rng.below(states.len())].clone());
        let (mut points, mut lost): (Vec<FixedPoint>, usize) = (Vec::new(), 0);
        for start in starts {
            match still.settle(start) {
                None => lost += 1,
                Some(state) => {
                    match points.iter_mut().find(|point| is_same(&point.state, &state)) {
                        Some(point) => point.starts += 1,
                        None => points.push(still.point(state)?),
                    }
                }
            }
        }
        points.sort_by_key(|point| std::cmp::Reverse(point.starts));
        Ok(FixedPoints { layer, direction, starts: search.starts, points, lost })
    }
}

fn is_same(a: &[f64], b: &[f64]) -> bool {
    let apart: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    norm(&apart) <= SAME * (1.0 + norm(a))
}

/// A cell that reads the same in every step.
struct Still<'a> {
    walker: &'a dyn Walker,
    inputs: Array2<f64>, // [1, I]
}

impl Still<'_> {
    /// One step from a state.
    fn step(&self, state: &[f64]) -> Path {
        self.walker.follow(self.inputs.view(), state)
    }

    /// F(s) − s
    fn moved(path: &Path) -> Array1<f64> {
        path.states[1].iter().zip(&path.states[0]).map(|(after, before)| after - before).collect()
    }

    /// ∂F/∂s: a row for each number of the state after the step.
    fn jacobian(&self, path: &Path) -> Array2<f64> {
        let size = path.states[0].len();
        let mut jacobian = Array2::zeros((size, size));
        for (index, mut row) in jacobian.rows_mut().into_iter().enumerate() {
            let mut unit = vec![0.0; size];
            unit[index] = 1.0;
            row.assign(&ArrayView1::from(&self.walker.back(path, 0, &unit)));
        }
        jacobian
    }

    /// The fixed point that a state leads to.
    fn settle(&self, start: Vec<f64>) -> Option<Vec<f64>> {
        let mut path = self.step(&start);
        let mut damping = 1e-3;
        for _ in 0..MOST_STEPS {
            let moved = Self::moved(&path);
            if moved.iter().all(|value| value.abs() <= FIXED) {
                return Some(path.states[0].clone());
            }
            let slope = self.jacobian(&path) - Array2::<f64>::eye(moved.len());
            let (gram, down) = (slope.t().dot(&slope), slope.t().dot(&moved));
            let better = loop {
                let mut damped = gram.clone();
                damped.diag_mut().mapv_inplace(|value| value + damping * (1.0 + value));
                let tried = solved(&damped, &down).map(|change| {
                    let state = path.states[0].iter().zip(&change).map(|(own, by)| own - by);
                    self.step(&state.collect::<Vec<f64>>())
                });
                let closer = tried.filter(|tried| {
                    let (next, own) = (Self::moved(tried), &moved);
                    next.dot(&next) < own.dot(own)
                });
                damping *= if closer.is_some() { 0.1 } else { 10.0 };
                if closer.is_some() || damping > 1e12 {
                    break closer;
                }
            };
            damping = damping.max(1e-15);
            path = better?;
        }
        None
    }

    fn point(&self, state: Vec<f64>) -> Result<FixedPoint> {
        let path = self.step(&state);
        let residual = norm(&Self::moved(&path).to_vec());
        let eigenvalues = eigenvalues(self.jacobian(&path).view())?;
        let unstable = eigenvalues.iter().filter(|own| own.modulus() > 1.0).count();
        Ok(FixedPoint { state, starts: 1, residual, eigenvalues, unstable })
    }
}

/// The solution of `a·x = b` for a symmetric positive definite matrix, by Cholesky's decomposition;
/// `None` where it is not definite.
fn solved(a: &Array2<f64>, b: &Array1<f64>) -> Option<Array1<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::new(); // of the lower triangle
    let mut solution = b.to_vec();
    for (i, row) in a.rows().into_iter().enumerate() {
        let mut own: Vec<f64> = Vec::with_capacity(i + 1);
        for (j, above) in rows.iter().enumerate() {
            let rest = row[j] - product(&own, above);
            own.push(rest / above[j]);
        }
        let pivot = row[i] - product(&own, &own);
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        own.push(pivot.sqrt());
        solution[i] = (solution[i] - product(&own[..i], &solution)) / own[i];
        rows.push(own);
    }
    for i in (0..solution.len()).rev() {
        solution[i] /= rows[i][i];
        let value = solution[i];
        let (before, own) = (solution[..i].iter_mut(), &rows[i]);
        before.zip(own).for_each(|(rest, factor)| *rest -= factor * value);
    }
    Some(solution.into())
}

/// The sum of products, as far as the shorter one goes.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::path::walker;
    use super::*;
    use crate::activation::ActivationKind;
    use crate::cell::{CellKind, CellSizes, SimpleOptions};

    /// A simple cell that reads one number: W, U and b.
    fn cell(activation: ActivationKind, parameters: &[f64], hidden_size: usize) -> Box<dyn Walker> {
        let kind = CellKind::Simple(SimpleOptions { activation, ..SimpleOptions::DEFAULT });
        walker(&kind, CellSizes { input_size: 1, hidden_size }, parameters).unwrap()
    }

    #[test]
    fn a_linear_cell_has_the_one_that_solves_its_equation() {
        // h = h·U + b: (I − Uᵀ)h = b, U the rotation by 0.3 shrunk to 0.9, whose eigenvalues are known.
        let (c, s) = (0.9 * 0.3f64.cos(), 0.9 * 0.3f64.sin());
        let own = cell(ActivationKind::Identity, &[0.0, 0.0, c, s, -s, c, 1.0, 2.0], 2);
        let still = Still { walker: own.as_ref(), inputs: Array2::zeros((1, 1)) };
        let state = still.settle(vec![0.3, -0.7]).unwrap();
        // By Cramer's rule, of [[1 − c, s], [−s, 1 − c]]·h = [1, 2].
        let determinant = (1.0 - c) * (1.0 - c) + s * s;
        let expected = [(1.0 - c - 2.0 * s) / determinant, (2.0 * (1.0 - c) + s) / determinant];
        for (found, expected) in state.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-7, "{state:?}");
        }
        let point = still.point(state).unwrap();
        assert_eq!((point.unstable, point.kind()), (0, "attractor"));
        for own in &point.eigenvalues {
            assert!((own.re - c).abs() < 1e-12 && (own.im.abs() - s).abs() < 1e-12, "{own:?}");
        }
        assert!((point.half_life().unwrap() - Float::ln(0.5f64) / Float::ln(0.9f64)).abs() < 1e-9);
    }

    #[test]
    fn a_tanh_cell_has_the_three_of_its_equation() {
        // h = tanh(2h) at 0 and ±0.957504024079…, with the slopes 2 and 2(1 − h²).
        let own = cell(ActivationKind::Tanh, &[0.0, 2.0, 0.0], 1);
        let still = Still { walker: own.as_ref(), inputs: Array2::zeros((1, 1)) };
        let known = 0.957_504_024_079_f64;
        for (start, expected, slope) in [
            (0.9, known, 2.0 * (1.0 - known * known)),
            (-0.8, -known, 2.0 * (1.0 - known * known)),
            (0.01, 0.0, 2.0),
        ] {
            let state = still.settle(vec![start]).unwrap();
            assert!((state[0] - expected).abs() < 1e-8, "{start}: {state:?}");
            let point = still.point(state).unwrap();
            assert!((point.eigenvalues[0].re - slope).abs() < 1e-7, "{point:?}");
            assert_eq!(point.kind(), if slope > 1.0 { "repeller" } else { "attractor" });
        }
    }

    #[test]
    fn a_cell_without_one_has_none() {
        // h = h + 1
        let own = cell(ActivationKind::Identity, &[0.0, 1.0, 1.0], 1);
        let still = Still { walker: own.as_ref(), inputs: Array2::zeros((1, 1)) };
        assert_eq!(still.settle(vec![0.5]), None);
    }
}
