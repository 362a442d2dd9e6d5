//! Which rows of a run are answered.

use std::ops::Range;

use super::Answers;
use crate::layer::time_loop::Span;

/// The rows of a run, some of them padding.
#[derive(Clone, Debug, Default)]
pub(super) struct AnsweredRows {
    pub all: usize,
    /// Of each sequence.
    pub each: usize,
    /// Runs of valid rows. One run holds everything where nothing is padding.
    pub valid: Vec<Range<usize>>,
}

impl AnsweredRows {
    pub fn set(&mut self, answers: Answers<'_>) {
        self.valid.clear();
        match answers {
            Answers::Steps(Span { lengths, seq_len }) => {
                (self.all, self.each) = (lengths.len() * seq_len, seq_len);
                if lengths.iter().any(|&length| length != seq_len) {
                    let runs = lengths.iter().enumerate();
                    let run = |(row, length)| row * seq_len..row * seq_len + length;
                    self.valid.extend(runs.map(run));
                    return;
                }
            }
            Answers::Sequences(count) => (self.all, self.each) = (count, 1),
        }
        self.valid.push(0..self.all);
    }
}
