//! What a token is, and how a vocabulary is made.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenUnit {
    /// A byte: any file can be read, and no token is unknown.
    Bytes,
    /// A Unicode character.
    #[default]
    Characters,
    /// A word with the space before it; a single character where there is no word.
    Words,
}

/// Whether characters that look the same are made the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalization {
    /// The text is taken as it stands.
    #[default]
    None,
    /// Unicode's form NFC: a letter and the accent that follows it become one character, where there is
    /// one.
    Nfc,
}

/// How text becomes tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VocabularyOptions {
    /// What a token is.
    pub unit: TokenUnit,
    /// Whether characters are normalised.
    pub normalization: Normalization,
    /// The most words of a vocabulary: the commonest, and of equally common ones the first in the order
    /// of their characters.
    pub most_words: usize,
    /// How often a word must stand in the text to have a number of its own.
    pub least_count: u64,
}

impl Default for VocabularyOptions {
    fn default() -> Self {
        VocabularyOptions {
            unit: TokenUnit::default(),
            normalization: Normalization::None,
            most_words: 10_000,
            least_count: 2,
        }
    }
}

impl VocabularyOptions {
    /// Refuses what is out of range or without effect.
    ///
    /// # Errors
    ///
    /// Names the option.
    pub fn check(&self) -> Result<()> {
        if self.unit == TokenUnit::Bytes && self.normalization != Normalization::None {
            return Err(Error::argument("normalization", "none for bytes", "nfc"));
        }
        if self.most_words == 0 {
            return Err(Error::argument("most_words", "at least 1", 0));
        }
        if self.least_count == 0 {
            return Err(Error::argument("least_count", "at least 1", 0));
        }
        Ok(())
    }
}
