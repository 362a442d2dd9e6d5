//! What a file holds and how one would train on it, found out without being told.

use std::path::PathBuf;

use serde::Serialize;

use super::csv::{Column, Survey, Within, survey, within};
use super::format::{Format, read_files};
use super::layout::{Layout, Tagged, is_running_text};
use super::options::{Columns, ReadOptions, TargetKind};
use super::{Dataset, Each, Targets, file};
use crate::error::{Error, Result};

/// The most classes of a column of whole numbers that is taken for classes.
const MOST_CLASSES: usize = 20;

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// How the sequences lie in it: `long`, `wide`, `text`, `ts`, or a format of tagged words.
    pub layout: &'static str,
    /// The columns of a table.
    pub columns: Vec<ColumnLook>,
    /// The lengths of the sequences.
    pub lengths: Option<LengthsLook>,
    /// What could play each role, the best first.
    pub candidates: Vec<Candidate>,
    /// What is suspicious.
    pub smells: Vec<String>,
    /// What to say to `elman train`, one argument each, the files apart; empty where no target was
    /// found.
    pub arguments: Vec<String>,
}

/// What was found in a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnLook {
    /// Its name.
    pub name: String,
    /// `number`, `date`, `text` or `empty`; `mixed` for text among numbers.
    pub kind: &'static str,
    /// The cells without a value.
    pub missing: usize,
    /// The number of different values; none if there are more than 100,000.
    pub distinct: Option<usize>,
    /// The smallest and the largest number.
    pub range: Option<[f64; 2]>,
    /// The first value; of a mixed column the first text.
    pub example: String,
}

/// The lengths of sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LengthsLook {
    /// How many sequences there are.
    pub sequences: usize,
    /// The shortest length.
    pub min: usize,
    /// The longest.
    pub max: usize,
}

/// A column that could play a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// `sequence`, `time`, `target` or `text`.
    pub role: &'static str,
    /// The column.
    pub column: String,
    /// Why.
    pub reason: String,
}

/// Looks at a file, or at several tables with one header.
///
/// ```
/// use elman::data::{Columns, look};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("names.csv");
/// std::fs::write(&path, "take,t,x,gesture\n0,0,0.1,wave\n0,1,0.3,wave\n1,0,0.9,push\n1,1,0.2,push\n")?;
/// let found = look(&[path], &Columns::default())?;
/// assert_eq!(found.layout, "long");
/// let wanted = "--sequence take --time t --target gesture --task classify";
/// assert_eq!(found.arguments.join(" "), wanted);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Files that cannot be read, or standard input, which cannot be read twice.
pub fn look(paths: &[PathBuf], columns: &Columns) -> Result<Look> {
    let Some(first) = paths.first() else {
        return Err(Error::argument("data", "at least one file", "none"));
    };
    if super::input::is_standard_input(first) {
        return Err(Error::argument("data", "a file, which is read twice", "standard input"));
    }
    match (Format::of(first)?, Layout::of(first)?) {
        (Format::Ts, _) => of_ts(paths),
        (_, Layout::Tagged(format)) => of_tags(paths, format),
        (_, Layout::Wide) => of_wide(paths, columns),
        (_, Layout::Long | Layout::Text { .. }) => match of_table(paths, columns) {
            Err(_) if is_running_text(first)? => Ok(of_text()),
            look => look,
        },
    }
}

/// What is to be read from its first character to its last.
fn of_text() -> Look {
    Look {
        layout: "running text",
        columns: vec![],
        lengths: None,
        candidates: vec![],
        smells: vec![],
        arguments: ["--task", "text"].map(String::from).to_vec(),
    }
}

