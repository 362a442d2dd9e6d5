//! The simple predictors against scikit-learn's, by `tests-data/floors`.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use serde_json::Value;

use super::*;
use crate::data::{ClassTargets, Targets, TokenChannel, ValueTargets, Vocabulary};
use crate::task::{NumberAnswer, Score};

fn cases() -> Value {
    serde_json::from_str(include_str!("../../../../../tests-data/floors/floors.json")).unwrap()
}

fn integers(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    let flat = rows.iter().flatten().copied().collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), flat).unwrap()
}

fn numeric(cases: &Value, part: usize, targets: Targets) -> Dataset {
    let parts = cases["sequences"][part].as_array().unwrap();
    let sequences: Vec<Array2<f64>> = parts.iter().map(matrix).collect();
    let views: Vec<ArrayView2<'_, f64>> = sequences.iter().map(|one| one.view()).collect();
    Dataset::from_sequences(&views, vec!["a".into(), "b".into()], targets).unwrap()
}

fn classes(indices: Vec<usize>) -> Targets {
    let labels = ["p", "q", "r"].map(String::from).to_vec();
    Targets::Classes(ClassTargets::new("kind", labels, indices).unwrap())
}

fn texts(names: &Value, targets: Targets) -> Dataset {
    let names: Vec<String> = serde_json::from_value(names.clone()).unwrap();
    let letters: Vec<String> = names.iter().flat_map(|n| n.chars()).map(String::from).collect();
    let known = Arc::new(Vocabulary::of(letters.iter().map(String::as_str), 1));
    let ids = letters.iter().map(|letter| known.id(letter)).collect();
    let lengths: Vec<usize> = names.iter().map(|name| name.chars().count()).collect();
    let channel = TokenChannel::new("name", known, ids).unwrap();
    Dataset::from_tokens(&lengths, vec![channel], targets).unwrap()
}

/// The task and predictors of training data, as a file gives them back.
fn fitted(data: &Dataset) -> (Task, Floors) {
    let task = Task::of(data, &NumberAnswer::default()).unwrap();
    let floors = Floors::fit(&task, data, &task.encode(data).unwrap());
    let written = serde_json::to_string(&floors).unwrap();
    let read: Floors = serde_json::from_str(&written).unwrap();
    assert_eq!(read, floors);
    read.check(&task, data.input_size()).unwrap();
    (task, read)
}

fn guesses((task, floors): &(Task, Floors), data: &Dataset, kind: FloorKind) -> Said {
    let all = floors.guesses(task, data, &task.encode(data).unwrap());
    all.into_iter().find(|guesses| guesses.kind == kind).unwrap().said
}

fn said_classes(said: Said) -> Vec<usize> {
    let Said::Classes(classes) = said else { panic!("no classes") };
    classes
}

/// In the units of the targets.
fn said_values(task: &Task, said: Said) -> Array2<f64> {
    let (Task::Regress(regress), Said::Standardized(values)) = (task, said) else { panic!() };
    regress.in_units(&values)
}

fn assert_close(found: &Array2<f64>, wanted: &Array2<f64>, tolerance: f64) {
    let worst = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(found.dim() == wanted.dim() && worst < tolerance, "{worst}");
}

#[test]
fn classes_are_those_of_scikit_learn() {
    let cases = cases();
    let [training, test] =
        [0, 1].map(|part| numeric(&cases, part, classes(integers(&cases["labels"][part]))));
    let fitted = fitted(&training);
    let nearest = |data| said_classes(guesses(&fitted, data, FloorKind::NearestNeighbour));
    assert_eq!(nearest(&test), integers(&cases["nearest"]["test"]));
    // A training sequence is not its own neighbour.
    assert_eq!(nearest(&training), integers(&cases["nearest"]["training"]));
    let logistic = said_classes(guesses(&fitted, &test, FloorKind::Logistic));
    assert_eq!(logistic, integers(&cases["logistic"]["test"]));
    let weights = &serde_json::to_value(&fitted.1).unwrap()["linear"]["weights"];
    assert_close(&matrix(weights), &matrix(&cases["logistic"]["weights"]), 2e-5);
}

