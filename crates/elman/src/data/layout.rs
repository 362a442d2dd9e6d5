//! How sequences lie in a file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::file;
use super::format::table_ending;
use super::input::{Digest, Lines, is_standard_input};
use super::options::Delimiter;
use crate::error::Result;

/// How the sequences lie in a table or a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A row for each step of each sequence: see [`csv`](super::csv).
    #[default]
    Long,
    /// A row for each sequence, whose values are its cells: see [`wide`](super::wide).
    Wide,
    /// A row for each sequence, whose steps are the tokens of one cell.
    Text {
        /// The column of the text.
        column: String,
        /// What its tokens are.
        tokens: Tokens,
    },
    /// A line for each word, an empty line after each sentence: see [`tagged`](super::tagged).
    Tagged(Tagged),
}

/// What the steps of a text are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokens {
    /// Each character.
    #[default]
    Characters,
    /// Each run of letters and digits, in lower case; any other character that is not white space is
    /// a word of its own.
    Words,
}

/// The columns of a text with a line for each word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tagged {
    /// The word, a tab, its tag.
    TwoColumn,
    /// Columns with white space between them, the word first and the tag last; lines that begin with
    /// `-DOCSTART-` are passed over.
    #[serde(rename = "conll-2003")]
    Conll2003,
    /// The ten columns of CoNLL-U.
    #[serde(rename = "conll-u")]
    ConllU,
}

impl Layout {
    /// The layout that a file's name or its first lines show plainly; [`Long`](Layout::Long) else.
    ///
    /// A name that ends in `.conllu`, or in `.conll`, `.iob` or `.bio`. Lines of a word, a tab and a
    /// tag, with empty lines between them. A first row that can be no header, because every field
    /// behind the first is a number. Nothing is read from standard input.
    ///
    /// ```
    /// use elman::data::{Layout, Tagged};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("tags.tsv");
    /// std::fs::write(&path, "fly\tVERB\nhome\tADV\n\nhello\tINTJ\n")?;
    /// assert_eq!(Layout::of(&path)?, Layout::Tagged(Tagged::TwoColumn));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is empty or no UTF-8 text.
    pub fn of(path: &Path) -> Result<Self> {
        if is_standard_input(path) {
            return Ok(Layout::Long);
        }
        match table_ending(path).as_deref() {
            Some("conllu") => return Ok(Layout::Tagged(Tagged::ConllU)),
            Some("conll" | "iob" | "bio") => return Ok(Layout::Tagged(Tagged::Conll2003)),
            Some("ts") => return Ok(Layout::Long),
            _ => {}
        }
        Ok(Layout::shown_by(&first_lines(path)?))
    }

    /// The column of the text.
    pub(super) fn text(&self) -> Option<&String> {
        match self {
            Layout::Text { column, .. } => Some(column),
            Layout::Long | Layout::Wide | Layout::Tagged(_) => None,
        }
    }

    fn shown_by(lines: &[String]) -> Self {
        let is_blank = |line: &String| line.trim().is_empty();
        let is_pair = |line: &String| {
            line.split_once('\t').is_some_and(|(word, tag)| {
                !word.is_empty() && !tag.trim().is_empty() && !tag.contains('\t')
            })
        };
        let last = lines.iter().rposition(|line| !is_blank(line)).unwrap_or(0);
        let has_breaks = lines.iter().take(last).any(is_blank);
        if has_breaks && lines.iter().all(|line| is_blank(line) || is_pair(line)) {
            return Layout::Tagged(Tagged::TwoColumn);
        }
        match lines.iter().find(|line| !is_blank(line)) {
            Some(line) if is_row_of_values(line) => Layout::Wide,
            _ => Layout::Long,
        }
    }
}

fn first_lines(path: &Path) -> Result<Vec<String>> {
    const LINES: usize = 200;
    let mut lines = Lines::open(path, &Digest::default())?;
    let mut first = Vec::new();
    for _ in 0..LINES {
        let mut line = Vec::new();
        if lines.append(&mut line)?.is_none() {
            break;
        }
        first.push(String::from_utf8_lossy(&line).into_owned());
    }
    Ok(first)
}

/// Whether a `.txt` file has lines that are no rows of a table: its first one names no second column,
/// and others have more fields.
pub(super) fn is_running_text(path: &Path) -> Result<bool> {
    if table_ending(path).as_deref() != Some("txt") {
        return Ok(false);
    }
    let lines = first_lines(path)?;
    let mut filled = lines.iter().filter(|line| !line.trim().is_empty());
    let is_plain = |line: &String| !line.contains([',', ';', '\t']);
    Ok(filled.next().is_some_and(is_plain) && !filled.all(is_plain))
}

/// Whether all fields of a row behind the first are numbers, at least two of them.
fn is_row_of_values(line: &str) -> bool {
    let delimiter = char::from(Delimiter::commonest(line).byte());
    let mut fields = line.split(delimiter).skip(1).map(|field| field.trim().trim_matches('"'));
    let is_value = |field: &str| file::is_missing(field) || file::number(field).is_ok();
    let numbers = fields.clone().filter(|field| file::number(field).is_ok()).count();
    numbers > 1 && fields.all(is_value)
}
