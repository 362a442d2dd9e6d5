//! The channels of a long CSV: which columns hold numbers, and what is missing in them.

use std::sync::Arc;

use super::super::TokenChannel;
use super::super::file;
use super::super::left_out::{CellExample, LeftOut, LeftOutReason};
use super::super::place::Place;
use super::super::vocabulary::{Interner, Vocabulary};
use super::records::Records;
use super::row::Row;
use super::{Categories, Features, Roles};
use crate::error::Result;

/// The most values of a column of text that is a token channel without being asked for.
const MOST_CATEGORIES: usize = 50;
/// The rows that each of them stands in on average, at least.
const ROWS_PER_CATEGORY: usize = 2;

/// The channels read so far, row after row.
pub(super) struct Channels {
    /// Their columns.
    pub(super) columns: Vec<usize>,
    kinds: Vec<Kind>,
    pub(super) values: Vec<f64>, // [rows, I], NaN where missing
    /// Columns of text: those that were asked for, and those that turned out to hold it.
    texts: Vec<TextColumn>,
    /// Whether a column of few texts is a channel without being asked for.
    takes_few: bool,
    rows: usize,
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

/// A column of text.
struct TextColumn {
    column: usize,
    is_listed: bool,
    /// The value that says so.
    example: Option<CellExample>,
    texts: Interner,
    /// The text of each row, if there are not too many texts.
    ids: Ids,
    kind: Kind,
}

/// Ids one after the other; as long as they are the same no memory is needed.
#[derive(Default)]
struct Ids {
    first: u32,
    repeats: usize,
    others: Vec<u32>,
}

impl Ids {
    fn push(&mut self, id: u32) {
        if self.repeats == 0 {
            self.first = id;
        }
        match self.others.is_empty() && self.first == id {
            true => self.repeats += 1,
            false => self.others.push(id),
        }
    }

    fn get(&self, row: usize) -> u32 {
        match row.checked_sub(self.repeats) {
            None => self.first,
            Some(row) => self.others[row],
        }
    }
}

impl TextColumn {
    fn is_wide(&self) -> bool {
        !self.is_listed && self.texts.count() > MOST_CATEGORIES
    }

    fn add(&mut self, cell: &str, place: Place) {
        if self.is_wide() {
            return;
        }
        if file::is_missing(cell) {
            self.kind.add_missing(cell, place);
            self.ids.push(Vocabulary::UNKNOWN);
            return;
        }
        self.ids.push(self.texts.id(cell));
        if self.is_wide() {
            self.ids = Ids::default();
        }
    }

    /// Whether so many rows hold few texts.
    fn is_few(&self, rows: usize) -> bool {
        let count = self.texts.count();
        (2..=MOST_CATEGORIES).contains(&count) && count * ROWS_PER_CATEGORY <= rows
    }
}

impl Kind {
    fn add_missing(&mut self, cell: &str, place: Place) {
        self.missing += 1;
        self.first.get_or_insert_with(|| Hole { place, cell: cell.to_string() });
    }
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
    pub(super) fn new(roles: &Roles) -> Self {
        let (columns, holds_numbers) = match &roles.features {
            Features::Listed(columns) => (columns.clone(), true),
            Features::Free(columns) => (columns.clone(), false),
        };
        let kind = Kind { holds_numbers, missing: 0, first: None };
        let text = |&column: &usize| TextColumn {
            column,
            is_listed: true,
            example: None,
            texts: Interner::default(),
            ids: Ids::default(),
            kind: Kind { holds_numbers: false, missing: 0, first: None },
        };
        let texts = match &roles.categories {
            Categories::Listed(listed) => listed.iter().map(text).collect(),
            Categories::Few => vec![],
        };
        Channels {
            kinds: vec![kind; columns.len()],
            columns,
            values: vec![],
            texts,
            takes_few: matches!(roles.categories, Categories::Few),
            rows: 0,
        }
    }

