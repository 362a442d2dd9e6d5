//! Classification: one of several classes for each sequence, by a softmax over one output per class.

mod results;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

pub use self::results::{
    ClassEvaluation, ClassFloor, ClassPredictions, ClassReport, WordEvaluation,
};
use super::floor::{FloorKind, Guesses, Said};
use super::{Answers, FloorScore};
use crate::data::{ClassTargets, Dataset, Each, TokenChannel, Vocabulary};
use crate::error::{Error, FileFault, Result, nearest};
use crate::loss::{CrossEntropy, softmax};
use crate::metric::{self, ConfusionMatrix, winner};

/// The code of a step without a class.
const NO_CLASS: i64 = -1;
/// The code of a step whose class the task does not know.
const OTHER_CLASS: i64 = -2;

/// Predicting classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Classify {
    target: String,
    labels: Vec<String>,
    training_counts: Vec<usize>,
    #[serde(skip_serializing_if = "Each::is_sequence")]
    each: Each,
    /// The commonest class of each token of the first token channel in training `[V]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    token_classes: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    target: String,
    labels: Vec<String>,
    training_counts: Vec<usize>,
    #[serde(default)]
    each: Each,
    #[serde(default)]
    token_classes: Vec<usize>,
}

impl TryFrom<Unchecked> for Classify {
    type Error = Error;

    fn try_from(parts: Unchecked) -> Result<Self> {
        let Unchecked { target, labels, training_counts, each, token_classes } = parts;
        let count = labels.len();
        if let Some(class) = token_classes.iter().find(|class| **class >= count) {
            return Err(Error::argument("token_classes", format!("below {count} (labels)"), class));
        }
        Ok(Classify { each, token_classes, ..Classify::new(target, labels, training_counts)? })
    }
}

impl Classify {
    /// Classes by name, with the number of training sequences of each; `target` is the name of what
    /// is predicted.
    ///
    /// # Errors
    ///
    /// Fewer than two labels, a label that occurs twice, or not one count for each.
    pub fn new(
        target: impl Into<String>,
        labels: Vec<String>,
        training_counts: Vec<usize>,
    ) -> Result<Self> {
        if labels.len() < 2 {
            return Err(Error::argument("labels", "at least two", labels.len()));
        }
        if training_counts.len() != labels.len() {
            return Err(Error::shape("training_counts", &[labels.len()], &[training_counts.len()]));
        }
        // Checks the labels.
        ClassTargets::new("", labels.clone(), Vec::new())?;
        let (each, token_classes) = (Each::Sequence, vec![]);
        Ok(Classify { target: target.into(), labels, training_counts, each, token_classes })
    }

    /// The classes of training data.
    pub(super) fn of(targets: &ClassTargets, training: &Dataset) -> Result<Self> {
        let task = Classify::new(targets.name(), targets.labels().to_vec(), targets.counts())?;
        let channel = training.token_channels().first();
        let token_classes = match (targets.each(), channel) {
            (Each::Step, Some(channel)) => commonest_classes(channel, targets, task.commonest()),
            _ => vec![],
        };
        Ok(Classify { token_classes, ..task.with_each(targets.each()) })
    }

    /// What the first token channel says of the answers, if there is one at every step.
    pub(super) fn words(
        &self,
        logits: ArrayView2<'_, f64>,
        classes: &[i64],
        data: &Dataset,
    ) -> Option<WordEvaluation> {
        let channel = data.token_channels().first().filter(|_| !self.token_classes.is_empty())?;
        let winners = winners(logits);
        let (mut all, mut right, mut unknown, mut unknown_right) = (0, 0, 0, 0);
        for ((&id, &class), &winner) in channel.ids().iter().zip(classes).zip(&winners) {
            let is = |answer: usize| usize::from(i64::try_from(answer) == Ok(class));
            if class == NO_CLASS {
                continue;
            }
            all += 1;
            right += is(*self.token_classes.get(id as usize)?);
            if id == Vocabulary::UNKNOWN {
                unknown += 1;
                unknown_right += is(winner);
            }
        }
        let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
        let accuracy_unknown = share(unknown_right, unknown);
        Some(WordEvaluation { floor: share(right, all)?, unknown, accuracy_unknown })
    }

    /// The same for each sequence, or for every step: counts are then those of steps.
    #[must_use]
    pub fn with_each(self, each: Each) -> Self {
        Classify { each, ..self }
    }

    /// What there is a class for.
    #[must_use]
    pub fn each(&self) -> Each {
        self.each
    }

    /// What is predicted: the name of the target column.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The name of each class, in the order of the network's outputs `[O]`.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many training sequences each class had `[O]`.
    #[must_use]
    pub fn training_counts(&self) -> &[usize] {
        &self.training_counts
    }

    /// The commonest class of the training sequences; the first of several equally common ones.
    #[must_use]
    pub fn commonest(&self) -> usize {
        let most = self.training_counts.iter().max();
        self.training_counts.iter().position(|count| Some(count) == most).unwrap_or(0)
    }

    /// The classes of `data` as indices into [`labels`](Self::labels), matched by name; [`NO_CLASS`]
    /// of a step that has none, [`OTHER_CLASS`] of one whose class is not among them.
    pub(super) fn encode(&self, targets: &ClassTargets, data: &Dataset) -> Result<Vec<i64>> {
        let counts = targets.counts();
        let codes = targets.labels().iter().zip(counts).map(|(label, count)| {
            match self.labels.iter().position(|known| known == label) {
                Some(index) => Ok(index as i64),
                None if count == 0 => Ok(NO_CLASS),
                None if self.each == Each::Step => Ok(OTHER_CLASS),
                None => Err(self.unknown(label, targets, data)),
            }
        });
        let codes = codes.collect::<Result<Vec<i64>>>()?;
        // A step without a class has an index past the labels.
        let code = |&index: &usize| codes.get(index).copied().unwrap_or(NO_CLASS);
        Ok(targets.indices().iter().map(code).collect())
    }

