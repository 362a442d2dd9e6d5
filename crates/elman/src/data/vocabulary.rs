//! The texts that a network knows by number.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Texts by number: 0 stands for every text that is not known, 1 for the first known one, and so on.
///
/// Serialised as the list of the known texts.
///
/// ```
/// use elman::data::Vocabulary;
///
/// # fn main() -> elman::Result<()> {
/// let words = Vocabulary::new(vec!["from".into(), "to".into()])?;
/// assert_eq!(words.len(), 3);
/// assert_eq!((words.id("to"), words.id("Boston")), (2, Vocabulary::UNKNOWN));
/// assert_eq!((words.text(1), words.text(0)), (Some("from"), None));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    texts: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// The number of a text that is not known.
    pub const UNKNOWN: u32 = 0;

    /// The known texts in their order; the first has number 1.
    ///
    /// # Errors
    ///
    /// A text that stands twice; more texts than numbers of 32 bits.
    pub fn new(texts: Vec<String>) -> Result<Self> {
        let mut ids = HashMap::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let id = u32::try_from(index + 1)
                .map_err(|_| Error::argument("vocabulary", "fewer than 2³² texts", texts.len()))?;
            if ids.insert(text.clone(), id).is_some() {
                let found = format!("{text:?} twice");
                return Err(Error::argument("vocabulary", "each text once", found));
            }
        }
        Ok(Vocabulary { texts, ids })
    }

    /// The texts that occur at least `least` times, the commonest first; texts of the same count in
    /// the order of their characters.
    ///
    /// ```
    /// use elman::data::Vocabulary;
    ///
    /// let words = Vocabulary::of(["to", "a", "to", "b", "b", "to"], 2);
    /// assert_eq!(words.texts(), ["to", "b"]);
    /// ```
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>, least: usize) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for text in texts {
            *counts.entry(text).or_default() += 1;
        }
        let mut common: Vec<(&str, usize)> =
            counts.into_iter().filter(|(_, count)| *count >= least).collect();
        common.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let texts: Vec<String> = common.into_iter().map(|(text, _)| text.to_string()).collect();
        let ids = (1..).zip(&texts).map(|(id, text)| (text.clone(), id)).collect();
        Vocabulary { texts, ids }
    }

    /// How many numbers there are: one more than the known texts.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always the unknown text")]
    pub fn len(&self) -> usize {
        self.texts.len() + 1
    }

    /// The known texts; that at index i has number i + 1.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The number of a text, [`UNKNOWN`](Self::UNKNOWN) if it is not known.
    #[must_use]
    pub fn id(&self, text: &str) -> u32 {
        self.ids.get(text).copied().unwrap_or(Self::UNKNOWN)
    }

    /// The text of a number; `None` for 0 and past the last one.
    #[must_use]
    pub fn text(&self, id: u32) -> Option<&str> {
        self.texts.get((id as usize).checked_sub(1)?).map(String::as_str)
    }
}

/// Equal where the known texts are, in their order.
impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Vocabulary {}

impl TryFrom<Vec<String>> for Vocabulary {
    type Error = Error;

    fn try_from(texts: Vec<String>) -> Result<Self> {
        Vocabulary::new(texts)
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.texts
    }
}

/// Numbers texts as they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Interner {
    texts: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Interner {
    /// The number of a text, a new one if it is new.
    pub(super) fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        // A table of 2³² texts does not fit in memory.
        let id = u32::try_from(self.texts.len() + 1).unwrap_or(u32::MAX);
        self.texts.push(text.to_string());
        self.ids.insert(text.to_string(), id);
        id
    }

    /// How many texts there are.
    pub(super) fn count(&self) -> usize {
        self.texts.len()
    }

    /// The vocabulary of all texts, in the order in which they came.
    pub(super) fn finish(self) -> Vocabulary {
        Vocabulary { texts: self.texts, ids: self.ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_is_written_as_its_texts_and_read_again() {
        let words = Vocabulary::of(["b", "a", "a", "c"], 1);
        let written = serde_json::to_string(&words).unwrap();
        assert_eq!(written, r#"["a","b","c"]"#);
        let read: Vocabulary = serde_json::from_str(&written).unwrap();
        assert_eq!((&read, read.id("c"), read.id("d")), (&words, 3, 0));
    }

    #[test]
    fn a_text_that_stands_twice_is_refused() {
        let error = serde_json::from_str::<Vocabulary>(r#"["a","b","a"]"#).unwrap_err();
        assert_eq!(error.to_string(), "vocabulary: expected each text once, got \"a\" twice");
    }
}
