//! Linear models: ridge regression for numbers, logistic regression for classes.

use elman_kernels::Level;
use elman_kernels::pointwise::add_multiple;
use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::minimize::minimize;
use super::statistics::{Rows, UNIT};
use super::{FloorKind, Guesses, Said, thinned};
use crate::error::{Error, Result};
use crate::metric::winner;
use crate::real::Float;
use crate::task::EncodedTargets;

/// The most weights, and the most inputs, of a model that is fitted.
const MOST_WEIGHTS: usize = 30_000;
const MOST_INPUTS: usize = 512;
/// What bounds the rows that are used: rows × inputs × outputs of one pass of logistic regression,
/// rows × inputs² of ridge regression.
const MOST_PRODUCTS: usize = 4_000_000;
const MOST_SQUARES: usize = 100_000_000;

/// Outputs are `x·W + b`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Linear {
    /// `[inputs + 1][O]`, the last row is b.
    weights: Vec<Vec<f64>>,
    /// How many rows it was fitted on, of so many.
    fitted_on: usize,
    of: usize,
    classes: bool,
}

impl Linear {
    /// `None` where there is too much to fit, or nothing.
    pub(super) fn fit(rows: &Rows, targets: &EncodedTargets, outputs: usize) -> Option<Self> {
        let inputs = rows.ncols();
        if inputs > MOST_INPUTS || (inputs + 1).saturating_mul(outputs) > MOST_WEIGHTS {
            return None;
        }
        let is_known = |row: &usize| match targets {
            EncodedTargets::Classes(classes) => classes[*row] >= 0,
            EncodedTargets::Values(values) => {
                values.standardized.row(*row).iter().all(|value| value.is_finite())
            }
        };
        let known: Vec<usize> = (0..rows.nrows()).filter(is_known).collect();
        let most = match targets {
            EncodedTargets::Classes(_) => MOST_PRODUCTS / (inputs * outputs),
            EncodedTargets::Values(_) => MOST_SQUARES / (inputs * inputs),
        };
        let used: Vec<usize> =
            thinned(known.len(), most).into_iter().map(|index| known[index]).collect();
        if used.is_empty() {
            return None;
        }
        let inputs = rows.select(ndarray::Axis(0), &used) / UNIT;
        let (weights, classes) = match targets {
            EncodedTargets::Classes(classes) => {
                let class = |&row: &usize| usize::try_from(classes[row]).unwrap_or(0);
                let classes: Vec<usize> = used.iter().map(class).collect();
                (logistic(inputs.view(), &classes, outputs), true)
            }
            EncodedTargets::Values(values) => {
                let targets = values.standardized.select(ndarray::Axis(0), &used);
                (ridge(inputs.view(), targets.view()), false)
            }
        };
        let row = |row: ArrayView1<'_, f64>| row.iter().map(|weight| short(*weight)).collect();
        let weights = weights.rows().into_iter().map(row).collect();
        Some(Linear { weights, fitted_on: used.len(), of: known.len(), classes })
    }

    pub(super) fn guesses(&self, rows: &Rows) -> Guesses {
        let outputs = self.weights.last().map_or(0, Vec::len);
        let mut all = Array2::zeros((rows.nrows(), outputs));
        for (mut said, row) in all.rows_mut().into_iter().zip(rows.rows()) {
            self.apply(row, said.as_slice_mut().unwrap_or_default());
        }
        let (kind, said) = match self.classes {
            true => {
                let winners = all.rows().into_iter().map(winner).collect();
                (FloorKind::Logistic, Said::Classes(winners))
            }
            false => (FloorKind::Ridge, Said::Standardized(all)),
        };
        let fitted_on = (self.fitted_on < self.of).then_some(self.fitted_on);
        Guesses { kind, fitted_on, said }
    }

    fn apply(&self, row: ArrayView1<'_, f64>, said: &mut [f64]) {
        let Some((bias, weights)) = self.weights.split_last() else { return };
        said.copy_from_slice(bias);
        for (&value, weights) in row.iter().zip(weights) {
            said.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value / UNIT * weight);
        }
    }

    pub(super) fn check(&self, width: usize, outputs: usize) -> Result<()> {
        let wrong = self.weights.iter().find(|row| row.len() != outputs).map(Vec::len);
        match (self.weights.len(), wrong) {
            (rows, None) if rows == width + 1 => Ok(()),
            (rows, wrong) => {
                let found = [rows, wrong.unwrap_or(outputs)];
                Err(Error::shape("floors.linear", &[width + 1, outputs], &found))
            }
        }
    }
}

