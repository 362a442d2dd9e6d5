use proptest::prelude::*;

use super::*;
use crate::data::csv::read_csv;
use crate::data::{Columns, ReadOptions};
use crate::model::testing::{bits, class_model, classes, tiny, tiny_with};
use crate::train::testing::{fit, means, short, signs, small};
use crate::train::{InputScaling, TrainingOptions};

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
    assert_eq!(loaded.provenance().settings["network"]["layers"][1]["hidden_size"], 8);

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

fn bytes_of(model: &Model<f32>) -> Vec<u8> {
    encode(model).unwrap()
}

/// Whether two models have the same weights and the same description.
fn same(a: &Model<f32>, b: &Model<f32>) -> bool {
    let weights = |model: &Model<f32>| -> Vec<u32> {
        model.network().parameters().values().iter().map(|value| value.to_bits()).collect()
    };
    weights(a) == weights(b) && format!("{a:?}") == format!("{b:?}")
}

#[test]
fn no_flipped_byte_of_a_model_file_changes_the_model() {
    let model = tiny();
    let bytes = bytes_of(&model);
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            match decode::<f32>(Path::new("m"), &flipped) {
                Ok(read) => assert!(same(&read, &model), "byte {at} ^ {flip:#x}"),
                Err(Error::File(_)) => {}
                Err(error) => panic!("byte {at} ^ {flip:#x}: {error}"),
            }
        }
    }
}

/// The tiny model's file with its description changed, and a digest that is right.
fn forged(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = bytes_of(&tiny());
    let archive =
        read::decode::<serde_json::Value>(Path::new("m"), &bytes, |_, model| Ok(model)).unwrap();
    let mut description = archive.model.clone();
    change(&mut description);
    write::encode(&description, tiny().network().parameters()).unwrap()
}

/// The only layer of a description.
fn layer(description: &mut serde_json::Value) -> &mut serde_json::Value {
    &mut description["network"]["body"]["layers"][0]
}

#[test]
fn descriptions_that_do_not_fit_the_weights_are_refused() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(&str, Change); 11] = [
        ("weights, as its network has", |d| layer(d)["hidden_size"] = (1u64 << 20).into()),
        ("hidden_size: expected at most", |d| layer(d)["hidden_size"] = (1u64 << 40).into()),
        ("expected tensor \"layers.0.forward.", |d| layer(d)["hidden_size"] = 2.into()),
        ("hidden_size: expected at least 1", |d| layer(d)["hidden_size"] = 0.into()),
        ("readout: expected a pooling", |d| d["network"]["body"]["readout"] = "every-step".into()),
        ("expected tensor \"layers.0.reverse.", |d| layer(d)["directions"] = "reverse".into()),
        ("layers: expected 1 to", |d| d["network"]["body"]["layers"] = serde_json::json!([])),
        ("feature_names: expected shape [2]", |d| d["feature_names"] = serde_json::json!(["a"])),
        ("labels: expected at least two", |d| {
            d["task"]["classify"]["labels"] = serde_json::json!(["a"]);
        }),
        ("unknown field `gates`", |d| d["gates"] = 4.into()),
        ("custom cell", |d| layer(d)["cell"] = serde_json::json!({"custom": {"name": "c"}})),
    ];
    for (wanted, change) in cases {
        let error = decode::<f32>(Path::new("m"), &forged(change)).unwrap_err();
        assert!(matches!(error, Error::File(_)), "{error}");
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
}

