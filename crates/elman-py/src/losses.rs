//! Losses on arrays: their value, their gradient and the losses of the single entries.

use elman::loss::{
    BinaryCrossEntropy, BinaryTargets, CrossEntropy, Reduction, RegressionLoss, TargetClasses,
};
use ndarray::{Array2, ArrayD, Ix1, Ix2, IxDyn};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Number, NumberType, array, indices};
use crate::errors::OrRaise;

/// The value, the gradient, and the losses of the entries.
type Parts = (f64, Py<PyAny>, Py<PyAny>);

/// A description of a loss as the library serialises it.
fn parsed<'de, L: serde::Deserialize<'de>>(text: &'de str) -> PyResult<L> {
    serde_json::from_str(text).map_err(|error| PyValueError::new_err(format!("loss: {error}")))
}

/// Squared, absolute and Huber losses of predictions of any shape.
#[pyfunction]
pub fn regression(
    loss: &str,
    reduction: &str,
    predictions: &Bound<'_, PyAny>,
    targets: &Bound<'_, PyAny>,
) -> PyResult<Parts> {
    let (loss, reduction): (RegressionLoss, Reduction) = (parsed(loss)?, parsed(reduction)?);
    match NumberType::of_array("predictions", predictions)? {
        NumberType::F32 => regression_as::<f32>(loss, reduction, predictions, targets),
        NumberType::F64 => regression_as::<f64>(loss, reduction, predictions, targets),
    }
}

fn regression_as<T: Number>(
    loss: RegressionLoss,
    reduction: Reduction,
    predictions: &Bound<'_, PyAny>,
    targets: &Bound<'_, PyAny>,
) -> PyResult<Parts> {
    let py = predictions.py();
    let predictions: ArrayD<T> =
        array::<T, IxDyn>("predictions", predictions)?.as_array().to_owned();
    let targets: ArrayD<T> = array::<T, IxDyn>("targets", targets)?.as_array().to_owned();
    let [mut gradient, mut entries] =
        [(); 2].map(|()| ArrayD::from_elem(predictions.raw_dim(), T::ZERO));
    let value = py
        .detach(|| {
            let (predictions, targets) = (predictions.view(), targets.view());
            loss.per_element(predictions.view(), targets.view(), entries.view_mut())?;
            loss.gradient(reduction, predictions, targets, gradient.view_mut())
        })
        .or_raise()?;
    Ok((
        value,
        gradient.into_pyarray(py).into_any().unbind(),
        entries.into_pyarray(py).into_any().unbind(),
    ))
}

/// The cross-entropy of logits `[N, C]`, with class indices `[N]` or probabilities `[N, C]`.
#[pyfunction]
pub fn cross_entropy(
    loss: &str,
    class_weights: Option<Vec<f64>>,
    logits: &Bound<'_, PyAny>,
    targets: &Bound<'_, PyAny>,
) -> PyResult<Parts> {
    let loss: CrossEntropy = parsed(loss)?;
    let loss = CrossEntropy { class_weights, ..loss };
    match NumberType::of_array("logits", logits)? {
        NumberType::F32 => cross_entropy_as::<f32>(&loss, logits, targets),
        NumberType::F64 => cross_entropy_as::<f64>(&loss, logits, targets),
    }
}

fn cross_entropy_as<T: Number>(
    loss: &CrossEntropy,
    logits: &Bound<'_, PyAny>,
    targets: &Bound<'_, PyAny>,
) -> PyResult<Parts> {
    let py = logits.py();
    let logits: Array2<T> = array::<T, Ix2>("logits", logits)?.as_array().to_owned();
    let mut gradient = Array2::from_elem(logits.raw_dim(), T::ZERO);
    let mut rows = vec![T::ZERO; logits.nrows()];
    let mut compute = |targets: TargetClasses<'_, T>| {
        loss.per_row(logits.view(), targets, &mut rows)?;
        loss.gradient(logits.view(), targets, gradient.view_mut())
    };
    let axes: usize = targets.getattr("ndim")?.extract()?;
    let value = if axes == 1 {
        let targets = indices::<Ix1>("targets", targets)?.as_array().to_vec();
        py.detach(|| compute(TargetClasses::from(targets.as_slice())))
    } else {
        let targets = array::<T, Ix2>("targets", targets)?.as_array().to_owned();
        py.detach(|| compute(TargetClasses::from(targets.view())))
    };
    let value = value.or_raise()?;
    let rows = PyArray1::from_vec(py, rows).into_any().unbind();
    Ok((value, gradient.into_pyarray(py).into_any().unbind(), rows))
}

/// The binary cross-entropy of logits `[N, C]` with probabilities `[N, C]`.
#[pyfunction]
pub fn binary_cross_entropy(
    reduction: &str,
    pos_weight: Option<Vec<f64>>,
    logits: &Bound<'_, PyAny>,
    targets: &Bound<'_, PyAny>,
    weights: Option<&Bound<'_, PyAny>>,
) -> PyResult<Parts> {
    let loss = BinaryCrossEntropy { pos_weight, reduction: parsed(reduction)? };
    match NumberType::of_array("logits", logits)? {
        NumberType::F32 => binary_as::<f32>(&loss, logits, targets, weights),
        NumberType::F64 => binary_as::<f64>(&loss, logits, targets, weights),
    }
}

fn binary_as<T: Number>(
    loss: &BinaryCrossEntropy,
    logits: &Bound<'_, PyAny>,
    targets: &Bound<'_, PyAny>,
    weights: Option<&Bound<'_, PyAny>>,
) -> PyResult<Parts> {
    let py = logits.py();
    let logits: Array2<T> = array::<T, Ix2>("logits", logits)?.as_array().to_owned();
    let targets: Array2<T> = array::<T, Ix2>("targets", targets)?.as_array().to_owned();
    let weights = weights.map(|weights| array::<T, Ix2>("weights", weights)).transpose()?;
    let weights: Option<Array2<T>> = weights.map(|weights| weights.as_array().to_owned());
    let [mut gradient, mut entries] =
        [(); 2].map(|()| Array2::from_elem(logits.raw_dim(), T::ZERO));
    let value = py
        .detach(|| {
            let entry_weights = weights.as_ref().map(|weights| weights.view());
            let targets = BinaryTargets { entry_weights, ..BinaryTargets::from(targets.view()) };
            loss.per_element(logits.view(), targets, entries.view_mut())?;
            loss.gradient(logits.view(), targets, gradient.view_mut())
        })
        .or_raise()?;
    Ok((
        value,
        gradient.into_pyarray(py).into_any().unbind(),
        entries.into_pyarray(py).into_any().unbind(),
    ))
}

/// The softmax of each row of logits `[N, C]`.
#[pyfunction]
pub fn softmax(logits: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    match NumberType::of_array("logits", logits)? {
        NumberType::F32 => softmax_as::<f32>(logits),
        NumberType::F64 => softmax_as::<f64>(logits),
    }
}

fn softmax_as<T: Number>(logits: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = logits.py();
    let logits: Array2<T> = array::<T, Ix2>("logits", logits)?.as_array().to_owned();
    let mut probabilities = Array2::from_elem(logits.raw_dim(), T::ZERO);
    py.detach(|| elman::loss::softmax(logits.view(), probabilities.view_mut())).or_raise()?;
    Ok(probabilities.into_pyarray(py).into_any().unbind())
}
