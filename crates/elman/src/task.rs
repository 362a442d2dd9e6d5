//! What a network is trained to do: to give one class, or one or more numbers, for each sequence.
//!
//! A [`Task`] knows the names and the meaning of the network's outputs. It prepares targets for a
//! loss, turns outputs into [`Predictions`], and compares the two in an [`Evaluation`]. All of this
//! is done in `f64`, in the order of the data, so that a result does not depend on how the sequences
//! were put into batches.

mod classify;
mod floor;
mod labels;
mod regress;
mod results;
mod spans;
mod text;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

pub use classify::{
    ClassEvaluation, ClassFloor, ClassPredictions, ClassReport, Classify, WordEvaluation,
};
pub use floor::FloorKind;
pub(crate) use floor::{Floors, Guesses};
pub use labels::{LabelEvaluation, LabelFloor, LabelPredictions, LabelReport, MultiLabel};
pub use regress::{
    FloorErrors, IntervalEvaluation, Regress, TargetEvaluation, ValueErrors, ValueEvaluation,
    ValueInterval, ValuePredictions,
};
pub use results::{Evaluation, FloorScore, Predictions};
pub use spans::{SpanEvaluation, SpanScore, TypeScore, evaluate_spans};
pub use text::TextTask;

use crate::data::{Dataset, Each, Targets};
use crate::error::{Error, FileFault, Result};
use crate::forecast::Recipe;
pub use crate::lesson::Score;
use crate::loss::RegressionLoss;
use crate::real::Float;
use regress::EncodedValues;
pub(crate) use regress::NumberAnswer;

/// What is predicted of each sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One of several classes.
    Classify(Classify),
    /// Any of several labels.
    MultiLabel(MultiLabel),
    /// One or more numbers.
    Regress(Regress),
    /// The next token of a text.
    Text(TextTask),
}

/// What the answers are for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answers {
    /// The sequence of each answer.
    pub(crate) ids: Vec<String>,
    /// Its step, from 0; empty where there is one answer for a sequence.
    pub(crate) steps: Vec<usize>,
}

impl Answers {
    fn of(data: &Dataset, each: Each) -> Self {
        if each == Each::Sequence {
            return Answers { ids: data.ids().to_vec(), steps: Vec::new() };
        }
        let (mut ids, mut steps) = (Vec::new(), Vec::new());
        for (id, length) in data.ids().iter().zip(data.lengths()) {
            ids.extend((0..length).map(|_| id.clone()));
            steps.extend(0..length);
        }
        Answers { ids, steps }
    }
}

/// Targets in the terms of a task.
#[derive(Clone, Debug)]
pub(crate) enum EncodedTargets {
    /// Indices into the task's labels `[N]`, or `[Σ T_n]` for steps; -1 where there is none.
    Classes(Vec<i64>),
    /// Numbers.
    Values(EncodedValues),
}

impl Task {
    /// The task of these training data.
    ///
    /// # Errors
    ///
    /// Nothing to learn: no sequence, no targets, a single class.
    pub(crate) fn of(training: &Dataset, answer: &NumberAnswer) -> Result<Self> {
        training.check_trainable()?;
        match training.targets() {
            Targets::Classes(classes) => Classify::of(classes, training).map(Task::Classify),
            Targets::Labels(labels) => Ok(Task::MultiLabel(MultiLabel::of(labels))),
            Targets::Values(values) => Regress::of(values, answer).map(Task::Regress),
            Targets::None => Err(missing_targets(training)),
        }
    }

    /// The same task with another loss for numbers, if one is given.
    pub(crate) fn with_loss(&self, loss: Option<RegressionLoss>) -> Result<Self> {
        match (self, loss) {
            (Task::Regress(regress), Some(loss)) => regress.with_loss(loss).map(Task::Regress),
            _ => Ok(self.clone()),
        }
    }

    /// The recipe of a forecast, if that is the task.
    #[must_use]
    pub fn forecast(&self) -> Option<&Recipe> {
        match self {
            Task::Regress(regress) => regress.forecast(),
            Task::Classify(_) | Task::MultiLabel(_) | Task::Text(_) => None,
        }
    }

