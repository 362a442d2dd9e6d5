//! Regression: one or more numbers for each sequence. The outputs are standardised targets.

mod results;
mod said;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

pub use self::results::{
    FloorErrors, IntervalEvaluation, TargetEvaluation, ValueErrors, ValueEvaluation, ValueInterval,
    ValuePredictions,
};
use super::floor::{Guesses, Said};
use crate::data::{Dataset, Each, Standardization, TargetTransform, TargetUnits, ValueTargets};
use crate::error::{Error, Field, FileFault, Result};
use crate::forecast::Recipe;
use crate::loss::{NumberLoss, Output, RegressionLoss};

/// Predicting numbers.
///
/// The network learns targets of mean 0 and standard deviation 1, so that a good learning rate does
/// not depend on the unit of the target. Predictions and metrics are in the original units; the
/// loss is that of the standardised targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Regress {
    targets: Vec<String>,
    #[serde(flatten)]
    units: TargetUnits,
    loss: RegressionLoss,
    #[serde(skip_serializing_if = "Each::is_sequence")]
    each: Each,
    #[serde(skip_serializing_if = "is_point")]
    output: Output,
    /// The intervals of a distribution, as shares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    levels: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<Box<Recipe>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    targets: Vec<String>,
    scaling: Standardization,
    #[serde(default)]
    transform: TargetTransform,
    #[serde(default)]
    training_means: Vec<f64>,
    loss: RegressionLoss,
    #[serde(default)]
    each: Each,
    #[serde(default)]
    output: Output,
    #[serde(default)]
    levels: Vec<f64>,
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
    /// The intervals of a distribution, as shares.
    pub(crate) levels: Vec<f64>,
    /// The loss of numbers themselves.
    pub(crate) loss: RegressionLoss,
    /// What is done to the numbers first.
    pub(crate) transform: TargetTransform,
}

impl NumberAnswer {
    /// Refuses what does not go together.
    pub(crate) fn check(&self) -> Result<()> {
        self.output.check()?;
        if let Some(level) = self.levels.iter().find(|level| !(0.0 < **level && **level < 1.0)) {
            return Err(Error::argument(Field::Intervals, "shares above 0 and below 1", level));
        }
        if !self.levels.is_empty() && !self.output.is_distribution() {
            let expected = "none beside an output that is no distribution";
            return Err(Error::argument(Field::Intervals, expected, self.output.name()));
        }
        if self.output == Output::NegativeBinomial && self.transform != TargetTransform::None {
            let expected = "none for a distribution of counts";
            let found = format!("{:?}", self.transform).to_lowercase();
            return Err(Error::argument(Field::TargetTransform, expected, found));
        }
        Ok(())
    }
}

impl TryFrom<Unchecked> for Regress {
    type Error = Error;

    fn try_from(parts: Unchecked) -> Result<Self> {
        let Unchecked { targets, scaling, transform, training_means, loss, .. } = parts;
        let Unchecked { each, output, levels, forecast, .. } = parts;
        let answer = NumberAnswer { output, levels, loss, transform };
        answer.check()?;
        let regress = Regress::new(targets, scaling, loss)?;
        let expected = if transform.is_none() { 0 } else { regress.targets.len() };
        if training_means.len() != expected {
            return Err(Error::shape("training_means", &[expected], &[training_means.len()]));
        }
        let NumberAnswer { output, levels, .. } = answer;
        let units = TargetUnits { transform, training_means, ..regress.units };
        let regress = Regress { units, each, output, levels, ..regress };
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
        Ok(Regress {
            targets,
            units: TargetUnits::of_scaling(scaling),
            loss,
            each: Each::Sequence,
            output: Output::Point,
            levels: vec![],
            forecast: None,
        })
    }

    /// The targets of training data.
    pub(super) fn of(targets: &ValueTargets, answer: &NumberAnswer) -> Result<Self> {
        answer.check()?;
        let values = targets.values();
        let values = values.select(Axis(0), &known(values));
        if let Some(value) = values.iter().find(|value| value.abs() > LARGEST) {
            let (names, expected) =
                (targets.names().join(", "), "numbers whose squares are finite");
            return Err(Error::argument(names, expected, value));
        }
        let units = match answer.output {
            Output::NegativeBinomial => TargetUnits::of_scaling(scale_of_counts(values.view())?),
            _ => TargetUnits::fit(answer.transform, values.view())?,
        };
        let scaling = units.scaling.clone();
        Ok(Regress {
            units,
            each: targets.each(),
            output: answer.output.clone(),
            levels: answer.levels.clone(),
            ..Regress::new(targets.names().to_vec(), scaling, answer.loss)?
        })
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

    /// The mean and deviation of each training target, [transformed](Self::transform).
    #[must_use]
    pub fn scaling(&self) -> &Standardization {
        &self.units.scaling
    }

    /// What is done to the targets before they are standardised.
    #[must_use]
    pub fn transform(&self) -> TargetTransform {
        self.units.transform
    }

    pub(crate) fn units(&self) -> &TargetUnits {
        &self.units
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
        let units = self.units.scaling.deviations().to_vec();
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
        for ((row, column), value) in standardized.indexed_iter_mut() {
            let Some(learnt) = self.units.apply(column, *value) else {
                let name = format!("target {:?} of row {row}", self.targets[column]);
                return Err(Error::argument(name, self.units.transform.takes(), *value));
            };
            *value = learnt;
        }
        Ok(EncodedValues { standardized, actual })
    }

    /// Standardised numbers `[N, O]` in the units of the targets.
    pub(super) fn in_units(&self, standardized: &Array2<f64>) -> Array2<f64> {
        let mut values = standardized.clone();
        for ((_, column), value) in values.indexed_iter_mut() {
            *value = self.units.undo(column, *value);
        }
        values
    }

    /// The guess for each target of who knows nothing of a sequence `[O]`.
    pub(super) fn mean_guess(&self) -> Vec<f64> {
        self.units.means().to_vec()
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

/// Counts are divided by their mean, at least 1, so that 0 stays 0.
fn scale_of_counts(values: ArrayView2<'_, f64>) -> Result<Standardization> {
    if let Some(value) = values.iter().find(|value| **value < 0.0 || value.fract() != 0.0) {
        return Err(Error::argument("targets of counts", "whole numbers from 0", value));
    }
    let rows = values.nrows().max(1) as f64;
    let units: Vec<f64> = values.columns().into_iter().map(|c| (c.sum() / rows).max(1.0)).collect();
    Standardization::new(vec![0.0; units.len()], units)
}

/// The largest number of which a million have squares whose sum is finite.
const LARGEST: f64 = 1e150;

/// The rows that have targets: of a step without any all are NaN.
fn known(values: ArrayView2<'_, f64>) -> Vec<usize> {
    let known = |row: &usize| values.row(*row).iter().all(|value| !value.is_nan());
    (0..values.nrows()).filter(known).collect()
}
