//! From text to numbers and back.

mod counts;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

pub(super) use self::counts::Counts;
use super::unit::{Normalization, TokenUnit, VocabularyOptions};
use crate::data::Vocabulary;
use crate::error::{Error, Result};

/// How text is cut into tokens, and their numbers: a part of a model that reads text.
///
/// ```
/// use elman::text::{Tokenizer, VocabularyOptions};
///
/// # fn main() -> elman::Result<()> {
/// let tokenizer = Tokenizer::of("to be or not", &VocabularyOptions::default())?;
/// assert_eq!(tokenizer.len(), 7); // space, b, e, n, o, r, t
/// let ids = tokenizer.encode("note")?;
/// assert_eq!(ids, [3, 4, 6, 2]);
/// let mut text = Vec::new();
/// ids.iter().for_each(|&id| tokenizer.decode(id, &mut text));
/// assert_eq!(text, b"note");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Tokenizer {
    unit: TokenUnit,
    normalization: Normalization,
    /// Characters in the order of their code points; words after the [shapes](WordShape) of unknown
    /// ones, the commonest first. Number 1 of the vocabulary is token 0: no number is for the unknown.
    vocabulary: Vocabulary,
}

/// As it stands in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    unit: TokenUnit,
    #[serde(default)]
    normalization: Normalization,
    #[serde(default)]
    vocabulary: Option<Vocabulary>,
}

impl From<Tokenizer> for Saved {
    fn from(tokenizer: Tokenizer) -> Self {
        let Tokenizer { unit, normalization, vocabulary, .. } = tokenizer;
        let vocabulary = (unit != TokenUnit::Bytes).then_some(vocabulary);
        Saved { unit, normalization, vocabulary }
    }
}

impl TryFrom<Saved> for Tokenizer {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let tokens = match (saved.unit, saved.vocabulary) {
            (TokenUnit::Bytes, None) => Vec::new(),
            (TokenUnit::Bytes, Some(_)) => {
                return Err(Error::argument("vocabulary", "none for bytes", "one"));
            }
            (_, Some(vocabulary)) => vocabulary.texts().to_vec(),
            (_, None) => return Err(Error::argument("vocabulary", "one", "none")),
        };
        Self::new(saved.unit, saved.normalization, tokens)
    }
}

/// How a word looks that has no number of its own: it shares the number of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordShape {
    /// All letters small: `anon`.
    Small,
    /// One capital, at the start: `Anon`.
    Capitalized,
    /// All letters capital: `ANON`.
    Capital,
    /// With a digit: `1594`.
    Number,
    /// Any other word: `McDuff`.
    Mixed,
    /// A single character that is not part of a word.
    Symbol,
}

impl WordShape {
    const ALL: [WordShape; 6] = [
        WordShape::Small,
        WordShape::Capitalized,
        WordShape::Capital,
        WordShape::Number,
        WordShape::Mixed,
        WordShape::Symbol,
    ];

    /// What stands for such a word in text that is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            WordShape::Small => "<word>",
            WordShape::Capitalized => "<Word>",
            WordShape::Capital => "<WORD>",
            WordShape::Number => "<number>",
            WordShape::Mixed => "<wOrd>",
            WordShape::Symbol => "<symbol>",
        }
    }

    /// The shape of a token, without the space before it.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let Some(first) = token.chars().next().filter(|c| is_word(*c)) else {
            return WordShape::Symbol;
        };
        let letters = || token.chars().filter(|c| c.is_alphabetic());
        let capitals = letters().filter(|c| c.is_uppercase()).count();
        if token.chars().any(|c| c.is_numeric()) {
            WordShape::Number
        } else if capitals == 0 {
            WordShape::Small
        } else if capitals == letters().count() && capitals > 1 {
            WordShape::Capital
        } else if capitals == 1 && first.is_uppercase() {
            WordShape::Capitalized
        } else {
            WordShape::Mixed
        }
    }

    /// The numbers of the shapes: each without and with a space before it.
    fn id(self, spaced: bool) -> u32 {
        2 * self as u32 + u32::from(spaced)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

/// The length in bytes of the token that a text begins with: a word with the space before it.
fn word_length(text: &str) -> usize {
    let rest = text.strip_prefix(' ').unwrap_or(text);
    let space = text.len() - rest.len();
    let length = |c: char| c.len_utf8();
    match rest.chars().next() {
        Some(first) if is_word(first) => space + rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(first) if !first.is_whitespace() => space + length(first),
        Some(first) if space == 0 => length(first),
        Some(_) | None => space,
    }
}

/// The tokens that a text consists of.
fn pieces(unit: TokenUnit, mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let length = match unit {
            TokenUnit::Words => word_length(text),
            _ => text.chars().next().map_or(0, char::len_utf8),
        };
        let (token, rest) = text.split_at(length);
        text = rest;
        (length > 0).then_some(token)
    })
}

