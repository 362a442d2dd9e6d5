//! A model one step at a time.

use std::sync::Arc;

use elman::data::Dataset;
use elman::loss::{Output, softmax};
use elman::network::NetworkState;
use elman::task::Task;
use elman::text::Tokenizer;
use ndarray::{Array2, ArrayView2, Ix2};
use numpy::{IntoPyArray, PyArray, PyArray2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::array;
use crate::errors::{DataError, OrRaise, ShapeError, refused_data};
use crate::model::Model;

/// A model on its way through some sequences.
#[pyclass(subclass, module = "elman._elman")]
pub struct Stream {
    model: Arc<elman::Model>,
    stream: elman::Stream<'static, f32>,
    inputs: Vec<f32>,  // [rows, I]
    tokens: Vec<u32>,  // [rows, channels]
    answers: Vec<f64>, // [rows, O]
}

#[pymethods]
impl Stream {
    #[new]
    #[pyo3(signature = (model, rows=1))]
    fn new(model: &Model, rows: usize) -> PyResult<Self> {
        if rows == 0 {
            return Err(PyValueError::new_err("rows: expected at least 1, got 0"));
        }
        if model.inner.members().count() > 1 {
            let message = "model: expected a single network, got an ensemble";
            return Err(PyValueError::new_err(message));
        }
        let is_point = |task: &Task| match task {
            Task::Regress(regress) => {
                *regress.output() == Output::Point && regress.forecast().is_none()
            }
            Task::Classify(_) | Task::MultiLabel(_) | Task::Text(_) => true,
        };
        if !is_point(model.inner.task()) {
            let message = "model: expected one whose answers are numbers or classes, got intervals or a forecast";
            return Err(PyValueError::new_err(message));
        }
        let model = model.inner.clone();
        let stream = elman::Stream::shared(model.clone(), rows).or_raise()?;
        Ok(Stream { model, stream, inputs: vec![], tokens: vec![], answers: vec![] })
    }

    /// The number of sequences.
    #[getter]
    fn rows(&self) -> usize {
        self.stream.rows()
    }

    /// The model.
    #[getter]
    fn compiled(&self) -> Model {
        Model { inner: self.model.clone() }
    }

    /// One step with numbers `[rows, I]` in float64; the answers `[rows, O]`.
    fn step<'py>(&mut self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        if !self.model.inputs().vocabularies.is_empty() || self.tokenizer().is_some() {
            return Err(PyTypeError::new_err("x: expected tokens, got an array of numbers"));
        }
        let values = array::<f64, Ix2>("x", x)?;
        let (values, channels) = (values.as_array(), self.model.feature_names().len());
        let expected = [self.stream.rows(), channels];
        if values.shape() != expected {
            let message = format!("x: expected shape {expected:?}, got {:?}", values.shape());
            return Err(ShapeError::new_err(message));
        }
        self.scale(values)?;
        self.tokens.clear();
        self.answer(x.py())
    }

    /// One step with a token for each row; the answers `[rows, O]`.
    fn step_tokens<'py>(
        &mut self,
        py: Python<'py>,
        tokens: Vec<String>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        if tokens.len() != self.stream.rows() {
            let (expected, got) = (self.stream.rows(), tokens.len());
            let message = format!("x: expected a token for each of {expected} rows, got {got}");
            return Err(ShapeError::new_err(message));
        }
        self.tokens = match self.tokenizer() {
            Some(tokenizer) => {
                let ids = tokens.iter().map(|token| single(tokenizer, token));
                ids.collect::<PyResult<_>>()?
            }
            None => self.ids(tokens)?,
        };
        self.inputs.clear();
        self.answer(py)
    }

    /// The state of each layer, `[rows, …]`.
    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyArray2<f32>>> {
        let state = self.stream.state();
        state.layers.iter().map(|layer| PyArray::from_array(py, layer)).collect()
    }

    #[setter]
    fn set_state(&mut self, layers: Vec<Bound<'_, PyAny>>) -> PyResult<()> {
        let layer =
            |value: &Bound<'_, PyAny>| Ok(array::<f32, Ix2>("state", value)?.as_array().to_owned());
        let layers = layers.iter().map(layer).collect::<PyResult<Vec<Array2<f32>>>>()?;
        self.stream.set_state(&NetworkState { layers }).or_raise()
    }

    /// Starts again.
    fn reset(&mut self) -> PyResult<()> {
        self.stream.reset().or_raise()
    }

    /// Makes the state of row `target` that of row `source`.
    fn copy_row(&mut self, source: usize, target: usize) -> PyResult<()> {
        self.stream.copy_row(source, target).or_raise()
    }
}

