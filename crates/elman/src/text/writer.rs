//! A network that writes: a prompt, then one token after the other.

use super::sample::{Sampler, Sampling};
use super::tokenizer::Tokenizer;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::real::Real;
use crate::stream::Stream;

/// A text on its way: what a network writes after a prompt.
///
/// The draw of a token depends on the seed and on how many were drawn before, so that a prompt is
/// continued in the same way alone and among others.
///
/// ```
/// use elman::network::TokenInput;
/// use elman::text::{Sampling, Tokenizer, VocabularyOptions, Writer};
/// use elman::{Network, Rng};
///
/// # fn main() -> elman::Result<()> {
/// let tokenizer = Tokenizer::of("abc\n", &VocabularyOptions::default())?;
/// let inputs = Network::builder(0).tokens(TokenInput::new(4, 3));
/// let mut network = Network::<f32>::new(inputs.gru(8).every_step().dense(4))?;
/// network.initialize(&mut Rng::new(1))?;
///
/// let mut writer = Writer::new(&network, &tokenizer, Sampling::default())?;
/// writer.read(&tokenizer.encode("ab")?)?;
/// let mut text = Vec::new();
/// for _ in 0..10 {
///     let id = writer.write()?;
///     tokenizer.decode(id, &mut text);
/// }
/// assert_eq!(text.len(), 10);
/// # Ok(())
/// # }
/// ```
pub struct Writer<'n, T: Real> {
    stream: Stream<'n, T>,
    sampler: Sampler,
    /// What a text is taken to begin after.
    before: Option<u32>,
    /// The last token that the network has not read.
    next: Option<u32>,
    written: u64,
}

impl<'n, T: Real> Writer<'n, T> {
    /// A writer before the first token.
    ///
    /// # Errors
    ///
    /// A network that does not go from token to token; settings out of range.
    pub fn new(network: &'n Network<T>, tokenizer: &Tokenizer, sampling: Sampling) -> Result<Self> {
        let (stream, sampler) = (Stream::new(network, 1)?, Sampler::new(sampling)?);
        Ok(Writer { stream, sampler, before: tokenizer.line_break(), next: None, written: 0 })
    }

    /// Reads a prompt, or a part of one.
    ///
    /// # Errors
    ///
    /// A token that the network does not know.
    pub fn read(&mut self, ids: &[u32]) -> Result<()> {
        for &id in ids {
            self.step()?;
            self.next = Some(id);
        }
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        if let Some(id) = self.next.take() {
            self.stream.step_tokens(&[id])?;
        }
        Ok(())
    }

    /// Writes one token. A text without a prompt is taken to begin after a line break.
    ///
    /// # Errors
    ///
    /// No prompt where the vocabulary has no line break; an output that is not finite.
    pub fn write(&mut self) -> Result<u32> {
        if self.written == 0 && self.next.is_none() {
            let expected = "a prompt, as the model knows no line break to begin after";
            self.next = self.before;
            self.next.ok_or_else(|| Error::argument("prompt", expected, "none"))?;
        }
        self.step()?;
        let logits = self.stream.outputs();
        if let Some(bad) = logits.iter().find(|logit| !logit.is_finite()) {
            return Err(Error::argument("output", "a finite number", bad.to_f64()));
        }
        let id = u32::try_from(self.sampler.choose(logits, self.written)).unwrap_or(u32::MAX);
        self.written += 1;
        self.next = Some(id);
        Ok(id)
    }
}

/// Holds back bytes that are the beginning of a character, until the rest of it has come.
#[derive(Clone, Debug, Default)]
pub struct Characters {
    held: Vec<u8>,
}

impl Characters {
    /// Takes bytes, and moves those that are whole characters, or none at all, to `out`.
    ///
    /// ```
    /// use elman::text::Characters;
    ///
    /// let (mut characters, mut out) = (Characters::default(), Vec::new());
    /// for byte in "né".bytes() {
    ///     characters.push(&[byte], &mut out);
    /// }
    /// assert_eq!(out, "né".as_bytes());
    /// characters.push(&"é".as_bytes()[..1], &mut out);
    /// assert_eq!(out, "né".as_bytes());
    /// ```
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() - unfinished(&self.held);
        out.extend(self.held.drain(..whole));
    }
}

/// How many bytes at the end are a beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    (start..bytes.len())
        .find(|&at| match std::str::from_utf8(&bytes[at..]) {
            Ok(_) => false,
            Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
        })
        .map_or(0, |at| bytes.len() - at)
}

/// Looks for a text that ends the writing, and holds back what may become it.
#[derive(Clone, Debug)]
pub struct StopText {
    stop: Vec<u8>,
    held: Vec<u8>,
}

impl StopText {
    /// Ends before this text.
    ///
    /// # Errors
    ///
    /// An empty text.
    pub fn new(stop: &str) -> Result<Self> {
        if stop.is_empty() {
            return Err(Error::argument("stop", "a text", "an empty one"));
        }
        Ok(StopText { stop: stop.as_bytes().to_vec(), held: Vec::new() })
    }

    /// Takes bytes, and moves to `out` what stands before the stop text; whether that has come.
    ///
    /// ```
    /// use elman::text::StopText;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let (mut stop, mut out) = (StopText::new("END")?, Vec::new());
    /// assert!(!stop.push(b"an EN", &mut out));
    /// assert_eq!(out, b"an ");
    /// assert!(stop.push(b"D and more", &mut out));
    /// assert_eq!(out, b"an ");
    /// # Ok(())
    /// # }
    /// ```
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        self.held.extend_from_slice(bytes);
        let found = self.held.windows(self.stop.len()).position(|window| window == self.stop);
        if let Some(at) = found {
            out.extend_from_slice(&self.held[..at]);
            self.held.clear();
            return true;
        }
        let begins = |at: &usize| self.stop.starts_with(&self.held[*at..]);
        let start = (self.held.len() + 1).saturating_sub(self.stop.len());
        let kept = (start..self.held.len()).find(begins).unwrap_or(self.held.len());
        out.extend(self.held.drain(..kept));
        false
    }

    /// What was held back, where the text ends without the stop text.
    pub fn rest(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_character_are_let_through() {
        let (mut characters, mut out) = (Characters::default(), Vec::new());
        characters.push(b"a\xffb\xe7\x8b", &mut out);
        assert_eq!(out, b"a\xffb");
        characters.push(b"\x90", &mut out);
        assert_eq!(
            out,
            "a\u{0}b狐"
                .as_bytes()
                .iter()
                .map(|b| if *b == 0 { 0xff } else { *b })
                .collect::<Vec<_>>()
        );
        characters.push(b"\xc3x", &mut out);
        assert_eq!(&out[out.len() - 2..], b"\xc3x");
    }

    #[test]
    fn a_stop_text_is_found_over_all_seams() {
        let text = b"abababc!";
        for cut in 0..text.len() {
            let (mut stop, mut out) = (StopText::new("ababc").unwrap(), Vec::new());
            let first = stop.push(&text[..cut], &mut out);
            assert!(first || stop.push(&text[cut..], &mut out), "cut at {cut}");
            assert_eq!(out, b"ab", "cut at {cut}");
        }
        let (mut stop, mut out) = (StopText::new("xyz").unwrap(), Vec::new());
        assert!(!stop.push(b"axy", &mut out));
        stop.rest(&mut out);
        assert_eq!(out, b"axy");
    }
}
