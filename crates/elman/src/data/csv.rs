//! Long CSV: a header, then one row for each time step of each sequence.
//!
//! ```csv
//! utterance,step,lpc1,lpc2,speaker
//! 0,0,1.860936,-0.207383,1
//! 0,1,1.891651,-0.193249,1
//! 1,0,1.303905,0.067256,2
//! ```
//!
//! The rows of one sequence stand together; the order of the sequences is that of the file. A time
//! column, if one is named, must grow from row to row of a sequence and is not used otherwise. A
//! target is the same in every row of a sequence. Without a list of features every column that has
//! no other role and holds numbers is one; its first value decides (cells that are empty or hold one
//! of the usual words for a missing value do not), so that text further down is an error and not
//! a reason to drop the column. [`Dataset::left_out`] names the columns that were not read.
//!
//! The text is UTF-8, with or without a byte order mark; rows end in LF or CRLF, fields may be quoted,
//! empty lines are skipped, and white space around a field does not belong to it. Numbers have a
//! decimal point. Missing values, NaN and infinities are refused.

mod records;
mod time;

use std::collections::HashMap;
use std::path::Path;

use ndarray::Array2;

use self::records::Records;
use self::time::Time;
use super::file::{self, TextFile};
use super::options::{LeftOut, LeftOutReason, ReadOptions, TargetKind};
use super::targets::ClassCollector;
use super::{Dataset, Parts, Targets, ValueTargets};
use crate::error::{Error, FileFault, Result};

/// Reads a long CSV file.
///
/// ```
/// use elman::data::{Columns, ReadOptions, TargetKind, csv};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("gestures.csv");
/// std::fs::write(&path, "take,x,y,gesture\n0,0.1,0.2,wave\n0,0.3,0.1,wave\n1,0.9,0.8,push\n")?;
/// let options = ReadOptions {
///     columns: Columns {
///         sequence: Some("take".into()),
///         targets: vec!["gesture".into()],
///         ..Columns::default()
///     },
///     kind: TargetKind::Classes { known: None },
///     ..ReadOptions::default()
/// };
/// let dataset = csv::read_csv(&path, &options)?;
/// assert_eq!(dataset.feature_names(), ["x", "y"]);
/// assert_eq!(dataset.lengths(), [2, 1]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Options that name no sequence column, too few or too many targets, or a column twice; a path
/// without a file; a file that cannot be read, is empty, no UTF-8, or has no rows; a header that names
/// a column twice or lacks a named one; a row with another number of fields than the header; a
/// cell that is empty, no number where one belongs, or not finite; a sequence whose rows are not
/// together; a time that does not grow; a target that changes within a sequence; a class
/// that is not among the known ones.
pub fn read_csv(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
    options.check_columns()?;
    let file = TextFile::read(path.as_ref())?;
    let mut records = Records::open(&file, options.columns.delimiter)?;
    let roles = Roles::resolve(&records, options)?;
    let mut reader = Reader::new(&file, &roles, options);
    while let Some(row) = records.next_row()? {
        reader.add(&Row { records: &records, row })?;
    }
    if reader.ids.is_empty() {
        return Err(records.header_only());
    }
    reader.finish()
}

/// Which column is what.
struct Roles {
    sequence: usize,
    time: Option<usize>,
    targets: Vec<usize>,
    features: Vec<usize>,
    left_out: Vec<LeftOut>,
    header: Vec<String>,
}

impl Roles {
    fn resolve(records: &Records<'_>, options: &ReadOptions) -> Result<Self> {
        let columns = &options.columns;
        let Some(sequence) = &columns.sequence else {
            let fault = records.file.fault("the name of its sequence column", "none");
            return Err(fault.hint(records.columns_hint()).into());
        };
        let sequence = records.find(sequence)?;
        let time = columns.time.as_ref().map(|name| records.find(name)).transpose()?;
        let targets: Vec<usize> =
            columns.targets.iter().map(|name| records.find(name)).collect::<Result<_>>()?;
        let has_role =
            |column: usize| column == sequence || Some(column) == time || targets.contains(&column);
        let free: Vec<usize> = (0..records.header.len()).filter(|&c| !has_role(c)).collect();
        let (features, left_out) = match &options.features {
            Some(names) => listed(records, names, &free)?,
            None => records.numeric_columns(&free)?,
        };
        let header = records.header.clone();
        Ok(Roles { sequence, time, targets, features, left_out, header })
    }

    fn names(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|&column| self.header[column].clone()).collect()
    }
}

/// The columns of a list of features, and the free ones that are not on it.
fn listed(
    records: &Records<'_>,
    names: &[String],
    free: &[usize],
) -> Result<(Vec<usize>, Vec<LeftOut>)> {
    let features: Vec<usize> =
        names.iter().map(|name| records.find(name)).collect::<Result<_>>()?;
    let unused = free.iter().filter(|column| !features.contains(column));
    let left_out = unused.map(|&column| LeftOut {
        name: records.header[column].clone(),
        reason: LeftOutReason::NotListed,
    });
    let left_out = left_out.collect();
    Ok((features, left_out))
}

/// One row and where it stands.
struct Row<'a> {
    records: &'a Records<'a>,
    row: u64,
}

impl Row<'_> {
    fn cell(&self, column: usize) -> &str {
        self.records.cell(column)
    }

    fn number(&self, column: usize) -> Result<f64> {
        file::number(self.cell(column))
            .map_err(|(expected, found)| self.fault(column, expected, found).into())
    }

    /// The text of a cell that may not be empty.
    fn text(&self, column: usize, expected: &str) -> Result<&str> {
        match self.cell(column) {
            "" => Err(self.fault(column, expected, "an empty cell").into()),
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
struct Reader<'a> {
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
    fn new(file: &'a TextFile, roles: &'a Roles, options: &ReadOptions) -> Self {
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

    fn add(&mut self, row: &Row<'_>) -> Result<()> {
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

    fn finish(self) -> Result<Dataset> {
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
