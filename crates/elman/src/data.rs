//! Sequences with what is to be predicted of each: the [`Dataset`], and reading it from files.
//!
//! A data set holds its numbers in `f64`, one step after the other, so that reading loses nothing;
//! [`Dataset::batch`] standardises and converts to the number type of a network. The readers of
//! [long CSV](csv) and [`.ts`](ts) refuse what they do not understand: nothing is filled in,
//! dropped or repaired without being asked, and every fault names the file, the row and the column.

mod arrays;
mod batch;
pub(crate) mod calendar;
mod class_collector;
pub mod csv;
mod file;
mod format;
mod gzip;
mod input;
mod inputs;
mod labels;
mod layout;
mod left_out;
mod look;
mod missing;
mod options;
mod place;
mod scale;
mod smell;
mod source;
mod split;
pub mod tagged;
mod targets;
mod texts;
mod tokens;
pub mod ts;
mod units;
mod vocabulary;
pub mod wide;
mod words;

use std::ops::Range;
use std::path::PathBuf;

use ndarray::ArrayView2;

pub use calendar::Calendar;
pub use format::{Format, read, read_files};
pub use inputs::Unknown;
pub use labels::LabelTargets;
pub use layout::{Layout, Tagged, Tokens};
pub use left_out::{CellExample, LeftOut, LeftOutReason};
pub use look::{Candidate, ColumnLook, LengthsLook, Look, look};
pub use options::{
    Columns, Decimal, Delimiter, Missing, ReadOptions, RowOrder, SplitOrder, TargetKind,
};
pub use scale::Standardization;
pub use smell::Smell;
pub use source::Source;
pub use split::{Split, folds, split};
pub use targets::{ClassTargets, Each, Targets, ValueTargets};
pub use tokens::{NamedVocabulary, TokenChannel};
pub use units::TargetTransform;
pub(crate) use units::TargetUnits;
pub use vocabulary::Vocabulary;

use self::place::Places;
use crate::error::{Error, FileFault, Result};

/// N sequences `[T_n, I]` of numbers, an id for each, and what is to be predicted of them or of each
/// of their steps; beside the numbers, or in their place, there may be
/// [token channels](Dataset::token_channels).
///
/// ```
/// use elman::data::{ClassTargets, Dataset, Targets};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let targets = ClassTargets::new("mood", vec!["calm".into(), "wild".into()], vec![1, 0])?;
/// let dataset = Dataset::from_sequences(
///     &[array![[0.5], [3.0], [-2.0]].view(), array![[0.1], [0.2]].view()],
///     vec!["speed".into()],
///     Targets::Classes(targets),
/// )?;
/// assert_eq!(dataset.len(), 2);
/// assert_eq!(dataset.lengths(), [3, 2]);
/// assert_eq!(dataset.sequence(1), Some(array![[0.1], [0.2]].view()));
///
/// let batch = dataset.batch::<f32>(&[0, 1], None)?;
/// assert_eq!(batch.values().dim(), (2, 3, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    ids: Vec<String>,           // [N]
    feature_names: Vec<String>, // [I]
    values: Vec<f64>,           // [Σ T_n, I]
    tokens: Vec<TokenChannel>,
    offsets: Vec<usize>, // [N + 1], in steps
    targets: Targets,
    weights: Option<Vec<f64>>,   // [N]
    groups: Option<Vec<String>>, // [N]
    /// How many sequences come before each.
    time_order: Option<Vec<usize>>, // [N]
    source: Option<Source>,
    left_out: Vec<LeftOut>,
    places: Places,
    /// What the places are places of.
    files: Vec<PathBuf>,
}

