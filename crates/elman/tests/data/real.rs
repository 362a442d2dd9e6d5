//! The Japanese Vowels files: what their documentation says of them, and both formats alike.

use elman::data::{Columns, Dataset, ReadOptions, Standardization, TargetKind, Targets, read};

use super::example;

const CSV: [&str; 2] = ["japanese_vowels/train.csv", "japanese_vowels/test.csv"];
const TS: [&str; 2] =
    ["japanese_vowels/JapaneseVowels_TRAIN.ts", "japanese_vowels/JapaneseVowels_TEST.ts"];

fn read_long(name: &str) -> Dataset {
    let options = ReadOptions {
        columns: Columns {
            sequence: Some("utterance".into()),
            time: Some("step".into()),
            targets: vec!["speaker".into()],
            ..Columns::default()
        },
        kind: TargetKind::Classes { known: None },
        ..ReadOptions::default()
    };
    read(example(name), &options).expect("a good file")
}

fn read_ts(name: &str) -> Dataset {
    let kind = TargetKind::Classes { known: None };
    read(example(name), &ReadOptions { kind, ..ReadOptions::default() }).expect("a good file")
}

fn class_indices(dataset: &Dataset) -> &[usize] {
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    assert_eq!(classes.labels(), ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    classes.indices()
}

/// The figures of the UCI documentation: 270 and 370 utterances of 7 to 29 frames, 30 of each
/// speaker for training and 31, 35, 88, 44, 29, 24, 40, 50 and 29 for testing.
#[test]
fn figures_are_those_of_the_documentation() {
    let [train, test] = CSV.map(read_long);
    assert_eq!((train.len(), train.total_steps()), (270, 4274));
    assert_eq!((test.len(), test.total_steps()), (370, 5687));
    for dataset in [&train, &test] {
        assert_eq!(dataset.input_size(), 12);
        assert_eq!(dataset.feature_names()[11], "lpc12");
        assert!(dataset.left_out().is_empty());
        assert!(dataset.check_trainable().is_ok());
        class_indices(dataset);
    }
    let lengths = [train.lengths(), test.lengths()].concat();
    assert_eq!((lengths.iter().min(), lengths.iter().max()), (Some(&7), Some(&29)));
    let counts = |dataset: &Dataset| match dataset.targets() {
        Targets::Classes(classes) => classes.counts(),
        _ => vec![],
    };
    assert_eq!(counts(&train), [30; 9]);
    assert_eq!(counts(&test), [31, 35, 88, 44, 29, 24, 40, 50, 29]);
}

#[test]
fn both_formats_give_the_same_numbers() {
    for (csv, ts) in CSV.iter().zip(TS) {
        let (long, archive) = (read_long(csv), read_ts(ts));
        assert_eq!(long.values(), archive.values());
        assert_eq!(long.lengths(), archive.lengths());
        assert_eq!(long.ids(), archive.ids());
        assert_eq!(class_indices(&long), class_indices(&archive));
    }
}

/// Expected: `xxh3_128` of the Python package `xxhash` 4.1.0 (xxHash 0.8.4).
#[test]
fn digest_is_that_of_xxhash_itself() {
    let source = read_long(CSV[0]).source().unwrap().clone();
    assert_eq!(source.path, example(CSV[0]));
    assert_eq!(source.digest, "24c26cd61e10da000ab498ed81549507");
}

#[test]
fn standardised_training_data_have_mean_0_and_deviation_1() {
    let train = read_long(CSV[0]);
    let scale = Standardization::of_dataset(&train).unwrap();
    let all: Vec<usize> = (0..train.len()).collect();
    let batch = train.batch::<f64>(&all, Some(&scale)).unwrap();
    let mut sums = vec![(0.0, 0.0); 12];
    for (row, &length) in batch.lengths().iter().enumerate() {
        for step in 0..length {
            for (channel, (sum, squares)) in sums.iter_mut().enumerate() {
                let value = batch.values()[[row, step, channel]];
                *sum += value;
                *squares += value * value;
            }
        }
    }
    for (sum, squares) in sums {
        // 4274 terms of size 1, each rounded by at most 2⁻⁵³ of sums below 100.
        assert!(sum.abs() < 1e-9, "{sum}");
        assert!((squares / 4274.0 - 1.0).abs() < 1e-12, "{squares}");
    }
}
