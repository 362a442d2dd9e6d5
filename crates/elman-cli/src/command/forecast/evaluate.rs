//! `elman evaluate --backtest`: a model's forecasts from past cut-offs, beside what came.

use std::path::Path;

use elman::forecast::{Backtest, Frame, Recipe};
use elman::forecaster::{BacktestOf, Backtested, Retraining, backtest_by};
use elman::io::write_atomically;
use elman::model::Model;
use elman::threads::with_threads;
use serde::Serialize;

use super::rows::{Rows, model_columns, model_values};
use super::{blame_level, check_output, column_name, levels, options_for, recipe};
use crate::args::EvaluateArgs;
use crate::args::forecast::BacktestArgs;
use crate::args::options::blame;
use crate::args::value::Levels;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::{Printer, forecast};

#[derive(Serialize)]
struct Document<'a> {
    model: &'a Path,
    season: usize,
    trained: Retraining,
    #[serde(flatten)]
    measured: &'a Backtested,
}

/// Runs `elman evaluate` on series.
pub fn run(args: &EvaluateArgs, model: &Model<f32>) -> Outcome {
    if !args.backtest.backtest {
        let found = "none: a forecast is measured at past cut-offs";
        return Err(Failure::input("--backtest", "this option with a model that forecasts", found));
    }
    let printer = Printer::new(args.talk);
    if let Some(output) = &args.backtest.output {
        check_output(output, &args.model, &args.data)?;
    }
    let (recipe, name) = (recipe(model, &args.model)?, column_name(&args.model)?);
    let options = options_for(recipe, &args.columns, args.target.as_ref());
    let frame = Frame::read(&args.data, &options)?;
    super::warn_of_unseen(&frame, recipe, printer);
    let levels = levels(model, args.backtest.levels.as_ref(), printer);
    let shares = levels.shares();
    let of = BacktestOf { frame: &frame, plan: plan(recipe, &args.backtest)?, levels: &shares };
    let training = training(of, model, &args.backtest)?;
    say(printer, training, of);
    let made = with_threads(args.threads, || backtest_by(model, of, training));
    let measured = made.map_err(|error| blame(error, &Given::default()))?;
    let measured = measured.map_err(|error| blame_level(error, "--levels"))?;
    if let Some(output) = &args.backtest.output {
        let text = cross_validation(&name, &frame, &measured, &levels)?;
        write_atomically(output, |file| file.write_all(text.as_bytes()))?;
    }
    let season = recipe.season;
    let document = Document { model: &args.model, season, trained: training, measured: &measured };
    printer.result(&document, |style| forecast::backtest(&name, &measured, style))
}

fn plan(recipe: &Recipe, args: &BacktestArgs) -> Outcome<Backtest> {
    let (windows, step) = (args.windows.unwrap_or(1), args.step.unwrap_or(1));
    match [("--windows", windows), ("--step", step)].into_iter().find(|(_, count)| *count == 0) {
        Some((option, _)) => Err(Failure::input(option, "at least 1", 0)),
        None => Ok(Backtest { horizon: recipe.windows.horizon, windows, step }),
    }
}

/// What has to be trained so that no model has seen what it forecasts.
fn training(of: BacktestOf<'_>, model: &Model<f32>, args: &BacktestArgs) -> Outcome<Retraining> {
    let needed = Retraining::needed(model, of)?;
    Ok(if args.refit.is_on() { Retraining::AtEach } else { needed })
}

fn say(printer: Printer, training: Retraining, of: BacktestOf<'_>) {
    printer.say(|_| match training {
        Retraining::AsGiven => {
            "the model as it is: it has seen no row after the first cut-off".to_owned()
        }
        Retraining::BeforeTheFirst => {
            "trained once more, on the rows before the first cut-off: the model has seen later ones"
                .to_owned()
        }
        Retraining::AtEach => format!("trained anew at each of {} cut-offs", of.plan.windows),
    });
}

/// The rows in the columns of neuralforecast's `cross_validation`.
fn cross_validation(
    model: &str,
    frame: &Frame,
    measured: &Backtested,
    levels: &Levels,
) -> Outcome<String> {
    let keys = ["unique_id", "ds", "cutoff"].map(str::to_owned).to_vec();
    let header = [keys, model_columns(model, levels), vec!["y".to_owned()]].concat();
    let mut rows = Rows::new(&header)?;
    let mut all: Vec<_> = measured.rows.iter().collect();
    all.sort_by(|a, b| (&a.series, a.cutoff, a.time).cmp(&(&b.series, b.cutoff, b.time)));
    for row in all {
        let times = [row.time, row.cutoff].map(|time| frame.style.write(time));
        let keys = [vec![row.series.clone()], times.to_vec()].concat();
        let mut numbers = model_values(row.forecast, &row.intervals);
        numbers.push(row.actual);
        let numbers = numbers.iter().map(|number| match number.is_nan() {
            true => String::new(),
            false => number.to_string(),
        });
        rows.push(&[keys, numbers.collect()].concat())?;
    }
    rows.into_text()
}

/// Refuses what is about back-tests for a model that does not forecast.
pub fn refuse(args: &BacktestArgs) -> Outcome {
    super::refuse(&[
        ("--backtest", args.backtest),
        ("--windows", args.windows.is_some()),
        ("--step", args.step.is_some()),
        ("--refit", args.refit.is_on()),
        ("--levels", args.levels.is_some()),
        ("--output", args.output.is_some()),
    ])
}
