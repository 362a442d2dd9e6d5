//! How data files are read: the roles of their columns, for training and for a trained model.

use std::path::{Path, PathBuf};

use elman::data::{
    self, Calendar, Columns, Dataset, Decimal, Delimiter, Each, Format, Layout, Missing,
    ReadOptions, RowOrder, SplitOrder, Tagged, TargetKind, Targets, TokenChannel, Tokens,
};
use elman::error::{Error, Field};
use elman::model::Model;
use elman::task::Task;
use serde::{Deserialize, Serialize};

use crate::args::TrainArgs;
use crate::args::columns::{Columns as ColumnArgs, SavedColumns};
use crate::args::options::blame;
use crate::args::value::{
    DecimalChoice, DelimiterChoice, EachChoice, LayoutChoice, MissingChoice, Names, SplitChoice,
    TaskKind, UnitChoice,
};
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
    layout: Layout,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calendar: Vec<String>,
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
    let layout = layout(paths, &args.columns)?;
    if let (Layout::Tagged(_), Some(TaskKind::Classify)) = (&layout, args.task) {
        let expected = "tag for a text with a line for each word";
        return Err(Failure::input(given.name("task"), expected, "classify"));
    }
    let options = ReadOptions {
        columns,
        features: names(args.columns.features.as_ref()),
        exclude: names(args.columns.exclude.as_ref()).unwrap_or_default(),
        categories: names(args.columns.categories.as_ref()),
        each: each(args),
        layout,
        kind: match args.task {
            Some(TaskKind::Regress) => TargetKind::Values,
            // A column for each label.
            _ if args.multi_label
                && args.columns.target.as_ref().is_some_and(|t| t.0.len() > 1) =>
            {
                TargetKind::Values
            }
            _ => TargetKind::Classes { known: None },
        },
        missing: missing(args.columns.missing),
        calendar: names(args.columns.calendar.as_ref())
            .map_or(vec![], |names| names.into_iter().map(Calendar::new).collect()),
        split: match args.split {
            SplitChoice::Random => SplitOrder::Random,
            SplitChoice::Time => SplitOrder::Time,
        },
    };
    let mut data = data::read_files(paths, &options).map_err(|error| blame(error, given))?;
    if args.multi_label {
        data = data.multi_label(None)?;
    }
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
    let layout = layout(&args.train, &args.columns)?;
    let channels = training.token_channels().iter().map(TokenChannel::name).collect();
    let options = ReadOptions {
        columns: columns(std::slice::from_ref(path), &args.columns)?,
        kind: match training.targets() {
            Targets::Classes(classes) => classes_of(classes.labels(), classes.each()),
            Targets::Labels(labels) => labels_of(labels.column()),
            _ => TargetKind::Values,
        },
        each: each(args),
        ..ReadAs {
            layout,
            missing: missing(args.columns.missing),
            calendar: names(args.columns.calendar.as_ref()).unwrap_or_default(),
        }
        .options(training.feature_names(), channels)
    };
    let data = data::read(path, &options).map_err(|error| blame(error, given))?;
    match training.targets() {
        Targets::Labels(labels) => Ok(data.multi_label(Some(labels.labels()))?),
        _ => Ok(data),
    }
}

/// How labels are to be read: from the cells of a column, or each from a column of its own.
fn labels_of(column: Option<&str>) -> TargetKind {
    match column {
        Some(_) => TargetKind::Classes { known: None },
        None => TargetKind::Values,
    }
}

/// The classes to be read: those that are known, but for the steps of a text, which may have others.
fn classes_of(labels: &[String], each: Each) -> TargetKind {
    TargetKind::Classes { known: (each == Each::Sequence).then(|| labels.to_vec()) }
}

/// How the channels of a model are read from a file.
struct ReadAs {
    layout: Layout,
    missing: Missing,
    calendar: Vec<String>,
}

impl ReadAs {
    /// The options that read these channels, numeric ones and tokens.
    fn options(self, channels: &[String], tokens: Vec<&str>) -> ReadOptions {
        let ReadAs { layout, missing, calendar } = self;
        let date = |column| Calendar::as_in(column, channels);
        let calendar: Vec<Calendar> = calendar.into_iter().map(date).collect();
        let listed = matches!(layout, Layout::Long | Layout::Wide);
        let features =
            listed.then(|| missing.in_file(Calendar::others(&calendar, channels)).to_vec());
        let tokens = tokens.into_iter().map(str::to_owned).collect();
        ReadOptions {
            features,
            categories: (layout == Layout::Long).then_some(tokens),
            layout,
            missing,
            calendar,
            ..ReadOptions::default()
        }
    }
}

