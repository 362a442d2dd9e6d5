//! Files made at random: what is written is read back, and nothing makes a reader panic.

use std::fmt::Write as _;

use elman::data::{ClassTargets, Dataset, ReadOptions, TargetKind, Targets};
use ndarray::Array2;
use proptest::prelude::*;

use super::{TestFile, labelled};

/// Data sets of two channels with classes; every sequence has a step, as long CSV needs.
fn datasets() -> impl Strategy<Value = Dataset> {
    let value = any::<f64>().prop_filter("finite", |value| value.is_finite());
    let step = (value.clone(), value);
    let sequence = (prop::collection::vec(step, 1..6), 0usize..3);
    prop::collection::vec(sequence, 1..8).prop_map(|sequences| {
        let arrays: Vec<Array2<f64>> = sequences
            .iter()
            .map(|(steps, _)| {
                let flat: Vec<f64> = steps.iter().flat_map(|&(x, y)| [x, y]).collect();
                Array2::from_shape_vec((steps.len(), 2), flat).expect("two values a step")
            })
            .collect();
        let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
        let labels = LABELS.map(String::from).to_vec();
        let indices = sequences.iter().map(|(_, class)| *class).collect();
        let classes = ClassTargets::new("label", labels, indices).expect("three labels");
        let names = vec!["x, left".into(), "y".into()];
        Dataset::from_sequences(&views, names, Targets::Classes(classes)).expect("finite values")
    })
}

const LABELS: [&str; 3] = ["a \"b\" c", "l'été", "x,y"];

fn known() -> TargetKind {
    TargetKind::Classes { known: Some(LABELS.map(String::from).to_vec()) }
}

fn label(dataset: &Dataset, sequence: usize) -> &str {
    let Targets::Classes(classes) = dataset.targets() else { panic!("classes") };
    LABELS[classes.indices()[sequence]]
}

fn as_csv(dataset: &Dataset) -> String {
    let mut text = String::from("id,step,\"x, left\",y,label\n");
    for (index, id) in dataset.ids().iter().enumerate() {
        let label = label(dataset, index).replace('"', "\"\"");
        for (step, row) in dataset.sequence(index).expect("in range").outer_iter().enumerate() {
            writeln!(text, "{id},{step},{},{:e},\"{label}\"", row[0], row[1]).expect("a string");
        }
    }
    text
}

/// Labels of `.ts` are words, so each is written as its number among [`LABELS`].
fn as_ts(dataset: &Dataset) -> String {
    let mut text = String::from("@dimensions 2\n@classLabel true 0 1 2\n@data\n");
    for index in 0..dataset.len() {
        let sequence = dataset.sequence(index).expect("in range");
        let channels = sequence
            .columns()
            .into_iter()
            .map(|channel| channel.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        let class = LABELS.iter().position(|known| *known == label(dataset, index));
        let channels = channels.collect::<Vec<_>>().join(":");
        writeln!(text, "{channels}:{}", class.expect("a known label")).expect("a string");
    }
    text
}

/// Pieces of both formats in any order reach further into the readers than random bytes.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "id",
        "step",
        "x",
        "label",
        ",",
        ",",
        "\n",
        "\n",
        "\r",
        "\"",
        "1",
        "2",
        "1e400",
        "NaN",
        "a",
        "é",
        ":",
        "?",
        "-",
        " ",
        "\t",
        ";",
        "#",
        "2024-05-31",
        "\u{feff}",
        "@data",
        "@dimensions ",
        "@classLabel true a 1",
        "@univariate true",
        "@equalLength true",
        "@seriesLength 1",
        "@targetLabel true",
        "id,step,x,label\n",
        "a,1,2,b\n",
        "@classLabel true a b\n@data\n",
        "1,2:a\n",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// Reads the bytes in every way; the outcome may be anything but a panic.
fn read_all_ways(content: &[u8]) -> Result<(), TestCaseError> {
    for extension in ["csv", "ts"] {
        let file = TestFile::new(extension, content);
        let kinds = [TargetKind::Classes { known: None }, TargetKind::Values, known()];
        for kind in kinds {
            let columns = if extension == "csv" { labelled().columns } else { <_>::default() };
            for features in [None, Some(vec!["x".to_string()])] {
                let options = ReadOptions {
                    columns: columns.clone(),
                    features,
                    kind: kind.clone(),
                    ..ReadOptions::default()
                };
                match file.read(&options) {
                    Ok(dataset) => {
                        prop_assert_eq!(
                            dataset.values().len(),
                            dataset.total_steps() * dataset.input_size()
                        );
                        prop_assert!(dataset.values().iter().all(|value| value.is_finite()));
                        prop_assert!(dataset.lengths().iter().all(|length| *length > 0));
                    }
                    Err(error) => prop_assert!(!error.to_string().contains('\n'), "{}", error),
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn written_csv_is_read_back(dataset in datasets()) {
        let file = TestFile::new("csv", as_csv(&dataset).as_bytes());
        let read = file.read(&ReadOptions { kind: known(), ..labelled() }).expect("a good file");
        prop_assert_eq!(read.ids(), dataset.ids());
        prop_assert_eq!(read.feature_names(), dataset.feature_names());
        prop_assert_eq!(read.lengths(), dataset.lengths());
        prop_assert_eq!(bits(&read), bits(&dataset));
        prop_assert_eq!(read.targets(), dataset.targets());
    }

    #[test]
    fn written_ts_is_read_back(dataset in datasets()) {
        let file = TestFile::new("ts", as_ts(&dataset).as_bytes());
        let kind = TargetKind::Classes { known: None };
        let features = Some(dataset.feature_names().to_vec());
        let options = ReadOptions { features, kind, ..ReadOptions::default() };
        let read = file.read(&options).expect("a good file");
        prop_assert_eq!(read.ids(), dataset.ids());
        prop_assert_eq!(read.feature_names(), dataset.feature_names());
        prop_assert_eq!(read.lengths(), dataset.lengths());
        prop_assert_eq!(bits(&read), bits(&dataset));
        let Targets::Classes(found) = read.targets() else { panic!("classes") };
        let Targets::Classes(written) = dataset.targets() else { panic!("classes") };
        prop_assert_eq!(found.indices(), written.indices());
    }

    #[test]
    fn random_bytes_never_panic(content in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all_ways(&content)?;
    }

    #[test]
    fn pieces_of_files_never_panic(text in pieces()) {
        read_all_ways(text.as_bytes())?;
    }
}

/// Bits, because `0.0 == -0.0`.
fn bits(dataset: &Dataset) -> Vec<u64> {
    dataset.values().iter().map(|value| value.to_bits()).collect()
}
