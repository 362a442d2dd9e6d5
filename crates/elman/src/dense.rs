//! The dense layer, `y = x·W + b`: a network's head.

use elman_kernels::PackedMatrix;
use elman_kernels::matmul::{Rows, Start, Term};
use elman_kernels::outer::{Left, OuterSum, Pairs, Strided};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;

/// A dense layer. Parameters: `weights` W `[D, O]`, `bias` b `[O]`.
///
/// ```
/// use elman::Dense;
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let dense = Dense::new(2, 1)?;
/// let mut parameters = dense.parameters::<f64>();
/// parameters.set("weights", array![[3.0], [4.0]].view())?;
/// parameters.set("bias", array![0.5].view())?;
/// let prepared = dense.prepare(&parameters)?;
/// assert_eq!(dense.forward(&prepared, array![[1.0, 2.0]].view())?, array![[11.5]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dense {
    input_size: usize,
    output_size: usize,
}

/// The weights of a dense layer, packed for its products.
#[derive(Clone, Debug)]
pub struct DensePrepared<T> {
    weights: PackedMatrix<T>,    // W  [D, O]
    bias: Vec<T>,                // b  [O]
    transposed: PackedMatrix<T>, // Wᵀ [O, D]
}

/// What a dense layer has read, and the gradient of what it has answered.
#[derive(Clone, Copy, Debug)]
pub struct DenseBatch<'a, T> {
    /// `[N, D]`.
    pub inputs: ArrayView2<'a, T>,
    /// `[N, O]`.
    pub grad_outputs: ArrayView2<'a, T>,
}

