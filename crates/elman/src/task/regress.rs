//! Regression: one or more numbers for each sequence. The outputs are standardised targets.

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::Answers;
use super::floor::{FloorKind, Guesses, Said};
use crate::data::{Dataset, Each, Standardization, ValueTargets};
use crate::error::{Error, FileFault, Result};
use crate::forecast::Recipe;
use crate::loss::{NumberLoss, Output, RegressionLoss};
use crate::metric;

/// How far two levels may be apart that are one.
const SAME_LEVEL: f64 = 1e-9;

/// Predicting numbers.
///
/// The network learns targets of mean 0 and standard deviation 1, so that a good learning rate does
/// not depend on the unit of the target. Predictions and metrics are in the original units; the
/// loss is that of the standardised targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Regress {
    targets: Vec<String>,
    scaling: Standardization,
    loss: RegressionLoss,
    #[serde(skip_serializing_if = "Each::is_sequence")]
    each: Each,
    #[serde(skip_serializing_if = "is_point")]
    output: Output,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<Box<Recipe>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    targets: Vec<String>,
    scaling: Standardization,
    loss: RegressionLoss,
    #[serde(default)]
    each: Each,
    #[serde(default)]
    output: Output,
    #[serde(default)]
    forecast: Option<Box<Recipe>>,
}

fn is_point(output: &Output) -> bool {
    *output == Output::Point
}

/// What a network says of numbers, and what is minimised of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberAnswer {
    pub(crate) output: Output,
    /// The loss of numbers themselves.
    pub(crate) loss: RegressionLoss,
}

impl TryFrom<Unchecked> for Regress {
    type Error = Error;

    fn try_from(parts: Unchecked) -> Result<Self> {
        let Unchecked { targets, scaling, loss, each, output, forecast } = parts;
        output.check()?;
        let regress = Regress { each, output, ..Regress::new(targets, scaling, loss)? };
        match forecast {
            Some(recipe) => regress.with_forecast(*recipe),
            None => Ok(regress),
        }
    }
}

/// Target numbers, standardised and in their own units.
#[derive(Clone, Debug)]
pub(crate) struct EncodedValues {
    pub(crate) standardized: Array2<f64>, // [N, O]
    pub(crate) actual: Array2<f64>,       // [N, O]
}

/// Numbers for each sequence, in the units of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct ValuePredictions {
    answers: Answers,
    targets: Vec<String>, // [O]
    values: Array2<f64>,  // [N, O]
    intervals: Vec<ValueInterval>,
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

impl Regress {
    /// Targets by name, their scaling, and the loss that is minimised.
    ///
    /// # Errors
    ///
    /// No target, one that stands twice, a scaling of another width, or a faulty loss.
    pub fn new(
        targets: Vec<String>,
        scaling: Standardization,
        loss: RegressionLoss,
    ) -> Result<Self> {
        if scaling.len() != targets.len() {
            return Err(Error::shape("target scaling", &[targets.len()], &[scaling.len()]));
        }
        // Checks the names.
        ValueTargets::new(targets.clone(), Array2::zeros((0, targets.len())))?;
        loss.check()?;
        let (each, output) = (Each::Sequence, Output::Point);
        Ok(Regress { targets, scaling, loss, each, output, forecast: None })
    }

    /// The targets of training data.
    pub(super) fn of(targets: &ValueTargets, answer: &NumberAnswer) -> Result<Self> {
        answer.output.check()?;
        let values = targets.values();
        let values = values.select(Axis(0), &known(values));
        let scaling = match answer.output {
            Output::NegativeBinomial => scale_of_counts(values.view())?,
            _ => Standardization::of_rows(values.view())?,
        };
        let regress = Regress::new(targets.names().to_vec(), scaling, answer.loss)?;
        Ok(Regress { each: targets.each(), output: answer.output.clone(), ..regress })
    }

    /// The same with another loss.
    pub(super) fn with_loss(&self, loss: RegressionLoss) -> Result<Self> {
        loss.check()?;
        Ok(Regress { loss, ..self.clone() })
    }

    /// The same for each sequence, or for every step.
    #[must_use]
    pub fn with_each(self, each: Each) -> Self {
        Regress { each, ..self }
    }

