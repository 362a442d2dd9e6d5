//! What is written down during training.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

/// What is written down during training.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Records")]
pub struct RecordArgs {
    /// A line of JSON for each epoch: loss, metric, learning rate, gradient norm, seconds
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// The same numbers for TensorBoard, in this folder
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// What was learned, how well, and what is wrong with it: a page in one HTML file, made of the test
    /// data, or the validation data, or the training data
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Save the whole run here again and again, so that --resume can go on with it
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// How often: 30s, 5epochs or 1000updates, say
    #[arg(long, value_name = "INTERVAL", default_value_t = Every::DEFAULT)]
    pub every: Every,
    /// Go on with the run in this checkpoint, whose options it has
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
}

/// How often a run is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// After so many seconds.
    Seconds(u64),
    /// After so many epochs.
    Epochs(usize),
    /// After so many updates.
    Updates(usize),
}

impl Every {
    const DEFAULT: Every = Every::Seconds(30);

    /// As a time, if it is one.
    pub fn duration(self) -> Option<Duration> {
        match self {
            Every::Seconds(seconds) => Some(Duration::from_secs(seconds)),
            Every::Epochs(_) | Every::Updates(_) => None,
        }
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, unit) = text.split_at(digits);
        let every = match (count.parse(), unit) {
            (Err(_) | Ok(0), _) => None,
            (Ok(count), "s") => Some(Every::Seconds(count as u64)),
            (Ok(count), "epoch" | "epochs") => Some(Every::Epochs(count)),
            (Ok(count), "update" | "updates") => Some(Every::Updates(count)),
            (Ok(_), _) => None,
        };
        every.ok_or_else(|| "at least 1 of s, epochs or updates, as in 30s".to_owned())
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Every::Seconds(count) => write!(f, "{count}s"),
            Every::Epochs(count) => write!(f, "{count}epochs"),
            Every::Updates(count) => write!(f, "{count}updates"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_a_count_and_a_unit() {
        for text in ["30s", "5epochs", "1000updates"] {
            assert_eq!(text.parse::<Every>().unwrap().to_string(), text);
        }
        for text in
            ["", "0s", "s", "5", "5 epochs", "-1s", "1.5s", "5years", "99999999999999999999s"]
        {
            assert!(text.parse::<Every>().is_err(), "{text}");
        }
    }
}
