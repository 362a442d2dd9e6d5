//! The training sequences of a data set with their targets, as batches.

use super::sequences::{Sequences, Stretch};
use crate::data::{Dataset, Each, Standardization};
use crate::error::Result;
use crate::lesson::{Batch, BatchTargets, Feed, Piece, Start};
use crate::real::Real;
use crate::rng::Rng;
use crate::task::EncodedTargets;

/// Sequences with a target each, or with one at every step.
pub(super) struct DatasetFeed<T> {
    sequences: Sequences<T>,
    targets: Table<T>,
    each: Each,
    /// The weight of each sequence, where they differ `[N]`.
    weights: Option<Vec<f64>>,
    /// The most steps of a piece.
    steps: usize,
}

/// The targets of all answers.
enum Table<T> {
    /// -1 where there is none.
    Classes(Vec<i64>),
    /// `[N, K]`, or of the steps; NaN where there is none.
    Numbers { values: Vec<T>, width: usize },
}

impl<T: Real> Table<T> {
    /// Whether the answer at a row has a target.
    fn is_known(&self, row: usize) -> bool {
        match self {
            Table::Classes(classes) => classes[row] >= 0,
            Table::Numbers { values, width } => values[row * width].is_finite(),
        }
    }

    /// The target at a row; anything where there is none.
    fn copy(&self, row: Option<usize>, targets: &mut BatchTargets<T>) {
        match self {
            Table::Classes(classes) => {
                targets.classes.push(row.map_or(0, |row| classes[row].max(0)));
            }
            Table::Numbers { values, width } => match row.filter(|&row| self.is_known(row)) {
                Some(row) => targets.values.extend_from_slice(&values[row * width..][..*width]),
                None => targets.values.extend(std::iter::repeat_n(T::ZERO, *width)),
            },
        }
    }
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
        Ok(DatasetFeed {
            sequences: Sequences::new(data, scaling)?,
            targets,
            each: data.targets().each().unwrap_or_default(),
            weights: data.weights().map(<[f64]>::to_vec),
            steps: bptt.unwrap_or(usize::MAX),
        })
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

    /// How many steps of a sequence are in the piece.
    fn steps_in(&self, piece: &Piece, row: usize) -> usize {
        self.sequences.lengths()[row].saturating_sub(piece.first_step).min(self.steps)
    }

    /// Whether the sequence ends in the piece, where its answer stands.
    fn ends_in(&self, piece: &Piece, row: usize) -> bool {
        let (length, first) = (self.sequences.lengths()[row], piece.first_step);
        let ends = length > first && length <= first.saturating_add(self.steps);
        ends || length == 0 && first == 0
    }

    /// How many answers of a sequence in the piece have a target.
    fn answers(&self, piece: &Piece, row: usize) -> usize {
        match self.each {
            Each::Sequence => usize::from(self.ends_in(piece, row)),
            Each::Step => {
                let first = self.sequences.first_step(row) + piece.first_step;
                let steps = first..first + self.steps_in(piece, row);
                steps.filter(|&step| self.targets.is_known(step)).count()
            }
        }
    }

    fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    fn fill_sequences(&self, piece: &Piece, targets: &mut BatchTargets<T>) {
        targets.start(1);
        targets.lengths.resize(piece.rows.len(), 1);
        piece.rows.iter().for_each(|&row| self.targets.copy(Some(row), targets));
        if piece.rows.iter().any(|&row| !self.ends_in(piece, row)) {
            let answers = piece.rows.iter().map(|&row| self.ends_in(piece, row));
            targets.answer_weights.extend(answers.map(|ends| f64::from(u8::from(ends))));
        }
    }

    fn fill_steps(&self, piece: &Piece, targets: &mut BatchTargets<T>) {
        let steps = piece.rows.iter().map(|&row| self.steps_in(piece, row));
        let longest = steps.clone().max().unwrap_or(0);
        targets.start(longest);
        targets.lengths.extend(steps);
        for &row in &piece.rows {
            let first = self.sequences.first_step(row) + piece.first_step;
            let length = self.steps_in(piece, row);
            for step in 0..longest {
                let place = (step < length).then_some(first + step);
                self.targets.copy(place, targets);
                let is_known = place.is_some_and(|place| self.targets.is_known(place));
                targets.answer_weights.push(f64::from(u8::from(is_known)));
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
        let weight = |&row: &usize| self.answers(piece, row) as f64 * self.weight_of(row);
        piece.rows.iter().map(weight).sum()
    }

    fn fill(&mut self, piece: &Piece, batch: &mut Batch<T>) -> Result<()> {
        self.sequences.stretch_into(self.stretch(piece), &mut batch.inputs)?;
        match self.each {
            Each::Sequence => self.fill_sequences(piece, &mut batch.targets),
            Each::Step => self.fill_steps(piece, &mut batch.targets),
        }
        if self.weights.is_some() {
            let weights = piece.rows.iter().map(|&row| self.weight_of(row));
            batch.targets.sequence_weights.extend(weights);
        }
        Ok(())
    }
}
