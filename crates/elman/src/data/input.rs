//! The bytes of a file or of standard input, unpacked where they are gzip, and their lines.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use xxhash_rust::xxh3::Xxh3;

use super::Source;
use super::file::{self, check_is_file, with_hint};
use super::gzip::{self, Gunzip};
use crate::error::{Error, FileFault, Result};

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";
/// How standard input is called in messages.
const STANDARD_INPUT_NAME: &str = "standard input";
/// No row of data is longer; a quote that is not closed may be.
const LONGEST_LINE: usize = 64 << 20;
const BUFFER: usize = 256 << 10;

/// Whether a path stands for standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// Computes the digest of all bytes that pass.
#[derive(Clone, Default)]
pub(super) struct Digest {
    hasher: Rc<RefCell<Xxh3>>,
}

impl Digest {
    /// 32 hexadecimal digits.
    pub(super) fn text(&self) -> String {
        format!("{:032x}", self.hasher.borrow().digest128())
    }
}

struct Hashed<R> {
    inner: R,
    digest: Digest,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(target)?;
        self.digest.hasher.borrow_mut().update(&target[..count]);
        Ok(count)
    }
}

/// An open file, or standard input.
pub(super) struct Input {
    path: PathBuf,
    reader: Box<dyn BufRead>,
}

impl Input {
    /// Opens a file; `-` is standard input. Its bytes are added to `digest` as they are read.
    pub(super) fn open(path: &Path, digest: &Digest) -> Result<Self> {
        let (name, raw): (PathBuf, Box<dyn Read>) = match is_standard_input(path) {
            true => (STANDARD_INPUT_NAME.into(), Box::new(io::stdin().lock())),
            false => {
                check_is_file(path)?;
                let file = File::open(path).map_err(|error| Error::io(path, "open", error))?;
                (path.to_path_buf(), Box::new(file))
            }
        };
        let hashed = Hashed { inner: raw, digest: digest.clone() };
        let mut reader = BufReader::with_capacity(BUFFER, hashed);
        let start = reader.fill_buf().map_err(|error| Error::io(&name, "read", error))?;
        let reader: Box<dyn BufRead> = match start.starts_with(&gzip::MAGIC) {
            true => Box::new(BufReader::with_capacity(BUFFER, Gunzip::new(reader))),
            false => Box::new(reader),
        };
        Ok(Input { path: name, reader })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A fault of this file.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> FileFault {
        FileFault::new(&self.path, expected, found)
    }

    /// Everything that is left.
    pub(super) fn read_to_end(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.reader.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The bytes that come next, at least one unless the file is over.
    fn peek(&mut self) -> Result<&[u8]> {
        // Asked twice, because a failure borrows the reader as long as the answer does.
        if let Err(error) = self.reader.fill_buf() {
            return Err(self.failed(error));
        }
        self.reader.fill_buf().map_err(|error| Error::io(&self.path, "read", error))
    }

    fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData => {
                self.fault("a complete gzip file", format!("one with a fault: {error}")).into()
            }
            _ => Error::io(&self.path, "read", error),
        }
    }
}

/// The lines of a text, one after the other.
pub(super) struct Lines {
    pub(super) input: Input,
    end: u8,
    row: u64,
    offset: u64,
}

impl Lines {
    /// The lines of a text in UTF-8; a byte order mark at its start is not part of it.
    ///
    /// # Errors
    ///
    /// An empty file; one that is not UTF-8 text from its first bytes on.
    pub(super) fn open(path: &Path, digest: &Digest) -> Result<Self> {
        let mut input = Input::open(path, digest)?;
        let start = input.peek()?;
        if start.is_empty() {
            return Err(input.fault("a header", "an empty file").into());
        }
        if let Some(kind) = file::kind_of(start) {
            return Err(kind.fault(input.path()).into());
        }
        let mark = "\u{feff}".as_bytes();
        let skipped = if start.starts_with(mark) { mark.len() } else { 0 };
        // Rows end in LF, CRLF or, in very old files, CR.
        let end = start.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let end = match end.map(|at| (start[at], start.get(at + 1))) {
            Some((b'\r', next)) if next.is_some() && next != Some(&b'\n') => b'\r',
            _ => b'\n',
        };
        input.reader.consume(skipped);
        Ok(Lines { input, end, row: 0, offset: skipped as u64 })
    }

    /// Appends the next line without its end; `None` where there is none. Lines are counted from 1.
    pub(super) fn append(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>> {
        let start = line.len();
        let most = (LONGEST_LINE + 1).saturating_sub(start);
        let read = self.input.reader.by_ref().take(most as u64).read_until(self.end, line);
        let count = read.map_err(|error| self.input.failed(error))?;
        if count == 0 && most > 0 {
            return Ok(None);
        }
        if line.len() > LONGEST_LINE {
            let expected = format!("rows of at most {} MiB", LONGEST_LINE >> 20);
            let fault = self.input.fault(expected, "a longer one").row(self.row + 1);
            return Err(with_hint(fault, Some("is a quote not closed?".into())).into());
        }
        self.row += 1;
        self.check_text(&line[start..])?;
        self.offset += count as u64;
        for end in [self.end, b'\r'] {
            if line.len() > start && line.last() == Some(&end) {
                line.pop();
            }
        }
        Ok(Some(self.row))
    }

    /// The number of the last line read.
    pub(super) fn row(&self) -> u64 {
        self.row
    }

    fn check_text(&self, line: &[u8]) -> Result<()> {
        let at = match std::str::from_utf8(line) {
            Ok(_) => line.iter().position(|byte| *byte == 0),
            Err(error) => Some(error.valid_up_to()),
        };
        match at {
            None => Ok(()),
            Some(at) => {
                let place = file::BadByte { row: self.row, offset: self.offset + at as u64 };
                Err(place.fault(self.input.path(), line[at]).into())
            }
        }
    }
}

/// The text of a whole file.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) source: Source,
}

impl Text {
    /// Reads a whole file; a byte order mark at its start is not part of the text.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let digest = Digest::default();
        let mut input = Input::open(path, &digest)?;
        let mut bytes = input.read_to_end()?;
        let source = Source { path: input.path().to_path_buf(), digest: digest.text() };
        if bytes.is_empty() {
            return Err(input.fault("a header", "an empty file").into());
        }
        if let Some(kind) = file::kind_of(&bytes) {
            return Err(kind.fault(input.path()).into());
        }
        let mark = "\u{feff}".as_bytes();
        if bytes.starts_with(mark) {
            bytes.drain(..mark.len());
        }
        String::from_utf8(bytes).map(|text| Text { text, source }).map_err(|error| {
            let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
            let rows = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            let place = file::BadByte { row: rows as u64 + 1, offset: at as u64 };
            place.fault(input.path(), bytes[at]).into()
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.source.path
    }

    /// A fault of this file.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> FileFault {
        FileFault::new(self.path(), expected, found)
    }
}
