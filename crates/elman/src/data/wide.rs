//! A row for each sequence: a label, then the values in order.
//!
//! ```text
//! 1<TAB>0.51<TAB>0.32<TAB>0.18
//! 2<TAB>0.49<TAB>0.77<TAB>NaN
//! ```
//!
//! So are the `.tsv` files of the UCR archive: no header, the label first. Missing values at the end of
//! a row say that its sequence is shorter; others are [missing](super::Missing) values of the channel,
//! which is called `value`. With a header, which is a first row whose fields behind the first are not
//! all numbers, the target, the id, the weight and the group are columns by name, and all others are
//! values; without names the target is the first column. The first column is no value either where
//! nothing is to be predicted.

mod check;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::Array2;

use self::check::check;
use super::class_collector::ClassCollector;
use super::csv::{Fields, joined};
use super::format::table_ending;
use super::input::{Digest, Lines};
use super::missing::{self, MISSING_HINT};
use super::options::{Decimal, Delimiter, Missing, ReadOptions, TargetKind};
use super::place::Places;
use super::{Dataset, Each, Parts, Source, Targets, ValueTargets, file};
use crate::error::{Error, FileFault, Result};

/// What the channel is called.
const CHANNEL: &str = "value";
/// What the target is called where no header names it.
const TARGET: &str = "label";

/// Reads one table.
///
/// # Errors
///
/// Roles that such a table does not have; several files; rows of different width; a cell that is no
/// number; a row without a value; a label that is missing or not among the known ones.
pub(super) fn read(paths: &[PathBuf], options: &ReadOptions) -> Result<Dataset> {
    check(options)?;
    let [path] = paths else {
        let found = paths.len();
        return Err(Error::argument("data", "one file in the wide layout", found));
    };
    let digest = Digest::default();
    let mut reader = Reader::open(path, options, &digest)?;
    while reader.next_row()? {
        reader.add()?;
    }
    let dataset = reader.finish()?;
    let source = Source { path: joined(paths), digest: digest.text() };
    Ok(Dataset { files: vec![source.path.clone()], source: Some(source), ..dataset })
}

/// The columns that are no values.
#[derive(Default)]
struct Roles {
    target: Option<usize>,
    sequence: Option<usize>,
    weight: Option<usize>,
    group: Option<usize>,
}

enum Labels {
    None,
    Classes(ClassCollector),
    Values(Vec<f64>),
}

struct Reader {
    lines: Lines,
    text: String,
    fields: Fields,
    delimiter: Delimiter,
    decimal: Decimal,
    header: Option<Vec<String>>,
    width: usize,
    row: u64,
    /// Whether the row that has been read is still to be added.
    is_waiting: bool,
    roles: Roles,
    missing: Missing,
    labels: Labels,
    known: HashMap<String, u64>,
    ids: Vec<String>,
    weights: Vec<f64>,
    groups: Vec<String>,
    values: Vec<f64>,
    offsets: Vec<usize>,
    rows: Vec<u64>,
}

impl Reader {
    fn open(path: &Path, options: &ReadOptions, digest: &Digest) -> Result<Self> {
        let mut reader = Reader {
            lines: Lines::open(path, digest)?,
            text: String::new(),
            fields: Fields::default(),
            delimiter: options.columns.delimiter.unwrap_or_default(),
            decimal: options.columns.decimal,
            header: None,
            width: 0,
            row: 0,
            is_waiting: false,
            roles: Roles::default(),
            missing: options.missing,
            labels: match &options.kind {
                TargetKind::None => Labels::None,
                TargetKind::Classes { known } => {
                    Labels::Classes(ClassCollector::new(known.clone()))
                }
                TargetKind::Values => Labels::Values(vec![]),
            },
            known: HashMap::new(),
            ids: vec![],
            weights: vec![],
            groups: vec![],
            values: vec![],
            offsets: vec![0],
            rows: vec![],
        };
        if !reader.read_line()? {
            return Err(reader.lines.input.fault("rows of values", "empty lines only").into());
        }
        reader.delimiter =
            options.columns.delimiter.unwrap_or_else(|| match table_ending(path).as_deref() {
                Some("csv") => Delimiter::Comma,
                Some("tsv" | "tab") => Delimiter::Tab,
                _ => Delimiter::commonest(&reader.text),
            });
        reader.split()?;
        reader.width = reader.fields.len();
        reader.read_header(options)?;
        Ok(reader)
    }

