//! Reads the arrays of a reference case: inputs and weights, and the results that PyTorch computed.

use std::error::Error;

use ndarray::{Array, ArrayD, Dimension};
use safetensors::{Dtype, SafeTensors};

/// The file of one case of `tests-data/vectors/seeds`; its README says what the arrays are.
pub struct Reference {
    path: String,
    bytes: Vec<u8>,
}

impl Reference {
    /// Reads the case's file.
    pub fn open(case: &str) -> Result<Self, Box<dyn Error>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests-data/vectors/seeds");
        let path = format!("{folder}/{case}.safetensors");
        let bytes = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        Ok(Reference { path, bytes })
    }

    /// One array of the case.
    pub fn get<D: Dimension>(&self, name: &str) -> Result<Array<f64, D>, Box<dyn Error>> {
        let file = SafeTensors::deserialize(&self.bytes)?;
        let tensor = file.tensor(name).map_err(|error| format!("{}: {error}", self.path))?;
        if tensor.dtype() != Dtype::F64 {
            return Err(
                format!("{}: {name}: expected F64, got {:?}", self.path, tensor.dtype()).into()
            );
        }
        let (words, _) = tensor.data().as_chunks::<8>();
        let values = words.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        Ok(ArrayD::from_shape_vec(tensor.shape(), values)?.into_dimensionality()?)
    }
}
