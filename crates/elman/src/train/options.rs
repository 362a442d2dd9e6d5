//! What training is told: plain data that is checked before anything is computed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clip::{Clip, Norm};
use crate::error::{Error, Field, Result};
use crate::loss::RegressionLoss;
use crate::optimizer::OptimizerConfig;
use crate::threads;

/// How a network is trained.
///
/// ```
/// use elman::train::TrainingOptions;
///
/// let options = TrainingOptions { epochs: 0, ..TrainingOptions::default() };
/// assert_eq!(options.check().unwrap_err().to_string(), "epochs: expected at least 1, got 0");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingOptions {
    /// Passes over the training sequences, at most.
    pub epochs: usize,
    /// Sequences in a batch: one update of the weights each.
    pub batch_size: usize,
    /// The rule that updates the weights.
    pub optimizer: OptimizerConfig,
    /// The size of its steps.
    pub learning_rate: f64,
    /// What bounds the gradient.
    pub clip: Clip,
    /// The seed of the initial weights, the split, the batches and the dropout.
    pub seed: u64,
    /// Whether the channels are standardised.
    pub scaling: InputScaling,
    /// The part of the sequences that is set aside for validation, where no validation data are
    /// given; 0 for none.
    pub validation_fraction: f64,
    /// What chooses the best epoch, where there is validation.
    pub monitor: Monitor,
    /// Epochs without a better one after which training ends; needs validation.
    pub patience: Option<usize>,
    /// The part of each class label that is spread over all classes; classification only.
    pub label_smoothing: f64,
    /// How the classes weigh in the loss; classification only.
    pub class_weights: ClassWeights,
    /// What is made small, on standardised targets; regression only, where the default is
    /// [`RegressionLoss::Mse`].
    pub regression_loss: Option<RegressionLoss>,
    /// Threads; all processors by default. Without influence on the result, so it is not among the
    /// settings that a model keeps.
    #[serde(skip_serializing)]
    pub threads: Option<usize>,
}

/// 60 epochs in batches of 16 with Adam at a rate of 0.003 and the gradient's norm clipped at 1,
/// on all sequences.
impl Default for TrainingOptions {
    fn default() -> Self {
        TrainingOptions {
            epochs: 60,
            batch_size: 16,
            optimizer: OptimizerConfig::default(),
            learning_rate: 0.003,
            clip: Clip::Norm { limit: 1.0, kind: Norm::L2 },
            seed: 1,
            scaling: InputScaling::Standardize,
            validation_fraction: 0.0,
            monitor: Monitor::Loss,
            patience: None,
            label_smoothing: 0.0,
            class_weights: ClassWeights::Equal,
            regression_loss: None,
            threads: None,
        }
    }
}

/// What is done to the channels before the network sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputScaling {
    /// Each is brought to mean 0 and standard deviation 1 over the training sequences.
    #[default]
    Standardize,
    /// Nothing.
    Raw,
}

/// What chooses the best epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// The loss of the validation sequences; of two equal epochs the earlier.
    #[default]
    Loss,
    /// Their accuracy or root mean squared error; of two equal epochs the earlier.
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
        let counts = [(Field::Epochs, self.epochs), (Field::BatchSize, self.batch_size)];
        for (field, value) in counts {
            if value == 0 {
                return Err(Error::argument(field, "at least 1", value));
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let expected = "a finite number above 0";
            return Err(Error::argument(Field::LearningRate, expected, self.learning_rate));
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
        if let Some(loss) = &self.regression_loss {
            loss.check()?;
        }
        self.optimizer.check()?;
        self.clip.check()?;
        self.threads.map_or(Ok(()), threads::check)
    }
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
