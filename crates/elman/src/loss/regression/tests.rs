//! The four losses of a difference: values, gradients, weights and refusals.

use ndarray::{Array, Array1, Array2, array};
use proptest::prelude::*;

use super::super::StepWeights;
use super::super::testing::{assert_gradient, normal};
use super::*;

const LOSSES: [RegressionLoss; 4] = [
    RegressionLoss::Mse,
    RegressionLoss::L1,
    RegressionLoss::Huber { delta: 0.6 },
    RegressionLoss::SmoothL1 { beta: 0.7 },
];

fn sum(loss: RegressionLoss, p: &Array1<f64>, t: &Array1<f64>) -> f64 {
    loss.value(Reduction::Sum, p.view(), t.view()).unwrap()
}

#[test]
fn gradients_are_central_differences() {
    let (predictions, targets) = (normal(4, 6, 1), normal(4, 6, 2));
    for loss in LOSSES {
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let mut grad = Array2::zeros((4, 6));
            let (p, t) = (predictions.view(), targets.view());
            let value = loss.gradient(reduction, p, t, grad.view_mut()).unwrap();
            assert_eq!(value.to_bits(), loss.value(reduction, p, t).unwrap().to_bits());
            assert_gradient(&predictions, &grad, |p| loss.value(reduction, p, t).unwrap());
        }
    }
}

#[test]
fn gradients_with_weights_are_central_differences() {
    let (predictions, values) = (normal(4, 3, 1), normal(4, 3, 2));
    let (steps, sequences) = ([0.5, 2.0, 1.0, 9.0], [3.0, 0.25]);
    let weights = StepWeights {
        steps: Some(&steps),
        sequences: Some(&sequences),
        ..StepWeights::new(2, &[2, 1])
    };
    for weights in [RowWeights::Rows(&steps), RowWeights::Steps(weights)] {
        let targets = NumberTargets { values: values.view(), weights };
        for loss in LOSSES {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let mut grad = Array2::from_elem((4, 3), 7.0);
                let p = predictions.view();
                let value = loss.gradient(reduction, p, targets, grad.view_mut()).unwrap();
                assert_eq!(value.to_bits(), loss.value(reduction, p, targets).unwrap().to_bits());
                assert_gradient(&predictions, &grad, |p| {
                    loss.value(reduction, p, targets).unwrap()
                });
            }
        }
    }
}

#[test]
fn a_weighted_mean_divides_by_the_weights() {
    let (p, t) = (array![[1.0, 2.0], [3.0, 0.0]], array![[0.0, 0.0], [0.0, 0.0]]);
    let weights = RowWeights::Rows(&[2.0, 1.0]);
    let targets = NumberTargets { values: t.view(), weights };
    let value = RegressionLoss::Mse.value(Reduction::Mean, p.view(), targets).unwrap();
    assert_eq!(value, (2.0 * (1.0 + 4.0) + 9.0) / 6.0);
    let mut values = Array2::zeros((2, 2));
    RegressionLoss::L1.per_element(p.view(), targets, values.view_mut()).unwrap();
    assert_eq!(values, array![[2.0, 4.0], [3.0, 0.0]]);
}

#[test]
fn rows_without_weight_are_not_read() {
    let (p, t) = (array![[1.0], [f64::NAN]], array![[3.0], [f64::INFINITY]]);
    let mut grad = array![[7.0], [7.0]];
    let weights = RowWeights::Steps(StepWeights::new(2, &[1]));
    let targets = NumberTargets { values: t.view(), weights };
    let value = RegressionLoss::Mse.gradient(Reduction::Mean, p.view(), targets, grad.view_mut());
    assert_eq!((value.unwrap(), grad), (4.0, array![[-4.0], [0.0]]));
    let none = NumberTargets { values: t.view(), weights: RowWeights::Rows(&[0.0, 0.0]) };
    assert_eq!(RegressionLoss::L1.value(Reduction::Sum, p.view(), none).unwrap(), 0.0);
    let message = RegressionLoss::L1.value(Reduction::Mean, p.view(), none).unwrap_err();
    assert!(message.to_string().contains("mean: expected at least one"), "{message}");
}

#[test]
fn values_are_the_textbook_ones() {
    // d = 0.5 and −3.
    let (p, t) = (array![1.5, -1.0], array![1.0, 2.0]);
    let cases = [
        (RegressionLoss::Mse, [0.25, 9.0]),
        (RegressionLoss::L1, [0.5, 3.0]),
        (RegressionLoss::Huber { delta: 2.0 }, [0.125, 2.0 * (3.0 - 1.0)]),
        (RegressionLoss::SmoothL1 { beta: 2.0 }, [0.0625, 2.0]),
        (RegressionLoss::SmoothL1 { beta: 0.0 }, [0.5, 3.0]),
    ];
    for (loss, expected) in cases {
        let mut values = array![0.0, 0.0];
        loss.per_element(p.view(), t.view(), values.view_mut()).unwrap();
        assert_eq!(values.to_vec(), expected, "{loss:?}");
        assert_eq!(sum(loss, &p, &t), expected.iter().sum::<f64>());
        let mean = loss.value(Reduction::Mean, p.view(), t.view()).unwrap();
        assert_eq!(mean, expected.iter().sum::<f64>() / 2.0);
    }
}

