//! What is said of a step: distributions, quantiles, sample paths and scores agree with each other.

use super::*;
use crate::forecast::{IntervalKind, Output};

const LEVELS: [f64; 2] = [0.5, 0.8];

fn outputs() -> [Output; 3] {
    let deciles = (1..10).map(|tenth| f64::from(tenth) / 10.0).collect();
    [Output::Gaussian, Output::StudentT, Output::Quantiles(deciles)]
}

fn of(output: Output, mode: Mode) -> ForecastOptions {
    ForecastOptions { output, mode, ..plain(3) }
}

/// The share of the numbers that are at most `end`.
fn below(column: ndarray::ArrayView1<'_, f64>, end: f64) -> f64 {
    column.iter().filter(|value| **value <= end).count() as f64 / column.len() as f64
}

#[test]
fn quantiles_do_not_cross_and_samples_agree_with_them() {
    let all = frame(noisy(90));
    for output in outputs() {
        let model = trained(&all, &of(output.clone(), Mode::Direct));
        let ahead = &forecast(&model, &all, &LEVELS).unwrap()[0];
        let paths = sample_paths(&model, &all, Sampling { count: 4000, seed: 3 }).unwrap();
        for step in 0..3 {
            let ends =
                |level: usize| (ahead.intervals[level].0[step], ahead.intervals[level].1[step]);
            let ((inner_lo, inner_hi), (lo, hi)) = (ends(0), ends(1));
            assert!(lo < inner_lo && inner_lo < inner_hi && inner_hi < hi, "{output:?}");
            let column = paths[0].column(step);
            for (end, expected) in [(lo, 0.1), (inner_lo, 0.25), (inner_hi, 0.75), (hi, 0.9)] {
                // Four standard errors.
                let found = below(column, end);
                assert!((found - expected).abs() < 0.03, "{output:?}: {found} {expected}");
            }
        }
        let again = sample_paths(&model, &all, Sampling { count: 2, seed: 3 }).unwrap();
        assert_eq!(again[0].row(1), paths[0].row(1));
        let other = sample_paths(&model, &all, Sampling { count: 2, seed: 4 }).unwrap();
        assert_ne!(again, other);
    }
}

/// Two steps at once that are read one after the other are a step, a row, and a step.
#[test]
fn a_recursive_forecast_reads_what_it_said() {
    let all = frame(noisy(90));
    let model = trained(&all, &of(Output::Gaussian, Mode::Recursive));
    let ahead = forecast(&model, &all, &LEVELS).unwrap().remove(0);
    let mut longer = all.clone();
    for value in &ahead.values {
        let next = forecast(&model, &longer, &[]).unwrap().remove(0);
        assert_eq!(next.values[0].to_bits(), value.to_bits());
        longer.series[0].values.push(*value);
    }
    let paths = sample_paths(&model, &all, Sampling { count: 400, seed: 1 }).unwrap();
    for step in 0..3 {
        let (lo, hi) = (ahead.intervals[1].0[step], ahead.intervals[1].1[step]);
        let column = paths[0].column(step);
        let inside = below(column, hi) - below(column, lo);
        assert!((inside - 0.8).abs() < 0.08, "{inside}");
    }
}

#[test]
fn conformal_intervals_go_around_any_output() {
    let all = frame(noisy(90));
    for (output, mode) in [(Output::Gaussian, Mode::Direct), (Output::Point, Mode::Recursive)] {
        let intervals = Some(IntervalKind::Conformal);
        let model = trained(&all, &ForecastOptions { intervals, ..of(output, mode) });
        let ahead = &forecast(&model, &all, &LEVELS).unwrap()[0];
        let recipe = recipe(&model).unwrap();
        assert_eq!(recipe.errors.len(), 3);
        for (lo, hi) in &ahead.intervals {
            for step in 0..3 {
                let (below, above) = (ahead.values[step] - lo[step], hi[step] - ahead.values[step]);
                assert!(below > 0.0 && (below - above).abs() < 1e-9, "{below} {above}");
            }
        }
        let paths = sample_paths(&model, &all, Sampling { count: 3, seed: 1 }).unwrap();
        assert!(paths[0].iter().all(|value| value.is_finite()));
    }
}

