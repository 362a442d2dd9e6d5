//! How series become what a network reads, and its answers forecasts: saved in the model.

mod encode;
mod scale;

use serde::{Deserialize, Serialize};

use super::calendar::Frequency;
use super::frame::{Fault, Frame};
use super::options::{ForecastOptions, IntervalKind};
use super::spread::Pool;
use super::transform::Transform;
use super::window::Windows;
use crate::error::{Error, Result};
use crate::loss::Output;
use crate::real::Float;

pub(crate) use encode::Encoded;
pub(crate) use scale::Unit;
pub use scale::{Scale, SeriesScale};

/// Everything about a forecast but the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What was asked for.
    pub options: ForecastOptions,
    /// The frequency of the series.
    pub frequency: Frequency,
    /// The steps of a season.
    pub season: usize,
    /// The steps that are read and forecast.
    pub windows: Windows,
    /// The steps of a series that the network reads as one of its own.
    pub segment: usize,
    /// What is done to the values.
    pub transform: Transform,
    /// What they are divided by.
    pub scale: Scale,
    /// The sizes of past errors `[H]`, sorted: of forecasts for the end of the training part by a
    /// network that had not seen it, without differences and in units of the scale. Empty where
    /// there are none.
    pub errors: Vec<Vec<f64>>,
    /// The series that were learnt from, with their ends.
    pub trained: Vec<TrainedUntil>,
}

/// The end of a series that was learnt from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedUntil {
    /// The series.
    pub id: String,
    /// Its last time.
    pub last: i64,
}

/// A forecast `[H]` with intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The values: of a distribution the mean, which under a logarithm or a power is the median; of
    /// quantiles that nearest to the median.
    pub values: Vec<f64>,
    /// For each level asked for, the lower and the upper ends.
    pub intervals: Vec<(Vec<f64>, Vec<f64>)>,
}

/// What a network says of one step, in units of the scale.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) point: f64,
    /// Its distribution or quantiles, if it says them.
    pub(crate) pool: Option<Pool>,
}

impl Recipe {
    /// Refuses parts that do not fit together.
    pub(crate) fn check_parts(&self) -> Result<()> {
        self.options.check()?;
        let Windows { context, horizon, .. } = self.windows;
        let whole = self.segment > 0 && context > 0 && context.is_multiple_of(self.segment);
        let errors = self.errors.is_empty() || self.errors.len() == horizon;
        let finite = |errors: &Vec<f64>| !errors.is_empty() && errors.iter().all(|e| e.is_finite());
        let checks = [
            ("horizon of the windows", horizon == self.options.horizon),
            ("context of the windows", whole),
            ("past errors", errors && self.errors.iter().all(finite)),
            ("season", self.season > 0),
        ];
        match checks.into_iter().find(|(_, fits)| !fits) {
            None => Ok(()),
            Some((name, _)) => Err(Error::argument(name, "what fits the other parts", "another")),
        }
    }

    /// Refuses series that are not of the frequency and the columns that were learnt.
    pub(crate) fn check(&self, frame: &Frame) -> Result<()> {
        if frame.frequency != self.frequency {
            let expected = format!("{} series", self.frequency.name());
            return Err(frame.refused(Fault::new(expected, frame.frequency.name())));
        }
        let own = &self.options.frame;
        let columns = [
            ("features", &own.features, &frame.features),
            ("known columns", &own.known, &frame.known),
            ("static columns", &own.statics, &frame.statics),
        ];
        for (what, expected, found) in columns {
            if expected != found {
                let list = |names: &[String]| match names {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                };
                return Err(Error::argument(what, list(expected), list(found)));
            }
        }
        Ok(())
    }

