//! Training: from a data set to a [`Model`].
//!
//! [`Trainer::fit`] sets validation sequences aside where it is told to, standardises the channels
//! over the training sequences, draws the initial weights, and then passes over the training
//! sequences in batches until the epochs are over, the validation has not improved for
//! long enough, the caller says stop, or a number is not finite any more. Whichever it is, what it
//! returns is the best model so far.
//!
//! A batch holds sequences of similar length: their lengths, each multiplied by a random factor
//! between 0.75 and 1.25, are sorted and cut in batches, which are taken in random order. So the
//! batches differ from epoch to epoch, and the order within a length is random.
//!
//! One seed gives the same weights to the bit, on any number of threads: the split, the initial
//! weights, the order of the batches and the dropout each draw from a stream of their own.

mod batches;
mod best;
mod objective;
mod options;
mod progress;
mod run;
mod sequences;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::data::{Dataset, Standardization, split};
use crate::error::{Error, Result};
use crate::model::{DataDigest, Model, Provenance, check_features, check_pooling};
use crate::network::{Network, NetworkConfig};
use crate::real::Real;
use crate::rng::Rng;
use crate::task::{Evaluation, Task};
use crate::threads::with_threads;

pub use options::{ClassWeights, InputScaling, Monitor, NetworkOptions, TrainingOptions};
pub use progress::{
    Control, EpochProgress, EpochRecord, Outcome, Progress, Report, StepProgress, Validation,
};

pub use sequences::Sequences;

use objective::Objective;
use run::{Run, Setup};

/// The streams of the seed, one for each purpose.
#[derive(Clone, Copy)]
enum Stream {
    Weights = 1,
    Split,
    Batches,
    Dropout,
}

impl Stream {
    fn rng(self, seed: u64) -> Rng {
        Rng::stream(seed, self as u64)
    }
}

/// Who is told how training goes, and says whether to go on.
pub type Callback<'a> = dyn FnMut(&Progress) -> Control + Send + 'a;

/// Trains networks.
///
/// ```
/// use elman::data::{Dataset, Targets, ValueTargets};
/// use elman::train::{Control, NetworkOptions, Outcome, Progress, Trainer, TrainingOptions};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[1.0], [2.0]], array![[5.0]], array![[3.0], [4.0], [5.0]]];
/// let targets = ValueTargets::new(vec!["sum".into()], array![[3.0], [5.0], [12.0]])?;
/// let views: Vec<_> = sequences.iter().map(|sequence| sequence.view()).collect();
/// let data = Dataset::from_sequences(&views, vec!["x".into()], Targets::Values(targets))?;
///
/// let options = TrainingOptions { epochs: 30, seed: 4, ..TrainingOptions::default() };
/// let network = NetworkOptions { hidden_size: 16, ..NetworkOptions::default() };
/// let trainer = Trainer::new(options, network)?;
/// let trained = trainer.fit::<f32>(&data, None, &mut |progress| match progress {
///     Progress::Epoch(epoch) if epoch.record.training_loss < 1e-4 => Control::Stop,
///     _ => Control::Continue,
/// })?;
/// assert_ne!(trained.report.outcome, Outcome::EarlyStopped);
/// assert!(trained.report.outcome.error().is_none());
/// let losses: Vec<f64> = trained.report.epochs.iter().map(|epoch| epoch.training_loss).collect();
/// assert!(losses[losses.len() - 1] < losses[0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trainer {
    options: TrainingOptions,
    network: NetworkOptions,
}

/// What a training would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The network it would train.
    pub network: NetworkConfig,
    /// The number of sequences it would train on.
    pub training_sequences: usize,
    /// The number of sequences that would choose the best epoch.
    pub validation_sequences: usize,
}

/// A model and how it was come by.
#[derive(Debug)]
pub struct Trained<T: Real> {
    /// The model: with the weights of the best epoch.
    pub model: Model<T>,
    /// How training went. A training that [diverged](Outcome::Diverged) is not an `Err`, so that
    /// the model from before can be kept; [`Outcome::error`] makes it one.
    pub report: Report,
}