    /// Adds the cells of a row.
    pub(super) fn add(&mut self, row: &Row<'_>, place: Place) -> Result<()> {
        self.make_room(row.records);
        self.texts.iter_mut().for_each(|text| text.add(row.cell(text.column), place));
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
                    kind.add_missing(cell, place);
                    self.values.push(f64::NAN);
                }
                // Infinity is a number, though not one to compute with.
                Err(_) if !kind.holds_numbers && cell.parse::<f64>().is_err() => {
                    self.found_text(index, cell, place);
                    continue;
                }
                Err((expected, found)) => {
                    return Err(row.fault(column, expected, found).into());
                }
            }
            index += 1;
        }
        self.rows += 1;
        Ok(())
    }

    /// Takes a column whose first value is this cell for one of text.
    fn found_text(&mut self, index: usize, cell: &str, place: Place) {
        let kind = self.kinds[index].clone();
        let mut text = TextColumn {
            column: self.remove(index),
            is_listed: false,
            example: Some(CellExample { row: place.row, text: cell.to_string() }),
            texts: Interner::default(),
            ids: Ids { first: Vocabulary::UNKNOWN, repeats: self.rows, others: vec![] },
            kind,
        };
        text.add(cell, place);
        self.texts.push(text);
    }

    /// Room for a row, and for all that are expected by the size of the file: memory that doubles
    /// would be twice that of the numbers. Where nobody knows, an eighth more at a time.
    #[expect(clippy::cast_possible_truncation, reason = "a guess, of numbers that fit in memory")]
    fn make_room(&mut self, records: &Records) {
        const LEAST: usize = 1 << 16;
        let len = self.values.len();
        if self.values.capacity() - len < self.columns.len() {
            let an_eighth = (len / 8).max(LEAST).max(self.columns.len());
            let expected = match records.part_read() {
                Some(part) if len >= LEAST && part < 1.0 => {
                    (len as f64 * 1.02 * (1.0 - part) / part) as usize
                }
                _ => 0,
            };
            // Where the first rows are short, the guess may be more than there is.
            if self.values.try_reserve_exact(expected.max(an_eighth)).is_err() {
                self.values.reserve_exact(an_eighth);
            }
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

    /// Leaves out the columns without a value or a name, and those of text that are no channels. What
    /// comes back are these, each with the reason, in the order of the file.
    pub(super) fn settle(&mut self, records: &Records) -> Vec<LeftOut> {
        let is_unnamed = |column: usize| records.header[column].is_empty();
        let (rows, texts) = (self.rows, std::mem::take(&mut self.texts));
        let (kept, others): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| {
            let is_channel = text.is_listed || self.takes_few && text.is_few(rows);
            is_channel && !is_unnamed(text.column)
        });
        self.texts = kept;
        self.texts.sort_by_key(|text| (!text.is_listed, text.column));
        let text = |TextColumn { column, example, .. }: TextColumn| match is_unnamed(column) {
            true => records.left_out(column, LeftOutReason::Unnamed),
            false => LeftOut { example, ..records.left_out(column, LeftOutReason::Text) },
        };
        let mut left_out: Vec<LeftOut> = others.into_iter().map(text).collect();
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
        let texts = self.texts.iter().map(|text| (&text.column, &text.kind));
        let gaps = self.columns.iter().zip(&self.kinds).chain(texts);
        let count = gaps.clone().map(|(_, kind)| kind.missing).sum();
        let first = gaps.filter_map(|(&column, kind)| {
            Some(Gap { column, first: kind.first.clone()?, count: kind.missing })
        });
        let place = |gap: &Gap| (gap.first.place.file, gap.first.place.row, gap.column);
        let gap = first.min_by_key(place)?;
        Some(Gap { count, ..gap })
    }

    /// Whether there is no channel at all.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.texts.is_empty()
    }

    /// The token channels, their rows in this order if one is given.
    pub(super) fn take_tokens(
        &mut self,
        header: &[String],
        order: Option<&[usize]>,
    ) -> Result<Vec<TokenChannel>> {
        let rows = self.rows;
        let channel = |TextColumn { column, texts, ids, .. }: TextColumn| {
            let ids = match order {
                Some(order) => order.iter().map(|&row| ids.get(row)).collect(),
                None => (0..rows).map(|row| ids.get(row)).collect(),
            };
            TokenChannel::new(header[column].clone(), Arc::new(texts.finish()), ids)
        };
        std::mem::take(&mut self.texts).into_iter().map(channel).collect()
    }
}