#[test]
fn equal_entries_have_no_gradient() {
    for loss in LOSSES.into_iter().chain([RegressionLoss::SmoothL1 { beta: 0.0 }]) {
        let (p, mut grad) = (array![2.0f32], array![9.0f32]);
        let value = loss.gradient(Reduction::Sum, p.view(), p.view(), grad.view_mut());
        assert_eq!((value.unwrap(), grad[0]), (0.0, 0.0), "{loss:?}");
    }
}

#[test]
fn nan_and_infinity_are_seen_in_value_and_gradient() {
    for loss in LOSSES {
        let mut grad = array![0.0];
        let (nan, infinite, target) = (array![f64::NAN], array![f64::INFINITY], array![0.0]);
        let value = loss.gradient(Reduction::Sum, nan.view(), target.view(), grad.view_mut());
        assert!(value.unwrap().is_nan() && grad[0].is_nan(), "{loss:?}");
        assert_eq!(sum(loss, &infinite, &target), f64::INFINITY, "{loss:?}");
    }
}

#[test]
fn huge_f32_differences_do_not_overflow_the_sum() {
    let (p, t) = (array![3e38f32], array![-3e38f32]);
    let value = RegressionLoss::Mse.value(Reduction::Sum, p.view(), t.view()).unwrap();
    let difference = 2.0 * f64::from(3e38f32);
    assert_eq!(value, difference * difference);
}

#[test]
fn views_in_any_layout_are_taken() {
    let (predictions, targets) = (normal(3, 5, 3), normal(3, 5, 4));
    let mut grad = Array2::zeros((3, 5));
    let mut transposed = Array2::zeros((5, 3));
    let loss = RegressionLoss::Huber { delta: 0.5 };
    let (p, t) = (predictions.view(), targets.view());
    loss.gradient(Reduction::Mean, p, t, grad.view_mut()).unwrap();
    let standard = targets.t().as_standard_layout().into_owned();
    loss.gradient(Reduction::Mean, p.t(), standard.view(), transposed.view_mut()).unwrap();
    assert_eq!(grad.t(), transposed);
}

#[test]
fn bad_arguments_are_refused() {
    let (p, t, mut grad) = (array![1.0, 2.0], array![1.0], array![7.0, 7.0]);
    let empty = Array::<f64, _>::zeros(0);
    for loss in LOSSES {
        let short = loss.gradient(Reduction::Sum, p.view(), t.view(), grad.view_mut());
        assert!(matches!(short, Err(Error::Shape { .. })));
        let short = loss.gradient(Reduction::Sum, t.view(), t.view(), grad.view_mut());
        assert!(matches!(short, Err(Error::Shape { .. })));
        assert!(loss.value(Reduction::Mean, empty.view(), empty.view()).is_err());
        assert_eq!(loss.value(Reduction::Sum, empty.view(), empty.view()).unwrap(), 0.0);
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let loss = RegressionLoss::Huber { delta: bad };
        assert!(loss.check().is_err() && loss.value(Reduction::Sum, p.view(), p.view()).is_err());
        assert_eq!(RegressionLoss::SmoothL1 { beta: bad }.check().is_ok(), bad == 0.0);
    }
    assert_eq!(grad, array![7.0, 7.0]);
}

#[test]
fn names_are_those_of_a_settings_file() {
    let json = r#"["mse","l1",{"huber":{"delta":0.6}},{"smooth-l1":{"beta":0.7}}]"#;
    assert_eq!(serde_json::to_string(&LOSSES).unwrap(), json);
    assert_eq!(serde_json::from_str::<Vec<RegressionLoss>>(json).unwrap(), LOSSES);
}

proptest! {
    #[test]
    fn huber_is_delta_times_smooth_l1(d in -5.0..5.0f64, delta in 0.01..4.0f64) {
        let (p, t) = (array![d], array![0.0]);
        let huber = sum(RegressionLoss::Huber { delta }, &p, &t);
        let smooth = sum(RegressionLoss::SmoothL1 { beta: delta }, &p, &t);
        prop_assert!((huber - delta * smooth).abs() <= 1e-14 * huber.abs());
    }

    #[test]
    fn huber_lies_between_the_line_and_the_parabola(d in -5.0..5.0f64, delta in 0.01..4.0f64) {
        let (p, t) = (array![d], array![0.0]);
        let huber = sum(RegressionLoss::Huber { delta }, &p, &t);
        prop_assert!(huber <= 0.5 * d * d * (1.0 + 1e-14));
        prop_assert!(huber <= delta * d.abs() * (1.0 + 1e-14));
    }
}