#[test]
fn counts_are_forecast_as_counts() {
    let mut rng = Rng::new(2);
    let season = [2.0, 9.0, 30.0, 14.0, 5.0, 3.0];
    let count = |step: usize| (season[step % 6] * (0.6 + 0.8 * rng.uniform())).round();
    let all = frame((0..120).map(count).collect());
    let options = ForecastOptions { output: Output::NegativeBinomial, ..options(6) };
    let model = fit(&all, &options, &trainer(300)).unwrap().trained.model;
    let ahead = &forecast(&model, &all, &LEVELS).unwrap()[0];
    let (lo, hi) = &ahead.intervals[1];
    for step in 0..6 {
        assert!(lo[step] >= 0.0 && lo[step].fract() == 0.0 && hi[step].fract() == 0.0);
        assert!(lo[step] <= hi[step] && ahead.values[step] > 0.0);
    }
    // The largest month is found: steps 120 to 125 begin the season again.
    let largest = (0..6).max_by(|a, b| ahead.values[*a].total_cmp(&ahead.values[*b]));
    assert_eq!(largest, Some(2), "{ahead:?}");
    // A season has 63 in all.
    let sum: f64 = ahead.values.iter().sum();
    assert!((45.0..85.0).contains(&sum), "{ahead:?}");
    let error = said(fit(&frame(noisy(120)), &options, &trainer(1)).unwrap_err());
    assert!(error.contains("whole numbers from 0"), "{error}");
}

#[test]
fn rows_are_scored_from_the_row_before() {
    let mut values = noisy(100);
    let clean = frame(values.clone());
    for output in [Output::Point, Output::Gaussian, Output::StudentT] {
        let model = trained(&clean, &of(output.clone(), Mode::Direct));
        values[95] = 60.0;
        let rows = score(&model, &frame(values.clone()), 0.95).unwrap();
        assert_eq!((rows.len(), rows[0].time), (100 - 12, 13));
        let strange = &rows[95 - 12];
        let log = |row: &ScoredRow| row.log_probability.unwrap();
        assert!(strange.outside && strange.actual > strange.hi, "{output:?}");
        let usual: f64 = rows[..80].iter().map(log).sum::<f64>() / 80.0;
        assert!(log(strange) < usual - 5.0, "{output:?}: {} {usual}", log(strange));
        // What is said of a row is the forecast from the rows before it.
        let ahead = forecast(&model, &clean.before(100 - 60), &[0.95]).unwrap();
        assert_eq!(rows[60 - 12].forecast.to_bits(), ahead[0].values[0].to_bits());
    }
    let deciles = of(outputs()[2].clone(), Mode::Direct);
    let model = trained(&clean, &deciles);
    assert!(score(&model, &clean, 0.8).unwrap()[0].log_probability.is_none());
    let error = said(score(&model, &clean, 0.95).unwrap_err());
    assert_eq!(error, "level: expected within the quantiles 0.1 to 0.9 of the model, got 0.95");
}

/// Under a logarithm the density of a value is that of its logarithm over the value.
#[test]
fn densities_are_those_of_the_values() {
    let all = frame(noisy(90));
    let logged = ForecastOptions {
        transform: Some(vec![StepKind::Log]),
        ..of(Output::Gaussian, Mode::Direct)
    };
    let model = trained(&all, &logged);
    // The density of the first scored row, summed over its values by small steps, is 1.
    let mut changed = all.clone();
    let mut sum = 0.0;
    let step = 0.05;
    let scored = |changed: &Frame| score(&model, changed, 0.9).unwrap().remove(0);
    changed.series[0].values.truncate(13);
    for at in 100..900 {
        changed.series[0].values[12] = f64::from(at) * step;
        sum += step * libm::exp(scored(&changed).log_probability.unwrap());
    }
    assert!((sum - 1.0).abs() < 0.01, "{sum}");
}
