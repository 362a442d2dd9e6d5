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
