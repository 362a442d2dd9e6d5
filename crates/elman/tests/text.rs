//! Language models: lanes against sequences cut by hand, the loss of a whole text, what is written, and a
//! source whose entropy is known.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use elman::clip::Clip;
use elman::loss::{Classes, CrossEntropy, RowWeights, TargetClasses};
use elman::network::{NetworkBuilder, NetworkTrace, TokenInput};
use elman::optimizer::OptimizerConfig;
use elman::real::Float;
use elman::rng::Philox;
use elman::text::{
    Corpus, CorpusOptions, Likelihood, Sampling, Tokenizer, VocabularyOptions, Writer, greedy,
    log_probabilities, softmax,
};
use elman::train::{Control, NetworkOptions, TextData, Trainer, TrainingOptions};
use elman::{DropoutMode, Network, Parameters, Rng, SequenceBatch, TokenBatch};
use ndarray::{Array2, Array3, ArrayView2};

fn corpus(text: &str) -> Corpus {
    Corpus::from_text(text, CorpusOptions::Fresh(VocabularyOptions::default())).unwrap()
}

/// Text without a pattern that a network could learn at once.
fn noise(length: usize) -> String {
    let mut rng = Rng::new(3);
    (0..length).map(|_| char::from(b"abcdefgh \n"[rng.below(10)])).collect()
}

fn ids(corpus: &Corpus) -> Vec<u32> {
    let mut ids = Vec::new();
    corpus.read(0..corpus.len(), &mut ids).unwrap();
    ids
}

fn batch(sequences: &[&[u32]]) -> SequenceBatch<f64> {
    SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(sequences)]).unwrap()
}

/// The gradient of the sum of the losses of some steps, and the state after them.
struct Cut {
    gradient: Parameters<f64>,
    loss: f64,
    state: elman::NetworkState<f64>,
}

fn cut(network: &Network<f64>, tokens: &[u32], state: Option<&elman::NetworkState<f64>>) -> Cut {
    let (inputs, targets) = (&tokens[..tokens.len() - 1], &tokens[1..]);
    let batch = batch(&[inputs]);
    let mut trace = NetworkTrace::default();
    network.forward_traced(&batch, state, DropoutMode::Off, &mut trace).unwrap();
    let (steps, width) = (inputs.len(), network.config().output_size());
    let outputs: Array2<f64> =
        trace.outputs().to_owned().into_shape_with_order((steps, width)).unwrap();
    let mut grad = Array2::zeros((steps, width));
    let classes: Vec<i64> = targets.iter().map(|id| i64::from(*id)).collect();
    let targets = TargetClasses { classes: Classes::Indices(&classes), weights: RowWeights::Equal };
    let loss = CrossEntropy::default().gradient(outputs.view(), targets, grad.view_mut()).unwrap();
    grad *= steps as f64;
    let grad: Array3<f64> = grad.into_shape_with_order((1, steps, width)).unwrap();
    let mut gradient = network.parameters().zeros_like();
    let state = network.final_state(&trace);
    network.backward(&batch, &mut trace, grad.view(), &mut gradient).unwrap();
    Cut { gradient, loss: loss * steps as f64, state }
}

