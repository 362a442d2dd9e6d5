//! Text with a line for each word and an empty line after each sentence: two columns, CoNLL-2003,
//! CoNLL-U.
//!
//! ```text
//! show<TAB>VERB
//! flights<TAB>NOUN
//!
//! hello<TAB>INTJ
//! ```
//!
//! Each sentence is a sequence, each word a step with a class. The token channels are `word`, its
//! endings `suffix1` to `suffix3`, and its `shape`. Where nothing is to be predicted the tags may be
//! missing. Of CoNLL-U every line has ten columns; lines of a multiword token (`3-4`) and of an empty
//! node (`5.1`) are passed over, and so are comments. The tag is the column `upos`, or the one that is
//! asked for: `lemma`, `xpos`, `feats` or `deprel`; `_` says that there is none.

use std::path::PathBuf;

use super::calendar::listed_calendar;
use super::class_collector::ClassCollector;
use super::csv::joined;
use super::file;
use super::input::{Digest, Lines};
use super::layout::{Layout, Tagged};
use super::options::{ReadOptions, TargetKind};
use super::place::{Place, StepPlaces};
use super::words::WordChannels;
use super::{Dataset, Each, Parts, Source, Targets};
use crate::error::{Error, Field, FileFault, Result};

/// What tags are called where the file has no name for them.
const TAG: &str = "tag";
/// The columns of CoNLL-U that hold tags.
const CONLLU: [(&str, usize); 5] =
    [("upos", 3), ("lemma", 2), ("xpos", 4), ("feats", 5), ("deprel", 7)];
const CONLLU_COLUMNS: usize = 10;

/// Reads files one after the other; a sentence does not go on in the next file.
///
/// # Errors
///
/// Roles of columns that such a file does not have; a line that is not made as the format says; a
/// tag that is not among the known ones; no sentence.
pub(super) fn read(paths: &[PathBuf], format: Tagged, options: &ReadOptions) -> Result<Dataset> {
    let name = check(format, options)?;
    if paths.is_empty() {
        return Err(Error::argument("data", "at least one file", "none"));
    }
    let tags = match &options.kind {
        TargetKind::Classes { known } => Some(ClassCollector::new(known.clone())),
        TargetKind::None | TargetKind::Values => None,
    };
    let mut reader = Reader::new(format, tag_column(&name), tags);
    let digest = Digest::default();
    for (index, path) in paths.iter().enumerate() {
        let mut lines = Lines::open(path, &digest)?;
        reader.file = u32::try_from(index).unwrap_or(u32::MAX);
        let mut line = Vec::new();
        while let Some(row) = lines.append(&mut line)? {
            reader.add(&lines, &String::from_utf8_lossy(&line), row)?;
            line.clear();
        }
        reader.end_sentence();
    }
    let source = Source { path: joined(paths), digest: digest.text() };
    let files = paths.iter().map(|path| joined(std::slice::from_ref(path))).collect();
    let dataset = reader.finish(&name, &source)?;
    Ok(Dataset { source: Some(source), files, ..dataset })
}

/// Refuses what such a file has no columns for; what the tags are called.
fn check(format: Tagged, options: &ReadOptions) -> Result<String> {
    let columns = &options.columns;
    let roles = [
        (Field::Sequence, &columns.sequence),
        (Field::Time, &columns.time),
        (Field::Weight, &columns.weight),
        (Field::Group, &columns.group),
    ];
    let given = roles.into_iter().find_map(|(field, name)| Some((field, name.clone()?)));
    let lists = [(Field::Features, &options.features), (Field::Categories, &options.categories)];
    let listed =
        lists.into_iter().find_map(|(field, names)| Some((field, file::list(names.as_ref()?))));
    let dates = listed_calendar(options).map(|found| (Field::Calendar, found));
    if let Some((field, found)) = given.or(listed).or(dates) {
        return Err(Error::argument(field, "none for a text of tagged words", found));
    }
    if options.each == Each::Sequence && options.kind != TargetKind::None {
        let expected = "step for a text of tagged words";
        return Err(Error::argument(Field::Each, expected, "sequence"));
    }
    if options.kind == TargetKind::Values {
        return Err(Error::argument(
            "target kind",
            "classes for a text of tagged words",
            "numbers",
        ));
    }
    let names: Vec<&str> = CONLLU.iter().map(|(name, _)| *name).collect();
    match (columns.targets.as_slice(), format) {
        ([], Tagged::ConllU) => Ok(names[0].to_string()),
        ([], _) => Ok(TAG.to_string()),
        ([name], Tagged::ConllU) if !names.contains(&name.as_str()) => {
            let expected = format!("one of {}", names.join(", "));
            Err(Error::argument(Field::Target, expected, file::quote(name)))
        }
        ([name], _) => Ok(name.clone()),
        (several, _) => {
            Err(Error::argument(Field::Target, "one column of tags", file::list(several)))
        }
    }
}

fn tag_column(name: &str) -> usize {
    CONLLU.iter().find(|(known, _)| *known == name).map_or(0, |(_, column)| *column)
}

struct Reader {
    format: Tagged,
    /// The column of the tags of CoNLL-U.
    tag_column: usize,
    tags: Option<ClassCollector>,
    channels: WordChannels,
    offsets: Vec<usize>,
    steps: usize,
    /// The columns of the first line, which all others must have.
    columns: Option<usize>,
    places: StepPlaces,
    file: u32,
}

/// A word and its tag, of which a step may have none.
struct Tokens<'a> {
    word: &'a str,
    tag: Option<&'a str>,
}

