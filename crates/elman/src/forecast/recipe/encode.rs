//! What a network reads before one origin.
//!
//! The network reads the context in segments of w steps. A step of the network has, side by side, the
//! values of w steps, with a mark for each missing one; the features of these; the known columns of
//! the w steps after them; the static columns; and the calendar of the step after them. Where there
//! are known columns, it goes on through the steps ahead, without values.

use super::super::frame::{Fault, Frame, Series};
use super::super::transform::Transform;
use super::super::window::Window;
use super::{Recipe, Said, Scale, Unit};
use crate::error::{Error, Result, nearest};

/// What a network reads before one origin, and what is needed to read its answer.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    /// The series, by its index.
    pub(crate) series: usize,
    /// Channels `[steps, I]`, row-major.
    pub(crate) inputs: Vec<f64>,
    /// The level that each answer is added to, without differences.
    pub(crate) base: Vec<f64>,
    /// What answers are multiplied by.
    pub(crate) deviation: f64,
}

impl Encoded {
    /// The quantile of a step, without differences.
    pub(super) fn quantile(&self, step: usize, said: &Said, level: f64) -> f64 {
        let answer = said.pool.as_ref().map_or(said.point, |pool| pool.quantile(level));
        self.base[step] + self.deviation * answer
    }
}

/// A column of a series, of which a window reads.
struct Column<'a> {
    values: &'a [f64], // [T, width]
    width: usize,
    at: usize,
}

impl Column<'_> {
    /// The value at a step, or the last one known before it but not before `first`; 0 without any.
    fn known(&self, step: usize, first: usize) -> f64 {
        let mut before = (first..=step).rev().map(|step| self.values[step * self.width + self.at]);
        before.find(|value| !value.is_nan()).unwrap_or(0.0)
    }
}

