//! From rows to sequences: what must hold from one row to the next.

use std::collections::HashMap;

use ndarray::Array2;

use super::super::file::{self, TextFile};
use super::super::options::{ReadOptions, TargetKind};
use super::super::targets::ClassCollector;
use super::super::{Dataset, Parts, Targets, ValueTargets};
use super::Roles;
use super::records::{QUOTE_HINT, Records};
use super::time::Time;
use crate::error::{Error, FileFault, Result};

/// One row and where it stands.
pub(super) struct Row<'a> {
    pub(super) records: &'a Records<'a>,
    pub(super) row: u64,
}

impl Row<'_> {
    fn cell(&self, column: usize) -> &str {
        self.records.cell(column)
    }

    fn number(&self, column: usize) -> Result<f64> {
        file::number(self.cell(column))
            .map_err(|(expected, found)| self.fault(column, expected, found).into())
    }

    /// The text of a cell that may not be empty. A line break in it is refused: it comes from a
    /// quote that is not closed.
    fn text(&self, column: usize, expected: &str) -> Result<&str> {
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

    fn fault(
        &self,
        column: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> FileFault {
        let fault = self.records.file.fault(expected, found);
        fault.row(self.row).column(&self.records.header[column])
    }
}

/// What has been read of the targets: one for each sequence begun.
enum TargetRows {
    None,
    Classes(ClassCollector),
    Values(Vec<f64>), // [N, O]
}

/// What has been read so far.
pub(super) struct Reader<'a> {
    file: &'a TextFile,
    roles: &'a Roles,
    ids: Vec<String>,
    values: Vec<f64>,
    offsets: Vec<usize>,
    /// The sequence of each id.
    known: HashMap<String, usize>,
    /// The first and the last row of each sequence.
    rows: Vec<(u64, u64)>,
    time: Option<Time>,
    targets: TargetRows,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a TextFile, roles: &'a Roles, options: &ReadOptions) -> Self {
        let targets = match &options.kind {
            TargetKind::None => TargetRows::None,
            TargetKind::Classes { known } => {
                TargetRows::Classes(ClassCollector::new(known.clone()))
            }
            TargetKind::Values => TargetRows::Values(Vec::new()),
        };
        Reader {
            file,
            roles,
            ids: vec![],
            values: vec![],
            offsets: vec![0],
            known: HashMap::new(),
            rows: vec![],
            time: None,
            targets,
        }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row<'_>) -> Result<()> {
        let id = row.text(self.roles.sequence, "the id of a sequence")?;
        if self.ids.last().is_none_or(|last| last != id) {
            self.begin(id, row)?;
        } else {
            self.compare_targets(row)?;
        }
        self.check_time(row)?;
        for &column in &self.roles.features {
            self.values.push(row.number(column)?);
        }
        if let (Some(end), Some(rows)) = (self.offsets.last_mut(), self.rows.last_mut()) {
            *end += 1;
            rows.1 = row.row;
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
            let (first, last) = self.rows[earlier];
            let expected = format!("all rows of sequence {} in one place", file::quote(id));
            let found = format!("a further one after rows {first} to {last}");
            return Err(row.fault(self.roles.sequence, expected, found).into());
        }
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
        self.known.insert(id.to_string(), self.ids.len());
        self.ids.push(id.to_string());
        self.offsets.push(self.offsets[self.offsets.len() - 1]);
        self.rows.push((row.row, row.row));
        self.time = None;
        Ok(())
    }

    /// Refuses a row whose targets are not those of its sequence.
    fn compare_targets(&self, row: &Row<'_>) -> Result<()> {
        let changed = |column: usize, expected: String| {
            let first = self.rows.last().map_or(0, |rows| rows.0);
            let expected = format!("{expected} as in row {first}, the first of the sequence");
            Err(row.fault(column, expected, file::quote(row.cell(column))).into())
        };
        match &self.targets {
            TargetRows::None => {}
            TargetRows::Classes(classes) => {
                let column = self.roles.targets[0];
                let label = row.text(column, "a class")?;
                if let Some(expected) = classes.last().filter(|last| *last != label) {
                    return changed(column, file::quote(expected));
                }
            }
            TargetRows::Values(values) => {
                let first = values.len() - self.roles.targets.len();
                for (&column, expected) in self.roles.targets.iter().zip(&values[first..]) {
                    if row.number(column)?.partial_cmp(expected).is_none_or(|order| order.is_ne()) {
                        return changed(column, expected.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    /// Refuses a row whose time is not after that of the row before it in the sequence.
    fn check_time(&mut self, row: &Row<'_>) -> Result<()> {
        let Some(column) = self.roles.time else { return Ok(()) };
        let text = row.text(column, "a time")?;
        let previous = self.time.take();
        let time = Time::parse(text, previous.as_ref())
            .map_err(|expected| row.fault(column, expected, file::quote(text)))?;
        if let Some(previous) = previous.filter(|previous| !time.is_after(previous)) {
            let expected = format!("a time after {previous}, that of the row before");
            return Err(row.fault(column, expected, time.to_string()).into());
        }
        self.time = Some(time);
        Ok(())
    }

    /// The data set of all rows added, at least one.
    pub(super) fn finish(self) -> Result<Dataset> {
        let names = self.roles.names(&self.roles.targets);
        let targets = match self.targets {
            TargetRows::None => Targets::None,
            TargetRows::Classes(classes) => Targets::Classes(classes.finish(&names[0])?),
            TargetRows::Values(values) => {
                let shape = (self.ids.len(), names.len());
                let values = Array2::from_shape_vec(shape, values)
                    .map_err(|_| Error::shape("targets", &[shape.0, shape.1], &[0]))?;
                Targets::Values(ValueTargets::new(names, values)?)
            }
        };
        let dataset = Dataset::assemble(Parts {
            ids: self.ids,
            feature_names: self.roles.names(&self.roles.features),
            values: self.values,
            offsets: self.offsets,
            targets,
        })?;
        let left_out = self.roles.left_out.clone();
        Ok(Dataset { source: Some(self.file.source.clone()), left_out, ..dataset })
    }
}
