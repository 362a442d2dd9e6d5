//! A training run in one file, to go on from another day.
//!
//! The container is that of a model: the same limits and the same digest over every byte. The
//! document describes the run; the tensors are its weights, its best weights and the moments of the
//! optimiser.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{read, write};
use crate::data::Dataset;
use crate::error::{Error, FileFault, Result};
use crate::io::storage::{Disk, Storage};
use crate::io::write_atomically_to;
use crate::model::DataDigest;
use crate::real::Real;
use crate::train::{
    Run, RunState, Subject, TextData, Trainer, TrainingData, subject, text_subject,
};

/// What this module reads, for messages.
const KIND: &str = "a checkpoint of a training";

/// Refuses a checkpoint in the place of a model.
pub(super) fn refuse(path: &Path, bytes: &[u8]) -> Result<()> {
    match read::decode::<Document>(path, bytes, |_, value| Ok(value)) {
        Ok(_) => {
            let hint = "elman train --resume goes on with it";
            Err(FileFault::new(path, "a model", KIND).hint(hint).into())
        }
        Err(_) => Ok(()),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    checkpoint: RunState,
}

/// A checkpoint that has been read, before it goes on as a [`Run`].
///
/// ```
/// use elman::Dataset;
/// use elman::io::Checkpoint;
/// use elman::train::{Run, Trainer};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let data = Dataset::with_labels(&[array![[0.0], [1.0]], array![[1.0], [0.0]]], &["up", "down"])?;
/// let trainer = Trainer::default();
/// let whole = trainer.fit(&data)?;
///
/// # let folder = tempfile::tempdir().map_err(|e| elman::Error::io("x".as_ref(), "create", e))?;
/// let path = folder.path().join("run.checkpoint");
/// let mut run = trainer.start::<f32>(&data)?;
/// for _ in 0..33 {
///     run.step()?;
/// }
/// run.checkpoint(&path)?;
/// drop(run);
///
/// assert_eq!(Checkpoint::load(&path)?.trainer().options(), trainer.options());
/// let mut run = Run::<f32>::resume(&path, &data)?;
/// run.train(&mut |_| elman::train::Control::Continue)?;
/// let resumed = run.finish()?;
/// assert_eq!(resumed.model.network().parameters(), whole.model.network().parameters());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    bytes: Vec<u8>,
    state: RunState,
    trainer: Trainer,
}

impl Checkpoint {
    /// Reads a checkpoint that [`Run::checkpoint`] wrote.
    ///
    /// # Errors
    ///
    /// A file that is missing, not a checkpoint, damaged in any byte, incomplete, or of a newer
    /// format version; options out of their range.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read::read_file(path)?;
        let state = match read::decode::<Document>(path, &bytes, |_, value| Ok(value)) {
            Ok(archive) => archive.model.checkpoint,
            Err(_) if super::is_model(path, &bytes) => {
                return Err(FileFault::new(path, KIND, "a model").into());
            }
            Err(error) => return Err(error),
        };
        let trainer = Trainer::new(state.training.clone(), state.network.clone())?;
        Ok(Checkpoint { path: path.to_path_buf(), bytes, state, trainer })
    }

    /// The options of the run.
    #[must_use]
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// What its maker noted; see [`Run::set_notes`].
    #[must_use]
    pub fn notes(&self) -> &Value {
        &self.state.notes
    }

    /// The training data of the run.
    #[must_use]
    pub fn training_data(&self) -> &DataDigest {
        &self.state.training_data
    }

    /// The run at the place where it was saved.
    ///
    /// # Errors
    ///
    /// Other data than the run's; a checkpoint of the other number type.
    pub fn resume<'a, T: Real>(self, data: impl Into<TrainingData<'a>>) -> Result<Run<'a, T>> {
        let trainer = self.trainer.clone();
        self.resume_with(&trainer, data)
    }

    /// As [`resume`](Self::resume), on the threads of a trainer whose other options must be those
    /// of the checkpoint.
    ///
    /// # Errors
    ///
    /// Those of [`resume`](Self::resume); another option, by name.
    pub fn resume_with<'a, T: Real>(
        self,
        trainer: &Trainer,
        data: impl Into<TrainingData<'a>>,
    ) -> Result<Run<'a, T>> {
        same_options("training", trainer.options(), &self.state.training)?;
        same_options("network", trainer.network(), &self.state.network)?;
        let data = data.into();
        same_data("data", data.training, &self.state.training_data)?;
        match (data.validation, &self.state.validation_data) {
            (None, None) => {}
            (Some(data), Some(digest)) => same_data("validation data", data, digest)?,
            (Some(_), None) => return Err(validation_data("none", "a data set")),
            (None, Some(_)) => return Err(validation_data("a data set", "none")),
        }
        self.restore(trainer, subject(trainer, data)?)
    }

    /// As [`resume_with`](Self::resume_with), of a run on a text.
    ///
    /// # Errors
    ///
    /// Those of [`resume_with`](Self::resume_with); another text, or one that is cut in another place.
    pub fn resume_text_with<'a, T: Real>(
        self,
        trainer: &Trainer,
        text: TextData<'a>,
    ) -> Result<Run<'a, T>> {
        same_options("training", trainer.options(), &self.state.training)?;
        same_options("network", trainer.network(), &self.state.network)?;
        let subject = text_subject::<T>(trainer, text)?;
        let found = subject.digests();
        same_text("text", &found.training, &self.state.training_data)?;
        match (&found.validation, &self.state.validation_data) {
            (None, None) => {}
            (Some(found), Some(wanted)) => same_text("validation text", found, wanted)?,
            (Some(_), None) => return Err(validation_data("none", "a text")),
            (None, Some(_)) => return Err(validation_data("a text", "none")),
        }
        self.restore(trainer, subject)
    }

    fn restore<'a, T: Real>(
        self,
        trainer: &Trainer,
        subject: Box<dyn Subject<T> + 'a>,
    ) -> Result<Run<'a, T>> {
        let archive = read::decode::<Document>(&self.path, &self.bytes, |_, value| Ok(value))?;
        Run::restored(trainer, subject, self.state, |arrays| archive.fill(arrays))
    }
}

