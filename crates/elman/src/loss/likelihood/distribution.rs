//! The distributions, their parameters, and how predictions become these.

use serde::{Deserialize, Serialize};

/// What the targets are distributed like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distribution {
    /// The mean μ and the variance v: `½ (ln v + (y − μ)²/v) + ½ ln 2π`.
    Gaussian {
        /// Whether `½ ln 2π` is a part of the loss.
        #[serde(default)]
        constant: NormalizingConstant,
    },
    /// The location μ, the scale σ and the degrees of freedom ν, few of which make outliers likely:
    /// `lnΓ(ν/2) − lnΓ((ν+1)/2) + ½ ln πν + ln σ + ½ (ν+1) ln(1 + z²/ν)` with `z = (y − μ)/σ`.
    StudentT,
    /// Counts y of mean μ and variance `μ + α μ²`, with the dispersion α:
    /// `ln y! − lnΓ(y + 1/α) + lnΓ(1/α) − y ln(αμ) + (y + 1/α) ln(1 + αμ)`.
    NegativeBinomial,
}

impl Default for Distribution {
    fn default() -> Self {
        Distribution::Gaussian { constant: NormalizingConstant::Included }
    }
}

impl Distribution {
    /// The names of its parameters, in the order of the predictions.
    ///
    /// ```
    /// use elman::loss::Distribution;
    ///
    /// assert_eq!(Distribution::StudentT.parameters(), ["location", "scale", "degrees-of-freedom"]);
    /// ```
    #[must_use]
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Distribution::Gaussian { .. } => &["mean", "variance"],
            Distribution::StudentT => &["location", "scale", "degrees-of-freedom"],
            Distribution::NegativeBinomial => &["mean", "dispersion"],
        }
    }

    pub(super) fn domains(self) -> &'static [Domain] {
        match self {
            Distribution::Gaussian { .. } => &[Domain::Real, Domain::Positive],
            Distribution::StudentT => &[Domain::Real, Domain::Positive, Domain::DegreesOfFreedom],
            Distribution::NegativeBinomial => &[Domain::Positive, Domain::Positive],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Distribution::Gaussian { .. } => "gaussian",
            Distribution::StudentT => "student-t",
            Distribution::NegativeBinomial => "negative-binomial",
        }
    }
}

/// Whether a term that depends on no parameter is a part of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalizingConstant {
    /// It is: the value is the negative log likelihood, comparable between distributions.
    #[default]
    Included,
    /// It is not: PyTorch's default.
    Omitted,
}

/// How predictions, which can be any number, become parameters, which often have to be positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// Means and locations are the predictions; a positive parameter is `s(x) = ln(1 + e^x)` of its
    /// prediction, and the degrees of freedom are `2 + s(x)`, so that there is a variance. The
    /// negative binomial's mean is positive as well.
    #[default]
    Softplus,
    /// The predictions are the parameters.
    Identity,
}

/// Which numbers a parameter can be.
#[derive(Clone, Copy)]
pub(super) enum Domain {
    Real,
    Positive,
    DegreesOfFreedom,
}
