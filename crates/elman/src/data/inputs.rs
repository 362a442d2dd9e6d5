//! What a network reads, by name: numeric channels in their order, and the vocabularies of tokens.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Dataset, TokenChannel, Vocabulary};
use crate::error::{Error, FileFault, Result};

/// The channels of training data with all that is needed to read others like them: saved with a
/// model.
///
/// A reader numbers every text of its file. [`Inputs::of`] chooses those that a network will know
/// from the training part alone; [`encode`](Self::encode) gives the tokens of any data their numbers
/// in these vocabularies.
///
/// ```
/// use std::sync::Arc;
///
/// use elman::Dataset;
/// use elman::data::{Inputs, Targets, TokenChannel, Vocabulary};
///
/// # fn main() -> elman::Result<()> {
/// let data = |words: &[&str]| {
///     let all = Arc::new(Vocabulary::of(words.iter().copied(), 1));
///     let ids = words.iter().map(|word| all.id(word)).collect();
///     Dataset::from_tokens(&[words.len()], vec![TokenChannel::new("word", all, ids)?], Targets::None)
/// };
/// let inputs = Inputs::of(&data(&["to", "Boston", "to", "Denver", "to", "Boston"])?, 2);
/// assert_eq!(inputs.tokens()[0].vocabulary().texts(), ["to", "Boston"]);
///
/// let encoded = inputs.encode(&data(&["Boston", "to", "Denver"])?)?.into_owned();
/// assert_eq!(encoded.token_channels()[0].ids(), [2, 1, 0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    features: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<TokenInput>,
}

/// A token channel by name, and the texts that are known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    name: String,
    #[serde(with = "shared")]
    vocabulary: Arc<Vocabulary>,
}

/// Serde for what is shared: as it is alone.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Vocabulary;

    pub(super) fn serialize<S: Serializer>(
        vocabulary: &Arc<Vocabulary>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        vocabulary.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Vocabulary>, D::Error> {
        Vocabulary::deserialize(deserializer).map(Arc::new)
    }
}

impl TokenInput {
    /// The name of the channel.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The texts that are known.
    #[must_use]
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }
}

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

impl Inputs {
    /// Numeric channels alone.
    #[must_use]
    pub fn numeric(features: Vec<String>) -> Self {
        Inputs { features, tokens: vec![] }
    }

    /// These inputs with these token channels.
    #[must_use]
    pub(crate) fn with_tokens(self, tokens: Vec<TokenInput>) -> Self {
        Inputs { tokens, ..self }
    }

    /// The channels of training data. A text that stands in fewer than `least` steps stays unknown,
    /// so that a network learns what to make of unknown ones.
    #[must_use]
    pub fn of(training: &Dataset, least: usize) -> Self {
        let fit = |channel: &TokenChannel| {
            let texts = channel.ids().iter().filter_map(|&id| channel.vocabulary().text(id));
            let vocabulary = Arc::new(Vocabulary::of(texts, least));
            TokenInput { name: channel.name().to_string(), vocabulary }
        };
        let tokens = training.token_channels().iter().map(fit).collect();
        Inputs { features: training.feature_names().to_vec(), tokens }
    }

    /// The names of the numeric channels `[I]`.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The token channels.
    #[must_use]
    pub fn tokens(&self) -> &[TokenInput] {
        &self.tokens
    }

