//! How good forecasts from several cut-offs were, beside forecasts that need no training.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::Result;
use crate::forecast::metric::{self, DieboldMariano, Intervals};
use crate::forecast::{Backtest, Baseline, Forecast, Frame, Window};
use crate::real::Float;

/// What the scores of the model are called.
const MODEL: &str = "model";

/// One forecast value beside the one that came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The series.
    pub series: String,
    /// The time of the value.
    pub time: i64,
    /// The last time before the forecast.
    pub cutoff: i64,
    /// How many steps ahead it is, from 1.
    pub step: usize,
    /// The forecast.
    pub forecast: f64,
    /// The ends of the intervals, one for each level.
    pub intervals: Vec<(f64, f64)>,
    /// The value that came; NaN where it is missing.
    pub actual: f64,
}

/// Forecasts from several cut-offs, with their scores: of the model, which is called `model`, and of
/// each [baseline](Baseline), by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtested {
    /// The rows, by series, cut-off and time.
    #[serde(skip)]
    pub rows: Vec<Row>,
    /// The cut-offs of each series.
    pub windows: usize,
    /// The levels of the intervals.
    pub levels: Vec<f64>,
    /// The scores of all values.
    pub scores: BTreeMap<String, Scores>,
    /// The scores by steps ahead `[H]`.
    pub by_step: BTreeMap<String, Vec<Scores>>,
    /// The scores by series.
    pub by_series: BTreeMap<String, BTreeMap<String, Scores>>,
    /// The best baseline, by its root mean squared error.
    pub best_baseline: Baseline,
    /// Whether the model differs from the best baseline by more than chance, by the mean squared error
    /// of each cut-off; `None` for as few cut-offs as overlap, or without any difference.
    pub against_best: Option<DieboldMariano>,
}

/// The scores of forecasts; those that are over a scale are means over series and cut-offs, without
/// those whose scale is 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The number of values.
    pub count: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Root mean squared error.
    pub rmse: f64,
    /// Mean absolute scaled error.
    pub mase: Option<f64>,
    /// Root mean squared scaled error.
    pub rmsse: Option<f64>,
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub smape: f64,
    /// `Σ|y - f| / Σ|y|`; none where all values are 0.
    pub wape: Option<f64>,
    /// The share of values within the intervals of each level; the model's alone.
    pub coverage: Vec<f64>,
    /// The Winkler score of each level; the model's alone.
    pub winkler: Vec<f64>,
    /// The mean pinball loss of the forecast, taken for the median, and of the ends of the intervals,
    /// without a factor of 2; the model's alone, where there are intervals.
    pub quantile_loss: Option<f64>,
    /// The approximation of the CRPS by these quantiles: twice that.
    pub crps: Option<f64>,
}

/// Values that came beside forecasts, with what scales them.
#[derive(Clone, Default)]
struct Pairs {
    actual: Vec<f64>,
    forecast: Vec<f64>,
    mase: Vec<f64>,
    rmsse: Vec<f64>,
    /// The ends of the intervals of each value, level by level.
    ends: Vec<(Vec<f64>, Vec<f64>)>,
}

/// One value with its forecast.
#[derive(Clone, Copy)]
struct Pair<'a> {
    actual: f64,
    forecast: f64,
    intervals: &'a [(f64, f64)],
    scales: Scales,
}

/// What errors are divided by.
#[derive(Clone, Copy)]
struct Scales {
    /// The mean absolute error of the seasonal naive forecast before the cut-off.
    mase: Option<f64>,
    /// The root of its mean squared error.
    rmsse: Option<f64>,
}

impl Scales {
    /// Those of the training part; an error of 1 over the scale is its inverse.
    fn of(training: &[f64], season: usize) -> Self {
        let inverse = |error: Result<f64>| error.ok().map(|inverse| 1.0 / inverse);
        Scales {
            mase: inverse(metric::mase(&[1.0], &[0.0], training, season)),
            rmsse: inverse(metric::rmsse(&[1.0], &[0.0], training, season)),
        }
    }
}

