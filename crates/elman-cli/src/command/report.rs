//! `elman report`: what a model learned, how well, and what is wrong with it, as one page.

mod series;
mod text;

use std::path::{Path, PathBuf};

use elman::data::Dataset;
use elman::io::{check_writable, write_atomically};
use elman::model::Model;
use elman::task::Task;
use elman::threads::with_threads;
use elman::train::Fold;
use elman_report::Report;

use serde::Serialize;
pub use series::{Training as ForecastTraining, of_training as of_forecast};
pub use text::{Training as TextTraining, of_training as of_text};

use super::train::files;
use super::{refuse_same_file, source};
use crate::args::TrainArgs;
use crate::args::options::blame;
use crate::args::see::ReportArgs;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;
use crate::printer::text::grouped;

#[derive(Serialize)]
struct Document<'a> {
    report: &'a Path,
    bytes: usize,
}

/// Runs `elman report`.
pub fn run(args: &ReportArgs) -> Outcome {
    let printer = Printer::new(args.talk);
    check(args)?;
    let data = args.data.iter().map(|path| ("<DATA>", path));
    let inputs: Vec<(&str, &PathBuf)> = data.chain([("<MODEL>", &args.model)]).collect();
    check_output("--output", &args.output, &inputs)?;
    let model = Model::<f32>::load(&args.model)?;
    let page = match (model.task(), model.task().forecast()) {
        (Task::Text(task), _) => text::page(args, &model, task)?,
        (_, Some(recipe)) => series::page(args, &model, recipe, printer)?,
        _ => of_sequences(args, &model)?,
    };
    write(&args.output, &page)?;
    printer.say(|_| words(&args.output, page.len()));
    if !args.talk.json {
        return Ok(());
    }
    printer.result(&Document { report: &args.output, bytes: page.len() }, |_| String::new())
}

fn of_sequences(args: &ReportArgs, model: &Model<f32>) -> Outcome<String> {
    let data = match (args.data.as_slice(), args.without_answers) {
        ([], _) => None,
        (paths, true) => Some(source::unanswered(paths, model, &args.columns)?),
        (paths, false) => {
            Some(source::answered(paths, model, &args.columns, args.target.as_ref())?)
        }
    };
    made(args, || Report { model, data: data.as_ref(), command: None, folds: &[] }.page())
}

/// The page, made on as many threads as are asked for.
fn made(args: &ReportArgs, page: impl FnOnce() -> elman::Result<String> + Send) -> Outcome<String> {
    let made = with_threads(args.threads, page);
    Ok(made.map_err(|error| blame(error, &Given::default()))??)
}

fn check(args: &ReportArgs) -> Outcome {
    if args.without_answers && args.target.is_some() {
        return Err(Failure::input(
            "--without-answers and --target",
            "at most one of them",
            "both",
        ));
    }
    if args.data.is_empty() && (args.without_answers || args.target.is_some()) {
        let option = if args.without_answers { "--without-answers" } else { "--target" };
        return Err(Failure::input(option, "data beside it", "none"));
    }
    Ok(())
}

/// Refuses a page that would be lost, or would overwrite an input, before the work begins.
fn check_output(option: &str, output: &Path, inputs: &[(&str, &PathBuf)]) -> Outcome {
    if output == Path::new("-") {
        let found = "-, which would be standard output";
        return Err(Failure::input(option, "a file for the page", found));
    }
    refuse_same_file(option, output, inputs)?;
    Ok(check_writable(output)?)
}

/// The same for the report of a training run.
pub fn check_training(args: &TrainArgs) -> Outcome {
    let Some(page) = &args.records.report else { return Ok(()) };
    let further = files(args);
    if let Some((name, _)) = further.clone().find(|(_, path)| *path == page) {
        let found = format!("{}, which is {name}", page.display());
        return Err(Failure::input("--report", "a file of its own", found));
    }
    let inputs = args.train.iter().map(|path| ("<TRAIN>", path)).chain(further);
    check_output("--report", page, &inputs.collect::<Vec<_>>())
}

/// Writes the page of a training run and says so.
fn keep(path: &Path, page: &str, printer: Printer) -> Outcome {
    write(path, page)?;
    printer.say(|_| words(path, page.len()));
    Ok(())
}

/// What the report of a training run is about: the data that it says least of itself about.
pub struct Training<'a> {
    pub model: &'a Model<f32>,
    pub data: &'a Dataset,
    pub folds: &'a [Fold],
}

/// Writes the report of a training run.
pub fn of_training(path: &Path, training: &Training<'_>, printer: Printer) -> Outcome {
    let Training { model, data, folds } = *training;
    let command = command();
    let report = Report { model, data: Some(data), command: Some(&command), folds };
    keep(path, &report.page()?, printer)
}

fn write(path: &Path, page: &str) -> Outcome {
    Ok(write_atomically(path, |file| file.write_all(page.as_bytes()))?)
}

fn words(path: &Path, bytes: usize) -> String {
    format!("the report is in {} ({} kB)", path.display(), grouped(bytes.div_ceil(1000)))
}

/// The command as it was given, to be pasted into a shell.
fn command() -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    let quoted = |argument: String| match !argument.is_empty() && argument.chars().all(plain) {
        true => argument,
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    };
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into());
    std::iter::once("elman".to_owned()).chain(arguments.map(quoted)).collect::<Vec<_>>().join(" ")
}
