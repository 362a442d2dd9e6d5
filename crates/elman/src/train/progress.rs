//! What training tells its caller, on the way and at the end.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::model::EpochRecord;
use crate::task::Evaluation;

/// The caller's answer to a [`Progress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop here, with the best model so far.
    Stop,
}

/// What has just been done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// One update of the weights.
    Step(StepProgress),
    /// One pass over the training sequences, and over the validation sequences if there are any.
    Epoch(EpochProgress),
}

/// One update of the weights.
#[derive(Clone, Copy, Debug)]
pub struct StepProgress {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The number of epochs that the options allow.
    pub epochs: usize,
    /// The step within the epoch, from 1.
    pub step: usize,
    /// The number of steps of a whole epoch.
    pub steps: usize,
    /// The mean loss of the epoch's sequences so far.
    pub loss: f64,
    /// Time since the start of training.
    pub elapsed: Duration,
    /// Time left if training goes on to its last epoch and all steps take as long as those so far.
    pub remaining: Duration,
}

/// One pass over the training sequences.
#[derive(Clone, Copy, Debug)]
pub struct EpochProgress {
    /// Its loss and metrics.
    pub record: EpochRecord,
    /// The number of epochs that the options allow.
    pub epochs: usize,
    /// Whether these are the best weights so far by the validation sequences; always true without
    /// them.
    pub best: bool,
    /// Time since the start of training.
    pub elapsed: Duration,
    /// Time left if training goes on to its last epoch and all take as long as those so far.
    pub remaining: Duration,
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// After all epochs, or all updates.
    Finished,
    /// After as many epochs without improvement as `patience` says.
    EarlyStopped,
    /// The metric reached `target_metric`.
    TargetReached,
    /// After as many seconds as `max_seconds` says.
    TimeUp,
    /// The caller stopped it.
    Stopped,
    /// A loss, a gradient or the weights became infinite or NaN.
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The step within the epoch, from 1.
        step: usize,
        /// What was not finite: `loss`, `validation loss`, `gradient norm` or `weight`.
        what: &'static str,
        /// Its value: infinite or NaN.
        value: f64,
    },
}

impl Outcome {
    /// The error that a diverged training is; `None` for the other outcomes.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        match *self {
            Outcome::Diverged { epoch, step, what, value } => {
                Some(Error::Diverged { epoch, step, what, value })
            }
            _ => None,
        }
    }
}

/// How training went.
#[derive(Clone, Debug)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Each completed epoch.
    pub epochs: Vec<EpochRecord>,
    /// The epoch whose weights the model has; 0 for the weights it started from, `None` for weights
    /// from within an epoch, where the caller stopped. With validation it is the best epoch;
    /// without, the last one or, if training diverged, the one with the lowest training loss.
    pub best_epoch: Option<usize>,
    /// The number of sequences trained on.
    pub training_sequences: usize,
    /// The number of sequences validated on.
    pub validation_sequences: usize,
    /// How good the model is on the sequences it was trained on; `None` if an output is not finite.
    pub training: Option<Evaluation>,
    /// How good it is on those that chose the best epoch; `None` without them.
    pub validation: Option<Evaluation>,
    /// The time it took.
    pub elapsed: Duration,
}

/// Measures how long steps take.
pub(super) struct Clock {
    start: Instant,
    /// Spent before the start, by the run that this one goes on from.
    before: Duration,
    total: usize,
    done: usize,
}

impl Clock {
    /// Starts now; `total` steps lie ahead.
    pub(super) fn start(total: usize) -> Self {
        Clock::resume(total, 0, Duration::ZERO)
    }

    /// Goes on after `done` steps that took the time `before`.
    pub(super) fn resume(total: usize, done: usize, before: Duration) -> Self {
        Clock { start: Instant::now(), before, total, done }
    }

    pub(super) fn step(&mut self) {
        self.done += 1;
    }

    /// Elapsed and remaining time.
    pub(super) fn times(&self) -> (Duration, Duration) {
        let elapsed = self.before + self.start.elapsed();
        let left = self.total.saturating_sub(self.done) as f64 / self.done.max(1) as f64;
        (
            elapsed,
            Duration::try_from_secs_f64(elapsed.as_secs_f64() * left).unwrap_or(Duration::MAX),
        )
    }
}
