//! Numbers with what is said of them: distributions, intervals, transforms.

use elman::real::Float;
use serde_json::Value;

use super::Bench;

/// 200 short sequences whose target a channel says up to a spread of ±1, as `value` makes it.
fn spread(bench: &Bench, value: impl Fn(f64) -> f64) {
    let mut text = "id,step,x,y\n".to_owned();
    for id in 0..200 {
        let spread = f64::from((id * 37 % 101) - 50) / 50.0;
        let x = f64::from(id * 7 % 20) / 10.0;
        let y = value(2.0 * x + spread);
        (0..2).for_each(|step| text += &format!("{id},{step},{x},{y}\n"));
    }
    bench.write("spread.csv", text);
}

const TRAIN: &str = "train spread.csv --sequence id --time step --target y --task regress --epochs 60 \
                     --hidden-size 8 --dropout 0 -o i.safetensors --json --quiet";

/// The shares of the training targets in the intervals of 80 and 50 percent are what they say.
fn assert_held(trained: &str) {
    let trained: Value = serde_json::from_str(trained).unwrap();
    let intervals = trained["training"]["targets"][0]["intervals"].as_array().unwrap();
    assert_eq!((&intervals[0]["level"], &intervals[1]["level"]), (&80.0.into(), &50.0.into()));
    for own in intervals {
        let (level, share) = (own["level"].as_f64().unwrap(), own["coverage"].as_f64().unwrap());
        assert!((100.0 * share - level).abs() < 11.0, "{own}");
    }
}

/// Each row of numbers is between its own ends.
fn rows(bench: &Bench) -> Vec<[f64; 5]> {
    let rows = bench.ok("predict i.safetensors spread.csv").stdout;
    let header =
        "id,prediction,prediction-lo-80,prediction-lo-50,prediction-hi-50,prediction-hi-80";
    assert_eq!(rows.lines().next(), Some(header));
    let read = |row: &str| {
        let numbers: Vec<f64> = row.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
        let numbers: [f64; 5] = numbers.try_into().unwrap();
        let [middle, low80, low50, high50, high80] = numbers;
        assert!(low80 <= low50 && low50 <= middle && middle <= high50 && high50 <= high80, "{row}");
        numbers
    };
    rows.lines().skip(1).map(read).collect()
}

#[test]
fn intervals_hold_as_many_numbers_as_they_say() {
    let bench = Bench::new();
    spread(&bench, |y| y);
    for distribution in ["quantiles", "gaussian"] {
        let options = format!("{TRAIN} --intervals 50,80 --distribution {distribution}");
        assert_held(&bench.ok(&options).stdout);
        rows(&bench);
    }
    let said = bench.ok("evaluate i.safetensors spread.csv --quiet").stdout;
    assert!(said.contains("% in the 80 % interval (width "), "{said}");
    let said = bench.ok("inspect i.safetensors").stdout;
    assert!(said.contains("gaussian"), "{said}");
    // A normal distribution is as wide on both sides of its mean; its deviation is a quarter of the
    // width of the interval of 80 %, by 2·1.28155.
    for [middle, low80, low50, high50, high80] in rows(&bench) {
        assert!((high80 - middle - (middle - low80)).abs() < 1e-6);
        let ratio = (high80 - low80) / (high50 - low50);
        assert!((ratio - 1.281_551_565_5 / 0.674_489_750_2).abs() < 1e-6, "{ratio}");
    }
}

#[test]
fn a_transform_of_the_targets_is_undone() {
    let bench = Bench::new();
    spread(&bench, Float::exp);
    let options = "--intervals 50,80 --distribution gaussian --target-transform log";
    let trained = bench.ok(&format!("{TRAIN} {options}")).stdout;
    assert_held(&trained);
    for [middle, low80, .., high80] in rows(&bench) {
        assert!(low80 > 0.0);
        // The ends are as far away in the logarithm.
        let away = Float::ln(high80 * low80 / (middle * middle));
        assert!(away.abs() < 1e-6, "{away}");
    }
    let trained: Value = serde_json::from_str(&trained).unwrap();
    let target = &trained["training"]["targets"][0];
    let mean = bench.ok("evaluate i.safetensors spread.csv --json").stdout;
    let mean: Value = serde_json::from_str(&mean).unwrap();
    assert_eq!(mean["evaluation"]["targets"][0]["training_mean"], target["training_mean"]);
    // Guessing the mean of the numbers explains nothing of them, by definition.
    assert!(target["floor"]["r2"].as_f64().unwrap().abs() < 1e-9, "{target}");
    assert!(bench.ok("inspect i.safetensors").stdout.contains("of the logarithm"));

    spread(&bench, |y| Float::exp(y).floor());
    let counts = format!("{TRAIN} --target-transform log1p");
    let trained: Value = serde_json::from_str(&bench.ok(&counts).stdout).unwrap();
    assert!(trained["training"]["targets"][0]["model"]["r2"].as_f64().unwrap() > 0.5);
    let ran = bench.run(&format!("{TRAIN} --target-transform log"));
    let wanted = "error: --target-transform: expected numbers above 0, which have a logarithm, got";
    assert!(ran.stderr.starts_with(wanted), "{}", ran.stderr);
}

#[test]
fn what_is_said_of_numbers_goes_together() {
    let bench = Bench::new();
    spread(&bench, |y| y);
    let percent = "--intervals: expected percentages above 0 and below 100";
    for (options, wanted) in [
        ("--task regress --intervals 0,80", percent),
        ("--task regress --intervals 80,x", percent),
        ("--task regress --intervals 80 --loss l1", "--loss: expected --distribution point"),
        (
            "--task regress --intervals 80 --distribution point",
            "--intervals: expected a --distribution other than point beside it",
        ),
        ("--task classify --intervals 80", "--intervals: expected --task regress beside it"),
        ("--task classify --distribution gaussian", "--distribution: expected --task regress or"),
        ("--task classify --target-transform log", "--target-transform: expected --task regress"),
        (
            "--task regress --distribution negative-binomial --target-transform log1p",
            "--target-transform: expected a --distribution other than of counts",
        ),
        (
            "--task forecast --horizon 2 --target-transform log",
            "--target-transform: expected another --task",
        ),
    ] {
        let ran = bench.run(&format!("train spread.csv --sequence id --target y -o m {options}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{options}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}
