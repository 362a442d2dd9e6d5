//! `elman train`: from a file of sequences to a model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use elman::data::Dataset;
use elman::io::{Checkpoint, check_writable};
use elman::model::{MemberRecord, Model};
use elman::network::NetworkConfig;
use elman::task::Evaluation;
use elman::threads::with_threads;
use elman::train::{
    EpochRecord, Fold, Outcome as Ending, Progress, Report, Run, RunDescription, Trained, Trainer,
    TrainingData,
};
use serde::Serialize;

use super::network_words::network_words;
use super::record::Recorder;
use super::several::{self, Several};
use super::summary::Summary;
use super::{refuse_same_file, report, source, warnings};
use crate::args::TrainArgs;
use crate::args::network_options::network;
use crate::args::options::{self, blame};
use crate::args::rules::settle;
use crate::args::value::TaskKind;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::printer::progress::Display;
use crate::printer::text::{Facts, counted, duration};
use crate::printer::{Printer, evaluation};

/// The result as JSON.
#[derive(Serialize)]
struct Document<'a> {
    model: Option<&'a Path>,
    data: &'a Understood,
    network: &'a NetworkConfig,
    parameters: usize,
    settings: &'a serde_json::Value,
    ending: &'static str,
    best_epoch: Option<usize>,
    epochs: &'a [EpochRecord],
    seconds: f64,
    training: Option<&'a Evaluation>,
    validation: Option<&'a Evaluation>,
    test: Option<&'a Evaluation>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    members: &'a [MemberRecord],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    folds: Vec<&'a Evaluation>,
}

/// The data sets of a run.
struct Data {
    training: Dataset,
    validation: Option<Dataset>,
    test: Option<Dataset>,
}

impl Data {
    fn for_training(&self) -> TrainingData<'_> {
        TrainingData { training: &self.training, validation: self.validation.as_ref() }
    }
}

/// What was understood of them.
#[derive(Serialize)]
struct Understood {
    training: Summary,
    validation: Option<Summary>,
    test: Option<Summary>,
}

/// Runs `elman train`.
pub fn run(mut args: TrainArgs, given: &Given) -> Outcome {
    settle(&mut args, given)?;
    if args.task == Some(TaskKind::Text) {
        return super::text::train::run(&args, given);
    }
    if args.task == Some(TaskKind::Forecast) {
        return super::forecast::train::run(&args, given);
    }
    let printer = Printer::new(args.talk);
    let trainer = options::trainer(&args, network(&args.network, args.each()), given)?;
    let output = output(&args)?;
    report::check_training(&args)?;
    let data = read(&args, given)?;
    let understood = understand(&data);
    let mut run = start(&trainer, &data, &args).map_err(|error| blame(error, given))?;
    run.set_notes(serde_json::json!(given.settings()));
    let recorder = Recorder::new(&args.records, &run)?;
    printer.say(|style| describe(&understood, &run.description()).render(style) + "\n");
    warn(&data, &args, printer);
    interrupt::catch()?;
    let several = Several { trainer: &trainer, data: data.for_training(), printer };
    let folds = match args.trainer.folds {
        Some(count) => several.folds(count).map_err(|error| blame(error, given))?,
        None => Vec::new(),
    };
    if !folds.is_empty() && interrupt::asked() {
        let line = "training: interrupted before the folds were done; nothing was saved";
        return Err(Failure::Input(line.to_owned()));
    }
    let Trained { mut model, report } = match args.trainer.members {
        1 if args.trainer.refit.is_on() => {
            several.refit(finish(run, recorder, printer, &mut |_, _| None)?)?
        }
        1 => finish(run, recorder, printer, &mut |_, _| None)?,
        members => several.members(members).map_err(|error| blame(error, given))?,
    };
    source::remember(&mut model, &args)?;
    let test = measure(&mut model, data.test.as_ref());
    // A model with the initial weights is of no use to anybody.
    let saved = (report.best_epoch != Some(0)).then_some(output.as_path());
    if let Some(path) = saved {
        model.save(path)?;
    }
    let test = match report.outcome.error() {
        Some(_) => test.unwrap_or_default(), // divergence is what there is to say
        None => test?,
    };
    if let (Some(path), Some(_)) = (&args.records.report, saved) {
        let shown = data.test.as_ref().or(data.validation.as_ref()).unwrap_or(&data.training);
        let training = report::Training { model: &model, data: shown, folds: &folds };
        report::of_training(path, &training, printer)?;
    }
    conclude(&Ended { understood, model, report, test, folds, saved }, printer)
}

/// Says what is suspicious in the data.
fn warn(data: &Data, args: &TrainArgs, printer: Printer) {
    let mut lines = warnings::of(&data.training, args);
    for (name, part) in [("validation", &data.validation), ("test", &data.test)] {
        lines.extend(warnings::apart(&data.training, name, part.as_ref()));
    }
    lines.iter().for_each(|line| printer.warn(line));
}

