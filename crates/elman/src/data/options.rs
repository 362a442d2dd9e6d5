//! What a reader is told about a file.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::input::is_standard_input;
use super::layout::{Layout, Tagged};
use super::{Dataset, Each, csv, file, tagged, ts, wide};
use crate::error::{Error, Field, FileFault, Result};

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

/// A column of a file that is not a channel although it has no other role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The name in the header; empty where it has none.
    pub name: String,
    /// Which column of the file it is, from 1.
    pub column: usize,
    /// Why it is not a channel.
    pub reason: LeftOutReason,
    /// The value that decided, where it was one.
    pub example: Option<CellExample>,
}

/// The column and the reason: `"note", which holds text ("ok" in row 2)`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "column {}", self.column)?,
            name => write!(f, "{}", file::quote(name))?,
        }
        write!(f, ", which {}", self.reason)?;
        match &self.example {
            Some(CellExample { row, text }) => write!(f, " ({} in row {row})", file::quote(text)),
            None => Ok(()),
        }
    }
}

/// A value of a column, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellExample {
    /// The line of the file, from 1, counting the header.
    pub row: u64,
    /// The text of the cell.
    pub text: String,
}

/// Why a column is not a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOutReason {
    /// Its first value is text.
    Text,
    /// It holds no value at all.
    Empty,
    /// The header gives it no name.
    Unnamed,
    /// The channels were listed, and it is not among them.
    NotListed,
    /// It was excluded by name.
    Excluded,
    /// The text of another column is what is read.
    BesideText,
}

/// The reason in words that follow the column's name: `holds text`.
impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOutReason::Text => "holds text",
            LeftOutReason::Empty => "is empty",
            LeftOutReason::Unnamed => "has no name",
            LeftOutReason::NotListed => "is not among the listed features",
            LeftOutReason::Excluded => "is excluded",
            LeftOutReason::BesideText => "is not read beside a column of text",
        })
    }
}

/// The formats of sequence files that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with one row for each step: see [`csv`].
    Csv,
    /// One line for each sequence: see [`ts`].
    Ts,
    /// One line for each word: see [`tagged`].
    Conll,
}

impl Format {
    /// The format a file's name ends in, upper and lower case being the same: `.ts`, `.conllu`,
    /// `.conll`, `.iob` or `.bio`, or `.csv`, `.tsv`, `.tab` or `.txt` for a table. A `.gz` after it is passed over. Standard input, `-`, is
    /// a table.
    ///
    /// # Errors
    ///
    /// Another ending; a path at which there is no file.
    pub fn of(path: &Path) -> Result<Self> {
        if is_standard_input(path) {
            return Ok(Format::Csv);
        }
        let ending = table_ending(path);
        match ending.as_deref() {
            Some("csv" | "tsv" | "tab" | "txt") => Ok(Format::Csv),
            Some("ts") => Ok(Format::Ts),
            Some("conllu" | "conll" | "iob" | "bio") => Ok(Format::Conll),
            _ => {
                file::check_is_file(path)?;
                let found = ending.map_or("none".to_string(), |ending| format!(".{ending}"));
                let expected = "the file extension .csv, .tsv, .txt or .ts";
                Err(FileFault::new(path, expected, found).into())
            }
        }
    }
}

/// The ending of a file's name in lower case, without that of gzip.
pub(super) fn table_ending(path: &Path) -> Option<String> {
    let ending = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    match ending(path)?.as_str() {
        "gz" => ending(Path::new(path.file_stem()?)).or(Some("gz".to_string())),
        other => Some(other.to_string()),
    }
}

/// Reads a file of any format, told apart by the end of its name and by the [layout](Layout) asked
/// for; `-` is standard input.
///
/// ```
/// use elman::data::{Columns, Format, LeftOutReason, ReadOptions, TargetKind, read};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("machines.txt");
/// std::fs::write(&path, "run;hour;heat;site;wear\n1;0;20.5;Oslo;0.1\n1;1;21.0;Oslo;0.1\n")?;
/// let columns = Columns {
///     sequence: Some("run".into()),
///     time: Some("hour".into()),
///     targets: vec!["wear".into()],
///     ..Columns::default()
/// };
/// let options = ReadOptions { columns, kind: TargetKind::Values, ..ReadOptions::default() };
/// assert_eq!(Format::of(&path)?, Format::Csv);
/// let dataset = read(&path, &options)?;
/// assert_eq!(dataset.feature_names(), ["heat"]);
/// assert_eq!(dataset.left_out()[0].name, "site");
/// assert_eq!(dataset.left_out()[0].reason, LeftOutReason::Text);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An ending that is none of these; everything that the readers of [`csv`], [`ts`], [`wide`] and
/// [`tagged`] files refuse.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
    read_files(&[path.as_ref().to_path_buf()], options)
}

/// Reads several tables with one header, one after the other, as if they were one; or a single file
/// of any format.
///
/// # Errors
///
/// Those of [`read`]; no file; a `.ts` file among several; files whose headers differ.
pub fn read_files(paths: &[PathBuf], options: &ReadOptions) -> Result<Dataset> {
    let formats = paths.iter().map(|path| Format::of(path)).collect::<Result<Vec<_>>>()?;
    match (paths, formats.iter().position(|format| *format == Format::Ts)) {
        ([only], Some(_)) => return ts::read_ts(only, options),
        (_, Some(index)) => {
            let expected = "tables only, where several files are read as one";
            return Err(FileFault::new(&paths[index], expected, "a .ts file").into());
        }
        (_, None) => {}
    }
    match (&options.layout, formats.first()) {
        (Layout::Tagged(format), _) => tagged::read(paths, *format, options),
        (Layout::Long, Some(Format::Conll)) => match Layout::of(&paths[0])? {
            Layout::Tagged(format) => tagged::read(paths, format, options),
            _ => tagged::read(paths, Tagged::Conll2003, options),
        },
        (Layout::Wide, _) => wide::read(paths, options),
        (Layout::Long | Layout::Text { .. }, _) => csv::read_files(paths, options),
    }
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
        single.chain(lists).chain(self.layout.text()).map(String::as_str).collect()
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
        let targets = self.columns.targets.iter().map(|name| (Field::Target, name));
        let features = self.features.iter().flatten().map(|name| (Field::Features, name));
        let exclude = self.exclude.iter().map(|name| (Field::Exclude, name));
        let categories = self.categories.iter().flatten().map(|name| (Field::Categories, name));
        let text = self.layout.text().into_iter().map(|name| (Field::Text, name));
        let channels = features.chain(categories).chain(text);
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
