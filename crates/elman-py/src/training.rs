//! Training in a thread of its own, so that Python stays responsive: the calling thread waits,
//! looks for Ctrl-C, and tells callbacks of each epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use elman::train::{
    Control, EpochProgress, NetworkOptions, Outcome, Progress, Trained, Trainer, TrainingData,
    TrainingOptions,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::errors::{OrRaise, raised, refused_data};
use crate::model::Model;

/// How often Ctrl-C is looked for.
const PATIENCE: Duration = Duration::from_millis(20);

/// How to train what; what is left out is as on the command line.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    training: TrainingOptions,
    network: NetworkOptions,
}

/// What a training needs; its thread owns it, since nothing may wait for that thread after Ctrl-C.
struct Job {
    trainer: Trainer,
    training: Arc<elman::Dataset>,
    validation: Option<Arc<elman::Dataset>>,
    stop: Arc<AtomicBool>,
    is_watched: bool,
}

/// What the thread says.
enum News {
    /// An epoch is over; the answer is whether to go on.
    Epoch(Box<EpochProgress>, SyncSender<Control>),
    Ended(Box<elman::Result<Trained>>),
}

impl Job {
    fn run(&self, news: &SyncSender<News>) -> elman::Result<Trained> {
        let data =
            TrainingData { training: &self.training, validation: self.validation.as_deref() };
        self.trainer.fit_with(data, &mut |progress| match progress {
            _ if self.stop.load(Ordering::Relaxed) => Control::Stop,
            Progress::Epoch(epoch) if self.is_watched => ask(news, epoch),
            _ => Control::Continue,
        })
    }
}

/// Tells of an epoch and waits for the answer. Without anybody there, training is to stop.
fn ask(news: &SyncSender<News>, epoch: &EpochProgress) -> Control {
    let (answer, answered) = sync_channel(1);
    match news.send(News::Epoch(Box::new(*epoch), answer)) {
        Ok(()) => answered.recv().unwrap_or(Control::Stop),
        Err(_) => Control::Stop,
    }
}

/// Trains by `settings`, JSON; gives the model and the report, as JSON. `watcher` is called with
/// each epoch's numbers as JSON and the epochs that there will be; if it returns True, training
/// stops.
#[pyfunction]
#[pyo3(signature = (settings, training, validation=None, watcher=None))]
pub fn fit(
    settings: &str,
    training: &Bound<'_, Dataset>,
    validation: Option<&Dataset>,
    watcher: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Model, String)> {
    let py = training.py();
    let settings: Settings = serde_json::from_str(settings)
        .map_err(|error| PyValueError::new_err(format!("options: {error}")))?;
    let stop = Arc::new(AtomicBool::new(false));
    let job = Job {
        trainer: Trainer::new(settings.training, settings.network).or_raise()?,
        training: training.get().inner.clone(),
        validation: validation.map(|data| data.inner.clone()),
        stop: stop.clone(),
        is_watched: watcher.is_some(),
    };
    let (sender, mut news) = sync_channel(1);
    thread::Builder::new().name("elman-fit".to_owned()).spawn(move || {
        let result = job.run(&sender);
        // Nobody listens after Ctrl-C.
        sender.send(News::Ended(Box::new(result))).unwrap_or_default();
    })?;
    let ended = follow(py, &mut news, watcher);
    stop.store(true, Ordering::Relaxed);
    concluded(ended?.map_err(refused_data)?)
}

/// Waits for the end of a training.
fn follow(
    py: Python<'_>,
    news: &mut Receiver<News>,
    watcher: Option<&Bound<'_, PyAny>>,
) -> PyResult<elman::Result<Trained>> {
    loop {
        // Moved, since a receiver belongs to one thread at a time.
        let waiting = &mut *news;
        match py.detach(move || waiting.recv_timeout(PATIENCE)) {
            Ok(News::Ended(result)) => return Ok(*result),
            Ok(News::Epoch(epoch, answer)) => {
                let control = watcher.map_or(Ok(Control::Continue), |it| watched(it, &epoch))?;
                // The thread waits for it.
                answer.send(control).unwrap_or_default();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("training ended in a fault of the library"));
            }
        }
        py.check_signals()?;
    }
}

fn watched(watcher: &Bound<'_, PyAny>, epoch: &EpochProgress) -> PyResult<Control> {
    let record = json(&epoch.record)?;
    match watcher.call1((record, epoch.epochs))?.is_truthy()? {
        true => Ok(Control::Stop),
        false => Ok(Control::Continue),
    }
}

fn concluded(trained: Trained) -> PyResult<(Model, String)> {
    let Trained { model, report } = trained;
    if let Some(error) = report.outcome.error() {
        return Err(raised(error));
    }
    let outcome = match report.outcome {
        Outcome::Finished => "finished",
        Outcome::EarlyStopped => "early stopped",
        Outcome::TargetReached => "target reached",
        Outcome::TimeUp => "time up",
        Outcome::Stopped | Outcome::Diverged { .. } => "stopped",
    };
    let told = json(&serde_json::json!({
        "outcome": outcome,
        "history": report.epochs,
        "best_epoch": report.best_epoch,
        "seconds": report.elapsed.as_secs_f64(),
    }))?;
    Ok((Model { inner: Arc::new(model) }, told))
}

/// The settings of a training that nothing is said about, as JSON.
#[pyfunction]
pub fn default_settings() -> PyResult<String> {
    json(&Settings::default())
}

fn json(value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
