//! How data files are read: the roles of their columns, for training and for a trained model.

use std::path::Path;

use elman::Error;
use elman::data::{
    self, Columns, Dataset, Delimiter, Format, ReadOptions, RowOrder, TargetKind, Targets,
};
use elman::model::Model;
use elman::task::Task;
use serde::{Deserialize, Serialize};

use crate::args::TrainArgs;
use crate::args::columns::{Columns as ColumnArgs, SavedColumns};
use crate::args::options::blame;
use crate::args::value::{DelimiterChoice, Names, TaskKind};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// The name under which a model keeps its columns among its settings.
const SAVED: &str = "columns";

/// The columns that a model was trained with, as it keeps them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    sequence: Option<String>,
    time: Option<String>,
    delimiter: Delimiter,
    order: RowOrder,
}

/// Reads the training data.
pub fn training(path: &Path, args: &TrainArgs, given: &Given) -> Outcome<Dataset> {
    let further = [&args.validation, &args.test].into_iter().flatten();
    let mut is_csv = false;
    for path in further {
        is_csv |= Format::of(path)? == Format::Csv;
    }
    // Roles of columns that no file has are left for the reader to refuse.
    let columns = if is_csv { columns(path, &args.columns)? } else { roles(&args.columns) };
    let options = ReadOptions {
        columns,
        features: names(args.columns.features.as_ref()),
        exclude: names(args.columns.exclude.as_ref()).unwrap_or_default(),
        kind: match args.task {
            Some(TaskKind::Regress) => TargetKind::Values,
            _ => TargetKind::Classes { known: None },
        },
    };
    let data = data::read(path, &options).map_err(|error| blame(error, given))?;
    data.check_trainable()?;
    Ok(data)
}

/// Reads further data for a training run: the same channels, and no other classes.
pub fn further(
    path: &Path,
    training: &Dataset,
    args: &TrainArgs,
    given: &Given,
) -> Outcome<Dataset> {
    let options = ReadOptions {
        columns: columns(path, &args.columns)?,
        features: Some(training.feature_names().to_vec()),
        exclude: Vec::new(),
        kind: match training.targets() {
            Targets::Classes(classes) => {
                TargetKind::Classes { known: Some(classes.labels().to_vec()) }
            }
            _ => TargetKind::Values,
        },
    };
    data::read(path, &options).map_err(|error| blame(error, given))
}

/// The roles of the columns, for a file that has columns.
fn columns(path: &Path, args: &ColumnArgs) -> Outcome<Columns> {
    match Format::of(path)? {
        Format::Csv => Ok(roles(args)),
        Format::Ts => Ok(Columns::default()),
    }
}

fn roles(args: &ColumnArgs) -> Columns {
    Columns {
        sequence: args.sequence.clone(),
        time: args.time.clone(),
        targets: names(args.target.as_ref()).unwrap_or_default(),
        delimiter: delimiter(args.delimiter),
        order: order(args.sort),
    }
}

/// Keeps the roles of the columns in the model, for `evaluate` and `predict`.
pub fn remember(model: &mut Model<f32>, args: &TrainArgs) -> Outcome {
    let ColumnArgs { sequence, time, .. } = args.columns.clone();
    let (delimiter, order) = (delimiter(args.columns.delimiter), order(args.columns.sort));
    let saved = Saved { sequence, time, delimiter, order };
    let saved = serde_json::to_value(saved)
        .map_err(|error| Failure::Fault(format!("the columns are no JSON: {error}")))?;
    let settings = &mut model.provenance_mut().settings;
    if !settings.is_object() {
        *settings = serde_json::json!({});
    }
    settings[SAVED] = saved;
    Ok(())
}

/// Reads data with the answers, for a trained model.
pub fn answered(
    path: &Path,
    model: &Model<f32>,
    given: &SavedColumns,
    target: Option<&Names>,
) -> Outcome<Dataset> {
    let kind = match model.task() {
        Task::Classify(classify) => TargetKind::Classes { known: Some(classify.labels().to_vec()) },
        Task::Regress(_) => TargetKind::Values,
    };
    let targets = match (target, Format::of(path)?) {
        (Some(target), _) => target.0.clone(),
        (None, Format::Csv) => model.task().target_names(),
        (None, Format::Ts) => Vec::new(),
    };
    read_for(path, model, Columns { targets, ..saved_columns(path, model, given)? }, kind)
}

/// Reads data without looking for answers, for a trained model.
pub fn unanswered(path: &Path, model: &Model<f32>, given: &SavedColumns) -> Outcome<Dataset> {
    read_for(path, model, saved_columns(path, model, given)?, TargetKind::None)
}

fn read_for(
    path: &Path,
    model: &Model<f32>,
    columns: Columns,
    kind: TargetKind,
) -> Outcome<Dataset> {
    let features = Some(model.feature_names().to_vec());
    let options = ReadOptions { columns, features, exclude: Vec::new(), kind };
    data::read(path, &options).map_err(|error| match &error {
        // They are the model's, no option of the command.
        Error::Argument { name, .. } if name == "features" => error.into(),
        _ => blame(error, &Given::default()),
    })
}

/// The columns that the model keeps, but for those given. Of those given for a `.ts` file, which has
/// no columns, the reader says that they are wrong.
fn saved_columns(path: &Path, model: &Model<f32>, given: &SavedColumns) -> Outcome<Columns> {
    let saved = match Format::of(path)? {
        Format::Csv => saved(model),
        Format::Ts => Saved::default(),
    };
    Ok(Columns {
        sequence: given.sequence.clone().or(saved.sequence),
        time: given.time.clone().or(saved.time),
        targets: Vec::new(),
        delimiter: given.delimiter.map_or(saved.delimiter, delimiter),
        order: if given.sort { RowOrder::Sort } else { saved.order },
    })
}

/// A model that was not trained by this program may keep none.
fn saved(model: &Model<f32>) -> Saved {
    let saved = model.provenance().settings.get(SAVED).cloned().unwrap_or_default();
    serde_json::from_value(saved).unwrap_or_default()
}

fn names(names: Option<&Names>) -> Option<Vec<String>> {
    names.map(|names| names.0.clone())
}

fn order(sort: bool) -> RowOrder {
    if sort { RowOrder::Sort } else { RowOrder::AsGiven }
}

fn delimiter(choice: DelimiterChoice) -> Delimiter {
    match choice {
        DelimiterChoice::Comma => Delimiter::Comma,
        DelimiterChoice::Semicolon => Delimiter::Semicolon,
        DelimiterChoice::Tab => Delimiter::Tab,
    }
}
