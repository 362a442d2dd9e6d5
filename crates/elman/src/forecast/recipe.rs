//! How series become what a network reads, and its answers forecasts: saved in the model.

use serde::{Deserialize, Serialize};

use super::calendar::Frequency;
use super::frame::{Frame, FrameOptions, Series};
use super::transform::Transform;
use super::window::{Window, Windows};
use crate::error::{Error, Result};
use crate::real::Float;

/// What transformed values are divided by after their mean is taken off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// The deviation of the context of each window, around its mean: levels do not matter.
    Window,
    /// Those of the training part of each series.
    Series(Vec<SeriesScale>),
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

/// Everything about a forecast but the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How tables are read.
    pub frame: FrameOptions,
    /// The frequency of the series.
    pub frequency: Frequency,
    /// The steps of a season.
    pub season: usize,
    /// The steps that are read and forecast.
    pub windows: Windows,
    /// What is done to the values.
    pub transform: Transform,
    /// What they are divided by.
    pub scale: Scale,
    /// The sizes of past errors `[H]`, sorted: of forecasts for the end of the training part by a
    /// network that had not seen it, without differences and in units of the scale. Empty where
    /// there are none.
    pub errors: Vec<Vec<f64>>,
}

/// A mean and a deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    mean: f64,
    deviation: f64,
}

/// What a network reads before one origin, and what is needed to read its answer.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    /// Channels `[context, I]`, row-major.
    pub(crate) inputs: Vec<f64>,
    history: Vec<f64>,
    unit: Unit,
}

