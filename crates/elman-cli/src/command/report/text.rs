//! The report of a model of text.

use std::path::Path;

use elman::model::Model;
use elman::task::TextTask;
use elman::text::{Corpus, CorpusOptions, NgramFloor, Passage};
use elman::threads::with_threads;
use elman_report::TextReport;

use crate::args::see::ReportArgs;
use crate::command::text::refuse_columns;
use crate::failure::{Failure, Outcome};
use crate::printer::Printer;

/// The page of `elman report` for text.
pub fn page(args: &ReportArgs, model: &Model<f32>, task: &TextTask) -> Outcome<String> {
    refuse_columns(&args.columns, args.target.is_some())?;
    if args.without_answers {
        let found = "one of text, whose answers are its next tokens";
        return Err(Failure::input("--without-answers", "a model of sequences", found));
    }
    let corpus = match args.data.is_empty() {
        true => None,
        false => Some(Corpus::from_files(&args.data, CorpusOptions::Known(task.tokenizer()))?),
    };
    let passage = corpus.as_ref().map(Corpus::whole);
    super::made(args, || TextReport { model, passage, ngrams: None, command: None }.page())
}

/// What the report of a training run is about.
pub struct Training<'a> {
    pub model: &'a Model<f32>,
    pub passage: Passage<'a>,
    pub ngrams: Option<NgramFloor>,
    pub threads: Option<usize>,
}

/// Writes the report of a training run.
pub fn of_training(path: &Path, training: Training<'_>, printer: Printer) -> Outcome {
    let Training { model, passage, ngrams, threads } = training;
    let command = super::command();
    let report = TextReport { model, passage: Some(passage), ngrams, command: Some(&command) };
    let page = with_threads(threads, || report.page())??;
    super::keep(path, &page, printer)
}
