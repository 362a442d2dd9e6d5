//! How good predictions are: counts of right answers, sizes of errors, and the floors that guessing
//! reaches.
//!
//! Plain functions over slices. A number that is not defined, a coefficient of determination where
//! the targets are all equal say, is `None`, not a convention.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// How often each class was taken for each.
///
/// ```
/// use elman::metric::ConfusionMatrix;
///
/// # fn main() -> elman::Result<()> {
/// let confusion = ConfusionMatrix::new(&[0, 0, 1, 1], &[0, 1, 1, 1], 3)?;
/// assert_eq!(confusion.counts()[[0, 1]], 1);
/// assert_eq!(confusion.accuracy(), 0.75);
/// // Class 0: 2·1/(2 + 1); class 1: 2·2/(2 + 3); class 2 does not occur.
/// assert!((confusion.macro_f1() - (2.0 / 3.0 + 4.0 / 5.0) / 2.0).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    counts: Array2<u64>, // [actual class, predicted class]
    total: u64,
}

impl ConfusionMatrix {
    /// Counts pairs of actual and predicted class.
    ///
    /// # Errors
    ///
    /// Slices of different length, or empty; a class that is not below `class_count`.
    pub fn new(actual: &[usize], predicted: &[usize], class_count: usize) -> Result<Self> {
        check_lengths("predicted classes", actual.len(), predicted.len())?;
        check_classes("actual classes", actual, class_count)?;
        check_classes("predicted classes", predicted, class_count)?;
        let mut counts = Array2::zeros((class_count, class_count));
        for (&actual, &predicted) in actual.iter().zip(predicted) {
            counts[[actual, predicted]] += 1;
        }
        Ok(ConfusionMatrix { counts, total: actual.len() as u64 })
    }

    /// The counts `[C, C]`: rows are actual classes, columns predicted ones.
    #[must_use]
    pub fn counts(&self) -> ArrayView2<'_, u64> {
        self.counts.view()
    }

    /// The share of right answers.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.counts.diag().sum() as f64 / self.total as f64
    }

    /// The F1 score of one class, `2·right / (actual + predicted)`: the harmonic mean of its
    /// precision and recall. `None` if the class is neither actual nor predicted anywhere.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn f1(&self, class: usize) -> Result<Option<f64>> {
        check_classes("class", &[class], self.counts.nrows())?;
        let occurrences = self.counts.row(class).sum() + self.counts.column(class).sum();
        let right = self.counts[[class, class]];
        Ok((occurrences > 0).then(|| 2.0 * right as f64 / occurrences as f64))
    }

    /// The share of the answers with this class that are right; `None` where no answer has it.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn precision(&self, class: usize) -> Result<Option<f64>> {
        check_classes("class", &[class], self.counts.nrows())?;
        let predicted = self.counts.column(class).sum();
        Ok((predicted > 0).then(|| self.counts[[class, class]] as f64 / predicted as f64))
    }

    /// The share of what is of this class that is answered so; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn recall(&self, class: usize) -> Result<Option<f64>> {
        let support = self.support(class)?;
        Ok((support > 0).then(|| self.counts[[class, class]] as f64 / support as f64))
    }

    /// How many answers should have this class.
    ///
    /// # Errors
    ///
    /// A class that is not in the matrix.
    pub fn support(&self, class: usize) -> Result<u64> {
        check_classes("class", &[class], self.counts.nrows())?;
        Ok(self.counts.row(class).sum())
    }

    /// The mean of the F1 scores of the classes that are actual or predicted anywhere, every class
    /// counting the same: scikit-learn's `f1_score(average="macro")`.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let scores = (0..self.counts.nrows()).filter_map(|class| self.f1(class).ok().flatten());
        let (sum, count) = scores.fold((0.0, 0u32), |(sum, count), f1| (sum + f1, count + 1));
        sum / f64::from(count)
    }
}

