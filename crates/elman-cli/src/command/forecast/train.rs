//! `elman train --task forecast`: from dated tables to a model that goes on with their series.

use std::path::Path;

use elman::forecast::{ForecastOptions, Frame, IntervalKind, Recipe};
use elman::forecaster::{Backtested, Choice, Prepared, backtest, prepare};
use elman::io::Checkpoint;
use elman::model::{MemberRecord, Model};
use elman::network::NetworkConfig;
use elman::threads::with_threads;
use elman::train::{Control, EpochRecord, Report, Run, Trained, Trainer};
use elman_report::ShownSeries;
use serde::Serialize;

use super::data::Data;
use super::facts::{Understood, choice};
use super::options::{blame, forecast_options};
use super::{remember_choice, remember_levels};
use crate::args::TrainArgs;
use crate::args::network_options::network;
use crate::args::options;
use crate::args::value::EachChoice;
use crate::command::network_words::network_words;
use crate::command::record::Recorder;
use crate::command::report::{self, ForecastTraining};
use crate::command::several::Several;
use crate::command::train::{ending, ending_words, finish, output, verdict};
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::printer::text::{Facts, counted, list};
use crate::printer::{Printer, forecast};

/// What is said before the longest silence.
const CHOOSING: &str = "choosing what is done to the values, by forecasts of their end …";

/// The result as JSON.
#[derive(Serialize)]
struct Document<'a> {
    model: Option<&'a Path>,
    data: &'a Understood,
    forecast: &'a Recipe,
    choice: &'a Choice,
    windows: usize,
    network: &'a NetworkConfig,
    parameters: usize,
    settings: &'a serde_json::Value,
    ending: &'static str,
    best_epoch: Option<usize>,
    epochs: &'a [EpochRecord],
    seconds: f64,
    /// The end of the training part, forecast by a network that had not seen it.
    held_out: Option<&'a Backtested>,
    test: Option<&'a Backtested>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    members: &'a [MemberRecord],
}

/// Runs `elman train` on dated series.
pub fn run(args: &TrainArgs, given: &Given) -> Outcome {
    let printer = Printer::new(args.talk);
    let body = network(&args.network, EachChoice::Sequence);
    let trainer = options::trainer(args, body, given)?;
    let output = output(args)?;
    let options = forecast_options(args)?;
    options.check().map_err(|error| blame(error, given))?;
    report::check_training(args)?;
    let mut data = Data::read(args, &options)?;
    data.check_lengths(&options, args, given)?;
    let all = data.test.as_ref().map(|(all, _)| all);
    let understood = Understood::of(&data.training, all, options.season);
    printer.say(|style| understood.facts().render(style));
    interrupt::catch()?;
    if options.transform.is_none() || options.scale.is_none() {
        printer.say(|_| CHOOSING.to_owned());
    }
    let prepared = prepared(&data.training, &options, &trainer, given)?;
    warn_of_short(&prepared, &data.training, printer);
    printer.say(|style| choice(&prepared.choice, style));
    let Trained { model, report } = trained(&prepared, args, given)?;
    let mut model = prepared.into_model(model)?;
    remember_levels(&mut model, &args.forecast.levels);
    remember_choice(&mut model, &prepared.choice);
    remember_validation(&mut model, &trainer);
    remember_path(&mut model, &data.training);
    let test = measure(&mut model, &data, args);
    let test = match report.outcome.error() {
        Some(_) => test.unwrap_or_default(), // divergence is what there is to say
        None => test?,
    };
    // A model with the initial weights is of no use to anybody.
    let saved = (report.best_epoch != Some(0)).then_some(output.as_path());
    if let Some(path) = saved {
        model.save(path)?;
        draw(args, &model, &data, &prepared.choice)?;
    }
    conclude(&Ended { understood, prepared, model, report, test, saved }, printer)
}

/// Chooses what is done to the values, unless the user stops it.
fn prepared(
    frame: &Frame,
    options: &ForecastOptions,
    trainer: &Trainer,
    given: &Given,
) -> Outcome<Prepared> {
    let threads = trainer.options().threads;
    let prepared = with_threads(threads, || {
        prepare(frame, options, trainer, &mut |_| match interrupt::asked() {
            true => Control::Stop,
            false => Control::Continue,
        })
    });
    let prepared = prepared.and_then(|prepared| prepared).map_err(|error| blame(error, given))?;
    prepared.ok_or_else(|| {
        let line = "training: expected at least one step before it was interrupted, got none; \
                    nothing was saved";
        Failure::Input(line.to_owned())
    })
}

/// Says which series are too short for the differences that were chosen.
fn warn_of_short(prepared: &Prepared, frame: &Frame, printer: Printer) {
    let least = prepared.recipe.reads() + prepared.recipe.windows.horizon;
    let short = frame.series.iter().filter(|series| series.values.len() < least);
    let ids: Vec<&str> = short.map(|series| series.id.as_str()).collect();
    if !ids.is_empty() {
        let names = list(&ids, super::MOST_NAMES);
        printer.warn(&format!("nothing is learnt of series with less than {least} steps: {names}"));
    }
}

