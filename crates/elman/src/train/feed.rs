//! The training sequences of a data set with their targets, as batches.

use super::sequences::{Sequences, Stretch};
use crate::data::{Dataset, Standardization};
use crate::error::Result;
use crate::lesson::{Batch, BatchTargets, Feed, Piece, Start};
use crate::real::Real;
use crate::rng::Rng;
use crate::task::EncodedTargets;

/// Sequences with one target each.
pub(super) struct DatasetFeed<T> {
    sequences: Sequences<T>,
    targets: Table<T>,
    /// The most steps of a piece.
    steps: usize,
}

/// The targets of all answers.
enum Table<T> {
    Classes(Vec<i64>),
    /// `[N, K]`
    Numbers {
        values: Vec<T>,
        width: usize,
    },
}

impl<T: Real> DatasetFeed<T> {
    /// Sequences in pieces of at most `bptt` steps, or whole.
    ///
    /// # Errors
    ///
    /// Those of [`Sequences::new`].
    pub(super) fn new(
        data: &Dataset,
        scaling: Option<&Standardization>,
        targets: EncodedTargets,
        bptt: Option<usize>,
    ) -> Result<Self> {
        let targets = match targets {
            EncodedTargets::Classes(classes) => Table::Classes(classes),
            EncodedTargets::Values(values) => Table::Numbers {
                width: values.standardized.ncols(),
                values: values.standardized.iter().map(|&value| T::from_f64(value)).collect(),
            },
        };
        let sequences = Sequences::new(data, scaling)?;
        Ok(DatasetFeed { sequences, targets, steps: bptt.unwrap_or(usize::MAX) })
    }

    /// Sequences in pieces of at most `steps` steps.
    fn cut(&self, rows: Vec<usize>) -> Vec<Piece> {
        let lengths = self.sequences.lengths();
        let longest = rows.iter().map(|&row| lengths[row]).max().unwrap_or(0);
        if longest <= self.steps {
            return vec![Piece::whole(rows)];
        }
        let piece = |first_step| {
            let start = if first_step == 0 { Start::Fresh } else { Start::Continued };
            Piece { rows: rows.clone(), first_step, start }
        };
        (0..longest).step_by(self.steps).map(piece).collect()
    }

    fn stretch<'a>(&self, piece: &'a Piece) -> Stretch<'a> {
        Stretch { rows: &piece.rows, first_step: piece.first_step, steps: self.steps }
    }

    /// 1 if the sequence ends in the piece, where its answer stands, else 0.
    fn answers(&self, piece: &Piece, row: usize) -> f64 {
        let (length, first) = (self.sequences.lengths()[row], piece.first_step);
        let ends = length > first && length <= first.saturating_add(self.steps);
        if ends || length == 0 && first == 0 { 1.0 } else { 0.0 }
    }

    fn fill_targets(&self, rows: &[usize], targets: &mut BatchTargets<T>) {
        match &self.targets {
            Table::Classes(classes) => {
                targets.classes.extend(rows.iter().map(|&row| classes[row]));
            }
            Table::Numbers { values, width } => {
                for &row in rows {
                    targets.values.extend_from_slice(&values[row * width..(row + 1) * width]);
                }
            }
        }
    }
}

impl<T: Real> Feed<T> for DatasetFeed<T> {
    fn batches(&self, batch_size: usize) -> usize {
        self.sequences.lengths().len().div_ceil(batch_size)
    }

    fn epoch(&self, batch_size: usize, rng: &mut Rng) -> Vec<Vec<Piece>> {
        let batches = self.sequences.epoch(batch_size, rng);
        batches.into_iter().map(|rows| self.cut(rows)).collect()
    }

    fn carries(&self) -> bool {
        self.sequences.lengths().iter().any(|length| *length > self.steps)
    }

    fn weight(&self, piece: &Piece) -> f64 {
        piece.rows.iter().map(|&row| self.answers(piece, row)).sum()
    }

    fn fill(&mut self, piece: &Piece, batch: &mut Batch<T>) -> Result<()> {
        self.sequences.stretch_into(self.stretch(piece), &mut batch.inputs)?;
        let targets = &mut batch.targets;
        targets.start(1);
        targets.lengths.resize(piece.rows.len(), 1);
        self.fill_targets(&piece.rows, targets);
        let weights = piece.rows.iter().map(|&row| self.answers(piece, row));
        if weights.clone().any(|weight| weight == 0.0) {
            targets.answer_weights.extend(weights);
        }
        Ok(())
    }
}
