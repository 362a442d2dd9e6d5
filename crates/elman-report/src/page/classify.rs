//! Classes: the confusion matrix, precision and recall, calibration, the most confident mistakes.

use elman::Real;
use elman::data::Targets;
use elman::task::{ClassEvaluation, ClassPredictions};

use super::Shown;
use crate::chart::bars::Histogram;
use crate::chart::cells::confusion;
use crate::chart::dots::{Dot, against};
use crate::chart::lines::{Line, sketch};
use crate::chart::scale::Axis;
use crate::chart::{Labels, Size, legend};
use crate::html::{Table, escape, figure, name, paragraph, section};
use crate::text::{number, percent};

/// More classes are not drawn.
const MOST_CLASSES: usize = 16;
/// The mistakes that are shown.
const MOST_MISTAKES: usize = 10;
/// The channels of a mistake that are drawn.
const MOST_CHANNELS: usize = 6;
/// The tokens of a mistake that are shown.
const MOST_TOKENS: usize = 60;
/// The bins of confidence.
const BINS: usize = 10;

/// The sections of a classifier.
pub fn sections<T: Real>(shown: &Shown<'_, T>) -> Vec<String> {
    let Ok(predictions) = shown.predictions.classes() else { return Vec::new() };
    let mut all = Vec::new();
    let evaluation = shown.evaluation.as_ref().and_then(|evaluation| evaluation.classes().ok());
    match (evaluation, judged(shown)) {
        (Some(evaluation), Some(judged)) => {
            all.push(section("Which classes it confuses", &errors(evaluation)));
            let body = calibration(predictions, &judged);
            all.push(section("Whether it knows when it is wrong", &body));
            all.push(section(
                "Its most confident mistakes",
                &mistakes(shown, predictions, &judged),
            ));
        }
        _ => all.push(section("What it predicts", &counts(predictions))),
    }
    all
}

/// An answer whose class is known.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    /// Its row among the predictions.
    pub row: usize,
    /// The class that it should be, an index into the model's labels.
    pub class: usize,
}

/// The answers whose class is known; `None` where the data have no classes, or others than the model.
pub(super) fn judged<T: Real>(shown: &Shown<'_, T>) -> Option<Vec<Judged>> {
    let Targets::Classes(classes) = shown.data.targets() else { return None };
    let known = shown.predictions.classes().ok()?.labels();
    let place = |label: &String| known.iter().position(|known| known == label);
    let codes: Vec<Option<usize>> = classes.labels().iter().map(place).collect();
    let indices = classes.indices().iter().enumerate();
    // A step may have no class.
    let known = indices.filter(|(_, index)| **index < codes.len());
    known.map(|(row, &index)| Some(Judged { row, class: codes[index]? })).collect()
}

/// The confusion matrix, and precision and recall by class.
pub(super) fn errors(evaluation: &ClassEvaluation) -> String {
    let shown = most_confused(evaluation);
    let labels: Vec<&str> = shown.iter().map(|&index| evaluation.labels[index].as_str()).collect();
    let row =
        |&row: &usize| shown.iter().map(|&column| evaluation.confusion[row][column]).collect();
    let counts: Vec<Vec<u64>> = shown.iter().map(row).collect();
    let mut table = Table::new(std::iter::once("actual ╲ predicted").chain(labels.iter().copied()));
    for (label, counts) in labels.iter().zip(&counts) {
        let cells = counts.iter().map(ToString::to_string);
        table.row(std::iter::once((*label).to_owned()).chain(cells));
    }
    let mut html = String::new();
    if shown.len() < evaluation.labels.len() {
        let text = format!(
            "Of {} classes, the {} with the most errors are drawn; all are in the numbers below.",
            evaluation.labels.len(),
            shown.len()
        );
        html += &paragraph(&text);
    }
    html += &figure("Confusion matrix", &confusion(&labels, &counts), &table);
    html + &by_class(evaluation)
}

