//! Token channels: a number of a vocabulary at every step.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Dataset, Parts, Targets, Vocabulary};
use crate::error::{Error, Result};

/// A channel of tokens: words, characters or categories, by their number in a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenChannel {
    name: String,
    vocabulary: Arc<Vocabulary>,
    ids: Vec<u32>, // [Σ T_n]
}

impl TokenChannel {
    /// The ids of all steps `[Σ T_n]`, one sequence after the other.
    ///
    /// # Errors
    ///
    /// An id that the vocabulary does not have.
    pub fn new(
        name: impl Into<String>,
        vocabulary: Arc<Vocabulary>,
        ids: Vec<u32>,
    ) -> Result<Self> {
        let name = name.into();
        match ids.iter().enumerate().find(|(_, id)| **id as usize >= vocabulary.len()) {
            None => Ok(TokenChannel { name, vocabulary, ids }),
            Some((step, id)) => {
                let expected = format!("an id below {} (vocabulary)", vocabulary.len());
                Err(Error::argument(format!("token channel {name:?}, step {step}"), expected, id))
            }
        }
    }

    /// What is read: the name of the column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the ids stand for.
    #[must_use]
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// The ids of all steps `[Σ T_n]`.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The steps at `spans`.
    pub(super) fn subset(&self, spans: &[Range<usize>]) -> Self {
        let ids = spans.iter().flat_map(|span| &self.ids[span.clone()]).copied().collect();
        TokenChannel { name: self.name.clone(), vocabulary: Arc::clone(&self.vocabulary), ids }
    }
}

/// A token channel without its ids: what a model knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedVocabulary {
    /// The name of the channel.
    pub name: String,
    /// What its ids stand for.
    pub vocabulary: Vocabulary,
}

impl From<&TokenChannel> for NamedVocabulary {
    fn from(channel: &TokenChannel) -> Self {
        let vocabulary = Vocabulary::clone(&channel.vocabulary);
        NamedVocabulary { name: channel.name.clone(), vocabulary }
    }
}

impl NamedVocabulary {
    /// The width of an embedding for so many texts: `1.6·V^0.56`, at most 600.
    ///
    /// # Source
    ///
    /// fastai 2, `tabular.model.emb_sz_rule`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 600")]
    pub fn embedding_size(&self) -> usize {
        let size = 1.6 * libm::pow(self.vocabulary.len() as f64, 0.56);
        (size.round() as usize).clamp(1, 600)
    }
}

impl Dataset {
    /// Sequences of these lengths `[N]` with token channels alone; the ids are `"0"`, `"1"`, ….
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use elman::Dataset;
    /// use elman::data::{ClassTargets, Targets, TokenChannel, Vocabulary};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let words = Arc::new(Vocabulary::of(["fly", "to", "Boston", "hello"], 1));
    /// let ids = ["fly", "to", "Boston", "hello"].map(|word| words.id(word)).to_vec();
    /// let channel = TokenChannel::new("word", words, ids)?;
    /// let tags = ClassTargets::of_steps(
    ///     "tag",
    ///     vec!["O".into(), "CITY".into()],
    ///     vec![0, 0, 1, ClassTargets::NONE],
    /// )?;
    /// let data = Dataset::from_tokens(&[3, 1], vec![channel], Targets::Classes(tags))?;
    /// assert_eq!((data.len(), data.input_size()), (2, 0));
    ///
    /// let batch = data.batch::<f32>(&[1, 0], None)?;
    /// assert_eq!(batch.tokens()[0].lengths(), [1, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No channel; a name used twice; a channel or targets of another number of steps.
    pub fn from_tokens(
        lengths: &[usize],
        tokens: Vec<TokenChannel>,
        targets: Targets,
    ) -> Result<Self> {
        let mut offsets = vec![0];
        for (index, length) in lengths.iter().enumerate() {
            offsets.push(offsets[index] + length);
        }
        let ids = (0..lengths.len()).map(|index| index.to_string()).collect();
        let (feature_names, values) = (vec![], vec![]);
        Dataset::assemble(Parts { ids, feature_names, values, tokens, offsets, targets })
    }

