//! Gradients, extremes and refusals of the softmax cross-entropy.

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::super::StepWeights;
use super::super::testing::{assert_gradient, normal};
use super::*;
use crate::loss::softmax;

fn plain() -> CrossEntropy {
    CrossEntropy::default()
}

fn probabilities(rows: usize, classes: usize) -> Array2<f64> {
    let mut target = Array2::zeros((rows, classes));
    softmax(normal(rows, classes, 99).view(), target.view_mut()).unwrap();
    target
}

/// Every combination of the options that has a meaning for class numbers.
fn variants() -> Vec<CrossEntropy> {
    let mut all = Vec::new();
    for reduction in [Reduction::Mean, Reduction::Sum] {
        for label_smoothing in [0.0, 0.15] {
            for class_weights in [None, Some(vec![0.5, 2.0, 0.0, 1.25])] {
                for ignore_index in [None, Some(2), Some(-100)] {
                    let class_weights = class_weights.clone();
                    all.push(CrossEntropy {
                        label_smoothing,
                        class_weights,
                        ignore_index,
                        reduction,
                    });
                }
            }
        }
    }
    all
}

#[test]
fn gradients_of_class_numbers_are_central_differences() {
    let logits = normal(5, 4, 1) * 2.0;
    for loss in variants() {
        let last = if loss.ignore_index == Some(-100) { -100 } else { 0 };
        let targets: &[i64] = &[3, 1, 2, 1, last];
        let mut grad = Array2::from_elem((5, 4), f64::NAN);
        let value = loss.gradient(logits.view(), targets.into(), grad.view_mut()).unwrap();
        let again = loss.value(logits.view(), targets.into()).unwrap();
        assert_eq!(value.to_bits(), again.to_bits(), "{loss:?}");
        assert_gradient(&logits, &grad, |x| loss.value(x, targets.into()).unwrap());
    }
}

#[test]
fn gradients_of_probabilities_are_central_differences() {
    let (logits, targets) = (normal(5, 4, 1) * 2.0, probabilities(5, 4));
    for loss in variants().into_iter().filter(|loss| loss.ignore_index.is_none()) {
        let mut grad = Array2::from_elem((5, 4), f64::NAN);
        let value = loss.gradient(logits.view(), targets.view().into(), grad.view_mut()).unwrap();
        let again = loss.value(logits.view(), targets.view().into()).unwrap();
        assert_eq!(value.to_bits(), again.to_bits(), "{loss:?}");
        assert_gradient(&logits, &grad, |x| loss.value(x, targets.view().into()).unwrap());
    }
}

#[test]
fn weighted_rows_have_weighted_gradients_and_means() {
    let logits = normal(6, 4, 9) * 2.0;
    let (steps, soft) = ([0.5, 2.0, 7.0, 1.0, 3.0, 0.0], probabilities(6, 4));
    // Steps 2 and 5 are padding, with targets that would be refused.
    let weights = StepWeights { steps: Some(&steps), ..StepWeights::new(3, &[2, 2]) };
    let weights = RowWeights::Steps(weights);
    for loss in variants() {
        let hard = TargetClasses { weights, ..[3, 2, 99, 1, 1, 99].as_slice().into() };
        let soft = TargetClasses { weights, ..soft.view().into() };
        let soft = if loss.ignore_index.is_none() { soft } else { hard };
        for targets in [hard, soft] {
            let mut grad = Array2::from_elem((6, 4), f64::NAN);
            let value = loss.gradient(logits.view(), targets, grad.view_mut()).unwrap();
            let again = loss.value(logits.view(), targets).unwrap();
            assert_eq!(value.to_bits(), again.to_bits(), "{loss:?}");
            assert_eq!(grad.row(2).sum(), 0.0);
            assert_gradient(&logits, &grad, |x| loss.value(x, targets).unwrap());
        }
    }
}

