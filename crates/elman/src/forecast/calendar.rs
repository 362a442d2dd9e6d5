//! Times of a series as whole numbers, and the frequency at which they follow each other.

use serde::{Deserialize, Serialize};

use crate::data::calendar::{Civil, Cycle, DAY, waves, weekday};
use crate::data::csv::time::{Date, days_in, days_since_1970};

const WEEK: i64 = 7 * DAY;

/// How the times of a series follow each other.
///
/// Times are seconds since the start of 1970 by the clock of the data, or whole numbers as they
/// stand in the file.
///
/// ```
/// use elman::forecast::{Frequency, MonthDay};
///
/// // The ends of January, February and March 2024.
/// let ends = [1_706_659_200, 1_709_164_800, 1_711_843_200];
/// let monthly = Frequency::of_dates(&ends).unwrap();
/// assert_eq!(monthly, Frequency::Months { count: 1, day: MonthDay::Last });
/// assert_eq!(monthly.advance(ends[0], 2), ends[2]);
/// assert_eq!(monthly.season(), 12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// Whole numbers this far apart.
    Steps(i64),
    /// Dates so many seconds apart; a day is 86,400.
    Seconds(i64),
    /// Monday to Friday.
    BusinessDays,
    /// So many months apart; quarters and years are 3 and 12.
    Months {
        /// The months of a step.
        count: i64,
        /// The day of the month.
        day: MonthDay,
    },
}

/// The day on which months are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MonthDay {
    /// This one, from 1 to 28.
    Day(i64),
    /// The last one.
    Last,
}

/// How a time is written: as those of the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// `42`
    Whole,
    /// `2024-05`
    Month,
    /// `2024-05-31`
    Day,
    /// `20240531`
    CompactDay,
    /// `2024-05-31 18:00:00`
    Clock,
    /// `2024-05-31T18:00:00Z`
    Utc,
}

impl Frequency {
    /// That of whole numbers which grow: their commonest distance. `None` for fewer than two.
    #[must_use]
    pub fn of_whole(times: &[i64]) -> Option<Self> {
        commonest(times.windows(2).map(|pair| pair[1] - pair[0])).map(Frequency::Steps)
    }

    /// That of dates which grow: months where all stand on one day of the month, or on the last;
    /// business days where no day of daily dates is a Saturday or Sunday, and some weekend is
    /// skipped; else their commonest distance. `None` for fewer than two.
    #[must_use]
    pub fn of_dates(times: &[i64]) -> Option<Self> {
        let distance = commonest(times.windows(2).map(|pair| pair[1] - pair[0]))?;
        if let Some(months) = months_of(times) {
            return Some(months);
        }
        let weekends = times.iter().any(|time| weekday(*time) > 4);
        let is_weekend = |pair: &[i64]| pair[1] - pair[0] == 3 * DAY && weekday(pair[0]) == 4;
        let skips = times.windows(2).any(is_weekend);
        if distance == DAY && !weekends && skips {
            return Some(Frequency::BusinessDays);
        }
        Some(Frequency::Seconds(distance))
    }