    /// Whether members of an ensemble may have the one and the other: all is the same but what a
    /// validation has chosen.
    pub(crate) fn is_like(&self, other: &Task) -> bool {
        match (self, other) {
            (Task::MultiLabel(one), Task::MultiLabel(other)) => one.is_like(other),
            (one, other) => one == other,
        }
    }

    /// The task of members that are [like](Self::is_like) each other.
    pub(crate) fn of_members(tasks: &[Task]) -> Self {
        let labels = |task: &'_ Task| match task {
            Task::MultiLabel(labels) => Some(labels.clone()),
            _ => None,
        };
        match labels(&tasks[0]) {
            Some(first) => {
                let others: Vec<MultiLabel> = tasks[1..].iter().filter_map(labels).collect();
                Task::MultiLabel(first.with_mean_thresholds(&others))
            }
            None => tasks[0].clone(),
        }
    }

    /// What there is an answer for.
    #[must_use]
    pub fn each(&self) -> Each {
        match self {
            Task::Classify(classify) => classify.each(),
            Task::MultiLabel(_) => Each::Sequence,
            Task::Regress(regress) => regress.each(),
            Task::Text(_) => Each::Step,
        }
    }

    /// O: the number of classes, or of predicted numbers.
    #[must_use]
    pub fn output_size(&self) -> usize {
        match self {
            Task::Classify(classify) => classify.labels().len(),
            Task::MultiLabel(labels) => labels.labels().len(),
            Task::Regress(regress) => regress.targets().len() * regress.output().width(),
            Task::Text(text) => text.tokenizer().len(),
        }
    }

    /// The names of the target columns; one, for classes.
    #[must_use]
    pub fn target_names(&self) -> Vec<String> {
        match self {
            Task::Classify(classify) => vec![classify.target().to_string()],
            Task::MultiLabel(labels) => match labels.column() {
                Some(column) => vec![column.to_string()],
                None => labels.labels().to_vec(),
            },
            Task::Regress(regress) => regress.targets().to_vec(),
            Task::Text(text) => vec![text.target().to_owned()],
        }
    }

    /// The targets of `data` in this task's terms.
    ///
    /// # Errors
    ///
    /// No sequence; no targets, or of another kind or name; a class that the task does not know.
    pub(crate) fn encode(&self, data: &Dataset) -> Result<EncodedTargets> {
        if data.is_empty() {
            return Err(refused(data, "at least one sequence", "none"));
        }
        if let Some(found) = data.targets().each().filter(|found| *found != self.each()) {
            let words = |each| match each {
                Each::Sequence => "a target for each sequence",
                Each::Step => "a target at every step",
            };
            return Err(refused(data, words(self.each()), words(found)));
        }
        if data.targets().are_missing() && !matches!(self, Task::Text(_)) {
            return Err(missing_targets(data));
        }
        match (self, data.targets()) {
            (Task::Classify(classify), Targets::Classes(classes)) => {
                classify.encode(classes, data).map(EncodedTargets::Classes)
            }
            (Task::MultiLabel(labels), Targets::Labels(targets)) => {
                labels.encode(targets, data).map(EncodedTargets::Values)
            }
            (Task::Regress(regress), Targets::Values(values)) => {
                regress.encode(values, data).map(EncodedTargets::Values)
            }
            (Task::Text(_), _) => {
                Err(refused(data, "a text, as the model reads text", "sequences"))
            }
            (Task::Classify(_), _) => Err(refused(data, "classes as targets", "numbers")),
            (Task::MultiLabel(_), _) => Err(refused(data, "labels as targets", "others")),
            (Task::Regress(_), _) => Err(refused(data, "numbers as targets", "classes")),
        }
    }

    /// What several networks say together, of their outputs `[N, O]` each: outputs that stand for
    /// the mean of the probabilities of classes, or of numbers.
    pub(crate) fn combine(&self, mut members: Vec<Array2<f64>>) -> Array2<f64> {
        if members.len() == 1 {
            return members.remove(0);
        }
        if let Task::MultiLabel(_) = self {
            return labels::mean(&members);
        }
        let count = members.len() as f64;
        if let Task::Classify(_) = self {
            members.iter_mut().for_each(classify::to_probabilities);
        }
        let mut sum = members.remove(0);
        members.iter().for_each(|member| sum += member);
        sum /= count;
        if let Task::Classify(_) = self {
            // The softmax of the logarithms of probabilities gives them back.
            sum.mapv_inplace(|probability| Float::ln(probability.max(f64::MIN_POSITIVE)));
        }
        sum
    }

    /// What the outputs `[N, O]`, or `[Σ T_n, O]` for steps, say.
    pub(crate) fn predictions(
        &self,
        data: &Dataset,
        outputs: ArrayView2<'_, f64>,
    ) -> Result<Predictions> {
        let answers = Answers::of(data, self.each());
        Ok(match self {
            Task::Classify(classify) => {
                Predictions::Classes(classify.predictions(answers, outputs)?)
            }
            Task::MultiLabel(labels) => Predictions::Labels(labels.predictions(answers, outputs)),
            Task::Regress(regress) => Predictions::Values(regress.predictions(answers, outputs)),
            Task::Text(_) => {
                let expected = "a text, as the model reads text";
                return Err(Error::argument("data", expected, "sequences"));
            }
        })
    }

    /// As [`evaluate`](Self::evaluate), with what the words of `data` say.
    pub(crate) fn evaluate_on(
        &self,
        data: &Dataset,
        outputs: ArrayView2<'_, f64>,
        targets: &EncodedTargets,
    ) -> Result<Evaluation> {
        let mut evaluation = self.evaluate(outputs, targets)?;
        if let (
            Task::Classify(task),
            Evaluation::Classify(found),
            EncodedTargets::Classes(classes),
        ) = (self, &mut evaluation, targets)
        {
            found.words = task.words(outputs, classes, data);
            let word = |words: &WordEvaluation| FloorScore {
                kind: FloorKind::Word,
                accuracy: words.floor,
                fitted_on: None,
            };
            found.floors.extend(found.words.iter().map(word));
        }
        Ok(evaluation)
    }

    /// Adds what simple predictors achieve that said this.
    pub(crate) fn add_floors(
        &self,
        all_guesses: &[Guesses],
        targets: &EncodedTargets,
        evaluation: &mut Evaluation,
    ) {
        for guesses in all_guesses {
            match (self, targets, &mut *evaluation) {
                (
                    Task::Classify(task),
                    EncodedTargets::Classes(classes),
                    Evaluation::Classify(all),
                ) => {
                    all.floors.extend(task.floor_score(guesses, classes));
                }
                (
                    Task::MultiLabel(task),
                    EncodedTargets::Values(values),
                    Evaluation::MultiLabel(all),
                ) => all.floors.extend(task.floor(guesses, values)),
                (Task::Regress(task), EncodedTargets::Values(values), Evaluation::Regress(all)) => {
                    let errors = task.floor_errors(guesses, values).unwrap_or_default();
                    let targets = all.targets.iter_mut().zip(errors);
                    targets.for_each(|(target, errors)| target.floors.push(errors));
                }
                _ => {}
            }
        }
    }

    /// How good the outputs `[N, O]` are.
    pub(crate) fn evaluate(
        &self,
        outputs: ArrayView2<'_, f64>,
        targets: &EncodedTargets,
    ) -> Result<Evaluation> {
        match (self, targets) {
            (Task::Classify(classify), EncodedTargets::Classes(classes)) => {
                classify.evaluate(outputs, classes).map(Evaluation::Classify)
            }
            (Task::MultiLabel(labels), EncodedTargets::Values(targets)) => {
                labels.evaluate(outputs, targets).map(Evaluation::MultiLabel)
            }
            (Task::Regress(regress), EncodedTargets::Values(targets)) => {
                regress.evaluate(outputs, targets).map(Evaluation::Regress)
            }
            (Task::Classify(_), _) => Err(Error::argument("targets", "classes", "numbers")),
            (Task::MultiLabel(_), _) => Err(Error::argument("targets", "labels", "classes")),
            (Task::Regress(_), _) => Err(Error::argument("targets", "numbers", "classes")),
            (Task::Text(_), _) => Err(Error::argument("targets", "a text", "sequences")),
        }
    }
}

fn missing_targets(data: &Dataset) -> Error {
    refused(data, data.targets().wanted(), "none")
}

/// A fault of the data as a whole, with the file they come from if it is known.
fn refused(data: &Dataset, expected: impl Into<String>, found: &str) -> Error {
    match data.source() {
        Some(source) => FileFault::new(&source.path, expected, found).into(),
        None => Error::argument("data", expected, found),
    }
}
