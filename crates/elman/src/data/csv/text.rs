//! A row for each sequence, whose steps are the characters or words of one cell.

use std::collections::HashMap;
use std::path::PathBuf;

use ndarray::Array2;

use super::super::calendar::listed_calendar;
use super::super::class_collector::ClassCollector;
use super::super::layout::Tokens;
use super::super::left_out::LeftOutReason;
use super::super::options::{ReadOptions, TargetKind};
use super::super::words::Column;
use super::super::{Dataset, Each, Parts, Source, Targets, ValueTargets, file};
use super::records::{Records, joined};
use super::row::Row;
use crate::error::{Error, Field, Result};

/// The columns that are read.
struct Roles {
    text: usize,
    sequence: Option<usize>,
    targets: Vec<usize>,
    weight: Option<usize>,
    group: Option<usize>,
}

/// What has been read so far.
struct Reader<'a> {
    roles: &'a Roles,
    tokens: Tokens,
    ids: Vec<String>,
    known: HashMap<String, u64>,
    channel: Column,
    offsets: Vec<usize>,
    classes: Option<ClassCollector>,
    values: Vec<f64>,
    weights: Vec<f64>,
    groups: Vec<String>,
}

/// The cells that hold texts.
pub(super) struct TextCells<'a> {
    pub(super) column: &'a str,
    pub(super) tokens: Tokens,
}

/// Reads the rows of a table whose header has been read.
pub(super) fn read(
    mut records: Records,
    paths: &[PathBuf],
    text: TextCells<'_>,
    options: &ReadOptions,
) -> Result<Dataset> {
    check(options)?;
    let roles = Roles::resolve(&records, text.column, options)?;
    let mut reader = Reader::new(&roles, text.tokens, &options.kind);
    while let Some(row) = records.next_row()? {
        reader.add(&Row { records: &records, row })?;
    }
    if reader.ids.is_empty() {
        return Err(records.header_only());
    }
    let left_out = (0..records.header.len())
        .filter(|column| !roles.all().contains(column))
        .map(|column| records.left_out(column, LeftOutReason::BesideText))
        .collect();
    let dataset = reader.finish(&records)?;
    Ok(Dataset {
        source: Some(Source { path: joined(paths), digest: records.digest() }),
        files: paths.iter().map(|path| joined(std::slice::from_ref(path))).collect(),
        left_out,
        ..dataset
    })
}

/// Refuses what a text has no use for.
fn check(options: &ReadOptions) -> Result<()> {
    let listed = |names: &Option<Vec<String>>| names.as_ref().map(|names| file::list(names));
    let excluded = (!options.exclude.is_empty()).then(|| file::list(&options.exclude));
    let given = [
        (Field::Time, options.columns.time.as_ref().map(|name| file::quote(name))),
        (Field::Features, listed(&options.features)),
        (Field::Categories, listed(&options.categories)),
        (Field::Calendar, listed_calendar(options)),
        (Field::Exclude, excluded),
        (Field::Each, (options.each == Each::Step).then(|| "step".to_string())),
    ];
    match given.into_iter().find_map(|(field, found)| Some((field, found?))) {
        None => Ok(()),
        Some((field, found)) => Err(Error::argument(field, "none beside a column of text", found)),
    }
}

impl Roles {
    fn resolve(records: &Records, text: &str, options: &ReadOptions) -> Result<Self> {
        let asked = options.names();
        let find = |name: &String| records.find(name, &asked);
        let columns = &options.columns;
        let maybe = |name: &Option<String>| name.as_ref().map(find).transpose();
        Ok(Roles {
            text: records.find(text, &asked)?,
            sequence: maybe(&columns.sequence)?,
            targets: columns.targets.iter().map(find).collect::<Result<_>>()?,
            weight: maybe(&columns.weight)?,
            group: maybe(&columns.group)?,
        })
    }

    fn all(&self) -> Vec<usize> {
        let single = [Some(self.text), self.sequence, self.weight, self.group];
        single.into_iter().flatten().chain(self.targets.iter().copied()).collect()
    }
}

impl<'a> Reader<'a> {
    fn new(roles: &'a Roles, tokens: Tokens, kind: &TargetKind) -> Self {
        let classes = match kind {
            TargetKind::Classes { known } => Some(ClassCollector::new(known.clone())),
            TargetKind::None | TargetKind::Values => None,
        };
        Reader {
            roles,
            tokens,
            ids: vec![],
            known: HashMap::new(),
            channel: Column::default(),
            offsets: vec![0],
            classes,
            values: vec![],
            weights: vec![],
            groups: vec![],
        }
    }

    fn add(&mut self, row: &Row<'_>) -> Result<()> {
        let Roles { text: text_column, sequence, ref targets, weight, group } = *self.roles;
        let text = row.text(text_column, "a text")?;
        let mut steps = self.offsets[self.offsets.len() - 1];
        self.tokens.of(text, |token| {
            self.channel.add(token);
            steps += 1;
        });
        self.offsets.push(steps);
        let id = match sequence {
            Some(column) => self.unique(row, column)?,
            None => self.ids.len().to_string(),
        };
        self.ids.push(id);
        match &mut self.classes {
            Some(classes) => {
                let label = row.text(targets[0], "a class")?;
                classes.add(label).map_err(|unknown| unknown.at(row.fault(targets[0], "", "")))?;
            }
            None => {
                for &column in targets {
                    self.values.push(row.number(column)?);
                }
            }
        }
        if let Some(column) = weight {
            self.weights.push(row.number(column)?);
        }
        if let Some(column) = group {
            self.groups.push(row.text(column, "a group")?.to_string());
        }
        Ok(())
    }

    fn unique(&mut self, row: &Row<'_>, column: usize) -> Result<String> {
        let id = row.text(column, "the id of a sequence")?;
        match self.known.insert(id.to_string(), row.row) {
            None => Ok(id.to_string()),
            Some(first) => {
                let found = format!("{}, which is that of row {first} too", file::quote(id));
                Err(row.fault(column, "an id of its own for each text", found).into())
            }
        }
    }

    fn finish(self, records: &Records) -> Result<Dataset> {
        let header = |columns: &[usize]| -> Vec<String> {
            columns.iter().map(|&column| records.header[column].clone()).collect()
        };
        let names = header(&self.roles.targets);
        let targets = match self.classes {
            Some(classes) => Targets::Classes(classes.finish(&names[0], Each::Sequence)?),
            None if names.is_empty() => Targets::None,
            None => {
                let shape = (self.ids.len(), names.len());
                let values = Array2::from_shape_vec(shape, self.values)
                    .map_err(|_| Error::shape("targets", &[shape.0, shape.1], &[0]))?;
                Targets::Values(ValueTargets::new(names, values)?)
            }
        };
        let dataset = Dataset::assemble(Parts {
            ids: self.ids,
            feature_names: vec![],
            values: vec![],
            tokens: vec![self.channel.finish(&records.header[self.roles.text])?],
            offsets: self.offsets,
            targets,
        })?;
        let dataset = match self.roles.weight {
            Some(_) => dataset.with_weights(self.weights)?,
            None => dataset,
        };
        let groups = self.roles.group.map(|_| self.groups);
        Ok(Dataset { groups, ..dataset })
    }
}
