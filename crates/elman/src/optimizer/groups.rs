//! Which parameters decay, and which learn at a rate of their own.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::check_range;
use crate::error::{Error, Result, nearest};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;

/// Which parameters an optimiser's weight decay is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecayScope {
    /// Those whose name ends in `weights`: no bias, no gain or shift of a normalisation, no initial
    /// state.
    #[default]
    Weights,
    /// All of them, as PyTorch has it where it is not told otherwise.
    All,
}

/// Parameters that are treated differently from the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterGroup {
    /// Their names; a `*` stands for any characters: `head.*`, `*.bias`, `layers.0.*.input_weights`.
    pub names: String,
    /// What the learning rate is multiplied by; 0 keeps them as they are, but for their decay where
    /// that is decoupled from the rate.
    #[serde(default = "one")]
    pub rate_factor: f64,
    /// Their weight decay, whatever the scope says; the optimiser's without it.
    #[serde(default)]
    pub weight_decay: Option<f64>,
}

fn one() -> f64 {
    1.0
}

/// How the parameters of a network are treated.
///
/// ```
/// use elman::optimizer::{Adam, Optimizer, OptimizerConfig, ParameterGroup, ParameterGroups};
/// use elman::{ParameterShape, Parameters};
///
/// # fn main() -> elman::Result<()> {
/// let shapes = vec![ParameterShape::new("head.weights", &[2]), ParameterShape::new("head.bias", &[1])];
/// let mut parameters = Parameters::<f64>::zeros(shapes)?;
/// parameters.values_mut().fill(1.0);
/// let frozen = ParameterGroup { names: "*.bias".into(), rate_factor: 0.0, weight_decay: None };
/// let groups = ParameterGroups { groups: vec![frozen], ..ParameterGroups::default() };
/// let config = OptimizerConfig::Adam(Adam::default());
/// let mut optimizer = Optimizer::with_groups(config, &groups, &parameters)?;
/// let mut grad = parameters.zeros_like();
/// grad.values_mut().fill(3.0);
/// optimizer.step(0.5, &mut parameters, &grad)?;
/// assert_eq!(parameters.get("head.bias")?[[0]], 1.0);
/// assert!(parameters.get("head.weights")?.iter().all(|weight| *weight < 0.6));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParameterGroups {
    /// Which parameters decay.
    pub decay: DecayScope,
    /// Exceptions; the first group that a parameter's name fits is its own.
    pub groups: Vec<ParameterGroup>,
}

/// Neighbours in the flat buffer that are treated alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    pub range: Range<usize>,
    pub rate_factor: f64,
    pub weight_decay: f64,
}

impl ParameterGroups {
    /// The segments of some parameters, for an optimiser with this weight decay.
    pub(super) fn segments<T: Real>(
        &self,
        weight_decay: f64,
        parameters: &Parameters<T>,
    ) -> Result<Vec<Segment>> {
        self.check(parameters.shapes())?;
        let mut segments: Vec<Segment> = Vec::new();
        let mut start = 0;
        for shape in parameters.shapes() {
            let range = start..start + shape.len();
            start = range.end;
            let next = self.segment(&shape.name, weight_decay, range);
            match segments.last_mut() {
                Some(last) if last.is_alike(&next) => last.range.end = next.range.end,
                _ => segments.push(next),
            }
        }
        Ok(segments)
    }

    fn segment(&self, name: &str, weight_decay: f64, range: Range<usize>) -> Segment {
        let usual = match self.decay {
            DecayScope::All => weight_decay,
            DecayScope::Weights if name.ends_with("weights") => weight_decay,
            DecayScope::Weights => 0.0,
        };
        let group = self.groups.iter().find(|group| matches(&group.names, name));
        Segment {
            range,
            rate_factor: group.map_or(1.0, |group| group.rate_factor),
            weight_decay: group.and_then(|group| group.weight_decay).unwrap_or(usual),
        }
    }

    fn check(&self, shapes: &[ParameterShape]) -> Result<()> {
        for (index, group) in self.groups.iter().enumerate() {
            let field = |name: &str| format!("groups[{index}].{name}");
            check_range(field("rate_factor"), group.rate_factor, 0.0..f64::INFINITY)?;
            if let Some(decay) = group.weight_decay {
                check_range(field("weight_decay"), decay, 0.0..f64::INFINITY)?;
            }
            if !shapes.iter().any(|shape| matches(&group.names, &shape.name)) {
                let near = nearest(&group.names, shapes.iter().map(|shape| shape.name.as_str()));
                let near = near.map_or(String::new(), |near| format!(" (nearest: {near})"));
                let expected = format!("names of parameters, with * for any characters{near}");
                return Err(Error::argument(field("names"), expected, &group.names));
            }
        }
        Ok(())
    }
}

