//! That nothing of the future enters, that patterns are found, that what is said of a step agrees with
//! itself, and that misuse is refused.

mod outputs;

use super::ahead::forecast_at;
use super::*;
use crate::forecast::{Backtest, Frequency, Identity, Mode, Series, StepKind};
use crate::model::Model;
use crate::rng::Rng;
use crate::train::{NetworkOptions, TrainingOptions};

fn frame(values: Vec<f64>) -> Frame {
    Frame::of(vec![Series::new("a", 1, values)], Frequency::Steps(1))
}

/// A rising wave of period 6.
fn wave(steps: usize) -> Vec<f64> {
    let season = [0.0, 2.0, 5.0, 4.0, 3.0, 1.0];
    (0..steps).map(|step| 20.0 + step as f64 * 0.1 + season[step % 6]).collect()
}

/// The same with noise.
fn noisy(steps: usize) -> Vec<f64> {
    let mut rng = Rng::new(4);
    wave(steps).into_iter().map(|value| value + 0.5 * rng.normal()).collect()
}

fn options(horizon: usize) -> ForecastOptions {
    ForecastOptions { context: Some(12), season: Some(6), ..ForecastOptions::new(horizon) }
}

/// The same without a choice.
fn plain(horizon: usize) -> ForecastOptions {
    let (transform, scale) = (Some(vec![]), Some(ScaleKind::Window));
    ForecastOptions { transform, scale, ..options(horizon) }
}

fn trainer(updates: usize) -> Trainer {
    let options = TrainingOptions { max_updates: Some(updates), ..TrainingOptions::default() };
    Trainer::new(options, NetworkOptions::simple(8).options()).unwrap()
}

fn trained(frame: &Frame, options: &ForecastOptions) -> Model<f32> {
    fit(frame, options, &trainer(40)).unwrap().trained.model
}

fn said(error: Error) -> String {
    error.to_string()
}

#[test]
fn a_wave_is_forecast_better_than_by_its_last_season() {
    let all = frame(wave(96));
    let fitted = fit(&all.before(6), &options(6), &trainer(150)).unwrap();
    assert!(fitted.choice.trials.len() > 3 && fitted.choice.held_out > 6);
    assert!(fitted.held_out.unwrap().scores["model"].count > 6);
    let plan = Backtest { horizon: 6, windows: 1, step: 1 };
    let result = backtest(&fitted.trained.model, &all, plan, &[0.8]).unwrap();
    let rmse = |name: &str| result.scores[name].rmse;
    assert!(rmse("model") < 0.5 * rmse("seasonal-naive"), "{:?}", result.scores);
    assert_eq!((result.rows.len(), result.rows[0].cutoff, result.rows[0].time), (6, 90, 91));
}

/// Every value after the cut-off is another: the same model to the byte, the same forecasts.
#[test]
fn nothing_of_the_future_enters() {
    let cut = 80;
    let one = wave(90);
    let mut other = one.clone();
    other[cut..].iter_mut().for_each(|value| *value = 1e6 - 3.0 * *value);
    let both = [frame(one), frame(other)];
    let again = both.each_ref().map(|all| {
        let plan = Backtest { horizon: 3, windows: 2, step: 7 };
        let of = BacktestOf { frame: all, plan, levels: &[0.9] };
        let rows = backtest_again(of, &options(3), &trainer(20)).unwrap().rows;
        // The first of the two cut-offs, without what came.
        let first = rows.into_iter().filter(|row| row.cutoff == 80);
        first.map(|row| (row.time, row.forecast, row.intervals)).collect::<Vec<_>>()
    });
    assert_eq!((again[0].len(), &again[0]), (3, &again[1]));
    let models = both.each_ref().map(|all| trained(&all.before(90 - cut), &options(3)));
    assert_eq!(models[0].to_bytes().unwrap(), models[1].to_bytes().unwrap());
    let window = Window { series: 0, origin: cut };
    let ahead = both.each_ref().map(|all| forecast_at(&models[0], all, &[window], &[0.9]).unwrap());
    assert_eq!(ahead[0], ahead[1]);
    assert_eq!(ahead[0], forecast(&models[0], &both[0].before(90 - cut), &[0.9]).unwrap());
}