/// Lanes with a carried state are as many long sequences, cut by hand: each update follows the mean
/// gradient of a stretch of all of them.
#[test]
fn lanes_are_long_sequences_cut_by_hand() {
    let corpus = corpus(&noise(104));
    let tokens = ids(&corpus);
    for (lanes, bptt) in [(1, 10), (3, 7), (4, 25), (5, 4)] {
        let options = TrainingOptions {
            optimizer: OptimizerConfig::Sgd(Default::default()),
            learning_rate: 0.5,
            clip: Clip::None,
            batch_size: lanes,
            bptt: Some(bptt),
            epochs: Some(2),
            ..TrainingOptions::default()
        };
        let body = NetworkOptions::lstm(5).gru(4).every_step().options();
        let trainer = Trainer::new(options, body).unwrap();
        let text = TextData { training: corpus.whole(), validation: None, embedding_size: 3 };
        let mut run = trainer.start_text::<f64>(text).unwrap();
        let mut network = Network::new(run.network().config().clone()).unwrap();
        network.update(|weights| weights.clone_from(run.network().parameters()));

        // 103 predictions: the first lanes have one more.
        let (each, more) = (103 / lanes, 103 % lanes);
        let starts: Vec<usize> = (0..=lanes).map(|l| l * each + l.min(more)).collect();
        for epoch in 1..=2 {
            let mut states = vec![None; lanes];
            let (mut losses, mut step) = (0.0, 0);
            while step < each + usize::from(more > 0) {
                let mut sum = network.parameters().zeros_like();
                let mut count = 0;
                for lane in 0..lanes {
                    let start = (starts[lane] + step).min(starts[lane + 1]);
                    let end = (start + bptt).min(starts[lane + 1]);
                    if end == start {
                        continue;
                    }
                    let cut = cut(&network, &tokens[start..=end], states[lane].as_ref());
                    let pairs = sum.values_mut().iter_mut().zip(cut.gradient.values());
                    pairs.for_each(|(sum, value)| *sum += value);
                    count += end - start;
                    losses += cut.loss;
                    states[lane] = Some(cut.state);
                }
                network.update(|weights| {
                    let pairs = weights.values_mut().iter_mut().zip(sum.values());
                    pairs.for_each(|(weight, grad)| *weight -= 0.5 * grad / count as f64);
                });
                run.step().unwrap();
                let found = run.network().parameters().values();
                for (found, expected) in found.iter().zip(network.parameters().values()) {
                    let scale = expected.abs().max(0.1);
                    assert!(
                        (found - expected).abs() < 1e-11 * scale,
                        "{lanes} lanes: {found} {expected}"
                    );
                }
                step += bptt;
            }
            run.step().unwrap();
            assert_eq!(run.history().len(), epoch);
            assert!((run.history()[epoch - 1].loss - losses / 103.0).abs() < 1e-12);
        }
    }
}

fn random(config: NetworkBuilder, vocabulary: usize) -> Network<f32> {
    let mut network = Network::new(config.every_step().dense(vocabulary)).unwrap();
    let mut rng = Rng::new(8);
    network.update(|parameters| {
        parameters.values_mut().iter_mut().for_each(|v| *v = f32::from_f64(0.4 * rng.normal()));
    });
    network
}

/// A text longer than what is computed at once: its loss is that of one run over all of it.
#[test]
fn the_loss_of_a_text_is_that_of_one_run() {
    let corpus = corpus(&noise(5000));
    let size = corpus.tokenizer().len();
    let network = random(Network::builder(0).tokens(TokenInput::new(size, 4)).lstm(6).gru(5), size);
    let tokens = ids(&corpus);
    let inputs = SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&[&tokens[..4999]])]);
    let run = network.forward(&inputs.unwrap(), None).unwrap();
    let logits: ArrayView2<f32> = run.outputs.index_axis(ndarray::Axis(0), 0);
    let (mut expected, mut probabilities) = (Vec::new(), vec![0.0; size]);
    for (row, &id) in logits.rows().into_iter().zip(&tokens[1..]) {
        let row: Vec<f64> = row.iter().map(|logit| f64::from(*logit)).collect();
        softmax(&row, &mut probabilities);
        expected.push((id, probabilities[id as usize], greedy(&row) == id as usize));
    }
    let mut found = Vec::new();
    log_probabilities(&network, &corpus.whole(), |id, p, likeliest| found.push((id, p, likeliest)))
        .unwrap();
    assert_eq!(found.len(), 4999);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((found.0, found.2), (expected.0, expected.2));
        assert!((Float::exp(found.1) - expected.1).abs() < 1e-14);
    }
    let likelihood = Likelihood::of(&network, &corpus.whole()).unwrap();
    let nats = -found.iter().map(|(_, p, _)| p).sum::<f64>() / 4999.0;
    assert!((likelihood.nats - nats).abs() < 1e-12);
    assert!((likelihood.bits - nats / std::f64::consts::LN_2).abs() < 1e-12);
    assert!((likelihood.perplexity - Float::exp(nats)).abs() < 1e-9);
    let kinds: u64 = likelihood.classes.iter().map(|class| class.tokens).sum();
    assert_eq!(kinds, 4999);
    let by_kind: f64 = likelihood.classes.iter().map(|c| c.nats * c.tokens as f64).sum();
    assert!((by_kind / 4999.0 - nats).abs() < 1e-12);
}

