//! Forecasts as rows of a table, in the columns of the field: `unique_id, ds, MODEL, MODEL-lo-95,
//! MODEL-lo-80, MODEL-hi-80, MODEL-hi-95`.

use crate::args::value::Levels;
use crate::failure::{Failure, Outcome};

/// A table of forecasts.
pub struct Rows {
    writer: csv::Writer<Vec<u8>>,
}

impl Rows {
    /// A table with this header.
    pub fn new(header: &[String]) -> Outcome<Self> {
        let mut rows = Rows { writer: csv::Writer::from_writer(Vec::new()) };
        rows.push(header)?;
        Ok(rows)
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[String]) -> Outcome {
        self.writer.write_record(row).map_err(|error| fault(&error))
    }

    /// The table as CSV.
    pub fn into_text(self) -> Outcome<String> {
        let bytes = self.writer.into_inner().map_err(|error| fault(&error))?;
        String::from_utf8(bytes).map_err(|error| fault(&error))
    }
}

fn fault(error: &impl std::fmt::Display) -> Failure {
    Failure::Fault(format!("the forecasts cannot be written as CSV: {error}"))
}

/// The columns of a model: its value, and the ends of its intervals, from the lowest to the highest.
///
/// Source: utilsforecast, `evaluation.py`.
pub fn model_columns(model: &str, levels: &Levels) -> Vec<String> {
    let lo = levels.0.iter().rev().map(|level| format!("{model}-lo-{level}"));
    let hi = levels.0.iter().map(|level| format!("{model}-hi-{level}"));
    std::iter::once(model.to_owned()).chain(lo).chain(hi).collect()
}

/// The values of these columns; `intervals` are as the levels are, from the narrowest.
pub fn model_values(value: f64, intervals: &[(f64, f64)]) -> Vec<f64> {
    let lo = intervals.iter().rev().map(|(lo, _)| *lo);
    let hi = intervals.iter().map(|(_, hi)| *hi);
    std::iter::once(value).chain(lo).chain(hi).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_from_the_lowest_to_the_highest() {
        let names = model_columns("m", &Levels(vec![80.0, 97.5]));
        assert_eq!(names, ["m", "m-lo-97.5", "m-lo-80", "m-hi-80", "m-hi-97.5"]);
        let values = model_values(5.0, &[(4.0, 6.0), (2.0, 8.0)]);
        assert_eq!(values, [5.0, 2.0, 4.0, 6.0, 8.0]);
    }
}