impl<'a, T: Real> Run<'a, T> {
    /// Writes all that the rest of the run depends on to one file: all of it, or nothing. A run that
    /// goes on from there ends with the same bits as this one.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn checkpoint(&self, path: impl AsRef<Path>) -> Result<()> {
        self.checkpoint_to(&Disk, path.as_ref())
    }

    /// As [`checkpoint`](Self::checkpoint), to another storage than the machine's disk.
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Self::checkpoint).
    pub fn checkpoint_to(&self, storage: &dyn Storage, path: &Path) -> Result<()> {
        let document = Document { checkpoint: self.state()? };
        let bytes = write::encode(&document, &self.arrays()?)?;
        write_atomically_to(storage, path, |file| file.write_all(&bytes))
    }

    /// The run of a checkpoint, at the place where it was saved, with the options that are in it.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::load`] and [`Checkpoint::resume`].
    pub fn resume(path: impl AsRef<Path>, data: impl Into<TrainingData<'a>>) -> Result<Self> {
        Checkpoint::load(path)?.resume(data)
    }
}

fn validation_data(expected: &str, found: &str) -> Error {
    Error::argument("validation data", format!("{expected}, as in the checkpoint"), found)
}

/// Refuses data whose values are not those of the checkpoint; where they lie does not matter.
fn same_data(name: &str, data: &Dataset, wanted: &DataDigest) -> Result<()> {
    let found = DataDigest::of(data);
    if (&found.digest, found.sequences, found.steps)
        == (&wanted.digest, wanted.sequences, wanted.steps)
    {
        return Ok(());
    }
    let describe = |digest: &DataDigest| {
        format!("{} sequences of {} steps, xxh3 {}", digest.sequences, digest.steps, digest.digest)
    };
    let expected = format!("the data of the checkpoint ({})", describe(wanted));
    Err(match data.source() {
        Some(source) => FileFault::new(&source.path, expected, describe(&found)).into(),
        None => Error::argument(name, expected, describe(&found)),
    })
}

/// Refuses a text that is not that of the checkpoint; where it lies does not matter.
fn same_text(name: &str, found: &DataDigest, wanted: &DataDigest) -> Result<()> {
    if (&found.digest, found.steps) == (&wanted.digest, wanted.steps) {
        return Ok(());
    }
    let describe = |text: &DataDigest| format!("{} tokens, xxh3 {}", text.steps, text.digest);
    let expected = format!("the text of the checkpoint ({})", describe(wanted));
    Err(match &found.path {
        Some(path) => FileFault::new(path, expected, describe(found)).into(),
        None => Error::argument(name, expected, describe(found)),
    })
}

/// Refuses the first option that is not that of the checkpoint.
fn same_options(group: &str, found: &impl Serialize, wanted: &impl Serialize) -> Result<()> {
    let json = |options: serde_json::Result<Value>| {
        options.map_err(|error| Error::argument(group, "options that can be written", error))
    };
    let (found, wanted) = (json(serde_json::to_value(found))?, json(serde_json::to_value(wanted))?);
    let Some(wanted) = wanted.as_object() else { return Ok(()) };
    match wanted.iter().find(|(name, wanted)| found.get(name) != Some(wanted)) {
        None => Ok(()),
        Some((name, wanted)) => {
            let expected = format!("{wanted}, as in the checkpoint");
            Err(Error::argument(name, expected, found.get(name).unwrap_or(&Value::Null)))
        }
    }
}

#[cfg(test)]
mod composition_tests;
#[cfg(test)]
mod tests;
