//! One training run: a value that can be advanced one update at a time, looked into and ended.

mod ending;
mod further;
mod state;

use serde::Serialize;
use serde_json::Value;

use super::best::Best;
use super::footprint::Footprint;
use super::learner::{Learner, NotFinite, Pace};
use super::options::{Monitor, TrainingOptions};
use super::progress::{Clock, Control, EpochProgress, Outcome, Progress, StepProgress};
use super::setup::Setup;
use super::subject::Subject;
use super::{Callback, Purpose, Trained, Trainer};
use crate::error::Result;
use crate::lesson::{Piece, Tally};
use crate::model::{EpochRecord, Validation};
use crate::network::{Network, NetworkConfig};
use crate::real::Real;
use crate::rng::Rng;
use crate::schedule::Scheduler;
use crate::threads::with_threads;

/// A training run between two updates.
///
/// [`Trainer::start`] makes one. [`step`](Self::step) does the next piece of work, an update of the
/// weights or the end of an epoch; [`train`](Self::train) does all of them;
/// [`finish`](Self::finish) makes the model, whenever it is called. [`checkpoint`](Self::checkpoint)
/// saves the run to a file, and [`resume`](Self::resume) goes on from there.
///
/// ```
/// use elman::Dataset;
/// use elman::train::{Progress, Trainer, TrainingOptions};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]], array![[2.0], [1.0]]];
/// let data = Dataset::with_values(&sequences, &array![[1.0], [1.0], [3.0]])?;
/// let options = TrainingOptions { epochs: Some(4), batch_size: 2, ..TrainingOptions::default() };
/// let mut run = Trainer::new(options, Default::default())?.start::<f64>(&data)?;
/// assert_eq!((run.description().updates_per_epoch, run.description().updates), (2, 8));
///
/// while let Some(progress) = run.step()? {
///     match progress {
///         Progress::Step(step) => assert!(step.loss.is_finite()),
///         Progress::Epoch(epoch) if epoch.record.epoch == 3 => run.stop(),
///         _ => {}
///     }
/// }
/// assert_eq!((run.updates(), run.history().len()), (6, 3));
/// let trained = run.finish()?;
/// assert_eq!(trained.model.provenance().history, trained.report.epochs);
/// # Ok(())
/// # }
/// ```
pub struct Run<'a, T: Real = f32> {
    setup: Setup<'a, T>,
    learner: Learner<T>,
    scheduler: Scheduler,
    /// For the batches of the epochs to come.
    order: Rng,
    epoch: Option<OpenEpoch>,
    updates: usize,
    best: Best<T>,
    history: Vec<EpochRecord>,
    outcome: Option<Outcome>,
    clock: Clock,
    notes: Value,
    memory: Option<Footprint>,
    /// Whether it began with the weights of a model, of which a checkpoint knows nothing.
    goes_on: bool,
}

/// What a run will do, known before its first update.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDescription {
    /// The network.
    pub network: NetworkConfig,
    /// The number of its parameters.
    pub parameters: usize,
    /// The number of sequences to learn from.
    pub training_sequences: usize,
    /// The number of sequences that choose the best epoch.
    pub validation_sequences: usize,
    /// The updates of a whole epoch.
    pub updates_per_epoch: usize,
    /// The updates of the whole run, if nothing ends it before.
    pub updates: usize,
    /// The memory that it takes beyond the data; `None` where that is bounded by other means.
    pub memory: Option<Footprint>,
}

pub(super) use ending::metrics;
pub(crate) use state::RunState;

/// An epoch that has begun.
struct OpenEpoch {
    number: usize,
    batches: Vec<Vec<Piece>>,
    /// The generator before the batches were drawn.
    order: Rng,
    /// The first batch that is not done.
    next: usize,
    tally: Tally,
}

