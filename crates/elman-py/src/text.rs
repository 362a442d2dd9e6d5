//! Texts from Python: to be learnt, measured and written.

use std::path::PathBuf;
use std::sync::Arc;

use elman::task::{Task, TextTask};
use elman::text::{
    Characters, CorpusOptions, Likelihood, Sampling, StopText, VocabularyOptions, Writer,
    log_probabilities, score_lines,
};
use elman::threads::with_threads;
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{OrRaise, refused_data, refused_options};
use crate::model::{Model, json};

/// Tokens that are written before Ctrl-C is looked for.
const TOKENS: usize = 256;

/// A text as tokens.
#[pyclass(frozen, module = "elman._elman")]
pub struct Corpus {
    pub(crate) inner: Arc<elman::text::Corpus>,
}

/// Where a text is.
#[derive(FromPyObject)]
enum Source {
    Text(String),
    Files(Vec<PathBuf>),
}

impl Source {
    fn read(self, how: CorpusOptions<'_>) -> elman::Result<elman::text::Corpus> {
        match self {
            Source::Text(text) => elman::text::Corpus::from_text(text, how),
            Source::Files(paths) => elman::text::Corpus::from_files(&paths, how),
        }
    }
}

/// How a text becomes tokens.
#[derive(FromPyObject)]
enum Vocabulary<'py> {
    /// As a model reads it.
    Known(PyRef<'py, Model>),
    /// With a vocabulary of its own, by options in JSON.
    Fresh(String),
}

#[pymethods]
impl Corpus {
    #[new]
    fn new(py: Python<'_>, source: Source, vocabulary: Vocabulary<'_>) -> PyResult<Self> {
        let options: VocabularyOptions;
        let model: Arc<elman::Model>;
        let how = match &vocabulary {
            Vocabulary::Fresh(text) => {
                options = serde_json::from_str(text).map_err(|error| refused_options(&error))?;
                CorpusOptions::Fresh(options)
            }
            Vocabulary::Known(known) => {
                model = known.inner.clone();
                CorpusOptions::Known(task(&model)?.tokenizer())
            }
        };
        let corpus = py.detach(|| source.read(how)).map_err(refused_data)?;
        Ok(Corpus { inner: Arc::new(corpus) })
    }

    /// Another text with the vocabulary of this one.
    fn alike(&self, py: Python<'_>, source: Source) -> PyResult<Self> {
        let how = CorpusOptions::Known(self.inner.tokenizer());
        let corpus = py.detach(|| source.read(how)).map_err(refused_data)?;
        Ok(Corpus { inner: Arc::new(corpus) })
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.inner.len()).unwrap_or(usize::MAX)
    }
}

fn task(model: &elman::Model) -> PyResult<&TextTask> {
    match model.task() {
        Task::Text(task) => Ok(task),
        Task::Classify(_) | Task::MultiLabel(_) | Task::Regress(_) => {
            let message = "model: expected one that predicts the next token of a text, got another";
            Err(PyValueError::new_err(message))
        }
    }
}

/// What a model thinks of a text, as JSON.
#[pyfunction]
pub fn likelihood(py: Python<'_>, model: &Model, text: &Corpus) -> PyResult<String> {
    let (network, corpus) = (model.inner.network(), &text.inner);
    json(&py.detach(|| Likelihood::of(network, &corpus.whole())).map_err(refused_data)?)
}

/// ln p of each token but the first.
#[pyfunction]
pub fn text_log_probabilities<'py>(
    py: Python<'py>,
    model: &Model,
    text: &Corpus,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (network, corpus) = (model.inner.network(), &text.inner);
    let all = py.detach(|| {
        let mut all = Vec::new();
        log_probabilities(network, &corpus.whole(), |_, log, _| all.push(log)).map(|()| all)
    });
    Ok(all.map_err(refused_data)?.into_pyarray(py))
}

/// ln p of every token of each line, each line by itself.
#[pyfunction]
pub fn line_log_probabilities<'py>(
    py: Python<'py>,
    model: &Model,
    lines: Vec<String>,
) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
    let (network, tokenizer) = (model.inner.network(), task(&model.inner)?.tokenizer());
    let scores = py.detach(|| {
        let encode = |(index, line): (usize, &String)| {
            tokenizer.encode(line).map_err(|error| named(error, index))
        };
        let ids = lines.iter().enumerate().map(encode).collect::<elman::Result<Vec<_>>>()?;
        score_lines(network, tokenizer, &ids)
    });
    Ok(scores.map_err(refused_data)?.into_iter().map(|line| line.into_pyarray(py)).collect())
}

/// A fault of a line, with its number.
fn named(error: elman::Error, index: usize) -> elman::Error {
    match error {
        elman::Error::Argument { name, field, expected, found } => {
            let name = format!("lines[{index}], {name}");
            elman::Error::Argument { name, field, expected, found }
        }
        other => other,
    }
}

/// What is asked of a writer.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    length: usize,
    stop: Option<String>,
    sampling: Sampling,
}

/// What a model writes after a prompt; `wish` is JSON.
#[pyfunction]
pub fn write_text(py: Python<'_>, model: &Model, prompt: &str, wish: &str) -> PyResult<String> {
    let wish: Wish = serde_json::from_str(wish).map_err(|error| refused_options(&error))?;
    wish.sampling.check().or_raise()?;
    let stop = wish.stop.as_deref().map(StopText::new).transpose().or_raise()?;
    let tokenizer = task(&model.inner)?.tokenizer();
    let ids = tokenizer.encode(prompt).map_err(refused_data)?;
    let network = model.inner.network();
    let mut paper = Paper { text: Vec::new(), characters: Characters::default(), stop };
    let mut writer = Writer::new(network, tokenizer, wish.sampling).or_raise()?;
    let mut left = wish.length;
    // A step is too small for a second thread.
    py.detach(|| with_threads(Some(1), || writer.read(&ids)))
        .map_err(refused_data)?
        .map_err(refused_data)?;
    while left > 0 {
        let some = left.min(TOKENS);
        let written = py.detach(|| {
            with_threads(Some(1), || {
                for _ in 0..some {
                    let mut bytes = Vec::new();
                    tokenizer.decode(writer.write()?, &mut bytes);
                    if paper.put(&bytes) {
                        return Ok(0);
                    }
                }
                Ok(some)
            })
        });
        left = match written.map_err(refused_data)?.map_err(refused_data)? {
            0 => 0,
            some => left - some,
        };
        py.check_signals()?;
    }
    Ok(paper.finish())
}

/// Text as it is written.
struct Paper {
    text: Vec<u8>,
    characters: Characters,
    stop: Option<StopText>,
}

impl Paper {
    /// Takes the bytes of a token; whether the text that ends the writing has come.
    fn put(&mut self, bytes: &[u8]) -> bool {
        match &mut self.stop {
            None => {
                self.characters.push(bytes, &mut self.text);
                false
            }
            Some(stop) => {
                let mut whole = Vec::new();
                self.characters.push(bytes, &mut whole);
                stop.push(&whole, &mut self.text)
            }
        }
    }

    fn finish(mut self) -> String {
        if let Some(stop) = &mut self.stop {
            stop.rest(&mut self.text);
        }
        String::from_utf8_lossy(&self.text).into_owned()
    }
}
