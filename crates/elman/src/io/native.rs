//! The one-file format of a model: a `.safetensors` file (github.com/huggingface/safetensors).
//!
//! ```text
//! 8 bytes    length of the header, little endian
//! header     {"__metadata__":{"digest":"…",…,"elman":"…"},"head.bias":{…},…}, spaces up to 8 n bytes
//! data       the tensors, little endian, in the order of the names
//! ```
//!
//! `elman` is one JSON document: the format version, the oldest library that reads it, and the
//! model. `digest` is the xxh3-128 of the whole file with the digest's own 32 characters read as
//! `0`; it stands at a fixed place, so no byte of the file escapes it. `digest_of_contents` is that
//! of the document and the tensors. Another safetensors library that saves the file again changes
//! the order of the header but not what it means: then the second digest must hold. Digests find
//! accidents, not forgeries: everything else is checked as well, sizes first.
//!
//! A document of an older format version is rewritten as the current one when it is read; every version
//! stays readable.
//!
//! Nothing is repaired here.

mod checkpoint;
mod layout;
mod read;
mod upgrade;
mod write;

use std::path::Path;

pub use checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};

use crate::cell::CellKind;
use crate::data::{NamedVocabulary, Standardization};
use crate::error::{Error, FileFault, Result};
use crate::io::write_atomically;
use crate::model::{MOST_MEMBERS, Model, ModelInputs, Provenance};
use crate::network::{Network, NetworkConfig};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;
use crate::task::{Floors, Task};

/// The model part of the document in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    network: NetworkConfig,
    /// The networks of an ensemble: all of this description.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    members: usize,
    task: Task,
    feature_names: Vec<String>,
    scaling: Option<Standardization>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    vocabularies: Vec<NamedVocabulary>,
    #[serde(default, skip_serializing_if = "Floors::is_empty")]
    floors: Floors,
    provenance: Provenance,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(count: &usize) -> bool {
    *count == 1
}

impl<T: Real> Model<T> {
    /// Writes the model to a file: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// A file that cannot be written; a network of a user's own cell; a metric that is not finite.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let bytes = encode(self)?;
        write_atomically(path.as_ref(), |file| file.write_all(&bytes))
    }

    /// Reads a model that [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A file that is missing, not a model, damaged in any byte, incomplete, of a newer format
    /// version, or of the other number type.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        decode(path, &read::read_file(path)?)
    }

    /// The bytes that [`save`](Self::save) writes, for those who keep models elsewhere than in files.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save), but for writing.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        encode(self)
    }

    /// The model of which [`to_bytes`](Self::to_bytes) has made these bytes, or `save` a file with
    /// them. Messages call it `bytes`.
    ///
    /// ```
    /// use elman::{Dataset, Model, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let data = Dataset::with_labels(&[array![[0.0], [1.0]], array![[1.0], [0.0]]], &["up", "down"])?;
    /// let model = Trainer::default().fit(&data)?.model;
    /// let copy: Model = Model::from_bytes(&model.to_bytes()?)?;
    /// assert_eq!(copy.predict(&data)?, model.predict(&data)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), but for reading.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        decode(Path::new("bytes"), bytes)
    }
}

fn encode<T: Real>(model: &Model<T>) -> Result<Vec<u8>> {
    let network = model.network();
    for layer in &network.config().body.layers {
        if let CellKind::Custom { name } = &layer.cell {
            let expected = "a cell of this library: a file does not hold code";
            return Err(Error::argument("cell", expected, format!("the custom cell {name:?}")));
        }
    }
    let provenance = model.provenance();
    // JSON has no word for them, and would not be read again.
    if let Some((name, value)) = provenance.metrics.iter().find(|(_, value)| !value.is_finite()) {
        return Err(Error::argument(format!("metric {name:?}"), "a finite number", value));
    }
    let description = Description {
        network: network.config().clone(),
        members: model.members().len(),
        task: model.task().clone(),
        feature_names: model.feature_names().to_vec(),
        scaling: model.scaling().cloned(),
        vocabularies: model.inputs().vocabularies.clone(),
        floors: model.floors().clone(),
        provenance: provenance.clone(),
    };
    if description.members == 1 {
        return write::encode(&description, network.parameters());
    }
    let members: Vec<&Parameters<T>> = model.members().map(Network::parameters).collect();
    write::encode(&description, &joined(&members)?)
}

