//! The report of a model that forecasts.

use std::path::Path;

use elman::forecast::{Frame, Recipe};
use elman::forecaster::Choice;
use elman::model::Model;
use elman::threads::with_threads;
use elman_report::{ForecastReport, ShownSeries};

use crate::args::see::ReportArgs;
use crate::command::forecast;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;

/// The page of `elman report` for series.
pub fn page(
    args: &ReportArgs,
    model: &Model<f32>,
    recipe: &Recipe,
    printer: Printer,
) -> Outcome<String> {
    if args.without_answers {
        let found = "one that forecasts, whose answers are later rows";
        return Err(Failure::input("--without-answers", "a model of sequences", found));
    }
    let frame = match args.data.is_empty() {
        true => None,
        false => {
            let options = forecast::options_for(recipe, &args.columns, args.target.as_ref());
            let frame = Frame::read(&args.data, &options)?;
            forecast::warn_of_unseen(&frame, recipe, printer);
            Some(frame)
        }
    };
    let series = frame.as_ref().map(|frame| ShownSeries { frame, plan: None });
    let choice = forecast::choice(model);
    let report = ForecastReport { model, series, choice: choice.as_ref(), command: None };
    super::made(args, || report.page())
}

/// What the report of a training run is about.
pub struct Training<'a> {
    pub model: &'a Model<f32>,
    pub series: ShownSeries<'a>,
    pub choice: &'a Choice,
    pub threads: Option<usize>,
}

/// Writes the report of a training run.
pub fn of_training(path: &Path, training: &Training<'_>, printer: Printer) -> Outcome {
    let Training { model, series, choice, threads } = *training;
    let command = super::command();
    let report = ForecastReport {
        model,
        series: Some(series),
        choice: Some(choice),
        command: Some(&command),
    };
    let page = with_threads(threads, || report.page())??;
    super::keep(path, &page, printer)
}
