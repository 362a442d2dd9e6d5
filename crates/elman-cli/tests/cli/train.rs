//! What training shows and what it learns.

use serde_json::Value;

use super::{Bench, Ran, TRAIN, masked, vowels};

/// The run, with numbers and times hidden.
fn layout(ran: &Ran) -> String {
    masked(&ran.shown())
}

#[test]
fn classes_with_a_test_file() {
    let bench = Bench::new();
    insta::assert_snapshot!(layout(&bench.train("--test test.csv --exclude site")));
}

#[test]
fn numbers_with_validation_set_aside() {
    let bench = Bench::new();
    let ran =
        bench.ok("train numbers.csv --sequence id --time step --target total,half --task regress \
                        --loss huber --huber-delta 2 --validation-fraction 0.25 --epochs 4 \
                        --hidden-size 4 --layers 2 --direction both --pooling mean --dropout 0.1 \
                        -o m.safetensors");
    insta::assert_snapshot!(layout(&ran));
}

#[test]
fn early_stopping_says_which_epoch_was_kept() {
    let bench = Bench::new();
    let train = TRAIN.replace("--epochs 3", "--epochs 500 --learning-rate 0.3 --seed 3");
    let ran = bench.ok(&format!("{train} -o m.safetensors --validation test.csv --patience 2"));
    assert!(ran.stderr.contains("stopped early after "), "{}", ran.stderr);
    assert!(ran.stderr.contains("the model of epoch "), "{}", ran.stderr);
    assert!(ran.stdout.contains("\nvalidation "), "{}", ran.stdout);
}

#[test]
fn the_classes_are_learnt() {
    let bench = Bench::new();
    let train = TRAIN.replace("--epochs 3", "--epochs 60 --learning-rate 0.02");
    let ran = bench.ok(&format!("{train} -o m.safetensors --test test.csv --features x --json"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(document["test"]["accuracy"].as_f64().unwrap() > 0.95, "{}", document["test"]);
}

#[test]
fn numbers_are_learnt_in_their_own_units() {
    let bench = Bench::new();
    let ran = bench.ok("train numbers.csv --sequence id --time step --target total --features x \
                        --task regress --activation identity --epochs 150 --hidden-size 8 \
                        --learning-rate 0.01 -o m.safetensors --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let total = &document["training"]["targets"][0];
    let (model, floor) = (&total["model"]["rmse"], &total["floor"]["rmse"]);
    let (model, floor) = (model.as_f64().unwrap(), floor.as_f64().unwrap());
    // The sums range over -6 to 10; a linear recurrence can add exactly.
    assert!(floor > 2.0 && model < 0.2, "{model} beside {floor}");
}

#[test]
fn json_is_one_document() {
    let bench = Bench::new();
    let ran = bench.train("--json --validation-fraction 0.25 --test test.csv");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["model"], "m.safetensors");
    assert_eq!(document["ending"], "finished");
    assert_eq!(document["data"]["training"]["sequences"], 24);
    assert_eq!(document["data"]["training"]["left_out"][0]["column"], "note");
    assert_eq!(document["network"]["hidden_size"], 6);
    assert_eq!(document["settings"]["training"]["batch_size"], 8);
    assert_eq!(document["epochs"].as_array().unwrap().len(), 3);
    for part in ["training", "validation", "test"] {
        let accuracy = document[part]["accuracy"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&accuracy), "{part}");
    }
    assert_eq!(document["test"]["sequences"], 10);
    assert!(ran.stderr.contains("epoch 3/3"), "{}", ran.stderr);
}

#[test]
fn ts_and_csv_of_the_same_data_give_the_same_results() {
    let bench = Bench::new();
    let options = "--task classify --hidden-size 8 --epochs 2 --quiet --json";
    let path = |name| vowels(name).display().to_string();
    let features: Vec<String> = (1..=12).map(|index| format!("lpc{index}")).collect();
    let run = |arguments: String| -> Value {
        serde_json::from_str(&bench.ok(&format!("train {arguments} {options}")).stdout).unwrap()
    };
    let (train, test) = (path("train.csv"), path("test.csv"));
    let csv = run(format!(
        "{train} --test {test} --sequence utterance --time step --target speaker -o csv.safetensors"
    ));
    let (train, test) = (path("JapaneseVowels_TRAIN.ts"), path("JapaneseVowels_TEST.ts"));
    let ts =
        run(format!("{train} --test {test} --features {} -o ts.safetensors", features.join(",")));
    assert_eq!(csv["test"], ts["test"]);
    assert_eq!(csv["epochs"], ts["epochs"]);
}