    /// The same data with these token channels in place of those it has.
    ///
    /// # Errors
    ///
    /// A channel of another number of steps; a name used twice, by a numeric channel too; no channel
    /// where there is no numeric one.
    pub fn with_token_channels(self, tokens: Vec<TokenChannel>) -> Result<Self> {
        check(&self.feature_names, &tokens, self.total_steps())?;
        Ok(Dataset { tokens, ..self })
    }

    /// The token channels.
    #[must_use]
    pub fn token_channels(&self) -> &[TokenChannel] {
        &self.tokens
    }
}

/// Refuses data without any channel, names used twice, and token channels of another number of steps.
pub(super) fn check(features: &[String], tokens: &[TokenChannel], steps: usize) -> Result<()> {
    let names: Vec<String> =
        features.iter().cloned().chain(tokens.iter().map(|token| token.name.clone())).collect();
    if names.is_empty() {
        return Err(Error::argument("feature_names", "at least one", "none"));
    }
    if let Some(name) = super::repeated(&names) {
        let found = format!("{name:?} twice");
        return Err(Error::argument("feature_names", "each name once", found));
    }
    match tokens.iter().find(|token| token.ids.len() != steps) {
        Some(TokenChannel { name, ids, .. }) => {
            Err(Error::shape(format!("token channel {name:?}"), &[steps], &[ids.len()]))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn letters() -> Arc<Vocabulary> {
        Arc::new(Vocabulary::of(["a", "b", "c"], 1))
    }

    fn channel(name: &str, ids: &[u32]) -> TokenChannel {
        TokenChannel::new(name, letters(), ids.to_vec()).unwrap()
    }

    #[test]
    fn tokens_stand_beside_numbers_in_subsets_and_batches() {
        let sequences = [array![[0.5], [1.5]], array![[2.5]], array![[3.5], [4.5], [5.5]]];
        let data = Dataset::unlabelled(&sequences).unwrap();
        let data = data.with_token_channels(vec![channel("letter", &[1, 2, 3, 0, 1, 2])]).unwrap();
        let batch = data.batch::<f64>(&[2, 1], None).unwrap();
        assert_eq!(batch.tokens()[0].ids(), array![[0, 1, 2], [3, 0, 0]]);
        assert_eq!(batch.input_size(), 1);
        let part = data.subset(&[2, 0]).unwrap();
        assert_eq!(part.token_channels()[0].ids(), [0, 1, 2, 1, 2]);
        assert!(Arc::ptr_eq(
            part.token_channels()[0].vocabulary(),
            data.token_channels()[0].vocabulary()
        ));
        let part = part.batch::<f64>(&[0], None).unwrap();
        assert_eq!(part.tokens()[0].ids(), array![[0, 1, 2]]);
    }

    #[test]
    fn channels_that_do_not_fit_are_refused() {
        let one = || Dataset::unlabelled(&[array![[0.5], [1.5]]]).unwrap();
        let twice = vec![channel("a", &[1, 2]), channel("a", &[1, 2])];
        let tokens = |channels| Dataset::from_tokens(&[1, 1], channels, Targets::None);
        for (result, wanted) in [
            (
                one().with_token_channels(vec![channel("a", &[1])]),
                "token channel \"a\": expected shape [2], got [1]",
            ),
            (
                one().with_token_channels(vec![channel("channel1", &[1, 1])]),
                "feature_names: expected each name once, got \"channel1\" twice",
            ),
            (tokens(twice), "feature_names: expected each name once, got \"a\" twice"),
            (tokens(vec![]), "feature_names: expected at least one, got none"),
            (
                tokens(vec![channel("a", &[1, 2, 3])]),
                "token channel \"a\": expected shape [2], got [3]",
            ),
        ] {
            assert_eq!(result.unwrap_err().to_string(), wanted);
        }
        let error = TokenChannel::new("a", letters(), vec![3, 4]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "token channel \"a\", step 1: expected an id below 4 (vocabulary), got 4"
        );
    }
}
