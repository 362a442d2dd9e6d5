//! One flat buffer for all the parameters of a layer or network, with named views.
//!
//! Gradients and optimiser moments have the same layout, so an optimiser, a clipping rule or a
//! checkpoint is a plain loop over one slice.

use std::sync::Arc;

use ndarray::{ArrayView, ArrayViewD, ArrayViewMutD, Dimension};

use crate::error::{Error, Result, nearest};
use crate::real::Real;

/// The name and shape of one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterShape {
    /// Its name, `layers.0.forward.input_weights` say.
    pub name: String,
    /// Its shape, `[I, H]` say.
    pub shape: Vec<usize>,
}

impl ParameterShape {
    /// A parameter called `name` of shape `shape`.
    pub fn new(name: impl Into<String>, shape: &[usize]) -> Self {
        ParameterShape { name: name.into(), shape: shape.to_vec() }
    }

    /// The number of its elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().fold(1, |len: usize, &axis| len.saturating_mul(axis))
    }

    /// Whether it has no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Named parameters in one flat buffer.
///
/// ```
/// use elman::{ParameterShape, Parameters};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let shapes = vec![ParameterShape::new("weights", &[2, 3]), ParameterShape::new("bias", &[3])];
/// let mut parameters = Parameters::<f64>::zeros(shapes)?;
/// parameters.set("bias", array![1.0, 2.0, 3.0].view())?;
/// assert_eq!(parameters.get("bias")?, array![1.0, 2.0, 3.0].into_dyn());
/// assert_eq!(parameters.values().len(), 9);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T> {
    layout: Arc<Layout>,
    values: Vec<T>,
}

#[derive(Debug, PartialEq, Eq)]
struct Layout {
    shapes: Vec<ParameterShape>,
    offsets: Vec<usize>,
}

impl<T: Real> Parameters<T> {
    /// Parameters of these names and shapes, in this order, all zero.
    ///
    /// # Errors
    ///
    /// Two parameters of the same name; a size that overflows.
    pub fn zeros(shapes: Vec<ParameterShape>) -> Result<Self> {
        let mut offsets = Vec::with_capacity(shapes.len());
        let mut total = 0usize;
        for (i, parameter) in shapes.iter().enumerate() {
            if shapes[..i].iter().any(|earlier| earlier.name == parameter.name) {
                return Err(Error::argument("parameter name", "distinct names", &parameter.name));
            }
            offsets.push(total);
            let len = parameter.shape.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis));
            total = len.and_then(|len| total.checked_add(len)).ok_or_else(|| {
                Error::argument(&parameter.name, "a size that fits in memory", "an overflow")
            })?;
        }
        let mut values = Vec::new();
        values.try_reserve_exact(total).map_err(|_| {
            Error::argument("parameters", "a size that fits in memory", format!("{total} values"))
        })?;
        values.resize(total, T::ZERO);
        Ok(Parameters { layout: Arc::new(Layout { shapes, offsets }), values })
    }

    /// Zeros of the same names and shapes: a gradient or a moment of these parameters.
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        Parameters { layout: Arc::clone(&self.layout), values: vec![T::ZERO; self.values.len()] }
    }

    /// Names and shapes in the order of the buffer.
    #[must_use]
    pub fn shapes(&self) -> &[ParameterShape] {
        &self.layout.shapes
    }

    /// All values, parameter after parameter.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Whether `other` has the same names and shapes in the same order.
    #[must_use]
    pub fn same_layout(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.layout, &other.layout) || self.layout == other.layout
    }

    /// One parameter.
    ///
    /// # Errors
    ///
    /// No parameter of that name.
    pub fn get(&self, name: &str) -> Result<ArrayViewD<'_, T>> {
        let index = self.index(name)?;
        let shape = self.layout.shapes[index].shape.as_slice();
        ArrayViewD::from_shape(shape, &self.values[self.range(index)])
            .map_err(|_| Error::shape(name, shape, &[]))
    }

    /// One parameter, to be changed.
    ///
    /// # Errors
    ///
    /// No parameter of that name.
    pub fn get_mut(&mut self, name: &str) -> Result<ArrayViewMutD<'_, T>> {
        let index = self.index(name)?;
        let range = self.range(index);
        let shape = self.layout.shapes[index].shape.as_slice();
        ArrayViewMutD::from_shape(shape, &mut self.values[range])
            .map_err(|_| Error::shape(name, shape, &[]))
    }

    /// Sets one parameter.
    ///
    /// # Errors
    ///
    /// No parameter of that name, or a value of another shape.
    pub fn set<D: Dimension>(&mut self, name: &str, value: ArrayView<'_, T, D>) -> Result<()> {
        let mut target = self.get_mut(name)?;
        if target.shape() != value.shape() {
            return Err(Error::shape(name, target.shape(), value.shape()));
        }
        target.assign(&value.into_dyn());
        Ok(())
    }

    /// Where a parameter stands in [`values`](Self::values).
    ///
    /// # Errors
    ///
    /// No parameter of that name.
    pub fn range_of(&self, name: &str) -> Result<std::ops::Range<usize>> {
        Ok(self.range(self.index(name)?))
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        let start = self.layout.offsets[index];
        start..start + self.layout.shapes[index].len()
    }

    fn index(&self, name: &str) -> Result<usize> {
        let shapes = &self.layout.shapes;
        shapes.iter().position(|parameter| parameter.name == name).ok_or_else(|| {
            let names: Vec<&str> = shapes.iter().map(|parameter| parameter.name.as_str()).collect();
            let expected = match nearest(name, names.iter().copied()) {
                Some(near) => format!("one of {} (nearest: {near})", names.join(", ")),
                None => format!("one of {}", names.join(", ")),
            };
            Error::argument("parameter", expected, name)
        })
    }
}