    /// The data with the ids of these vocabularies, and these token channels alone, in their order.
    ///
    /// # Errors
    ///
    /// Other numeric channels, or the same in another order; a token channel that the data do not
    /// have.
    pub fn encode<'a>(&self, data: &'a Dataset) -> Result<Cow<'a, Dataset>> {
        self.check_features(data)?;
        let channels =
            self.tokens.iter().map(|input| input.find(data)).collect::<Result<Vec<_>>>()?;
        let same = |(input, channel): (&TokenInput, &&TokenChannel)| {
            input.vocabulary == *channel.vocabulary()
        };
        if channels.len() == data.token_channels().len()
            && self.tokens.iter().zip(&channels).all(same)
        {
            return Ok(Cow::Borrowed(data));
        }
        let pairs = self.tokens.iter().zip(channels);
        let encoded = pairs.map(|(input, channel)| input.encode(channel)).collect::<Result<_>>()?;
        Ok(Cow::Owned(data.clone().with_token_channels(encoded)?))
    }

    /// The steps of data whose text is not known, by channel.
    ///
    /// # Errors
    ///
    /// Those of [`encode`](Self::encode).
    pub fn unknown(&self, data: &Dataset) -> Result<Vec<Unknown>> {
        let mut found = Vec::new();
        for input in &self.tokens {
            let channel = input.find(data)?;
            let texts = channel.ids().iter().filter_map(|&id| channel.vocabulary().text(id));
            let mut unknown = texts.filter(|text| input.vocabulary.id(text) == Vocabulary::UNKNOWN);
            if let Some(example) = unknown.next() {
                let (channel, example) = (input.name.clone(), example.to_string());
                found.push(Unknown { channel, steps: 1 + unknown.count(), example });
            }
        }
        Ok(found)
    }

    fn check_features(&self, data: &Dataset) -> Result<()> {
        if self.features == data.feature_names() {
            return Ok(());
        }
        let shown = |names: &[String]| match names.is_empty() {
            true => "none".to_string(),
            false => names.join(", "),
        };
        let expected = format!("the features {}", shown(&self.features));
        Err(refused(data, expected, shown(data.feature_names())))
    }
}

impl TokenInput {
    fn find<'a>(&self, data: &'a Dataset) -> Result<&'a TokenChannel> {
        let channels = data.token_channels();
        channels.iter().find(|channel| channel.name() == self.name).ok_or_else(|| {
            let names: Vec<&str> = channels.iter().map(TokenChannel::name).collect();
            let found = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            refused(data, format!("the token channel {}", self.name), found)
        })
    }

    fn encode(&self, channel: &TokenChannel) -> Result<TokenChannel> {
        let texts = channel.vocabulary().texts();
        let known: Vec<u32> = texts.iter().map(|text| self.vocabulary.id(text)).collect();
        let id = |&id: &u32| match (id as usize).checked_sub(1) {
            Some(index) => known[index],
            None => Vocabulary::UNKNOWN,
        };
        let ids = channel.ids().iter().map(id).collect();
        TokenChannel::new(self.name.clone(), Arc::clone(&self.vocabulary), ids)
    }
}

fn refused(data: &Dataset, expected: String, found: String) -> Error {
    match data.source() {
        Some(source) => FileFault::new(&source.path, expected, found).into(),
        None => Error::argument("data", expected, found),
    }
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
        let inputs = Inputs::of(&training, 2);
        let encoded = inputs.encode(&training).unwrap().into_owned();
        assert_eq!(encoded.token_channels()[0].ids(), [2, 1, 1, 0, 2, 1]);
        assert!(matches!(inputs.encode(&encoded), Ok(Cow::Borrowed(_))));
        let other = data(&["z", "b", "z", "y"]);
        assert_eq!(inputs.encode(&other).unwrap().token_channels()[0].ids(), [0, 2, 0, 0]);
        let unknown = inputs.unknown(&other).unwrap();
        let wanted = Unknown { channel: "word".into(), steps: 3, example: "z".into() };
        assert_eq!(unknown, [wanted]);
        let written = serde_json::to_string(&inputs).unwrap();
        assert_eq!(written, r#"{"features":[],"tokens":[{"name":"word","vocabulary":["a","b"]}]}"#);
        assert_eq!(serde_json::from_str::<Inputs>(&written).unwrap(), inputs);
    }

    #[test]
    fn other_channels_are_refused() {
        let numbers = Dataset::unlabelled(&[array![[1.0]]]).unwrap();
        let words = Inputs::of(&data(&["a", "a"]), 1);
        let numeric = Inputs::numeric(vec!["x".into()]);
        for (found, wanted) in [
            (
                numeric.encode(&data(&["a"])).unwrap_err().to_string(),
                "data: expected the features x, got none",
            ),
            (
                words.encode(&numbers).unwrap_err().to_string(),
                "data: expected the features none, got channel1",
            ),
        ] {
            assert_eq!(found, wanted);
        }
    }
}
