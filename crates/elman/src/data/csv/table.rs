//! All rows of a table as text, for readers that find the roles of the columns in the rows.

use std::path::PathBuf;

use super::super::options::{Columns, Decimal};
use super::super::{Source, file, repeated};
use super::records::{Records, joined};
use crate::error::{FileFault, Result};

/// The header and the rows of a CSV file, or of several with one header.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<TableRow>,
    pub(crate) source: Source,
    decimal: Decimal,
}

/// A column of a table that is in memory, each cell as it would be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    /// The name.
    pub name: String,
    /// The cells; an empty one is a missing value.
    pub cells: Vec<String>,
}

/// One row with its place.
pub(crate) struct TableRow {
    /// The line in its file, from 1.
    pub(crate) row: u64,
    pub(crate) cells: Vec<Box<str>>,
}

impl Table {
    /// Reads everything.
    pub(crate) fn read(paths: &[PathBuf], columns: &Columns) -> Result<Self> {
        let mut records = Records::open(paths, columns)?;
        let mut rows = Vec::new();
        while let Some(row) = records.next_row()? {
            let cells = (0..records.header.len()).map(|column| records.cell(column).into());
            rows.push(TableRow { row, cells: cells.collect() });
        }
        if rows.is_empty() {
            return Err(records.header_only());
        }
        let source = Source { path: joined(paths), digest: records.digest() };
        Ok(Table {
            header: std::mem::take(&mut records.header),
            rows,
            source,
            decimal: columns.decimal,
        })
    }

    /// A table that is in memory; its rows count from 0.
    ///
    /// # Errors
    ///
    /// No rows; a name that stands twice; columns of different length.
    pub(crate) fn of_columns(columns: &[TextColumn]) -> Result<Self> {
        let source = Source { path: PathBuf::from("data"), digest: String::new() };
        let fault = |expected: &str, found: String| FileFault::new(&source.path, expected, found);
        let header: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let length = columns.first().map_or(0, |column| column.cells.len());
        if let Some(other) = columns.iter().find(|column| column.cells.len() != length) {
            let fault = fault(&format!("{length} rows"), other.cells.len().to_string());
            return Err(fault.column(&other.name).into());
        }
        if let Some(name) = repeated(&header) {
            return Err(fault("each column once", format!("{} twice", file::quote(name))).into());
        }
        if length == 0 {
            return Err(fault("at least one row", "none".to_owned()).into());
        }
        let cell = |row: usize| columns.iter().map(move |column| column.cells[row].as_str().into());
        let rows = (0..length).map(|row| TableRow { row: row as u64, cells: cell(row).collect() });
        Ok(Table { header, rows: rows.collect(), source, decimal: Decimal::Point })
    }

    /// Where a column stands; if there is none of this name, the nearest is hinted.
    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        self.header.iter().position(|column| column == name).ok_or_else(|| {
            let near = file::did_you_mean(name, self.header.iter().map(String::as_str));
            let list = || format!("the columns are {}", file::list(&self.header));
            let fault = FileFault::new(&self.source.path, "a column of this name", "none");
            fault.column(name).hint(near.unwrap_or_else(list)).into()
        })
    }

    /// The number in a cell; NaN where it is missing.
    pub(crate) fn number(&self, row: &TableRow, column: usize) -> Result<f64> {
        let cell = &row.cells[column];
        if file::is_missing(cell) {
            return Ok(f64::NAN);
        }
        let number = match self.decimal {
            Decimal::Comma if !cell.contains('.') => file::number(&cell.replace(',', ".")),
            _ => file::number(cell),
        };
        number.map_err(|(expected, found)| {
            self.fault(row, expected, &found).column(&self.header[column]).into()
        })
    }

    /// A fault in a row.
    pub(crate) fn fault(&self, row: &TableRow, expected: &str, found: &str) -> FileFault {
        FileFault::new(&self.source.path, expected, found).row(row.row)
    }
}