impl Dense {
    /// A layer from D inputs to O outputs.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub fn new(input_size: usize, output_size: usize) -> Result<Self> {
        for (name, size) in [("input_size", input_size), ("output_size", output_size)] {
            if size == 0 {
                return Err(Error::argument(name, "at least 1", size));
            }
        }
        if input_size.checked_mul(output_size).and_then(|n| n.checked_add(output_size)).is_none() {
            return Err(Error::argument("output_size", "a size that fits in memory", output_size));
        }
        Ok(Dense { input_size, output_size })
    }

    /// Names and shapes of the parameters.
    #[must_use]
    pub fn parameter_shapes(&self) -> Vec<ParameterShape> {
        vec![
            ParameterShape::new("weights", &[self.input_size, self.output_size]),
            ParameterShape::new("bias", &[self.output_size]),
        ]
    }

    /// Parameters, all zero.
    ///
    /// # Panics
    ///
    /// Sizes whose product does not fit in memory.
    #[must_use]
    pub fn parameters<T: Real>(&self) -> Parameters<T> {
        Parameters::zeros(self.parameter_shapes()).expect("two distinct names")
    }

    /// Derives from the parameters what the products need.
    ///
    /// # Errors
    ///
    /// Parameters of other names or shapes.
    pub fn prepare<T: Real>(&self, parameters: &Parameters<T>) -> Result<DensePrepared<T>> {
        self.check(parameters)?;
        let mut prepared = self.unprepared();
        self.refresh(parameters.values(), &mut prepared);
        Ok(prepared)
    }

    /// As [`prepare`](Self::prepare), in the memory of earlier weights of this layer: for training,
    /// where the parameters change at every step.
    ///
    /// # Errors
    ///
    /// Parameters of other names or shapes; weights that another layer prepared.
    pub fn prepare_into<T: Real>(
        &self,
        parameters: &Parameters<T>,
        prepared: &mut DensePrepared<T>,
    ) -> Result<()> {
        self.check(parameters)?;
        self.check_prepared(prepared)?;
        self.refresh(parameters.values(), prepared);
        Ok(())
    }

    /// `y = x·W + b` for inputs `[N, D]`.
    ///
    /// # Errors
    ///
    /// Inputs of the wrong width.
    pub fn forward<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        inputs: ArrayView2<'_, T>,
    ) -> Result<Array2<T>> {
        let mut outputs = Array2::from_elem((inputs.nrows(), self.output_size), T::ZERO);
        self.forward_into(prepared, inputs, outputs.view_mut())?;
        Ok(outputs)
    }

    /// As [`forward`](Self::forward), written into `outputs` `[N, O]`.
    ///
    /// # Errors
    ///
    /// Inputs of the wrong width; outputs of another shape, or not in row-major order.
    pub fn forward_into<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        inputs: ArrayView2<'_, T>,
        mut outputs: ArrayViewMut2<'_, T>,
    ) -> Result<()> {
        self.check_prepared(prepared)?;
        self.check_rows("inputs", inputs, [inputs.nrows(), self.input_size])?;
        self.check_rows("outputs", outputs.view(), [inputs.nrows(), self.output_size])?;
        let inputs = inputs.as_standard_layout();
        let out = row_major("outputs", &mut outputs)?;
        self.forward_rows(prepared, inputs.as_slice().unwrap_or(&[]), out);
        Ok(())
    }

    /// Adds `dW = xᵀ·dy` and `db = Σ dy` to `grad_parameters` and returns `dx = dy·Wᵀ`.
    ///
    /// # Errors
    ///
    /// Arrays whose shapes do not fit.
    pub fn backward<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        inputs: ArrayView2<'_, T>,
        grad_outputs: ArrayView2<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<Array2<T>> {
        let mut grad_inputs = Array2::from_elem(inputs.dim(), T::ZERO);
        let batch = DenseBatch { inputs, grad_outputs };
        self.backward_into(prepared, batch, grad_inputs.view_mut(), grad_parameters)?;
        Ok(grad_inputs)
    }

    /// As [`backward`](Self::backward), with `dx` written into `grad_inputs` `[N, D]`.
    ///
    /// # Errors
    ///
    /// Arrays whose shapes do not fit; `grad_inputs` not in row-major order.
    pub fn backward_into<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        batch: DenseBatch<'_, T>,
        mut grad_inputs: ArrayViewMut2<'_, T>,
        grad_parameters: &mut Parameters<T>,
    ) -> Result<()> {
        let DenseBatch { inputs, grad_outputs } = batch;
        self.check(grad_parameters)?;
        self.check_prepared(prepared)?;
        self.check_rows("inputs", inputs, [inputs.nrows(), self.input_size])?;
        self.check_rows("grad_outputs", grad_outputs, [inputs.nrows(), self.output_size])?;
        self.check_rows("grad_inputs", grad_inputs.view(), [inputs.nrows(), self.input_size])?;
        let (inputs, grad) = (inputs.as_standard_layout(), grad_outputs.as_standard_layout());
        let (inputs, grad) = (inputs.as_slice().unwrap_or(&[]), grad.as_slice().unwrap_or(&[]));
        self.input_gradient(prepared, grad, row_major("grad_inputs", &mut grad_inputs)?);
        let block = GradientBlock { inputs, grad_outputs: grad };
        self.parameter_gradient(&[block], grad_parameters.values_mut());
        Ok(())
    }

    pub(crate) fn unprepared<T: Real>(&self) -> DensePrepared<T> {
        DensePrepared {
            weights: PackedMatrix::zeros(self.input_size, self.output_size),
            bias: vec![T::ZERO; self.output_size],
            transposed: PackedMatrix::zeros(self.output_size, self.input_size),
        }
    }

    /// As [`refresh`](Self::refresh), for weights that stand transposed, `[O, D]`.
    pub(crate) fn refresh_transposed<T: Real>(
        &self,
        weights: &[T],
        bias: &[T],
        prepared: &mut DensePrepared<T>,
    ) {
        prepared.weights.fill_transposed(weights, self.input_size);
        prepared.bias.copy_from_slice(bias);
        prepared.transposed.fill(weights);
    }

    pub(crate) fn refresh<T: Real>(&self, parameters: &[T], prepared: &mut DensePrepared<T>) {
        let (weights, bias) = parameters.split_at(self.input_size * self.output_size);
        prepared.weights.fill(weights);
        prepared.bias.copy_from_slice(bias);
        prepared.transposed.fill_transposed(weights, self.output_size);
    }

    /// `outputs = inputs·W + b` for rows `[n, D]`, by this thread alone.
    pub(crate) fn forward_here<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        inputs: &[T],
        outputs: &mut [T],
    ) {
        let rows = Rows::Strided { values: inputs, stride: self.input_size };
        let term = Term { rows, weights: &prepared.weights };
        T::product(Start::Bias(&prepared.bias), &[term], outputs);
    }

    /// Rows `[n, D]` to rows `[n, O]`.
    pub(crate) fn forward_rows<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        inputs: &[T],
        outputs: &mut [T],
    ) {
        let start = Start::Bias(&prepared.bias);
        let inputs = Block { values: inputs, width: self.input_size };
        product(start, inputs, &prepared.weights, outputs);
    }

    /// Rows `[n, O]` to rows `[n, D]`.
    pub(crate) fn input_gradient<T: Real>(
        &self,
        prepared: &DensePrepared<T>,
        grad_outputs: &[T],
        grad_inputs: &mut [T],
    ) {
        let rows = Block { values: grad_outputs, width: self.output_size };
        product(Start::Zero, rows, &prepared.transposed, grad_inputs);
    }

    /// Adds the gradients of the parameters for some blocks of rows.
    pub(crate) fn parameter_gradient<T: Real>(
        &self,
        blocks: &[GradientBlock<'_, T>],
        grad_parameters: &mut [T],
    ) {
        let output_size = self.output_size;
        let pairs: Vec<_> = blocks
            .iter()
            .map(|GradientBlock { inputs, grad_outputs: grad }| {
                let nothing = Strided { values: &[][..], stride: 0 };
                Pairs {
                    left: [Strided { values: inputs, stride: self.input_size }, nothing],
                    right: Strided { values: grad, stride: output_size },
                    count: grad.len() / output_size,
                }
            })
            .collect();
        // dW += xᵀ·dy    db += dy, one after the other in the parameters.
        let sum = OuterSum {
            pairs: &pairs,
            left: [Some(Left { rows: self.input_size, at: 0 }), None],
            sums: Some(self.input_size * output_size),
            first: 0,
            columns: output_size,
            stride: output_size,
        };
        crate::workers::add_outer_products(&[sum], grad_parameters);
    }

    fn check_prepared<T: Real>(&self, prepared: &DensePrepared<T>) -> Result<()> {
        if [prepared.weights.depth(), prepared.weights.columns()]
            == [self.input_size, self.output_size]
        {
            return Ok(());
        }
        Err(Error::argument("prepared", "weights that this layer prepared", "those of another"))
    }

    fn check<T: Real>(&self, parameters: &Parameters<T>) -> Result<()> {
        for wanted in self.parameter_shapes() {
            let found = parameters.get(&wanted.name)?;
            if found.shape() != wanted.shape {
                return Err(Error::shape(&wanted.name, &wanted.shape, found.shape()));
            }
        }
        if parameters.shapes() != self.parameter_shapes() {
            let names: Vec<_> = parameters.shapes().iter().map(|p| p.name.as_str()).collect();
            return Err(Error::argument("parameters", "weights, bias", names.join(", ")));
        }
        Ok(())
    }

    fn check_rows<T: Real>(
        &self,
        what: &str,
        array: ArrayView2<'_, T>,
        expected: [usize; 2],
    ) -> Result<()> {
        if array.shape() == expected {
            return Ok(());
        }
        Err(Error::shape(what, &expected, array.shape()))
    }
}

