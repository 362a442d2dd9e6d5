//! That nothing of the future enters, that patterns are found, and that misuse is refused.

use super::*;
use crate::forecast::{Backtest, Frequency, Series, Style};
use crate::train::{NetworkOptions, TrainingOptions};

fn frame(values: Vec<f64>) -> Frame {
    Frame {
        series: vec![Series { id: "a".into(), start: 1, values, features: vec![] }],
        frequency: Frequency::Steps(1),
        style: Style::Whole,
        features: vec![],
        source: None,
    }
}

/// A rising wave of period 6.
fn wave(steps: usize) -> Vec<f64> {
    let season = [0.0, 2.0, 5.0, 4.0, 3.0, 1.0];
    (0..steps).map(|step| 20.0 + step as f64 * 0.1 + season[step % 6]).collect()
}

fn options(horizon: usize) -> ForecastOptions {
    ForecastOptions {
        horizon,
        context: Some(12),
        season: Some(6),
        transform: None,
        frame: FrameOptions::default(),
    }
}

fn trainer(updates: usize) -> Trainer {
    let options = TrainingOptions { max_updates: Some(updates), ..TrainingOptions::default() };
    Trainer::new(options, NetworkOptions::simple(8).options()).unwrap()
}

#[test]
fn a_wave_is_forecast_better_than_by_its_last_season() {
    let all = frame(wave(96));
    let fitted = fit(&all.before(6), &options(6), &trainer(150)).unwrap();
    assert!(fitted.choice.trials.len() > 3 && fitted.choice.held_out > 6);
    let plan = Backtest { horizon: 6, windows: 1, step: 1 };
    let result = backtest(&fitted.trained.model, &all, plan, &[0.8]).unwrap();
    let rmse = |name: &str| result.scores[name].rmse;
    assert!(rmse("model") < 0.5 * rmse("seasonal-naive"), "{:?}", result.scores);
    assert_eq!((result.rows.len(), result.rows[0].cutoff, result.rows[0].time), (6, 90, 91));
}

/// Every value after the cut-off is another: the same model, the same forecasts.
#[test]
fn nothing_of_the_future_enters() {
    let cut = 80;
    let one = wave(90);
    let mut other = one.clone();
    other[cut..].iter_mut().for_each(|value| *value = 1e6 - 3.0 * *value);
    let (one, other) = (frame(one), frame(other));
    let fitted = [&one, &other].map(|all| fit(&all.before(10), &options(3), &trainer(20)).unwrap());
    let weights = fitted.each_ref().map(|own| own.trained.model.network().parameters().values());
    assert_eq!(weights[0], weights[1]);
    let model = &fitted[0].trained.model;
    assert_eq!(model.task(), fitted[1].trained.model.task());
    let window = Window { series: 0, origin: cut };
    let ahead = [&one, &other].map(|all| forecast_at(model, all, &[window], &[0.9]).unwrap());
    assert_eq!(ahead[0], ahead[1]);
    assert_eq!(ahead[0], forecast(model, &one.before(10), &[0.9]).unwrap());
}

#[test]
fn the_recipe_is_saved_with_the_model() {
    let all = frame(wave(60));
    let fitted = fit(&all, &options(2), &trainer(10)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wave.safetensors");
    fitted.trained.model.save(&path).unwrap();
    let loaded = Model::<f32>::load(&path).unwrap();
    assert_eq!(loaded.task(), fitted.trained.model.task());
    let ahead = forecast(&loaded, &all, &[0.5, 0.9]).unwrap();
    assert_eq!(ahead, forecast(&fitted.trained.model, &all, &[0.5, 0.9]).unwrap());
    let [(inner, _), (outer, _)] = &ahead[0].intervals[..] else { panic!("two levels") };
    assert!(outer[1] <= inner[1] && inner[1] <= ahead[0].values[1]);
}

#[test]
fn misuse_is_refused() {
    let said = |error: Error| error.to_string();
    let short = fit(&frame(wave(9)), &options(9), &trainer(1)).unwrap_err();
    assert_eq!(said(short), "horizon: expected below 9, the steps of the longest series, got 9");
    let short = fit(&frame(wave(13)), &options(4), &trainer(1)).unwrap_err();
    assert!(said(short).starts_with("data: expected a series of at least"));
    let fitted = fit(&frame(wave(60)), &options(2), &trainer(5)).unwrap();
    let model = &fitted.trained.model;
    let mut other = frame(wave(60));
    other.frequency = Frequency::Seconds(60);
    let error = said(forecast(model, &other, &[]).unwrap_err());
    assert_eq!(error, "data: expected whole numbers series, got every minute");
    let error = said(forecast(model, &frame(wave(5)), &[]).unwrap_err());
    assert!(error.starts_with("series \"a\": expected at least"), "{error}");
    assert!(forecast(model, &frame(wave(60)), &[90.0]).is_err());
    let mut logged = options(2);
    logged.transform = Some(Transform::new(vec![crate::forecast::Step::Log]).unwrap());
    let falling: Vec<f64> = (0..60).map(|step| 30.0 - f64::from(step)).collect();
    assert!(said(fit(&frame(falling), &logged, &trainer(1)).unwrap_err()).contains("above 0"));
}

#[test]
fn a_constant_series_is_forecast_as_itself() {
    let fitted = fit(&frame(vec![7.0; 60]), &options(2), &trainer(5)).unwrap();
    let ahead = forecast(&fitted.trained.model, &frame(vec![7.0; 60]), &[]).unwrap();
    assert!(ahead[0].values.iter().all(|value| (value - 7.0).abs() < 1.0), "{ahead:?}");
}