    /// The same as the forecast of a recipe, whose steps the targets are.
    ///
    /// # Errors
    ///
    /// Another number of targets than of steps; targets at every step; a recipe whose parts do not
    /// fit together.
    pub fn with_forecast(self, recipe: Recipe) -> Result<Self> {
        recipe.check_parts()?;
        let expected = recipe.options.answers();
        if self.targets.len() != expected || self.each != Each::Sequence {
            let found = self.targets.len();
            return Err(Error::shape("targets of a forecast", &[expected], &[found]));
        }
        Ok(Regress { forecast: Some(Box::new(recipe)), ..self })
    }

    /// How series become inputs and answers forecasts, if that is what the numbers are.
    #[must_use]
    pub fn forecast(&self) -> Option<&Recipe> {
        self.forecast.as_deref()
    }

    /// What there are numbers for.
    #[must_use]
    pub fn each(&self) -> Each {
        self.each
    }

    /// The name of each target, in the order of the network's outputs `[O]`.
    #[must_use]
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// The mean and deviation of each training target.
    #[must_use]
    pub fn scaling(&self) -> &Standardization {
        &self.scaling
    }

    /// The loss that is minimised, on standardised targets.
    #[must_use]
    pub fn loss(&self) -> RegressionLoss {
        self.loss
    }

    /// What the network says of each number.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// What is minimised.
    pub(crate) fn number_loss(&self) -> NumberLoss {
        let units = self.scaling.deviations().to_vec();
        NumberLoss { output: self.output.clone(), point: self.loss, units }
    }

    /// The targets of `data`, standardised.
    pub(super) fn encode(&self, targets: &ValueTargets, data: &Dataset) -> Result<EncodedValues> {
        if targets.names() != self.targets {
            let expected = format!("the targets {}", self.targets.join(", "));
            let found = targets.names().join(", ");
            return Err(match data.source() {
                Some(source) => FileFault::new(&source.path, expected, found).into(),
                None => Error::argument("data", expected, found),
            });
        }
        let actual = targets.values().to_owned();
        let mut standardized = actual.clone();
        for ((_, column), value) in standardized.indexed_iter_mut() {
            *value = self.scaling.apply(column, *value);
        }
        Ok(EncodedValues { standardized, actual })
    }

    /// The numbers that outputs say, in the units of the targets `[N, K]`.
    fn decode(&self, outputs: ArrayView2<'_, f64>) -> Array2<f64> {
        let loss = self.number_loss();
        let mut values = Array2::zeros((outputs.nrows(), self.targets.len()));
        for (said, mut row) in outputs.rows().into_iter().zip(values.rows_mut()) {
            for (column, point) in loss.points(said).into_iter().enumerate() {
                row[column] = self.scaling.invert(column, point);
            }
        }
        values
    }

    pub(super) fn predictions(
        &self,
        answers: Answers,
        outputs: ArrayView2<'_, f64>,
    ) -> ValuePredictions {
        ValuePredictions {
            answers,
            targets: self.targets.clone(),
            values: self.decode(outputs),
            intervals: self.intervals(outputs),
        }
    }

    /// The intervals between quantiles that are as far from the median, the widest first.
    fn intervals(&self, outputs: ArrayView2<'_, f64>) -> Vec<ValueInterval> {
        let Output::Quantiles(levels) = &self.output else { return vec![] };
        let loss = self.number_loss();
        let shape = (outputs.nrows(), self.targets.len());
        let pairs = (0..levels.len() / 2).map(|low| (low, levels.len() - 1 - low));
        let is_central =
            |(low, high): &(usize, usize)| (levels[*low] + levels[*high] - 1.0).abs() < SAME_LEVEL;
        let mut all: Vec<(usize, usize, ValueInterval)> = Vec::new();
        for (low, high) in pairs.filter(is_central) {
            // The rounding of quantiles such as 0.1 shall not show.
            let level = ((levels[high] - levels[low]) * 1e8).round() / 1e6;
            let ends = Array2::zeros(shape);
            all.push((low, high, ValueInterval { level, low: ends.clone(), high: ends }));
        }
        for (row, outputs) in outputs.rows().into_iter().enumerate() {
            for target in 0..shape.1 {
                let said = loss.said(outputs, target);
                for (low, high, interval) in &mut all {
                    interval.low[[row, target]] = self.scaling.invert(target, said[*low]);
                    interval.high[[row, target]] = self.scaling.invert(target, said[*high]);
                }
            }
        }
        all.into_iter().map(|(_, _, interval)| interval).collect()
    }

