//! The answer of the most similar training sequence.

use elman_kernels::Level;
use elman_kernels::pointwise::squared_distances;
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::statistics::Rows;
use super::{FloorKind, Guesses, Said, thinned};
use crate::error::{Error, Result};
use crate::task::EncodedTargets;

/// The most numbers that are kept: a few hundred kilobytes in a file.
const MOST_NUMBERS: usize = 30_000;

/// Training sequences with their answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nearest {
    /// Of so many training sequences.
    of: usize,
    width: usize,
    /// `[rows, width]`, in thousandths.
    rows: Vec<i32>,
    answers: Known,
}

/// Their answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Known {
    Classes(Vec<usize>),
    /// Standardised `[rows][O]`.
    Values(Vec<Vec<f64>>),
}

impl Nearest {
    /// `None` where a single row is too long, or there is none.
    pub(super) fn fit(rows: &Rows, targets: &EncodedTargets) -> Option<Self> {
        let width = rows.ncols();
        let kept = thinned(rows.nrows(), (MOST_NUMBERS / width).max(1));
        if width > MOST_NUMBERS || kept.is_empty() {
            return None;
        }
        let answers = match targets {
            EncodedTargets::Classes(classes) => {
                let class = |&row: &usize| usize::try_from(classes[row]).ok();
                Known::Classes(kept.iter().map(class).collect::<Option<_>>()?)
            }
            EncodedTargets::Values(values) => {
                let values = |&row: &usize| values.standardized.row(row).to_vec();
                Known::Values(kept.iter().map(values).collect())
            }
        };
        let of = rows.nrows();
        let rows = kept.iter().flat_map(|&row| rows.row(row)).map(|&value| whole(value)).collect();
        Some(Nearest { of, width, rows, answers })
    }

    pub(super) fn guesses(&self, rows: &Rows) -> Guesses {
        let nearest: Vec<Option<usize>> =
            rows.rows().into_iter().map(|row| self.nearest(row)).collect();
        let said = match &self.answers {
            Known::Classes(classes) => {
                Said::Classes(nearest.iter().map(|row| row.map_or(0, |row| classes[row])).collect())
            }
            Known::Values(values) => {
                let outputs = values.first().map_or(0, Vec::len);
                let mut said = Array2::zeros((nearest.len(), outputs));
                for (mut said, row) in said.rows_mut().into_iter().zip(&nearest) {
                    // Without a neighbour it is 0, the mean.
                    if let Some(row) = row {
                        said.iter_mut().zip(&values[*row]).for_each(|(to, from)| *to = *from);
                    }
                }
                Said::Standardized(said)
            }
        };
        let kept = self.rows.len() / self.width;
        let fitted_on = (kept < self.of).then_some(kept);
        Guesses { kind: FloorKind::NearestNeighbour, fitted_on, said }
    }

    /// The first of the nearest ones; one without any distance is the sequence itself.
    fn nearest(&self, row: ArrayView1<'_, f64>) -> Option<usize> {
        let (row, mut distances) = (row.to_vec(), vec![0.0; self.rows.len() / self.width]);
        squared_distances(Level::current(), &row, &self.rows, &mut distances);
        let mut best = None;
        let mut least = f64::INFINITY;
        for (index, distance) in distances.into_iter().enumerate() {
            if distance > 0.0 && distance < least {
                (best, least) = (Some(index), distance);
            }
        }
        best
    }

    pub(super) fn check(&self, width: usize, outputs: usize) -> Result<()> {
        let (rows, fits) = match &self.answers {
            Known::Classes(classes) => (classes.len(), classes.iter().all(|c| *c < outputs)),
            Known::Values(values) => (values.len(), values.iter().all(|row| row.len() == outputs)),
        };
        if width == 0 || self.width != width || self.rows.len() != rows * width {
            return Err(Error::shape("floors.nearest", &[rows, width], &[self.rows.len()]));
        }
        if fits {
            return Ok(());
        }
        Err(Error::argument("floors.nearest", format!("answers of {outputs} outputs"), "others"))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "whole numbers in the range of i32")]
fn whole(value: f64) -> i32 {
    value as i32
}
