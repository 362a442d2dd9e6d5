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
mod feed;
mod folds;
mod footprint;
mod lanes;
mod learner;
mod members;
mod objective;
mod options;
mod parts;
mod progress;
mod rare;
mod run;
mod sequences;
mod setup;
mod side_by_side;
mod sparse;
mod subject;

use crate::data::Dataset;
use crate::error::{Error, Field, Result};
use crate::model::Model;
use crate::network::{Pooling, Readout};
use crate::real::Real;
use crate::rng::Rng;
use crate::stack::{Directions, LayerConfig};
use crate::text::Passage;

pub use crate::model::{EpochRecord, Validation};
pub use crate::network::NetworkOptions;
pub use folds::Fold;
pub use footprint::Footprint;
pub use members::{MemberCallback, TrainedMembers};
pub use options::{ClassWeights, InputScaling, Monitor, TrainingOptions};
pub use progress::{Control, EpochProgress, Outcome, Progress, Report, StepProgress};
pub(crate) use run::RunState;
pub use run::{Run, RunDescription};
pub use sequences::Sequences;
pub(crate) use side_by_side::{side_by_side, workers};
pub(crate) use subject::Subject;
use subject::{DatasetSubject, TextSubject};

/// What random numbers are drawn for. Each purpose has its own stream of the seed, so that drawing
/// more for one leaves the others as they were.
#[derive(Clone, Copy)]
enum Purpose {
    Weights = 1,
    Split,
    Batches,
    Folds,
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

/// The text of a training.
#[derive(Clone, Debug)]
pub struct TextData<'a> {
    /// The text to learn from.
    pub training: Passage<'a>,
    /// The text that chooses the best epoch. Without one the end of the training text does, if
    /// [`validation_fraction`](TrainingOptions::validation_fraction) says so.
    pub validation: Option<Passage<'a>>,
    /// E, the numbers that stand for a token.
    pub embedding_size: usize,
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
/// let options = TrainingOptions { epochs: Some(30), seed: 4, ..TrainingOptions::default() };
/// let network = NetworkOptions::simple(16).options();
/// let trained = Trainer::new(options, network)?.fit(&data)?;
/// let losses: Vec<f64> = trained.report.epochs.iter().map(|epoch| epoch.loss).collect();
/// assert!(losses[29] < losses[0]);
/// # Ok(())
/// # }
/// ```
///
/// `Trainer::default()` trains the [recommended](NetworkOptions::recommended) network.
#[derive(Clone, Debug, PartialEq)]
pub struct Trainer {
    options: TrainingOptions,
    network: NetworkOptions,
}

impl Default for Trainer {
    fn default() -> Self {
        let (options, network) = (TrainingOptions::default(), NetworkOptions::recommended());
        Trainer { options, network }
    }
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
        network.check()?;
        if let Some(steps) = options.bptt {
            check_truncation(steps, &network)?;
        }
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
        let mut run = self.start(data)?;
        run.train(callback)?;
        run.finish()
    }

    /// A run on these data before its first update: to be advanced step by step, looked into, or
    /// saved.
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit).
    pub fn start<'a, T: Real>(&self, data: impl Into<TrainingData<'a>>) -> Result<Run<'a, T>> {
        Run::new(self, subject(self, data.into())?)
    }

    /// A run on a text, whose next token is to be predicted after each. The network answers at
    /// [every step](Readout::EveryStep).
    ///
    /// The text is read in as many lanes as [`batch_size`](TrainingOptions::batch_size) says, each in
    /// pieces of [`bptt`](TrainingOptions::bptt) steps. An update learns from one piece; the state is
    /// carried on to the next.
    ///
    /// ```
    /// use elman::text::{Corpus, CorpusOptions, VocabularyOptions};
    /// use elman::train::{Control, NetworkOptions, TextData, Trainer, TrainingOptions};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let text = "to be or not to be, ".repeat(20);
    /// let corpus = Corpus::from_text(text, CorpusOptions::Fresh(VocabularyOptions::default()))?;
    /// let options = TrainingOptions {
    ///     batch_size: 4,
    ///     bptt: Some(10),
    ///     epochs: Some(60),
    ///     learning_rate: 0.02,
    ///     ..TrainingOptions::default()
    /// };
    /// let trainer = Trainer::new(options, NetworkOptions::gru(16).every_step().options())?;
    /// let text = TextData { training: corpus.whole(), validation: None, embedding_size: 8 };
    /// let mut run = trainer.start_text::<f32>(text)?;
    /// run.train(&mut |_| Control::Continue)?;
    /// let trained = run.finish()?;
    /// let epochs = trained.report.epochs;
    /// assert!(epochs[59].loss < 0.5 * epochs[0].loss);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A text too short for its lanes, or that can no longer be read; options that do not suit it.
    pub fn start_text<'a, T: Real>(&self, text: TextData<'a>) -> Result<Run<'a, T>> {
        Run::new(self, text_subject(self, text)?)
    }
}

/// Refuses to cut sequences for a network that needs them whole.
fn check_truncation(steps: usize, network: &NetworkOptions) -> Result<()> {
    let backwards = |layer: &LayerConfig| layer.directions != Directions::Forward;
    let needed = match &network.readout {
        _ if network.layers.iter().any(backwards) => "layers that read forwards",
        Readout::Pooled(poolings) if poolings != &[Pooling::LastStep] => {
            "answers at the last step or at every step"
        }
        Readout::Pooled(_) | Readout::EveryStep => return Ok(()),
    };
    Err(Error::argument(Field::Bptt, format!("{needed} beside it"), steps))
}

/// The subject of a training on a data set.
pub(crate) fn subject<'a, T: Real>(
    trainer: &Trainer,
    data: TrainingData<'a>,
) -> Result<Box<dyn Subject<T> + 'a>> {
    Ok(Box::new(DatasetSubject::new(trainer, data, None)?))
}

/// The subject of a training on a text.
pub(crate) fn text_subject<'a, T: Real>(
    trainer: &Trainer,
    text: TextData<'a>,
) -> Result<Box<dyn Subject<T> + 'a>> {
    Ok(Box::new(TextSubject::new(trainer, text)?))
}

#[cfg(test)]
mod step_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod truncation_tests;
