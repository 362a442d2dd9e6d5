//! An array that threads fill together, each some columns of every row.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

/// What `slice` gives for 0, 1, … `N − 1`. As `std::array::from_fn`, which is a call in the middle of a kernel where
/// the compiler does not inline it.
#[inline(always)]
pub(crate) fn list_of<'a, T, const N: usize>(
    mut slice: impl FnMut(usize) -> &'a mut [T],
) -> [&'a mut [T]; N] {
    let mut list = [const { MaybeUninit::<&'a mut [T]>::uninit() }; N];
    for (n, place) in list.iter_mut().enumerate() {
        place.write(slice(n));
    }
    // SAFETY: an array of the same layout, and every element was written.
    unsafe { (&raw const list).cast::<[&'a mut [T]; N]>().read() }
}

/// Memory whose pieces are written side by side.
#[derive(Debug)]
pub(crate) struct Output<'a, T> {
    start: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: an `Output` stands for a `&mut [T]` whose elements are handed out by `piece` alone, and
// its contract keeps the pieces of different threads apart.
unsafe impl<T: Send> Sync for Output<'_, T> {}

// SAFETY: as a `&mut [T]`.
unsafe impl<T: Send> Send for Output<'_, T> {}

impl<'a, T> Output<'a, T> {
    pub fn new(values: &'a mut [T]) -> Self {
        Output { start: values.as_mut_ptr(), len: values.len(), lifetime: PhantomData }
    }

    /// The same memory once more, for another thread.
    pub fn again(&self) -> Self {
        Output { ..*self }
    }

    /// The elements `at..at + len`.
    ///
    /// # Safety
    ///
    /// While the piece lives, no other piece overlaps it.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps the pieces apart")]
    #[inline(always)]
    pub unsafe fn piece(&self, at: usize, len: usize) -> &mut [T] {
        assert!(at <= self.len && len <= self.len - at, "a piece of the output");
        // SAFETY: in bounds, asserted above; alone, by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), len) }
    }
}

impl<T> Output<'_, T> {
    /// `R` pieces of `len` elements, the first one `at`, each `stride` after the one before.
    ///
    /// # Safety
    ///
    /// As [`piece`](Self::piece), and `stride` is at least `len`.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps the pieces apart")]
    #[inline(always)]
    pub unsafe fn pieces<const R: usize>(
        &self,
        at: usize,
        stride: usize,
        len: usize,
    ) -> [&mut [T]; R] {
        // One check for all of them. The largest numbers where they go round: no memory reaches so far.
        let end = (R - 1).saturating_mul(stride).saturating_add(at).saturating_add(len);
        assert!(end <= self.len, "a piece of the output");
        list_of(|r| {
            // SAFETY: in bounds, as the last one is; alone, by the contract.
            unsafe { std::slice::from_raw_parts_mut(self.start.add(at + r * stride), len) }
        })
    }
}

/// How the rows of an array are laid out: `width` values each, of which, from `origin` on, `parts`
/// parts of `size` values each belong to the units.
#[derive(Clone, Copy, Debug)]
pub struct RowLayout {
    /// The distance between two rows.
    pub width: usize,
    /// Where the first part starts in a row.
    pub origin: usize,
    /// How many parts.
    pub parts: usize,
    /// The values of one part: one for every unit.
    pub size: usize,
}

/// Some units of every row of an array. Nobody else can read or write them while the share lives.
///
/// ```
/// use elman_kernels::parallel::{RowLayout, Share};
///
/// let mut values = [0.0; 10];
/// let layout = RowLayout { width: 5, origin: 1, parts: 2, size: 2 };
/// let mut shares: Vec<_> = Share::split(&mut values, layout, &[0..1, 1..2]).collect();
/// shares[1].write(0, &[1.0, 2.0, 3.0, 4.0]);
/// shares[0].write(1, &[5.0, 6.0, 7.0, 8.0]);
/// assert_eq!(values, [0.0, 0.0, 2.0, 0.0, 4.0, 0.0, 5.0, 0.0, 7.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Share<'a, T> {
    output: Output<'a, T>,
    layout: RowLayout,
    units: Range<usize>,
}

impl<'a, T: Copy> Share<'a, T> {
    /// A share for each range of units.
    ///
    /// # Panics
    ///
    /// Units that overlap, are not in order or not in a part; parts that leave the row.
    #[inline]
    pub fn split(
        values: &'a mut [T],
        layout: RowLayout,
        units: &[Range<usize>],
    ) -> impl Iterator<Item = Self> {
        let fits = units.iter().all(|units| units.start <= units.end && units.end <= layout.size);
        assert!(
            fits && units.windows(2).all(|two| two[0].end <= two[1].start),
            "units that overlap"
        );
        let RowLayout { width, origin, parts, size } = layout;
        let len = parts.saturating_mul(size);
        assert!(origin <= width && len <= width - origin, "parts that leave the row");
        let output = Output::new(values);
        units.iter().map(move |units| Share {
            output: output.again(),
            layout,
            units: units.clone(),
        })
    }

    /// A share of all units of some columns of each row.
    ///
    /// # Panics
    ///
    /// Columns that leave the row.
    #[inline]
    pub fn whole(values: &'a mut [T], width: usize, columns: Range<usize>) -> Self {
        assert!(columns.start <= columns.end && columns.end <= width, "parts that leave the row");
        let size = columns.len();
        let layout = RowLayout { width, origin: columns.start, parts: 1, size };
        Share { output: Output::new(values), layout, units: 0..size }
    }

    /// Writes the share's units of as many parts as `source` holds to the array's row of this number.
    ///
    /// # Panics
    ///
    /// No such row, or `source` longer than its parts.
    #[inline(always)]
    pub fn write(&mut self, row: usize, source: &[T]) {
        if let Some(row) = self.row(row) {
            return row[..source.len()].copy_from_slice(source);
        }
        self.for_parts(row, source.len(), |target, at| target.copy_from_slice(&source[at]));
    }

    /// Whether all units are this share's.
    #[must_use]
    #[inline(always)]
    pub fn is_whole(&self) -> bool {
        self.units.len() == self.layout.size
    }

    /// The columns of this share in a row, if all units are its own.
    ///
    /// # Panics
    ///
    /// No such row.
    #[inline(always)]
    pub fn row(&mut self, row: usize) -> Option<&mut [T]> {
        let RowLayout { parts, size, .. } = self.layout;
        if !self.is_whole() {
            return None;
        }
        let start = start_of(row, self.layout);
        // SAFETY: all units are this share's alone, and it is borrowed while the piece lives.
        Some(unsafe { self.output.piece(start, parts * size) })
    }

    /// Consecutive rows, if the share is all of them.
    ///
    /// # Panics
    ///
    /// No such rows.
    #[inline]
    pub fn rows(&mut self, rows: Range<usize>) -> Option<&mut [T]> {
        let RowLayout { width, parts, size, .. } = self.layout;
        if !self.is_whole() || parts * size < width || rows.is_empty() {
            return None;
        }
        let start = start_of(rows.start, self.layout);
        let end = start_of(rows.end - 1, self.layout) + width;
        // SAFETY: all values of all rows are this share's alone, and it is borrowed while the piece lives.
        Some(unsafe { self.output.piece(start, end - start) })
    }

    /// Sets the share's units of all parts of a row.
    ///
    /// # Panics
    ///
    /// No such row.
    #[inline]
    pub fn fill(&mut self, row: usize, value: T) {
        let whole = self.layout.parts * self.layout.size;
        self.for_parts(row, whole, |target, _| target.fill(value));
    }

    /// Reads the share's units of a row, of as many parts as `target` holds.
    ///
    /// # Panics
    ///
    /// No such row, or `target` longer than its parts.
    #[inline]
    pub fn read(&mut self, row: usize, target: &mut [T]) {
        let len = target.len();
        self.for_parts(row, len, |source, at| target[at].copy_from_slice(source));
    }

    /// Calls `run` with the units of each of the first parts, `len` values together, and their place
    /// among them.
    #[inline]
    fn for_parts(&mut self, row: usize, len: usize, mut run: impl FnMut(&mut [T], Range<usize>)) {
        let RowLayout { parts, size, .. } = self.layout;
        assert!(len <= parts * size, "more than the parts of a row");
        let start = start_of(row, self.layout);
        if self.units.len() == size {
            // SAFETY: all units are this share's alone, and the piece ends here.
            return run(unsafe { self.output.piece(start, len) }, 0..len);
        }
        for part in (0..len).step_by(size) {
            let at = part + self.units.start..part + self.units.end;
            // SAFETY: these units are this share's alone, and the piece ends here.
            run(unsafe { self.output.piece(start + at.start, at.len()) }, at);
        }
    }
}

/// Where the parts of a row start. A number that went round would be a place in other units.
#[inline(always)]
fn start_of(row: usize, layout: RowLayout) -> usize {
    let rows = row.checked_add(1).and_then(|rows| rows.checked_mul(layout.width));
    let end = rows.expect("a piece of the output: no such row");
    end - layout.width + layout.origin
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    #[test]
    fn threads_write_and_read_their_own_units_alone() {
        let mut values = vec![0u32; 60];
        let layout = RowLayout { width: 6, origin: 1, parts: 2, size: 2 };
        let shares: Vec<_> = Share::split(&mut values, layout, &[0..1, 1..2]).collect();
        std::thread::scope(|scope| {
            for (index, mut share) in (1u32..).zip(shares) {
                scope.spawn(move || {
                    for row in 0..10 {
                        share.fill(row, 9);
                        share.write(row, &[1, 2, 3, 4].map(|value| value * index));
                    }
                    let mut row = [0; 4];
                    share.read(9, &mut row);
                    assert_eq!(row, [[1, 0, 3, 0], [0, 4, 0, 8]][index as usize - 1]);
                    let mut part = [0; 2];
                    share.read(9, &mut part);
                    assert_eq!(part, [[1, 0], [0, 4]][index as usize - 1]);
                });
            }
        });
        assert!(values.chunks(6).all(|row| row == [0, 1, 4, 3, 8, 0]));
    }

    #[test]
    fn a_share_of_all_units_is_the_whole_row() {
        let mut values = [0; 6];
        let layout = RowLayout { width: 3, origin: 0, parts: 1, size: 3 };
        for mut share in Share::split(&mut values, layout, from_ref(&(0..3))) {
            share.write(1, &[1, 2, 3]);
            assert_eq!(share.row(1), Some(&mut [1, 2, 3][..]));
        }
        Share::whole(&mut values, 3, 1..3).row(0).into_iter().for_each(|row| row.fill(9));
        assert_eq!(values, [0, 9, 9, 1, 2, 3]);
        let half = Share::split(&mut values, layout, from_ref(&(0..2))).next();
        assert_eq!(half.and_then(|mut half| half.row(0).map(|_| ())), None);
    }

    const LAYOUT: RowLayout = RowLayout { width: 4, origin: 0, parts: 1, size: 4 };

    #[test]
    #[should_panic(expected = "units that overlap")]
    fn units_for_two_threads_are_refused() {
        let _ = Share::split(&mut [0; 8], LAYOUT, &[0..2, 1..3]).count();
    }

    #[test]
    #[should_panic(expected = "parts that leave the row")]
    fn parts_that_reach_into_the_next_row_are_refused() {
        let _ =
            Share::split(&mut [0; 8], RowLayout { origin: 1, ..LAYOUT }, from_ref(&(0..2))).count();
    }

    #[test]
    #[should_panic(expected = "a piece of the output")]
    fn rows_outside_are_refused() {
        Share::split(&mut [0; 8], LAYOUT, from_ref(&(0..4)))
            .for_each(|mut share| share.write(2, &[1; 4]));
    }

    #[test]
    fn rows_together_are_for_whoever_has_all_of_them() {
        let mut values = [0, 1, 2, 3, 4, 5, 6, 7];
        let mut share = Share::whole(&mut values, 2, 0..2);
        assert_eq!(share.rows(1..3), Some(&mut [2, 3, 4, 5][..]));
        assert_eq!(share.rows(2..2), None);
        assert_eq!(Share::whole(&mut values, 4, 0..2).rows(0..2), None, "other columns");
        let mut some = Share::split(&mut values, LAYOUT, from_ref(&(0..2)));
        assert_eq!(some.next().and_then(|mut share| share.rows(0..2).map(drop)), None);
    }

    #[test]
    #[should_panic(expected = "a piece of the output")]
    fn rows_beyond_the_values_are_refused() {
        let _ = Share::whole(&mut [0; 8], 2, 0..2).rows(3..5);
    }

    #[test]
    #[should_panic(expected = "no such row")]
    fn a_row_whose_place_goes_round_is_refused() {
        let mut values = [0; 8];
        let share = Share::split(&mut values, LAYOUT, from_ref(&(0..2))).next();
        share.into_iter().for_each(|mut share| share.write(usize::MAX / 4 + 2, &[1; 4]));
    }
}
