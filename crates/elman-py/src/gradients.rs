//! What a backward pass returns.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Every gradient of one backward pass, by name.
///
/// `inputs` and `initial_state` have the shapes of what went in; the gradients of the parameters are
/// attributes under the parameters' names, and together the dict `parameters`.
#[pyclass(frozen, module = "elman")]
pub struct Gradients {
    /// The gradient of the inputs `[B, T, I]`; zero in padding.
    #[pyo3(get)]
    pub inputs: Py<PyAny>,
    /// The gradient of the initial state; None for a layer without one.
    #[pyo3(get)]
    pub initial_state: Py<PyAny>,
    /// The gradients of the parameters, by name.
    #[pyo3(get)]
    pub parameters: Py<PyDict>,
}

#[pymethods]
impl Gradients {
    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        match self.parameters.bind(py).get_item(name)? {
            Some(gradient) => Ok(gradient.unbind()),
            None => Err(PyAttributeError::new_err(format!(
                "gradients: expected inputs, initial_state or one of {}, got {name}",
                self.names(py)?.join(", ")
            ))),
        }
    }

    fn __dir__(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let mut names = self.names(py)?;
        names.extend(["inputs", "initial_state", "parameters"].map(str::to_owned));
        Ok(names)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut parts = vec![format!("inputs {}", shape(self.inputs.bind(py))?)];
        for (name, gradient) in self.parameters.bind(py).iter() {
            parts.push(format!("{name} {}", shape(&gradient)?));
        }
        Ok(format!("Gradients({})", parts.join(", ")))
    }
}

impl Gradients {
    fn names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let keys: Bound<'_, PyList> = self.parameters.bind(py).keys();
        keys.extract()
    }
}

fn shape(array: &Bound<'_, PyAny>) -> PyResult<String> {
    let shape: Vec<usize> = array.getattr("shape")?.extract()?;
    Ok(format!("{shape:?}"))
}