impl Trainer {
    /// A trainer with these options.
    ///
    /// # Errors
    ///
    /// An option that is out of range, by name.
    pub fn new(options: TrainingOptions, network: NetworkOptions) -> Result<Self> {
        options.check()?;
        check_pooling(network.pooling)?;
        network.config(1, 1).check()?;
        Ok(Trainer { options, network })
    }

    /// How it trains.
    #[must_use]
    pub fn options(&self) -> &TrainingOptions {
        &self.options
    }

    /// What it trains.
    #[must_use]
    pub fn network(&self) -> &NetworkOptions {
        &self.network
    }

    /// Trains a network on `data`: classes, or numbers, whichever its targets are.
    ///
    /// `validation` chooses the best epoch; without it a part of `data` does, if
    /// [`validation_fraction`](TrainingOptions::validation_fraction) says so; without either, the
    /// last epoch is taken for the best. `callback` hears of each step and each epoch.
    ///
    /// # Errors
    ///
    /// Data without anything to learn, or with numbers beyond the range of `T`; validation data
    /// that do not go with them; options that do not go with the data or with each other. A loss
    /// that becomes infinite is an [`Outcome`].
    pub fn fit<T: Real>(
        &self,
        data: &Dataset,
        validation: Option<&Dataset>,
        callback: &mut Callback<'_>,
    ) -> Result<Trained<T>> {
        with_threads(self.options.threads, || self.fit_here(data, validation, callback))?
    }

    /// What [`fit`](Self::fit) would do with these data, without doing it.
    ///
    /// ```
    /// use elman::data::{Dataset, Targets, ValueTargets};
    /// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]], array![[2.0], [1.0]]];
    /// let targets = ValueTargets::new(vec!["sum".into()], array![[1.0], [1.0], [3.0]])?;
    /// let sequences = [sequences[0].view(), sequences[1].view(), sequences[2].view()];
    /// let data = Dataset::from_sequences(&sequences, vec!["x".into()], Targets::Values(targets))?;
    /// let options = TrainingOptions { validation_fraction: 0.3, ..TrainingOptions::default() };
    /// let plan = Trainer::new(options, NetworkOptions::default())?.plan::<f32>(&data, None)?;
    /// assert_eq!((plan.training_sequences, plan.validation_sequences), (2, 1));
    /// assert_eq!((plan.network.input_size, plan.network.output_size), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit) that come before its first step.
    pub fn plan<T: Real>(&self, data: &Dataset, validation: Option<&Dataset>) -> Result<Plan> {
        data.check_trainable()?;
        self.check_validation(validation)?;
        let parts = self.parts(data, validation)?;
        let task = Task::of(&parts.training, self.options.regression_loss.unwrap_or_default())?;
        self.setup::<T>(&parts, &task)?;
        let network = self.network.config(data.input_size(), task.output_size());
        network.check()?;
        Ok(Plan {
            network,
            training_sequences: parts.training.len(),
            validation_sequences: parts.validation.as_ref().map_or(0, |data| data.len()),
        })
    }

    fn fit_here<T: Real>(
        &self,
        data: &Dataset,
        validation: Option<&Dataset>,
        callback: &mut Callback<'_>,
    ) -> Result<Trained<T>> {
        data.check_trainable()?;
        self.check_validation(validation)?;
        let parts = self.parts(data, validation)?;
        let task = Task::of(&parts.training, self.options.regression_loss.unwrap_or_default())?;
        let setup = self.setup(&parts, &task)?;
        let mut network = Network::new(self.network.config(data.input_size(), task.output_size()))?;
        network.initialize(&mut Stream::Weights.rng(self.options.seed))?;
        let ended = Run::new(&setup, network, callback)?.finish()?;
        let scaling = setup.scaling;
        let names = data.feature_names().to_vec();
        let mut model = Model::new(ended.network, task.clone(), names, scaling)?;
        let measure = |data: &Cow<'_, Dataset>| model.evaluate(data).ok();
        let report = Report {
            outcome: ended.outcome,
            epochs: ended.epochs,
            best_epoch: ended.best_epoch,
            training_sequences: parts.training.len(),
            validation_sequences: parts.validation.as_ref().map_or(0, |data| data.len()),
            training: measure(&parts.training),
            validation: parts.validation.as_ref().and_then(measure),
            elapsed: ended.elapsed,
        };
        *model.provenance_mut() = self.provenance(data, validation, &report);
        Ok(Trained { model, report })
    }

