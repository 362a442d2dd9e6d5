//! Forecasts from given origins: all steps at once or one after the other, and sample paths.

use ndarray::{Array2, ArrayView1};

use super::windows::unanswered;
use super::{ends, recipe};
use crate::error::{Error, Result};
use crate::forecast::{
    Drawn, Encoded, Forecast, Frame, IntervalKind, Mode, Output, Pool, Recipe, Said, Series,
    Spread, Window,
};
use crate::loss::NumberLoss;
use crate::memory;
use crate::model::Model;
use crate::real::Real;
use crate::rng::Rng;
use crate::task::{Regress, Task};

/// Windows that are computed side by side: what bounds the memory of their channels.
const CHUNK: usize = 1024;
/// Sample paths of which intervals are made where steps are read one after the other.
const PATHS: usize = 200;

/// Sample paths to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// How many for each series.
    pub count: usize,
    /// What they are drawn by.
    pub seed: u64,
}

/// What a network says from one origin.
pub(super) struct Heard {
    pub(super) encoded: Encoded,
    pub(super) said: Vec<Said>,
}

/// The forecasts from these origins; nothing at or after an origin is looked at, but known columns.
pub(crate) fn forecast_at<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    windows: &[Window],
    levels: &[f64],
) -> Result<Vec<Forecast>> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    check_levels(recipe, levels)?;
    if recipe.options.mode == Mode::Recursive {
        return one_by_one(model, frame, windows, levels);
    }
    let mut forecasts = Vec::new();
    for heard in hear(model, frame, windows)? {
        forecasts.push(recipe.decode(&heard.encoded, &heard.said, levels)?);
    }
    Ok(forecasts)
}

fn check_levels(recipe: &Recipe, levels: &[f64]) -> Result<()> {
    if recipe.lacks_errors() && !levels.is_empty() {
        let expected = "past errors, which intervals are made from";
        return Err(Error::argument("model", expected, "none: its series were too short"));
    }
    let is_conformal = recipe.options.interval_kind() == IntervalKind::Conformal;
    let (least, most) = Pool::levels(&recipe.options.output);
    for level in levels {
        if !(*level > 0.0 && *level < 1.0) {
            return Err(Error::argument("level", "above 0 and below 1", level));
        }
        let ends = [0.5 - 0.5 * level, 0.5 + 0.5 * level];
        let beyond = ends[0] < least - 1e-9 || ends[1] > most + 1e-9;
        if !is_conformal && beyond {
            let expected = format!("within the quantiles {least} to {most} of the model");
            return Err(Error::argument("level", expected, level));
        }
    }
    Ok(())
}

/// What the network says from each origin.
pub(super) fn hear<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    windows: &[Window],
) -> Result<Vec<Heard>> {
    let (recipe, Task::Regress(regress)) = (recipe(model)?, model.task()) else {
        return Err(Error::argument("model", "numbers", "another task"));
    };
    let loss = regress.number_loss();
    let mut all = Vec::with_capacity(windows.len());
    for windows in windows.chunks(CHUNK) {
        let encoded = windows.iter().map(|window| recipe.encode(frame, *window));
        let encoded = encoded.collect::<Result<Vec<_>>>()?;
        let outputs = model.member_outputs(&unanswered(frame, recipe, &encoded)?)?;
        for (row, encoded) in encoded.into_iter().enumerate() {
            let rows: Vec<_> = outputs.iter().map(|outputs| outputs.row(row)).collect();
            all.push(Heard { encoded, said: said(regress, &loss, &rows) });
        }
    }
    Ok(all)
}

