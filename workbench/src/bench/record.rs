//! A record: everything that one run found, as a CSV file with the facts of the run at its head.
//!
//! ```text
//! # date: 2026-11-22
//! # machine: …
//! # workload.small: 32,100,12,64
//! # peak_gflops.2: 398.1
//! measure,cell,workload,mode,threads,contender,value,note
//! microseconds,simple,small,train,2,elman,399.3,
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use bench_protocol::{Case, Cell, Mode};
use serde::{Deserialize, Serialize};

/// The name of the library itself among the contenders.
pub const ELMAN: &str = "elman";

/// The end of the name of a training of several networks side by side.
pub const MEMBERS: &str = "-members";

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The least time of one run.
    Microseconds,
    /// The largest resident memory of the contender's process while it did this case.
    ResidentBytes,
    /// No time, for the reason in the note.
    Refused,
    /// The memory of a training step.
    StepBytes,
    /// That memory against inputs, outputs and what back-propagation keeps.
    StepBytesRatio,
    /// Time per valid step of a ragged batch against that of the full one.
    RaggedRatio,
    /// The median time of a whole training.
    TrainingSeconds,
    /// How many times as fast a whole training is as on one thread: the median of the turns.
    TrainingSpeedup,
    /// How many times Elman's time a contender takes for it: the median of the turns.
    TrainingRatio,
}

/// One value of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub measure: Measure,
    pub cell: Cell,
    pub workload: String,
    pub mode: Mode,
    pub threads: usize,
    pub contender: String,
    pub value: Option<f64>,
    pub note: String,
}

/// All that one run found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Names with values, in order.
    pub facts: BTreeMap<String, String>,
    pub entries: Vec<Entry>,
}

/// What a group of a report has in common.
pub type Group = (Cell, Mode, usize);

