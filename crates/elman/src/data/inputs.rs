//! Vocabularies that training data have made, and other data read by them.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Dataset, NamedVocabulary, TokenChannel, Vocabulary};
use crate::error::{Error, FileFault, Result};

/// Steps whose text a vocabulary does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The token channel.
    pub channel: String,
    /// How many steps.
    pub steps: usize,
    /// The first such text.
    pub example: String,
}

impl Dataset {
    /// The vocabulary of each token channel. A text that stands in fewer than `least` steps is left
    /// out, so that a network learns what to make of unknown ones.
    ///
    /// A reader numbers every text of its file; a network shall know those of its training data
    /// alone. [`with_vocabularies`](Self::with_vocabularies) gives the tokens of any data their
    /// numbers in these vocabularies.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use elman::Dataset;
    /// use elman::data::{Targets, TokenChannel, Vocabulary};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let data = |words: &[&str]| {
    ///     let all = Arc::new(Vocabulary::of(words.iter().copied(), 1));
    ///     let ids = words.iter().map(|word| all.id(word)).collect();
    ///     let channel = TokenChannel::new("word", all, ids)?;
    ///     Dataset::from_tokens(&[words.len()], vec![channel], Targets::None)
    /// };
    /// let known = data(&["to", "Boston", "to", "Denver", "to", "Boston"])?.vocabularies(2);
    /// assert_eq!(known[0].vocabulary.texts(), ["to", "Boston"]);
    ///
    /// let other = data(&["Boston", "to", "Denver"])?;
    /// let encoded = other.with_vocabularies(&known)?;
    /// assert_eq!(encoded.token_channels()[0].ids(), [2, 1, 0]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn vocabularies(&self, least: usize) -> Vec<NamedVocabulary> {
        let fit = |channel: &TokenChannel| {
            let texts = channel.ids().iter().filter_map(|&id| channel.vocabulary().text(id));
            let vocabulary = Vocabulary::of(texts, least);
            NamedVocabulary { name: channel.name().to_string(), vocabulary }
        };
        self.token_channels().iter().map(fit).collect()
    }

    /// The same data with the numbers that tokens have in these vocabularies, and these channels
    /// alone, in their order.
    ///
    /// # Errors
    ///
    /// A token channel that the data do not have.
    pub fn with_vocabularies(&self, known: &[NamedVocabulary]) -> Result<Cow<'_, Dataset>> {
        let channels = known.iter().map(|named| self.find(named)).collect::<Result<Vec<_>>>()?;
        let same = |(named, channel): (&NamedVocabulary, &&TokenChannel)| {
            named.vocabulary == **channel.vocabulary()
        };
        if channels.len() == self.token_channels().len() && known.iter().zip(&channels).all(same) {
            return Ok(Cow::Borrowed(self));
        }
        let pairs = known.iter().zip(channels);
        let encoded =
            pairs.map(|(named, channel)| encode(named, channel)).collect::<Result<_>>()?;
        Ok(Cow::Owned(self.clone().with_token_channels(encoded)?))
    }

    /// The steps whose text is not in these vocabularies, by channel.
    ///
    /// # Errors
    ///
    /// Those of [`with_vocabularies`](Self::with_vocabularies).
    pub fn unknown(&self, known: &[NamedVocabulary]) -> Result<Vec<Unknown>> {
        let mut found = Vec::new();
        for named in known {
            let channel = self.find(named)?;
            let texts = channel.ids().iter().filter_map(|&id| channel.vocabulary().text(id));
            let mut unknown = texts.filter(|text| named.vocabulary.id(text) == Vocabulary::UNKNOWN);
            if let Some(example) = unknown.next() {
                let (channel, example) = (named.name.clone(), example.to_string());
                found.push(Unknown { channel, steps: 1 + unknown.count(), example });
            }
        }
        Ok(found)
    }

    fn find(&self, named: &NamedVocabulary) -> Result<&TokenChannel> {
        let channels = self.token_channels();
        channels.iter().find(|channel| channel.name() == named.name).ok_or_else(|| {
            let names: Vec<&str> = channels.iter().map(TokenChannel::name).collect();
            let found = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            let expected = format!("the token channel {}", named.name);
            match self.source() {
                Some(source) => FileFault::new(&source.path, expected, found).into(),
                None => Error::argument("data", expected, found),
            }
        })
    }
}

fn encode(named: &NamedVocabulary, channel: &TokenChannel) -> Result<TokenChannel> {
    let texts = channel.vocabulary().texts();
    let known: Vec<u32> = texts.iter().map(|text| named.vocabulary.id(text)).collect();
    let id = |&id: &u32| match (id as usize).checked_sub(1) {
        Some(index) => known[index],
        None => Vocabulary::UNKNOWN,
    };
    let ids = channel.ids().iter().map(id).collect();
    TokenChannel::new(named.name.clone(), Arc::new(named.vocabulary.clone()), ids)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::Targets;
    use super::*;

    fn data(texts: &[&str]) -> Dataset {
        let all = Arc::new(Vocabulary::of(texts.iter().copied(), 1));
        let ids = texts.iter().map(|text| all.id(text)).collect();
        let channel = TokenChannel::new("word", all, ids).unwrap();
        Dataset::from_tokens(&[texts.len()], vec![channel], Targets::None).unwrap()
    }

    #[test]
    fn tokens_get_the_numbers_of_the_training_data() {
        let training = data(&["b", "a", "a", "c", "b", "a"]);
        let known = training.vocabularies(2);
        let encoded = training.with_vocabularies(&known).unwrap().into_owned();
        assert_eq!(encoded.token_channels()[0].ids(), [2, 1, 1, 0, 2, 1]);
        assert!(matches!(encoded.with_vocabularies(&known), Ok(Cow::Borrowed(_))));
        let other = data(&["z", "b", "z", "y"]);
        let encoded = other.with_vocabularies(&known).unwrap();
        assert_eq!(encoded.token_channels()[0].ids(), [0, 2, 0, 0]);
        let wanted = Unknown { channel: "word".into(), steps: 3, example: "z".into() };
        assert_eq!(other.unknown(&known).unwrap(), [wanted]);
    }

    #[test]
    fn data_without_the_channel_are_refused() {
        let numbers = Dataset::unlabelled(&[array![[1.0]]]).unwrap();
        let error = numbers.with_vocabularies(&data(&["a"]).vocabularies(1)).unwrap_err();
        assert_eq!(error.to_string(), "data: expected the token channel word, got none");
    }
}
