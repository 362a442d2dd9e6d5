//! Likelihoods against values worked out with 50 digits, central differences, and refusals.

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::super::testing::{assert_gradient, normal};
use super::super::{RowWeights, StepWeights};
use super::*;

const GAUSSIAN: Distribution = Distribution::Gaussian { constant: NormalizingConstant::Included };
const ALL: [Distribution; 4] = [
    GAUSSIAN,
    Distribution::Gaussian { constant: NormalizingConstant::Omitted },
    Distribution::StudentT,
    Distribution::NegativeBinomial,
];

fn loss(distribution: Distribution, link: Link) -> NegativeLogLikelihood {
    NegativeLogLikelihood { distribution, link, ..NegativeLogLikelihood::default() }
}

/// The loss of one target with these parameters, and its gradient.
fn one(distribution: Distribution, parameters: &[f64], target: f64) -> (f64, Vec<f64>) {
    let loss = loss(distribution, Link::Identity);
    let predictions = Array2::from_shape_vec((1, parameters.len()), parameters.to_vec()).unwrap();
    let mut grad = Array2::zeros(predictions.dim());
    let target = array![[target]];
    let value = loss.gradient(predictions.view(), target.view(), grad.view_mut()).unwrap();
    (value, grad.into_raw_vec_and_offset().0)
}

/// A loss and its gradient by the parameters.
struct Known {
    distribution: Distribution,
    parameters: &'static [f64],
    target: f64,
    loss: f64,
    slopes: &'static [f64],
}

/// Made with mpmath at 50 digits from the densities' definitions by `loggamma` and `log`, the
/// slopes by `mpmath.diff`.
const KNOWN: [Known; 8] = [
    Known {
        distribution: Distribution::StudentT,
        parameters: &[0.25, 0.5, 3.0],
        target: 1.5,
        loss: 2.559_764_194_776_012_6,
        slopes: &[-2.162_162_162_162_162_3, -3.405_405_405_405_405_3, 0.086_074_667_084_382_98],
    },
    Known {
        distribution: Distribution::StudentT,
        parameters: &[2.0, 1.25, 0.75],
        target: -40.0,
        loss: 7.831_606_257_854_77,
        slopes: &[0.041_639_004_700_321_32, -0.599_070_557_930_796_4, 2.184_482_703_285_483_7],
    },
    Known {
        distribution: Distribution::StudentT,
        parameters: &[0.1, 2.0, 1e6],
        target: 0.1,
        loss: 1.612_085_963_764_618,
        slopes: &[0.0, 0.5, -2.499_999_999_998_75e-13],
    },
    Known {
        distribution: Distribution::NegativeBinomial,
        parameters: &[1.5, 0.5],
        target: 0.0,
        loss: 1.119_231_575_870_845_3,
        slopes: &[0.571_428_571_428_571_4, -0.524_177_437_455_976_4],
    },
    Known {
        distribution: Distribution::NegativeBinomial,
        parameters: &[3.25, 0.125],
        target: 7.0,
        loss: 3.278_506_161_318_374,
        slopes: &[-0.820_512_820_512_820_5, -0.995_503_142_319_541_6],
    },
    Known {
        distribution: Distribution::NegativeBinomial,
        parameters: &[100.0, 2.0],
        target: 250.0,
        loss: 7.232_133_233_311_798,
        slopes: &[-0.007_462_686_567_164_179, 0.172_282_347_264_139_6],
    },
    Known {
        distribution: Distribution::NegativeBinomial,
        parameters: &[10.0, 1e-6],
        target: 12.0,
        loss: 2.356_197_379_719_671,
        slopes: &[-0.199_998_000_019_999_8, 3.999_972_666_810_666_8],
    },
    Known {
        distribution: Distribution::NegativeBinomial,
        parameters: &[2.5, 40.0],
        target: 3.0,
        loss: 4.895_605_615_673_653,
        slopes: &[-0.001_980_198_019_801_980_2, 0.022_910_185_373_606_208],
    },
];

#[test]
fn densities_agree_with_arithmetic_of_50_digits() {
    for Known { distribution, parameters, target, loss, slopes } in KNOWN {
        let (value, grad) = one(distribution, parameters, target);
        assert!((value - loss).abs() < 1e-13 * loss, "{distribution:?} {parameters:?}");
        for (found, slope) in grad.iter().zip(slopes) {
            // 1/α² = 1e12 multiplies the rounding of the near-Poisson case.
            let allowed = 1e-13 + if parameters[1] < 1e-3 { 1e-7 } else { 1e-13 * slope.abs() };
            assert!((found - slope).abs() < allowed, "{distribution:?}: {found} for {slope}");
        }
    }
}

