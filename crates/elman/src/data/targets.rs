//! What is to be predicted of each sequence or step: a class, numbers, or nothing.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::LabelTargets;
use crate::error::{Error, Result};

/// What there is one target for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Each {
    /// Each sequence: N targets.
    #[default]
    Sequence,
    /// Each step of each sequence: Σ T_n targets, one sequence after the other. A step may have
    /// none.
    Step,
}

impl Each {
    /// Whether it is the sequence: the form of serde's `skip_serializing_if`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn is_sequence(&self) -> bool {
        *self == Each::Sequence
    }

    /// Which of `[N, Σ T_n]` it is.
    fn count(self, [sequences, steps]: [usize; 2]) -> usize {
        match self {
            Each::Sequence => sequences,
            Each::Step => steps,
        }
    }

    /// The rows of some sequences, of which `spans` are the steps.
    fn rows(self, sequences: &[usize], spans: &[Range<usize>]) -> Vec<usize> {
        match self {
            Each::Sequence => sequences.to_vec(),
            Each::Step => spans.iter().flat_map(Clone::clone).collect(),
        }
    }
}

/// What is to be predicted of each of N sequences, or of each of their steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Nothing is known.
    None,
    /// One of several classes.
    Classes(ClassTargets),
    /// One or more numbers.
    Values(ValueTargets),
    /// Any of several labels.
    Labels(LabelTargets),
}

impl Targets {
    /// What there is one target for; `None` where there are no targets.
    #[must_use]
    pub fn each(&self) -> Option<Each> {
        match self {
            Targets::None => None,
            Targets::Classes(classes) => Some(classes.each),
            Targets::Values(values) => Some(values.each),
            Targets::Labels(_) => Some(Each::Sequence),
        }
    }

    /// Whether no sequence and no step has one.
    pub(crate) fn are_missing(&self) -> bool {
        match self {
            Targets::None => true,
            Targets::Classes(classes) => {
                classes.indices.iter().all(|index| *index == ClassTargets::NONE)
            }
            Targets::Values(values) => values.values.iter().all(|value| value.is_nan()),
            Targets::Labels(_) => false,
        }
    }

    /// What is wrong where none is there, in words.
    pub(crate) fn wanted(&self) -> &'static str {
        match self.each() {
            Some(Each::Step) => "a target at one step at least",
            _ => "a target for each sequence",
        }
    }

    /// Refuses targets that are not one for each of `[N, Σ T_n]`.
    pub(super) fn check_count(&self, counts: [usize; 2]) -> Result<()> {
        let (each, found) = match self {
            Targets::None => return Ok(()),
            Targets::Classes(classes) => (classes.each, classes.indices.len()),
            Targets::Values(values) => (values.each, values.values.nrows()),
            Targets::Labels(labels) => (Each::Sequence, labels.values().nrows()),
        };
        match each.count(counts) {
            expected if expected == found => Ok(()),
            expected => Err(Error::shape("targets", &[expected], &[found])),
        }
    }

    /// The targets of the sequences at `indices`, all below N, of which `spans` are the steps.
    pub(super) fn subset(&self, indices: &[usize], spans: &[Range<usize>]) -> Self {
        match self {
            Targets::None => Targets::None,
            Targets::Classes(classes) => {
                let rows = classes.each.rows(indices, spans);
                Targets::Classes(ClassTargets {
                    name: classes.name.clone(),
                    labels: classes.labels.clone(),
                    indices: rows.iter().map(|&row| classes.indices[row]).collect(),
                    each: classes.each,
                })
            }
            Targets::Labels(labels) => Targets::Labels(labels.subset(indices)),
            Targets::Values(values) => Targets::Values(ValueTargets {
                names: values.names.clone(),
                values: values.values.select(Axis(0), &values.each.rows(indices, spans)),
                each: values.each,
            }),
        }
    }
}

/// The class of each of N sequences, or of each of their steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTargets {
    name: String,
    labels: Vec<String>,
    indices: Vec<usize>,
    each: Each,
}

impl ClassTargets {
    /// The index of a step that has no class.
    pub const NONE: usize = usize::MAX;

