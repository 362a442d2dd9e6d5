//! Classification: one of several classes for each sequence, by a softmax over one output per class.

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::Answers;
use crate::data::{ClassTargets, Dataset, Each};
use crate::error::{Error, FileFault, Result, nearest};
use crate::loss::{CrossEntropy, softmax};
use crate::metric::{ConfusionMatrix, winner};

/// Predicting classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Classify {
    target: String,
    labels: Vec<String>,
    training_counts: Vec<usize>,
    #[serde(skip_serializing_if = "Each::is_sequence")]
    each: Each,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    target: String,
    labels: Vec<String>,
    training_counts: Vec<usize>,
    #[serde(default)]
    each: Each,
}

impl TryFrom<Unchecked> for Classify {
    type Error = Error;

    fn try_from(parts: Unchecked) -> Result<Self> {
        let Unchecked { target, labels, training_counts, each } = parts;
        Ok(Classify { each, ..Classify::new(target, labels, training_counts)? })
    }
}

/// A class for each sequence, with the probability of every class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPredictions {
    answers: Answers,
    labels: Vec<String>,        // [O]
    classes: Vec<usize>,        // [N]
    probabilities: Array2<f64>, // [N, O]
}

/// How good predicted classes are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassEvaluation {
    /// The number of sequences, or of steps, that have a class.
    pub sequences: usize,
    /// The mean cross-entropy, without label smoothing or class weights.
    pub loss: f64,
    /// The share of sequences whose class was predicted correctly.
    pub accuracy: f64,
    /// The mean of the F1 of each class that occurs in the data or in the predictions.
    pub macro_f1: f64,
    /// The name of each class `[O]`.
    pub labels: Vec<String>,
    /// How many sequences of class i (row) were predicted as class j (column) `[O, O]`.
    pub confusion: Vec<Vec<u64>>,
    /// What always guessing the commonest training class achieves.
    pub floor: ClassFloor,
}

/// What always guessing the commonest training class achieves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFloor {
    /// That class; the first of several equally common ones.
    pub label: String,
    /// The share of sequences of that class.
    pub accuracy: f64,
    /// The mean F1.
    pub macro_f1: f64,
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
        Ok(Classify { target: target.into(), labels, training_counts, each: Each::Sequence })
    }

    /// The classes of training data.
    pub(super) fn of(targets: &ClassTargets) -> Result<Self> {
        let task = Classify::new(targets.name(), targets.labels().to_vec(), targets.counts())?;
        Ok(task.with_each(targets.each()))
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

    /// The classes of `data` as indices into [`labels`](Self::labels), matched by name.
    pub(super) fn encode(&self, targets: &ClassTargets, data: &Dataset) -> Result<Vec<i64>> {
        let counts = targets.counts();
        let codes = targets.labels().iter().zip(counts).map(|(label, count)| {
            match self.labels.iter().position(|known| known == label) {
                Some(index) => Ok(index as i64),
                None if count == 0 => Ok(-1),
                None => Err(self.unknown(label, targets, data)),
            }
        });
        let codes = codes.collect::<Result<Vec<i64>>>()?;
        // A step without a class has an index past the labels.
        let code = |&index: &usize| codes.get(index).copied().unwrap_or(-1);
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
        let counted: Vec<usize> = (0..classes.len()).filter(|&row| classes[row] >= 0).collect();
        let logits = logits.select(Axis(0), &counted);
        let logits = logits.view();
        let classes: Vec<i64> = counted.iter().map(|&row| classes[row]).collect();
        let classes = classes.as_slice();
        let loss = CrossEntropy::default().value(logits, classes.into())?;
        let actual: Vec<usize> =
            classes.iter().filter_map(|&class| usize::try_from(class).ok()).collect();
        let outputs = self.labels.len();
        let confusion = ConfusionMatrix::new(&actual, &winners(logits), outputs)?;
        let guess = self.commonest();
        let floor = ConfusionMatrix::new(&actual, &vec![guess; actual.len()], outputs)?;
        Ok(ClassEvaluation {
            sequences: classes.len(),
            loss,
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            labels: self.labels.clone(),
            confusion: confusion.counts().rows().into_iter().map(|row| row.to_vec()).collect(),
            floor: ClassFloor {
                label: self.labels[guess].clone(),
                accuracy: floor.accuracy(),
                macro_f1: floor.macro_f1(),
            },
        })
    }
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

impl ClassPredictions {
    /// The number of answers, N: one for each sequence or step.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.ids.len()
    }

    /// Whether there is no sequence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.ids.is_empty()
    }

    /// The name of the sequence of each answer `[N]`.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.answers.ids
    }

    /// The step of each answer `[N]`, from 0; empty where there is one answer for a sequence.
    #[must_use]
    pub fn steps(&self) -> &[usize] {
        &self.answers.steps
    }

    /// The name of each class `[O]`.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The predicted class of each sequence, an index into the labels `[N]`.
    #[must_use]
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// The name of the predicted class of a sequence; `None` past the last one.
    #[must_use]
    pub fn label(&self, sequence: usize) -> Option<&str> {
        let class = *self.classes.get(sequence)?;
        self.labels.get(class).map(String::as_str)
    }

    /// The label of the predicted class of each sequence `[N]`.
    pub fn predicted_labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.classes.iter().map(|&class| self.labels[class].as_str())
    }

    /// The probability of each class for each sequence `[N, O]`; a row sums to 1.
    #[must_use]
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        self.probabilities.view()
    }
}
