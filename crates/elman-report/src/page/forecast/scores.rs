//! How good forecasts were, beside those that need no training.

use elman::Real;
use elman::forecast::Baseline;
use elman::forecaster::{Backtested, Scores};

use super::Shown;
use crate::chart::lines::{Line, LineChart};
use crate::chart::scale::Axis;
use crate::chart::{Labels, Size, legend};
use crate::html::{Table, escape, figure, paragraph, section};
use crate::text::{counted, number, percent};

/// The name of the model's own scores.
const MODEL: &str = "model";
/// A gain that is no more than chance in one of so many comparisons is called one.
const CHANCE: f64 = 0.05;
/// More series have no row of their own.
const MOST_SERIES: usize = 40;

fn optional(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), number)
}

/// The scores over all series and cut-offs.
pub fn summary<T: Real>(shown: &Shown<'_, T>) -> String {
    let Shown { measured, frame, .. } = shown;
    let (best, model) = (measured.best_baseline, &measured.scores[MODEL]);
    let floor = &measured.scores[best.name()];
    let mut html = "<ul class=\"tiles\">".to_owned();
    let mut tile = |value: String, what: &str| {
        html += &format!("<li><b>{}</b>{}</li>", escape(&value), escape(what));
    };
    tile(number(model.rmse), "RMSE");
    tile(number(floor.rmse), &format!("floor: {}", best.name()));
    tile(optional(model.mase), "MASE");
    tile(measured.windows.to_string(), "cut-offs of each series");
    tile(frame.series.len().to_string(), "series");
    html += "</ul>\n";
    if shown.has_seen {
        html += "<p class=\"advice\">The model has learnt from rows that it forecasts here: these scores \
                 are better than those of rows to come. Train with rows kept back (--test-windows), or \
                 give a table with later rows.</p>\n";
    }
    if model.rmse >= floor.rmse {
        html += &paragraph(
            "A forecast without training does as well: the model does not beat its floor.",
        );
    }
    html + &chance(measured) + &scores(measured)
}

/// Whether the difference to the floor is more than chance.
fn chance(measured: &Backtested) -> String {
    let Some(test) = measured.against_best.as_ref() else { return String::new() };
    let verdict = match (test.p_value < CHANCE, test.statistic < 0.0) {
        (true, true) => "The model is better than its floor by more than chance",
        (true, false) => "The model is worse than its floor by more than chance",
        (false, _) => "The difference to the floor may be chance",
    };
    let (cutoffs, p) = (counted(test.count, "cut-off"), number(test.p_value));
    paragraph(&format!("{verdict}: Diebold–Mariano over {cutoffs}, p {p}."))
}

fn scores(measured: &Backtested) -> String {
    let header = ["", "forecasts", "RMSE", "MAE", "MASE", "RMSSE", "sMAPE", "WAPE"];
    let mut table = Table::new(header);
    let names = std::iter::once(MODEL).chain(Baseline::ALL.map(Baseline::name));
    for (name, own) in names.filter_map(|name| Some((name, measured.scores.get(name)?))) {
        let numbers = [Some(own.rmse), Some(own.mae), own.mase, own.rmsse];
        let numbers = numbers.into_iter().chain([Some(own.smape), own.wape]).map(optional);
        let cells = [name.to_owned(), own.count.to_string()];
        table.row(cells.into_iter().chain(numbers));
    }
    table.render()
}

/// The root mean squared error at each step of the horizon.
pub fn by_step<T: Real>(shown: &Shown<'_, T>) -> String {
    let measured = &shown.measured;
    let (seasonal, best) = (Baseline::SeasonalNaive.name(), measured.best_baseline.name());
    let mut names = vec![MODEL, seasonal];
    if best != seasonal {
        names.push(best);
    }
    let steps = |name: &str| measured.by_step.get(name).map_or(&[][..], Vec::as_slice);
    let line = |name: &&str| Line {
        name: (*name).to_owned(),
        points: points(steps(name), |scores| scores.rmse),
        bands: Vec::new(),
    };
    let lines: Vec<Line> = names.iter().map(line).collect();
    let y = Axis::from_zero(lines.iter().flat_map(|line| line.points.iter().map(|p| p.1)));
    let labels = Labels { title: "Error by steps ahead", x: "steps ahead", y: "RMSE" };
    let chart = LineChart { size: Size::FULL, labels, lines: &lines, y, marks: &[], places: &[] };
    let mut table = Table::new(["steps ahead"].into_iter().chain(names.iter().copied()));
    for step in 0..steps(MODEL).len() {
        let errors = names.iter().map(|name| number(steps(name)[step].rmse));
        table.row(std::iter::once((step + 1).to_string()).chain(errors));
    }
    figure("RMSE by steps ahead", &(legend(&names) + &chart.render()), &table)
}

