//! The columns of a gradient dealt to threads.

use std::ops::Range;

use super::OuterSum;
use crate::float::Float;
use crate::pack::panel_width;
use crate::parallel::Output;

/// One thread's share of some sums: a range of the columns of each. Parts of one split may be
/// computed in any order or side by side.
#[derive(Debug)]
pub struct Part<'a, T> {
    sums: &'a [OuterSum<'a, T>],
    grad: Output<'a, T>,
    index: usize,
    count: usize,
}

/// A range of the columns of one sum.
pub(crate) struct PartOfSum<'a, T> {
    pub sum: &'a OuterSum<'a, T>,
    /// Columns of the gradient, whole panels but for the last.
    pub columns: Range<usize>,
    grad: &'a Output<'a, T>,
}

/// Deals sums that go to `grad` to `count` threads.
///
/// # Panics
///
/// Sums that overlap in `grad` or leave it, or differ in the distance between rows, or have none.
#[must_use]
pub fn split<'a, T: Float>(
    sums: &'a [OuterSum<'a, T>],
    grad: &'a mut [T],
    count: usize,
) -> Vec<Part<'a, T>> {
    let places: Vec<Rectangle> = sums.iter().flat_map(Rectangle::of).collect();
    for (i, place) in places.iter().enumerate() {
        assert!(place.end() <= grad.len(), "gradient: too small for a sum");
        assert!(place.columns.end <= place.stride, "gradient: rows that overlap");
        for other in &places[..i] {
            assert_eq!(place.stride, other.stride, "gradient: one distance between rows");
            assert!(!place.overlaps(other), "gradient: sums that overlap");
        }
    }
    let grad = Output::new(grad);
    (0..count).map(|index| Part { sums, grad: grad.again(), index, count }).collect()
}

/// What one factor of a sum writes, in rows of `stride` values.
struct Rectangle {
    rows: Range<usize>,
    columns: Range<usize>,
    stride: usize,
}

impl Rectangle {
    fn of<T>(sum: &OuterSum<'_, T>) -> Vec<Rectangle> {
        let left = sum.left.iter().flatten().map(|left| (left.at, left.rows));
        let places = left.chain(sum.sums.map(|at| (at, 1)));
        let places = places.filter(|(_, rows)| *rows > 0 && sum.columns > 0);
        let rectangle = |(at, rows)| {
            let (row, column): (usize, usize) = (at / sum.stride, at % sum.stride);
            let end =
                |start: usize, len| start.checked_add(len).expect("gradient: sizes beyond memory");
            let (rows, columns) = (row..end(row, rows), column..end(column, sum.columns));
            Rectangle { rows, columns, stride: sum.stride }
        };
        places.map(rectangle).collect()
    }

    /// Where the last row ends; the largest number if no memory reaches so far.
    fn end(&self) -> usize {
        (self.rows.end - 1).saturating_mul(self.stride).saturating_add(self.columns.end)
    }

    fn overlaps(&self, other: &Rectangle) -> bool {
        let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        meet(&self.rows, &other.rows) && meet(&self.columns, &other.columns)
    }
}

impl<T: Float> Part<'_, T> {
    pub(crate) fn sums(&self) -> impl Iterator<Item = PartOfSum<'_, T>> {
        let width = panel_width::<T>();
        self.sums.iter().map(move |sum| {
            let panels = sum.columns.div_ceil(width);
            let at = |index: usize| (panels * index / self.count * width).min(sum.columns);
            PartOfSum { sum, columns: at(self.index)..at(self.index + 1), grad: &self.grad }
        })
    }
}

impl<T> PartOfSum<'_, T> {
    /// `len` values from `column` on of the `R` rows of the gradient from the one on that starts at
    /// `row`.
    #[inline(always)]
    pub(crate) fn grad<const R: usize>(
        &mut self,
        row: usize,
        column: usize,
        len: usize,
    ) -> [&mut [T]; R] {
        assert!(self.columns.start <= column && column + len <= self.columns.end, "own columns");
        let stride = self.sum.stride;
        // SAFETY: rows of different factors do not overlap, as `split` has found, and the columns are this
        // part's alone; `&mut self` lasts as long as the pieces.
        unsafe { self.grad.pieces(row + column, stride, len) }
    }
}
