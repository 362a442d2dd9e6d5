//! The metric that sums an evaluation up.

use serde::{Deserialize, Serialize};

/// The metric that sums an evaluation up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// The share of sequences whose class was predicted correctly.
    Accuracy(f64),
    /// The root mean squared error in the units of the target; the mean of them, where there are
    /// several targets.
    Rmse(f64),
    /// The harmonic mean of precision and recall over all labels of all sequences.
    F1(f64),
    /// Among how many equally likely tokens the network is in doubt: e to the mean loss.
    Perplexity(f64),
}

impl Score {
    /// `accuracy`, `rmse`, `f1` or `perplexity`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Score::Accuracy(_) => "accuracy",
            Score::Rmse(_) => "rmse",
            Score::F1(_) => "f1",
            Score::Perplexity(_) => "perplexity",
        }
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Score::Accuracy(value)
            | Score::Rmse(value)
            | Score::F1(value)
            | Score::Perplexity(value) => value,
        }
    }

    /// The metric of this name; `None` for another.
    #[must_use]
    pub fn named(name: &str, value: f64) -> Option<Self> {
        let all = [Score::Accuracy, Score::Rmse, Score::F1, Score::Perplexity];
        let all = all.map(|score| score(value));
        all.into_iter().find(|score| score.name() == name)
    }

    /// Whether it is at least as good as `target`: an accuracy as high, or an error as low.
    #[must_use]
    pub fn reaches(self, target: f64) -> bool {
        match self {
            Score::Accuracy(value) | Score::F1(value) => value >= target,
            Score::Rmse(value) | Score::Perplexity(value) => value <= target,
        }
    }

    /// The number, turned so that less is better.
    pub(crate) fn cost(self) -> f64 {
        match self {
            Score::Accuracy(value) | Score::F1(value) => -value,
            Score::Rmse(value) | Score::Perplexity(value) => value,
        }
    }
}