impl Dataset {
    /// A data set of arrays `[T_n, I]`; the ids are `"0"`, `"1"`, ….
    ///
    /// # Errors
    ///
    /// No feature names or one used twice; a sequence whose width is not their number; a value that
    /// is not finite; targets for another number of sequences or steps.
    pub fn from_sequences(
        sequences: &[ArrayView2<'_, f64>],
        feature_names: Vec<String>,
        targets: Targets,
    ) -> Result<Self> {
        let (mut values, mut offsets) = (Vec::new(), vec![0]);
        for (index, sequence) in sequences.iter().enumerate() {
            if sequence.ncols() != feature_names.len() {
                let expected = [sequence.nrows(), feature_names.len()];
                return Err(Error::shape(format!("sequence {index}"), &expected, sequence.shape()));
            }
            if let Some(((step, column), value)) =
                sequence.indexed_iter().find(|(_, value)| !value.is_finite())
            {
                let name = format!("sequence {index}, step {step}, {:?}", feature_names[column]);
                return Err(Error::argument(name, "a finite number", value));
            }
            values.extend(sequence.iter());
            offsets.push(offsets[index] + sequence.nrows());
        }
        let ids = (0..sequences.len()).map(|index| index.to_string()).collect();
        let tokens = vec![];
        Dataset::assemble(Parts { ids, feature_names, values, tokens, offsets, targets })
    }

    fn assemble(parts: Parts) -> Result<Self> {
        let Parts { ids, feature_names, values, tokens, offsets, targets } = parts;
        let steps = offsets.last().copied().unwrap_or(0);
        tokens::check(&feature_names, &tokens, steps)?;
        targets.check_count([ids.len(), steps])?;
        Ok(Dataset {
            ids,
            feature_names,
            values,
            tokens,
            offsets,
            targets,
            weights: None,
            groups: None,
            time_order: None,
            source: None,
            left_out: vec![],
            places: Places::Unknown,
            files: vec![],
        })
    }

    /// The same data with a weight for each sequence `[N]`: how much it counts in training.
    ///
    /// # Errors
    ///
    /// Not a weight for each sequence; one that is negative or not finite; all 0.
    pub fn with_weights(self, weights: Vec<f64>) -> Result<Self> {
        if weights.len() != self.len() {
            return Err(Error::shape("weights", &[self.len()], &[weights.len()]));
        }
        let unusable = |weight: &f64| !weight.is_finite() || *weight < 0.0;
        if let Some(weight) = weights.iter().find(|weight| unusable(weight)) {
            return Err(Error::argument("weights", "finite numbers of at least 0", weight));
        }
        if !weights.is_empty() && !weights.iter().any(|weight| *weight > 0.0) {
            return Err(Error::argument("weights", "at least one above 0", "none"));
        }
        Ok(Dataset { weights: Some(weights), ..self })
    }

    /// The same data under other ids `[N]`.
    ///
    /// # Errors
    ///
    /// Not an id for each sequence.
    pub fn with_ids<S: Into<String>>(self, ids: impl IntoIterator<Item = S>) -> Result<Self> {
        let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
        match ids.len() {
            count if count == self.len() => Ok(Dataset { ids, ..self }),
            count => Err(Error::shape("ids", &[self.len()], &[count])),
        }
    }

    /// The same data with the group of each sequence `[N]`: [`split`] and [`folds`] keep the
    /// sequences of a group, those of one person say, on one side.
    ///
    /// # Errors
    ///
    /// Not a group for each sequence.
    pub fn with_groups(self, groups: Vec<String>) -> Result<Self> {
        match groups.len() {
            count if count == self.len() => Ok(Dataset { groups: Some(groups), ..self }),
            count => Err(Error::shape("groups", &[self.len()], &[count])),
        }
    }

    /// The same data with the place of each sequence in the order of time `[N]`, from 0: [`split`] sets
    /// the last ones aside, and [`folds`] only those after what is trained on. Sequences of one place
    /// stay in their order.
    ///
    /// # Errors
    ///
    /// Not a place for each sequence.
    pub fn with_time_order(self, places: Vec<usize>) -> Result<Self> {
        match places.len() {
            count if count == self.len() => Ok(Dataset { time_order: Some(places), ..self }),
            count => Err(Error::shape("places in time", &[self.len()], &[count])),
        }
    }

    /// The number of sequences, N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no sequence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The name of each sequence `[N]`.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The number of steps of each sequence `[N]`.
    #[must_use]
    pub fn lengths(&self) -> Vec<usize> {
        self.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// The number of steps of all sequences together.
    #[must_use]
    pub fn total_steps(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The number of numeric channels, I: 0 where there are token channels alone.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.feature_names.len()
    }

    /// The name of each numeric channel `[I]`.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// One sequence `[T_n, I]`; `None` past the last one.
    #[must_use]
    pub fn sequence(&self, index: usize) -> Option<ArrayView2<'_, f64>> {
        let (start, end) = (*self.offsets.get(index)?, *self.offsets.get(index + 1)?);
        let width = self.input_size();
        let steps = self.values.get(start * width..end * width)?;
        ArrayView2::from_shape((end - start, width), steps).ok()
    }

    /// The steps of all sequences one after the other `[Σ T_n, I]`, row-major: finite, or NaN for a
    /// value that nothing is known of, where the reader was told to take [missing values](Missing).
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// What is to be predicted of each sequence or step.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// How much each sequence counts in training `[N]`; `None` where all count the same.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The group of each sequence `[N]`, if they have one.
    #[must_use]
    pub fn groups(&self) -> Option<&[String]> {
        self.groups.as_deref()
    }

    /// The place of each sequence in the order of time `[N]`, if that decides what is set aside.
    #[must_use]
    pub fn time_order(&self) -> Option<&[usize]> {
        self.time_order.as_deref()
    }

    /// The file the data was read from, if it was.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// The columns of the file that were not read as channels although they have no other role.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The sequences at `indices`, in that order.
    ///
    /// # Errors
    ///
    /// An index past the last sequence.
    pub fn subset(&self, indices: &[usize]) -> Result<Self> {
        let spans = indices.iter().map(|&index| self.steps(index)).collect::<Result<Vec<_>>>()?;
        let width = self.input_size();
        let (mut values, mut offsets) = (Vec::new(), vec![0]);
        for span in &spans {
            values.extend_from_slice(&self.values[span.start * width..span.end * width]);
            offsets.push(offsets[offsets.len() - 1] + span.len());
        }
        let weights = self.weights.as_ref();
        let groups = self.groups.as_ref();
        let time_order = self.time_order.as_ref();
        Ok(Dataset {
            ids: indices.iter().map(|&index| self.ids[index].clone()).collect(),
            feature_names: self.feature_names.clone(),
            values,
            tokens: self.tokens.iter().map(|channel| channel.subset(&spans)).collect(),
            offsets,
            targets: self.targets.subset(indices, &spans),
            weights: weights.map(|all| indices.iter().map(|&index| all[index]).collect()),
            groups: groups.map(|all| indices.iter().map(|&index| all[index].clone()).collect()),
            time_order: time_order.map(|all| indices.iter().map(|&index| all[index]).collect()),
            source: self.source.clone(),
            left_out: self.left_out.clone(),
            places: self.places.subset(indices, &spans),
            files: self.files.clone(),
        })
    }

    /// Checks that there is something to learn: at least one sequence, targets, and for classes at
    /// least two that occur.
    ///
    /// # Errors
    ///
    /// What is missing, with the file and the target column where they are known.
    pub fn check_trainable(&self) -> Result<()> {
        let (name, expected, found) = match &self.targets {
            _ if self.is_empty() => ("data", "at least one sequence", "none".to_string()),
            targets if targets.are_missing() => ("targets", targets.wanted(), "none".to_string()),
            Targets::Classes(classes) => match classes.present().as_slice() {
                [only] => (classes.name(), "at least two classes", format!("only {only:?}")),
                _ => return Ok(()),
            },
            Targets::None | Targets::Values(_) | Targets::Labels(_) => return Ok(()),
        };
        Err(match (&self.source, name) {
            (Some(source), "data" | "targets") => {
                FileFault::new(&source.path, expected, found).into()
            }
            (Some(source), column) => {
                FileFault::new(&source.path, expected, found).column(column).into()
            }
            (None, name) => Error::argument(name, expected, found),
        })
    }

    /// The steps of a sequence, counted over all.
    fn steps(&self, index: usize) -> Result<Range<usize>> {
        match (self.offsets.get(index), self.offsets.get(index.saturating_add(1))) {
            (Some(&start), Some(&end)) => Ok(start..end),
            _ => Err(Error::argument("index", format!("below {} (sequences)", self.len()), index)),
        }
    }
}

/// What a data set is put together from.
struct Parts {
    ids: Vec<String>,
    feature_names: Vec<String>,
    values: Vec<f64>,
    tokens: Vec<TokenChannel>,
    offsets: Vec<usize>,
    targets: Targets,
}

/// The first name that stands a second time.
fn repeated(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)).map(|(_, n)| n)
}
