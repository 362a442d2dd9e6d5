//! One reference case: its options and its tensors, and the record of which of them were read.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use elman::Real;
use ndarray::{Array, ArrayD, Axis, Dimension};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::arrays::with_axes;
use super::compare::Verdict;
use super::index::Row;

/// Why a case cannot be computed.
#[derive(Debug)]
pub enum Stop {
    /// It needs something that does not exist here.
    Unsupported(String),
    /// It is damaged, or the library refused it.
    Failed(String),
}

impl Stop {
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Stop::Unsupported(reason.into())
    }

    pub fn failed(reason: impl Into<String>) -> Self {
        Stop::Failed(reason.into())
    }
}

impl From<elman::Error> for Stop {
    fn from(error: elman::Error) -> Self {
        Stop::Failed(format!("the library refused it: {error}"))
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Unsupported(reason) => Verdict::Unsupported(reason),
            Stop::Failed(reason) => Verdict::Failed(reason),
        }
    }
}

/// A stored tensor. Floats are widened to f64, which is exact.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    Float(ArrayD<f64>),
    Integer(ArrayD<i64>),
    Bool(ArrayD<bool>),
    /// A type that no case needs yet, by its name.
    Other(String),
}

/// Options that describe a case, or that [`Case::load`] and the comparison have used up.
const DESCRIPTIVE: [&str; 14] = [
    "name",
    "family",
    "file",
    "bytes",
    "sha256",
    "tolerance",
    "framework",
    "version",
    "numpy",
    "computes",
    "dtype",
    "shapes",
    "layout",
    "framework_f32_error_vs_f64",
];

/// One reference case.
pub struct Case {
    /// Its family: which rules it follows.
    pub family: String,
    options: Map<String, Value>,
    tensors: BTreeMap<String, Tensor>,
    options_read: RefCell<BTreeSet<String>>,
    inputs_read: RefCell<BTreeSet<String>>,
}

impl Case {
    /// Reads a case and checks its file against the index: size and SHA-256.
    pub fn load(folder: &Path, row: &Row) -> Result<Case, Stop> {
        let field = |name: &str| {
            let value = row.options.get(name);
            value.ok_or_else(|| Stop::failed(format!("its index row has no `{name}`")))
        };
        let file = field("file")?.as_str().unwrap_or_default().to_owned();
        let bytes = fs::read(folder.join(&file))
            .map_err(|error| Stop::failed(format!("{file}: cannot read: {error}")))?;
        if field("bytes")?.as_u64() != Some(bytes.len() as u64) {
            let expected = field("bytes")?;
            return Err(Stop::failed(format!("{file}: {} bytes, not {expected}", bytes.len())));
        }
        if field("sha256")?.as_str() != Some(&hexadecimal(&Sha256::digest(&bytes))) {
            return Err(Stop::failed(format!("{file}: its SHA-256 is not the index's")));
        }
        let fault = |error| Stop::failed(format!("{file}: not a safetensors file: {error}"));
        let views = SafeTensors::deserialize(&bytes).map_err(fault)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in views.tensors() {
            let tensor = tensor(&view)
                .ok_or_else(|| Stop::failed(format!("{file}: {name} has too few bytes")))?;
            tensors.insert(name, tensor);
        }
        let family = field("family")?.as_str().unwrap_or_default().to_owned();
        Ok(Case::new(family, row.options.clone(), tensors))
    }

    /// A case from its parts.
    pub fn new(
        family: String,
        options: Map<String, Value>,
        tensors: BTreeMap<String, Tensor>,
    ) -> Case {
        let (options_read, inputs_read) = (RefCell::default(), RefCell::default());
        Case { family, options, tensors, options_read, inputs_read }
    }

    /// An option; `Null` where it is absent.
    pub fn option(&self, name: &str) -> &Value {
        self.options_read.borrow_mut().insert(name.to_owned());
        self.options.get(name).unwrap_or(&Value::Null)
    }

    /// An option that is text.
    pub fn text(&self, name: &str) -> Result<&str, Stop> {
        let value = self.option(name);
        value.as_str().ok_or_else(|| Stop::failed(format!("{name}: expected text, got {value}")))
    }

    /// An option that is true or false; false where it is absent.
    pub fn flag(&self, name: &str) -> Result<bool, Stop> {
        match self.option(name) {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            other => Err(Stop::failed(format!("{name}: expected true or false, got {other}"))),
        }
    }

    /// An option that is a number.
    pub fn number(&self, name: &str) -> Result<f64, Stop> {
        let value = self.option(name);
        value
            .as_f64()
            .ok_or_else(|| Stop::failed(format!("{name}: expected a number, got {value}")))
    }

