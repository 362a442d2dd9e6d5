//! How often each token stands in a text.

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization as _;

use super::super::unit::{Normalization, TokenUnit, VocabularyOptions};
use super::{Tokenizer, WordShape, pieces};
use crate::error::Result;

/// Tokens as they are counted.
pub(in crate::text) struct Counts {
    options: VocabularyOptions,
    words: HashMap<String, u64>,
    characters: BTreeMap<char, u64>,
}

impl Counts {
    pub fn new(options: &VocabularyOptions) -> Self {
        Counts { options: *options, words: HashMap::new(), characters: BTreeMap::new() }
    }

    /// Counts the tokens of a text, and says how many there are.
    pub fn add(&mut self, text: &str) -> u64 {
        if self.options.normalization == Normalization::Nfc && !text.is_ascii() {
            let normal: String = text.nfc().collect();
            return self.add_normal(&normal);
        }
        self.add_normal(text)
    }

    fn add_normal(&mut self, text: &str) -> u64 {
        let mut count = 0;
        match self.options.unit {
            TokenUnit::Bytes => count = text.len() as u64,
            TokenUnit::Characters => {
                for character in text.chars() {
                    *self.characters.entry(character).or_default() += 1;
                    count += 1;
                }
            }
            TokenUnit::Words => {
                for word in pieces(TokenUnit::Words, text) {
                    count += 1;
                    match self.words.get_mut(word) {
                        Some(seen) => *seen += 1,
                        None => drop(self.words.insert(word.to_owned(), 1)),
                    }
                }
            }
        }
        count
    }

    /// The tokenizer of what was counted.
    pub fn tokenizer(self) -> Result<Tokenizer> {
        let VocabularyOptions { unit, normalization, most_words, least_count } = self.options;
        let tokens = match unit {
            TokenUnit::Bytes => Vec::new(),
            TokenUnit::Characters => self.characters.keys().map(char::to_string).collect(),
            TokenUnit::Words => {
                let shapes = WordShape::ALL
                    .iter()
                    .flat_map(|shape| [shape.name().to_owned(), format!(" {}", shape.name())]);
                let is_common = |(_, count): &(String, u64)| *count >= least_count;
                let mut words: Vec<(String, u64)> =
                    self.words.into_iter().filter(is_common).collect();
                words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                words.truncate(most_words);
                shapes.chain(words.into_iter().map(|(word, _)| word)).collect()
            }
        };
        Tokenizer::new(unit, normalization, tokens)
    }
}
