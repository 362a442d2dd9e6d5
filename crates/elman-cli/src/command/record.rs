//! What is written down during training: a log, TensorBoard's events, checkpoints.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use elman::Error;
use elman::io::{Disk, check_writable, storage::StorageFile, write_atomically};
use elman::records::EventWriter;
use elman::train::{EpochProgress, EpochRecord, Progress, Run};
use serde::Serialize;

use crate::args::records::{Every, RecordArgs};
use crate::failure::{Failure, Outcome};

/// Writes the records of a run.
pub struct Recorder {
    log: Option<Log>,
    events: Option<Events>,
    checkpoints: Option<Checkpoints>,
}

/// A line of JSON for each epoch.
struct Log {
    path: PathBuf,
    file: File,
}

struct Events {
    folder: PathBuf,
    writer: EventWriter<Box<dyn StorageFile>>,
}

/// When and where the run is saved.
struct Checkpoints {
    path: PathBuf,
    every: Every,
    last: Instant,
    epochs: usize,
    updates: usize,
}

/// An epoch in the log.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    record: &'a EpochRecord,
    seconds: f64,
}

impl Recorder {
    /// Opens what the options ask for. The log of a resumed run continues after its last epoch.
    pub fn new(args: &RecordArgs, run: &Run<'_>) -> Outcome<Self> {
        let log = args.log.as_deref().map(|path| Log::open(path, run.history().len()));
        let events = args.tensorboard.as_deref().map(Events::create);
        if let Some(path) = &args.checkpoint {
            check_writable(path)?;
        }
        Ok(Recorder {
            log: log.transpose()?,
            events: events.transpose()?,
            checkpoints: args.checkpoint.clone().map(|path| Checkpoints {
                path,
                every: args.every,
                last: Instant::now(),
                epochs: run.history().len(),
                updates: run.updates(),
            }),
        })
    }

    /// Records one step or epoch.
    pub fn record(&mut self, run: &Run<'_>, progress: &Progress) -> Outcome {
        if let Progress::Epoch(epoch) = progress {
            if let Some(log) = &mut self.log {
                log.append(epoch)?;
            }
            if let Some(events) = &mut self.events {
                events.append(&epoch.record)?;
            }
        }
        match &mut self.checkpoints {
            Some(checkpoints) if checkpoints.is_due(run) => checkpoints.save(run),
            _ => Ok(()),
        }
    }

    /// Saves the run where it was interrupted; the file, if there is one.
    pub fn interrupted(&mut self, run: &Run<'_>) -> Outcome<Option<&Path>> {
        let Some(checkpoints) = &mut self.checkpoints else { return Ok(None) };
        checkpoints.save(run)?;
        Ok(Some(&checkpoints.path))
    }
}

impl Log {
    /// A new log, or that of a resumed run up to its last epoch; later epochs will be written again.
    fn open(path: &Path, epochs: usize) -> Outcome<Self> {
        let kept = match epochs {
            0 => String::new(),
            _ => lines_up_to(path, epochs)?,
        };
        write_atomically(path, |file| file.write_all(kept.as_bytes()))?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|error| Error::io(path, "open", error))?;
        Ok(Log { path: path.to_path_buf(), file })
    }

    fn append(&mut self, epoch: &EpochProgress) -> Outcome {
        let line = Line { record: &epoch.record, seconds: epoch.elapsed.as_secs_f64() };
        let mut line = serde_json::to_string(&line).map_err(|error| {
            Failure::Fault(format!("an epoch cannot be written as JSON: {error}"))
        })?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.flush());
        Ok(written.map_err(|error| Error::io(&self.path, "write", error))?)
    }
}

/// The complete lines of an existing log up to an epoch; none if there is no file.
fn lines_up_to(path: &Path, epochs: usize) -> Outcome<String> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        text => text.map_err(|error| Error::io(path, "read", error))?,
    };
    let is_kept = |line: &&str| {
        let line: serde_json::Result<serde_json::Value> = serde_json::from_str(line);
        let epoch = line.ok().and_then(|line| line["epoch"].as_u64());
        epoch.is_some_and(|epoch| epoch <= epochs as u64)
    };
    Ok(text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect())
}

impl Events {
    fn create(folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, "create", error))?;
        let writer = EventWriter::create(&Disk, folder, now())?;
        Ok(Events { folder: folder.to_path_buf(), writer })
    }

    #[expect(clippy::cast_possible_truncation, reason = "TensorBoard's scalars are f32")]
    fn append(&mut self, record: &EpochRecord) -> Outcome {
        for (name, number) in record.numbers() {
            let written = self.writer.scalar(&name, record.epoch as u64, now(), number as f32);
            written.map_err(|error| Error::io(&self.folder, "write", error))?;
        }
        Ok(())
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

impl Checkpoints {
    fn is_due(&self, run: &Run<'_>) -> bool {
        match self.every {
            Every::Seconds(_) => {
                self.every.duration().is_some_and(|interval| self.last.elapsed() >= interval)
            }
            Every::Epochs(epochs) => run.history().len() >= self.epochs + epochs,
            Every::Updates(updates) => run.updates() >= self.updates + updates,
        }
    }

    fn save(&mut self, run: &Run<'_>) -> Outcome {
        run.checkpoint(&self.path)?;
        (self.last, self.epochs, self.updates) =
            (Instant::now(), run.history().len(), run.updates());
        Ok(())
    }
}
