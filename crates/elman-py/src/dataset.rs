//! Sequences from Python, with what is to be predicted of them, as the library's data set.

use std::sync::Arc;

use elman::data::{ClassTargets, Targets, Tokens, ValueTargets};
use ndarray::ArrayView2;
use numpy::PyReadonlyArray2;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::refused_data;

/// What is to be predicted.
#[derive(FromPyObject)]
pub enum Answers<'py> {
    /// Of each step: the name of what is told apart, its classes `[O]`, the class of each step of all
    /// sequences `[Σ T_n]`, -1 where there is none, and that these are steps.
    StepClasses(String, Vec<String>, Vec<i64>, StepsMark),
    /// Of each sequence: the name of what is told apart, its classes `[O]`, and the class of each
    /// sequence `[N]`.
    Classes(String, Vec<String>, Vec<usize>),
    /// The names of the numbers `[O]`, and the numbers of each sequence `[N, O]`.
    Values(Vec<String>, PyReadonlyArray2<'py, f64>),
}

/// The word `"steps"`.
pub struct StepsMark;

impl<'py> FromPyObject<'_, 'py> for StepsMark {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match value.extract::<String>()?.as_str() {
            "steps" => Ok(StepsMark),
            other => Err(PyValueError::new_err(format!("expected \"steps\", got {other:?}"))),
        }
    }
}

impl Answers<'_> {
    fn targets(answers: Option<Self>) -> PyResult<Targets> {
        let targets = match answers {
            None => Ok(Targets::None),
            Some(Answers::Classes(name, labels, indices)) => {
                ClassTargets::new(name, labels, indices).map(Targets::Classes)
            }
            Some(Answers::StepClasses(name, labels, indices, StepsMark)) => {
                let index = |index: i64| usize::try_from(index).unwrap_or(ClassTargets::NONE);
                let indices = indices.into_iter().map(index).collect();
                ClassTargets::of_steps(name, labels, indices).map(Targets::Classes)
            }
            Some(Answers::Values(names, values)) => {
                ValueTargets::new(names, values.as_array().to_owned()).map(Targets::Values)
            }
        };
        targets.map_err(refused_data)
    }
}

/// Sequences, perhaps with targets and weights.
#[pyclass(frozen, module = "elman._elman")]
pub struct Dataset {
    pub(crate) inner: Arc<elman::Dataset>,
}

#[pymethods]
impl Dataset {
    /// Sequences of numbers `[T_n, I]` in float64.
    #[staticmethod]
    #[pyo3(signature = (sequences, feature_names, targets=None, weights=None))]
    fn numbers(
        py: Python<'_>,
        sequences: Vec<PyReadonlyArray2<'_, f64>>,
        feature_names: Vec<String>,
        targets: Option<Answers<'_>>,
        weights: Option<Vec<f64>>,
    ) -> PyResult<Self> {
        let targets = Answers::targets(targets)?;
        let views: Vec<ArrayView2<'_, f64>> = sequences.iter().map(|s| s.as_array()).collect();
        Self::made(py, weights, || elman::Dataset::from_sequences(&views, feature_names, targets))
    }

    /// Texts, each a sequence of its characters or words.
    #[staticmethod]
    #[pyo3(signature = (texts, form, targets=None, weights=None))]
    fn texts(
        py: Python<'_>,
        texts: Vec<String>,
        form: (String, String),
        targets: Option<Answers<'_>>,
        weights: Option<Vec<f64>>,
    ) -> PyResult<Self> {
        let (name, unit) = form;
        let tokens = match unit.as_str() {
            "characters" => Tokens::Characters,
            "words" => Tokens::Words,
            other => {
                let message = format!("tokens: expected characters or words, got {other:?}");
                return Err(PyValueError::new_err(message));
            }
        };
        let targets = Answers::targets(targets)?;
        Self::made(py, weights, || elman::Dataset::from_texts(&name, &texts, tokens, targets))
    }

    /// Lists of tokens, taken as they are.
    #[staticmethod]
    #[pyo3(signature = (lists, name, targets=None, weights=None))]
    fn token_lists(
        py: Python<'_>,
        lists: Vec<Vec<String>>,
        name: &str,
        targets: Option<Answers<'_>>,
        weights: Option<Vec<f64>>,
    ) -> PyResult<Self> {
        let targets = Answers::targets(targets)?;
        Self::made(py, weights, || elman::Dataset::from_token_lists(name, &lists, targets))
    }

    /// Lists of words, each with its endings and its shape.
    #[staticmethod]
    #[pyo3(signature = (sentences, targets=None, weights=None))]
    fn sentences(
        py: Python<'_>,
        sentences: Vec<Vec<String>>,
        targets: Option<Answers<'_>>,
        weights: Option<Vec<f64>>,
    ) -> PyResult<Self> {
        let targets = Answers::targets(targets)?;
        Self::made(py, weights, || elman::Dataset::from_sentences(&sentences, targets))
    }

    /// The steps of each sequence `[N]`.
    #[getter]
    fn lengths(&self) -> Vec<usize> {
        self.inner.lengths()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }
}

impl Dataset {
    fn made(
        py: Python<'_>,
        weights: Option<Vec<f64>>,
        make: impl FnOnce() -> elman::Result<elman::Dataset> + Send,
    ) -> PyResult<Self> {
        let data = py.detach(|| match weights {
            Some(weights) => make()?.with_weights(weights),
            None => make(),
        });
        Ok(Dataset { inner: Arc::new(data.map_err(refused_data)?) })
    }
}
