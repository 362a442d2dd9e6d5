//! A text in lanes: as many stretches of it side by side as a batch has rows.
//!
//! ```text
//! t0 t1 t2 t3 | t4 t5 t6 t7 | t8 …        two lanes, pieces of two steps
//! lane 0:  t0 → t1  t1 → t2 ┊ t2 → t3  t3 → t4
//! lane 1:  t4 → t5  t5 → t6 ┊ t6 → t7  t7 → t8
//! ```
//!
//! Each piece is an update. The next one goes on from the state in which it has ended, so that each lane
//! is read as one long sequence whose gradient is cut. Every token but the first is predicted once in an
//! epoch; where they cannot be dealt evenly, the first lanes have one more.

use ndarray::ArrayView2;

use crate::error::{Error, Field, Result};
use crate::lesson::{Batch, Feed, Piece, Start};
use crate::real::Real;
use crate::rng::Rng;
use crate::text::Passage;

/// The lanes of a text.
pub(super) struct Lanes<'a> {
    text: Passage<'a>,
    lanes: usize,
    /// The most steps of a piece.
    steps: usize,
    /// The tokens of each lane, one more than steps.
    ids: Vec<Vec<u32>>,
}

impl<'a> Lanes<'a> {
    /// # Errors
    ///
    /// A text with fewer tokens than the lanes have steps in one piece.
    pub(super) fn new(text: Passage<'a>, lanes: usize, bptt: Option<usize>) -> Result<Self> {
        let needed = lanes.saturating_mul(bptt.unwrap_or(1)).saturating_add(1);
        if text.len() < needed as u64 {
            let expected = match bptt {
                Some(steps) => {
                    format!("at least {needed} tokens ({lanes} lanes of {steps} steps, and one)")
                }
                None => format!("at least {needed} tokens ({lanes} lanes, and one)"),
            };
            return Err(Error::argument(Field::BatchSize.called("text"), expected, text.len()));
        }
        Ok(Lanes { text, lanes, steps: bptt.unwrap_or(usize::MAX), ids: Vec::new() })
    }

    /// The predictions of the shortest lanes, and how many lanes have one more.
    fn shares(&self) -> (u64, u64) {
        let (predicted, lanes) = (self.text.len() - 1, self.lanes as u64);
        (predicted / lanes, predicted % lanes)
    }

    fn longest(&self) -> usize {
        let (each, more) = self.shares();
        usize::try_from(each + u64::from(more > 0)).unwrap_or(usize::MAX)
    }

    /// The predictions of a lane that stand in a piece: the first, and how many.
    fn stretch(&self, lane: usize, first_step: usize) -> (u64, usize) {
        let (each, more) = self.shares();
        let lane = lane as u64;
        let start = self.text.range.start + lane * each + lane.min(more);
        let length = usize::try_from(each + u64::from(lane < more)).unwrap_or(usize::MAX);
        let first = first_step.min(length);
        (start + first as u64, self.steps.min(length - first))
    }
}

impl<T: Real> Feed<T> for Lanes<'_> {
    fn batches(&self, _: usize) -> usize {
        self.longest().div_ceil(self.steps)
    }

    fn epoch(&self, _: usize, _: &mut Rng) -> Vec<Vec<Piece>> {
        let piece = |first_step| Piece {
            rows: (0..self.lanes).collect(),
            first_step,
            start: if first_step == 0 { Start::Fresh } else { Start::Continued },
            draw: 0,
        };
        (0..self.longest()).step_by(self.steps).map(|step| vec![piece(step)]).collect()
    }

    fn carries(&self) -> bool {
        self.longest() > self.steps
    }

    fn weight(&self, piece: &Piece) -> f64 {
        let counts = piece.rows.iter().map(|&lane| self.stretch(lane, piece.first_step).1);
        counts.sum::<usize>() as f64
    }

    fn fill(&mut self, piece: &Piece, batch: &mut Batch<T>) -> Result<()> {
        self.ids.resize_with(piece.rows.len(), Vec::new);
        let stretches: Vec<_> =
            piece.rows.iter().map(|&lane| self.stretch(lane, piece.first_step)).collect();
        for (ids, &(start, length)) in self.ids.iter_mut().zip(&stretches) {
            ids.clear();
            if length > 0 {
                self.text.corpus.read(start..start + length as u64 + 1, ids)?;
            }
        }
        let inputs = self.ids.iter().map(|ids| &ids[..ids.len().saturating_sub(1)]);
        batch.inputs.refill(inputs.clone().map(no_numbers))?;
        batch.inputs.refill_tokens(0, inputs)?;
        let targets = &mut batch.targets;
        let longest = stretches.iter().map(|stretch| stretch.1).max().unwrap_or(0);
        targets.start(longest);
        targets.lengths.extend(stretches.iter().map(|stretch| stretch.1));
        for (row, ids) in self.ids.iter().enumerate() {
            targets.classes.extend(ids.iter().skip(1).map(|id| i64::from(*id)));
            targets.classes.resize((row + 1) * longest, 0);
        }
        Ok(())
    }
}

/// As many steps as there are ids, without a numeric channel.
fn no_numbers<'a, T>(ids: &[u32]) -> ArrayView2<'a, T> {
    ArrayView2::from_shape((ids.len(), 0), &[]).expect("no value at each step")
}
