//! How many threads a piece of work is worth, and the work that is shared among them.
//!
//! Results never depend on the number of threads.

use std::cell::Cell;
use std::num::NonZero;
use std::sync::OnceLock;

use elman_kernels::outer::{OuterSum, split};
use elman_kernels::{Level, parallel};

use crate::real::Real;

/// Multiply-adds below which a second thread costs more than it saves: waking one takes about as
/// long as 100,000 of them.
const WORTH_A_THREAD: usize = 100_000;

thread_local! {
    /// Whether this thread has one of several items of work: the other threads have theirs.
    static SHARES: Cell<bool> = const { Cell::new(false) };
}

/// The threads that this one may share its work with, itself among them.
fn threads() -> usize {
    if SHARES.get() { 1 } else { rayon::current_num_threads() }
}

/// The number of workers for `pieces` independent pieces of `work` multiply-adds in all.
pub(crate) fn count(pieces: usize, work: usize) -> usize {
    if pieces < 2 || work < 2 * WORTH_A_THREAD {
        return 1;
    }
    threads().min(pieces).min(work / WORTH_A_THREAD)
}

/// How the steps of some sequences are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// So many workers take sequences of their own, and never wait for each other.
    Sequences(usize),
    /// So many workers take units of their own, and exchange values in every step.
    Units(usize),
}

/// Multiply-adds of a run over some sequences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// Of all steps of all sequences.
    pub all: usize,
    /// Of one step of one sequence.
    pub step: usize,
}

impl Sharing {
    /// For so many sequences, whose units at most `members` workers can share.
    pub(crate) fn of(sequences: usize, work: Work, members: usize) -> Sharing {
        let Work { all, step } = work;
        let threads = count(usize::MAX, all / LONG);
        let few = if step < BEYOND_CACHE { threads } else { FEW * threads };
        let members = members.min(threads).min(processors());
        if members > 1 && sequences < few && sequences * step >= members * WORTH_AN_EXCHANGE {
            return Sharing::Units(members);
        }
        Sharing::Sequences(count(sequences, all))
    }
}

/// Processors that can run at the same time. A member of a team that waits for one would hold up all
/// others in every step.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// How many times more work than for a thread must be there for a team, which takes longer to gather.
const LONG: usize = 10;

/// Multiply-adds of a step, for each worker, below which an exchange costs more than the worker saves.
const WORTH_AN_EXCHANGE: usize = 12_000;

/// Weights that a processor's own cache cannot hold. To read half of them for all sequences is then
/// faster than to read all of them for half of the sequences.
const BEYOND_CACHE: usize = 200_000;

/// Sequences per thread that keep the arithmetic of a core busy while it reads the weights.
const FEW: usize = 4;

/// Calls `run` for every item, at the same time if there are threads for it; for the first one on this thread.
pub(crate) fn each<R: Send>(items: impl IntoIterator<Item = R>, run: impl Fn(R) + Sync) {
    let items: Vec<R> = items.into_iter().collect();
    if items.len() < 2 || threads() < 2 {
        return items.into_iter().for_each(run);
    }
    let run = |item| {
        let _shares = Shares::begin();
        run(item);
    };
    let Err(items) = parallel::each(items, run) else { return };
    // The helpers are at work for another thread of this process; others may be free.
    let mut items = items.into_iter();
    let first = items.next();
    rayon::in_place_scope(|scope| {
        for item in items {
            scope.spawn(move |_| run(item));
        }
        first.into_iter().for_each(run);
    });
}

/// An item of work is under way on this thread.
struct Shares;

impl Shares {
    fn begin() -> Self {
        SHARES.set(true);
        Shares
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        SHARES.set(false);
    }
}

/// Adds the sums to `grad`. The pairs are summed in their order, whatever the number of threads.
pub(crate) fn add_outer_products<T: Real>(sums: &[OuterSum<'_, T>], grad: &mut [T]) {
    const PANEL: usize = 16;
    let pieces = sums.iter().map(|sum| sum.columns.div_ceil(PANEL)).max().unwrap_or(0);
    let work = sums.iter().map(multiply_adds).sum();
    let level = Level::current();
    let workers = count(pieces, work);
    let parts = split(sums, grad, workers);
    each(parts, |part| T::add_outer_products(level, part));
}

fn multiply_adds<T>(sum: &OuterSum<'_, T>) -> usize {
    let rows: usize = sum.left.iter().flatten().map(|left| left.rows).sum();
    sum.pairs.iter().map(|pairs| pairs.count).sum::<usize>() * rows * sum.columns
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn whoever_has_an_item_shares_no_further() {
        let counts = Mutex::new(vec![]);
        let note =
            |_| counts.lock().unwrap().push((count(4, 1 << 30), std::thread::current().id()));
        crate::threads::with_threads(Some(2), || each(0..3, note)).unwrap();
        assert!(counts.lock().unwrap().iter().all(|(count, _)| *count == 1));

        counts.lock().unwrap().clear();
        crate::threads::with_threads(Some(1), || each(0..3, note)).unwrap();
        let counts = counts.into_inner().unwrap();
        assert!(
            counts.iter().all(|(_, thread)| *thread == counts[0].1),
            "one thread was asked for"
        );
        assert_eq!(crate::threads::with_threads(Some(2), || count(4, 1 << 30)).unwrap(), 2);
    }

    #[test]
    fn few_long_sequences_of_wide_cells_share_units_and_all_others_sequences() {
        let of = |sequences, steps, step, members| {
            let run =
                || Sharing::of(sequences, Work { all: sequences * steps * step, step }, members);
            crate::threads::with_threads(Some(2), run).expect("two threads")
        };
        if processors() < 2 {
            return assert_eq!(of(1, 4096, 70_000, 8), Sharing::Sequences(1));
        }
        assert_eq!(of(1, 4096, 70_000, 8), Sharing::Units(2));
        assert_eq!(of(1, 4096, 70_000, 1), Sharing::Sequences(1), "no whole panels");
        assert_eq!(of(1, 10, 70_000, 8), Sharing::Sequences(1), "too short");
        assert_eq!(of(1, 4096, 10_000, 8), Sharing::Sequences(1), "too narrow");
        assert_eq!(of(2, 4096, 70_000, 8), Sharing::Sequences(2), "a sequence for each thread");
        assert_eq!(of(4, 512, 300_000, 8), Sharing::Units(2), "weights beyond the cache");
        assert_eq!(of(64, 512, 300_000, 8), Sharing::Sequences(2));
    }
}
