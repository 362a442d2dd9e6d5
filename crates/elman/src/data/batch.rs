//! Sequences as a network reads them: padded, standardised, in its number type.

use ndarray::Array3;

use super::{Dataset, Standardization, file};
use crate::error::{Error, FileFault, Result};
use crate::real::Real;
use crate::sequence::SequenceBatch;

impl Dataset {
    /// The sequences at `indices` as one zero-padded batch `[B, T, I]`, standardised if asked, with
    /// their token channels.
    ///
    /// # Errors
    ///
    /// An index past the last sequence; a standardisation for another number of channels; a value
    /// that is not finite once standardised and converted to `T`.
    pub fn batch<T: Real>(
        &self,
        indices: &[usize],
        standardization: Option<&Standardization>,
    ) -> Result<SequenceBatch<T>> {
        let width = self.input_size();
        if let Some(scale) = standardization.filter(|scale| scale.len() != width) {
            return Err(Error::shape("standardization", &[width], &[scale.len()]));
        }
        let spans = indices.iter().map(|&index| self.steps(index)).collect::<Result<Vec<_>>>()?;
        let lengths: Vec<usize> = spans.iter().map(ExactSizeIterator::len).collect();
        let seq_len = lengths.iter().copied().max().unwrap_or(0);
        let mut values = Array3::from_elem((indices.len(), seq_len, width), T::ZERO);
        for ((mut row, span), &index) in values.outer_iter_mut().zip(&spans).zip(indices) {
            let source = &self.values[span.start * width..span.end * width];
            for (position, (target, &value)) in row.iter_mut().zip(source).enumerate() {
                let scaled = match standardization {
                    // The mean stands for a value that is missing.
                    Some(_) if value.is_nan() => 0.0,
                    Some(scale) => scale.apply(position % width, value),
                    None => value,
                };
                *target = T::from_f64(scaled);
                if !target.is_finite() {
                    return Err(self.out_of_range::<T>(index, position, value));
                }
            }
        }
        let mut batch = SequenceBatch::with_lengths(values, lengths)?;
        for (channel, tokens) in self.token_channels().iter().enumerate() {
            let rows = spans.iter().map(|span| &tokens.ids()[span.clone()]);
            batch.refill_tokens(channel, rows)?;
        }
        Ok(batch)
    }

    fn out_of_range<T: Real>(&self, index: usize, position: usize, value: f64) -> Error {
        let (step, channel) = (position / self.input_size(), position % self.input_size());
        let feature = &self.feature_names[channel];
        let expected = match value.is_nan() {
            true => {
                "standardised channels, of which the mean stands for missing values".to_string()
            }
            false => format!("a number in the range of {}", T::NAME),
        };
        let place = self.places.of(index, self.offsets[index] + step);
        let place = place.and_then(|place| Some((self.files.get(place.file as usize)?, place.row)));
        match place {
            Some((path, row)) => {
                FileFault::new(path, expected, file::shown(value)).row(row).column(feature).into()
            }
            None => {
                let name =
                    format!("sequence {:?}, step {step}, column {feature:?}", self.ids[index]);
                Error::argument(name, expected, file::shown(value))
            }
        }
    }
}
