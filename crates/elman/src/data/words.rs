//! Words as token channels, and texts as words.

use std::sync::Arc;

use super::TokenChannel;
use super::layout::Tokens;
use super::vocabulary::Interner;
use crate::error::Result;

/// The longest ending of a word that is a channel of its own.
const SUFFIXES: usize = 3;

/// The channels of a word: itself, its endings, and its shape, by which a network knows something of
/// words that it has never seen.
#[derive(Default)]
pub(super) struct WordChannels {
    words: Column,
    suffixes: [Column; SUFFIXES],
    shapes: Column,
}

/// A token channel as it grows.
#[derive(Default)]
pub(super) struct Column {
    texts: Interner,
    ids: Vec<u32>,
}

impl Column {
    pub(super) fn add(&mut self, text: &str) {
        self.ids.push(self.texts.id(text));
    }

    pub(super) fn finish(self, name: &str) -> Result<TokenChannel> {
        TokenChannel::new(name, Arc::new(self.texts.finish()), self.ids)
    }
}

impl WordChannels {
    pub(super) fn add(&mut self, word: &str) {
        self.words.add(word);
        let lower = word.to_lowercase();
        for (length, column) in (1..).zip(&mut self.suffixes) {
            let start = lower.char_indices().rev().nth(length - 1).map_or(0, |(start, _)| start);
            column.add(&lower[start..]);
        }
        self.shapes.add(&shape(word));
    }

    /// `word`, `suffix1`, `suffix2`, `suffix3`, `shape`.
    pub(super) fn finish(self) -> Result<Vec<TokenChannel>> {
        let mut channels = vec![self.words.finish("word")?];
        for (length, column) in (1..).zip(self.suffixes) {
            channels.push(column.finish(&format!("suffix{length}"))?);
        }
        channels.push(self.shapes.finish("shape")?);
        Ok(channels)
    }
}

/// What a word looks like: `X` for a run of capital letters, `x` of other letters, `0` of digits, and
/// every other character as it is.
fn shape(word: &str) -> String {
    let mut shape = String::new();
    for character in word.chars() {
        let kind = match character {
            _ if character.is_uppercase() => 'X',
            _ if character.is_alphabetic() => 'x',
            _ if character.is_numeric() => '0',
            other => other,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}

impl Tokens {
    /// Calls `each` with every token of a text, in order.
    pub(super) fn of(self, text: &str, mut each: impl FnMut(&str)) {
        match self {
            Tokens::Characters => {
                let mut buffer = [0; 4];
                text.chars().for_each(|character| each(character.encode_utf8(&mut buffer)));
            }
            Tokens::Words => {
                let lower = text.to_lowercase();
                let mut rest = lower.as_str();
                while let Some(first) = rest.chars().next() {
                    let end = match first.is_alphanumeric() {
                        true => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
                        false => first.len_utf8(),
                    };
                    if !first.is_whitespace() {
                        each(&rest[..end]);
                    }
                    rest = &rest[end..];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(kind: Tokens, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        kind.of(text, |token| found.push(token.to_string()));
        found
    }

    #[test]
    fn texts_are_cut_into_tokens() {
        assert_eq!(tokens(Tokens::Characters, "Öde é"), ["Ö", "d", "e", " ", "é"]);
        let words = tokens(Tokens::Words, "  It's 3.5 o'clock—NOW!");
        assert_eq!(words, ["it", "'", "s", "3", ".", "5", "o", "'", "clock", "—", "now", "!"]);
        assert!(tokens(Tokens::Words, " \t").is_empty());
    }

    #[test]
    fn a_word_has_endings_and_a_shape() {
        let mut channels = WordChannels::default();
        ["McÖdé", "to", "747-400"].into_iter().for_each(|word| channels.add(word));
        let channels = channels.finish().unwrap();
        let texts = |channel: &TokenChannel| channel.vocabulary().texts().join(" ");
        let found: Vec<(&str, String)> =
            channels.iter().map(|channel| (channel.name(), texts(channel))).collect();
        let wanted = [
            ("word", "McÖdé to 747-400"),
            ("suffix1", "é o 0"),
            ("suffix2", "dé to 00"),
            ("suffix3", "ödé to 400"),
            ("shape", "XxXx x 0-0"),
        ];
        assert_eq!(found, wanted.map(|(name, texts)| (name, texts.to_string())));
    }
}