/// A forecast `[H]` with intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The values.
    pub values: Vec<f64>,
    /// For each level asked for, the lower and the upper ends.
    pub intervals: Vec<(Vec<f64>, Vec<f64>)>,
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

    pub(crate) fn deviation(self) -> f64 {
        self.deviation
    }

    fn apply(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

impl Scale {
    /// That of each series of a training part.
    pub(crate) fn of_series(frame: &Frame, transform: &Transform) -> Result<Self> {
        let of = |series: &Series| {
            let Unit { mean, deviation } = Unit::of(&transform.apply(&series.values)?);
            Ok(SeriesScale { id: series.id.clone(), mean, deviation })
        };
        frame.series.iter().map(of).collect::<Result<_>>().map(Scale::Series)
    }
}

impl Recipe {
    /// The names of the channels `[I]`.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let mut names = vec!["y".to_owned()];
        names.extend(self.frame.missing.then(|| "y_missing".to_owned()));
        names.extend(self.frame.features.iter().map(|name| format!("feature {name}")));
        names.extend(self.frequency.feature_names());
        names
    }

    /// Refuses series that are not of the frequency and the features that were learnt.
    pub(crate) fn check(&self, frame: &Frame) -> Result<()> {
        if frame.frequency != self.frequency {
            let expected = format!("{} series", self.frequency.name());
            return Err(Error::argument("data", expected, frame.frequency.name()));
        }
        if frame.features != self.frame.features {
            let expected = format!("the features {}", self.frame.features.join(", "));
            return Err(Error::argument("data", expected, frame.features.join(", ")));
        }
        Ok(())
    }

    /// The steps of a series that one forecast reads.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.windows.context + self.transform.lost()
    }

    /// What the network reads before an origin; nothing at or after it is looked at.
    pub(crate) fn encode(&self, frame: &Frame, window: Window) -> Result<Encoded> {
        let series = &frame.series[window.series];
        let Some(start) = window.origin.checked_sub(self.reads()) else {
            let name = format!("series {:?}", series.id);
            let expected = format!("at least {} steps to forecast from", self.reads());
            return Err(Error::argument(name, expected, window.origin));
        };
        let raw = &series.values[start..window.origin];
        let history = carried(raw).ok_or_else(|| {
            let name = format!("series {:?}", series.id);
            Error::argument(name, "a value in the last steps", "missing ones alone")
        })?;
        let values = self.transform.apply(&history).map_err(|error| of_series(series, &error))?;
        let unit = self.unit(series, &values)?;
        let mut inputs = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let step = window.origin - values.len() + index;
            inputs.push(unit.apply(*value));
            if self.frame.missing {
                inputs.push(if series.values[step].is_nan() { 1.0 } else { 0.0 });
            }
            let features =
                (0..frame.features.len()).map(|at| known_feature(frame, series, (step, at)));
            inputs.extend(features);
            // The next step's: it is what is forecast from here.
            inputs.extend(self.frequency.features(frame.time(series, step + 1)));
        }
        Ok(Encoded { inputs, history, unit })
    }

    fn unit(&self, series: &Series, values: &[f64]) -> Result<Unit> {
        let Scale::Series(scales) = &self.scale else { return Ok(Unit::of(values)) };
        let found = scales.iter().find(|scale| scale.id == series.id);
        let found = found.ok_or_else(|| {
            let known: Vec<&str> = scales.iter().map(|scale| scale.id.as_str()).collect();
            let expected = format!("one of the series that were learnt ({})", known.join(", "));
            Error::argument("series", expected, format!("{:?}", series.id))
        })?;
        Ok(Unit { mean: found.mean, deviation: found.deviation })
    }

    /// What the network is to answer for `actual` values `[H]` after the window.
    pub(crate) fn answer(&self, encoded: &Encoded, actual: &[f64]) -> Result<Vec<f64>> {
        let all = [encoded.history.as_slice(), actual].concat();
        let after = self.transform.apply(&all)?.split_off(self.windows.context);
        Ok(after.into_iter().map(|value| encoded.unit.apply(value)).collect())
    }

    /// The forecast that answers `[H]` stand for, with intervals that hold these shares.
    pub(crate) fn decode(
        &self,
        encoded: &Encoded,
        answers: &[f64],
        levels: &[f64],
    ) -> Result<Forecast> {
        let Unit { mean, deviation } = encoded.unit;
        let scaled: Vec<f64> = answers.iter().map(|answer| mean + deviation * answer).collect();
        let values = self.transform.undo(&encoded.history, &scaled)?;
        let even = self.transform.without_differences();
        let centre = even.apply(&values)?;
        let mut intervals = Vec::new();
        for level in levels {
            let ends = |sign: f64| {
                let end = |(step, centre): (usize, &f64)| {
                    centre + sign * deviation * self.error(step, *level)
                };
                even.undo(&[], &centre.iter().enumerate().map(end).collect::<Vec<f64>>())
            };
            intervals.push((ends(-1.0)?, ends(1.0)?));
        }
        Ok(Forecast { values, intervals })
    }

    /// How far a forecast was off in the units of the errors that are kept.
    pub(crate) fn sizes(
        &self,
        encoded: &Encoded,
        forecast: &[f64],
        actual: &[f64],
    ) -> Result<Vec<f64>> {
        let even = self.transform.without_differences();
        let pairs = even.apply(forecast)?.into_iter().zip(even.apply(actual)?);
        Ok(pairs.map(|(f, y)| Float::abs(f - y) / encoded.unit.deviation).collect())
    }

    /// The conformal quantile of the errors of a step: the `⌈(n + 1)·level⌉`-th smallest of n, or
    /// the largest.
    fn error(&self, step: usize, level: f64) -> f64 {
        let Some(errors) = self.errors.get(step).filter(|errors| !errors.is_empty()) else {
            return f64::INFINITY;
        };
        let place = ((errors.len() + 1) as f64 * level).ceil();
        let at = (1..errors.len()).find(|at| *at as f64 >= place).unwrap_or(errors.len());
        errors[at - 1]
    }
}

/// The last known value in place of missing ones; before the first known one, that one.
fn carried(values: &[f64]) -> Option<Vec<f64>> {
    let mut last = *values.iter().find(|value| !value.is_nan())?;
    let carry = |value: &f64| {
        last = if value.is_nan() { last } else { *value };
        last
    };
    Some(values.iter().map(carry).collect())
}

/// A feature at a step, or the last one known before it; 0 before the first.
fn known_feature(frame: &Frame, series: &Series, (step, at): (usize, usize)) -> f64 {
    let width = frame.features.len();
    let before = (0..=step).rev().map(|step| series.features[step * width + at]);
    before.into_iter().find(|value| !value.is_nan()).unwrap_or(0.0)
}

fn of_series(series: &Series, error: &Error) -> Error {
    match error {
        Error::Argument { name, expected, found, .. } => {
            Error::argument(format!("series {:?}: {name}", series.id), expected.clone(), found)
        }
        other => Error::argument(format!("series {:?}", series.id), "usable values", other),
    }
}
