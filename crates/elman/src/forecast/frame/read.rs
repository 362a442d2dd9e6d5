//! The rows of a table as series.

use std::borrow::Cow;

use super::super::calendar::{Frequency, Style};
use super::{FrameOptions, Gaps, Repeats, Series};
use crate::data::csv::time::Time;
use crate::data::csv::{Table, TableRow};
use crate::error::{Error, FileFault, Result};

const NANOSECONDS: i128 = 1_000_000_000;

/// Which column is what.
pub(super) struct Roles {
    pub(super) id: Option<usize>,
    pub(super) time: usize,
    targets: Vec<usize>,
    features: Vec<usize>,
    pub(super) known: Vec<usize>,
    statics: Vec<usize>,
}

impl Roles {
    pub(super) fn of(table: &Table, options: &FrameOptions) -> Result<Self> {
        let columns = &options.columns;
        let usual = |name: &str| table.header.iter().position(|column| column == name);
        let targets: Vec<usize> = match columns.targets.as_slice() {
            [] => vec![usual("y").ok_or_else(|| missing(table, "target column", "y"))?],
            names => find_all(table, names)?,
        };
        let roles = Roles {
            targets,
            features: find_all(table, &options.features)?,
            statics: find_all(table, &options.statics)?,
            ..Roles::ahead(table, options)?
        };
        let mut all: Vec<usize> = roles.id.into_iter().chain([roles.time]).collect();
        let further = [&roles.targets, &roles.features, &roles.known, &roles.statics];
        all.extend(further.into_iter().flatten());
        for (at, column) in all.iter().enumerate() {
            if all[..at].contains(column) {
                let name = &table.header[*column];
                let fault = FileFault::new(&table.source.path, "one role for it", "two");
                return Err(fault.column(name).into());
            }
        }
        Ok(roles)
    }

    /// Those of a table of the steps ahead.
    pub(super) fn ahead(table: &Table, options: &FrameOptions) -> Result<Self> {
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
        let known = find_all(table, &options.known)?;
        Ok(Roles { id, time, targets: vec![], features: vec![], known, statics: vec![] })
    }
}

fn find_all(table: &Table, names: &[String]) -> Result<Vec<usize>> {
    names.iter().map(|name| table.find(name)).collect()
}

fn missing(table: &Table, what: &str, usual: &str) -> Error {
    let expected = format!("the name of its {what}, or a column {usual:?}");
    let fault = FileFault::new(&table.source.path, expected, "neither");
    fault.hint(format!("the columns are {}", table.header.join(", "))).into()
}

/// The rows of one id, as indices into the table, and their times.
pub(super) struct Group {
    pub(super) id: String,
    pub(super) rows: Vec<usize>,
    pub(super) times: Vec<i64>,
}

impl Group {
    /// Rows of one time stay in their order.
    pub(super) fn sort(&mut self) {
        let mut pairs: Vec<(i64, usize)> =
            self.times.iter().copied().zip(self.rows.iter().copied()).collect();
        pairs.sort_by_key(|(time, _)| *time);
        (self.times, self.rows) = pairs.into_iter().unzip();
    }
}

/// The rows by id, in the order in which the ids first stand in the file.
pub(super) fn groups(table: &Table, roles: &Roles) -> Result<(Vec<Group>, Style)> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = std::collections::HashMap::new();
    let (mut previous, mut style) = (None, Style::Whole);
    let compact = has_compact_days(table, roles.time);
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
        let cell = &row.cells[roles.time];
        let text = if compact { spelt_out(cell) } else { Cow::Borrowed(cell.as_ref()) };
        let time = Time::parse(&text, previous.as_ref()).map_err(|expected| fault(&expected))?;
        let (whole, found) = whole(&time).ok_or_else(|| fault("a whole number or second"))?;
        let found = if compact { Style::CompactDay } else { found };
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

/// Whether all times are days such as 20240531. Numbers that count steps are not all days of a calendar.
fn has_compact_days(table: &Table, time: usize) -> bool {
    let is_day = |cell: &str| {
        let digits = cell.len() == 8 && cell.bytes().all(|byte| byte.is_ascii_digit());
        digits
            && Time::parse(&spelt_out(cell), None).is_ok_and(|time| matches!(time, Time::Date(_)))
    };
    table.rows.iter().all(|row| is_day(&row.cells[time]))
}

/// `20240531` as `2024-05-31`.
fn spelt_out(day: &str) -> Cow<'static, str> {
    Cow::Owned(format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]))
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

/// How the times of a series may follow each other.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) style: Style,
    pub(super) repeats: Repeats,
}

