//! One layer of one case: what is timed, and what it computes.

use bench_protocol::{Arrays, Case, Cell, Mode};
use elman::layer::{ArrivingGradient, GradientTargets, Trace};
use elman::{
    ActivationKind, Direction, GruCell, Layer, LstmCell, Parameters, ResetPlacement, Result,
    SequenceBatch, SimpleCell,
};
use ndarray::{Array3, ArrayView3};

/// A layer whose type is its cell's.
pub trait Run: Send {
    /// One forward pass or training step.
    ///
    /// # Errors
    ///
    /// The library's.
    fn run(&mut self) -> Result<()>;

    /// What one more run computes, in the order of [`Case::results`].
    ///
    /// # Errors
    ///
    /// The library's.
    fn results(&mut self) -> Result<Vec<Vec<f32>>>;
}

/// The layer of a case.
///
/// # Errors
///
/// Arrays or lengths that do not fit the case.
pub fn runner(case: &Case, mode: Mode, arrays: Arrays) -> Result<Box<dyn Run>> {
    let (i, h) = (case.input_size, case.hidden_size);
    Ok(match case.cell {
        Cell::Simple => boxed(SimpleCell::new(i, h, ActivationKind::Tanh)?, case, mode, arrays)?,
        Cell::Lstm => boxed(LstmCell::new(i, h)?, case, mode, arrays)?,
        Cell::Gru => boxed(GruCell::new(i, h, ResetPlacement::After)?, case, mode, arrays)?,
    })
}

struct Runner<C: elman::Cell<f32>> {
    layer: Layer<C>,
    mode: Mode,
    weights: C::Prepared,
    batch: SequenceBatch<f32>,
    grad_outputs: Array3<f32>,
    grad_parameters: Parameters<f32>,
    trace: Trace<f32>,
    outputs: Array3<f32>,
    grad_inputs: Array3<f32>,
}

fn boxed<C: elman::Cell<f32> + 'static>(
    cell: C,
    case: &Case,
    mode: Mode,
    arrays: Arrays,
) -> Result<Box<dyn Run>> {
    let layer = Layer::new(cell, Direction::Forward)?;
    let mut parameters = layer.parameters::<f32>();
    for (array, values) in case.parameters().iter().zip(&arrays.parameters) {
        let view = ndarray::ArrayView::from_shape(array.shape.as_slice(), values);
        let view = view.map_err(|_| misfit(&array.name, &array.shape, values.len()))?;
        parameters.set(&array.name, view)?;
    }
    let inputs = array3("inputs", &case.inputs().shape, arrays.inputs)?;
    let batch = match &case.lengths {
        Some(lengths) => SequenceBatch::with_lengths(inputs, lengths.clone())?,
        None => SequenceBatch::full(inputs),
    };
    Ok(Box::new(Runner {
        weights: layer.prepare(&parameters)?,
        grad_outputs: array3("grad_outputs", &case.grad_outputs().shape, arrays.grad_outputs)?,
        grad_parameters: parameters.zeros_like(),
        trace: Trace::default(),
        outputs: Array3::zeros((0, 0, 0)),
        grad_inputs: Array3::zeros((0, 0, 0)),
        layer,
        mode,
        batch,
    }))
}

impl<C: elman::Cell<f32>> Runner<C> {
    /// One forward pass; its outputs are left in `outputs`.
    fn infer(&mut self) -> Result<()> {
        self.layer.forward_into(&self.weights, &self.batch, None, &mut self.outputs)?;
        Ok(())
    }

    /// One training step. It leaves the outputs in the trace and the gradients in `grad_parameters`
    /// and `grad_inputs`.
    fn train(&mut self) -> Result<()> {
        self.grad_parameters.values_mut().fill(0.0);
        self.layer.forward_traced_into(&self.weights, &self.batch, None, &mut self.trace)?;
        let arriving =
            ArrivingGradient { outputs: Some(self.grad_outputs.view()), final_state: None };
        let targets = GradientTargets {
            parameters: &mut self.grad_parameters,
            inputs: &mut self.grad_inputs,
        };
        self.layer.backward_into(&self.weights, &self.batch, &mut self.trace, arriving, targets)?;
        Ok(())
    }
}

impl<C: elman::Cell<f32>> Run for Runner<C> {
    fn run(&mut self) -> Result<()> {
        match self.mode {
            Mode::Infer => self.infer(),
            Mode::Train => self.train(),
        }
    }

    fn results(&mut self) -> Result<Vec<Vec<f32>>> {
        self.run()?;
        if self.mode == Mode::Infer {
            return Ok(vec![values(self.outputs.view())]);
        }
        let mut results = vec![values(self.trace.outputs()), values(self.grad_inputs.view())];
        for shape in self.grad_parameters.shapes() {
            let grad = self.grad_parameters.get(&shape.name)?;
            results.push(grad.iter().copied().collect());
        }
        Ok(results)
    }
}

fn values(array: ArrayView3<'_, f32>) -> Vec<f32> {
    array.iter().copied().collect()
}

fn array3(name: &str, shape: &[usize], values: Vec<f32>) -> Result<Array3<f32>> {
    let found = values.len();
    let array = match shape {
        &[a, b, c] => Array3::from_shape_vec((a, b, c), values).ok(),
        _ => None,
    };
    array.ok_or_else(|| misfit(name, shape, found))
}

fn misfit(name: &str, shape: &[usize], found: usize) -> elman::Error {
    elman::Error::shape(name, shape, &[found])
}
