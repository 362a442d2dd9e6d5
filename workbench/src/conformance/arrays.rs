//! Small helpers over arrays whose faults are faults of a case.

use ndarray::{
    Array, Array2, Array3, ArrayD, ArrayView, Axis, Dimension, RemoveAxis, Slice, concatenate,
};

use super::case::Stop;

/// The arrays one after the other along an axis.
pub fn joined<T: Clone, D: RemoveAxis>(
    axis: Axis,
    parts: &[ArrayView<'_, T, D>],
) -> Result<Array<T, D>, Stop> {
    concatenate(axis, parts).map_err(|error| Stop::failed(format!("arrays to join: {error}")))
}

/// Matrices of one shape as the layers of a new first axis.
pub fn stacked<T: Clone>(parts: &[Array2<T>]) -> Result<Array3<T>, Stop> {
    let layers: Vec<_> = parts.iter().map(|part| part.view().insert_axis(Axis(0))).collect();
    joined(Axis(0), &layers)
}

/// The array with exactly the axes of `D`.
pub fn with_axes<T, D: Dimension>(name: &str, values: ArrayD<T>) -> Result<Array<T, D>, Stop> {
    let shape = values.shape().to_vec();
    let axes = D::NDIM.unwrap_or(shape.len());
    let fault = |_| Stop::failed(format!("{name}: expected {axes} axes, got shape {shape:?}"));
    values.into_dimensionality().map_err(fault)
}

/// The array with its first two axes swapped.
pub fn swapped<T>(values: Array3<T>) -> Array3<T> {
    values.permuted_axes([1, 0, 2])
}

/// Equal blocks along an axis in another order: block `k` of the result is block `order[k]`.
pub fn reordered<T: Clone, D: RemoveAxis>(
    values: &Array<T, D>,
    axis: Axis,
    order: &[usize],
) -> Result<Array<T, D>, Stop> {
    let size = values.len_of(axis) / order.len();
    let block = |from: &usize| values.slice_axis(axis, Slice::from(from * size..(from + 1) * size));
    joined(axis, &order.iter().map(block).collect::<Vec<_>>())
}
