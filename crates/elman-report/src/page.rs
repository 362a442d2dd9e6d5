//! The pages: what is shown of a model, section by section.
//!
//! A task brings its page as one file below and one line in [`answers`].

mod classify;
mod data;
pub mod explain;
pub mod forecast;
mod health;
mod labels;
mod origin;
mod regress;
mod tag;
pub mod text;
mod training;

use elman::data::{Dataset, Each};
use elman::model::Model;
use elman::see::{Health, UpdateRatio};
use elman::task::{Evaluation, Predictions, Task};
use elman::train::Fold;
use elman::{Real, Result};

use crate::html::{document, paragraph, section};

/// More sequences are thinned out before they are evaluated and drawn.
const MOST_SEQUENCES: usize = 20_000;

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a, T: Real = f32> {
    /// The model.
    pub model: &'a Model<T>,
    /// Data to show it at: of its channels, with or without answers.
    pub data: Option<&'a Dataset>,
    /// The command that made the model, if it is known.
    pub command: Option<&'a str>,
    /// The folds of a cross-validation of its training, if there was one.
    pub folds: &'a [Fold],
}

/// What a section is made of.
struct Shown<'a, T: Real> {
    model: &'a Model<T>,
    /// At most [`MOST_SEQUENCES`] of the data.
    data: &'a Dataset,
    /// How many there are.
    of: usize,
    predictions: Predictions,
    /// Where the answers are known.
    evaluation: Option<Evaluation>,
}

impl<T: Real> Report<'_, T> {
    /// The report as one HTML file.
    ///
    /// # Errors
    ///
    /// Data that the model does not read, or answers that are not of its task.
    pub fn page(&self) -> Result<String> {
        let model = self.model;
        let title = format!("Elman: {}", target(model.task()));
        let mut sections = Vec::new();
        match self.data {
            None => sections.extend(training::section(model)),
            Some(all) => self.with_data(all, &mut sections)?,
        }
        let origin = section("Where it comes from", &origin::body(model, self.command));
        sections.push(section("The network", &origin::network(model)));
        sections.push(origin);
        Ok(document(&title, &sections.concat()))
    }

    fn with_data(&self, all: &Dataset, sections: &mut Vec<String>) -> Result<()> {
        let model = self.model;
        let thin = thinned(all)?;
        let data = thin.as_ref().unwrap_or(all);
        let encoded = data.with_vocabularies(&model.inputs().vocabularies)?;
        let data = &*encoded;
        let predictions = model.predict(data)?;
        let known = !matches!(data.targets(), elman::data::Targets::None);
        let evaluation = if known { Some(model.evaluate(data)?) } else { None };
        let shown = Shown { model, data, of: all.len(), predictions, evaluation };
        sections.push(section("How well it does", &(summary(&shown) + &folds(self.folds))));
        sections.extend(training::section(model));
        sections.extend(answers(&shown));
        match Health::measure(model, data) {
            Ok(health) => {
                let updates = known.then(|| UpdateRatio::of(model, data));
                let body = health::body(&health) + &health::updates(updates);
                sections.push(section("Health", &body));
            }
            Err(error) => {
                let why = format!("Not measured: {error}.");
                sections.push(section("Health", &paragraph(&why)));
            }
        }
        sections.push(section("The data as the network sees them", &data::body(&shown)));
        Ok(())
    }
}

/// Evenly spaced sequences, where there are very many.
fn thinned(data: &Dataset) -> Result<Option<Dataset>> {
    if data.len() <= MOST_SEQUENCES {
        return Ok(None);
    }
    let indices: Vec<usize> =
        (0..MOST_SEQUENCES).map(|index| index * data.len() / MOST_SEQUENCES).collect();
    data.subset(&indices).map(Some)
}

/// The sections of the task.
fn answers<T: Real>(shown: &Shown<'_, T>) -> Vec<String> {
    match shown.model.task() {
        Task::Classify(task) if task.each() == Each::Step => tag::sections(shown),
        Task::Classify(_) => classify::sections(shown),
        Task::MultiLabel(_) => labels::sections(shown),
        Task::Regress(_) => regress::sections(shown),
        // A model of text does not predict sequences.
        Task::Text(_) => Vec::new(),
    }
}

fn target(task: &Task) -> String {
    match task {
        Task::Classify(classify) => format!("classify {}", classify.target()),
        Task::MultiLabel(labels) => format!("classify {}", labels.labels().join(" | ")),
        Task::Regress(_) => format!("regress {}", task.target_names().join(", ")),
        Task::Text(_) => format!("text {}", task.target_names().join(", ")),
    }
}