#[test]
fn a_weight_of_two_is_the_row_twice() {
    let logits = normal(2, 3, 4);
    let twice = ndarray::stack![ndarray::Axis(0), logits.row(0), logits.row(0), logits.row(1)];
    let loss = CrossEntropy { class_weights: Some(vec![0.5, 1.0, 3.0]), ..plain() };
    let weights = RowWeights::Rows(&[2.0, 1.0]);
    let weighted = TargetClasses { weights, ..[2, 0].as_slice().into() };
    let found = loss.value(logits.view(), weighted).unwrap();
    let expected = loss.value(twice.view(), [2, 2, 0].as_slice().into()).unwrap();
    assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    let mut rows = [0.0; 2];
    loss.per_row(logits.view(), weighted, &mut rows).unwrap();
    assert!((rows[0] + rows[1] - found * 6.5).abs() < 1e-14);
    let refused = TargetClasses { weights: RowWeights::Rows(&[1.0]), ..weighted };
    assert!(refusal(&loss, &logits, refused).contains("row weights: expected shape [2], got [1]"));
}

#[test]
fn a_class_number_is_the_probability_one() {
    let logits = normal(3, 4, 5);
    let one_hot = array![[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];
    for label_smoothing in [0.0, 0.3] {
        let loss = CrossEntropy { label_smoothing, reduction: Reduction::Sum, ..plain() };
        let hard = loss.value(logits.view(), [2, 0, 2].as_slice().into()).unwrap();
        let soft = loss.value(logits.view(), one_hot.view().into()).unwrap();
        assert!((hard - soft).abs() < 1e-14, "{hard} {soft}");
    }
}

#[test]
fn reductions_agree_with_the_rows() {
    let logits = normal(4, 4, 6);
    let targets: &[i64] = &[1, 2, 0, 1];
    let weights = vec![0.5, 2.0, 7.0, 1.0];
    let loss = |reduction| CrossEntropy {
        class_weights: Some(weights.clone()),
        ignore_index: Some(2),
        label_smoothing: 0.1,
        reduction,
    };
    let mut rows = [f64::NAN; 4];
    loss(Reduction::Mean).per_row(logits.view(), targets.into(), &mut rows).unwrap();
    assert_eq!(rows[1], 0.0);
    let sum: f64 = rows.iter().sum();
    let found = loss(Reduction::Sum).value(logits.view(), targets.into()).unwrap();
    assert!((found - sum).abs() < 1e-15);
    // The weights of classes 1, 0 and 1; class 2 is ignored.
    let found = loss(Reduction::Mean).value(logits.view(), targets.into()).unwrap();
    assert!((found - sum / 4.5).abs() < 1e-15);
}

#[test]
fn each_option_changes_the_loss() {
    let logits = normal(3, 4, 7);
    let value = |loss: CrossEntropy| {
        loss.value(logits.view(), [1, 0, 2].as_slice().into()).unwrap().to_bits()
    };
    let weights = Some(vec![1.0, 2.0, 3.0, 4.0]);
    let values = [
        value(plain()),
        value(CrossEntropy { label_smoothing: 0.1, ..plain() }),
        value(CrossEntropy { class_weights: weights, ..plain() }),
        value(CrossEntropy { ignore_index: Some(0), ..plain() }),
        value(CrossEntropy { reduction: Reduction::Sum, ..plain() }),
    ];
    let distinct: std::collections::BTreeSet<u64> = values.into_iter().collect();
    assert_eq!(distinct.len(), values.len());
}

#[test]
fn extreme_logits_are_exact() {
    let logits = array![[1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]];
    let loss = CrossEntropy { reduction: Reduction::Sum, ..plain() };
    let targets = [0, 1, 2].as_slice().into();
    let mut rows = [0.0; 3];
    loss.per_row(logits.view(), targets, &mut rows).unwrap();
    assert_eq!(rows[..2], [0.0, 2e4]);
    assert!((rows[2] - Float::ln(3.0f64)).abs() < 1e-15);
    let mut grad = Array2::zeros((3, 3));
    loss.gradient(logits.view(), targets, grad.view_mut()).unwrap();
    assert_eq!(grad.row(0), array![0.0, 0.0, 0.0]);
    assert_eq!(grad.row(1), array![1.0, -1.0, 0.0]);
    assert!((grad[[2, 2]] + 2.0 / 3.0).abs() < 1e-15);
}

#[test]
fn ignored_rows_are_not_read() {
    let logits = array![[0.5f32, -0.5], [f32::NAN, f32::INFINITY]];
    let loss = CrossEntropy { ignore_index: Some(-1), ..plain() };
    let mut grad = array![[9.0f32, 9.0], [9.0, 9.0]];
    let targets = [0, -1].as_slice().into();
    let value = loss.gradient(logits.view(), targets, grad.view_mut()).unwrap();
    let alone =
        plain().value(logits.slice_axis(ndarray::Axis(0), (..1).into()), [0].as_slice().into());
    assert_eq!(value.to_bits(), alone.unwrap().to_bits());
    assert_eq!(grad.row(1), array![0.0, 0.0]);
}

#[test]
fn an_impossible_class_counts_only_as_a_target() {
    let logits = array![[0.0, f64::NEG_INFINITY, 0.0]];
    let targets = array![[0.5, 0.0, 0.5]];
    let mut grad = Array2::zeros((1, 3));
    let value = plain().gradient(logits.view(), targets.view().into(), grad.view_mut()).unwrap();
    assert!((value - Float::ln(2.0f64)).abs() < 1e-15);
    assert_eq!(grad, array![[0.0, 0.0, 0.0]]);
    let impossible = plain().value(logits.view(), [1].as_slice().into()).unwrap();
    assert_eq!(impossible, f64::INFINITY);
}

#[test]
fn a_nan_logit_is_seen() {
    for logits in [array![[f64::NAN, 0.0, 1.0]], array![[0.0, 1.0, f64::NAN]]] {
        let mut grad = Array2::zeros((1, 3));
        let targets = [1].as_slice().into();
        assert!(plain().gradient(logits.view(), targets, grad.view_mut()).unwrap().is_nan());
        assert!(grad.iter().all(|g| g.is_nan()));
    }
}

#[test]
fn columns_of_a_transposed_array_are_taken() {
    let logits = normal(4, 3, 8);
    let standard = logits.t().as_standard_layout().into_owned();
    let targets = [3, 0, 1].as_slice();
    let (mut a, mut b) = (Array2::zeros((3, 4)), Array2::zeros((4, 3)));
    let first = plain().gradient(logits.t(), targets.into(), a.view_mut()).unwrap();
    let view = b.view_mut().reversed_axes();
    let second = plain().gradient(standard.view(), targets.into(), view).unwrap();
    assert_eq!(first.to_bits(), second.to_bits());
    assert_eq!(a, b.t());
}

/// The message with which all three functions refuse, the gradient left alone.
fn refusal(loss: &CrossEntropy, logits: &Array2<f64>, targets: TargetClasses<'_, f64>) -> String {
    let mut grad = Array2::from_elem(logits.dim(), 7.0);
    let refused = loss.gradient(logits.view(), targets, grad.view_mut()).unwrap_err();
    assert!(grad.iter().all(|g| *g == 7.0));
    assert_eq!(refused.to_string(), loss.value(logits.view(), targets).unwrap_err().to_string());
    refused.to_string()
}

#[test]
fn bad_options_are_refused() {
    let logits = normal(2, 3, 1);
    let targets = [0, 1].as_slice();
    for bad in [-0.1, 1.0, 2.0, f64::NAN] {
        let loss = CrossEntropy { label_smoothing: bad, ..plain() };
        assert!(refusal(&loss, &logits, targets.into()).contains("label_smoothing"));
    }
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let loss = CrossEntropy { class_weights: Some(vec![1.0, 1.0, bad]), ..plain() };
        assert!(refusal(&loss, &logits, targets.into()).contains("class_weights[2]"));
    }
    let loss = CrossEntropy { class_weights: Some(vec![1.0; 2]), ..plain() };
    assert!(refusal(&loss, &logits, targets.into()).contains("class_weights: expected shape [3]"));
    let loss = CrossEntropy { ignore_index: Some(0), ..plain() };
    let soft = probabilities(2, 3);
    assert!(refusal(&loss, &logits, soft.view().into()).contains("ignore_index"));
}

