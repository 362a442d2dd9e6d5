//! Many trainings at a time, one thread each: small networks use whole processors better so than by
//! sharing a mini-batch.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Control, TrainingOptions};
use crate::error::Result;
use crate::threads;

/// Whether one of many trainings was told to stop, which is meant for all of them.
#[derive(Default)]
pub(super) struct Stopped(AtomicBool);

impl Stopped {
    /// Hears what a callback says, and passes it on.
    pub(super) fn heed(&self, control: Control) -> Control {
        self.0.fetch_or(control == Control::Stop, Ordering::Relaxed);
        if self.is_set() { Control::Stop } else { control }
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many threads the options ask for.
///
/// # Errors
///
/// None, or more than any machine has.
pub(crate) fn workers(options: &TrainingOptions) -> Result<usize> {
    options.threads.map_or(Ok(()), threads::check)?;
    Ok(options.threads.unwrap_or_else(rayon::current_num_threads))
}

/// The results of `job` for 0 to `count`, in order, computed on so many threads. After a failure no
/// further job is begun.
///
/// # Errors
///
/// That of the first job, by index, of those that failed.
pub(crate) fn side_by_side<R: Send>(
    count: usize,
    workers: usize,
    job: impl Fn(usize) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results = Mutex::new(Vec::with_capacity(count));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = job(index);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers.min(count) {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn results_stand_in_order_and_the_first_failure_wins() {
        for workers in [1, 2, 7] {
            assert_eq!(
                side_by_side(5, workers, |index| Ok(index * index)).unwrap(),
                [0, 1, 4, 9, 16]
            );
            assert!(side_by_side(0, workers, Ok).unwrap().is_empty());
            let failing = |index| match index {
                0 => Ok(index),
                _ => Err(Error::argument("job", "success", index)),
            };
            let error = side_by_side(50, workers, failing).unwrap_err().to_string();
            assert_eq!(error, "job: expected success, got 1");
        }
    }
}
