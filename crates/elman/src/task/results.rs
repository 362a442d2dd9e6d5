//! What comes out of a task: predictions, and how good they are.

use serde::Serialize;

use super::{
    ClassEvaluation, ClassPredictions, FloorKind, LabelEvaluation, LabelFloor, LabelPredictions,
    Score, ValueEvaluation, ValuePredictions,
};
use crate::error::{Error, Result};
use crate::real::Float;
use crate::text::Likelihood;

/// Predictions for sequences, by their ids.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// One of several classes.
    Classes(ClassPredictions),
    /// Any of several labels.
    Labels(LabelPredictions),
    /// One or more numbers.
    Values(ValuePredictions),
}

/// The accuracy of a simple predictor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FloorScore {
    /// The predictor.
    pub kind: FloorKind,
    /// The share of right answers.
    pub accuracy: f64,
    /// How many training sequences or steps it was fitted on, if on a part of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted_on: Option<usize>,
}

/// How good predictions are, beside what simple predictors achieve.
///
/// ```
/// use elman::data::{ClassTargets, Dataset, Targets};
/// use elman::task::{Classify, Evaluation, Score, Task};
/// use elman::{Model, Network, NetworkConfig};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// // To a network of zeros both classes are equally likely; it predicts the first.
/// let labels = vec!["calm".to_string(), "wild".to_string()];
/// let task = Task::Classify(Classify::new("mood", labels.clone(), vec![3, 9])?);
/// let network = Network::<f32>::new(NetworkConfig::new(1, 2))?;
/// let model = Model::new(network, task, vec!["speed".into()], None)?;
///
/// let targets = Targets::Classes(ClassTargets::new("mood", labels, vec![0, 0, 1])?);
/// let sequence = array![[1.0], [2.0]];
/// let three = [sequence.view(), sequence.view(), sequence.view()];
/// let evaluation = model.evaluate(&Dataset::from_sequences(&three, vec!["speed".into()], targets)?)?;
/// assert_eq!(evaluation.score(), Score::Accuracy(2.0 / 3.0));
/// assert_eq!(evaluation.floor(), Score::Accuracy(1.0 / 3.0));
/// let classes = evaluation.classes()?;
/// assert_eq!(classes.confusion, [[2, 0], [1, 0]]);
/// assert_eq!(classes.floor.label, "wild");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "task")]
pub enum Evaluation {
    /// Of classes.
    Classify(ClassEvaluation),
    /// Of labels.
    MultiLabel(LabelEvaluation),
    /// Of numbers.
    Regress(ValueEvaluation),
    /// The next token of a text.
    Text(Likelihood),
}

impl Predictions {
    /// What they are, for messages.
    fn kind(&self) -> &'static str {
        match self {
            Predictions::Classes(_) => "classes",
            Predictions::Labels(_) => "labels",
            Predictions::Values(_) => "numbers",
        }
    }

    /// The predicted classes.
    ///
    /// # Errors
    ///
    /// Predictions that are numbers.
    pub fn classes(&self) -> Result<&ClassPredictions> {
        match self {
            Predictions::Classes(classes) => Ok(classes),
            other => Err(Error::argument("predictions", "classes", other.kind())),
        }
    }

    /// The predicted numbers.
    ///
    /// # Errors
    ///
    /// Predictions that are classes.
    pub fn values(&self) -> Result<&ValuePredictions> {
        match self {
            Predictions::Values(values) => Ok(values),
            other => Err(Error::argument("predictions", "numbers", other.kind())),
        }
    }

    /// The predicted classes, by value.
    ///
    /// # Errors
    ///
    /// Predictions that are numbers.
    pub fn into_classes(self) -> Result<ClassPredictions> {
        match self {
            Predictions::Classes(classes) => Ok(classes),
            other => Err(Error::argument("predictions", "classes", other.kind())),
        }
    }

    /// The predicted numbers, by value.
    ///
    /// # Errors
    ///
    /// Predictions that are classes.
    pub fn into_values(self) -> Result<ValuePredictions> {
        match self {
            Predictions::Values(values) => Ok(values),
            other => Err(Error::argument("predictions", "numbers", other.kind())),
        }
    }
}

