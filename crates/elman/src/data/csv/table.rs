//! All rows of a table as text, for readers that find the roles of the columns in the rows.

use std::path::PathBuf;

use super::super::options::{Columns, Decimal};
use super::super::{Source, file};
use super::records::{Records, joined};
use crate::error::{FileFault, Result};

/// The header and the rows of a CSV file, or of several with one header.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<TableRow>,
    pub(crate) source: Source,
    decimal: Decimal,
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
