//! CTC against the sum over all names, central differences, and refusals.

use ndarray::{Array2, Array3, ArrayView2, array, stack};
use proptest::prelude::*;

use super::super::testing::{assert_gradient, normal};
use super::*;
use crate::loss::softmax;
use crate::real::Float;

fn targets<'a>(
    labels: &'a [usize],
    label_counts: &'a [usize],
    lengths: &'a [usize],
) -> CtcTargets<'a> {
    CtcTargets { labels, label_counts, lengths, weights: None }
}

/// Repeats merged, blanks removed.
fn spoken(names: &[usize], blank: usize) -> Vec<usize> {
    let mut labels = names.to_vec();
    labels.dedup();
    labels.retain(|name| *name != blank);
    labels
}

/// The loss by its definition: every sequence of names is tried.
fn by_definition(logits: ArrayView2<'_, f64>, labels: &[usize], blank: usize) -> f64 {
    let (steps, classes) = logits.dim();
    let mut probabilities = Array2::zeros((steps, classes));
    softmax(logits, probabilities.view_mut()).unwrap();
    let mut likelihood = 0.0;
    for code in 0..classes.pow(u32::try_from(steps).unwrap()) {
        let name = |step: usize| code / classes.pow(u32::try_from(step).unwrap()) % classes;
        let names: Vec<usize> = (0..steps).map(name).collect();
        if spoken(&names, blank) == labels {
            likelihood +=
                (0..steps).map(|step| probabilities[[step, names[step]]]).product::<f64>();
        }
    }
    -Float::ln(likelihood)
}

/// `[1, T, C]`
fn batch(logits: &Array2<f64>) -> Array3<f64> {
    logits.clone().insert_axis(Axis(0))
}

#[test]
fn the_loss_is_the_sum_over_all_names() {
    let cases: [(usize, &[usize]); 8] = [
        (0, &[]),
        (0, &[1]),
        (0, &[1, 2]),
        (0, &[1, 1]),
        (0, &[2, 2, 1]),
        (2, &[0, 1, 0]),
        (1, &[0, 0, 2]),
        (0, &[1, 2, 1, 2, 1]),
    ];
    for (blank, labels) in cases {
        let logits = normal(5, 3, 4) * 2.0;
        let ctc = Ctc { blank, reduction: Reduction::Sum, ..Ctc::default() };
        let found = ctc.value(batch(&logits).view(), targets(labels, &[labels.len()], &[5]));
        let expected = by_definition(logits.view(), labels, blank);
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-12, "{labels:?}: {found} for {expected}");
    }
}

/// Two sequences, 6 and 4 of 6 steps long.
fn two() -> (Array2<f64>, CtcTargets<'static>) {
    // Rows are the steps of both.
    (normal(12, 4, 7), targets(&[1, 1, 3, 2], &[3, 1], &[6, 4]))
}

fn three_axes(rows: ArrayView2<'_, f64>) -> Array3<f64> {
    rows.to_shape((2, 6, 4)).unwrap().to_owned()
}

#[test]
fn gradients_are_central_differences() {
    let (rows, plain) = two();
    for weights in [None, Some(&[0.5, 3.0][..])] {
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let ctc = Ctc { reduction, ..Ctc::default() };
            let targets = CtcTargets { weights, ..plain };
            let value =
                |rows: ArrayView2<'_, f64>| ctc.value(three_axes(rows).view(), targets).unwrap();
            let mut grad = Array3::from_elem((2, 6, 4), f64::NAN);
            let logits = three_axes(rows.view());
            let beside = ctc.gradient(logits.view(), targets, grad.view_mut()).unwrap();
            assert_eq!(beside.to_bits(), value(rows.view()).to_bits());
            let padding = grad.index_axis(Axis(0), 1).slice_axis(Axis(0), Slice::from(4..)).sum();
            assert_eq!(padding, 0.0);
            let grad = grad.to_shape((12, 4)).unwrap().to_owned();
            assert_gradient(&rows, &grad, value);
        }
    }
}

