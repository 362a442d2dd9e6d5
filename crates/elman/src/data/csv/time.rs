//! The order of the rows of a sequence: numbers, or dates of ISO 8601.

use std::cmp::Ordering;
use std::fmt;

use super::super::file;

/// A point in time, only good for telling before from after.
#[derive(Debug)]
pub(super) enum Time {
    /// Whole numbers apart from the others: a clock in nanoseconds does not fit in 53 bits.
    Whole(i128),
    Number(f64),
    /// `YYYY-MM`, `YYYY-MM-DD` or `YYYY-MM-DDThh:mm[:ss[.fff]]`, all of one length and with or
    /// without a `Z`: their order is that of the characters. Offsets such as `+02:00` would break
    /// it.
    Date(String),
}

impl Time {
    /// The time in a cell, of the same kind as the one before it; else what was expected.
    pub(super) fn parse(text: &str, previous: Option<&Time>) -> Result<Self, String> {
        let time = text
            .parse::<i128>()
            .map(Time::Whole)
            .ok()
            .or_else(|| file::number(text).map(Time::Number).ok())
            .or_else(|| is_date(text).then(|| Time::Date(text.to_string())));
        let expected = match (previous, &time) {
            (Some(Time::Date(last)), Some(Time::Date(date))) if last.len() == date.len() => None,
            (Some(Time::Date(last)), _) => Some(format!("a date written like {last}")),
            (Some(_), None | Some(Time::Date(_))) => Some("a number".to_string()),
            (None, None) => {
                Some("a number or a date like 2024-05-31 or 2024-05-31T18:00:00".into())
            }
            _ => None,
        };
        match (expected, time) {
            (None, Some(time)) => Ok(time),
            (expected, _) => Err(expected.unwrap_or_default()),
        }
    }

    pub(super) fn is_after(&self, other: &Time) -> bool {
        let order = match (self, other) {
            (Time::Whole(a), Time::Whole(b)) => Some(a.cmp(b)),
            (Time::Date(a), Time::Date(b)) => Some(a.cmp(b)),
            _ => self.number().partial_cmp(&other.number()),
        };
        order == Some(Ordering::Greater)
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
            Time::Date(text) => f.write_str(text),
        }
    }
}

/// Whether the text has the shape of a date of ISO 8601, with or without a time of day.
fn is_date(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd.ddddddddd";
    /// The lengths at which a shape may end: month, day, minute, second.
    const ENDS: [usize; 4] = [7, 10, 16, 19];
    let bytes = text.strip_suffix('Z').unwrap_or(text).as_bytes();
    let fits = |(found, wanted): (&u8, &u8)| match wanted {
        b'd' => found.is_ascii_digit(),
        b'T' => matches!(found, b'T' | b' '),
        other => found == other,
    };
    let complete = ENDS.contains(&bytes.len()) || (bytes.len() > 20 && bytes.len() <= SHAPE.len());
    complete && bytes.iter().zip(SHAPE).all(fits)
}
