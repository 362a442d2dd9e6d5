//! Whether a table is one of dated series, and how one would forecast them.

use std::path::PathBuf;

use elman::data::{ColumnLook, Columns, Look};
use elman::forecast::{Frame, FrameOptions, Gaps, Repeats};
use serde::Serialize;

use super::MOST_NAMES;
use crate::printer::text::{Facts, counted, grouped, list};

/// Names of columns of whole numbers that are taken for times.
const TIMES: [&str; 8] = ["ds", "date", "datetime", "timestamp", "time", "year", "month", "week"];
/// The steps of a horizon where there is no season.
const MOST_STEPS: usize = 12;

/// What was found of dated series.
#[derive(Debug, Serialize)]
pub struct Dated {
    frequency: String,
    season: usize,
    series: usize,
    rows: usize,
    shortest: usize,
    longest: usize,
    first: String,
    last: String,
    /// The steps between two rows that have no row.
    gaps: usize,
    /// The values that are missing, without those of the gaps.
    missing: usize,
    time: String,
    id: Option<String>,
    target: String,
    /// Why this is the target.
    reason: String,
    /// Columns of numbers that could help.
    further: Vec<String>,
    /// Whether several rows have one time.
    repeats: bool,
    #[serde(skip)]
    pub arguments: Vec<String>,
}

/// The roles of the columns.
struct Roles {
    id: Option<String>,
    time: String,
    target: String,
    reason: String,
    further: Vec<String>,
    repeats: Repeats,
}

