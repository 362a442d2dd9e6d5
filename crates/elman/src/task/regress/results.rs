//! Predicted numbers, and how good they are.

use ndarray::{Array2, ArrayView2};
use serde::Serialize;

use super::super::Answers;
use super::super::floor::FloorKind;
use crate::data::Each;
use crate::error::Result;
use crate::metric;

/// Numbers for each sequence, in the units of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct ValuePredictions {
    pub(super) answers: Answers,
    pub(super) targets: Vec<String>, // [O]
    pub(super) values: Array2<f64>,  // [N, O]
    pub(super) intervals: Vec<ValueInterval>,
}

/// Between which numbers each target is expected to lie, in its units.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueInterval {
    /// How often, in percent.
    pub level: f64,
    /// The lower ends `[N, O]`.
    pub low: Array2<f64>,
    /// The upper ends `[N, O]`.
    pub high: Array2<f64>,
}

/// How often a target lay in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct IntervalEvaluation {
    /// How often it should, in percent.
    pub level: f64,
    /// The share of the targets that did, ends included.
    pub coverage: f64,
    /// The mean width of the interval, in the units of the target.
    pub mean_width: f64,
}

/// How good predicted numbers are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueEvaluation {
    /// What there are numbers for.
    #[serde(skip_serializing_if = "Each::is_sequence")]
    pub each: Each,
    /// The number of sequences, or of steps, that have targets.
    pub sequences: usize,
    /// The mean loss that was trained with, on standardised targets.
    pub loss: f64,
    /// The metrics of each target, in its units `[O]`.
    pub targets: Vec<TargetEvaluation>,
}

/// How good the predictions of one target are, and those of always guessing its training mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetEvaluation {
    /// The target.
    pub name: String,
    /// The errors of the predictions.
    pub model: ValueErrors,
    /// The errors of always guessing the mean of the training targets.
    pub floor: ValueErrors,
    /// The errors of each simple predictor that the model is held against.
    pub floors: Vec<FloorErrors>,
    /// That mean.
    pub training_mean: f64,
    /// How often the target lay in each interval; none where the model gives none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<IntervalEvaluation>,
}

/// The errors of a simple predictor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FloorErrors {
    /// The predictor.
    pub kind: FloorKind,
    /// How many training sequences or steps it was fitted on, if on a part of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted_on: Option<usize>,
    /// Its errors.
    #[serde(flatten)]
    pub errors: ValueErrors,
}

/// The errors of predictions of one target, in its units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ValueErrors {
    /// The root of the mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// The share of the variance that is explained; none where the targets do not vary.
    pub r2: Option<f64>,
}

impl TargetEvaluation {
    /// The errors of a simple predictor; those of guessing the mean, if it is not there.
    #[must_use]
    pub fn floor_of(&self, kind: FloorKind) -> ValueErrors {
        let found = self.floors.iter().find(|floor| floor.kind == kind);
        found.map_or(self.floor, |floor| floor.errors)
    }
}

impl ValueErrors {
    pub(super) fn of(actual: &[f64], predicted: &[f64]) -> Result<Self> {
        Ok(ValueErrors {
            rmse: metric::rmse(actual, predicted)?,
            mae: metric::mae(actual, predicted)?,
            r2: metric::r_squared(actual, predicted)?,
        })
    }
}

impl ValueEvaluation {
    /// The root mean squared error; the mean of them, where there are several targets.
    #[must_use]
    pub fn rmse(&self) -> f64 {
        self.mean(|target| target.model.rmse)
    }

    /// The root mean squared error of the best simple predictor; the mean of them, where there are
    /// several targets.
    #[must_use]
    pub fn floor_rmse(&self) -> f64 {
        self.mean_floor(self.best_floor())
    }

    /// The simple predictor with the smallest root mean squared error over all targets; the first of
    /// several.
    #[must_use]
    pub fn best_floor(&self) -> FloorKind {
        let kinds = self.targets.first().map_or(&[][..], |target| &target.floors);
        let better = |best: FloorKind, next: &FloorErrors| {
            if self.mean_floor(next.kind) < self.mean_floor(best) { next.kind } else { best }
        };
        kinds.iter().fold(FloorKind::Mean, better)
    }

    /// The root mean squared error of a simple predictor; the mean over the targets.
    #[must_use]
    pub fn mean_floor(&self, kind: FloorKind) -> f64 {
        self.mean(|target| target.floor_of(kind).rmse)
    }

    fn mean(&self, number: impl Fn(&TargetEvaluation) -> f64) -> f64 {
        self.targets.iter().map(number).sum::<f64>() / self.targets.len() as f64
    }
}

impl ValueInterval {
    /// How often the numbers of a target lie in it.
    pub(super) fn measure(&self, target: usize, actual: &[f64]) -> IntervalEvaluation {
        let ends = self.low.column(target).into_iter().zip(self.high.column(target));
        let (mut inside, mut width) = (0_usize, 0.0);
        for ((low, high), value) in ends.zip(actual) {
            inside += usize::from(low <= value && value <= high);
            width += high - low;
        }
        let count = actual.len() as f64;
        let (coverage, mean_width) = (inside as f64 / count, width / count);
        IntervalEvaluation { level: self.level, coverage, mean_width }
    }
}

impl ValuePredictions {
    /// Between which numbers the targets are expected to lie, the widest first; none where the model
    /// gives [numbers](crate::forecast::Output::Point) alone.
    #[must_use]
    pub fn intervals(&self) -> &[ValueInterval] {
        &self.intervals
    }

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

    /// The name of each target `[O]`.
    #[must_use]
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// The predicted numbers `[N, O]`, in the units of the targets.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }
}