    /// The class of each sequence by its index in `labels`; `name` says what is told apart.
    ///
    /// # Errors
    ///
    /// A label that stands twice; an index past the last label.
    pub fn new(name: impl Into<String>, labels: Vec<String>, indices: Vec<usize>) -> Result<Self> {
        ClassTargets { name: name.into(), labels, indices, each: Each::Sequence }.checked()
    }

    /// The class of each step by its index in `labels` `[Σ T_n]`; [`NONE`](Self::NONE) where a step
    /// has none.
    ///
    /// # Errors
    ///
    /// A label that stands twice; an index past the last label that is not `NONE`.
    pub fn of_steps(
        name: impl Into<String>,
        labels: Vec<String>,
        indices: Vec<usize>,
    ) -> Result<Self> {
        ClassTargets { name: name.into(), labels, indices, each: Each::Step }.checked()
    }

    fn checked(self) -> Result<Self> {
        let ClassTargets { labels, indices, each, .. } = &self;
        if let Some(label) = super::repeated(labels) {
            return Err(Error::argument("labels", "each label once", format!("{label:?} twice")));
        }
        let usable =
            |index: usize| index < labels.len() || (index == Self::NONE && *each == Each::Step);
        match indices.iter().find(|index| !usable(**index)) {
            None => Ok(self),
            Some(index) => {
                let expected = format!("below {} (labels)", labels.len());
                Err(Error::argument("class index", expected, index))
            }
        }
    }

    /// The same classes under another name.
    pub(super) fn renamed(&self, name: impl Into<String>) -> Self {
        ClassTargets { name: name.into(), ..self.clone() }
    }

    /// What there is a class for.
    #[must_use]
    pub fn each(&self) -> Each {
        self.each
    }

    /// What is told apart: the name of the target column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of each class, in the order of the model's outputs.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The class of each sequence `[N]` or step `[Σ T_n]`, an index into the labels;
    /// [`NONE`](Self::NONE) for a step that has none.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// How many sequences or steps each class has.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for &index in &self.indices {
            if let Some(count) = counts.get_mut(index) {
                *count += 1;
            }
        }
        counts
    }

    /// The labels that occur.
    pub(super) fn present(&self) -> Vec<&str> {
        let counts = self.counts();
        let labels = self.labels.iter().zip(counts);
        labels.filter(|(_, count)| *count > 0).map(|(label, _)| label.as_str()).collect()
    }
}

/// The numbers to be predicted of each of N sequences `[N, O]`, or of each of their steps
/// `[Σ T_n, O]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueTargets {
    names: Vec<String>,
    values: Array2<f64>, // [rows, O]
    each: Each,
}

impl ValueTargets {
    /// O named numbers for each sequence, `[N, O]`.
    ///
    /// # Errors
    ///
    /// No names, one that stands twice or not one for each column; a value that is not finite.
    pub fn new(names: Vec<String>, values: Array2<f64>) -> Result<Self> {
        ValueTargets { names, values, each: Each::Sequence }.checked()
    }

    /// O named numbers for each step, `[Σ T_n, O]`: all of a row are NaN where the step has no
    /// target.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), but that a whole row may be NaN.
    pub fn of_steps(names: Vec<String>, values: Array2<f64>) -> Result<Self> {
        ValueTargets { names, values, each: Each::Step }.checked()
    }

    fn checked(self) -> Result<Self> {
        let ValueTargets { names, values, each } = &self;
        if names.is_empty() || names.len() != values.ncols() {
            let expected = [values.nrows(), names.len().max(1)];
            return Err(Error::shape("target values", &expected, values.shape()));
        }
        if let Some(name) = super::repeated(names) {
            let found = format!("{name:?} twice");
            return Err(Error::argument("target names", "each name once", found));
        }
        for (index, row) in values.outer_iter().enumerate() {
            let Some(column) = row.iter().position(|value| !value.is_finite()) else { continue };
            let (of, expected) = match each {
                Each::Step if row.iter().all(|value| value.is_nan()) => continue,
                Each::Step => ("step", "finite numbers, or none for any target of a step"),
                Each::Sequence => ("sequence", "a finite number"),
            };
            let name = format!("target {:?} of {of} {index}", names[column]);
            return Err(Error::argument(name, expected, row[column]));
        }
        Ok(self)
    }