/// The frequency that all series have.
pub(super) fn frequency(table: &Table, groups: &[Group], order: Order) -> Result<Frequency> {
    let mut found: Option<(Frequency, &Group)> = None;
    for group in groups {
        in_order(table, group, order)?;
        let frequency = match order.style {
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
    let fault =
        || FileFault::new(&table.source.path, "a series of at least two rows", "one row each");
    Ok(found.ok_or_else(fault)?.0)
}

fn in_order(table: &Table, group: &Group, order: Order) -> Result<()> {
    let Order { style, repeats } = order;
    for (pair, &index) in group.times.windows(2).zip(&group.rows[1..]) {
        let again = pair[1] == pair[0];
        if pair[1] < pair[0] || (again && repeats == Repeats::Refuse) {
            let (time, before) = (style.write(pair[1]), style.write(pair[0]));
            let found = if again { format!("{time} again") } else { time };
            let expected = format!("a time after {before}{}", in_series(group));
            let fault = table.fault(&table.rows[index], &expected, &found);
            let hint = "--repeats first, last or mean takes several rows of one time";
            return Err(if again { fault.hint(hint) } else { fault }.into());
        }
    }
    Ok(())
}

fn in_series(group: &Group) -> String {
    match group.id.as_str() {
        "" => String::new(),
        id => format!(" in series {id:?}"),
    }
}

pub(super) struct Reader<'a> {
    pub(super) table: &'a Table,
    pub(super) roles: &'a Roles,
    pub(super) options: &'a FrameOptions,
    pub(super) frequency: Frequency,
    pub(super) style: Style,
}

/// The rows of one id with their steps.
struct Placed<'a> {
    group: &'a Group,
    steps: Vec<usize>,
    length: usize,
}

impl Reader<'_> {
    /// The series of one id: one for each target.
    pub(super) fn series(&self, group: &Group) -> Result<Vec<Series>> {
        let steps = self.steps(group)?;
        let length = steps.last().map_or(0, |last| last + 1);
        let mut distinct = steps.clone();
        distinct.dedup();
        let filled = length - distinct.len();
        let rows = Placed { group, steps, length };
        let features = self.side_by_side(&rows, &self.roles.features)?;
        let known = self.side_by_side(&rows, &self.roles.known)?;
        let statics = self.roles.statics.iter().map(|column| self.constant(group, *column));
        let statics = statics.collect::<Result<Vec<f64>>>()?;
        let row = self.table.rows[group.rows[0]].row;
        let mut all = Vec::new();
        for &column in &self.roles.targets {
            let (id, start) = (self.name(group, column), group.times[0]);
            let values = self.column(&rows, column)?;
            let (features, known, statics) = (features.clone(), known.clone(), statics.clone());
            all.push(Series { id, start, values, features, known, statics, row, filled });
        }
        Ok(all)
    }

    /// The values of a column by step `[T]`; NaN where there is no row.
    fn column(&self, rows: &Placed<'_>, column: usize) -> Result<Vec<f64>> {
        let mut values = vec![f64::NAN; rows.length];
        let mut counts = vec![0_u32; rows.length];
        for (&row, &step) in rows.group.rows.iter().zip(&rows.steps) {
            let number = self.number(&self.table.rows[row], column)?;
            let (value, count) = (&mut values[step], &mut counts[step]);
            match self.options.repeats {
                _ if number.is_nan() => {}
                Repeats::First if *count > 0 => {}
                Repeats::Mean if *count > 0 => {
                    *count += 1;
                    *value += (number - *value) / f64::from(*count);
                }
                _ => (*value, *count) = (number, 1),
            }
        }
        Ok(values)
    }

    /// The values of columns by step `[T, C]`.
    fn side_by_side(&self, rows: &Placed<'_>, columns: &[usize]) -> Result<Vec<f64>> {
        let width = columns.len();
        let mut all = vec![f64::NAN; rows.length * width];
        for (at, &column) in columns.iter().enumerate() {
            let values = self.column(rows, column)?;
            values.iter().enumerate().for_each(|(step, value)| all[step * width + at] = *value);
        }
        Ok(all)
    }

    /// The value that a column has in all rows.
    fn constant(&self, group: &Group, column: usize) -> Result<f64> {
        let first = self.table.number(&self.table.rows[group.rows[0]], column)?;
        for &row in &group.rows {
            let row = &self.table.rows[row];
            let number = self.table.number(row, column)?;
            if number.to_bits() != first.to_bits() || number.is_nan() {
                let expected = format!("{first}, one number{}", in_series(group));
                let fault = self.table.fault(row, &expected, &row.cells[column]);
                return Err(fault.column(&self.table.header[column]).into());
            }
        }
        Ok(first)
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
            let series = in_series(group);
            let expected = format!("{next}{series}, as the rows are {}", self.frequency.name());
            let fault = || self.table.fault(row, &expected, &found);
            let ahead =
                self.frequency.steps(pair[0], pair[1]).and_then(|n| usize::try_from(n).ok());
            match ahead {
                None => return Err(fault().into()),
                Some(0 | 1) => {}
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
        if number.is_nan() && !self.options.takes_missing() {
            let fault = self.table.fault(row, "a number", "a missing value");
            let fault = fault.column(&self.table.header[column]);
            return Err(fault.hint("--missing last takes missing values").into());
        }
        Ok(number)
    }
}
