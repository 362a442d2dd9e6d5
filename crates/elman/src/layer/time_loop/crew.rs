//! Who runs which sequences and which units.

use std::ops::Range;

use elman_kernels::parallel::{RowLayout, Share, team};

use super::{Shape, Sizes};
use crate::cell::{Cell, Units, most_members, share};
use crate::real::Real;
use crate::workers::{Sharing, Work, each};

/// How a run over sequences is shared.
fn sharing<T: Real, C: Cell<T>>(cell: &C, shape: Shape<'_>) -> Sharing {
    let (sizes, span) = (Sizes::of(cell), shape.span);
    // Masks are drawn and applied for whole states.
    let members = match cell.unit_sharing() {
        Some(_) if shape.noise.is_none() => most_members::<T>(sizes.units),
        _ => 1,
    };
    let work = Work { all: span.steps() * sizes.work(), step: sizes.work() };
    Sharing::of(span.batch_size(), work, members)
}

/// Calls `run` for the sequences that `arrays` belong to: by several workers with some of the rows
/// each, or by several with some of the units each. `divide` makes the rows of each member of a crew
/// from the arrays of one sequence. Returns how many share the units of a row.
pub(super) fn share_rows<T: Real, C: Cell<T>, A: Send, R: Send>(
    cell: &C,
    shape: Shape<'_>,
    arrays: impl Iterator<Item = A>,
    divide: impl Fn(A, &Crew<'_>, &mut [MemberRows<R>]) + Sync,
    run: impl Fn(Vec<R>, &mut Units) + Sync,
) -> usize {
    let (hidden_size, batch_size) = (cell.hidden_size(), shape.span.batch_size());
    match sharing(cell, shape) {
        Sharing::Units(members) => {
            let deal = |members: usize| -> Vec<Vec<R>> {
                let units: Vec<_> =
                    (0..members).map(|index| share::<T>(hidden_size, members, index)).collect();
                let crew = Crew { hidden_size, units: &units };
                let mut dealt: Vec<_> =
                    units.iter().map(|_| MemberRows::with_capacity(batch_size)).collect();
                arrays.for_each(|arrays| divide(arrays, &crew, &mut dealt));
                dealt.into_iter().map(MemberRows::longest_first).collect()
            };
            let run = |rows, team| run(rows, &mut Units::of::<T>(team, hidden_size));
            team(members, batch_size * cell.delta_size().max(hidden_size), deal, run)
        }
        Sharing::Sequences(workers) => {
            let all = 0..hidden_size;
            let crew = Crew { hidden_size, units: std::slice::from_ref(&all) };
            let mut dealt = [MemberRows::with_capacity(batch_size)];
            arrays.for_each(|arrays| divide(arrays, &crew, &mut dealt));
            let [rows] = dealt.map(MemberRows::longest_first);
            if workers < 2 {
                run(rows, &mut Units::all(hidden_size));
                return 1;
            }
            let mut groups: Vec<Vec<R>> = (0..workers).map(|_| Vec::new()).collect();
            for (index, row) in rows.into_iter().enumerate() {
                groups[worker_of(index, workers)].push(row);
            }
            each(groups, |rows| run(rows, &mut Units::all(hidden_size)));
            1
        }
    }
}

/// The rows of one member of a crew, each with the length of its sequence.
pub(super) struct MemberRows<R>(Vec<(usize, R)>);

impl<R> MemberRows<R> {
    fn with_capacity(rows: usize) -> Self {
        MemberRows(Vec::with_capacity(rows))
    }

    pub fn push(&mut self, length: usize, row: R) {
        self.0.push((length, row));
    }

    /// In the order in which a batch shrinks from its end.
    fn longest_first(mut self) -> Vec<R> {
        self.0.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        self.0.into_iter().map(|(_, row)| row).collect()
    }
}

/// The worker of a row, rows being dealt longest first, there and back: each worker gets a like share of
/// every length, and none the longer one every time.
pub(super) fn worker_of(index: usize, workers: usize) -> usize {
    let (round, place) = (index / workers, index % workers);
    if round.is_multiple_of(2) { place } else { workers - 1 - place }
}

/// The workers that run the same rows, each for units of its own.
pub(super) struct Crew<'u> {
    hidden_size: usize,
    /// Of each member.
    units: &'u [Range<usize>],
}

impl Crew<'_> {
    /// The shares of the members of rows of `width` values, of which these columns are parts of a value
    /// for each unit.
    pub fn shares<'a, T: Real>(
        &self,
        values: &'a mut [T],
        width: usize,
        columns: Range<usize>,
    ) -> Shares<'a, T> {
        let origin = columns.start;
        if self.units.len() < 2 {
            return Shares::Whole(Some(Share::whole(
                values,
                width,
                origin..origin + columns.len(),
            )));
        }
        let (parts, size) = (columns.len() / self.hidden_size, self.hidden_size);
        let layout = RowLayout { width, origin, parts, size };
        Shares::Units(Share::split(values, layout, self.units).collect::<Vec<_>>().into_iter())
    }
}

/// The shares of a crew's members, one after the other.
pub(super) enum Shares<'a, T> {
    Whole(Option<Share<'a, T>>),
    Units(std::vec::IntoIter<Share<'a, T>>),
}

impl<'a, T> Iterator for Shares<'a, T> {
    type Item = Share<'a, T>;

    fn next(&mut self) -> Option<Share<'a, T>> {
        match self {
            Shares::Whole(share) => share.take(),
            Shares::Units(shares) => shares.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_get_rows_of_the_same_length_in_all() {
        for workers in 1..5 {
            let mut sums = vec![0; workers];
            (0..8 * workers).for_each(|index| sums[worker_of(index, workers)] += 100 - index);
            assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
        }
    }
}
