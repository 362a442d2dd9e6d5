//! `elman score`: how likely text, or each row of series, is to a model.

use elman::model::Model;

use super::{forecast, text};
use crate::args::text::ScoreArgs;
use crate::failure::Outcome;

/// Runs `elman score`.
pub fn run(args: &ScoreArgs) -> Outcome {
    let model = Model::<f32>::load(&args.model)?;
    match model.task().forecast() {
        Some(_) => forecast::score::run(args, &model),
        None => text::score::run(args, model),
    }
}
