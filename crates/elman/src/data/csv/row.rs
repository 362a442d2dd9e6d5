//! One row, and its cells as text or numbers.

use std::borrow::Cow;

use super::super::file;
use super::super::options::Decimal;
use super::super::place::Place;
use super::records::{QUOTE_HINT, Records};
use super::time::Time;
use crate::error::{FileFault, Result};

/// One row and where it stands.
pub(super) struct Row<'a> {
    pub(super) records: &'a Records,
    pub(super) row: u64,
}

impl Row<'_> {
    pub(super) fn cell(&self, column: usize) -> &str {
        self.records.cell(column)
    }

    /// A cell with a point in place of a decimal comma.
    pub(super) fn pointed(&self, column: usize) -> Cow<'_, str> {
        let cell = self.cell(column);
        match self.records.decimal {
            Decimal::Comma if cell.contains(',') => Cow::Owned(cell.replace(',', ".")),
            Decimal::Comma | Decimal::Point => Cow::Borrowed(cell),
        }
    }

    /// The number of a cell, or the words for what was expected and what was found.
    pub(super) fn parsed(&self, column: usize) -> std::result::Result<f64, (&'static str, String)> {
        let cell = self.cell(column);
        match self.records.decimal {
            Decimal::Point => file::number(cell),
            // It may separate thousands; that is not guessed.
            Decimal::Comma if cell.contains('.') => {
                Err(("a number with a decimal comma", file::quote(cell)))
            }
            Decimal::Comma => file::number(&self.pointed(column)).map_err(|(expected, found)| {
                (expected, if cell.is_empty() { found } else { file::quote(cell) })
            }),
        }
    }

    pub(super) fn number(&self, column: usize) -> Result<f64> {
        self.parsed(column).map_err(|(expected, found)| self.fault(column, expected, found).into())
    }

    /// The date in a cell, in seconds since the start of 1970.
    pub(super) fn date(&self, column: usize) -> Result<i64> {
        const WANTED: &str = "a date like 2024-05-31 or 2024-05-31T18:00:00";
        let text = self.text(column, WANTED)?;
        match Time::parse(text, None) {
            Ok(Time::Date(date)) => Ok(date.seconds()),
            Ok(_) => Err(self.fault(column, WANTED, file::quote(text)).into()),
            Err(expected) => Err(self.fault(column, expected, file::quote(text)).into()),
        }
    }

    pub(super) fn place(&self) -> Place {
        Place { file: self.records.file_index(), row: self.row }
    }

    /// The text of a cell that may not be empty. A line break in it is refused: it comes from a
    /// quote that is not closed.
    pub(super) fn text(&self, column: usize, expected: &str) -> Result<&str> {
        match self.cell(column) {
            "" => Err(self.fault(column, expected, "an empty cell").into()),
            text if text.contains(['\n', '\r']) => {
                let fault =
                    self.fault(column, format!("{expected} on one line"), file::quote(text));
                Err(fault.hint(QUOTE_HINT).into())
            }
            text => Ok(text),
        }
    }

    pub(super) fn fault(
        &self,
        column: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> FileFault {
        let fault = self.records.fault(expected, found);
        fault.row(self.row).column(&self.records.header[column])
    }
    /// What should be the same in all rows of a sequence is not: what it is in row `first`.
    pub(super) fn changed(&self, column: usize, first: u64, expected: &str) -> FileFault {
        let expected = format!("{expected} as in row {first}, the first of the sequence");
        self.fault(column, expected, file::quote(self.cell(column)))
    }
}
