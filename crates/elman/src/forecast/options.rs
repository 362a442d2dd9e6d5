//! What is to be forecast, and how.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::frame::FrameOptions;
use super::transform::{Step, Transform};
use crate::error::{Error, Result, nearest};
use crate::loss::Output;

/// What is to be forecast, and how.
///
/// ```
/// use elman::forecast::{ForecastOptions, StepKind};
///
/// let growth = vec![StepKind::Log, StepKind::Difference];
/// let options = ForecastOptions { transform: Some(growth), ..ForecastOptions::new(12) };
/// assert!(options.check().is_ok());
/// assert!(ForecastOptions::new(0).check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastOptions {
    /// The steps that are forecast.
    pub horizon: usize,
    /// The steps that are read. Without it two seasons or three horizons, but at least 24 steps, at
    /// most 336 and a third of the longest series; then up to a whole segment.
    pub context: Option<usize>,
    /// The steps of a season. Without it that of the frequency.
    pub season: Option<usize>,
    /// The steps of a series that the network reads as one of its own, side by side. Without it 1
    /// for a context below 60, and else the largest part of a season up to 24 steps that divides a
    /// context that is given.
    pub segment: Option<usize>,
    /// What is done to the values; without it the best of a short list.
    pub transform: Option<Vec<StepKind>>,
    /// What they are divided by; without it the best.
    pub scale: Option<ScaleKind>,
    /// What the network says of each step.
    #[serde(default)]
    pub output: Output,
    /// Whether all steps are forecast at once.
    #[serde(default)]
    pub mode: Mode,
    /// Whether the network is told which series it reads.
    #[serde(default)]
    pub identity: Identity,
    /// Where intervals come from; without it from past errors for [`Output::Point`], and else from
    /// what the network says.
    pub intervals: Option<IntervalKind>,
    /// How tables are to be read for this model.
    pub frame: FrameOptions,
}

/// A step of a transform, before it is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The natural logarithm.
    Log,
    /// The power of Box and Cox that makes the training values most like normal ones.
    BoxCox,
    /// The difference to the step before.
    Difference,
    /// The difference to a season before.
    SeasonalDifference,
}

/// What values are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleKind {
    /// The deviation of each window, around its mean.
    Window,
    /// The deviation of each window, around its last value.
    Last,
    /// The deviation of each training series, around its mean.
    Series,
    /// One deviation for all series, around one mean: sizes matter.
    Shared,
}

/// How several steps are forecast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All at once.
    #[default]
    Direct,
    /// One, which is then read as if it had come, and so on.
    Recursive,
}

/// Whether a network is told which series it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// It is not: what is learnt of one holds for all, new ones as well.
    #[default]
    Hidden,
    /// Each has a learned vector of its own, which is read at every step; new ones are refused.
    Embedded,
}

/// Where intervals come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalKind {
    /// What the network says: the quantiles of its distribution.
    Model,
    /// The sizes of past errors.
    Conformal,
}

impl ForecastOptions {
    /// So many steps, and everything else by itself.
    #[must_use]
    pub fn new(horizon: usize) -> Self {
        ForecastOptions {
            horizon,
            context: None,
            season: None,
            segment: None,
            transform: None,
            scale: None,
            output: Output::Point,
            mode: Mode::Direct,
            identity: Identity::Hidden,
            intervals: None,
            frame: FrameOptions::default(),
        }
    }

    /// Refuses options that no series could go with.
    ///
    /// # Errors
    ///
    /// The first option that is out of range or does not go with another, by name.
    pub fn check(&self) -> Result<()> {
        let counts = [
            ("horizon", Some(self.horizon)),
            ("context", self.context),
            ("season", self.season),
            ("segment", self.segment),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return Err(Error::argument(name, "at least 1", 0));
        }
        self.output.check()?;
        let steps = self.transform.as_deref().unwrap_or(&[]);
        let is_power = |step: &StepKind| matches!(step, StepKind::Log | StepKind::BoxCox);
        if let Some(step) = steps.iter().skip(1).find(|step| is_power(step)) {
            let expected = "a logarithm or power as the first step";
            return Err(Error::argument("transform", expected, format!("{} later", step.name())));
        }
        if self.intervals == Some(IntervalKind::Model) && self.output == Output::Point {
            let expected = "an output that has them: a distribution or quantiles";
            return Err(Error::argument("intervals of the model", expected, "point"));
        }
        if self.mode == Mode::Recursive && !self.frame.features.is_empty() {
            let expected = "columns that are known in the future, if one step is read for the next";
            return Err(Error::argument("features", expected, self.frame.features.join(", ")));
        }
        if self.output != Output::NegativeBinomial {
            return Ok(());
        }
        if !steps.is_empty() {
            let found = steps.iter().map(|step| step.name()).collect::<Vec<_>>().join(", ");
            return Err(Error::argument("transform", "none for counts", found));
        }
        match self.scale {
            None | Some(ScaleKind::Shared) => Ok(()),
            Some(_) => Err(Error::argument("scale", "shared for counts", "another")),
        }
    }

