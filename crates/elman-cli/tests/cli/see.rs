//! `health` and `explain`.

use serde_json::Value;

use super::{Bench, masked};

#[test]
fn health_shows_numbers_with_a_sentence_each() {
    let bench = Bench::new();
    bench.train("--quiet --cell lstm --direction both");
    insta::assert_snapshot!(masked(&bench.ok("health m.safetensors test.csv").shown()));
}

#[test]
fn health_as_json_has_every_number() {
    let bench = Bench::new();
    bench.train("--quiet --cell gru --layers 2 --direction forward");
    let ran = bench.ok("health m.safetensors test.csv --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let sides = document["health"]["sides"].as_array().unwrap();
    assert_eq!(sides.len(), 2);
    for side in sides {
        assert_eq!(side["direction"], "forward");
        assert_eq!(side["reach"]["lags"][0]["norm"]["median"], 1.0);
        assert_eq!(side["saturation"].as_array().unwrap().len(), 3);
        assert_eq!(side["weights"].as_array().unwrap().len(), 3);
        assert_eq!(side["counts"]["units"], 6);
    }
    assert_eq!(document["health"]["sample"]["of"], 10);
    // Threads and targets change nothing.
    assert_eq!(bench.ok("health m.safetensors test.csv --json --threads 3").stdout, ran.stdout);
}

#[test]
fn explain_shows_the_largest_parts() {
    let bench = Bench::new();
    bench.train("--quiet");
    let ran = bench.ok("explain m.safetensors test.csv --sequence s100 --class fall");
    insta::assert_snapshot!(masked(&ran.shown()));
}

#[test]
fn explanations_as_json_add_up() {
    let bench = Bench::new();
    bench.train("--quiet --cell lstm");
    let ran = bench.ok("explain m.safetensors test.csv --sequence s101 --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let why = &document["explanation"];
    let number = |value: &Value| value.as_f64().unwrap();
    let lags = why["by_lag"].as_array().unwrap().iter().map(number).sum::<f64>();
    let difference = number(&why["value"]) - number(&why["baseline_value"]);
    assert!((lags - difference).abs() < 1e-4, "{lags} {difference}");
    let predicted = bench.ok("predict m.safetensors test.csv").stdout;
    let line = predicted.lines().find(|line| line.starts_with("s101,")).unwrap();
    assert_eq!(line.split(',').nth(1), why["output"].as_str());
}

#[test]
fn a_sequence_column_of_another_name_can_be_given() {
    let bench = Bench::new();
    bench.train("--quiet");
    let text = String::from_utf8(bench.read("test.csv")).unwrap();
    bench.write("other.csv", text.replace("id,step", "run,step"));
    let ask = "explain m.safetensors other.csv --sequence s100";
    bench.ok(&format!("{ask} --sequence-column run"));
    assert_eq!(bench.run(ask).code, Some(1));
}

#[test]
fn what_cannot_be_looked_at_is_refused_in_one_line() {
    let bench = Bench::new();
    bench.train("--quiet");
    bench.write("numbers.csv", "id,step,z\n1,0,3\n");
    for (arguments, wanted) in [
        (
            "explain m.safetensors test.csv --sequence s10",
            "--sequence: expected the id of a sequence",
        ),
        (
            "explain m.safetensors test.csv --sequence s100 --class risen",
            "--class: expected a class",
        ),
        ("explain m.safetensors test.csv", "expected --sequence"),
        (
            "explain m.safetensors test.csv --sequence s100 --step 2",
            "--step: expected none, as there is one answer for a sequence, got 2",
        ),
        ("explain m.safetensors test.csv --sequence s100 --step 0", "--step: expected a step"),
        ("health m.safetensors numbers.csv", "numbers.csv: "),
        ("health none.safetensors test.csv", "none.safetensors: "),
        ("health m.safetensors none.csv", "none.csv: "),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
}

#[test]
fn health_searches_fixed_points_and_measures_updates_where_it_is_asked() {
    let bench = Bench::new();
    bench.train("--quiet --cell gru --direction forward");
    let ran = bench.ok("health m.safetensors test.csv --fixed-points --updates --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let own = &document["fixed_points"][0];
    let points = own["points"].as_array().unwrap();
    let found: u64 = points.iter().map(|point| point["starts"].as_u64().unwrap()).sum();
    assert_eq!(found + own["lost"].as_u64().unwrap(), 32);
    assert!(points.iter().all(|point| point["eigenvalues"].as_array().unwrap().len() == 6));
    let updates = document["updates"].as_array().unwrap();
    assert!(updates.iter().any(|own| own["weights"] == "layers.0.forward"), "{updates:?}");
    let shown = bench.ok("health m.safetensors test.csv --fixed-points --seed 2 --updates").stdout;
    for words in ["fixed points of layer 1 forward", "starts led to no point", "updates of"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    for (arguments, wanted) in [
        ("health m.safetensors test.csv --seed 2", "expected --fixed-points"),
        ("health m.safetensors bare.csv --updates", "bare.csv: "),
    ] {
        bench.write("bare.csv", "id,step,x,y\n1,0,3,1\n");
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    }
}

/// A model of monthly series that rise.
fn forecasting(bench: &Bench) {
    let mut sales = "unique_id,ds,y\n".to_owned();
    for (id, level) in [("north", 20), ("south", 50)] {
        for month in 0..60 {
            let (year, y) = (2019 + month / 12, level + [0, 2, 5, 9, 12, 9][month % 6]);
            sales += &format!("{id},{year}-{:02},{y}\n", month % 12 + 1);
        }
    }
    bench.write("sales.csv", &sales);
    bench.ok(
        "train sales.csv --task forecast --horizon 3 --context 12 --transform none --scale window \
         --hidden-size 4 --max-updates 20 -o f.safetensors --quiet",
    );
}

#[test]
fn a_forecast_is_looked_into_and_explained() {
    let bench = Bench::new();
    forecasting(&bench);
    let ran = bench.ok("health f.safetensors sales.csv --updates --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    // Each place of both series from the twelfth step on, the ends among them.
    assert_eq!(document["health"]["sample"]["of"], 2 * 49);
    let ask = "explain f.safetensors sales.csv --sequence south";
    let ran = bench.ok(&format!("{ask} --step 2 --cutoff 2022-06 --json -o why.html"));
    let why = &serde_json::from_str::<Value>(&ran.stdout).unwrap()["explanation"];
    assert_eq!(
        (why["sequence"].as_str(), why["output"].as_str()),
        (Some("south to 2022-06"), Some("step 2"))
    );
    let last = bench.ok(&format!("{ask} --json"));
    let last = &serde_json::from_str::<Value>(&last.stdout).unwrap()["explanation"];
    assert_eq!(
        (last["sequence"].as_str(), last["output"].as_str()),
        (Some("south to 2023-12"), Some("step 1"))
    );
    for (more, wanted) in [
        ("--step 4", "--step: expected a step of the horizon, 1 to 3, got 4"),
        ("--cutoff 2019-02", "--cutoff: expected a time of the series"),
        ("--step 1 --class x", "--step and --class: expected at most one"),
    ] {
        let ran = bench.run(&format!("{ask} {more}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{more}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
    let ran = bench.run("explain f.safetensors sales.csv --sequence sout");
    assert!(ran.stderr.contains("(nearest: \"south\")"), "{}", ran.stderr);
    bench.train("--quiet");
    let ran = bench.run("explain m.safetensors test.csv --sequence s100 --cutoff 2019-02");
    assert!(ran.stderr.starts_with("error: --cutoff: expected a model trained"), "{}", ran.stderr);
}

#[test]
fn a_text_is_looked_into_and_explained() {
    let bench = Bench::new();
    bench.write("t.txt", "To be, or not to be;\nthat is the question.\n".repeat(60));
    bench.ok(
        "train t.txt --task text --tokens characters --hidden-size 8 --embedding-size 4 --lanes 2 \
         --bptt 16 --epochs 1 -o t.safetensors --quiet",
    );
    let ran = bench.ok("health t.safetensors t.txt --fixed-points --updates --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["health"]["sample"]["sequences"], 16);
    assert_eq!(document["fixed_points"][0]["starts"], 32);
    let ran =
        bench.ok("explain t.safetensors t.txt --sequence 2 --step 4 --class q --json -o why.html");
    let why = &serde_json::from_str::<Value>(&ran.stdout).unwrap()["explanation"];
    assert_eq!(why["tokens"][0], serde_json::json!(["\n", "t", "h", "a", "t"]));
    assert_eq!((why["output"].as_str(), why["step"].as_u64()), (Some("q"), Some(4)));
    let number = |value: &Value| value.as_f64().unwrap();
    let lags = why["by_lag"].as_array().unwrap().iter().map(number).sum::<f64>();
    let difference = number(&why["value"]) - number(&why["baseline_value"]);
    assert!((lags - difference).abs() < 1e-4, "{lags} {difference}");
    for (arguments, wanted) in [
        (
            "explain t.safetensors t.txt --sequence 900",
            "--sequence: expected the number of a line, 1 to 120",
        ),
        (
            "explain t.safetensors t.txt --sequence 1 --step 99",
            "--step: expected a token of the line",
        ),
        ("explain t.safetensors t.txt --sequence 1 --class zz", "--class: expected a class"),
        ("health t.safetensors t.txt --time t", "--time: expected a model of sequences"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}
