//! How many threads a piece of work is worth.

/// Multiply-adds below which a second thread costs more than it saves: waking one takes about as
/// long as 100,000 of them.
const WORTH_A_THREAD: usize = 100_000;

/// The number of workers for `pieces` independent pieces of `work` multiply-adds in all.
///
/// Results must not depend on it: it follows the number of threads.
pub(crate) fn count(pieces: usize, work: usize) -> usize {
    if pieces < 2 || work < 2 * WORTH_A_THREAD {
        return 1;
    }
    rayon::current_num_threads().min(pieces).min(work / WORTH_A_THREAD)
}
