//! Training: from a data set to a [`Model`].
//!
//! [`Trainer::fit`] sets sequences aside for validation if it is told to, standardises the channels
//! over the training sequences, draws the initial weights, and passes over the training sequences
//! in batches. It ends when all epochs are done, when the validation has not improved for long
//! enough, when the caller says stop, or when a number is no longer finite. It then returns the
//! best model so far.
//!
//! A batch holds sequences of similar length. The lengths, each multiplied by a random factor
//! between 0.75 and 1.25, are sorted and cut into batches, and the batches are taken in random
//! order. So batches differ from epoch to epoch, and sequences of equal length are shuffled.
//!
//! One seed gives the same weights to the bit, on any number of threads. The split, the initial
//! weights, and the order of the batches each have a random generator of their own,
//! and what is dropped is a function of the update, the layer, the sequence, the step and the unit.

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
use crate::error::{Error, Field, Result};
use crate::model::{DataDigest, Model, Provenance, check_features, check_readout};
use crate::network::{Network, NetworkConfig};
use crate::real::Real;
use crate::rng::Rng;
use crate::task::{Evaluation, Task};
use crate::threads::with_threads;

pub use crate::network::NetworkOptions;
pub use options::{ClassWeights, InputScaling, Monitor, TrainingOptions};
pub use progress::{
    Control, EpochProgress, EpochRecord, Outcome, Progress, Report, StepProgress, Validation,
};

pub use sequences::Sequences;

use objective::BatchLoss;
use run::{Run, Setup};

/// What random numbers are drawn for. Each purpose has its own stream of the seed, so that drawing
/// more for one leaves the others as they were.
#[derive(Clone, Copy)]
enum Purpose {
    Weights = 1,
    Split,
    Batches,
}

impl Purpose {
    fn rng(self, seed: u64) -> Rng {
        Rng::stream(seed, self as u64)
    }
}

/// What is told how training goes, and answers whether to go on.
pub type Callback<'a> = dyn FnMut(&Progress) -> Control + Send + 'a;

/// The data of a training.
///
/// A plain data set is training data without validation data of its own: `trainer.fit(&data)`.
#[derive(Clone, Copy, Debug)]
pub struct TrainingData<'a> {
    /// The sequences to learn from.
    pub training: &'a Dataset,
    /// The sequences that choose the best epoch. Without them a part of the training sequences
    /// does, if [`validation_fraction`](TrainingOptions::validation_fraction) says so; without
    /// either, the last epoch is taken for the best.
    pub validation: Option<&'a Dataset>,
}

impl<'a> From<&'a Dataset> for TrainingData<'a> {
    fn from(training: &'a Dataset) -> Self {
        TrainingData { training, validation: None }
    }
}

/// Trains networks: classes, or numbers, whichever the targets of the data are.
///
/// ```
/// use elman::Dataset;
/// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[1.0], [2.0]], array![[5.0]], array![[3.0], [4.0], [5.0]]];
/// let data = Dataset::with_values(&sequences, &array![[3.0], [5.0], [12.0]])?;
///
/// let options = TrainingOptions { epochs: 30, seed: 4, ..TrainingOptions::default() };
/// let network = NetworkOptions::simple(16).options();
/// let trained = Trainer::new(options, network)?.fit(&data)?;
/// let losses: Vec<f64> = trained.report.epochs.iter().map(|epoch| epoch.training_loss).collect();
/// assert!(losses[29] < losses[0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
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

/// A trained model, and how training went.
#[derive(Debug)]
pub struct Trained<T: Real = f32> {
    /// The model: with the weights of the best epoch.
    pub model: Model<T>,
    /// How training went. A training that [diverged](Outcome::Diverged) is not an `Err`, so that
    /// the model from before can be kept; [`Outcome::error`] turns it into one.
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
        check_readout(&network.readout)?;
        network.check()?;
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