/// New rows are read with as many before them as a forecast reads: the same bits as of all rows.
#[test]
fn rows_that_are_not_read_do_not_matter() {
    let all = frame(noisy(90));
    let differences = Some(vec![StepKind::SeasonalDifference]);
    for mode in [Mode::Direct, Mode::Recursive] {
        let options = ForecastOptions { mode, transform: differences.clone(), ..options(3) };
        let model = trained(&all.before(10), &options);
        let reads = recipe(&model).unwrap().reads();
        assert_eq!(reads, 12 + 6);
        let mut last = all.clone();
        last.series[0].values = all.series[0].values[90 - reads..].to_vec();
        last.series[0].start = 1 + 90 - reads as i64;
        let found = forecast(&model, &last, &[0.8]).unwrap();
        assert_eq!(found, forecast(&model, &all, &[0.8]).unwrap());
        last.series[0].values.remove(0);
        let error = said(forecast(&model, &last, &[]).unwrap_err());
        assert_eq!(error, "series \"a\": expected at least 18 steps to forecast from, got 17");
    }
}

#[test]
fn segments_are_read_side_by_side() {
    let all = frame(wave(96));
    let options = ForecastOptions { segment: Some(3), ..plain(6) };
    let fitted = fit(&all, &options, &trainer(150)).unwrap();
    let model = &fitted.trained.model;
    assert_eq!(model.feature_names(), ["y, 1", "y, 2", "y, 3"]);
    assert_eq!(recipe(model).unwrap().network_steps(), 4);
    let rmse = |name: &str| fitted.held_out.as_ref().unwrap().scores[name].rmse;
    assert!(rmse("model") < 0.7 * rmse("naive"));
    let odd = ForecastOptions { segment: Some(5), ..plain(6) };
    let error = said(fit(&all, &odd, &trainer(1)).unwrap_err());
    assert_eq!(error, "context: expected a multiple of the segment, 5, got 12");
    // Without a word on segments a given context has whole ones: 4 is the largest part of 24.
    let long = frame(wave(400));
    let open = ForecastOptions { context: Some(100), season: Some(24), ..ForecastOptions::new(6) };
    assert_eq!(lengths(&long, &open).unwrap().context, 100);
    let plan = plan::Plan::of(&long, &open).unwrap();
    assert_eq!((plan.segment, plan.windows.context), (4, 100));
}

#[test]
fn the_recipe_is_saved_with_the_model() {
    let all = frame(noisy(70));
    let model = trained(&all, &options(4));
    let copy = Model::<f32>::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(recipe(&copy).unwrap(), recipe(&model).unwrap());
    let ahead = |model: &Model<f32>| forecast(model, &all, &[0.8, 0.95]).unwrap();
    assert_eq!(ahead(&copy), ahead(&model));
    let last = &recipe(&copy).unwrap().trained[0];
    assert_eq!((last.id.as_str(), last.last), ("a", 70));
}

