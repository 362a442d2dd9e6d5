//! The distributions, their bounds, and what is refused.

use ndarray::{Array1, Array2, ArrayD, IxDyn};

use super::*;

const RANDOM: [Initializer; 7] = [
    Initializer::ScaledNormal { scale: 0.3 },
    Initializer::GlorotUniform,
    Initializer::GlorotNormal,
    Initializer::HeUniform,
    Initializer::HeNormal,
    Initializer::Orthogonal { gain: 1.5 },
    Initializer::RecurrentUniform,
];

fn filled(initializer: Initializer, rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut target = Array2::from_elem((rows, columns), f64::NAN);
    let view = target.view_mut().into_dyn();
    initializer.fill(view, 40, &mut Rng::new(seed)).unwrap();
    target
}

#[test]
fn constants_are_constant() {
    let cases = [
        (Initializer::Zeros, 0.0),
        (Initializer::Ones, 1.0),
        (Initializer::Constant { value: -2.5 }, -2.5),
    ];
    for (initializer, expected) in cases {
        assert_eq!(filled(initializer, 2, 3, 1), Array2::from_elem((2, 3), expected));
    }
}

#[test]
fn every_distribution_has_mean_zero_and_its_variance() {
    let (rows, columns) = (150usize, 250usize);
    let n = (rows * columns) as f64;
    let cases = [
        (Initializer::ScaledNormal { scale: 0.3 }, 0.09, 2.0),
        (Initializer::GlorotUniform, 2.0 / 400.0, 0.8),
        (Initializer::GlorotNormal, 2.0 / 400.0, 2.0),
        (Initializer::HeUniform, 2.0 / 150.0, 0.8),
        (Initializer::HeNormal, 2.0 / 150.0, 2.0),
        (Initializer::RecurrentUniform, 1.0 / 40.0 / 3.0, 0.8),
    ];
    for (initializer, variance, spread_of_square) in cases {
        let values = filled(initializer, rows, columns, 3);
        let mean = values.sum() / n;
        let found = values.mapv(|x| x * x).sum() / n;
        // 5 standard errors; x²/variance has variance 2 (normal) or 4/5 (uniform).
        assert!(mean.abs() < 5.0 * f64::sqrt(variance / n), "{initializer:?}: mean {mean}");
        let bound = 5.0 * variance * f64::sqrt(spread_of_square / n);
        assert!((found - variance).abs() < bound, "{initializer:?}: variance {found}");
    }
}

#[test]
fn uniform_ones_stay_within_their_bounds_and_reach_for_them() {
    let cases = [
        (Initializer::GlorotUniform, (6.0f64 / 50.0).sqrt()),
        (Initializer::HeUniform, (6.0f64 / 30.0).sqrt()),
        (Initializer::RecurrentUniform, (1.0f64 / 40.0).sqrt()),
    ];
    for (initializer, bound) in cases {
        let largest = filled(initializer, 30, 20, 8).fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(largest <= bound && largest > 0.98 * bound, "{initializer:?}: {largest}");
    }
}

#[test]
fn orthogonal_has_orthonormal_columns_or_rows() {
    for (rows, columns) in [(1, 1), (6, 6), (9, 4), (4, 9), (70, 70), (1, 5)] {
        let q = filled(Initializer::Orthogonal { gain: 1.5 }, rows, columns, 4);
        let product = if rows >= columns { q.t().dot(&q) } else { q.dot(&q.t()) };
        let expected = Array2::<f64>::eye(rows.min(columns)) * 2.25;
        let error = (product - expected).mapv(f64::abs).fold(0.0f64, |m, &x| m.max(x));
        assert!(error < 1e-13, "{rows}x{columns}: {error}");
    }
}