/// What the members say together of each step.
fn said(regress: &Regress, loss: &NumberLoss, rows: &[ArrayView1<'_, f64>]) -> Vec<Said> {
    let scaling = regress.scaling();
    let of = |step: usize| {
        let own = rows.iter().map(|row| loss.said(*row, step));
        if loss.output == Output::Point {
            let points = own.map(|said| scaling.invert(step, said[0]));
            return Said { point: points.sum::<f64>() / rows.len() as f64, pool: None };
        }
        let (shift, unit) = (scaling.invert(step, 0.0), scaling.deviations()[step]);
        let spreads = own.filter_map(|said| Spread::of(&loss.output, &said));
        let pool = Pool::new(spreads.map(|spread| spread.scaled(shift, unit)).collect());
        Said { point: pool.point(), pool: Some(pool) }
    };
    (0..regress.targets().len()).map(of).collect()
}

/// What is said of the first step from an origin.
pub(super) struct FirstStep {
    pub(super) heard: Heard,
    pub(super) forecast: Forecast,
}

/// The first steps from these origins, each with the interval of a level.
pub(super) fn first_steps<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    windows: &[Window],
    level: f64,
) -> Result<Vec<FirstStep>> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    check_levels(recipe, &[level])?;
    let decode = |mut heard: Heard| {
        heard.said.truncate(1);
        let forecast = recipe.decode(&heard.encoded, &heard.said, &[level])?;
        Ok(FirstStep { heard, forecast })
    };
    hear(model, frame, windows)?.into_iter().map(decode).collect()
}

/// Series that end with their origins, to which one value after the other is added.
struct Growing {
    frame: Frame,
    /// What was heard from the origins.
    first: Vec<Encoded>,
}

/// Which path is asked for its next value.
struct Ask<'a> {
    path: usize,
    heard: &'a Heard,
}

impl Growing {
    /// So many copies of what is read before each origin.
    fn of(recipe: &Recipe, frame: &Frame, windows: &[Window], copies: usize) -> Result<Self> {
        let width = frame.known.len();
        let mut series = Vec::new();
        for window in windows {
            let own = &frame.series[window.series];
            let from = window.origin.saturating_sub(recipe.reads());
            let until = (window.origin + recipe.windows.horizon) * width;
            let cut = Series {
                start: frame.time(own, from),
                values: own.values[from..window.origin].to_vec(),
                known: own.known[from * width..until.min(own.known.len())].to_vec(),
                features: Vec::new(),
                ..own.clone()
            };
            series.extend((0..copies).map(|_| cut.clone()));
        }
        let frame = Frame { series, ..frame.clone() };
        let windows = ends(&frame);
        let first = windows.iter().step_by(copies.max(1));
        let first = first.map(|window| recipe.encode(&frame, *window)).collect::<Result<_>>()?;
        Ok(Growing { frame, first })
    }

    /// Adds the next values, as `next` takes them of what is heard.
    fn grow<T: Real>(
        &mut self,
        model: &Model<T>,
        next: &mut dyn FnMut(Ask<'_>) -> Result<f64>,
    ) -> Result<()> {
        let heard = hear(model, &self.frame, &ends(&self.frame))?;
        for (path, heard) in heard.iter().enumerate() {
            let value = next(Ask { path, heard })?;
            self.frame.series[path].values.push(value);
        }
        Ok(())
    }

    /// The values that were added `[paths][H]`.
    fn grown(&self, steps: usize) -> Vec<Vec<f64>> {
        let last = |series: &Series| series.values[series.values.len() - steps..].to_vec();
        self.frame.series.iter().map(last).collect()
    }
}

/// Forecasts whose steps are read one after the other.
fn one_by_one<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    windows: &[Window],
    levels: &[f64],
) -> Result<Vec<Forecast>> {
    let recipe = recipe(model)?;
    let horizon = recipe.windows.horizon;
    let mut growing = Growing::of(recipe, frame, windows, 1)?;
    for _ in 0..horizon {
        growing.grow(model, &mut |ask| {
            let Heard { encoded, said } = ask.heard;
            Ok(recipe.decode(encoded, said, &[])?.values[0])
        })?;
    }
    let values = growing.grown(horizon);
    let is_of_model = recipe.options.interval_kind() == IntervalKind::Model;
    if is_of_model && !levels.is_empty() {
        let sampling = Sampling { count: PATHS, seed: 1 };
        let paths = drawn_one_by_one(model, frame, windows, sampling)?;
        let pairs = values.into_iter().zip(&paths);
        return Ok(pairs.map(|(values, paths)| of_paths(values, paths, levels)).collect());
    }
    let pairs = values.into_iter().zip(&growing.first);
    let around = |(values, first): (Vec<f64>, &Encoded)| {
        let ends = levels.iter().map(|level| recipe.around(first, &values, *level));
        Ok(Forecast { intervals: ends.collect::<Result<_>>()?, values })
    };
    pairs.map(around).collect()
}