impl Tokenizer {
    fn new(unit: TokenUnit, normalization: Normalization, tokens: Vec<String>) -> Result<Self> {
        let is_token = |token: &String| match unit {
            TokenUnit::Characters => token.chars().count() == 1,
            TokenUnit::Bytes | TokenUnit::Words => !token.is_empty(),
        };
        if let Some(other) = tokens.iter().find(|token| !is_token(token)) {
            let expected = "tokens of the vocabulary's unit";
            return Err(Error::argument("vocabulary", expected, format!("{other:?}")));
        }
        if tokens.is_empty() && unit != TokenUnit::Bytes {
            return Err(Error::argument("vocabulary", "at least one token", "none"));
        }
        Ok(Tokenizer { unit, normalization, vocabulary: Vocabulary::new(tokens)? })
    }

    /// A tokenizer for a text, and for others with no character that is new.
    ///
    /// # Errors
    ///
    /// An empty text; options out of range.
    pub fn of(text: &str, options: &VocabularyOptions) -> Result<Self> {
        options.check()?;
        let mut counts = Counts::new(options);
        counts.add(text);
        counts.tokenizer()
    }

    /// The options that count the tokens of a text as this tokenizer cuts it.
    pub(super) fn options(&self) -> VocabularyOptions {
        let (unit, normalization) = (self.unit, self.normalization);
        VocabularyOptions { unit, normalization, ..VocabularyOptions::default() }
    }

    /// What a token is.
    #[must_use]
    pub fn unit(&self) -> TokenUnit {
        self.unit
    }

    /// V, the number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.unit {
            TokenUnit::Bytes => 256,
            _ => self.vocabulary.texts().len(),
        }
    }

    /// Never: a vocabulary has a token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the line break, if it is known: what text is taken to begin after.
    #[must_use]
    pub fn line_break(&self) -> Option<u32> {
        match self.unit {
            TokenUnit::Bytes => Some(u32::from(b'\n')),
            _ => self.id("\n"),
        }
    }

    /// The number of a token that is known.
    fn id(&self, token: &str) -> Option<u32> {
        self.vocabulary.id(token).checked_sub(1)
    }

    /// Whether the token stands for words that have no number.
    #[must_use]
    pub fn is_unknown(&self, id: u32) -> bool {
        self.unit == TokenUnit::Words && (id as usize) < 2 * WordShape::ALL.len()
    }

    /// The numbers of a text.
    ///
    /// # Errors
    ///
    /// A character that is not in the vocabulary, with its place.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::with_capacity(text.len());
        match self.encode_into(text, &mut ids) {
            None => Ok(ids),
            Some(unknown) => Err(Error::argument(
                format!("character {}", unknown.index + 1),
                "a character that the model knows",
                format!("{:?}", unknown.character),
            )),
        }
    }

    /// Appends the numbers of a text, up to the first character that is unknown.
    pub(super) fn encode_into(&self, text: &str, ids: &mut Vec<u32>) -> Option<Unknown> {
        if self.normalization == Normalization::Nfc && !text.is_ascii() {
            let normal: String = text.nfc().collect();
            return self.encode_normal(&normal, ids);
        }
        self.encode_normal(text, ids)
    }

    fn encode_normal(&self, text: &str, ids: &mut Vec<u32>) -> Option<Unknown> {
        if self.unit == TokenUnit::Bytes {
            ids.extend(text.bytes().map(u32::from));
            return None;
        }
        for (index, token) in pieces(self.unit, text).enumerate() {
            match self.id(token) {
                Some(id) => ids.push(id),
                None if self.unit == TokenUnit::Words => ids.push(unknown_word(token)),
                None => {
                    let character = token.chars().next().unwrap_or_default();
                    return Some(Unknown { index, character });
                }
            }
        }
        None
    }

    /// Appends the bytes of a token.
    ///
    /// # Panics
    ///
    /// No token has this number.
    pub fn decode(&self, id: u32, text: &mut Vec<u8>) {
        match self.unit {
            TokenUnit::Bytes => text.push(id.to_le_bytes()[0]),
            _ => text.extend_from_slice(self.vocabulary.texts()[id as usize].as_bytes()),
        }
    }

    /// The token as text; bytes that are no text as `\xff`.
    #[must_use]
    pub fn token(&self, id: u32) -> String {
        match (self.unit, self.vocabulary.texts().get(id as usize)) {
            (_, Some(token)) => token.clone(),
            (TokenUnit::Bytes, _) if id < 128 => char::from(id.to_le_bytes()[0]).to_string(),
            (_, None) => format!("\\x{id:02x}"),
        }
    }
}

/// A character without a number.
pub(super) struct Unknown {
    /// How many characters stand before it.
    pub index: usize,
    pub character: char,
}

fn unknown_word(token: &str) -> u32 {
    let word = token.strip_prefix(' ').filter(|word| !word.is_empty());
    WordShape::of(word.unwrap_or(token)).id(word.is_some())
}

#[cfg(test)]
mod tests;