    /// How good the outputs `[N, O]` are.
    pub(super) fn evaluate(
        &self,
        outputs: ArrayView2<'_, f64>,
        targets: &EncodedValues,
    ) -> Result<ValueEvaluation> {
        let known = known(targets.actual.view());
        let [outputs, standardized, actual] =
            [outputs, targets.standardized.view(), targets.actual.view()]
                .map(|all| all.select(Axis(0), &known));
        let outputs = outputs.view();
        let loss = self.number_loss().value(outputs, standardized.view())?;
        let predicted = self.decode(outputs);
        let intervals = self.intervals(outputs);
        let targets = self.targets.iter().zip(self.scaling.means()).enumerate();
        let targets = targets.map(|(column, (name, &training_mean))| {
            let [actual, predicted] =
                [actual.view(), predicted.view()].map(|all| all.column(column).to_vec());
            let guess = vec![training_mean; actual.len()];
            let floor = ValueErrors::of(&actual, &guess)?;
            Ok(TargetEvaluation {
                name: name.clone(),
                model: ValueErrors::of(&actual, &predicted)?,
                floor,
                floors: vec![FloorErrors { kind: FloorKind::Mean, fitted_on: None, errors: floor }],
                training_mean,
                intervals: intervals.iter().map(|own| own.measure(column, &actual)).collect(),
            })
        });
        let targets = targets.collect::<Result<Vec<_>>>()?;
        Ok(ValueEvaluation { each: self.each, sequences: outputs.nrows(), loss, targets })
    }

    /// Standardised numbers `[N, O]` in the units of the targets.
    pub(super) fn in_units(&self, standardized: &Array2<f64>) -> Array2<f64> {
        let mut values = standardized.clone();
        for ((_, column), value) in values.indexed_iter_mut() {
            *value = self.scaling.invert(column, *value);
        }
        values
    }

    /// The guess for each target of who knows nothing of a sequence `[O]`.
    pub(super) fn mean_guess(&self) -> Vec<f64> {
        self.scaling.means().to_vec()
    }

    /// The errors of what a predictor says, for each target.
    pub(super) fn floor_errors(
        &self,
        guesses: &Guesses,
        targets: &EncodedValues,
    ) -> Option<Vec<FloorErrors>> {
        let said = match &guesses.said {
            Said::Classes(_) => return None,
            Said::Standardized(values) => self.in_units(values),
            Said::Values(values) => values.clone(),
        };
        let known = known(targets.actual.view());
        let [said, actual] = [said, targets.actual.clone()].map(|all| all.select(Axis(0), &known));
        let columns = said.columns().into_iter().zip(actual.columns());
        let Guesses { kind, fitted_on, .. } = *guesses;
        let errors = columns.map(|(said, actual)| {
            let errors = ValueErrors::of(&actual.to_vec(), &said.to_vec()).ok()?;
            Some(FloorErrors { kind, fitted_on, errors })
        });
        errors.collect()
    }
}

impl TargetEvaluation {
    /// The errors of a simple predictor; those of guessing the mean, if it is not there.
    #[must_use]
    pub fn floor_of(&self, kind: FloorKind) -> ValueErrors {
        let found = self.floors.iter().find(|floor| floor.kind == kind);
        found.map_or(self.floor, |floor| floor.errors)
    }
}

/// Counts are divided by their mean, at least 1, so that 0 stays 0.
fn scale_of_counts(values: ArrayView2<'_, f64>) -> Result<Standardization> {
    if let Some(value) = values.iter().find(|value| **value < 0.0 || value.fract() != 0.0) {
        return Err(Error::argument("targets of counts", "whole numbers from 0", value));
    }
    let rows = values.nrows().max(1) as f64;
    let units: Vec<f64> = values.columns().into_iter().map(|c| (c.sum() / rows).max(1.0)).collect();
    Standardization::new(vec![0.0; units.len()], units)
}

/// The rows that have targets: of a step without any all are NaN.
fn known(values: ArrayView2<'_, f64>) -> Vec<usize> {
    let known = |row: &usize| values.row(*row).iter().all(|value| !value.is_nan());
    (0..values.nrows()).filter(known).collect()
}

impl ValueErrors {
    fn of(actual: &[f64], predicted: &[f64]) -> Result<Self> {
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
    fn measure(&self, target: usize, actual: &[f64]) -> IntervalEvaluation {
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
    /// gives [numbers](Output::Point) alone.
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