#[test]
fn orthogonal_is_uniform_over_rotations_and_reflections() {
    // Uniform on the orthogonal group of 2x2: every entry has mean 0 and variance 1/2, and
    // half of the matrices are reflections.
    let n = 4000u32;
    let mut rng = Rng::new(6);
    let (mut sum, mut square, mut reflections) = ([0.0; 4], [0.0; 4], 0u32);
    for _ in 0..n {
        let mut q = Array2::<f64>::zeros((2, 2));
        let orthogonal = Initializer::Orthogonal { gain: 1.0 };
        orthogonal.fill(q.view_mut().into_dyn(), 0, &mut rng).unwrap();
        for (i, &x) in q.iter().enumerate() {
            sum[i] += x / f64::from(n);
            square[i] += x * x / f64::from(n);
        }
        reflections += u32::from(q[[0, 0]] * q[[1, 1]] < q[[0, 1]] * q[[1, 0]]);
    }
    let error = 5.0 * (0.5 / f64::from(n)).sqrt();
    assert!(sum.iter().all(|m| m.abs() < error), "{sum:?}");
    assert!(square.iter().all(|v| (v - 0.5).abs() < error), "{square:?}");
    assert!(reflections.abs_diff(n / 2) < 160, "{reflections}");
}

#[test]
fn seeds_repeat_and_differ() {
    for initializer in RANDOM {
        assert_eq!(filled(initializer, 4, 5, 1), filled(initializer, 4, 5, 1));
        assert_ne!(filled(initializer, 4, 5, 1), filled(initializer, 4, 5, 2));
    }
}

#[test]
fn f32_is_the_rounded_f64() {
    for initializer in RANDOM {
        let mut single = Array2::<f32>::zeros((5, 3));
        initializer.fill(single.view_mut().into_dyn(), 40, &mut Rng::new(2)).unwrap();
        let double = filled(initializer, 5, 3, 2);
        assert_eq!(single, double.mapv(f32::from_f64), "{initializer:?}");
    }
}

#[test]
fn a_bias_has_no_fans() {
    for initializer in RANDOM {
        let mut bias = Array1::from_elem(7, f64::NAN);
        let result = initializer.fill(bias.view_mut().into_dyn(), 7, &mut Rng::new(1));
        match initializer {
            Initializer::ScaledNormal { .. } | Initializer::RecurrentUniform => {
                result.unwrap();
                assert!(bias.iter().all(|b| b.is_finite()));
            }
            _ => {
                let message = result.unwrap_err().to_string();
                assert!(message.contains("two axes") && message.contains("[7]"), "{message}");
                assert!(bias.iter().all(|b| b.is_nan()), "changed by a refused fill");
            }
        }
    }
}

#[test]
fn unusable_settings_are_refused() {
    let mut target = ArrayD::<f32>::zeros(IxDyn(&[2, 2]));
    for (initializer, hidden_size) in [
        (Initializer::Constant { value: f64::NAN }, 2),
        (Initializer::ScaledNormal { scale: -0.1 }, 2),
        (Initializer::ScaledNormal { scale: f64::INFINITY }, 2),
        (Initializer::ScaledNormal { scale: f64::NAN }, 2),
        (Initializer::Orthogonal { gain: f64::NAN }, 2),
        (Initializer::RecurrentUniform, 0),
    ] {
        let result = initializer.fill(target.view_mut(), hidden_size, &mut Rng::new(1));
        assert!(matches!(result, Err(Error::Argument { .. })), "{initializer:?}");
    }
}

#[test]
fn empty_matrices_are_filled_with_nothing() {
    for initializer in RANDOM {
        for shape in [[0usize, 3], [3, 0], [0, 0]] {
            let mut target = ArrayD::<f64>::zeros(IxDyn(&shape));
            initializer.fill(target.view_mut(), 1, &mut Rng::new(1)).unwrap();
        }
    }
}

#[test]
fn names_are_those_of_a_settings_file() {
    let json = serde_json::to_string(&RANDOM[1..]).unwrap();
    let names = r#"["glorot-uniform","glorot-normal","he-uniform","he-normal",{"orthogonal":{"gain":1.5}},"recurrent-uniform"]"#;
    assert_eq!(json, names);
    assert_eq!(serde_json::from_str::<Vec<Initializer>>(names).unwrap(), &RANDOM[1..]);
    assert!(serde_json::from_str::<Initializer>(r#"{"orthogonal":{"gian":1.5}}"#).is_err());
}
