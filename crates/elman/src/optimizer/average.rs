//! Weights averaged over the end of a run.

use elman_kernels::Level;
use elman_kernels::pointwise::move_mean;
use serde::{Deserialize, Serialize};

use super::{check_range, same_layout};
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::real::Real;

/// How the weights of many updates become one set of weights.
///
/// # Source
///
/// Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging*, 1992; Izmailov et
/// al., *Averaging Weights Leads to Wider Optima and Better Generalization*, 2018.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Averaging {
    /// An exponential moving average over every update, its bias towards the start corrected: after
    /// n updates, update n − k has the weight `(1 − decay) decay^k / (1 − decay^n)`.
    Ema {
        /// What the average keeps of itself; in `[0, 1)`.
        decay: f64,
        /// The first update that counts, from 0.
        #[serde(default)]
        start: u64,
    },
    /// The plain mean of the weights after some updates: stochastic weight averaging.
    Swa {
        /// The first update that counts, from 0.
        start: u64,
        /// Each how many updates the weights are taken; at least 1.
        every: u64,
    },
}

impl Averaging {
    /// Refuses settings out of their range.
    ///
    /// # Errors
    ///
    /// A decay outside of `[0, 1)`; weights taken every 0 updates.
    pub fn check(&self) -> Result<()> {
        match self {
            Averaging::Ema { decay, .. } => check_range("averaging: decay", *decay, 0.0..1.0),
            Averaging::Swa { every: 0, .. } => {
                Err(Error::argument("averaging: every", "1 or more updates", 0))
            }
            Averaging::Swa { .. } => Ok(()),
        }
    }

    fn counts(&self, update: u64) -> bool {
        match *self {
            Averaging::Ema { start, .. } => update >= start,
            Averaging::Swa { start, every } => {
                update.checked_sub(start).is_some_and(|since| since.is_multiple_of(every))
            }
        }
    }
}

/// The average of a run's weights so far.
///
/// ```
/// use elman::optimizer::{Averaging, WeightAverage};
/// use elman::{ParameterShape, Parameters};
///
/// # fn main() -> elman::Result<()> {
/// let mut weights = Parameters::<f64>::zeros(vec![ParameterShape::new("bias", &[1])])?;
/// let mut average = WeightAverage::new(Averaging::Swa { start: 1, every: 2 }, &weights)?;
/// for update in 0..6 {
///     weights.values_mut()[0] = update as f64;
///     average.observe(update, &weights)?;
/// }
/// // Updates 1, 3 and 5 count.
/// assert_eq!(average.weights().map(|weights| weights.values()[0]), Some(3.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WeightAverage<T> {
    averaging: Averaging,
    mean: Parameters<T>,
    progress: AverageProgress,
}

/// What an average knows besides its weights: a checkpoint has both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AverageProgress {
    /// The updates that have counted.
    pub taken: u64,
    /// `decay` to the power of that, for a moving average; multiplied up.
    pub power: f64,
}

impl<T: Real> WeightAverage<T> {
    /// An average of parameters of this layout, before the first update.
    ///
    /// # Errors
    ///
    /// Settings out of their range.
    pub fn new(averaging: Averaging, parameters: &Parameters<T>) -> Result<Self> {
        averaging.check()?;
        let progress = AverageProgress { taken: 0, power: 1.0 };
        Ok(WeightAverage { averaging, mean: parameters.zeros_like(), progress })
    }

    /// An average as a checkpoint has it: [`weights`](Self::weights), or any of the same layout where
    /// there were none yet, and [`progress`](Self::progress).
    ///
    /// # Errors
    ///
    /// Settings out of their range; a power that is not in `[0, 1]`.
    pub fn restored(
        averaging: Averaging,
        weights: Parameters<T>,
        progress: AverageProgress,
    ) -> Result<Self> {
        averaging.check()?;
        if !(0.0..=1.0).contains(&progress.power) {
            return Err(Error::argument("average: power", "a number in [0, 1]", progress.power));
        }
        Ok(WeightAverage { averaging, mean: weights, progress })
    }

    /// Takes the weights after an update into the average, if that update counts.
    ///
    /// # Errors
    ///
    /// Parameters of another layout.
    pub fn observe(&mut self, update: u64, parameters: &Parameters<T>) -> Result<()> {
        same_layout("parameters", self.mean.shapes(), parameters.shapes())?;
        if !self.averaging.counts(update) {
            return Ok(());
        }
        self.progress.taken += 1;
        let share = match self.averaging {
            Averaging::Swa { .. } => 1.0 / self.progress.taken as f64,
            Averaging::Ema { decay, .. } => {
                self.progress.power *= decay;
                (1.0 - decay) / (1.0 - self.progress.power)
            }
        };
        let (level, share) = (Level::current(), T::from_f64(share));
        move_mean(level, share, parameters.values(), self.mean.values_mut());
        Ok(())
    }

