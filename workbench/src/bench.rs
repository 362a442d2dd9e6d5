//! `cargo xtask bench`: how fast Elman is on this machine, and against others.
//!
//! Every contender is a process of its own that is asked to load a case, to show what it computes, and
//! to run it for a while; this module makes the cases, compares the results, gives each its turns, and
//! writes down what came of it. `benchmarks/README.md` tells what is counted.

mod compare;
mod contenders;
mod definitions;
mod extras;
mod inputs;
mod machine;
mod options;
mod process;
mod ratio;
mod record;
mod report;
mod rounds;
mod table;
mod trainings;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bench_protocol::{Cell, Mode};

pub use options::Options;

use contenders::{Contender, Peer, Program};
use definitions::{Definitions, TrainingWorkload, Workload};
use options::{Plan, Request};
use process::Answer;
use record::{Entry, Measure, Record};
use rounds::{Measurement, Turns, Work};

/// Does what the options ask for.
pub fn run(options: Options, repository: &Path) -> Result<(), String> {
    let definitions = Definitions::read(repository)?;
    match options.request(&definitions)? {
        Request::List => say(&list(&definitions)),
        Request::Show(path) => say(&report::text(&Record::read(&path)?, &definitions.targets)),
        Request::Table(path) => {
            let record = Record::read(&path)?;
            say(&table::block(&record, &named(&path, repository)));
        }
        Request::Run(plan) => {
            let kept = kept_as(&plan, repository)?;
            let record = Bench::new(plan, repository)?.run()?;
            say(&report::text(&record, &definitions.targets));
            if let Some(path) = kept {
                record.write(&path)?;
                eprintln!("kept as {}", path.display());
            }
        }
    }
    Ok(())
}

/// Prints to stdout. A reader that has gone is no fault.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn list(definitions: &Definitions) -> String {
    let names = |names: Vec<&str>| names.join(", ");
    let mut text = format!(
        "cells: {}\nmodes: {}\npeers: {}\nworkloads (B,T,I,H):\n",
        names(Cell::ALL.map(Cell::name).to_vec()),
        names(Mode::ALL.map(Mode::name).to_vec()),
        names(Peer::ALL.map(Peer::name).to_vec()),
    );
    for workload in &definitions.workloads {
        text += &format!("  {} {}\n", workload.name, workload.sizes());
    }
    text += "whole trainings (B,T,I,H):\n";
    for training in &definitions.trainings {
        text += &format!("  {} {}\n", training.name, training.sizes());
    }
    text
}

/// The path of a record as the README names it: from the repository's folder, where it lies there.
fn named(path: &Path, repository: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let root = repository.canonicalize().unwrap_or_else(|_| repository.to_path_buf());
    whole.strip_prefix(&root).unwrap_or(path).display().to_string()
}

/// Where the results will be kept; refused before the work where there is a record already.
fn kept_as(plan: &Plan, repository: &Path) -> Result<Option<PathBuf>, String> {
    let Some(name) = &plan.record else { return Ok(None) };
    let file = format!("{}-{name}.csv", machine::date());
    let path = repository.join("benchmarks/record").join(file);
    if path.exists() {
        return Err(format!("{}: is there already; choose another name", path.display()));
    }
    Ok(Some(path))
}

/// One run.
struct Bench<'a> {
    plan: Plan,
    repository: &'a Path,
    /// Elman's own programs.
    programs: PathBuf,
    /// The cases, one at a time, and what contenders write to stderr.
    scratch: PathBuf,
    record: Record,
}

impl<'a> Bench<'a> {
    fn new(plan: Plan, repository: &'a Path) -> Result<Self, String> {
        let scratch = repository.join("target/bench");
        std::fs::create_dir_all(&scratch)
            .map_err(|error| format!("{}: {error}", scratch.display()))?;
        let programs = contenders::build_elman(repository)?;
        Ok(Bench { plan, repository, programs, scratch, record: Record::default() })
    }

    fn run(mut self) -> Result<Record, String> {
        machine::describe(self.repository, &mut self.record);
        self.record.fact("seconds", self.plan.seconds.to_string());
        self.record.fact("rounds", self.plan.rounds.to_string());
        let programs = self.set_up();
        self.measure_machine()?;
        let mut teams = self.teams(&programs, &self.plan.threads);
        self.note_versions(&mut teams);
        for cell in self.plan.cells.clone() {
            for workload in self.plan.workloads.clone() {
                self.workload(cell, &workload, &mut teams)?;
            }
        }
        drop(teams);
        for training in self.plan.trainings.clone() {
            self.training(&training, &programs)?;
        }
        self.measure_machine()?;
        Ok(self.record)
    }

    /// Elman and every peer that can be set up; the others are noted with the reason.
    fn set_up(&mut self) -> Vec<Program> {
        let mut programs = vec![contenders::elman(&self.programs)];
        for peer in &self.plan.peers {
            match contenders::set_up(*peer, self.repository) {
                Ok(program) => programs.push(program),
                Err(reason) => {
                    eprintln!("{}: {reason}", peer.name());
                    self.record.fact(format!("missing.{}", peer.name()), reason);
                }
            }
        }
        programs
    }

