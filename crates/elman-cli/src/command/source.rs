//! How data files are read: the roles of their columns, for training and for a trained model.

use std::path::{Path, PathBuf};

use elman::data::{
    self, Columns, Dataset, Decimal, Delimiter, Format, Missing, ReadOptions, RowOrder, TargetKind,
    Targets,
};
use elman::error::{Error, Field};
use elman::model::Model;
use elman::task::Task;
use serde::{Deserialize, Serialize};

use crate::args::TrainArgs;
use crate::args::columns::{Columns as ColumnArgs, SavedColumns};
use crate::args::options::blame;
use crate::args::value::{DecimalChoice, DelimiterChoice, MissingChoice, Names, TaskKind};
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
    delimiter: Option<Delimiter>,
    decimal: Decimal,
    order: RowOrder,
    missing: Missing,
}

/// Reads the training data.
pub fn training(args: &TrainArgs, given: &Given) -> Outcome<Dataset> {
    let paths = &args.train;
    let further = [&args.validation, &args.test].into_iter().flatten();
    let mut is_csv = false;
    for path in further {
        is_csv |= Format::of(path)? == Format::Csv;
    }
    // Roles of columns that no file has are left for the reader to refuse.
    let columns = if is_csv { columns(paths, &args.columns)? } else { roles(&args.columns) };
    let options = ReadOptions {
        columns,
        features: names(args.columns.features.as_ref()),
        exclude: names(args.columns.exclude.as_ref()).unwrap_or_default(),
        kind: match args.task {
            Some(TaskKind::Regress) => TargetKind::Values,
            _ => TargetKind::Classes { known: None },
        },
        missing: missing(args.columns.missing),
    };
    let data = data::read_files(paths, &options).map_err(|error| blame(error, given))?;
    data.check_trainable()?;
    Ok(data)
}

/// Reads further data for a training run: the same channels, and no other classes.
pub fn further(
    path: &PathBuf,
    training: &Dataset,
    args: &TrainArgs,
    given: &Given,
) -> Outcome<Dataset> {
    let missing = missing(args.columns.missing);
    let options = ReadOptions {
        columns: columns(std::slice::from_ref(path), &args.columns)?,
        features: Some(missing.in_file(training.feature_names()).to_vec()),
        exclude: Vec::new(),
        kind: match training.targets() {
            Targets::Classes(classes) => {
                TargetKind::Classes { known: Some(classes.labels().to_vec()) }
            }
            _ => TargetKind::Values,
        },
        missing,
    };
    data::read(path, &options).map_err(|error| blame(error, given))
}

/// The roles of the columns, for a file that has columns.
fn columns(paths: &[PathBuf], args: &ColumnArgs) -> Outcome<Columns> {
    match format(paths)? {
        Format::Csv => Ok(roles(args)),
        Format::Ts => Ok(Columns::default()),
    }
}

/// The format of the first file; the reader sees to the others.
fn format(paths: &[PathBuf]) -> Outcome<Format> {
    Ok(Format::of(paths.first().map_or(Path::new(""), PathBuf::as_path))?)
}

fn roles(args: &ColumnArgs) -> Columns {
    Columns {
        sequence: args.sequence.clone(),
        time: args.time.clone(),
        targets: names(args.target.as_ref()).unwrap_or_default(),
        delimiter: args.delimiter.map(delimiter),
        decimal: decimal(args.decimal),
        order: order(args.sort),
    }
}

/// Keeps the roles of the columns in the model, for `evaluate` and `predict`.
pub fn remember(model: &mut Model<f32>, args: &TrainArgs) -> Outcome {
    let ColumnArgs { sequence, time, .. } = args.columns.clone();
    let saved = Saved {
        sequence,
        time,
        delimiter: args.columns.delimiter.map(delimiter),
        decimal: decimal(args.columns.decimal),
        order: order(args.columns.sort),
        missing: missing(args.columns.missing),
    };
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
    paths: &[PathBuf],
    model: &Model<f32>,
    given: &SavedColumns,
    target: Option<&Names>,
) -> Outcome<Dataset> {
    let kind = match model.task() {
        Task::Classify(classify) => TargetKind::Classes { known: Some(classify.labels().to_vec()) },
        Task::Regress(_) => TargetKind::Values,
        Task::Text(_) => return Err(reads_text(model)),
    };
    let targets = match (target, format(paths)?) {
        (Some(target), _) => target.0.clone(),
        (None, Format::Csv) => model.task().target_names(),
        (None, Format::Ts) => Vec::new(),
    };
    read_for(paths, model, Columns { targets, ..saved_columns(paths, model, given)? }, kind)
}

/// Reads data without looking for answers, for a trained model.
pub fn unanswered(paths: &[PathBuf], model: &Model<f32>, given: &SavedColumns) -> Outcome<Dataset> {
    if matches!(model.task(), Task::Text(_)) {
        return Err(reads_text(model));
    }
    read_for(paths, model, saved_columns(paths, model, given)?, TargetKind::None)
}

/// Refuses sequences for a model of text.
fn reads_text(model: &Model<f32>) -> Failure {
    let expected = "a model of sequences";
    let found = format!("one of text ({})", model.task().target_names().join(", "));
    let hint = "elman generate writes text, elman score measures it";
    Failure::Input(format!("<MODEL>: expected {expected}, got {found} (hint: {hint})"))
}

fn read_for(
    paths: &[PathBuf],
    model: &Model<f32>,
    columns: Columns,
    kind: TargetKind,
) -> Outcome<Dataset> {
    let missing = saved(model).missing;
    let features = Some(missing.in_file(model.feature_names()).to_vec());
    let options = ReadOptions { columns, features, exclude: Vec::new(), kind, missing };
    data::read_files(paths, &options).map_err(|error| match &error {
        // They are the model's, no option of the command.
        Error::Argument { field: Some(Field::Features), .. } => error.into(),
        _ => blame(error, &Given::default()),
    })
}

/// The columns that the model keeps, but for those given. Of those given for a `.ts` file, which has
/// no columns, the reader says that they are wrong.
fn saved_columns(paths: &[PathBuf], model: &Model<f32>, given: &SavedColumns) -> Outcome<Columns> {
    let saved = match format(paths)? {
        Format::Csv => saved(model),
        Format::Ts => Saved::default(),
    };
    Ok(Columns {
        sequence: given.sequence.clone().or(saved.sequence),
        time: given.time.clone().or(saved.time),
        targets: Vec::new(),
        delimiter: given.delimiter.map(delimiter).or(saved.delimiter),
        decimal: given.decimal.map_or(saved.decimal, decimal),
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

fn decimal(choice: DecimalChoice) -> Decimal {
    match choice {
        DecimalChoice::Point => Decimal::Point,
        DecimalChoice::Comma => Decimal::Comma,
    }
}

fn missing(choice: MissingChoice) -> Missing {
    match choice {
        MissingChoice::Refuse => Missing::Refuse,
        MissingChoice::Mask => Missing::Mask,
        MissingChoice::Last => Missing::Last,
    }
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