/// The value depends on a column of its own step alone: what is known ahead must be read.
#[test]
fn what_is_known_ahead_is_read() {
    let mut rng = Rng::new(9);
    let known: Vec<f64> = (0..204).map(|_| if rng.uniform() < 0.5 { 1.0 } else { 0.0 }).collect();
    let values = known[..200].iter().map(|known| 5.0 + 3.0 * known).collect();
    let series = Series { known: known.clone(), ..Series::new("a", 1, values) };
    let mut all = Frame::of(vec![series], Frequency::Steps(1));
    all.known = vec!["plan".into()];
    for horizon in [1, 4] {
        let mut options = ForecastOptions { context: Some(4), ..plain(horizon) };
        options.scale = Some(ScaleKind::Series);
        options.frame.known = vec!["plan".into()];
        let network = NetworkOptions::gru(12).options();
        let training = TrainingOptions { max_updates: Some(400), ..TrainingOptions::default() };
        let model = fit(&all, &options, &Trainer::new(training, network).unwrap()).unwrap();
        let model = model.trained.model;
        let ahead = forecast(&model, &all, &[]).unwrap();
        for (value, known) in ahead[0].values.iter().zip(&known[200..]) {
            assert!((value - 5.0 - 3.0 * known).abs() < 1.2, "{horizon}: {ahead:?} {known}");
        }
        // What is known beyond the horizon is not read.
        let mut other = all.clone();
        other.series[0].known[200 + horizon..].fill(77.0);
        assert_eq!(forecast(&model, &other, &[]).unwrap(), ahead);
        other.series[0].known.truncate(200 + horizon - 1);
        let error = said(forecast(&model, &other, &[]).unwrap_err());
        let found = 200 + horizon - 1;
        let expected = format!(
            "known columns of series \"a\": expected values up to {}, got up to {found}",
            found + 1
        );
        assert_eq!(error, expected);
    }
}

#[test]
fn missing_values_features_and_static_columns_are_read() {
    let mut values = noisy(90);
    for at in [20, 21, 50, 88] {
        values[at] = f64::NAN;
    }
    let features = values.iter().map(|value| value * 2.0).collect();
    let series = Series { features, statics: vec![3.0], ..Series::new("a", 1, values) };
    let mut all = Frame::of(vec![series], Frequency::Steps(1));
    (all.features, all.statics) = (vec!["twice".into()], vec!["size".into()]);
    let mut options = plain(3);
    options.frame.features = all.features.clone();
    options.frame.statics = all.statics.clone();
    options.frame.missing = true;
    let model = trained(&all, &options);
    assert_eq!(model.feature_names(), ["y", "y missing", "feature twice", "static size"]);
    let ahead = forecast(&model, &all, &[0.9]).unwrap();
    assert!(ahead[0].values.iter().all(|value| value.is_finite()));
    all.statics.clear();
    let error = said(forecast(&model, &all, &[]).unwrap_err());
    assert_eq!(error, "static columns: expected size, got none");
}

/// Two series that look alike until the last step: only their names tell them apart.
#[test]
fn series_are_told_apart_by_their_names() {
    let mut rng = Rng::new(6);
    let mut noise = || (0..120).map(|_| rng.normal()).collect::<Vec<f64>>();
    let mut one = noise();
    let mut other = noise();
    (2..120).step_by(3).for_each(|at| (one[at], other[at]) = (8.0, -8.0));
    let all = Frame::of(
        vec![Series::new("one", 0, one), Series::new("other", 0, other)],
        Frequency::Steps(1),
    );
    // Of two steps neither is one of the eights where the next is.
    let error = |identity: Identity| {
        let scale = Some(ScaleKind::Shared);
        let options = ForecastOptions { identity, scale, context: Some(2), ..plain(1) };
        let fitted = fit(&all, &options, &trainer(300)).unwrap();
        let model = fitted.trained.model;
        if identity == Identity::Embedded {
            let mut new = all.clone();
            new.series[1].id = "another".into();
            let error = said(forecast(&model, &new, &[]).unwrap_err());
            assert!(
                error.starts_with("series \"another\": expected one that was learnt"),
                "{error}"
            );
        }
        let ahead = forecast(&model, &all.before(1), &[]).unwrap();
        (ahead[0].values[0] - 8.0).abs() + (ahead[1].values[0] + 8.0).abs()
    };
    let (told, untold) = (error(Identity::Embedded), error(Identity::Hidden));
    assert!(told < 0.5 * untold, "{told} {untold}");
}

