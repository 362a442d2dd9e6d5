//! Naive Bayes on short runs of characters.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{FloorKind, Guesses, Said, thinned};
use crate::data::{Dataset, TokenChannel};
use crate::error::{Error, Result};
use crate::metric::winner;
use crate::real::Float;

/// The longest run.
const LONGEST: usize = 3;
/// The most runs that are kept, the commonest: about a hundred kilobytes in a file.
const MOST_GRAMS: usize = 5_000;
/// The most steps that are counted.
const MOST_STEPS: usize = 1_000_000;

/// How often each run of characters stands in the texts of each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NaiveBayes {
    channel: String,
    /// What stands between two tokens: nothing between characters.
    separator: String,
    /// Of so many texts.
    of: usize,
    /// Texts of each class that were counted `[O]`.
    texts: Vec<u64>,
    grams: Vec<String>,
    /// Of each run: a class, its count, another class, its count, ….
    counts: Vec<Vec<u64>>,
}

impl NaiveBayes {
    /// `None` where the data are not texts of one token channel.
    pub(super) fn fit(data: &Dataset, classes: &[i64], outputs: usize) -> Option<Self> {
        let [channel] = data.token_channels() else { return None };
        if data.input_size() > 0 {
            return None;
        }
        let is_single = |text: &String| text.chars().count() == 1;
        let separator = if channel.vocabulary().texts().iter().all(is_single) { "" } else { " " };
        let texts = Texts::new(data, channel, separator);
        let longest = data.total_steps() / data.len().max(1);
        let mut of_classes = vec![0; outputs];
        let mut counts: HashMap<String, Vec<u64>> = HashMap::new();
        for row in thinned(data.len(), MOST_STEPS / longest.max(1)) {
            let Ok(class) = usize::try_from(classes[row]) else { continue };
            of_classes[class] += 1;
            for gram in grams(&texts.characters(row)) {
                if let Some(counts) = counts.get_mut(gram.as_str()) {
                    counts[class] += 1;
                } else {
                    let mut fresh = vec![0; outputs];
                    fresh[class] = 1;
                    counts.insert(gram, fresh);
                }
            }
        }
        let mut common: Vec<(String, Vec<u64>)> = counts.into_iter().collect();
        let total = |counts: &[u64]| counts.iter().sum::<u64>();
        common.sort_unstable_by(|a, b| total(&b.1).cmp(&total(&a.1)).then(a.0.cmp(&b.0)));
        common.truncate(MOST_GRAMS);
        let sparse = |counts: &Vec<u64>| {
            let present = (0..).zip(counts).filter(|(_, count)| **count > 0);
            present.flat_map(|(class, count)| [class, *count]).collect()
        };
        let counts = common.iter().map(|(_, counts)| sparse(counts)).collect();
        let grams = common.into_iter().map(|(gram, _)| gram).collect();
        let (channel, separator) = (channel.name().to_owned(), separator.to_owned());
        Some(NaiveBayes { channel, separator, of: data.len(), texts: of_classes, grams, counts })
    }

    /// Every text has a class, the commonest if there is no channel of the name.
    pub(super) fn guesses(&self, data: &Dataset) -> Guesses {
        let channels = data.token_channels();
        let texts = channels.iter().find(|channel| channel.name() == self.channel);
        let texts = texts.map(|channel| Texts::new(data, channel, &self.separator));
        let scores = self.scores();
        let said = (0..data.len()).map(|row| {
            let mut sums = scores.classes.clone();
            let grams = texts.as_ref().map_or(vec![], |texts| grams(&texts.characters(row)));
            for own in grams.iter().filter_map(|gram| scores.grams.get(gram.as_str())) {
                sums.iter_mut().zip(own).for_each(|(sum, score)| *sum += score);
            }
            winner(ndarray::aview1(&sums))
        });
        let said = Said::Classes(said.collect());
        let counted = usize::try_from(self.texts.iter().sum::<u64>()).ok();
        let fitted_on = counted.filter(|counted| *counted < self.of);
        Guesses { kind: FloorKind::NaiveBayes, fitted_on, said }
    }

    /// Logarithms of probabilities, each count with 1 added.
    fn scores(&self) -> Scores<'_> {
        let mut totals = vec![self.grams.len() as f64; self.texts.len()];
        for pair in self.counts.iter().flat_map(|counts| counts.chunks_exact(2)) {
            totals[index(pair[0])] += pair[1] as f64;
        }
        let all = self.texts.iter().sum::<u64>() as f64;
        let logs: Vec<f64> = totals.iter().map(|total| Float::ln(*total)).collect();
        let mut grams = HashMap::with_capacity(self.grams.len());
        for (gram, counts) in self.grams.iter().zip(&self.counts) {
            let mut scores: Vec<f64> = logs.iter().map(|log| -log).collect();
            for pair in counts.chunks_exact(2) {
                scores[index(pair[0])] += Float::ln(pair[1] as f64 + 1.0);
            }
            grams.insert(gram.as_str(), scores);
        }
        let prior = |count: &u64| Float::ln(*count as f64 / all);
        Scores { classes: self.texts.iter().map(prior).collect(), grams }
    }

    pub(super) fn check(&self, outputs: usize) -> Result<()> {
        let found = [self.texts.len(), self.counts.len()];
        if found != [outputs, self.grams.len()] {
            return Err(Error::shape("floors.bayes", &[outputs, self.grams.len()], &found));
        }
        let fits = |counts: &Vec<u64>| {
            let classes = counts.iter().step_by(2);
            counts.len().is_multiple_of(2) && classes.clone().all(|c| index(*c) < outputs)
        };
        if self.counts.iter().all(fits) {
            return Ok(());
        }
        let expected = format!("pairs of a class below {outputs} and a count");
        Err(Error::argument("floors.bayes", expected, "others"))
    }
}

struct Scores<'a> {
    /// Of each class before anything is read `[O]`.
    classes: Vec<f64>,
    grams: HashMap<&'a str, Vec<f64>>,
}

fn index(class: u64) -> usize {
    usize::try_from(class).unwrap_or(usize::MAX)
}

/// The texts of a token channel.
struct Texts<'a> {
    channel: &'a TokenChannel,
    /// Where each text starts among all steps `[N + 1]`.
    starts: Vec<usize>,
    separator: &'a str,
}

impl<'a> Texts<'a> {
    fn new(data: &Dataset, channel: &'a TokenChannel, separator: &'a str) -> Self {
        let mut starts = vec![0];
        for length in data.lengths() {
            starts.push(starts[starts.len() - 1] + length);
        }
        Texts { channel, starts, separator }
    }

    /// The characters of a text, a space before and after it.
    fn characters(&self, row: usize) -> Vec<char> {
        let ids = &self.channel.ids()[self.starts[row]..self.starts[row + 1]];
        let tokens = ids.iter().map(|id| self.channel.vocabulary().text(*id).unwrap_or_default());
        let mut characters = vec![' '];
        for (place, token) in tokens.enumerate() {
            characters.extend(self.separator.chars().filter(|_| place > 0));
            characters.extend(token.chars());
        }
        characters.push(' ');
        characters
    }
}

/// All runs of 1 to 3 characters.
fn grams(characters: &[char]) -> Vec<String> {
    let of = |length| characters.windows(length).map(|run| run.iter().collect());
    (1..=LONGEST).flat_map(of).collect()
}
