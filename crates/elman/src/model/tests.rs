use ndarray::{Array2, array};
use proptest::prelude::*;

use ndarray::Axis;

use super::testing::{bits, class_model, classes, tiny, tiny_with};
use super::*;
use crate::data::{ClassTargets, Targets, ValueTargets};
use crate::network::NetworkConfig;
use crate::task::{Classify, Regress};
use crate::train::testing::signs;

#[test]
fn a_sequence_is_predicted_alone_as_among_others() {
    let (model, data) = (class_model(), signs(150, 2));
    let together = classes(&model, &data);
    assert_eq!(together.len(), 150);
    for index in 0..data.len() {
        let alone = classes(&model, &data.subset(&[index]).unwrap());
        let row = together.probabilities().select(Axis(0), &[index]);
        assert_eq!(bits(alone.probabilities()), bits(row.view()), "{index}");
        assert_eq!(alone.label(0), together.label(index));
        assert_eq!(alone.ids()[0], together.ids()[index]);
    }
}

#[test]
fn probabilities_are_those_of_the_predicted_class() {
    let (model, data) = (class_model(), signs(40, 3));
    let predictions = classes(&model, &data);
    for (row, &class) in predictions.probabilities().rows().into_iter().zip(predictions.classes()) {
        assert!((row.sum() - 1.0).abs() < 1e-12);
        assert!(row.iter().all(|probability| *probability <= row[class]));
    }
    // The mean of -ln p of the true classes is the loss.
    let Targets::Classes(targets) = data.targets() else { panic!("classes") };
    let loss = crate::metric::log_loss(targets.indices(), predictions.probabilities()).unwrap();
    let evaluation = model.evaluate(&data).unwrap();
    assert!((evaluation.loss() - loss).abs() < 1e-12);
}

#[test]
fn floors_are_those_of_the_training_data() {
    // All weights are zero: both classes are equally likely, and the first is taken.
    let (model, sequence) = (tiny(), array![[1.0, 2.0], [3.0, 4.0]]);
    let labels = vec!["yes".into(), "maybe".into(), "no".into()];
    let targets = ClassTargets::new("answer", labels, vec![2, 0, 2, 2]).unwrap();
    let names = vec!["a".into(), "b".into()];
    let four = [sequence.view(), sequence.view(), sequence.view(), sequence.view()];
    let data = Dataset::from_sequences(&four, names, Targets::Classes(targets)).unwrap();
    let evaluation = model.evaluate(&data).unwrap().into_classes().unwrap();
    // Labels are matched by name: three of four are "no", the model's first class.
    assert_eq!(evaluation.confusion, [[3, 0], [1, 0]]);
    assert!((evaluation.accuracy - 0.75).abs() < 1e-15);
    assert!((evaluation.loss - std::f64::consts::LN_2).abs() < 1e-12);
    // "yes" was the commoner class in training.
    assert_eq!(evaluation.floor.label, "yes");
    assert!((evaluation.floor.accuracy - 0.25).abs() < 1e-15);
}

#[test]
fn regression_floors_guess_the_training_mean() {
    let network = Network::<f64>::new(NetworkConfig::new(1, 1)).unwrap();
    let scaling = Standardization::new(vec![10.0], vec![2.0]).unwrap();
    let task = Regress::new(vec!["y".into()], scaling, Default::default()).unwrap();
    let model = Model::new(network, Task::Regress(task), vec!["x".into()], None).unwrap();
    let sequence = array![[1.0]];
    let targets = ValueTargets::new(vec!["y".into()], array![[7.0], [14.0]]).unwrap();
    let two = [sequence.view(), sequence.view()];
    let data = Dataset::from_sequences(&two, vec!["x".into()], Targets::Values(targets)).unwrap();
    let evaluation = model.evaluate(&data).unwrap().into_values().unwrap();
    let target = &evaluation.targets[0];
    // A network of zeros predicts the mean: errors 3 and 4.
    assert_eq!(target.model, target.floor);
    assert!((target.model.rmse - 12.5f64.sqrt()).abs() < 1e-12);
    assert!((target.model.mae - 3.5).abs() < 1e-12);
    assert!((target.model.r2.unwrap() - (1.0 - 25.0 / 24.5)).abs() < 1e-12);
    // (3/2)² and (4/2)².
    assert!((evaluation.loss - (2.25 + 4.0) / 2.0).abs() < 1e-12);
}