/// To a millionth, which is short in a file; inputs and outputs are about 1.
fn short(weight: f64) -> f64 {
    (weight * 1e6).round() / 1e6
}

/// The weights `[D + 1, O]` with the least `|x·W + b − y|² + |W|²`.
fn ridge(inputs: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Array2<f64> {
    let (count, width, outputs) = (inputs.nrows() as f64, inputs.ncols(), targets.ncols());
    let mean = |column: ArrayView1<'_, f64>| column.iter().sum::<f64>() / count;
    let centers: Vec<f64> = inputs.columns().into_iter().map(mean).collect();
    let heights: Vec<f64> = targets.columns().into_iter().map(mean).collect();
    let mut square = Array2::<f64>::eye(width);
    let mut right = Array2::<f64>::zeros((width, outputs));
    let mut centred = vec![0.0; width];
    for (row, target) in inputs.rows().into_iter().zip(targets.rows()) {
        for ((to, value), center) in centred.iter_mut().zip(row).zip(&centers) {
            *to = value - center;
        }
        for (one, &value) in centred.iter().enumerate() {
            if let Some(sums) = square.row_mut(one).as_slice_mut() {
                add_multiple(Level::current(), sums, value, &centred);
            }
            for ((sum, y), height) in right.row_mut(one).iter_mut().zip(target).zip(&heights) {
                *sum += value * (y - height);
            }
        }
    }
    solve(&mut square, &mut right);
    let mut weights = Array2::zeros((width + 1, outputs));
    for (output, &height) in heights.iter().enumerate() {
        let mut bias = height;
        for (input, center) in centers.iter().enumerate() {
            weights[[input, output]] = right[[input, output]];
            bias -= center * right[[input, output]];
        }
        weights[[width, output]] = bias;
    }
    weights
}

/// Solves `A·X = B` for a symmetric positive definite A by its Cholesky factor; X is left in B.
fn solve(a: &mut Array2<f64>, b: &mut Array2<f64>) {
    let n = a.nrows();
    for row in 0..n {
        for column in 0..=row {
            let products = (0..column).map(|k| a[[row, k]] * a[[column, k]]);
            let left = a[[row, column]] - products.sum::<f64>();
            a[[row, column]] =
                if row == column { Float::sqrt(left) } else { left / a[[column, column]] };
        }
    }
    for output in 0..b.ncols() {
        for row in 0..n {
            let known = (0..row).map(|k| a[[row, k]] * b[[k, output]]).sum::<f64>();
            b[[row, output]] = (b[[row, output]] - known) / a[[row, row]];
        }
        for row in (0..n).rev() {
            let known = (row + 1..n).map(|k| a[[k, row]] * b[[k, output]]).sum::<f64>();
            b[[row, output]] = (b[[row, output]] - known) / a[[row, row]];
        }
    }
}

/// The weights `[D + 1, O]` with the least sum of cross-entropies `+ |W|²/2`.
fn logistic(inputs: ArrayView2<'_, f64>, classes: &[usize], outputs: usize) -> Array2<f64> {
    let width = inputs.ncols();
    let (count, size) = (inputs.nrows() as f64, width * outputs);
    let mut scores = vec![0.0; outputs];
    let best = minimize(vec![0.0; size + outputs], |weights, grad| {
        let (matrix, bias) = weights.split_at(size);
        let mut loss = matrix.iter().map(|w| w * w).sum::<f64>() / 2.0;
        grad[..size].copy_from_slice(matrix);
        grad[size..].fill(0.0);
        for (row, &class) in inputs.rows().into_iter().zip(classes) {
            scores.copy_from_slice(bias);
            for (value, weights) in row.iter().zip(matrix.chunks_exact(outputs)) {
                scores.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            loss += cross_entropy(&mut scores, class);
            let (grad_matrix, grad_bias) = grad.split_at_mut(size);
            for (value, grad) in row.iter().zip(grad_matrix.chunks_exact_mut(outputs)) {
                grad.iter_mut().zip(&scores).for_each(|(sum, score)| *sum += value * score);
            }
            grad_bias.iter_mut().zip(&scores).for_each(|(sum, score)| *sum += score);
        }
        grad.iter_mut().for_each(|slope| *slope /= count);
        loss / count
    });
    Array2::from_shape_vec((width + 1, outputs), best).unwrap_or_default()
}

/// The cross-entropy of scores, which become its gradient.
fn cross_entropy(scores: &mut [f64], class: usize) -> f64 {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = scores[class] - most;
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = Float::exp(*score - most);
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
    scores[class] -= 1.0;
    Float::ln(sum) - own
}