#[test]
fn reductions_and_weights_agree_with_the_sequences() {
    let (rows, plain) = two();
    let logits = three_axes(rows.view());
    let weighted = CtcTargets { weights: Some(&[2.0, 0.5]), ..plain };
    let (mut alone, mut values) = ([f64::NAN; 2], [f64::NAN; 2]);
    let sum = Ctc { reduction: Reduction::Sum, ..Ctc::default() };
    sum.per_sequence(logits.view(), plain, &mut alone).unwrap();
    sum.per_sequence(logits.view(), weighted, &mut values).unwrap();
    assert_eq!(values, [2.0 * alone[0], 0.5 * alone[1]]);
    assert_eq!(sum.value(logits.view(), weighted).unwrap(), values[0] + values[1]);
    // Three labels and one.
    let mean = Ctc::default().value(logits.view(), weighted).unwrap();
    assert!((mean - (values[0] / 3.0 + values[1]) / 2.5).abs() < 1e-14);
    let first = CtcTargets { weights: Some(&[1.0, 0.0]), ..plain };
    let mut grad = Array3::from_elem((2, 6, 4), f64::NAN);
    let value = Ctc::default().gradient(logits.view(), first, grad.view_mut()).unwrap();
    assert!((value - alone[0] / 3.0).abs() < 1e-15);
    assert!(grad.index_axis(Axis(0), 1).iter().all(|g| *g == 0.0));
}

#[test]
fn impossible_labels_are_infinite_or_left_out() {
    // Two equal labels need a blank between them: three steps.
    let logits = stack![Axis(0), normal(2, 3, 1), normal(2, 3, 2)];
    let targets = targets(&[1, 1, 2], &[2, 1], &[2, 2]);
    let mut grad = Array3::zeros((2, 2, 3));
    let value = Ctc::default().gradient(logits.view(), targets, grad.view_mut()).unwrap();
    assert_eq!(value, f64::INFINITY);
    assert!(grad.index_axis(Axis(0), 0).iter().all(|g| g.is_nan()));
    assert!(grad.index_axis(Axis(0), 1).iter().all(|g| g.is_finite()));
    let zero = Ctc { impossible: ImpossibleTargets::Zero, ..Ctc::default() };
    let value = zero.gradient(logits.view(), targets, grad.view_mut()).unwrap();
    assert!(grad.index_axis(Axis(0), 0).iter().all(|g| *g == 0.0));
    let alone = by_definition(logits.index_axis(Axis(0), 1), &[2], 0);
    assert!((value - alone / 2.0).abs() < 1e-14);
}

#[test]
fn without_steps_only_no_label_is_possible() {
    let logits = Array3::<f64>::zeros((1, 0, 2));
    assert_eq!(Ctc::default().value(logits.view(), targets(&[], &[0], &[0])).unwrap(), 0.0);
    let one = Ctc::default().value(logits.view(), targets(&[1], &[1], &[0])).unwrap();
    assert_eq!(one, f64::INFINITY);
}

#[test]
fn long_sequences_and_extreme_logits_do_not_underflow() {
    let logits = normal(2000, 5, 3).insert_axis(Axis(0));
    let labels = [1, 2, 3, 4].repeat(100);
    let ctc = Ctc { reduction: Reduction::Sum, ..Ctc::default() };
    let targets = targets(&labels, &[400], &[2000]);
    let mut grad = Array3::zeros((1, 2000, 5));
    let value = ctc.gradient(logits.view(), targets, grad.view_mut()).unwrap();
    assert!(value.is_finite() && value > 0.0);
    // Shares are of 1, so each step's gradient adds up to 0.
    for row in grad.index_axis(Axis(0), 0).outer_iter() {
        assert!(row.sum().abs() < 1e-9 && row.iter().all(|g| g.abs() <= 1.0));
    }
    // One alignment without a doubt.
    let sure = array![[[-1e4, 1e4, -1e4], [1e4, -1e4, -1e4], [-1e4, -1e4, 1e4]]];
    let found = ctc.value(sure.view(), super::tests::targets(&[1, 2], &[2], &[3])).unwrap();
    assert_eq!(found, 0.0);
}