/// What is written is what running the whole text again at every step would choose.
#[test]
fn what_is_written_is_what_the_whole_prefix_gives() {
    let tokenizer = Tokenizer::of(&noise(200), &VocabularyOptions::default()).unwrap();
    let size = tokenizer.len();
    let inputs = || Network::builder(0).tokens(TokenInput::new(size, 4));
    for builder in [inputs().simple(7), inputs().lstm(6).gru(5), inputs().gru(40)] {
        let network = random(builder, size);
        let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
        let mut writer = Writer::new(&network, &tokenizer, sampling).unwrap();
        let mut text = tokenizer.encode("bad cab").unwrap();
        writer.read(&text).unwrap();
        for _ in 0..40 {
            let whole = SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&[&text])]);
            let outputs = network.forward(&whole.unwrap(), None).unwrap().outputs;
            let last = outputs.rows().into_iter().last().unwrap();
            let last: Vec<f64> = last.iter().map(|v| f64::from(*v)).collect();
            let id = writer.write().unwrap();
            assert_eq!(id as usize, greedy(&last));
            text.push(id);
        }
    }
}

/// p(next | two symbols before), by their index `3·first + second`: a source of order two.
const SOURCE: [[f64; 3]; 9] = [
    [0.70, 0.20, 0.10],
    [0.10, 0.10, 0.80],
    [0.25, 0.50, 0.25],
    [0.05, 0.90, 0.05],
    [0.60, 0.30, 0.10],
    [0.34, 0.33, 0.33],
    [0.15, 0.05, 0.80],
    [0.80, 0.10, 0.10],
    [0.20, 0.40, 0.40],
];

fn draw(length: usize, seed: u64) -> Vec<usize> {
    let philox = Philox::from_seed(seed);
    let mut symbols = vec![0, 0];
    for index in 2..length {
        let context = 3 * symbols[index - 2] + symbols[index - 1];
        let [word, ..] = philox.block([u32::try_from(index).unwrap(), 0, 0, 0]);
        let mut rest = f64::from(word) / 2f64.powi(32);
        let next = SOURCE[context].iter().position(|p| {
            rest -= p;
            rest < 0.0
        });
        symbols.push(next.unwrap_or(2));
    }
    symbols
}

fn as_text(symbols: &[usize]) -> String {
    symbols.iter().map(|symbol| ["a", "b", "\n"][*symbol]).collect()
}

/// The entropy of the source in nats a symbol, from its stationary distribution.
fn entropy_rate() -> f64 {
    let mut share = [1.0 / 9.0; 9];
    for _ in 0..10_000 {
        let mut next = [0.0; 9];
        for (context, p) in share.iter().enumerate() {
            for symbol in 0..3 {
                next[3 * (context % 3) + symbol] += p * SOURCE[context][symbol];
            }
        }
        share = next;
    }
    let entropy = |row: &[f64; 3]| -row.iter().map(|p| p * Float::ln(*p)).sum::<f64>();
    share.iter().zip(&SOURCE).map(|(p, row)| p * entropy(row)).sum()
}

