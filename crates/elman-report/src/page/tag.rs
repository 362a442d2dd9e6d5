//! A class for each step: errors by class and by known or unknown word, sentences with marks.

use elman::Real;
use elman::task::ClassPredictions;

use super::Shown;
use super::classify::{Judged, calibration, counts, errors, judged};
use crate::html::{Table, name, paragraph, section};
use crate::text::percent;

/// The sequences that are shown with their marks.
const MOST_SEQUENCES: usize = 10;
/// The steps of them that are shown.
const MOST_STEPS: usize = 80;

/// The sections of a tagger.
pub fn sections<T: Real>(shown: &Shown<'_, T>) -> Vec<String> {
    let Ok(predictions) = shown.predictions.classes() else { return Vec::new() };
    let evaluation = shown.evaluation.as_ref().and_then(|evaluation| evaluation.classes().ok());
    let (Some(evaluation), Some(judged)) = (evaluation, judged(shown)) else {
        return vec![section("What it predicts", &counts(predictions))];
    };
    let marked = by_word(shown, predictions, &judged) + &sentences(shown, predictions, &judged);
    vec![
        section("Which classes it confuses", &errors(evaluation)),
        section("Whether it knows when it is wrong", &calibration(predictions, &judged)),
        section("Where it errs", &marked),
    ]
}

/// How often steps with known and with unknown tokens are right.
fn by_word<T: Real>(
    shown: &Shown<'_, T>,
    predictions: &ClassPredictions,
    judged: &[Judged],
) -> String {
    let Some(channel) = shown.data.token_channels().first() else { return String::new() };
    let mut table = Table::new(["token", "steps", "right"]);
    for (what, is_known) in [("known", true), ("unknown", false)] {
        let of = judged.iter().filter(|answer| (channel.ids()[answer.row] != 0) == is_known);
        let (all, right) = of.fold((0usize, 0usize), |(all, right), answer| {
            let is_right = predictions.classes()[answer.row] == answer.class;
            (all + 1, right + usize::from(is_right))
        });
        let share = if all > 0 { percent(right as f64 / all as f64) } else { "–".to_owned() };
        table.row([what.to_owned(), all.to_string(), share]);
    }
    table.render()
}

/// The rows of one sequence among the answers, and how many of them are wrong.
struct Errors {
    sequence: usize,
    first: usize,
    length: usize,
    wrong: usize,
}

/// The sequences with the most errors, each wrong step marked.
fn sentences<T: Real>(
    shown: &Shown<'_, T>,
    predictions: &ClassPredictions,
    judged: &[Judged],
) -> String {
    let mut should = vec![None; predictions.len()];
    judged.iter().for_each(|answer| should[answer.row] = Some(answer.class));
    let is_wrong =
        |row: usize| should[row].is_some_and(|class| class != predictions.classes()[row]);
    let (mut all, mut first) = (Vec::new(), 0);
    for (sequence, length) in shown.data.lengths().into_iter().enumerate() {
        let wrong = (first..first + length).filter(|row| is_wrong(*row)).count();
        all.push(Errors { sequence, first, length, wrong });
        first += length;
    }
    let count = all.iter().filter(|errors| errors.wrong > 0).count();
    all.retain(|errors| errors.wrong > 0);
    all.sort_by_key(|errors| std::cmp::Reverse(errors.wrong));
    all.truncate(MOST_SEQUENCES);
    let mut html = paragraph(&match count {
        0 => "No sequence has an error.".to_owned(),
        _ => format!("{count} sequences have errors; those with the most, what is wrong marked:"),
    });
    for errors in all {
        html += &format!("<h3>{}</h3>\n<p>", name(&shown.data.ids()[errors.sequence]));
        let rows = errors.first..errors.first + errors.length.min(MOST_STEPS);
        for (row, should) in rows.clone().zip(&should[rows]) {
            html += &step(shown, predictions, row, *should);
        }
        html += if errors.length > MOST_STEPS { "…</p>\n" } else { "</p>\n" };
    }
    html
}

/// One step: its token or its number, marked with both classes where it is wrong.
fn step<T: Real>(
    shown: &Shown<'_, T>,
    predictions: &ClassPredictions,
    row: usize,
    should: Option<usize>,
) -> String {
    let token = shown.data.token_channels().first().map(|channel| {
        channel.vocabulary().text(channel.ids()[row]).unwrap_or("(unknown)").to_owned()
    });
    let number = predictions.steps().get(row).map(|step| (step + 1).to_string());
    let word = name(&token.or(number).unwrap_or_default());
    let label = |class: usize| name(&predictions.labels()[class]);
    match should {
        Some(class) if class != predictions.classes()[row] => {
            let said = label(predictions.classes()[row]);
            format!("<mark>{word}<small> is {}, not {said}</small></mark> ", label(class))
        }
        _ => word + " ",
    }
}
