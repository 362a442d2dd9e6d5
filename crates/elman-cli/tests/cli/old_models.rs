//! Models that earlier versions saved.

use std::path::{Path, PathBuf};

use super::{Bench, vowels};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests-data/models/0.1.0")
}

/// `tests-data/models/README.md` says how the files were made.
#[test]
fn models_of_version_0_1_0_predict_what_they_predicted_then() {
    let bench = Bench::new();
    let mut models: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect();
    models.sort();
    assert_eq!(models.len(), 7);
    for model in models {
        let is_ts = model.file_stem().unwrap() == "lstm_ts";
        let data = if is_ts { vowels("JapaneseVowels_TEST.ts") } else { folder().join("data.csv") };
        let ran = bench.ok(&format!("predict {} {}", model.display(), data.display()));
        // Of the .ts file the first sequences are kept.
        let expected = std::fs::read_to_string(model.with_extension("csv")).unwrap();
        assert_eq!(expected.lines().count(), 13);
        // The ids stand under the name that they have in the data.
        let expected = if is_ts { expected } else { expected.replace("sequence,", "utterance,") };
        let found: Vec<&str> = ran.stdout.lines().take(13).collect();
        assert_eq!(found, expected.lines().collect::<Vec<_>>(), "{}", model.display());
        assert!(is_ts || ran.stdout.lines().count() == 13);
        assert!(bench.ok(&format!("inspect {}", model.display())).stdout.contains("layers.0."));
    }
}
