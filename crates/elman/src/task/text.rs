//! The next token of a text.

use serde::{Deserialize, Serialize};

use crate::text::{TokenUnit, Tokenizer};

/// The task to say, after each token of a text, which one comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextTask {
    tokenizer: Tokenizer,
}

impl TextTask {
    /// For texts that are cut in this way.
    #[must_use]
    pub fn new(tokenizer: Tokenizer) -> Self {
        TextTask { tokenizer }
    }

    /// How text is cut into tokens.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// What is predicted: `next character` say.
    #[must_use]
    pub fn target(&self) -> &'static str {
        match self.tokenizer.unit() {
            TokenUnit::Bytes => "next byte",
            TokenUnit::Characters => "next character",
            TokenUnit::Words => "next word",
        }
    }
}