/// How the sequences lie in the files: as asked, or as the first one shows where no column tells
/// sequences apart.
fn layout(paths: &[PathBuf], args: &ColumnArgs) -> Outcome<Layout> {
    if let Some(column) = &args.text {
        let tokens = match args.tokens {
            UnitChoice::Bytes | UnitChoice::Characters => Tokens::Characters,
            UnitChoice::Words => Tokens::Words,
        };
        return Ok(Layout::Text { column: column.clone(), tokens });
    }
    Ok(match args.layout {
        Some(LayoutChoice::Long) => Layout::Long,
        Some(LayoutChoice::Wide) => Layout::Wide,
        Some(LayoutChoice::Words) => Layout::Tagged(Tagged::TwoColumn),
        Some(LayoutChoice::Conll) => Layout::Tagged(Tagged::Conll2003),
        Some(LayoutChoice::Conllu) => Layout::Tagged(Tagged::ConllU),
        None if args.sequence.is_some() => Layout::Long,
        None => Layout::of(paths.first().map_or(Path::new(""), PathBuf::as_path))?,
    })
}

/// What there is a target for.
fn each(args: &TrainArgs) -> Each {
    match args.each() {
        EachChoice::Step => Each::Step,
        EachChoice::Sequence => Each::Sequence,
    }
}

/// The roles of the columns, for a file that has columns.
fn columns(paths: &[PathBuf], args: &ColumnArgs) -> Outcome<Columns> {
    match format(paths)? {
        Format::Csv | Format::Conll => Ok(roles(args)),
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
        weight: args.weight.clone(),
        group: args.group.clone(),
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
        layout: layout(&args.train, &args.columns)?,
        calendar: names(args.columns.calendar.as_ref()).unwrap_or_default(),
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
    refuse_forecast(model)?;
    let kind = match model.task() {
        Task::Classify(classify) => classes_of(classify.labels(), classify.each()),
        Task::MultiLabel(labels) => labels_of(labels.column()),
        Task::Regress(_) => TargetKind::Values,
        Task::Text(_) => return Err(reads_text(model)),
    };
    let targets = match (target, format(paths)?) {
        (Some(target), _) => target.0.clone(),
        (None, Format::Csv | Format::Conll) => model.task().target_names(),
        (None, Format::Ts) => Vec::new(),
    };
    let columns = Columns { targets, ..saved_columns(paths, model, given)? };
    let data = read_for(paths, model, columns, kind)?;
    match model.task() {
        Task::MultiLabel(labels) => Ok(data.multi_label(Some(labels.labels()))?),
        _ => Ok(data),
    }
}

/// Reads data without looking for answers, for a trained model.
pub fn unanswered(paths: &[PathBuf], model: &Model<f32>, given: &SavedColumns) -> Outcome<Dataset> {
    refuse_forecast(model)?;
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

/// Refuses sequences for a model of dated series.
fn refuse_forecast(model: &Model<f32>) -> Outcome {
    if model.task().forecast().is_none() {
        return Ok(());
    }
    let hint = "elman predict goes on with series, elman evaluate --backtest measures it";
    let line = "<MODEL>: expected a model of sequences, got one that forecasts dated series";
    Err(Failure::Input(format!("{line} (hint: {hint})")))
}

fn read_for(
    paths: &[PathBuf],
    model: &Model<f32>,
    columns: Columns,
    kind: TargetKind,
) -> Outcome<Dataset> {
    let Saved { missing, layout, calendar, .. } = saved(model);
    let vocabularies = &model.inputs().vocabularies;
    let tokens = vocabularies.iter().map(|named| named.name.as_str()).collect();
    let options = ReadOptions {
        columns,
        each: model.task().each(),
        kind,
        ..ReadAs { layout, missing, calendar }.options(model.feature_names(), tokens)
    };
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
        Format::Csv | Format::Conll => saved(model),
        Format::Ts => Saved::default(),
    };
    Ok(Columns {
        sequence: given.sequence.clone().or(saved.sequence),
        time: given.time.clone().or(saved.time),
        targets: Vec::new(),
        delimiter: given.delimiter.map(delimiter).or(saved.delimiter),
        decimal: given.decimal.map_or(saved.decimal, decimal),
        order: if given.sort { RowOrder::Sort } else { saved.order },
        ..Columns::default()
    })
}

/// What the column of the ids is called in the data; `sequence` where they have none.
pub fn id_column(paths: &[PathBuf], model: &Model<f32>, given: &SavedColumns) -> Outcome<String> {
    let name = saved_columns(paths, model, given)?.sequence;
    // The columns of an answer.
    let is_free = |name: &String| name != "step" && !name.starts_with("prediction");
    Ok(name.filter(is_free).unwrap_or_else(|| "sequence".to_owned()))
}

/// A model that was not trained by this program may keep none.
fn saved(model: &Model<f32>) -> Saved {
    let saved = model.provenance().settings.get(SAVED).cloned().unwrap_or_default();
    serde_json::from_value(saved).unwrap_or_default()
}

fn names(names: Option<&Names>) -> Option<Vec<String>> {
    names.map(|names| names.0.clone())
}

/// Of the library.
pub fn decimal(choice: DecimalChoice) -> Decimal {
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

/// Of the library.
pub fn delimiter(choice: DelimiterChoice) -> Delimiter {
    match choice {
        DelimiterChoice::Comma => Delimiter::Comma,
        DelimiterChoice::Semicolon => Delimiter::Semicolon,
        DelimiterChoice::Tab => Delimiter::Tab,
    }
}
