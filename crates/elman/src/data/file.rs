//! A text file in memory, and the words for what is wrong with it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::Source;
use crate::error::{Error, FileFault, Result, nearest};

/// The text of a file, and its digest.
pub(super) struct TextFile {
    pub(super) text: String,
    pub(super) source: Source,
}

impl TextFile {
    /// Reads a whole file; a byte order mark at its start is not part of the text.
    pub(super) fn read(path: &Path) -> Result<Self> {
        check_is_file(path)?;
        let mut bytes = fs::read(path).map_err(|error| Error::io(path, "read", error))?;
        let source =
            Source { path: path.to_path_buf(), digest: format!("{:032x}", xxh3_128(&bytes)) };
        if bytes.is_empty() {
            return Err(FileFault::new(path, "a header", "an empty file").into());
        }
        if bytes.starts_with("\u{feff}".as_bytes()) {
            bytes.drain(..'\u{feff}'.len_utf8());
        }
        match String::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => {
                Err(not_text(path, text.as_bytes(), text.find('\0')))
            }
            Ok(text) => Ok(TextFile { text, source }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Err(not_text(path, error.as_bytes(), Some(at)))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.source.path
    }

    /// A fault of this file.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> FileFault {
        FileFault::new(self.path(), expected, found)
    }
}

/// What the bytes are instead, where they say so; else the row and the byte at `at`.
fn not_text(path: &Path, bytes: &[u8], at: Option<usize>) -> Error {
    let convert = |from: &str| format!("convert it: iconv -f {from} -t UTF-8");
    if let Some(kind) = kind_of(bytes) {
        let fault = FileFault::new(path, "UTF-8 text", kind.name);
        return with_hint(fault, kind.encoding.map(convert)).into();
    }
    let at = at.unwrap_or(0);
    let mut rows = Rows::default();
    let (row, found) = (rows.at(bytes, at), bytes.get(at).copied().unwrap_or_default());
    let fault = FileFault::new(path, "UTF-8 text", format!("byte 0x{found:02x}")).row(row);
    // Most files that are neither UTF-8 nor binary come from programs of one European language.
    fault.hint(convert("WINDOWS-1252") + ", if that is what it is").into()
}

/// A kind of file that is not UTF-8 text.
struct Kind {
    name: &'static str,
    /// What iconv calls it, if it is text.
    encoding: Option<&'static str>,
}

/// The kind of file that the bytes show, by their beginning or their zeros.
fn kind_of(bytes: &[u8]) -> Option<Kind> {
    const BEGINNINGS: [(&[u8], &str, Option<&str>); 7] = [
        (b"\xff\xfe\0\0", "UTF-32", Some("UTF-32")),
        (b"\xff\xfe", "UTF-16", Some("UTF-16")),
        (b"\xfe\xff", "UTF-16", Some("UTF-16")),
        (b"PK\x03\x04", "a ZIP archive (a workbook of a spreadsheet is one)", None),
        (b"\x1f\x8b", "data compressed by gzip", None),
        (b"PAR1", "a Parquet file", None),
        (b"\xd0\xcf\x11\xe0", "a workbook of an old spreadsheet", None),
    ];
    let known = BEGINNINGS.iter().find(|(beginning, ..)| bytes.starts_with(beginning));
    if let Some((_, name, encoding)) = known {
        return Some(Kind { name, encoding: *encoding });
    }
    // ASCII in two bytes each has a zero in every second place.
    let start = bytes.get(..8).unwrap_or(bytes);
    let zeros = |first: usize| start.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    match bytes.contains(&0) {
        false => None,
        true if start.len() > 3 && !zeros(0) && zeros(1) => {
            Some(Kind { name: "UTF-16", encoding: Some("UTF-16LE") })
        }
        true if start.len() > 3 && zeros(0) && !zeros(1) => {
            Some(Kind { name: "UTF-16", encoding: Some("UTF-16BE") })
        }
        true => Some(Kind { name: "binary data", encoding: None }),
    }
}

/// The row, from 1, of growing positions in a text.
#[derive(Default)]
pub(super) struct Rows {
    position: usize,
    line_ends: u64,
}

impl Rows {
    /// The row of the byte at `position`, which may not lie before that of an earlier call.
    pub(super) fn at(&mut self, bytes: &[u8], position: usize) -> u64 {
        let end = position.min(bytes.len());
        for index in self.position.min(end)..end {
            // A carriage return alone ends a row too.
            let ends_row = match bytes[index] {
                b'\n' => true,
                b'\r' => bytes.get(index + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line_ends += u64::from(ends_row);
        }
        self.position = self.position.max(end);
        self.line_ends + 1
    }
}

/// Refuses a path at which there is nothing, or a folder.
pub(super) fn check_is_file(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(FileFault::new(path, "a file", "a directory").into())
        }
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let fault = FileFault::new(path, "a file", "nothing at this path");
            Err(with_hint(fault, neighbour(path)).into())
        }
        Err(error) => Err(Error::io(path, "open", error)),
    }
}

/// The file in the same folder whose name is nearest; a common ending alone does not make it near.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    // The order of a folder's entries is the file system's.
    names.sort();
    let stem = |name: &str| Path::new(name).file_stem()?.to_str().map(str::to_string);
    let wanted = path.file_name()?.to_str()?;
    let wanted_stem = stem(wanted)?;
    names.retain(|name| {
        stem(name).is_some_and(|stem| nearest(&wanted_stem, [stem.as_str()]).is_some())
    });
    did_you_mean(wanted, names.iter().map(String::as_str))
}

/// `did you mean "speaker"?`, if a candidate is near.
pub(super) fn did_you_mean<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(wanted, candidates).map(|name| format!("did you mean {name:?}?"))
}

/// The fault with a hint, if there is one.
pub(super) fn with_hint(fault: FileFault, hint: Option<String>) -> FileFault {
    match hint {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}

/// What stands in a cell, in quotes and cut to a length that fits a message.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A number as short as it can be written: `1e308`, not 309 digits.
pub(super) fn shown(value: f64) -> String {
    match value.abs() {
        1e-5..1e16 => value.to_string(),
        size if size > 0.0 => format!("{value:e}"),
        _ => value.to_string(),
    }
}

/// `"a", "b", …`, cut to a length that fits a message.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    const MOST: usize = 12;
    let mut shown: Vec<String> = names.iter().take(MOST).map(|name| quote(name.as_ref())).collect();
    if names.len() > MOST {
        shown.push(format!("… ({} in all)", names.len()));
    }
    shown.join(", ")
}

/// A finite number, or the words for what was expected and what was found.
pub(super) fn number(text: &str) -> std::result::Result<f64, (&'static str, String)> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(("a finite number", quote(text))),
        Err(_) if text.is_empty() => Err(("a number", "an empty cell".into())),
        Err(_) => Err(("a number", quote(text))),
    }
}
