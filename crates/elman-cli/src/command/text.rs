//! Commands on text.

pub mod evaluate;
pub mod generate;
pub mod score;
pub mod train;

use std::path::Path;

use elman::model::Model;
use elman::task::{Task, TextTask};

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