#[test]
fn nan_is_seen() {
    let logits = array![[[f64::NAN, 0.0], [0.0, 0.0]]];
    let mut grad = Array3::zeros((1, 2, 2));
    let targets = targets(&[1], &[1], &[2]);
    let value = Ctc::default().gradient(logits.view(), targets, grad.view_mut()).unwrap();
    assert!(value.is_nan() && grad.iter().all(|g| g.is_nan()));
    let zero = Ctc { impossible: ImpossibleTargets::Zero, ..Ctc::default() };
    assert!(zero.value(logits.view(), targets).unwrap().is_nan());
}

#[test]
fn bad_arguments_are_refused() {
    let logits = Array3::<f64>::zeros((2, 3, 4));
    let good = targets(&[1, 2, 3], &[2, 1], &[3, 2]);
    let cases = [
        (4, good, "blank: expected a class in 0..4, got 4"),
        (3, good, "labels[2]: expected a class in 0..4 other than the blank 3, got 3"),
        (0, CtcTargets { labels: &[1, 4, 3], ..good }, "labels[1]"),
        (0, CtcTargets { labels: &[1, 2], ..good }, "labels: expected shape [3], got [2]"),
        (0, CtcTargets { label_counts: &[3], ..good }, "label_counts: expected shape [2]"),
        (0, CtcTargets { label_counts: &[usize::MAX, 4], ..good }, "labels: expected shape"),
        (
            0,
            CtcTargets { lengths: &[3, 4], ..good },
            "lengths[1]: expected 3 steps or fewer, got 4",
        ),
        (0, CtcTargets { lengths: &[3], ..good }, "lengths: expected shape [2], got [1]"),
        (0, CtcTargets { weights: Some(&[1.0]), ..good }, "sequence weights: expected shape [2]"),
        (0, CtcTargets { weights: Some(&[1.0, -1.0]), ..good }, "sequence weights[1]"),
        (0, CtcTargets { weights: Some(&[0.0, 0.0]), ..good }, "ctc: mean"),
    ];
    for (blank, targets, word) in cases {
        let mut grad = Array3::from_elem((2, 3, 4), 7.0);
        let ctc = Ctc { blank, ..Ctc::default() };
        let message = ctc.gradient(logits.view(), targets, grad.view_mut()).unwrap_err();
        assert!(message.to_string().contains(word), "{message}");
        assert!(grad.iter().all(|g| *g == 7.0));
    }
    let mut short = Array3::zeros((2, 2, 4));
    assert!(Ctc::default().gradient(logits.view(), good, short.view_mut()).is_err());
    assert!(Ctc::default().per_sequence(logits.view(), good, &mut [0.0]).is_err());
}

#[test]
fn settings_survive_a_settings_file() {
    let ctc = Ctc { blank: 3, impossible: ImpossibleTargets::Zero, reduction: Reduction::Sum };
    let text = serde_json::to_string(&ctc).unwrap();
    assert_eq!(text, r#"{"blank":3,"impossible":"zero","reduction":"sum"}"#);
    assert_eq!(serde_json::from_str::<Ctc>(&text).unwrap(), ctc);
    assert!(serde_json::from_str::<Ctc>(r#"{"zero_infinity": true}"#).is_err());
}

proptest! {
    #[test]
    fn losses_of_all_labels_are_one_distribution(seed in 0u64..200) {
        // Everything that three steps of two labels and a blank can say.
        let logits = normal(3, 3, seed);
        let mut all = std::collections::BTreeSet::new();
        for code in 0..27usize {
            all.insert(spoken(&[code % 3, code / 3 % 3, code / 9], 0));
        }
        let ctc = Ctc { reduction: Reduction::Sum, ..Ctc::default() };
        let batch = batch(&logits);
        let total: f64 = all
            .iter()
            .map(|labels| {
                let counts = [labels.len()];
                let targets = targets(labels, &counts, &[3]);
                Float::exp(-ctc.value(batch.view(), targets).unwrap())
            })
            .sum();
        prop_assert!((total - 1.0).abs() < 1e-13);
    }
}