impl Evaluation {
    /// What it is of, for messages.
    fn kind(&self) -> &'static str {
        match self {
            Evaluation::Classify(_) => "classes",
            Evaluation::MultiLabel(_) => "labels",
            Evaluation::Regress(_) => "numbers",
            Evaluation::Text(_) => "a text",
        }
    }

    /// The evaluation of classes.
    ///
    /// # Errors
    ///
    /// An evaluation of numbers.
    pub fn classes(&self) -> Result<&ClassEvaluation> {
        match self {
            Evaluation::Classify(classes) => Ok(classes),
            other => Err(Error::argument("evaluation", "classes", other.kind())),
        }
    }

    /// The evaluation of numbers.
    ///
    /// # Errors
    ///
    /// An evaluation of classes.
    pub fn values(&self) -> Result<&ValueEvaluation> {
        match self {
            Evaluation::Regress(values) => Ok(values),
            other => Err(Error::argument("evaluation", "numbers", other.kind())),
        }
    }

    /// The evaluation of classes, by value.
    ///
    /// # Errors
    ///
    /// An evaluation of numbers.
    pub fn into_classes(self) -> Result<ClassEvaluation> {
        match self {
            Evaluation::Classify(classes) => Ok(classes),
            other => Err(Error::argument("evaluation", "classes", other.kind())),
        }
    }

    /// The evaluation of numbers, by value.
    ///
    /// # Errors
    ///
    /// An evaluation of classes.
    pub fn into_values(self) -> Result<ValueEvaluation> {
        match self {
            Evaluation::Regress(values) => Ok(values),
            other => Err(Error::argument("evaluation", "numbers", other.kind())),
        }
    }

    /// The mean loss of the sequences: cross-entropy, or the loss that was trained with, on
    /// standardised targets.
    #[must_use]
    pub fn loss(&self) -> f64 {
        match self {
            Evaluation::Classify(classes) => classes.loss,
            Evaluation::MultiLabel(labels) => labels.loss,
            Evaluation::Regress(values) => values.loss,
            Evaluation::Text(text) => text.nats,
        }
    }

    /// The number of sequences; 1 for a text.
    #[must_use]
    pub fn sequences(&self) -> usize {
        match self {
            Evaluation::Classify(classes) => classes.sequences,
            Evaluation::MultiLabel(labels) => labels.sequences,
            Evaluation::Regress(values) => values.sequences,
            Evaluation::Text(_) => 1,
        }
    }

    /// Whether the score is better than that of every simple predictor.
    #[must_use]
    pub fn beats_floor(&self) -> bool {
        self.score().cost() < self.floor().cost()
    }

    /// The accuracy, or the root mean squared error.
    #[must_use]
    pub fn score(&self) -> Score {
        match self {
            Evaluation::Classify(classes) => Score::Accuracy(classes.accuracy),
            Evaluation::MultiLabel(labels) => Score::F1(labels.micro_f1),
            Evaluation::Regress(values) => Score::Rmse(values.rmse()),
            Evaluation::Text(text) => Score::Perplexity(text.perplexity),
        }
    }

    /// The best of the simple predictors that the model is held against; `None` for a text.
    #[must_use]
    pub fn best_floor(&self) -> Option<FloorKind> {
        match self {
            Evaluation::Classify(classes) => Some(classes.best_floor().kind),
            Evaluation::MultiLabel(labels) => labels.best_floor().map(|floor| floor.kind),
            Evaluation::Regress(values) => Some(values.best_floor()),
            Evaluation::Text(_) => None,
        }
    }

    /// The score of each of them; none for a text.
    #[must_use]
    pub fn floors(&self) -> Vec<(FloorKind, Score)> {
        match self {
            Evaluation::Classify(classes) => {
                let score = |floor: &FloorScore| (floor.kind, Score::Accuracy(floor.accuracy));
                classes.floors.iter().map(score).collect()
            }
            Evaluation::MultiLabel(labels) => {
                let score = |floor: &LabelFloor| (floor.kind, Score::F1(floor.micro_f1));
                labels.floors.iter().map(score).collect()
            }
            Evaluation::Regress(values) => {
                let kinds = values.targets.first().map_or(&[][..], |target| &target.floors);
                let score = |kind| (kind, Score::Rmse(values.mean_floor(kind)));
                kinds.iter().map(|floor| score(floor.kind)).collect()
            }
            Evaluation::Text(_) => vec![],
        }
    }

    /// The best score of a simple predictor: of always guessing the commonest class, or the mean, of
    /// the training sequences, and of those of [`FloorKind`] that the model keeps.
    #[must_use]
    pub fn floor(&self) -> Score {
        match self {
            Evaluation::Classify(classes) => Score::Accuracy(classes.best_floor().accuracy),
            Evaluation::MultiLabel(labels) => {
                Score::F1(labels.best_floor().map_or(0.0, |floor| floor.micro_f1))
            }
            Evaluation::Regress(values) => Score::Rmse(values.floor_rmse()),
            Evaluation::Text(text) => Score::Perplexity(Float::exp(text.floor_nats)),
        }
    }
}
