//! What is minimised: the loss of a batch of answers, its gradient, and the metric beside it.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{BatchTargets, Score, Tally};
use crate::data::{TargetTransform, TargetUnits};
use crate::error::Result;
use crate::loss::{
    self, BinaryCrossEntropy, BinaryTargets, CrossEntropy, NumberLoss, TargetClasses,
};
use crate::metric::winner;
use crate::real::{Float, Real};

/// A loss with its metric. Answers are rows `[B·S, O]` of the network's outputs.
pub(crate) trait Objective<T>: Send + Sync {
    /// The mean loss of the answers, each with its weight; the gradient is written to `grad`.
    fn gradient(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: &BatchTargets<T>,
        grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64>;

    /// Counts in `tally` how good the answers are.
    fn count(&self, outputs: ArrayView2<'_, T>, targets: &BatchTargets<T>, tally: &mut Tally);

    /// What has been counted, as a metric.
    fn score(&self, tally: &Tally) -> Score;
}

/// One of several classes, by its cross-entropy and accuracy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    pub(crate) loss: CrossEntropy,
}

impl<T: Real> Objective<T> for Classes {
    fn gradient(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: &BatchTargets<T>,
        grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        let classes = loss::Classes::Indices(&targets.classes);
        self.loss.gradient(outputs, TargetClasses { classes, weights: targets.weights() }, grad)
    }

    fn count(&self, outputs: ArrayView2<'_, T>, targets: &BatchTargets<T>, tally: &mut Tally) {
        for row in targets.counted() {
            tally.answers += 1;
            let predicted = i64::try_from(winner(outputs.row(row)));
            tally.correct += usize::from(predicted == Ok(targets.classes[row]));
        }
    }

    fn score(&self, tally: &Tally) -> Score {
        Score::Accuracy(tally.correct as f64 / tally.answers as f64)
    }
}

/// Any of several labels, by the binary cross-entropy of each and F1 over all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) loss: BinaryCrossEntropy,
}

impl<T: Real> Objective<T> for Labels {
    fn gradient(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: &BatchTargets<T>,
        grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        let numbers = targets.numbers(outputs.ncols())?;
        let targets = BinaryTargets {
            probabilities: numbers.values,
            entry_weights: None,
            weights: numbers.weights,
        };
        self.loss.gradient(outputs, targets, grad)
    }

    /// F1 is `2·right / (said + there)`.
    fn count(&self, outputs: ArrayView2<'_, T>, targets: &BatchTargets<T>, tally: &mut Tally) {
        let width = outputs.ncols();
        for row in targets.counted() {
            let pairs = outputs.row(row).into_iter().zip(&targets.values[row * width..]);
            for (&output, &target) in pairs {
                let (said, there) = (output >= T::ZERO, target > T::ZERO);
                tally.correct += 2 * usize::from(said && there);
                tally.answers += usize::from(said) + usize::from(there);
            }
        }
    }

    fn score(&self, tally: &Tally) -> Score {
        Score::F1(tally.correct as f64 / tally.answers.max(1) as f64)
    }
}

/// The next token of a text, by its cross-entropy and perplexity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) loss: CrossEntropy,
}

impl<T: Real> Objective<T> for Tokens {
    fn gradient(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: &BatchTargets<T>,
        grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        let classes = loss::Classes::Indices(&targets.classes);
        self.loss.gradient(outputs, TargetClasses { classes, weights: targets.weights() }, grad)
    }

    fn count(&self, _: ArrayView2<'_, T>, targets: &BatchTargets<T>, tally: &mut Tally) {
        tally.answers += targets.lengths.iter().sum::<usize>();
    }

    fn score(&self, tally: &Tally) -> Score {
        Score::Perplexity(Float::exp(tally.mean_loss()))
    }
}

/// Standardised numbers, by their loss and the root mean squared error.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    pub(crate) loss: NumberLoss,
    /// The units of the targets `[O]`.
    pub(crate) units: TargetUnits,
}

impl Values {
    /// The error of a standardised number: itself, or in the units of the target where they are not
    /// in proportion.
    fn error(&self, column: usize, output: f64, target: f64) -> f64 {
        match self.units.transform {
            TargetTransform::None => output - target,
            _ => self.units.undo(column, output) - self.units.undo(column, target),
        }
    }

    /// What an error of 1 is in the units of a target.
    fn unit(&self, column: usize) -> f64 {
        match self.units.transform {
            TargetTransform::None => self.units.scaling.deviations()[column],
            _ => 1.0,
        }
    }
}

impl<T: Real> Objective<T> for Values {
    fn gradient(
        &self,
        outputs: ArrayView2<'_, T>,
        targets: &BatchTargets<T>,
        grad: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        let numbers = targets.numbers(self.units.scaling.len())?;
        self.loss.gradient(outputs, numbers, grad)
    }

    fn count(&self, outputs: ArrayView2<'_, T>, targets: &BatchTargets<T>, tally: &mut Tally) {
        let width = self.units.scaling.len();
        tally.squares.resize(width, 0.0);
        for row in targets.counted() {
            tally.answers += 1;
            let points = self.loss.points(outputs.row(row));
            let pairs = points.into_iter().zip(&targets.values[row * width..]);
            for (column, (output, &target)) in pairs.enumerate() {
                let error = self.error(column, output, target.to_f64());
                tally.squares[column] += error * error;
            }
        }
    }

    fn score(&self, tally: &Tally) -> Score {
        let rmse = |(column, square): (usize, &f64)| {
            (square / tally.answers as f64).sqrt() * self.unit(column)
        };
        let errors = tally.squares.iter().enumerate().map(rmse);
        Score::Rmse(errors.sum::<f64>() / self.units.scaling.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Standardization;
    use crate::loss::{Output, RegressionLoss};

    #[test]
    fn scores_are_means_over_the_answers() {
        let tally = Tally { answers: 4, correct: 3, squares: vec![16.0, 4.0], ..Tally::default() };
        let classes: &dyn Objective<f32> = &Classes::default();
        assert_eq!(classes.score(&tally), Score::Accuracy(0.75));
        // √(16/4)·3 and √(4/4)·10.
        let deviations = vec![3.0, 10.0];
        let (output, point) = (Output::Point, RegressionLoss::Mse);
        let loss = NumberLoss { output, point, units: deviations.clone() };
        let scaling = Standardization::new(vec![1.0, 2.0], deviations).unwrap();
        let values = Values { loss, units: TargetUnits::of_scaling(scaling) };
        assert_eq!(Objective::<f32>::score(&values, &tally), Score::Rmse(8.0));
    }
}
