//! Training in a thread of its own, so that Python stays responsive: the calling thread waits,
//! looks for Ctrl-C, and tells callbacks of each epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use elman::forecast::Frame;
use elman::forecaster::{self, ForecastOptions, prepare};
use elman::text::Corpus;
use elman::train::{
    Control, EpochProgress, NetworkOptions, Outcome, Progress, Report, Run, TextData, Trained,
    TrainedMembers, Trainer, TrainingData, TrainingOptions,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::errors::{OrRaise, raised, refused_data, refused_options};
use crate::forecast::Series;
use crate::model::{Model, json};
use crate::text;

/// How often Ctrl-C is looked for.
const PATIENCE: Duration = Duration::from_millis(20);

/// How to train what; what is left out is as on the command line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    training: TrainingOptions,
    network: NetworkOptions,
    /// Of a network that reads text.
    #[serde(skip_serializing)]
    embedding_size: usize,
    /// What is forecast, and how.
    #[serde(skip_serializing)]
    forecast: Option<ForecastOptions>,
    /// The networks that forecast together.
    #[serde(skip_serializing)]
    members: usize,
    /// The intervals of forecasts, in percent; kept for the command line.
    #[serde(skip_serializing)]
    levels: Vec<f64>,
    /// How a table of the same data is read, for the command line.
    #[serde(skip_serializing)]
    columns: Option<serde_json::Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            training: TrainingOptions::default(),
            network: NetworkOptions::recommended(),
            embedding_size: 64,
            forecast: None,
            members: 1,
            levels: vec![],
            columns: None,
        }
    }
}

/// What is learnt.
enum Lesson {
    Sequences { training: Arc<elman::Dataset>, validation: Option<Arc<elman::Dataset>> },
    Text { training: Arc<Corpus>, validation: Option<Arc<Corpus>>, embedding_size: usize },
    Series { training: Arc<Frame>, options: Box<ForecastOptions>, members: usize },
}

/// What a training needs; its thread owns it, since nothing may wait for that thread after Ctrl-C.
struct Job {
    trainer: Trainer,
    lesson: Lesson,
    /// What it goes on from.
    base: Option<Arc<elman::Model>>,
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
        let Lesson::Series { training, options, members } = &self.lesson else {
            return self.watched(self.start()?, news);
        };
        let mut heed = |_: &Progress| self.heed();
        let prepared = prepare(training, options, &self.trainer, &mut heed)?;
        let stopped = || elman::Error::argument("training", "one that goes on", "a stop");
        let prepared = prepared.ok_or_else(stopped)?;
        let (trainer, data) = (prepared.trainer(), prepared.data());
        let Trained { model, report } = match members {
            1 => self.watched(trainer.start(data)?, news)?,
            several => {
                let TrainedMembers { model, mut reports, training, validation } =
                    trainer.fit_members(*several, data, &|_, _| self.heed())?;
                // Of members the first one is told of, with the evaluations of all together.
                Trained { model, report: Report { training, validation, ..reports.remove(0) } }
            }
        };
        Ok(Trained { model: prepared.into_model(model)?, report })
    }

    fn heed(&self) -> Control {
        if self.stop.load(Ordering::Relaxed) { Control::Stop } else { Control::Continue }
    }

    fn watched(&self, mut run: Run<'_>, news: &SyncSender<News>) -> elman::Result<Trained> {
        run.train(&mut |progress| match (self.heed(), progress) {
            (Control::Continue, Progress::Epoch(epoch)) if self.is_watched => ask(news, epoch),
            (control, _) => control,
        })?;
        run.finish()
    }

    fn start(&self) -> elman::Result<Run<'_>> {
        match &self.lesson {
            Lesson::Series { .. } => {
                Err(elman::Error::argument("lesson", "one that needs no windows", "series"))
            }
            Lesson::Sequences { training, validation } => {
                let data = TrainingData { training, validation: validation.as_deref() };
                match &self.base {
                    None => self.trainer.start(data),
                    Some(model) => self.trainer.start_from(data, model),
                }
            }
            Lesson::Text { training, validation, embedding_size } => {
                let text = TextData {
                    training: training.whole(),
                    validation: validation.as_ref().map(|text| text.whole()),
                    embedding_size: *embedding_size,
                };
                match &self.base {
                    None => self.trainer.start_text(text),
                    Some(model) => self.trainer.start_text_from(text, model),
                }
            }
        }
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

