//! Dated tables as series: `unique_id, ds, y`, or a column for each series.

mod future;
mod read;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::calendar::{Frequency, Style};
use crate::data::csv::{Table, TextColumn};
use crate::data::{Columns, RowOrder, Source};
use crate::error::{Error, FileFault, Result};
use read::{Group, Order, Reader, Roles, frequency, groups};

/// How a dated table is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FrameOptions {
    /// The columns of ids, times and values, and how the file is written. Without a name
    /// `unique_id`, `ds` and `y` are taken, where they are there. Without ids each target is a
    /// series of its own; with ids too, where there are several.
    pub columns: Columns,
    /// Columns that are known up to the last row only, and help to forecast.
    pub features: Vec<String>,
    /// Columns that are known for the steps to be forecast as well: holidays, plans, prices.
    pub known: Vec<String>,
    /// Columns that are the same in every row of a series.
    pub statics: Vec<String>,
    /// What becomes of missing rows.
    pub gaps: Gaps,
    /// What becomes of several rows of one series at one time.
    pub repeats: Repeats,
    /// Whether values of series and features may be missing.
    pub missing: bool,
}

/// What becomes of rows that are missing between two others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gaps {
    /// They are refused, the first by its place.
    #[default]
    Refuse,
    /// They become rows whose values are missing.
    Fill,
}

/// What becomes of several rows of one series at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeats {
    /// They are refused, the first by its place.
    #[default]
    Refuse,
    /// The first of them counts.
    First,
    /// The last of them counts.
    Last,
    /// Their mean counts, of those that are not missing.
    Mean,
}

impl FrameOptions {
    /// Whether values may be missing.
    #[must_use]
    pub fn takes_missing(&self) -> bool {
        self.missing || self.gaps == Gaps::Fill
    }
}

/// One series: values at one frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub id: String,
    /// The time of the first value.
    pub start: i64,
    /// The values `[T]`; NaN where missing.
    pub values: Vec<f64>,
    /// The features `[T, C]`, row-major; NaN where missing.
    pub features: Vec<f64>,
    /// The known columns `[T + ahead, K]`, row-major; NaN where missing.
    pub known: Vec<f64>,
    /// The static columns `[S]`.
    pub statics: Vec<f64>,
    /// The row of its first value in the file, from 1; 0 where there is no file.
    pub row: u64,
    /// The steps for which the file had no row.
    pub filled: usize,
}

impl Series {
    /// A series without further columns.
    #[must_use]
    pub fn new(id: impl Into<String>, start: i64, values: Vec<f64>) -> Self {
        let (features, known, statics) = (Vec::new(), Vec::new(), Vec::new());
        Series { id: id.into(), start, values, features, known, statics, row: 0, filled: 0 }
    }
}

/// What was expected of series, and what was found.
pub(crate) struct Fault {
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Fault {
    pub(crate) fn new(expected: impl Into<String>, found: impl std::fmt::Display) -> Self {
        Fault { expected: expected.into(), found: found.to_string() }
    }
}

/// Series of one frequency, from a file or made by hand.
///
/// ```
/// use elman::forecast::{Frame, FrameOptions, Frequency};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sales.csv");
/// std::fs::write(&path, "unique_id,ds,y\na,2024-01-01,5\na,2024-01-02,7\nb,2024-01-01,1\n")?;
/// let frame = Frame::read(&[path], &FrameOptions::default())?;
/// assert_eq!(frame.frequency, Frequency::Seconds(86_400));
/// assert_eq!(frame.series[0].values, [5.0, 7.0]);
/// assert_eq!(frame.series[1].id, "b");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The series, in the order of the file.
    pub series: Vec<Series>,
    /// How their times follow each other.
    pub frequency: Frequency,
    /// How times are written.
    pub style: Style,
    /// The names of the features `[C]`.
    pub features: Vec<String>,
    /// The names of the known columns `[K]`.
    pub known: Vec<String>,
    /// The names of the static columns `[S]`.
    pub statics: Vec<String>,
    /// Where the series come from.
    pub source: Option<Source>,
}

