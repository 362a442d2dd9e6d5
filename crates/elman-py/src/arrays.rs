//! Arrays from Python: checked, never converted in silence.

use elman::Real;
use ndarray::Dimension;
use numpy::{
    Element, PyArrayDescrMethods, PyReadonlyArray, PyUntypedArray, PyUntypedArrayMethods, dtype,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::ShapeError;

/// A number type that arrays may have.
pub trait Number: Real + Element {
    /// NumPy's name of it.
    const NAME: &'static str;

    /// Whether both have the same bits: signs of zeros count, and NaN equals itself.
    fn same_bits(one: &[Self], other: &[Self]) -> bool;
}

impl Number for f32 {
    const NAME: &'static str = "float32";

    fn same_bits(one: &[f32], other: &[f32]) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

impl Number for f64 {
    const NAME: &'static str = "float64";

    fn same_bits(one: &[f64], other: &[f64]) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

/// The number types that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    F32,
    F64,
}

impl NumberType {
    /// The type that a `dtype` argument names: a NumPy dtype, its name, or a scalar type.
    pub fn of_argument(argument: &Bound<'_, PyAny>) -> PyResult<Self> {
        let descr = numpy::PyArrayDescr::new(argument.py(), argument)?;
        match Self::of_descr(&descr) {
            Some(number) => Ok(number),
            None => Err(PyTypeError::new_err(format!(
                "dtype: expected float32 or float64, got {descr}"
            ))),
        }
    }

    /// The type of an array's elements.
    pub fn of_array(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let array = untyped(name, value, "float32 or float64")?;
        Self::of_descr(&array.dtype()).ok_or_else(|| wrong_dtype(name, array, "float32 or float64"))
    }

    fn of_descr(descr: &Bound<'_, numpy::PyArrayDescr>) -> Option<Self> {
        let py = descr.py();
        if descr.is_equiv_to(&dtype::<f32>(py)) {
            Some(NumberType::F32)
        } else if descr.is_equiv_to(&dtype::<f64>(py)) {
            Some(NumberType::F64)
        } else {
            None
        }
    }
}

/// An array of the given type and number of axes, in C order, to be read.
pub fn array<'py, T: Number, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    checked(name, value, <T as Number>::NAME)
}

/// The same for indices, int64.
pub fn indices<'py, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray<'py, i64, D>> {
    checked(name, value, "int64")
}

fn checked<'py, T: Element, D: Dimension>(
    name: &str,
    value: &Bound<'py, PyAny>,
    type_name: &str,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let untyped = untyped(name, value, type_name)?;
    if !untyped.dtype().is_equiv_to(&dtype::<T>(value.py())) {
        return Err(wrong_dtype(name, untyped, type_name));
    }
    if let Some(axes) = D::NDIM
        && untyped.ndim() != axes
    {
        let shape = untyped.shape();
        let message =
            format!("{name}: expected {axes} axes, got {} (shape {shape:?})", shape.len());
        return Err(ShapeError::new_err(message));
    }
    let aligned: bool = value.getattr("flags")?.getattr("aligned")?.extract()?;
    if !untyped.is_c_contiguous() || !aligned {
        let found = if untyped.is_fortran_contiguous() { "Fortran order" } else { "strides" };
        return Err(PyValueError::new_err(format!(
            "{name}: expected C order, got {found} (hint: np.ascontiguousarray({name}))"
        )));
    }
    let array = value.cast::<numpy::PyArray<T, D>>()?;
    Ok(numpy::PyArrayMethods::try_readonly(array)?)
}

fn untyped<'a, 'py>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
    wanted: &str,
) -> PyResult<&'a Bound<'py, PyUntypedArray>> {
    value.cast::<PyUntypedArray>().map_err(|_| {
        let found = value.get_type().name().unwrap_or_else(|_| PyString::new(value.py(), "?"));
        PyTypeError::new_err(format!(
            "{name}: expected a NumPy array of {wanted}, got {found} \
             (hint: np.asarray({name}))"
        ))
    })
}

fn wrong_dtype(name: &str, array: &Bound<'_, PyUntypedArray>, wanted: &str) -> PyErr {
    let found = array.dtype();
    let hint = wanted.split(' ').next().unwrap_or(wanted);
    PyTypeError::new_err(format!(
        "{name}: expected an array of {wanted}, got {found} (hint: {name}.astype(np.{hint}))"
    ))
}

/// One length for each sequence, from an array or a sequence of integers.
pub fn lengths(value: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let fault = |_| {
        PyTypeError::new_err(format!(
            "lengths: expected one integer for each sequence, got {}",
            value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
        ))
    };
    let all: Vec<i64> = value.extract().map_err(fault)?;
    let length = |(row, length): (usize, i64)| {
        usize::try_from(length).map_err(|_| {
            PyValueError::new_err(format!("lengths[{row}]: expected 0 or more, got {length}"))
        })
    };
    all.into_iter().enumerate().map(length).collect()
}
