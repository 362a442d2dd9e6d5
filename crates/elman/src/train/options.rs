//! The options of training: plain data, checked before anything is computed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clip::{Clip, Norm};
use crate::data::TargetTransform;
use crate::error::{Error, Field, Result};
use crate::layer::TraceKeeps;
use crate::loss::{Output, RegressionLoss};
use crate::optimizer::{AdamW, Averaging, OptimizerConfig};
use crate::schedule::{OneCycle, Schedule, Warmup};
use crate::task::NumberAnswer;
use crate::threads;

/// How a network is trained.
///
/// ```
/// use elman::train::TrainingOptions;
///
/// let options = TrainingOptions { epochs: Some(0), ..TrainingOptions::default() };
/// assert_eq!(options.check().unwrap_err().to_string(), "epochs: expected at least 1, got 0");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingOptions {
    /// Passes over the training sequences, at most. Without it as many as make up a budget of
    /// updates, so that small data are passed over more often: 1,500 updates, but at least 20
    /// passes and at most 1,000; or as many as `max_updates` or `max_seconds` allow, if they are
    /// given.
    pub epochs: Option<usize>,
    /// Updates of the weights, at most: the last epoch may be cut short.
    pub max_updates: Option<usize>,
    /// Seconds, at most: the epoch in which they are over is cut short. Where training ends then
    /// depends on the machine.
    pub max_seconds: Option<f64>,
    /// The metric at which training ends: of the validation sequences, or of the training
    /// sequences without them; an accuracy to reach, or an error to get down to.
    pub target_metric: Option<f64>,
    /// Sequences in a batch.
    pub batch_size: usize,
    /// Batches whose gradients are added up for one update of the weights: as one larger batch,
    /// with the memory of a small one. Each gradient counts by the number of its sequences.
    pub accumulation: usize,
    /// The steps after which the gradient is cut: truncated back-propagation through time.
    /// Sequences are computed in stretches of so many steps; each goes on from the state in which
    /// the one before has ended, and the gradient stops there. An update learns from whole
    /// sequences all the same, so its memory is bounded and its cost is not. Needs layers that read
    /// forwards, and answers at the last step or at every step.
    pub bptt: Option<usize>,
    /// What a batch keeps of the recurrent layers for its gradient:
    /// [`Borders`](TraceKeeps::Borders) trains long sequences in a small part of the memory. It
    /// changes no bit of the result, so a model does not keep it.
    #[serde(skip_serializing)]
    pub keeps: TraceKeeps,
    /// The rule that updates the weights. Plain SGD, without momentum and weight decay, looks at the
    /// rows of embeddings whose tokens a batch holds and at no others; every other rule moves all.
    pub optimizer: OptimizerConfig,
    /// The learning rate, before the schedule changes it.
    pub learning_rate: f64,
    /// How the learning rate goes over the updates. Without it, one [cycle](Schedule::OneCycle) over
    /// the whole run: up within the first tenth, then down to almost nothing, so that the last
    /// weights are good ones; a constant rate where only `max_seconds` ends the run. A [plateau](Schedule::Plateau) is shown, after
    /// each epoch, what chooses the best epoch: the loss, or the metric if the monitor says so; of
    /// the validation sequences, or of the training sequences without them.
    pub schedule: Option<Schedule>,
    /// A slow start before the schedule.
    pub warmup: Option<Warmup>,
    /// Averages the weights of many updates. From the first update that counts on, the average is
    /// what is validated and saved.
    pub averaging: Option<Averaging>,
    /// What bounds the gradient.
    pub clip: Clip,
    /// The seed of the initial weights, the split, the batches and the dropout.
    pub seed: u64,
    /// Whether the channels are standardised.
    pub scaling: InputScaling,
    /// The share of the sequences that is set aside for validation if no validation data are
    /// given; 0 for none.
    pub validation_fraction: f64,
    /// What chooses the best epoch, if there is validation.
    pub monitor: Monitor,
    /// The number of epochs without improvement after which training ends; needs validation.
    pub patience: Option<usize>,
    /// The share of each label that is spread over all classes; classification only.
    pub label_smoothing: f64,
    /// How the classes weigh in the loss; classification only.
    pub class_weights: ClassWeights,
    /// The loss, on standardised targets; regression only. The default is [`RegressionLoss::Mse`].
    pub regression_loss: Option<RegressionLoss>,
    /// What the network says of each number: itself, a distribution or quantiles; regression only.
    /// All but [`Output::Point`] have a loss of their own.
    #[serde(skip_serializing_if = "is_point")]
    pub output: Output,
    /// The intervals that predictions come with, as shares of 1: 0.8 is to hold eight numbers of ten.
    /// For an [`output`](Self::output) that is a distribution; quantiles are intervals themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<f64>,
    /// What is done to target numbers before they are standardised, and undone to what is predicted;
    /// regression only.
    #[serde(skip_serializing_if = "TargetTransform::is_none")]
    pub target_transform: TargetTransform,
    /// Threads; all processors by default. They do not influence the result, so a model does not
    /// keep their number.
    #[serde(skip_serializing)]
    pub threads: Option<usize>,
}

