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
//! not a reason to drop the column. Columns of text with few values are token channels, one
//! category at each step. [`Dataset::left_out`] names the columns that were not read.
//!
//! The text is UTF-8, with or without a byte order mark, or gzip of it; rows end in LF or CRLF,
//! fields may be quoted, empty lines are skipped, and white space around a field does not belong to
//! it. Numbers have a decimal point, or a comma where the options say so. Infinities are refused,
//! [missing values](super::Missing) too unless the options say what becomes of them, and so is a line
//! break in an id or a class: it comes from a quote that is not closed. Several files with one header
//! are read as one. A file is read row by row: what stays in memory are its numbers.
//!
//! [`RowOrder::Sort`]: super::RowOrder::Sort

mod channels;
mod fields;
mod reader;
mod records;
mod row;
mod sort;
mod starts;
mod survey;
mod table;
mod targets;
mod text;
pub(crate) mod time;

use std::path::{Path, PathBuf};

pub(super) use self::fields::Fields;
use self::reader::Reader;
use self::records::Records;
pub(super) use self::records::joined;
use self::row::Row;
pub(super) use self::survey::{Column, Survey, Within, survey, within};
pub use self::table::TextColumn;
pub(crate) use self::table::{Table, TableRow};
use self::text::TextCells;
use super::Dataset;
use super::layout::Layout;
use super::left_out::{LeftOut, LeftOutReason};
use super::options::ReadOptions;
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
    read_files(&[path.as_ref().to_path_buf()], options)
}

/// Reads several files with one header, one after the other.
pub(super) fn read_files(paths: &[PathBuf], options: &ReadOptions) -> Result<Dataset> {
    options.check_columns()?;
    let mut records = Records::open(paths, &options.columns)?;
    if let Layout::Text { column, tokens } = &options.layout {
        let text = TextCells { column, tokens: *tokens };
        return text::read(records, paths, text, options);
    }
    let roles = Roles::resolve(&records, options)?;
    let mut reader = Reader::new(paths, &roles, options);
    while let Some(row) = records.next_row()? {
        reader.add(&Row { records: &records, row })?;
    }
    if reader.is_empty() {
        return Err(records.header_only());
    }
    reader.finish(&records)
}

/// Which column is what.
struct Roles {
    sequence: usize,
    time: Option<usize>,
    targets: Vec<usize>,
    weight: Option<usize>,
    group: Option<usize>,
    /// Columns of dates whose place in the calendar is input.
    calendar: Vec<usize>,
    features: Features,
    /// Columns of text that are token channels.
    categories: Categories,
    left_out: Vec<LeftOut>,
    header: Vec<String>,
}

/// Which columns of text are token channels.
enum Categories {
    /// These.
    Listed(Vec<usize>),
    /// Those with few values.
    Few,
}

/// The columns that are channels.
enum Features {
    /// These, all of which hold numbers.
    Listed(Vec<usize>),
    /// Those of these that turn out to hold numbers.
    Free(Vec<usize>),
}

impl Roles {
    fn resolve(records: &Records, options: &ReadOptions) -> Result<Self> {
        let columns = &options.columns;
        let Some(sequence) = &columns.sequence else {
            let fault = records.fault("the name of its sequence column", "none");
            return Err(fault.hint(records.columns_hint()).into());
        };
        let asked = options.names();
        let find = |name: &String| records.find(name, &asked);
        let find_all = |names: &[String]| names.iter().map(find).collect::<Result<Vec<usize>>>();
        let sequence = find(sequence)?;
        let time = columns.time.as_ref().map(find).transpose()?;
        let targets = find_all(&columns.targets)?;
        let weight = columns.weight.as_ref().map(find).transpose()?;
        let group = columns.group.as_ref().map(find).transpose()?;
        let listed = options.categories.as_deref().map(find_all).transpose()?;
        let calendar = options.calendar.iter().map(|date| records.find(date.column(), &asked));
        let calendar = calendar.collect::<Result<Vec<usize>>>()?;
        let has_role = |column: usize| {
            let single = [Some(sequence), time, weight, group];
            let is_category = listed.as_ref().is_some_and(|listed| listed.contains(&column));
            let is_listed = targets.contains(&column) || calendar.contains(&column);
            single.contains(&Some(column)) || is_listed || is_category
        };
        let free = (0..records.header.len()).filter(|&column| !has_role(column));
        let (features, others, reason) = match &options.features {
            Some(names) => {
                let listed = find_all(names)?;
                let others = free.filter(|column| !listed.contains(column)).collect();
                (Features::Listed(listed), others, LeftOutReason::NotListed)
            }
            None => {
                let exclude = find_all(&options.exclude)?;
                let (others, free): (Vec<_>, _) = free.partition(|column| exclude.contains(column));
                (Features::Free(free), others, LeftOutReason::Excluded)
            }
        };
        let left_out = others.into_iter().map(|column| records.left_out(column, reason)).collect();
        let header = records.header.clone();
        let categories = match (listed, &features) {
            (Some(listed), _) => Categories::Listed(listed),
            (None, Features::Listed(_)) => Categories::Listed(vec![]),
            (None, Features::Free(_)) => Categories::Few,
        };
        Ok(Roles {
            sequence,
            time,
            targets,
            weight,
            group,
            calendar,
            features,
            categories,
            left_out,
            header,
        })
    }

    fn names(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|&column| self.header[column].clone()).collect()
    }
}