/// A finished run with everything there is to show.
struct Ended<'a> {
    understood: Understood,
    model: Model<f32>,
    report: Report,
    test: Option<Evaluation>,
    folds: Vec<Fold>,
    saved: Option<&'a Path>,
}

/// Shows the result of a run.
fn conclude(ended: &Ended<'_>, printer: Printer) -> Outcome {
    let Ended { understood, model, report, test, folds, saved } = ended;
    let members = &model.provenance().members;
    printer.say(|_| ending_words(report, members.len(), *saved));
    let parts =
        [("training", &report.training), ("validation", &report.validation), ("test", test)];
    let parts = parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)));
    let document = Document {
        model: *saved,
        data: understood,
        network: model.network().config(),
        parameters: model.network().parameters().values().len(),
        settings: &model.provenance().settings,
        ending: ending(&report.outcome),
        best_epoch: report.best_epoch,
        epochs: &report.epochs,
        seconds: report.elapsed.as_secs_f64(),
        training: report.training.as_ref(),
        validation: report.validation.as_ref(),
        test: test.as_ref(),
        members,
        folds: folds.iter().map(|fold| &fold.evaluation).collect(),
    };
    printer.result(&document, |style| match saved {
        Some(_) => [
            several::table(folds, style),
            evaluation::metrics(&parts.collect::<Vec<_>>(), style),
            several::spread(members, style),
        ]
        .concat(),
        None => String::new(),
    })?;
    verdict(report, *saved)
}

/// The output file, checked to be writable before the work begins.
pub fn output(args: &TrainArgs) -> Outcome<PathBuf> {
    check_own("--log", args.records.log.as_ref(), args)?;
    check_own("--checkpoint", args.records.checkpoint.as_ref(), args)?;
    let Some(output) = args.output.clone() else { return Ok(PathBuf::new()) };
    if output == Path::new("-") {
        let found = "-, which would be standard output";
        return Err(Failure::input("--output", "a file to save the model in", found));
    }
    let further = files(args).filter(|(name, _)| *name != "--output");
    let inputs = args.train.iter().map(|path| ("<TRAIN>", path)).chain(further);
    let inputs: Vec<(&str, &PathBuf)> = inputs.collect();
    refuse_same_file("--output", &output, &inputs)?;
    check_writable(&output)?;
    Ok(output)
}

/// The files of the command line but for those that are trained on, with their options.
pub fn files(args: &TrainArgs) -> impl Iterator<Item = (&'static str, &PathBuf)> + Clone {
    let files = [
        ("--output", &args.output),
        ("--validation", &args.validation),
        ("--test", &args.test),
        ("--config", &args.config),
        ("--resume", &args.records.resume),
        ("--checkpoint", &args.records.checkpoint),
        ("--log", &args.records.log),
    ];
    files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)))
}

/// Refuses a file that is written while the training goes on and is another one, too.
fn check_own(option: &str, path: Option<&PathBuf>, args: &TrainArgs) -> Outcome {
    let Some(path) = path else { return Ok(()) };
    // A run may go on in the file that it is resumed from.
    let others = files(args).filter(|(name, _)| *name != option && *name != "--resume");
    if let Some((name, _)) = others.clone().find(|(_, other)| *other == path) {
        let found = format!("{}, which is {name}", path.display());
        return Err(Failure::input(option, "a file of its own", found));
    }
    let inputs = args.train.iter().map(|path| ("<TRAIN>", path)).chain(others);
    refuse_same_file(option, path, &inputs.collect::<Vec<_>>())
}

fn read(args: &TrainArgs, given: &Given) -> Outcome<Data> {
    let training = source::training(args, given)?;
    let further = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| source::further(path, &training, args, given)).transpose()
    };
    let (validation, test) = (further(&args.validation)?, further(&args.test)?);
    Ok(Data { training, validation, test })
}

fn understand(data: &Data) -> Understood {
    Understood {
        training: Summary::of(&data.training),
        validation: data.validation.as_ref().map(Summary::of),
        test: data.test.as_ref().map(Summary::of),
    }
}

fn describe(understood: &Understood, run: &RunDescription) -> Facts {
    let mut facts = Facts::default();
    understood.training.describe_size("training", &mut facts);
    match &understood.validation {
        Some(summary) => summary.describe_size("validation", &mut facts),
        None if run.validation_sequences > 0 => {
            let count = counted(run.validation_sequences, "sequence");
            facts.add("validation", format!("{count} of these, set aside"));
        }
        None => {}
    }
    if let Some(summary) = &understood.test {
        summary.describe_size("test", &mut facts);
    }
    understood.training.describe_columns(&mut facts);
    facts.add("network", network_words(&run.network));
    facts.add("", counted(run.parameters, "parameter"));
    facts
}