impl Frame {
    /// Series at whole numbers, or at dates, without further columns.
    ///
    /// ```
    /// use elman::forecast::{Frame, Frequency, Series};
    ///
    /// let saw = Series::new("saw", 0, vec![0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    /// let frame = Frame::of(vec![saw], Frequency::Steps(1));
    /// assert_eq!(frame.time(&frame.series[0], 6), 6);
    /// ```
    #[must_use]
    pub fn of(series: Vec<Series>, frequency: Frequency) -> Self {
        let style = match frequency {
            Frequency::Steps(_) => Style::Whole,
            _ => Style::Clock,
        };
        let (features, known, statics) = (Vec::new(), Vec::new(), Vec::new());
        Frame { series, frequency, style, features, known, statics, source: None }
    }

    /// Reads a table, or several with one header.
    ///
    /// # Errors
    ///
    /// A file that cannot be read; a column that is not there; a time that is no whole number and
    /// no date, of another kind than the one before it, or with fractions of a second; rows of one
    /// series that are out of order, twice at one time, or off the frequency; a gap, unless it is to
    /// be filled; a value that is missing, unless it may be; series of different frequencies.
    pub fn read(paths: &[PathBuf], options: &FrameOptions) -> Result<Self> {
        let table = Table::read(paths, &options.columns)?;
        Ok(Frame { source: Some(table.source.clone()), ..Frame::of_table(&table, options)? })
    }

    /// Reads a table that is in memory, as if it were a file.
    ///
    /// ```
    /// use elman::data::csv::TextColumn;
    /// use elman::forecast::{Frame, FrameOptions};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let column = |name: &str, cells: [&str; 2]| TextColumn {
    ///     name: name.into(),
    ///     cells: cells.map(String::from).to_vec(),
    /// };
    /// let table = [column("ds", ["2024-01", "2024-02"]), column("y", ["5", "7"])];
    /// let frame = Frame::of_columns(&table, &FrameOptions::default())?;
    /// assert_eq!(frame.series[0].values, [5.0, 7.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), their rows counted from 0; columns of different length.
    pub fn of_columns(columns: &[TextColumn], options: &FrameOptions) -> Result<Self> {
        Frame::of_table(&Table::of_columns(columns)?, options)
    }

    fn of_table(table: &Table, options: &FrameOptions) -> Result<Self> {
        let roles = Roles::of(table, options)?;
        let (mut groups, style) = groups(table, &roles)?;
        if options.columns.order == RowOrder::Sort {
            groups.iter_mut().for_each(Group::sort);
        }
        let frequency = frequency(table, &groups, Order { style, repeats: options.repeats })?;
        let mut series = Vec::new();
        for group in &groups {
            let reader = Reader { table, roles: &roles, options, frequency, style };
            series.extend(reader.series(group)?);
        }
        Ok(Frame {
            series,
            frequency,
            style,
            features: options.features.clone(),
            known: options.known.clone(),
            statics: options.statics.clone(),
            source: None,
        })
    }

    /// Each series without its last `steps` values; what is known of these steps stays.
    #[must_use]
    pub fn before(&self, steps: usize) -> Self {
        let cut = |series: &Series| {
            let length = series.values.len().saturating_sub(steps);
            let width = self.features.len();
            Series {
                values: series.values[..length].to_vec(),
                features: series.features[..length * width].to_vec(),
                ..series.clone()
            }
        };
        Frame { series: self.series.iter().map(cut).collect(), ..self.clone() }
    }

    /// What is wrong with a series, by its place in the file if there is one.
    pub(crate) fn fault(&self, series: &Series, fault: Fault) -> Error {
        let Fault { expected, found } = fault;
        match &self.source {
            None => Error::argument(format!("series {:?}", series.id), expected, found),
            Some(source) => {
                let expected = match series.id.as_str() {
                    "" => expected,
                    id => format!("{expected} in series {id:?}"),
                };
                FileFault::new(&source.path, expected, found).row(series.row).into()
            }
        }
    }

    /// What is wrong with all series, with their file if there is one.
    pub(crate) fn refused(&self, fault: Fault) -> Error {
        let Fault { expected, found } = fault;
        match &self.source {
            None => Error::argument("data", expected, found),
            Some(source) => FileFault::new(&source.path, expected, found).into(),
        }
    }

    /// The time of a step of a series.
    #[must_use]
    pub fn time(&self, series: &Series, step: usize) -> i64 {
        self.frequency.advance(series.start, i64::try_from(step).unwrap_or(i64::MAX))
    }
}