/// A budget of updates in batches of 16 with AdamW at a rate of up to 0.003 and the gradient's norm
/// clipped at 1, on all sequences.
impl Default for TrainingOptions {
    fn default() -> Self {
        TrainingOptions {
            epochs: None,
            max_updates: None,
            max_seconds: None,
            target_metric: None,
            batch_size: 16,
            accumulation: 1,
            bptt: None,
            keeps: TraceKeeps::Everything,
            optimizer: OptimizerConfig::AdamW(AdamW::default()),
            learning_rate: 0.003,
            schedule: None,
            warmup: None,
            averaging: None,
            clip: Clip::Norm { limit: 1.0, kind: Norm::L2 },
            seed: 1,
            scaling: InputScaling::Standardize,
            validation_fraction: 0.0,
            monitor: Monitor::Loss,
            patience: None,
            label_smoothing: 0.0,
            class_weights: ClassWeights::Equal,
            regression_loss: None,
            output: Output::Point,
            intervals: vec![],
            target_transform: TargetTransform::None,
            threads: None,
        }
    }
}

fn is_point(output: &Output) -> bool {
    *output == Output::Point
}

/// What is done to the channels before the network sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputScaling {
    /// Each is brought to mean 0 and standard deviation 1 over the training sequences.
    #[default]
    Standardize,
    /// Nothing is done to them.
    Raw,
}

/// What chooses the best epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// The loss of the validation sequences; the earlier of two equal epochs.
    #[default]
    Loss,
    /// Their accuracy or root mean squared error; the earlier of two equal epochs.
    Metric,
}

/// How the classes weigh in the loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Each sequence counts the same.
    #[default]
    Equal,
    /// Each class counts the same: the weight of class c is `N / (K·n_c)` for K classes with `n_c`
    /// of N training sequences each (scikit-learn's `"balanced"`).
    Balanced,
    /// These, by label; each class needs one.
    Given(BTreeMap<String, f64>),
}