/// What a training may be given beside its data.
#[derive(FromPyObject)]
pub struct Extras<'py> {
    /// Called with each epoch's record, JSON, and the number of epochs; true ends the training.
    #[pyo3(item)]
    watcher: Option<Bound<'py, PyAny>>,
    /// What the training goes on from.
    #[pyo3(item)]
    base: Option<PyRef<'py, Model>>,
}

/// Trains on sequences by `settings`, JSON; gives the model and the report, as JSON.
#[pyfunction]
pub fn fit(
    settings: &str,
    training: &Bound<'_, Dataset>,
    validation: Option<&Dataset>,
    extras: Extras<'_>,
) -> PyResult<(Model, String)> {
    let lesson = Lesson::Sequences {
        training: training.get().inner.clone(),
        validation: validation.map(|data| data.inner.clone()),
    };
    train(training.py(), &parsed(settings)?, lesson, &extras)
}

/// Trains on a text in the same way.
#[pyfunction]
pub fn fit_text(
    settings: &str,
    training: &Bound<'_, text::Corpus>,
    validation: Option<&text::Corpus>,
    extras: Extras<'_>,
) -> PyResult<(Model, String)> {
    let settings = parsed(settings)?;
    let lesson = Lesson::Text {
        training: training.get().inner.clone(),
        validation: validation.map(|text| text.inner.clone()),
        embedding_size: settings.embedding_size,
    };
    train(training.py(), &settings, lesson, &extras)
}

/// Trains on series in the same way.
#[pyfunction]
pub fn fit_series(
    settings: &str,
    training: &Bound<'_, Series>,
    validation: Option<&Series>,
    extras: Extras<'_>,
) -> PyResult<(Model, String)> {
    if validation.is_some() || extras.base.is_some() {
        let message = "fit: expected series alone, got validation data or a model to go on from";
        return Err(PyValueError::new_err(message));
    }
    let settings = parsed(settings)?;
    let options = settings.forecast.clone();
    let options = options.ok_or_else(|| PyValueError::new_err("options: without a forecast"))?;
    let training_data = training.get().inner.clone();
    let members = settings.members;
    let lesson = Lesson::Series { training: training_data, options: Box::new(options), members };
    train(training.py(), &settings, lesson, &extras)
}

fn parsed(settings: &str) -> PyResult<Settings> {
    serde_json::from_str(settings).map_err(|error| refused_options(&error))
}

fn train(
    py: Python<'_>,
    settings: &Settings,
    lesson: Lesson,
    extras: &Extras<'_>,
) -> PyResult<(Model, String)> {
    let stop = Arc::new(AtomicBool::new(false));
    let Settings { training, network, columns, .. } = settings;
    let job = Job {
        trainer: Trainer::new(training.clone(), network.clone()).or_raise()?,
        lesson,
        base: extras.base.as_ref().map(|model| model.inner.clone()),
        stop: stop.clone(),
        is_watched: extras.watcher.is_some(),
    };
    let (sender, mut news) = sync_channel(1);
    thread::Builder::new().name("elman-fit".to_owned()).spawn(move || {
        let result = job.run(&sender);
        // Nobody listens after Ctrl-C.
        sender.send(News::Ended(Box::new(result))).unwrap_or_default();
    })?;
    let ended = follow(py, &mut news, extras.watcher.as_ref());
    stop.store(true, Ordering::Relaxed);
    let mut trained = ended?.map_err(refused_data)?;
    if let Some(kept) = trained.model.provenance_mut().settings.as_object_mut() {
        if let Some(columns) = columns {
            kept.insert("columns".to_owned(), columns.clone());
        }
        if settings.forecast.is_some() {
            kept.insert("levels".to_owned(), serde_json::json!(settings.levels));
        }
    }
    concluded(trained)
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

/// The settings of a forecast that nothing is said about, as JSON.
#[pyfunction]
pub fn forecast_settings() -> PyResult<String> {
    let (training, network) = forecaster::defaults();
    json(&Settings { training, network, ..Settings::default() })
}

/// The settings of a training that nothing is said about, as JSON.
#[pyfunction]
pub fn default_settings() -> PyResult<String> {
    json(&Settings::default())
}
