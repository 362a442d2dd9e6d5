//! From rows to sequences: what must hold from one row to the next.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::PathBuf;

use ndarray::{Array2, Axis};

use super::super::file;
use super::super::missing::{self, MISSING_HINT};
use super::super::options::{Decimal, LeftOut, Missing, ReadOptions, RowOrder, TargetKind};
use super::super::place::{Place, StepPlaces};
use super::super::targets::ClassCollector;
use super::super::{Dataset, Each, Parts, Source, Targets, ValueTargets};
use super::Roles;
use super::channels::Channels;
use super::records::{QUOTE_HINT, Records, joined};
use super::sort::RowKey;
use super::time::Time;
use crate::error::{Error, FileFault, Result};

const SORT_HINT: &str = "--sort puts the rows in the order of sequence and time";

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
    fn pointed(&self, column: usize) -> Cow<'_, str> {
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

    fn place(&self) -> Place {
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
}

/// What has been read of the targets: one for each sequence begun, or for each row.
enum TargetRows {
    None,
    Classes(ClassCollector),
    Values(Vec<f64>), // [N, O], or [rows, O]
}

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
    targets: TargetRows,
    each: Each,
    weights: Vec<f64>,
    groups: Vec<String>,
    places: StepPlaces,
    order: RowOrder,
    /// Where each row belongs, if the rows will be sorted.
    keys: Vec<RowKey>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(paths: &'a [PathBuf], roles: &'a Roles, options: &ReadOptions) -> Self {
        let targets = match &options.kind {
            TargetKind::None => TargetRows::None,
            TargetKind::Classes { known } => {
                TargetRows::Classes(ClassCollector::new(known.clone()))
            }
            TargetKind::Values => TargetRows::Values(Vec::new()),
        };
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
            targets,
            each: options.each,
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
        if self.each == Each::Step {
            self.add_step_target(row)?;
        }
        let sequence = sequence.unwrap_or(self.ids.len() - 1);
        let time = self.read_time(row)?;
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
        if self.each == Each::Sequence {
            self.add_target(row)?;
        }
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

    /// The targets of a row.
    fn add_target(&mut self, row: &Row<'_>) -> Result<()> {
        match &mut self.targets {
            TargetRows::None => {}
            TargetRows::Classes(classes) => {
                let column = self.roles.targets[0];
                let label = row.text(column, "a class")?;
                classes.add(label).map_err(|unknown| unknown.at(row.fault(column, "", "")))?;
            }
            TargetRows::Values(values) => {
                for &column in &self.roles.targets {
                    values.push(row.number(column)?);
                }
            }
        }
        Ok(())
    }

    /// The targets of a row, which may have none.
    fn add_step_target(&mut self, row: &Row<'_>) -> Result<()> {
        let columns = &self.roles.targets;
        let missing = columns.iter().filter(|column| file::is_missing(row.cell(**column))).count();
        match &mut self.targets {
            TargetRows::Classes(classes) if missing > 0 => classes.add_none(),
            TargetRows::Values(values) if missing == columns.len() => {
                values.extend(columns.iter().map(|_| f64::NAN));
            }
            _ => self.add_target(row)?,
        }
        Ok(())
    }

    /// Refuses a row whose targets, weight or group are not those of its sequence.
    fn compare(&self, row: &Row<'_>, sequence: usize) -> Result<()> {
        if let Some(column) = self.roles.weight {
            let weight = self.weights[sequence];
            if row.number(column)?.partial_cmp(&weight).is_none_or(|order| order.is_ne()) {
                return self.changed(row, column, (sequence, weight.to_string()));
            }
        }
        if let Some(column) = self.roles.group
            && row.cell(column) != self.groups[sequence]
        {
            let group = file::quote(&self.groups[sequence]);
            return self.changed(row, column, (sequence, group));
        }
        match self.each {
            Each::Sequence => self.compare_targets(row, sequence),
            Each::Step => Ok(()),
        }
    }

    /// What should be the same in all rows of a sequence is not.
    fn changed(
        &self,
        row: &Row<'_>,
        column: usize,
        (sequence, expected): (usize, String),
    ) -> Result<()> {
        let first = self.spans[sequence].first;
        let expected = format!("{expected} as in row {first}, the first of the sequence");
        Err(row.fault(column, expected, file::quote(row.cell(column))).into())
    }

    fn compare_targets(&self, row: &Row<'_>, sequence: usize) -> Result<()> {
        let changed = |column, expected| self.changed(row, column, (sequence, expected));
        match &self.targets {
            TargetRows::None => {}
            TargetRows::Classes(classes) => {
                let column = self.roles.targets[0];
                let label = row.text(column, "a class")?;
                if let Some(expected) = classes.label(sequence).filter(|known| *known != label) {
                    return changed(column, file::quote(expected));
                }
            }
            TargetRows::Values(values) => {
                let first = sequence * self.roles.targets.len();
                for (&column, expected) in self.roles.targets.iter().zip(&values[first..]) {
                    if row.number(column)?.partial_cmp(expected).is_none_or(|order| order.is_ne()) {
                        return changed(column, expected.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    /// The time of a row, of the kind of the one before it; `None` without a time column.
    fn read_time(&self, row: &Row<'_>) -> Result<Option<Time>> {
        let Some(column) = self.roles.time else { return Ok(None) };
        let text = row.text(column, "a time")?;
        let time = Time::parse(&row.pointed(column), self.time.as_ref());
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
        if self.channels.is_empty() {
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
        let dataset = Dataset::assemble(Parts {
            targets: self.take_targets(order.as_deref())?,
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

    fn take_targets(&mut self, order: Option<&[usize]>) -> Result<Targets> {
        let names = self.roles.names(&self.roles.targets);
        let order = order.filter(|_| self.each == Each::Step);
        match std::mem::replace(&mut self.targets, TargetRows::None) {
            TargetRows::None => Ok(Targets::None),
            TargetRows::Classes(mut classes) => {
                if let Some(order) = order {
                    classes.reorder(order);
                }
                Ok(Targets::Classes(classes.finish(&names[0], self.each)?))
            }
            TargetRows::Values(values) => {
                let shape = (values.len() / names.len(), names.len());
                let values = Array2::from_shape_vec(shape, values)
                    .map_err(|_| Error::shape("targets", &[shape.0, shape.1], &[0]))?;
                let values = match order {
                    Some(order) => values.select(Axis(0), order),
                    None => values,
                };
                let targets = match self.each {
                    Each::Sequence => ValueTargets::new(names, values)?,
                    Each::Step => ValueTargets::of_steps(names, values)?,
                };
                Ok(Targets::Values(targets))
            }
        }
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
