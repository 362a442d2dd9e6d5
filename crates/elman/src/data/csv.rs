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
//! column, if one is named, must grow from row to row of a sequence and is not used otherwise: it
//! holds numbers, or dates with or without an offset from UTC. [`RowOrder::Sort`] takes rows in any
//! order. A target is the same in every row of a sequence. Without a list of features every column that has
//! no other role and holds numbers is one; its first value decides (cells that are empty or hold
//! one of the usual words for a missing value do not), so that text further down is an error and
//! not a reason to drop the column. [`Dataset::left_out`] names the columns that were not read.
//!
//! The text is UTF-8, with or without a byte order mark; rows end in LF or CRLF, fields may be
//! quoted, empty lines are skipped, and white space around a field does not belong to it. Numbers
//! have a decimal point. Missing values, NaN and infinities are refused, and so is a line break in
//! an id or a class: it comes from a quote that is not closed.
//!
//! [`RowOrder::Sort`]: super::RowOrder::Sort

mod reader;
mod records;
mod sort;
mod time;

use std::path::Path;

use self::reader::{Reader, Row};
use self::records::Records;
use super::Dataset;
use super::file::TextFile;
use super::options::{LeftOut, LeftOutReason, ReadOptions};
use crate::error::Result;

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
/// without a file; a file that cannot be read, is empty, no UTF-8, or has no rows; a header that
/// names a column twice or lacks a named one; a row with another number of fields than the header;
/// a cell that is empty, no number where one belongs, or not finite; a sequence whose rows are not
/// together; a time that does not grow, is of another kind than the one before it, or is no date of
/// the calendar; a target that changes within a sequence; a class that is
/// not among the known ones.
pub fn read_csv(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
    options.check_columns()?;
    let file = TextFile::read(path.as_ref())?;
    let mut records = Records::open(&file, options.columns.delimiter)?;
    let roles = Roles::resolve(&records, options)?;
    let mut reader = Reader::new(&file, &roles, options);
    while let Some(row) = records.next_row()? {
        reader.add(&Row { records: &records, row })?;
    }
    if reader.is_empty() {
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
        let asked = options.names();
        let sequence = records.find(sequence, &asked)?;
        let time = columns.time.as_ref().map(|name| records.find(name, &asked)).transpose()?;
        let targets: Vec<usize> =
            columns.targets.iter().map(|name| records.find(name, &asked)).collect::<Result<_>>()?;
        let has_role =
            |column: usize| column == sequence || Some(column) == time || targets.contains(&column);
        let free: Vec<usize> = (0..records.header.len()).filter(|&c| !has_role(c)).collect();
        let (features, left_out) = match &options.features {
            Some(names) => listed(records, names, (&asked, &free))?,
            None => unlisted(records, &options.exclude, (&asked, &free))?,
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
    (asked, free): (&[&str], &[usize]),
) -> Result<(Vec<usize>, Vec<LeftOut>)> {
    let features: Vec<usize> =
        names.iter().map(|name| records.find(name, asked)).collect::<Result<_>>()?;
    let unused = free.iter().filter(|column| !features.contains(column));
    let left_out = unused.map(|&column| records.left_out(column, LeftOutReason::NotListed));
    let left_out = left_out.collect();
    Ok((features, left_out))
}

/// The free columns that hold numbers and are not excluded, and those that are not read.
fn unlisted(
    records: &Records<'_>,
    exclude: &[String],
    (asked, free): (&[&str], &[usize]),
) -> Result<(Vec<usize>, Vec<LeftOut>)> {
    let exclude: Vec<usize> =
        exclude.iter().map(|name| records.find(name, asked)).collect::<Result<_>>()?;
    let (excluded, free): (Vec<usize>, Vec<usize>) =
        free.iter().partition(|column| exclude.contains(column));
    let (features, mut left_out) = records.numeric_columns(&free)?;
    let excluded = excluded.into_iter();
    left_out.extend(excluded.map(|column| records.left_out(column, LeftOutReason::Excluded)));
    Ok((features, left_out))
}