impl Segment {
    /// Whether both are treated alike, to the bit.
    fn is_alike(&self, other: &Segment) -> bool {
        let treatment =
            |segment: &Segment| [segment.rate_factor.to_bits(), segment.weight_decay.to_bits()];
        treatment(self) == treatment(other)
    }
}

/// Whether a name fits a pattern in which a `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(end)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "settings are passed through unchanged")]
mod tests {
    use super::*;

    fn parameters() -> Parameters<f64> {
        let names = ["layers.0.weights", "layers.0.bias", "head.weights", "head.gain"];
        let shapes = names.iter().map(|name| ParameterShape::new(*name, &[2]));
        Parameters::zeros(shapes.collect()).unwrap()
    }

    fn group(names: &str, rate_factor: f64, weight_decay: Option<f64>) -> ParameterGroup {
        ParameterGroup { names: names.into(), rate_factor, weight_decay }
    }

    fn segments(groups: &ParameterGroups, decay: f64) -> Vec<(Range<usize>, f64, f64)> {
        let segments = groups.segments(decay, &parameters()).unwrap();
        segments.into_iter().map(|s| (s.range, s.rate_factor, s.weight_decay)).collect()
    }

    #[test]
    fn stars_stand_for_any_characters() {
        for pattern in
            ["head.bias", "*", "head.*", "*.bias", "h*d.b*s", "*ea*bi*", "**", "head.bias*"]
        {
            assert!(matches(pattern, "head.bias"), "{pattern}");
        }
        for pattern in
            ["", "head", "bias", "*.weights", "head.*weights", "*s*s", "head.bias*s", "b*"]
        {
            assert!(!matches(pattern, "head.bias"), "{pattern}");
        }
    }

    #[test]
    fn only_weights_decay_unless_asked() {
        let plain = ParameterGroups::default();
        let expected = [(0..2, 1.0, 0.1), (2..4, 1.0, 0.0), (4..6, 1.0, 0.1), (6..8, 1.0, 0.0)];
        assert_eq!(segments(&plain, 0.1), expected);
        // Without decay there is nothing to tell apart.
        assert_eq!(segments(&plain, 0.0), [(0..8, 1.0, 0.0)]);
        let all = ParameterGroups { decay: DecayScope::All, ..plain };
        assert_eq!(segments(&all, 0.1), [(0..8, 1.0, 0.1)]);
    }

    #[test]
    fn the_first_group_that_fits_counts() {
        let groups = vec![group("head.*", 0.5, Some(0.3)), group("*.weights", 2.0, None)];
        let groups = ParameterGroups { groups, ..ParameterGroups::default() };
        assert_eq!(segments(&groups, 0.1), [(0..2, 2.0, 0.1), (2..4, 1.0, 0.0), (4..8, 0.5, 0.3)]);
    }

    #[test]
    fn bad_groups_are_refused_by_name() {
        let cases = [
            (group("*.weihgts", 1.0, None), "groups[0].names: expected names of parameters"),
            (group("head.weight", 1.0, None), "(nearest: head.weights), got head.weight"),
            (group("*", -1.0, None), "groups[0].rate_factor"),
            (group("*", f64::NAN, None), "groups[0].rate_factor"),
            (group("*", 1.0, Some(f64::INFINITY)), "groups[0].weight_decay"),
        ];
        for (group, word) in cases {
            let groups = ParameterGroups { groups: vec![group], ..ParameterGroups::default() };
            let message = groups.segments(0.0, &parameters()).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn groups_survive_a_settings_file() {
        let text = r#"{"decay": "all", "groups": [{"names": "head.*", "rate_factor": 0.1}]}"#;
        let groups: ParameterGroups = serde_json::from_str(text).unwrap();
        assert_eq!(groups.groups, [group("head.*", 0.1, None)]);
        let again = serde_json::to_string(&groups).unwrap();
        assert_eq!(serde_json::from_str::<ParameterGroups>(&again).unwrap(), groups);
        assert!(serde_json::from_str::<ParameterGroups>(r#"{"group": []}"#).is_err());
    }
}
