//! Forecasts of dated series: how good they were at past cut-offs, and the last of them drawn.

mod scores;
mod windows;

use elman::forecast::{Backtest, Frame, Recipe, TrainedUntil, Window};
use elman::forecaster::{Backtested, Choice, answered_sequences, backtest, origins, sequences};
use elman::model::Model;
use elman::see::{Health, UpdateRatio};
use elman::{Error, Real, Result};

use super::{data, health, origin, training};
use crate::html::{Table, document, facts, figure, name, paragraph, section};
use crate::text::{counted, number};

/// The levels of the intervals that are drawn.
const LEVELS: [f64; 3] = [0.5, 0.8, 0.95];
/// More cut-offs of a series are not measured.
const MOST_CUTOFFS: usize = 60;
/// The cut-offs of a series that the model has learnt from to its end.
const SEEN_CUTOFFS: usize = 3;
/// What the network reads before more places is thinned out.
const MOST_SEQUENCES: usize = 2000;

/// What a report of a model that forecasts is made of.
///
/// ```
/// use elman::forecast::{Frame, Frequency, Series};
/// use elman::forecaster::{ForecastOptions, fit};
/// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
/// use elman_report::{ForecastReport, ShownSeries};
///
/// # fn main() -> elman::Result<()> {
/// let values = (0..60).map(|step| f64::from(step % 4)).collect();
/// let frame = Frame::of(vec![Series::new("saw", 0, values)], Frequency::Steps(1));
/// let training = TrainingOptions { max_updates: Some(20), ..TrainingOptions::default() };
/// let trainer = Trainer::new(training, NetworkOptions::gru(4).options())?;
/// let options = ForecastOptions { context: Some(8), ..ForecastOptions::new(2) };
/// let fitted = fit(&frame.before(8), &options, &trainer)?;
/// let page = ForecastReport {
///     model: &fitted.trained.model,
///     series: Some(ShownSeries { frame: &frame, plan: None }),
///     choice: Some(&fitted.choice),
///     command: None,
/// }
/// .page()?;
/// assert!(page.contains("seasonal-naive") && page.contains("Error by steps ahead"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ForecastReport<'a, T: Real = f32> {
    /// The model.
    pub model: &'a Model<T>,
    /// Series to show it at.
    pub series: Option<ShownSeries<'a>>,
    /// How it was chosen what is done to the values, if that is known.
    pub choice: Option<&'a Choice>,
    /// The command that made the model, if it is known.
    pub command: Option<&'a str>,
}

/// Series with the cut-offs to forecast from.
#[derive(Clone, Copy, Debug)]
pub struct ShownSeries<'a> {
    /// The series.
    pub frame: &'a Frame,
    /// The cut-offs; where none are given, those after what the model has learnt from, or, where
    /// there are no such rows, the last ones.
    pub plan: Option<Backtest>,
}

/// What the sections are made of.
struct Shown<'a, T: Real> {
    model: &'a Model<T>,
    recipe: &'a Recipe,
    frame: &'a Frame,
    measured: Backtested,
    /// Whether the model has learnt from rows that it forecasts.
    has_seen: bool,
}

impl<T: Real> ForecastReport<'_, T> {
    /// The report as one HTML file.
    ///
    /// # Errors
    ///
    /// A model that does not forecast; series that it does not read, or that are too short.
    pub fn page(&self) -> Result<String> {
        let model = self.model;
        let another = || Error::argument("model", "one that was trained to forecast", "another");
        let recipe = model.task().forecast().ok_or_else(another)?;
        let steps = counted(recipe.windows.horizon, "step");
        let title = format!("Elman: forecast {steps} ({})", recipe.frequency.name());
        let mut sections = Vec::new();
        let values = section("What is done to the values", &self.values(recipe));
        match self.series {
            Some(series) => {
                let shown = measured(model, recipe, series)?;
                sections.push(section("How well it does", &scores::summary(&shown)));
                sections.push(section("The last forecasts", &windows::body(&shown)));
                sections.push(section("Error by steps ahead", &scores::by_step(&shown)));
                sections.push(section("Whether its intervals hold", &scores::intervals(&shown)));
                sections.extend(scores::by_series(&shown));
                sections.push(values);
                sections.extend(training::section(model));
                sections.extend(inside(&shown)?);
            }
            None => {
                sections.push(values);
                sections.extend(training::section(model));
            }
        }
        sections.push(section("The network", &origin::network(model)));
        let origin = section("Where it comes from", &origin::body(model, self.command));
        sections.push(origin);
        Ok(document(&title, &sections.concat()))
    }

    /// What the network reads and answers, and what else was tried.
    fn values(&self, recipe: &Recipe) -> String {
        let windows = &recipe.windows;
        let says = recipe.options.output.name();
        let html = facts(&[
            ("reads", counted(windows.context, "step")),
            ("forecasts", counted(windows.horizon, "step")),
            ("season", counted(recipe.season, "step")),
            ("transform", recipe.transform.name()),
            ("scale", recipe.scale.kind().name().to_owned()),
            ("says", says.to_owned()),
        ]);
        let Some(choice) = self.choice.filter(|choice| !choice.trials.is_empty()) else {
            return html;
        };
        let mut table = Table::new(["transform", "scale", "score", "updates"]);
        for trial in &choice.trials {
            let candidate = &trial.candidate;
            let cells = [candidate.transform.name(), candidate.scale.name().to_owned()];
            table.row(cells.into_iter().chain([number(trial.score), trial.updates.to_string()]));
        }
        let text = format!(
            "The transform and the scale are the best of {} on the last {} of the training part. The \
             score is the mean absolute error over that of the naive forecast: below 1 is better.",
            choice.trials.len(),
            counted(choice.held_out, "step")
        );
        html + &paragraph(&text) + &table.render()
    }
}