fn plain(layout: &'static str, data: &Dataset, arguments: &[&str]) -> Look {
    Look {
        layout,
        columns: vec![],
        lengths: lengths(&data.lengths()),
        candidates: vec![],
        smells: data.smells().iter().map(ToString::to_string).collect(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
    }
}

fn lengths(lengths: &[usize]) -> Option<LengthsLook> {
    let (min, max) = (*lengths.iter().min()?, *lengths.iter().max()?);
    Some(LengthsLook { sequences: lengths.len(), min, max })
}

fn of_ts(paths: &[PathBuf]) -> Result<Look> {
    let read = |kind| read_files(paths, &ReadOptions { kind, ..ReadOptions::default() });
    match read(TargetKind::Classes { known: None }) {
        Ok(data) => Ok(plain("ts", &data, &["--task", "classify"])),
        // A file of numbers has no classes.
        Err(error) => match read(TargetKind::Values) {
            Ok(data) => Ok(plain("ts", &data, &["--task", "regress"])),
            Err(_) => Err(error),
        },
    }
}

fn of_tags(paths: &[PathBuf], format: Tagged) -> Result<Look> {
    let options = ReadOptions {
        layout: format.into(),
        each: Each::Step,
        kind: TargetKind::Classes { known: None },
        ..ReadOptions::default()
    };
    let layout = match format {
        Tagged::TwoColumn => "two-column",
        Tagged::Conll2003 => "conll-2003",
        Tagged::ConllU => "conll-u",
    };
    Ok(plain(layout, &read_files(paths, &options)?, &["--task", "tag"]))
}

fn of_wide(paths: &[PathBuf], columns: &Columns) -> Result<Look> {
    let options = |kind| ReadOptions {
        layout: Layout::Wide,
        kind,
        columns: Columns {
            delimiter: columns.delimiter,
            decimal: columns.decimal,
            ..Columns::default()
        },
        ..ReadOptions::default()
    };
    let data = read_files(paths, &options(TargetKind::Classes { known: None }))?;
    let classes = match data.targets() {
        Targets::Classes(classes) => classes.labels().to_vec(),
        Targets::None | Targets::Values(_) | Targets::Labels(_) => vec![],
    };
    let is_number = |label: &String| file::number(label).is_ok_and(|value| value.fract() != 0.0);
    let task = if classes.iter().any(is_number) { "regress" } else { "classify" };
    Ok(plain("wide", &data, &["--layout", "wide", "--task", task]))
}

fn of_table(paths: &[PathBuf], columns: &Columns) -> Result<Look> {
    let survey = survey(paths, columns)?;
    let sequences = sequences(&survey);
    let (rest, layout) = match sequences.first() {
        Some(&sequence) => {
            let within = within(paths, columns, sequence)?;
            let long = of_sequences(&survey, &within, sequence);
            // Rows that are sorted by their class stand in blocks, too.
            match (long.arguments.is_empty(), of_rows(&survey)) {
                (true, text) if !text.arguments.is_empty() => (text, "text"),
                _ => (long, "long"),
            }
        }
        None => (of_rows(&survey), "text"),
    };
    let Found { mut candidates, smells, arguments, lengths } = rest;
    let others = if layout == "long" { sequences.as_slice() } else { &[] };
    let others = others.iter().skip(1).map(|&index| in_blocks(&survey.columns[index]));
    candidates.extend(others);
    let thousands = survey.columns.iter().filter_map(thousands);
    Ok(Look {
        layout,
        columns: survey.columns.iter().map(column_look).collect(),
        lengths,
        candidates,
        smells: smells.into_iter().chain(thousands).collect(),
        arguments,
    })
}

fn column_look(column: &Column) -> ColumnLook {
    let kind = match column {
        Column { numbers: 0, dates: 0, texts: 0, .. } => "empty",
        Column { dates: 0, texts: 0, .. } => "number",
        Column { numbers: 0, texts: 0, .. } => "date",
        Column { numbers: 0, dates: 0, .. } => "text",
        _ => "mixed",
    };
    let text = column.text.clone().filter(|_| kind == "mixed");
    ColumnLook {
        name: column.name.clone(),
        kind,
        missing: column.missing,
        distinct: column.distinct(),
        range: column.range,
        example: text.unwrap_or_else(|| column.example.clone()),
    }
}

/// A text that is a number but for its commas.
fn thousands(column: &Column) -> Option<String> {
    let text = column.text.as_ref()?;
    let is_number = text.contains(',') && file::number(&text.replace(',', "")).is_ok();
    is_number.then(|| {
        let (name, text) = (&column.name, file::quote(text));
        format!("column {name:?} holds {text}, which is read as text: a comma between thousands?")
    })
}

/// The columns that may tell sequences apart, that of the most sequences first.
fn sequences(survey: &Survey) -> Vec<usize> {
    let mut found: Vec<usize> = (0..survey.columns.len())
        .filter(|&index| {
            let column = &survey.columns[index];
            let count = column.distinct().unwrap_or(0);
            !column.name.is_empty()
                && column.is_in_blocks()
                && (2..survey.rows).contains(&count)
                && (column.numbers == 0 || column.is_whole)
        })
        .collect();
    found.sort_by_key(|&index| (std::cmp::Reverse(survey.columns[index].distinct()), index));
    found
}

fn in_blocks(column: &Column) -> Candidate {
    let count = column.distinct().unwrap_or(0);
    let reason = format!("the rows of each of its {count} values stand together");
    Candidate { role: "sequence", column: column.name.clone(), reason }
}

/// What follows from the columns.
struct Found {
    candidates: Vec<Candidate>,
    smells: Vec<String>,
    arguments: Vec<String>,
    lengths: Option<LengthsLook>,
}

fn of_sequences(survey: &Survey, within: &Within, sequence: usize) -> Found {
    let columns = &survey.columns;
    let time = (0..columns.len()).find(|&index| index != sequence && within.grows[index]);
    let count = within.lengths.len();
    let mut targets: Vec<usize> = (0..columns.len())
        .filter(|&index| {
            let varies = columns[index].distinct().is_some_and(|values| values > 1);
            index != sequence && Some(index) != time && within.is_constant[index] && varies
        })
        .collect();
    // The answer usually stands last, and rather in words than in numbers.
    targets.sort_by_key(|&index| (columns[index].texts == 0, std::cmp::Reverse(index)));
    let mut candidates = vec![in_blocks(&columns[sequence])];
    candidates.extend(time.map(|index| {
        let reason = "it grows from row to row of each sequence".to_string();
        Candidate { role: "time", column: columns[index].name.clone(), reason }
    }));
    candidates.extend(targets.iter().map(|&index| {
        let values = columns[index].distinct().unwrap_or(0);
        let reason = format!("the same in all rows of a sequence, {values} values");
        Candidate { role: "target", column: columns[index].name.clone(), reason }
    }));
    let mut arguments = Vec::new();
    if let Some(&target) = targets.first() {
        arguments.extend(["--sequence".to_string(), columns[sequence].name.clone()]);
        if let Some(time) = time {
            arguments.extend(["--time".to_string(), columns[time].name.clone()]);
        }
        let task = if is_class(&columns[target], count) { "classify" } else { "regress" };
        arguments.extend(["--target".to_string(), columns[target].name.clone()]);
        arguments.extend(["--task".to_string(), task.to_string()]);
        let others: Vec<&str> = targets.iter().skip(1).map(|&i| columns[i].name.as_str()).collect();
        if !others.is_empty() {
            arguments.extend(["--exclude".to_string(), others.join(",")]);
        }
        let is_channel = |index: &usize| {
            ![Some(sequence), time].contains(&Some(*index)) && !targets.contains(index)
        };
        let mut channels = (0..columns.len()).filter(is_channel);
        if channels.any(|index| columns[index].missing > 0 && columns[index].numbers > 0) {
            arguments.extend(["--missing".to_string(), "mask".to_string()]);
        }
    }
    let mut smells: Vec<String> = targets
        .iter()
        .skip(1)
        .map(|&index| {
            let name = &columns[index].name;
            format!("column {name:?} is constant within every sequence: it may name a person or a recording")
        })
        .collect();
    if within.lengths.iter().all(|length| *length == 1) {
        smells.push("every sequence has one step: is the sequence column a date?".to_string());
    }
    Found { candidates, smells, arguments, lengths: lengths(&within.lengths) }
}

/// Whether the values of a target are classes.
fn is_class(column: &Column, sequences: usize) -> bool {
    let values = column.distinct().unwrap_or(usize::MAX);
    column.texts > 0 || (column.is_whole && values <= MOST_CLASSES && 2 * values <= sequences)
}

/// A table in which no column tells sequences apart: a text in each row, perhaps.
fn of_rows(survey: &Survey) -> Found {
    let columns = &survey.columns;
    let values = |column: &&Column| column.distinct().unwrap_or(usize::MAX);
    let is_text = |column: &&Column| column.numbers == 0 && column.dates == 0 && column.texts > 0;
    let text = columns.iter().filter(is_text).max_by_key(values);
    let text = text.filter(|text| 2 * values(text) > survey.rows || values(text) > MOST_CLASSES);
    let Some(text) = text else {
        return Found { candidates: vec![], smells: vec![], arguments: vec![], lengths: None };
    };
    let mut others = columns.iter().filter(|column| column.name != text.name);
    let target = others.rfind(|column| (2..=survey.rows / 2).contains(&values(column)));
    let mut candidates = vec![Candidate {
        role: "text",
        column: text.name.clone(),
        reason: format!("{} different texts", values(&text)),
    }];
    let mut arguments = Vec::new();
    if let Some(target) = target {
        let reason = format!("{} values in {} rows", values(&target), survey.rows);
        candidates.push(Candidate { role: "target", column: target.name.clone(), reason });
        let task = if is_class(target, survey.rows) { "classify" } else { "regress" };
        let [text, target] = [&text.name, &target.name];
        let words = ["--text", text, "--target", target, "--task", task];
        arguments.extend(words.map(ToString::to_string));
    }
    Found { candidates, smells: vec![], arguments, lengths: None }
}
