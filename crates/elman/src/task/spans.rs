//! Spans: runs of tagged steps that name one thing, by the rules of conlleval.
//!
//! A tag is `O`, or a letter (`B`, `I`, `E`, `S`), a hyphen and a type. A span starts at B and S, at I
//! or E after O, E or S, and where the type changes; it ends after E and S, before B, S and O, and
//! where the type changes. So `I-city` after `O` opens a span.
//!
//! Source: conlleval of the CoNLL-2000 shared task; seqeval 1.2.2 in its default mode.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ClassPredictions;
use crate::data::{ClassTargets, Dataset, Targets};
use crate::error::{Error, Result};

/// How well spans are found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpanEvaluation {
    /// Of all types together: the micro average.
    pub all: SpanScore,
    /// The mean over the types.
    pub macro_f1: f64,
    /// The mean over the types, each with the weight of its spans.
    pub weighted_f1: f64,
    /// Of each type, in the order of their names.
    pub types: Vec<TypeScore>,
}

/// How well the spans of a type are found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeScore {
    /// The type.
    pub name: String,
    /// Its score.
    #[serde(flatten)]
    pub score: SpanScore,
}

/// How well spans are found; 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SpanScore {
    /// The share of the found spans that are right, from first to last step and in their type.
    pub precision: f64,
    /// The share of the spans that are found.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// How many spans there are.
    pub support: usize,
}

/// A run of steps, from the first to the last.
type Span = (usize, usize);

/// Numbers of spans.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    actual: usize,
    found: usize,
    right: usize,
}

impl Counts {
    fn add(self, other: Self) -> Self {
        Counts {
            actual: self.actual + other.actual,
            found: self.found + other.found,
            right: self.right + other.right,
        }
    }

    fn score(self) -> SpanScore {
        let share = |of: usize| if of > 0 { self.right as f64 / of as f64 } else { 0.0 };
        let (precision, recall) = (share(self.found), share(self.actual));
        let both = self.actual + self.found;
        let f1 = if both > 0 { 2.0 * self.right as f64 / both as f64 } else { 0.0 };
        SpanScore { precision, recall, f1, support: self.actual }
    }
}

/// How well the spans of `actual` sequences of tags are found by `predicted` ones.
///
/// ```
/// use elman::task::evaluate_spans;
///
/// let actual = [["O", "B-city", "I-city", "O", "B-day"]];
/// let predicted = [["O", "B-city", "O", "O", "I-day"]];
/// let spans = evaluate_spans(&actual, &predicted)?;
/// assert_eq!((spans.all.precision, spans.all.recall), (0.5, 0.5));
/// assert_eq!((spans.types[1].name.as_str(), spans.types[1].score.f1), ("day", 1.0));
/// # Ok::<(), elman::Error>(())
/// ```
///
/// # Errors
///
/// Another number of sequences, or of tags in one; a tag that is none of spans.
pub fn evaluate_spans<S: AsRef<[L]>, L: AsRef<str>>(
    actual: &[S],
    predicted: &[S],
) -> Result<SpanEvaluation> {
    if actual.len() != predicted.len() {
        return Err(Error::shape("predicted sequences", &[actual.len()], &[predicted.len()]));
    }
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for (index, (actual, predicted)) in actual.iter().zip(predicted).enumerate() {
        let (actual, predicted) = (actual.as_ref(), predicted.as_ref());
        if actual.len() != predicted.len() {
            let name = format!("predicted tags of sequence {index}");
            return Err(Error::shape(name, &[actual.len()], &[predicted.len()]));
        }
        let (actual, predicted) = (spans(actual)?, spans(predicted)?);
        for (kind, own) in &actual {
            let entry = counts.entry(kind.clone()).or_default();
            let found = predicted.get(kind);
            entry.actual += own.len();
            entry.right += found.map_or(0, |found| own.intersection(found).count());
        }
        for (kind, found) in &predicted {
            counts.entry(kind.clone()).or_default().found += found.len();
        }
    }
    let all = counts.values().copied().fold(Counts::default(), Counts::add);
    let score = |(name, counts): (String, Counts)| TypeScore { name, score: counts.score() };
    let types: Vec<TypeScore> = counts.into_iter().map(score).collect();
    let weighted = types.iter().map(|kind| kind.score.f1 * kind.score.support as f64);
    Ok(SpanEvaluation {
        all: all.score(),
        macro_f1: types.iter().map(|kind| kind.score.f1).sum::<f64>() / types.len().max(1) as f64,
        weighted_f1: weighted.sum::<f64>() / all.actual.max(1) as f64,
        types,
    })
}

