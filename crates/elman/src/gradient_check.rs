//! Is a gradient the derivative of what was computed? Central differences tell, for any layer, any
//! network and any custom cell.
//!
//! The outputs and the final state are projected onto random numbers, which makes one scalar whose
//! gradient reaches every output. Each element of the inputs, the initial state and the parameters
//! (or a random sample of the larger arrays) is then moved by a little in both directions, and the
//! change of the scalar compared with the gradient that back-propagation gives.

use std::fmt;
use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView3};

use crate::cell::{Cell, CellState};
use crate::dropout::DropoutMode;
use crate::error::{Error, Result};
use crate::layer::{ArrivingGradient, Layer};
use crate::network::{InitialState, Network, NetworkState, NetworkTrace};
use crate::parameters::Parameters;
use crate::rng::Rng;
use crate::sequence::SequenceBatch;

/// How to check.
///
/// ```
/// use elman::{ActivationKind, Direction, Layer, Rng, SequenceBatch, SimpleCell};
/// use elman::gradient_check::GradientCheck;
/// use ndarray::Array3;
///
/// # fn main() -> elman::Result<()> {
/// let layer = Layer::new(SimpleCell::<f64>::new(2, 3, ActivationKind::Tanh)?, Direction::Reverse)?;
/// let mut rng = Rng::new(1);
/// let mut parameters = layer.parameters();
/// parameters.values_mut().iter_mut().for_each(|value| *value = 0.5 * rng.normal());
/// let inputs = Array3::from_shape_simple_fn((2, 4, 2), || rng.normal());
/// let batch = SequenceBatch::with_lengths(inputs, vec![4, 2])?;
/// let report = GradientCheck::default().layer(&layer, &parameters, &batch)?;
/// assert!(report.agrees(), "{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// How far an element is moved to each side.
    pub step: f64,
    /// The largest `|gradient - difference| / max(1, |gradient|)` that counts as agreement. The
    /// truncation error of central differences is about `step²`, their rounding `1e-16 / step`.
    pub tolerance: f64,
    /// Elements checked of each array; a larger one is sampled.
    pub samples: usize,
    /// The seed of the projection and of the samples.
    pub seed: u64,
}

impl Default for GradientCheck {
    fn default() -> Self {
        GradientCheck { step: 1e-5, tolerance: 1e-7, samples: 200, seed: 0 }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientReport {
    /// Elements compared.
    pub compared: usize,
    /// The largest error seen.
    pub largest_error: f64,
    /// Where gradient and difference disagree, in the order of the arrays.
    pub disagreements: Vec<Disagreement>,
}

/// An element whose gradient is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// The array: `inputs`, `initial_state[0]` or the name of a parameter.
    pub array: String,
    /// The element, counted in row-major order.
    pub element: usize,
    /// What back-propagation gives.
    pub gradient: f64,
    /// What central differences give.
    pub difference: f64,
}

impl GradientReport {
    /// Whether every compared element agrees, and at least one was compared.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty() && self.compared > 0
    }
}

impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.disagreements.len();
        let (compared, largest) = (self.compared, self.largest_error);
        write!(f, "{wrong} of {compared} elements disagree, largest error {largest:.1e}")?;
        for Disagreement { array, element, gradient, difference } in &self.disagreements {
            write!(f, "\n{array}[{element}]: gradient {gradient:e}, difference {difference:e}")?;
        }
        Ok(())
    }
}