#[test]
fn answers_of_the_other_kind_are_refused() {
    let (model, data) = (class_model(), signs(10, 2));
    let predictions = model.predict(&data).unwrap();
    let labels: Vec<&str> = predictions.classes().unwrap().predicted_labels().collect();
    let label = |index| predictions.classes().unwrap().label(index).unwrap();
    assert_eq!(labels, (0..10).map(label).collect::<Vec<_>>());
    let evaluation = model.evaluate(&data).unwrap();
    assert_eq!(evaluation.classes().unwrap().sequences, 10);
    for (message, thing) in [
        (predictions.values().unwrap_err().to_string(), "predictions"),
        (predictions.into_values().unwrap_err().to_string(), "predictions"),
        (evaluation.values().unwrap_err().to_string(), "evaluation"),
        (evaluation.into_values().unwrap_err().to_string(), "evaluation"),
    ] {
        assert_eq!(message, format!("{thing}: expected numbers, got classes"));
    }
}

#[test]
fn data_that_do_not_go_with_the_model_are_refused() {
    let model = tiny();
    let sequence = array![[1.0, 2.0]];
    let make = |names: [&str; 2], targets: Targets| {
        let names = names.map(String::from).to_vec();
        Dataset::from_sequences(&[sequence.view()], names, targets).unwrap()
    };
    let class = |label: &str| {
        Targets::Classes(ClassTargets::new("answer", vec![label.into()], vec![0]).unwrap())
    };
    let numbers = ValueTargets::new(vec!["answer".into()], array![[1.0]]).unwrap();
    for (data, wanted) in [
        (make(["b", "a"], class("no")), "expected the features a, b, got b, a"),
        (make(["a", "b"], class("yess")), "got \"yess\" (nearest: \"yes\")"),
        (make(["a", "b"], Targets::None), "expected a target for each sequence, got none"),
        (make(["a", "b"], Targets::Values(numbers)), "expected classes as targets, got numbers"),
    ] {
        let message = model.evaluate(&data).unwrap_err().to_string();
        assert!(message.contains(wanted), "{message}");
    }
    assert!(model.predict(&make(["a", "b"], Targets::None)).is_ok());
    let empty = Dataset::from_sequences(&[], vec!["a".into(), "b".into()], Targets::None).unwrap();
    assert_eq!(classes(&model, &empty).len(), 0);
    assert!(model.evaluate(&empty).is_err());
}

#[test]
fn outputs_that_overflow_are_refused_by_sequence() {
    let model = tiny_with(|parameters| {
        parameters.set("head.weights", array![[3e38f32, 0.0]].view()).unwrap();
        parameters.set("head.bias", array![3e38f32, 0.0].view()).unwrap();
        let name = "layers.0.forward.input_weights";
        parameters.set(name, array![[10.0f32], [0.0]].view()).unwrap();
    });
    let names = vec!["a".into(), "b".into()];
    let (small, large) = (array![[0.1, -3.0]], array![[9.0, 0.0]]);
    let data =
        Dataset::from_sequences(&[small.view(), large.view()], names, Targets::None).unwrap();
    let message = model.predict(&data).unwrap_err().to_string();
    assert!(message.starts_with("output for sequence \"1\": expected a finite"), "{message}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let parts = |features: usize, width: usize, labels: usize| {
        let labels: Vec<String> = (0..labels).map(|label| label.to_string()).collect();
        let counts = vec![1; labels.len()];
        let task = Task::Classify(Classify::new("t", labels, counts).unwrap());
        let names = (0..features).map(|name| name.to_string()).collect();
        let scaling = Standardization::new(vec![0.0; width], vec![1.0; width]).unwrap();
        Model::new(
            Network::<f32>::new(NetworkConfig::new(2, 3)).unwrap(),
            task,
            names,
            Some(scaling),
        )
    };
    assert!(parts(2, 2, 3).is_ok());
    for (model, wanted) in [
        (parts(1, 2, 3), "feature_names: expected shape [2], got [1]"),
        (parts(2, 3, 3), "scaling: expected shape [2], got [3]"),
        (parts(2, 2, 4), "task outputs: expected shape [3], got [4]"),
    ] {
        assert_eq!(model.unwrap_err().to_string(), wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_finite_data_get_a_prediction_or_an_error(
        values in prop::collection::vec(-1e300..1e300f64, 2..12),
    ) {
        let values = Array2::from_shape_vec((values.len() / 2, 2), values[..values.len() / 2 * 2].to_vec()).unwrap();
        let names = vec!["a".into(), "b".into()];
        let data = Dataset::from_sequences(&[values.view()], names, Targets::None).unwrap();
        // An input beyond f32 is refused; whichever it is, it is not a panic.
        let _ = tiny().predict(&data);
    }
}
