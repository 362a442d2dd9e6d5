//! `elman score`: how likely lines, tokens and documents are to models of text.

use std::path::PathBuf;

use elman::model::Model;
use elman::text::{Corpus, CorpusOptions, Likelihood, score_lines};
use elman::threads::with_threads;
use serde::Serialize;

use super::{load, task};
use crate::args::options::blame;
use crate::args::text::{EachChoice, ScoreArgs};
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::printer::{Printer, out};

/// A line of a file.
#[derive(Serialize)]
struct LineRow {
    model: String,
    file: String,
    line: usize,
    tokens: usize,
    log_probability: f64,
    bits_per_token: Option<f64>,
}

/// A token of a line.
#[derive(Serialize)]
struct TokenRow {
    model: String,
    file: String,
    line: usize,
    token: String,
    log_probability: f64,
}

/// A document under a model.
#[derive(Serialize)]
struct DocumentRow {
    model: String,
    file: String,
    tokens: u64,
    log_probability: f64,
    nats_per_token: f64,
    bits_per_token: f64,
    perplexity: f64,
}

/// Runs `elman score`.
pub fn run(args: &ScoreArgs, model: Model<f32>) -> Outcome {
    if args.level.is_some() {
        return Err(Failure::input("--level", "a model trained with --task forecast", "another"));
    }
    task(&model, &args.model)?;
    let mut models = vec![(&args.model, model)];
    for path in &args.against {
        models.push((path, load(path)?));
    }
    let scored = with_threads(args.threads, || match args.each.unwrap_or(EachChoice::Line) {
        EachChoice::Document => show(args, documents(args, &models)?),
        EachChoice::Line => {
            let rows = lines(args, &models)?.into_iter().map(Scored::row);
            show(args, rows.collect())
        }
        EachChoice::Token => {
            show(args, lines(args, &models)?.into_iter().flat_map(Scored::tokens).collect())
        }
    });
    scored.map_err(|error| blame(error, &Given::default()))?
}

fn show<R: Serialize>(args: &ScoreArgs, rows: Vec<R>) -> Outcome {
    if args.talk.json {
        return Printer::new(args.talk).result(&rows, |_| String::new());
    }
    let fault = |error: String| Failure::Fault(format!("scores cannot be written as CSV: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(|e| fault(e.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| fault(error.to_string()))?;
    out(&String::from_utf8(bytes).map_err(|error| fault(error.to_string()))?)
}

fn documents(args: &ScoreArgs, models: &[(&PathBuf, Model<f32>)]) -> Outcome<Vec<DocumentRow>> {
    let mut rows = Vec::new();
    for file in &args.files {
        for (path, model) in models {
            let known = CorpusOptions::Known(task(model, path)?.tokenizer());
            let corpus = Corpus::from_files(std::slice::from_ref(file), known)?;
            let found = Likelihood::of(model.network(), &corpus.whole())
                .map_err(|error| Failure::Input(format!("{}: {error}", file.display())))?;
            rows.push(DocumentRow {
                model: path.display().to_string(),
                file: file.display().to_string(),
                tokens: found.tokens,
                log_probability: -found.nats * found.tokens as f64,
                nats_per_token: found.nats,
                bits_per_token: found.bits,
                perplexity: found.perplexity,
            });
        }
    }
    Ok(rows)
}

/// A line with the log probability of each of its tokens.
struct Scored {
    model: String,
    file: String,
    line: usize,
    tokens: Vec<String>,
    scores: Vec<f64>,
}

impl Scored {
    fn row(self) -> LineRow {
        // Of no number the sum of the standard library is -0.
        let sum = self.scores.iter().fold(0.0, |sum, score| sum + score);
        let count = self.scores.len();
        let bits = || -sum / count as f64 / std::f64::consts::LN_2;
        LineRow {
            model: self.model,
            file: self.file,
            line: self.line,
            tokens: count,
            log_probability: sum,
            bits_per_token: (count > 0).then(bits),
        }
    }

    fn tokens(self) -> Vec<TokenRow> {
        let pairs = self.tokens.into_iter().zip(self.scores);
        let row = |(token, log_probability)| TokenRow {
            model: self.model.clone(),
            file: self.file.clone(),
            line: self.line,
            token,
            log_probability,
        };
        pairs.map(row).collect()
    }
}

fn lines(args: &ScoreArgs, models: &[(&PathBuf, Model<f32>)]) -> Outcome<Vec<Scored>> {
    let mut all = Vec::new();
    for file in &args.files {
        for (path, model) in models {
            let tokenizer = task(model, path)?.tokenizer();
            let ids = super::lines(file, tokenizer)?;
            let scores = score_lines(model.network(), tokenizer, &ids)?;
            all.extend(ids.into_iter().zip(scores).enumerate().map(|(index, (ids, scores))| {
                Scored {
                    model: path.display().to_string(),
                    file: file.display().to_string(),
                    line: index + 1,
                    tokens: ids.into_iter().map(|id| tokenizer.token(id)).collect(),
                    scores,
                }
            }));
        }
    }
    Ok(all)
}
