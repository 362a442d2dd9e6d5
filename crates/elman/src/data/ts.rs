//! `.ts`: the text format of the UEA and UCR archives, one line for each sequence.
//!
//! ```text
//! # Two channels of three and two steps.
//! @problemName Gestures
//! @timeStamps false
//! @missing false
//! @univariate false
//! @dimensions 2
//! @equalLength false
//! @classLabel true wave push
//! @data
//! 0.1,0.3,0.2:0.2,0.1,0.0:wave
//! 0.9,0.7:0.8,0.9:push
//! ```
//!
//! Lines that begin with `#` or `%` and empty lines are skipped; upper and lower case of a tag are
//! the same, and `@dimension` is `@dimensions`. A tag may stand again if it says the same. After `@data` the channels of a sequence are separated
//! by `:`, the values of a channel by `,`, and the label, if the tags promise one, stands last.
//! A label that is
//! not asked for is not looked at: it may be `?`, `NaN` or empty, and files without labels may end
//! each line in `:`, as aeon and sktime write them. What the tags say of the data is checked. Where `@equalLength` is false, `@seriesLength` is
//! taken as the largest length.
//!
//! Sequences have the ids `0`, `1`, … and channels the names `channel1`, `channel2`, …, unless the
//! options name them. The classes are those of `@classLabel`, in its order. Time stamps are refused,
//! and [missing values](super::Missing), `?` or `NaN`, unless the options say what becomes of them.
//!
//! Source: the format as documented by aeon (`docs/api_reference/data_format.md`) and sktime
//! (`.ts` file format 1.0).

mod header;

use std::path::Path;

use ndarray::Array2;

use self::header::{Header, Label};
use super::calendar::listed_calendar;
use super::class_collector::ClassCollector;
use super::file;
use super::input::Text;
use super::layout::Layout;
use super::missing::{self, MISSING_HINT};
use super::options::{Decimal, Missing, ReadOptions, RowOrder, TargetKind};
use super::place::Places;
use super::{Dataset, Each, Parts, Targets, ValueTargets};
use crate::error::{Error, Field, FileFault, Result};

/// The name of the targets of a file with `@classLabel`.
const CLASS_NAME: &str = "class";
/// The name of the targets of a file with `@targetLabel`.
const VALUE_NAME: &str = "target";

