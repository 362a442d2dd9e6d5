//! The dense layer.

use elman::Parameters;
use ndarray::{Array2, Ix1, Ix2};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Number, NumberType, array};
use crate::errors::OrRaise;
use crate::gradients::Gradients;
use crate::typed::{named_arrays, views};

/// `y = x·W + b` for rows of inputs.
#[pyclass(subclass, module = "elman._elman")]
pub struct Dense {
    dense: elman::Dense,
    number: NumberType,
    values: Py<PyAny>,
    views: Py<PyDict>,
    /// The inputs of the last run forward.
    inputs: Option<Py<PyAny>>,
    sizes: [usize; 2],
}

#[pymethods]
impl Dense {
    #[new]
    #[pyo3(signature = (input_size, output_size, *, dtype, seed))]
    fn new(
        input_size: usize,
        output_size: usize,
        dtype: &Bound<'_, PyAny>,
        seed: u64,
    ) -> PyResult<Self> {
        let dense = elman::Dense::new(input_size, output_size).or_raise()?;
        let number = NumberType::of_argument(dtype)?;
        let py = dtype.py();
        let values = match number {
            NumberType::F32 => drawn::<f32>(py, &dense, input_size, seed)?,
            NumberType::F64 => drawn::<f64>(py, &dense, input_size, seed)?,
        };
        let views = views(&values, &dense.parameter_shapes())?.unbind();
        let sizes = [input_size, output_size];
        Ok(Dense { dense, number, values: values.unbind(), views, inputs: None, sizes })
    }

    /// D.
    #[getter]
    fn input_size(&self) -> usize {
        self.sizes[0]
    }

    /// O.
    #[getter]
    fn output_size(&self) -> usize {
        self.sizes[1]
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

    /// The outputs `[N, O]` of inputs `[N, D]`.
    fn forward(&mut self, x: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.inputs = None;
        let (outputs, kept) = match self.number {
            NumberType::F32 => self.forward_as::<f32>(x)?,
            NumberType::F64 => self.forward_as::<f64>(x)?,
        };
        self.inputs = Some(kept);
        Ok(outputs)
    }

    /// The gradients of the last run forward from that of its outputs `[N, O]`.
    fn backward(&mut self, grad_outputs: &Bound<'_, PyAny>) -> PyResult<Gradients> {
        match self.number {
            NumberType::F32 => self.backward_as::<f32>(grad_outputs),
            NumberType::F64 => self.backward_as::<f64>(grad_outputs),
        }
    }
}

impl Dense {
    fn weights<T: Number>(&self, py: Python<'_>) -> PyResult<Parameters<T>> {
        let mut parameters = Parameters::zeros(self.dense.parameter_shapes()).or_raise()?;
        let values = array::<T, Ix1>("weights", self.values.bind(py))?;
        parameters.values_mut().copy_from_slice(values.as_slice()?);
        Ok(parameters)
    }

    fn forward_as<T: Number>(&self, x: &Bound<'_, PyAny>) -> PyResult<(Py<PyAny>, Py<PyAny>)> {
        let py = x.py();
        let inputs = array::<T, Ix2>("x", x)?.as_array().to_owned();
        let parameters = self.weights::<T>(py)?;
        let outputs = py
            .detach(|| self.dense.forward(&self.dense.prepare(&parameters)?, inputs.view()))
            .or_raise()?;
        let kept = inputs.into_pyarray(py).into_any().unbind();
        Ok((outputs.into_pyarray(py).into_any().unbind(), kept))
    }

    fn backward_as<T: Number>(&self, grad_outputs: &Bound<'_, PyAny>) -> PyResult<Gradients> {
        let py = grad_outputs.py();
        let Some(inputs) = &self.inputs else {
            return Err(PyRuntimeError::new_err(
                "backward: expected a forward run before it, got none",
            ));
        };
        let inputs = array::<T, Ix2>("x", inputs.bind(py))?.as_array().to_owned();
        let grad = array::<T, Ix2>("grad_outputs", grad_outputs)?.as_array().to_owned();
        let parameters = self.weights::<T>(py)?;
        let mut sums = parameters.zeros_like();
        let grad_inputs: Array2<T> = py
            .detach(|| {
                let prepared = self.dense.prepare(&parameters)?;
                self.dense.backward(&prepared, inputs.view(), grad.view(), &mut sums)
            })
            .or_raise()?;
        Ok(Gradients {
            inputs: grad_inputs.into_pyarray(py).into_any().unbind(),
            initial_state: py.None(),
            parameters: named_arrays(py, &sums)?,
        })
    }
}

/// Weights drawn from `[-1/√D, 1/√D)`, as PyTorch draws them.
fn drawn<'py, T: Number>(
    py: Python<'py>,
    dense: &elman::Dense,
    input_size: usize,
    seed: u64,
) -> PyResult<Bound<'py, PyAny>> {
    let count = dense.parameter_shapes().iter().map(elman::ParameterShape::len).sum();
    let bound = 1.0 / (input_size as f64).sqrt();
    let mut rng = elman::Rng::new(seed);
    let mut draw = || T::from_f64(bound * (2.0 * rng.uniform() - 1.0));
    let values: Vec<T> = std::iter::repeat_with(&mut draw).take(count).collect();
    Ok(PyArray1::from_vec(py, values).into_any())
}
