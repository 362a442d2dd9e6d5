//! A layer of one cell and one number type, behind a trait that knows neither.

use elman::cell::{Cell, CellKind, CellSizes, CellState, CellVisitor};
use elman::layer::{ArrivingGradient, Direction, GradientTargets, Trace};
use elman::{Layer, ParameterShape, Parameters, Rng, SequenceBatch};
use ndarray::{Array3, Ix1, Ix2, Ix3};
use numpy::{IntoPyArray, PyArray, PyArray1};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arrays::{Number, NumberType, array};
use crate::errors::{OrRaise, ShapeError};
use crate::gradients::Gradients;

/// What a layer is asked to run over.
pub struct Inputs<'a, 'py> {
    /// `[B, T, I]`
    pub values: &'a Bound<'py, PyAny>,
    /// The parts of the initial state, each `[B, H]`.
    pub initial_state: Option<Vec<Bound<'py, PyAny>>>,
    pub lengths: Option<Vec<usize>>,
}

/// What a run forward gives.
pub struct Outcome {
    /// `[B, T, H]`
    pub outputs: Py<PyAny>,
    pub final_state: Vec<Py<PyAny>>,
}

/// A layer whose cell and number type are hidden.
pub trait AnyLayer: Send + Sync {
    fn shapes(&self) -> Vec<ParameterShape>;
    fn parts(&self) -> usize;
    /// Takes over the weights, where they changed.
    fn load(&mut self, values: &Bound<'_, PyAny>) -> PyResult<()>;
    fn forward(&mut self, py: Python<'_>, inputs: Inputs<'_, '_>) -> PyResult<Outcome>;
    fn step(
        &mut self,
        py: Python<'_>,
        inputs: &Bound<'_, PyAny>,
        state: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Vec<Py<PyAny>>>;
    /// The gradients, with the parts of that of the initial state for the caller to wrap.
    fn backward(
        &mut self,
        py: Python<'_>,
        grad_outputs: Option<&Bound<'_, PyAny>>,
        grad_final_state: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<(Gradients, Vec<Py<PyAny>>)>;
}

/// What to make a layer of, as the package writes it down.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    cell: CellKind,
    input_size: usize,
    hidden_size: usize,
    direction: ReadingDirection,
    seed: u64,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReadingDirection {
    Forward,
    Reverse,
}

impl From<ReadingDirection> for Direction {
    fn from(direction: ReadingDirection) -> Self {
        match direction {
            ReadingDirection::Forward => Direction::Forward,
            ReadingDirection::Reverse => Direction::Reverse,
        }
    }
}

/// A layer, and its weights as one flat NumPy array.
pub struct Made<'py> {
    pub layer: Box<dyn AnyLayer>,
    pub values: Bound<'py, PyAny>,
}

impl Description {
    /// I and H.
    pub fn sizes(&self) -> CellSizes {
        CellSizes { input_size: self.input_size, hidden_size: self.hidden_size }
    }

    /// The layer with weights drawn from `[-1/√H, 1/√H)`, as PyTorch draws them.
    pub fn make<'py>(&self, py: Python<'py>, number: NumberType) -> PyResult<Made<'py>> {
        match number {
            NumberType::F32 => self.make_as::<f32>(py),
            NumberType::F64 => self.make_as::<f64>(py),
        }
    }

    fn make_as<'py, T: Number>(&self, py: Python<'py>) -> PyResult<Made<'py>> {
        let maker = Maker { sizes: self.sizes(), direction: self.direction.into() };
        let layer = CellKind::visit::<T, _>(&self.cell, maker).or_raise()?.or_raise()?;
        let count = layer.shapes().iter().map(ParameterShape::len).sum();
        let bound = 1.0 / (self.hidden_size as f64).sqrt();
        let mut rng = Rng::new(self.seed);
        let mut draw = || T::from_f64(bound * (2.0 * rng.uniform() - 1.0));
        let values: Vec<T> = std::iter::repeat_with(&mut draw).take(count).collect();
        let values = PyArray1::from_vec(py, values).into_any();
        Ok(Made { layer, values })
    }
}

