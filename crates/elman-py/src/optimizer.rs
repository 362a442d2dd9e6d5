//! Optimisers and clipping on named arrays, in place.

use elman::clip::Clip;
use elman::optimizer::{DecayScope, OptimizerConfig, ParameterGroups};
use elman::{ParameterShape, Parameters};
use ndarray::IxDyn;
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Number, NumberType, array};
use crate::errors::OrRaise;

/// An optimiser at work on arrays of one number type.
enum Working {
    F32(elman::optimizer::Optimizer<f32>),
    F64(elman::optimizer::Optimizer<f64>),
}

/// An optimiser with its moments.
#[pyclass(subclass, module = "elman._elman")]
pub struct Optimizer {
    config: OptimizerConfig,
    working: Option<Working>,
}

#[pymethods]
impl Optimizer {
    #[new]
    fn new(config: &str) -> PyResult<Self> {
        let config: OptimizerConfig = serde_json::from_str(config)
            .map_err(|error| PyValueError::new_err(format!("optimizer: {error}")))?;
        config.check().or_raise()?;
        Ok(Optimizer { config, working: None })
    }

    /// Changes the arrays of `parameters` in place, by the gradients of the same names.
    fn apply(
        &mut self,
        learning_rate: f64,
        parameters: &Bound<'_, PyDict>,
        gradients: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        match number_of(parameters)? {
            NumberType::F32 => {
                let mut values = gathered::<f32>(parameters, parameters)?;
                let grad = gathered::<f32>(parameters, gradients)?;
                if self.working.is_none() {
                    let made = started(self.config, &values).or_raise()?;
                    self.working = Some(Working::F32(made));
                }
                let Some(Working::F32(optimizer)) = &mut self.working else {
                    return Err(other_type("float64", "float32"));
                };
                optimizer.step(learning_rate, &mut values, &grad).or_raise()?;
                scattered(parameters, &values)
            }
            NumberType::F64 => {
                let mut values = gathered::<f64>(parameters, parameters)?;
                let grad = gathered::<f64>(parameters, gradients)?;
                if self.working.is_none() {
                    let made = started(self.config, &values).or_raise()?;
                    self.working = Some(Working::F64(made));
                }
                let Some(Working::F64(optimizer)) = &mut self.working else {
                    return Err(other_type("float32", "float64"));
                };
                optimizer.step(learning_rate, &mut values, &grad).or_raise()?;
                scattered(parameters, &values)
            }
        }
    }
}

/// All arrays decay, as in PyTorch: names are the caller's, and say nothing of what is a bias.
fn started<T: Number>(
    config: OptimizerConfig,
    values: &Parameters<T>,
) -> elman::Result<elman::optimizer::Optimizer<T>> {
    let groups = ParameterGroups { decay: DecayScope::All, ..ParameterGroups::default() };
    elman::optimizer::Optimizer::with_groups(config, &groups, values)
}

/// Clips the arrays of `gradients` in place, and returns their norm from before.
#[pyfunction]
pub fn clip(rule: &str, gradients: &Bound<'_, PyDict>) -> PyResult<f64> {
    let rule: Clip = serde_json::from_str(rule)
        .map_err(|error| PyValueError::new_err(format!("clip: {error}")))?;
    match number_of(gradients)? {
        NumberType::F32 => clip_as::<f32>(rule, gradients),
        NumberType::F64 => clip_as::<f64>(rule, gradients),
    }
}

fn clip_as<T: Number>(rule: Clip, gradients: &Bound<'_, PyDict>) -> PyResult<f64> {
    let mut values = gathered::<T>(gradients, gradients)?;
    let norm = rule.apply(values.values_mut()).or_raise()?;
    scattered(gradients, &values)?;
    Ok(norm)
}

fn other_type(before: &str, now: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "parameters: expected arrays of {before}, as at the first step, got {now}"
    ))
}

fn number_of(arrays: &Bound<'_, PyDict>) -> PyResult<NumberType> {
    match arrays.iter().next() {
        Some((name, first)) => NumberType::of_array(&name.str()?.to_string(), &first),
        None => Err(PyValueError::new_err("parameters: expected at least one array, got none")),
    }
}

/// The arrays of the names of `names`, in their order, one after the other.
fn gathered<T: Number>(
    names: &Bound<'_, PyDict>,
    arrays: &Bound<'_, PyDict>,
) -> PyResult<Parameters<T>> {
    let mut all = Vec::with_capacity(names.len());
    for name in names.keys() {
        let label = name.str()?.to_string();
        let Some(value) = arrays.get_item(&name)? else {
            return Err(PyValueError::new_err(format!(
                "gradients: expected one named {label}, got {}",
                arrays.keys()
            )));
        };
        let values = array::<T, IxDyn>(&label, &value)?;
        all.push((label, values));
    }
    let shapes = all.iter().map(|(name, values)| ParameterShape::new(name, values.shape()));
    let mut parameters = Parameters::zeros(shapes.collect()).or_raise()?;
    for (name, values) in &all {
        parameters.set(name, values.as_array()).or_raise()?;
    }
    Ok(parameters)
}

/// Writes the values into the arrays; into none of them if one is read-only.
fn scattered<T: Number>(arrays: &Bound<'_, PyDict>, values: &Parameters<T>) -> PyResult<()> {
    let mut targets = Vec::with_capacity(arrays.len());
    for (name, target) in arrays.iter() {
        let label = name.str()?.to_string();
        let writable = target.cast::<PyArrayDyn<T>>()?.try_readwrite().map_err(|error| {
            PyValueError::new_err(format!(
                "{label}: expected a writable array of its own, got {error}"
            ))
        })?;
        targets.push((label, writable));
    }
    for (name, target) in &mut targets {
        // As one slice: NumPy may give axes of length 0 or 1 strides that ndarray refuses.
        let range = values.range_of(name).or_raise()?;
        target.as_slice_mut()?.copy_from_slice(&values.values()[range]);
    }
    Ok(())
}