    fn measure_machine(&mut self) -> Result<(), String> {
        for threads in self.plan.threads.clone() {
            machine::measure(&self.programs, threads, &mut self.record)?;
        }
        Ok(())
    }

    /// The contenders of each number of threads.
    fn teams(&self, programs: &[Program], threads: &[usize]) -> Vec<Vec<Contender>> {
        let team = |threads: usize| {
            let contender = |program| Contender::new(program, threads, &self.scratch);
            programs.iter().map(contender).collect()
        };
        threads.iter().map(|&threads| team(threads)).collect()
    }

    /// A contender that does not even start is missing.
    fn note_versions(&mut self, teams: &mut [Vec<Contender>]) {
        for team in teams {
            team.retain_mut(|contender| {
                let name = contender.name().to_owned();
                match contender.ask(&["version"]) {
                    Answer::Done(words) => {
                        self.record.fact(format!("version.{name}"), words.join(" "));
                        true
                    }
                    Answer::Unsupported(reason) | Answer::Failed(reason) => {
                        eprintln!("{name}: {reason}");
                        self.record.fact(format!("missing.{name}"), reason);
                        false
                    }
                }
            });
        }
    }

    fn workload(
        &mut self,
        cell: Cell,
        workload: &Workload,
        teams: &mut [Vec<Contender>],
    ) -> Result<(), String> {
        let case = workload.case(cell);
        // Two runs at once measure little, but must not mix their numbers.
        let folder = self.scratch.join(format!("case-{}", std::process::id()));
        self.record.fact(format!("workload.{}", workload.name), workload.sizes());
        inputs::write(&case, &folder)?;
        let turns = Turns { seconds: self.plan.seconds, rounds: self.plan.rounds };
        for mode in self.plan.modes.clone() {
            let work = Work { case: &case, mode, folder: &folder };
            for team in teams.iter_mut() {
                for measurement in rounds::run(team, work, turns) {
                    self.keep(&workload.name, cell, mode, measurement);
                }
            }
        }
        if let Some(elman) = teams.last_mut().and_then(|team| team.first_mut()) {
            for mode in self.plan.modes.clone() {
                let work = Work { case: &case, mode, folder: &folder };
                for measurement in self.extras(workload, work, elman) {
                    self.keep(&workload.name, cell, mode, measurement);
                }
            }
        }
        inputs::remove(&folder)
    }

    /// A whole training of each cell, of one network and of several; on one thread besides those that
    /// were asked for, because what others gain is counted from there.
    fn training(
        &mut self,
        workload: &TrainingWorkload,
        programs: &[Program],
    ) -> Result<(), String> {
        let mut threads = self.plan.threads.clone();
        threads.push(1);
        threads.sort_unstable();
        threads.dedup();
        let mut teams = self.teams(programs, &threads);
        let folder = self.scratch.join(format!("training-{}", std::process::id()));
        for cell in self.plan.cells.clone() {
            trainings::write(workload, cell, &folder)?;
            for networks in [1, workload.members] {
                let name = trainings::name(workload, networks);
                self.record.fact(format!("workload.{name}"), workload.sizes());
                let work = trainings::Work { folder: &folder, networks, rounds: self.plan.rounds };
                for measurement in trainings::run(&mut teams, work) {
                    self.keep(&name, cell, Mode::Train, measurement);
                }
            }
        }
        inputs::remove(&folder)
    }

    /// What Elman alone is asked. That it fails there is written down like a peer's failure: it must
    /// not cost the rest of a long run.
    fn extras(
        &self,
        workload: &Workload,
        work: Work<'_>,
        elman: &mut Contender,
    ) -> Vec<Measurement> {
        let turns = Turns { seconds: self.plan.seconds, rounds: self.plan.rounds };
        let threads = elman.threads;
        let refused = |reason| extras::refused(threads, reason);
        let mut measurements = Vec::new();
        if workload.ragged {
            measurements.push(extras::ragged(elman, work, turns).unwrap_or_else(refused));
        }
        if work.mode == Mode::Train {
            match extras::memory(&self.programs, work, threads) {
                Ok(memory) => measurements.extend(memory),
                Err(reason) => measurements.push(refused(reason)),
            }
        }
        measurements
    }

    /// Adds a row, and tells of it.
    fn keep(&mut self, workload: &str, cell: Cell, mode: Mode, measurement: Measurement) {
        let Measurement { measure, contender, threads, value, note } = measurement;
        match (measure, value) {
            (Measure::Microseconds, Some(micros)) => {
                let time = report::time(micros);
                eprintln!(
                    "{cell} {workload} {mode} {threads} threads: {contender} {time} ({note})"
                );
            }
            (Measure::TrainingSeconds, Some(seconds)) => {
                eprintln!("{cell} {workload}, {threads} threads: {contender} {seconds:.2} s");
            }
            (Measure::Refused, _) => {
                eprintln!("{cell} {workload} {mode} {threads} threads: {contender} {note}");
            }
            _ => {}
        }
        let workload = workload.to_owned();
        self.record.entries.push(Entry {
            measure,
            cell,
            workload,
            mode,
            threads,
            contender,
            value,
            note,
        });
    }
}
