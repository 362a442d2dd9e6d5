//! What a reader is told about a file.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Dataset, csv, file, ts};
use crate::error::{Error, FileFault, Result};

/// How a file of sequences is to be read.
///
/// ```
/// use elman::data::{Columns, ReadOptions, TargetKind};
///
/// let options = ReadOptions {
///     columns: Columns {
///         sequence: Some("utterance".into()),
///         time: Some("step".into()),
///         targets: vec!["speaker".into()],
///         ..Columns::default()
///     },
///     features: None,
///     exclude: vec![],
///     kind: TargetKind::Classes { known: None },
/// };
/// assert_eq!(options.columns.targets, ["speaker"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The roles of the columns of a CSV file; the default for a `.ts` file, which has none.
    pub columns: Columns,
    /// The channels, in this order.
    ///
    /// CSV: the names of columns; without them every numeric column that has no other role. `.ts`:
    /// names for the channels, which have none in the file; without them `channel1`, `channel2`, ….
    pub features: Option<Vec<String>>,
    /// Columns of a CSV file that are no channels although they hold numbers; only of use without
    /// a list of features.
    pub exclude: Vec<String>,
    /// What is to be predicted.
    pub kind: TargetKind,
}

/// The columns of a long CSV file that are not channels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The column that says which sequence a row belongs to. A CSV file needs one.
    pub sequence: Option<String>,
    /// The column that must grow within a sequence; it is checked and not used as a channel.
    pub time: Option<String>,
    /// The columns to be predicted: one for classes, one or more for values.
    pub targets: Vec<String>,
    /// What separates the fields of a row.
    pub delimiter: Delimiter,
    /// The order of the rows.
    pub order: RowOrder,
}

/// The order of the rows of a long CSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowOrder {
    /// Each sequence in one place, its rows in the order of time; anything else is refused.
    #[default]
    AsGiven,
    /// Any: the rows are sorted by sequence and time. Rows of the same time are refused; without a
    /// time column the rows of a sequence keep their order.
    Sort,
}

/// What separates the fields of a row of a CSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`
    Semicolon,
    /// The tab character.
    Tab,
}

impl Delimiter {
    /// The character.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
        }
    }
}

/// The name used in options: `comma`, `semicolon` or `tab`.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Delimiter::Comma => "comma",
            Delimiter::Semicolon => "semicolon",
            Delimiter::Tab => "tab",
        })
    }
}

/// What is to be predicted of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Nothing: targets in the file are not read.
    #[default]
    None,
    /// A class.
    Classes {
        /// The classes a model knows, in its order: any other is an error. Without them the
        /// classes are those of the file.
        known: Option<Vec<String>>,
    },
    /// Numbers.
    Values,
}

/// A column of a file that is not a channel although it has no other role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The name in the header; empty where it has none.
    pub name: String,
    /// Which column of the file it is, from 1.
    pub column: usize,
    /// Why it is not a channel.
    pub reason: LeftOutReason,
    /// The value that decided, where it was one.
    pub example: Option<CellExample>,
}

/// The column and the reason: `"note", which holds text ("ok" in row 2)`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "column {}", self.column)?,
            name => write!(f, "{}", file::quote(name))?,
        }
        write!(f, ", which {}", self.reason)?;
        match &self.example {
            Some(CellExample { row, text }) => write!(f, " ({} in row {row})", file::quote(text)),
            None => Ok(()),
        }
    }
}

/// A value of a column, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellExample {
    /// The line of the file, from 1, counting the header.
    pub row: u64,
    /// The text of the cell.
    pub text: String,
}

/// Why a column is not a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOutReason {
    /// Its first value is text.
    Text,
    /// It holds no value at all.
    Empty,
    /// The header gives it no name.
    Unnamed,
    /// The channels were listed, and it is not among them.
    NotListed,
    /// It was excluded by name.
    Excluded,
}

/// The reason in words that follow the column's name: `holds text`.
impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOutReason::Text => "holds text",
            LeftOutReason::Empty => "is empty",
            LeftOutReason::Unnamed => "has no name",
            LeftOutReason::NotListed => "is not among the listed features",
            LeftOutReason::Excluded => "is excluded",
        })
    }
}

/// The formats of sequence files that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One row for each step: see [`csv`].
    Csv,
    /// One line for each sequence: see [`ts`].
    Ts,
}

