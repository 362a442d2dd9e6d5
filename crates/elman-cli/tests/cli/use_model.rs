//! `evaluate`, `predict` and `inspect`.

use serde_json::Value;

use super::{Bench, masked};

#[test]
fn evaluate_shows_metrics_and_confusion() {
    let bench = Bench::new();
    bench.train("--quiet");
    insta::assert_snapshot!(masked(&bench.ok("evaluate m.safetensors test.csv").shown()));
}

#[test]
fn evaluate_agrees_with_the_test_part_of_training() {
    let bench = Bench::new();
    let trained = bench.train("--json --quiet --test test.csv");
    let trained: Value = serde_json::from_str(&trained.stdout).unwrap();
    let evaluated = bench.ok("evaluate m.safetensors test.csv --json --quiet");
    assert_eq!(evaluated.stderr, "");
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    let mut evaluation = evaluated["evaluation"].clone();
    let mut test = trained["test"].clone();
    for value in [&mut evaluation, &mut test] {
        assert!(value["accuracy"].is_number());
        value.as_object_mut().unwrap().remove("task");
    }
    assert_eq!(evaluation, test);
}

#[test]
fn predictions_are_csv_with_a_probability_for_each_class() {
    let bench = Bench::new();
    bench.train("--quiet");
    let ran = bench.ok("predict m.safetensors test.csv");
    assert_eq!(ran.stderr, "");
    let mut lines = ran.stdout.lines();
    assert_eq!(lines.next(), Some("id,prediction,probability_fall,probability_rise"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 10);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row[0], format!("s{}", 100 + index));
        let probabilities: Vec<f64> = row[2..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let expected = if probabilities[0] > probabilities[1] { "fall" } else { "rise" };
        assert_eq!(row[1], expected);
    }
}

#[test]
fn predictions_need_no_target_and_no_more_than_the_channels() {
    let bench = Bench::new();
    bench.train("--quiet --features x");
    let with = bench.ok("predict m.safetensors test.csv").stdout;
    let text = String::from_utf8(bench.read("test.csv")).unwrap();
    let cut = |line: &str| line.split(',').take(3).collect::<Vec<_>>().join(",") + "\n";
    bench.write("bare.csv", text.lines().map(cut).collect::<String>().replace("id,step", "run,at"));
    let bare = bench.ok("predict m.safetensors bare.csv --sequence run --time at -o out.csv");
    assert_eq!(bare.stdout, "");
    assert_eq!(bare.stderr, "10 predictions written to out.csv\n");
    // The ids stand under the name that they have in the data.
    let with = with.replacen("id,", "run,", 1);
    assert_eq!(String::from_utf8(bench.read("out.csv")).unwrap(), with);
}

#[test]
fn predictions_as_json_are_those_of_the_csv() {
    let bench = Bench::new();
    bench.train("--quiet");
    let csv = bench.ok("predict m.safetensors test.csv").stdout;
    let json = bench.ok("predict m.safetensors test.csv --json").stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let rows: Vec<Value> = json["predictions"].as_array().unwrap().clone();
    for (line, row) in csv.lines().skip(1).zip(&rows) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(
            (row["sequence"].as_str(), row["prediction"].as_str()),
            (Some(cells[0]), Some(cells[1]))
        );
        let probability = row["probabilities"]["fall"].as_f64().unwrap();
        assert!((probability - cells[2].parse::<f64>().unwrap()).abs() < 1e-15);
    }
    assert_eq!(rows.len(), 10);
}

#[test]
fn numbers_are_predicted_by_the_name_of_their_target() {
    let bench = Bench::new();
    let train = "train numbers.csv --sequence id --time step --task regress --epochs 2 --quiet";
    bench.ok(&format!("{train} --target total --exclude half -o one.safetensors"));
    bench.ok(&format!("{train} --target total,half -o two.safetensors"));
    let header = |model| {
        let stdout = bench.ok(&format!("predict {model} numbers.csv")).stdout;
        assert_eq!(stdout.lines().count(), 21);
        stdout.lines().next().unwrap().to_owned()
    };
    assert_eq!(header("one.safetensors"), "id,prediction");
    assert_eq!(header("two.safetensors"), "id,prediction_total,prediction_half");
}

#[test]
fn inspect_shows_everything() {
    let bench = Bench::new();
    bench.train("--quiet --test test.csv --validation-fraction 0.25");
    insta::assert_snapshot!(masked(&bench.ok("inspect m.safetensors").stdout));
}

#[test]
fn inspect_as_json_names_every_tensor() {
    let bench = Bench::new();
    bench.train("--quiet --cell simple");
    let ran = bench.ok("inspect m.safetensors --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let tensors = document["tensors"].as_array().unwrap();
    let names: Vec<&str> = tensors.iter().map(|tensor| tensor["name"].as_str().unwrap()).collect();
    let expected = [
        "layers.0.forward.input_weights",
        "layers.0.forward.recurrent_weights",
        "layers.0.forward.bias",
        "layers.0.reverse.input_weights",
        "layers.0.reverse.recurrent_weights",
        "layers.0.reverse.bias",
        "head.weights",
        "head.bias",
    ];
    assert_eq!(names, expected);
    assert_eq!(document["provenance"]["settings"]["columns"]["sequence"], "id");
    assert_eq!(document["features"], serde_json::json!(["x", "y", "site"]));
}