    /// The time `count` steps later, or earlier for a negative count.
    #[must_use]
    pub fn advance(self, time: i64, count: i64) -> i64 {
        match self {
            Frequency::Steps(step) | Frequency::Seconds(step) => time + step * count,
            Frequency::BusinessDays => {
                let days = weekday(time).min(4) + count;
                time + (days.div_euclid(5) * 7 + days.rem_euclid(5) - weekday(time)) * DAY
            }
            Frequency::Months { count: months, day } => {
                let all = Civil::of(time).months() + months * count;
                let (year, month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
                let day = match day {
                    MonthDay::Day(day) => day,
                    MonthDay::Last => days_in(year, month),
                };
                days_since_1970(year, month, day) * DAY + time.rem_euclid(DAY)
            }
        }
    }

    /// The steps from one time to another; `None` where that is no whole number.
    #[must_use]
    pub fn steps(self, from: i64, to: i64) -> Option<i64> {
        let guess = match self {
            Frequency::Steps(step) | Frequency::Seconds(step) => (to - from).div_euclid(step),
            Frequency::BusinessDays => {
                let weeks =
                    (to.div_euclid(DAY) - weekday(to)) - (from.div_euclid(DAY) - weekday(from));
                weeks / 7 * 5 + weekday(to) - weekday(from)
            }
            Frequency::Months { count, .. } => {
                (Civil::of(to).months() - Civil::of(from).months()).div_euclid(count)
            }
        };
        (self.advance(from, guess) == to).then_some(guess)
    }

    /// The steps of a season where none is given: a day for steps below one, a week for days, a
    /// year for weeks and months; 1 where nothing is known.
    #[must_use]
    pub fn season(self) -> usize {
        let season = match self {
            Frequency::Steps(_) => 1,
            Frequency::Seconds(step) if step < DAY && DAY % step == 0 => DAY / step,
            Frequency::Seconds(DAY) => 7,
            Frequency::Seconds(WEEK) => 52,
            Frequency::Seconds(_) => 1,
            Frequency::BusinessDays => 5,
            Frequency::Months { count, .. } if 12 % count == 0 => 12 / count,
            Frequency::Months { .. } => 1,
        };
        usize::try_from(season).unwrap_or(1)
    }

    /// What it is called: `hourly`, `every 10 minutes`.
    #[must_use]
    pub fn name(self) -> String {
        let every = |count: i64, one: &str, unit: &str| match count {
            1 => one.to_owned(),
            _ => format!("every {count} {unit}"),
        };
        match self {
            Frequency::Steps(step) => every(step, "whole numbers", "whole numbers"),
            Frequency::BusinessDays => "business days".to_owned(),
            Frequency::Months { count: 3, .. } => "quarterly".to_owned(),
            Frequency::Months { count, .. } if count % 12 == 0 => {
                every(count / 12, "yearly", "years")
            }
            Frequency::Months { count, .. } => every(count, "monthly", "months"),
            Frequency::Seconds(step) if step % WEEK == 0 => every(step / WEEK, "weekly", "weeks"),
            Frequency::Seconds(step) if step % DAY == 0 => every(step / DAY, "daily", "days"),
            Frequency::Seconds(step) if step % 3600 == 0 => every(step / 3600, "hourly", "hours"),
            Frequency::Seconds(step) if step % 60 == 0 => {
                every(step / 60, "every minute", "minutes")
            }
            Frequency::Seconds(step) => every(step, "every second", "seconds"),
        }
    }

    /// The names of the [calendar features](Self::features).
    #[must_use]
    pub fn feature_names(self) -> Vec<String> {
        let names = self.cycles().iter().map(|cycle| cycle.name());
        names.flat_map(|name| [format!("{name}_sin"), format!("{name}_cos")]).collect()
    }

    /// Where a time stands in the day, the week and the year, each as the sine and the cosine of
    /// an angle, as far as the frequency tells such times apart.
    #[must_use]
    pub fn features(self, time: i64) -> Vec<f64> {
        let part = |cycle: &Cycle| match self {
            // Months are equal parts of a year, however long they are.
            Frequency::Months { .. } => (Civil::of(time).month - 1) as f64 / 12.0,
            _ => cycle.part(time),
        };
        self.cycles().iter().flat_map(|cycle| waves(part(cycle))).collect()
    }

    fn cycles(self) -> &'static [Cycle] {
        use Cycle::{DayOfWeek, DayOfYear, TimeOfDay};
        match self {
            Frequency::Seconds(step) if step < DAY => &[TimeOfDay, DayOfWeek, DayOfYear],
            Frequency::BusinessDays => &[DayOfWeek, DayOfYear],
            Frequency::Seconds(step) if step < WEEK => &[DayOfWeek, DayOfYear],
            Frequency::Seconds(_) => &[DayOfYear],
            Frequency::Months { count, .. } if count % 12 != 0 => &[DayOfYear],
            Frequency::Months { .. } | Frequency::Steps(_) => &[],
        }
    }
}