/// The dated series of a table, or why its rows cannot be read as such; none where it has no times.
///
/// A table whose sequences have a class is not taken for one, unless a date tells them apart or its
/// columns are named as those of dated series are.
pub fn dated(paths: &[PathBuf], columns: &Columns, look: &Look) -> Option<elman::Result<Dated>> {
    let kind = |name: &str| {
        look.columns.iter().find(|column| column.name == name).map(|column| column.kind)
    };
    let sequence = look.candidates.iter().find(|candidate| candidate.role == "sequence");
    let is_dated = sequence.is_some_and(|candidate| kind(&candidate.column) == Some("date"))
        || (kind("ds").is_some() && kind("y").is_some());
    if !look.arguments.is_empty() && !is_dated {
        return None;
    }
    let time = time(&look.columns)?;
    let (target, reason) = target(paths, &look.columns, &time)?;
    let others = further(&look.columns, [&time, &target]);
    let ids = ids(&look.columns, [&time, &target]);
    let read = |id: &Option<String>, repeats| {
        let columns = Columns {
            sequence: id.clone(),
            time: Some(time.clone()),
            targets: vec![target.clone()],
            ..columns.clone()
        };
        let (gaps, missing) = (Gaps::Fill, true);
        let options = FrameOptions { columns, gaps, missing, repeats, ..FrameOptions::default() };
        Frame::read(paths, &options)
    };
    let roles = |id: &Option<String>, repeats| Roles {
        id: id.clone(),
        time: time.clone(),
        target: target.clone(),
        reason: reason.clone(),
        further: others.clone(),
        repeats,
    };
    let mut fault = None;
    // Rows that share their time are rather those of several series than of one.
    let attempts = ids.iter().map(|id| (id, Repeats::Refuse));
    for (id, repeats) in attempts.chain(ids.first().map(|id| (id, Repeats::Mean))) {
        match read(id, repeats) {
            Ok(frame) if is_dense(&frame) => {
                return Some(Ok(found(&frame, roles(id, repeats))));
            }
            Ok(_) => {}
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    fault.map(Err)
}

/// Whether most steps have a row: not so where a column of something else is taken for ids.
fn is_dense(frame: &Frame) -> bool {
    let steps: usize = frame.series.iter().map(|series| series.values.len()).sum();
    2 * frame.series.iter().map(|series| series.filled).sum::<usize>() <= steps
}

/// The column of the times.
fn time(columns: &[ColumnLook]) -> Option<String> {
    let is_date = |column: &&ColumnLook| column.kind == "date";
    let named = |column: &&ColumnLook| {
        let name = column.name.to_lowercase();
        column.kind == "number" && TIMES.contains(&name.as_str())
    };
    let dates = columns.iter().find(is_date);
    let found = columns.iter().find(|column| column.name == "ds").or(dates);
    Some(found.or_else(|| columns.iter().find(named))?.name.clone())
}

/// The column of the values, and why it was taken.
fn target(paths: &[PathBuf], columns: &[ColumnLook], time: &str) -> Option<(String, String)> {
    let is_value = |column: &&ColumnLook| {
        column.kind == "number" && column.name != time && column.name != "unique_id"
    };
    let values: Vec<&ColumnLook> = columns.iter().filter(is_value).collect();
    let files: Vec<String> = paths
        .iter()
        .filter_map(|path| path.file_stem())
        .map(|stem| stem.to_string_lossy().to_lowercase())
        .collect();
    let is_titled = |column: &&&ColumnLook| {
        let name = column.name.to_lowercase();
        name.len() > 1 && files.iter().any(|file| file.contains(&name))
    };
    let named = values.iter().find(|column| column.name == "y");
    let (column, reason) = match (named, values.iter().find(is_titled), values.as_slice()) {
        (Some(column), _, _) => (column, "it is called y"),
        (None, _, [only]) => (only, "the only column of numbers"),
        (None, Some(column), _) => (column, "the file is named after it"),
        (None, None, [.., last]) => (last, "the last column of numbers"),
        (None, None, []) => return None,
    };
    Some((column.name.clone(), reason.to_owned()))
}

/// The other columns of numbers.
fn further(columns: &[ColumnLook], others: [&String; 2]) -> Vec<String> {
    let is_further = |column: &&ColumnLook| {
        column.kind == "number" && !others.contains(&&column.name) && column.name != "unique_id"
    };
    columns.iter().filter(is_further).map(|column| column.name.clone()).collect()
}

/// What could tell series apart: the usual name, nothing, or a column whose values repeat.
fn ids(columns: &[ColumnLook], others: [&String; 2]) -> Vec<Option<String>> {
    if columns.iter().any(|column| column.name == "unique_id") {
        return vec![Some("unique_id".to_owned())];
    }
    let most = columns.iter().filter_map(|column| column.distinct).max().unwrap_or(0);
    let repeats = |column: &&ColumnLook| {
        !others.contains(&&column.name)
            && column.missing == 0
            && column.distinct.is_some_and(|count| count > 1 && count < most)
    };
    let mut found: Vec<&ColumnLook> = columns.iter().filter(repeats).collect();
    found.sort_by_key(|column| (column.kind == "number", column.distinct));
    let named = found.into_iter().map(|column| Some(column.name.clone()));
    std::iter::once(None).chain(named).collect()
}

fn found(frame: &Frame, roles: Roles) -> Dated {
    let lengths = frame.series.iter().map(|series| series.values.len());
    let (shortest, longest) = (lengths.clone().min().unwrap_or(0), lengths.clone().max());
    let gaps: usize = frame.series.iter().map(|series| series.filled).sum();
    let values = frame.series.iter().flat_map(|series| &series.values);
    let missing = values.filter(|value| value.is_nan()).count().saturating_sub(gaps);
    let ends = frame.series.iter().map(|series| frame.time(series, series.values.len() - 1));
    let starts = frame.series.iter().map(|series| series.start);
    let write = |time: Option<i64>| time.map_or(String::new(), |time| frame.style.write(time));
    let mut dated = Dated {
        frequency: frame.frequency.name(),
        season: frame.frequency.season(),
        series: frame.series.len(),
        rows: lengths.sum::<usize>() - gaps,
        shortest,
        longest: longest.unwrap_or(0),
        first: write(starts.min()),
        last: write(ends.max()),
        gaps,
        missing,
        time: roles.time,
        id: roles.id,
        target: roles.target,
        reason: roles.reason,
        further: roles.further,
        repeats: roles.repeats != Repeats::Refuse,
        arguments: Vec::new(),
    };
    dated.arguments = arguments(&dated);
    dated
}

/// What to say to `train`; names that it takes anyway are left out.
fn arguments(dated: &Dated) -> Vec<String> {
    let mut words = Vec::new();
    let names = [("--id", dated.id.as_deref(), "unique_id"), ("--time", Some(&*dated.time), "ds")];
    for (option, name, usual) in names.into_iter().chain([("--target", Some(&*dated.target), "y")])
    {
        if let Some(name) = name.filter(|name| *name != usual) {
            words.extend([option.to_owned(), name.to_owned()]);
        }
    }
    words.extend(["--task", "forecast", "--horizon"].map(str::to_owned));
    words.push(horizon(dated).to_string());
    if dated.gaps > 0 {
        words.push("--fill-gaps".to_owned());
    }
    if dated.repeats {
        words.extend(["--repeats", "mean"].map(str::to_owned));
    }
    if dated.missing > 0 {
        words.extend(["--missing", "last"].map(str::to_owned));
    }
    words
}

/// A season, if the series have a few of them.
fn horizon(dated: &Dated) -> usize {
    match dated.season {
        season if season > 1 && dated.shortest >= 5 * season => season,
        _ => (dated.shortest / 10).clamp(1, MOST_STEPS),
    }
}

impl Dated {
    /// What was found, in words.
    pub fn describe(&self, facts: &mut Facts) {
        let Dated { frequency, first, last, shortest, longest, .. } = self;
        let steps = match shortest == longest {
            true => counted(*longest, "step"),
            false => format!("{} to {} steps", grouped(*shortest), grouped(*longest)),
        };
        let series = format!("{} of {steps}, {frequency}, {first} to {last}", self.series);
        facts.add("series", series);
        let gaps = match self.gaps {
            0 => "none".to_owned(),
            gaps => format!("{} without a row (--fill-gaps makes rows)", counted(gaps, "step")),
        };
        facts.add("gaps", gaps);
        if self.repeats {
            facts.add("", "several rows have one time (--repeats mean takes their mean)");
        }
        if let Some(id) = &self.id {
            facts.add("id", format!("{id}: the times of its values follow each other"));
        }
        facts.add("time", format!("{}: {frequency}", self.time));
        facts.add("target", format!("{}: {}", self.target, self.reason));
        let further: Vec<&String> =
            self.further.iter().filter(|name| Some(*name) != self.id.as_ref()).collect();
        if !further.is_empty() {
            facts.add("further", list(&further, MOST_NAMES));
            let hint = "--features takes what is measured, --known what is known ahead; --target a,b \
                        makes series of several";
            facts.add("", hint);
        }
    }
}
