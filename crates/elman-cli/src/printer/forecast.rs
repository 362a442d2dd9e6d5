//! Tables of how good forecasts are, each beside those that need no training.

use elman::forecast::Baseline;
use elman::forecaster::{Backtested, Scores};

use super::style::Style;
use super::table::Table;
use super::text::{counted, grouped, measure};

/// The name of the model's own scores.
const MODEL: &str = "model";
/// At most so many steps ahead have a row.
const MOST_STEPS: usize = 14;
/// At most so many series have a row.
const MOST_SERIES: usize = 20;
/// A gain that is no more than chance in one of so many comparisons is called one.
const CHANCE: f64 = 0.05;
/// A smaller probability is said to be below this one.
const LEAST: f64 = 1e-4;

/// Everything that was measured of the model of this name.
pub fn backtest(name: &str, measured: &Backtested, style: Style) -> String {
    let mut parts = vec![scores(name, measured, style), intervals(measured, style)];
    if measured.by_step.get(MODEL).is_some_and(|steps| steps.len() > 1) {
        parts.push(by_step(measured, style));
    }
    if measured.by_series.get(MODEL).is_some_and(|series| series.len() > 1) {
        parts.push(by_series(measured, style));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The scores over all series and cut-offs, the model's first.
pub fn scores(name: &str, measured: &Backtested, style: Style) -> String {
    let header = ["", "forecasts", "RMSE", "MAE", "MASE", "RMSSE", "sMAPE", "WAPE"];
    let mut table = Table::new(header);
    let names = std::iter::once((name, MODEL));
    let names = names.chain(Baseline::ALL.map(|baseline| (baseline.name(), baseline.name())));
    for (label, key) in names {
        if let Some(scores) = measured.scores.get(key) {
            table.row(score_row(label, scores));
        }
    }
    let lines = [floor(measured), chance(measured)].into_iter().flatten();
    let lines: Vec<String> = lines.map(|line| style.dim(&line).to_string() + "\n").collect();
    table.render(style) + &lines.concat()
}

fn score_row(label: &str, scores: &Scores) -> Vec<String> {
    let numbers = [Some(scores.rmse), Some(scores.mae), scores.mase, scores.rmsse];
    let numbers = numbers.into_iter().chain([Some(scores.smape), scores.wape]).map(number);
    [label.to_owned(), grouped(scores.count)].into_iter().chain(numbers).collect()
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), measure)
}

/// Which of the forecasts without training is the floor, and by how much it is beaten.
fn floor(measured: &Backtested) -> Option<String> {
    let (model, floor) = (measured.scores.get(MODEL)?, measured.best_baseline);
    let gain = 100.0 * (1.0 - model.rmse / measured.scores.get(floor.name())?.rmse);
    let name = floor.name();
    Some(match gain >= 0.0 {
        _ if !gain.is_finite() => format!("floor: {name}, the best forecast without training"),
        true => format!("floor: {name}; the model's RMSE is {gain:.1} % below it"),
        false => format!("floor: {name}; the model's RMSE is {:.1} % above it", -gain),
    })
}

/// Whether the difference is more than chance.
fn chance(measured: &Backtested) -> Option<String> {
    let test = measured.against_best.as_ref()?;
    let cutoffs = counted(test.count, "cut-off");
    let p = match test.p_value < LEAST {
        true => format!("below {LEAST}"),
        false => measure(test.p_value),
    };
    let verdict = match (test.p_value < CHANCE, test.statistic < 0.0) {
        (true, true) => "the model is better by more than chance",
        (true, false) => "the model is worse by more than chance",
        (false, _) => "the difference may be chance",
    };
    Some(format!("{verdict}: Diebold–Mariano over {cutoffs}, p {p}"))
}

/// The levels, each with what the intervals held.
fn intervals(measured: &Backtested, style: Style) -> String {
    let Some(model) = measured.scores.get(MODEL) else { return String::new() };
    if measured.levels.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["intervals of", "held", "Winkler"]);
    for ((level, held), winkler) in measured.levels.iter().zip(&model.coverage).zip(&model.winkler)
    {
        table.row([percent(*level), percent(*held), measure(*winkler)]);
    }
    let line = match (model.quantile_loss, model.crps) {
        (Some(loss), Some(crps)) => {
            let (loss, crps) = (measure(loss), measure(crps));
            style.dim(&format!("pinball loss {loss}; CRPS {crps}, of these quantiles")) + "\n"
        }
        _ => String::new(),
    };
    table.render(style) + &line
}

/// A share in percent with one decimal, if it has one.
fn percent(share: f64) -> String {
    format!("{} %", (1000.0 * share).round() / 10.0)
}

/// The scores by steps ahead, beside those of the floor; of many steps some.
fn by_step(measured: &Backtested, style: Style) -> String {
    let all = |name| measured.by_step.get(name).map_or(&[][..], Vec::as_slice);
    let (model, floor) = (all(MODEL), all(measured.best_baseline.name()));
    let levels = measured.levels.iter().map(|level| format!("in {}", percent(*level)));
    let header = ["steps ahead", "RMSE", "floor", "MAE", "floor"].map(str::to_owned);
    let mut table = Table::new(header.into_iter().chain(levels));
    for (index, (model, floor)) in model.iter().zip(floor).enumerate() {
        let step = index + 1;
        if is_shown(step, all(MODEL).len()) {
            let numbers = [model.rmse, floor.rmse, model.mae, floor.mae].map(measure);
            let held = model.coverage.iter().map(|held| percent(*held));
            table.row([step.to_string()].into_iter().chain(numbers).chain(held));
        }
    }
    table.render(style)
}

/// All of a few steps; of many the first three, and then each that is about half as much again.
fn is_shown(step: usize, steps: usize) -> bool {
    let mut shown = 1;
    while steps > MOST_STEPS && shown < step {
        shown += (shown / 2).max(1);
    }
    shown == step || step == steps || steps <= MOST_STEPS
}

/// The scores by series beside those of the floor, the worst for the model first.
fn by_series(measured: &Backtested, style: Style) -> String {
    let floor = measured.best_baseline.name();
    let own = measured.by_series.get(MODEL).into_iter().flatten();
    let floors = measured.by_series.get(floor);
    let pair = |(name, scores)| Some((name, scores, floors?.get(name)?));
    let mut all: Vec<(&String, &Scores, &Scores)> = own.filter_map(pair).collect();
    let share = |model: &Scores, floor: &Scores| model.rmse / floor.rmse;
    all.sort_by(|a, b| share(b.1, b.2).total_cmp(&share(a.1, a.2)));
    let mut table = Table::new(["series", "forecasts", "RMSE", "floor", "MAE", "floor", "MASE"]);
    for (name, model, floor) in all.iter().take(MOST_SERIES) {
        let numbers = [model.rmse, floor.rmse, model.mae, floor.mae].map(measure);
        let cells = [(*name).clone(), grouped(model.count)].into_iter().chain(numbers);
        table.row(cells.chain([number(model.mase)]));
    }
    let rest = all.len().saturating_sub(MOST_SERIES);
    let line = match rest {
        0 => String::new(),
        _ => style.dim(&format!("and {}, further below the floor", counted(rest, "other"))) + "\n",
    };
    table.render(style) + &line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_steps_some_are_shown() {
        let shown = |steps| (1..=steps).filter(|step| is_shown(*step, steps)).collect::<Vec<_>>();
        assert_eq!(shown(3), [1, 2, 3]);
        assert_eq!(shown(24), [1, 2, 3, 4, 6, 9, 13, 19, 24]);
        assert_eq!(shown(96).len(), 13);
    }
}
