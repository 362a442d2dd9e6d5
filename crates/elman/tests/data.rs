//! Reading, standardising and splitting data sets.

#[path = "data/csv.rs"]
mod csv;
#[path = "data/csv_faults.rs"]
mod csv_faults;
#[path = "data/forecast_metrics.rs"]
mod forecast_metrics;
#[path = "data/generated.rs"]
mod generated;
#[path = "data/layouts.rs"]
mod layouts;
#[path = "data/memory.rs"]
mod memory;
#[path = "data/missing.rs"]
mod missing;
#[path = "data/real.rs"]
mod real;
#[path = "data/smells.rs"]
mod smells;
#[path = "data/sources.rs"]
mod sources;
#[path = "data/tagged.rs"]
mod tagged;
#[path = "data/tokens.rs"]
mod tokens;
#[path = "data/ts.rs"]
mod ts;

use std::path::{Path, PathBuf};

use elman::data::{Columns, Dataset, ReadOptions, TargetKind, read};
use elman::error::Result;

/// A bad file and what is said of it, without the path in front.
struct Case {
    fact: &'static str,
    content: &'static [u8],
    message: &'static str,
}

/// Reads each file and reports every case whose message differs.
fn check_messages(extension: &str, options: &ReadOptions, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let file = TestFile::new(extension, case.content);
        let message = match read(&file.path, options) {
            Ok(dataset) => format!("no error but {} sequences", dataset.len()),
            Err(error) => file.without_path(&error.to_string()),
        };
        if message != case.message {
            wrong.push(format!("{}\n  expected {}\n  got      {message}", case.fact, case.message));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file in a folder of its own, which goes away with it.
struct TestFile {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl TestFile {
    fn new(extension: &str, content: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(format!("data.{extension}"));
        std::fs::write(&path, content).expect("a temporary file");
        TestFile { _folder: folder, path }
    }

    fn read(&self, options: &ReadOptions) -> Result<Dataset> {
        read(&self.path, options)
    }

    fn without_path(&self, message: &str) -> String {
        message.replace(&format!("{}: ", self.path.display()), "")
    }
}

/// The options of a file with columns `id`, `step` and `label`.
fn labelled() -> ReadOptions {
    ReadOptions {
        columns: Columns {
            sequence: Some("id".into()),
            time: Some("step".into()),
            targets: vec!["label".into()],
            ..Columns::default()
        },
        kind: TargetKind::Classes { known: None },
        ..ReadOptions::default()
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data")).join(name)
}
