//! Numbers and lists in words.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::style::Style;
use crate::failure::one_line;

/// `1 sequence`, `2 sequences`.
pub fn counted(count: usize, thing: &str) -> String {
    let plural = match thing {
        _ if count == 1 => thing.to_owned(),
        thing if thing.ends_with("ss") => format!("{thing}es"),
        thing => format!("{thing}s"),
    };
    format!("{} {plural}", grouped(count))
}

/// The digits in groups of three: `12 345 678`; four digits stay together.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(utf8).collect();
    groups.join(" ")
}

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A number with four significant digits: `0.9649`, `12.35`, `1.235e7`.
pub fn measure(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => "–".to_owned(),
        0.0..1.0 if size >= 1e-4 || value == 0.0 => format!("{value:.4}"),
        1.0..10.0 => format!("{value:.3}"),
        10.0..100.0 => format!("{value:.2}"),
        100.0..1e6 => format!("{value:.1}"),
        _ => format!("{value:.3e}"),
    }
}

/// A time that is easy to read: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Names separated by commas; of more than `most`, the first ones and the last.
pub fn list<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let shown = |names: &[S]| {
        names.iter().map(|name| one_line(name.as_ref())).collect::<Vec<_>>().join(", ")
    };
    match names {
        [] => "none".to_owned(),
        [first @ .., last] if names.len() > most => {
            let first = &first[..most.saturating_sub(2).max(1)];
            format!("{}, …, {}", shown(first), one_line(last.as_ref()))
        }
        _ => shown(names),
    }
}

/// Facts about one thing: labels to the left in a column of their own.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    lines: Vec<(String, String)>,
}

impl Facts {
    /// Adds a fact; one without a label belongs to the fact above.
    pub fn add(&mut self, label: &str, fact: impl AsRef<str>) {
        self.lines.push((label.to_owned(), one_line(fact.as_ref())));
    }

    /// The facts as lines.
    pub fn render(&self, style: Style) -> String {
        let width = self.lines.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
        let line = |(label, fact): &(String, String)| {
            let padding = " ".repeat(width - label.width());
            format!("{}{padding}  {fact}\n", style.bold(label))
        };
        self.lines.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!(counted(1, "class"), "1 class");
        assert_eq!(counted(2, "class"), "2 classes");
        assert_eq!(counted(4274, "step"), "4274 steps");
        assert_eq!(grouped(1_234_567), "1 234 567");
        let shown: Vec<String> =
            [0.0, 0.9649, -0.5, 1.0, 12.345, 1234.56, 1.5e7, 2e-9, f64::NAN].map(measure).into();
        let expected =
            ["0.0000", "0.9649", "-0.5000", "1.000", "12.35", "1234.6", "1.500e7", "2.000e-9", "–"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn times_read_easily() {
        let shown = [0.44, 9.96, 59.9, 200.0, 7500.0].map(|s| duration(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["0.4 s", "10.0 s", "59 s", "3 min 20 s", "2 h 5 min"]);
    }

    #[test]
    fn long_lists_are_cut_in_the_middle() {
        assert_eq!(list(&["a", "b", "c"], 3), "a, b, c");
        assert_eq!(list(&["a", "b", "c", "d", "e"], 4), "a, b, …, e");
        assert_eq!(list::<&str>(&[], 4), "none");
    }
}
