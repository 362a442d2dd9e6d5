//! How good predictions are: counts of right answers, sizes of errors, and the floors that guessing
//! reaches.
//!
//! Plain functions over slices. A number that is not defined, a coefficient of determination where
//! the targets are all equal say, is `None`, not a convention.

mod confusion;
mod numbers;
mod probability;

use ndarray::ArrayView1;

pub use self::confusion::ConfusionMatrix;
pub use self::numbers::{mae, mean, mean_floor, r_squared, rmse};
pub use self::probability::{brier, calibration_error, log_loss};

use crate::error::{Error, Result};
use crate::real::Real;

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