    /// Where intervals come from.
    #[must_use]
    pub fn interval_kind(&self) -> IntervalKind {
        let usual = match self.output {
            Output::Point => IntervalKind::Conformal,
            _ => IntervalKind::Model,
        };
        self.intervals.unwrap_or(usual)
    }

    /// The steps that the network answers at once.
    #[must_use]
    pub fn answers(&self) -> usize {
        match self.mode {
            Mode::Direct => self.horizon,
            Mode::Recursive => 1,
        }
    }
}

impl StepKind {
    /// All of them.
    pub const ALL: [StepKind; 4] =
        [StepKind::Log, StepKind::BoxCox, StepKind::Difference, StepKind::SeasonalDifference];

    /// `seasonal-difference`, say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Log => "log",
            StepKind::BoxCox => "box-cox",
            StepKind::Difference => "difference",
            StepKind::SeasonalDifference => "seasonal-difference",
        }
    }

    /// The transform of these steps for series with this season, fitted on training values.
    ///
    /// # Errors
    ///
    /// Values that have no logarithm or power; a logarithm or power after another step.
    pub fn fit(steps: &[Self], season: usize, training: &[&[f64]]) -> Result<Transform> {
        let of = |step: &Self| {
            Ok(match step {
                StepKind::Log => Step::Log,
                StepKind::BoxCox => {
                    Step::BoxCox { lambda: Transform::box_cox_lambda(&training.concat())? }
                }
                StepKind::Difference => Step::Difference { lag: 1 },
                StepKind::SeasonalDifference => Step::Difference { lag: season },
            })
        };
        Transform::new(steps.iter().map(of).collect::<Result<_>>()?)
    }
}

impl FromStr for StepKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        StepKind::ALL.into_iter().find(|step| step.name() == text).ok_or_else(|| {
            let names = StepKind::ALL.map(StepKind::name);
            let near = nearest(text, names);
            let near = near.map_or(String::new(), |near| format!(" (nearest: {near:?})"));
            Error::argument("transform", names.join(", "), format!("{text:?}{near}"))
        })
    }
}

impl ScaleKind {
    /// `window`, say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ScaleKind::Window => "window",
            ScaleKind::Last => "last",
            ScaleKind::Series => "series",
            ScaleKind::Shared => "shared",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&mut ForecastOptions)) -> String {
        let mut options = ForecastOptions::new(3);
        change(&mut options);
        options.check().unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let model = Some(IntervalKind::Model);
        assert!(refused(|o| o.intervals = model).starts_with("intervals of the model: expected"));
        assert!(refused(|o| o.segment = Some(0)).starts_with("segment"));
        let late = vec![StepKind::Difference, StepKind::Log];
        assert!(refused(|o| o.transform = Some(late.clone())).ends_with("got log later"));
        let error = refused(|o| {
            o.mode = Mode::Recursive;
            o.frame.features = vec!["wind".into()];
        });
        assert!(error.starts_with("features: expected columns that are known"), "{error}");
        let error = refused(|o| {
            o.output = Output::NegativeBinomial;
            o.transform = Some(vec![StepKind::Log]);
        });
        assert_eq!(error, "transform: expected none for counts, got log");
        assert!(refused(|o| o.output = Output::Quantiles(vec![])).starts_with("levels"));
    }

    #[test]
    fn steps_have_names() {
        for step in StepKind::ALL {
            assert_eq!(step.name().parse::<StepKind>().unwrap(), step);
            assert_eq!(serde_json::to_string(&step).unwrap(), format!("{:?}", step.name()));
        }
        let error = "diference".parse::<StepKind>().unwrap_err().to_string();
        assert!(error.ends_with("got \"diference\" (nearest: \"difference\")"), "{error}");
    }
}
