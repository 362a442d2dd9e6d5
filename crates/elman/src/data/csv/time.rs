//! The order of the rows of a sequence: numbers, or dates of ISO 8601.

use std::cmp::Ordering;
use std::fmt;

use super::super::file;

/// What a time must be, for messages.
const WANTED: &str = "a number or a date like 2024-05-31 or 2024-05-31T18:00:00";
const NANOSECONDS: i128 = 1_000_000_000;

/// A point in time, only good for telling before from after.
#[derive(Clone, Debug)]
pub(crate) enum Time {
    /// Whole numbers apart from the others: a clock in nanoseconds does not fit in 53 bits.
    Whole(i128),
    Number(f64),
    Date(Date),
}

/// `YYYY-MM`, `YYYY-MM-DD` or `YYYY-MM-DDThh:mm[:ss[.f…]]`, with a space in place of the `T` or not,
/// with a `Z`, an offset from UTC such as `+02:00`, or neither.
#[derive(Clone, Debug)]
pub(crate) struct Date {
    /// Nanoseconds since the start of 1970: in UTC with an offset, else by the clock on the wall.
    instant: i128,
    zone: Zone,
    text: Box<str>,
}

/// Whether a date says how far its clock is from UTC. The two kinds cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Utc,
    Unknown,
}

impl Time {
    /// The time in a cell, of the same kind as the one before it; else what was expected.
    pub(crate) fn parse(text: &str, previous: Option<&Time>) -> Result<Self, String> {
        let number = text.parse().map(Time::Whole).ok();
        let number = number.or_else(|| file::number(text).map(Time::Number).ok());
        match (number, previous) {
            (Some(_), Some(Time::Date(last))) => Err(format!("a date, as {} before it", last.text)),
            (Some(time), _) => Ok(time),
            (None, Some(Time::Whole(_) | Time::Number(_))) => Err("a number".to_string()),
            (None, previous) => {
                let date = Date::parse(text)?;
                match previous {
                    Some(Time::Date(last)) if last.zone != date.zone => Err(last.zone.wanted(last)),
                    _ => Ok(Time::Date(date)),
                }
            }
        }
    }

    /// Before, at the same time, or after; `None` for a number and a date.
    pub(super) fn order(&self, other: &Time) -> Option<Ordering> {
        match (self, other) {
            (Time::Whole(a), Time::Whole(b)) => Some(a.cmp(b)),
            (Time::Date(a), Time::Date(b)) => Some(a.instant.cmp(&b.instant)),
            _ => self.number().partial_cmp(&other.number()),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "compared with a number that is rounded already"
    )]
    fn number(&self) -> f64 {
        match self {
            Time::Whole(value) => *value as f64,
            Time::Number(value) => *value,
            Time::Date(_) => f64::NAN,
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::Whole(value) => write!(f, "{value}"),
            Time::Number(value) => write!(f, "{value}"),
            Time::Date(date) => f.write_str(&date.text),
        }
    }
}

impl Date {
    /// Nanoseconds since the start of 1970: in UTC with an offset, else by the clock on the wall.
    pub(crate) fn instant(&self) -> i128 {
        self.instant
    }

    /// The same in whole seconds.
    pub(crate) fn seconds(&self) -> i64 {
        i64::try_from(self.instant.div_euclid(NANOSECONDS)).unwrap_or(i64::MAX)
    }

    /// Whether the date says how far its clock is from UTC.
    pub(crate) fn is_utc(&self) -> bool {
        self.zone == Zone::Utc
    }

    /// The date as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl Zone {
    /// What the date after `last` should have been.
    fn wanted(self, last: &Date) -> String {
        match self {
            Zone::Utc => format!("a date with an offset from UTC, as {} before it", last.text),
            Zone::Unknown => {
                format!("a date without an offset from UTC, as {} before it", last.text)
            }
        }
    }
}

impl Date {
    /// The date in a text; else what was expected of it.
    fn parse(text: &str) -> Result<Self, String> {
        let mut rest = Digits { text };
        let wanted = || WANTED.to_string();
        let (year, month) = (rest.number(4).ok_or_else(wanted)?, rest.after("-", 2));
        let month = month.ok_or_else(wanted)?;
        let day = rest.after("-", 2);
        let clock = if day.is_some() { Clock::read(&mut rest)? } else { Clock::default() };
        let offset = rest.offset().ok_or_else(wanted)?;
        if !rest.text.is_empty() {
            return Err(wanted());
        }
        within("a month", month, 1..=12, "")?;
        let days = days_in(year, month);
        let day = day.unwrap_or(1);
        within("a day", day, 1..=days, &format!(" in {year:04}-{month:02}"))?;
        clock.check()?;
        let minutes = offset.unwrap_or(0);
        let seconds = ((days_since_1970(year, month, day) * 24 + clock.hour) * 60 + clock.minute
            - minutes)
            * 60
            + clock.second;
        Ok(Date {
            instant: i128::from(seconds) * NANOSECONDS + i128::from(clock.nanosecond),
            zone: if offset.is_some() { Zone::Utc } else { Zone::Unknown },
            text: text.into(),
        })
    }
}

/// The time of day.
#[derive(Default)]
struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
}

