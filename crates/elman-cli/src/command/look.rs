//! `elman look`: what a file holds, and the command that trains on it.

use std::path::PathBuf;

use elman::data::{self, ColumnLook, Columns, Look};
use serde::Serialize;

use super::forecast::look::{Dated, dated};
use super::source::{decimal, delimiter};
use crate::args::look::LookArgs;
use crate::args::value::DecimalChoice;
use crate::failure::{Outcome, one_line};
use crate::printer::Printer;
use crate::printer::style::Style;
use crate::printer::table::Table;
use crate::printer::text::{Facts, counted, grouped, measure};

/// A longer example is cut.
const LONGEST_EXAMPLE: usize = 24;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    look: &'a Look,
    /// The series of a table of dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    dated: Option<Dated>,
    /// Why a table with times is none of dated series.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
    /// What to type; none where no target was found.
    command: Option<String>,
}

/// Runs `elman look`.
pub fn run(args: &LookArgs) -> Outcome {
    let columns = Columns {
        delimiter: args.delimiter.map(delimiter),
        decimal: decimal(args.decimal),
        ..Columns::default()
    };
    let look = data::look(&args.data, &columns)?;
    let (dated, broken) = match dated(&args.data, &columns, &look) {
        Some(Ok(dated)) => (Some(dated), None),
        Some(Err(error)) => (None, Some(format!("no dated series: {error}"))),
        None => (None, None),
    };
    let arguments = dated.as_ref().map_or(&look.arguments, |dated| &dated.arguments);
    let document = Document { command: command(arguments, args), look: &look, dated, broken };
    Printer::new(args.talk).result(&document, |style| text(&document, style))
}

/// The command that trains on the files.
fn command(arguments: &[String], args: &LookArgs) -> Option<String> {
    if arguments.is_empty() {
        return None;
    }
    let file = |path: &PathBuf| path.display().to_string();
    let mut words = vec!["elman".to_owned(), "train".to_owned()];
    words.extend(args.data.iter().map(file));
    words.extend(arguments.iter().cloned());
    if let Some(delimiter) = args.delimiter.map(delimiter) {
        words.extend(["--delimiter".to_owned(), delimiter.to_string()]);
    }
    if args.decimal == DecimalChoice::Comma {
        words.extend(["--decimal".to_owned(), "comma".to_owned()]);
    }
    words.extend(["--output".to_owned(), "model.safetensors".to_owned()]);
    Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,:+@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn text(document: &Document<'_>, style: Style) -> String {
    let look = document.look;
    let mut facts = Facts::default();
    facts.add("layout", if document.dated.is_some() { "dated series" } else { look.layout });
    if let Some(dated) = &document.dated {
        dated.describe(&mut facts);
    } else if let Some(lengths) = look.lengths {
        let sequences = counted(lengths.sequences, "sequence");
        let words = match lengths.min == lengths.max {
            true => format!("{sequences}, all of length {}", lengths.min),
            false => format!("{sequences}; lengths {} to {}", lengths.min, lengths.max),
        };
        facts.add("sequences", words);
    }
    let candidates = if document.dated.is_some() { &[] } else { look.candidates.as_slice() };
    for candidate in candidates {
        facts.add(candidate.role, format!("{}: {}", one_line(&candidate.column), candidate.reason));
    }
    let is_of_sequences = |smell: &String| smell.contains("every sequence");
    let smells =
        look.smells.iter().filter(|smell| document.dated.is_none() || !is_of_sequences(smell));
    for smell in smells {
        facts.add("note", one_line(smell));
    }
    if let Some(broken) = &document.broken {
        facts.add("note", broken);
    }
    let mut text = facts.render(style);
    if !look.columns.is_empty() {
        let header = ["column", "holds", "different", "missing", "smallest", "largest", "example"];
        let mut table = Table::new(header);
        look.columns.iter().for_each(|column| table.row(row(column)));
        text += &format!("\n{}", table.render(style));
    }
    match &document.command {
        Some(command) => text + &format!("\n{command}\n"),
        None => {
            let line = "no column was found that could be the target: name it with --target";
            text + &format!("\n{line}\n")
        }
    }
}

fn row(column: &ColumnLook) -> Vec<String> {
    let [low, high] = match column.range {
        Some(range) => range.map(measure),
        None => ["–"; 2].map(str::to_owned),
    };
    let distinct = column.distinct.map_or("many".to_owned(), grouped);
    let mut example = one_line(&column.example).to_string();
    if let Some((end, _)) = example.char_indices().nth(LONGEST_EXAMPLE) {
        example.truncate(end);
        example.push('…');
    }
    let (name, kind) = (one_line(&column.name).to_string(), column.kind.to_owned());
    vec![name, kind, distinct, grouped(column.missing), low, high, example]
}