#[test]
fn the_gaussian_is_the_textbook_one() {
    // ln √(2π·4) + 3²/8
    let expected = 0.5 * Float::ln(8.0 * std::f64::consts::PI) + 9.0 / 8.0;
    let (value, grad) = one(GAUSSIAN, &[-1.0, 4.0], 2.0);
    assert!((value - expected).abs() < 1e-15);
    assert_eq!(grad, [-0.75, 0.125 * (1.0 - 9.0 / 4.0)]);
    let omitted = Distribution::Gaussian { constant: NormalizingConstant::Omitted };
    let difference = value - one(omitted, &[-1.0, 4.0], 2.0).0;
    assert!((difference - 0.5 * Float::ln(2.0 * std::f64::consts::PI)).abs() < 1e-15);
}

#[test]
fn gradients_are_central_differences() {
    let steps = StepWeights { steps: Some(&[0.5, 2.0, 1.0, 3.0]), ..StepWeights::new(2, &[2, 1]) };
    for distribution in ALL {
        let parameters = distribution.parameters().len();
        let predictions = normal(4, 3 * parameters, 1);
        let values = normal(4, 3, 2).mapv(|y| (5.0 * y.abs()).floor());
        for link in [Link::Softplus, Link::Identity] {
            let predictions = match link {
                Link::Softplus => predictions.clone(),
                Link::Identity => predictions.mapv(|x| 0.5 + x.abs()),
            };
            for weights in [RowWeights::Equal, RowWeights::Steps(steps)] {
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    let loss = NegativeLogLikelihood { reduction, ..loss(distribution, link) };
                    let targets = NumberTargets { values: values.view(), weights };
                    let mut grad = Array2::from_elem(predictions.dim(), f64::NAN);
                    let value =
                        loss.gradient(predictions.view(), targets, grad.view_mut()).unwrap();
                    let again = loss.value(predictions.view(), targets).unwrap();
                    assert_eq!(value.to_bits(), again.to_bits());
                    assert_gradient(&predictions, &grad, |p| loss.value(p, targets).unwrap());
                    let mut values = Array2::from_elem((4, 3), f64::NAN);
                    loss.per_element(predictions.view(), targets, values.view_mut()).unwrap();
                    let total = match reduction {
                        Reduction::Sum => 1.0,
                        Reduction::Mean => weights.total(4) * 3.0,
                    };
                    assert!((values.sum() / total - value).abs() < 1e-12);
                }
            }
        }
    }
}

#[test]
fn settings_differ() {
    let (predictions, targets) = (array![[0.3, 0.7]], array![[2.0]]);
    let value = |loss: NegativeLogLikelihood| {
        loss.value(predictions.view(), targets.view()).unwrap().to_bits()
    };
    let plain = NegativeLogLikelihood::default();
    let omitted = Distribution::Gaussian { constant: NormalizingConstant::Omitted };
    let values = [
        value(plain),
        value(NegativeLogLikelihood { link: Link::Identity, ..plain }),
        value(NegativeLogLikelihood { epsilon: 3.0, ..plain }),
        value(NegativeLogLikelihood { distribution: omitted, ..plain }),
        value(NegativeLogLikelihood { distribution: Distribution::NegativeBinomial, ..plain }),
    ];
    let distinct: std::collections::BTreeSet<u64> = values.into_iter().collect();
    assert_eq!(distinct.len(), values.len());
}

#[test]
fn many_degrees_of_freedom_are_a_gaussian() {
    let (t, _) = one(Distribution::StudentT, &[0.5, 2.0, 1e9], 3.0);
    let (gaussian, _) = one(GAUSSIAN, &[0.5, 4.0], 3.0);
    assert!((t - gaussian).abs() < 1e-8, "{t} {gaussian}");
}

#[test]
fn the_negative_binomial_sums_to_one() {
    let probability = |count: u32| {
        Float::exp(-one(Distribution::NegativeBinomial, &[3.0, 0.7], f64::from(count)).0)
    };
    let sum: f64 = (0..400).map(probability).sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    let mean: f64 = (0..400).map(|count| f64::from(count) * probability(count)).sum();
    assert!((mean - 3.0).abs() < 1e-10, "{mean}");
}