/// The run from its first update, or from where a checkpoint has it.
fn start<'a>(trainer: &Trainer, data: &'a Data, args: &TrainArgs) -> elman::Result<Run<'a>> {
    match &args.records.resume {
        Some(path) => Checkpoint::load(path)?.resume_with(trainer, data.for_training()),
        None => trainer.start(data.for_training()),
    }
}

/// Says something between two steps.
pub type Remark<'a> = dyn FnMut(&Run<'_>, &Progress) -> Option<String> + Send + 'a;

/// Trains to the end, or until the user interrupts it.
pub fn finish(
    mut run: Run<'_>,
    mut recorder: Recorder,
    printer: Printer,
    remark: &mut Remark<'_>,
) -> Outcome<Trained<f32>> {
    let mut display = Display::new(printer);
    let mut recorded = Ok(());
    let threads = run.options().threads;
    let trained = with_threads(threads, || {
        while let Some(progress) = run.step()? {
            display.show(&progress);
            if let Some(text) = remark(&run, &progress) {
                display.say(&text);
            }
            recorded = recorder.record(&run, &progress);
            if recorded.is_err() {
                break;
            }
            if interrupt::asked() && run.outcome().is_none() {
                recorded = keep(&mut recorder, &run, printer);
                run.stop();
            }
        }
        elman::Result::Ok(())
    });
    display.finish();
    trained??;
    recorded?;
    Ok(run.finish()?)
}

/// Saves an interrupted run, if it has a checkpoint.
pub fn keep(recorder: &mut Recorder, run: &Run<'_>, printer: Printer) -> Outcome {
    if let Some(path) = recorder.interrupted(run)? {
        let path = path.display();
        printer
            .say(|_| format!("the run is in {path}: elman train --resume {path} goes on with it"));
    }
    Ok(())
}

/// Measures the model on the test data, and notes the result in it.
fn measure(model: &mut Model<f32>, test: Option<&Dataset>) -> Outcome<Option<Evaluation>> {
    let Some(test) = test else { return Ok(None) };
    let evaluation = model.evaluate(test)?;
    let note = |evaluation: &Evaluation, metrics: &mut BTreeMap<String, f64>| {
        let score = evaluation.score();
        metrics.insert("test_loss".to_owned(), evaluation.loss());
        metrics.insert(format!("test_{}", score.name()), score.value());
    };
    let members = model.evaluate_members(test)?;
    let provenance = model.provenance_mut();
    note(&evaluation, &mut provenance.metrics);
    for (member, record) in members.iter().zip(&mut provenance.members) {
        note(member, &mut record.metrics);
    }
    Ok(Some(evaluation))
}

pub fn ending(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished => "finished",
        Ending::EarlyStopped => "early-stopped",
        Ending::TargetReached => "target-reached",
        Ending::TimeUp => "time-up",
        Ending::Stopped => "interrupted",
        Ending::Diverged { .. } => "diverged",
    }
}

/// How training ended, and where its result is.
pub fn ending_words(report: &Report, members: usize, saved: Option<&Path>) -> String {
    let time = duration(report.elapsed);
    let epochs = match members {
        0 => counted(report.epochs.len(), "epoch"),
        _ => counted(members, "member"),
    };
    let how = match &report.outcome {
        Ending::Finished => format!("trained {epochs} in {time}"),
        Ending::EarlyStopped => format!("stopped early after {epochs} and {time}"),
        Ending::TargetReached => format!("reached the target after {epochs} and {time}"),
        Ending::TimeUp => format!("out of time after {epochs} and {time}"),
        Ending::Stopped => format!("interrupted after {epochs} and {time}"),
        Ending::Diverged { .. } => format!("diverged after {epochs} and {time}"),
    };
    let Some(path) = saved else { return how };
    let which = match report.best_epoch {
        _ if members > 0 => "their model".to_owned(),
        Some(epoch) if epoch < report.epochs.len() => format!("the model of epoch {epoch}"),
        Some(_) => "the model".to_owned(),
        None => "the model as it was then".to_owned(),
    };
    format!("{how}; {which} is in {}", path.display())
}

/// Success, or why there is no usable model.
pub fn verdict(report: &Report, saved: Option<&Path>) -> Outcome {
    match (report.outcome.error(), saved) {
        (Some(error), Some(path)) => {
            let epoch = report.best_epoch.unwrap_or(0);
            let kept = format!("the model of epoch {epoch} is in {}", path.display());
            Err(Failure::Input(format!("{error}; {kept}")))
        }
        (Some(error), None) => Err(Failure::Input(format!("{error}; nothing was saved"))),
        (None, None) => {
            let line = "training: expected at least one step before it was interrupted, got none; \
                        nothing was saved";
            Err(Failure::Input(line.to_owned()))
        }
        (None, Some(_)) => Ok(()),
    }
}
