//! The first pass over a text: what it is made of.

use std::fs::File;
use std::io::Read;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::super::tokenizer::Counts;
use super::super::unit::{TokenUnit, VocabularyOptions};
use super::{PAGE, Page, Source, as_text, changed};
use crate::error::{Error, Result};

/// The first look at all sources.
pub(super) struct Survey {
    pub(super) unit: TokenUnit,
    pub(super) counts: Counts,
    pub(super) pages: Vec<Page>,
    pub(super) tokens: u64,
    pub(super) digest: Xxh3,
}

impl Survey {
    pub(super) fn new(options: VocabularyOptions) -> Self {
        Survey {
            unit: options.unit,
            counts: Counts::new(&options),
            pages: Vec::new(),
            tokens: 0,
            digest: Xxh3::new(),
        }
    }

    pub(super) fn add(&mut self, index: usize, source: &Source) -> Result<()> {
        match source {
            Source::Text(text) => self.read(index, source, &mut text.as_bytes()),
            Source::File { path, bytes } => {
                let mut file = File::open(path).map_err(|error| Error::io(path, "open", error))?;
                self.read(index, source, &mut file)?;
                let found: u64 = self
                    .pages
                    .iter()
                    .filter(|page| page.source == index)
                    .map(|page| page.bytes as u64)
                    .sum();
                if found != *bytes {
                    let expected = format!("a file of {bytes} bytes, as when it was opened");
                    return Err(changed(path, expected, format!("{found} bytes")));
                }
                Ok(())
            }
        }
    }

    fn read(&mut self, index: usize, source: &Source, from: &mut dyn Read) -> Result<()> {
        let (mut held, mut start) = (Vec::with_capacity(2 * PAGE), 0);
        loop {
            let before = held.len();
            let read = from.take(PAGE as u64).read_to_end(&mut held);
            let ended = read.map_err(|error| match source {
                Source::File { path, .. } => Error::io(path, "read", error),
                Source::Text(_) => Error::argument("text", "bytes", error),
            })? == 0;
            let cut = match ended {
                true => held.len(),
                false => self.last_cut(&held, before),
            };
            if cut > 0 {
                self.page(index, source, start, &held[..cut])?;
                start += cut as u64;
                held.drain(..cut);
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The last place where no token is cut in two, and nothing that is normalised; 0 if there is none.
    fn last_cut(&self, bytes: &[u8], from: usize) -> usize {
        let is_cut = |at: &usize| match self.unit {
            TokenUnit::Bytes => true,
            // An ASCII character composes with nothing before it.
            TokenUnit::Characters => bytes[*at].is_ascii(),
            TokenUnit::Words => {
                let is_space = |byte: u8| byte == b' ' || byte == b'\n';
                is_space(bytes[*at]) && !is_space(bytes[at - 1])
            }
        };
        (from.max(1)..bytes.len()).rev().find(is_cut).unwrap_or(0)
    }

    fn page(&mut self, index: usize, source: &Source, start: u64, bytes: &[u8]) -> Result<()> {
        self.digest.update(bytes);
        let first = self.tokens;
        self.tokens += match self.unit {
            TokenUnit::Bytes => bytes.len() as u64,
            _ => self.counts.add(as_text(source, start, bytes)?),
        };
        let (bytes, digest) = (bytes.len(), xxh3_64(bytes));
        self.pages.push(Page { source: index, start, bytes, first, digest });
        Ok(())
    }
}
