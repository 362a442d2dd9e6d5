//! `elman train --task text`: from files of text to a model that writes.

use std::path::Path;
use std::time::Instant;

use elman::Model;
use elman::io::Checkpoint;
use elman::network::{NetworkConfig, OutputWeights};
use elman::task::Evaluation;
use elman::text::{
    Characters, Corpus, CorpusOptions, Likelihood, NGrams, Normalization, Passage, Sampling,
    TokenUnit, VocabularyOptions, Writer,
};
use elman::train::{EpochRecord, Progress, Run, RunDescription, TextData, Trained, Trainer};
use serde::Serialize;

use crate::args::TrainArgs;
use crate::args::network_options::network;
use crate::args::options::{self, blame};
use crate::args::records::Every;
use crate::args::text::TextArgs;
use crate::args::value::{EachChoice, UnitChoice};
use crate::command::network_words::network_words;
use crate::command::record::Recorder;
use crate::command::report::{self, TextTraining};
use crate::command::train::{ending, ending_words, finish, output, verdict};
use crate::config::Given;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::printer::text::{Facts, counted};
use crate::printer::{Printer, evaluation, stderr_is_watched};

/// The length of a sample.
const SAMPLE: usize = 300;

/// The texts of a run.
struct Texts {
    training: Corpus,
    validation: Option<Corpus>,
    test: Option<Corpus>,
    /// The part of the training files that is the test.
    test_fraction: f64,
}

/// The result as JSON.
#[derive(Serialize)]
struct Document<'a> {
    model: Option<&'a Path>,
    data: Understood,
    network: &'a NetworkConfig,
    parameters: usize,
    settings: &'a serde_json::Value,
    ending: &'static str,
    best_epoch: Option<usize>,
    epochs: &'a [EpochRecord],
    seconds: f64,
    validation: Option<&'a Evaluation>,
    test: Option<&'a Evaluation>,
}

/// The sizes of the texts, in tokens.
#[derive(Clone, Serialize)]
struct Understood {
    unit: TokenUnit,
    vocabulary: usize,
    training: u64,
    validation: u64,
    test: u64,
}

/// Runs `elman train` on text.
pub fn run(args: &TrainArgs, given: &Given) -> Outcome {
    let printer = Printer::new(args.talk);
    let mut body = network(&args.network, EachChoice::Step);
    if args.text.tied {
        body.head.output_weights = OutputWeights::Embedding;
    }
    let trainer = options::trainer(args, body, given)?;
    let output = output(args)?;
    report::check_training(args)?;
    let texts = Texts::read(args)?;
    let (data, test) = texts.parts(args);
    let (learnt, set_aside) = cut(&data, args);
    let understood = understand(&texts, [&learnt, &set_aside], test.as_ref());
    let refused = |error: elman::Error| match error.to_string() {
        text if text.starts_with("text: ") => {
            Failure::Input(format!("{text} (hint: fewer --lanes or a shorter --bptt)"))
        }
        _ => blame(error, given),
    };
    let mut run = start(&trainer, data, args).map_err(refused)?;
    run.set_notes(serde_json::json!(given.settings()));
    let recorder = Recorder::new(&args.records, &run)?;
    printer.say(|style| describe(&understood, &run.description(), args).render(style) + "\n");
    interrupt::catch()?;
    let mut samples = Samples::new(args, &texts.training, printer);
    let trained = finish(run, recorder, printer, &mut |run, progress| samples.after(run, progress));
    let Trained { mut model, report } = trained?;
    let shown = shown([test.as_ref(), Some(&set_aside), Some(&learnt)]);
    let test = test.map(|text| measure(&model, &learnt, &text)).transpose()?;
    if let Some(test) = &test {
        let metrics = &mut model.provenance_mut().metrics;
        metrics.insert("test_loss".to_owned(), test.nats);
        metrics.insert("test_perplexity".to_owned(), test.perplexity);
    }
    let saved = (report.best_epoch != Some(0)).then_some(output.as_path());
    if let Some(path) = saved {
        model.save(path)?;
    }
    printer.say(|_| ending_words(&report, 0, saved));
    let floor = test.as_ref().map(ngram_floor).unwrap_or_default();
    if let (Some(path), Some(_), Some(passage)) = (&args.records.report, saved, shown) {
        let ngrams = test.as_ref().and_then(|test| test.ngrams);
        let training =
            TextTraining { model: &model, passage, ngrams, threads: args.trainer.threads };
        report::of_text(path, training, printer)?;
    }
    let test = test.map(Evaluation::Text);
    let document = Document {
        model: saved,
        data: understood,
        network: model.network().config(),
        parameters: model.network().parameters().values().len(),
        settings: &model.provenance().settings,
        ending: ending(&report.outcome),
        best_epoch: report.best_epoch,
        epochs: &report.epochs,
        seconds: report.elapsed.as_secs_f64(),
        validation: report.validation.as_ref(),
        test: test.as_ref(),
    };
    let parts = [("validation", &report.validation), ("test", &test)];
    let parts = parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)));
    printer.result(&document, |style| match saved {
        Some(_) => evaluation::metrics(&parts.collect::<Vec<_>>(), style) + &floor,
        None => String::new(),
    })?;
    verdict(&report, saved)
}

