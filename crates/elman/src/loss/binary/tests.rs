//! Binary cross-entropy: gradients, extremes, weights and refusals.

use ndarray::{Array2, Axis, Slice, array};
use proptest::prelude::*;

use super::super::StepWeights;
use super::super::testing::{assert_gradient, normal};
use super::*;

fn plain() -> BinaryCrossEntropy {
    BinaryCrossEntropy::default()
}

#[test]
fn gradients_are_central_differences() {
    let (logits, weights) = (normal(3, 4, 1) * 2.0, normal(3, 4, 3).mapv(f64::abs));
    let probabilities = normal(3, 4, 2).mapv(Float::sigmoid);
    for reduction in [Reduction::Mean, Reduction::Sum] {
        for pos_weight in [None, Some(vec![0.5, 3.0, 0.0, 1.0])] {
            for entry_weights in [None, Some(weights.view())] {
                let loss = BinaryCrossEntropy { pos_weight: pos_weight.clone(), reduction };
                let weights = RowWeights::Rows(&[0.5, 0.0, 2.0]);
                let probabilities = probabilities.view();
                let targets = BinaryTargets { probabilities, entry_weights, weights };
                let mut grad = Array2::zeros((3, 4));
                let value = loss.gradient(logits.view(), targets, grad.view_mut()).unwrap();
                let again = loss.value(logits.view(), targets).unwrap();
                assert_eq!(value.to_bits(), again.to_bits());
                assert_gradient(&logits, &grad, |x| loss.value(x, targets).unwrap());
            }
        }
    }
}

#[test]
fn extreme_logits_are_exact() {
    let logits = array![[1e4, -1e4, 1e4, -1e4]];
    let targets = array![[1.0, 1.0, 0.0, 0.0]];
    let mut grad = Array2::zeros((1, 4));
    let mut values = Array2::zeros((1, 4));
    let loss = BinaryCrossEntropy { reduction: Reduction::Sum, ..plain() };
    let targets = targets.view().into();
    assert_eq!(loss.gradient(logits.view(), targets, grad.view_mut()).unwrap(), 2e4);
    loss.per_element(logits.view(), targets, values.view_mut()).unwrap();
    assert_eq!(values, array![[0.0, 1e4, 1e4, 0.0]]);
    assert_eq!(grad, array![[0.0, -1.0, 1.0, 0.0]]);
}

#[test]
fn weights_scale_their_entries_and_not_the_divisor() {
    let (logits, targets) = (array![[0.3, -0.8]], array![[1.0, 0.0]]);
    let weights = array![[2.0, 0.0]];
    let weighted = BinaryTargets { entry_weights: Some(weights.view()), ..targets.view().into() };
    let mut values = Array2::zeros((1, 2));
    plain().per_element(logits.view(), targets.view().into(), values.view_mut()).unwrap();
    // Mean over two entries of 2·l₀ and 0.
    let value = plain().value(logits.view(), weighted).unwrap();
    assert!((value - values[[0, 0]]).abs() < 1e-15);
}

#[test]
fn row_weights_scale_value_and_divisor() {
    let (logits, targets) = (array![[0.3, -0.8], [f64::NAN, 1.0]], array![[1.0, 0.0], [7.0, 7.0]]);
    let steps = StepWeights { sequences: Some(&[3.0]), ..StepWeights::new(2, &[1]) };
    let weighted = BinaryTargets { weights: RowWeights::Steps(steps), ..targets.view().into() };
    let mut values = array![[9.0, 9.0], [9.0, 9.0]];
    plain().per_element(logits.view(), weighted, values.view_mut()).unwrap();
    assert_eq!(values.row(1), array![0.0, 0.0]);
    let value = plain().value(logits.view(), weighted).unwrap();
    assert!((value - values.sum() / 6.0).abs() < 1e-15);
    let first = Slice::from(..1);
    let (x, y) = (logits.slice_axis(Axis(0), first), targets.slice_axis(Axis(0), first));
    assert!((value - plain().value(x, y.into()).unwrap()).abs() < 1e-15);
    let mut grad = array![[9.0, 9.0], [9.0, 9.0]];
    let beside = plain().gradient(logits.view(), weighted, grad.view_mut()).unwrap();
    assert_eq!(beside.to_bits(), value.to_bits());
    assert_eq!(grad.row(1), array![0.0, 0.0]);
}

#[test]
fn any_memory_order_has_the_same_bits() {
    let (logits, mut turned) = (normal(3, 4, 1), Array2::zeros((4, 3)));
    let (targets, mut grad) = (Array2::from_elem((3, 4), 0.25), Array2::zeros((3, 4)));
    let loss = |grad: ArrayViewMut2<'_, f64>| {
        plain().gradient(logits.view(), targets.view().into(), grad).unwrap()
    };
    let value = loss(grad.view_mut());
    assert_eq!(value, loss(turned.view_mut().reversed_axes()));
    assert_eq!(grad, turned.t());
}

#[test]
fn a_nan_logit_is_seen() {
    let mut grad = array![[0.0f32]];
    let (logit, target) = (array![[f32::NAN]], array![[1.0f32]]);
    let value = plain().gradient(logit.view(), target.view().into(), grad.view_mut()).unwrap();
    assert!(value.is_nan() && grad[[0, 0]].is_nan());
}

#[test]
fn bad_arguments_are_refused() {
    let (logits, good) = (array![[0.0, 1.0]], array![[0.0, 1.0]]);
    let refused = |loss: &BinaryCrossEntropy, targets: BinaryTargets<'_, f64>, word: &str| {
        let mut grad = array![[7.0, 7.0]];
        let result = loss.gradient(logits.view(), targets, grad.view_mut());
        let message = result.unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
        assert_eq!(grad, array![[7.0, 7.0]]);
        assert!(loss.value(logits.view(), targets).is_err());
        assert!(loss.per_element(logits.view(), targets, grad.view_mut()).is_err());
    };
    for bad in [-0.1, 1.1, f64::NAN] {
        refused(&plain(), array![[0.0, bad]].view().into(), "targets[0, 1]");
    }
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let weights = array![[bad, 1.0]];
        let targets = BinaryTargets { entry_weights: Some(weights.view()), ..good.view().into() };
        refused(&plain(), targets, "entry_weights[0, 0]");
        let loss = BinaryCrossEntropy { pos_weight: Some(vec![1.0, bad]), ..plain() };
        refused(&loss, good.view().into(), "pos_weight[1]");
    }
    let loss = BinaryCrossEntropy { pos_weight: Some(vec![1.0]), ..plain() };
    refused(&loss, good.view().into(), "pos_weight: expected shape [2]");
    refused(&plain(), array![[0.0], [1.0]].view().into(), "targets: expected shape [1, 2]");
    let empty = Array2::<f64>::zeros((0, 2));
    assert!(plain().value(empty.view(), empty.view().into()).is_err());
    let sum = BinaryCrossEntropy { reduction: Reduction::Sum, ..plain() };
    assert_eq!(sum.value(empty.view(), empty.view().into()).unwrap(), 0.0);
}

proptest! {
    #[test]
    fn yes_and_no_mirror_each_other(x in -50.0..50.0f64, y in 0.0..=1.0f64) {
        let value = |x: f64, y: f64| {
            plain().value(array![[x]].view(), array![[y]].view().into()).unwrap()
        };
        let (here, there) = (value(x, y), value(-x, 1.0 - y));
        prop_assert!((here - there).abs() <= 1e-14 * (1.0 + here.abs()));
        prop_assert!(here >= 0.0);
    }
}
