//! Rows of a table, found by their number: an embedding and its gradient.
//!
//! Rows are short (a dozen to a few hundred values) and many, so what counts is the cost of one row:
//! pieces of fixed size, which are a few instructions each, instead of a loop or a call of `memcpy`.

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;

/// Rows of one length, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a, T> {
    /// All rows.
    pub values: &'a [T],
    /// The length of a row.
    pub width: usize,
}

/// `rows[k] = table[ids[k]]`
///
/// # Panics
///
/// Not a row of values for each id, or an id past the last row of the table.
pub fn gather_rows<T: Compiled>(level: Level, table: Table<'_, T>, ids: &[u32], rows: &mut [T]) {
    assert_eq!(rows.len(), ids.len() * table.width, "a row for each id");
    if table.width > 0 {
        run(level, GatherRows { table, ids, rows });
    }
}

/// The rows that are added to, for each value row.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The number of a row of the table for each row of values.
    pub ids: &'a [u32],
    /// A row of the table that nothing is added to.
    pub skip: Option<u32>,
}

/// Some rows of a table that sums go to.
#[derive(Debug)]
pub struct TablePart<'a, T> {
    /// The number of the first of these rows.
    pub first: usize,
    /// The length of a row.
    pub width: usize,
    /// The rows.
    pub rows: &'a mut [T],
}

/// `table[ids[k]] += rows[k]`, `k` in order, where `ids[k]` is a row of this part and not `skip`.
/// Parts may be computed in any order or side by side; the bits are the same.
///
/// # Panics
///
/// Not a row of values for each id.
pub fn scatter_add_rows<T: Compiled>(
    level: Level,
    targets: Targets<'_>,
    rows: &[T],
    part: TablePart<'_, T>,
) {
    assert_eq!(rows.len(), targets.ids.len() * part.width, "a row for each id");
    if part.width > 0 {
        run(level, ScatterAddRows { targets, rows, part });
    }
}

pub(crate) struct GatherRows<'a, T> {
    table: Table<'a, T>,
    ids: &'a [u32],
    rows: &'a mut [T],
}

impl<T: Float> Kernel for GatherRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let GatherRows { table: Table { values: table, width }, ids, rows } = self;
        for (row, &id) in rows.chunks_exact_mut(width).zip(ids) {
            update_row(row, &table[id as usize * width..][..width], |_, value| value);
        }
    }
}

pub(crate) struct ScatterAddRows<'a, T> {
    targets: Targets<'a>,
    rows: &'a [T],
    part: TablePart<'a, T>,
}

impl<T: Float> Kernel for ScatterAddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let TablePart { first, width, rows: table } = self.part;
        let count = table.len() / width;
        for (row, &id) in self.rows.chunks_exact(width).zip(self.targets.ids) {
            let at = (id as usize).checked_sub(first).filter(|at| *at < count);
            if let Some(at) = at
                && self.targets.skip != Some(id)
            {
                update_row(&mut table[at * width..][..width], row, |sum, value| sum + value);
            }
        }
    }
}

/// `a ← f(a, x)`
#[inline(always)]
fn update_row<T: Copy>(a: &mut [T], x: &[T], f: impl Fn(T, T) -> T + Copy) {
    let (a, a_rest) = a.as_chunks_mut::<8>();
    let (x, x_rest) = x.as_chunks::<8>();
    update_pieces(a, x, f);
    let (a, a_rest) = a_rest.as_chunks_mut::<4>();
    let (x, x_rest) = x_rest.as_chunks::<4>();
    update_pieces(a, x, f);
    for (a, x) in a_rest.iter_mut().zip(x_rest) {
        *a = f(*a, *x);
    }
}

#[inline(always)]
fn update_pieces<T: Copy, const N: usize>(
    a: &mut [[T; N]],
    x: &[[T; N]],
    f: impl Fn(T, T) -> T + Copy,
) {
    for (a, x) in a.iter_mut().zip(x) {
        for (a, x) in a.iter_mut().zip(x) {
            *a = f(*a, *x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of `count` rows, `row·100 + column`.
    fn table(count: u16, width: u16) -> Vec<f32> {
        let row = |r| (0..width).map(move |c| f32::from(r) * 100.0 + f32::from(c));
        (0..count).flat_map(row).collect()
    }

    #[test]
    fn rows_are_found_at_every_width_and_level() {
        let ids = [4u32, 0, 4, 2];
        for width in 1..30u16 {
            let (table, size) = (table(5, width), usize::from(width));
            let expected: Vec<f32> =
                ids.iter().flat_map(|&id| table[id as usize * size..][..size].to_vec()).collect();
            for level in Level::supported() {
                let mut rows = vec![f32::NAN; ids.len() * size];
                gather_rows(level, Table { values: &table, width: size }, &ids, &mut rows);
                assert_eq!(rows, expected, "{width} {level:?}");
            }
        }
    }

    #[test]
    fn rows_are_added_in_order_whatever_the_parts() {
        // 1 + 2^24 + ... is a sum whose bits tell the order.
        let ids = [3u32, 1, 3, 0, 3, 4, 1];
        for width in [1usize, 4, 7, 12, 21] {
            let values = [1.0f32, 0.5, 16_777_216.0, 3.0, 1.0, 9.0, -2.25];
            let rows: Vec<f32> = values.iter().flat_map(|&v| vec![v; width]).collect();
            let sums = [3.0f32, 0.5 - 2.25, 0.0, 16_777_216.0, 9.0];
            let expected: Vec<f32> = sums.iter().flat_map(|&v| vec![v; width]).collect();
            let mut skipped = expected.clone();
            skipped[3 * width..4 * width].fill(0.0);
            for level in Level::supported() {
                for (cut, skip) in [(0, None), (2, None), (5, None), (3, Some(3))] {
                    let mut table = vec![0.0f32; 5 * width];
                    let (low, high) = table.split_at_mut(cut * width);
                    for (first, rows_here) in [(cut, high), (0, low)] {
                        let part = TablePart { first, width, rows: rows_here };
                        scatter_add_rows(level, Targets { ids: &ids, skip }, &rows, part);
                    }
                    let expected = if skip.is_some() { &skipped } else { &expected };
                    assert_eq!(&table, expected, "{width} {cut} {level:?}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a row for each id")]
    fn rows_that_do_not_fit_are_refused() {
        gather_rows(
            Level::current(),
            Table { values: &[1.0f64, 2.0], width: 2 },
            &[0, 0],
            &mut [0.0; 3],
        );
    }
}