impl Pairs {
    fn add(&mut self, pair: Pair<'_>) {
        let Pair { actual, forecast, intervals, scales } = pair;
        let error = Float::abs(actual - forecast);
        self.mase.extend(scales.mase.map(|scale| error / scale));
        self.rmsse.extend(scales.rmsse.map(|scale| (error / scale) * (error / scale)));
        self.actual.push(actual);
        self.forecast.push(forecast);
        self.ends.resize(intervals.len().max(self.ends.len()), Default::default());
        for ((los, his), (lo, hi)) in self.ends.iter_mut().zip(intervals) {
            los.push(*lo);
            his.push(*hi);
        }
    }

    fn scores(&self, levels: &[f64]) -> Result<Scores> {
        let Pairs { actual, forecast, .. } = self;
        let mean = |values: &[f64]| {
            let count = values.len() as f64;
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
        };
        let mut scores = Scores {
            count: actual.len(),
            mae: metric::mae(actual, forecast)?,
            rmse: metric::rmse(actual, forecast)?,
            mase: mean(&self.mase),
            rmsse: mean(&self.rmsse).map(Float::sqrt),
            smape: metric::smape(actual, forecast)?,
            wape: metric::wape(actual, forecast).ok(),
            ..Scores::default()
        };
        let mut quantiles: Vec<(f64, &[f64])> = vec![(0.5, forecast)];
        for (level, (lo, hi)) in levels.iter().zip(&self.ends) {
            let intervals = Intervals { lo, hi };
            scores.coverage.push(metric::coverage(actual, intervals)?);
            scores.winkler.push(metric::winkler(actual, intervals, *level)?);
            quantiles.extend([(0.5 - 0.5 * level, &lo[..]), (0.5 + 0.5 * level, &hi[..])]);
        }
        if quantiles.len() > 1 {
            let crps = metric::crps_of_quantiles(actual, &quantiles)?;
            (scores.crps, scores.quantile_loss) = (Some(crps), Some(0.5 * crps));
        }
        Ok(scores)
    }
}

/// Forecasts as they are measured.
pub(super) struct Measure<'a> {
    frame: &'a Frame,
    plan: Backtest,
    levels: &'a [f64],
    season: usize,
    rows: Vec<Row>,
    /// The forecasts of all baselines for each row.
    guesses: Vec<[f64; Baseline::ALL.len()]>,
    scales: Vec<Scales>,
}

impl<'a> Measure<'a> {
    pub(super) fn new(frame: &'a Frame, plan: Backtest, levels: &'a [f64], season: usize) -> Self {
        let (rows, guesses, scales) = (Vec::new(), Vec::new(), Vec::new());
        Measure { frame, plan, levels, season, rows, guesses, scales }
    }

    /// Adds the forecasts from these origins.
    pub(super) fn add(&mut self, origins: &[Window], forecasts: &[Forecast]) {
        for (window, forecast) in origins.iter().zip(forecasts) {
            let series = &self.frame.series[window.series];
            let history = &series.values[..window.origin];
            let horizon = forecast.values.len();
            let guesses = Baseline::ALL.map(|own| own.forecast(history, self.season, horizon));
            let scales = Scales::of(history, self.season);
            for step in 0..horizon {
                self.guesses.push(guesses.each_ref().map(|own| own[step]));
                self.scales.push(scales);
                self.rows.push(Row {
                    series: series.id.clone(),
                    time: self.frame.time(series, window.origin + step),
                    cutoff: self.frame.time(series, window.origin - 1),
                    step: step + 1,
                    forecast: forecast.values[step],
                    intervals: forecast
                        .intervals
                        .iter()
                        .map(|(lo, hi)| (lo[step], hi[step]))
                        .collect(),
                    actual: series.values[window.origin + step],
                });
            }
        }
    }