struct Maker {
    sizes: CellSizes,
    direction: Direction,
}

impl<T: Number> CellVisitor<T> for Maker {
    type Output = elman::Result<Box<dyn AnyLayer>>;

    fn visit<C: Cell<T> + Clone + 'static>(
        self,
        make: impl Fn(CellSizes) -> elman::Result<C>,
    ) -> Self::Output {
        let layer = Layer::new(make(self.sizes)?, self.direction)?;
        let parameters = layer.parameters();
        let prepared = layer.prepare(&parameters)?;
        let grad_parameters = parameters.zeros_like();
        Ok(Box::new(Typed {
            layer,
            parameters,
            prepared,
            grad_parameters,
            batch: SequenceBatch::default(),
            trace: Trace::default(),
            traced: Traced::Nothing,
        }))
    }
}

/// What a layer has run over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Traced {
    Nothing,
    Forward,
}

struct Typed<T: Number, C: Cell<T>> {
    layer: Layer<C>,
    parameters: Parameters<T>,
    prepared: C::Prepared,
    grad_parameters: Parameters<T>,
    /// The inputs of the last run forward, which backward reads again.
    batch: SequenceBatch<T>,
    trace: Trace<T>,
    traced: Traced,
}

impl<T: Number, C: Cell<T>> Typed<T, C> {
    fn state(
        &self,
        name: &str,
        parts: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Option<C::State>> {
        let Some(parts) = parts else { return Ok(None) };
        if parts.len() != C::State::PARTS {
            return Err(PyTypeError::new_err(format!(
                "{name}: expected {} arrays, got {}",
                C::State::PARTS,
                parts.len()
            )));
        }
        let mut owned = Vec::with_capacity(parts.len());
        for (part, value) in parts.iter().enumerate() {
            let state = array::<T, Ix2>(name, value)?.as_array().to_owned();
            let width = self.layer.cell().part_size(part);
            if state.ncols() != width {
                let (found, expected) = (state.shape(), [state.nrows(), width]);
                return Err(ShapeError::new_err(format!(
                    "{name}: expected shape {expected:?}, got {found:?}"
                )));
            }
            owned.push(state);
        }
        Ok(Some(C::State::from_parts(owned)))
    }

    fn read_batch(
        batch: &mut SequenceBatch<T>,
        values: ndarray::ArrayView3<'_, T>,
        lengths: Option<Vec<usize>>,
    ) -> elman::Result<()> {
        // Into the memory of the batch before, where every sequence is as long as the time axis.
        match lengths {
            None if values.dim().0 > 0 => batch.refill(values.outer_iter()),
            None => {
                *batch = SequenceBatch::full(values.to_owned());
                Ok(())
            }
            Some(lengths) => {
                *batch = SequenceBatch::with_lengths(values.to_owned(), lengths)?;
                Ok(())
            }
        }
    }
}

fn arrays_of<T: Number, S: CellState<T>>(py: Python<'_>, state: &S) -> Vec<Py<PyAny>> {
    let parts = state.parts();
    parts.iter().map(|part| PyArray::from_array(py, part).into_any().unbind()).collect()
}

impl<T: Number, C: Cell<T>> AnyLayer for Typed<T, C> {
    fn shapes(&self) -> Vec<ParameterShape> {
        self.parameters.shapes().to_vec()
    }

    fn parts(&self) -> usize {
        C::State::PARTS
    }

    fn load(&mut self, values: &Bound<'_, PyAny>) -> PyResult<()> {
        let values: numpy::PyReadonlyArray<'_, T, Ix1> = array("weights", values)?;
        let values = values.as_slice()?;
        if !T::same_bits(values, self.parameters.values()) {
            self.parameters.values_mut().copy_from_slice(values);
            self.layer.cell().refresh(self.parameters.values(), &mut self.prepared);
        }
        Ok(())
    }

