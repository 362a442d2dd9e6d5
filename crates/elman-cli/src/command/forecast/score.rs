//! `elman score` with a model that forecasts: how likely each row was, seen from the row before.

use elman::forecast::{Frame, Style};
use elman::forecaster::{ScoredRow, score};
use elman::model::Model;
use elman::threads::with_threads;
use serde::Serialize;

use super::rows::Rows;
use super::{blame_level, options_for, recipe};
use crate::args::columns::SavedColumns;
use crate::args::options::blame;
use crate::args::text::ScoreArgs;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::text::counted;
use crate::printer::{Printer, out};

/// The level of the interval where none is said, in percent.
const LEVEL: f64 = 95.0;

/// A row of the table.
#[derive(Serialize)]
struct Scored<'a> {
    unique_id: &'a str,
    ds: String,
    y: Option<f64>,
    forecast: f64,
    lo: f64,
    hi: f64,
    log_probability: Option<f64>,
    outside: bool,
}

/// Runs `elman score` on series.
pub fn run(args: &ScoreArgs, model: &Model<f32>) -> Outcome {
    for (option, given) in
        [("--against", !args.against.is_empty()), ("--each", args.each.is_some())]
    {
        if given {
            let expected = "a model trained with --task text";
            return Err(Failure::input(option, expected, "one that forecasts"));
        }
    }
    let printer = Printer::new(args.talk);
    let level = args.level.unwrap_or(LEVEL);
    if !(level > 0.0 && level < 100.0) {
        return Err(Failure::input("--level", "a percentage above 0 and below 100", level));
    }
    let recipe = recipe(model, &args.model)?;
    let frame = Frame::read(&args.files, &options_for(recipe, &SavedColumns::default(), None))?;
    super::warn_of_unseen(&frame, recipe, printer);
    let made = with_threads(args.threads, || score(model, &frame, level / 100.0));
    let rows = made.map_err(|error| blame(error, &Given::default()))?;
    let rows = rows.map_err(|error| blame_level(error, "--level"))?;
    let outside = rows.iter().filter(|row| row.outside).count();
    let rows: Vec<Scored<'_>> = rows.iter().map(|row| Scored::of(row, frame.style)).collect();
    if args.talk.json {
        printer.result(&rows, |_| String::new())?;
    } else {
        out(&csv(&rows)?)?;
    }
    let of = counted(rows.len(), "row");
    printer.say(|_| format!("{outside} of {of} outside the interval of {level} %"));
    Ok(())
}

impl<'a> Scored<'a> {
    fn of(row: &'a ScoredRow, style: Style) -> Self {
        Scored {
            unique_id: &row.series,
            ds: style.write(row.time),
            y: (!row.actual.is_nan()).then_some(row.actual),
            forecast: row.forecast,
            lo: row.lo,
            hi: row.hi,
            log_probability: row.log_probability,
            outside: row.outside,
        }
    }
}

fn csv(rows: &[Scored<'_>]) -> Outcome<String> {
    let header = ["unique_id", "ds", "y", "forecast", "lo", "hi", "log_probability", "outside"];
    let mut table = Rows::new(&header.map(str::to_owned))?;
    for row in rows {
        let known = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let numbers = [row.forecast, row.lo, row.hi].map(|number| number.to_string());
        let mut cells = vec![row.unique_id.to_owned(), row.ds.clone(), known(row.y)];
        cells.extend(numbers);
        cells.extend([known(row.log_probability), row.outside.to_string()]);
        table.push(&cells)?;
    }
    table.into_text()
}
