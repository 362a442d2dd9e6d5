//! How good forecasts are with the options that are taken where nothing is said: four data sets, each
//! beside what it takes to beat them.
//!
//! ```sh
//! cargo run --release -p elman --example forecast_table -- DATA [--seeds N] [--only SET] [--members N]
//! ```
//!
//! DATA is the folder with `airline_passengers`, `sunspots_yearly`, `beijing_pm25` and `etth1`.
//! `--forecast`, `--training` and `--network` take JSON with options that are to be tried in place of
//! the usual ones: `--forecast '{"context": 336}'`. Figures are medians over the seeds.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use elman::data::Columns;
use elman::forecast::{Backtest, Frame, FrameOptions};
use elman::forecaster::{Backtested, ForecastOptions, backtest, defaults, prepare};
use elman::model::Model;
use elman::train::{Control, NetworkOptions, Trainer, TrainingOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The levels of the intervals.
const LEVELS: [f64; 2] = [0.8, 0.95];

/// What is asked for on the command line.
struct Plan {
    data: PathBuf,
    seeds: u64,
    only: Option<String>,
    members: usize,
    forecast: Value,
    training: Value,
    network: Value,
}

/// A data set with its cut-offs.
struct Set {
    name: &'static str,
    /// The series with the part that is measured on.
    frame: Frame,
    /// The steps at the end that are not trained on.
    held_out: usize,
    options: ForecastOptions,
    backtest: Backtest,
    /// What is read off.
    figures: fn(&Frame, &Backtested) -> Vec<Figure>,
}

/// One number beside its floor and what is to be reached.
struct Figure {
    name: &'static str,
    value: f64,
    floor: Option<f64>,
    wanted: String,
}

fn main() -> Outcome<()> {
    let plan = plan()?;
    println!("set,figure,value,floor,wanted,seconds");
    for make in [airline, sunspots, beijing_hour, beijing_day, etth1] {
        let set = make(&plan)?;
        if plan.only.as_deref().is_some_and(|only| !set.name.contains(only)) {
            continue;
        }
        let mut runs: Vec<(Vec<Figure>, f64)> = Vec::new();
        for seed in 1..=plan.seeds {
            runs.push(run(&plan, &set, seed)?);
        }
        let seconds = median(runs.iter().map(|(_, seconds)| *seconds));
        for (at, figure) in runs[0].0.iter().enumerate() {
            let value = median(runs.iter().map(|(figures, _)| figures[at].value));
            let floor = figure.floor.map_or(String::new(), |floor| format!("{floor:.3}"));
            let Figure { name, wanted, .. } = figure;
            println!("{},{name},{value:.3},{floor},{wanted},{seconds:.1}", set.name);
        }
    }
    Ok(())
}

fn plan() -> Outcome<Plan> {
    let empty = || Value::Object(serde_json::Map::new());
    let mut plan = Plan {
        data: PathBuf::new(),
        seeds: 5,
        only: None,
        members: 1,
        forecast: empty(),
        training: empty(),
        network: empty(),
    };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word}: expected a value"));
        match word.as_str() {
            "--seeds" => plan.seeds = value()?.parse()?,
            "--members" => plan.members = value()?.parse()?,
            "--only" => plan.only = Some(value()?),
            "--forecast" => plan.forecast = serde_json::from_str(&value()?)?,
            "--training" => plan.training = serde_json::from_str(&value()?)?,
            "--network" => plan.network = serde_json::from_str(&value()?)?,
            folder => plan.data = folder.into(),
        }
    }
    Ok(plan)
}

/// The same options but for some.
fn changed<T: Serialize + DeserializeOwned>(options: &T, changes: &Value) -> Outcome<T> {
    let mut all = serde_json::to_value(options)?;
    for (name, value) in changes.as_object().ok_or("expected a JSON object")? {
        all[name] = value.clone();
    }
    Ok(serde_json::from_value(all)?)
}