impl TrainingOptions {
    /// Refuses options that no data could go with.
    ///
    /// # Errors
    ///
    /// The first option that is out of range, by name.
    pub fn check(&self) -> Result<()> {
        let counts = [
            (Field::Epochs, self.epochs.unwrap_or(1)),
            (Field::BatchSize, self.batch_size),
            (Field::Accumulation, self.accumulation),
            (Field::MaxUpdates, self.max_updates.unwrap_or(1)),
            (Field::Bptt, self.bptt.unwrap_or(1)),
        ];
        for (field, value) in counts {
            if value == 0 {
                return Err(Error::argument(field, "at least 1", value));
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let expected = "a finite number above 0";
            return Err(Error::argument(Field::LearningRate, expected, self.learning_rate));
        }
        if let Some(seconds) = self.max_seconds.filter(|s| !(*s > 0.0 && s.is_finite())) {
            return Err(Error::argument(Field::MaxSeconds, "a finite number above 0", seconds));
        }
        if let Some(target) = self.target_metric.filter(|target| !target.is_finite()) {
            return Err(Error::argument(Field::TargetMetric, "a finite number", target));
        }
        if self.patience == Some(0) {
            return Err(Error::argument(Field::Patience, "at least 1", 0));
        }
        for (field, value) in [
            (Field::ValidationFraction, self.validation_fraction),
            (Field::LabelSmoothing, self.label_smoothing),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::argument(field, "at least 0 and below 1", value));
            }
        }
        if let ClassWeights::Given(weights) = &self.class_weights {
            check_weights(weights)?;
        }
        NumberAnswer {
            output: self.output.clone(),
            levels: self.intervals.clone(),
            loss: RegressionLoss::Mse,
            transform: self.target_transform,
        }
        .check()?;
        if let Some(loss) = &self.regression_loss {
            loss.check()?;
            if self.output != Output::Point {
                let expected = "none beside an output that has its own";
                return Err(Error::argument("regression_loss", expected, format!("{loss:?}")));
            }
        }
        self.optimizer.check()?;
        self.schedule.as_ref().map_or(Ok(()), Schedule::check)?;
        self.warmup.as_ref().map_or(Ok(()), Warmup::check)?;
        self.averaging.as_ref().map_or(Ok(()), Averaging::check)?;
        self.clip.check()?;
        self.threads.map_or(Ok(()), threads::check)
    }
}

impl TrainingOptions {
    /// Refuses a transform of targets where they are no numbers, or have transforms of their own.
    pub(crate) fn refuse_target_transform(&self) -> Result<()> {
        match self.target_transform {
            TargetTransform::None => Ok(()),
            transform => {
                let found = format!("{transform:?}").to_lowercase();
                let expected = "none but for numbers of sequences or steps";
                Err(Error::argument(Field::TargetTransform, expected, found))
            }
        }
    }
}

/// The updates of a run, its passes, and both at most, where the options leave its length open.
const BUDGET: usize = 1500;
const LEAST_PASSES: usize = 20;
const MOST_PASSES: usize = 1000;

impl TrainingOptions {
    /// The options with everything that they leave open chosen, for so many updates in an epoch.
    pub(super) fn resolved(&self, updates_per_epoch: usize) -> Self {
        let budget = BUDGET.div_ceil(updates_per_epoch).clamp(LEAST_PASSES, MOST_PASSES);
        let is_bounded = self.max_updates.is_some() || self.max_seconds.is_some();
        let open = if is_bounded { usize::MAX } else { budget };
        let epochs = self.epochs.unwrap_or(open);
        let updates = epochs.saturating_mul(updates_per_epoch);
        let updates = updates.min(self.max_updates.unwrap_or(usize::MAX));
        let schedule = self.schedule.clone().unwrap_or_else(|| whole_run(updates, &self.warmup));
        TrainingOptions { epochs: Some(epochs), schedule: Some(schedule), ..self.clone() }
    }
}

/// One cycle over so many updates, after a warm-up if there is one.
fn whole_run(updates: usize, warmup: &Option<Warmup>) -> Schedule {
    let warm = warmup.map_or(0, |warmup| warmup.updates);
    let updates = (updates as u64).saturating_sub(warm);
    // Without an end in sight; and a cycle needs a rise and a fall.
    if updates > u64::from(u32::MAX) || updates < 2 {
        return Schedule::Constant {};
    }
    Schedule::OneCycle(OneCycle { warmup_share: 0.1, ..OneCycle::new(updates) })
}

fn check_weights(weights: &BTreeMap<String, f64>) -> Result<()> {
    match weights.iter().find(|(_, weight)| !weight.is_finite() || **weight <= 0.0) {
        None => Ok(()),
        Some((label, weight)) => {
            let name = Field::ClassWeights.called(format!("class_weights[{label:?}]"));
            Err(Error::argument(name, "a finite number above 0", weight))
        }
    }
}
