//! Writing: a description and parameters to the bytes of a file.

use safetensors::tensor::Metadata;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::layout::{
    CONTENTS, DIGEST, FORMAT_VERSION, LENGTH_BYTES, MAX_HEADER_BYTES, MAX_TENSORS, NEEDS_ELMAN,
    NO_DIGEST, digest_of, digest_of_contents,
};
use crate::error::{Error, Result};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::{Float, Real};

#[derive(Serialize)]
struct Document<'a, D> {
    format_version: u64,
    needs_elman: &'static str,
    model: &'a D,
}

/// The bytes of a model file.
///
/// # Errors
///
/// A model that cannot be written as JSON, or whose description is too long, or whose
/// parameters are too many, to be read again.
pub(super) fn encode<T: Real>(
    model: &impl Serialize,
    parameters: &Parameters<T>,
) -> Result<Vec<u8>> {
    let document = Document { format_version: FORMAT_VERSION, needs_elman: NEEDS_ELMAN, model };
    let document = serde_json::to_string(&document).map_err(not_json)?;
    let mut header = Map::new();
    let mut data = write_tensors(parameters, &mut header)?;
    let tensors: Metadata =
        serde_json::from_value(Value::Object(header.clone())).map_err(not_json)?;
    let contents = digest_of_contents(&document, &tensors, &data);
    let digest = String::from_utf8_lossy(&NO_DIGEST);
    // The map is ordered by name, which puts `__metadata__` before the lower-case parameter names
    // and `digest` before the other entries: the prefix of every file.
    let metadata = json!({ "digest": digest, CONTENTS: contents, "elman": document });
    header.insert("__metadata__".into(), metadata);
    let mut header = serde_json::to_vec(&header).map_err(not_json)?;
    header.resize(header.len().next_multiple_of(LENGTH_BYTES), b' ');
    let length = header.len() as u64;
    if length > MAX_HEADER_BYTES {
        let expected = format!("a description of at most {MAX_HEADER_BYTES} bytes");
        return Err(Error::argument("model", expected, length));
    }
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.append(&mut header);
    bytes.append(&mut data);
    let digest = digest_of(&bytes);
    bytes[DIGEST].copy_from_slice(digest.as_bytes());
    Ok(bytes)
}

/// The bytes of all tensors in the order of their names, which the header is told.
fn write_tensors<T: Real>(
    parameters: &Parameters<T>,
    header: &mut Map<String, Value>,
) -> Result<Vec<u8>> {
    let mut shapes: Vec<&ParameterShape> = parameters.shapes().iter().collect();
    if shapes.len() > MAX_TENSORS {
        let expected = format!("a network of at most {MAX_TENSORS} parameters by name");
        return Err(Error::argument("model", expected, shapes.len()));
    }
    shapes.sort_by(|a, b| a.name.cmp(&b.name));
    let mut data = Vec::with_capacity(size_of_val(parameters.values()));
    for shape in shapes {
        let start = data.len();
        for &value in &parameters.values()[parameters.range_of(&shape.name)?] {
            push_bytes(value, &mut data);
        }
        let entry = json!({
            "data_offsets": [start, data.len()],
            "dtype": T::NAME.to_uppercase(),
            "shape": shape.shape,
        });
        header.insert(shape.name.clone(), entry);
    }
    Ok(data)
}

fn not_json(error: serde_json::Error) -> Error {
    Error::argument("model", "contents that can be written as JSON", error)
}

fn push_bytes<T: Real>(value: T, bytes: &mut Vec<u8>) {
    if size_of::<T>() == size_of::<f32>() {
        bytes.extend(<f32 as Float>::from_f64(value.to_f64()).to_le_bytes());
    } else {
        bytes.extend(value.to_f64().to_le_bytes());
    }
}
