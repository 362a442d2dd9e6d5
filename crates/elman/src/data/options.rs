//! What a reader is told about a file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::layout::Layout;
use super::{Each, file};
use crate::error::{Error, Field, Result};

/// How a file of sequences is to be read.
///
/// ```
/// use elman::data::{Columns, ReadOptions, TargetKind};
///
/// let options = ReadOptions {
///     columns: Columns {
///         sequence: Some("utterance".into()),
///         time: Some("step".into()),
///         targets: vec!["speaker".into()],
///         ..Columns::default()
///     },
///     features: None,
///     exclude: vec![],
///     kind: TargetKind::Classes { known: None },
///     ..ReadOptions::default()
/// };
/// assert_eq!(options.columns.targets, ["speaker"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The roles of the columns of a CSV file; the default for a `.ts` file, which has none.
    pub columns: Columns,
    /// The channels, in this order.
    ///
    /// CSV: the names of columns; without them every numeric column that has no other role. `.ts`:
    /// names for the channels, which have none in the file; without them `channel1`, `channel2`, ….
    pub features: Option<Vec<String>>,
    /// Columns of a CSV file that are no channels although they hold numbers; only of use without
    /// a list of features.
    pub exclude: Vec<String>,
    /// Columns of a long CSV file that hold text, each a token channel.
    ///
    /// Without them, and without a list of features, those columns of text that have no other role
    /// and few values: 2 to 50, each of which stands in two rows on average.
    pub categories: Option<Vec<String>>,
    /// How the sequences lie in the file.
    pub layout: Layout,
    /// What is to be predicted.
    pub kind: TargetKind,
    /// Whether a long CSV file has a target for each sequence, or one for each step, where a cell
    /// may be empty.
    pub each: Each,
    /// What becomes of missing values of the channels.
    pub missing: Missing,
    /// Columns of dates of a long CSV file, the time column or others, whose place in the calendar is
    /// input.
    pub calendar: Vec<Calendar>,
    /// Which sequences [`split`](super::split) and [`folds`](super::folds) will set aside.
    pub split: SplitOrder,
}

/// Which sequences are set aside for validation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitOrder {
    /// Any, drawn at random.
    #[default]
    Random,
    /// The last ones: those that begin last by the time column, or that are last in the file.
    Time,
}

/// What becomes of missing values of the channels: cells that are empty or hold `NA`, `n/a`, `NaN`,
/// `null`, `none`, `?` or `-`, in upper or lower case.
///
/// Where values may be missing each channel `x` is followed, after all channels, by one that says
/// more of it. A value that nothing is known of is NaN in the data set, and the mean of the channel
/// over the training sequences for a network: 0 once standardised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Refused, with their number and the first place.
    #[default]
    Refuse,
    /// Nothing is known of the value; `x_missing` is 1 there, else 0.
    Mask,
    /// The last value of the sequence is carried forward; `x_steps_since` counts the steps since it
    /// was measured. Before the first nothing is known, and the steps are counted from 1.
    ///
    /// Source: the inputs of Che et al. (2018), "Recurrent neural networks for multivariate time
    /// series with missing values".
    Last,
}

impl Missing {
    /// The end of the name of the channel that says more.
    pub(super) fn suffix(self) -> Option<&'static str> {
        match self {
            Missing::Refuse => None,
            Missing::Mask => Some("_missing"),
            Missing::Last => Some("_steps_since"),
        }
    }

    /// Those of the channels of a data set that stand in its file.
    ///
    /// ```
    /// use elman::data::Missing;
    ///
    /// let channels = ["x", "y", "x_missing", "y_missing"].map(String::from);
    /// assert_eq!(Missing::Mask.in_file(&channels), ["x", "y"]);
    /// assert_eq!(Missing::Refuse.in_file(&channels).len(), 4);
    /// ```
    #[must_use]
    pub fn in_file(self, channels: &[String]) -> &[String] {
        match self {
            Missing::Refuse => channels,
            Missing::Mask | Missing::Last => &channels[..channels.len() / 2],
        }
    }
}

/// What separates the whole part of a number from its fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// `1.5`
    #[default]
    Point,
    /// `1,5`
    Comma,
}

/// The columns of a long CSV file that are not channels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The column that says which sequence a row belongs to. A CSV file needs one.
    pub sequence: Option<String>,
    /// The column that must grow within a sequence; it is checked and not used as a channel.
    pub time: Option<String>,
    /// The columns to be predicted: one for classes, one or more for values.
    pub targets: Vec<String>,
    /// What separates the fields of a row. Without it a comma for `.csv`, a tab for `.tsv` and
    /// `.tab`, and else what there is most of in the header.
    pub delimiter: Option<Delimiter>,
    /// What stands before the fraction of a number.
    pub decimal: Decimal,
    /// The order of the rows.
    pub order: RowOrder,
    /// The column of the weights of sequences.
    pub weight: Option<String>,
    /// The column that says which sequences stay on one side of a split: those of one person, say.
    pub group: Option<String>,
}

