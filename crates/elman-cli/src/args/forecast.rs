//! What is said of forecasts: to train on dated series, to go on with them, to measure at past
//! cut-offs.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::value::{Levels, Names, Switch, count, seed};

/// How series are forecast.
///
/// The doc of [`super::forecast_rules`] has what else a forecast sets.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Forecasts, with --task forecast")]
pub struct ForecastArgs {
    /// The steps to forecast
    #[arg(long, value_name = "STEPS", value_parser = count)]
    pub horizon: Option<usize>,
    /// The steps that are read [default: two seasons or three horizons; at least 24, at most 336 and
    /// a third of the longest series]
    #[arg(long, value_name = "STEPS", value_parser = count)]
    pub context: Option<usize>,
    /// The steps of a season [default: by the frequency: 24 for hours, 7 for days, 12 for months, say]
    #[arg(long, value_name = "STEPS", value_parser = count)]
    pub season: Option<usize>,
    /// The steps of a series that the network reads side by side, as one [default: 1 for a short
    /// context, else the largest part of a season up to 24]
    #[arg(long, value_name = "STEPS", value_parser = count)]
    pub segment: Option<usize>,
    /// What is done to the values, in this order: none, or some of log, box-cox, difference and
    /// seasonal-difference [default: the best of a short list, by a back-test in the training part]
    #[arg(long, value_name = "STEP,…")]
    pub transform: Option<TransformChoice>,
    /// What they are divided by then [default: the best, likewise]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub scale: Option<ScaleChoice>,
    /// Intervals that are to hold so many percent of the values that come
    #[arg(long, value_name = "PERCENT,…", default_value_t = Levels::default())]
    pub levels: Levels,
    /// Take the intervals from past errors, whatever the network says [default: with --distribution
    /// point]
    #[arg(long)]
    pub conformal: bool,
    /// Forecast one step, read it as if it had come, and so on; else all steps at once
    #[arg(long)]
    pub recursive: bool,
    /// Columns that are known for the steps ahead too, as a plan or a holiday is
    #[arg(long, value_name = "COLUMN,…")]
    pub known: Option<Names>,
    /// Columns of numbers that are the same in all rows of a series
    #[arg(long = "static", value_name = "COLUMN,…")]
    pub statics: Option<Names>,
    /// Learn a vector for each series, which tells the network which one it reads; it then forecasts no
    /// others
    #[arg(long)]
    pub series_embedding: bool,
    /// Make rows of the steps that a series leaves out; their values are missing
    #[arg(long)]
    pub fill_gaps: bool,
    /// What becomes of several rows of a series at one time
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = RepeatsChoice::Refuse)]
    pub repeats: RepeatsChoice,
    /// Leave out series that are too short; else the first of them is an error
    #[arg(long)]
    pub skip_short: bool,
    /// Cut-offs at the end of each series to measure the trained model at, without --test; what comes
    /// after the first is not trained on
    #[arg(long, value_name = "N", value_parser = count)]
    pub test_windows: Option<usize>,
    /// The steps from one of these cut-offs to the next
    #[arg(long, value_name = "STEPS", default_value_t = 1, value_parser = count)]
    pub test_step: usize,
}

/// What values are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScaleChoice {
    /// The deviation of what is read, around its mean
    Window,
    /// The deviation of what is read, around its last value
    Last,
    /// The deviation of the series, around its mean
    Series,
    /// One deviation for all series, around one mean: sizes matter
    Shared,
}

/// What becomes of several rows at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RepeatsChoice {
    /// An error that names the first
    Refuse,
    /// The first counts
    First,
    /// The last counts
    Last,
    /// Their mean counts
    Mean,
}

/// How a model that forecasts is measured.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Back-test of a model that forecasts")]
pub struct BacktestArgs {
    /// Forecast from cut-offs at the end of each series, and compare with what came
    #[arg(long)]
    pub backtest: bool,
    /// The cut-offs of each series [default: 1]
    #[arg(long, value_name = "N", value_parser = count)]
    pub windows: Option<usize>,
    /// The steps from one cut-off to the next [default: 1]
    #[arg(long, value_name = "STEPS", value_parser = count)]
    pub step: Option<usize>,
    /// Train again at each cut-off, as the model was trained; else one model forecasts from all of them
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "off", default_missing_value = "on", hide_possible_values = true)]
    pub refit: Switch,
    /// Intervals in percent [default: those of the training]
    #[arg(long, value_name = "PERCENT,…")]
    pub levels: Option<Levels>,
    /// Where each forecast goes beside what came, as CSV
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What is said of the steps ahead.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "A model that forecasts")]
pub struct AheadArgs {
    /// The columns of the steps ahead that are known, a row for each step of each series
    #[arg(long, value_name = "FILE")]
    pub future: Option<PathBuf>,
    /// Intervals in percent [default: those of the training]
    #[arg(long, value_name = "PERCENT,…")]
    pub levels: Option<Levels>,
    /// Write so many paths that each series may take, instead of forecasts with intervals
    #[arg(long, value_name = "N", value_parser = count)]
    pub samples: Option<usize>,
    /// The seed of the paths [default: 1]
    #[arg(long, value_name = "N", value_parser = seed)]
    pub seed: Option<u64>,
}

/// One step of a transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransformStep {
    /// The logarithm
    Log,
    /// The power that makes the values most like normal ones
    BoxCox,
    /// The difference to the step before
    Difference,
    /// The difference to a season before
    SeasonalDifference,
}

/// What is done to values, in order: `log,seasonal-difference`, or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransformChoice(pub Vec<TransformStep>);

impl FromStr for TransformChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(TransformChoice(Vec::new()));
        }
        let steps = text.split(',').map(|name| TransformStep::from_str(name, false));
        let wanted =
            "none, or log, box-cox, difference and seasonal-difference, separated by commas";
        steps.collect::<Result<_, _>>().map(TransformChoice).map_err(|_| wanted.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_are_lists_of_steps() {
        let steps = vec![TransformStep::Log, TransformStep::SeasonalDifference];
        assert_eq!("log,seasonal-difference".parse(), Ok(TransformChoice(steps)));
        assert_eq!("none".parse(), Ok(TransformChoice(vec![])));
        for text in ["", "Log", "none,log", "logarithm"] {
            assert!(text.parse::<TransformChoice>().is_err(), "{text}");
        }
    }
}
