//! One or several files as one sequence of tokens, read page by page.

mod survey;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use self::survey::Survey;
use super::tokenizer::Tokenizer;
use super::unit::{TokenUnit, VocabularyOptions};
use crate::error::{Error, FileFault, Result};

/// Where a page ends at the earliest, in bytes.
const PAGE: usize = 1 << 18;

/// Pages that are kept: 256 MiB of tokens of one byte each.
const KEPT: usize = 256;

/// How files are read.
#[derive(Clone, Debug)]
pub enum CorpusOptions<'a> {
    /// With a vocabulary of their own.
    Fresh(VocabularyOptions),
    /// With that of a model.
    Known(&'a Tokenizer),
}

/// A text of any length as tokens.
///
/// Files are gone through once, to check them, to count their tokens and to make the vocabulary; after
/// that pages are read when they are needed. A file that is not what it was then is refused.
///
/// ```
/// use elman::text::{Corpus, CorpusOptions, VocabularyOptions};
///
/// # fn main() -> elman::Result<()> {
/// let corpus = Corpus::from_text("to be or not", CorpusOptions::Fresh(VocabularyOptions::default()))?;
/// let mut ids = Vec::new();
/// corpus.read(3..5, &mut ids)?;
/// assert_eq!((corpus.len(), ids), (12, vec![1, 2])); // "be"
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Corpus {
    sources: Vec<Source>,
    pages: Vec<Page>,
    tokenizer: Tokenizer,
    tokens: u64,
    digest: String,
    cache: Mutex<Cache>,
}

/// Some tokens of a corpus.
#[derive(Clone, Debug)]
pub struct Passage<'a> {
    /// The whole text.
    pub corpus: &'a Corpus,
    /// The tokens.
    pub range: Range<u64>,
}

#[derive(Debug)]
enum Source {
    Text(String),
    File { path: PathBuf, bytes: u64 },
}

/// Bytes of one source that become tokens by themselves.
#[derive(Clone, Debug)]
struct Page {
    source: usize,
    start: u64,
    bytes: usize,
    /// The first of its tokens.
    first: u64,
    digest: u64,
}

/// Pages that were read, the latest use of each with them.
#[derive(Debug, Default)]
struct Cache {
    clock: u64,
    pages: Vec<(usize, u64, Arc<Vec<u32>>)>,
}

impl Corpus {
    /// The files, one after the other.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or that is not UTF-8 where tokens are characters or words, with the
    /// place; files without a character; a character that a given tokenizer does not know.
    pub fn from_files(paths: &[PathBuf], options: CorpusOptions<'_>) -> Result<Self> {
        let sources = paths.iter().map(|path| {
            let found = std::fs::metadata(path).map_err(|error| Error::io(path, "open", error))?;
            if !found.is_file() {
                let found = if found.is_dir() { "a folder" } else { "a device or a pipe" };
                return Err(FileFault::new(path, "a file of text", found).into());
            }
            Ok(Source::File { path: path.clone(), bytes: found.len() })
        });
        Self::of(sources.collect::<Result<_>>()?, options)
    }

    /// A text in memory.
    ///
    /// # Errors
    ///
    /// An empty text; a character that a given tokenizer does not know.
    pub fn from_text(text: impl Into<String>, options: CorpusOptions<'_>) -> Result<Self> {
        Self::of(vec![Source::Text(text.into())], options)
    }

    fn of(sources: Vec<Source>, options: CorpusOptions<'_>) -> Result<Self> {
        let counting = match &options {
            CorpusOptions::Fresh(options) => {
                options.check()?;
                *options
            }
            CorpusOptions::Known(tokenizer) => tokenizer.options(),
        };
        let mut survey = Survey::new(counting);
        for (index, source) in sources.iter().enumerate() {
            survey.add(index, source)?;
        }
        let Survey { pages, tokens, digest, counts, .. } = survey;
        if tokens == 0 {
            let expected = "at least one character of text";
            return Err(match sources.first() {
                Some(Source::File { path, .. }) => {
                    FileFault::new(path, expected, "an empty file").into()
                }
                _ => Error::argument("text", expected, "none"),
            });
        }
        let tokenizer = match options {
            CorpusOptions::Fresh(_) => counts.tokenizer()?,
            CorpusOptions::Known(tokenizer) => tokenizer.clone(),
        };
        let digest = format!("{:032x}", digest.digest128());
        let corpus = Corpus { sources, pages, tokenizer, tokens, digest, cache: Mutex::default() };
        if matches!(options, CorpusOptions::Known(_)) && counting.unit == TokenUnit::Characters {
            // Better now than in the middle of a long run.
            (0..corpus.pages.len()).try_for_each(|page| corpus.load(page).map(drop))?;
        }
        Ok(corpus)
    }

    /// The number of tokens.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a corpus has a token")]
    pub fn len(&self) -> u64 {
        self.tokens
    }

