//! A passage coloured by surprise: how unlikely the network took each token to be.

use std::fmt::Write as _;

use elman::model::Model;
use elman::text::{Passage, log_probabilities};
use elman::{Real, Result};

use crate::html::{Table, escape, paragraph};
use crate::text::number;

/// The tokens of the passage.
const MOST_TOKENS: u64 = 700;
/// The tokens that are read before it, so that the network knows what it is in.
const BEFORE: u64 = 300;
/// The strengths of the colour.
const LEVELS: usize = 6;
/// The bits of one strength.
const BITS: f64 = 1.5;
/// The tokens that are listed.
const MOST_LISTED: usize = 20;
/// The tokens before these that are listed with them.
const LISTED_BEFORE: usize = 24;

/// A token with its surprise.
struct Surprise {
    token: String,
    bits: f64,
}

/// The passage, and its most surprising tokens in a table.
pub fn body<T: Real>(model: &Model<T>, passage: &Passage<'_>) -> Result<String> {
    let corpus = passage.corpus;
    let end = passage.range.end.min(passage.range.start + BEFORE + MOST_TOKENS);
    let shown = Passage { corpus, range: passage.range.start..end };
    let mut all = Vec::new();
    log_probabilities(model.network(), &shown, |id, log_probability, _| {
        let token = corpus.tokenizer().token(id);
        all.push(Surprise { token, bits: -log_probability / std::f64::consts::LN_2 });
    })?;
    let most = usize::try_from(MOST_TOKENS).unwrap_or(usize::MAX);
    let all = &all[all.len().saturating_sub(most)..];
    let text = format!(
        "The stronger the colour, the less the network had expected the token: the strongest stands \
         for {:.0} bits or more, one chance in {:.0}.",
        BITS * LEVELS as f64,
        2f64.powf(BITS * LEVELS as f64)
    );
    let summary = "<details><summary>The most surprising tokens</summary>";
    Ok(paragraph(&text) + &coloured(all) + summary + &listed(all).render() + "</details>\n")
}

fn coloured(all: &[Surprise]) -> String {
    let mut html = "<p class=\"sample\">".to_owned();
    for Surprise { token, bits } in all {
        let level = (1..=LEVELS).rev().find(|level| *bits >= BITS * *level as f64).unwrap_or(0);
        let shown = escape(&token.replace('\n', "⏎"));
        let _ = write!(html, "<span class=\"q{level}\" title=\"{bits:.1}\">{shown}</span>");
        if token.ends_with('\n') {
            html += "<br>";
        }
    }
    html + "</p>\n"
}

fn listed(all: &[Surprise]) -> Table {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*b].bits.total_cmp(&all[*a].bits));
    let mut table = Table::new(["after", "token", "bits"]);
    for at in order.into_iter().take(MOST_LISTED) {
        let before = &all[at.saturating_sub(LISTED_BEFORE)..at];
        let before: String = before.iter().map(|own| own.token.as_str()).collect();
        let shown = |text: &str| text.replace('\n', "⏎");
        table.row([shown(&before), shown(&all[at].token), number(all[at].bits)]);
    }
    table
}
