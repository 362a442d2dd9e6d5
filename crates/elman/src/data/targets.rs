//! What is to be predicted of each sequence: a class, numbers, or nothing.

use std::cmp::Ordering;
use std::collections::HashMap;

use ndarray::{Array2, ArrayView2, Axis};

use super::file;
use crate::error::{Error, FileFault, Result};

/// What is to be predicted of each of N sequences.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Nothing is known.
    None,
    /// One of several classes.
    Classes(ClassTargets),
    /// One or more numbers.
    Values(ValueTargets),
}

impl Targets {
    /// The number of sequences, N; `None` where there are no targets.
    #[must_use]
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Targets::None => None,
            Targets::Classes(classes) => Some(classes.indices.len()),
            Targets::Values(values) => Some(values.values.nrows()),
        }
    }

    /// The targets of the sequences at `indices`, all below N.
    pub(super) fn subset(&self, indices: &[usize]) -> Self {
        match self {
            Targets::None => Targets::None,
            Targets::Classes(classes) => Targets::Classes(ClassTargets {
                indices: indices.iter().map(|&index| classes.indices[index]).collect(),
                ..classes.clone()
            }),
            Targets::Values(values) => Targets::Values(ValueTargets {
                names: values.names.clone(),
                values: values.values.select(Axis(0), indices),
            }),
        }
    }
}

/// The class of each of N sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTargets {
    name: String,
    labels: Vec<String>,
    indices: Vec<usize>,
}

impl ClassTargets {
    /// Classes by their index in `labels`; `name` says what is told apart.
    ///
    /// # Errors
    ///
    /// A label that stands twice; an index past the last label.
    pub fn new(name: impl Into<String>, labels: Vec<String>, indices: Vec<usize>) -> Result<Self> {
        if let Some(label) = super::repeated(&labels) {
            return Err(Error::argument("labels", "each label once", format!("{label:?} twice")));
        }
        if let Some(index) = indices.iter().find(|index| **index >= labels.len()) {
            let expected = format!("below {} (labels)", labels.len());
            return Err(Error::argument("class index", expected, index));
        }
        Ok(ClassTargets { name: name.into(), labels, indices })
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

    /// The class of each sequence, an index into the labels `[N]`.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// How many sequences each class has.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        self.indices.iter().for_each(|&index| counts[index] += 1);
        counts
    }

    /// The labels that occur.
    pub(super) fn present(&self) -> Vec<&str> {
        let counts = self.counts();
        let labels = self.labels.iter().zip(counts);
        labels.filter(|(_, count)| *count > 0).map(|(label, _)| label.as_str()).collect()
    }
}

/// The numbers to be predicted of each of N sequences, `[N, O]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueTargets {
    names: Vec<String>,
    values: Array2<f64>, // [N, O]
}

impl ValueTargets {
    /// O named numbers for each sequence, `[N, O]`.
    ///
    /// # Errors
    ///
    /// No names, one that stands twice or not one for each column; a value that is not finite.
    pub fn new(names: Vec<String>, values: Array2<f64>) -> Result<Self> {
        if names.is_empty() || names.len() != values.ncols() {
            let expected = [values.nrows(), names.len().max(1)];
            return Err(Error::shape("target values", &expected, values.shape()));
        }
        if let Some(name) = super::repeated(&names) {
            return Err(Error::argument(
                "target names",
                "each name once",
                format!("{name:?} twice"),
            ));
        }
        if let Some(((row, column), value)) = values.indexed_iter().find(|(_, v)| !v.is_finite()) {
            let name = format!("target {:?} of sequence {row}", names[column]);
            return Err(Error::argument(name, "a finite number", value));
        }
        Ok(ValueTargets { names, values })
    }

    /// What is predicted: the names of the target columns `[O]`.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers `[N, O]`.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }
}

/// Gathers the class of one sequence after the other.
pub(super) struct ClassCollector {
    labels: Vec<String>,
    indices: Vec<usize>,
    lookup: HashMap<String, usize>,
    /// Whether the labels were given; else they are those that occur.
    known: bool,
}

/// A label that is not among the known ones.
pub(super) struct UnknownClass {
    expected: String,
    found: String,
    hint: Option<String>,
}

impl UnknownClass {
    /// The fault at a place.
    pub(super) fn at(self, place: FileFault) -> FileFault {
        let fault = FileFault { expected: self.expected, found: self.found, ..place };
        file::with_hint(fault, self.hint)
    }
}

impl ClassCollector {
    /// For the classes `known`, in this order, or for those that will occur.
    pub(super) fn new(known: Option<Vec<String>>) -> Self {
        let labels = known.as_ref().map_or(vec![], Clone::clone);
        let lookup =
            labels.iter().enumerate().map(|(index, label)| (label.clone(), index)).collect();
        ClassCollector { labels, indices: vec![], lookup, known: known.is_some() }
    }

    /// The class of the next sequence.
    pub(super) fn add(&mut self, label: &str) -> std::result::Result<(), UnknownClass> {
        let index = match self.lookup.get(label) {
            Some(&index) => index,
            None if self.known => {
                return Err(UnknownClass {
                    expected: format!("one of the classes {}", file::list(&self.labels)),
                    found: file::quote(label),
                    hint: file::did_you_mean(label, self.labels.iter().map(String::as_str)),
                });
            }
            None => {
                self.lookup.insert(label.to_string(), self.labels.len());
                self.labels.push(label.to_string());
                self.labels.len() - 1
            }
        };
        self.indices.push(index);
        Ok(())
    }

    /// The class of a sequence.
    pub(super) fn label(&self, sequence: usize) -> Option<&str> {
        self.indices.get(sequence).map(|&index| self.labels[index].as_str())
    }

    /// The classes; if they were not given, sorted: by number if all are numbers, else by their
    /// characters.
    pub(super) fn finish(mut self, name: &str) -> Result<ClassTargets> {
        if !self.known {
            let mut labels = self.labels.clone();
            labels.sort();
            if let Some(numbers) = numbers(&labels) {
                let mut order: Vec<usize> = (0..labels.len()).collect();
                order.sort_by(|&a, &b| compare(numbers[a], numbers[b]).then(a.cmp(&b)));
                labels = order.iter().map(|&index| labels[index].clone()).collect();
            }
            let place: HashMap<&str, usize> =
                labels.iter().enumerate().map(|(place, label)| (label.as_str(), place)).collect();
            self.indices.iter_mut().for_each(|i| *i = place[self.labels[*i].as_str()]);
            self.labels = labels;
        }
        ClassTargets::new(name, self.labels, self.indices)
    }
}

/// The numbers the labels stand for, if all do.
fn numbers(labels: &[String]) -> Option<Vec<f64>> {
    labels.iter().map(|label| file::number(label).ok()).collect()
}

fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}