    /// The scores of all that was added.
    ///
    /// # Errors
    ///
    /// No value that came.
    pub(super) fn conclude(self) -> Result<Backtested> {
        let scores =
            |name: &str, keep: &dyn Fn(&Row) -> bool| self.pairs(name, keep).scores(self.levels);
        let names: Vec<&str> =
            std::iter::once(MODEL).chain(Baseline::ALL.map(Baseline::name)).collect();
        let (mut all, mut by_step, mut by_series) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for &name in &names {
            all.insert(name.to_owned(), scores(name, &|_| true)?);
            let steps = self.grouped(name, |row| row.step);
            let steps = (1..=self.plan.horizon).map(|step| match steps.get(&step) {
                Some(pairs) => pairs.scores(self.levels),
                None => Ok(Scores::default()),
            });
            by_step.insert(name.to_owned(), steps.collect::<Result<Vec<_>>>()?);
            let mut own = BTreeMap::new();
            for (series, pairs) in self.grouped(name, |row| row.series.clone()) {
                own.insert(series, pairs.scores(self.levels)?);
            }
            by_series.insert(name.to_owned(), own);
        }
        let rmse = |baseline: &Baseline| all.get(baseline.name()).map_or(f64::NAN, |s| s.rmse);
        let best = Baseline::ALL.into_iter().min_by(|a, b| rmse(a).total_cmp(&rmse(b)));
        let best_baseline = best.unwrap_or(Baseline::Naive);
        Ok(Backtested {
            against_best: self.against(best_baseline),
            windows: self.plan.windows,
            levels: self.levels.to_vec(),
            scores: all,
            by_step,
            by_series,
            best_baseline,
            rows: self.rows,
        })
    }

    fn pairs(&self, name: &str, keep: &dyn Fn(&Row) -> bool) -> Pairs {
        self.grouped(name, |row| keep(row)).remove(&true).unwrap_or_default()
    }

    /// The values that came with the forecasts of this name, by a key of their rows.
    fn grouped<K: Ord>(&self, name: &str, key: impl Fn(&Row) -> K) -> BTreeMap<K, Pairs> {
        let baseline = Baseline::ALL.iter().position(|own| own.name() == name);
        let mut groups: BTreeMap<K, Pairs> = BTreeMap::new();
        let rows = self.rows.iter().zip(&self.guesses).zip(&self.scales);
        for ((row, guesses), scales) in rows.filter(|((row, _), _)| !row.actual.is_nan()) {
            let (forecast, intervals) = match baseline {
                Some(own) => (guesses[own], &[][..]),
                None => (row.forecast, row.intervals.as_slice()),
            };
            let pair = Pair { actual: row.actual, forecast, intervals, scales: *scales };
            groups.entry(key(row)).or_default().add(pair);
        }
        groups
    }

    /// The test against a baseline: of the mean squared errors of each cut-off, which hang together
    /// as far as their horizons overlap.
    fn against(&self, baseline: Baseline) -> Option<DieboldMariano> {
        let own = Baseline::ALL.iter().position(|other| *other == baseline)?;
        let mut cutoffs: BTreeMap<i64, [f64; 3]> = BTreeMap::new();
        for (row, guesses) in self.rows.iter().zip(&self.guesses) {
            if row.actual.is_nan() {
                continue;
            }
            let square = |forecast: f64| (row.actual - forecast) * (row.actual - forecast);
            let [model, other, count] = cutoffs.entry(row.cutoff).or_default();
            *model += square(row.forecast);
            *other += square(guesses[own]);
            *count += 1.0;
        }
        let roots = |at: usize| -> Vec<f64> {
            cutoffs.values().map(|sums| Float::sqrt(sums[at] / sums[2])).collect()
        };
        let overlapping = self.plan.horizon.div_ceil(self.plan.step.max(1));
        metric::diebold_mariano(&roots(0), &roots(1), overlapping).ok().flatten()
    }
}
