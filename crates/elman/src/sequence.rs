//! Sequences of different length in one array: of numbers, or of tokens.

mod tokens;

use elman_kernels::pointwise::resize;
use ndarray::{Array3, ArrayView2, ArrayView3, Axis};

pub use tokens::TokenBatch;

use crate::error::{Error, Result};
use crate::real::Real;

/// A batch of sequences: values `[B, T, I]` and the length of each.
///
/// Steps at or past a sequence's length are padding. No computation reads them, so they may hold
/// anything, NaN included. A length of 0 is a sequence without steps.
///
/// ```
/// use elman::SequenceBatch;
/// use ndarray::{Array3, array};
///
/// # fn main() -> elman::Result<()> {
/// let full = SequenceBatch::full(Array3::<f32>::zeros((2, 5, 3)));
/// assert_eq!(full.lengths(), [5, 5]);
/// let ragged = SequenceBatch::from_sequences(&[array![[1.0f32], [2.0]].view(), array![[3.0]].view()])?;
/// assert_eq!(ragged.lengths(), [2, 1]);
/// # Ok(())
/// # }
/// ```
///
/// `SequenceBatch::default()` holds no sequence: memory for [`refill`](Self::refill).
///
/// A batch may hold token channels beside the values: [`with_tokens`](Self::with_tokens) and
/// [`from_tokens`](Self::from_tokens).
#[derive(Clone, Debug, Default)]
pub struct SequenceBatch<T> {
    values: Array3<T>, // [B, T, I], standard layout
    lengths: Vec<usize>,
    tokens: Vec<TokenBatch>,
    /// How many of these there are; the others are memory.
    channels: usize,
}

impl<T: Real> SequenceBatch<T> {
    /// Sequences that all have the length of the time axis.
    #[must_use]
    pub fn full(values: Array3<T>) -> Self {
        let lengths = vec![values.dim().1; values.dim().0];
        SequenceBatch { values: standard(values), lengths, tokens: Vec::new(), channels: 0 }
    }

    /// Sequences padded to one length.
    ///
    /// # Errors
    ///
    /// Not one length for each sequence, or a length beyond the time axis.
    pub fn with_lengths(values: Array3<T>, lengths: Vec<usize>) -> Result<Self> {
        let (batch_size, seq_len, _) = values.dim();
        check_lengths(&lengths, [batch_size, seq_len])?;
        Ok(SequenceBatch { values: standard(values), lengths, tokens: Vec::new(), channels: 0 })
    }