/// Reads a `.ts` file.
///
/// ```
/// use elman::data::{ReadOptions, TargetKind, ts};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("gestures.ts");
/// let text = "@classLabel true wave push\n@data\n0.1,0.3:0.2,0.1:wave\n0.9:0.8:push\n";
/// std::fs::write(&path, text)?;
/// let options =
///     ReadOptions { kind: TargetKind::Classes { known: None }, ..ReadOptions::default() };
/// let dataset = ts::read_ts(&path, &options)?;
/// assert_eq!(dataset.feature_names(), ["channel1", "channel2"]);
/// assert_eq!(dataset.lengths(), [2, 1]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Options that give columns a role or do not name all channels; a path without a file; a file that
/// cannot be read, is empty, no UTF-8, has no `@data` or no sequences; a tag that is unknown,
/// repeated, malformed or contradicts another; time stamps; labels of another kind than asked for;
/// a line with another number of dimensions than promised, dimensions of different length, a length
/// that breaks `@equalLength` or `@seriesLength`, a value that is missing, no number or not finite;
/// a class that is not listed or not among the known ones.
pub fn read_ts(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Dataset> {
    refuse_columns(options)?;
    options.check_features()?;
    let file = Text::read(path.as_ref())?;
    let mut lines = file.text.lines().zip(1u64..);
    let header = Header::read(&file, &mut lines)?;
    let mut reader = Reader::new(&file, &header, options)?;
    for (line, row) in lines.map(|(line, row)| (line.trim(), row)) {
        if !header::is_comment(line) {
            reader.add(line, row)?;
        }
    }
    reader.finish()
}

/// A role given to a column would otherwise be ignored.
fn refuse_columns(options: &ReadOptions) -> Result<()> {
    let columns = &options.columns;
    let exclude = (!options.exclude.is_empty()).then(|| file::list(&options.exclude));
    let targets = (!columns.targets.is_empty()).then(|| file::list(&columns.targets));
    let delimiter = columns.delimiter.map(|delimiter| delimiter.to_string());
    let categories = options.categories.as_ref().filter(|names| !names.is_empty());
    let layout = match options.layout {
        Layout::Long | Layout::Text { .. } => None,
        Layout::Wide => Some("wide"),
        Layout::Tagged(_) => Some("tagged words"),
    };
    let given = [
        (Field::Sequence, columns.sequence.as_deref().map(file::quote)),
        (Field::Time, columns.time.as_deref().map(file::quote)),
        (Field::Target, targets),
        (Field::Exclude, exclude),
        (Field::Delimiter, delimiter),
        (Field::Decimal, (columns.decimal == Decimal::Comma).then(|| "comma".to_string())),
        (Field::Sort, (columns.order == RowOrder::Sort).then(|| "it".to_string())),
        (Field::Weight, columns.weight.as_deref().map(file::quote)),
        (Field::Group, columns.group.as_deref().map(file::quote)),
        (Field::Categories, categories.map(|names| file::list(names))),
        (Field::Calendar, listed_calendar(options)),
        (Field::Text, options.layout.text().map(|name| file::quote(name))),
        (Field::Layout, layout.map(str::to_string)),
        (Field::Each, (options.each == Each::Step).then(|| "step".to_string())),
    ];
    match given.into_iter().find_map(|(field, value)| Some((field, value?))) {
        Some((field, value)) => {
            let expected = "nothing, as the data are a .ts file, which has no columns";
            Err(Error::argument(field, expected, value))
        }
        None => Ok(()),
    }
}

/// What has been read of the labels: one for each sequence.
enum Labels {
    None,
    Classes(ClassCollector),
    Values(Vec<f64>), // [N]
}

/// The missing values: how many, and the first.
#[derive(Default)]
struct Holes {
    count: usize,
    first: Option<FileFault>,
}

/// Where the values of a channel stand.
#[derive(Clone, Copy)]
struct At {
    row: u64,
    channel: usize,
}

/// What has been read so far.
struct Reader<'a> {
    file: &'a Text,
    header: &'a Header,
    features: Option<&'a [String]>,
    values: Vec<f64>,
    offsets: Vec<usize>,
    labels: Labels,
    rows: Vec<u64>, // [N]
    missing: Missing,
    holes: Holes,
    /// Row, dimensions and length of the first sequence.
    first: Option<(u64, usize, usize)>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Text, header: &'a Header, options: &'a ReadOptions) -> Result<Self> {
        let labels = match (&options.kind, &header.label) {
            (TargetKind::None, _) => Labels::None,
            (TargetKind::Classes { known }, Label::Classes(declared)) => {
                let labels = known.as_ref().unwrap_or(declared).clone();
                Labels::Classes(ClassCollector::new(Some(labels)))
            }
            (TargetKind::Values, Label::Value) => Labels::Values(vec![]),
            (TargetKind::Classes { .. }, found) => {
                return Err(file.fault("@classLabel true and the classes", found.tag()).into());
            }
            (TargetKind::Values, found) => {
                return Err(file.fault("@targetLabel true", found.tag()).into());
            }
        };
        let features = options.features.as_deref();
        Ok(Reader {
            file,
            header,
            features,
            values: vec![],
            offsets: vec![0],
            labels,
            rows: vec![],
            missing: options.missing,
            holes: Holes::default(),
            first: None,
        })
    }

    /// Adds the sequence of one line.
    fn add(&mut self, line: &str, row: u64) -> Result<()> {
        let mut channels: Vec<&str> = line.split(':').collect();
        // aeon and sktime end the lines of files without labels in ":".
        let has_label = match self.header.label {
            Label::None => channels.len() > 1 && line.ends_with(':'),
            Label::Classes(_) | Label::Value => true,
        };
        let label = if has_label { channels.pop() } else { None };
        self.check_dimensions(channels.len(), row)?;
        let length = self.check_lengths(&channels, row)?;
        self.first.get_or_insert((row, channels.len(), length));
        let start = self.values.len();
        // No longer than the line: all channels have this length.
        self.values.resize(start + length * channels.len(), 0.0);
        for (index, channel) in channels.iter().enumerate() {
            for (step, text) in channel.split(',').enumerate() {
                let value = self.number(text.trim(), step, At { row, channel: index })?;
                self.values[start + step * channels.len() + index] = value;
            }
        }
        self.offsets.push(self.offsets[self.offsets.len() - 1] + length);
        self.rows.push(row);
        label.map_or(Ok(()), |label| self.add_label(label.trim(), row))
    }

    /// Refuses a line whose number of dimensions is not that of the tags, the options and the lines
    /// before.
    fn check_dimensions(&self, found: usize, row: u64) -> Result<()> {
        let features =
            self.features.map(|features| (features.len(), "one for each feature".into()));
        let tag = self.header.dimensions.map(|count| (count, "as the tags say".to_string()));
        let first = self.first.map(|(row, count, _)| (count, format!("as in row {row}")));
        let wanted = [tag, first, features, Some((found.max(1), "at least one".into()))];
        match wanted.into_iter().flatten().find(|(count, _)| *count != found) {
            None => Ok(()),
            Some((count, why)) => {
                let label = match self.header.label {
                    Label::None => "",
                    Label::Classes(_) | Label::Value => " and the label",
                };
                let expected = format!("{} ({why}){label}, separated by \":\"", dimensions(count));
                let found = format!("{}{label}", dimensions(found));
                Err(self.file.fault(expected, found).row(row).into())
            }
        }
    }

    /// The length of all channels of a line.
    fn check_lengths(&self, channels: &[&str], row: u64) -> Result<usize> {
        let lengths = channels.iter().map(|channel| channel.split(',').count());
        let length = lengths.clone().next().unwrap_or(0);
        if let Some((index, other)) = lengths.enumerate().find(|(_, other)| *other != length) {
            let expected = format!("{} as in {}", values(length), self.feature(0));
            return Err(self.fault(expected, values(other), At { row, channel: index }).into());
        }
        let header = self.header;
        let expected = match (header.equal_length, header.series_length, self.first) {
            (Some(false), Some(most), _) if length > most => {
                format!("at most {} (@seriesLength)", values(most))
            }
            (None | Some(true), Some(all), _) if length != all => {
                format!("{} (@seriesLength)", values(all))
            }
            (Some(true), None, Some((first, _, all))) if length != all => {
                format!("{} as in row {first} (@equalLength true)", values(all))
            }
            _ => return Ok(length),
        };
        Err(self.file.fault(expected, values(length)).row(row).into())
    }

    /// The number of a step; NaN where it is missing.
    fn number(&mut self, text: &str, step: usize, at: At) -> Result<f64> {
        if text == "?" || text.eq_ignore_ascii_case("nan") {
            let found = format!("{} at step {step}", file::quote(text));
            self.holes.count += 1;
            if self.holes.first.is_none() {
                self.holes.first = Some(self.fault("a number", found, at));
            }
            return Ok(f64::NAN);
        }
        file::number(text).map_err(|(expected, found)| {
            let found = if text.is_empty() { "nothing".to_string() } else { found };
            self.fault(expected, format!("{found} at step {step}"), at).into()
        })
    }

    /// Refuses missing values, where they are to be refused.
    fn check_missing(&self) -> Result<()> {
        let (Missing::Refuse, Some(first)) = (self.missing, &self.holes.first) else {
            return Ok(());
        };
        let found = match self.holes.count {
            1 => first.found.clone(),
            count => format!("{}, the first of {count} missing values", first.found),
        };
        Err(FileFault { found, ..first.clone() }.hint(MISSING_HINT).into())
    }

    fn add_label(&mut self, label: &str, row: u64) -> Result<()> {
        if matches!(self.labels, Labels::None) {
            return Ok(());
        }
        let place = self.file.fault("a label after the last \":\"", "nothing").row(row);
        if label.is_empty() {
            return Err(place.into());
        }
        if let Label::Classes(declared) = &self.header.label
            && !declared.iter().any(|class| class == label)
        {
            let expected = format!("one of the labels of @classLabel, {}", file::list(declared));
            let hint = file::did_you_mean(label, declared.iter().map(String::as_str));
            let fault = self.file.fault(expected, file::quote(label)).row(row);
            return Err(file::with_hint(fault, hint).into());
        }
        match &mut self.labels {
            Labels::None => {}
            Labels::Classes(classes) => {
                classes.add(label).map_err(|unknown| unknown.at(place))?;
            }
            Labels::Values(values) => {
                let number = file::number(label).map_err(|(expected, found)| {
                    self.file.fault(format!("{expected} as the label"), found).row(row)
                })?;
                values.push(number);
            }
        }
        Ok(())
    }

    fn feature(&self, channel: usize) -> String {
        let given = self.features.and_then(|features| features.get(channel)).cloned();
        given.unwrap_or_else(|| format!("channel{}", channel + 1))
    }

    fn fault(&self, expected: impl Into<String>, found: impl Into<String>, at: At) -> FileFault {
        self.file.fault(expected, found).row(at.row).column(self.feature(at.channel))
    }

    fn finish(self) -> Result<Dataset> {
        let Some((_, dimensions, _)) = self.first else {
            return Err(self.file.fault("sequences after @data", "none").into());
        };
        self.check_missing()?;
        let names = (0..dimensions).map(|channel| self.feature(channel)).collect();
        let channels = missing::Channels { names, values: self.values };
        let channels = missing::complete(channels, &self.offsets, self.missing);
        let count = self.offsets.len() - 1;
        let targets = match self.labels {
            Labels::None => Targets::None,
            Labels::Classes(classes) => {
                Targets::Classes(classes.finish(CLASS_NAME, Each::Sequence)?)
            }
            Labels::Values(values) => {
                let found = values.len();
                let values = Array2::from_shape_vec((count, 1), values)
                    .map_err(|_| Error::shape("targets", &[count, 1], &[found]))?;
                Targets::Values(ValueTargets::new(vec![VALUE_NAME.into()], values)?)
            }
        };
        let ids = (0..count).map(|index| index.to_string()).collect();
        let missing::Channels { names: feature_names, values } = channels;
        let parts =
            Parts { ids, feature_names, values, tokens: vec![], offsets: self.offsets, targets };
        let dataset = Dataset::assemble(parts)?;
        let (source, places) = (self.file.source.clone(), Places::Sequences(self.rows));
        Ok(Dataset { files: vec![source.path.clone()], source: Some(source), places, ..dataset })
    }
}

fn dimensions(count: usize) -> String {
    if count == 1 { "1 dimension".into() } else { format!("{count} dimensions") }
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".into() } else { format!("{count} values") }
}
