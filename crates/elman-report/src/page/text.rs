//! A model of text: what a text costs it, what it writes, and where it is surprised.

mod surprise;

use std::f64::consts::E;

use elman::model::Model;
use elman::see::{Health, UpdateRatio};
use elman::task::{Task, TextTask};
use elman::text::{Characters, Likelihood, NgramFloor, Passage, Sampling, Tokenizer, Writer};
use elman::{Error, Real, Result};

use super::{health, origin, training};
use crate::chart::bars::named_bars;
use crate::html::{Table, document, escape, figure, paragraph, section};
use crate::text::{number, percent};

/// The temperatures of the samples.
const TEMPERATURES: [f64; 3] = [0.5, 0.8, 1.0];
/// The tokens of a sample.
const SAMPLE: usize = 400;
/// More tokens of a text are not read.
const MOST_TOKENS: u64 = 200_000;
/// The commonest tokens that are listed.
const MOST_LISTED: usize = 24;

/// What a report of a model of text is made of.
///
/// ```
/// use elman::text::{Corpus, CorpusOptions, VocabularyOptions};
/// use elman::train::{Control, NetworkOptions, TextData, Trainer, TrainingOptions};
/// use elman_report::TextReport;
///
/// # fn main() -> elman::Result<()> {
/// let fresh = CorpusOptions::Fresh(VocabularyOptions::default());
/// let corpus = Corpus::from_text("to be or not to be\n".repeat(40), fresh)?;
/// let options = TrainingOptions { batch_size: 2, epochs: Some(1), bptt: Some(16), ..TrainingOptions::default() };
/// let trainer = Trainer::new(options, NetworkOptions::gru(4).every_step().options())?;
/// let data = TextData { training: corpus.whole(), validation: None, embedding_size: 4 };
/// let mut run = trainer.start_text::<f32>(data)?;
/// run.train(&mut |_| Control::Continue)?;
/// let model = run.finish()?.model;
/// let (passage, ngrams) = (Some(corpus.whole()), None);
/// let page = TextReport { model: &model, passage, ngrams, command: None }.page()?;
/// assert!(page.contains("Temperature 0.8") && page.contains("bits"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TextReport<'a, T: Real = f32> {
    /// The model.
    pub model: &'a Model<T>,
    /// A text to show it at.
    pub passage: Option<Passage<'a>>,
    /// What that text costs by the n-grams of the training text, if they were counted.
    pub ngrams: Option<NgramFloor>,
    /// The command that made the model, if it is known.
    pub command: Option<&'a str>,
}

impl<T: Real> TextReport<'_, T> {
    /// The report as one HTML file.
    ///
    /// # Errors
    ///
    /// A model of something else; a text of fewer than two tokens, or one that cannot be read.
    pub fn page(&self) -> Result<String> {
        let model = self.model;
        let Task::Text(task) = model.task() else {
            return Err(Error::argument("model", "a model of text", "another"));
        };
        let title = format!("Elman: text, {}", model.task().target_names().join(", "));
        let mut sections = Vec::new();
        let shown = self.passage.as_ref().map(beginning);
        if let (Some(all), Some(shown)) = (&self.passage, &shown) {
            self.costs([all, shown], &mut sections)?;
        }
        sections.push(section("What it writes", &samples(model, task, shown.as_ref())?));
        sections.extend(training::section(model));
        if let Some(shown) = &shown {
            let measured = match Health::of_text(model, shown) {
                Ok(health) => {
                    let updates = UpdateRatio::of_text(model, shown);
                    health::body(&health) + &health::updates(Some(updates))
                }
                Err(error) => paragraph(&format!("Not measured: {error}.")),
            };
            sections.push(section("Health", &measured));
            sections.push(section("The text as the network sees it", &tokens(shown)?));
        }
        sections.push(section("The network", &origin::network(model)));
        let origin = section("Where it comes from", &origin::body(model, self.command));
        sections.push(origin);
        Ok(document(&title, &sections.concat()))
    }

    fn costs(&self, [all, shown]: [&Passage<'_>; 2], sections: &mut Vec<String>) -> Result<()> {
        let mut found = Likelihood::of(self.model.network(), shown)?;
        // The n-grams are those of the whole text.
        found.ngrams = self.ngrams.filter(|_| all.len() == shown.len());
        let mut summary = summary(&found);
        if all.len() > shown.len() {
            let (shown, all) = (shown.len(), all.len());
            summary += &paragraph(&format!("Of the first {shown} of {all} tokens."));
        }
        sections.push(section("How well it does", &summary));
        sections.push(section("What the tokens cost", &by_class(&found)));
        sections.push(section("Where it is surprised", &surprise::body(self.model, shown)?));
        Ok(())
    }
}

/// The beginning of a text.
fn beginning<'a>(passage: &Passage<'a>) -> Passage<'a> {
    let Passage { corpus, range } = passage;
    let end = range.end.min(range.start + MOST_TOKENS);
    Passage { corpus, range: range.start..end }
}

