//! Rows of several parts side by side, each of one value for every unit.

use std::ops::Range;

use crate::parallel::list_of;

/// That a trace has a row of four parts for each row of the step, or none.
pub(crate) fn check_trace<T>(hidden_size: usize, rows: usize, trace: &[&mut [T]]) {
    let fits = trace.iter().all(|row| row.len() >= 4 * hidden_size);
    assert!(fits && (trace.is_empty() || trace.len() == rows), "trace: 4H for each row, or no row");
}

/// Some units of the `N` parts of a row, each of `size` values.
#[inline(always)]
pub(crate) fn parts<'a, T, const N: usize>(
    row: &'a [T],
    size: usize,
    units: &Range<usize>,
) -> [&'a [T]; N] {
    let mut parts = [&row[..0]; N];
    for (part, slot) in parts.iter_mut().enumerate() {
        *slot = &row[part * size..][..size][units.clone()];
    }
    parts
}

/// As [`parts`], to be written.
#[inline(always)]
pub(crate) fn parts_mut<'a, T, const N: usize>(
    row: &'a mut [T],
    size: usize,
    units: &Range<usize>,
) -> [&'a mut [T]; N] {
    let mut rest = row;
    list_of(|_| {
        let (part, after) = std::mem::take(&mut rest).split_at_mut(size);
        rest = after;
        &mut part[units.clone()]
    })
}
