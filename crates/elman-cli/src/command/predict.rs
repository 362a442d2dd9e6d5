//! `elman predict`: a model's answer for each sequence, as CSV or JSON.

use std::io;
use std::path::{Path, PathBuf};

use elman::io::{check_writable, write_atomically};
use elman::model::Model;
use elman::task::{ClassPredictions, Predictions, ValuePredictions};
use elman::threads::with_threads;
use serde_json::{Value, json};

use super::{source, warnings};
use crate::args::PredictArgs;
use crate::args::options::blame;
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::text::counted;
use crate::printer::{Printer, out};

/// Runs `elman predict`.
pub fn run(args: &PredictArgs) -> Outcome {
    let printer = Printer::new(args.talk);
    let output = args.output.as_ref().filter(|path| *path != Path::new("-"));
    if args.talk.json && output.is_some() {
        return Err(Failure::input("--json and --output", "at most one of them", "both"));
    }
    if let Some(output) = output {
        let data = args.data.iter().map(|path| ("<DATA>", path));
        let inputs: Vec<(&str, &PathBuf)> = data.chain([("<MODEL>", &args.model)]).collect();
        super::refuse_same_file(("--output", output), &inputs)?;
        check_writable(output)?;
    }
    let model = Model::<f32>::load(&args.model)?;
    if model.task().forecast().is_some() {
        return super::forecast::predict::run(args, &model);
    }
    super::forecast::predict::refuse(args)?;
    let data = source::unanswered(&args.data, &model, &args.columns)?;
    if let Some(line) = warnings::unknown(&data, &model)? {
        printer.warn(&line);
    }
    let predicted = with_threads(args.threads, || model.predict(&data));
    let predictions = predicted.map_err(|error| blame(error, &Given::default()))??;
    if args.talk.json {
        return printer.result(&document(&predictions), |_| String::new());
    }
    let text = csv(&predictions).map_err(|error| {
        Failure::Fault(format!("the predictions cannot be written as CSV: {error}"))
    })?;
    match output {
        None => out(&text),
        Some(output) => {
            write_atomically(output, |file| file.write_all(text.as_bytes()))?;
            let count = counted(data.len(), "prediction");
            printer.say(|_| format!("{count} written to {}", output.display()));
            Ok(())
        }
    }
}

/// The predictions as CSV: the id, the prediction, and a probability for each class.
fn csv(predictions: &Predictions) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    match predictions {
        Predictions::Classes(classes) => class_rows(classes, &mut writer)?,
        Predictions::Values(values) => value_rows(values, &mut writer)?,
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn class_rows(classes: &ClassPredictions, writer: &mut csv::Writer<Vec<u8>>) -> io::Result<()> {
    let probabilities = classes.labels().iter().map(|label| format!("probability_{label}"));
    let header = answer_header(classes.steps()).chain(["prediction".to_owned()]);
    writer.write_record(header.chain(probabilities))?;
    for (index, probabilities) in classes.probabilities().rows().into_iter().enumerate() {
        let answer = answer(&classes.ids()[index], classes.steps(), index);
        let label = classes.label(index).unwrap_or_default().to_owned();
        let numbers = probabilities.iter().map(ToString::to_string);
        writer.write_record(answer.chain([label]).chain(numbers))?;
    }
    Ok(())
}

/// The columns that say what an answer belongs to: its sequence, and its step if there are several.
fn answer_header(steps: &[usize]) -> impl Iterator<Item = String> {
    ["sequence".to_owned()].into_iter().chain(steps.first().map(|_| "step".to_owned()))
}

fn answer(id: &str, steps: &[usize], index: usize) -> impl Iterator<Item = String> {
    [id.to_owned()].into_iter().chain(steps.get(index).map(usize::to_string))
}

fn value_rows(values: &ValuePredictions, writer: &mut csv::Writer<Vec<u8>>) -> io::Result<()> {
    let names = match values.targets() {
        [_] => vec!["prediction".to_owned()],
        targets => targets.iter().map(|target| format!("prediction_{target}")).collect(),
    };
    writer.write_record(answer_header(values.steps()).chain(names))?;
    for (index, numbers) in values.values().rows().into_iter().enumerate() {
        let answer = answer(&values.ids()[index], values.steps(), index);
        writer.write_record(answer.chain(numbers.iter().map(ToString::to_string)))?;
    }
    Ok(())
}

fn document(predictions: &Predictions) -> Value {
    match predictions {
        Predictions::Classes(classes) => {
            let row = |(index, probabilities): (usize, Vec<f64>)| {
                let probabilities: serde_json::Map<String, Value> = classes
                    .labels()
                    .iter()
                    .cloned()
                    .zip(probabilities.into_iter().map(Value::from))
                    .collect();
                let answer = json!({
                    "sequence": classes.ids().get(index), "prediction": classes.label(index),
                    "probabilities": probabilities,
                });
                with_step(answer, classes.steps(), index)
            };
            let probabilities = classes.probabilities();
            let rows = probabilities.rows().into_iter().map(|row| row.to_vec());
            json!({ "predictions": rows.enumerate().map(row).collect::<Vec<Value>>() })
        }
        Predictions::Values(values) => {
            let row = |(index, (id, numbers)): (usize, (&String, Vec<f64>))| {
                let named: serde_json::Map<String, Value> = values
                    .targets()
                    .iter()
                    .cloned()
                    .zip(numbers.into_iter().map(Value::from))
                    .collect();
                let answer = json!({ "sequence": id, "prediction": named });
                with_step(answer, values.steps(), index)
            };
            let numbers = values.values();
            let rows = values.ids().iter().zip(numbers.rows().into_iter().map(|row| row.to_vec()));
            json!({ "predictions": rows.enumerate().map(row).collect::<Vec<_>>() })
        }
    }
}

fn with_step(mut answer: Value, steps: &[usize], index: usize) -> Value {
    if let Some(&step) = steps.get(index) {
        answer["step"] = step.into();
    }
    answer
}
