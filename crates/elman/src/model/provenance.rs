//! Where a model comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use super::history::EpochRecord;
use crate::data::{Dataset, Targets};
use crate::text::Passage;

/// Where a model comes from: enough to train it again.
///
/// It holds no time and no machine name, so that the same training gives the same file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The version of the library that trained it.
    pub elman_version: String,
    /// What it was trained on.
    pub training_data: Option<DataDigest>,
    /// The validation data, if they were a data set of their own.
    pub validation_data: Option<DataDigest>,
    /// The seed of everything random.
    pub seed: Option<u64>,
    /// All settings in force, by name.
    pub settings: Value,
    /// Results by name, `validation_accuracy` for example. All are finite.
    pub metrics: BTreeMap<String, f64>,
    /// Each completed epoch of its training; of very many, each k-th and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<EpochRecord>,
    /// Each member of an ensemble; the history is that of the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberRecord>,
}

/// The training of one member of an ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRecord {
    /// Its seed.
    pub seed: u64,
    /// How many epochs it was trained for.
    pub epochs: usize,
    /// Its results by name, as in [`Provenance::metrics`].
    pub metrics: BTreeMap<String, f64>,
}

impl Default for Provenance {
    fn default() -> Self {
        Provenance {
            elman_version: env!("CARGO_PKG_VERSION").into(),
            training_data: None,
            validation_data: None,
            seed: None,
            settings: Value::Null,
            metrics: BTreeMap::new(),
            history: Vec::new(),
            members: Vec::new(),
        }
    }
}

/// Identifies a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataDigest {
    /// The path of the file, as it was given.
    pub path: Option<PathBuf>,
    /// The 128-bit XXH3 hash, 32 hexadecimal digits: of the file's bytes, or, for data that did not
    /// come from a file, of its lengths, values and targets.
    pub digest: String,
    /// The number of sequences.
    pub sequences: usize,
    /// The number of steps of all sequences together.
    pub steps: usize,
}

impl DataDigest {
    /// The digest of the files a passage is from, and the number of its tokens.
    #[must_use]
    pub fn of_text(passage: &Passage<'_>) -> Self {
        DataDigest {
            path: passage.corpus.path().map(Path::to_path_buf),
            digest: passage.corpus.digest().to_owned(),
            sequences: 1,
            steps: usize::try_from(passage.len()).unwrap_or(usize::MAX),
        }
    }

    /// Of a data set.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        DataDigest {
            path: data.source().map(|source| source.path.clone()),
            digest: data.source().map_or_else(|| contents(data), |source| source.digest.clone()),
            sequences: data.len(),
            steps: data.total_steps(),
        }
    }
}

fn contents(data: &Dataset) -> String {
    let mut hasher = Xxh3::new();
    data.lengths().iter().for_each(|length| hasher.update(&(*length as u64).to_le_bytes()));
    data.values().iter().for_each(|value| hasher.update(&value.to_le_bytes()));
    for channel in data.token_channels() {
        channel.ids().iter().for_each(|id| hasher.update(&id.to_le_bytes()));
    }
    match data.targets() {
        Targets::None => {}
        Targets::Classes(classes) => {
            classes
                .indices()
                .iter()
                .for_each(|index| hasher.update(&(*index as u64).to_le_bytes()));
        }
        Targets::Labels(labels) => {
            labels.values().iter().for_each(|value| hasher.update(&value.to_le_bytes()));
        }
        Targets::Values(values) => {
            values.values().iter().for_each(|value| hasher.update(&value.to_le_bytes()));
        }
    }
    format!("{:032x}", hasher.digest128())
}