/// All classes, or those with the most errors of very many, in their order.
fn most_confused(evaluation: &ClassEvaluation) -> Vec<usize> {
    let matrix = &evaluation.confusion;
    let mut order: Vec<usize> = (0..matrix.len()).collect();
    if order.len() <= MOST_CLASSES {
        return order;
    }
    let mut errors = vec![0u64; matrix.len()];
    for (row, counts) in matrix.iter().enumerate() {
        for (column, count) in counts.iter().enumerate().filter(|(column, _)| *column != row) {
            errors[row] += count;
            errors[column] += count;
        }
    }
    order.sort_by_key(|&class| std::cmp::Reverse(errors[class]));
    order.truncate(MOST_CLASSES);
    order.sort_unstable();
    order
}

/// Precision and recall, the lowest F1 first.
fn by_class(evaluation: &ClassEvaluation) -> String {
    let matrix = &evaluation.confusion;
    let mut rows: Vec<(f64, [String; 5])> = Vec::new();
    let mut predicted = vec![0u64; matrix.len()];
    for counts in matrix {
        predicted.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    for (class, counts) in matrix.iter().enumerate() {
        let (right, total): (u64, u64) = (counts[class], counts.iter().sum());
        if total + predicted[class] == 0 {
            continue;
        }
        let f1 = 2.0 * right as f64 / (total + predicted[class]) as f64;
        let share =
            |of: u64| if of > 0 { percent(right as f64 / of as f64) } else { "–".to_owned() };
        let label = evaluation.labels[class].clone();
        let cells = [label, total.to_string(), share(predicted[class]), share(total), number(f1)];
        rows.push((f1, cells));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut table = Table::new(["class", "answers", "precision", "recall", "F1"]);
    rows.into_iter().for_each(|(_, cells)| table.row(cells));
    "<h3>By class, the lowest F1 first</h3>\n".to_owned() + &table.render()
}

/// Bins of confidence: `(sum of confidences, right ones, all)`.
fn bins(predictions: &ClassPredictions, judged: &[Judged]) -> Vec<(f64, f64, f64)> {
    let mut bins = vec![(0.0, 0.0, 0.0); BINS];
    for answer in judged {
        let class = predictions.classes()[answer.row];
        let confidence = predictions.probabilities()[[answer.row, class]];
        let place = (0..BINS - 1).find(|bin| confidence < (bin + 1) as f64 / BINS as f64);
        let bin = &mut bins[place.unwrap_or(BINS - 1)];
        bin.0 += confidence;
        bin.1 += f64::from(u8::from(answer.class == class));
        bin.2 += 1.0;
    }
    bins
}

/// The reliability diagram.
pub(super) fn calibration(predictions: &ClassPredictions, judged: &[Judged]) -> String {
    let mut table = Table::new(["confidence", "mean confidence", "share right", "answers"]);
    let (mut dots, mut error) = (Vec::new(), 0.0);
    for (bin, (confidence, right, all)) in bins(predictions, judged).into_iter().enumerate() {
        if all > 0.0 {
            let (confidence, share) = (confidence / all, right / all);
            error += all / judged.len().max(1) as f64 * (confidence - share).abs();
            dots.push(Dot { name: format!("{all} answers"), x: confidence, y: share });
            let range = format!("{}–{} %", 10 * bin, 10 * (bin + 1));
            table.row([range, percent(confidence), percent(share), all.to_string()]);
        }
    }
    let text = format!(
        "On the line it is right as often as it says; below it, it is too sure. The mean distance from \
         the line is {} (expected calibration error, {BINS} bins).",
        number(error)
    );
    let labels = Labels { title: "Reliability", x: "mean confidence", y: "share right" };
    let svg = against(&dots, &labels, &Axis::between(0.0, 1.0));
    paragraph(&text) + &figure("Reliability diagram", &svg, &table)
}

/// The wrong predictions with the highest probability, with their sequences drawn.
fn mistakes<T: Real>(
    shown: &Shown<'_, T>,
    predictions: &ClassPredictions,
    judged: &[Judged],
) -> String {
    let probability =
        |index: usize| predictions.probabilities()[[index, predictions.classes()[index]]];
    let wrong = |answer: &&Judged| predictions.classes()[answer.row] != answer.class;
    let mut order: Vec<Judged> = judged.iter().filter(wrong).copied().collect();
    let count = order.len();
    if count == 0 {
        return paragraph("There are none.");
    }
    order.sort_by(|a, b| probability(b.row).total_cmp(&probability(a.row)));
    order.truncate(MOST_MISTAKES);
    let mut html = paragraph(&format!("{} of {count} wrong predictions.", order.len()));
    let channels = shown.data.feature_names().iter().take(MOST_CHANNELS);
    if shown.data.input_size() > MOST_CHANNELS {
        let text =
            format!("The first {MOST_CHANNELS} of {} channels are drawn.", shown.data.input_size());
        html += &paragraph(&text);
    }
    if shown.data.input_size() > 0 {
        html += &legend(channels);
    }
    html += "<div class=\"grid\">";
    for Judged { row: index, class } in order {
        let label = |class: usize| name(&predictions.labels()[class]);
        let sequence = match channels_of(shown, index) {
            lines if lines.is_empty() => String::new(),
            lines => sketch(&lines, "The sequence"),
        };
        html += &format!(
            "<div><h3>sequence {}</h3><p class=\"note\">is <b>{}</b>, predicted as <b>{}</b> with {}</p>{}{sequence}</div>",
            name(&predictions.ids()[index]),
            label(class),
            label(predictions.classes()[index]),
            percent(probability(index)),
            tokens_of(shown, index)
        );
    }
    html + "</div>\n"
}

/// The tokens of a sequence, a paragraph for each channel; characters stand side by side.
fn tokens_of<T: Real>(shown: &Shown<'_, T>, index: usize) -> String {
    let lengths = shown.data.lengths();
    let start: usize = lengths[..index].iter().sum();
    let shown = shown.data.token_channels().iter().map(|channel| {
        let ids = channel.ids()[start..start + lengths[index]].iter().take(MOST_TOKENS);
        let text = |id: &u32| channel.vocabulary().text(*id).unwrap_or("�").to_owned();
        let texts: Vec<String> = ids.map(text).collect();
        let is_of_characters = texts.iter().all(|text| text.chars().count() == 1);
        let gap = if is_of_characters { "" } else { " " };
        let more = if lengths[index] > MOST_TOKENS { "…" } else { "" };
        format!("<p>{}{more}</p>", escape(&texts.join(gap)))
    });
    shown.collect()
}

/// The first channels of a sequence, standardised where the model does so, as lines.
fn channels_of<T: Real>(shown: &Shown<'_, T>, index: usize) -> Vec<Line> {
    let Some(sequence) = shown.data.sequence(index) else { return Vec::new() };
    let columns = sequence.columns().into_iter().zip(shown.data.feature_names()).enumerate();
    let line = |(channel, (values, name)): (usize, (ndarray::ArrayView1<'_, f64>, &String))| {
        let scaled = |value: f64| shown.model.scaling().map_or(value, |s| s.apply(channel, value));
        let points = values.iter().enumerate().map(|(t, value)| (t as f64, scaled(*value)));
        let points = points.filter(|point| point.1.is_finite()).collect();
        Line { name: name.clone(), points, bands: Vec::new() }
    };
    columns.take(MOST_CHANNELS).map(line).collect()
}

/// How often each class is predicted, and how surely.
pub(super) fn counts(predictions: &ClassPredictions) -> String {
    let mut counts = vec![0usize; predictions.labels().len()];
    predictions.classes().iter().for_each(|&class| counts[class] += 1);
    let mut table = Table::new(["class", "predicted"]);
    for (label, count) in predictions.labels().iter().zip(&counts) {
        table.row([label.clone(), count.to_string()]);
    }
    let rows = predictions.probabilities();
    let sure = rows.rows().into_iter().map(|row| row.iter().copied().fold(0.0, f64::max));
    let histogram = Histogram::of(&sure.collect::<Vec<_>>(), 20);
    let labels =
        Labels { title: "Confidence", x: "probability of the predicted class", y: "sequences" };
    let svg = histogram.render(Size::FULL, &labels, None);
    table.render() + &figure("How sure it is", &svg, &histogram.table())
}