#[test]
fn the_last_windows_validate() {
    let options = TrainingOptions {
        max_updates: Some(40),
        validation_fraction: 0.25,
        patience: Some(3),
        ..TrainingOptions::default()
    };
    let trainer = Trainer::new(options, NetworkOptions::simple(8).options()).unwrap();
    let fitted = fit(&frame(noisy(100)), &plain(4), &trainer).unwrap();
    // Origins 12 to 71, and 75 to 96.
    assert_eq!(fitted.windows, 60);
    assert_eq!(fitted.trained.report.validation_sequences, 22);
}

#[test]
fn members_forecast_together() {
    let all = frame(noisy(80));
    let callback = &mut |_: &_| Control::Continue;
    let prepared = prepare(&all, &plain(3), &trainer(30), callback).unwrap().unwrap();
    let mut trained = Vec::new();
    for seed in [1, 2] {
        let own = TrainingOptions { seed, ..prepared.trainer().options().clone() };
        let trainer = Trainer::new(own, prepared.trainer().network().clone()).unwrap();
        trained.push(trainer.fit(prepared.data()).unwrap().model);
    }
    let alone = trained.iter().map(|model| {
        let copy = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
        forecast(&prepared.into_model::<f32>(copy).unwrap(), &all, &[]).unwrap()
    });
    let alone: Vec<_> = alone.collect();
    let both = prepared.into_model(Model::ensemble(trained).unwrap()).unwrap();
    let found = forecast(&both, &all, &[0.8]).unwrap();
    for (step, value) in found[0].values.iter().enumerate() {
        let mean = 0.5 * (alone[0][0].values[step] + alone[1][0].values[step]);
        assert!((value - mean).abs() < 1e-9, "{value} {mean}");
    }
    let stopped = prepare(&all, &plain(3), &trainer(30), &mut |_| Control::Stop).unwrap();
    assert!(stopped.is_none());
}

#[test]
fn misuse_is_refused() {
    let short = fit(&frame(wave(9)), &options(9), &trainer(1)).unwrap_err();
    assert_eq!(said(short), "horizon: expected below 9, the steps of the longest series, got 9");
    let short = fit(&frame(wave(13)), &options(4), &trainer(1)).unwrap_err();
    assert!(said(short).starts_with("data: expected a series of at least"));
    let model = trained(&frame(wave(60)), &options(2));
    let mut other = frame(wave(60));
    other.frequency = Frequency::Seconds(60);
    let error = said(forecast(&model, &other, &[]).unwrap_err());
    assert_eq!(error, "data: expected whole numbers series, got every minute");
    let error = said(forecast(&model, &frame(wave(5)), &[]).unwrap_err());
    assert!(error.starts_with("series \"a\": expected at least"), "{error}");
    assert!(forecast(&model, &frame(wave(60)), &[90.0]).is_err());
    let logged = ForecastOptions { transform: Some(vec![StepKind::Log]), ..options(2) };
    let falling: Vec<f64> = (0..60).map(|step| 30.0 - f64::from(step)).collect();
    let error = said(fit(&frame(falling), &logged, &trainer(1)).unwrap_err());
    assert_eq!(
        error,
        "series \"a\": expected a value above 0 at 31 for a logarithm or power, got 0"
    );
    assert_eq!(lengths(&frame(wave(60)), &ForecastOptions::new(2)).unwrap().context, 20);
    let by_series = ForecastOptions { scale: Some(ScaleKind::Series), ..plain(2) };
    let model = trained(&frame(wave(60)), &by_series);
    let mut other = frame(wave(60));
    other.series[0].id = "b".into();
    let error = said(forecast(&model, &other, &[]).unwrap_err());
    assert_eq!(error, "series \"b\": expected one that was learnt (a), got a new one");
}

#[test]
fn a_constant_series_is_forecast_as_itself() {
    let fitted = fit(&frame(vec![7.0; 60]), &options(2), &trainer(5)).unwrap();
    let ahead = forecast(&fitted.trained.model, &frame(vec![7.0; 60]), &[]).unwrap();
    assert!(ahead[0].values.iter().all(|value| (value - 7.0).abs() < 1.0), "{ahead:?}");
}