/// The share of predicted classes that are the actual ones.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// assert_eq!(elman::metric::accuracy(&[0, 1, 2, 2], &[0, 1, 2, 0]).unwrap(), 0.75);
/// ```
pub fn accuracy(actual: &[usize], predicted: &[usize]) -> Result<f64> {
    check_lengths("predicted classes", actual.len(), predicted.len())?;
    let right = actual.iter().zip(predicted).filter(|(actual, predicted)| actual == predicted);
    Ok(right.count() as f64 / actual.len() as f64)
}

/// The mean of `−ln p` over the probabilities `[N, C]` given to the actual classes. Infinite if
/// one of them is 0.
///
/// # Errors
///
/// Not one class for each row, or no row; a class outside of the columns; a probability of an
/// actual class outside of `[0, 1]`.
///
/// ```
/// use ndarray::array;
///
/// let loss = elman::metric::log_loss(&[1], array![[0.75, 0.25]].view()).unwrap();
/// assert!((loss - 4f64.ln()).abs() < 1e-15);
/// ```
pub fn log_loss<T: Real>(actual: &[usize], probabilities: ArrayView2<'_, T>) -> Result<f64> {
    check_lengths("probabilities", actual.len(), probabilities.nrows())?;
    check_classes("actual classes", actual, probabilities.ncols())?;
    let mut sum = 0.0;
    for (row, &class) in actual.iter().enumerate() {
        let probability = probabilities[[row, class]];
        if !(probability >= T::ZERO && probability <= T::ONE) {
            let name = format!("probabilities[{row}, {class}]");
            return Err(Error::argument(name, "a probability in [0, 1]", probability));
        }
        sum -= Float::ln(probability.to_f64());
    }
    Ok(sum / actual.len() as f64)
}

/// The Brier score of several classes: the mean over the rows of `Σ_c (p_c − y_c)²`, where y is 1 for
/// the actual class and else 0. It lies between 0 and 2.
///
/// Source: Brier (1950), "Verification of forecasts expressed in terms of probability"; scikit-learn's
/// `brier_score_loss(scale_by_half=False)`.
///
/// # Errors
///
/// Not one class for each row, or no row; a class outside of the columns.
///
/// ```
/// use ndarray::array;
///
/// let score = elman::metric::brier(&[1], array![[0.25, 0.75]].view()).unwrap();
/// assert_eq!(score, 0.125);
/// ```
pub fn brier(actual: &[usize], probabilities: ArrayView2<'_, f64>) -> Result<f64> {
    check_lengths("probabilities", actual.len(), probabilities.nrows())?;
    check_classes("actual classes", actual, probabilities.ncols())?;
    let mut sum = 0.0;
    for (row, &class) in probabilities.rows().into_iter().zip(actual) {
        for (column, &probability) in row.iter().enumerate() {
            sum += square(probability - if column == class { 1.0 } else { 0.0 });
        }
    }
    Ok(sum / actual.len() as f64)
}

/// The expected calibration error: how far the probability of the predicted class is from the share
/// that is right, in ten bins of equal width, each weighted by its answers. Bins hold their upper
/// bound, and the first class of several equal ones is predicted.
///
/// Source: Guo et al. (2017), "On calibration of modern neural networks", equation 3.
///
/// # Errors
///
/// Not one class for each row, or no row; a class outside of the columns.
///
/// ```
/// use elman::metric::calibration_error;
/// use ndarray::array;
///
/// // Two answers with 0.8, of which one is right.
/// let error = calibration_error(&[0, 1], array![[0.8, 0.2], [0.8, 0.2]].view()).unwrap();
/// assert!((error - 0.3).abs() < 1e-15);
/// ```
pub fn calibration_error(actual: &[usize], probabilities: ArrayView2<'_, f64>) -> Result<f64> {
    const BINS: usize = 10;
    check_lengths("probabilities", actual.len(), probabilities.nrows())?;
    check_classes("actual classes", actual, probabilities.ncols())?;
    let mut differences = [0.0; BINS];
    for (row, &class) in probabilities.rows().into_iter().zip(actual) {
        let predicted = winner(row);
        let confidence = row[predicted];
        let bin = (1..BINS).filter(|bin| confidence > *bin as f64 / BINS as f64).count();
        differences[bin] += confidence - if predicted == class { 1.0 } else { 0.0 };
    }
    Ok(differences.iter().map(|difference| difference.abs()).sum::<f64>() / actual.len() as f64)
}

