//! The words for what is wrong with a file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, FileFault, Result, nearest};

/// A byte that is no part of a text in UTF-8.
pub(super) struct BadByte {
    pub(super) row: u64,
    /// From the start of the text.
    pub(super) offset: u64,
}

impl BadByte {
    pub(super) fn fault(&self, path: &Path, byte: u8) -> FileFault {
        let found = match byte {
            0 => format!("a zero byte at offset {}", self.offset),
            byte => format!("byte 0x{byte:02x} at offset {}", self.offset),
        };
        let fault = FileFault::new(path, "UTF-8 text", found).row(self.row);
        // Most text that is not UTF-8 comes from programs of one European language.
        let hint = convert("WINDOWS-1252") + ", if that is what it is";
        with_hint(fault, (byte != 0).then_some(hint))
    }
}

fn convert(from: &str) -> String {
    format!("convert it: iconv -f {from} -t UTF-8")
}

/// A kind of file that is not UTF-8 text.
pub(super) struct Kind {
    name: &'static str,
    /// What iconv calls it, if it is text.
    encoding: Option<&'static str>,
}

impl Kind {
    pub(super) fn fault(&self, path: &Path) -> FileFault {
        with_hint(FileFault::new(path, "UTF-8 text", self.name), self.encoding.map(convert))
    }
}

/// The kind of file that the bytes show, by their beginning or their zeros.
pub(super) fn kind_of(bytes: &[u8]) -> Option<Kind> {
    const BEGINNINGS: [(&[u8], &str, Option<&str>); 6] = [
        (b"\xff\xfe\0\0", "UTF-32", Some("UTF-32")),
        (b"\xff\xfe", "UTF-16", Some("UTF-16")),
        (b"\xfe\xff", "UTF-16", Some("UTF-16")),
        (b"PK\x03\x04", "a ZIP archive (a workbook of a spreadsheet is one)", None),
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

/// Words for a missing value, in lower case.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "none", "?", "-"];

/// Whether a cell says that its value is missing.
pub(super) fn is_missing(cell: &str) -> bool {
    cell.len() <= 4 && MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
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
