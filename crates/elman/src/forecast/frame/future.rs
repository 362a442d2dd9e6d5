//! What is known of the steps ahead, from a second table.

use std::path::PathBuf;

use super::read::{Group, Roles, groups};
use super::{Frame, FrameOptions};
use crate::data::csv::{Table, TextColumn};
use crate::error::{Error, Result, nearest};

/// The rows of one id.
#[derive(Clone, Copy)]
struct Ahead<'a> {
    table: &'a Table,
    roles: &'a Roles,
    group: &'a Group,
}

impl Frame {
    /// Reads the known columns of the steps after the last ones: a table of the same columns without
    /// the values, a row for each step of each series. Where the series have no ids, it is for all.
    ///
    /// # Errors
    ///
    /// A file that cannot be read; a series that the frame does not have; a time that is not the next
    /// one of its series; a value that is missing.
    pub fn read_future(&mut self, paths: &[PathBuf], options: &FrameOptions) -> Result<()> {
        self.check_known()?;
        self.take_future(&Table::read(paths, &options.columns)?, options)
    }

    /// As [`read_future`](Self::read_future), of a table that is in memory.
    ///
    /// # Errors
    ///
    /// Those of [`read_future`](Self::read_future), and of [`of_columns`](Self::of_columns).
    pub fn future_of_columns(
        &mut self,
        columns: &[TextColumn],
        options: &FrameOptions,
    ) -> Result<()> {
        self.check_known()?;
        self.take_future(&Table::of_columns(columns)?, options)
    }

    fn check_known(&self) -> Result<()> {
        if self.known.is_empty() {
            let expected = "series with columns that are known ahead";
            return Err(Error::argument("known columns", expected, "none"));
        }
        Ok(())
    }

    fn take_future(&mut self, table: &Table, options: &FrameOptions) -> Result<()> {
        let roles = Roles::ahead(table, options)?;
        for group in &groups(table, &roles)?.0 {
            let ahead = Ahead { table, roles: &roles, group };
            for index in self.series_of(ahead)? {
                let known = self.known_ahead(index, ahead)?;
                self.series[index].known.extend(known);
            }
        }
        Ok(())
    }

    /// The known columns of the steps after the last one that is known of a series.
    fn known_ahead(&self, index: usize, ahead: Ahead<'_>) -> Result<Vec<f64>> {
        let Ahead { table, roles, group } = ahead;
        let series = &self.series[index];
        let first = series.known.len() / roles.known.len().max(1);
        let mut known = Vec::new();
        for ((step, &row), &time) in (first..).zip(&group.rows).zip(&group.times) {
            let row = &table.rows[row];
            let expected = self.time(series, step);
            if time != expected {
                let write = |time| self.style.write(time);
                let expected = match time < expected {
                    true => {
                        let last = write(self.time(series, step - 1));
                        format!("a time after {last}, the last one of series {:?}", series.id)
                    }
                    false => {
                        format!("{}, the next time of series {:?}", write(expected), series.id)
                    }
                };
                return Err(table.fault(row, &expected, &write(time)).into());
            }
            for &column in &roles.known {
                let number = table.number(row, column)?;
                if number.is_nan() {
                    let expected = "a number, as it is known ahead";
                    let fault = table.fault(row, expected, "a missing value");
                    return Err(fault.column(&table.header[column]).into());
                }
                known.push(number);
            }
        }
        Ok(known)
    }

    /// The series that a group of rows is about.
    fn series_of(&self, ahead: Ahead<'_>) -> Result<Vec<usize>> {
        let Ahead { table, roles, group } = ahead;
        let is_own = |id: &str| {
            roles.id.is_none() || id == group.id || id.starts_with(&format!("{}/", group.id))
        };
        let own = self.series.iter().enumerate().filter(|(_, series)| is_own(&series.id));
        let own: Vec<usize> = own.map(|(index, _)| index).collect();
        if !own.is_empty() {
            return Ok(own);
        }
        let names = || self.series.iter().map(|series| series.id.as_str());
        let expected = format!("one of the series {}", names().collect::<Vec<_>>().join(", "));
        let fault = table.fault(&table.rows[group.rows[0]], &expected, &format!("{:?}", group.id));
        Err(match nearest(&group.id, names()) {
            Some(near) => fault.hint(format!("did you mean {near:?}?")),
            None => fault,
        }
        .into())
    }
}
