//! What outputs say: numbers, intervals, and how good they are.

use ndarray::{Array2, ArrayView2, Axis};

use super::{
    EncodedValues, FloorErrors, Regress, TargetEvaluation, ValueErrors, ValueEvaluation,
    ValueInterval, ValuePredictions, known,
};
use crate::error::Result;
use crate::forecast::{Pool, Spread};
use crate::loss::Output;
use crate::real::Float;
use crate::task::Answers;
use crate::task::floor::FloorKind;

/// How far two levels may be apart that are one.
const SAME_LEVEL: f64 = 1e-9;

impl Regress {
    /// The numbers that outputs `[N, P·K]` of the network say, in the units of the targets `[N, K]`: of
    /// a distribution the mean, which under a logarithm is the median.
    #[must_use]
    pub fn decode(&self, outputs: ArrayView2<'_, f64>) -> Array2<f64> {
        let loss = self.number_loss();
        let mut values = Array2::zeros((outputs.nrows(), self.targets.len()));
        for (said, mut row) in outputs.rows().into_iter().zip(values.rows_mut()) {
            for (column, point) in loss.points(said).into_iter().enumerate() {
                row[column] = self.units.undo(column, point);
            }
        }
        values
    }

    pub(in crate::task) fn predictions(
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

    /// The intervals that are asked of the outputs, the widest first.
    fn intervals(&self, outputs: ArrayView2<'_, f64>) -> Vec<ValueInterval> {
        let loss = self.number_loss();
        let shape = (outputs.nrows(), self.targets.len());
        let empty = |level: f64| {
            // The rounding of quantiles such as 0.1 shall not show.
            let level = (level * 1e8).round() / 1e6;
            ValueInterval { level, low: Array2::zeros(shape), high: Array2::zeros(shape) }
        };
        let central = self.central();
        let mut all: Vec<ValueInterval> = central.iter().map(|level| empty(*level)).collect();
        for (row, outputs) in outputs.rows().into_iter().enumerate() {
            for target in 0..shape.1 {
                let said = loss.said(outputs, target);
                for (level, interval) in central.iter().zip(&mut all) {
                    let ends = [0.5 - 0.5 * level, 0.5 + 0.5 * level];
                    let [low, high] = ends.map(|end| self.quantile(&said, target, end));
                    interval.low[[row, target]] = low;
                    interval.high[[row, target]] = high;
                }
            }
        }
        all
    }

    /// The shares of the intervals, the largest first.
    fn central(&self) -> Vec<f64> {
        let mut all = match &self.output {
            Output::Quantiles(levels) => {
                let pairs = levels.iter().zip(levels.iter().rev()).take(levels.len() / 2);
                let are_central =
                    |(low, high): &(&f64, &f64)| Float::abs(**low + **high - 1.0) < SAME_LEVEL;
                pairs.filter(are_central).map(|(low, high)| high - low).collect()
            }
            _ => self.levels.clone(),
        };
        all.sort_by(|a, b| b.total_cmp(a));
        all
    }

    /// The quantile of a level of what is said of a target.
    fn quantile(&self, said: &[f64], target: usize, level: f64) -> f64 {
        if let Output::Quantiles(levels) = &self.output {
            let is_it = |own: &f64| Float::abs(own - level) < SAME_LEVEL;
            let index = levels.iter().position(is_it);
            return index.map_or(f64::NAN, |index| self.units.undo(target, said[index]));
        }
        let scaling = &self.units.scaling;
        let (shift, unit) = (scaling.invert(target, 0.0), scaling.deviations()[target]);
        let spread = Spread::of(&self.output, said).map(|spread| spread.scaled(shift, unit));
        let quantile = spread.map(|spread| Pool::new(vec![spread]).quantile(level));
        self.units.transform.undo(quantile.unwrap_or(f64::NAN))
    }

    /// How good the outputs `[N, O]` are.
    pub(in crate::task) fn evaluate(
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
        let targets = self.targets.iter().zip(self.units.means()).enumerate();
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
}
