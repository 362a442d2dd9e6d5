//! Dated series, and a model of them, in words.

use std::path::PathBuf;

use elman::forecast::{Frame, IntervalKind, Mode, Output, Recipe, Scale, ScaleKind, Series};
use elman::forecaster::Choice;
use serde::Serialize;

use super::MOST_NAMES;
use crate::printer::style::Style;
use crate::printer::table::Table;
use crate::printer::text::{Facts, counted, list, measure};

/// What was understood of the series.
#[derive(Serialize)]
pub struct Understood {
    path: Option<PathBuf>,
    frequency: String,
    pub season: usize,
    series: usize,
    rows: usize,
    missing: usize,
    /// The steps without a row, those of the test among them.
    filled: usize,
    first: String,
    last: String,
    /// The rows after these that the trained model is measured on.
    test_rows: usize,
    #[serde(skip)]
    names: Vec<String>,
}

impl Understood {
    /// Of the series to learn from, and all with those of the test.
    pub fn of(training: &Frame, all: Option<&Frame>, season: Option<usize>) -> Self {
        let values = training.series.iter().flat_map(|series| &series.values);
        let first = training.series.iter().map(|series| series.start).min();
        let end = |series: &Series| training.time(series, series.values.len().saturating_sub(1));
        let last = training.series.iter().map(end).max();
        let write = |time: Option<i64>| time.map_or(String::new(), |t| training.style.write(t));
        Understood {
            path: training.source.as_ref().map(|source| source.path.clone()),
            frequency: training.frequency.name(),
            season: season.unwrap_or(training.frequency.season()),
            series: training.series.len(),
            rows: rows(training),
            missing: values.filter(|value| value.is_nan()).count(),
            filled: training.series.iter().map(|series| series.filled).sum(),
            first: write(first),
            last: write(last),
            test_rows: all.map_or(0, rows).saturating_sub(rows(training)),
            names: training.series.iter().map(|series| series.id.clone()).collect(),
        }
    }

    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let names = list(&self.names, MOST_NAMES);
        facts.add("series", format!("{}: {names}", self.series));
        let span = format!("{} to {}", self.first, self.last);
        facts.add("rows", format!("{} {}, {span}", counted(self.rows, "row"), self.frequency));
        if self.missing > 0 {
            facts.add("", format!("{} missing", counted(self.missing, "value")));
        }
        if self.filled > 0 {
            facts.add("gaps", format!("{} without a row, in all", counted(self.filled, "step")));
        }
        if self.test_rows > 0 {
            facts.add("test", format!("{} after these", counted(self.test_rows, "row")));
        }
        facts.add("season", counted(self.season, "step"));
        facts
    }
}

fn rows(frame: &Frame) -> usize {
    frame.series.iter().map(|series| series.values.len()).sum()
}

/// The transform that was chosen, and those that were tried, the best first.
pub fn choice(choice: &Choice, style: Style) -> String {
    let best = &choice.best;
    let mut facts = Facts::default();
    facts.add("transform", format!("{}, {}", best.transform.name(), scaled(best.scale)));
    if choice.trials.is_empty() {
        return facts.render(style);
    }
    let held_out = counted(choice.held_out, "step");
    facts.add(
        "",
        format!("the best on the last {held_out} of the training part (MAE over naive's):"),
    );
    let mut table = Table::new(["transform", "scale", "score"]);
    for trial in &choice.trials {
        let candidate = &trial.candidate;
        let cells = [candidate.transform.name(), candidate.scale.name().to_owned()];
        table.row(cells.into_iter().chain([measure(trial.score)]));
    }
    format!("{}{}", facts.render(style), table.render(style))
}

fn scaled(scale: ScaleKind) -> &'static str {
    match scale {
        ScaleKind::Window => "over the deviation of what is read, around its mean",
        ScaleKind::Last => "over the deviation of what is read, around its last value",
        ScaleKind::Series => "over the deviation of the series, around its mean",
        ScaleKind::Shared => "over one deviation for all series, around one mean",
    }
}

/// What a model forecasts, and how.
pub fn describe(recipe: &Recipe, facts: &mut Facts) {
    let (windows, options) = (&recipe.windows, &recipe.options);
    let how = match options.mode {
        Mode::Direct => "at once",
        Mode::Recursive => "one after the other",
    };
    let (steps, name) = (counted(windows.horizon, "step"), recipe.frequency.name());
    facts
        .add("task", format!("forecast {steps} ({name}) {how}, of the {} before", windows.context));
    facts.add("season", counted(recipe.season, "step"));
    if recipe.segment > 1 {
        facts.add("segment", format!("{} side by side", counted(recipe.segment, "step")));
    }
    facts.add("transform", recipe.transform.name());
    facts.add("scale", scale(&recipe.scale));
    let frame = &options.frame;
    let columns = [("past", &frame.features), ("known", &frame.known), ("static", &frame.statics)];
    for (label, names) in columns.into_iter().filter(|(_, names)| !names.is_empty()) {
        facts.add(label, list(names, MOST_NAMES));
    }
    facts.add("says", options.output.name());
    facts.add("intervals", intervals(recipe));
    let ids: Vec<&str> = recipe.trained.iter().map(|trained| trained.id.as_str()).collect();
    facts.add("series", format!("{}: {}", ids.len(), list(&ids, MOST_NAMES)));
}

fn scale(scale: &Scale) -> String {
    match scale {
        Scale::Series(scales) => {
            format!("the deviations of {} series, around their means", scales.len())
        }
        other => scaled(other.kind()).to_owned(),
    }
}

fn intervals(recipe: &Recipe) -> String {
    let errors = recipe.errors.first().map_or(0, Vec::len);
    match recipe.options.interval_kind() {
        IntervalKind::Model if matches!(recipe.options.output, Output::Quantiles(_)) => {
            "the quantiles that the network says".to_owned()
        }
        IntervalKind::Model => "quantiles of what the network says".to_owned(),
        IntervalKind::Conformal if errors == 0 => {
            "none: the series were too short to measure errors".to_owned()
        }
        IntervalKind::Conformal => {
            format!("conformal, of {} at each step ahead", counted(errors, "past error"))
        }
    }
}