/// The root of the mean squared error.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// assert_eq!(elman::metric::rmse(&[1.0, 2.0], &[1.0, 4.0]).unwrap(), 2f64.sqrt());
/// ```
pub fn rmse<T: Real>(actual: &[T], predicted: &[T]) -> Result<f64> {
    let squares = mean_error(actual, predicted, square)?;
    Ok(Float::sqrt(squares))
}

/// The mean absolute error.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// assert_eq!(elman::metric::mae(&[1.0, 2.0], &[1.0, 4.0]).unwrap(), 1.0);
/// ```
pub fn mae<T: Real>(actual: &[T], predicted: &[T]) -> Result<f64> {
    mean_error(actual, predicted, f64::abs)
}

/// The coefficient of determination, `1 − Σ(y − ŷ)² / Σ(y − ȳ)²`: 1 for exact predictions, 0 for
/// the mean of the actual values, negative for worse. `None` if the actual values are all equal.
///
/// # Errors
///
/// Slices of different length, or empty.
///
/// ```
/// use elman::metric::r_squared;
///
/// assert_eq!(r_squared(&[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]).unwrap(), Some(0.0));
/// assert_eq!(r_squared(&[2.0, 2.0], &[1.0, 3.0]).unwrap(), None);
/// ```
pub fn r_squared<T: Real>(actual: &[T], predicted: &[T]) -> Result<Option<f64>> {
    let unexplained = mean_error(actual, predicted, square)?;
    if actual.iter().all(|value| *value == actual[0]) {
        return Ok(None);
    }
    let center = mean(actual)?;
    let spread = actual.iter().map(|value| square(value.to_f64() - center)).sum::<f64>();
    Ok(Some(1.0 - unexplained / (spread / actual.len() as f64)))
}

/// The arithmetic mean.
///
/// # Errors
///
/// No value.
///
/// ```
/// assert_eq!(elman::metric::mean(&[1.0f32, 2.0, 6.0]).unwrap(), 3.0);
/// ```
pub fn mean<T: Real>(values: &[T]) -> Result<f64> {
    check_lengths("values", values.len(), values.len())?;
    Ok(values.iter().map(|value| value.to_f64()).sum::<f64>() / values.len() as f64)
}

/// The commonest class, the lowest of several.
///
/// # Errors
///
/// No class given.
///
/// ```
/// assert_eq!(elman::metric::majority_class(&[4, 1, 1, 4, 0]).unwrap(), 1);
/// ```
pub fn majority_class(classes: &[usize]) -> Result<usize> {
    let mut counts = std::collections::BTreeMap::new();
    for &class in classes {
        *counts.entry(class).or_insert(0usize) += 1;
    }
    // max_by_key keeps the last of equals.
    let commonest = counts.into_iter().rev().max_by_key(|&(_, count)| count);
    commonest.map(|(class, _)| class).ok_or_else(|| nothing("classes"))
}

/// The accuracy on `actual` of always guessing the commonest class of `training`.
///
/// # Errors
///
/// Either of them empty.
///
/// ```
/// assert_eq!(elman::metric::majority_floor(&[1, 1, 0], &[0, 0, 0, 1]).unwrap(), 0.25);
/// ```
pub fn majority_floor(training: &[usize], actual: &[usize]) -> Result<f64> {
    let guess = majority_class(training)?;
    check_lengths("actual classes", actual.len(), actual.len())?;
    Ok(actual.iter().filter(|&&class| class == guess).count() as f64 / actual.len() as f64)
}

/// The root of the mean squared error on `actual` of always guessing the mean of `training`.
///
/// # Errors
///
/// Either of them empty.
///
/// ```
/// assert_eq!(elman::metric::mean_floor(&[1.0, 3.0], &[5.0, -1.0]).unwrap(), 3.0);
/// ```
pub fn mean_floor<T: Real>(training: &[T], actual: &[T]) -> Result<f64> {
    let guess = mean(training)?;
    check_lengths("actual values", actual.len(), actual.len())?;
    let squares = actual.iter().map(|value| square(value.to_f64() - guess)).sum::<f64>();
    Ok(Float::sqrt(squares / actual.len() as f64))
}