impl Stream {
    fn tokenizer(&self) -> Option<&Tokenizer> {
        match self.model.task() {
            Task::Text(task) => Some(task.tokenizer()),
            Task::Classify(_) | Task::MultiLabel(_) | Task::Regress(_) => None,
        }
    }

    fn scale(&mut self, values: ArrayView2<'_, f64>) -> PyResult<()> {
        self.inputs.clear();
        for ((row, channel), &value) in values.indexed_iter() {
            let scale = self.model.scaling();
            let scaled = scale.map_or(value, |scale| scale.apply(channel, value));
            #[expect(clippy::cast_possible_truncation, reason = "the network's number type")]
            let input = scaled as f32;
            if !input.is_finite() {
                let message = format!("x[{row}, {channel}]: expected a finite number, got {value}");
                return Err(DataError::new_err(message));
            }
            self.inputs.push(input);
        }
        Ok(())
    }

    /// The numbers of tokens in the model's vocabularies `[rows, channels]`.
    fn ids(&self, tokens: Vec<String>) -> PyResult<Vec<u32>> {
        let known = &self.model.inputs().vocabularies;
        if known.is_empty() || !self.model.feature_names().is_empty() {
            return Err(PyTypeError::new_err("x: expected an array of numbers, got tokens"));
        }
        let none = elman::data::Targets::None;
        let lists: Vec<Vec<String>> = tokens.into_iter().map(|token| vec![token]).collect();
        let data = match known.as_slice() {
            [only] => Dataset::from_token_lists(&only.name, &lists, none),
            _ => Dataset::from_sentences(&lists, none),
        };
        let data = data.map_err(refused_data)?;
        let data = data.with_vocabularies(known).map_err(refused_data)?;
        let channels = data.token_channels();
        let rows = 0..lists.len();
        Ok(rows.flat_map(|row| channels.iter().map(move |channel| channel.ids()[row])).collect())
    }

    fn answer<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let outputs = self.stream.step_both(&self.inputs, &self.tokens).or_raise()?;
        self.answers.clear();
        self.answers.extend(outputs.iter().map(|output| f64::from(*output)));
        let shape = (self.stream.rows(), self.model.task().output_size());
        let outputs = ArrayView2::from_shape(shape, &self.answers)
            .map_err(|error| ShapeError::new_err(error.to_string()))?;
        let mut answers = Array2::zeros(shape);
        match self.model.task() {
            Task::Classify(_) | Task::Text(_) => softmax(outputs, answers.view_mut()).or_raise()?,
            Task::MultiLabel(_) => answers.assign(&outputs.mapv(elman::real::Float::sigmoid)),
            Task::Regress(regress) => return Ok(regress.decode(outputs).into_pyarray(py)),
        }
        Ok(answers.into_pyarray(py))
    }
}

/// The number of a text that is one token.
fn single(tokenizer: &Tokenizer, token: &str) -> PyResult<u32> {
    let ids = tokenizer.encode(token).map_err(refused_data)?;
    match ids.as_slice() {
        [id] => Ok(*id),
        ids => Err(DataError::new_err(format!(
            "x: expected one token, got {} in {token:?}",
            ids.len()
        ))),
    }
}
