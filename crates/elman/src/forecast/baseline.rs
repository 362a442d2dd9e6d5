//! What a forecast has to beat: forecasts that need no training.

use serde::{Deserialize, Serialize};

/// A forecast without training.
///
/// ```
/// use elman::forecast::Baseline;
///
/// let history = [1.0, 2.0, 4.0, 3.0];
/// assert_eq!(Baseline::Naive.forecast(&history, 2, 2), [3.0, 3.0]);
/// assert_eq!(Baseline::SeasonalNaive.forecast(&history, 2, 3), [4.0, 3.0, 4.0]);
/// assert_eq!(Baseline::Mean.forecast(&history, 2, 1), [2.5]);
/// ```
///
/// Source: Hyndman & Athanasopoulos, "Forecasting: principles and practice", 3rd edition, 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// The last value.
    Naive,
    /// The last value of the same place in the season; the last value where there is no whole
    /// season.
    SeasonalNaive,
    /// The line through the first and the last value.
    Drift,
    /// The mean.
    Mean,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Baseline; 4] =
        [Baseline::Naive, Baseline::SeasonalNaive, Baseline::Drift, Baseline::Mean];

    /// `naive`, say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Baseline::Naive => "naive",
            Baseline::SeasonalNaive => "seasonal-naive",
            Baseline::Drift => "drift",
            Baseline::Mean => "mean",
        }
    }

    /// The values `[horizon]` after a history, whose missing values (NaN) are passed over; NaN for
    /// a history without any value.
    #[must_use]
    pub fn forecast(self, history: &[f64], season: usize, horizon: usize) -> Vec<f64> {
        let known = || history.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let Some((end, &last)) = known().next_back() else { return vec![f64::NAN; horizon] };
        let steps = 1..=horizon;
        match self {
            Baseline::Naive => vec![last; horizon],
            Baseline::Mean => {
                let mean = known().map(|(_, value)| value).sum::<f64>() / known().count() as f64;
                vec![mean; horizon]
            }
            Baseline::Drift => {
                let (start, &first) = known().next().unwrap_or((end, &last));
                let slope = (last - first) / (end - start).max(1) as f64;
                let ahead = |step: usize| (history.len() - 1 - end + step) as f64;
                steps.map(|step| last + slope * ahead(step)).collect()
            }
            Baseline::SeasonalNaive => steps
                .map(|step| {
                    let mut at = history.len() + step - 1;
                    while let Some(earlier) = at.checked_sub(season.max(1)) {
                        at = earlier;
                        if let Some(value) = history.get(at).filter(|value| !value.is_nan()) {
                            return *value;
                        }
                    }
                    last
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_goes_on_in_a_line() {
        assert_eq!(Baseline::Drift.forecast(&[1.0, 9.0, 5.0], 1, 2), [7.0, 9.0]);
        assert_eq!(Baseline::Drift.forecast(&[1.0, 3.0, f64::NAN], 1, 1), [7.0]);
    }

    #[test]
    fn a_missing_season_is_looked_for_further_back() {
        let history = [1.0, 2.0, f64::NAN, 4.0];
        assert_eq!(Baseline::SeasonalNaive.forecast(&history, 2, 2), [1.0, 4.0]);
        assert_eq!(Baseline::SeasonalNaive.forecast(&history, 9, 1), [4.0]);
    }
}