impl Record {
    /// Reads a record.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Record::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes a record into a new file: one that is there already is never replaced.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let fault = |error| format!("{}: {error}", path.display());
        let mut file = fs::File::create_new(path).map_err(fault)?;
        file.write_all(self.text()?.as_bytes()).map_err(fault)
    }

    /// The text of a record.
    pub fn text(&self) -> Result<String, String> {
        let mut text = String::new();
        for (name, value) in &self.facts {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(text, "# {name}: {value}").map_err(|error| error.to_string())?;
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        for entry in &self.entries {
            writer.serialize(entry).map_err(|error| error.to_string())?;
        }
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        Ok(text + &String::from_utf8(bytes).map_err(|error| error.to_string())?)
    }

    /// Reads the text of a record.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut facts = BTreeMap::new();
        for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
            let parts = line.split_once(": ");
            let (name, value) =
                parts.ok_or_else(|| format!("expected `# NAME: VALUE`, got {line}"))?;
            facts.insert(name.to_owned(), value.to_owned());
        }
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
        let entries: Result<Vec<Entry>, _> = reader.deserialize().collect();
        let record = Record { facts, entries: entries.map_err(|error| error.to_string())? };
        for entry in &record.entries {
            record.case(entry.cell, &entry.workload)?;
        }
        Ok(record)
    }

    /// Adds a fact.
    pub fn fact(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.facts.insert(name.into(), value.into());
    }

    /// A fact that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.facts.get(name)?.parse().ok()
    }

    /// The sizes of a workload, from the record itself.
    pub fn case(&self, cell: Cell, workload: &str) -> Result<Case, String> {
        let sizes = self.facts.get(&format!("workload.{workload}"));
        let sizes = sizes.ok_or_else(|| format!("no sizes of the workload {workload}"))?;
        let numbers: Result<Vec<usize>, _> = sizes.split(',').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[batch_size, seq_len, input_size, hidden_size]) => {
                Ok(Case { cell, batch_size, seq_len, input_size, hidden_size, lengths: None })
            }
            _ => Err(format!("workload.{workload}: expected B,T,I,H, got {sizes}")),
        }
    }

    /// The cells, modes and numbers of threads that were timed, in order.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.measure == Measure::Microseconds) {
            let group = (entry.cell, entry.mode, entry.threads);
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups.sort_unstable();
        groups
    }

    /// The workloads of a group, in the order of the record.
    pub fn workloads(&self, (cell, mode, threads): Group) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for entry in &self.entries {
            let timed = entry.measure == Measure::Microseconds && entry.contender == ELMAN;
            let here = (entry.cell, entry.mode, entry.threads) == (cell, mode, threads);
            if timed && here && !names.contains(&entry.workload.as_str()) {
                names.push(&entry.workload);
            }
        }
        names
    }

    /// One value.
    pub fn value(
        &self,
        measure: Measure,
        group: Group,
        workload: &str,
        contender: &str,
    ) -> Option<f64> {
        let (cell, mode, threads) = group;
        let found = self.entries.iter().find(|entry| {
            entry.measure == measure
                && (entry.cell, entry.mode, entry.threads) == (cell, mode, threads)
                && entry.workload == workload
                && entry.contender == contender
        });
        found?.value
    }

    /// The peers that were timed at all, in the order of the record.
    pub fn peers(&self) -> Vec<&str> {
        let mut peers: Vec<&str> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.measure == Measure::Microseconds) {
            if entry.contender != ELMAN && !peers.contains(&entry.contender.as_str()) {
                peers.push(&entry.contender);
            }
        }
        peers
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A record of simple and lstm training on one workload, with two peers.
    pub fn sample() -> Record {
        let mut record = Record::default();
        record.fact("date", "2026-01-02");
        record.fact("workload.small", "32,100,12,64");
        record.fact("peak_gflops.2", "400");
        for (cell, contender, micros) in [
            (Cell::Simple, ELMAN, 400.0),
            (Cell::Simple, "torch", 3600.0),
            (Cell::Simple, "jax", 1600.0),
            (Cell::Lstm, ELMAN, 1500.0),
            (Cell::Lstm, "torch", 1200.0),
        ] {
            record.entries.push(entry(cell, contender, Some(micros)));
        }
        let refused = Entry {
            measure: Measure::Refused,
            note: "outputs: differs, by \"much\"".to_owned(),
            ..entry(Cell::Lstm, "jax", None)
        };
        record.entries.push(refused);
        record
    }

    fn entry(cell: Cell, contender: &str, value: Option<f64>) -> Entry {
        Entry {
            measure: Measure::Microseconds,
            cell,
            workload: "small".to_owned(),
            mode: Mode::Train,
            threads: 2,
            contender: contender.to_owned(),
            value,
            note: String::new(),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = sample();
        assert_eq!(Record::parse(&record.text().unwrap()), Ok(record));
    }

    #[test]
    fn a_record_is_never_replaced() {
        let path = std::env::temp_dir().join(format!("elman-record-{}.csv", std::process::id()));
        sample().write(&path).unwrap();
        assert!(sample().write(&path).is_err());
        assert_eq!(Record::read(&path), Ok(sample()));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn faulty_records_are_refused() {
        let text = sample().text().unwrap();
        for (from, to) in [
            ("# workload.small: 32,100,12,64\n", ""),
            ("32,100,12,64", "32,100,12"),
            ("microseconds,simple", "seconds,simple"),
            ("train,2", "train,two"),
        ] {
            assert!(Record::parse(&text.replacen(from, to, 1)).is_err(), "{from} as {to}");
        }
    }

    #[test]
    fn groups_and_peers_come_from_what_was_timed() {
        let record = sample();
        assert_eq!(record.groups(), [(Cell::Simple, Mode::Train, 2), (Cell::Lstm, Mode::Train, 2)]);
        assert_eq!(record.peers(), ["torch", "jax"]);
        assert_eq!(record.workloads((Cell::Lstm, Mode::Train, 2)), ["small"]);
    }
}
