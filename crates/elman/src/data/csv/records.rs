//! The header and the rows of one CSV file or of several, each row with its place.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::super::file;
use super::super::format::table_ending;
use super::super::input::{Digest, Lines, is_standard_input};
use super::super::left_out::{LeftOut, LeftOutReason};
use super::super::options::{Columns, Decimal, Delimiter};
use super::fields::Fields;
use crate::error::{Error, FileFault, Result};

pub(super) const QUOTE_HINT: &str = "a quoted field goes on in the next row: is its quote closed?";

/// The header, and the rows one after the other.
pub(super) struct Records {
    pub(super) header: Vec<String>,
    pub(super) decimal: Decimal,
    delimiter: Delimiter,
    digest: Digest,
    /// Files that are still to be read.
    waiting: VecDeque<PathBuf>,
    /// How many files have been begun, from 1.
    files: u32,
    lines: Lines,
    text: String,
    fields: Fields,
}

impl Records {
    /// Opens the files, which have one header, and reads and checks it.
    pub(super) fn open(paths: &[PathBuf], columns: &Columns) -> Result<Self> {
        let Some((first, rest)) = paths.split_first() else {
            return Err(Error::argument("data", "at least one file", "none"));
        };
        let digest = Digest::default();
        let mut records = Records {
            header: vec![],
            decimal: columns.decimal,
            delimiter: Delimiter::Comma,
            waiting: rest.iter().cloned().collect(),
            files: 1,
            lines: Lines::open(first, &digest)?,
            digest,
            text: String::new(),
            fields: Fields::default(),
        };
        (records.header, records.delimiter) = records.read_header(columns.delimiter, first)?;
        records.check_header()?;
        Ok(records)
    }

    /// The names in the first row that is not empty, and what separates them.
    fn read_header(
        &mut self,
        delimiter: Option<Delimiter>,
        path: &Path,
    ) -> Result<(Vec<String>, Delimiter)> {
        let Some(_) = self.read_line()? else {
            return Err(self.fault("a header", "empty lines only").into());
        };
        let delimiter = delimiter.unwrap_or_else(|| match table_ending(path).as_deref() {
            Some("csv") => Delimiter::Comma,
            Some("tsv" | "tab") => Delimiter::Tab,
            _ => Delimiter::commonest(&self.text),
        });
        self.read_fields(delimiter)?;
        let name = |column: usize| self.fields.get(&self.text, column).trim().to_string();
        Ok(((0..self.fields.len()).map(name).collect(), delimiter))
    }