    /// Finds out what the first row is, and where the columns with a role are.
    fn read_header(&mut self, options: &ReadOptions) -> Result<()> {
        let cells: Vec<String> =
            (0..self.width).map(|index| self.cell(index).to_string()).collect();
        let is_value = |cell: &String| file::is_missing(cell) || self.parsed(cell).is_ok();
        let is_header = !cells.iter().skip(1).all(is_value);
        self.is_waiting = !is_header;
        let columns = &options.columns;
        let named = [&columns.sequence, &columns.weight, &columns.group];
        let named: Vec<&String> = named.into_iter().flatten().chain(&columns.targets).collect();
        match (is_header, named.as_slice()) {
            (false, []) => self.roles.target = Some(0),
            (false, [name]) if *name == TARGET => self.roles.target = Some(0),
            (false, [name, ..]) => {
                let fault = self.lines.input.fault("a header with this column", "a row of values");
                return Err(fault.row(self.row).column(*name).into());
            }
            (true, _) => {
                let find = |name: &String| {
                    cells.iter().position(|cell| cell == name).ok_or_else(|| {
                        let near = file::did_you_mean(name, cells.iter().map(String::as_str));
                        let fault = self.lines.input.fault("a column of this name", "none");
                        Error::from(file::with_hint(fault.column(name), near))
                    })
                };
                let maybe = |name: &Option<String>| name.as_ref().map(find).transpose();
                let target = columns.targets.first().map(find).transpose()?;
                self.roles = Roles {
                    sequence: maybe(&columns.sequence)?,
                    weight: maybe(&columns.weight)?,
                    group: maybe(&columns.group)?,
                    target,
                };
                let is_taken = [self.roles.sequence, self.roles.weight, self.roles.group];
                if target.is_none() && !is_taken.contains(&Some(0)) {
                    self.roles.target = Some(0);
                }
                self.header = Some(cells);
            }
        }
        match self.width - self.taken().count() {
            0 => Err(self.lines.input.fault("columns of values", "none").row(self.row).into()),
            _ => Ok(()),
        }
    }

    fn taken(&self) -> impl Iterator<Item = usize> {
        let Roles { target, sequence, weight, group } = self.roles;
        [target, sequence, weight, group].into_iter().flatten()
    }

    /// Reads a row of the width of the first; whether there is one.
    fn next_row(&mut self) -> Result<bool> {
        if std::mem::take(&mut self.is_waiting) {
            return Ok(true);
        }
        if !self.read_line()? {
            return Ok(false);
        }
        self.split()?;
        match self.fields.len() {
            found if found == self.width => Ok(true),
            found => {
                let expected = format!("{} fields as in the first row", self.width);
                Err(self.lines.input.fault(expected, found.to_string()).row(self.row).into())
            }
        }
    }

    /// Reads the next line that is not empty; whether there is one.
    fn read_line(&mut self) -> Result<bool> {
        let mut bytes = Vec::new();
        loop {
            let Some(row) = self.lines.append(&mut bytes)? else { return Ok(false) };
            if !bytes.is_empty() {
                self.row = row;
                self.text = String::from_utf8_lossy(&bytes).into_owned();
                return Ok(true);
            }
        }
    }

    fn split(&mut self) -> Result<()> {
        self.fields.clear();
        if self.fields.split(self.text.as_bytes(), self.delimiter.byte()) {
            let fault = self.lines.input.fault("a quote that is closed in its row", "an open one");
            return Err(fault.row(self.row).into());
        }
        self.fields.finish(self.text.as_bytes());
        Ok(())
    }

    fn cell(&self, column: usize) -> &str {
        self.fields.get(&self.text, column).trim()
    }

    fn parsed(&self, cell: &str) -> std::result::Result<f64, (&'static str, String)> {
        match self.decimal {
            Decimal::Comma if !cell.contains('.') => file::number(&cell.replace(',', ".")),
            Decimal::Comma => Err(("a number with a decimal comma", file::quote(cell))),
            Decimal::Point => file::number(cell),
        }
    }

    fn number(&self, column: usize) -> Result<f64> {
        let parsed = self.parsed(self.cell(column));
        parsed.map_err(|(expected, found)| self.fault(column, expected, found).into())
    }

    fn fault(&self, column: usize, expected: &str, found: impl Into<String>) -> FileFault {
        let name = match &self.header {
            Some(header) => header[column].clone(),
            None => format!("{}", column + 1),
        };
        self.lines.input.fault(expected, found).row(self.row).column(name)
    }

