//! Dated tables as series: `unique_id, ds, y`, or a column for each series.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::calendar::{Frequency, Style};
use crate::data::csv::time::Time;
use crate::data::csv::{Table, TableRow};
use crate::data::{Columns, Source};
use crate::error::{Error, FileFault, Result};

const NANOSECONDS: i128 = 1_000_000_000;

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
    /// What becomes of missing rows.
    pub gaps: Gaps,
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
    /// Where the series come from.
    pub source: Option<Source>,
}

/// Which column is what.
struct Roles {
    id: Option<usize>,
    time: usize,
    targets: Vec<usize>,
    features: Vec<usize>,
}

impl Roles {
    fn of(table: &Table, options: &FrameOptions) -> Result<Self> {
        let columns = &options.columns;
        let usual = |name: &str| table.header.iter().position(|column| column == name);
        let id = match &columns.sequence {
            Some(name) => Some(table.find(name)?),
            None => usual("unique_id"),
        };
        let time = match &columns.time {
            Some(name) => table.find(name)?,
            None => usual("ds").ok_or_else(|| missing(table, "time column", "ds"))?,
        };
        let find_all = |names: &[String]| -> Result<Vec<usize>> {
            names.iter().map(|name| table.find(name)).collect()
        };
        let targets: Vec<usize> = match columns.targets.as_slice() {
            [] => vec![usual("y").ok_or_else(|| missing(table, "target column", "y"))?],
            names => find_all(names)?,
        };
        let roles = Roles { id, time, targets, features: find_all(&options.features)? };
        let mut all: Vec<usize> = roles.id.into_iter().chain([roles.time]).collect();
        all.extend(roles.targets.iter().chain(&roles.features));
        for (at, column) in all.iter().enumerate() {
            if all[..at].contains(column) {
                let name = &table.header[*column];
                let fault = FileFault::new(&table.source.path, "one role for it", "two");
                return Err(fault.column(name).into());
            }
        }
        Ok(roles)
    }
}

fn missing(table: &Table, what: &str, usual: &str) -> Error {
    let expected = format!("the name of its {what}, or a column {usual:?}");
    let fault = FileFault::new(&table.source.path, expected, "neither");
    fault.hint(format!("the columns are {}", table.header.join(", "))).into()
}

/// The rows of one id, as indices into the table, and their times.
struct Group {
    id: String,
    rows: Vec<usize>,
    times: Vec<i64>,
}

impl Frame {
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
        let roles = Roles::of(&table, options)?;
        let (groups, style) = groups(&table, &roles)?;
        let frequency = frequency(&table, &groups, style)?;
        let mut series = Vec::new();
        for group in &groups {
            let reader = Reader { table: &table, roles: &roles, options, frequency, style };
            series.extend(reader.series(group)?);
        }
        let features = options.features.clone();
        Ok(Frame { series, frequency, style, features, source: Some(table.source) })
    }

    /// Each series without its last `steps` values.
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

    /// The time of a step of a series.
    #[must_use]
    pub fn time(&self, series: &Series, step: usize) -> i64 {
        self.frequency.advance(series.start, i64::try_from(step).unwrap_or(i64::MAX))
    }
}

/// The rows by id, in the order in which the ids first stand in the file.
fn groups(table: &Table, roles: &Roles) -> Result<(Vec<Group>, Style)> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = std::collections::HashMap::new();
    let (mut previous, mut style) = (None, Style::Whole);
    for (index, row) in table.rows.iter().enumerate() {
        let id = roles.id.map_or("", |column| &row.cells[column]);
        let place = *places.entry(id.to_owned()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { id: id.to_owned(), rows: vec![], times: vec![] });
        }
        let fault = |expected: &str| {
            let fault = table.fault(row, expected, &format!("{:?}", row.cells[roles.time]));
            fault.column(&table.header[roles.time])
        };
        let time = Time::parse(&row.cells[roles.time], previous.as_ref())
            .map_err(|expected| fault(&expected))?;
        let (whole, found) = whole(&time).ok_or_else(|| fault("a whole number or second"))?;
        let is_finer = found == Style::Clock || (found == Style::Day && style == Style::Month);
        if previous.is_none() || is_finer {
            style = found;
        }
        groups[place].rows.push(index);
        groups[place].times.push(whole);
        previous = Some(time);
    }
    Ok((groups, style))
}

