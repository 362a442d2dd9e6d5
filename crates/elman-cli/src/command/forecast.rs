//! Commands on dated series.

mod data;
pub mod evaluate;
mod facts;
pub mod look;
mod options;
pub mod predict;
mod rows;
pub mod score;
pub mod train;

use std::path::{Path, PathBuf};

use elman::data::RowOrder;
use elman::forecast::{Frame, FrameOptions, Recipe};
use elman::forecaster::Choice;
use elman::model::Model;

pub use facts::describe;

use super::source::{decimal, delimiter};
use crate::args::columns::SavedColumns;
use crate::args::value::Levels;
use crate::args::value::Names;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;
use crate::printer::text::list;

/// The name under which a model keeps its levels among its settings.
const LEVELS: &str = "levels";
/// How many names are shown before a list is cut.
const MOST_NAMES: usize = 16;

/// How series are read for a trained model: as those of the training, but for what is said.
pub fn options_for(recipe: &Recipe, given: &SavedColumns, target: Option<&Names>) -> FrameOptions {
    let mut options = recipe.options.frame.clone();
    let columns = &mut options.columns;
    let take = |own: &mut Option<String>, given: &Option<String>| {
        if given.is_some() {
            own.clone_from(given);
        }
    };
    take(&mut columns.sequence, &given.sequence);
    take(&mut columns.time, &given.time);
    if let Some(target) = target {
        columns.targets.clone_from(&target.0);
    }
    columns.delimiter = given.delimiter.map(delimiter).or(columns.delimiter);
    columns.decimal = given.decimal.map_or(columns.decimal, decimal);
    if given.sort {
        columns.order = RowOrder::Sort;
    }
    options
}

/// The recipe of a model that forecasts.
fn recipe<'a>(model: &'a Model<f32>, path: &Path) -> Outcome<&'a Recipe> {
    model.task().forecast().ok_or_else(|| {
        let found = format!("one that predicts {}", model.task().target_names().join(", "));
        Failure::input(path.display(), "a model trained with --task forecast", found)
    })
}

/// Says which series the model has not learnt from: it forecasts them by what others have taught it.
pub fn warn_of_unseen(frame: &Frame, recipe: &Recipe, printer: Printer) {
    let is_known = |id: &String| recipe.trained.iter().any(|trained| trained.id == *id);
    let ids = frame.series.iter().map(|series| &series.id).filter(|id| !is_known(id));
    let unseen: Vec<&String> = ids.collect();
    if !unseen.is_empty() && !recipe.trained.is_empty() {
        let names = list(&unseen, MOST_NAMES);
        printer.warn(&format!("not among the series that the model has learnt from: {names}"));
    }
}

/// Says which levels are beyond what the past errors tell apart.
fn warn_of_levels(levels: &Levels, recipe: &Recipe, printer: Printer) {
    let Some(highest) = recipe.highest_level() else { return };
    let beyond = levels.0.iter().filter(|level| **level / 100.0 > highest);
    let beyond: Vec<String> = beyond.map(|level| format!("{level} %")).collect();
    if !beyond.is_empty() {
        let most = (highest * 1000.0).floor() / 10.0;
        let names = beyond.join(", ");
        printer.warn(&format!(
            "intervals of {names} are those of {most} %, as wide as the largest past error: so few are known"
        ));
    }
}

/// Keeps the levels in the model, for `evaluate` and `predict`.
fn remember_levels(model: &mut Model<f32>, levels: &Levels) {
    let settings = &mut model.provenance_mut().settings;
    if !settings.is_object() {
        *settings = serde_json::json!({});
    }
    settings[LEVELS] = serde_json::json!(levels.0);
}

/// The name under which a model keeps how it was chosen what is done to the values.
const CHOICE: &str = "choice";

/// Keeps the choice in the model, for its report.
fn remember_choice(model: &mut Model<f32>, choice: &Choice) {
    let settings = &mut model.provenance_mut().settings;
    if !settings.is_object() {
        *settings = serde_json::json!({});
    }
    settings[CHOICE] = serde_json::json!(choice);
}

/// How it was chosen what is done to the values, if the model was trained by this program.
pub fn choice(model: &Model<f32>) -> Option<Choice> {
    let saved = model.provenance().settings.get(CHOICE)?;
    serde_json::from_value(saved.clone()).ok()
}

/// The levels that are asked for, or those of the training as far as the model can make intervals; with a
/// warning of those that it knows too little for.
fn levels(model: &Model<f32>, given: Option<&Levels>, printer: Printer) -> Levels {
    let recipe = model.task().forecast();
    if given.is_none() && recipe.is_some_and(Recipe::lacks_errors) {
        printer.warn("no intervals: the series of the training were too short for past errors");
        return Levels(vec![]);
    }
    let levels = saved_levels(model, given);
    if let Some(recipe) = recipe {
        warn_of_levels(&levels, recipe, printer);
    }
    levels
}

fn saved_levels(model: &Model<f32>, given: Option<&Levels>) -> Levels {
    let saved = || {
        let saved = model.provenance().settings.get(LEVELS).cloned().unwrap_or_default();
        Levels(serde_json::from_value(saved).unwrap_or_default())
    };
    given.cloned().unwrap_or_else(saved)
}

/// What a model is called in the header of a table: its file without the ending, as long as that is no
/// other column.
fn column_name(path: &Path) -> Outcome<String> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match stem.as_str() {
        "unique_id" | "ds" | "cutoff" | "sample_id" | "y" => {
            let expected = "a file with another name than a column of the table has";
            Err(Failure::input("<MODEL>", expected, path.display()))
        }
        _ => Ok(stem),
    }
}

/// Refuses an output that would overwrite the model or the data, before the work begins.
fn check_output(output: &Path, model: &PathBuf, data: &[PathBuf]) -> Outcome {
    let data = data.iter().map(|path| ("<DATA>", path));
    let inputs: Vec<(&str, &PathBuf)> = data.chain([("<MODEL>", model)]).collect();
    super::refuse_same_file("--output", output, &inputs)?;
    Ok(elman::io::check_writable(output)?)
}

/// Refuses the first option that was given for a model that does not forecast.
fn refuse(given: &[(&str, bool)]) -> Outcome {
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => {
            Err(Failure::input(option, "a model trained with --task forecast", "another"))
        }
    }
}

/// The library's fault, with the option that the levels of intervals come from.
fn blame_level(error: elman::Error, option: &str) -> Failure {
    match &error {
        elman::Error::Argument { name, expected, found, .. }
            if ["level", "levels"].contains(&name.as_str()) =>
        {
            Failure::input(option, expected, found)
        }
        _ => error.into(),
    }
}
