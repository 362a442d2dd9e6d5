//! The training sequences of a data set with their targets, as batches.

use elman_kernels::pointwise::resize;
use std::ops::Range;

use super::rare::{Draw, RareTokens};
use super::sequences::{Sequences, Stretch};
use crate::data::{Dataset, Each, Standardization};
use crate::error::Result;
use crate::lesson::{Batch, BatchTargets, Feed, Piece, Start};
use crate::real::Real;
use crate::rng::Rng;
use crate::task::EncodedTargets;

/// Sequences with one target each, or with one at every step.
pub(super) struct DatasetFeed<T> {
    sequences: Sequences<T>,
    targets: Table<T>,
    each: Each,
    /// The weight of each sequence `[N]`; empty where all count 1.
    weights: Vec<f64>,
    rare: Option<RareTokens>,
    /// The most steps of a piece.
    steps: usize,
}

/// How the feed is made of a data set.
pub(super) struct FeedOptions<'a> {
    pub(super) scaling: Option<&'a Standardization>,
    pub(super) each: Each,
    /// The most steps of a piece; whole sequences without it.
    pub(super) bptt: Option<usize>,
}

/// The targets of all sequences `[N]` or steps `[Σ T_n]`.
enum Table<T> {
    /// -1 for none.
    Classes(Vec<i64>),
    /// `[…, K]`; NaN for none.
    Numbers { values: Vec<T>, width: usize },
}

impl<T: Real> Table<T> {
    fn is_known(&self, answer: usize) -> bool {
        match self {
            Table::Classes(classes) => classes[answer] >= 0,
            Table::Numbers { values, width } => {
                values[answer * width..(answer + 1) * width].iter().all(|v| v.is_finite())
            }
        }
    }

    /// Appends the targets at `answers`, and as many more as there are of padding.
    fn append(&self, answers: Range<usize>, padding: usize, targets: &mut BatchTargets<T>) {
        match self {
            Table::Classes(classes) => {
                targets.classes.extend_from_slice(&classes[answers]);
                targets.classes.resize(targets.classes.len() + padding, 0);
            }
            Table::Numbers { values, width } => {
                let values = &values[answers.start * width..answers.end * width];
                targets.values.extend_from_slice(values);
                let len = targets.values.len() + padding * width;
                resize(&mut targets.values, len);
            }
        }
    }
}

impl<T: Real> DatasetFeed<T> {
    /// # Errors
    ///
    /// Those of [`Sequences::new`].
    pub(super) fn new(
        data: &Dataset,
        targets: EncodedTargets,
        options: &FeedOptions<'_>,
    ) -> Result<Self> {
        let targets = match targets {
            EncodedTargets::Classes(classes) => Table::Classes(classes),
            EncodedTargets::Values(values) => Table::Numbers {
                width: values.standardized.ncols(),
                values: values.standardized.iter().map(|&value| T::from_f64(value)).collect(),
            },
        };
        Ok(DatasetFeed {
            sequences: Sequences::new(data, options.scaling)?,
            targets,
            each: options.each,
            weights: data.weights().map_or_else(Vec::new, <[f64]>::to_vec),
            rare: RareTokens::of(data),
            steps: options.bptt.unwrap_or(usize::MAX),
        })
    }

    /// Sequences in pieces of at most so many steps.
    fn cut(&self, rows: Vec<usize>) -> Vec<Piece> {
        let lengths = self.sequences.lengths();
        let longest = rows.iter().map(|&row| lengths[row]).max().unwrap_or(0);
        if longest <= self.steps {
            return vec![Piece::whole(rows)];
        }
        let piece = |first_step| {
            let start = if first_step == 0 { Start::Fresh } else { Start::Continued };
            Piece { rows: rows.clone(), first_step, start, draw: 0 }
        };
        (0..longest).step_by(self.steps).map(piece).collect()
    }

    /// The answers of a sequence that stand in the piece, among those of all.
    fn answers(&self, piece: &Piece, row: usize) -> Range<usize> {
        let (length, first) = (self.sequences.lengths()[row], piece.first_step);
        let end = first.saturating_add(self.steps).min(length);
        match self.each {
            Each::Step => {
                let start = self.sequences.span(row).start;
                start + first.min(length)..start + end
            }
            // The answer stands where the sequence ends.
            Each::Sequence if end == length && (first < length || first == 0) => row..row + 1,
            Each::Sequence => row..row,
        }
    }

    fn sequence_weight(&self, row: usize) -> f64 {
        self.weights.get(row).copied().unwrap_or(1.0)
    }

    fn fill_targets(&self, piece: &Piece, targets: &mut BatchTargets<T>) {
        let spans = || piece.rows.iter().map(|&row| self.answers(piece, row));
        let most = match self.each {
            Each::Sequence => 1,
            Each::Step => spans().map(|span| span.len()).max().unwrap_or(0),
        };
        targets.start(most);
        let mut all_known = true;
        for span in spans() {
            targets.lengths.push(span.len());
            all_known &= span.clone().all(|answer| self.targets.is_known(answer));
            let padding = most - span.len();
            self.targets.append(span, padding, targets);
        }
        if !all_known {
            for span in spans() {
                let end = targets.answer_weights.len() + most;
                let weight = |answer| f64::from(u8::from(self.targets.is_known(answer)));
                targets.answer_weights.extend(span.map(weight));
                targets.answer_weights.resize(end, 0.0);
            }
        }
        if !self.weights.is_empty() {
            targets.sequence_weights.extend(piece.rows.iter().map(|&row| self.weights[row]));
        }
    }
}

impl<T: Real> Feed<T> for DatasetFeed<T> {
    fn batches(&self, batch_size: usize) -> usize {
        self.sequences.lengths().len().div_ceil(batch_size)
    }

    fn epoch(&self, batch_size: usize, rng: &mut Rng) -> Vec<Vec<Piece>> {
        let batches = self.sequences.epoch(batch_size, rng);
        let mut pieces: Vec<Vec<Piece>> = batches.into_iter().map(|rows| self.cut(rows)).collect();
        if self.rare.is_some() {
            let draw = rng.next_u64();
            pieces.iter_mut().flatten().for_each(|piece| piece.draw = draw);
        }
        pieces
    }

    fn carries(&self) -> bool {
        self.sequences.lengths().iter().any(|length| *length > self.steps)
    }

    fn weight(&self, piece: &Piece) -> f64 {
        let known = |row: usize| {
            self.answers(piece, row).filter(|answer| self.targets.is_known(*answer)).count()
        };
        piece.rows.iter().map(|&row| known(row) as f64 * self.sequence_weight(row)).sum()
    }

    fn fill(&mut self, piece: &Piece, batch: &mut Batch<T>) -> Result<()> {
        let stretch =
            Stretch { rows: &piece.rows, first_step: piece.first_step, steps: self.steps };
        self.sequences.stretch_into(stretch, &mut batch.inputs)?;
        if let Some(rare) = &mut self.rare {
            let Piece { draw: number, ref rows, first_step, .. } = *piece;
            rare.replace(&Draw { number, rows, first_step }, &mut batch.inputs)?;
        }
        self.fill_targets(piece, &mut batch.targets);
        Ok(())
    }
}