    /// The average; `None` before the first update that counts.
    #[must_use]
    pub fn weights(&self) -> Option<&Parameters<T>> {
        (self.progress.taken > 0).then_some(&self.mean)
    }

    /// What a checkpoint needs besides the weights.
    #[must_use]
    pub fn progress(&self) -> AverageProgress {
        self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::ParameterShape;

    fn parameters(value: f64) -> Parameters<f64> {
        let mut parameters = Parameters::zeros(vec![ParameterShape::new("w", &[1])]).unwrap();
        parameters.values_mut()[0] = value;
        parameters
    }

    fn average(averaging: Averaging, values: &[f64]) -> Option<f64> {
        let mut average = WeightAverage::new(averaging, &parameters(0.0)).unwrap();
        for (update, value) in (0..).zip(values) {
            average.observe(update, &parameters(*value)).unwrap();
        }
        average.weights().map(|weights| weights.values()[0])
    }

    #[test]
    fn a_moving_average_has_its_weights() {
        let values = [3.0, -1.0, 4.0, 1.5];
        for start in 0..3u64 {
            let averaging = Averaging::Ema { decay: 0.75, start };
            let counted = &values[usize::try_from(start).unwrap()..];
            let shares: Vec<f64> =
                (0..counted.len()).rev().map(|k| 0.75f64.powi(i32::try_from(k).unwrap())).collect();
            let sum: f64 = shares.iter().zip(counted).map(|(share, value)| share * value).sum();
            let expected = sum / shares.iter().sum::<f64>();
            let found = average(averaging, &values).unwrap();
            assert!((found - expected).abs() < 1e-14, "{found} for {expected}");
        }
        // Constant weights are their own average from the first update on.
        assert_eq!(average(Averaging::Ema { decay: 0.999, start: 0 }, &[2.5, 2.5]), Some(2.5));
    }

    #[test]
    fn swa_is_the_plain_mean() {
        let values = [9.0, 1.0, 9.0, 4.0, 9.0, 10.0];
        assert_eq!(average(Averaging::Swa { start: 1, every: 2 }, &values), Some(5.0));
        assert_eq!(average(Averaging::Swa { start: 6, every: 1 }, &values), None);
    }

    #[test]
    fn an_average_goes_on_where_a_checkpoint_left_it() {
        for averaging in
            [Averaging::Ema { decay: 0.9, start: 1 }, Averaging::Swa { start: 2, every: 1 }]
        {
            let mut whole = WeightAverage::new(averaging, &parameters(0.0)).unwrap();
            let mut part = whole.clone();
            for update in 0..10u64 {
                let now = parameters(1.0 / (1.0 + update as f64));
                whole.observe(update, &now).unwrap();
                part.observe(update, &now).unwrap();
                let text = serde_json::to_string(&part.progress()).unwrap();
                let weights = part.weights().cloned().unwrap_or_else(|| now.zeros_like());
                let progress = serde_json::from_str(&text).unwrap();
                part = WeightAverage::restored(averaging, weights, progress).unwrap();
            }
            assert_eq!(whole, part);
        }
    }

    #[test]
    fn bad_settings_are_refused() {
        for bad in [-0.1, 1.0, f64::NAN] {
            let message = Averaging::Ema { decay: bad, start: 0 }.check().unwrap_err().to_string();
            assert!(message.contains("averaging: decay"), "{message}");
        }
        let message = Averaging::Swa { start: 0, every: 0 }.check().unwrap_err().to_string();
        assert!(
            message.contains("averaging: every: expected 1 or more updates, got 0"),
            "{message}"
        );
        let averaging = Averaging::Swa { start: 0, every: 1 };
        let progress = AverageProgress { taken: 1, power: f64::NAN };
        assert!(WeightAverage::restored(averaging, parameters(0.0), progress).is_err());
        let mut average = WeightAverage::new(averaging, &parameters(0.0)).unwrap();
        let other = Parameters::zeros(vec![ParameterShape::new("v", &[1])]).unwrap();
        assert!(average.observe(0, &other).is_err());
        let text = r#"{"kind": "ema", "decay": 0.9}"#;
        let read: Averaging = serde_json::from_str(text).unwrap();
        assert_eq!(read, Averaging::Ema { decay: 0.9, start: 0 });
        assert!(serde_json::from_str::<Averaging>(r#"{"kind": "swa", "start": 1}"#).is_err());
    }
}
