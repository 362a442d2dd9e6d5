//! How many threads a computation uses.
//!
//! The number never changes a result: work is cut in pieces whose size does not depend on it.

use crate::error::{Error, Field, Result};

/// Runs `work` on `threads` threads, or on all processors (rayon's own pool) for `None`.
///
/// ```
/// # fn main() -> elman::Result<()> {
/// let sum: usize = elman::threads::with_threads(Some(2), || (1..=4).sum())?;
/// assert_eq!(sum, 10);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// No threads; the operating system gives none.
pub fn with_threads<R: Send>(threads: Option<usize>, work: impl FnOnce() -> R + Send) -> Result<R> {
    let Some(threads) = threads else { return Ok(work()) };
    check(threads)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Error::argument(Field::Threads, "threads to run on", error))?;
    Ok(pool.install(work))
}

/// Refuses 0, which rayon takes for "as many as there are", and numbers beyond any machine.
pub(crate) fn check(threads: usize) -> Result<()> {
    const MOST: usize = 4096;
    if (1..=MOST).contains(&threads) {
        return Ok(());
    }
    Err(Error::argument(Field::Threads, format!("1 to {MOST}"), threads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_runs_on_the_threads_asked_for() {
        for threads in [1, 2, 3] {
            assert_eq!(with_threads(Some(threads), rayon::current_num_threads).unwrap(), threads);
        }
    }

    #[test]
    fn zero_and_absurd_numbers_are_refused() {
        for threads in [0, usize::MAX] {
            let message = with_threads(Some(threads), || ()).unwrap_err().to_string();
            assert!(message.starts_with("threads: expected 1 to 4096, got "), "{message}");
        }
    }
}