#[test]
fn bad_targets_are_refused() {
    let logits = normal(2, 3, 1);
    for (targets, word) in [
        (&[0, 3][..], "targets[1]: expected a class in 0..3, got 3"),
        (&[-1, 0], "targets[0]: expected a class in 0..3, got -1"),
        (&[i64::MAX, 0], "targets[0]"),
        (&[i64::MIN, 0], "targets[0]"),
        (&[0], "targets: expected shape [2], got [1]"),
        (&[0, 1, 2], "targets: expected shape [2], got [3]"),
    ] {
        let message = refusal(&plain(), &logits, targets.into());
        assert!(message.contains(word), "{message}");
    }
    for bad in [-0.01, 1.01, f64::NAN] {
        let targets = array![[0.5, 0.5, 0.0], [0.0, bad, 0.0]];
        assert!(refusal(&plain(), &logits, targets.view().into()).contains("targets[1, 1]"));
    }
    let turned = probabilities(3, 2);
    assert!(refusal(&plain(), &logits, turned.view().into()).contains("shape [2, 3]"));
    let mut short = Array2::zeros((1, 3));
    let wrong = plain().gradient(logits.view(), [0, 1].as_slice().into(), short.view_mut());
    assert!(matches!(wrong, Err(Error::Shape { .. })));
    assert!(plain().per_row(logits.view(), [0, 1].as_slice().into(), &mut [0.0; 3]).is_err());
}