fn whole(time: &Time) -> Option<(i64, Style)> {
    match time {
        Time::Whole(number) => Some((i64::try_from(*number).ok()?, Style::Whole)),
        Time::Number(_) => None,
        Time::Date(date) if date.instant() % NANOSECONDS == 0 => {
            let seconds = i64::try_from(date.instant() / NANOSECONDS).ok()?;
            Some((seconds, Style::of(date)))
        }
        Time::Date(_) => None,
    }
}

/// The frequency that all series have.
fn frequency(table: &Table, groups: &[Group], style: Style) -> Result<Frequency> {
    let mut found: Option<(Frequency, &Group)> = None;
    for group in groups {
        in_order(table, group, style)?;
        let frequency = match style {
            Style::Whole => Frequency::of_whole(&group.times),
            _ => Frequency::of_dates(&group.times),
        };
        let Some(frequency) = frequency else { continue };
        match found {
            Some((first, other)) if first != frequency => {
                let row = &table.rows[group.rows[0]];
                let expected = format!("series {:?} {}, as {:?}", group.id, first.name(), other.id);
                return Err(table.fault(row, &expected, &frequency.name()).into());
            }
            Some(_) => {}
            None => found = Some((frequency, group)),
        }
    }
    let fault = || FileFault::new(&table.source.path, "a series of at least two rows", "none");
    Ok(found.ok_or_else(fault)?.0)
}

fn in_order(table: &Table, group: &Group, style: Style) -> Result<()> {
    for (pair, &index) in group.times.windows(2).zip(&group.rows[1..]) {
        if pair[1] <= pair[0] {
            let (time, before) = (style.write(pair[1]), style.write(pair[0]));
            let found = if pair[1] == pair[0] { format!("{time} again") } else { time };
            let expected = format!("a time after {before} in series {:?}", group.id);
            return Err(table.fault(&table.rows[index], &expected, &found).into());
        }
    }
    Ok(())
}

struct Reader<'a> {
    table: &'a Table,
    roles: &'a Roles,
    options: &'a FrameOptions,
    frequency: Frequency,
    style: Style,
}