impl Format {
    /// The format a file's name ends in; upper and lower case are the same.
    ///
    /// # Errors
    ///
    /// Another ending; a path at which there is no file.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("csv") => Ok(Format::Csv),
            Some("ts") => Ok(Format::Ts),
            _ => {
                file::check_is_file(path)?;
                let found = match extension {
                    Some(extension) => format!(".{extension}"),
                    None => "none".to_string(),
                };
                Err(FileFault::new(path, "the file extension .csv or .ts", found).into())
            }
        }
    }
}

/// Reads a CSV or `.ts` file, told apart by the end of its name.
///
/// ```
/// use elman::data::{Columns, Format, LeftOutReason, ReadOptions, TargetKind, read};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("machines.csv");
/// std::fs::write(&path, "run;hour;heat;site;wear\n1;0;20.5;Oslo;0.1\n1;1;21.0;Oslo;0.1\n")?;
/// let columns = Columns {
///     sequence: Some("run".into()),
///     time: Some("hour".into()),
///     targets: vec!["wear".into()],
///     delimiter: elman::data::Delimiter::Semicolon,
///     ..Columns::default()
/// };
/// let options = ReadOptions { columns, kind: TargetKind::Values, ..ReadOptions::default() };
/// assert_eq!(Format::of(&path)?, Format::Csv);
/// let dataset = read(&path, &options)?;
/// assert_eq!(dataset.feature_names(), ["heat"]);
/// assert_eq!(dataset.left_out()[0].name, "site");
/// assert_eq!(dataset.left_out()[0].reason, LeftOutReason::Text);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An ending that is neither; everything that [`csv::read_csv`] and [`ts::read_ts`] refuse.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
    match Format::of(path.as_ref())? {
        Format::Csv => csv::read_csv(path, options),
        Format::Ts => ts::read_ts(path, options),
    }
}

impl ReadOptions {
    /// Refuses a number of target columns that does not suit the kind, and a column in two roles.
    pub(super) fn check_columns(&self) -> Result<()> {
        let targets = &self.columns.targets;
        let expected = match (&self.kind, targets.len()) {
            (TargetKind::None, 1..) => Some("none, as nothing is to be predicted"),
            (TargetKind::Classes { .. }, 0 | 2..) => Some("one column, which holds the class"),
            (TargetKind::Values, 0) => Some("at least one column"),
            _ => None,
        };
        if let Some(expected) = expected {
            let found = if targets.is_empty() { "none".into() } else { file::list(targets) };
            return Err(Error::argument("target", expected, found));
        }
        self.check_features()?;
        self.check_roles()
    }

    /// Refuses an empty list of features, one that names a feature twice, and one beside columns
    /// that are excluded.
    pub(super) fn check_features(&self) -> Result<()> {
        match &self.features {
            Some(features) if features.is_empty() => {
                Err(Error::argument("features", "at least one name", "none"))
            }
            Some(_) if !self.exclude.is_empty() => {
                let found = file::list(&self.exclude);
                Err(Error::argument("exclude", "none beside a list of features", found))
            }
            Some(features) => match super::repeated(features) {
                Some(name) => {
                    Err(Error::argument("features", "each name once", format!("{name:?} twice")))
                }
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Every column that is named.
    pub(super) fn names(&self) -> Vec<&str> {
        let columns = &self.columns;
        let single = columns.sequence.iter().chain(&columns.time);
        let lists = columns.targets.iter().chain(self.features.iter().flatten());
        single.chain(lists).chain(&self.exclude).map(String::as_str).collect()
    }

    fn check_roles(&self) -> Result<()> {
        let mut taken: Vec<(&str, &str)> = Vec::new();
        let single = [("sequence", &self.columns.sequence), ("time", &self.columns.time)];
        let single = single.iter().filter_map(|(role, name)| Some((*role, name.as_ref()?)));
        let targets = self.columns.targets.iter().map(|name| ("target", name));
        let features = self.features.iter().flatten().map(|name| ("features", name));
        let exclude = self.exclude.iter().map(|name| ("exclude", name));
        for (role, name) in single.chain(targets).chain(features).chain(exclude) {
            if let Some((other, _)) = taken.iter().find(|(_, taken)| taken == name) {
                let found = format!("{name:?}, which is named under {other} already");
                return Err(Error::argument(role, "a column that has no other role", found));
            }
            taken.push((role, name));
        }
        Ok(())
    }
}