/// The order of the rows of a long CSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowOrder {
    /// Each sequence in one place, its rows in the order of time; anything else is refused.
    #[default]
    AsGiven,
    /// Any: the rows are sorted by sequence and time. Rows of the same time are refused; without a
    /// time column the rows of a sequence keep their order.
    Sort,
}

/// What separates the fields of a row of a CSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`
    Semicolon,
    /// The tab character.
    Tab,
}

impl Delimiter {
    /// The character.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
        }
    }
}

impl Delimiter {
    /// The one that a line has most of; a comma if it has none.
    pub(super) fn commonest(line: &str) -> Self {
        let count =
            |delimiter: &Delimiter| line.bytes().filter(|byte| *byte == delimiter.byte()).count();
        let candidates = [Delimiter::Semicolon, Delimiter::Tab, Delimiter::Comma];
        candidates.into_iter().max_by_key(count).unwrap_or_default()
    }
}

/// The name used in options: `comma`, `semicolon` or `tab`.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Delimiter::Comma => "comma",
            Delimiter::Semicolon => "semicolon",
            Delimiter::Tab => "tab",
        })
    }
}

/// What is to be predicted of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Nothing: targets in the file are not read.
    #[default]
    None,
    /// A class.
    Classes {
        /// The classes a model knows, in its order: any other is an error. Without them the
        /// classes are those of the file.
        known: Option<Vec<String>>,
    },
    /// Numbers.
    Values,
}

impl ReadOptions {
    /// Refuses a number of target columns that does not suit the kind, and a column in two roles.
    pub(super) fn check_columns(&self) -> Result<()> {
        let targets = &self.columns.targets;
        let expected = match (&self.kind, targets.len()) {
            (TargetKind::None, 1..) => Some("none, as nothing is to be predicted"),
            (TargetKind::Classes { .. }, 0 | 2..) => Some("one column, which holds the class"),
            (TargetKind::Values, 0) => Some("at least one column"),
            _ => None,
        };
        if let Some(expected) = expected {
            let found = if targets.is_empty() { "none".into() } else { file::list(targets) };
            return Err(Error::argument(Field::Target, expected, found));
        }
        self.check_features()?;
        self.check_roles()
    }

    /// Refuses an empty list of features, one that names a feature twice, and one beside columns
    /// that are excluded.
    pub(super) fn check_features(&self) -> Result<()> {
        match &self.features {
            Some(features)
                if features.is_empty()
                    && self.calendar.is_empty()
                    && self.categories.as_deref().is_none_or(<[String]>::is_empty) =>
            {
                Err(Error::argument(Field::Features, "at least one name", "none"))
            }
            Some(_) if !self.exclude.is_empty() => {
                let found = file::list(&self.exclude);
                Err(Error::argument(Field::Exclude, "none beside a list of features", found))
            }
            Some(features) => match super::repeated(features) {
                Some(name) => Err(Error::argument(
                    Field::Features,
                    "each name once",
                    format!("{name:?} twice"),
                )),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Every column that is named.
    pub(super) fn names(&self) -> Vec<&str> {
        let columns = &self.columns;
        let single = columns.sequence.iter().chain(&columns.time);
        let single = single.chain(&columns.weight).chain(&columns.group);
        let channels = self.features.iter().chain(&self.categories).flatten();
        let lists = columns.targets.iter().chain(channels).chain(&self.exclude);
        let dates = self.calendar.iter().map(Calendar::column);
        single.chain(lists).chain(self.layout.text()).map(String::as_str).chain(dates).collect()
    }

    fn check_roles(&self) -> Result<()> {
        let mut taken: Vec<(Field, &str)> = Vec::new();
        let columns = &self.columns;
        let single = [
            (Field::Sequence, &columns.sequence),
            (Field::Time, &columns.time),
            (Field::Weight, &columns.weight),
            (Field::Group, &columns.group),
        ];
        let single = single.iter().filter_map(|(role, name)| Some((*role, name.as_ref()?)));
        // The time column orders the steps and may be read as well.
        let dates = self.calendar.iter().map(|date| (Field::Calendar, &date.column));
        let dates = dates.filter(|(_, name)| columns.time.as_ref() != Some(name));
        let targets = self.columns.targets.iter().map(|name| (Field::Target, name));
        let features = self.features.iter().flatten().map(|name| (Field::Features, name));
        let exclude = self.exclude.iter().map(|name| (Field::Exclude, name));
        let categories = self.categories.iter().flatten().map(|name| (Field::Categories, name));
        let text = self.layout.text().into_iter().map(|name| (Field::Text, name));
        let channels = features.chain(categories).chain(text).chain(dates);
        for (role, name) in single.chain(targets).chain(channels).chain(exclude) {
            if let Some((other, _)) = taken.iter().find(|(_, taken)| taken == name) {
                let found = format!("{name:?}, which is named under {} already", other.name());
                return Err(Error::argument(role, "a column that has no other role", found));
            }
            taken.push((role, name));
        }
        Ok(())
    }
}