impl Reader<'_> {
    /// The series of one id: one for each target.
    fn series(&self, group: &Group) -> Result<Vec<Series>> {
        let steps = self.steps(group)?;
        let length = steps.last().map_or(0, |last| last + 1);
        let width = self.roles.features.len();
        let mut features = vec![f64::NAN; length * width];
        for (&row, &step) in group.rows.iter().zip(&steps) {
            for (at, &column) in self.roles.features.iter().enumerate() {
                features[step * width + at] = self.number(&self.table.rows[row], column)?;
            }
        }
        let mut all = Vec::new();
        for &column in &self.roles.targets {
            let mut values = vec![f64::NAN; length];
            for (&row, &step) in group.rows.iter().zip(&steps) {
                values[step] = self.number(&self.table.rows[row], column)?;
            }
            let id = self.name(group, column);
            all.push(Series { id, start: group.times[0], values, features: features.clone() });
        }
        Ok(all)
    }

    fn name(&self, group: &Group, column: usize) -> String {
        let target = &self.table.header[column];
        match (self.roles.id, self.roles.targets.len()) {
            (None, _) => target.clone(),
            (Some(_), 1) => group.id.clone(),
            (Some(_), _) => format!("{}/{target}", group.id),
        }
    }

    /// The step of each row, from 0.
    fn steps(&self, group: &Group) -> Result<Vec<usize>> {
        let mut steps = vec![0];
        for (pair, &index) in group.times.windows(2).zip(&group.rows[1..]) {
            let row = &self.table.rows[index];
            let next = self.style.write(self.frequency.advance(pair[0], 1));
            let found = self.style.write(pair[1]);
            let series = match self.roles.id {
                Some(_) => format!(" in series {:?}", group.id),
                None => String::new(),
            };
            let expected = format!("{next}{series}, as the rows are {}", self.frequency.name());
            let fault = || self.table.fault(row, &expected, &found);
            let ahead =
                self.frequency.steps(pair[0], pair[1]).and_then(|n| usize::try_from(n).ok());
            match ahead {
                None => return Err(fault().into()),
                Some(1) => {}
                Some(_) if self.options.gaps == Gaps::Fill => {}
                Some(count) => {
                    let hint = format!("{} missing; --fill-gaps makes them rows", count - 1);
                    return Err(fault().hint(hint).into());
                }
            }
            steps.push(steps[steps.len() - 1] + ahead.unwrap_or(1));
        }
        Ok(steps)
    }

    fn number(&self, row: &TableRow, column: usize) -> Result<f64> {
        let number = self.table.number(row, column)?;
        if number.is_nan() && !self.options.missing {
            let fault = self.table.fault(row, "a number", "a missing value");
            let fault = fault.column(&self.table.header[column]);
            return Err(fault.hint("--missing last takes missing values").into());
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, options: &FrameOptions) -> Result<Frame> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        Frame::read(&[path], options)
    }

    fn fault(text: &str) -> String {
        let error = read(text, &FrameOptions::default()).unwrap_err().to_string();
        error.split_once("t.csv: ").unwrap().1.to_owned()
    }

    #[test]
    fn what_breaks_the_frequency_is_named_with_its_place() {
        let cases = [
            (
                "ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n2024-01-05,2\n",
                "row 5: expected 2024-01-04, as the rows are daily, got 2024-01-05 (hint: 1 missing; --fill-gaps makes them rows)",
            ),
            (
                "ds,y\n2024-01-01,1\n2024-01-01,2\n",
                "row 3: expected a time after 2024-01-01 in series \"\", got 2024-01-01 again",
            ),
            (
                "ds,y\n2024-01-02,1\n2024-01-01,2\n",
                "row 3: expected a time after 2024-01-02 in series \"\", got 2024-01-01",
            ),
            (
                "ds,y\n1,1\n2,2\n3.5,1\n",
                "row 4, column \"ds\": expected a whole number or second, got \"3.5\"",
            ),
            (
                "ds,y\n2024-01-01T00:00Z,1\n2024-01-01 01:00,2\n",
                "row 3, column \"ds\": expected a date with an offset from UTC, as 2024-01-01T00:00Z before it, got \"2024-01-01 01:00\"",
            ),
            (
                "ds,y\n2024/01/01,1\n",
                "row 2, column \"ds\": expected a number or a date like 2024-05-31 or 2024-05-31T18:00:00, got \"2024/01/01\"",
            ),
            (
                "unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,1\nb,2024-01-01,2\nb,2024-01-08,1\n",
                "row 4: expected series \"b\" daily, as \"a\", got weekly",
            ),
            ("ds,y\n1,1\n", "expected a series of at least two rows, got none"),
            (
                "ds,y\n1,1\n2,\n",
                "row 3, column \"y\": expected a number, got a missing value (hint: --missing last takes missing values)",
            ),
            (
                "ds,z\n1,1\n2,3\n",
                "expected the name of its target column, or a column \"y\", got neither (hint: the columns are ds, z)",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(fault(text), expected);
        }
    }

    #[test]
    fn gaps_are_filled_on_request() {
        let options = FrameOptions { gaps: Gaps::Fill, ..FrameOptions::default() };
        let text = "ds,y\n2024-01,1\n2024-02,2\n2024-05,5\n";
        let frame = read(text, &options).unwrap();
        let values = &frame.series[0].values;
        assert_eq!((values.len(), values[1], values[4]), (5, 2.0, 5.0));
        assert!(values[2].is_nan() && values[3].is_nan());
        assert_eq!(frame.style.write(frame.time(&frame.series[0], 6)), "2024-07");
    }

    #[test]
    fn a_wide_table_has_a_series_in_each_column() {
        let columns = Columns { targets: vec!["a".into(), "b".into()], ..Columns::default() };
        let options =
            FrameOptions { columns, features: vec!["x".into()], ..FrameOptions::default() };
        let frame = read("ds,a,b,x\n1,10,20,5\n3,11,21,6\n5,12,22,7\n", &options).unwrap();
        assert_eq!(frame.frequency, Frequency::Steps(2));
        assert_eq!(frame.series[1].id, "b");
        assert_eq!(frame.series[1].values, [20.0, 21.0, 22.0]);
        assert_eq!(frame.series[0].features, [5.0, 6.0, 7.0]);
        assert_eq!(frame.before(1).series[0].values, [10.0, 11.0]);
    }
}
