//! Scores of forecasts and forecasts without training, against the values of
//! `tests-data/forecast/metrics.py`, which libraries of the field computed.

use elman::forecast::metric::{self, Intervals};
use elman::forecast::{Baseline, Step, Transform};
use serde::Deserialize;
use serde_json::Value;

/// Sums of a few dozen numbers, in another order.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    diebold_mariano: Vec<Test>,
    box_cox: Vec<Power>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    training: Vec<f64>,
    actual: Vec<f64>,
    forecast: Vec<f64>,
    season: usize,
    scores: Value,
    intervals: Vec<Interval>,
    quantiles: Vec<Quantile>,
    crps_of_quantiles: f64,
    samples: Vec<f64>,
    crps_of_samples: f64,
    baselines: Value,
}

#[derive(Deserialize)]
struct Interval {
    level: f64,
    lo: Vec<f64>,
    hi: Vec<f64>,
    coverage: f64,
    winkler: f64,
}

#[derive(Deserialize)]
struct Quantile {
    quantile: f64,
    forecast: Vec<f64>,
    loss: f64,
}

#[derive(Deserialize)]
struct Test {
    errors: Vec<f64>,
    others: Vec<f64>,
    horizon: usize,
    statistic: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Power {
    lambda: f64,
    values: Vec<f64>,
    transformed: Vec<f64>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests-data/forecast/metrics.json"))
        .expect("a JSON document")
}

fn check(what: &str, found: f64, expected: f64) {
    let scale = expected.abs().max(1.0);
    assert!((found - expected).abs() <= TOLERANCE * scale, "{what}: {found}, not {expected}");
}

#[test]
fn scores_are_those_of_utilsforecast_and_darts() {
    for case in vectors().cases {
        let (y, f) = (&case.actual, &case.forecast);
        let (training, season) = (&case.training, case.season);
        for (name, found) in [
            ("mae", metric::mae(y, f)),
            ("mse", metric::mse(y, f)),
            ("rmse", metric::rmse(y, f)),
            ("mape", metric::mape(y, f)),
            ("smape", metric::smape(y, f)),
            ("wape", metric::wape(y, f)),
            ("mase", metric::mase(y, f, training, season)),
            ("rmsse", metric::rmsse(y, f, training, season)),
        ] {
            let expected = case.scores[name].as_f64().unwrap();
            check(&format!("{}: {name}", case.name), found.unwrap(), expected);
        }
    }
}

#[test]
fn intervals_and_quantiles_score_as_in_utilsforecast_and_darts() {
    for case in vectors().cases {
        let (name, y) = (&case.name, &case.actual);
        for Interval { level, lo, hi, coverage, winkler } in &case.intervals {
            let ends = Intervals { lo, hi };
            check(name, metric::coverage(y, ends).unwrap(), *coverage);
            check(name, metric::winkler(y, ends, *level).unwrap(), *winkler);
        }
        for Quantile { quantile, forecast, loss } in &case.quantiles {
            check(name, metric::quantile_loss(y, forecast, *quantile).unwrap(), *loss);
        }
        let quantiles = case.quantiles.iter().map(|own| (own.quantile, own.forecast.as_slice()));
        let crps = metric::crps_of_quantiles(y, &quantiles.collect::<Vec<_>>()).unwrap();
        check(name, crps, case.crps_of_quantiles);
        check(name, metric::crps_of_samples(y[0], &case.samples).unwrap(), case.crps_of_samples);
    }
}

#[test]
fn forecasts_without_training_are_those_of_statsforecast() {
    for case in vectors().cases {
        for baseline in Baseline::ALL {
            let found = baseline.forecast(&case.training, case.season, case.actual.len());
            let expected: Vec<f64> =
                serde_json::from_value(case.baselines[baseline.name()].clone()).unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                // Theirs are in single precision.
                let scale = 1e-6 * expected.abs().max(1.0);
                let name = (&case.name, baseline.name());
                assert!((found - expected).abs() <= scale, "{name:?}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn a_gain_is_tested_as_harvey_leybourne_and_newbold_do() {
    for Test { errors, others, horizon, statistic, p_value } in vectors().diebold_mariano {
        let found = metric::diebold_mariano(&errors, &others, horizon).unwrap().unwrap();
        check("statistic", found.statistic, statistic);
        assert!((found.p_value - p_value).abs() < 1e-6, "{} {p_value}", found.p_value);
    }
}

#[test]
fn powers_are_those_of_scipy_and_undone() {
    for Power { lambda, values, transformed } in vectors().box_cox {
        let transform = Transform::new(vec![Step::BoxCox { lambda }]).unwrap();
        let found = transform.apply(&values).unwrap();
        found.iter().zip(&transformed).for_each(|(a, b)| check("power", *a, *b));
        let undone = transform.undo(&[1.0], &transformed).unwrap();
        undone.iter().zip(&values).for_each(|(a, b)| check("value", *a, *b));
    }
}