#[test]
fn numbers_are_those_of_scikit_learn() {
    let cases = cases();
    let names = || vec!["x".to_string(), "y".to_string()];
    let [training, test] = [0, 1].map(|part| {
        let targets = ValueTargets::new(names(), matrix(&cases["targets"][part])).unwrap();
        numeric(&cases, part, Targets::Values(targets))
    });
    let fitted = fitted(&training);
    let values = |kind| said_values(&fitted.0, guesses(&fitted, &test, kind));
    assert_close(&values(FloorKind::Ridge), &matrix(&cases["ridge"]), 2e-4);
    assert_close(&values(FloorKind::NearestNeighbour), &matrix(&cases["nearest_values"]), 1e-9);
}

#[test]
fn steps_have_a_linear_model_and_the_last_value() {
    let cases = cases();
    let [training, test] = [0, 1].map(|part| {
        let values = matrix(&cases["of_steps"][part]);
        let targets = ValueTargets::of_steps(vec!["y".into()], values).unwrap();
        numeric(&cases, part, Targets::Values(targets))
    });
    let fitted = fitted(&training);
    let ridge = said_values(&fitted.0, guesses(&fitted, &test, FloorKind::Ridge));
    assert_close(&ridge, &matrix(&cases["step_ridge"]), 2e-5);
    let Said::Values(last) = guesses(&fitted, &test, FloorKind::LastValue) else { panic!() };
    let actual = matrix(&cases["of_steps"][1]);
    let first = test.lengths()[0];
    assert_eq!(last.row(1), actual.row(0));
    assert_eq!(last.row(first - 1), actual.row(first - 2));
    assert_eq!(last.row(first), last.row(0)); // the mean, where a sequence starts
}

#[test]
fn texts_are_those_of_scikit_learn() {
    let cases = cases();
    let [training, test] =
        [0, 1].map(|part| texts(&cases["names"][part], classes(integers(&cases["kinds"][part]))));
    let fitted = fitted(&training);
    let said = said_classes(guesses(&fitted, &test, FloorKind::NaiveBayes));
    assert_eq!(said, integers(&cases["bayes"]));
    // Text that training has nothing of goes to the commonest class.
    let other = texts(&serde_json::json!(["ÄÖ"]), classes(vec![0]));
    assert_eq!(said_classes(guesses(&fitted, &other, FloorKind::NaiveBayes)).len(), 1);
}

#[test]
fn large_data_are_thinned_and_a_wrong_file_is_refused() {
    assert_eq!(thinned(10, 3), [0, 4, 8]);
    assert_eq!(thinned(3, 3), [0, 1, 2]);
    assert!(thinned(0, 3).is_empty());
    let cases = cases();
    let training = numeric(&cases, 0, classes(integers(&cases["labels"][0])));
    let (task, floors) = fitted(&training);
    assert_eq!(
        floors.check(&task, 3).unwrap_err().to_string().split(':').next().unwrap(),
        "floors.statistics"
    );
    let written = serde_json::to_value(&floors).unwrap();
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 3] = [
        ("floors.nearest", |all| all["nearest"]["answers"]["classes"][0] = 7.into()),
        ("floors.nearest", |all| all["nearest"]["width"] = 0.into()),
        ("floors.linear", |all| drop(all["linear"]["weights"].as_array_mut().unwrap().pop())),
    ];
    for (name, change) in changes {
        let mut changed = written.clone();
        change(&mut changed);
        let read: Floors = serde_json::from_value(changed).unwrap();
        let error = read.check(&task, 2).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
}

#[test]
fn the_best_floor_is_what_a_model_is_held_against() {
    let cases = cases();
    let training = numeric(&cases, 0, classes(integers(&cases["labels"][0])));
    let (task, floors) = fitted(&training);
    let targets = task.encode(&training).unwrap();
    // A network that always says the first class.
    let outputs = Array2::from_shape_fn((training.len(), 3), |(_, class)| -(class as f64));
    let mut evaluation = task.evaluate(outputs.view(), &targets).unwrap();
    assert_eq!(evaluation.best_floor(), Some(FloorKind::Majority));
    let guesses = floors.guesses(&task, &training, &targets);
    task.add_floors(&guesses, &targets, &mut evaluation);
    let floors = evaluation.floors();
    assert_eq!(floors.len(), 3);
    let best = floors.iter().map(|(_, score)| score.value()).fold(0.0, f64::max);
    assert_eq!(evaluation.floor(), Score::Accuracy(best));
    assert!(!evaluation.beats_floor() && best > 0.7, "{best}");
}
