//! Classes as a reader meets them, one label after the other.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::file;
use super::targets::{ClassTargets, Each};
use crate::error::{FileFault, Result};

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

    /// Says that the next step has no class.
    pub(super) fn add_none(&mut self) {
        self.indices.push(ClassTargets::NONE);
    }

    /// Puts the rows in another order.
    pub(super) fn reorder(&mut self, order: &[usize]) {
        self.indices = order.iter().map(|&row| self.indices[row]).collect();
    }

    /// The class of a sequence.
    pub(super) fn label(&self, sequence: usize) -> Option<&str> {
        self.indices.get(sequence).map(|&index| self.labels[index].as_str())
    }

    /// The classes; if they were not given, sorted: by number if all are numbers, else by their
    /// characters.
    pub(super) fn finish(mut self, name: &str, each: Each) -> Result<ClassTargets> {
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
            let sorted: Vec<usize> =
                self.labels.iter().map(|label| place[label.as_str()]).collect();
            for index in self.indices.iter_mut().filter(|index| **index != ClassTargets::NONE) {
                *index = sorted[*index];
            }
            self.labels = labels;
        }
        match each {
            Each::Sequence => ClassTargets::new(name, self.labels, self.indices),
            Each::Step => ClassTargets::of_steps(name, self.labels, self.indices),
        }
    }
}

/// The numbers the labels stand for, if all do.
fn numbers(labels: &[String]) -> Option<Vec<f64>> {
    labels.iter().map(|label| file::number(label).ok()).collect()
}

fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}
