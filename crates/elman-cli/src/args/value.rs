//! The values that options take by name.

mod data;
mod network;
mod numbers;
mod written;

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::ValueEnum;

pub use self::data::{
    DecimalChoice, DelimiterChoice, EachChoice, LayoutChoice, MissingChoice, UnitChoice,
};
pub use self::network::{
    ActivationChoice, BiasInitChoice, CellChoice, DirectionChoice, InitChoice, InitialStateChoice,
    MergeChoice, NormalizationChoice, PoolingChoice, RecurrenceChoice, ResetChoice, SpanChoice,
};
pub use self::numbers::{DistributionChoice, Levels, SplitChoice, TargetTransformChoice};
pub use self::written::{Betas, Limit, Names, Sizes};

/// What to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TaskKind {
    /// One of a set of classes
    Classify,
    /// One number or more
    Regress,
    /// The next token of a text
    Text,
    /// One of a set of classes at each step
    Tag,
    /// What comes next in dated series
    Forecast,
}

/// The rule that updates the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum OptimizerChoice {
    /// Stochastic gradient descent
    Sgd,
    /// Adam
    Adam,
    /// Adam with decoupled weight decay
    AdamW,
    /// Adam with Nesterov's momentum
    NAdam,
    /// RMSprop
    RmsProp,
    /// Adagrad
    Adagrad,
}

/// What is made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LossChoice {
    /// Softmax cross-entropy, for classes
    CrossEntropy,
    /// Squared error
    Mse,
    /// Absolute error
    L1,
    /// Squared near zero, absolute beyond --huber-delta
    Huber,
    /// Huber's divided by its delta, here --smooth-l1-beta
    SmoothL1,
}

/// What chooses the best epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MonitorChoice {
    /// The validation loss
    Loss,
    /// The validation accuracy, or root mean squared error
    Metric,
}

/// How the length of a gradient is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NormChoice {
    /// The sum of absolute values
    L1,
    /// The Euclidean norm
    L2,
    /// The largest absolute value
    Infinity,
}

/// How the classes weigh in the loss: `equal`, `balanced`, or `label=weight,…`.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeightsChoice {
    /// Each sequence counts the same.
    Equal,
    /// Each class counts the same.
    Balanced,
    /// These, by label.
    Given(BTreeMap<String, f64>),
}

impl FromStr for ClassWeightsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "equal, balanced, or label=weight,… with each class once".to_owned();
        match text {
            "equal" => return Ok(ClassWeightsChoice::Equal),
            "balanced" => return Ok(ClassWeightsChoice::Balanced),
            _ => {}
        }
        let mut weights = BTreeMap::new();
        // Written like the names of columns, so that a label may hold a comma.
        for pair in text.parse::<Names>().map_err(|_| wrong())?.0 {
            let (label, weight) = pair.rsplit_once('=').ok_or_else(wrong)?;
            let weight = number(weight.trim()).map_err(|_| wrong())?;
            if weights.insert(label.trim().to_owned(), weight).is_some() {
                return Err(wrong());
            }
        }
        Ok(ClassWeightsChoice::Given(weights))
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Switch::On
    }
}

/// A whole number that fits in memory's address space.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number that is not negative".to_owned())
}

/// A seed.
pub fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a whole number from 0 to {}", u64::MAX))
}

/// A finite number.
pub fn number(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|number: &f64| number.is_finite());
    parsed.ok_or_else(|| "a finite number".to_owned())
}
