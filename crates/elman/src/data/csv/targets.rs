//! The targets of a long CSV: one for each sequence, the same in all of its rows, or one for each row.

use ndarray::{Array2, Axis};

use super::super::class_collector::ClassCollector;
use super::super::file;
use super::super::options::{ReadOptions, TargetKind};
use super::super::{Each, Targets, ValueTargets};
use super::Roles;
use super::row::Row;
use crate::error::{Error, Result};

/// What has been read of the targets.
pub(super) struct TargetRows {
    columns: Vec<usize>,
    each: Each,
    read: Read,
}

/// One target for each sequence begun, or for each row.
enum Read {
    None,
    Classes(ClassCollector),
    Values(Vec<f64>), // [N, O], or [rows, O]
}

impl TargetRows {
    pub(super) fn new(roles: &Roles, options: &ReadOptions) -> Self {
        let read = match &options.kind {
            TargetKind::None => Read::None,
            TargetKind::Classes { known } => Read::Classes(ClassCollector::new(known.clone())),
            TargetKind::Values => Read::Values(Vec::new()),
        };
        TargetRows { columns: roles.targets.clone(), each: options.each, read }
    }

    /// Takes the target of a sequence from its first row.
    pub(super) fn begin(&mut self, row: &Row<'_>) -> Result<()> {
        match self.each {
            Each::Sequence => self.add(row),
            Each::Step => Ok(()),
        }
    }

    /// Takes the target of a step, which may have none.
    pub(super) fn step(&mut self, row: &Row<'_>) -> Result<()> {
        if self.each == Each::Sequence {
            return Ok(());
        }
        let cells = self.columns.iter().map(|&column| row.cell(column));
        let missing = cells.filter(|cell| file::is_missing(cell)).count();
        match &mut self.read {
            Read::Classes(classes) if missing > 0 => classes.add_none(),
            Read::Values(values) if missing == self.columns.len() => {
                values.extend(self.columns.iter().map(|_| f64::NAN));
            }
            _ => self.add(row)?,
        }
        Ok(())
    }

    fn add(&mut self, row: &Row<'_>) -> Result<()> {
        match &mut self.read {
            Read::None => {}
            Read::Classes(classes) => {
                let column = self.columns[0];
                let label = row.text(column, "a class")?;
                classes.add(label).map_err(|unknown| unknown.at(row.fault(column, "", "")))?;
            }
            Read::Values(values) => {
                for &column in &self.columns {
                    values.push(row.number(column)?);
                }
            }
        }
        Ok(())
    }

    /// Refuses a row whose target is not that of its sequence, which begins in row `first`.
    pub(super) fn compare(&self, row: &Row<'_>, sequence: usize, first: u64) -> Result<()> {
        if self.each == Each::Step {
            return Ok(());
        }
        match &self.read {
            Read::None => {}
            Read::Classes(classes) => {
                let column = self.columns[0];
                let label = row.text(column, "a class")?;
                if let Some(expected) = classes.label(sequence).filter(|known| *known != label) {
                    return Err(row.changed(column, first, &file::quote(expected)).into());
                }
            }
            Read::Values(values) => {
                let start = sequence * self.columns.len();
                for (&column, expected) in self.columns.iter().zip(&values[start..]) {
                    if row.number(column)?.partial_cmp(expected).is_none_or(|order| order.is_ne()) {
                        return Err(row.changed(column, first, &expected.to_string()).into());
                    }
                }
            }
        }
        Ok(())
    }

    /// All targets, under these names; those of steps in this order of the rows, if there is one.
    pub(super) fn finish(self, names: Vec<String>, order: Option<&[usize]>) -> Result<Targets> {
        let order = order.filter(|_| self.each == Each::Step);
        match self.read {
            Read::None => Ok(Targets::None),
            Read::Classes(mut classes) => {
                if let Some(order) = order {
                    classes.reorder(order);
                }
                Ok(Targets::Classes(classes.finish(&names[0], self.each)?))
            }
            Read::Values(values) => {
                let shape = (values.len() / names.len(), names.len());
                let values = Array2::from_shape_vec(shape, values)
                    .map_err(|_| Error::shape("targets", &[shape.0, shape.1], &[0]))?;
                let values = match order {
                    Some(order) => values.select(Axis(0), order),
                    None => values,
                };
                let targets = match self.each {
                    Each::Sequence => ValueTargets::new(names, values)?,
                    Each::Step => ValueTargets::of_steps(names, values)?,
                };
                Ok(Targets::Values(targets))
            }
        }
    }
}