    fn check_header(&self) -> Result<()> {
        let row = self.lines.row();
        if let [only] = self.header.as_slice() {
            let others = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab];
            let other = others.into_iter().find(|other| only.contains(char::from(other.byte())));
            if let Some(other) = other {
                let expected = format!("columns separated by {}", self.delimiter);
                let fault = self.fault(expected, file::quote(only)).row(row);
                return Err(fault.hint(format!("set the delimiter to {other}")).into());
            }
        }
        for (index, name) in self.header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if let Some(first) = self.header[..index].iter().position(|earlier| earlier == name) {
                let found = format!("it for columns {} and {}", first + 1, index + 1);
                let fault = self.fault("each name once", found);
                return Err(fault.row(row).column(name).into());
            }
        }
        Ok(())
    }

    /// The next row's place in its file, from 1; `None` at the end of the last file.
    pub(super) fn next_row(&mut self) -> Result<Option<u64>> {
        let row = loop {
            match self.read_line()? {
                Some(row) => break row,
                None if self.next_file()? => {}
                None => return Ok(None),
            }
        };
        self.read_fields(self.delimiter)?;
        if self.fields.len() == self.header.len() {
            return Ok(Some(row));
        }
        let fields =
            |count: usize| if count == 1 { "1 field".into() } else { format!("{count} fields") };
        let expected = format!("{} as in the header", fields(self.header.len()));
        let fault = self.fault(expected, fields(self.fields.len())).row(row);
        let runs_on = self.text.contains('\n');
        Err(file::with_hint(fault, runs_on.then(|| QUOTE_HINT.to_string())).into())
    }

    /// Goes on to the next file, whose header must be that of the first; whether there is one.
    fn next_file(&mut self) -> Result<bool> {
        let Some(path) = self.waiting.pop_front() else { return Ok(false) };
        self.lines = Lines::open(&path, &self.digest)?;
        self.files += 1;
        let (header, _) = self.read_header(Some(self.delimiter), &path)?;
        if header != self.header {
            let expected = format!("the header of the first file, {}", file::list(&self.header));
            let fault = self.fault(expected, file::list(&header)).row(self.lines.row());
            return Err(fault.into());
        }
        Ok(true)
    }

    /// What stands in a column of the current row, without white space around it.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.fields.get(&self.text, column).trim()
    }

    /// Which of the files the current row is in, from 0.
    pub(super) fn file_index(&self) -> u32 {
        self.files - 1
    }

    /// The part of a single file's text that has been read; `None` where its size is not known, or
    /// there are several files.
    pub(super) fn part_read(&self) -> Option<f64> {
        if self.waiting.is_empty() && self.files == 1 { self.lines.part_read() } else { None }
    }

    /// The digest of all bytes read.
    pub(super) fn digest(&self) -> String {
        self.digest.text()
    }

    /// A fault of the file that is being read.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> FileFault {
        self.lines.input.fault(expected, found)
    }

    /// The column of this name; if there is none, the nearest that is not `asked` for itself is
    /// hinted.
    pub(super) fn find(&self, name: &str, asked: &[&str]) -> Result<usize> {
        let found = self.header.iter().position(|column| column == name && !name.is_empty());
        found.ok_or_else(|| {
            let spare = self.header.iter().map(String::as_str).filter(|c| !asked.contains(c));
            let near = file::did_you_mean(name, spare);
            let fault = self.fault("a column of this name", "none").column(name);
            fault.hint(near.unwrap_or_else(|| self.columns_hint())).into()
        })
    }

    pub(super) fn columns_hint(&self) -> String {
        format!("the columns are {}", file::list(&self.header))
    }

    pub(super) fn header_only(&self) -> Error {
        self.fault("rows after the header", "the header only").into()
    }

    /// A column that is no channel for this reason.
    pub(super) fn left_out(&self, column: usize, reason: LeftOutReason) -> LeftOut {
        LeftOut { name: self.header[column].clone(), column: column + 1, reason, example: None }
    }

    /// Reads the next line that is not empty.
    fn read_line(&mut self) -> Result<Option<u64>> {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        loop {
            bytes.clear();
            let row = self.lines.append(&mut bytes)?;
            if row.is_none() || !bytes.is_empty() {
                self.text = self.checked(bytes)?;
                return Ok(row);
            }
        }
    }

    /// Splits the line, and the lines that belong to it because a quote is open.
    fn read_fields(&mut self, delimiter: Delimiter) -> Result<()> {
        self.fields.clear();
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        while self.fields.split(&bytes, delimiter.byte()) {
            bytes.push(b'\n');
            if self.lines.append(&mut bytes)?.is_none() {
                bytes.pop();
                break;
            }
        }
        self.fields.finish(&bytes);
        self.text = self.checked(bytes)?;
        Ok(())
    }

    /// The lines have been checked one by one, so this does not fail.
    fn checked(&self, bytes: Vec<u8>) -> Result<String> {
        let text = String::from_utf8(bytes);
        text.map_err(|error| self.fault("UTF-8 text", error.to_string()).into())
    }
}

/// How a file is called that several files are read as.
pub(in crate::data) fn joined(paths: &[PathBuf]) -> PathBuf {
    let name = |path: &PathBuf| match is_standard_input(path) {
        true => "standard input".to_string(),
        false => path.display().to_string(),
    };
    match paths {
        [only] => PathBuf::from(name(only)),
        _ => PathBuf::from(paths.iter().map(name).collect::<Vec<_>>().join(", ")),
    }
}
