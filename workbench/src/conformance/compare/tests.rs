//! The comparison refuses what is wrong.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Ix1, arr0, arr1};
use serde_json::{Map, Value, json};

use super::*;

const TOLERANCE: Tolerance = Tolerance { rel: 1e-6, floor: 1e-2 };

fn vector(values: &[f64]) -> ArrayD<f64> {
    arr1(values).into_dyn()
}

fn agrees(computed: &[f64], stored: &[f64]) -> bool {
    disagreement(&vector(computed), &Tensor::Float(vector(stored)), TOLERANCE).is_none()
}

/// A case that expects `y = [1, 2]` and `loss = 0` for an input x, with more options.
fn case(options: Value) -> Case {
    let mut all: Map<String, Value> = Map::new();
    all.insert("tolerance".into(), json!({"rel": 1e-6, "floor": 1e-2, "loss_floor": 10.0}));
    all.insert("name".into(), json!("a case"));
    all.extend(options.as_object().cloned().unwrap_or_default());
    let mut tensors = BTreeMap::new();
    tensors.insert("x".to_owned(), Tensor::Float(vector(&[5.0])));
    tensors.insert("y".to_owned(), Tensor::Float(vector(&[1.0, 2.0])));
    tensors.insert("loss".to_owned(), Tensor::Float(arr0(0.0).into_dyn()));
    Case::new("torch".to_owned(), all, tensors)
}

fn computed(y: &[f64], loss: f64) -> Computed {
    let mut computed = Computed::default();
    computed.put("y", &vector(y));
    computed.put_number("loss", loss);
    computed
}

fn verdict_of(case: &Case, computed: &Computed) -> Verdict {
    case.array::<f64, Ix1>("x").expect("x is a vector");
    verdict(case, computed)
}

#[test]
fn the_scale_is_the_largest_entry_of_the_tensor() {
    // 0.9e-6 beside an entry of 1 agrees, though the entry itself is 0; beside 0.1 it does not.
    assert!(agrees(&[1.0, 0.9e-6], &[1.0, 0.0]));
    assert!(!agrees(&[0.1, 0.9e-6], &[0.1, 0.0]));
    assert!(!agrees(&[1.0, 1.1e-6], &[1.0, 0.0]));
}

#[test]
fn the_floor_holds_for_small_tensors() {
    assert!(agrees(&[0.9e-8], &[0.0]));
    assert!(!agrees(&[1.1e-8], &[0.0]));
}

#[test]
fn a_floor_of_zero_makes_zeros_exact() {
    let exact = Tolerance { rel: 1e-6, floor: 0.0 };
    let zeros = Tensor::Float(vector(&[0.0]));
    assert!(disagreement(&vector(&[-0.0]), &zeros, exact).is_none());
    assert!(disagreement(&vector(&[f64::MIN_POSITIVE]), &zeros, exact).is_some());
}

#[test]
fn equal_infinities_agree_and_nan_never_does() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert!(agrees(&[inf, -inf, 1.0], &[inf, -inf, 1.0]));
    assert!(!agrees(&[-inf], &[inf]));
    assert!(!agrees(&[inf], &[1e300]));
    assert!(!agrees(&[1e300], &[inf]));
    assert!(!agrees(&[nan], &[nan]));
    assert!(!agrees(&[nan], &[1.0]));
    assert!(!agrees(&[1.0], &[nan]));
}

#[test]
fn an_infinity_does_not_widen_the_tolerance_of_its_neighbours() {
    assert!(!agrees(&[f64::INFINITY, 1.1], &[f64::INFINITY, 1.0]));
}

#[test]
fn another_shape_with_the_same_entries_fails() {
    let row = vector(&[1.0, 2.0]).into_shape_with_order(vec![1, 2]).expect("two entries");
    let fault = disagreement(&row, &Tensor::Float(vector(&[1.0, 2.0])), TOLERANCE);
    assert_eq!(fault.as_deref(), Some("expected shape [2], got [1, 2]"));
}

#[test]
fn right_tensors_pass_and_a_wrong_one_fails() {
    assert_eq!(verdict_of(&case(json!({})), &computed(&[1.0, 2.0], 0.0)), Verdict::Passed);
    let verdict = verdict_of(&case(json!({})), &computed(&[1.0, 2.1], 0.0));
    assert!(matches!(&verdict, Verdict::Failed(reason) if reason.starts_with("y: entry 1")));
}

#[test]
fn only_the_loss_has_the_loss_floor() {
    assert_eq!(verdict_of(&case(json!({})), &computed(&[1.0, 2.0], 0.9e-5)), Verdict::Passed);
    for wrong in [computed(&[1.0, 2.0], 1.1e-5), computed(&[1.0, 2.0 + 0.9e-5], 0.0)] {
        assert!(matches!(verdict_of(&case(json!({})), &wrong), Verdict::Failed(_)));
    }
}

#[test]
fn a_tensor_that_nobody_computed_is_unsupported() {
    let mut partial = Computed::default();
    partial.put("y", &vector(&[1.0, 2.0]));
    let expected = Verdict::Unsupported("tensor loss".to_owned());
    assert_eq!(verdict_of(&case(json!({})), &partial), expected);
}

#[test]
fn an_expected_tensor_that_was_read_as_an_input_fails() {
    let case = case(json!({}));
    let y = case.array::<f64, Ix1>("y").expect("y is a vector").to_vec();
    assert!(matches!(verdict_of(&case, &computed(&y, 0.0)), Verdict::Failed(_)));
}

#[test]
fn a_case_that_compares_nothing_fails() {
    let case = case(json!({}));
    for name in ["y", "loss"] {
        case.skip(name);
    }
    assert!(matches!(verdict_of(&case, &Computed::default()), Verdict::Failed(_)));
}

#[test]
fn an_option_that_nobody_read_is_unsupported_unless_neutral() {
    let right = computed(&[1.0, 2.0], 0.0);
    let neutral = json!({"proj_size": 0, "peephole": false, "clip": null});
    assert_eq!(verdict_of(&case(neutral), &right), Verdict::Passed);
    let unread = verdict_of(&case(json!({"proj_size": 3})), &right);
    assert_eq!(unread, Verdict::Unsupported("option proj_size: 3".to_owned()));
}

#[test]
fn a_case_without_a_tolerance_fails() {
    let case = case(json!({"tolerance": {"rel": 1e-6}}));
    assert!(matches!(verdict_of(&case, &computed(&[1.0, 2.0], 0.0)), Verdict::Failed(_)));
}