/// Trains on the windows, as one network or several.
fn trained(prepared: &Prepared, args: &TrainArgs, given: &Given) -> Outcome<Trained<f32>> {
    let printer = Printer::new(args.talk);
    let (trainer, data) = (prepared.trainer(), prepared.data());
    let mut run = match &args.records.resume {
        Some(path) => Checkpoint::load(path)?.resume_with(trainer, data),
        None => trainer.start(data),
    }
    .map_err(|error| blame(error, given))?;
    run.set_notes(serde_json::json!(given.settings()));
    let recorder = Recorder::new(&args.records, &run)?;
    printer.say(|style| describe(prepared, &run).render(style) + "\n");
    match args.trainer.members {
        1 => finish(run, recorder, printer, &mut |_, _| None),
        members => {
            let several = Several { trainer, data, printer };
            several.members(members).map_err(|error| blame(error, given))
        }
    }
}

fn describe(prepared: &Prepared, run: &Run<'_>) -> Facts {
    let (mut facts, description) = (Facts::default(), run.description());
    let windows = &prepared.recipe.windows;
    let words = format!("{} of {} read", counted(prepared.windows, "window"), windows.context);
    facts.add("windows", format!("{words}, {} forecast", counted(windows.horizon, "step")));
    if description.validation_sequences > 0 {
        let count = counted(description.validation_sequences, "window");
        facts.add("validation", format!("{count} after these"));
    }
    facts.add("network", network_words(&description.network));
    facts.add("", counted(description.parameters, "parameter"));
    facts
}

/// The validation was made of the series before the run, whose settings have none.
fn remember_validation(model: &mut Model<f32>, trainer: &Trainer) {
    let fraction = trainer.options().validation_fraction;
    let settings = &mut model.provenance_mut().settings;
    if let Some(training) = settings.get_mut("training").filter(|own| own.is_object()) {
        training["validation_fraction"] = serde_json::json!(fraction);
    }
}

/// The digest is that of the windows: rows that are kept for a test shall change no byte of the model.
fn remember_path(model: &mut Model<f32>, frame: &Frame) {
    let provenance = model.provenance_mut();
    let parts = [&mut provenance.training_data, &mut provenance.validation_data];
    for digest in parts.into_iter().flatten() {
        digest.path = frame.source.as_ref().map(|source| source.path.clone());
    }
}

/// Measures the model on the rows that were kept from training, and notes the result in it.
fn measure(model: &mut Model<f32>, data: &Data, args: &TrainArgs) -> Outcome<Option<Backtested>> {
    let Some((frame, plan)) = &data.test else { return Ok(None) };
    let recipe = model.task().forecast();
    let has_intervals = recipe.is_none_or(|recipe| {
        recipe.options.interval_kind() == IntervalKind::Model || !recipe.errors.is_empty()
    });
    let levels = if has_intervals { args.forecast.levels.shares() } else { Vec::new() };
    let test = with_threads(args.trainer.threads, || backtest(model, frame, *plan, &levels))??;
    if let Some(scores) = test.scores.get("model") {
        let metrics = &mut model.provenance_mut().metrics;
        metrics.insert("test_rmse".to_owned(), scores.rmse);
        metrics.insert("test_mae".to_owned(), scores.mae);
    }
    Ok(Some(test))
}

/// Writes the report: of the rows that were kept from training, or of all there are.
fn draw(args: &TrainArgs, model: &Model<f32>, data: &Data, choice: &Choice) -> Outcome {
    let Some(path) = &args.records.report else { return Ok(()) };
    let series = match &data.test {
        Some((frame, plan)) => ShownSeries { frame, plan: Some(*plan) },
        None => ShownSeries { frame: &data.training, plan: None },
    };
    let training = ForecastTraining { model, series, choice, threads: args.trainer.threads };
    report::of_forecast(path, &training, Printer::new(args.talk))
}

/// A finished run with everything there is to show.
struct Ended<'a> {
    understood: Understood,
    prepared: Prepared,
    model: Model<f32>,
    report: Report,
    test: Option<Backtested>,
    saved: Option<&'a Path>,
}

fn conclude(ended: &Ended<'_>, printer: Printer) -> Outcome {
    let Ended { understood, prepared, model, report, test, saved } = ended;
    let members = &model.provenance().members;
    printer.say(|_| ending_words(report, members.len(), *saved));
    let document = Document {
        model: *saved,
        data: understood,
        forecast: &prepared.recipe,
        choice: &prepared.choice,
        windows: prepared.windows,
        network: model.network().config(),
        parameters: model.network().parameters().values().len(),
        settings: &model.provenance().settings,
        ending: ending(&report.outcome),
        best_epoch: report.best_epoch,
        epochs: &report.epochs,
        seconds: report.elapsed.as_secs_f64(),
        held_out: prepared.held_out.as_ref(),
        test: test.as_ref(),
        members,
    };
    printer.result(&document, |style| {
        let mut text = String::new();
        if let Some(held_out) = &prepared.held_out {
            let steps = counted(prepared.choice.held_out, "step");
            let title = format!(
                "the last {steps} of the training part, by a network that had not seen them"
            );
            text += &format!("{title}\n{}", forecast::scores("model", held_out, style));
        }
        if let Some(test) = test {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}test\n{}", forecast::backtest("model", test, style));
        }
        if saved.is_some() { text } else { String::new() }
    })?;
    verdict(report, *saved)
}