    /// Adds the row that has been read.
    fn add(&mut self) -> Result<()> {
        self.add_values()?;
        self.add_label()?;
        let id = match self.roles.sequence {
            None => self.ids.len().to_string(),
            Some(column) => {
                let id = self.cell(column).to_string();
                let earlier = self.known.insert(id.clone(), self.row);
                match (id.as_str(), earlier) {
                    ("", _) => {
                        let fault = self.fault(column, "the id of a sequence", "an empty cell");
                        return Err(fault.into());
                    }
                    (_, None) => id,
                    (_, Some(first)) => {
                        let found =
                            format!("{}, which is that of row {first} too", file::quote(&id));
                        let expected = "an id of its own for each sequence";
                        return Err(self.fault(column, expected, found).into());
                    }
                }
            }
        };
        self.ids.push(id);
        if let Some(column) = self.roles.weight {
            self.weights.push(self.number(column)?);
        }
        if let Some(column) = self.roles.group {
            self.groups.push(self.cell(column).to_string());
        }
        self.rows.push(self.row);
        Ok(())
    }

    fn add_values(&mut self) -> Result<()> {
        let taken: Vec<usize> = self.taken().collect();
        let columns: Vec<usize> =
            (0..self.width).filter(|column| !taken.contains(column)).collect();
        let is_missing = |column: &&usize| file::is_missing(self.cell(**column));
        let padding = columns.iter().rev().take_while(is_missing).count();
        let columns = &columns[..columns.len() - padding];
        if columns.is_empty() {
            let fault = self.lines.input.fault("at least one value", "none");
            return Err(fault.row(self.row).into());
        }
        for &column in columns {
            let cell = self.cell(column);
            let value = match self.parsed(cell) {
                Ok(value) => value,
                Err(_) if file::is_missing(cell) && self.missing != Missing::Refuse => f64::NAN,
                Err(_) if file::is_missing(cell) => {
                    let found =
                        if cell.is_empty() { "an empty cell".into() } else { file::quote(cell) };
                    let expected = "a number (only the end of a row may be missing)";
                    return Err(self.fault(column, expected, found).hint(MISSING_HINT).into());
                }
                Err((expected, found)) => return Err(self.fault(column, expected, found).into()),
            };
            self.values.push(value);
        }
        self.offsets.push(self.values.len());
        Ok(())
    }

    fn add_label(&mut self) -> Result<()> {
        let Some(column) = self.roles.target else { return Ok(()) };
        let text = self.cell(column).to_string();
        let place = self.fault(column, "a label", "an empty cell");
        let number = self.parsed(&text);
        match &mut self.labels {
            Labels::None => Ok(()),
            _ if text.is_empty() => Err(place.into()),
            Labels::Classes(classes) => {
                classes.add(&text).map_err(|unknown| unknown.at(place).into())
            }
            Labels::Values(values) => {
                let number = number.map_err(|(expected, found)| FileFault {
                    expected: expected.to_string(),
                    found,
                    ..place
                })?;
                values.push(number);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Dataset> {
        if self.ids.is_empty() {
            return Err(self.lines.input.fault("rows after the header", "the header only").into());
        }
        let target = match (&self.header, self.roles.target) {
            (Some(header), Some(column)) => header[column].clone(),
            _ => TARGET.to_string(),
        };
        let channels = missing::Channels { names: vec![CHANNEL.into()], values: self.values };
        let channels = missing::complete(channels, &self.offsets, self.missing);
        let targets = match self.labels {
            Labels::None => Targets::None,
            Labels::Classes(classes) => Targets::Classes(classes.finish(&target, Each::Sequence)?),
            Labels::Values(values) => {
                let shape = (values.len(), 1);
                let values = Array2::from_shape_vec(shape, values)
                    .map_err(|_| Error::shape("targets", &[shape.0, 1], &[0]))?;
                Targets::Values(ValueTargets::new(vec![target], values)?)
            }
        };
        let dataset = Dataset::assemble(Parts {
            ids: self.ids,
            feature_names: channels.names,
            values: channels.values,
            tokens: vec![],
            offsets: self.offsets,
            targets,
        })?;
        let dataset = match self.roles.weight {
            Some(_) => dataset.with_weights(self.weights)?,
            None => dataset,
        };
        let groups = self.roles.group.map(|_| self.groups);
        Ok(Dataset { places: Places::Sequences(self.rows), groups, ..dataset })
    }
}
