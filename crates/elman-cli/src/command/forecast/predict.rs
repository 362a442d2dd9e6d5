//! `elman predict` with a model that forecasts: what comes after the last rows of each series.

use std::path::Path;

use elman::forecast::{Forecast, Frame, Recipe, Series};
use elman::forecaster::{Sampling, forecast, sample_paths};
use elman::io::write_atomically;
use elman::model::Model;
use elman::threads::with_threads;
use serde_json::{Map, Value, json};

use super::rows::{Rows, model_columns, model_values};
use super::{blame_level, check_output, column_name, levels, options_for, recipe};
use crate::args::PredictArgs;
use crate::args::forecast::AheadArgs;
use crate::args::options::blame;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::text::counted;
use crate::printer::{Printer, out};

/// Runs `elman predict` on series.
pub fn run(args: &PredictArgs, model: &Model<f32>) -> Outcome {
    let printer = Printer::new(args.talk);
    check(args)?;
    let output = args.output.as_ref().filter(|path| *path != Path::new("-"));
    if let Some(output) = output {
        check_output(output, &args.model, &args.data)?;
    }
    let recipe = recipe(model, &args.model)?;
    let frame = read(args, recipe)?;
    super::warn_of_unseen(&frame, recipe, printer);
    let name = column_name(&args.model)?;
    let asked = Asked { args: &args.ahead, model, frame: &frame, name: &name, printer };
    let made = with_threads(args.threads, || match args.ahead.samples {
        None => asked.forecasts(),
        Some(count) => asked.paths(count),
    });
    let table = made.map_err(|error| blame(error, &Given::default()))??;
    if args.talk.json {
        return printer.result(&table.document(), |_| String::new());
    }
    let text = table.csv()?;
    match output {
        None => out(&text),
        Some(output) => {
            write_atomically(output, |file| file.write_all(text.as_bytes()))?;
            let count = counted(table.rows.len(), "row");
            printer.say(|_| format!("{count} written to {}", output.display()));
            Ok(())
        }
    }
}

fn check(args: &PredictArgs) -> Outcome {
    let ahead = &args.ahead;
    if ahead.samples.is_some() && ahead.levels.is_some() {
        return Err(Failure::input("--samples and --levels", "at most one of them", "both"));
    }
    if ahead.samples.is_none() && ahead.seed.is_some() {
        return Err(Failure::input("--seed", "--samples beside it", "none"));
    }
    Ok(())
}

/// The series, with what is known of the steps ahead.
fn read(args: &PredictArgs, recipe: &Recipe) -> Outcome<Frame> {
    let options = options_for(recipe, &args.columns, None);
    let mut frame = Frame::read(&args.data, &options)?;
    match &args.ahead.future {
        None if options.known.is_empty() => {}
        None => {
            let expected = format!("a table of the steps ahead with {}", options.known.join(", "));
            return Err(Failure::Input(format!("--future: expected {expected}, got none")));
        }
        Some(_) if options.known.is_empty() => {
            let found = "one without such columns";
            return Err(Failure::input("--future", "a model trained with --known", found));
        }
        Some(path) => frame.read_future(std::slice::from_ref(path), &options)?,
    }
    Ok(frame)
}

/// Values by the series and the time that they are of.
struct Table {
    columns: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    series: String,
    time: String,
    sample: Option<usize>,
    values: Vec<f64>,
}

impl Table {
    fn csv(&self) -> Outcome<String> {
        let has_samples = self.rows.first().is_some_and(|row| row.sample.is_some());
        let keys = ["unique_id", "ds", "sample_id"].map(str::to_owned);
        let keys = &keys[..if has_samples { 3 } else { 2 }];
        let mut table = Rows::new(&[keys, self.columns.as_slice()].concat())?;
        for row in &self.rows {
            let mut cells = vec![row.series.clone(), row.time.clone()];
            cells.extend(row.sample.map(|sample| sample.to_string()));
            cells.extend(row.values.iter().map(f64::to_string));
            table.push(&cells)?;
        }
        table.into_text()
    }

    fn document(&self) -> Value {
        let row = |row: &Row| {
            let mut cells = Map::new();
            cells.insert("unique_id".to_owned(), row.series.clone().into());
            cells.insert("ds".to_owned(), row.time.clone().into());
            cells.extend(row.sample.map(|sample| ("sample_id".to_owned(), sample.into())));
            let values = row.values.iter().map(|value| Value::from(*value));
            cells.extend(self.columns.iter().cloned().zip(values));
            Value::from(cells)
        };
        json!({ "forecasts": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}

fn time(frame: &Frame, series: &Series, step: usize) -> String {
    frame.style.write(frame.time(series, series.values.len() + step))
}

/// What is asked of which model.
struct Asked<'a> {
    args: &'a AheadArgs,
    model: &'a Model<f32>,
    frame: &'a Frame,
    /// What the model is called.
    name: &'a str,
    printer: Printer,
}

impl Asked<'_> {
    fn forecasts(&self) -> Outcome<Table> {
        let levels = levels(self.model, self.args.levels.as_ref(), self.printer);
        let forecasts = forecast(self.model, self.frame, &levels.shares())
            .map_err(|error| blame_level(error, "--levels"))?;
        let mut rows = Vec::new();
        for (series, forecast) in self.frame.series.iter().zip(&forecasts) {
            rows.extend((0..forecast.values.len()).map(|step| Row {
                series: series.id.clone(),
                time: time(self.frame, series, step),
                sample: None,
                values: values(forecast, step),
            }));
        }
        Ok(Table { columns: model_columns(self.name, &levels), rows })
    }

    /// The paths of each series, in the columns of statsforecast's `simulate`.
    fn paths(&self, count: usize) -> Outcome<Table> {
        let sampling = Sampling { count, seed: self.args.seed.unwrap_or(1) };
        let paths = sample_paths(self.model, self.frame, sampling)?;
        let mut rows = Vec::new();
        for (series, paths) in self.frame.series.iter().zip(paths) {
            for (sample, path) in paths.rows().into_iter().enumerate() {
                rows.extend(path.iter().enumerate().map(|(step, value)| Row {
                    series: series.id.clone(),
                    time: time(self.frame, series, step),
                    sample: Some(sample),
                    values: vec![*value],
                }));
            }
        }
        Ok(Table { columns: vec![self.name.to_owned()], rows })
    }
}

fn values(forecast: &Forecast, step: usize) -> Vec<f64> {
    let intervals: Vec<(f64, f64)> =
        forecast.intervals.iter().map(|(lo, hi)| (lo[step], hi[step])).collect();
    model_values(forecast.values[step], &intervals)
}

/// Refuses what is about forecasts for a model that does not forecast.
pub fn refuse(args: &PredictArgs) -> Outcome {
    let ahead = &args.ahead;
    super::refuse(&[
        ("--future", ahead.future.is_some()),
        ("--levels", ahead.levels.is_some()),
        ("--samples", ahead.samples.is_some()),
        ("--seed", ahead.seed.is_some()),
    ])
}