/// Rows of one width, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a, T> {
    pub values: &'a [T],
    pub width: usize,
}

/// Rows that a dense layer read, and the gradient of what it made of them.
pub(crate) struct GradientBlock<'a, T> {
    pub inputs: &'a [T],       // [n, D]
    pub grad_outputs: &'a [T], // [n, O]
}

/// `outputs = start + inputs · weights` for rows of `inputs`, dealt to the workers.
pub(crate) fn product<T: Real>(
    start: Start<'_, T>,
    inputs: Block<'_, T>,
    weights: &PackedMatrix<T>,
    outputs: &mut [T],
) {
    let Block { values: inputs, width: input_size } = inputs;
    let part = |inputs: &[T], outputs: &mut [T]| {
        let rows = Rows::Strided { values: inputs, stride: input_size };
        T::product(start, &[Term { rows, weights }], outputs);
    };
    let output_size = weights.columns();
    let rows = outputs.len() / output_size;
    let workers = crate::workers::count(rows, rows * input_size * output_size);
    if workers == 1 {
        return part(inputs, outputs);
    }
    let rows_each = rows.div_ceil(workers);
    let outputs = outputs.par_chunks_mut(rows_each * output_size);
    let inputs = inputs[..rows * input_size].par_chunks(rows_each * input_size);
    outputs.zip(inputs).for_each(|(outputs, inputs)| part(inputs, outputs));
}

/// The values of an array that is written to, refused where its rows do not follow each other.
fn row_major<'a, T: Real>(what: &str, array: &'a mut ArrayViewMut2<'_, T>) -> Result<&'a mut [T]> {
    let strides = format!("strides {:?}", array.strides());
    array
        .as_slice_mut()
        .ok_or_else(|| Error::argument(what, "an array in row-major order", strides))
}

#[cfg(test)]
mod tests;
