//! Four numbers for each channel of a sequence.

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::data::{Dataset, Each, Standardization};
use crate::error::{Error, Result};
use crate::real::Float;

/// Its mean, deviation, first and last value.
pub(super) const OF_A_CHANNEL: usize = 4;

/// How statistics become comparable: each with the mean and deviation that it has over the training
/// sequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Statistics(Standardization);

/// Standardised statistics `[rows, width]` in whole thousandths of a deviation, so that what is kept
/// of them is what they are.
pub(super) type Rows = Array2<f64>;

/// Thousandths.
pub(super) const UNIT: f64 = 1000.0;

impl Statistics {
    /// The statistics of training data with their standardised values; `None` where there are no
    /// numbers, or none of use.
    pub(super) fn fit(data: &Dataset, each: Each) -> Option<(Self, Rows)> {
        let mut raw = raw(data, each)?;
        for mut column in raw.columns_mut() {
            let known = || column.iter().copied().filter(|value| !value.is_nan());
            let mean = known().sum::<f64>() / known().count().max(1) as f64;
            column.mapv_inplace(|value| if value.is_nan() { mean } else { value });
        }
        let fitted = Statistics(Standardization::of_rows(raw.view()).ok()?);
        let rows = fitted.standardized(raw);
        Some((fitted, rows))
    }

    /// The standardised statistics of other data.
    pub(super) fn rows(&self, data: &Dataset, each: Each) -> Option<Rows> {
        Some(self.standardized(raw(data, each)?))
    }

    /// What is missing is 0, the mean.
    fn standardized(&self, mut raw: Array2<f64>) -> Rows {
        for ((_, column), value) in raw.indexed_iter_mut() {
            let thousandths = (self.0.apply(column, *value) * UNIT).round();
            // The bound of the numbers that are kept.
            let bounded = thousandths.clamp(f64::from(i32::MIN), f64::from(i32::MAX));
            *value = if bounded.is_nan() { 0.0 } else { bounded };
        }
        raw
    }

    pub(super) fn check(&self, width: usize) -> Result<()> {
        match self.0.len() {
            found if found == width => Ok(()),
            found => Err(Error::shape("floors.statistics", &[width], &[found])),
        }
    }
}

/// The statistics as they are, NaN where nothing is known: the channels themselves, of steps.
fn raw(data: &Dataset, each: Each) -> Option<Array2<f64>> {
    let channels = data.input_size();
    if channels == 0 || data.is_empty() {
        return None;
    }
    if each == Each::Step {
        return Array2::from_shape_vec((data.total_steps(), channels), data.values().to_vec()).ok();
    }
    let mut raw = Array2::from_elem((data.len(), channels * OF_A_CHANNEL), f64::NAN);
    for (index, mut row) in raw.rows_mut().into_iter().enumerate() {
        let sequence = data.sequence(index)?;
        for (channel, values) in sequence.columns().into_iter().enumerate() {
            for (place, number) in of_channel(values).into_iter().flatten().enumerate() {
                row[channel * OF_A_CHANNEL + place] = number;
            }
        }
    }
    Some(raw)
}

/// Of the values that are known; `None` where there are none.
fn of_channel(values: ArrayView1<'_, f64>) -> Option<[f64; OF_A_CHANNEL]> {
    let known = || values.iter().copied().filter(|value| !value.is_nan());
    let count = known().count() as f64;
    let (first, last) = (known().next()?, known().next_back()?);
    let mean = known().sum::<f64>() / count;
    let variance = known().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    Some([mean, Float::sqrt(variance), first, last])
}
