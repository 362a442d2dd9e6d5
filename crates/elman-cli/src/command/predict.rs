//! `elman predict`: a model's answer for each sequence, as CSV or JSON.

use std::io;
use std::path::{Path, PathBuf};

use elman::io::{check_writable, write_atomically};
use elman::model::Model;
use elman::task::{
    ClassPredictions, LabelPredictions, Predictions, ValueInterval, ValuePredictions,
};
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
        Predictions::Labels(labels) => label_rows(labels, &mut writer)?,
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

/// The labels of a sequence, with a bar between them, and the probability of each label.
fn label_rows(labels: &LabelPredictions, writer: &mut csv::Writer<Vec<u8>>) -> io::Result<()> {
    let probabilities = labels.labels().iter().map(|label| format!("probability_{label}"));
    let header = ["sequence", "prediction"].map(str::to_owned);
    writer.write_record(header.into_iter().chain(probabilities))?;
    for (index, probabilities) in labels.probabilities().rows().into_iter().enumerate() {
        let answer = [labels.ids()[index].clone(), labels.chosen(index).join("|")];
        let numbers = probabilities.iter().map(ToString::to_string);
        writer.write_record(answer.into_iter().chain(numbers))?;
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
    let ends = ends(values);
    let of_ends = names.iter().flat_map(|name| ends.iter().map(move |end| end.name(name)));
    let header = answer_header(values.steps()).chain(names.iter().cloned());
    writer.write_record(header.chain(of_ends))?;
    for (index, numbers) in values.values().rows().into_iter().enumerate() {
        let answer = answer(&values.ids()[index], values.steps(), index);
        let targets = 0..values.targets().len();
        let of_ends = targets.flat_map(|target| ends.iter().map(move |end| end.at(index, target)));
        let numbers = numbers.iter().copied().chain(of_ends);
        writer.write_record(answer.chain(numbers.map(|number| number.to_string())))?;
    }
    Ok(())
}

/// One side of an interval.
#[derive(Clone, Copy)]
enum Side {
    Low,
    High,
}

/// One end of an interval.
#[derive(Clone, Copy)]
struct End<'a> {
    side: Side,
    interval: &'a ValueInterval,
}

impl End<'_> {
    fn name(self, target: &str) -> String {
        let side = match self.side {
            Side::Low => "lo",
            Side::High => "hi",
        };
        format!("{target}-{side}-{}", self.interval.level)
    }

    fn at(self, row: usize, target: usize) -> f64 {
        match self.side {
            Side::Low => self.interval.low[[row, target]],
            Side::High => self.interval.high[[row, target]],
        }
    }
}

/// The lower ends from the widest interval on, then the upper ends from the narrowest on.
fn ends(values: &ValuePredictions) -> Vec<End<'_>> {
    let intervals = values.intervals().iter();
    let lows = intervals.clone().map(|interval| End { side: Side::Low, interval });
    lows.chain(intervals.rev().map(|interval| End { side: Side::High, interval })).collect()
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
        Predictions::Labels(labels) => {
            let row = |(index, probabilities): (usize, Vec<f64>)| {
                let named = labels.labels().iter().cloned();
                let named: serde_json::Map<String, Value> =
                    named.zip(probabilities.into_iter().map(Value::from)).collect();
                json!({
                    "sequence": labels.ids().get(index), "prediction": labels.chosen(index),
                    "probabilities": named,
                })
            };
            let probabilities = labels.probabilities();
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
                let mut answer = json!({ "sequence": id, "prediction": named });
                for end in ends(values) {
                    let targets = values.targets().iter().cloned().enumerate();
                    let named: serde_json::Map<String, Value> = targets
                        .map(|(target, name)| (name, end.at(index, target).into()))
                        .collect();
                    answer[end.name("prediction")] = named.into();
                }
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
