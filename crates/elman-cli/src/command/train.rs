//! `elman train`: from a file of sequences to a model.

use std::path::{Path, PathBuf};

use elman::data::Dataset;
use elman::io::check_writable;
use elman::model::Model;
use elman::network::{Network, NetworkConfig};
use elman::task::Evaluation;
use elman::train::{
    Control, EpochRecord, Outcome as Ending, Plan, Report, Trained, Trainer, TrainingData,
};
use serde::Serialize;

use super::network_words::network_words;
use super::summary::Summary;
use super::{refuse_same_file, source, warnings};
use crate::args::TrainArgs;
use crate::args::network_options::network;
use crate::args::options::{self, blame};
use crate::args::rules::settle;
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

/// Trains.
pub fn run(mut args: TrainArgs, given: &Given) -> Outcome {
    settle(&mut args, given)?;
    let printer = Printer::new(args.talk);
    let trainer = Trainer::new(options::training(&args), network(&args.network))
        .map_err(|error| blame(error, given))?;
    let output = output(&args)?;
    let data = read(&args, given)?;
    let understood = understand(&data);
    let plan = trainer.plan::<f32>(data.for_training()).map_err(|error| blame(error, given))?;
    let built = Network::<f32>::new(plan.network.clone()).map_err(|error| blame(error, given))?;
    let parameters = built.parameters().values().len();
    printer.say(|style| describe(&understood, &plan, parameters).render(style) + "\n");
    warnings::of(&data.training, &args).iter().for_each(|line| printer.warn(line));
    interrupt::catch()?;
    let Trained { mut model, report } = fit(&trainer, &data, printer, given)?;
    source::remember(&mut model, &args)?;
    let test = measure(&mut model, data.test.as_ref());
    // The weights that training started from have learnt nothing; they would only be in the way.
    let saved = (report.best_epoch != Some(0)).then_some(output.as_path());
    if let Some(path) = saved {
        model.save(path)?;
    }
    let test = match report.outcome.error() {
        Some(_) => test.unwrap_or_default(), // divergence is what there is to say
        None => test?,
    };
    conclude(&Ended { understood, model, report, test, saved }, printer)
}

/// What a run came to.
struct Ended<'a> {
    understood: Understood,
    model: Model<f32>,
    report: Report,
    test: Option<Evaluation>,
    saved: Option<&'a Path>,
}

/// Shows what a run came to.
fn conclude(ended: &Ended<'_>, printer: Printer) -> Outcome {
    let Ended { understood, model, report, test, saved } = ended;
    printer.say(|_| ending_words(report, *saved));
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
    };
    printer.result(&document, |style| match saved {
        Some(_) => evaluation::metrics(&parts.collect::<Vec<_>>(), style),
        None => String::new(),
    })?;
    verdict(report, *saved)
}

/// The output file, known to be writable before the work begins.
fn output(args: &TrainArgs) -> Outcome<PathBuf> {
    let Some(output) = args.output.clone() else { return Ok(PathBuf::new()) };
    if output == Path::new("-") {
        let found = "-, which would be standard output";
        return Err(Failure::input("--output", "a file to save the model in", found));
    }
    let further =
        [("--validation", &args.validation), ("--test", &args.test), ("--config", &args.config)];
    let further = further.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
    let inputs = args.train.iter().map(|path| ("<TRAIN>", path)).chain(further);
    let inputs: Vec<(&str, &PathBuf)> = inputs.collect();
    refuse_same_file(("--output", &output), &inputs)?;
    check_writable(&output)?;
    Ok(output)
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

fn describe(understood: &Understood, plan: &Plan, parameters: usize) -> Facts {
    let mut facts = Facts::default();
    understood.training.describe_size("training", &mut facts);
    match &understood.validation {
        Some(summary) => summary.describe_size("validation", &mut facts),
        None if plan.validation_sequences > 0 => {
            let count = counted(plan.validation_sequences, "sequence");
            facts.add("validation", format!("{count} of these, set aside"));
        }
        None => {}
    }
    if let Some(summary) = &understood.test {
        summary.describe_size("test", &mut facts);
    }
    understood.training.describe_columns(&mut facts);
    facts.add("network", network_words(&plan.network));
    facts.add("", counted(parameters, "parameter"));
    facts
}

fn fit(trainer: &Trainer, data: &Data, printer: Printer, given: &Given) -> Outcome<Trained<f32>> {
    let mut display = Display::new(printer);
    let trained = trainer.fit_with(data.for_training(), &mut |progress| {
        display.show(progress);
        if interrupt::asked() { Control::Stop } else { Control::Continue }
    });
    display.finish();
    trained.map_err(|error| blame(error, given))
}

/// Measures the model on the test data, and notes the result in it.
fn measure(model: &mut Model<f32>, test: Option<&Dataset>) -> Outcome<Option<Evaluation>> {
    let Some(test) = test else { return Ok(None) };
    let evaluation = model.evaluate(test)?;
    let score = evaluation.score();
    let metrics = &mut model.provenance_mut().metrics;
    metrics.insert("test_loss".to_owned(), evaluation.loss());
    metrics.insert(format!("test_{}", score.name()), score.value());
    Ok(Some(evaluation))
}

fn ending(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished => "finished",
        Ending::EarlyStopped => "early-stopped",
        Ending::Stopped => "interrupted",
        Ending::Diverged { .. } => "diverged",
    }
}

/// How training ended, and where its result is.
fn ending_words(report: &Report, saved: Option<&Path>) -> String {
    let time = duration(report.elapsed);
    let epochs = counted(report.epochs.len(), "epoch");
    let how = match &report.outcome {
        Ending::Finished => format!("trained {epochs} in {time}"),
        Ending::EarlyStopped => format!("stopped early after {epochs} and {time}"),
        Ending::Stopped => format!("interrupted after {epochs} and {time}"),
        Ending::Diverged { .. } => format!("diverged after {epochs} and {time}"),
    };
    let Some(path) = saved else { return how };
    let which = match report.best_epoch {
        Some(epoch) if epoch < report.epochs.len() => format!("the model of epoch {epoch}"),
        Some(_) => "the model".to_owned(),
        None => "the model as it was then".to_owned(),
    };
    format!("{how}; {which} is in {}", path.display())
}

/// Whether the user got what was asked for.
fn verdict(report: &Report, saved: Option<&Path>) -> Outcome {
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
