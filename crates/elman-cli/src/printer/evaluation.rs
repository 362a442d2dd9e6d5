//! Tables of metrics, each beside its floor: what simple predictors achieve.

use elman::data::Each;
use elman::task::{
    ClassEvaluation, Evaluation, FloorKind, IntervalEvaluation, LabelEvaluation, Score,
    SpanEvaluation, SpanScore, TargetEvaluation, ValueEvaluation,
};
use elman::text::Likelihood;

use super::style::Style;
use super::table::Table;
use super::text::{grouped, measure};
use crate::failure::one_line;

/// A confusion matrix with more classes does not fit on a screen.
const MOST_CLASSES: usize = 20;
/// More classes are not reported one by one.
const MOST_REPORTED: usize = 50;

/// One row for each named evaluation, and lines that explain the floor.
pub fn metrics(evaluations: &[(&str, &Evaluation)], style: Style) -> String {
    let Some((_, first)) = evaluations.first() else { return String::new() };
    let counted = unit(first);
    let mut table = match first {
        Evaluation::Classify(_) => {
            Table::new(["", counted, "loss", "accuracy", "floor", "macro F1"])
        }
        Evaluation::MultiLabel(_) => {
            let scores = ["micro F1", "floor", "macro F1", "all right", "Hamming"];
            Table::new(["", counted, "loss"].into_iter().chain(scores))
        }
        Evaluation::Text(_) => {
            Table::new(["", counted, "nats", "bits", "perplexity", "floor", "accuracy"])
        }
        Evaluation::Regress(_) => {
            Table::new(["", counted, "loss", "RMSE", "floor", "MAE", "floor", "R²"])
        }
    };
    for (name, evaluation) in evaluations {
        match evaluation {
            Evaluation::Classify(classes) => class_row(name, classes, &mut table),
            Evaluation::MultiLabel(labels) => label_row(name, labels, &mut table),
            Evaluation::Regress(values) => value_rows(name, values, &mut table),
            Evaluation::Text(text) => text_row(name, text, evaluation.floor(), &mut table),
        }
    }
    let words = evaluations.iter().filter_map(|(name, evaluation)| words(name, evaluation));
    let covered = evaluations.iter().flat_map(|(name, evaluation)| coverage(name, evaluation));
    let lines = floors(evaluations).into_iter().chain(words).chain(covered);
    let lines = lines.chain(verdict(evaluations));
    let lines: Vec<String> = lines.map(|line| style.dim(&line).to_string() + "\n").collect();
    format!("{}{}", table.render(style), lines.concat())
}

/// What is counted.
fn unit(evaluation: &Evaluation) -> &'static str {
    match evaluation {
        Evaluation::Classify(ClassEvaluation { words: Some(_), .. }) => "words",
        Evaluation::Classify(ClassEvaluation { each: Each::Step, .. })
        | Evaluation::Regress(ValueEvaluation { each: Each::Step, .. }) => "steps",
        Evaluation::Classify(_) | Evaluation::MultiLabel(_) | Evaluation::Regress(_) => "sequences",
        Evaluation::Text(_) => "tokens",
    }
}

/// What the floors are, each once with the evaluations whose best it is.
fn floors(evaluations: &[(&str, &Evaluation)]) -> Vec<String> {
    let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, evaluation) in evaluations {
        let words = floor_words(evaluation);
        match kinds.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(name),
            None => kinds.push((words, vec![name])),
        }
    }
    match kinds.as_slice() {
        [(words, _)] => vec![format!("floor: {words}")],
        several => {
            let line = |(words, names): &(String, Vec<&str>)| {
                format!("floor of {}: {words}", names.join(", "))
            };
            several.iter().map(line).collect()
        }
    }
}

fn floor_words(evaluation: &Evaluation) -> String {
    let part = |fitted_on: Option<usize>| {
        fitted_on.map_or(String::new(), |count| format!(" (fitted on {} of them)", grouped(count)))
    };
    match evaluation {
        Evaluation::Classify(classes) => match classes.best_floor() {
            floor if floor.kind == FloorKind::Majority => {
                let label = one_line(&classes.floor.label);
                format!("always guessing {label}, the commonest class in training")
            }
            floor => format!("{}{}", floor.kind.words(), part(floor.fitted_on)),
        },
        Evaluation::MultiLabel(labels) => match labels.best_floor() {
            Some(floor) if floor.kind != FloorKind::Majority => {
                format!("{}{}", floor.kind.words(), part(floor.fitted_on))
            }
            _ => "always saying the labels that most training sequences have".to_owned(),
        },
        Evaluation::Regress(values) => {
            let kind = values.best_floor();
            let floors = values.targets.first().map_or(&[][..], |target| &target.floors);
            let fitted_on = floors.iter().find(|floor| floor.kind == kind);
            format!("{}{}", kind.words(), part(fitted_on.and_then(|floor| floor.fitted_on)))
        }
        Evaluation::Text(_) => {
            "perplexity of guessing each token as often as it occurs in this text".to_owned()
        }
    }
}

