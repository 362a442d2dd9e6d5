//! A whole training: sequences of different length with a class each, and how they are learnt from.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::case::{Array, Cell, read_array};

/// The file of a folder that describes the training; [`Training::steps`] lie beside it.
const FILE: &str = "training.json";

/// What is learnt, and how: one layer in one direction, a dense head on its last state, the mean
/// cross entropy of batches in random order, AdamW at a constant rate, and the norm of the gradient
/// clipped at 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The recurrent cell.
    pub cell: Cell,
    /// Channels.
    pub input_size: usize,
    /// H.
    pub hidden_size: usize,
    /// Sequences of an update.
    pub batch_size: usize,
    /// Passes over all sequences.
    pub epochs: usize,
    /// The number of classes.
    pub classes: usize,
    /// The rate of AdamW.
    pub learning_rate: f64,
    /// The steps of each sequence.
    pub lengths: Vec<usize>,
    /// The class of each sequence, from 0.
    pub labels: Vec<usize>,
}

impl Training {
    /// All steps, one sequence after the other, `[ΣT, I]`.
    #[must_use]
    pub fn steps(&self) -> Array {
        Array { name: "steps".to_owned(), shape: vec![self.lengths.iter().sum(), self.input_size] }
    }

    /// Reads the description and the steps of a folder.
    ///
    /// # Errors
    ///
    /// A file and what is wrong with it.
    pub fn read(folder: &Path) -> Result<(Self, Vec<f32>), String> {
        let path = folder.join(FILE);
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let training: Training = serde_json::from_slice(&text)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let steps = read_array(folder, &training.steps())?;
        Ok((training, steps))
    }

    /// Writes the description into a folder.
    ///
    /// # Errors
    ///
    /// The file and what is wrong with it.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join(FILE);
        let text = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// What came of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    /// From arrays to a trained network.
    pub seconds: f64,
    /// The mean loss of the last epoch, each batch before its update.
    pub loss: f64,
}