/// Months, if all dates stand on one day of the month, or on the last, at one time of day.
fn months_of(times: &[i64]) -> Option<Frequency> {
    let first = *times.first()?;
    let days: Vec<Civil> = times.iter().map(|time| Civil::of(*time)).collect();
    if times.iter().any(|time| time.rem_euclid(DAY) != first.rem_euclid(DAY)) {
        return None;
    }
    let count = commonest(days.windows(2).map(|pair| pair[1].months() - pair[0].months()))?;
    let day = match days[0].day {
        _ if count < 1 => return None,
        _ if days.iter().all(|day| day.is_last()) => MonthDay::Last,
        day if day <= 28 && days.iter().all(|other| other.day == day) => MonthDay::Day(day),
        _ => return None,
    };
    Some(Frequency::Months { count, day })
}

/// The commonest distance above 0, the smallest of several.
fn commonest(distances: impl Iterator<Item = i64>) -> Option<i64> {
    let mut counts = std::collections::BTreeMap::new();
    for distance in distances.filter(|distance| *distance > 0) {
        *counts.entry(distance).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|(distance, count)| (*count, -*distance)).map(|(step, _)| step)
}

impl Style {
    pub(super) fn of(date: &Date) -> Self {
        match date.text().len() {
            _ if date.is_utc() => Style::Utc,
            7 => Style::Month,
            10 => Style::Day,
            _ => Style::Clock,
        }
    }

    /// A time in words.
    #[must_use]
    pub fn write(self, time: i64) -> String {
        let Civil { year, month, day } = Civil::of(time);
        let clock = time.rem_euclid(DAY);
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        let date = format!("{year:04}-{month:02}-{day:02}");
        match self {
            Style::Whole => time.to_string(),
            Style::Month => format!("{year:04}-{month:02}"),
            Style::Day => date,
            Style::CompactDay => format!("{year:04}{month:02}{day:02}"),
            Style::Clock => format!("{date} {hour:02}:{minute:02}:{second:02}"),
            Style::Utc => format!("{date}T{hour:02}:{minute:02}:{second:02}Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: i64, day: i64) -> i64 {
        days_since_1970(year, month, day) * DAY
    }

    #[test]
    fn dates_are_written_as_they_were_read() {
        for days in (-200_000..200_000).step_by(173) {
            let text = Style::Day.write(days * DAY);
            let parts: Vec<i64> = text.split('-').map(|part| part.parse().unwrap()).collect();
            assert_eq!(day(parts[0], parts[1], parts[2]), days * DAY);
        }
    }

    /// 2024-05-31 was a Friday.
    #[test]
    fn business_days_skip_weekends() {
        let friday = day(2024, 5, 31);
        let days = Frequency::BusinessDays;
        assert_eq!(days.advance(friday, 1), day(2024, 6, 3));
        assert_eq!(days.advance(day(2024, 6, 3), -1), friday);
        assert_eq!(days.advance(friday, 11), day(2024, 6, 17));
        assert_eq!(days.steps(friday, day(2024, 6, 17)), Some(11));
        assert_eq!(days.steps(friday, day(2024, 6, 16)), None);
        let times: Vec<i64> = (0..12).map(|step| days.advance(friday, step)).collect();
        assert_eq!(Frequency::of_dates(&times), Some(days));
    }

    #[test]
    fn frequencies_are_found() {
        let months = |count, day| Frequency::Months { count, day };
        let cases = [
            (vec![day(2024, 1, 1), day(2024, 2, 1), day(2024, 3, 1)], months(1, MonthDay::Day(1))),
            (
                vec![day(2023, 12, 31), day(2024, 3, 31), day(2024, 6, 30)],
                months(3, MonthDay::Last),
            ),
            (vec![day(2022, 7, 1), day(2023, 7, 1)], months(12, MonthDay::Day(1))),
            (vec![day(2024, 2, 28), day(2024, 2, 29), day(2024, 3, 1)], Frequency::Seconds(DAY)),
            (
                vec![day(2024, 1, 1), day(2024, 1, 8), day(2024, 1, 22), day(2024, 1, 29)],
                Frequency::Seconds(WEEK),
            ),
            (vec![0, 600, 1200, 2400], Frequency::Seconds(600)),
            // From a Tuesday to a Friday is a gap, no weekend.
            (vec![day(2024, 1, 1), day(2024, 1, 2), day(2024, 1, 5)], Frequency::Seconds(DAY)),
        ];
        for (times, expected) in cases {
            assert_eq!(Frequency::of_dates(&times), Some(expected), "{times:?}");
        }
    }
}