/// The metric beside its floor.
fn summary<T: Real>(shown: &Shown<'_, T>) -> String {
    use crate::html::escape;
    use crate::text::{counted, number};
    let mut html = "<ul class=\"tiles\">".to_owned();
    let mut tile = |value: String, what: &str| {
        html += &format!("<li><b>{}</b>{}</li>", escape(&value), escape(what));
    };
    if let Some(evaluation) = &shown.evaluation {
        let name = match evaluation.score().name() {
            "rmse" => "RMSE",
            name => name,
        };
        tile(number(evaluation.score().value()), name);
        let words = evaluation.best_floor().map_or("", |kind| kind.words());
        tile(number(evaluation.floor().value()), &format!("floor: {words}"));
        tile(number(evaluation.loss()), "loss");
    }
    tile(shown.data.len().to_string(), "sequences looked at");
    html += "</ul>\n";
    html += &floors(shown);
    html += &members(shown);
    if shown.of > shown.data.len() {
        let text = format!(
            "{} of {}, evenly spaced: all numbers below are of these.",
            shown.data.len(),
            counted(shown.of, "sequence")
        );
        html += &paragraph(&text);
    }
    if shown.evaluation.is_none() {
        html += &paragraph(
            "The data have no answers, so nothing is said of how good the predictions are.",
        );
    }
    html
}

/// What the simple predictors achieve, and whether the model beats them.
fn floors<T: Real>(shown: &Shown<'_, T>) -> String {
    use crate::text::number;
    let Some(evaluation) = &shown.evaluation else { return String::new() };
    let floors = evaluation.floors();
    let verdict = match evaluation.beats_floor() {
        false if !floors.is_empty() => {
            paragraph("A simple predictor does as well: the model does not beat its floor.")
        }
        _ => String::new(),
    };
    if floors.len() < 2 {
        return verdict;
    }
    let mut table = crate::html::Table::new(["simple predictor", evaluation.score().name()]);
    for (kind, score) in floors {
        table.row([kind.words().to_owned(), number(score.value())]);
    }
    let summary = "<details><summary>What simple predictors achieve</summary>";
    verdict + summary + &table.render() + "</details>\n"
}

/// The members of an ensemble, each alone, and their spread.
fn members<T: Real>(shown: &Shown<'_, T>) -> String {
    use crate::text::{counted, number};
    let count = shown.model.members().len();
    if count < 2 || shown.evaluation.is_none() {
        return String::new();
    }
    let Ok(alone) = shown.model.evaluate_members(shown.data) else { return String::new() };
    let scores: Vec<f64> = alone.iter().map(|evaluation| evaluation.score().value()).collect();
    let name = alone[0].score().name();
    let text = format!(
        "Together, {} say this; each alone has {name} {}.",
        counted(count, "member"),
        spread(&scores)
    );
    let mut table = crate::html::Table::new(["member", name]);
    for (index, score) in scores.iter().enumerate() {
        table.row([(index + 1).to_string(), number(*score)]);
    }
    paragraph(&text) + "<details><summary>The members</summary>" + &table.render() + "</details>\n"
}

/// The folds of a cross-validation, each measured on what it had not seen, and their spread.
fn folds(folds: &[Fold]) -> String {
    use crate::text::{counted, number};
    let Some(first) = folds.first() else { return String::new() };
    let name = first.evaluation.score().name();
    let scores: Vec<f64> = folds.iter().map(|fold| fold.evaluation.score().value()).collect();
    let text = format!(
        "Cross-validation, {} that the other trainings had not seen: {name} {}.",
        counted(folds.len(), "fold"),
        spread(&scores)
    );
    let mut table = crate::html::Table::new(["fold", "sequences", name, "floor", "loss"]);
    for (index, fold) in folds.iter().enumerate() {
        let Fold { evaluation, split, .. } = fold;
        let numbers = [evaluation.score().value(), evaluation.floor().value(), evaluation.loss()];
        let counts = [index + 1, split.validation.len()].map(|count| count.to_string());
        table.row(counts.into_iter().chain(numbers.map(number)));
    }
    paragraph(&text) + "<details><summary>The folds</summary>" + &table.render() + "</details>\n"
}

/// `0.91 to 0.95, 0.93 ± 0.02`: the range, the mean, and the deviation of a sample.
fn spread(scores: &[f64]) -> String {
    use crate::text::number;
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let squares = scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>();
    let deviation = (squares / (scores.len().saturating_sub(1).max(1)) as f64).sqrt();
    let [least, most, mean, deviation] = [least, most, mean, deviation].map(number);
    format!("{least} to {most}, {mean} ± {deviation}")
}
