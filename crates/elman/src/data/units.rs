//! The units of target numbers: what is done to them before a network learns them, and undone to what
//! it says.

use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::Standardization;
use crate::error::{Error, Result};
use crate::real::Float;

/// What is done to target numbers before they are standardised.
///
/// ```
/// use elman::data::TargetTransform;
///
/// let growth = TargetTransform::Log;
/// assert_eq!(growth.apply(1.0), Some(0.0));
/// assert_eq!(growth.apply(-1.0), None);
/// assert!((growth.undo(2.0_f64.ln()) - 2.0).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetTransform {
    /// Nothing.
    #[default]
    None,
    /// The natural logarithm of numbers above 0: errors are then relative.
    Log,
    /// `ln(1 + y)` of numbers from 0, counts and amounts that may be nothing.
    Log1p,
}

impl TargetTransform {
    /// Whether nothing is done: the form of serde's `skip_serializing_if`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn is_none(&self) -> bool {
        *self == TargetTransform::None
    }

    /// The transformed number; `None` for one that has none. NaN stays NaN.
    #[must_use]
    pub fn apply(self, value: f64) -> Option<f64> {
        match self {
            _ if value.is_nan() => Some(value),
            TargetTransform::None => Some(value),
            TargetTransform::Log => (value > 0.0).then(|| Float::ln(value)),
            TargetTransform::Log1p => (value >= 0.0).then(|| Float::ln_1p(value)),
        }
    }

    /// The number of a transformed one.
    #[must_use]
    pub fn undo(self, value: f64) -> f64 {
        match self {
            TargetTransform::None => value,
            TargetTransform::Log => Float::exp(value),
            TargetTransform::Log1p => Float::exp(value) - 1.0,
        }
    }

    /// Which numbers it takes, in words.
    pub(crate) fn takes(self) -> &'static str {
        match self {
            TargetTransform::None => "finite numbers",
            TargetTransform::Log => "numbers above 0, which have a logarithm",
            TargetTransform::Log1p => "numbers from 0",
        }
    }
}

/// How target numbers `[N, K]` are brought to mean 0 and deviation 1, and back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TargetUnits {
    /// Of the transformed numbers.
    pub(crate) scaling: Standardization,
    #[serde(skip_serializing_if = "TargetTransform::is_none")]
    pub(crate) transform: TargetTransform,
    /// The means of the training numbers `[K]`, where they are not those of the scaling.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) training_means: Vec<f64>,
}

impl TargetUnits {
    /// Numbers that are standardised alone.
    pub(crate) fn of_scaling(scaling: Standardization) -> Self {
        TargetUnits { scaling, transform: TargetTransform::None, training_means: vec![] }
    }

    /// Those of training numbers `[N, K]`, all known.
    ///
    /// # Errors
    ///
    /// A number that has no transformed one, by the index of its column; no row.
    pub(crate) fn fit(transform: TargetTransform, rows: ArrayView2<'_, f64>) -> Result<Self> {
        if transform.is_none() {
            return Ok(TargetUnits::of_scaling(Standardization::of_rows(rows)?));
        }
        let mut transformed = rows.to_owned();
        for value in &mut transformed {
            *value = transform.apply(*value).ok_or_else(|| {
                Error::argument(crate::error::Field::TargetTransform, transform.takes(), *value)
            })?;
        }
        Ok(TargetUnits {
            scaling: Standardization::of_rows(transformed.view())?,
            transform,
            training_means: rows.mean_axis(Axis(0)).map_or(vec![], |means| means.to_vec()),
        })
    }

    /// The mean of each training number `[K]`, in its own units.
    pub(crate) fn means(&self) -> &[f64] {
        match self.transform {
            TargetTransform::None => self.scaling.means(),
            TargetTransform::Log | TargetTransform::Log1p => &self.training_means,
        }
    }

    /// A number as the network learns it; `None` for one that has no transformed one.
    pub(crate) fn apply(&self, column: usize, value: f64) -> Option<f64> {
        Some(self.scaling.apply(column, self.transform.apply(value)?))
    }

    /// A number that the network says, in its own units.
    pub(crate) fn undo(&self, column: usize, value: f64) -> f64 {
        self.transform.undo(self.scaling.invert(column, value))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn numbers_come_back() {
        let rows = array![[1.0, 0.0], [10.0, 3.0], [2500.0, 40.0], [0.004, 7.0]];
        let of = |transform, columns| {
            let columns = rows.select(Axis(1), columns);
            (TargetUnits::fit(transform, columns.view()).unwrap(), columns)
        };
        for (units, columns) in [
            of(TargetTransform::None, &[0, 1]),
            of(TargetTransform::Log, &[0]),
            of(TargetTransform::Log1p, &[0, 1]),
        ] {
            for ((_, column), &value) in columns.indexed_iter() {
                let back = units.undo(column, units.apply(column, value).unwrap());
                assert!((back - value).abs() <= 1e-12 * value.max(1.0), "{value} {back}");
            }
            let off = units.means()[0] - columns.column(0).mean().unwrap();
            assert!(off.abs() < 1e-12, "{off}");
        }
        let (units, _) = of(TargetTransform::Log, &[0]);
        assert_eq!(units.apply(0, 0.0), None);
        assert!(units.apply(0, f64::NAN).unwrap().is_nan());
        let error = TargetUnits::fit(TargetTransform::Log, rows.view()).unwrap_err().to_string();
        let wanted = "numbers above 0, which have a logarithm, got 0";
        assert_eq!(error, format!("target_transform: expected {wanted}"));
    }
}