    /// Trains a network in `f32`.
    ///
    /// Takes a data set, or [`TrainingData`] where validation data come with it.
    ///
    /// # Errors
    ///
    /// Data with nothing to learn, or with numbers beyond the range of the number type; validation
    /// data that do not match them; options that do not suit the data or each other. A loss that
    /// becomes infinite is not an error but an [`Outcome`].
    pub fn fit<'a>(&self, data: impl Into<TrainingData<'a>>) -> Result<Trained> {
        self.fit_with(data, &mut |_| Control::Continue)
    }

    /// Trains a network of either number type, with a `callback` that is told of every step and
    /// every epoch and can stop the training.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::train::{Control, Outcome, Progress, Trainer, TrainingData};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let rising = [array![[0.1], [0.5]], array![[0.2], [0.9]]];
    /// let falling = [array![[0.7], [0.5]], array![[0.9], [0.1]]];
    /// let [training, validation] = [0, 1].map(|index| {
    ///     let both = [rising[index].view(), falling[index].view()];
    ///     Dataset::with_labels(&both, &["rises", "falls"])
    /// });
    /// let (training, validation) = (training?, validation?);
    ///
    /// let data = TrainingData { training: &training, validation: Some(&validation) };
    /// let trained = Trainer::default().fit_with::<f64>(data, &mut |progress| match progress {
    ///     Progress::Epoch(epoch) if epoch.record.epoch == 3 => Control::Stop,
    ///     _ => Control::Continue,
    /// })?;
    /// assert_eq!(trained.report.outcome, Outcome::Stopped);
    /// assert_eq!(trained.report.epochs.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit).
    pub fn fit_with<'a, T: Real>(
        &self,
        data: impl Into<TrainingData<'a>>,
        callback: &mut Callback<'_>,
    ) -> Result<Trained<T>> {
        let data = data.into();
        with_threads(self.options.threads, || self.fit_here(data, callback))?
    }

    /// What [`fit`](Self::fit) would do with these data, without doing it.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]], array![[2.0], [1.0]]];
    /// let data = Dataset::with_values(&sequences, &array![[1.0], [1.0], [3.0]])?;
    /// let options = TrainingOptions { validation_fraction: 0.3, ..TrainingOptions::default() };
    /// let plan = Trainer::new(options, NetworkOptions::default())?.plan::<f32>(&data)?;
    /// assert_eq!((plan.training_sequences, plan.validation_sequences), (2, 1));
    /// assert_eq!((plan.network.input_size(), plan.network.output_size()), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit) that come before its first step.
    pub fn plan<'a, T: Real>(&self, data: impl Into<TrainingData<'a>>) -> Result<Plan> {
        let TrainingData { training: data, validation } = data.into();
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
        data: TrainingData<'_>,
        callback: &mut Callback<'_>,
    ) -> Result<Trained<T>> {
        let TrainingData { training: data, validation } = data;
        data.check_trainable()?;
        self.check_validation(validation)?;
        let parts = self.parts(data, validation)?;
        let task = Task::of(&parts.training, self.options.regression_loss.unwrap_or_default())?;
        let setup = self.setup(&parts, &task)?;
        let mut network = Network::new(self.network.config(data.input_size(), task.output_size()))?;
        network.initialize(&mut Purpose::Weights.rng(self.options.seed))?;
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
            loss: BatchLoss::new(&self.options, task, &parts.training)?,
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
            Some(_) if fraction > 0.0 => Err(Error::argument(
                Field::ValidationFraction,
                "0 beside validation data",
                fraction,
            )),
            Some(_) => Ok(()),
            None if fraction > 0.0 => Ok(()),
            None => {
                let expected = "validation data, or a validation fraction, beside it";
                if let Some(patience) = self.options.patience {
                    return Err(Error::argument(Field::Patience, expected, patience));
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
        let split = split(data, fraction, &mut Purpose::Split.rng(self.options.seed))?;
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

/// The data as they are used: a part may have been set aside for validation.
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