impl GradientCheck {
    /// Checks a layer, and so its cell, from a random initial state.
    ///
    /// # Errors
    ///
    /// Shapes that do not fit.
    pub fn layer<C: Cell<f64>>(
        &self,
        layer: &Layer<C>,
        parameters: &Parameters<f64>,
        batch: &SequenceBatch<f64>,
    ) -> Result<GradientReport> {
        let mut rng = Rng::new(self.seed);
        let (cell, rows) = (layer.cell(), batch.batch_size());
        let mut noise = |count: usize| -> Vec<f64> { (0..count).map(|_| rng.normal()).collect() };
        let output_weights = noise(rows * batch.seq_len() * cell.output_size());
        let final_weights = noise(rows * cell.state_size());
        let mut point = Point::new(batch);
        for part in 0..C::State::PARTS {
            point.push(format!("initial_state[{part}]"), noise(rows * cell.part_size(part)));
        }
        point.push_parameters(parameters);
        let state_range = point.inputs_len()..point.inputs_len() + rows * cell.state_size();
        let load = |values: &[f64]| -> Result<(SequenceBatch<f64>, C::State, Parameters<f64>)> {
            let inputs = array3(&values[..state_range.start], batch.values().dim())?;
            let moved = SequenceBatch::with_lengths(inputs, batch.lengths().to_vec())?;
            let state = state_of(cell, rows, &values[state_range.clone()]);
            let mut moved_parameters = parameters.clone();
            moved_parameters.values_mut().copy_from_slice(&values[state_range.end..]);
            Ok((moved, state, moved_parameters))
        };
        let gradient = {
            let (batch, state, parameters) = load(&point.values)?;
            let prepared = layer.prepare(&parameters)?;
            let mut trace = layer.forward_traced(&prepared, &batch, Some(&state))?;
            let weights = array3(&output_weights, trace.outputs().dim())?;
            let arriving = ArrivingGradient {
                outputs: Some(weights.view()),
                final_state: Some(&state_of(cell, rows, &final_weights)),
            };
            let mut grad = parameters.zeros_like();
            let leaving = layer.backward(&prepared, &batch, &mut trace, arriving, &mut grad)?;
            let mut gradient: Vec<f64> = leaving.inputs.iter().copied().collect();
            gradient
                .extend(leaving.initial_state.parts().iter().flat_map(|part| part.iter().copied()));
            gradient.extend(grad.values());
            gradient
        };
        self.function(&mut point, &gradient, |values| {
            let (batch, state, parameters) = load(values)?;
            let computed = layer.forward(&layer.prepare(&parameters)?, &batch, Some(&state))?;
            let finals = computed.final_state.parts();
            let finals = finals.iter().flat_map(|part| part.iter().copied());
            Ok(dot(computed.outputs.iter().copied(), &output_weights) + dot(finals, &final_weights))
        })
    }

    /// Checks a network, its dropout included, from a random initial state, or from its learned one.
    /// The network's parameters are moved while it runs and put back.
    ///
    /// # Errors
    ///
    /// Shapes that do not fit.
    pub fn network(
        &self,
        network: &mut Network<f64>,
        batch: &SequenceBatch<f64>,
    ) -> Result<GradientReport> {
        let mut rng = Rng::new(self.seed);
        let original = network.parameters().values().to_vec();
        let mut point = Point::new(batch);
        let learned = network.config().body.initial_state == InitialState::Learned;
        let shapes = if learned { Vec::new() } else { network.state_shapes(batch.batch_size()) };
        for (index, (rows, size)) in shapes.iter().enumerate() {
            let state = (0..rows * size).map(|_| rng.normal()).collect();
            point.push(format!("initial_state[{index}]"), state);
        }
        point.push_parameters(network.parameters());
        let state_end = point.values.len() - original.len();
        let load = |values: &[f64]| -> Result<(SequenceBatch<f64>, Option<NetworkState<f64>>)> {
            let (inputs, mut rest) = values[..state_end].split_at(batch.as_slice().len());
            let inputs = array3(inputs, batch.values().dim())?;
            let mut layers = Vec::with_capacity(shapes.len());
            for &(rows, size) in &shapes {
                let (state, tail) = rest.split_at(rows * size);
                layers.push(matrix(state, size));
                rest = tail;
            }
            let moved = SequenceBatch::with_lengths(inputs, batch.lengths().to_vec())?
                .with_tokens(batch.tokens().to_vec())?;
            Ok((moved, (!learned).then_some(NetworkState { layers })))
        };
        let dropout = DropoutMode::of_seed(self.seed);
        let mut trace = NetworkTrace::default();
        let (start, state) = load(&point.values)?;
        network.forward_traced(&start, state.as_ref(), dropout, &mut trace)?;
        let dim = trace.outputs().dim();
        let weights = Array3::from_shape_simple_fn(dim, || rng.normal());
        let mut grad = network.parameters().zeros_like();
        let back = network.backward_to_inputs(&start, &mut trace, weights.view(), &mut grad)?;
        let mut gradient: Vec<f64> = back.inputs.iter().copied().collect();
        if !learned {
            gradient
                .extend(back.initial_state.layers.iter().flat_map(|layer| layer.iter().copied()));
        }
        gradient.extend(grad.values());
        let report = self.function(&mut point, &gradient, |values| {
            let (batch, state) = load(values)?;
            network.update(|p| p.values_mut().copy_from_slice(&values[state_end..]));
            network.forward_traced(&batch, state.as_ref(), dropout, &mut trace)?;
            let weights = weights.as_slice().unwrap_or(&[]);
            Ok(dot(trace.outputs().iter().copied(), weights))
        });
        network.update(|parameters| parameters.values_mut().copy_from_slice(&original));
        report
    }

