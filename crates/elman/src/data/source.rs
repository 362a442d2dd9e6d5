//! Where data come from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The file a data set was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The path as it was given.
    pub path: PathBuf,
    /// The 128-bit XXH3 hash of the file's bytes, 32 hexadecimal digits.
    pub digest: String,
}
