//! `elman evaluate --backtest`: a model's forecasts from past cut-offs, beside what came.

use std::path::Path;

use elman::forecast::{Backtest, Frame, Recipe};
use elman::forecaster::{BacktestOf, Backtested, backtest, backtest_again, prepare};
use elman::io::write_atomically;
use elman::model::Model;
use elman::threads::with_threads;
use elman::train::{Control, Trained, Trainer};
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
    trained: Training,
    #[serde(flatten)]
    measured: &'a Backtested,
}

/// Which model forecasts from the cut-offs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Training {
    /// The one that was given, which has seen nothing after the first of them.
    AsGiven,
    /// One that was trained as it was, on what comes before the first.
    BeforeTheFirst,
    /// One for each, on what comes before it.
    AtEach,
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
    let levels = levels(model, args.backtest.levels.as_ref());
    let shares = levels.shares();
    let of = BacktestOf { frame: &frame, plan: plan(recipe, &args.backtest)?, levels: &shares };
    let training = training(of, recipe, &args.backtest)?;
    say(printer, training, of);
    let made = with_threads(args.threads, || measured(model, of, training));
    let measured = made.map_err(|error| blame(error, &Given::default()))??;
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
fn training(of: BacktestOf<'_>, recipe: &Recipe, args: &BacktestArgs) -> Outcome<Training> {
    let BacktestOf { frame, plan, .. } = of;
    let mut has_seen = false;
    for series in &frame.series {
        let origins = plan.origins(series.values.len()).map_err(|_| {
            let name = format!("series {:?}", series.id);
            let expected =
                format!("more than {} steps, which the back-test takes", plan.held_out());
            Failure::input(name, expected, series.values.len())
        })?;
        let trained = recipe.trained.iter().find(|trained| trained.id == series.id);
        let cutoff = origins.first().map(|origin| frame.time(series, origin - 1));
        has_seen |= trained.zip(cutoff).is_some_and(|(trained, cutoff)| trained.last > cutoff);
    }
    Ok(match args.refit.is_on() {
        true => Training::AtEach,
        false if has_seen => Training::BeforeTheFirst,
        false => Training::AsGiven,
    })
}

fn say(printer: Printer, training: Training, of: BacktestOf<'_>) {
    printer.say(|_| match training {
        Training::AsGiven => {
            "the model as it is: it has seen no row after the first cut-off".to_owned()
        }
        Training::BeforeTheFirst => {
            "trained once more, on the rows before the first cut-off: the model has seen later ones"
                .to_owned()
        }
        Training::AtEach => format!("trained anew at each of {} cut-offs", of.plan.windows),
    });
}

fn measured(model: &Model<f32>, of: BacktestOf<'_>, training: Training) -> Outcome<Backtested> {
    let BacktestOf { frame, plan, levels } = of;
    let blamed = |error| blame_level(error, "--levels");
    match training {
        Training::AsGiven => backtest(model, frame, plan, levels).map_err(blamed),
        Training::BeforeTheFirst => {
            let model = again(model, &frame.before(plan.held_out()))?;
            backtest(&model, frame, plan, levels).map_err(blamed)
        }
        Training::AtEach => {
            let members = model.members().len();
            if members > 1 {
                let found = format!("{members}, which answer together");
                return Err(Failure::input("--refit", "a model of one network", found));
            }
            let Some(recipe) = model.task().forecast() else { return Err(no_recipe()) };
            backtest_again(of, &recipe.options, &trainer(model)?).map_err(blamed)
        }
    }
}

/// A model that is trained on other rows as this one was.
fn again(model: &Model<f32>, frame: &Frame) -> Outcome<Model<f32>> {
    let Some(recipe) = model.task().forecast() else { return Err(no_recipe()) };
    let trainer = trainer(model)?;
    let prepared = prepare(frame, &recipe.options, &trainer, &mut |_| Control::Continue)?;
    let Some(prepared) = prepared else { return Err(no_recipe()) };
    let (trainer, data) = (prepared.trainer(), prepared.data());
    let trained = match model.members().len() {
        0 | 1 => {
            let Trained { model, report } = trainer.fit(data)?;
            report.outcome.error().map_or(Ok(model), Err)?
        }
        members => trainer.fit_members(members, data, &|_, _| Control::Continue)?.model,
    };
    Ok(prepared.into_model(trained)?)
}

fn no_recipe() -> Failure {
    Failure::Fault("a model that forecasts has lost its recipe".to_owned())
}

/// What trained a model, from the settings that it keeps.
fn trainer(model: &Model<f32>) -> Outcome<Trainer> {
    let settings = &model.provenance().settings;
    let unusable = |what: &str| {
        let found = format!("no {what} that this version could read");
        Failure::input("<MODEL>", "a model with its settings, to train it again", found)
    };
    let training = serde_json::from_value(settings["training"].clone());
    let network = serde_json::from_value(settings["network"].clone());
    let training = training.map_err(|_| unusable("training options"))?;
    Ok(Trainer::new(training, network.map_err(|_| unusable("network options"))?)?)
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
