//! Predictions as a table.

use std::io;

use elman::task::{
    ClassPredictions, LabelPredictions, Predictions, ValueInterval, ValuePredictions,
};

type Rows = csv::Writer<Vec<u8>>;

/// The predictions as CSV: the id under the name that its column has in the data, the prediction, and a
/// probability for each class.
pub fn csv(predictions: &Predictions, id: &str) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    match predictions {
        Predictions::Classes(classes) => class_rows(classes, id, &mut writer)?,
        Predictions::Labels(labels) => label_rows(labels, id, &mut writer)?,
        Predictions::Values(values) => value_rows(values, id, &mut writer)?,
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn class_rows(classes: &ClassPredictions, id: &str, writer: &mut Rows) -> io::Result<()> {
    let probabilities = classes.labels().iter().map(|label| format!("probability_{label}"));
    let header = answer_header(id, classes.steps()).chain(["prediction".to_owned()]);
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
fn label_rows(labels: &LabelPredictions, id: &str, writer: &mut Rows) -> io::Result<()> {
    let probabilities = labels.labels().iter().map(|label| format!("probability_{label}"));
    let header = [id, "prediction"].map(str::to_owned);
    writer.write_record(header.into_iter().chain(probabilities))?;
    for (index, probabilities) in labels.probabilities().rows().into_iter().enumerate() {
        let answer = [labels.ids()[index].clone(), labels.chosen(index).join("|")];
        let numbers = probabilities.iter().map(ToString::to_string);
        writer.write_record(answer.into_iter().chain(numbers))?;
    }
    Ok(())
}

/// The columns that say what an answer belongs to: its sequence, and its step if there are several.
fn answer_header(id: &str, steps: &[usize]) -> impl Iterator<Item = String> {
    [id.to_owned()].into_iter().chain(steps.first().map(|_| "step".to_owned()))
}

fn answer(id: &str, steps: &[usize], index: usize) -> impl Iterator<Item = String> {
    [id.to_owned()].into_iter().chain(steps.get(index).map(usize::to_string))
}

fn value_rows(values: &ValuePredictions, id: &str, writer: &mut Rows) -> io::Result<()> {
    let names = match values.targets() {
        [_] => vec!["prediction".to_owned()],
        targets => targets.iter().map(|target| format!("prediction_{target}")).collect(),
    };
    let ends = ends(values);
    let of_ends = names.iter().flat_map(|name| ends.iter().map(move |end| end.name(name)));
    let header = answer_header(id, values.steps()).chain(names.iter().cloned());
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
pub struct End<'a> {
    side: Side,
    interval: &'a ValueInterval,
}

impl End<'_> {
    pub fn name(self, target: &str) -> String {
        let side = match self.side {
            Side::Low => "lo",
            Side::High => "hi",
        };
        format!("{target}-{side}-{}", self.interval.level)
    }

    pub fn at(self, row: usize, target: usize) -> f64 {
        match self.side {
            Side::Low => self.interval.low[[row, target]],
            Side::High => self.interval.high[[row, target]],
        }
    }
}

/// The lower ends from the widest interval on, then the upper ends from the narrowest on.
pub fn ends(values: &ValuePredictions) -> Vec<End<'_>> {
    let intervals = values.intervals().iter();
    let lows = intervals.clone().map(|interval| End { side: Side::Low, interval });
    lows.chain(intervals.rev().map(|interval| End { side: Side::High, interval })).collect()
}
