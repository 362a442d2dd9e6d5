//! The header and the rows of a CSV file, each row with its place.

use ::csv::{ReaderBuilder, StringRecord};

use super::super::file::{self, Rows, TextFile};
use super::super::options::{CellExample, Delimiter, LeftOut, LeftOutReason};
use crate::error::{Error, Result};

/// Words for a missing value, in lower case: they do not decide whether a column holds numbers.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "none", "?", "-"];

pub(super) const QUOTE_HINT: &str = "a quoted field goes on in the next row: is its quote closed?";

/// The header, and the rows one after the other.
pub(super) struct Records<'a> {
    pub(super) file: &'a TextFile,
    pub(super) header: Vec<String>,
    delimiter: Delimiter,
    header_row: u64,
    reader: ::csv::Reader<&'a [u8]>,
    record: StringRecord,
    rows: Rows,
}

impl<'a> Records<'a> {
    /// Reads and checks the header.
    pub(super) fn open(file: &'a TextFile, delimiter: Delimiter) -> Result<Self> {
        let mut builder = ReaderBuilder::new();
        // A row with too few or too many fields is counted here, where its place is known.
        builder.has_headers(false).flexible(true).delimiter(delimiter.byte());
        let mut records = Records {
            file,
            header: vec![],
            delimiter,
            header_row: 1,
            reader: builder.from_reader(file.text.as_bytes()),
            record: StringRecord::new(),
            rows: Rows::default(),
        };
        let Some(row) = records.read()? else {
            return Err(file.fault("a header", "empty lines only").into());
        };
        records.header_row = row;
        records.header = records.record.iter().map(|name| name.trim().to_string()).collect();
        records.check_header()?;
        Ok(records)
    }

    fn check_header(&self) -> Result<()> {
        if let [only] = self.header.as_slice() {
            let others = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab];
            let other = others.into_iter().find(|other| only.contains(char::from(other.byte())));
            if let Some(other) = other {
                let expected = format!("columns separated by {}", self.delimiter);
                let fault = self.file.fault(expected, file::quote(only)).row(self.header_row);
                return Err(fault.hint(format!("set the delimiter to {other}")).into());
            }
        }
        for (index, name) in self.header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if let Some(first) = self.header[..index].iter().position(|earlier| earlier == name) {
                let found = format!("it for columns {} and {}", first + 1, index + 1);
                let fault = self.file.fault("each name once", found);
                return Err(fault.row(self.header_row).column(name).into());
            }
        }
        Ok(())
    }

    /// The next row's place in the file, from 1; `None` at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<u64>> {
        let Some(row) = self.read()? else { return Ok(None) };
        if self.record.len() == self.header.len() {
            return Ok(Some(row));
        }
        let fields =
            |count: usize| if count == 1 { "1 field".into() } else { format!("{count} fields") };
        let expected = format!("{} as in the header", fields(self.header.len()));
        let fault = self.file.fault(expected, fields(self.record.len())).row(row);
        let runs_on = self.record.iter().any(|field| field.contains('\n'));
        Err(file::with_hint(fault, runs_on.then(|| QUOTE_HINT.to_string())).into())
    }

    /// What stands in a column of the current row, without white space around it.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or("").trim()
    }

    /// The column of this name; if there is none, the nearest that is not `asked` for itself is
    /// hinted.
    pub(super) fn find(&self, name: &str, asked: &[&str]) -> Result<usize> {
        let found = self.header.iter().position(|column| column == name && !name.is_empty());
        found.ok_or_else(|| {
            let spare = self.header.iter().map(String::as_str).filter(|c| !asked.contains(c));
            let near = file::did_you_mean(name, spare);
            let fault = self.file.fault("a column of this name", "none").column(name);
            fault.hint(near.unwrap_or_else(|| self.columns_hint())).into()
        })
    }

    pub(super) fn columns_hint(&self) -> String {
        format!("the columns are {}", file::list(&self.header))
    }

    pub(super) fn header_only(&self) -> Error {
        self.file.fault("rows after the header", "the header only").into()
    }

    /// A column that is no channel for this reason.
    pub(super) fn left_out(&self, column: usize, reason: LeftOutReason) -> LeftOut {
        LeftOut { name: self.header[column].clone(), column: column + 1, reason, example: None }
    }

    /// Those of the `free` columns whose first value is a number, and why the others are not.
    pub(super) fn numeric_columns(&self, free: &[usize]) -> Result<(Vec<usize>, Vec<LeftOut>)> {
        let (mut features, mut left_out) = (vec![], vec![]);
        for (&column, first) in free.iter().zip(self.first_values(free)?) {
            match first {
                _ if self.header[column].is_empty() => {
                    left_out.push(self.left_out(column, LeftOutReason::Unnamed));
                }
                None => left_out.push(self.left_out(column, LeftOutReason::Empty)),
                Some(example) if example.text.parse::<f64>().is_ok() => features.push(column),
                example => {
                    let left = self.left_out(column, LeftOutReason::Text);
                    left_out.push(LeftOut { example, ..left });
                }
            }
        }
        if features.is_empty() {
            Err(self.no_features(&left_out))
        } else {
            Ok((features, left_out))
        }
    }

    /// The first value of each of the columns, if it has one.
    fn first_values(&self, columns: &[usize]) -> Result<Vec<Option<CellExample>>> {
        let mut found: Vec<Option<CellExample>> = vec![None; columns.len()];
        let mut ahead = Records::open(self.file, self.delimiter)?;
        let mut no_row = true;
        while found.iter().any(Option::is_none) {
            let Some(row) = ahead.next_row()? else { break };
            no_row = false;
            for (first, &column) in found.iter_mut().zip(columns).filter(|(f, _)| f.is_none()) {
                let cell = ahead.cell(column);
                if !MISSING.contains(&cell.to_ascii_lowercase().as_str()) {
                    *first = Some(CellExample { row, text: cell.to_string() });
                }
            }
        }
        match no_row && ahead.next_row()?.is_none() {
            true => Err(self.header_only()),
            false => Ok(found),
        }
    }

    fn no_features(&self, left_out: &[LeftOut]) -> Error {
        let others: Vec<String> = left_out.iter().map(ToString::to_string).collect();
        let found = if others.is_empty() {
            "none".to_string()
        } else {
            format!("none ({})", others.join("; "))
        };
        self.file.fault("at least one further column of numbers for the features", found).into()
    }

    /// Reads the next row, however many fields it has.
    fn read(&mut self) -> Result<Option<u64>> {
        let read = self.reader.read_record(&mut self.record);
        let read = read.map_err(|error| self.file.fault("rows of fields", error.to_string()))?;
        let position = self.record.position().map_or(0, ::csv::Position::byte);
        if !read {
            return Ok(None);
        }
        let bytes = self.file.text.as_bytes();
        let mut start = usize::try_from(position).unwrap_or(bytes.len());
        // The reader skips empty lines, but takes its position before them.
        while matches!(bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        Ok(Some(self.rows.at(bytes, start)))
    }
}