    /// Token channels alone: values `[B, T, 0]`.
    ///
    /// # Errors
    ///
    /// No channel, or channels of other lengths than the first one.
    ///
    /// ```
    /// use elman::{SequenceBatch, TokenBatch};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let words = TokenBatch::from_sequences(&[&[5, 3, 8], &[2]]);
    /// let batch = SequenceBatch::<f32>::from_tokens(vec![words])?;
    /// assert_eq!((batch.lengths(), batch.input_size()), (&[3, 1][..], 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_tokens(channels: Vec<TokenBatch>) -> Result<Self> {
        let Some(first) = channels.first() else {
            return Err(Error::argument("tokens", "at least one channel", "none"));
        };
        let values = Array3::from_elem((first.batch_size(), first.seq_len(), 0), T::ZERO);
        Self::with_lengths(values, first.lengths().to_vec())?.with_tokens(channels)
    }

    /// The batch with these token channels in place of those it has.
    ///
    /// # Errors
    ///
    /// A channel of other lengths, or of another time axis.
    pub fn with_tokens(mut self, channels: Vec<TokenBatch>) -> Result<Self> {
        for (index, channel) in channels.iter().enumerate() {
            self.check_channel(index, channel)?;
        }
        self.channels = channels.len();
        self.tokens = channels;
        Ok(self)
    }

    fn check_channel(&self, index: usize, channel: &TokenBatch) -> Result<()> {
        let (wanted, found) =
            ([self.batch_size(), self.seq_len()], [channel.batch_size(), channel.seq_len()]);
        if wanted != found {
            return Err(Error::shape(format!("tokens[{index}]"), &wanted, &found));
        }
        let mut pairs = self.lengths.iter().zip(channel.lengths()).enumerate();
        match pairs.find(|(_, (wanted, found))| wanted != found) {
            None => Ok(()),
            Some((row, (wanted, found))) => {
                let name = format!("tokens[{index}]: length of row {row}");
                Err(Error::argument(name, wanted.to_string(), found))
            }
        }
    }

    /// Pads sequences `[T_n, I]` with zeros to the longest one.
    ///
    /// # Errors
    ///
    /// Sequences that differ in the number of channels.
    pub fn from_sequences(sequences: &[ArrayView2<'_, T>]) -> Result<Self> {
        let mut batch = SequenceBatch::default();
        batch.refill(sequences.iter().copied())?;
        Ok(batch)
    }

    /// As [`from_sequences`](Self::from_sequences), in the memory of this batch: for training, where
    /// each step has a batch of its own. The memory grows to the largest batch and stays. Token channels
    /// are taken away; [`refill_tokens`](Self::refill_tokens) brings them back.
    ///
    /// # Errors
    ///
    /// Sequences that differ in the number of channels. The batch is then unchanged.
    ///
    /// ```
    /// use elman::SequenceBatch;
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[1.0], [2.0]], array![[3.0]]];
    /// let mut batch = SequenceBatch::<f64>::default();
    /// for order in [[0, 1], [1, 0]] {
    ///     batch.refill(order.iter().map(|&index| sequences[index].view()))?;
    ///     assert_eq!(batch.lengths(), order.map(|index| sequences[index].nrows()));
    /// }
    /// assert_eq!(batch.values(), array![[[3.0], [0.0]], [[1.0], [2.0]]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn refill<'a>(
        &mut self,
        sequences: impl Iterator<Item = ArrayView2<'a, T>> + Clone,
    ) -> Result<()> {
        let input_size = sequences.clone().next().map_or(0, |sequence| sequence.ncols());
        for (row, sequence) in sequences.clone().enumerate() {
            if sequence.ncols() != input_size {
                let expected = [sequence.nrows(), input_size];
                return Err(Error::shape(format!("sequence {row}"), &expected, sequence.shape()));
            }
        }
        let lengths = sequences.clone().map(|sequence| sequence.nrows());
        let seq_len = lengths.clone().max().unwrap_or(0);
        self.reshape(lengths, [seq_len, input_size])?;
        for (row, sequence) in self.values.outer_iter_mut().zip(sequences) {
            let (mut valid, mut padding) = row.split_at(Axis(0), sequence.nrows());
            match (valid.as_slice_mut(), sequence.as_slice()) {
                (Some(valid), Some(sequence)) => valid.copy_from_slice(sequence),
                _ => valid.assign(&sequence),
            }
            padding.fill(T::ZERO);
        }
        Ok(())
    }

    /// Fills a token channel of a batch whose values, perhaps of no numeric channel, were
    /// [filled](Self::refill) before, in the memory of the channel.
    ///
    /// # Errors
    ///
    /// A channel beyond the next one; sequences of other lengths than the values have, and then the
    /// batch has no such channel any more, nor those behind it.
    ///
    /// ```
    /// use elman::SequenceBatch;
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let mut batch = SequenceBatch::<f32>::default();
    /// batch.refill([array![[0.5], [0.1]].view(), array![[0.7]].view()].into_iter())?;
    /// batch.refill_tokens(0, [&[4, 7][..], &[1]].into_iter())?;
    /// assert_eq!(batch.tokens()[0].ids(), array![[4, 7], [1, 0]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn refill_tokens<'a>(
        &mut self,
        channel: usize,
        sequences: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<()> {
        let count = self.channels;
        if channel > count {
            return Err(Error::argument("channel", format!("at most {count}"), channel));
        }
        if channel == self.tokens.len() {
            self.tokens.push(TokenBatch::default());
        }
        self.channels = channel;
        self.tokens[channel].refill(sequences);
        self.check_channel(channel, &self.tokens[channel])?;
        self.channels = count.max(channel + 1);
        Ok(())
    }

    /// Makes `target` a batch of one sequence of this batch, without padding.
    pub(crate) fn copy_row(&self, row: usize, target: &mut Self) -> Result<()> {
        let length = self.lengths[row];
        let values = self.values.index_axis(Axis(0), row);
        let values = values.slice_axis_move(Axis(0), (0..length).into());
        target.refill(std::iter::once(values))?;
        for (channel, tokens) in self.tokens().iter().enumerate() {
            let ids = tokens.sequences().nth(row).unwrap_or(&[]);
            target.refill_tokens(channel, std::iter::once(ids))?;
        }
        Ok(())
    }

    /// Makes this a batch of sequences of these lengths, at most T each, and hands out its values
    /// `[B, T, I]` to be written: what they are before that depends on the batch.
    pub(crate) fn reshape(
        &mut self,
        lengths: impl Iterator<Item = usize>,
        [seq_len, input_size]: [usize; 2],
    ) -> Result<&mut [T]> {
        self.channels = 0;
        self.lengths.clear();
        self.lengths.extend(lengths);
        let shape = [self.lengths.len(), seq_len, input_size];
        if self.values.shape() != shape {
            let (mut values, _) = std::mem::take(&mut self.values).into_raw_vec_and_offset();
            resize(&mut values, shape.iter().product());
            self.values = Array3::from_shape_vec(shape, values)
                .map_err(|_| Error::shape("batch", &shape, &[]))?;
        }
        Ok(self.values.as_slice_mut().unwrap_or(&mut []))
    }

    /// The values `[B, T, I]`, padding included.
    #[must_use]
    pub fn values(&self) -> ArrayView3<'_, T> {
        self.values.view()
    }

    /// The values in memory order, row after row.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        self.values.as_slice().unwrap_or(&[])
    }

    /// The length of each sequence `[B]`.
    #[must_use]
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The token channels.
    #[must_use]
    pub fn tokens(&self) -> &[TokenBatch] {
        &self.tokens[..self.channels]
    }

    /// B.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.values.dim().0
    }

    /// T, the time axis; single sequences may be shorter.
    #[must_use]
    pub fn seq_len(&self) -> usize {
        self.values.dim().1
    }

    /// I.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.values.dim().2
    }
}