impl Clock {
    /// The time after a date, if there is one; a date alone is midnight.
    fn read(rest: &mut Digits<'_>) -> Result<Self, String> {
        let wanted = || WANTED.to_string();
        let Some(hour) = rest.after("T", 2).or_else(|| rest.after(" ", 2)) else {
            return Ok(Clock::default());
        };
        let minute = rest.after(":", 2).ok_or_else(wanted)?;
        let second = rest.after(":", 2);
        let nanosecond = if second.is_some() { rest.fraction()? } else { 0 };
        Ok(Clock { hour, minute, second: second.unwrap_or(0), nanosecond })
    }

    fn check(&self) -> Result<(), String> {
        within("an hour", self.hour, 0..=23, "")?;
        within("a minute", self.minute, 0..=59, "")?;
        within("a second", self.second, 0..=59, "")
    }
}

/// Refuses a part of a date that no calendar or clock has.
fn within(
    what: &str,
    found: i64,
    range: std::ops::RangeInclusive<i64>,
    of: &str,
) -> Result<(), String> {
    if range.contains(&found) {
        return Ok(());
    }
    Err(format!("{what} from {} to {}{of}", range.start(), range.end()))
}

/// What is left to read of a date.
struct Digits<'a> {
    text: &'a str,
}

impl Digits<'_> {
    /// The next digits, exactly so many of them.
    fn number(&mut self, count: usize) -> Option<i64> {
        let digits = self.text.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.text = &self.text[count..];
        digits.parse().ok()
    }

    /// The digits after a mark; nothing is read where the mark is not there.
    fn after(&mut self, mark: &str, count: usize) -> Option<i64> {
        let mut rest = Digits { text: self.text.strip_prefix(mark)? };
        let number = rest.number(count)?;
        self.text = rest.text;
        Some(number)
    }

    /// The nanoseconds after a decimal point, if there is one.
    fn fraction(&mut self) -> Result<i64, String> {
        let Some(rest) = self.text.strip_prefix('.') else { return Ok(0) };
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&count) {
            return Err("1 to 9 digits after the point of a second".to_string());
        }
        self.text = &rest[count..];
        format!("{:0<9}", &rest[..count]).parse().map_err(|_| WANTED.to_string())
    }

    /// The minutes from UTC: `Some(None)` where the date does not say, `None` where what stands there
    /// is no offset.
    fn offset(&mut self) -> Option<Option<i64>> {
        let sign = match self.text.chars().next() {
            None => return Some(None),
            Some('Z' | 'z') => {
                self.text = &self.text[1..];
                return Some(Some(0));
            }
            Some('+') => 1,
            Some('-') => -1,
            Some(_) => return None,
        };
        self.text = &self.text[1..];
        let hours = self.number(2)?;
        let minutes = self.after(":", 2).or_else(|| self.number(2)).unwrap_or(0);
        // The widest in use are -12:00 and +14:00; the clocks of history went up to 15:59.
        (hours < 16 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes)))
    }
}

pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the first of 1970, in the Gregorian calendar: whole eras of 400 years, and the day
/// within one of years that begin in March, so that the leap day comes last.
///
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
pub(crate) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> i128 {
        Date::parse(text).unwrap().instant
    }

    /// Expected: `datetime.fromisoformat(text).timestamp()` of Python 3.11.
    #[test]
    fn instants_are_those_of_python() {
        let cases = [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400),
            ("1900-03-01", -2_203_891_200),
            ("2024-12-31T23:59:59", 1_735_689_599),
            ("0001-01-01", -62_135_596_800),
            ("9999-12-31 23:59", 253_402_300_740),
            ("2021-05-01 00:00:00+02:00", 1_619_820_000),
            ("2021-05-01T00:00:00-0330", 1_619_839_800),
            ("2021-05-01T00:00+05", 1_619_809_200),
            ("2021-05-01T00:00:00Z", 1_619_827_200),
        ];
        for (text, seconds) in cases {
            assert_eq!(instant(text), seconds * NANOSECONDS, "{text}");
        }
        assert_eq!(instant("1970-01-01T00:00:00.05"), 50_000_000);
        assert_eq!(instant("1970-01-01T00:00:00.000000001"), 1);
    }

    #[test]
    fn what_no_calendar_has_is_said() {
        let cases = [
            ("2023-02-29", "a day from 1 to 28 in 2023-02"),
            ("2024-02-30", "a day from 1 to 29 in 2024-02"),
            ("1900-02-29", "a day from 1 to 28 in 1900-02"),
            ("2024-04-31", "a day from 1 to 30 in 2024-04"),
            ("2024-00-10", "a month from 1 to 12"),
            ("2024-13-10", "a month from 1 to 12"),
            ("2024-01-00", "a day from 1 to 31 in 2024-01"),
            ("2024-01-01T24:00", "an hour from 0 to 23"),
            ("2024-01-01T23:60", "a minute from 0 to 59"),
            ("2024-01-01T23:59:60", "a second from 0 to 59"),
            ("2024-01-01T23:59:59.", "1 to 9 digits after the point of a second"),
            ("2024-01-01T23:59:59.0123456789", "1 to 9 digits after the point of a second"),
            ("2024-01-01T23:59:59+99:00", WANTED),
            ("2024-01-01T23:59:59+", WANTED),
            ("2024-01-01T23", WANTED),
            ("2024-1-1", WANTED),
            ("2024/01/01", WANTED),
            ("2024-01-01T23:59 ", WANTED),
            ("２０２４-01-01", WANTED),
            ("", WANTED),
        ];
        for (text, expected) in cases {
            assert_eq!(Date::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
