//! What is asked of sequences, of dated series, and of text.

use elman::error::{Error, nearest};
use elman::forecast::{Frame, Recipe, Window};
use elman::forecaster;
use elman::model::Model;
use elman::see::{Explanation, Question};
use elman::task::{Task, TextTask};
use elman::threads::with_threads;

use crate::args::options::blame;
use crate::args::see::ExplainArgs;
use crate::command::forecast::{options_for, warn_of_unseen};
use crate::command::source;
use crate::command::text::{lines, refuse_columns};
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;

/// Answers the question of the arguments.
pub fn explained(args: &ExplainArgs, model: &Model<f32>) -> Outcome<Explanation> {
    if args.step == Some(0) {
        return Err(Failure::input("--step", "a step of the sequence, from 1", 0));
    }
    let recipe = model.task().forecast();
    if let (Some(_), None) = (&args.cutoff, recipe) {
        return Err(Failure::input("--cutoff", "a model trained with --task forecast", "another"));
    }
    match (model.task(), recipe) {
        (Task::Text(task), _) => of_text(args, model, task),
        (_, Some(recipe)) => of_series(args, model, recipe),
        _ => of_sequences(args, model),
    }
}

/// What is wrong with the question, under the name of its option.
fn by_option(error: Error, args: &ExplainArgs) -> Failure {
    let Error::Argument { name, expected, found, .. } = &error else { return error.into() };
    match (name.as_str(), args.step) {
        ("sequence", _) => Failure::input("--sequence", expected, found),
        ("output", _) => Failure::input("--class", expected, found),
        ("step", Some(step)) if expected.starts_with("below") => {
            Failure::input("--step", "a step of the sequence, from 1", step)
        }
        ("step", Some(step)) => Failure::input("--step", expected, step),
        _ => error.into(),
    }
}

/// Runs it on as many threads as are asked for.
fn within(
    args: &ExplainArgs,
    explained: impl FnOnce() -> elman::Result<Explanation> + Send,
) -> Outcome<Explanation> {
    let explained = with_threads(args.threads, explained);
    let explained = explained.map_err(|error| blame(error, &Given::default()))?;
    explained.map_err(|error| by_option(error, args))
}

fn of_sequences(args: &ExplainArgs, model: &Model<f32>) -> Outcome<Explanation> {
    let data = source::unanswered(&args.data, model, &args.columns.saved())?;
    let step = args.step.map(|step| step - 1);
    let question = Question { sequence: &args.sequence, output: args.class.as_deref(), step };
    within(args, || Explanation::of(model, &data, question))
}

/// A step of the horizon, of the forecast from one place of a series.
fn of_series(args: &ExplainArgs, model: &Model<f32>, recipe: &Recipe) -> Outcome<Explanation> {
    let frame = Frame::read(&args.data, &options_for(recipe, &args.columns.saved(), None))?;
    warn_of_unseen(&frame, recipe, Printer::new(args.talk));
    let output = match (args.step, &args.class) {
        (Some(_), Some(_)) => {
            return Err(Failure::input("--step and --class", "at most one of them", "both"));
        }
        (Some(step), None) if step > recipe.options.answers() => {
            let expected = match recipe.options.answers() {
                1 => "1, the one that the network answers".to_owned(),
                count => format!("a step of the horizon, 1 to {count}"),
            };
            return Err(Failure::input("--step", expected, step));
        }
        (step, None) => format!("step {}", step.unwrap_or(1)),
        (None, Some(class)) => class.clone(),
    };
    let place = place(args, model, &frame)?;
    let data = forecaster::sequences(model, &frame, &[place])?;
    let sequence = data.ids()[0].clone();
    let question = Question { sequence: &sequence, output: Some(&output), step: None };
    within(args, || Explanation::of(model, &data, question))
}

/// The place of a series that is asked about.
fn place(args: &ExplainArgs, model: &Model<f32>, frame: &Frame) -> Outcome<Window> {
    let ids = || frame.series.iter().map(|series| series.id.as_str());
    let Some(index) = ids().position(|id| id == args.sequence) else {
        let near = nearest(&args.sequence, ids());
        let near = near.map_or(String::new(), |near| format!(" (nearest: {near:?})"));
        let expected = format!("the id of a series in the data{near}");
        return Err(Failure::input("--sequence", expected, format!("{:?}", args.sequence)));
    };
    let series = &frame.series[index];
    let places = forecaster::origins(model, frame)?;
    let mut own = places.into_iter().filter(|place| place.series == index);
    let last = |place: &Window| frame.style.write(frame.time(series, place.origin - 1));
    let asked = match &args.cutoff {
        None => own.next_back(),
        Some(cutoff) => own.find(|place| last(place) == *cutoff),
    };
    asked.ok_or_else(|| match &args.cutoff {
        None => {
            let expected = "a series with as many steps as the model reads";
            Failure::input("--sequence", expected, format!("{:?}", args.sequence))
        }
        Some(cutoff) => {
            let expected = "a time of the series, with as many steps up to it as the model reads";
            Failure::input("--cutoff", expected, format!("{cutoff:?}"))
        }
    })
}

/// What comes after some tokens of a line, which is read as the first of a text.
fn of_text(args: &ExplainArgs, model: &Model<f32>, task: &TextTask) -> Outcome<Explanation> {
    refuse_columns(&args.columns.saved(), false)?;
    let tokenizer = task.tokenizer();
    let mut all = Vec::new();
    for file in &args.data {
        all.extend(lines(file, tokenizer)?);
    }
    let number = args.sequence.parse::<usize>().ok();
    let Some(line) = number.and_then(|number| all.get(number.checked_sub(1)?)) else {
        let expected = format!("the number of a line, 1 to {}", all.len());
        return Err(Failure::input("--sequence", expected, format!("{:?}", args.sequence)));
    };
    if line.is_empty() {
        return Err(Failure::input("--sequence", "a line with tokens", "an empty line"));
    }
    let end = args.step.unwrap_or(line.len());
    if end > line.len() || end == 0 {
        let expected = format!("a token of the line, 1 to {}", line.len());
        return Err(Failure::input("--step", expected, end));
    }
    let ids: Vec<u32> =
        tokenizer.line_break().into_iter().chain(line[..end].iter().copied()).collect();
    let sequence = format!("line {}", args.sequence);
    let question = Question { sequence: &sequence, output: args.class.as_deref(), step: None };
    within(args, || Explanation::of_text(model, &ids, question))
}