/// Forecasts from the cut-offs.
fn measured<'a, T: Real>(
    model: &'a Model<T>,
    recipe: &'a Recipe,
    series: ShownSeries<'a>,
) -> Result<Shown<'a, T>> {
    let frame = series.frame;
    // Says what is wrong with the series better than a plan for them would.
    origins(model, frame)?;
    let plan = series.plan.unwrap_or_else(|| plan(recipe, frame));
    let measured = with_levels(|levels| backtest(model, frame, plan, levels))?;
    let has_seen = frame.series.iter().any(|own| {
        let first = own.values.len().saturating_sub(plan.held_out());
        own.values.len() > first && learnt(recipe, &own.id) >= frame.time(own, first)
    });
    Ok(Shown { model, recipe, frame, measured, has_seen })
}

/// The last time of a series that the model has learnt from.
fn learnt(recipe: &Recipe, id: &str) -> i64 {
    let own = recipe.trained.iter().find(|trained| trained.id == id);
    own.map_or(i64::MIN, |TrainedUntil { last, .. }| *last)
}

/// The cut-offs after what the model has learnt from; the last few where there are none.
fn plan(recipe: &Recipe, frame: &Frame) -> Backtest {
    let horizon = recipe.windows.horizon;
    let room = frame.series.iter().map(|own| own.values.len().saturating_sub(recipe.reads()));
    let room = room.min().unwrap_or(0);
    let new = frame.series.iter().map(|own| {
        let learnt = learnt(recipe, &own.id);
        (0..own.values.len()).rev().take_while(|step| frame.time(own, *step) > learnt).count()
    });
    let new = new.min().unwrap_or(0).min(room);
    if new < horizon {
        let windows = (room / horizon).clamp(1, SEEN_CUTOFFS);
        return Backtest { horizon, windows, step: horizon };
    }
    let places = new - horizon + 1;
    let step = places.div_ceil(MOST_CUTOFFS);
    Backtest { horizon, windows: (places - 1) / step + 1, step }
}

/// Forecasts with as many of the [`LEVELS`] as the model says.
fn with_levels<R>(made: impl Fn(&[f64]) -> Result<R>) -> Result<R> {
    let mut count = LEVELS.len();
    loop {
        match made(&LEVELS[..count]) {
            Err(Error::Argument { name, .. })
                if count > 0 && ["level", "levels"].contains(&name.as_str()) =>
            {
                count -= 1;
            }
            made => return made,
        }
    }
}

/// The health of the network, and what it reads.
fn inside<T: Real>(shown: &Shown<'_, T>) -> Result<Vec<String>> {
    let all = origins(shown.model, shown.frame)?;
    let count = all.len().min(MOST_SEQUENCES);
    let places: Vec<Window> = (0..count).map(|index| all[index * all.len() / count]).collect();
    let read = sequences(shown.model, shown.frame, &places)?;
    let measured = match Health::measure(shown.model, &read) {
        Ok(health) => {
            let learnt = answered_sequences(shown.model, shown.frame);
            let updates = learnt.and_then(|data| UpdateRatio::of(shown.model, &data));
            health::body(&health) + &health::updates(Some(updates))
        }
        Err(error) => paragraph(&format!("Not measured: {error}.")),
    };
    let channels = data::channels(shown.model, &read);
    let seen = series(shown.frame) + &channels;
    Ok(vec![section("Health", &measured), section("The data as the network sees them", &seen)])
}

/// The series as they came.
fn series(frame: &Frame) -> String {
    let header = ["series", "first", "last", "steps", "missing", "least", "mean", "most"];
    let mut table = Table::new(header);
    for own in &frame.series {
        let known: Vec<f64> = own.values.iter().copied().filter(|value| !value.is_nan()).collect();
        let least = known.iter().copied().fold(f64::INFINITY, f64::min);
        let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let end = own.values.len().saturating_sub(1);
        let times = [0, end].map(|step| frame.style.write(frame.time(own, step)));
        let steps = [own.values.len(), own.values.len() - known.len()].map(|n| n.to_string());
        let numbers = match known.is_empty() {
            true => ["–"; 3].map(str::to_owned),
            false => [least, mean, most].map(number),
        };
        let cells = std::iter::once(own.id.clone()).chain(times).chain(steps);
        table.row(cells.chain(numbers));
    }
    table.render()
}

/// A chart's caption with a name from data.
fn captioned(what: &str, of: &str, svg: &str, table: &Table) -> String {
    format!("<div><h3>{}</h3>{}</div>\n", name(of), figure(what, svg, table))
}