    /// An option that counts something.
    pub fn count(&self, name: &str) -> Result<usize, Stop> {
        let value = self.option(name);
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| Stop::failed(format!("{name}: expected a count, got {value}")))
    }

    /// The number type of the case.
    pub fn dtype(&self) -> Result<&str, Stop> {
        self.text("dtype")
    }

    /// `tolerance.<name>`, if the case has it.
    pub fn tolerance(&self, name: &str) -> Option<f64> {
        self.options.get("tolerance").and_then(|tolerance| tolerance[name].as_f64())
    }

    /// Refuses a case with an option that was not read and is not at a neutral value: `null`,
    /// `false`, 0 or empty. Whoever computes a case calls this once it has read what it knows.
    pub fn refuse_unread_options(&self) -> Result<(), Stop> {
        let read = self.options_read.borrow();
        let unread = self.options.iter().find(|(name, value)| {
            !DESCRIPTIVE.contains(&name.as_str()) && !read.contains(*name) && !is_neutral(value)
        });
        match unread {
            Some((name, value)) => Err(Stop::unsupported(format!("option {name}: {value}"))),
            None => Ok(()),
        }
    }

    /// Whether there is an input of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether the names of some tensors start so.
    pub fn has_tensors(&self, prefix: &str) -> bool {
        self.tensors.keys().any(|name| name.starts_with(prefix))
    }

    /// Marks tensors that are not to be matched.
    pub fn skip(&self, prefix: &str) {
        let names = self.tensors.keys().filter(|name| name.starts_with(prefix)).cloned();
        self.inputs_read.borrow_mut().extend(names);
    }

    /// An input of floats.
    pub fn array<T: Real, D: Dimension>(&self, name: &str) -> Result<Array<T, D>, Stop> {
        match self.input(name)? {
            Tensor::Float(values) => with_axes(name, values.mapv(T::from_f64)),
            other => Err(Stop::failed(format!("{name}: expected floats, got {other:?}"))),
        }
    }

    /// The first row of an expected value: where a trajectory starts.
    pub fn first_row<T: Real>(&self, name: &str) -> Result<ArrayD<T>, Stop> {
        match self.tensors.get(name) {
            Some(Tensor::Float(rows)) if rows.shape().first().is_some_and(|count| *count > 0) => {
                Ok(rows.index_axis(Axis(0), 0).mapv(T::from_f64))
            }
            _ => Err(Stop::failed(format!("{name}: expected rows of floats"))),
        }
    }

    /// An input of integers.
    pub fn integers<D: Dimension>(&self, name: &str) -> Result<Array<i64, D>, Stop> {
        match self.input(name)? {
            Tensor::Integer(values) => with_axes(name, values.clone()),
            other => Err(Stop::failed(format!("{name}: expected integers, got {other:?}"))),
        }
    }

    /// An input of truth values.
    pub fn mask<D: Dimension>(&self, name: &str) -> Result<Array<bool, D>, Stop> {
        match self.input(name)? {
            Tensor::Bool(values) => with_axes(name, values.clone()),
            other => Err(Stop::failed(format!("{name}: expected truth values, got {other:?}"))),
        }
    }

    fn input(&self, name: &str) -> Result<&Tensor, Stop> {
        self.inputs_read.borrow_mut().insert(name.to_owned());
        self.tensors.get(name).ok_or_else(|| Stop::failed(format!("it has no tensor {name}")))
    }

    /// The tensors that were not read as inputs: the expected values.
    pub fn expected(&self) -> Vec<(&str, &Tensor)> {
        let inputs = self.inputs_read.borrow();
        let tensors = self.tensors.iter().filter(|(name, _)| !inputs.contains(*name));
        tensors.map(|(name, tensor)| (name.as_str(), tensor)).collect()
    }

    /// The tensors that were read as inputs.
    pub fn inputs(&self) -> BTreeSet<String> {
        self.inputs_read.borrow().clone()
    }
}

#[cfg(test)]
impl Case {
    /// Doubles the largest entry of a tensor, or moves it by 1, or makes an infinite one 0, and
    /// returns the right tensor. Less may hide under the floor of an f32 loss.
    pub fn disturb(&mut self, name: &str) -> Tensor {
        let stored = self.tensors.get_mut(name).expect("the case has the tensor");
        let right = stored.clone();
        let Tensor::Float(values) = stored else { panic!("{name} holds no floats") };
        let largest = values.iter_mut().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let largest = largest.expect("the tensor is not empty");
        *largest = match largest.is_finite() {
            true => *largest + largest.abs().max(1.0),
            false => 0.0,
        };
        right
    }

    /// Puts a tensor back.
    pub fn restore(&mut self, name: &str, right: Tensor) {
        self.tensors.insert(name.to_owned(), right);
    }
}

/// An option of this value asks for nothing.
pub fn is_neutral(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
    }
}

/// `None` where the bytes do not fill the shape.
fn tensor(view: &TensorView<'_>) -> Option<Tensor> {
    let (shape, data) = (view.shape(), view.data());
    Some(match view.dtype() {
        Dtype::F64 => Tensor::Float(array(shape, data, f64::from_le_bytes)?),
        Dtype::F32 => Tensor::Float(array(shape, data, |b| f64::from(f32::from_le_bytes(b)))?),
        Dtype::I64 => Tensor::Integer(array(shape, data, i64::from_le_bytes)?),
        Dtype::I32 => Tensor::Integer(array(shape, data, |b| i64::from(i32::from_le_bytes(b)))?),
        Dtype::BOOL => Tensor::Bool(array(shape, data, |[byte]: [u8; 1]| byte != 0)?),
        other => Tensor::Other(format!("{other:?}")),
    })
}

fn array<T, const N: usize>(
    shape: &[usize],
    data: &[u8],
    read: impl Fn([u8; N]) -> T,
) -> Option<ArrayD<T>> {
    let (chunks, rest) = data.as_chunks::<N>();
    let values = chunks.iter().map(|chunk| read(*chunk)).collect();
    rest.is_empty().then(|| ArrayD::from_shape_vec(shape, values).ok()).flatten()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
