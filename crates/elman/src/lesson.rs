//! What a run learns from, whatever the data and the task: batches with their targets, and what is
//! minimised of them.
//!
//! A [`Feed`] cuts an epoch into pieces and fills a [`Batch`] with one of them. An [`Objective`]
//! gives the loss of the network's answers, its gradient, and the metric. An answer belongs to a
//! sequence or to a step.

mod feed;
mod objective;
mod score;
mod tally;
mod targets;

pub(crate) use feed::{Batch, Feed, Piece, Start};
pub(crate) use objective::{Classes, Labels, Objective, Tokens, Values};
pub use score::Score;
pub(crate) use tally::Tally;
pub(crate) use targets::BatchTargets;

/// Both sides of what a run learns.
pub(crate) struct Lesson<'a, T> {
    pub(crate) feed: &'a mut dyn Feed<T>,
    pub(crate) objective: &'a dyn Objective<T>,
}