impl<'a, T: Real> Run<'a, T> {
    pub(crate) fn new(trainer: &Trainer, subject: Box<dyn Subject<T> + 'a>) -> Result<Self> {
        let setup = Setup::new(trainer, subject)?;
        let options = setup.options();
        let config = setup.subject.network(&trainer.network);
        let memory = Footprint::checked::<T>(&config, options, setup.subject.extent())?;
        let mut network = Network::new(config)?;
        network.initialize(&mut Purpose::Weights.rng(options.seed))?;
        let schedule = options.schedule.clone().unwrap_or_default();
        Ok(Run {
            scheduler: Scheduler::new(schedule, options.warmup, options.learning_rate)?,
            order: Purpose::Batches.rng(options.seed),
            epoch: None,
            updates: 0,
            best: Best::start(network.parameters()),
            history: Vec::new(),
            outcome: None,
            notes: Value::Null,
            memory,
            goes_on: false,
            clock: Clock::start(setup.updates()),
            learner: Learner::new(network, options)?,
            setup,
        })
    }

    /// What the run will do.
    #[must_use]
    pub fn description(&self) -> RunDescription {
        let network = &self.learner.network;
        let sizes = self.setup.subject.sizes();
        RunDescription {
            network: network.config().clone(),
            parameters: network.parameters().values().len(),
            training_sequences: sizes.training,
            validation_sequences: sizes.validation,
            updates_per_epoch: self.setup.updates_per_epoch(),
            updates: self.setup.updates(),
            memory: self.memory,
        }
    }

    /// How the run trains, with everything chosen that its trainer's options leave open.
    #[must_use]
    pub fn options(&self) -> &TrainingOptions {
        self.setup.options()
    }