/// Says of the last evaluation, which tells most, that a simple predictor does as well.
fn verdict(evaluations: &[(&str, &Evaluation)]) -> Option<String> {
    let (name, evaluation) = evaluations.last()?;
    let kind = evaluation.best_floor()?;
    let [score, floor] = [evaluation.score(), evaluation.floor()];
    let is_perfect = matches!(score, Score::Accuracy(accuracy) if accuracy >= 1.0);
    // On what it has learned a model that is as good is good enough.
    let is_fine = evaluation.beats_floor() || is_perfect || (*name == "training" && score == floor);
    let line = || format!("{name}: the model does not beat its floor: {}", advice(kind));
    (!is_fine).then(line)
}

/// What to try.
fn advice(kind: FloorKind) -> &'static str {
    match kind {
        FloorKind::Majority | FloorKind::Mean => {
            "it has learned nothing of use; look at the data (elman look), or train longer (--epochs)"
        }
        FloorKind::NearestNeighbour => {
            "try --members 5, more --epochs, or --exclude for channels that say nothing"
        }
        FloorKind::Ridge | FloorKind::Logistic => {
            "try --members 5, --dropout 0.5, or a smaller --hidden-size"
        }
        FloorKind::NaiveBayes => "try --members 5, more --epochs, or a larger --hidden-size",
        FloorKind::Word => "try more --epochs, or a larger --hidden-size",
        FloorKind::LastValue => {
            "give it the answer of the step before as a column, where that is known in time"
        }
        _ => "try --members 5, or more --epochs",
    }
}

/// How often each target lies in its intervals.
fn coverage(name: &str, evaluation: &Evaluation) -> Vec<String> {
    let Evaluation::Regress(values) = evaluation else { return vec![] };
    let with_intervals = values.targets.iter().filter(|target| !target.intervals.is_empty());
    let line = |target: &TargetEvaluation| {
        let part = |own: &IntervalEvaluation| {
            let share = format!("{:.1} %", 100.0 * own.coverage);
            format!("{share} in the {} % interval (width {})", own.level, measure(own.mean_width))
        };
        let parts: Vec<String> = target.intervals.iter().map(part).collect();
        let what =
            if values.targets.len() > 1 { format!(" · {}", target.name) } else { String::new() };
        format!("{name}{what}: {}", parts.join(", "))
    };
    with_intervals.map(line).collect()
}

/// How unknown words fare.
fn words(name: &str, evaluation: &Evaluation) -> Option<String> {
    let Evaluation::Classify(ClassEvaluation { words: Some(words), .. }) = evaluation else {
        return None;
    };
    let accuracy = measure(words.accuracy_unknown?);
    Some(format!("{name}: {accuracy} on the {} unknown words", grouped(words.unknown)))
}

fn label_row(name: &str, labels: &LabelEvaluation, table: &mut Table) {
    let floor = labels.best_floor().map_or(0.0, |floor| floor.micro_f1);
    let measures = [
        labels.loss,
        labels.micro_f1,
        floor,
        labels.macro_f1,
        labels.subset_accuracy,
        labels.hamming_loss,
    ];
    let cells = [name.to_owned(), grouped(labels.sequences)];
    table.row(cells.into_iter().chain(measures.map(measure)));
}

fn class_row(name: &str, classes: &ClassEvaluation, table: &mut Table) {
    let floor = classes.best_floor().accuracy;
    let measures = [classes.loss, classes.accuracy, floor, classes.macro_f1];
    let cells = [name.to_owned(), grouped(classes.sequences)];
    table.row(cells.into_iter().chain(measures.map(measure)));
}

fn text_row(name: &str, text: &Likelihood, floor: Score, table: &mut Table) {
    let floor = floor.value();
    let measures = [text.nats, text.bits, text.perplexity, floor, text.accuracy];
    let cells = [name.to_owned(), grouped(usize::try_from(text.tokens).unwrap_or(usize::MAX))];
    table.row(cells.into_iter().chain(measures.map(measure)));
}