#[test]
fn a_model_of_the_other_number_type_is_refused() {
    let bytes = bytes_of(&tiny());
    let error = decode::<f64>(Path::new("m"), &bytes).unwrap_err().to_string();
    assert!(error.contains("of type F64") && error.contains("got type F32"), "{error}");
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let model = tiny_with(|parameters| parameters.values_mut()[3] = f32::INFINITY);
    let error = decode::<f32>(Path::new("m"), &bytes_of(&model)).unwrap_err().to_string();
    assert!(error.contains("expected finite weights, got inf at element "), "{error}");
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
    fn mutated_model_files_are_refused_or_the_same_model(
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
        if let Ok(read) = decode::<f32>(Path::new("m"), &mutated) {
            prop_assert!(same(&read, &tiny()));
        }
        let cut = cut.index(bytes.len());
        prop_assert!(decode::<f32>(Path::new("m"), &bytes[..cut]).is_err());
    }

    #[test]
    fn forged_sizes_never_panic(
        hidden_size in any::<u64>(),
        input_size in any::<u64>(),
        vocabulary_size in any::<u64>(),
    ) {
        let forged = forged(|description| {
            layer(description)["hidden_size"] = hidden_size.into();
            description["network"]["inputs"]["numeric"] = input_size.into();
            let channel = serde_json::json!({
                "vocabulary_size": vocabulary_size,
                "embedding_size": hidden_size,
            });
            description["network"]["inputs"]["tokens"] = serde_json::json!([channel]);
        });
        prop_assert!(decode::<f32>(Path::new("m"), &forged).is_err());
    }
}

#[test]
fn metrics_that_are_not_finite_are_not_written() {
    let mut model = tiny();
    model.provenance_mut().metrics.insert("test_rmse".into(), f64::NAN);
    let message = encode(&model).unwrap_err().to_string();
    assert_eq!(message, "metric \"test_rmse\": expected a finite number, got NaN");
}

/// The folder of models that elman 0.1.0 wrote.
fn old_models() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests-data/models/0.1.0")
}

#[test]
fn models_of_format_1_are_read_as_the_networks_that_they_are() {
    let network = |name: &str| {
        let model = Model::<f32>::load(old_models().join(name).with_extension("safetensors"));
        model.unwrap().network().config().clone()
    };
    let of = |builder: crate::network::NetworkBuilder| builder.dense(9);
    let builder = || Network::builder(12);
    assert_eq!(network("simple"), of(builder().simple(12)));
    assert_eq!(network("lstm_reverse"), of(builder().lstm(8).reverse()));
    let gru = builder().gru(8).bidirectional().gru(8).bidirectional();
    assert_eq!(network("gru_after"), of(gru));
    let before = network("gru_before");
    assert_eq!(before.body.layers[0].cell.name(), "gru");
    assert_ne!(before, of(builder().gru(8).mean()));
    let relu = network("simple_relu_both");
    assert_eq!((relu.body.layers.len(), relu.body.head.dropout), (2, 0.2));
}

#[test]
fn models_of_format_1_predict_what_the_command_line_printed_then() {
    let names =
        ["simple", "simple_relu_both", "lstm_reverse", "gru_after", "gru_before", "regress"];
    for path in names.map(|name| old_models().join(name)) {
        let model = Model::<f32>::load(path.with_extension("safetensors")).unwrap();
        let is_regression = path.ends_with("regress");
        let columns = Columns {
            sequence: Some("utterance".to_owned()),
            time: Some("step".to_owned()),
            ..Columns::default()
        };
        let features = Some(model.feature_names().to_vec());
        let options = ReadOptions { columns, features, ..ReadOptions::default() };
        let data = read_csv(old_models().join("data.csv"), &options).unwrap();
        let predictions = model.predict(&data).unwrap();
        let (numbers, first) = match is_regression {
            true => (predictions.values().unwrap().values().to_owned(), 1),
            false => (predictions.classes().unwrap().probabilities().to_owned(), 2),
        };
        let printed = std::fs::read_to_string(path.with_extension("csv")).unwrap();
        assert_eq!(printed.lines().count(), numbers.nrows() + 1);
        for (line, row) in printed.lines().skip(1).zip(numbers.rows()) {
            let expected = line.split(',').skip(first).map(|field| field.parse::<f64>().unwrap());
            assert_eq!(row.to_vec(), expected.collect::<Vec<_>>(), "{}", path.display());
        }
    }
}