impl Reader {
    fn new(format: Tagged, tag_column: usize, tags: Option<ClassCollector>) -> Self {
        Reader {
            format,
            tag_column,
            tags,
            channels: WordChannels::default(),
            offsets: vec![0],
            steps: 0,
            columns: None,
            places: StepPlaces::default(),
            file: 0,
        }
    }

    fn add(&mut self, lines: &Lines, line: &str, row: u64) -> Result<()> {
        if line.trim().is_empty() {
            self.end_sentence();
            return Ok(());
        }
        let fault = |expected: String, found: String| lines.input.fault(expected, found).row(row);
        let tokens = match self.format {
            Tagged::TwoColumn => self.two_columns(line).map(Some),
            Tagged::Conll2003 => self.conll_2003(line),
            Tagged::ConllU => self.conll_u(line),
        };
        let tokens = tokens.map_err(|Wrong { expected, found, hint }| {
            file::with_hint(fault(expected, found), hint)
        })?;
        let Some(Tokens { word, tag }) = tokens else { return Ok(()) };
        if let Some(tags) = &mut self.tags {
            match tag {
                None => tags.add_none(),
                Some(tag) => tags
                    .add(tag)
                    .map_err(|unknown| unknown.at(fault(String::new(), String::new())))?,
            }
        }
        self.channels.add(word);
        self.places.push(Place { file: self.file, row });
        self.steps += 1;
        Ok(())
    }

    fn end_sentence(&mut self) {
        if self.offsets.last() != Some(&self.steps) {
            self.offsets.push(self.steps);
        }
    }

    fn two_columns<'a>(&self, line: &'a str) -> std::result::Result<Tokens<'a>, Wrong> {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [word, tag] if !word.trim().is_empty() && !tag.trim().is_empty() => {
                Ok(Tokens { word: word.trim(), tag: Some(tag.trim()) })
            }
            [word] if self.tags.is_none() => Ok(Tokens { word: word.trim(), tag: None }),
            [_] => {
                let wrong = Wrong::new("a word, a tab and its tag", file::quote(line));
                let spaced = line.split_whitespace().count() > 1;
                let hint = "--layout conll reads columns with spaces between them";
                Err(Wrong { hint: spaced.then(|| hint.to_string()), ..wrong })
            }
            [_, _] => Err(Wrong::new("a word, a tab and its tag", file::quote(line))),
            fields => {
                Err(Wrong::new("2 columns with a tab between them", fields.len().to_string()))
            }
        }
    }

    fn conll_2003<'a>(&mut self, line: &'a str) -> std::result::Result<Option<Tokens<'a>>, Wrong> {
        if line.starts_with("-DOCSTART-") {
            return Ok(None);
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let columns = *self.columns.get_or_insert(fields.len());
        if fields.len() != columns {
            let expected = format!("{columns} columns as in the first line");
            return Err(Wrong::new(expected, fields.len().to_string()));
        }
        match (fields.as_slice(), &self.tags) {
            ([word, .., tag], _) => Ok(Some(Tokens { word, tag: Some(tag) })),
            ([word], None) => Ok(Some(Tokens { word, tag: None })),
            _ => Err(Wrong::new("a word and, in the last column, its tag", file::quote(line))),
        }
    }

    fn conll_u<'a>(&self, line: &'a str) -> std::result::Result<Option<Tokens<'a>>, Wrong> {
        if line.starts_with('#') {
            return Ok(None);
        }
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() != CONLLU_COLUMNS {
            let found = match fields.len() {
                1 => file::quote(line),
                count => count.to_string(),
            };
            return Err(Wrong::new("10 columns with tabs between them", found));
        }
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let id = fields[0];
        let is_pair = |mark| id.split_once(mark).is_some_and(|(a, b)| is_number(a) && is_number(b));
        if is_pair('-') || is_pair('.') {
            return Ok(None);
        }
        let wanted = self.words_so_far() + 1;
        if !is_number(id) || id.parse() != Ok(wanted) {
            let expected = format!("the ID {wanted} (or one like 3-4 or 5.1)");
            return Err(Wrong::new(expected, file::quote(id)));
        }
        let (word, tag) = (fields[1], fields[self.tag_column.max(1)]);
        match (word, tag) {
            ("", _) => Err(Wrong::new("a word in the column FORM", "nothing".to_string())),
            (_, "") => Err(Wrong::new("a tag, or _ for none", "nothing".to_string())),
            (word, "_") => Ok(Some(Tokens { word, tag: None })),
            (word, tag) => Ok(Some(Tokens { word, tag: Some(tag) })),
        }
    }

    /// The words of the sentence that is being read.
    fn words_so_far(&self) -> usize {
        self.steps - self.offsets.last().copied().unwrap_or(0)
    }

    fn finish(self, name: &str, source: &Source) -> Result<Dataset> {
        let count = self.offsets.len() - 1;
        if count == 0 {
            return Err(FileFault::new(&source.path, "sentences", "none").into());
        }
        let targets = match self.tags {
            None => Targets::None,
            Some(tags) => Targets::Classes(tags.finish(name, Each::Step)?),
        };
        let dataset = Dataset::assemble(Parts {
            ids: (0..count).map(|index| index.to_string()).collect(),
            feature_names: vec![],
            values: vec![],
            tokens: self.channels.finish()?,
            offsets: self.offsets,
            targets,
        })?;
        Ok(Dataset { places: self.places.finish(), ..dataset })
    }
}

/// What is wrong with a line.
struct Wrong {
    expected: String,
    found: String,
    hint: Option<String>,
}

impl Wrong {
    fn new(expected: impl Into<String>, found: String) -> Self {
        Wrong { expected: expected.into(), found, hint: None }
    }
}

/// The layout of a format.
impl From<Tagged> for Layout {
    fn from(format: Tagged) -> Self {
        Layout::Tagged(format)
    }
}
