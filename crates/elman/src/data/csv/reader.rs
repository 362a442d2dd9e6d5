//! From rows to sequences: what must hold from one row to the next.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::PathBuf;

use super::super::calendar::{self, DateColumn};
use super::super::file;
use super::super::left_out::LeftOut;
use super::super::missing::{self, MISSING_HINT};
use super::super::options::{Missing, ReadOptions, RowOrder, SplitOrder};
use super::super::place::{Place, StepPlaces};
use super::super::{Dataset, Parts, Source};
use super::Roles;
use super::channels::Channels;
use super::records::{Records, joined};
use super::row::Row;
use super::sort::RowKey;
use super::starts::Starts;
use super::targets::TargetRows;
use super::time::Time;
use crate::error::{Error, FileFault, Result};

const SORT_HINT: &str = "--sort puts the rows in the order of sequence and time";

/// The first and the last row of a sequence so far.
struct Span {
    first: u64,
    last: u64,
}

/// What has been read so far.
pub(super) struct Reader<'a> {
    paths: &'a [PathBuf],
    pub(super) roles: &'a Roles,
    pub(super) ids: Vec<String>,
    pub(super) channels: Channels,
    missing: Missing,
    offsets: Vec<usize>,
    /// The sequence of each id.
    known: HashMap<String, usize>,
    spans: Vec<Span>,
    /// The time of the row before, in the same sequence unless the rows will be sorted.
    time: Option<Time>,
    /// When the sequences begin, if they will be split by time.
    starts: Option<Starts>,
    targets: TargetRows,
    dates: Vec<DateColumn>,
    weights: Vec<f64>,
    groups: Vec<String>,
    places: StepPlaces,
    order: RowOrder,
    /// Where each row belongs, if the rows will be sorted.
    keys: Vec<RowKey>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(paths: &'a [PathBuf], roles: &'a Roles, options: &ReadOptions) -> Self {
        Reader {
            paths,
            roles,
            ids: vec![],
            channels: Channels::new(roles),
            missing: options.missing,
            offsets: vec![0],
            known: HashMap::new(),
            spans: vec![],
            time: None,
            starts: (options.split == SplitOrder::Time && roles.time.is_some())
                .then(Starts::default),
            targets: TargetRows::new(roles, options),
            dates: options.calendar.iter().cloned().map(DateColumn::new).collect(),
            weights: vec![],
            groups: vec![],
            places: StepPlaces::default(),
            order: options.columns.order,
            keys: vec![],
        }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row<'_>) -> Result<()> {
        let id = row.text(self.roles.sequence, "the id of a sequence")?;
        let sequence = match self.order {
            _ if self.ids.last().is_some_and(|last| last == id) => Some(self.ids.len() - 1),
            RowOrder::AsGiven => None,
            RowOrder::Sort => self.known.get(id).copied(),
        };
        match sequence {
            Some(sequence) => self.compare(row, sequence)?,
            None => self.begin(id, row)?,
        }
        self.targets.step(row)?;
        let sequence = sequence.unwrap_or(self.ids.len() - 1);
        for (date, &column) in self.dates.iter_mut().zip(&self.roles.calendar) {
            date.push(row.date(column)?);
        }
        let time = self.read_time(row)?;
        if let (Some(starts), Some(time)) = (&mut self.starts, &time) {
            starts.see(sequence, time);
        }
        match self.order {
            RowOrder::AsGiven => self.check_time(row, time)?,
            RowOrder::Sort => {
                self.time.clone_from(&time);
                self.keys.push(RowKey { sequence, time, place: row.place() });
            }
        }
        self.channels.add(row, row.place())?;
        self.places.push(row.place());
        self.spans[sequence].last = row.row;
        if let Some(end) = self.offsets.last_mut() {
            *end += 1;
        }
        Ok(())
    }

    /// Whether no row has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Starts the sequence `id`, which `row` is the first of.
    fn begin(&mut self, id: &str, row: &Row<'_>) -> Result<()> {
        if let Some(&earlier) = self.known.get(id) {
            let Span { first, last } = self.spans[earlier];
            let rows = if first == last {
                format!("row {first}")
            } else {
                format!("rows {first} to {last}")
            };
            let expected = format!("all rows of sequence {} in one place", file::quote(id));
            let found = format!("a further one after {rows}");
            return Err(row.fault(self.roles.sequence, expected, found).hint(SORT_HINT).into());
        }
        self.targets.begin(row)?;
        if let Some(column) = self.roles.weight {
            self.weights.push(row.number(column)?);
        }
        if let Some(column) = self.roles.group {
            self.groups.push(row.text(column, "a group")?.to_string());
        }
        self.known.insert(id.to_string(), self.ids.len());
        self.ids.push(id.to_string());
        self.offsets.push(self.offsets[self.offsets.len() - 1]);
        self.spans.push(Span { first: row.row, last: row.row });
        if self.order == RowOrder::AsGiven {
            self.time = None;
        }
        Ok(())
    }

    /// Refuses a row whose target, weight or group are not those of its sequence.
    fn compare(&self, row: &Row<'_>, sequence: usize) -> Result<()> {
        let first = self.spans[sequence].first;
        if let Some(column) = self.roles.weight {
            let weight = self.weights[sequence];
            if row.number(column)?.partial_cmp(&weight).is_none_or(|order| order.is_ne()) {
                return Err(row.changed(column, first, &weight.to_string()).into());
            }
        }
        if let Some(column) = self.roles.group
            && row.cell(column) != self.groups[sequence]
        {
            let group = file::quote(&self.groups[sequence]);
            return Err(row.changed(column, first, &group).into());
        }
        self.targets.compare(row, sequence, first)
    }

    /// The time of a row, of the kind of the one before it; `None` without a time column.
    fn read_time(&self, row: &Row<'_>) -> Result<Option<Time>> {
        let Some(column) = self.roles.time else { return Ok(None) };
        let text = row.text(column, "a time")?;
        let other = self.starts.as_ref().and_then(Starts::any);
        let time = Time::parse(&row.pointed(column), self.time.as_ref().or(other));
        Ok(Some(time.map_err(|expected| row.fault(column, expected, file::quote(text)))?))
    }

    /// Refuses a row whose time is not after that of the row before it in the sequence.
    fn check_time(&mut self, row: &Row<'_>, time: Option<Time>) -> Result<()> {
        let (Some(column), Some(time)) = (self.roles.time, time) else { return Ok(()) };
        if let Some(previous) = &self.time {
            let order = time.order(previous);
            if order != Some(Ordering::Greater) {
                let expected = format!("a time after {previous}, that of the row before");
                let fault = row.fault(column, expected, time.to_string());
                // Equal times have no order to be put in.
                let unsorted = order == Some(Ordering::Less);
                let hint = unsorted.then(|| SORT_HINT.to_string());
                return Err(file::with_hint(fault, hint).into());
            }
        }
        self.time = Some(time);
        Ok(())
    }

    /// A fault at a place in one of the files.
    pub(super) fn fault(
        &self,
        place: Place,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> FileFault {
        let path = self.paths.get(place.file as usize).map_or(&[][..], std::slice::from_ref);
        FileFault::new(joined(path), expected, found).row(place.row)
    }

    /// The data set of all rows added, at least one.
    pub(super) fn finish(mut self, records: &Records) -> Result<Dataset> {
        let mut left_out = self.channels.settle(records);
        if self.channels.is_empty() && self.dates.is_empty() {
            return Err(no_features(records, &left_out));
        }
        left_out.extend(self.roles.left_out.iter().cloned());
        self.check_missing()?;
        let order = self.sort()?;
        let tokens = self.channels.take_tokens(&self.roles.header, order.as_deref())?;
        let names = self.roles.names(&self.channels.columns);
        let values = std::mem::take(&mut self.channels.values);
        let channels = missing::Channels { names, values };
        let channels = missing::complete(channels, &self.offsets, self.missing);
        if let Some(order) = &order {
            self.dates.iter_mut().for_each(|date| date.reorder(order));
        }
        let channels = calendar::append(channels, &self.dates);
        let target_names = self.roles.names(&self.roles.targets);
        let dataset = Dataset::assemble(Parts {
            targets: self.targets.finish(target_names, order.as_deref())?,
            ids: self.ids,
            feature_names: channels.names,
            values: channels.values,
            tokens,
            offsets: self.offsets,
        })?;
        let dataset = match self.roles.weight {
            Some(column) => dataset.with_weights(self.weights).map_err(|error| {
                let fault = |expected, found| records.fault(expected, found);
                of_column(error, &self.roles.header[column], fault)
            })?,
            None => dataset,
        };
        let files: Vec<PathBuf> =
            self.paths.iter().map(|path| joined(std::slice::from_ref(path))).collect();
        Ok(Dataset {
            source: Some(Source { path: joined(self.paths), digest: records.digest() }),
            groups: self.roles.group.map(|_| self.groups),
            time_order: self.starts.map(|starts| starts.places()),
            left_out,
            places: self.places.finish(),
            files,
            ..dataset
        })
    }

    /// Puts the rows in order, if they are to be sorted; which row stands at each place then.
    fn sort(&mut self) -> Result<Option<Vec<usize>>> {
        if self.order == RowOrder::AsGiven {
            return Ok(None);
        }
        let keys = std::mem::take(&mut self.keys);
        let sorted = super::sort::sort(self, keys)?;
        self.channels.values = sorted.values;
        (self.offsets, self.places) = (sorted.offsets, sorted.places);
        Ok(Some(sorted.order))
    }

    /// Refuses missing values, where they are to be refused.
    fn check_missing(&self) -> Result<()> {
        match (self.missing, self.channels.gap()) {
            (Missing::Refuse, Some(gap)) => {
                let fault = self.fault(gap.first.place, "a number", gap.found());
                Err(fault.column(&self.roles.header[gap.column]).hint(MISSING_HINT).into())
            }
            _ => Ok(()),
        }
    }
}

/// A fault of all values of a column, found once they are known.
fn of_column(error: Error, column: &str, fault: impl Fn(String, String) -> FileFault) -> Error {
    match error {
        Error::Argument { expected, found, .. } => fault(expected, found).column(column).into(),
        other => other,
    }
}

fn no_features(records: &Records, left_out: &[LeftOut]) -> Error {
    let others: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    let found = match others.is_empty() {
        true => "none".to_string(),
        false => format!("none ({})", others.join("; ")),
    };
    records.fault("at least one further column of numbers for the features", found).into()
}
