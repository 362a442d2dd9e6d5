//! What values are divided by.

use serde::{Deserialize, Serialize};

use super::super::frame::{Frame, Series};
use super::super::options::ScaleKind;
use super::super::transform::Transform;
use crate::error::Result;
use crate::real::Float;

/// What transformed values are divided by after a level is taken off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// The deviation of the context of each window, around its mean: levels do not matter.
    Window,
    /// The same, around the last value of the context.
    Last,
    /// Those of the training part of each series.
    Series(Vec<SeriesScale>),
    /// Those of all training series together.
    Shared {
        /// Their mean.
        mean: f64,
        /// Their deviation; 1 where they are constant.
        deviation: f64,
    },
}

/// Mean and deviation of a series, transformed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesScale {
    /// The series.
    pub id: String,
    /// Its mean.
    pub mean: f64,
    /// Its deviation; 1 where it is constant.
    pub deviation: f64,
}

/// A mean and a deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

impl Unit {
    /// Of values that are not missing.
    pub(crate) fn of(values: &[f64]) -> Self {
        let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let count = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / count;
        let squares = known.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
        let deviation = Float::sqrt(squares / count);
        // What the rounding of the mean leaves of a constant is no scale.
        let is_constant = deviation <= 1e-10 * Float::abs(mean) || deviation == 0.0;
        Unit { mean, deviation: if is_constant { 1.0 } else { deviation } }
    }

    pub(crate) fn apply(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

impl Scale {
    /// That of a training part.
    pub(crate) fn fit(kind: ScaleKind, frame: &Frame, transform: &Transform) -> Result<Self> {
        let of = |series: &Series| {
            let Unit { mean, deviation } = Unit::of(&transform.apply(&series.values)?);
            Ok(SeriesScale { id: series.id.clone(), mean, deviation })
        };
        Ok(match kind {
            ScaleKind::Window => Scale::Window,
            ScaleKind::Last => Scale::Last,
            ScaleKind::Series => {
                // One that is shorter than its differences has no scale, and no window either.
                let long = frame.series.iter().filter(|s| s.values.len() >= transform.lost());
                Scale::Series(long.map(of).collect::<Result<_>>()?)
            }
            ScaleKind::Shared => {
                let mut all = Vec::new();
                for series in frame.series.iter().filter(|s| s.values.len() >= transform.lost()) {
                    all.extend(transform.apply(&series.values)?);
                }
                let Unit { mean, deviation } = Unit::of(&all);
                Scale::Shared { mean, deviation }
            }
        })
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ScaleKind {
        match self {
            Scale::Window => ScaleKind::Window,
            Scale::Last => ScaleKind::Last,
            Scale::Series(_) => ScaleKind::Series,
            Scale::Shared { .. } => ScaleKind::Shared,
        }
    }
}
