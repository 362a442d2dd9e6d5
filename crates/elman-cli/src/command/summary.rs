//! What was understood of a data set.

use std::path::PathBuf;

use elman::data::{ClassTargets, Dataset, LabelTargets, Targets, TokenChannel, ValueTargets};
use serde::Serialize;

use crate::printer::text::{Facts, counted, grouped, list, measure};

/// How many names are shown before a list is cut.
const MOST_NAMES: usize = 16;

/// What was understood of a data set.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub path: Option<PathBuf>,
    pub sequences: usize,
    pub steps: usize,
    pub lengths: Lengths,
    pub channels: Vec<String>,
    /// The token channels, each with the number of its texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Tokens>,
    pub target: Target,
    pub left_out: Vec<LeftOut>,
}

/// A token channel.
#[derive(Clone, Debug, Serialize)]
pub struct Tokens {
    pub name: String,
    pub texts: usize,
}

/// The lengths of the sequences.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Lengths {
    pub min: usize,
    pub median: usize,
    pub max: usize,
}

/// What is to be predicted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    None,
    Classes { name: String, classes: Vec<Class> },
    Values(Vec<Value>),
}

/// One class.
#[derive(Clone, Debug, Serialize)]
pub struct Class {
    pub label: String,
    pub sequences: usize,
}

/// One number to be predicted.
#[derive(Clone, Debug, Serialize)]
pub struct Value {
    pub name: String,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

/// A column that is not read, and why.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    pub column: String,
    pub reason: String,
    #[serde(skip)]
    words: String,
}

impl Summary {
    /// Of a data set.
    pub fn of(data: &Dataset) -> Self {
        let left_out = data.left_out().iter().map(|left| LeftOut {
            column: left.name.clone(),
            reason: left.reason.to_string(),
            words: left.to_string(),
        });
        Summary {
            path: data.source().map(|source| source.path.clone()),
            sequences: data.len(),
            steps: data.total_steps(),
            lengths: lengths(data),
            channels: data.feature_names().to_vec(),
            tokens: tokens(data),
            target: match data.targets() {
                Targets::None => Target::None,
                Targets::Classes(classes) => classes_of(classes),
                Targets::Labels(labels) => labels_of(labels),
                Targets::Values(values) => values_of(values),
            },
            left_out: left_out.collect(),
        }
    }

    /// One fact: how many sequences of which lengths.
    pub fn describe_size(&self, label: &str, facts: &mut Facts) {
        let Lengths { min, median, max } = self.lengths;
        let lengths = match min == max {
            true => format!("all of length {min}"),
            false => format!("lengths {min} to {max}, median {median}"),
        };
        let (sequences, steps) = (counted(self.sequences, "sequence"), counted(self.steps, "step"));
        facts.add(label, format!("{sequences}, {steps}; {lengths}"));
    }

    /// What the channels and the targets are, and what is neither.
    pub fn describe_columns(&self, facts: &mut Facts) {
        if !self.channels.is_empty() {
            let channels = list(&self.channels, MOST_NAMES);
            facts.add("channels", format!("{}: {channels}", self.channels.len()));
        }
        if !self.tokens.is_empty() {
            let tokens: Vec<String> = self
                .tokens
                .iter()
                .map(|token| format!("{} ({})", token.name, grouped(token.texts)))
                .collect();
            facts.add("tokens", list(&tokens, MOST_NAMES));
        }
        match &self.target {
            Target::None => {}
            Target::Classes { name, classes } => {
                facts.add("target", format!("{name}: {}", counted(classes.len(), "class")));
                let shown: Vec<String> = classes
                    .iter()
                    .map(|class| format!("{} ({})", class.label, grouped(class.sequences)))
                    .collect();
                facts.add("", list(&shown, MOST_NAMES));
            }
            Target::Values(values) => {
                for (index, value) in values.iter().enumerate() {
                    let [min, mean, max] = [value.min, value.mean, value.max].map(measure);
                    let fact = format!("{}: {min} to {max}, mean {mean}", value.name);
                    facts.add(if index == 0 { "target" } else { "" }, fact);
                }
            }
        }
        for (index, left) in self.left_out.iter().enumerate() {
            let label = if index == 0 { "left out" } else { "" };
            facts.add(label, &left.words);
        }
    }
}

fn tokens(data: &Dataset) -> Vec<Tokens> {
    let texts = |channel: &TokenChannel| Tokens {
        name: channel.name().to_owned(),
        texts: channel.vocabulary().texts().len(),
    };
    data.token_channels().iter().map(texts).collect()
}

fn lengths(data: &Dataset) -> Lengths {
    let mut lengths = data.lengths();
    lengths.sort_unstable();
    match (lengths.first(), lengths.last()) {
        (Some(&min), Some(&max)) => Lengths { min, median: lengths[lengths.len() / 2], max },
        _ => Lengths::default(),
    }
}

fn classes_of(classes: &ClassTargets) -> Target {
    let counts = classes.labels().iter().zip(classes.counts());
    let classes_of = counts.map(|(label, sequences)| Class { label: label.clone(), sequences });
    Target::Classes { name: classes.name().to_owned(), classes: classes_of.collect() }
}

/// Each label with the sequences that have it.
fn labels_of(labels: &LabelTargets) -> Target {
    let values = labels.values();
    let columns = labels.labels().iter().zip(values.columns());
    let class = columns.map(|(label, column)| Class {
        label: label.clone(),
        sequences: column.iter().filter(|value| **value > 0.0).count(),
    });
    Target::Classes {
        name: labels.column().unwrap_or("labels").to_owned(),
        classes: class.collect(),
    }
}

fn values_of(values: &ValueTargets) -> Target {
    let numbers = values.values();
    let columns = values.names().iter().zip(numbers.columns());
    let value = columns.map(|(name, column)| {
        let known: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
        Value {
            name: name.clone(),
            min: known.iter().copied().fold(f64::INFINITY, f64::min),
            mean: known.iter().sum::<f64>() / known.len().max(1) as f64,
            max: known.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    });
    Target::Values(value.collect())
}
