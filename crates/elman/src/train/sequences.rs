//! The training sequences as the network sees them: scaled and converted once, not in each epoch.

use ndarray::Array3;

use crate::data::{Dataset, Standardization};
use crate::error::Result;
use crate::real::Real;
use crate::sequence::SequenceBatch;

/// N sequences `[T_n, I]`, one after the other.
pub(super) struct Sequences<T> {
    values: Vec<T>,
    offsets: Vec<usize>, // [N + 1], in values
    input_size: usize,
}

impl<T: Real> Sequences<T> {
    /// Scales and converts.
    ///
    /// # Errors
    ///
    /// A value that is not finite once scaled and converted.
    pub(super) fn new(data: &Dataset, scaling: Option<&Standardization>) -> Result<Self> {
        let (mut values, mut offsets) = (Vec::with_capacity(data.values().len()), vec![0]);
        for index in 0..data.len() {
            values.extend_from_slice(data.batch(&[index], scaling)?.as_slice());
            offsets.push(values.len());
        }
        Ok(Sequences { values, offsets, input_size: data.input_size() })
    }

    /// The number of steps of each sequence `[N]`.
    pub(super) fn lengths(&self) -> Vec<usize> {
        self.offsets.windows(2).map(|ends| (ends[1] - ends[0]) / self.input_size).collect()
    }

    /// The sequences at `rows` as one zero-padded batch.
    pub(super) fn batch(&self, rows: &[usize]) -> Result<SequenceBatch<T>> {
        let sequence = |row: usize| &self.values[self.offsets[row]..self.offsets[row + 1]];
        let lengths: Vec<usize> =
            rows.iter().map(|&row| sequence(row).len() / self.input_size).collect();
        let seq_len = lengths.iter().copied().max().unwrap_or(0);
        let mut values = Vec::with_capacity(rows.len() * seq_len * self.input_size);
        for (position, &row) in rows.iter().enumerate() {
            values.extend_from_slice(sequence(row));
            values.resize((position + 1) * seq_len * self.input_size, T::ZERO);
        }
        let shape = (rows.len(), seq_len, self.input_size);
        let values = Array3::from_shape_vec(shape, values)
            .map_err(|_| crate::error::Error::shape("batch", &[shape.0, shape.1, shape.2], &[]))?;
        SequenceBatch::with_lengths(values, lengths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::testing::signs;

    #[test]
    fn batches_are_those_of_the_data_set() {
        let data = signs(20, 1);
        let scaling = Standardization::of_dataset(&data).unwrap();
        for scaling in [None, Some(&scaling)] {
            let sequences = Sequences::<f32>::new(&data, scaling).unwrap();
            assert_eq!(sequences.lengths(), data.lengths());
            for rows in [vec![3], vec![7, 0, 19, 4], vec![]] {
                let (found, wanted) =
                    (sequences.batch(&rows).unwrap(), data.batch::<f32>(&rows, scaling).unwrap());
                assert_eq!(found.values(), wanted.values());
                assert_eq!(found.lengths(), wanted.lengths());
            }
        }
    }
}
