//! One layer, its sizes, and the arrays that describe it in full.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The recurrent cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// `h_t = tanh(x_t·W + h_{t-1}·U + b)`
    Simple,
    /// Gates in the order i, f, o, g.
    Lstm,
    /// Gates in the order r, z, n; reset after the product, with a recurrent bias of n.
    Gru,
}

impl Cell {
    /// Every cell.
    pub const ALL: [Cell; 3] = [Cell::Simple, Cell::Lstm, Cell::Gru];

    /// Its name in commands and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cell::Simple => "simple",
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
        }
    }

    /// G: how many times H columns its weights have.
    #[must_use]
    pub fn gates(self) -> usize {
        match self {
            Cell::Simple => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All outputs.
    Infer,
    /// All outputs, and the gradients of the inputs and of every parameter.
    Train,
}

impl Mode {
    /// Both modes.
    pub const ALL: [Mode; 2] = [Mode::Infer, Mode::Train];

    /// Its name in commands and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::Infer => "infer",
            Mode::Train => "train",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A layer and its sizes, as `case.json` of a case's folder has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The cell.
    pub cell: Cell,
    /// B.
    pub batch_size: usize,
    /// T.
    pub seq_len: usize,
    /// I.
    pub input_size: usize,
    /// H.
    pub hidden_size: usize,
    /// The lengths of the sequences where they are not all T.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Vec<usize>>,
}

/// The name and shape of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Its name, and that of its file without `.f32`.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
}

impl Array {
    fn new(name: &str, shape: &[usize]) -> Self {
        Array { name: name.to_owned(), shape: shape.to_vec() }
    }

    /// The number of its elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Case {
    /// The parameters in Elman's order and layout: rows are inputs, columns are units, gate after
    /// gate.
    #[must_use]
    pub fn parameters(&self) -> Vec<Array> {
        let (gates, hidden) = (self.cell.gates() * self.hidden_size, self.hidden_size);
        let mut parameters = vec![
            Array::new("input_weights", &[self.input_size, gates]),
            Array::new("recurrent_weights", &[hidden, gates]),
            Array::new("bias", &[gates]),
        ];
        if self.cell == Cell::Gru {
            parameters.push(Array::new("recurrent_bias", &[hidden]));
        }
        parameters
    }

    /// `[B, T, I]`
    #[must_use]
    pub fn inputs(&self) -> Array {
        Array::new("inputs", &[self.batch_size, self.seq_len, self.input_size])
    }

    /// The gradient of the outputs that arrives, `[B, T, H]`.
    #[must_use]
    pub fn grad_outputs(&self) -> Array {
        Array::new("grad_outputs", &[self.batch_size, self.seq_len, self.hidden_size])
    }

    /// What a contender computes: the outputs and, in training, every gradient.
    #[must_use]
    pub fn results(&self, mode: Mode) -> Vec<Array> {
        let outputs = [self.batch_size, self.seq_len, self.hidden_size];
        let mut results = vec![Array::new("outputs", &outputs)];
        if mode == Mode::Train {
            let gradients = [self.inputs()].into_iter().chain(self.parameters());
            results.extend(
                gradients.map(|of| Array { name: format!("grad_{}", of.name), shape: of.shape }),
            );
        }
        results
    }

    /// Floating-point operations of the products: `2·B·T·G·H·(I+H)` forward, three times that in
    /// training.
    #[must_use]
    pub fn operations(&self, mode: Mode) -> f64 {
        let steps = self.batch_size * self.seq_len;
        let columns = self.cell.gates() * self.hidden_size;
        let forward = (2 * steps * columns * (self.input_size + self.hidden_size)) as f64;
        match mode {
            Mode::Infer => forward,
            Mode::Train => 3.0 * forward,
        }
    }

    /// Reads `case.json` of a folder.
    ///
    /// # Errors
    ///
    /// The file and what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("case.json");
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes `case.json` of a folder.
    ///
    /// # Errors
    ///
    /// The file and what is wrong with it.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join("case.json");
        let text = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Reads an array of a folder.
///
/// # Errors
///
/// The file and what is wrong with it, a size that is not the array's included.
pub fn read_array(folder: &Path, array: &Array) -> Result<Vec<f32>, String> {
    let path = folder.join(format!("{}.f32", array.name));
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (words, rest) = bytes.as_chunks::<4>();
    if words.len() != array.len() || !rest.is_empty() {
        let (expected, found) = (4 * array.len(), bytes.len());
        return Err(format!("{}: expected {expected} bytes, found {found}", path.display()));
    }
    Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

/// Writes an array into a folder.
///
/// # Errors
///
/// The file and what is wrong with it; values that are not as many as the array has elements.
pub fn write_array(folder: &Path, array: &Array, values: &[f32]) -> Result<(), String> {
    let path = folder.join(format!("{}.f32", array.name));
    if values.len() != array.len() {
        let (name, shape, found) = (&array.name, &array.shape, values.len());
        return Err(format!("{name}: expected {} values {shape:?}, got {found}", array.len()));
    }
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