    /// The same numbers under other names.
    pub(super) fn renamed(&self, names: Vec<String>) -> Result<Self> {
        ValueTargets { names, ..self.clone() }.checked()
    }

    /// What there are numbers for.
    #[must_use]
    pub fn each(&self) -> Each {
        self.each
    }

    /// What is predicted: the names of the target columns `[O]`.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers `[N, O]`, or `[Σ T_n, O]` with rows of NaN for steps that have none.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::Dataset;
    use super::*;

    fn data(targets: Targets) -> Result<Dataset> {
        let sequences = [array![[0.5], [1.5]], array![[2.5]], array![[3.5], [4.5], [5.5]]];
        Dataset::from_sequences(&sequences.each_ref().map(|s| s.view()), vec!["x".into()], targets)
    }

    fn labels() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    #[test]
    fn classes_of_steps_follow_their_sequences() {
        let none = ClassTargets::NONE;
        let classes = ClassTargets::of_steps("tag", labels(), vec![0, 1, none, 1, none, 0]);
        let data = data(Targets::Classes(classes.unwrap())).unwrap();
        let part = data.subset(&[2, 0]).unwrap();
        let Targets::Classes(classes) = part.targets() else { panic!("classes") };
        assert_eq!(classes.indices(), [1, none, 0, 0, 1]);
        assert_eq!((classes.each(), classes.counts()), (Each::Step, vec![2, 2]));
        assert!(data.with_target_names(&["kind"]).is_ok());
    }

    #[test]
    fn values_of_steps_follow_their_sequences() {
        let values = array![[0.0], [1.0], [f64::NAN], [3.0], [4.0], [5.0]];
        let values = ValueTargets::of_steps(vec!["y".into()], values).unwrap();
        let data = data(Targets::Values(values)).unwrap();
        assert_eq!(data.targets().each(), Some(Each::Step));
        let Targets::Values(values) = data.subset(&[2]).unwrap().targets().clone() else {
            panic!("values")
        };
        assert_eq!(values.values(), array![[3.0], [4.0], [5.0]]);
        let named = data.with_target_names(&["z"]).unwrap();
        assert_eq!(named.targets().each(), Some(Each::Step));
    }

    #[test]
    fn targets_that_do_not_fit_are_refused() {
        let class = |indices: &[usize]| ClassTargets::of_steps("tag", labels(), indices.to_vec());
        let value = |values| ValueTargets::of_steps(vec!["y".into(), "z".into()], values);
        let numbers = value(array![[f64::NAN, f64::NAN], [1.0, f64::NAN]]).unwrap_err();
        for (error, wanted) in [
            (class(&[0, 2]).unwrap_err(), "class index: expected below 2 (labels), got 2"),
            (
                ClassTargets::new("tag", labels(), vec![ClassTargets::NONE]).unwrap_err(),
                "class index: expected below 2 (labels), got 18446744073709551615",
            ),
            (
                numbers,
                "target \"z\" of step 1: expected finite numbers, or none for any target of a step, \
                 got NaN",
            ),
            (
                data(Targets::Classes(class(&[0, 1, 0]).unwrap())).unwrap_err(),
                "targets: expected shape [6], got [3]",
            ),
        ] {
            assert_eq!(error.to_string(), wanted);
        }
    }

    #[test]
    fn weights_follow_their_sequences() {
        let weighted = data(Targets::None).unwrap().with_weights(vec![1.0, 0.0, 2.5]).unwrap();
        let part = weighted.subset(&[2, 1]).unwrap();
        assert_eq!(part.weights(), Some(&[2.5, 0.0][..]));
        for (weights, wanted) in [
            (vec![1.0], "weights: expected shape [3], got [1]"),
            (vec![1.0, -1.0, 1.0], "weights: expected finite numbers of at least 0, got -1"),
            (vec![0.0; 3], "weights: expected at least one above 0, got none"),
        ] {
            let error = data(Targets::None).unwrap().with_weights(weights).unwrap_err();
            assert_eq!(error.to_string(), wanted);
        }
    }
}
