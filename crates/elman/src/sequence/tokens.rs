//! Sequences of tokens: numbers that stand for the words or characters of a vocabulary.

use ndarray::{Array2, ArrayView2};

use super::check_lengths;
use crate::error::Result;

/// A batch of sequences of token ids: ids `[B, T]` and the length of each sequence.
///
/// As in a [`SequenceBatch`](crate::SequenceBatch), steps at or past a sequence's length are
/// padding, which no computation reads: any id may stand there. A length of 0 is a sequence without
/// steps. That an id is one of a vocabulary is checked where the vocabulary is known, by
/// [`Embedding`](crate::Embedding).
///
/// ```
/// use elman::TokenBatch;
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let ragged = TokenBatch::from_sequences(&[&[5, 3, 8], &[2]]);
/// assert_eq!(ragged.ids(), array![[5, 3, 8], [2, 0, 0]]);
/// assert_eq!(ragged.lengths(), [3, 1]);
/// let same = TokenBatch::with_lengths(array![[5, 3, 8], [2, 999, 999]], vec![3, 1])?;
/// assert!(same.sequences().eq(ragged.sequences()));
/// # Ok(())
/// # }
/// ```
///
/// `TokenBatch::default()` holds no sequence: memory for [`refill`](Self::refill).
#[derive(Clone, Debug, Default)]
pub struct TokenBatch {
    ids: Vec<u32>, // [B, T]
    lengths: Vec<usize>,
    seq_len: usize,
}

impl TokenBatch {
    /// Sequences that all have the length of the time axis.
    #[must_use]
    pub fn full(ids: Array2<u32>) -> Self {
        let (batch_size, seq_len) = ids.dim();
        TokenBatch { ids: ids.into_iter().collect(), lengths: vec![seq_len; batch_size], seq_len }
    }

    /// Sequences padded to one length.
    ///
    /// # Errors
    ///
    /// Not one length for each sequence, or a length beyond the time axis.
    pub fn with_lengths(ids: Array2<u32>, lengths: Vec<usize>) -> Result<Self> {
        let (batch_size, seq_len) = ids.dim();
        check_lengths(&lengths, [batch_size, seq_len])?;
        Ok(TokenBatch { lengths, ..TokenBatch::full(ids) })
    }

    /// Pads sequences `[T_n]` with id 0 to the longest one.
    #[must_use]
    pub fn from_sequences(sequences: &[&[u32]]) -> Self {
        let mut batch = TokenBatch::default();
        batch.refill(sequences.iter().copied());
        batch
    }

    /// As [`from_sequences`](Self::from_sequences), in the memory of this batch: for training, where
    /// each step has a batch of its own. The memory grows to the largest batch and stays.
    ///
    /// ```
    /// use elman::TokenBatch;
    ///
    /// let mut batch = TokenBatch::default();
    /// for text in [[[1, 2], [3, 4]], [[5, 6], [7, 8]]] {
    ///     batch.refill(text.iter().map(|sequence| sequence.as_slice()));
    ///     assert_eq!(batch.ids().row(1).to_vec(), text[1]);
    /// }
    /// ```
    pub fn refill<'a>(&mut self, sequences: impl Iterator<Item = &'a [u32]> + Clone) {
        self.lengths.clear();
        self.lengths.extend(sequences.clone().map(<[u32]>::len));
        self.seq_len = self.lengths.iter().copied().max().unwrap_or(0);
        self.ids.clear();
        for (row, sequence) in sequences.enumerate() {
            self.ids.extend_from_slice(sequence);
            self.ids.resize((row + 1) * self.seq_len, 0);
        }
    }

    /// The ids `[B, T]`, padding included.
    ///
    /// # Panics
    ///
    /// Never: the shape is kept beside the ids.
    #[must_use]
    pub fn ids(&self) -> ArrayView2<'_, u32> {
        let shape = (self.lengths.len(), self.seq_len);
        ArrayView2::from_shape(shape, &self.ids).expect("the shape of the ids")
    }

    /// The ids of each sequence, without padding.
    pub fn sequences(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        let row = |(row, &length): (usize, &usize)| &self.ids[row * self.seq_len..][..length];
        self.lengths.iter().enumerate().map(row)
    }

    /// The length of each sequence `[B]`.
    #[must_use]
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// B.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.lengths.len()
    }

    /// T, the time axis; single sequences may be shorter.
    #[must_use]
    pub fn seq_len(&self) -> usize {
        self.seq_len
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_refilled_batch_is_a_fresh_one_and_keeps_its_memory() {
        let mut batch = TokenBatch::from_sequences(&[&[1, 2, 3, 4], &[5, 6]]);
        let memory = batch.ids.as_ptr();
        for sequences in [&[&[9][..], &[], &[7, 8]][..], &[&[]], &[], &[&[1, 2], &[3, 4, 5]]] {
            batch.refill(sequences.iter().copied());
            assert!(batch.sequences().eq(sequences.iter().copied()));
            assert_eq!(batch.ids.len(), batch.batch_size() * batch.seq_len());
        }
        assert_eq!(batch.ids(), array![[1, 2, 0], [3, 4, 5]]);
        assert_eq!(batch.ids.as_ptr(), memory);
    }

    #[test]
    fn any_memory_order_is_read_by_rows() {
        let turned = array![[1, 4], [2, 5], [3, 6]].reversed_axes();
        assert_eq!(TokenBatch::full(turned.clone()).ids(), turned);
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let error = TokenBatch::with_lengths(Array2::zeros((2, 3)), vec![3]).unwrap_err();
        assert_eq!(error.to_string(), "lengths: expected shape [2], got [1]");
        let error = TokenBatch::with_lengths(Array2::zeros((2, 3)), vec![0, 4]).unwrap_err();
        assert_eq!(error.to_string(), "lengths[1]: expected at most 3 (time axis), got 4");
    }
}