impl Recipe {
    /// The names of the channels `[I]`.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        let frame = &self.options.frame;
        let mut names = Vec::new();
        let mut segment = |name: String| match self.segment {
            1 => names.push(name),
            steps => names.extend((1..=steps).map(|step| format!("{name}, {step}"))),
        };
        segment("y".to_owned());
        if frame.takes_missing() {
            segment("y missing".to_owned());
        }
        frame.features.iter().for_each(|name| segment(format!("feature {name}")));
        frame.known.iter().for_each(|name| segment(format!("known {name}")));
        names.extend(frame.statics.iter().map(|name| format!("static {name}")));
        names.extend(self.frequency.feature_names());
        names.extend((!frame.known.is_empty()).then(|| "ahead".to_owned()));
        names
    }

    /// The steps of the network for one window.
    #[must_use]
    pub fn network_steps(&self) -> usize {
        self.windows.context / self.segment + self.steps_ahead()
    }

    /// Those behind the context.
    fn steps_ahead(&self) -> usize {
        match self.options.frame.known.is_empty() {
            true => 0,
            false => self.options.answers().div_ceil(self.segment) - 1,
        }
    }

    /// What the network reads before an origin; of what comes at or after it, only known columns are
    /// looked at.
    pub(crate) fn encode(&self, frame: &Frame, window: Window) -> Result<Encoded> {
        let series = &frame.series[window.series];
        let Some(start) = window.origin.checked_sub(self.reads()) else {
            let expected = format!("at least {} steps to forecast from", self.reads());
            return Err(frame.fault(series, Fault::new(expected, window.origin)));
        };
        let history = carried(&series.values[start..window.origin]).ok_or_else(|| {
            frame.fault(series, Fault::new("a value in the last steps", "missing ones alone"))
        })?;
        let of_series = |error| match error {
            Error::Argument { expected, found, .. } => {
                let expected = format!("{expected} under a logarithm or power");
                frame.fault(series, Fault::new(expected, found))
            }
            other => other,
        };
        let even = self.transform.without_differences();
        let even = even.apply(&history).map_err(of_series)?;
        let differences = self.transform.differences();
        let values = differences.apply(&even)?;
        let unit = self.unit(frame, series, &values)?;
        let mut encoded = self.level(&even, &differences, unit)?;
        encoded.series = window.series;
        let values: Vec<f64> = values.iter().map(|value| unit.apply(*value)).collect();
        encoded.inputs = self.inputs(frame, window, &values)?;
        Ok(encoded)
    }

    /// What answers are added to and multiplied by.
    fn level(&self, even: &[f64], differences: &Transform, unit: Unit) -> Result<Encoded> {
        let answers = self.options.answers();
        let (series, inputs, deviation) = (0, Vec::new(), unit.deviation);
        if self.is_of_counts() {
            return Ok(Encoded { series, inputs, base: vec![0.0; answers], deviation: 1.0 });
        }
        let base = match differences.steps() {
            [] => vec![unit.mean; answers],
            _ => differences.undo(even, &vec![0.0; answers])?,
        };
        Ok(Encoded { series, inputs, base, deviation })
    }

    fn unit(&self, frame: &Frame, series: &Series, values: &[f64]) -> Result<Unit> {
        let scales = match &self.scale {
            Scale::Window => return Ok(Unit::of(values)),
            Scale::Last => {
                let mean = values.last().copied().unwrap_or(0.0);
                return Ok(Unit { mean, ..Unit::of(values) });
            }
            &Scale::Shared { mean, deviation } => return Ok(Unit { mean, deviation }),
            Scale::Series(scales) => scales,
        };
        let found = scales.iter().find(|scale| scale.id == series.id);
        let found = found.ok_or_else(|| self.is_new(frame, series))?;
        Ok(Unit { mean: found.mean, deviation: found.deviation })
    }

    /// The refusal of a series that was not learnt.
    pub(crate) fn is_new(&self, frame: &Frame, series: &Series) -> Error {
        let names = || self.trained.iter().map(|own| own.id.as_str());
        let expected = match nearest(&series.id, names()) {
            Some(near) => format!("one that was learnt (nearest: {near:?})"),
            None => {
                let some = names().take(8).collect::<Vec<_>>().join(", ");
                format!("one that was learnt ({some})")
            }
        };
        frame.fault(series, Fault::new(expected, "a new one"))
    }

    /// The channels of all steps of the network, of scaled values `[context]`.
    fn inputs(&self, frame: &Frame, window: Window, values: &[f64]) -> Result<Vec<f64>> {
        let series = &frame.series[window.series];
        self.check_known(frame, window)?;
        let (first, width) = (window.origin - values.len(), self.segment);
        let last_known = window.origin + self.options.answers() - 1;
        let own = &self.options.frame;
        let column = |values, width, at| Column { values, width, at };
        let mut inputs = Vec::new();
        for step in 0..self.network_steps() {
            let from = first + step * width;
            let is_ahead = from >= window.origin;
            let steps = || from..from + width;
            let past = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
                steps().map(|step| if is_ahead { 0.0 } else { value(step) }).collect()
            };
            inputs.extend(past(&|step| values[step - first]));
            if own.takes_missing() {
                let is_missing = |step: usize| f64::from(u8::from(series.values[step].is_nan()));
                inputs.extend(past(&is_missing));
            }
            for at in 0..own.features.len() {
                let feature = column(&series.features, own.features.len(), at);
                inputs.extend(past(&|step| feature.known(step, first)));
            }
            for at in 0..own.known.len() {
                let known = column(&series.known, own.known.len(), at);
                let next = steps().map(|step| (step + width).min(last_known));
                inputs.extend(next.map(|step| known.known(step, first)));
            }
            inputs.extend(&series.statics);
            // The next step's: it is what is forecast from here.
            inputs.extend(self.frequency.features(frame.time(series, from + width)));
            if !own.known.is_empty() {
                inputs.push(if is_ahead { 1.0 } else { 0.0 });
            }
        }
        Ok(inputs)
    }

    /// Refuses a window of whose steps ahead too little is known.
    fn check_known(&self, frame: &Frame, window: Window) -> Result<()> {
        let (series, width) = (&frame.series[window.series], frame.known.len());
        let needed = window.origin + self.options.answers();
        if width == 0 || series.known.len() >= needed * width {
            return Ok(());
        }
        let write = |step: usize| frame.style.write(frame.time(series, step));
        let name = format!("known columns of series {:?}", series.id);
        let found = match series.known.len() / width {
            0 => "none".to_owned(),
            steps => format!("up to {}", write(steps - 1)),
        };
        Err(Error::argument(name, format!("values up to {}", write(needed - 1)), found))
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
