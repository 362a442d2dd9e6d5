//! Memory that starts where a cache line starts.

use std::ops::{Deref, DerefMut};

use crate::float::Float;

/// Values from the start of a cache line on: a register of 64 bytes is then loaded from one line,
/// where elsewhere it would take two.
///
/// ```
/// use elman_kernels::Aligned;
///
/// let mut values = Aligned::<f32>::zeros(3);
/// values[1] = 2.0;
/// values.resize(2);
/// assert_eq!(*values, [0.0, 2.0]);
/// ```
#[derive(Debug)]
pub struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Float> Aligned<T> {
    /// So many zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let values = vec![T::ZERO; len + spare::<T>()];
        Aligned { start: line_start(&values), values, len }
    }

    /// Makes room for `len` values. What they are is not said: some from before, others zero.
    pub fn resize(&mut self, len: usize) {
        if len > self.values.len().saturating_sub(self.start) {
            *self = Aligned::zeros(len);
        }
        self.len = len;
    }
}

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Aligned { values: Vec::new(), start: 0, len: 0 }
    }
}

/// Elements to have more than needed, so that a line starts early enough.
const fn spare<T>() -> usize {
    64 / size_of::<T>() - 1
}

/// The first element of a line; any, where the platform cannot tell.
fn line_start<T>(values: &[T]) -> usize {
    values.as_ptr().align_offset(64).min(spare::<T>())
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.len]
    }
}

impl<T: Clone> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        if self.values.is_empty() {
            return Aligned::default();
        }
        // Other memory starts at another place in its line.
        let mut values = self.values.clone();
        let start = line_start(&values);
        match start.checked_sub(self.start) {
            Some(right) => values.rotate_right(right),
            None => values.rotate_left(self.start - start),
        }
        Aligned { values, start, len: self.len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_starts_with_a_line_too() {
        let mut values = Aligned::<f64>::default();
        assert!(values.is_empty() && values.clone().is_empty());
        for len in [5, 2, 0, 5, 6, 1000, 7] {
            values.resize(len);
            assert_eq!(values.len(), len);
            assert!(len == 0 || (values.as_ptr() as usize).is_multiple_of(64));
        }
    }

    #[test]
    fn values_and_their_clone_start_with_a_line() {
        for len in [0, 1, 15, 1000] {
            let mut values = Aligned::<f32>::zeros(len);
            values.iter_mut().zip(1u16..).for_each(|(value, i)| *value = f32::from(i));
            let clone = values.clone();
            assert_eq!(*clone, *values);
            assert_eq!(clone.len(), len);
            assert!([&values, &clone].iter().all(|v| (v.as_ptr() as usize).is_multiple_of(64)));
        }
    }
}