/// Refuses all but one length for each sequence of a batch, none beyond the time axis.
fn check_lengths(lengths: &[usize], [batch_size, seq_len]: [usize; 2]) -> Result<()> {
    if lengths.len() != batch_size {
        return Err(Error::shape("lengths", &[batch_size], &[lengths.len()]));
    }
    match lengths.iter().enumerate().find(|(_, length)| **length > seq_len) {
        None => Ok(()),
        Some((row, length)) => {
            let name = format!("lengths[{row}]");
            Err(Error::argument(name, format!("at most {seq_len} (time axis)"), length))
        }
    }
}

/// The array in row-major order; every slice of this crate counts on it.
fn standard<T: Real>(values: Array3<T>) -> Array3<T> {
    if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn a_refilled_batch_is_a_fresh_one_and_keeps_its_memory() {
        let sequence = |length: usize, start: f64| {
            Array2::from_shape_fn((length, 2), |(t, c)| start + (2 * t + c) as f64)
        };
        let all = [sequence(4, 1.0), sequence(0, 0.0), sequence(2, 50.0), sequence(3, 100.0)];
        let mut batch = SequenceBatch::default();
        batch.refill(all.iter().map(|s| s.view())).unwrap();
        let memory = batch.as_slice().as_ptr();
        for rows in [&[3, 2, 0, 1][..], &[1, 2], &[2], &[], &[0, 1, 2, 3]] {
            batch.refill(rows.iter().map(|&row| all[row].view())).unwrap();
            let views: Vec<_> = rows.iter().map(|&row| all[row].view()).collect();
            let mut fresh = SequenceBatch::default();
            fresh.refill(views.iter().copied()).unwrap();
            assert_eq!((batch.values(), batch.lengths()), (fresh.values(), fresh.lengths()));
            let built = SequenceBatch::from_sequences(&views).unwrap();
            assert_eq!((batch.values(), batch.lengths()), (built.values(), built.lengths()));
        }
        assert_eq!(batch.as_slice().as_ptr(), memory);
    }

    #[test]
    fn sequences_of_another_width_are_refused_and_change_nothing() {
        let (wide, narrow) = (array![[1.0, 2.0]], array![[3.0]]);
        let mut batch = SequenceBatch::full(Array3::from_elem((1, 2, 2), 7.0));
        let error = batch.refill([wide.view(), narrow.view()].into_iter()).unwrap_err();
        assert_eq!(error.to_string(), "sequence 1: expected shape [1, 2], got [1, 1]");
        assert_eq!((batch.lengths(), batch.as_slice()), (&[2][..], &[7.0; 4][..]));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let values = || Array3::<f32>::zeros((2, 3, 1));
        let error = SequenceBatch::with_lengths(values(), vec![3]).unwrap_err();
        assert_eq!(error.to_string(), "lengths: expected shape [2], got [1]");
        let error = SequenceBatch::with_lengths(values(), vec![3, 4]).unwrap_err();
        assert_eq!(error.to_string(), "lengths[1]: expected at most 3 (time axis), got 4");
    }
}