#[test]
fn parameters_too_small_count_as_epsilon_and_keep_their_gradient() {
    for (link, prediction) in
        [(Link::Identity, -5.0), (Link::Identity, 1e-9), (Link::Softplus, -40.0)]
    {
        let gaussian = NegativeLogLikelihood { epsilon: 0.25, ..loss(GAUSSIAN, link) };
        let mut grad = Array2::zeros((1, 2));
        let (predictions, target) = (array![[1.0, prediction]], array![[2.0]]);
        let value = gaussian.gradient(predictions.view(), target.view(), grad.view_mut()).unwrap();
        let (expected, at_epsilon) = one(GAUSSIAN, &[1.0, 0.25], 2.0);
        assert_eq!(value, expected);
        let slope = if link == Link::Identity { 1.0 } else { Float::sigmoid(prediction) };
        assert_eq!(grad, array![[at_epsilon[0], slope * at_epsilon[1]]]);
    }
}

#[test]
fn nan_is_seen() {
    for distribution in ALL {
        let columns = distribution.parameters().len();
        let predictions = Array2::from_elem((1, columns), f64::NAN);
        let mut grad = Array2::zeros((1, columns));
        let target = array![[1.0]];
        let value = loss(distribution, Link::Softplus)
            .gradient(predictions.view(), target.view(), grad.view_mut())
            .unwrap();
        assert!(value.is_nan() && grad.iter().all(|g| g.is_nan()), "{distribution:?}");
    }
}

#[test]
fn bad_arguments_are_refused() {
    let counts = loss(Distribution::NegativeBinomial, Link::Softplus);
    let predictions = normal(2, 2, 1);
    let refused = |loss: NegativeLogLikelihood, targets: NumberTargets<'_, f64>, word: &str| {
        let mut grad = Array2::from_elem((2, 2), 7.0);
        let result = loss.gradient(predictions.view(), targets, grad.view_mut());
        let message = result.unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
        assert!(grad.iter().all(|g| *g == 7.0));
        assert!(loss.value(predictions.view(), targets).is_err());
    };
    for bad in [-1.0, 0.5, f64::NAN, f64::INFINITY] {
        let targets = array![[1.0], [bad]];
        refused(counts, targets.view().into(), "targets[1, 0]: expected a count: 0, 1, 2, …, got");
        let weights = RowWeights::Rows(&[1.0, 0.0]);
        let uncounted = NumberTargets { values: targets.view(), weights };
        assert!(counts.value(predictions.view(), uncounted).is_ok());
    }
    let good = array![[1.0], [2.0]];
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let loss = NegativeLogLikelihood { epsilon: bad, ..counts };
        refused(loss, good.view().into(), "negative-binomial: epsilon: expected a positive number");
    }
    let t = loss(Distribution::StudentT, Link::Softplus);
    refused(t, good.view().into(), "predictions: expected shape [2, 3], got [2, 2]");
    let weights = RowWeights::Rows(&[1.0, -1.0]);
    refused(counts, NumberTargets { values: good.view(), weights }, "row weights[1]");
    let mut parameters = Array2::zeros((2, 2));
    let message = t.parameters(predictions.view(), parameters.view_mut()).unwrap_err();
    assert!(message.to_string().contains("a multiple of 3 columns, got 2"), "{message}");
}

#[test]
fn settings_survive_a_settings_file() {
    for distribution in ALL {
        let loss = loss(distribution, Link::Identity);
        let text = serde_json::to_string(&loss).unwrap();
        assert_eq!(serde_json::from_str::<NegativeLogLikelihood>(&text).unwrap(), loss);
    }
    let text = r#"{"distribution": {"gaussian": {}}, "link": "softplus"}"#;
    let read: NegativeLogLikelihood = serde_json::from_str(text).unwrap();
    assert_eq!(read, NegativeLogLikelihood::default());
    let bad = r#"{"distribution": "student-t", "nu": 3}"#;
    assert!(serde_json::from_str::<NegativeLogLikelihood>(bad).is_err());
}

proptest! {
    #[test]
    fn the_likelihood_is_least_where_its_gradient_is_zero(y in -20.0..20.0f64, scale in 0.1..5.0f64) {
        // At z² = 1 neither a wider nor a narrower Gaussian is better.
        let (_, grad) = one(GAUSSIAN, &[y - scale, scale * scale], y);
        prop_assert!(grad[1].abs() < 1e-12 / (scale * scale));
        let (_, grad) = one(Distribution::StudentT, &[y, scale, 4.0], y);
        prop_assert_eq!(grad[0], 0.0);
    }
}
