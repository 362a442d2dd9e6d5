//! Columns of a file that are no channels, and why.

use std::fmt;

use super::file;

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
    /// The text of another column is what is read.
    BesideText,
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
            LeftOutReason::BesideText => "is not read beside a column of text",
        })
    }
}