/// A forecast with the quantiles of sample paths `[count, H]`.
fn of_paths(values: Vec<f64>, paths: &Array2<f64>, levels: &[f64]) -> Forecast {
    let end = |level: f64| -> Vec<f64> {
        let of = |column: ArrayView1<'_, f64>| {
            let mut sorted = column.to_vec();
            sorted.sort_by(f64::total_cmp);
            let place = level * (sorted.len() - 1) as f64;
            let at = (0..sorted.len() - 1).rev().find(|at| *at as f64 <= place).unwrap_or(0);
            let next = sorted[(at + 1).min(sorted.len() - 1)];
            sorted[at] + (place - at as f64) * (next - sorted[at])
        };
        paths.columns().into_iter().map(of).collect()
    };
    let ends = levels.iter().map(|level| (end(0.5 - 0.5 * level), end(0.5 + 0.5 * level)));
    Forecast { intervals: ends.collect(), values }
}

/// Paths `[count, H]` that each series may take after its last step, drawn by a seed.
///
/// Where steps are read one after the other, each is drawn from what the network says after those
/// drawn before, so that a path is consistent. Where all steps are answered at once, the network
/// says nothing of how they hang together: each step is drawn by itself. For
/// [`Output::Point`] the forecast is moved by the size of a past error, up or down.
///
/// # Errors
///
/// Those of [`forecast`](super::forecast()); no path; points without past errors.
pub fn sample_paths<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    sampling: Sampling,
) -> Result<Vec<Array2<f64>>> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    if sampling.count == 0 {
        return Err(Error::argument("samples", "at least 1", 0));
    }
    if recipe.options.output == Output::Point && recipe.errors.is_empty() {
        let expected = "a model that says a distribution, or with past errors";
        return Err(Error::argument("samples", expected, "neither"));
    }
    check_memory(recipe, frame, sampling.count)?;
    if recipe.options.mode == Mode::Recursive {
        return drawn_one_by_one(model, frame, &ends(frame), sampling);
    }
    let horizon = recipe.windows.horizon;
    let mut all = Vec::new();
    for (series, heard) in hear(model, frame, &ends(frame))?.iter().enumerate() {
        let mut paths = Array2::zeros((sampling.count, horizon));
        for (path, mut row) in paths.rows_mut().into_iter().enumerate() {
            let mut rng = sampling.rng(series, path);
            for step in 0..horizon {
                let (said, probability) = (&heard.said[step], rng.uniform());
                row[step] = recipe.drawn(&heard.encoded, Drawn { step, said, probability })?;
            }
        }
        all.push(paths);
    }
    Ok(all)
}

/// Each path has its own values, and a recursive one its own copy of its series.
fn check_memory(recipe: &Recipe, frame: &Frame, count: usize) -> Result<()> {
    let horizon = recipe.windows.horizon;
    let values = |series: &Series| match recipe.options.mode {
        Mode::Direct => horizon,
        Mode::Recursive => 4 * (series.values.len() + horizon),
    };
    let values: usize = frame.series.iter().map(values).sum();
    memory::check_count("samples", count, 8 * values as u64)
}

impl Sampling {
    fn rng(self, series: usize, path: usize) -> Rng {
        Rng::stream(self.seed, ((series as u64) << 32) | path as u64)
    }
}

fn drawn_one_by_one<T: Real>(
    model: &Model<T>,
    frame: &Frame,
    windows: &[Window],
    sampling: Sampling,
) -> Result<Vec<Array2<f64>>> {
    let recipe = recipe(model)?;
    let (count, horizon) = (sampling.count, recipe.windows.horizon);
    let mut growing = Growing::of(recipe, frame, windows, count)?;
    let rng = |path: usize| sampling.rng(path / count, path % count);
    let mut rngs: Vec<Rng> = (0..windows.len() * count).map(rng).collect();
    for _ in 0..horizon {
        growing.grow(model, &mut |Ask { path, heard }| {
            let (said, probability) = (&heard.said[0], rngs[path].uniform());
            recipe.drawn(&heard.encoded, Drawn { step: 0, said, probability })
        })?;
    }
    let grown = growing.grown(horizon);
    let of = |paths: &[Vec<f64>]| {
        Array2::from_shape_vec((count, horizon), paths.concat())
            .map_err(|error| Error::argument("samples", "a value for each step", error))
    };
    grown.chunks(count).map(of).collect()
}
