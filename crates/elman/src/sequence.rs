//! Sequences of different length in one array.

use ndarray::{Array3, ArrayView2, ArrayView3, Axis};

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
#[derive(Clone, Debug)]
pub struct SequenceBatch<T> {
    values: Array3<T>, // [B, T, I], standard layout
    lengths: Vec<usize>,
}

impl<T: Real> SequenceBatch<T> {
    /// Sequences that all have the length of the time axis.
    #[must_use]
    pub fn full(values: Array3<T>) -> Self {
        let lengths = vec![values.dim().1; values.dim().0];
        SequenceBatch { values: standard(values), lengths }
    }

    /// Sequences padded to one length.
    ///
    /// # Errors
    ///
    /// Not one length for each sequence, or a length beyond the time axis.
    pub fn with_lengths(values: Array3<T>, lengths: Vec<usize>) -> Result<Self> {
        let (batch_size, seq_len, _) = values.dim();
        if lengths.len() != batch_size {
            return Err(Error::shape("lengths", &[batch_size], &[lengths.len()]));
        }
        if let Some((row, length)) = lengths.iter().enumerate().find(|(_, l)| **l > seq_len) {
            let name = format!("lengths[{row}]");
            return Err(Error::argument(name, format!("at most {seq_len} (time axis)"), length));
        }
        Ok(SequenceBatch { values: standard(values), lengths })
    }

    /// Pads sequences `[T_n, I]` with zeros to the longest one.
    ///
    /// # Errors
    ///
    /// Sequences that differ in the number of channels.
    pub fn from_sequences(sequences: &[ArrayView2<'_, T>]) -> Result<Self> {
        let input_size = sequences.first().map_or(0, |sequence| sequence.ncols());
        let seq_len = sequences.iter().map(|sequence| sequence.nrows()).max().unwrap_or(0);
        let mut values = Array3::from_elem((sequences.len(), seq_len, input_size), T::ZERO);
        for (row, sequence) in sequences.iter().enumerate() {
            if sequence.ncols() != input_size {
                let expected = [sequence.nrows(), input_size];
                return Err(Error::shape(format!("sequence {row}"), &expected, sequence.shape()));
            }
            let mut target = values.index_axis_mut(Axis(0), row);
            target.slice_axis_mut(Axis(0), (..sequence.nrows()).into()).assign(sequence);
        }
        let lengths = sequences.iter().map(|sequence| sequence.nrows()).collect();
        Ok(SequenceBatch { values, lengths })
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

/// The array in row-major order; every slice of this crate counts on it.
fn standard<T: Real>(values: Array3<T>) -> Array3<T> {
    if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }
}
