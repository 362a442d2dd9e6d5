//! Reading: the bytes of a file to a description and parameters, sizes first.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::layout::{
    CONTENTS, DIGEST, FORMAT_VERSION, LENGTH_BYTES, MAX_AXES, MAX_DIMENSION, MAX_FILE_BYTES,
    MAX_HEADER_BYTES, MAX_TENSORS, PREFIX, digest_of, digest_of_contents,
};
use crate::error::{Error, FileFault, Result, nearest};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;

/// What a file must be, for the messages of this module.
const WANTED: &str = "a model file of Elman";

/// The part of the document that every version keeps.
#[derive(Deserialize)]
struct Version {
    format_version: u64,
    needs_elman: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnedDocument<D> {
    format_version: u64,
    #[serde(rename = "needs_elman")]
    _needs_elman: String,
    model: D,
}

/// Rewrites the model of a document of an older format version as the current one.
pub(super) type Upgrade = fn(u64, Value) -> serde_json::Result<Value>;

/// The whole file, its size checked first.
///
/// # Errors
///
/// The file is missing, unreadable, not a file, or larger than 4 GiB.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let found = std::fs::metadata(path).map_err(|error| Error::io(path, "open", error))?;
    if !found.is_file() {
        let found = if found.is_dir() { "a folder" } else { "a device or a pipe" };
        return Err(FileFault::new(path, WANTED, found).into());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| Error::io(path, "open", error))?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(path, "read", error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let expected = format!("{WANTED} of at most {MAX_FILE_BYTES} bytes");
        return Err(FileFault::new(path, expected, format!("{} bytes", found.len())).into());
    }
    Ok(bytes)
}

/// A model file whose bytes are as they were written; its tensors are still to be checked against
/// the network that the model describes.
#[derive(Debug)]
pub(super) struct Archive<'a, D> {
    path: &'a Path,
    pub(super) model: D,
    tensors: Metadata,
    data: &'a [u8],
}

/// Reads the header and the document of a model file.
///
/// # Errors
///
/// Anything but an undamaged model file of this format version or an older one.
pub(super) fn decode<'a, D: DeserializeOwned>(
    path: &'a Path,
    bytes: &'a [u8],
    upgrade: Upgrade,
) -> Result<Archive<'a, D>> {
    let header = header_range(path, bytes)?;
    let data = &bytes[header.end..];
    let tensors: Metadata = serde_json::from_slice(&bytes[header])
        .map_err(|error| damaged(path, "a header that can be read", error.to_string()))?;
    check_limits(path, &tensors)?;
    if data.len() != tensors.data_len() {
        let expected = format!("{WANTED} with {} bytes of weights", tensors.data_len());
        return Err(damaged(path, expected, format!("{} bytes", data.len())));
    }
    let Some(document) = entry(&tensors, "elman") else {
        return Err(FileFault::new(path, WANTED, "a safetensors file of another program").into());
    };
    check_version(path, document)?;
    check_digest(path, bytes, &tensors)?;
    let model = read_model(document, upgrade).map_err(|error| {
        FileFault::new(path, "a description of a model", format!("one with a fault: {error}"))
    })?;
    Ok(Archive { path, model, tensors, data })
}

fn read_model<D: DeserializeOwned>(document: &str, upgrade: Upgrade) -> serde_json::Result<D> {
    let document: OwnedDocument<Value> = serde_json::from_str(document)?;
    serde_json::from_value(upgrade(document.format_version, document.model)?)
}

fn damaged(path: &Path, expected: impl Into<String>, found: String) -> Error {
    let hint = "the file is damaged or incomplete: copy or train it again";
    FileFault::new(path, expected, found).hint(hint).into()
}

fn entry<'a>(tensors: &'a Metadata, name: &str) -> Option<&'a str> {
    tensors.metadata().as_ref()?.get(name).map(String::as_str)
}

/// Refuses bytes that are not those that were written, unless another program has only written
/// them in another order.
fn check_digest(path: &Path, bytes: &[u8], tensors: &Metadata) -> Result<()> {
    let as_written = bytes[LENGTH_BYTES..].starts_with(PREFIX)
        && bytes.get(DIGEST).is_some_and(|stated| stated == digest_of(bytes).as_bytes());
    if as_written {
        return Ok(());
    }
    let data = &bytes[bytes.len() - tensors.data_len()..];
    let document = entry(tensors, "elman").unwrap_or_default();
    let computed = digest_of_contents(document, tensors, data);
    match entry(tensors, CONTENTS) {
        Some(stated) if stated == computed => Ok(()),
        stated => {
            // Files of the first versions state the digest of all bytes alone.
            let stated = stated.or_else(|| entry(tensors, "digest")).unwrap_or("none");
            let expected = format!("contents with the digest {stated}");
            Err(damaged(path, expected, format!("contents with the digest {computed}")))
        }
    }
}

