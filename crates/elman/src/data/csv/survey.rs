//! What the columns of a table hold, found out without being told their roles.

use std::collections::HashSet;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;

use super::super::file;
use super::super::options::{Columns, Decimal};
use super::records::Records;
use super::time::Time;
use crate::error::Result;

/// More values than these are not told apart.
const MOST_VALUES: usize = 100_000;

/// What a table holds.
pub(in crate::data) struct Survey {
    pub(in crate::data) rows: usize,
    pub(in crate::data) columns: Vec<Column>,
}

/// What a column holds, over all rows.
#[derive(Default)]
pub(in crate::data) struct Column {
    pub(in crate::data) name: String,
    pub(in crate::data) missing: usize,
    pub(in crate::data) numbers: usize,
    pub(in crate::data) dates: usize,
    pub(in crate::data) texts: usize,
    pub(in crate::data) range: Option<[f64; 2]>,
    /// Whether all numbers are whole.
    pub(in crate::data) is_whole: bool,
    /// The first value.
    pub(in crate::data) example: String,
    /// The first text.
    pub(in crate::data) text: Option<String>,
    /// The hashes of all values.
    values: HashSet<u64>,
    /// How often the value is another than in the row before, and once for the first row.
    runs: usize,
    last: u64,
}

impl Column {
    fn add(&mut self, cell: &str, decimal: Decimal) {
        let hash = xxh3_64(cell.as_bytes());
        if self.runs == 0 || hash != self.last {
            self.runs += 1;
            self.last = hash;
        }
        if file::is_missing(cell) {
            self.missing += 1;
            return;
        }
        if self.values.len() <= MOST_VALUES {
            self.values.insert(hash);
        }
        if self.example.is_empty() {
            self.example = cell.to_string();
        }
        match number(cell, decimal) {
            Some(value) => {
                self.is_whole = (self.numbers == 0 || self.is_whole) && value.fract() == 0.0;
                self.numbers += 1;
                let [low, high] = self.range.unwrap_or([value, value]);
                self.range = Some([low.min(value), high.max(value)]);
            }
            None if matches!(Time::parse(cell, None), Ok(Time::Date(_))) => self.dates += 1,
            None => {
                self.texts += 1;
                self.text.get_or_insert_with(|| cell.to_string());
            }
        }
    }

    /// The number of different values; `None` if there are too many to tell apart.
    pub(in crate::data) fn distinct(&self) -> Option<usize> {
        (self.values.len() <= MOST_VALUES).then_some(self.values.len())
    }

    /// Whether the rows of each value stand in one place.
    pub(in crate::data) fn is_in_blocks(&self) -> bool {
        self.missing == 0 && self.distinct() == Some(self.runs)
    }
}

fn number(cell: &str, decimal: Decimal) -> Option<f64> {
    match decimal {
        Decimal::Point => file::number(cell).ok(),
        Decimal::Comma if cell.contains('.') => None,
        Decimal::Comma => file::number(&cell.replace(',', ".")).ok(),
    }
}

/// Reads tables of one header.
pub(in crate::data) fn survey(paths: &[PathBuf], columns: &Columns) -> Result<Survey> {
    let mut records = Records::open(paths, columns)?;
    let column = |name: &String| Column { name: name.clone(), ..Column::default() };
    let mut all: Vec<Column> = records.header.iter().map(column).collect();
    let mut rows = 0;
    while records.next_row()?.is_some() {
        rows += 1;
        for (index, column) in all.iter_mut().enumerate() {
            column.add(records.cell(index), records.decimal);
        }
    }
    match rows {
        0 => Err(records.header_only()),
        _ => Ok(Survey { rows, columns: all }),
    }
}

/// What the columns of a table do within its sequences.
pub(in crate::data) struct Within {
    pub(in crate::data) lengths: Vec<usize>,
    /// Whether each column is the same in all rows of a sequence.
    pub(in crate::data) is_constant: Vec<bool>,
    /// Whether each column grows from row to row of a sequence.
    pub(in crate::data) grows: Vec<bool>,
}

/// Reads the tables again, `sequence` being the column that tells the sequences apart.
pub(in crate::data) fn within(
    paths: &[PathBuf],
    columns: &Columns,
    sequence: usize,
) -> Result<Within> {
    let mut records = Records::open(paths, columns)?;
    let width = records.header.len();
    let mut found =
        Within { lengths: vec![], is_constant: vec![true; width], grows: vec![true; width] };
    let mut last: Vec<(String, Option<Time>)> = vec![(String::new(), None); width];
    let mut id = None;
    while records.next_row()?.is_some() {
        let begins = id.as_deref() != Some(records.cell(sequence));
        if begins {
            id = Some(records.cell(sequence).to_string());
            found.lengths.push(0);
        }
        if let Some(length) = found.lengths.last_mut() {
            *length += 1;
        }
        for (index, (text, time)) in last.iter_mut().enumerate() {
            let cell = records.cell(index);
            found.is_constant[index] &= begins || text == cell;
            let now = if found.grows[index] { Time::parse(cell, None).ok() } else { None };
            let after = match (&now, &*time) {
                (Some(now), Some(before)) => now.order(before).is_some_and(|order| order.is_gt()),
                _ => false,
            };
            found.grows[index] &= now.is_some() && (begins || after);
            text.clear();
            text.push_str(cell);
            *time = now;
        }
    }
    Ok(found)
}