/// The mean of a function of the differences.
fn mean_error<T: Real>(actual: &[T], predicted: &[T], size: impl Fn(f64) -> f64) -> Result<f64> {
    check_lengths("predicted values", actual.len(), predicted.len())?;
    let pairs = actual.iter().zip(predicted);
    let sum =
        pairs.map(|(actual, predicted)| size(predicted.to_f64() - actual.to_f64())).sum::<f64>();
    Ok(sum / actual.len() as f64)
}

fn square(difference: f64) -> f64 {
    difference * difference
}

fn nothing(what: &str) -> Error {
    Error::argument(what, "at least one", "none")
}

fn check_lengths(what: &str, expected: usize, found: usize) -> Result<()> {
    if expected != found {
        return Err(Error::shape(what, &[expected], &[found]));
    }
    if found == 0 { Err(nothing(what)) } else { Ok(()) }
}

fn check_classes(what: &str, classes: &[usize], class_count: usize) -> Result<()> {
    match classes.iter().position(|class| *class >= class_count) {
        None => Ok(()),
        Some(i) => {
            let expected = format!("a class in 0..{class_count}");
            Err(Error::argument(format!("{what}[{i}]"), expected, classes[i]))
        }
    }
}

/// The class of the largest logit of a row; the first of several equal ones.
pub(crate) fn winner<T: Real>(logits: ArrayView1<'_, T>) -> usize {
    let (mut best, mut largest) = (0, T::from_f64(f64::NEG_INFINITY));
    for (class, &logit) in logits.iter().enumerate() {
        if logit > largest {
            (best, largest) = (class, logit);
        }
    }
    best
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn confusion_counts_actual_by_predicted() {
        let (actual, predicted) = ([0, 0, 0, 1, 2, 2], [0, 1, 2, 1, 0, 2]);
        let confusion = ConfusionMatrix::new(&actual, &predicted, 4).unwrap();
        let expected = array![[1, 1, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]];
        assert_eq!(confusion.counts(), expected);
        assert_eq!(confusion.accuracy(), 0.5);
        assert_eq!(confusion.f1(0).unwrap(), Some(2.0 / 5.0));
        assert_eq!(confusion.f1(1).unwrap(), Some(2.0 / 3.0));
        assert_eq!(confusion.f1(2).unwrap(), Some(2.0 / 4.0));
        assert_eq!(confusion.f1(3).unwrap(), None);
        assert!((confusion.macro_f1() - (0.4 + 2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-15);
        assert!(confusion.f1(4).is_err());
    }

    #[test]
    fn a_class_that_is_only_predicted_pulls_macro_f1_down() {
        let confusion = ConfusionMatrix::new(&[0, 0], &[0, 1], 2).unwrap();
        assert_eq!(confusion.macro_f1(), (2.0 / 3.0 + 0.0) / 2.0);
    }

    #[test]
    fn log_loss_is_the_mean_surprise() {
        let probabilities = array![[0.5f32, 0.5, 0.0], [0.25, 0.25, 0.5]];
        let ln2 = std::f64::consts::LN_2;
        let found = log_loss(&[0, 1], probabilities.view()).unwrap();
        assert!((found - 1.5 * ln2).abs() < 1e-15);
        assert_eq!(log_loss(&[2, 1], probabilities.view()).unwrap(), f64::INFINITY);
    }

    #[test]
    fn errors_have_their_sizes() {
        let (actual, predicted) = ([1.0f32, -2.0, 3.0, 0.0], [2.0f32, -4.0, 3.0, 1.0]);
        assert_eq!(rmse(&actual, &predicted).unwrap(), f64::sqrt(6.0 / 4.0));
        assert_eq!(mae(&actual, &predicted).unwrap(), 1.0);
        // ȳ = 0.5, Σ(y − ȳ)² = 0.25 + 6.25 + 6.25 + 0.25
        assert_eq!(r_squared(&actual, &predicted).unwrap(), Some(1.0 - 6.0 / 13.0));
        assert_eq!(r_squared(&actual, &actual).unwrap(), Some(1.0));
    }

    #[test]
    fn floors_judge_the_guess_of_the_training_set() {
        assert_eq!(majority_class(&[2, 0, 2, 0, 1]).unwrap(), 0);
        assert_eq!(majority_floor(&[2, 2, 0], &[0, 0, 2, 1]).unwrap(), 0.25);
        assert_eq!(mean_floor(&[2.0f32, 4.0], &[3.0, 7.0]).unwrap(), f64::sqrt(8.0));
    }

    #[test]
    fn nan_is_not_hidden() {
        let (actual, predicted) = ([1.0, 2.0], [f64::NAN, 2.0]);
        assert!(rmse(&actual, &predicted).unwrap().is_nan());
        assert!(mae(&actual, &predicted).unwrap().is_nan());
        assert!(r_squared(&actual, &predicted).unwrap().unwrap().is_nan());
        assert!(log_loss(&[0], array![[f64::NAN]].view()).is_err());
    }

    #[test]
    fn bad_sizes_are_refused() {
        assert!(matches!(accuracy(&[0, 1], &[0]), Err(Error::Shape { .. })));
        assert!(matches!(rmse(&[0.0], &[0.0, 1.0]), Err(Error::Shape { .. })));
        assert!(matches!(mae(&[0.0], &[0.0, 1.0]), Err(Error::Shape { .. })));
        assert!(matches!(r_squared(&[0.0], &[0.0, 1.0]), Err(Error::Shape { .. })));
        assert!(matches!(log_loss(&[0], array![[1.0], [1.0]].view()), Err(Error::Shape { .. })));
        assert!(matches!(ConfusionMatrix::new(&[0], &[0, 0], 1), Err(Error::Shape { .. })));
        let none: [f64; 0] = [];
        let empty = [
            accuracy(&[], &[]).is_err(),
            rmse(&none, &none).is_err(),
            mae(&none, &none).is_err(),
            r_squared(&none, &none).is_err(),
            mean(&none).is_err(),
            majority_class(&[]).is_err(),
            majority_floor(&[], &[1]).is_err(),
            majority_floor(&[1], &[]).is_err(),
            mean_floor(&none, &[1.0]).is_err(),
            mean_floor(&[1.0], &none).is_err(),
            ConfusionMatrix::new(&[], &[], 2).is_err(),
        ];
        assert_eq!(empty, [true; 11]);
    }

    #[test]
    fn unknown_classes_are_named() {
        let message = ConfusionMatrix::new(&[0, 1], &[0, 2], 2).unwrap_err().to_string();
        assert_eq!(message, "predicted classes[1]: expected a class in 0..2, got 2");
        let message = log_loss(&[1], array![[1.0]].view()).unwrap_err().to_string();
        assert_eq!(message, "actual classes[0]: expected a class in 0..1, got 1");
        let message = log_loss(&[0], array![[1.5]].view()).unwrap_err().to_string();
        assert_eq!(message, "probabilities[0, 0]: expected a probability in [0, 1], got 1.5");
    }

    proptest! {
        #[test]
        fn the_mean_has_no_determination(values in prop::collection::vec(-1e3..1e3f64, 2..20)) {
            let guess = vec![mean(&values).unwrap(); values.len()];
            if let Some(found) = r_squared(&values, &guess).unwrap() {
                prop_assert!(found.abs() < 1e-9, "{found}");
                let floor = mean_floor(&values, &values).unwrap();
                let error = rmse(&values, &guess).unwrap();
                prop_assert!((floor - error).abs() <= 1e-12 * error);
            }
        }

        #[test]
        fn accuracies_agree(pairs in prop::collection::vec((0..4usize, 0..4usize), 1..30)) {
            let (actual, predicted): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let confusion = ConfusionMatrix::new(&actual, &predicted, 4).unwrap();
            prop_assert_eq!(confusion.accuracy(), accuracy(&actual, &predicted).unwrap());
            prop_assert!((0.0..=1.0).contains(&confusion.macro_f1()));
        }
    }
}