    /// The network as it is now.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.learner.network
    }

    /// The completed epochs.
    #[must_use]
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// The number of updates so far.
    #[must_use]
    pub fn updates(&self) -> usize {
        self.updates
    }

    /// How the run ended; `None` while there is more to do.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Notes something that a checkpoint is to keep for whoever resumes the run.
    pub fn set_notes(&mut self, notes: Value) {
        self.notes = notes;
    }

    /// Does the next piece of work, an update of the weights or the end of an epoch, on the threads
    /// of the caller; `None` if there is nothing more to do.
    ///
    /// # Errors
    ///
    /// None that data and options could cause once the run has started.
    pub fn step(&mut self) -> Result<Option<Progress>> {
        if self.outcome.is_some() {
            return Ok(None);
        }
        let mut epoch = match self.epoch.take() {
            Some(epoch) => epoch,
            None => self.open_epoch(),
        };
        let is_over = epoch.next == epoch.batches.len()
            || epoch.next > 0 && (self.updates_are_done() || self.time_is_up());
        if is_over {
            return self.close(epoch);
        }
        let progress = self.update(&mut epoch);
        self.epoch = Some(epoch);
        progress
    }

    /// Trains to the end on the threads that the options ask for. The callback is told of each
    /// update and each epoch.
    ///
    /// # Errors
    ///
    /// Those of [`step`](Self::step); the operating system gives no threads.
    pub fn train(&mut self, callback: &mut Callback<'_>) -> Result<()> {
        with_threads(self.setup.options().threads, || {
            while let Some(progress) = self.step()? {
                if callback(&progress) == Control::Stop {
                    self.stop();
                }
            }
            Ok(())
        })?
    }

    /// Ends the run here; one that has ended stays as it is.
    pub fn stop(&mut self) {
        self.outcome.get_or_insert(Outcome::Stopped);
    }

    /// The model with the best weights so far, and the report of the run.
    ///
    /// # Errors
    ///
    /// The operating system gives no threads.
    pub fn finish(mut self) -> Result<Trained<T>> {
        self.stop();
        with_threads(self.setup.options().threads, || self.finish_here())?
    }

    fn open_epoch(&mut self) -> OpenEpoch {
        let batch_size = self.setup.options().batch_size;
        let order = self.order.clone();
        let batches = self.setup.subject.feed().epoch(batch_size, &mut self.order);
        let number = self.history.len() + 1;
        OpenEpoch { number, batches, order, next: 0, tally: Tally::default() }
    }

    /// One update of the weights. Every array is used again by the next one.
    fn update(&mut self, epoch: &mut OpenEpoch) -> Result<Option<Progress>> {
        let options = self.setup.options();
        let (clip, accumulation) = (options.clip, options.accumulation);
        let end = epoch.batches.len().min(epoch.next + accumulation);
        let batches = &epoch.batches[epoch.next..end];
        let update = self.updates as u64;
        let pace = Pace { clip, rates: self.scheduler.rates(update), update };
        let step = epoch.tally.updates + 1;
        let mut lesson = self.setup.subject.lesson();
        if let Err(bad) = self.learner.update(&mut lesson, batches, pace, &mut epoch.tally)? {
            self.diverge(epoch.number, step, &bad);
            return Ok(None);
        }
        epoch.next = end;
        self.updates += 1;
        self.clock.step();
        let (elapsed, remaining) = self.clock.times();
        Ok(Some(Progress::Step(StepProgress {
            epoch: epoch.number,
            epochs: self.setup.epochs(),
            step,
            steps: self.setup.updates_per_epoch(),
            loss: epoch.tally.mean_loss(),
            elapsed,
            remaining,
        })))
    }

    /// Judges the weights at the end of an epoch.
    fn close(&mut self, epoch: OpenEpoch) -> Result<Option<Progress>> {
        let (number, steps) = (epoch.number, epoch.tally.updates);
        let validation = match self.learner.bad_weight() {
            Some(bad) => Err(bad),
            None => match self.validate()? {
                Some(Validation { loss, .. }) if !loss.is_finite() => {
                    Err(NotFinite { what: "validation loss", value: loss })
                }
                validation => Ok(validation),
            },
        };
        let validation = match validation {
            Ok(validation) => validation,
            Err(bad) => {
                self.diverge(number, steps, &bad);
                self.epoch = Some(epoch);
                return Ok(None);
            }
        };
        let record = EpochRecord {
            epoch: number,
            updates: self.updates,
            loss: epoch.tally.mean_loss(),
            score: self.setup.subject.objective().score(&epoch.tally),
            validation,
            learning_rate: self
                .scheduler
                .rates(self.updates.saturating_sub(1) as u64)
                .learning_rate,
            gradient_norm: epoch.tally.mean_norm(),
        };
        let better = self.best.offer(number, self.cost(&record), self.learner.weights());
        if self.scheduler.observes() {
            self.scheduler.observe(self.watched(&record));
        }
        self.history.push(record);
        self.outcome = self.end_after(&record);
        let (elapsed, remaining) = self.clock.times();
        let (epochs, best) = (self.setup.epochs(), better || validation.is_none());
        Ok(Some(Progress::Epoch(EpochProgress { record, epochs, best, elapsed, remaining })))
    }

    /// What the best epoch has least of.
    fn cost(&self, record: &EpochRecord) -> f64 {
        match (record.validation, self.setup.options().monitor) {
            // Of use only if a later epoch diverges.
            (None, _) => record.loss,
            (Some(validation), Monitor::Loss) => validation.loss,
            (Some(validation), Monitor::Metric) => validation.score.cost(),
        }
    }

    /// What a plateau is looked for in.
    fn watched(&self, record: &EpochRecord) -> f64 {
        let (loss, score) = match record.validation {
            Some(Validation { loss, score }) => (loss, score),
            None => (record.loss, record.score),
        };
        match self.setup.options().monitor {
            Monitor::Loss => loss,
            Monitor::Metric => score.value(),
        }
    }

    /// Whether, and how, the run ends with this epoch.
    fn end_after(&self, record: &EpochRecord) -> Option<Outcome> {
        let options = self.setup.options();
        let score = record.validation.map_or(record.score, |validation| validation.score);
        if options.target_metric.is_some_and(|target| score.reaches(target)) {
            Some(Outcome::TargetReached)
        } else if record.epoch >= self.setup.epochs() || self.updates_are_done() {
            Some(Outcome::Finished)
        } else if self.best.is_over(record.epoch, options.patience) {
            Some(Outcome::EarlyStopped)
        } else {
            self.time_is_up().then_some(Outcome::TimeUp)
        }
    }

    fn updates_are_done(&self) -> bool {
        self.setup.options().max_updates.is_some_and(|most| self.updates >= most)
    }

    fn time_is_up(&self) -> bool {
        let most = self.setup.options().max_seconds;
        most.is_some_and(|most| self.clock.times().0.as_secs_f64() >= most)
    }

    fn validate(&mut self) -> Result<Option<Validation>> {
        let subject = &self.setup.subject;
        self.learner.judged(|network| subject.validate(network))
    }

    fn diverge(&mut self, epoch: usize, step: usize, bad: &NotFinite) {
        self.outcome = Some(Outcome::Diverged { epoch, step, what: bad.what, value: bad.value });
    }
}
