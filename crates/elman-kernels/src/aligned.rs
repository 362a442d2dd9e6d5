//! Memory that starts where a cache line starts.

use std::ops::{Deref, DerefMut};

use crate::float::Float;

/// Values from the start of a cache line on: a register of 64 bytes is then loaded from one line,
/// where elsewhere it would take two.
#[derive(Debug)]
pub(crate) struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Float> Aligned<T> {
    pub fn zeros(len: usize) -> Self {
        let values = vec![T::ZERO; len + spare::<T>()];
        Aligned { start: line_start(&values), values, len }
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
