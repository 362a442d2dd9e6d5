use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;
use crate::data::{ClassTargets, Targets, ValueTargets};
use crate::network::NetworkConfig;
use crate::real::Real;
use crate::stack::Directions;
use crate::task::{ClassPredictions, Classify, Regress};
use crate::train::testing::{fit, means, short, signs, small};
use crate::train::{InputScaling, NetworkOptions, TrainingOptions};

fn class_model() -> Model<f32> {
    let network = NetworkOptions { directions: Directions::Both, layers: 2, ..small() };
    fit(short(2), network, &signs(30, 1)).model
}

fn classes(model: &Model<f32>, data: &Dataset) -> ClassPredictions {
    match model.predict(data).unwrap() {
        Predictions::Classes(predictions) => predictions,
        Predictions::Values(_) => panic!("classes were asked for"),
    }
}

fn bits(numbers: ndarray::ArrayView2<'_, f64>) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

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

fn saved_and_loaded<T: Real>(model: &Model<T>) -> Model<T> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    model.save(&path).unwrap();
    Model::load(&path).unwrap()
}

#[test]
fn a_loaded_model_is_the_saved_one_to_the_bit() {
    let raw = TrainingOptions { scaling: InputScaling::Raw, ..short(2) };
    let model = class_model();
    let loaded = saved_and_loaded(&model);
    let data = signs(50, 4);
    assert_eq!(
        bits(classes(&model, &data).probabilities()),
        bits(classes(&loaded, &data).probabilities())
    );
    assert_eq!(model.evaluate(&data).unwrap(), loaded.evaluate(&data).unwrap());
    assert_eq!(model.provenance(), loaded.provenance());
    assert_eq!(loaded.provenance().seed, Some(1));
    assert_eq!(loaded.provenance().settings["network"]["layers"], 2);

    let data = means(50, 5);
    for options in [short(2), raw] {
        let model = fit::<f64>(options, small(), &data).model;
        let loaded = saved_and_loaded(&model);
        assert_eq!(loaded.scaling(), model.scaling());
        assert_eq!(model.evaluate(&data).unwrap(), loaded.evaluate(&data).unwrap());
    }
}

#[test]
fn the_same_training_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    for (path, threads) in paths.iter().zip([1, 2]) {
        let options = TrainingOptions { threads: Some(threads), ..short(2) };
        fit::<f32>(options, small(), &signs(30, 1)).model.save(path).unwrap();
    }
    assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
}

/// A model of 2 + 1 + 1 + 2 + 2 weights.
fn tiny() -> Model<f32> {
    let config = NetworkConfig { hidden_size: 1, ..NetworkConfig::new(2, 2) };
    let network = Network::new(config).unwrap();
    let labels = vec!["no".into(), "yes".into()];
    let task = Task::Classify(Classify::new("answer", labels, vec![1, 2]).unwrap());
    let scaling = Standardization::new(vec![0.1, -3.0], vec![1.0, 7.0]).unwrap();
    Model::new(network, task, vec!["a".into(), "b".into()], Some(scaling)).unwrap()
}

fn bytes_of(model: &Model<f32>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    model.save(&path).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn every_flipped_byte_of_a_model_file_is_refused() {
    let bytes = bytes_of(&tiny());
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            let error = Model::<f32>::decode(Path::new("m"), &flipped).unwrap_err();
            assert!(matches!(error, Error::File(_)), "byte {at} ^ {flip:#x}: {error}");
        }
    }
}

/// The tiny model's file with its description changed, and a digest that is right.
fn forged(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = bytes_of(&tiny());
    let archive = native::decode::<serde_json::Value>(Path::new("m"), &bytes).unwrap();
    let mut description = archive.model.clone();
    change(&mut description);
    native::encode(&description, tiny().network.parameters()).unwrap()
}

#[test]
fn descriptions_that_do_not_fit_the_weights_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(&str, Change); 10] = [
        ("weights, as its network has", |d| d["network"]["hidden_size"] = (1u64 << 40).into()),
        ("weights, as its network has", |d| d["network"]["layers"] = u64::MAX.into()),
        ("expected tensor \"layers.0.forward.", |d| d["network"]["hidden_size"] = 2.into()),
        ("hidden_size: expected at least 1", |d| d["network"]["hidden_size"] = 0.into()),
        ("pooling: expected last-step", |d| d["network"]["pooling"] = "every-step".into()),
        ("expected tensor \"layers.0.reverse.", |d| d["network"]["directions"] = "reverse".into()),
        ("feature_names: expected shape [2]", |d| d["feature_names"] = serde_json::json!(["a"])),
        ("labels: expected at least two", |d| {
            d["task"]["classify"]["labels"] = serde_json::json!(["a"]);
        }),
        ("unknown field `gates`", |d| d["gates"] = 4.into()),
        ("custom cell", |d| d["network"]["cell"] = serde_json::json!({"custom": {"name": "c"}})),
    ];
    for (wanted, change) in cases {
        let error = Model::<f32>::decode(Path::new("m"), &forged(change)).unwrap_err();
        assert!(matches!(error, Error::File(_)), "{error}");
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
}

#[test]
fn a_model_of_the_other_number_type_is_refused() {
    let bytes = bytes_of(&tiny());
    let error = Model::<f64>::decode(Path::new("m"), &bytes).unwrap_err().to_string();
    assert!(error.contains("of type F64") && error.contains("got type F32"), "{error}");
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let mut model = tiny();
    model.network.update(|parameters| parameters.values_mut()[3] = f32::INFINITY);
    let error = Model::<f32>::decode(Path::new("m"), &bytes_of(&model)).unwrap_err().to_string();
    assert!(error.contains("expected finite weights, got inf at element "), "{error}");
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
    let Evaluation::Classify(evaluation) = model.evaluate(&data).unwrap() else { panic!() };
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
    let Evaluation::Regress(evaluation) = model.evaluate(&data).unwrap() else { panic!() };
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
    let mut model = tiny();
    model.network.update(|p| p.set("head.weights", array![[3e38f32, 0.0]].view())).unwrap();
    model.network.update(|p| p.set("head.bias", array![3e38f32, 0.0].view())).unwrap();
    let weights = array![[10.0f32], [0.0]];
    let name = "layers.0.forward.input_weights";
    model.network.update(|p| p.set(name, weights.view())).unwrap();
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

#[test]
fn a_file_that_cannot_be_written_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no").join("m.safetensors");
    let message = tiny().save(&path).unwrap_err().to_string();
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutated_model_files_are_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = bytes_of(&tiny());
        let mut mutated = bytes.clone();
        for (at, flip) in changes {
            let at = at.index(mutated.len());
            mutated[at] ^= flip;
        }
        prop_assume!(mutated != bytes);
        prop_assert!(Model::<f32>::decode(Path::new("m"), &mutated).is_err());
        let cut = cut.index(bytes.len());
        prop_assert!(Model::<f32>::decode(Path::new("m"), &bytes[..cut]).is_err());
    }

    #[test]
    fn forged_sizes_never_panic(
        hidden_size in any::<u64>(),
        layers in any::<u64>(),
        input_size in any::<u64>(),
    ) {
        let forged = forged(|description| {
            description["network"]["hidden_size"] = hidden_size.into();
            description["network"]["layers"] = layers.into();
            description["network"]["input_size"] = input_size.into();
        });
        prop_assert!(Model::<f32>::decode(Path::new("m"), &forged).is_err());
    }

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
