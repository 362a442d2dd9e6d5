//! Several labels for each sequence: how well each is found, and how often it is said.

use elman::Real;
use elman::task::{Evaluation, LabelEvaluation, Predictions};

use super::Shown;
use crate::html::{Table, paragraph, section};
use crate::text::{number, percent};

/// The sections of a classifier with several labels.
pub fn sections<T: Real>(shown: &Shown<'_, T>) -> Vec<String> {
    match (&shown.evaluation, &shown.predictions) {
        (Some(Evaluation::MultiLabel(evaluation)), _) => {
            vec![section("How well it finds each label", &by_label(evaluation))]
        }
        (_, Predictions::Labels(predictions)) => {
            let mut table = Table::new(["label", "sequences said to have it"]);
            for label in predictions.labels() {
                let has = |row: &usize| predictions.chosen(*row).contains(&label.as_str());
                let count = (0..predictions.len()).filter(has).count();
                table.row([label.clone(), count.to_string()]);
            }
            vec![section("What it predicts", &table.render())]
        }
        _ => Vec::new(),
    }
}

fn by_label(evaluation: &LabelEvaluation) -> String {
    let text = format!(
        "All labels are right for {} of the sequences; {} of all decisions are wrong (Hamming loss).",
        percent(evaluation.subset_accuracy),
        percent(evaluation.hamming_loss)
    );
    let mut table = Table::new(["label", "sequences", "threshold", "precision", "recall", "F1"]);
    for label in &evaluation.labels {
        let cells = [label.label.clone(), label.support.to_string(), number(label.threshold)];
        let shares = [percent(label.precision), percent(label.recall), number(label.f1)];
        table.row(cells.into_iter().chain(shares));
    }
    paragraph(&text) + &table.render()
}