fn summary(found: &Likelihood) -> String {
    let mut html = "<ul class=\"tiles\">".to_owned();
    let mut tile = |value: String, what: &str| {
        html += &format!("<li><b>{}</b>{}</li>", escape(&value), escape(what));
    };
    tile(number(found.nats), "nats per token");
    tile(number(found.bits), "bits per token");
    tile(number(found.perplexity), "perplexity");
    tile(percent(found.accuracy), "likeliest token was right");
    tile(found.tokens.to_string(), "tokens predicted");
    html += "</ul>\n";
    let mut table = Table::new(["without a network", "nats", "perplexity"]);
    let unigrams = [number(found.floor_nats), number(E.powf(found.floor_nats))];
    table.row(["shares of the tokens in this text".to_owned()].into_iter().chain(unigrams));
    if let Some(floor) = found.ngrams {
        let name = format!("{}-grams of the training text", floor.order);
        table.row([name, number(floor.nats), number(floor.perplexity)]);
    }
    let floor = found.ngrams.map_or(found.floor_nats, |floor| floor.nats.min(found.floor_nats));
    let verdict = match found.nats < floor {
        true => String::new(),
        false => paragraph("A simple predictor does as well: the model does not beat its floor."),
    };
    html + &table.render() + &verdict
}

/// The loss by the kind of the token, the one that costs most in all first.
fn by_class(found: &Likelihood) -> String {
    let mut classes = found.classes.clone();
    let cost = |class: &elman::text::ClassLoss| class.nats * class.tokens as f64;
    classes.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    let all: f64 = classes.iter().map(cost).sum();
    let mut table = Table::new(["kind", "tokens", "nats per token", "share of all nats"]);
    let mut bars = Vec::new();
    for class in &classes {
        let (name, share) =
            (class.class.name().to_owned(), cost(class) / all.max(f64::MIN_POSITIVE));
        table.row([name.clone(), class.tokens.to_string(), number(class.nats), percent(share)]);
        bars.push((name, class.nats));
    }
    figure("Nats per token, by the kind of the token", &named_bars(&bars, "Nats by kind"), &table)
}

/// What the model writes at three temperatures.
fn samples<T: Real>(
    model: &Model<T>,
    task: &TextTask,
    shown: Option<&Passage<'_>>,
) -> Result<String> {
    let mut html = paragraph(
        "At a low temperature it writes what is likeliest; at 1 what it takes the text to be like.",
    );
    for temperature in TEMPERATURES {
        let sampling = Sampling { temperature, seed: 1, ..Sampling::default() };
        let mut writer = Writer::new(model.network(), task.tokenizer(), sampling)?;
        if task.tokenizer().line_break().is_none() {
            writer.read(&first(task.tokenizer(), shown)?)?;
        }
        let (mut characters, mut text) = (Characters::default(), Vec::new());
        for _ in 0..SAMPLE {
            let mut bytes = Vec::new();
            task.tokenizer().decode(writer.write()?, &mut bytes);
            characters.push(&bytes, &mut text);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<String> = text.trim_matches('\n').lines().map(escape).collect();
        html += &format!("<h3>Temperature {temperature}</h3>\n<p class=\"sample\">");
        html += &(lines.join("<br>") + "</p>\n");
    }
    Ok(html)
}

/// What a vocabulary without a line break begins with: the first token of the text, or one that it
/// knows.
fn first(tokenizer: &Tokenizer, shown: Option<&Passage<'_>>) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    match shown {
        Some(shown) => shown.corpus.read(shown.range.start..shown.range.start + 1, &mut ids)?,
        None => ids.push(u32::from(tokenizer.is_unknown(0))),
    }
    Ok(ids)
}

/// The commonest tokens.
fn tokens(passage: &Passage<'_>) -> Result<String> {
    let tokenizer = passage.corpus.tokenizer();
    let (mut counts, mut ids) = (vec![0usize; tokenizer.len()], Vec::new());
    passage.corpus.read(passage.range.clone(), &mut ids)?;
    ids.iter().for_each(|&id| counts[id as usize] += 1);
    let known = counts.iter().filter(|count| **count > 0).count();
    let mut order: Vec<(u32, usize)> = (0..).zip(counts).filter(|(_, count)| *count > 0).collect();
    order.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let text = format!(
        "{} tokens, {known} of {} in the vocabulary. The commonest:",
        ids.len(),
        tokenizer.len()
    );
    let mut table = Table::new(["token", "count", "share"]);
    for (id, count) in order.into_iter().take(MOST_LISTED) {
        let share = percent(count as f64 / ids.len() as f64);
        table.row([format!("{:?}", tokenizer.token(id)), count.to_string(), share]);
    }
    Ok(paragraph(&text) + &table.render())
}