    /// Checks the gradient of any scalar function at a point.
    ///
    /// # Errors
    ///
    /// A gradient of another length than the point; an error of `function`.
    pub fn function(
        &self,
        point: &mut Point,
        gradient: &[f64],
        mut function: impl FnMut(&[f64]) -> Result<f64>,
    ) -> Result<GradientReport> {
        if gradient.len() != point.values.len() {
            return Err(Error::shape("gradient", &[point.values.len()], &[gradient.len()]));
        }
        if !(self.step > 0.0 && self.step.is_finite()) {
            return Err(Error::argument("step", "a positive number", self.step));
        }
        let mut rng = Rng::stream(self.seed, 1);
        let mut report =
            GradientReport { compared: 0, largest_error: 0.0, disagreements: Vec::new() };
        for (name, range) in point.arrays.clone() {
            let mut elements: Vec<usize> = range.clone().collect();
            if elements.len() > self.samples {
                rng.shuffle(&mut elements);
                elements.truncate(self.samples);
                elements.sort_unstable();
            }
            for at in elements {
                let value = point.values[at];
                let mut moved = |to: f64| {
                    point.values[at] = to;
                    function(&point.values)
                };
                let (above, below) = (moved(value + self.step), moved(value - self.step));
                point.values[at] = value;
                let difference = (above? - below?) / (2.0 * self.step);
                let error = (gradient[at] - difference).abs() / gradient[at].abs().max(1.0);
                report.compared += 1;
                report.largest_error = report.largest_error.max(error);
                // Written so that NaN disagrees.
                let agrees = error <= self.tolerance;
                if !agrees {
                    report.disagreements.push(Disagreement {
                        array: name.clone(),
                        element: at - range.start,
                        gradient: gradient[at],
                        difference,
                    });
                }
            }
        }
        Ok(report)
    }
}

/// Named arrays in one flat vector: where a gradient is checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    values: Vec<f64>,
    arrays: Vec<(String, Range<usize>)>,
}

impl Point {
    /// Adds an array.
    pub fn push(&mut self, name: impl Into<String>, values: Vec<f64>) {
        let start = self.values.len();
        self.values.extend(values);
        self.arrays.push((name.into(), start..self.values.len()));
    }

    /// All values.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    fn new(batch: &SequenceBatch<f64>) -> Self {
        let mut point = Point::default();
        point.push("inputs", batch.as_slice().to_vec());
        point
    }

    fn inputs_len(&self) -> usize {
        self.arrays.first().map_or(0, |(_, range)| range.len())
    }

    fn push_parameters(&mut self, parameters: &Parameters<f64>) {
        let mut rest = parameters.values();
        for shape in parameters.shapes() {
            let (values, tail) = rest.split_at(shape.len());
            self.push(shape.name.clone(), values.to_vec());
            rest = tail;
        }
    }
}

/// The state of a cell whose parts stand one after the other in `values`.
fn state_of<C: Cell<f64>>(cell: &C, rows: usize, values: &[f64]) -> C::State {
    let mut rest = values;
    let part = |part: usize| {
        let size = cell.part_size(part);
        let (own, tail) = rest.split_at(rows * size);
        rest = tail;
        Array2::from_shape_fn((rows, size), |(row, k)| own[row * size + k])
    };
    C::State::from_parts((0..C::State::PARTS).map(part).collect())
}

fn dot(values: impl Iterator<Item = f64>, weights: &[f64]) -> f64 {
    values.zip(weights).map(|(value, weight)| value * weight).sum()
}

fn matrix(values: &[f64], columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((values.len() / columns, columns), |(r, c)| values[r * columns + c])
}

fn array3(values: &[f64], dim: (usize, usize, usize)) -> Result<Array3<f64>> {
    let view = ArrayView3::from_shape(dim, values);
    let found = [values.len()];
    view.map(|view| view.to_owned())
        .map_err(|_| Error::shape("array", &[dim.0, dim.1, dim.2], &found))
}
