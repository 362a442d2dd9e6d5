//! The channels of a long CSV: which columns hold numbers, and what is missing in them.

use super::super::file;
use super::super::options::{CellExample, LeftOut, LeftOutReason};
use super::super::place::Place;
use super::Features;
use super::reader::Row;
use super::records::Records;
use crate::error::Result;

/// The channels read so far, row after row.
pub(super) struct Channels {
    /// Their columns.
    pub(super) columns: Vec<usize>,
    kinds: Vec<Kind>,
    pub(super) values: Vec<f64>, // [rows, I], NaN where missing
    /// Columns that turned out to hold text.
    texts: Vec<TextColumn>,
}

/// What is known of a column.
#[derive(Clone)]
struct Kind {
    holds_numbers: bool,
    missing: usize,
    /// The first cell whose value is missing.
    first: Option<Hole>,
}

/// A cell whose value is missing.
#[derive(Clone)]
pub(super) struct Hole {
    pub(super) place: Place,
    pub(super) cell: String,
}

/// A column of text, with the value that says so.
struct TextColumn {
    column: usize,
    example: CellExample,
}

/// How many values are missing, and where the first.
pub(super) struct Gap {
    pub(super) column: usize,
    pub(super) first: Hole,
    pub(super) count: usize,
}

impl Gap {
    /// What was found, in words.
    pub(super) fn found(&self) -> String {
        let found = match self.first.cell.as_str() {
            "" => "an empty cell".to_string(),
            cell => file::quote(cell),
        };
        match self.count {
            1 => found,
            count => format!("{found}, the first of {count} missing values"),
        }
    }
}

impl Channels {
    pub(super) fn new(features: &Features) -> Self {
        let (columns, holds_numbers) = match features {
            Features::Listed(columns) => (columns.clone(), true),
            Features::Free(columns) => (columns.clone(), false),
        };
        let kind = Kind { holds_numbers, missing: 0, first: None };
        Channels { kinds: vec![kind; columns.len()], columns, values: vec![], texts: vec![] }
    }

    /// Adds the cells of a row.
    pub(super) fn add(&mut self, row: &Row<'_>, place: Place) -> Result<()> {
        self.make_room();
        let mut index = 0;
        while index < self.columns.len() {
            let (column, kind) = (self.columns[index], &mut self.kinds[index]);
            let cell = row.cell(column);
            match row.parsed(column) {
                Ok(value) => {
                    kind.holds_numbers = true;
                    self.values.push(value);
                }
                Err(_) if file::is_missing(cell) => {
                    kind.missing += 1;
                    kind.first.get_or_insert_with(|| Hole { place, cell: cell.to_string() });
                    self.values.push(f64::NAN);
                }
                // Infinity is a number, though not one to compute with.
                Err(_) if !kind.holds_numbers && cell.parse::<f64>().is_err() => {
                    let example = CellExample { row: place.row, text: cell.to_string() };
                    let column = self.remove(index);
                    self.texts.push(TextColumn { column, example });
                    continue;
                }
                Err((expected, found)) => {
                    return Err(row.fault(column, expected, found).into());
                }
            }
            index += 1;
        }
        Ok(())
    }

    /// Room for a row, an eighth more at a time: memory that doubles would be twice that of the
    /// numbers.
    fn make_room(&mut self) {
        const LEAST: usize = 1 << 12;
        if self.values.capacity() - self.values.len() < self.columns.len() {
            let further = (self.values.len() / 8).max(LEAST).max(self.columns.len());
            self.values.reserve_exact(further);
        }
    }

    /// Leaves a column out of all rows, of which the last is complete up to it; its number.
    fn remove(&mut self, index: usize) -> usize {
        let width = self.columns.len();
        let mut position = 0;
        self.values.retain(|_| {
            let kept = position % width != index;
            position += 1;
            kept
        });
        self.kinds.remove(index);
        self.columns.remove(index)
    }

    /// Leaves out the columns without a value or a name. What comes back are these and those of
    /// text, each with the reason, in the order of the file.
    pub(super) fn settle(&mut self, records: &Records) -> Vec<LeftOut> {
        let is_unnamed = |column: usize| records.header[column].is_empty();
        let texts = std::mem::take(&mut self.texts).into_iter();
        let text = |TextColumn { column, example }: TextColumn| match is_unnamed(column) {
            true => records.left_out(column, LeftOutReason::Unnamed),
            false => {
                LeftOut { example: Some(example), ..records.left_out(column, LeftOutReason::Text) }
            }
        };
        let mut left_out: Vec<LeftOut> = texts.map(text).collect();
        for index in (0..self.columns.len()).rev() {
            let column = self.columns[index];
            let reason = match self.kinds[index].holds_numbers {
                _ if is_unnamed(column) => LeftOutReason::Unnamed,
                false => LeftOutReason::Empty,
                true => continue,
            };
            self.remove(index);
            left_out.push(records.left_out(column, reason));
        }
        left_out.sort_by_key(|left| left.column);
        left_out
    }

    /// The column whose first missing value comes first, and how many values are missing in all.
    pub(super) fn gap(&self) -> Option<Gap> {
        let gaps = self.columns.iter().zip(&self.kinds);
        let first = gaps.filter_map(|(&column, kind)| {
            Some(Gap { column, first: kind.first.clone()?, count: kind.missing })
        });
        let place = |gap: &Gap| (gap.first.place.file, gap.first.place.row, gap.column);
        let gap = first.min_by_key(place)?;
        Some(Gap { count: self.kinds.iter().map(|kind| kind.missing).sum(), ..gap })
    }
}
