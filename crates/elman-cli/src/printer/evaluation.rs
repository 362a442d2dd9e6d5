//! Tables of metrics, each beside its floor: what a constant guess achieves.

use elman::task::{ClassEvaluation, Evaluation, Score, ValueEvaluation};
use elman::text::Likelihood;

use super::style::Style;
use super::table::Table;
use super::text::{grouped, measure};
use crate::failure::one_line;

/// A confusion matrix with more classes does not fit on a screen.
const MOST_CLASSES: usize = 20;

/// One row for each named evaluation, and a line that explains the floor.
pub fn metrics(evaluations: &[(&str, &Evaluation)], style: Style) -> String {
    let Some((_, first)) = evaluations.first() else { return String::new() };
    let (mut table, floor) = match first {
        Evaluation::Classify(first) => {
            let label = one_line(&first.floor.label);
            let header = ["", "sequences", "loss", "accuracy", "floor", "macro F1"];
            let floor = format!("always guessing {label}, the commonest class in training");
            (Table::new(header), floor)
        }
        Evaluation::Text(_) => {
            let header = ["", "tokens", "nats", "bits", "perplexity", "floor", "accuracy"];
            let floor = "perplexity of guessing each token as often as it occurs in this text";
            (Table::new(header), floor.to_owned())
        }
        Evaluation::Regress(_) => {
            let header = ["", "sequences", "loss", "RMSE", "floor", "MAE", "floor", "R²"];
            (Table::new(header), "always guessing the mean in training".to_owned())
        }
    };
    for (name, evaluation) in evaluations {
        match evaluation {
            Evaluation::Classify(classes) => class_row(name, classes, &mut table),
            Evaluation::Regress(values) => value_rows(name, values, &mut table),
            Evaluation::Text(text) => text_row(name, text, evaluation.floor(), &mut table),
        }
    }
    let words = evaluations.iter().filter_map(|(name, evaluation)| words(name, evaluation));
    let lines = std::iter::once(format!("floor: {floor}")).chain(words);
    let lines: Vec<String> = lines.map(|line| style.dim(&line).to_string() + "\n").collect();
    format!("{}{}", table.render(style), lines.concat())
}

/// What the commonest class of each word achieves, and how unknown words fare.
fn words(name: &str, evaluation: &Evaluation) -> Option<String> {
    let Evaluation::Classify(ClassEvaluation { words: Some(words), accuracy, .. }) = evaluation
    else {
        return None;
    };
    let floor = measure(words.floor);
    let mut line = format!("{name}: {floor} by the commonest class of each word");
    if let Some(accuracy) = words.accuracy_unknown {
        let (unknown, accuracy) = (grouped(words.unknown), measure(accuracy));
        line += &format!("; {accuracy} on the {unknown} unknown words");
    }
    if *accuracy < words.floor {
        line += "; the model does not reach it: train longer, or wider";
    }
    Some(line)
}

fn class_row(name: &str, classes: &ClassEvaluation, table: &mut Table) {
    let measures = [classes.loss, classes.accuracy, classes.floor.accuracy, classes.macro_f1];
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
    for target in &values.targets {
        let label = match values.targets.len() {
            1 => name.to_owned(),
            _ => format!("{name} · {}", target.name),
        };
        let (model, floor) = (&target.model, &target.floor);
        let measures = [values.loss, model.rmse, floor.rmse, model.mae, floor.mae].map(measure);
        let r2 = model.r2.map_or("–".to_owned(), measure);
        let cells = [label, grouped(values.sequences)];
        table.row(cells.into_iter().chain(measures).chain([r2]));
    }
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
