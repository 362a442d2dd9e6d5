//! Data sets of texts and of words in memory, with the channels that files of them have.

use super::layout::Tokens;
use super::words::{Column, WordChannels};
use super::{Dataset, Targets, TokenChannel};
use crate::error::Result;

impl Dataset {
    /// A sequence of each text, whose steps are its characters or words: what a table with a column of
    /// text is read as. The token channel has this name.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::data::{Targets, Tokens};
    ///
    /// # fn main() -> elman::Result<()> {
    /// let data = Dataset::from_texts("text", &["It's fine.", ""], Tokens::Words, Targets::None)?;
    /// assert_eq!(data.lengths(), [5, 0]); // it ' s fine .
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Targets for another number of texts or tokens.
    pub fn from_texts<S: AsRef<str>>(
        name: &str,
        texts: &[S],
        tokens: Tokens,
        targets: Targets,
    ) -> Result<Self> {
        let mut column = Column::default();
        let lengths = texts.iter().map(|text| {
            let mut length = 0;
            tokens.of(text.as_ref(), |token| {
                column.add(token);
                length += 1;
            });
            length
        });
        let lengths: Vec<usize> = lengths.collect();
        Self::from_tokens(&lengths, vec![column.finish(name)?], targets)
    }

    /// A sequence of each list of tokens, which are taken as they are. The token channel has this name.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::data::Targets;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let data = Dataset::from_token_lists("move", &[vec!["e4", "e5"], vec!["d4"]], Targets::None)?;
    /// assert_eq!(data.token_channels()[0].vocabulary().texts(), ["e4", "e5", "d4"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Targets for another number of lists or tokens.
    pub fn from_token_lists<S: AsRef<str>>(
        name: &str,
        lists: &[Vec<S>],
        targets: Targets,
    ) -> Result<Self> {
        let mut column = Column::default();
        lists.iter().flatten().for_each(|token| column.add(token.as_ref()));
        Self::of_lists(lists, vec![column.finish(name)?], targets)
    }

    /// A sequence of each sentence, whose steps are its words with the channels that a
    /// [tagged text](super::tagged) has: `word`, `suffix1` to `suffix3`, and `shape`.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::data::Targets;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let data = Dataset::from_sentences(&[vec!["fly", "to", "Boston"]], Targets::None)?;
    /// let names: Vec<&str> = data.token_channels().iter().map(|channel| channel.name()).collect();
    /// assert_eq!(names, ["word", "suffix1", "suffix2", "suffix3", "shape"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Targets for another number of sentences or words.
    pub fn from_sentences<S: AsRef<str>>(sentences: &[Vec<S>], targets: Targets) -> Result<Self> {
        let mut channels = WordChannels::default();
        sentences.iter().flatten().for_each(|word| channels.add(word.as_ref()));
        Self::of_lists(sentences, channels.finish()?, targets)
    }

    fn of_lists<S>(lists: &[Vec<S>], tokens: Vec<TokenChannel>, targets: Targets) -> Result<Self> {
        let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
        Self::from_tokens(&lengths, tokens, targets)
    }
}
