//! The class that the recurrent layers of the package derive from.

use elman::cell::CellSizes;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arrays::{NumberType, lengths};
use crate::gradients::Gradients;
use crate::typed::{AnyLayer, Description, Inputs, views};

/// A recurrent layer: a cell over batches of sequences, forward and back through time.
#[pyclass(subclass, module = "elman._elman")]
pub struct Layer {
    layer: Box<dyn AnyLayer>,
    /// All weights, one after the other; the attributes are views of it.
    values: Py<PyAny>,
    views: Py<PyDict>,
    /// Makes a state of its parts, where there are several.
    state_type: Option<Py<PyAny>>,
    sizes: CellSizes,
}

#[pymethods]
impl Layer {
    #[new]
    #[pyo3(signature = (description, *, dtype, state_type))]
    fn new(
        description: &str,
        dtype: &Bound<'_, PyAny>,
        state_type: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let description: Description = serde_json::from_str(description)
            .map_err(|error| PyValueError::new_err(format!("options: {error}")))?;
        let sizes = description.sizes();
        let py = dtype.py();
        let made = description.make(py, NumberType::of_argument(dtype)?)?;
        let views = views(&made.values, &made.layer.shapes())?.unbind();
        let values = made.values.unbind();
        Ok(Layer { layer: made.layer, values, views, state_type, sizes })
    }

    /// I.
    #[getter]
    fn input_size(&self) -> usize {
        self.sizes.input_size
    }

    /// H.
    #[getter]
    fn hidden_size(&self) -> usize {
        self.sizes.hidden_size
    }

    /// The number type of the weights.
    #[getter]
    fn dtype(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.values.getattr(py, "dtype")
    }

    /// The weights by name: views, so that writing into them changes the layer.
    #[getter]
    fn parameters(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        Ok(self.views.bind(py).copy()?.unbind())
    }

    /// All outputs `[B, T, H]`, and the state after each sequence's last step.
    #[pyo3(signature = (x, initial_state=None, lengths=None))]
    fn forward(
        &mut self,
        x: &Bound<'_, PyAny>,
        initial_state: Option<&Bound<'_, PyAny>>,
        lengths: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Py<PyAny>, Py<PyAny>)> {
        let py = x.py();
        self.layer.load(self.values.bind(py))?;
        let inputs = Inputs {
            values: x,
            initial_state: self.state_parts("initial_state", initial_state)?,
            lengths: lengths.map(self::lengths).transpose()?,
        };
        let outcome = self.layer.forward(py, inputs)?;
        Ok((outcome.outputs, self.state(py, outcome.final_state)?))
    }

    /// The state after one time step from inputs `[B, I]`.
    #[pyo3(signature = (x, state=None))]
    fn step(
        &mut self,
        x: &Bound<'_, PyAny>,
        state: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let py = x.py();
        self.layer.load(self.values.bind(py))?;
        let state = self.state_parts("state", state)?;
        let parts = self.layer.step(py, x, state)?;
        self.state(py, parts)
    }

    /// Every gradient of the last run forward, by name.
    #[pyo3(signature = (grad_outputs=None, grad_final_state=None))]
    fn backward(
        &mut self,
        py: Python<'_>,
        grad_outputs: Option<&Bound<'_, PyAny>>,
        grad_final_state: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Gradients> {
        let final_state = self.state_parts("grad_final_state", grad_final_state)?;
        let (gradients, initial) = self.layer.backward(py, grad_outputs, final_state)?;
        Ok(Gradients { initial_state: self.state(py, initial)?, ..gradients })
    }
}

impl Layer {
    /// The arrays of a state as Python gives it: one array, or as many as the state has.
    fn state_parts<'py>(
        &self,
        name: &str,
        state: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
        let Some(state) = state else { return Ok(None) };
        if self.layer.parts() == 1 {
            return Ok(Some(vec![state.clone()]));
        }
        let parts = state.cast::<PyTuple>().map_err(|_| {
            PyTypeError::new_err(format!(
                "{name}: expected a tuple of {} arrays, got {}",
                self.layer.parts(),
                state.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
            ))
        })?;
        Ok(Some(parts.iter().collect()))
    }

    fn state(&self, py: Python<'_>, mut parts: Vec<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        match (&self.state_type, parts.len()) {
            (Some(state_type), _) => state_type.call1(py, PyTuple::new(py, parts)?),
            (None, 1) => Ok(parts.swap_remove(0)),
            (None, _) => Ok(PyTuple::new(py, parts)?.into_any().unbind()),
        }
    }
}