    fn setup<'a, T: Real>(&'a self, parts: &'a Parts<'a>, task: &'a Task) -> Result<Setup<'a, T>> {
        Ok(Setup {
            options: &self.options,
            objective: Objective::new(&self.options, task, &parts.training)?,
            validation_targets: match &parts.validation {
                Some(validation) => Some(task.encode(validation)?),
                None => None,
            },
            scaling: match self.options.scaling {
                InputScaling::Standardize => Some(Standardization::of_dataset(&parts.training)?),
                InputScaling::Raw => None,
            },
            parts,
            task,
        })
    }

    /// Refuses options about validation where there is none, and two sources of it.
    fn check_validation(&self, validation: Option<&Dataset>) -> Result<()> {
        let fraction = self.options.validation_fraction;
        match validation {
            Some(_) if fraction > 0.0 => {
                Err(Error::argument("validation_fraction", "0 beside validation data", fraction))
            }
            Some(_) => Ok(()),
            None if fraction > 0.0 => Ok(()),
            None => {
                let expected = "validation data, or a validation fraction, beside it";
                if let Some(patience) = self.options.patience {
                    return Err(Error::argument("patience", expected, patience));
                }
                match self.options.monitor {
                    Monitor::Loss => Ok(()),
                    Monitor::Metric => Err(Error::argument("monitor: metric", expected, "neither")),
                }
            }
        }
    }

    fn parts<'a>(&self, data: &'a Dataset, validation: Option<&'a Dataset>) -> Result<Parts<'a>> {
        if let Some(validation) = validation {
            check_features(data.feature_names(), validation)?;
        }
        let fraction = self.options.validation_fraction;
        if validation.is_some() || fraction <= 0.0 {
            let validation = validation.map(Cow::Borrowed);
            return Ok(Parts { training: Cow::Borrowed(data), validation });
        }
        let split = split(data, fraction, &mut Stream::Split.rng(self.options.seed))?;
        Ok(Parts {
            training: Cow::Owned(data.subset(&split.training)?),
            validation: Some(Cow::Owned(data.subset(&split.validation)?)),
        })
    }

    fn provenance(
        &self,
        data: &Dataset,
        validation: Option<&Dataset>,
        report: &Report,
    ) -> Provenance {
        let evaluations = [("training", &report.training), ("validation", &report.validation)];
        Provenance {
            training_data: Some(DataDigest::of(data)),
            validation_data: validation.map(DataDigest::of),
            seed: Some(self.options.seed),
            settings: serde_json::json!({ "training": self.options, "network": self.network }),
            metrics: metrics(evaluations),
            ..Provenance::default()
        }
    }
}

/// Data to learn from, and to choose the best epoch by.
struct Parts<'a> {
    training: Cow<'a, Dataset>,
    validation: Option<Cow<'a, Dataset>>,
}

/// Losses and scores by name, `validation_accuracy` say.
fn metrics(evaluations: [(&str, &Option<Evaluation>); 2]) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    for (data, evaluation) in evaluations {
        let Some(evaluation) = evaluation else { continue };
        let score = evaluation.score();
        for (name, value) in [("loss", evaluation.loss()), (score.name(), score.value())] {
            metrics.insert(format!("{data}_{name}"), value);
        }
    }
    metrics
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
