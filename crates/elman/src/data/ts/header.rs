//! The tags at the head of a `.ts` file.

use super::super::file;
use super::super::input::Text;
use crate::error::{FileFault, Result};

const TAGS: [&str; 11] = [
    "@problemName",
    "@timeStamps",
    "@missing",
    "@univariate",
    "@dimensions",
    "@dimension",
    "@equalLength",
    "@seriesLength",
    "@classLabel",
    "@targetLabel",
    "@data",
];

/// What stands last in a line of data.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Label {
    #[default]
    None,
    /// One of these classes.
    Classes(Vec<String>),
    /// A number.
    Value,
}

impl Label {
    /// The tag that said so.
    pub(super) fn tag(&self) -> &'static str {
        match self {
            Label::None => "neither @classLabel true nor @targetLabel true",
            Label::Classes(_) => "@classLabel true",
            Label::Value => "@targetLabel true",
        }
    }
}

/// What the tags say of the data.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) dimensions: Option<usize>,
    pub(super) equal_length: Option<bool>,
    pub(super) series_length: Option<usize>,
    pub(super) label: Label,
    univariate: Option<bool>,
    seen: Vec<Seen>,
}

/// A tag met before.
#[derive(Debug)]
struct Seen {
    /// In lower case.
    name: String,
    value: String,
    row: u64,
}

/// Whether a line says nothing: it is empty, or begins with `#` or `%`.
pub(super) fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', '%'])
}

/// One tag and its value.
struct Tag<'a> {
    file: &'a Text,
    row: u64,
    name: &'a str,
    value: &'a str,
}

impl Header {
    /// Reads the lines up to and with `@data`.
    pub(super) fn read<'a>(
        file: &'a Text,
        lines: &mut impl Iterator<Item = (&'a str, u64)>,
    ) -> Result<Self> {
        let mut header = Header::default();
        for (line, row) in lines.map(|(line, row)| (line.trim(), row)) {
            if is_comment(line) {
                continue;
            }
            let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let tag = Tag { file, row, name, value: value.trim() };
            if !name.starts_with('@') {
                let expected = "a tag, or @data before the first sequence";
                return Err(tag.fault(expected, file::quote(line)).into());
            }
            header.add(&tag)?;
            if name.eq_ignore_ascii_case("@data") {
                return Ok(header);
            }
        }
        Err(file.fault("a line @data before the sequences", "none").into())
    }

    fn add(&mut self, tag: &Tag<'_>) -> Result<()> {
        // Both spellings are in use: the archives' files have the plural, aeon writes the singular.
        let name = match tag.name.to_ascii_lowercase().as_str() {
            "@dimension" => "@dimensions".to_string(),
            other => other.to_string(),
        };
        if let Some(seen) = self.seen.iter().find(|seen| seen.name == name) {
            return seen.compare(tag);
        }
        match name.as_str() {
            "@problemname" => {}
            "@timestamps" => tag.refuse_time_stamps()?,
            "@missing" => _ = tag.truth(tag.value)?,
            "@univariate" => self.univariate = Some(tag.truth(tag.value)?),
            "@dimensions" => self.dimensions = Some(tag.count()?),
            "@equallength" => self.equal_length = Some(tag.truth(tag.value)?),
            "@serieslength" => self.series_length = Some(tag.count()?),
            "@classlabel" => self.add_label(tag, tag.classes()?)?,
            "@targetlabel" => {
                let label = if tag.truth(tag.value)? { Label::Value } else { Label::None };
                self.add_label(tag, label)?;
            }
            "@data" if tag.value.is_empty() => {}
            "@data" => return Err(tag.fault("nothing after @data", file::quote(tag.value)).into()),
            _ => {
                let hint = file::did_you_mean(tag.name, TAGS);
                let fault = tag.fault("a tag of the .ts format", file::quote(tag.name));
                return Err(file::with_hint(fault, hint).into());
            }
        }
        self.seen.push(Seen { name, value: tag.value.to_string(), row: tag.row });
        self.combine_dimensions(tag)
    }

    fn add_label(&mut self, tag: &Tag<'_>, label: Label) -> Result<()> {
        match (&self.label, label) {
            (_, Label::None) => Ok(()),
            (Label::None, label) => {
                self.label = label;
                Ok(())
            }
            (earlier, label) => {
                let expected = format!("one kind of label, that of {}", earlier.tag());
                Err(tag.fault(expected, format!("{} as well", label.tag())).into())
            }
        }
    }

    /// `@univariate true` means one dimension.
    fn combine_dimensions(&mut self, tag: &Tag<'_>) -> Result<()> {
        match (self.univariate, self.dimensions) {
            (Some(true), Some(count)) if count != 1 => {
                let found = format!("@dimensions {count}");
                Err(tag.fault("1 dimension beside @univariate true", found).into())
            }
            (Some(true), None) if tag.name.eq_ignore_ascii_case("@data") => {
                self.dimensions = Some(1);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Seen {
    /// Refuses a tag that says something else than it said before. The name of the problem may
    /// change: nothing hangs on it.
    fn compare(&self, again: &Tag<'_>) -> Result<()> {
        let words = |value: &str| -> Vec<String> {
            let words = value.split_whitespace().enumerate();
            let keeps_case = |index: usize| self.name == "@classlabel" && index > 0;
            let plain = words.map(|(index, word)| match keeps_case(index) {
                true => word.to_string(),
                false => word.to_ascii_lowercase(),
            });
            plain.collect()
        };
        if self.name == "@problemname" || words(&self.value) == words(again.value) {
            return Ok(());
        }
        let expected = format!("{} {} again, as in row {}", again.name, self.value, self.row);
        Err(again.fault(expected, again.shown_value()).into())
    }
}

impl Tag<'_> {
    fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> FileFault {
        self.file.fault(expected, found).row(self.row)
    }

    fn truth(&self, value: &str) -> Result<bool> {
        match value.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => {
                let expected = format!("true or false after {}", self.name);
                Err(self.fault(expected, self.shown_value()).into())
            }
        }
    }

    fn shown_value(&self) -> String {
        if self.value.is_empty() { "nothing".into() } else { file::quote(self.value) }
    }

    fn refuse_time_stamps(&self) -> Result<()> {
        if self.truth(self.value)? {
            let fault = self.fault(format!("{} false", self.name), "true");
            return Err(fault.hint("time stamps inside .ts files are not supported").into());
        }
        Ok(())
    }

    fn count(&self) -> Result<usize> {
        match self.value.parse::<usize>() {
            Ok(count) if count > 0 => Ok(count),
            _ => {
                let expected = format!("a whole number above 0 after {}", self.name);
                Err(self.fault(expected, self.shown_value()).into())
            }
        }
    }

    fn classes(&self) -> Result<Label> {
        let mut words = self.value.split_whitespace();
        let truth = self.truth(words.next().unwrap_or(""))?;
        let classes: Vec<String> = words.map(str::to_string).collect();
        if let Some(class) = super::super::repeated(&classes) {
            return Err(self
                .fault("each class once", format!("{} twice", file::quote(class)))
                .into());
        }
        match (truth, classes.is_empty()) {
            (true, false) => Ok(Label::Classes(classes)),
            (true, true) => Err(self.fault("the classes after @classLabel true", "none").into()),
            (false, true) => Ok(Label::None),
            (false, false) => {
                let expected = "no classes after @classLabel false";
                Err(self.fault(expected, file::list(&classes)).into())
            }
        }
    }
}