fn run(plan: &Plan, set: &Set, seed: u64) -> Outcome<(Vec<Figure>, f64)> {
    let start = Instant::now();
    let (training, network): (TrainingOptions, NetworkOptions) = defaults();
    let training = TrainingOptions { seed, ..changed(&training, &plan.training)? };
    let trainer = Trainer::new(training, changed(&network, &plan.network)?)?;
    let options = changed(&set.options, &plan.forecast)?;
    let before = set.frame.before(set.held_out);
    let prepared = prepare(&before, &options, &trainer, &mut |_| Control::Continue)?;
    let prepared = prepared.ok_or("stopped")?;
    eprintln!("{} seed {seed}: prepared after {:.1} s", set.name, start.elapsed().as_secs_f64());
    let (best, recipe) = (&prepared.choice.best, &prepared.recipe);
    for trial in &prepared.choice.trials {
        let Value::String(scale) = serde_json::to_value(trial.candidate.scale)? else { continue };
        eprintln!("  {:.4} {} by {scale}", trial.score, trial.candidate.transform.name());
    }
    let model: Model<f32> = match plan.members {
        1 => prepared.trainer().fit(prepared.data())?.model,
        members => {
            let callback = |_: usize, _: &_| Control::Continue;
            prepared.trainer().fit_members(members, prepared.data(), &callback)?.model
        }
    };
    let model = prepared.into_model(model)?;
    let seconds = start.elapsed().as_secs_f64();
    let measured = backtest(&model, &set.frame, set.backtest, &LEVELS)?;
    let figures = (set.figures)(&set.frame, &measured);
    let values: Vec<String> =
        figures.iter().map(|figure| format!("{} {:.3}", figure.name, figure.value)).collect();
    eprintln!(
        "  {} windows of {} in segments of {}, {}; {}; {seconds:.1} s",
        prepared.windows,
        recipe.windows.context,
        recipe.segment,
        best.transform.name(),
        values.join(", "),
    );
    Ok((figures, seconds))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A table by the names of its columns.
fn read(path: &Path, time: &str, targets: &[&str]) -> Outcome<(Frame, FrameOptions)> {
    let targets = targets.iter().map(ToString::to_string).collect();
    let columns = Columns { time: Some(time.into()), targets, ..Columns::default() };
    let options = FrameOptions { columns, ..FrameOptions::default() };
    Ok((Frame::read(&[path.into()], &options)?, options))
}

fn options(horizon: usize, frame: FrameOptions) -> ForecastOptions {
    ForecastOptions { frame, ..ForecastOptions::new(horizon) }
}

fn coverage(scores: &elman::forecaster::Scores) -> [Figure; 2] {
    [("coverage 80", 0, "0.75 to 0.85"), ("coverage 95", 1, "0.90 to 1.00")].map(
        |(name, at, wanted)| {
            let value = scores.coverage[at];
            Figure { name, value, floor: None, wanted: wanted.into() }
        },
    )
}

fn airline(plan: &Plan) -> Outcome<Set> {
    let path = plan.data.join("airline_passengers/airline_passengers.csv");
    let (frame, own) = read(&path, "date", &["passengers"])?;
    Ok(Set {
        name: "airline",
        frame,
        held_out: 12,
        options: options(12, own),
        backtest: Backtest { horizon: 12, windows: 1, step: 1 },
        figures: |_, measured| {
            let scores = &measured.scores;
            let (own, floor) = (&scores["model"], scores["seasonal-naive"].rmse);
            let covered = (own.coverage[0] * own.count as f64).round();
            vec![
                Figure { name: "rmse", value: own.rmse, floor: Some(floor), wanted: "22".into() },
                Figure {
                    name: "of 12 in 80 %",
                    value: covered,
                    floor: None,
                    wanted: "8 to 11".into(),
                },
            ]
        },
    })
}

fn sunspots(plan: &Plan) -> Outcome<Set> {
    let path = plan.data.join("sunspots_yearly/sunspots_yearly.csv");
    let (frame, own) = read(&path, "year", &["sunspots"])?;
    Ok(Set {
        name: "sunspots",
        // To 1979.
        frame: frame.before(29),
        held_out: 59,
        options: options(1, own),
        backtest: Backtest { horizon: 1, windows: 59, step: 1 },
        figures: |frame, measured| {
            let variance = spread(&frame.series[0].values).1;
            let part = |from: i64, to: i64| {
                let rows = measured.rows.iter().filter(|row| (from..=to).contains(&row.time));
                let squares: Vec<f64> =
                    rows.map(|row| (row.actual - row.forecast).powi(2)).collect();
                squares.iter().sum::<f64>() / squares.len() as f64 / variance
            };
            let (first, second) = (part(1921, 1955), part(1956, 1979));
            let (ar, later) = (Some(0.130), Some(0.368));
            let mut figures = vec![
                Figure { name: "1921 to 1955", value: first, floor: ar, wanted: "0.10".into() },
                Figure { name: "1956 to 1979", value: second, floor: later, wanted: "0.33".into() },
            ];
            figures.extend(coverage(&measured.scores["model"]));
            figures
        },
    })
}

/// Mean and variance.
fn spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count)
}

