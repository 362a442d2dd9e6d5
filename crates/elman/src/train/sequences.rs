//! The training sequences as the network sees them: scaled and converted once, not in each epoch.

use std::ops::Range;

use ndarray::ArrayView2;

use super::batches::batches;
use crate::data::{Dataset, Standardization};
use crate::error::{Error, Result};
use crate::real::Real;
use crate::rng::Rng;
use crate::sequence::SequenceBatch;

/// N sequences `[T_n, I]`, one after the other, and the batches to train on them with.
///
/// ```
/// use elman::data::{Dataset, Targets};
/// use elman::train::Sequences;
/// use elman::{Rng, SequenceBatch};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[1.0], [2.0]], array![[5.0]], array![[3.0], [4.0]]];
/// let views: Vec<_> = sequences.iter().map(|sequence| sequence.view()).collect();
/// let data = Dataset::from_sequences(&views, vec!["x".into()], Targets::None)?;
///
/// let sequences = Sequences::<f32>::new(&data, None)?;
/// let mut batch = SequenceBatch::default();
/// for rows in sequences.epoch(2, &mut Rng::new(1)) {
///     sequences.batch_into(&rows, &mut batch)?;
///     assert_eq!(batch.batch_size(), rows.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sequences<T> {
    values: Vec<T>,
    offsets: Vec<usize>,   // [N + 1], in steps
    lengths: Vec<usize>,   // [N]
    tokens: Vec<Vec<u32>>, // [channels][Σ T_n]
    input_size: usize,
}

impl<T: Real> Sequences<T> {
    /// Scales and converts the sequences of a data set.
    ///
    /// # Errors
    ///
    /// A value that is not finite once scaled and converted; a scaling for another number of
    /// channels.
    pub fn new(data: &Dataset, scaling: Option<&Standardization>) -> Result<Self> {
        let (mut values, mut offsets) = (Vec::with_capacity(data.values().len()), vec![0]);
        for index in 0..data.len() {
            values.extend_from_slice(data.batch(&[index], scaling)?.as_slice());
        }
        let lengths = data.lengths();
        for length in &lengths {
            offsets.push(offsets[offsets.len() - 1] + length);
        }
        let tokens = data.token_channels().iter().map(|channel| channel.ids().to_vec()).collect();
        Ok(Sequences { values, offsets, lengths, tokens, input_size: data.input_size() })
    }

    /// The number of steps of each sequence `[N]`.
    #[must_use]
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The batches of one epoch, as [`Trainer`](super::Trainer) takes them: indices of sequences of
    /// similar length, each sequence once. The same state of `rng` gives the same batches.
    #[must_use]
    pub fn epoch(&self, batch_size: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
        batches(&self.lengths, batch_size, rng)
    }

    /// The sequences at `rows` as one zero-padded batch, in the memory of an earlier one.
    ///
    /// # Errors
    ///
    /// An index past the last sequence. The batch is then unchanged.
    ///
    /// # Panics
    ///
    /// Never: the values of a sequence are its length times the number of channels.
    pub fn batch_into(&self, rows: &[usize], batch: &mut SequenceBatch<T>) -> Result<()> {
        self.stretch_into(Stretch { rows, first_step: 0, steps: usize::MAX }, batch)
    }

    /// As [`batch_into`](Self::batch_into), of a stretch of the sequences.
    pub(super) fn stretch_into(
        &self,
        stretch: Stretch<'_>,
        batch: &mut SequenceBatch<T>,
    ) -> Result<()> {
        let Stretch { rows, first_step, steps } = stretch;
        if let Some(row) = rows.iter().find(|row| **row >= self.lengths.len()) {
            let expected = format!("below {} (sequences)", self.lengths.len());
            return Err(Error::argument("index", expected, row));
        }
        let span = |row: usize| {
            let first = first_step.min(self.lengths[row]);
            let start = self.offsets[row] + first;
            start..start + steps.min(self.lengths[row] - first)
        };
        let sequence = |&row: &usize| {
            let (span, width) = (span(row), self.input_size);
            let values = &self.values[span.start * width..span.end * width];
            ArrayView2::from_shape((span.len(), width), values)
                .expect("a sequence is length × input_size values")
        };
        batch.refill(rows.iter().map(sequence))?;
        for (channel, ids) in self.tokens.iter().enumerate() {
            batch.refill_tokens(channel, rows.iter().map(|&row| &ids[span(row)]))?;
        }
        Ok(())
    }

    /// Where the steps of a sequence stand among those of all.
    pub(super) fn span(&self, row: usize) -> Range<usize> {
        self.offsets[row]..self.offsets[row + 1]
    }
}

/// Some steps of some sequences; of those that end before, fewer or none.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) rows: &'a [usize],
    pub(super) first_step: usize,
    pub(super) steps: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::testing::signs;

    #[test]
    fn batches_are_those_of_the_data_set() {
        let data = signs(20, 1);
        let scaling = Standardization::of_dataset(&data).unwrap();
        let mut found = SequenceBatch::default();
        for scaling in [None, Some(&scaling)] {
            let sequences = Sequences::<f32>::new(&data, scaling).unwrap();
            assert_eq!(sequences.lengths(), data.lengths());
            for rows in [vec![3], vec![7, 0, 19, 4], vec![2, 5]] {
                sequences.batch_into(&rows, &mut found).unwrap();
                let wanted = data.batch::<f32>(&rows, scaling).unwrap();
                assert_eq!(found.values(), wanted.values());
                assert_eq!(found.lengths(), wanted.lengths());
            }
        }
    }

    #[test]
    fn an_index_past_the_end_is_refused() {
        let sequences = Sequences::<f64>::new(&signs(5, 1), None).unwrap();
        let mut batch = SequenceBatch::default();
        let error = sequences.batch_into(&[4, 5], &mut batch).unwrap_err();
        assert_eq!(error.to_string(), "index: expected below 5 (sequences), got 5");
        assert_eq!(batch.batch_size(), 0);
    }
}
