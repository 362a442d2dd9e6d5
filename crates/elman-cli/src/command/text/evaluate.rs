//! `elman evaluate` with a model of text: the whole text, the state carried through all of it.

use elman::model::Model;
use elman::task::{Evaluation, TextTask};
use elman::text::{Corpus, CorpusOptions, Likelihood};
use elman::threads::with_threads;
use serde::Serialize;

use super::refuse_columns;
use crate::args::EvaluateArgs;
use crate::args::options::blame;
use crate::config::Given;
use crate::failure::Outcome;
use crate::printer::{Printer, evaluation};

#[derive(Serialize)]
struct Document<'a> {
    model: &'a std::path::Path,
    evaluation: &'a Evaluation,
}

/// Runs `elman evaluate` on text.
pub fn run(args: &EvaluateArgs, model: &Model<f32>, task: &TextTask) -> Outcome {
    refuse_columns(&args.columns, args.target.is_some())?;
    let corpus = Corpus::from_files(&args.data, CorpusOptions::Known(task.tokenizer()))?;
    let measured = with_threads(args.threads, || Likelihood::of(model.network(), &corpus.whole()));
    let likelihood = measured.map_err(|error| blame(error, &Given::default()))??;
    let evaluation = Evaluation::Text(likelihood.clone());
    let document = Document { model: &args.model, evaluation: &evaluation };
    Printer::new(args.talk).result(&document, |style| {
        let table = evaluation::metrics(&[("data", &evaluation)], style);
        format!("{table}\n{}", evaluation::token_classes(&likelihood, style))
    })
}