impl Texts {
    fn read(args: &TrainArgs) -> Outcome<Self> {
        let fresh = CorpusOptions::Fresh(vocabulary(args));
        let training = Corpus::from_files(&args.train, fresh)?;
        let further = |path: &Option<std::path::PathBuf>| {
            let known = CorpusOptions::Known(training.tokenizer());
            path.as_ref()
                .map(|path| Corpus::from_files(std::slice::from_ref(path), known))
                .transpose()
        };
        let (validation, test) = (further(&args.validation)?, further(&args.test)?);
        let test_fraction = args.text.test_fraction.unwrap_or(0.0);
        Ok(Texts { validation, test, training, test_fraction })
    }

    /// What is learnt from, and what the model is measured on.
    fn parts(&self, args: &TrainArgs) -> (TextData<'_>, Option<Passage<'_>>) {
        let whole = self.training.whole();
        let (training, test) = match &self.test {
            Some(test) => (whole, Some(test.whole())),
            None => {
                let (training, test) = whole.split_end(self.test_fraction);
                (training, (test.len() > 1).then_some(test))
            }
        };
        let validation = self.validation.as_ref().map(Corpus::whole);
        let embedding_size = args.text.embedding_size.unwrap_or(0);
        (TextData { training, validation, embedding_size }, test)
    }
}

/// What the report is made of: the first part that has a token to predict.
fn shown<'a>(parts: [Option<&Passage<'a>>; 3]) -> Option<Passage<'a>> {
    parts.into_iter().flatten().find(|passage| passage.len() > 1).cloned()
}

/// What the test text costs, by the network and by the n-grams of the training text.
fn measure(
    model: &Model<f32>,
    learnt: &Passage<'_>,
    test: &Passage<'_>,
) -> elman::Result<Likelihood> {
    let mut likelihood = Likelihood::of(model.network(), test)?;
    let order = NGrams::usual_order(likelihood.unit);
    likelihood.ngrams = Some(NGrams::of(learnt, order)?.floor(test)?);
    Ok(likelihood)
}

/// What a token is.
fn vocabulary(args: &TrainArgs) -> VocabularyOptions {
    let TextArgs { nfc, vocabulary_size, least_count, .. } = args.text;
    VocabularyOptions {
        unit: match args.columns.tokens {
            UnitChoice::Bytes => TokenUnit::Bytes,
            UnitChoice::Characters => TokenUnit::Characters,
            UnitChoice::Words => TokenUnit::Words,
        },
        normalization: if nfc { Normalization::Nfc } else { Normalization::None },
        most_words: vocabulary_size,
        least_count: least_count as u64,
    }
}

/// The run from its first update, or from where a checkpoint has it.
fn start<'a>(trainer: &Trainer, text: TextData<'a>, args: &TrainArgs) -> elman::Result<Run<'a>> {
    match &args.records.resume {
        Some(path) => Checkpoint::load(path)?.resume_text_with(trainer, text),
        None => trainer.start_text(text),
    }
}

/// What is learnt from, and what chooses the best epoch.
fn cut<'a>(data: &TextData<'a>, args: &TrainArgs) -> (Passage<'a>, Passage<'a>) {
    let share = args.validation_fraction.filter(|_| data.validation.is_none()).unwrap_or(0.0);
    let (training, set_aside) = data.training.split_end(share);
    (training, data.validation.clone().unwrap_or(set_aside))
}