    /// How it is cut into tokens.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The first file; none for a text in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self.sources.first() {
            Some(Source::File { path, .. }) => Some(path),
            _ => None,
        }
    }

    /// The xxh3-128 of all bytes.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All of it.
    #[must_use]
    pub fn whole(&self) -> Passage<'_> {
        Passage { corpus: self, range: 0..self.tokens }
    }

    /// Appends the tokens of a range to `ids`.
    ///
    /// # Errors
    ///
    /// A range beyond the end; a file that has changed since it was opened.
    pub fn read(&self, range: Range<u64>, ids: &mut Vec<u32>) -> Result<()> {
        if range.end > self.tokens {
            let expected = format!("at most {} (tokens)", self.tokens);
            return Err(Error::argument("range", expected, range.end));
        }
        let mut page = self.pages.partition_point(|page| page.first <= range.start);
        let mut at = range.start;
        while at < range.end {
            let tokens = self.load(page - 1)?;
            let first = self.pages[page - 1].first;
            let from = usize::try_from(at - first).unwrap_or(usize::MAX);
            let wanted = usize::try_from(range.end - first).unwrap_or(usize::MAX);
            let to = tokens.len().min(wanted);
            ids.extend_from_slice(&tokens[from..to]);
            at = first + to as u64;
            page += 1;
        }
        Ok(())
    }

    /// The tokens of a page.
    fn load(&self, index: usize) -> Result<Arc<Vec<u32>>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.clock += 1;
        let clock = cache.clock;
        if let Ok(at) = cache.pages.binary_search_by_key(&index, |(page, ..)| *page) {
            cache.pages[at].1 = clock;
            return Ok(Arc::clone(&cache.pages[at].2));
        }
        let tokens = Arc::new(self.tokens_of(index)?);
        if cache.pages.len() >= KEPT {
            let oldest = cache.pages.iter().enumerate().min_by_key(|(_, (_, used, _))| *used);
            if let Some(oldest) = oldest.map(|(at, _)| at) {
                cache.pages.remove(oldest);
            }
        }
        let at = cache.pages.partition_point(|(page, ..)| *page < index);
        cache.pages.insert(at, (index, clock, Arc::clone(&tokens)));
        Ok(tokens)
    }

    fn tokens_of(&self, index: usize) -> Result<Vec<u32>> {
        let page = &self.pages[index];
        let mut tokens = Vec::new();
        if let Source::Text(text) = &self.sources[page.source] {
            let start = usize::try_from(page.start).unwrap_or(usize::MAX);
            self.encode(page, &text.as_bytes()[start..start + page.bytes], &mut tokens)?;
            return Ok(tokens);
        }
        let bytes = self.reread(page)?;
        self.encode(page, &bytes, &mut tokens)?;
        Ok(tokens)
    }

    /// The bytes of a page of a file, which must be those that were there before.
    fn reread(&self, page: &Page) -> Result<Vec<u8>> {
        let Source::File { path, bytes: size } = &self.sources[page.source] else {
            return Ok(Vec::new());
        };
        let mut file = File::open(path).map_err(|error| Error::io(path, "open", error))?;
        let found = file.metadata().map_err(|error| Error::io(path, "read", error))?.len();
        if found != *size {
            let expected = format!("a file of {size} bytes, as when it was first read");
            return Err(changed(path, expected, format!("{found} bytes")));
        }
        let mut bytes = vec![0; page.bytes];
        let read = file.seek(SeekFrom::Start(page.start)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|error| Error::io(path, "read", error))?;
        if xxh3_64(&bytes) != page.digest {
            let expected = "the text that was there when it was first read";
            let end = page.start + page.bytes as u64;
            let found = format!("another text between bytes {} and {end}", page.start);
            return Err(changed(path, expected, found));
        }
        Ok(bytes)
    }

    fn encode(&self, page: &Page, bytes: &[u8], tokens: &mut Vec<u32>) -> Result<()> {
        if self.tokenizer.unit() == TokenUnit::Bytes {
            tokens.extend(bytes.iter().map(|byte| u32::from(*byte)));
            return Ok(());
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let Some(unknown) = self.tokenizer.encode_into(text, tokens) else { return Ok(()) };
        let expected = "a character that the model knows";
        let found = format!("{:?}", unknown.character);
        let place = page.first + unknown.index as u64 + 1;
        Err(match &self.sources[page.source] {
            Source::File { path, .. } => {
                FileFault::new(path, format!("{expected} as character {place}"), found).into()
            }
            Source::Text(_) => Error::argument(format!("character {place}"), expected, found),
        })
    }
}

fn changed(path: &Path, expected: impl Into<String>, found: String) -> Error {
    let hint = "the file was changed meanwhile: read a copy of it";
    FileFault::new(path, expected, found).hint(hint).into()
}

fn as_text<'a>(source: &Source, start: u64, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = start + error.valid_up_to() as u64;
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let expected = "text in UTF-8";
        let found = format!("the byte 0x{byte:02x} at offset {at}");
        match source {
            Source::File { path, .. } => {
                FileFault::new(path, expected, found).hint("bytes as tokens read any file").into()
            }
            Source::Text(_) => Error::argument("text", expected, found),
        }
    })
}

impl<'a> Passage<'a> {
    /// The number of tokens.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "`range` says it as well")]
    pub fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Cuts off the last `share` of the tokens: what is before, and those.
    #[must_use]
    pub fn split_end(&self, share: f64) -> (Passage<'a>, Passage<'a>) {
        let taken = self.len() as f64 * share;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of it")]
        let taken = (taken.round() as u64).min(self.len());
        let (corpus, middle) = (self.corpus, self.range.end - taken);
        let before = Passage { corpus, range: self.range.start..middle };
        (before, Passage { corpus, range: middle..self.range.end })
    }
}

#[cfg(test)]
mod tests;