/// The kinds of tokens of a text, the dearest first.
pub fn token_classes(text: &Likelihood, style: Style) -> String {
    let mut table = Table::new(["", "tokens", "nats", "share of all nats"]);
    let mut classes = text.classes.clone();
    let cost = |class: &elman::text::ClassLoss| class.nats * class.tokens as f64;
    classes.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    let all: f64 = classes.iter().map(cost).sum();
    for class in &classes {
        let count = grouped(usize::try_from(class.tokens).unwrap_or(usize::MAX));
        let share = format!("{:.1} %", 100.0 * cost(class) / all);
        table.row([class.class.name().to_owned(), count, measure(class.nats), share]);
    }
    table.render(style)
}

fn value_rows(name: &str, values: &ValueEvaluation, table: &mut Table) {
    let kind = values.best_floor();
    for target in &values.targets {
        let label = match values.targets.len() {
            1 => name.to_owned(),
            _ => format!("{name} · {}", target.name),
        };
        let (model, floor) = (&target.model, target.floor_of(kind));
        let measures = [values.loss, model.rmse, floor.rmse, model.mae, floor.mae].map(measure);
        let r2 = model.r2.map_or("–".to_owned(), measure);
        let cells = [label, grouped(values.sequences)];
        table.row(cells.into_iter().chain(measures).chain([r2]));
    }
}

/// How well each class is found, and how far its probabilities can be trusted.
pub fn by_class(evaluation: &Evaluation, style: Style) -> Option<String> {
    let classes = match evaluation {
        Evaluation::Classify(classes) => classes,
        Evaluation::MultiLabel(labels) => return Some(by_label(labels, style)),
        Evaluation::Regress(_) | Evaluation::Text(_) => return None,
    };
    let [brier, error] = [classes.brier, classes.calibration_error].map(measure);
    let line = format!("Brier score {brier}; expected calibration error {error}");
    let line = format!("{}\n", style.dim(&line));
    if classes.by_class.len() > MOST_REPORTED {
        return Some(line);
    }
    let mut table = Table::new(["class", unit(evaluation), "precision", "recall", "F1"]);
    let share = |share: Option<f64>| share.map_or("–".to_owned(), measure);
    for class in &classes.by_class {
        let support = grouped(usize::try_from(class.support).unwrap_or(usize::MAX));
        let shares = [class.precision, class.recall, class.f1].map(share);
        table.row([class.label.clone(), support].into_iter().chain(shares));
    }
    Some(line + &table.render(style))
}

/// How well each label is found, and from which probability on it is said.
fn by_label(labels: &LabelEvaluation, style: Style) -> String {
    let header = ["label", "sequences", "threshold", "precision", "recall", "F1"];
    let mut table = Table::new(header);
    for label in &labels.labels {
        let shares = [label.threshold, label.precision, label.recall, label.f1].map(measure);
        let cells = [label.label.clone(), grouped(label.support)];
        table.row(cells.into_iter().chain(shares));
    }
    table.render(style)
}

/// How well spans are found, all together first.
pub fn spans(spans: &SpanEvaluation, style: Style) -> String {
    let mut table = Table::new(["span", "spans", "precision", "recall", "F1"]);
    let mut row = |name: &str, score: SpanScore| {
        let shares = [score.precision, score.recall, score.f1].map(measure);
        table.row([name.to_owned(), grouped(score.support)].into_iter().chain(shares));
    };
    row("all", spans.all);
    spans.types.iter().for_each(|kind| row(&kind.name, kind.score));
    let [mean, weighted] = [spans.macro_f1, spans.weighted_f1].map(measure);
    let line = format!("spans by the rules of conlleval: F1 {}", measure(spans.all.f1));
    let line = format!("{line}; macro {mean}, weighted {weighted}");
    format!("{}{}\n", table.render(style), style.dim(&line))
}

/// How far the scores of several networks differ.
pub fn spread(scores: &[f64]) -> String {
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let [low, mean, high] = [low, mean, high].map(measure);
    format!("{low} to {high}, mean {mean}")
}

/// The confusion matrix, if it fits on a screen.
pub fn confusion(evaluation: &Evaluation, style: Style) -> Option<String> {
    let Evaluation::Classify(classes) = evaluation else { return None };
    if classes.labels.len() > MOST_CLASSES {
        return None;
    }
    let header = std::iter::once("actual ╲ predicted".to_owned());
    let mut table = Table::new(header.chain(classes.labels.iter().cloned()));
    for (label, counts) in classes.labels.iter().zip(&classes.confusion) {
        // A zero says less than the blank that lets the others stand out.
        let count = |count: &u64| if *count == 0 { "·".to_owned() } else { count.to_string() };
        table.row(std::iter::once(label.clone()).chain(counts.iter().map(count)));
    }
    Some(table.render(style))
}
