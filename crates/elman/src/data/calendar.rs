//! Where a date stands in the day, the week and the year, as numbers that a network can read.

use super::csv::time::{days_in, days_since_1970};
use super::file;
use super::missing::Channels;
use super::options::ReadOptions;
use crate::real::Float;

/// The seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A column of dates of a long CSV whose place in the calendar is input.
///
/// For each cycle, the sine and the cosine of an angle: `COLUMN_time_of_day_sin`,
/// `COLUMN_time_of_day_cos`, and so on for `day_of_week` and `day_of_year`. They follow all other
/// numeric channels. The clock is that of the dates, or UTC where they say how far they are from it.
///
/// ```
/// use elman::data::{Calendar, Columns, ReadOptions, read};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("shops.csv");
/// std::fs::write(&path, "shop,day,sales\n1,2024-01-01,20.5\n1,2024-01-02,21.0\n")?;
/// let options = ReadOptions {
///     columns: Columns {
///         sequence: Some("shop".into()),
///         time: Some("day".into()),
///         ..Columns::default()
///     },
///     calendar: vec![Calendar::new("day")],
///     ..ReadOptions::default()
/// };
/// let data = read(&path, &options)?;
/// assert_eq!(data.feature_names()[..2], ["sales", "day_day_of_week_sin"]);
/// assert_eq!(data.input_size(), 5);
/// // The first of January 2024 was a Monday.
/// assert_eq!(data.values()[1], 0.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub(super) column: String,
    /// Without any, those that the dates tell apart.
    cycles: Vec<Cycle>,
}

/// What comes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cycle {
    TimeOfDay,
    DayOfWeek,
    DayOfYear,
}

impl Calendar {
    /// A column whose dates say themselves what is read of them: the week and the year, and the time
    /// of day if not all are midnight.
    #[must_use]
    pub fn new(column: impl Into<String>) -> Self {
        Calendar { column: column.into(), cycles: vec![] }
    }

    /// The same column for data that shall have the channels of others.
    #[must_use]
    pub fn as_in(column: impl Into<String>, channels: &[String]) -> Self {
        let column = column.into();
        let is_there = |cycle: &Cycle| channels.contains(&cycle.channels(&column)[0]);
        Calendar { cycles: Cycle::ALL.into_iter().filter(is_there).collect(), column }
    }

    /// Its name in the header.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Those of the channels of a data set that no calendar has made.
    #[must_use]
    pub fn others<'a>(calendars: &[Calendar], channels: &'a [String]) -> &'a [String] {
        let made = |name: &str| calendars.iter().any(|calendar| calendar.makes(name));
        let end = channels.iter().rposition(|name| !made(name)).map_or(0, |last| last + 1);
        &channels[..end]
    }

    fn makes(&self, channel: &str) -> bool {
        let names = Cycle::ALL.iter().flat_map(|cycle| cycle.channels(&self.column));
        names.into_iter().any(|name| name == channel)
    }
}

impl Cycle {
    const ALL: [Cycle; 3] = [Cycle::TimeOfDay, Cycle::DayOfWeek, Cycle::DayOfYear];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Cycle::TimeOfDay => "time_of_day",
            Cycle::DayOfWeek => "day_of_week",
            Cycle::DayOfYear => "day_of_year",
        }
    }

    /// Which part of the cycle is over, in `[0, 1)`.
    pub(crate) fn part(self, seconds: i64) -> f64 {
        match self {
            Cycle::TimeOfDay => seconds.rem_euclid(DAY) as f64 / DAY as f64,
            Cycle::DayOfWeek => weekday(seconds) as f64 / 7.0,
            Cycle::DayOfYear => {
                let new_year = days_since_1970(Civil::of(seconds).year, 1, 1);
                (seconds.div_euclid(DAY) - new_year) as f64 / 365.25
            }
        }
    }

    fn channels(self, column: &str) -> [String; 2] {
        ["sin", "cos"].map(|wave| format!("{column}_{}_{wave}", self.name()))
    }
}

/// The dates of a column, row after row.
pub(super) struct DateColumn {
    calendar: Calendar,
    seconds: Vec<i64>, // since the start of 1970
}

impl DateColumn {
    pub(super) fn new(calendar: Calendar) -> Self {
        DateColumn { calendar, seconds: vec![] }
    }

