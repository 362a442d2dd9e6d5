//! A trained model: to be loaded, saved, copied, and asked.

use std::path::PathBuf;
use std::sync::Arc;

use elman::data::Each;
use elman::task::Predictions;
use elman::threads::with_threads;
use numpy::IntoPyArray;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use serde::Serialize;

use crate::dataset::Dataset;
use crate::errors::{OrRaise, refused_data};

/// A trained model.
#[pyclass(frozen, module = "elman._elman")]
pub struct Model {
    pub(crate) inner: Arc<elman::Model<f32>>,
}

#[pymethods]
impl Model {
    /// The model in a file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let model = py.detach(|| elman::Model::load(&path)).or_raise()?;
        Ok(Model { inner: Arc::new(model) })
    }

    /// The model of such bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let model = py.detach(|| elman::Model::from_bytes(bytes)).or_raise()?;
        Ok(Model { inner: Arc::new(model) })
    }

    /// Writes the model to a file: all of it, or nothing.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.inner.save(&path)).or_raise()
    }

    /// The bytes of the file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.inner.to_bytes()).or_raise()?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// What the model is, as JSON: its task, network, channels and provenance.
    fn description(&self) -> PyResult<String> {
        let model = &self.inner;
        let vocabularies = model.inputs().vocabularies.iter();
        let vocabularies = vocabularies.map(|named| (&named.name, named.vocabulary.len()));
        let each = match model.task().each() {
            Each::Sequence => "sequence",
            Each::Step => "step",
        };
        json(&serde_json::json!({
            "task": model.task(),
            "each": each,
            "target_names": model.task().target_names(),
            "vocabularies": vocabularies.collect::<Vec<_>>(),
            "network": model.network().config(),
            "parameters": model.network().parameters().values().len(),
            "members": model.members().count(),
            "feature_names": model.feature_names(),
            "scaling": model.scaling(),
            "provenance": model.provenance(),
        }))
    }

    /// Class indices `[N]` with probabilities `[N, O]`, or numbers `[N, O]`; `[Σ T_n]` of both where
    /// the model answers at every step.
    #[pyo3(signature = (data, threads=None))]
    fn predict(
        &self,
        py: Python<'_>,
        data: &Dataset,
        threads: Option<usize>,
    ) -> PyResult<Py<PyAny>> {
        let (model, data) = (&self.inner, &data.inner);
        let predictions = py.detach(|| with_threads(threads, || model.predict(data)));
        match predictions.map_err(refused_data)?.map_err(refused_data)? {
            Predictions::Classes(classes) => {
                let indices = classes.classes().to_vec().into_pyarray(py);
                let probabilities = classes.probabilities().to_owned().into_pyarray(py);
                let parts = [indices.into_any(), probabilities.into_any()];
                Ok(PyTuple::new(py, parts)?.into_any().unbind())
            }
            Predictions::Labels(labels) => {
                Ok(labels.probabilities().to_owned().into_pyarray(py).into_any().unbind())
            }
            Predictions::Values(values) => {
                Ok(values.values().to_owned().into_pyarray(py).into_any().unbind())
            }
        }
    }

    /// The metrics on data with targets, as JSON.
    #[pyo3(signature = (data, threads=None))]
    fn evaluate(&self, py: Python<'_>, data: &Dataset, threads: Option<usize>) -> PyResult<String> {
        let (model, data) = (&self.inner, &data.inner);
        let evaluation = py.detach(|| with_threads(threads, || model.evaluate(data)));
        let evaluation = evaluation.map_err(refused_data)?.map_err(refused_data)?;
        json(&evaluation)
    }
}

/// Anything as JSON.
pub fn json(value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
