//! What is said of numbers to predict: their distribution, their intervals, their transform.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

use super::number;

/// What the network says of each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DistributionChoice {
    /// A number
    Point,
    /// A normal distribution
    Gaussian,
    /// A t distribution: outliers are likely
    StudentT,
    /// A distribution of counts
    NegativeBinomial,
    /// The ends of the intervals, and the median
    Quantiles,
}

/// What is done to target numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TargetTransformChoice {
    /// Nothing
    None,
    /// The logarithm: numbers above 0
    Log,
    /// The logarithm of 1 more: numbers from 0
    Log1p,
}

/// Which sequences are set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitChoice {
    /// Any
    Random,
    /// The last ones, by --time or by their order in the file
    Time,
}

/// Levels of intervals in percent, growing: `80,95`.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels(pub Vec<f64>);

impl Levels {
    /// As shares of 1.
    pub fn shares(&self) -> Vec<f64> {
        self.0.iter().map(|percent| percent / 100.0).collect()
    }

    /// The ends of the intervals and the median, as levels of quantiles in ascending order.
    pub fn quantiles(&self) -> Vec<f64> {
        // In hundredths of a percent, so that no rounding tells the ends of two levels apart.
        let ends = self.0.iter().flat_map(|level| [50.0 - level / 2.0, 50.0 + level / 2.0]);
        let mut levels: Vec<f64> = ends.chain([50.0]).collect();
        levels.sort_by(f64::total_cmp);
        levels.into_iter().map(|percent| percent / 100.0).collect()
    }
}

/// 80 and 95.
impl Default for Levels {
    fn default() -> Self {
        Levels(vec![80.0, 95.0])
    }
}

impl FromStr for Levels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || "percentages above 0 and below 100, separated by commas".to_owned();
        let levels = text.split(',').map(|level| number(level.trim()).map_err(|_| wanted()));
        let mut levels: Vec<f64> = levels.collect::<Result<_, _>>()?;
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        match levels.iter().all(|level| *level > 0.0 && *level < 100.0) {
            true => Ok(Levels(levels)),
            false => Err(wanted()),
        }
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels: Vec<String> = self.0.iter().map(f64::to_string).collect();
        f.write_str(&levels.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_percentages_in_order() {
        assert_eq!("95, 80,80".parse(), Ok(Levels(vec![80.0, 95.0])));
        assert_eq!("97.5".parse::<Levels>().unwrap().to_string(), "97.5");
        for text in ["", "0", "100", "80;95", "80,", "NaN", "0.8x"] {
            assert!(text.parse::<Levels>().is_err(), "{text}");
        }
    }
}