    pub(super) fn push(&mut self, seconds: i64) {
        self.seconds.push(seconds);
    }

    pub(super) fn reorder(&mut self, order: &[usize]) {
        self.seconds = order.iter().map(|&row| self.seconds[row]).collect();
    }

    fn cycles(&self) -> Vec<Cycle> {
        let has_clock = self.seconds.iter().any(|seconds| seconds.rem_euclid(DAY) != 0);
        match self.calendar.cycles.as_slice() {
            [] if has_clock => Cycle::ALL.to_vec(),
            [] => vec![Cycle::DayOfWeek, Cycle::DayOfYear],
            cycles => cycles.to_vec(),
        }
    }
}

/// The columns that are to be read, in words, for layouts that have none; `None` without any.
pub(super) fn listed_calendar(options: &ReadOptions) -> Option<String> {
    let columns: Vec<&str> = options.calendar.iter().map(Calendar::column).collect();
    (!columns.is_empty()).then(|| file::list(&columns))
}

/// The channels, each step followed by what the calendar says of it.
pub(super) fn append(channels: Channels, dates: &[DateColumn]) -> Channels {
    let Some(first) = dates.first() else { return channels };
    let Channels { mut names, values } = channels;
    let width = names.len();
    let cycles: Vec<Vec<Cycle>> = dates.iter().map(DateColumn::cycles).collect();
    for (date, cycles) in dates.iter().zip(&cycles) {
        names.extend(cycles.iter().flat_map(|cycle| cycle.channels(&date.calendar.column)));
    }
    let mut all = Vec::with_capacity(first.seconds.len() * names.len());
    for step in 0..first.seconds.len() {
        all.extend_from_slice(&values[step * width..][..width]);
        for (date, cycles) in dates.iter().zip(&cycles) {
            let seconds = date.seconds[step];
            all.extend(cycles.iter().flat_map(|cycle| waves(cycle.part(seconds))));
        }
    }
    Channels { names, values: all }
}

/// A day of the calendar.
#[derive(Clone, Copy)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl Civil {
    /// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
    pub(crate) fn of(seconds: i64) -> Self {
        let shifted = seconds.div_euclid(DAY) + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Civil { year, month, day: day_of_year - (153 * shifted_month + 2) / 5 + 1 }
    }

    /// Whether it is the last of its month.
    pub(crate) fn is_last(self) -> bool {
        self.day == days_in(self.year, self.month)
    }

    /// The months since the start of year 0.
    pub(crate) fn months(self) -> i64 {
        self.year * 12 + self.month - 1
    }
}

/// The day of the week, 0 for Monday.
pub(crate) fn weekday(seconds: i64) -> i64 {
    (seconds.div_euclid(DAY) + 3).rem_euclid(7)
}

/// The sine and the cosine of a part of a turn.
pub(crate) fn waves(part: f64) -> [f64; 2] {
    let angle = |part: f64| std::f64::consts::TAU * part;
    [sine(angle(part)), sine(angle(part + 0.25))]
}

/// The same bits on every machine: half an angle's tangent is not there, so a sine of its series.
fn sine(angle: f64) -> f64 {
    let turns = angle / std::f64::consts::TAU;
    let mut x = (turns - turns.round()) * std::f64::consts::TAU;
    let half = std::f64::consts::FRAC_PI_2;
    if Float::abs(x) > half {
        x = if x > 0.0 { std::f64::consts::PI - x } else { -std::f64::consts::PI - x };
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..13 {
        let n = f64::from(n);
        term *= -x * x / (2.0 * n * (2.0 * n + 1.0));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_those_of_the_platform() {
        for step in -500..500 {
            let angle = f64::from(step) * 0.031;
            assert!((sine(angle) - angle.sin()).abs() < 1e-14, "{angle}");
        }
    }

    #[test]
    fn channels_of_a_calendar_are_told_from_others() {
        let names = ["x", "y", "on_day_of_week_sin", "on_day_of_week_cos"].map(String::from);
        let calendars = [Calendar::as_in("on", &names)];
        assert_eq!(calendars[0].cycles, [Cycle::DayOfWeek]);
        assert_eq!(Calendar::others(&calendars, &names), ["x", "y"]);
        assert_eq!(Calendar::others(&[], &names), names);
    }
}
