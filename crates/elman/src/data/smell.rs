//! What is suspicious in a data set that can be read all the same.
//!
//! A channel that counts the rows, or names the sequence, tells a network which example it sees; on
//! other data it is of no use. Nothing is changed here: a smell is said, and the user decides.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{Dataset, Targets, TokenChannel, file};

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Smell {
    /// A channel grows by the same from each row to the next, over all sequences.
    CountsRows {
        /// The channel.
        channel: String,
    },
    /// A channel grows by the same from step to step, in every sequence alike.
    CountsSteps {
        /// The channel.
        channel: String,
    },
    /// A channel is the same at all steps of a sequence, but not in all sequences.
    ConstantInSequences {
        /// The channel.
        channel: String,
    },
    /// A column of text that is read as categories is the same at all steps of a sequence, and has
    /// fewer values than there are sequences.
    NamesGroups {
        /// The column.
        channel: String,
        /// One of its values.
        example: String,
    },
    /// Two classes differ only in upper and lower case, in white space, or in how a number is
    /// written.
    LikeClasses {
        /// The class that comes first.
        one: String,
        /// The other.
        other: String,
    },
    /// Two ids differ only in that way.
    LikeIds {
        /// The id that comes first.
        one: String,
        /// The other.
        other: String,
    },
}

impl Smell {
    /// The channel that is suspicious, if it is one.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        match self {
            Smell::CountsRows { channel }
            | Smell::CountsSteps { channel }
            | Smell::ConstantInSequences { channel }
            | Smell::NamesGroups { channel, .. } => Some(channel),
            Smell::LikeClasses { .. } | Smell::LikeIds { .. } => None,
        }
    }
}

impl fmt::Display for Smell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Smell::CountsRows { channel } => {
                write!(f, "channel {channel:?} counts the rows of the file, it measures nothing")
            }
            Smell::CountsSteps { channel } => {
                write!(f, "channel {channel:?} counts the steps, alike in every sequence")
            }
            Smell::ConstantInSequences { channel } => {
                let why = "it may name the sequence (a person, a recording)";
                write!(f, "channel {channel:?} is constant within every sequence: {why}")
            }
            Smell::NamesGroups { channel, example } => {
                let example = file::quote(example);
                let why = format!("it may name a person or a group ({example})");
                write!(f, "column {channel:?} is a category, constant within every sequence: {why}")
            }
            Smell::LikeClasses { one, other } => {
                let (one, other) = (file::quote(one), file::quote(other));
                write!(f, "the classes {one} and {other} are read as two: are they one?")
            }
            Smell::LikeIds { one, other } => {
                let (one, other) = (file::quote(one), file::quote(other));
                write!(f, "the ids {one} and {other} are read as two sequences: are they one?")
            }
        }
    }
}

impl Dataset {
    /// What is suspicious in the data: at most one smell for each channel, one for the classes and
    /// one for the ids.
    ///
    /// ```
    /// use elman::data::{Dataset, Smell, Targets};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let one = array![[0.0, 0.3], [1.0, 0.1], [2.0, 0.2]];
    /// let other = array![[3.0, 0.1], [4.0, 0.2]];
    /// let names = vec!["index".into(), "x".into()];
    /// let data = Dataset::from_sequences(&[one.view(), other.view()], names, Targets::None)?;
    /// assert_eq!(data.smells(), [Smell::CountsRows { channel: "index".into() }]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn smells(&self) -> Vec<Smell> {
        let channels = (0..self.input_size()).filter_map(|channel| self.channel_smell(channel));
        let mut smells: Vec<Smell> = channels.collect();
        if self.input_size() > 0 {
            let texts = self.token_channels().iter();
            smells.extend(texts.filter_map(|channel| self.names_groups(channel)));
        }
        if let Targets::Classes(classes) = self.targets()
            && let Some([one, other]) = alike(classes.present().into_iter())
        {
            smells.push(Smell::LikeClasses { one, other });
        }
        if let Some([one, other]) = alike(self.ids().iter().map(String::as_str)) {
            smells.push(Smell::LikeIds { one, other });
        }
        smells
    }

    /// Whether a column of text is constant within every sequence, and several sequences have the same.
    fn names_groups(&self, channel: &TokenChannel) -> Option<Smell> {
        let mut values = HashSet::new();
        let mut long = 0;
        for index in 0..self.len() {
            let span = self.steps(index).ok()?;
            let ids = &channel.ids()[span];
            let Some((first, rest)) = ids.split_first() else { continue };
            if rest.iter().any(|id| id != first) {
                return None;
            }
            long += usize::from(!rest.is_empty());
            values.insert(*first);
        }
        let example = channel.vocabulary().text(channel.ids().first().copied()?)?.to_string();
        let names = long >= 2 && values.len() >= 2 && values.len() < self.len();
        names.then(|| Smell::NamesGroups { channel: channel.name().to_string(), example })
    }

    fn channel_smell(&self, channel: usize) -> Option<Smell> {
        let name = || self.feature_names()[channel].clone();
        let width = self.input_size();
        let values = || self.values().iter().skip(channel).step_by(width).copied();
        let changes = |values: &mut dyn Iterator<Item = f64>| {
            let mut changes = Changes::default();
            changes.add(values);
            changes
        };
        let over_all = changes(&mut values());
        if over_all.count() > 1 && over_all.are_one_step() {
            return Some(Smell::CountsRows { channel: name() });
        }
        let mut within = Changes::default();
        for index in 0..self.len() {
            let Some(sequence) = self.sequence(index) else { continue };
            within.add(&mut sequence.column(channel).iter().copied());
        }
        match within {
            _ if within.count() < 2 || self.len() < 2 => None,
            _ if within.are_one_step() => Some(Smell::CountsSteps { channel: name() }),
            _ if within.are_zero() && !over_all.are_zero() => {
                Some(Smell::ConstantInSequences { channel: name() })
            }
            _ => None,
        }
    }
}

/// The differences of each value to the one before it.
#[derive(Default)]
struct Changes {
    range: Option<(f64, f64)>,
    count: usize,
}

impl Changes {
    fn add(&mut self, values: &mut dyn Iterator<Item = f64>) {
        let Some(mut last) = values.next() else { return };
        for value in values {
            let change = value - last;
            let (low, high) = self.range.unwrap_or((change, change));
            self.range = Some((low.min(change), high.max(change)));
            self.count += 1;
            last = value;
        }
    }

    fn count(&self) -> usize {
        self.count
    }

    fn are_zero(&self) -> bool {
        self.range.is_some_and(|(low, high)| low.abs() <= 0.0 && high.abs() <= 0.0)
    }

    /// Whether all are the same step up or down. Steps such as 0.1 are not equal to the bit.
    fn are_one_step(&self) -> bool {
        const ROUNDING: f64 = 1e-6;
        let Some((low, high)) = self.range else { return false };
        low.abs() > 0.0 && low * high > 0.0 && high - low <= ROUNDING * low.abs().max(high.abs())
    }
}

/// The first two names that differ only in case, white space, or the writing of a number.
fn alike<'a>(names: impl Iterator<Item = &'a str>) -> Option<[String; 2]> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for name in names {
        let plain = match file::number(name.trim()) {
            Ok(number) => number.to_string(),
            Err(_) => name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
        };
        match seen.get(&plain) {
            Some(&other) if other != name => return Some([other.to_string(), name.to_string()]),
            Some(_) => {}
            None => _ = seen.insert(plain, name),
        }
    }
    None
}
