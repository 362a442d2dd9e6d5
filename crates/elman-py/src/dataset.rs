//! Sequences from Python, with what is to be predicted of them, as the library's data set.

use std::sync::Arc;

use elman::data::{ClassTargets, Targets, ValueTargets};
use ndarray::ArrayView2;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;

use crate::errors::refused_data;

/// What is to be predicted of each sequence.
#[derive(FromPyObject)]
enum Answers<'py> {
    /// The name of what is told apart, its classes `[O]`, and the class of each sequence `[N]`.
    Classes(String, Vec<String>, Vec<usize>),
    /// The names of the numbers `[O]`, and the numbers `[N, O]`.
    Values(Vec<String>, PyReadonlyArray2<'py, f64>),
}

/// Sequences `[T_n, I]` in float64, perhaps with targets and weights.
#[pyclass(frozen, module = "elman._elman")]
pub struct Dataset {
    pub(crate) inner: Arc<elman::Dataset>,
}

#[pymethods]
impl Dataset {
    #[new]
    #[pyo3(signature = (sequences, feature_names, targets=None, weights=None))]
    fn new(
        py: Python<'_>,
        sequences: Vec<PyReadonlyArray2<'_, f64>>,
        feature_names: Vec<String>,
        targets: Option<Answers<'_>>,
        weights: Option<Vec<f64>>,
    ) -> PyResult<Self> {
        let targets = match targets {
            None => Ok(Targets::None),
            Some(Answers::Classes(name, labels, indices)) => {
                ClassTargets::new(name, labels, indices).map(Targets::Classes)
            }
            Some(Answers::Values(names, values)) => {
                ValueTargets::new(names, values.as_array().to_owned()).map(Targets::Values)
            }
        };
        let targets = targets.map_err(refused_data)?;
        let views: Vec<ArrayView2<'_, f64>> = sequences.iter().map(|s| s.as_array()).collect();
        let data = py.detach(|| {
            let data = elman::Dataset::from_sequences(&views, feature_names, targets)?;
            match weights {
                Some(weights) => data.with_weights(weights),
                None => Ok(data),
            }
        });
        Ok(Dataset { inner: Arc::new(data.map_err(refused_data)?) })
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }
}