/// The letter of a tag and its type.
fn parts(tag: &str) -> Result<(char, &str)> {
    let wrong = || {
        let expected = "O, or B, I, E or S with a hyphen and a type, as spans have";
        Error::argument("tag", expected, format!("{tag:?}"))
    };
    let mut characters = tag.chars();
    match (characters.next(), characters.as_str()) {
        (Some('O'), "") => Ok(('O', "")),
        (Some(letter @ ('B' | 'I' | 'E' | 'S')), rest) => match rest.strip_prefix('-') {
            Some(kind) if !kind.is_empty() => Ok((letter, kind)),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// The spans of a sequence, by type.
fn spans<L: AsRef<str>>(tags: &[L]) -> Result<BTreeMap<String, BTreeSet<Span>>> {
    let mut all: BTreeMap<String, BTreeSet<Span>> = BTreeMap::new();
    let (mut last, mut start) = (('O', ""), 0);
    let end = std::iter::once("O");
    for (step, tag) in tags.iter().map(AsRef::as_ref).chain(end).enumerate() {
        let now = parts(tag)?;
        let changes = last.1 != now.1;
        let ends = match last.0 {
            'E' | 'S' => true,
            'B' | 'I' => changes || matches!(now.0, 'B' | 'S' | 'O'),
            _ => false,
        };
        if ends {
            all.entry(last.1.to_owned()).or_default().insert((start, step - 1));
        }
        let starts = match now.0 {
            'B' | 'S' => true,
            'I' | 'E' => changes || matches!(last.0, 'O' | 'E' | 'S'),
            _ => false,
        };
        if starts {
            start = step;
        }
        last = now;
    }
    Ok(all)
}

impl ClassPredictions {
    /// How well the spans of tagged sequences are found. A step without a tag counts as `O`.
    ///
    /// # Errors
    ///
    /// Data that are not those of the predictions, or without a tag at every step; tags that are none
    /// of spans.
    pub fn evaluate_spans(&self, data: &Dataset) -> Result<SpanEvaluation> {
        let Targets::Classes(targets) = data.targets() else {
            return Err(Error::argument("data", "a tag at every step", "none"));
        };
        if self.steps().len() != data.total_steps() || targets.indices().len() != self.len() {
            let expected = [self.len()];
            return Err(Error::shape("tags", &expected, &[targets.indices().len()]));
        }
        let label = |index: &usize| match *index {
            ClassTargets::NONE => "O",
            index => targets.labels()[index].as_str(),
        };
        let actual: Vec<&str> = targets.indices().iter().map(label).collect();
        let predicted: Vec<&str> = self.predicted_labels().collect();
        let cut = |tags: &[&'_ str]| {
            let mut first = 0;
            let mut sequences = Vec::with_capacity(data.len());
            for length in data.lengths() {
                let own: Vec<String> =
                    tags[first..first + length].iter().map(|tag| (*tag).to_owned()).collect();
                sequences.push(own);
                first += length;
            }
            sequences
        };
        evaluate_spans(&cut(&actual), &cut(&predicted))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Cases that seqeval has judged, by `tests-data/spans/spans.py`.
    #[test]
    fn spans_are_those_of_seqeval() {
        let cases: Value =
            serde_json::from_str(include_str!("../../../../tests-data/spans/spans.json")).unwrap();
        for case in cases["cases"].as_array().unwrap() {
            let tags = |name: &str| -> Vec<Vec<String>> {
                serde_json::from_value(case[name].clone()).unwrap()
            };
            let found = evaluate_spans(&tags("actual"), &tags("predicted")).unwrap();
            let close = |found: f64, wanted: &Value| {
                let wanted = wanted.as_f64().unwrap();
                assert!((found - wanted).abs() < 1e-12, "{found} {wanted}: {case}");
            };
            let SpanScore { precision, recall, f1, support } = found.all;
            close(precision, &case["micro"][0]);
            close(recall, &case["micro"][1]);
            close(f1, &case["micro"][2]);
            assert_eq!(support as u64, case["micro"][3].as_u64().unwrap());
            close(found.macro_f1, &case["macro_f1"]);
            close(found.weighted_f1, &case["weighted_f1"]);
            let types = case["types"].as_array().unwrap();
            assert_eq!(found.types.len(), types.len());
            for (found, wanted) in found.types.iter().zip(types) {
                assert_eq!(found.name, wanted[0].as_str().unwrap());
                close(found.score.precision, &wanted[1]);
                close(found.score.recall, &wanted[2]);
                close(found.score.f1, &wanted[3]);
            }
        }
    }

    #[test]
    fn tags_that_are_none_of_spans_are_refused() {
        for tag in ["NOUN", "B", "B-", "X-city", "", "Ocity", "ß-x"] {
            let error = evaluate_spans(&[[tag]], &[["O"]]).unwrap_err().to_string();
            let expected =
                "tag: expected O, or B, I, E or S with a hyphen and a type, as spans have";
            assert_eq!(error, format!("{expected}, got {tag:?}"));
        }
        assert!(evaluate_spans(&[vec!["O"]], &[vec!["O", "O"]]).is_err());
        assert!(evaluate_spans(&[["O"]], &[]).is_err());
    }
}