/// A number of each step that a value came for.
fn points(steps: &[Scores], number: impl Fn(&Scores) -> f64) -> Vec<(f64, f64)> {
    let there = steps.iter().enumerate().filter(|(_, scores)| scores.count > 0);
    there.map(|(index, scores)| ((index + 1) as f64, number(scores))).collect()
}

/// What the intervals of each level held, in all and by steps ahead.
pub fn intervals<T: Real>(shown: &Shown<'_, T>) -> String {
    let measured = &shown.measured;
    if measured.levels.is_empty() {
        return paragraph(
            "The model has no intervals: it says points, and the series were too short to measure \
             past errors.",
        );
    }
    let model = &measured.scores[MODEL];
    let mut table = Table::new(["intervals of", "held", "Winkler score"]);
    let levels = measured.levels.iter().zip(&model.coverage).zip(&model.winkler);
    for ((level, held), winkler) in levels {
        table.row([whole(*level), percent(*held), number(*winkler)]);
    }
    let text = format!(
        "Of {} that came, intervals of 80 % should hold four fifths. CRPS of these quantiles: {}.",
        counted(model.count, "value"),
        optional(model.crps)
    );
    paragraph(&text) + &table.render() + &coverage(measured)
}

fn whole(level: f64) -> String {
    format!("{:.0} %", 100.0 * level)
}

fn coverage(measured: &Backtested) -> String {
    let Some(steps) = measured.by_step.get(MODEL).filter(|steps| steps.len() > 1) else {
        return String::new();
    };
    let line = |(index, level): (usize, &f64)| Line {
        name: whole(*level),
        points: points(steps, |scores| 100.0 * scores.coverage[index]),
        bands: Vec::new(),
    };
    let lines: Vec<Line> = measured.levels.iter().enumerate().map(line).collect();
    let labels = Labels { title: "Held by steps ahead", x: "steps ahead", y: "held, in per cent" };
    let y = Axis::between(0.0, 100.0);
    let chart = LineChart { size: Size::FULL, labels, lines: &lines, y, marks: &[], places: &[] };
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let mut table = Table::new(["steps ahead"].into_iter().chain(names.iter().copied()));
    for (index, scores) in steps.iter().enumerate().filter(|(_, scores)| scores.count > 0) {
        let held = scores.coverage.iter().map(|held| percent(*held));
        table.row(std::iter::once((index + 1).to_string()).chain(held));
    }
    figure("What the intervals held, by steps ahead", &(legend(&names) + &chart.render()), &table)
}

/// The series, those where the model is worst beside the floor first.
pub fn by_series<T: Real>(shown: &Shown<'_, T>) -> Option<String> {
    let measured = &shown.measured;
    let best = measured.best_baseline.name();
    let (own, floors) = (measured.by_series.get(MODEL)?, measured.by_series.get(best)?);
    if own.len() < 2 {
        return None;
    }
    let pairs = own.iter().filter_map(|(name, scores)| Some((name, scores, floors.get(name)?)));
    let mut all: Vec<(&String, &Scores, &Scores)> = pairs.collect();
    let share = |own: &(&String, &Scores, &Scores)| own.1.rmse / own.2.rmse;
    all.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let mut table = Table::new(["series", "forecasts", "RMSE", "floor", "MAE", "floor", "MASE"]);
    for (name, model, floor) in all.iter().take(MOST_SERIES) {
        let numbers = [model.rmse, floor.rmse, model.mae, floor.mae].map(number);
        let cells = [(*name).clone(), model.count.to_string()].into_iter().chain(numbers);
        table.row(cells.chain([optional(model.mase)]));
    }
    let left = all.len().saturating_sub(MOST_SERIES);
    let text = match left {
        0 => format!("The worst beside {best}, the floor, first."),
        _ => format!("The worst beside {best}, the floor, first; {left} better ones are left out."),
    };
    Some(section("By series", &(paragraph(&text) + &table.render())))
}