/// The shapes of the tensors of an ensemble: `members.1.head.bias` for example.
fn member_shapes(shapes: &[ParameterShape], members: usize) -> Vec<ParameterShape> {
    let named = |member: usize, shape: &ParameterShape| {
        ParameterShape::new(format!("members.{member}.{}", shape.name), &shape.shape)
    };
    let of = |member: usize| shapes.iter().map(move |shape| named(member, shape));
    (0..members).flat_map(of).collect()
}

fn joined<T: Real>(members: &[&Parameters<T>]) -> Result<Parameters<T>> {
    let mut all = Parameters::zeros(member_shapes(members[0].shapes(), members.len()))?;
    let size = members[0].values().len();
    for (own, member) in all.values_mut().chunks_exact_mut(size).zip(members) {
        own.copy_from_slice(member.values());
    }
    Ok(all)
}

/// Whether the file holds a model.
fn is_model(path: &Path, bytes: &[u8]) -> bool {
    read::decode::<Description>(path, bytes, upgrade::to_current).is_ok()
}

fn decode<T: Real>(path: &Path, bytes: &[u8]) -> Result<Model<T>> {
    let faulty = |error: Error| {
        FileFault::new(path, "a description of a model", format!("one with a fault: {error}"))
    };
    let archive = match read::decode::<Description>(path, bytes, upgrade::to_current) {
        Ok(archive) => archive,
        Err(error) => {
            checkpoint::refuse(path, bytes)?;
            return Err(error);
        }
    };
    let description = archive.model.clone();
    let Description { network, members, task, feature_names, scaling, vocabularies, .. } =
        description;
    let inputs = ModelInputs { feature_names, scaling, vocabularies };
    // The file bounds the size of the networks before anything of that size is allocated.
    let count = network.parameter_count().map_err(faulty)?;
    let count = count.and_then(|count| count.checked_mul(members));
    if count.is_none_or(|count| count > archive.data_len()) {
        let count = count.map_or("countless".into(), |count| count.to_string());
        let found = format!("{} bytes of weights", archive.data_len());
        return Err(archive.fault(format!("{count} weights, as its network has"), found));
    }
    if !(1..=MOST_MEMBERS).contains(&members) {
        return Err(archive.fault(format!("1 to {MOST_MEMBERS} members"), members.to_string()));
    }
    let model = |weights: &dyn Fn(&mut Parameters<T>) -> Result<()>| {
        let mut network = Network::new(network.clone()).map_err(faulty)?;
        network.update(weights)?;
        Model::with_inputs(network, task.clone(), inputs.clone())
            .map_err(|error| faulty(error).into())
    };
    let mut model = match members {
        1 => model(&|parameters| archive.fill(parameters))?,
        _ => {
            let shapes = Network::<T>::new(network.clone()).map_err(faulty)?;
            let shapes = member_shapes(shapes.parameters().shapes(), members);
            let mut all = Parameters::zeros(shapes)?;
            archive.fill(&mut all)?;
            let size = all.values().len() / members;
            let member = |values: &[T]| {
                model(&|parameters| {
                    parameters.values_mut().copy_from_slice(values);
                    Ok(())
                })
            };
            let models = all.values().chunks_exact(size).map(member);
            Model::ensemble(models.collect::<Result<_>>()?)?
        }
    };
    *model.provenance_mut() = description.provenance;
    model.with_floors(description.floors).map_err(|error| faulty(error).into())
}

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod tests;