fn beijing(plan: &Plan, horizon: usize) -> Outcome<Set> {
    let path = plan.data.join("beijing_pm25/beijing_pm25.csv");
    let features =
        ["dew_point", "temperature", "pressure", "wind_speed", "snow_hours", "rain_hours"];
    let columns =
        Columns { time: Some("date".into()), targets: vec!["pm25".into()], ..Columns::default() };
    let features = features.map(str::to_owned).to_vec();
    let own = FrameOptions { columns, features, missing: true, ..FrameOptions::default() };
    Ok(Set {
        name: "",
        frame: Frame::read(&[path], &own)?,
        held_out: 8760,
        options: options(horizon, own),
        backtest: Backtest { horizon, windows: 8760 - horizon + 1, step: 1 },
        figures: |_, measured| {
            let last = |name: &str| measured.by_step[name].last().map_or(0.0, |own| own.rmse);
            let (value, floor) = (last("model"), last("naive"));
            let share = if measured.by_step["naive"].len() == 1 { 0.95 } else { 0.85 };
            let wanted = format!("{:.1}", share * floor);
            let mut figures =
                vec![Figure { name: "rmse at the last step", value, floor: Some(floor), wanted }];
            figures.extend(coverage(&measured.scores["model"]));
            figures
        },
    })
}

fn beijing_hour(plan: &Plan) -> Outcome<Set> {
    Ok(Set { name: "beijing hour", ..beijing(plan, 1)? })
}

fn beijing_day(plan: &Plan) -> Outcome<Set> {
    Ok(Set { name: "beijing day", ..beijing(plan, 24)? })
}

/// Rows 0 to 8,639 are learnt from; each window of rows 11,520 to 14,399 is measured.
fn etth1(plan: &Plan) -> Outcome<Set> {
    let path = plan.data.join("etth1/ETTh1.csv");
    let columns = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"];
    let (frame, own) = read(&path, "date", &columns)?;
    Ok(Set {
        name: "etth1",
        frame: frame.before(17_420 - 14_400),
        held_out: 14_400 - 8_640,
        options: options(96, own),
        backtest: Backtest { horizon: 96, windows: 2880 - 96 + 1, step: 1 },
        figures: |frame, measured| {
            let mean = |name: &str| {
                let each = frame.series.iter().map(|series| {
                    let variance = spread(&series.values[..8_640]).1;
                    measured.by_series[name][&series.id].rmse.powi(2) / variance
                });
                each.sum::<f64>() / frame.series.len() as f64
            };
            let (value, floor) = (mean("model"), Some(mean("seasonal-naive")));
            let mut figures = vec![Figure { name: "mse", value, floor, wanted: "0.45".into() }];
            figures.extend(coverage(&measured.scores["model"]));
            figures
        },
    })
}