    /// The steps of a series that one forecast reads.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.windows.context + self.transform.lost()
    }

    /// Whether counts are forecast: as they are, without a scale.
    fn is_of_counts(&self) -> bool {
        self.options.output == Output::NegativeBinomial
    }

    /// What the network is to answer for `actual` values after the window; NaN where one is missing.
    pub(crate) fn answer(&self, encoded: &Encoded, actual: &[f64]) -> Result<Vec<f64>> {
        let even = self.transform.without_differences().apply(actual)?;
        let pairs = even.into_iter().zip(&encoded.base);
        Ok(pairs.map(|(value, base)| (value - base) / encoded.deviation).collect())
    }

    /// The forecast that answers stand for, with intervals that hold these shares.
    pub(crate) fn decode(
        &self,
        encoded: &Encoded,
        answers: &[Said],
        levels: &[f64],
    ) -> Result<Forecast> {
        let even = self.transform.without_differences();
        let value = |(said, base): (&Said, &f64)| base + encoded.deviation * said.point;
        let centre: Vec<f64> = answers.iter().zip(&encoded.base).map(value).collect();
        let values = even.undo(&[], &centre)?;
        let ends = levels.iter().map(|level| match self.options.interval_kind() {
            IntervalKind::Conformal => self.around(encoded, &values, *level),
            IntervalKind::Model => {
                let end = |level: f64| {
                    let said = answers.iter().enumerate();
                    let said = said.map(|(step, said)| encoded.quantile(step, said, level));
                    even.undo(&[], &said.collect::<Vec<_>>())
                };
                Ok((end(0.5 - 0.5 * level)?, end(0.5 + 0.5 * level)?))
            }
        });
        let intervals = ends.collect::<Result<_>>()?;
        Ok(Forecast { values, intervals })
    }

    /// The interval around a forecast that held a share of past errors.
    pub(crate) fn around(
        &self,
        encoded: &Encoded,
        forecast: &[f64],
        level: f64,
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        let even = self.transform.without_differences();
        let centre = even.apply(forecast)?;
        let end = |side: f64| {
            let far = |step: usize| side * encoded.deviation * self.error(step, level);
            let ends = centre.iter().enumerate().map(|(step, centre)| centre + far(step));
            even.undo(&[], &ends.collect::<Vec<_>>())
        };
        Ok((end(-1.0)?, end(1.0)?))
    }

    /// A value of a step by a probability: the quantile of what is said, or, for points, the forecast
    /// with one of the past errors.
    pub(crate) fn drawn(&self, encoded: &Encoded, drawn: Drawn<'_>) -> Result<f64> {
        let Drawn { step, said, probability } = drawn;
        let centre = encoded.base[step] + encoded.deviation * said.point;
        let value = match said.pool {
            Some(_) => encoded.quantile(step, said, probability),
            None => {
                let share = Float::abs(2.0 * probability - 1.0);
                let side = if probability < 0.5 { -1.0 } else { 1.0 };
                centre + side * encoded.deviation * self.size(step, share)
            }
        };
        Ok(self.transform.without_differences().undo(&[], &[value])?[0])
    }

    /// The logarithm of the density at a value of a step; for points that of a normal distribution
    /// with the root mean square of past errors, and `None` for quantiles or without past errors.
    pub(crate) fn log_probability(&self, encoded: &Encoded, seen: Seen<'_>) -> Result<Option<f64>> {
        let Seen { step, said, actual } = seen;
        let even = self.transform.without_differences();
        let answer = (even.apply(&[actual])?[0] - encoded.base[step]) / encoded.deviation;
        let log = match &said.pool {
            Some(pool) => pool.log_density(answer),
            None => {
                let errors = self.errors.get(step).map_or(&[][..], Vec::as_slice);
                let squares = errors.iter().map(|error| error * error).sum::<f64>();
                let deviation = Float::sqrt(squares / errors.len() as f64);
                let normal = super::spread::Spread::Gaussian { mean: said.point, deviation };
                (deviation > 0.0)
                    .then(|| Pool::new(vec![normal]))
                    .and_then(|p| p.log_density(answer))
            }
        };
        let unit = if self.is_of_counts() { 0.0 } else { Float::ln(encoded.deviation) };
        Ok(log.map(|log| log - unit + self.transform.log_slope(actual)))
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
        Ok(pairs.map(|(f, y)| Float::abs(f - y) / encoded.deviation).collect())
    }

    /// Whether intervals would come from past errors, and there are none: the series were too short for them.
    #[must_use]
    pub fn lacks_errors(&self) -> bool {
        self.options.interval_kind() == IntervalKind::Conformal && self.errors.is_empty()
    }

    /// The highest level whose conformal interval is wider than all past errors of some step: `n/(n + 1)`
    /// for n of them. None where intervals come from what the network says.
    #[must_use]
    pub fn highest_level(&self) -> Option<f64> {
        let counts = self.errors.iter().map(Vec::len);
        let fewest =
            counts.min().filter(|_| self.options.interval_kind() == IntervalKind::Conformal);
        fewest.map(|count| count as f64 / (count + 1) as f64)
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

    /// The size of a past error of a step below which there is a share of them.
    fn size(&self, step: usize, share: f64) -> f64 {
        let Some(errors) = self.errors.get(step).filter(|errors| !errors.is_empty()) else {
            return 0.0;
        };
        let place = share * (errors.len() - 1) as f64;
        let at = (0..errors.len() - 1).rev().find(|at| *at as f64 <= place).unwrap_or(0);
        let next = errors[(at + 1).min(errors.len() - 1)];
        errors[at] + (place - at as f64) * (next - errors[at])
    }
}

/// What is drawn of a step.
#[derive(Clone, Copy)]
pub(crate) struct Drawn<'a> {
    pub(crate) step: usize,
    pub(crate) said: &'a Said,
    pub(crate) probability: f64,
}

/// A value that came, beside what was said of it.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) step: usize,
    pub(crate) said: &'a Said,
    pub(crate) actual: f64,
}
