//! Commands on text.

pub mod evaluate;
pub mod generate;
pub mod score;
pub mod train;

use std::path::Path;

use elman::model::Model;
use elman::task::{Task, TextTask};
use elman::text::Tokenizer;

use crate::args::columns::SavedColumns;
use crate::failure::{Failure, Outcome};

/// A model of text from a file.
fn load(path: &Path) -> Outcome<Model<f32>> {
    let model = Model::<f32>::load(path)?;
    task(&model, path)?;
    Ok(model)
}

/// What a model says of text.
fn task<'a>(model: &'a Model<f32>, path: &Path) -> Outcome<&'a TextTask> {
    match model.task() {
        Task::Text(task) => Ok(task),
        other => {
            let found = format!("one that predicts {}", other.target_names().join(", "));
            Err(Failure::input(path.display(), "a model trained with --task text", found))
        }
    }
}

/// Refuses columns, which a text has none of.
pub fn refuse_columns(columns: &SavedColumns, has_target: bool) -> Outcome {
    let given = [
        ("--target", has_target),
        ("--sequence", columns.sequence.is_some()),
        ("--time", columns.time.is_some()),
        ("--delimiter", columns.delimiter.is_some()),
        ("--decimal", columns.decimal.is_some()),
        ("--sort", columns.sort),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => {
            Err(Failure::input(option, "a model of sequences", "one of text, which has no columns"))
        }
    }
}

/// The lines of a file as tokens, without the line breaks.
pub fn lines(file: &Path, tokenizer: &Tokenizer) -> Outcome<Vec<Vec<u32>>> {
    let bytes = std::fs::read(file).map_err(|error| elman::Error::io(file, "read", error))?;
    let name = file.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let found = format!("the byte 0x{:02x} at offset {at}", error.as_bytes()[at]);
        Failure::input(&name, "text in UTF-8", found)
    })?;
    if text.is_empty() {
        return Err(Failure::input(name, "at least one line of text", "an empty file"));
    }
    let line = |(index, line): (usize, &str)| {
        let place = |error| Failure::Input(format!("{name}: row {}, {error}", index + 1));
        tokenizer.encode(line).map_err(place)
    };
    text.lines().enumerate().map(line).collect()
}