#[test]
fn a_mean_of_nothing_is_refused_and_a_sum_is_zero() {
    let sum = |loss: CrossEntropy| CrossEntropy { reduction: Reduction::Sum, ..loss };
    let logits = normal(2, 3, 1);
    let ignoring = CrossEntropy { ignore_index: Some(-1), ..plain() };
    let weightless = CrossEntropy { class_weights: Some(vec![0.0, 1.0, 1.0]), ..plain() };
    let none = Array2::zeros((0, 3));
    for (loss, logits, targets) in
        [(ignoring, &logits, &[-1, -1][..]), (weightless, &logits, &[0, 0]), (plain(), &none, &[])]
    {
        assert!(refusal(&loss, logits, targets.into()).contains("mean"));
        assert_eq!(sum(loss).value(logits.view(), targets.into()).unwrap(), 0.0);
    }
    let no_class = Array2::zeros((2, 0));
    assert!(refusal(&sum(plain()), &no_class, [0, 0].as_slice().into()).contains("class"));
}

proptest! {
    #[test]
    fn gradient_rows_sum_to_zero(seed in 0u64..500, smoothing in 0.0..0.9f64, size in 0.1..50.0f64) {
        let logits = normal(3, 5, seed) * size;
        let loss = CrossEntropy { label_smoothing: smoothing, ..plain() };
        let mut grad = Array2::zeros((3, 5));
        loss.gradient(logits.view(), [0, 4, 2].as_slice().into(), grad.view_mut()).unwrap();
        for row in grad.outer_iter() {
            prop_assert!(row.sum().abs() < 1e-15);
        }
    }

    #[test]
    fn adding_a_constant_to_a_row_changes_nothing(seed in 0u64..500, shift in -1e3..1e3f64) {
        let logits = normal(2, 4, seed);
        let targets = [3, 1].as_slice();
        let here = plain().value(logits.view(), targets.into()).unwrap();
        let there = plain().value((logits + shift).view(), targets.into()).unwrap();
        // The shifted logits themselves are rounded to 1e-13.
        prop_assert!((here - there).abs() < 1e-12);
    }

    #[test]
    fn softmax_rows_are_distributions(seed in 0u64..500, size in 0.1..1e4f64) {
        let logits = normal(2, 6, seed) * size;
        let mut found = Array2::zeros((2, 6));
        softmax(logits.view(), found.view_mut()).unwrap();
        for row in found.outer_iter() {
            prop_assert!((row.sum() - 1.0).abs() < 1e-15);
            prop_assert!(row.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