    fn forward(&mut self, py: Python<'_>, inputs: Inputs<'_, '_>) -> PyResult<Outcome> {
        self.traced = Traced::Nothing;
        let values = array::<T, Ix3>("x", inputs.values)?;
        let initial = self.state("initial_state", inputs.initial_state)?;
        Self::read_batch(&mut self.batch, values.as_array(), inputs.lengths).or_raise()?;
        drop(values);
        let Typed { layer, prepared, batch, trace, .. } = self;
        py.detach(|| layer.forward_traced_into(prepared, batch, initial.as_ref(), trace))
            .or_raise()?;
        let final_state = arrays_of(py, &layer.final_state(trace));
        let outputs = PyArray::from_array(py, &trace.outputs()).into_any().unbind();
        self.traced = Traced::Forward;
        Ok(Outcome { outputs, final_state })
    }

    fn step(
        &mut self,
        py: Python<'_>,
        inputs: &Bound<'_, PyAny>,
        state: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<Vec<Py<PyAny>>> {
        let values = array::<T, Ix2>("x", inputs)?;
        let state = self.state("state", state)?;
        let batch = SequenceBatch::full(values.as_array().to_owned().insert_axis(ndarray::Axis(1)));
        let Typed { layer, prepared, .. } = self;
        let run = py.detach(|| layer.forward(prepared, &batch, state.as_ref())).or_raise()?;
        Ok(arrays_of(py, &run.final_state))
    }

    fn backward(
        &mut self,
        py: Python<'_>,
        grad_outputs: Option<&Bound<'_, PyAny>>,
        grad_final_state: Option<Vec<Bound<'_, PyAny>>>,
    ) -> PyResult<(Gradients, Vec<Py<PyAny>>)> {
        if self.traced == Traced::Nothing {
            return Err(PyRuntimeError::new_err(
                "backward: expected a forward run before it, got none",
            ));
        }
        let outputs = grad_outputs.map(|grad| array::<T, Ix3>("grad_outputs", grad)).transpose()?;
        let outputs: Option<Array3<T>> = outputs.map(|grad| grad.as_array().to_owned());
        let final_state = self.state("grad_final_state", grad_final_state)?;
        let mut inputs = Array3::from_elem((0, 0, 0), T::ZERO);
        let Typed { layer, prepared, batch, trace, grad_parameters, .. } = self;
        let initial = py
            .detach(|| {
                grad_parameters.values_mut().fill(T::ZERO);
                let arriving = ArrivingGradient {
                    outputs: outputs.as_ref().map(|grad| grad.view()),
                    final_state: final_state.as_ref(),
                };
                let targets =
                    GradientTargets { parameters: &mut *grad_parameters, inputs: &mut inputs };
                layer.backward_into(prepared, batch, trace, arriving, targets)
            })
            .or_raise()?;
        // The trace has become the deltas.
        self.traced = Traced::Nothing;
        let parameters = named_arrays(py, &self.grad_parameters)?;
        let inputs = inputs.into_pyarray(py).into_any().unbind();
        let gradients = Gradients { inputs, initial_state: py.None(), parameters };
        Ok((gradients, arrays_of(py, &initial)))
    }
}

/// Every parameter as an array of its own.
pub fn named_arrays<T: Number>(py: Python<'_>, parameters: &Parameters<T>) -> PyResult<Py<PyDict>> {
    let dict = PyDict::new(py);
    for shape in parameters.shapes() {
        let values = parameters.get(&shape.name).or_raise()?;
        dict.set_item(&shape.name, PyArray::from_array(py, &values))?;
    }
    Ok(dict.unbind())
}

/// The parameters as views of one flat array, by name.
pub fn views<'py>(
    values: &Bound<'py, PyAny>,
    shapes: &[ParameterShape],
) -> PyResult<Bound<'py, PyDict>> {
    let (py, mut start) = (values.py(), 0usize);
    let dict = PyDict::new(py);
    for shape in shapes {
        let end = start + shape.len();
        let part = values.get_item(pyo3::types::PySlice::new(
            py,
            start.cast_signed(),
            end.cast_signed(),
            1,
        ))?;
        let axes = PyTuple::new(py, &shape.shape)?;
        dict.set_item(&shape.name, part.call_method1("reshape", (axes,))?)?;
        start = end;
    }
    Ok(dict)
}
