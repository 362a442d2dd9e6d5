//! The `elman` command end to end, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cli/accuracy.rs"]
mod accuracy;
#[path = "cli/arguments.rs"]
mod arguments;
#[path = "cli/bad_data.rs"]
mod bad_data;
#[path = "cli/bad_models.rs"]
mod bad_models;
#[path = "cli/bits.rs"]
mod bits;
#[path = "cli/dates.rs"]
mod dates;
#[path = "cli/forecast.rs"]
mod forecast;
#[path = "cli/interrupt.rs"]
mod interrupt;
#[path = "cli/look.rs"]
mod look;
#[path = "cli/memory.rs"]
mod memory;
#[path = "cli/numbers.rs"]
mod numbers;
#[path = "cli/old_models.rs"]
mod old_models;
#[path = "cli/pipes.rs"]
mod pipes;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/resume.rs"]
mod resume;
#[path = "cli/schema.rs"]
mod schema;
#[path = "cli/see.rs"]
mod see;
#[path = "cli/text.rs"]
mod text;
#[path = "cli/texts.rs"]
mod texts;
#[path = "cli/train.rs"]
mod train;
#[path = "cli/use_model.rs"]
mod use_model;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;

/// A folder with small data to train on, and the command run inside it.
///
/// Paths are given relative to the folder, so that messages do not depend on where it is.
struct Bench {
    folder: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Bench {
    /// A folder with `train.csv` and `test.csv` (classes), `numbers.csv` (a number to predict).
    fn new() -> Self {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        bench.write("train.csv", waves(24, 0));
        bench.write("test.csv", waves(10, 100));
        bench.write("numbers.csv", numbers(20));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The names of the files in the folder, sorted.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command with these arguments, separated by spaces.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::cargo_bin("elman").unwrap();
        command.current_dir(self.folder.path()).args(arguments.split_whitespace());
        command.env_remove("ELMAN_LEVEL").env_remove("NO_COLOR").env("COLUMNS", "100");
        command
    }

    fn run(&self, arguments: &str) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command that must succeed.
    fn ok(&self, arguments: &str) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments}\n{}", ran.stderr);
        ran
    }

    /// Trains on the classes with a few small epochs; `m.safetensors` is the model.
    fn train(&self, more: &str) -> Ran {
        self.ok(&format!("{TRAIN} -o m.safetensors {more}"))
    }
}

/// Trains on the classes; the output is still to be named.
const TRAIN: &str = "train train.csv --sequence id --time step --target kind --task classify \
                     --hidden-size 6 --epochs 3 --batch-size 8";

impl Ran {
    fn of(output: Output) -> Self {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything, for a snapshot.
    fn shown(&self) -> String {
        format!("exit code {:?}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The text with every digit of numbers with a decimal point hidden: their layout stays.
fn masked(text: &str) -> String {
    let mask = |word: &str| match word.contains('.') && word.parse::<f64>().is_ok() {
        true => word.replace(|c: char| c.is_ascii_digit(), "#"),
        false => word.to_owned(),
    };
    let pieces = text.split_inclusive([' ', '\n']);
    pieces
        .map(|piece| {
            let word = piece.trim_end_matches([' ', '\n', ';', ',']);
            mask(word) + &piece[word.len()..]
        })
        .collect()
}

/// Sequences of 3 to 6 steps of a channel `x` that rises or falls and a channel `y` that says
/// nothing; a text column and a numeric one that is not a channel.
fn waves(count: usize, first: usize) -> String {
    let mut text = "id,step,x,y,note,kind,site\n".to_owned();
    for id in first..first + count {
        let (kind, slope) = if id % 2 == 0 { ("rise", 0.5) } else { ("fall", -0.5) };
        for step in 0..3 + id % 4 {
            let x = slope * step as f64 + 0.1 * (id % 5) as f64;
            let y = ((id * 7 + step * 3) % 11) as f64 / 10.0;
            writeln!(text, "s{id},{step},{x},{y},ok,{kind},{}", id % 3).unwrap();
        }
    }
    text
}

/// Sequences of 4 steps whose `total` is the sum of the channel `x`, `half` a half of it.
fn numbers(count: usize) -> String {
    let mut text = "id,step,x,total,half\n".to_owned();
    for id in 0..count {
        let values: Vec<f64> = (0..4).map(|step| ((id * 5 + step * 3) % 9) as f64 - 4.0).collect();
        let total: f64 = values.iter().sum();
        for (step, x) in values.iter().enumerate() {
            writeln!(text, "{id},{step},{x},{total},{}", total / 2.0).unwrap();
        }
    }
    text
}

/// The Japanese Vowels data of the repository.
fn vowels(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/japanese_vowels");
    Path::new(folder).join(name)
}
