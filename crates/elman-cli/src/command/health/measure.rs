//! What is measured, by what the model reads: sequences, dated series, or text.

use elman::data::Dataset;
use elman::forecast::Frame;
use elman::forecaster;
use elman::model::Model;
use elman::see::{FixedPoints, Health, Search, UpdateRatio};
use elman::task::{Task, TextTask};
use elman::text::{Corpus, CorpusOptions};
use elman::threads::with_threads;

use crate::args::options::blame;
use crate::args::see::HealthArgs;
use crate::command::forecast::{options_for, warn_of_unseen};
use crate::command::source;
use crate::command::text::refuse_columns;
use crate::config::Given;
use crate::failure::Outcome;
use crate::printer::Printer;

/// What was asked for.
pub struct Measured {
    pub health: Health,
    pub fixed_points: Option<Vec<FixedPoints>>,
    pub updates: Option<Vec<UpdateRatio>>,
}

/// Measures a model along the data.
pub fn measured(args: &HealthArgs, model: &Model<f32>) -> Outcome<Measured> {
    match model.task() {
        Task::Text(task) => of_text(args, model, task),
        task if task.forecast().is_some() => of_series(args, model),
        _ if args.updates => {
            let data = source::answered(&args.data, model, &args.columns, None)?;
            of_sequences(args, model, &Sequences { looked: &data, learnt: Some(&data) })
        }
        _ => {
            let data = source::unanswered(&args.data, model, &args.columns)?;
            of_sequences(args, model, &Sequences { looked: &data, learnt: None })
        }
    }
}

/// The search that is asked for.
fn search(args: &HealthArgs) -> Option<Search> {
    args.fixed_points.then(|| Search { seed: args.seed, ..Search::default() })
}

/// Runs it on as many threads as are asked for.
fn within<R: Send>(
    args: &HealthArgs,
    measured: impl FnOnce() -> elman::Result<R> + Send,
) -> Outcome<R> {
    let measured = with_threads(args.threads, measured);
    Ok(measured.map_err(|error| blame(error, &Given::default()))??)
}

/// Sequences to look at, and the same with answers to learn from.
struct Sequences<'a> {
    looked: &'a Dataset,
    learnt: Option<&'a Dataset>,
}

fn of_sequences(
    args: &HealthArgs,
    model: &Model<f32>,
    sequences: &Sequences<'_>,
) -> Outcome<Measured> {
    let Sequences { looked, learnt } = *sequences;
    within(args, || {
        let points = search(args).map(|search| FixedPoints::of(model, looked, search));
        Ok(Measured {
            health: Health::measure(model, looked)?,
            fixed_points: points.transpose()?,
            updates: learnt.map(|data| UpdateRatio::of(model, data)).transpose()?,
        })
    })
}

/// Along what the model reads before each place of the series.
fn of_series(args: &HealthArgs, model: &Model<f32>) -> Outcome<Measured> {
    let Some(recipe) = model.task().forecast() else {
        return Err(crate::failure::Failure::Fault("a forecast without a recipe".to_owned()));
    };
    let frame = Frame::read(&args.data, &options_for(recipe, &args.columns, None))?;
    warn_of_unseen(&frame, recipe, Printer::new(args.talk));
    let origins = forecaster::origins(model, &frame)?;
    let looked = forecaster::sequences(model, &frame, &origins)?;
    let learnt = args.updates.then(|| forecaster::answered_sequences(model, &frame)).transpose()?;
    of_sequences(args, model, &Sequences { looked: &looked, learnt: learnt.as_ref() })
}

fn of_text(args: &HealthArgs, model: &Model<f32>, task: &TextTask) -> Outcome<Measured> {
    refuse_columns(&args.columns, false)?;
    let corpus = Corpus::from_files(&args.data, CorpusOptions::Known(task.tokenizer()))?;
    let text = corpus.whole();
    within(args, || {
        let points = search(args).map(|search| FixedPoints::of_text(model, &text, search));
        let updates = args.updates.then(|| UpdateRatio::of_text(model, &text));
        Ok(Measured {
            health: Health::of_text(model, &text)?,
            fixed_points: points.transpose()?,
            updates: updates.transpose()?,
        })
    })
}