#[test]
fn a_markov_source_is_learnt_to_its_entropy_and_written_with_its_statistics() {
    let (training, test) = (draw(60_000, 1), draw(60_000, 2));
    let learn = corpus(&as_text(&training));
    let held_out =
        Corpus::from_text(as_text(&test), CorpusOptions::Known(learn.tokenizer())).unwrap();
    let options = TrainingOptions {
        batch_size: 16,
        bptt: Some(32),
        epochs: Some(8),
        learning_rate: 0.01,
        schedule: Some(elman::schedule::Schedule::Cosine { updates: 944, least_rate: 1e-4 }),
        ..TrainingOptions::default()
    };
    let body = NetworkOptions::gru(16).every_step().options();
    let text = TextData { training: learn.whole(), validation: None, embedding_size: 4 };
    let mut run = Trainer::new(options, body).unwrap().start_text::<f32>(text).unwrap();
    run.train(&mut |_| Control::Continue).unwrap();
    let model = run.finish().unwrap().model;

    // What the source itself pays for the held-out text is its entropy rate and the luck of the draw.
    let rate = entropy_rate();
    let own = |window: &[usize]| -Float::ln(SOURCE[3 * window[0] + window[1]][window[2]]);
    let paid = test.windows(3).map(own).sum::<f64>() / (test.len() - 2) as f64;
    assert!((paid / rate - 1.0).abs() < 0.01, "{paid} of {rate}");
    let found = Likelihood::of(model.network(), &held_out.whole()).unwrap().nats;
    assert!((found - paid).abs() < 0.01 * rate, "{found} nats where the source has {paid}");
    assert!((found / rate - 1.0).abs() < 0.01, "{found} nats at an entropy of {rate}");

    let mut writer = Writer::new(model.network(), learn.tokenizer(), Sampling::default()).unwrap();
    writer.read(&learn.tokenizer().encode("aa").unwrap()).unwrap();
    let mut written = vec![0, 0];
    for _ in 0..3000 {
        // The vocabulary is in the order of the characters: line break, a, b.
        written.push([2, 0, 1][writer.write().unwrap() as usize]);
    }
    let mut counts = [[0.0; 3]; 9];
    written.windows(3).for_each(|w| counts[3 * w[0] + w[1]][w[2]] += 1.0);
    let mut chi_square = 0.0;
    for (counts, row) in counts.iter().zip(&SOURCE) {
        let all: f64 = counts.iter().sum();
        chi_square +=
            counts.iter().zip(row).map(|(n, p)| (n - all * p).powi(2) / (all * p)).sum::<f64>();
    }
    // Nine contexts of two degrees of freedom: beyond 42.31 once in a thousand.
    assert!(chi_square < 42.31, "{chi_square}: {counts:?}");
}

#[test]
fn texts_and_options_that_do_not_go_together_are_refused() {
    let corpus = corpus("abcabcabc\n");
    let start = |options: TrainingOptions, body: NetworkBuilder| {
        let text = TextData { training: corpus.whole(), validation: None, embedding_size: 2 };
        let trainer = Trainer::new(options, body.options())?;
        trainer.start_text::<f32>(text).map(drop)
    };
    let plain = || TrainingOptions { batch_size: 2, bptt: Some(3), ..TrainingOptions::default() };
    let body = || NetworkOptions::gru(3).every_step();
    assert!(start(plain(), body()).is_ok());
    for (options, body, expected) in [
        (
            TrainingOptions { batch_size: 4, ..plain() },
            body(),
            "text: expected at least 13 tokens (4 lanes of 3 steps, and one), got 10",
        ),
        (
            plain(),
            NetworkOptions::gru(3).last_step(),
            "readout: expected an answer at every step, as text has a next token there, got a pooling",
        ),
        (
            TrainingOptions { bptt: None, ..plain() },
            body().bidirectional(),
            "layers[0].directions: expected forward layers for text, got one that reads the tokens to be predicted",
        ),
        (
            TrainingOptions { patience: Some(2), ..plain() },
            body(),
            "patience: expected validation data, or a validation fraction, beside it, got 2",
        ),
    ] {
        assert_eq!(start(options, body).unwrap_err().to_string(), expected);
    }
}