/// Where the header stands, once the file is known to be long enough for it.
pub(super) fn header_range(path: &Path, bytes: &[u8]) -> Result<Range<usize>> {
    if bytes.get(LENGTH_BYTES) != Some(&b'{') {
        let found = if bytes.is_empty() { "an empty file" } else { "a file of another kind" };
        return Err(FileFault::new(path, WANTED, found).into());
    }
    let mut length = [0; LENGTH_BYTES];
    length.copy_from_slice(&bytes[..LENGTH_BYTES]);
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER_BYTES {
        let expected = format!("a header of at most {MAX_HEADER_BYTES} bytes");
        return Err(damaged(path, expected, length.to_string()));
    }
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(LENGTH_BYTES));
    match end {
        Some(end) if end <= bytes.len() => Ok(LENGTH_BYTES..end),
        _ => {
            let expected = format!("a header of {length} bytes");
            Err(damaged(path, expected, format!("a file of {} bytes", bytes.len())))
        }
    }
}

fn check_limits(path: &Path, tensors: &Metadata) -> Result<()> {
    let infos = tensors.tensors();
    if infos.len() > MAX_TENSORS {
        let expected = format!("at most {MAX_TENSORS} tensors");
        return Err(FileFault::new(path, expected, infos.len().to_string()).into());
    }
    let too_large = infos.iter().find(|(_, info)| {
        info.shape.len() > MAX_AXES || info.shape.iter().any(|&axis| axis > MAX_DIMENSION)
    });
    match too_large {
        None => Ok(()),
        Some((name, info)) => {
            let expected =
                format!("tensors of at most {MAX_AXES} axes, each at most {MAX_DIMENSION} long");
            let found = format!("{name:?} of shape {:?}", info.shape);
            Err(FileFault::new(path, expected, found).into())
        }
    }
}

/// Refuses a newer version before the digest, whose rule that version may have changed.
fn check_version(path: &Path, document: &str) -> Result<()> {
    let version: Version = serde_json::from_str(document)
        .map_err(|error| damaged(path, "a format version", error.to_string()))?;
    if version.format_version <= FORMAT_VERSION {
        return Ok(());
    }
    let expected = format!("a model file of format version {FORMAT_VERSION} or older");
    let found = format!("format version {}", version.format_version);
    let hint = format!(
        "it needs elman {} or newer, this is {}",
        version.needs_elman,
        env!("CARGO_PKG_VERSION")
    );
    Err(FileFault::new(path, expected, found).hint(hint).into())
}

impl<D> Archive<'_, D> {
    /// The bytes of all tensors together.
    pub(super) fn data_len(&self) -> usize {
        self.data.len()
    }

    /// A fault of this file that the model's own checks found.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        FileFault::new(self.path, expected, found).into()
    }

    /// Refuses tensors that are not exactly these.
    pub(super) fn check_shapes<T: Real>(&self, shapes: &[ParameterShape]) -> Result<()> {
        for wanted in shapes {
            let found = self.tensors.info(&wanted.name);
            match found {
                Some(info) if info.shape == wanted.shape && info.dtype == dtype::<T>() => {}
                _ => {
                    let expected = format!(
                        "tensor {:?} of type {} and shape {:?}",
                        wanted.name,
                        dtype::<T>(),
                        wanted.shape
                    );
                    return Err(self.fault(expected, described(found)));
                }
            }
        }
        let mut names = self.tensors.offset_keys();
        names.retain(|name| shapes.iter().all(|shape| shape.name != *name));
        match names.first() {
            None => Ok(()),
            Some(extra) => {
                let known = shapes.iter().map(|shape| shape.name.as_str());
                let near =
                    nearest(extra, known).map_or(String::new(), |near| format!(" ({near}?)"));
                let expected = format!("the {} tensors of its network", shapes.len());
                Err(self.fault(expected, format!("also the tensor {extra:?}{near}")))
            }
        }
    }

    /// Copies the tensors into `parameters`.
    ///
    /// # Errors
    ///
    /// A tensor that is missing, too many, of another shape or type, or not finite.
    pub(super) fn fill<T: Real>(&self, parameters: &mut Parameters<T>) -> Result<()> {
        let shapes = parameters.shapes().to_vec();
        self.check_shapes::<T>(&shapes)?;
        for shape in &shapes {
            let range = parameters.range_of(&shape.name)?;
            let Some(info) = self.tensors.info(&shape.name) else { continue };
            let bytes = &self.data[info.data_offsets.0..info.data_offsets.1];
            let target = &mut parameters.values_mut()[range];
            for (value, bytes) in target.iter_mut().zip(bytes.chunks_exact(size_of::<T>())) {
                *value = read_number(bytes);
            }
            if let Some(at) = target.iter().position(|value| !value.is_finite()) {
                let found = format!("{} at element {at} of {:?}", target[at], shape.name);
                return Err(self.fault("finite weights", found));
            }
        }
        Ok(())
    }
}

fn described(tensor: Option<&TensorInfo>) -> String {
    match tensor {
        None => "no tensor of that name".into(),
        Some(info) => format!("type {} and shape {:?}", info.dtype, info.shape),
    }
}

fn dtype<T: Real>() -> Dtype {
    if size_of::<T>() == size_of::<f32>() { Dtype::F32 } else { Dtype::F64 }
}

fn read_number<T: Real>(bytes: &[u8]) -> T {
    match *bytes {
        [a, b, c, d] => T::from_f64(f64::from(f32::from_le_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => T::from_f64(f64::from_le_bytes([a, b, c, d, e, f, g, h])),
        // The caller cuts the bytes in pieces of the size of f32 or f64.
        _ => T::from_f64(f64::NAN),
    }
}
