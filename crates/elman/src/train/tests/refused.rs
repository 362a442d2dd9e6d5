//! Options and data that are refused, each by its name.

use super::*;

#[test]
fn options_out_of_range_are_named() {
    let plain = TrainingOptions::default;
    let given = |weight| ClassWeights::Given(BTreeMap::from([("x".into(), weight)]));
    let cases = [
        (TrainingOptions { epochs: Some(0), ..plain() }, "epochs: expected at least 1, got 0"),
        (TrainingOptions { batch_size: 0, ..plain() }, "batch_size: expected at least 1, got 0"),
        (
            TrainingOptions { learning_rate: -0.1, ..plain() },
            "learning_rate: expected a finite number above 0, got -0.1",
        ),
        (
            TrainingOptions { learning_rate: f64::NAN, ..plain() },
            "learning_rate: expected a finite number above 0, got NaN",
        ),
        (TrainingOptions { patience: Some(0), ..plain() }, "patience: expected at least 1, got 0"),
        (
            TrainingOptions { accumulation: 0, ..plain() },
            "accumulation: expected at least 1, got 0",
        ),
        (
            TrainingOptions { max_updates: Some(0), ..plain() },
            "max_updates: expected at least 1, got 0",
        ),
        (
            TrainingOptions { max_seconds: Some(0.0), ..plain() },
            "max_seconds: expected a finite number above 0, got 0",
        ),
        (
            TrainingOptions { target_metric: Some(f64::NAN), ..plain() },
            "target_metric: expected a finite number, got NaN",
        ),
        (
            TrainingOptions { validation_fraction: 1.0, ..plain() },
            "validation_fraction: expected at least 0 and below 1, got 1",
        ),
        (
            TrainingOptions { label_smoothing: f64::NAN, ..plain() },
            "label_smoothing: expected at least 0 and below 1, got NaN",
        ),
        (
            TrainingOptions { class_weights: given(0.0), ..plain() },
            "class_weights[\"x\"]: expected a finite number above 0, got 0",
        ),
        (TrainingOptions { threads: Some(0), ..plain() }, "threads: expected 1 to 4096, got 0"),
        (TrainingOptions { clip: Clip::Value { limit: 0.0 }, ..plain() }, "got 0"),
        (
            TrainingOptions {
                regression_loss: Some(RegressionLoss::Huber { delta: -1.0 }),
                ..plain()
            },
            "got -1",
        ),
    ];
    for (options, wanted) in cases {
        let message = Trainer::new(options, small()).unwrap_err().to_string();
        assert!(message.ends_with(wanted), "{message} instead of {wanted}");
    }
}

#[test]
fn networks_out_of_range_are_named() {
    for (network, wanted) in [
        (NetworkOptions::simple(0), "layers[0].hidden_size: expected at least 1, got 0"),
        (NetworkOptions::simple(8).head_dropout(1.0), "head.dropout: expected a probability"),
        (NetworkOptions::gru(usize::MAX), "layers[0].hidden_size: expected at most"),
        (NetworkOptions::gru(8).merge(Merge::Sum), "layers[0].merge: expected concatenate, as"),
    ] {
        let message = Trainer::new(short(1), network.options()).unwrap_err().to_string();
        assert!(message.starts_with(wanted), "{message} instead of {wanted}");
    }
    let trainer = Trainer::new(short(1), NetworkOptions::gru(8).every_step().options()).unwrap();
    let message = trainer.fit(&signs(20, 1)).unwrap_err().to_string();
    assert!(message.starts_with("readout: expected a pooling over the steps"), "{message}");
}

#[test]
fn options_that_do_not_go_with_the_data_are_refused() {
    let weighted = |label: &str| {
        ClassWeights::Given(BTreeMap::from([("minus".into(), 1.0), (label.into(), 2.0)]))
    };
    let (classes, numbers) = (signs(20, 12), means(20, 12));
    let nothing = "expected validation data, or a validation fraction, beside it";
    let l1 = Some(RegressionLoss::L1);
    for (options, data, wanted) in [
        (TrainingOptions { patience: Some(3), ..short(1) }, &classes, nothing),
        (TrainingOptions { monitor: Monitor::Metric, ..short(1) }, &classes, nothing),
        (
            TrainingOptions { regression_loss: l1, ..short(1) },
            &classes,
            "regression_loss: expected targets that are numbers",
        ),
        (
            TrainingOptions { label_smoothing: 0.1, ..short(1) },
            &numbers,
            "label_smoothing: expected targets that are classes",
        ),
        (
            TrainingOptions { class_weights: ClassWeights::Balanced, ..short(1) },
            &numbers,
            "class_weights: expected targets that are classes",
        ),
        (
            TrainingOptions { class_weights: weighted("pluss"), ..short(1) },
            &classes,
            "got \"pluss\" (nearest: \"plus\")",
        ),
        (
            TrainingOptions { class_weights: weighted("minus"), ..short(1) },
            &classes,
            "expected a weight for each class, got none for \"plus\"",
        ),
    ] {
        let trainer = Trainer::new(options, small()).unwrap();
        let result = trainer.fit(data);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(wanted), "{message} instead of {wanted}");
    }
}

#[test]
fn data_without_anything_to_learn_are_refused() {
    let one_class = {
        let labels = vec!["only".into(), "never".into()];
        let targets = ClassTargets::new("kind", labels, vec![0, 0]).unwrap();
        let sequence = ndarray::array![[1.0], [2.0]];
        let sequences = [sequence.view(), sequence.view()];
        Dataset::from_sequences(&sequences, vec!["x".into()], Targets::Classes(targets)).unwrap()
    };
    let classes = signs(20, 13);
    let numbers = means(20, 13);
    let fraction = TrainingOptions { validation_fraction: 0.2, ..short(1) };
    for (options, data, validation, wanted) in [
        (short(1), &one_class, None, "expected at least two classes"),
        (fraction, &classes, Some(&classes), "validation_fraction: expected 0 beside"),
        (short(1), &classes, Some(&numbers), "expected classes as targets, got numbers"),
        (short(1), &numbers, Some(&classes), "expected numbers as targets, got classes"),
        (short(1), &classes, Some(&one_class), "expected the features a, b, got x"),
    ] {
        let trainer = Trainer::new(options, small()).unwrap();
        let result = trainer.fit(TrainingData { training: data, validation });
        let message = result.unwrap_err().to_string();
        assert!(message.contains(wanted), "{message} instead of {wanted}");
    }
}

#[test]
fn options_have_one_form_in_files() {
    let options = TrainingOptions { threads: Some(3), patience: Some(2), ..short(4) };
    let json = serde_json::to_string(&options).unwrap();
    assert!(!json.contains("threads"), "{json}");
    let read: TrainingOptions = serde_json::from_str(&json).unwrap();
    assert_eq!(read, TrainingOptions { threads: None, ..options });
    let short: TrainingOptions = serde_json::from_str(r#"{"epochs": 3, "threads": 2}"#).unwrap();
    assert_eq!((short.epochs, short.threads, short.batch_size), (Some(3), Some(2), 16));
    assert!(serde_json::from_str::<TrainingOptions>(r#"{"epoch": 3}"#).is_err());
    assert!(serde_json::from_str::<NetworkOptions>(r#"{"hidden": 3}"#).is_err());
}