    fn unknown(&self, label: &str, targets: &ClassTargets, data: &Dataset) -> Error {
        let expected = format!("a class that the model knows ({})", self.labels.join(", "));
        let found = match nearest(label, self.labels.iter().map(String::as_str)) {
            Some(near) => format!("{label:?} (nearest: {near:?})"),
            None => format!("{label:?}"),
        };
        match data.source() {
            Some(source) => {
                FileFault::new(&source.path, expected, found).column(targets.name()).into()
            }
            None => Error::argument(targets.name(), expected, found),
        }
    }

    pub(super) fn predictions(
        &self,
        answers: Answers,
        logits: ArrayView2<'_, f64>,
    ) -> Result<ClassPredictions> {
        let mut probabilities = Array2::zeros(logits.dim());
        softmax(logits, probabilities.view_mut())?;
        Ok(ClassPredictions {
            answers,
            labels: self.labels.clone(),
            classes: winners(logits),
            probabilities,
        })
    }

    pub(super) fn evaluate(
        &self,
        logits: ArrayView2<'_, f64>,
        classes: &[i64],
    ) -> Result<ClassEvaluation> {
        let others = classes.iter().filter(|class| **class == OTHER_CLASS).count();
        let counted: Vec<usize> = (0..classes.len()).filter(|&row| classes[row] >= 0).collect();
        let logits = logits.select(Axis(0), &counted);
        let logits = logits.view();
        let classes: Vec<i64> = counted.iter().map(|&row| classes[row]).collect();
        let classes = classes.as_slice();
        let loss = CrossEntropy::default().value(logits, classes.into())?;
        let actual: Vec<usize> =
            classes.iter().filter_map(|&class| usize::try_from(class).ok()).collect();
        let outputs = self.labels.len();
        let all = classes.len() + others;
        let share = |accuracy: f64| accuracy * (classes.len() as f64 / all as f64);
        let confusion = ConfusionMatrix::new(&actual, &winners(logits), outputs)?;
        let mut probabilities = logits.to_owned();
        to_probabilities(&mut probabilities);
        let guess = self.commonest();
        let floor = ConfusionMatrix::new(&actual, &vec![guess; actual.len()], outputs)?;
        Ok(ClassEvaluation {
            each: self.each,
            sequences: all,
            other_classes: others,
            loss,
            brier: metric::brier(&actual, probabilities.view())?,
            calibration_error: metric::calibration_error(&actual, probabilities.view())?,
            accuracy: share(confusion.accuracy()),
            macro_f1: confusion.macro_f1(),
            labels: self.labels.clone(),
            confusion: confusion.counts().rows().into_iter().map(|row| row.to_vec()).collect(),
            by_class: self.by_class(&confusion)?,
            floor: ClassFloor {
                label: self.labels[guess].clone(),
                accuracy: share(floor.accuracy()),
                macro_f1: floor.macro_f1(),
            },
            floors: vec![FloorScore {
                kind: FloorKind::Majority,
                accuracy: share(floor.accuracy()),
                fitted_on: None,
            }],
            words: None,
        })
    }

    fn by_class(&self, confusion: &ConfusionMatrix) -> Result<Vec<ClassReport>> {
        let report = |(class, label): (usize, &String)| {
            Ok(ClassReport {
                label: label.clone(),
                precision: confusion.precision(class)?,
                recall: confusion.recall(class)?,
                f1: confusion.f1(class)?,
                support: confusion.support(class)?,
            })
        };
        self.labels.iter().enumerate().map(report).collect()
    }

    /// The accuracy of what a predictor says of answers with these classes.
    pub(super) fn floor_score(&self, guesses: &Guesses, classes: &[i64]) -> Option<FloorScore> {
        let Said::Classes(said) = &guesses.said else { return None };
        let pairs = said.iter().zip(classes).filter(|(_, class)| **class != NO_CLASS);
        let right = |(said, class): &(&usize, &i64)| i64::try_from(**said) == Ok(**class);
        let (all, right) = (pairs.clone().count(), pairs.filter(right).count());
        let Guesses { kind, fitted_on, .. } = *guesses;
        (all > 0).then(|| FloorScore { kind, accuracy: right as f64 / all as f64, fitted_on })
    }
}

/// The commonest class of each token; `other` of those that training does not have.
fn commonest_classes(channel: &TokenChannel, targets: &ClassTargets, other: usize) -> Vec<usize> {
    let width = targets.labels().len();
    let mut counts = vec![0u32; channel.vocabulary().len() * width];
    for (&id, &class) in channel.ids().iter().zip(targets.indices()) {
        if class < width {
            counts[id as usize * width + class] += 1;
        }
    }
    let commonest = |counts: &[u32]| {
        let most = counts.iter().max().filter(|most| **most > 0);
        most.and_then(|most| counts.iter().position(|count| count == most)).unwrap_or(other)
    };
    counts.chunks_exact(width).map(commonest).collect()
}

/// Makes probabilities of logits `[N, O]`.
pub(super) fn to_probabilities(logits: &mut Array2<f64>) {
    let mut probabilities = Array2::zeros(logits.raw_dim());
    // The shapes are the same.
    if softmax(logits.view(), probabilities.view_mut()).is_ok() {
        *logits = probabilities;
    }
}

/// The class of the largest logit in each row; the first of several equal ones.
fn winners(logits: ArrayView2<'_, f64>) -> Vec<usize> {
    logits.rows().into_iter().map(winner).collect()
}