fn understand(
    texts: &Texts,
    [training, validation]: [&Passage<'_>; 2],
    test: Option<&Passage<'_>>,
) -> Understood {
    Understood {
        unit: texts.training.tokenizer().unit(),
        vocabulary: texts.training.tokenizer().len(),
        training: training.len(),
        validation: validation.len(),
        test: test.map_or(0, Passage::len),
    }
}

fn describe(understood: &Understood, run: &RunDescription, args: &TrainArgs) -> Facts {
    let mut facts = Facts::default();
    let unit = match understood.unit {
        TokenUnit::Bytes => "byte",
        TokenUnit::Characters => "character",
        TokenUnit::Words => "word",
    };
    let parts = [
        ("training", understood.training),
        ("validation", understood.validation),
        ("test", understood.test),
    ];
    for (name, tokens) in parts.into_iter().filter(|(_, tokens)| *tokens > 0) {
        facts.add(name, counted(usize::try_from(tokens).unwrap_or(usize::MAX), unit));
    }
    facts.add("vocabulary", counted(understood.vocabulary, unit));
    facts.add("network", network_words(&run.network));
    facts.add("", counted(run.parameters, "parameter"));
    let steps = args.trainer.bptt.map_or("the whole lane".to_owned(), |n| counted(n, "step"));
    let (lanes, updates) =
        (counted(args.text.lanes, "lane"), counted(run.updates_per_epoch, "update"));
    facts.add("an epoch", format!("{updates} of {lanes} and {steps}"));
    facts
}

/// What the n-grams of the training text make of the test, and what to try where the network is not better.
fn ngram_floor(test: &Likelihood) -> String {
    let Some(floor) = test.ngrams else { return String::new() };
    let unit = match test.unit {
        TokenUnit::Bytes => "bytes",
        TokenUnit::Characters => "characters",
        TokenUnit::Words => "words",
    };
    let line = format!(
        "{}-grams of {unit} in the training text: {:.4} nats, perplexity {:.4}\n",
        floor.order, floor.nats, floor.perplexity
    );
    if test.nats < floor.nats {
        return line;
    }
    line + "the network does not beat them (hint: more --epochs, or a larger --hidden-size)\n"
}

/// What the network writes while it learns, for those who watch.
struct Samples<'a> {
    every: Every,
    corpus: &'a Corpus,
    printer: Printer,
    watched: bool,
    last: Instant,
    updates: usize,
    epochs: usize,
}

impl<'a> Samples<'a> {
    fn new(args: &TrainArgs, corpus: &'a Corpus, printer: Printer) -> Self {
        Samples {
            every: args.text.sample_every,
            corpus,
            printer,
            watched: printer.talks() && stderr_is_watched(),
            last: Instant::now(),
            updates: 0,
            epochs: 0,
        }
    }

    /// A sample, if it is time for one.
    fn after(&mut self, run: &Run<'_>, _: &Progress) -> Option<String> {
        if !self.watched || !self.is_due(run) {
            return None;
        }
        (self.last, self.updates, self.epochs) =
            (Instant::now(), run.updates(), run.history().len());
        let text = sample(run, self.corpus).ok()?;
        let title = format!("after {}:", counted(run.updates(), "update"));
        let _ = self.printer;
        Some(format!("{title}\n{}\n", text.trim_matches('\n')))
    }

    fn is_due(&self, run: &Run<'_>) -> bool {
        match self.every {
            Every::Seconds(seconds) => self.last.elapsed().as_secs() >= seconds,
            Every::Epochs(epochs) => run.history().len() >= self.epochs + epochs,
            Every::Updates(updates) => run.updates() >= self.updates + updates,
        }
    }
}

fn sample(run: &Run<'_>, corpus: &Corpus) -> elman::Result<String> {
    let sampling = Sampling { seed: run.updates() as u64, ..Sampling::default() };
    let tokenizer = corpus.tokenizer();
    let mut writer = Writer::new(run.network(), tokenizer, sampling)?;
    if tokenizer.line_break().is_none() {
        let mut first = Vec::new();
        corpus.read(0..1, &mut first)?;
        writer.read(&first)?;
    }
    let (mut characters, mut text) = (Characters::default(), Vec::new());
    for _ in 0..SAMPLE {
        let mut bytes = Vec::new();
        tokenizer.decode(writer.write()?, &mut bytes);
        characters.push(&bytes, &mut text);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
