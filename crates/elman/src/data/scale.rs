//! Standardisation: every channel to mean 0 and standard deviation 1.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{Dataset, file};
use crate::error::{Error, Result};

/// The mean and standard deviation of each of I columns.
///
/// `z = (x - mean) / deviation`, with the population deviation (divided by the number of rows), as
/// scikit-learn's `StandardScaler`. A column that is constant, exactly or up to the rounding of its
/// mean, has deviation 1: what is left of it is no scale. The sums run in `f64` in the
/// order of the rows, in two passes, so that the same data give the same bits.
///
/// ```
/// use elman::data::Standardization;
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let scale = Standardization::of_rows(array![[1.0, 5.0], [3.0, 5.0]].view())?;
/// assert_eq!(scale.means(), [2.0, 5.0]);
/// assert_eq!(scale.deviations(), [1.0, 1.0]);
/// assert_eq!(scale.apply(0, 4.0), 2.0);
/// assert_eq!(scale.invert(0, 2.0), 4.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Standardization {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl TryFrom<Unchecked> for Standardization {
    type Error = Error;

    fn try_from(parts: Unchecked) -> Result<Self> {
        Standardization::new(parts.means, parts.deviations)
    }
}

impl Standardization {
    /// Given means and deviations.
    ///
    /// # Errors
    ///
    /// Not as many of one as of the other; a mean that is not finite; a deviation that is not
    /// finite and positive.
    pub fn new(means: Vec<f64>, deviations: Vec<f64>) -> Result<Self> {
        if means.len() != deviations.len() {
            return Err(Error::shape("deviations", &[means.len()], &[deviations.len()]));
        }
        if let Some((index, mean)) = means.iter().enumerate().find(|(_, m)| !m.is_finite()) {
            return Err(Error::argument(format!("means[{index}]"), "a finite number", mean));
        }
        let usable = |deviation: &f64| deviation.is_finite() && *deviation > 0.0;
        if let Some((index, found)) = deviations.iter().enumerate().find(|(_, d)| !usable(d)) {
            let name = format!("deviations[{index}]");
            return Err(Error::argument(name, "a finite number above 0", found));
        }
        Ok(Standardization { means, deviations })
    }

    /// The means and deviations of the channels over all steps of all sequences, without the values
    /// that are missing.
    ///
    /// # Errors
    ///
    /// No step; numbers so large that a mean or deviation is not finite.
    pub fn of_dataset(dataset: &Dataset) -> Result<Self> {
        let shape = (dataset.total_steps(), dataset.input_size());
        let rows = ArrayView2::from_shape(shape, dataset.values())
            .map_err(|_| Error::shape("values", &[shape.0, shape.1], &[dataset.values().len()]))?;
        Standardization::of_known(rows).map_err(|error| match error {
            Error::Argument { name, field, expected, found } => {
                let column = name.strip_prefix("column ").and_then(|c| c.parse::<usize>().ok());
                let feature = column.and_then(|column| dataset.feature_names().get(column));
                let name = feature.map_or(name, |feature| format!("column {feature:?}"));
                Error::Argument { name, field, expected, found }
            }
            other => other,
        })
    }

    /// The means and deviations of the columns of `[rows, I]`.
    ///
    /// # Errors
    ///
    /// No row; a mean or deviation that is not finite.
    pub fn of_rows(rows: ArrayView2<'_, f64>) -> Result<Self> {
        match rows.indexed_iter().find(|(_, value)| value.is_nan()) {
            Some(((_, column), value)) => {
                Err(Error::argument(format!("column {column}"), "numbers", value))
            }
            None => Standardization::of_known(rows),
        }
    }

    /// The same of the numbers that are not NaN.
    fn of_known(rows: ArrayView2<'_, f64>) -> Result<Self> {
        if rows.nrows() == 0 {
            return Err(Error::argument("standardization", "at least one step", "none"));
        }
        let (means, deviations): (Vec<f64>, Vec<f64>) =
            rows.columns().into_iter().map(|column| moments(known(&column))).unzip();
        let wild = (0..means.len()).find(|&c| !means[c].is_finite() || !deviations[c].is_finite());
        if let Some(column) = wild {
            let [mean, deviation] = [means[column], deviations[column]].map(file::shown);
            let found = format!("mean {mean}, deviation {deviation}");
            let expected = "numbers with a finite mean and deviation";
            return Err(Error::argument(format!("column {column}"), expected, found));
        }
        Standardization::new(means, deviations)
    }

    /// The number of columns, I.
    #[must_use]
    pub fn len(&self) -> usize {
        self.means.len()
    }

    /// Whether there is no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.means.is_empty()
    }

    /// The mean of each column `[I]`.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// The deviation of each column `[I]`.
    #[must_use]
    pub fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// `(value - mean) / deviation` of a column; `value` itself past the last one.
    #[must_use]
    pub fn apply(&self, column: usize, value: f64) -> f64 {
        match (self.means.get(column), self.deviations.get(column)) {
            (Some(mean), Some(deviation)) => (value - mean) / deviation,
            _ => value,
        }
    }

    /// `value * deviation + mean` of a column; `value` itself past the last one.
    #[must_use]
    pub fn invert(&self, column: usize, value: f64) -> f64 {
        match (self.means.get(column), self.deviations.get(column)) {
            (Some(mean), Some(deviation)) => value * deviation + mean,
            _ => value,
        }
    }
}

fn known<'a>(column: &'a ArrayView1<'_, f64>) -> impl Iterator<Item = f64> + Clone + 'a {
    column.iter().copied().filter(|value| !value.is_nan())
}

/// Mean and population deviation of at least one number; `(mean, 1)` if all are equal up to
/// rounding.
///
/// With ε = 2⁻⁵² and n numbers, a variance of at most `n·ε·variance + (n·mean·ε)²` cannot be told
/// from the error of computing it.
///
/// # Source
///
/// Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance"; the bound is that
/// of `_is_constant_feature` in scikit-learn 1.9.1.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let first = values.clone().next().unwrap_or(0.0);
    // Not "the deviation is 0": the mean of equal numbers may be rounded away from them.
    if values.clone().all(|value| value.partial_cmp(&first).is_some_and(|order| order.is_eq())) {
        return (first, 1.0);
    }
    let (count, sum) = values.clone().fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    let mean = sum / count;
    // Squares of numbers relative to the largest neither overflow nor vanish.
    let largest = values.clone().fold(0.0, |largest: f64, value| largest.max((value - mean).abs()));
    let square = |value: f64| ((value - mean) / largest) * ((value - mean) / largest);
    let variance = values.map(square).sum::<f64>() / count;
    let rounding = count * (mean / largest) * f64::EPSILON;
    let bound = count * f64::EPSILON * variance + rounding * rounding;
    (mean, if variance <= bound { 1.0 } else { largest * variance.sqrt() })
}
