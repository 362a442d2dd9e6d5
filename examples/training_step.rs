//! Where the time of a training step goes: `cargo run --release -p elman --example training_step`.
//!
//! The workload `small` (32 sequences of 100 steps, 12 inputs, 64 units, 10 classes, f32, two
//! threads) in the parts that `Trainer` puts together, and the same with an embedding of 1000 tokens
//! for inputs. Each figure is the least of many steps. The head runs inside the network; it is timed
//! on its own and taken off the network's time, so that what is left is the layer's. With `every`
//! as its argument the network has a class for each step instead of one for each sequence.

use std::iter::repeat_n;
use std::time::{Duration, Instant};

use elman::clip::{Clip, Norm};
use elman::data::{Dataset, Targets};
use elman::loss::CrossEntropy;
use elman::network::NetworkConfig;
use elman::optimizer::{Optimizer, OptimizerConfig};
use elman::real::Float;
use elman::train::Sequences;
use elman::*;
use ndarray::{Array2, Array3};

/// B, T, I (or E) and H.
const SMALL: [usize; 4] = [32, 100, 12, 64];
const CLASSES: usize = 10;
const VOCABULARY: u32 = 1000;
/// How long each network trains.
const BUDGET: Duration = Duration::from_secs(4);

/// The least seconds of each part of a step.
#[derive(Default)]
struct Profile(Vec<(&'static str, f64)>);

impl Profile {
    fn time<R>(&mut self, part: &'static str, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.add(part, start.elapsed().as_secs_f64());
        result
    }

    fn add(&mut self, part: &'static str, seconds: f64) {
        match self.0.iter_mut().find(|(name, _)| *name == part) {
            Some((_, least)) => *least = least.min(seconds),
            None => self.0.push((part, seconds)),
        }
    }

    /// Takes the time of a part off that of another one, which it is a part of.
    fn take(&mut self, part: &str, off: &str) {
        let seconds = self.0.iter().find(|entry| entry.0 == part).map_or(0.0, |entry| entry.1);
        self.0.iter_mut().filter(|entry| entry.0 == off).for_each(|entry| entry.1 -= seconds);
    }
}

fn main() -> Result<()> {
    let every = std::env::args().any(|argument| argument == "every");
    let readout = if every { Readout::EveryStep } else { Readout::default() };
    println!("instructions: {}\ncell,inputs,part,microseconds,percent", level()?);
    let cells = [
        ("simple", CellKind::Simple(SimpleOptions::DEFAULT)),
        ("lstm", CellKind::Lstm(LstmOptions::DEFAULT)),
        ("gru", CellKind::Gru(GruOptions::DEFAULT)),
    ];
    for (name, cell) in cells {
        for inputs in ["numbers", "tokens"] {
            let layer = LayerConfig::new(cell.clone(), SMALL[3]);
            let mut config = Network::builder(SMALL[2]).layer(layer).dense(CLASSES);
            config.body.readout = readout.clone();
            let profile = threads::with_threads(Some(2), || profile(config, inputs == "tokens"))??;
            let sum: f64 = profile.0.iter().map(|(_, seconds)| seconds).sum();
            for (part, seconds) in profile.0.iter().chain(&[("all", sum)]) {
                println!(
                    "{name},{inputs},{part},{:.1},{:.2}",
                    seconds * 1e6,
                    100.0 * seconds / sum
                );
            }
        }
    }
    Ok(())
}

/// Sequences of numbers, or of tokens, and their classes.
struct Data {
    sequences: Sequences<f32>,
    texts: Vec<Vec<u32>>,
    classes: Vec<i64>,
}

/// Eight batches of random sequences.
fn data([b, t, i, _]: [usize; 4], rng: &mut Rng) -> Result<Data> {
    let values = Array3::from_shape_simple_fn((8 * b, t, i), || rng.normal());
    let views: Vec<_> = values.outer_iter().collect();
    let names = (0..i).map(|channel| channel.to_string()).collect();
    let dataset = Dataset::from_sequences(&views, names, Targets::None)?;
    let vocabulary: Vec<u32> = (0..VOCABULARY).collect();
    let mut text = || (0..t).map(|_| vocabulary[rng.below(vocabulary.len())]).collect();
    let texts: Vec<Vec<u32>> = views.iter().map(|_| text()).collect();
    let classes = texts.iter().map(|text| i64::from(text[0] % 10)).collect();
    Ok(Data { sequences: Sequences::new(&dataset, None)?, texts, classes })
}

fn profile(config: NetworkConfig, from_tokens: bool) -> Result<Profile> {
    let mut profile = Profile::default();
    let rows = train(config, from_tokens, &mut profile)?;
    time_head(&mut profile, rows)?;
    profile.take("optimiser", "packing of the weights");
    profile.take("head forward", "layer forward");
    profile.take("head backward", "layer backward");
    Ok(profile)
}

/// Times steps of training, and returns how many rows the head has in each.
fn train(config: NetworkConfig, from_tokens: bool, profile: &mut Profile) -> Result<usize> {
    let ([b, _, i, _], mut rng) = (SMALL, Rng::new(1));
    let Data { sequences, texts, classes } = data(SMALL, &mut rng)?;
    let mut network = Network::<f32>::new(config)?;
    let embedding = Embedding::new(VOCABULARY as usize, i)?;
    network.initialize(&mut rng)?;
    let (mut table, mut grad_table) = (embedding.parameters(), embedding.parameters());
    table.values_mut().iter_mut().for_each(|value| *value = f32::from_f64(rng.normal()));
    let adam = OptimizerConfig::default();
    let mut optimizer = Optimizer::new(adam, network.parameters())?;
    let mut table_optimizer = Optimizer::new(adam, &table)?;
    // What a step writes is memory that the next step uses again.
    let (mut batch, mut tokens) = (SequenceBatch::default(), TokenBatch::default());
    let (mut trace, mut bottom) = (NetworkTrace::default(), NetworkGradient::default());
    let (mut grad, mut grad_logits) = (network.parameters().zeros_like(), Array2::zeros((0, 0)));
    let mut targets: Vec<i64> = Vec::new();
    let start = Instant::now();
    while start.elapsed() < BUDGET {
        let order = Instant::now();
        let epoch = sequences.epoch(b, &mut rng);
        profile.add("order of the batches", order.elapsed().as_secs_f64() / epoch.len() as f64);
        for rows in epoch {
            profile.time("batching", || {
                if from_tokens {
                    tokens.refill(rows.iter().map(|&row| texts[row].as_slice()));
                    Ok(())
                } else {
                    sequences.batch_into(&rows, &mut batch)
                }
            })?;
            if from_tokens {
                profile.time("embedding forward", || {
                    embedding.forward_into(&table, &tokens, &mut batch)
                })?;
            }
            profile.time("layer forward", || {
                network.forward_traced(&batch, None, DropoutMode::Off, &mut trace)
            })?;
            let (_, answers, _) = trace.outputs().dim();
            let logits = trace.outputs().into_shape_with_order((b * answers, CLASSES));
            let logits = logits.expect("[B, S, O] is [B·S, O]");
            if grad_logits.dim() != logits.dim() {
                grad_logits = Array2::zeros(logits.dim());
            }
            profile.time("loss", || {
                targets.clear();
                targets.extend(rows.iter().flat_map(|&row| repeat_n(classes[row], answers)));
                let targets = targets.as_slice().into();
                CrossEntropy::default().gradient(logits, targets, grad_logits.view_mut())
            })?;
            let grad_outputs = grad_logits.view().into_shape_with_order((b, answers, CLASSES));
            let grad_outputs = grad_outputs.expect("[B·S, O] is [B, S, O]");
            profile.time("layer backward", || {
                grad.values_mut().fill(0.0);
                if from_tokens {
                    let (trace, to) = (&mut trace, &mut bottom);
                    network.backward_to_inputs_into(&batch, trace, grad_outputs, &mut grad, to)
                } else {
                    network.backward(&batch, &mut trace, grad_outputs, &mut grad)
                }
            })?;
            if from_tokens {
                profile.time("embedding backward", || {
                    grad_table.values_mut().fill(0.0);
                    embedding.backward(&tokens, bottom.inputs.view(), &mut grad_table)
                })?;
            }
            let below = Learning {
                weights: &mut table,
                optimizer: &mut table_optimizer,
                grad: &mut grad_table,
            };
            let own =
                Learning { weights: &mut network, optimizer: &mut optimizer, grad: &mut grad };
            change(profile, own, from_tokens.then_some(below))?;
        }
    }
    Ok(grad_logits.nrows())
}

/// Weights with what changes them.
struct Learning<'a, W> {
    weights: &'a mut W,
    optimizer: &'a mut Optimizer<f32>,
    grad: &'a mut Parameters<f32>,
}

/// Clips the gradients and changes the weights, those of the embedding `below` too.
fn change(
    profile: &mut Profile,
    own: Learning<'_, Network<f32>>,
    mut below: Option<Learning<'_, Parameters<f32>>>,
) -> Result<()> {
    // A limit that always cuts.
    let clip = Clip::Norm { limit: 0.01, kind: Norm::L2 };
    profile.time("clipping", || {
        if let Some(below) = &mut below {
            clip.apply(below.grad.values_mut())?;
        }
        clip.apply(own.grad.values_mut())
    })?;
    let update = Instant::now();
    own.weights.update(|parameters| {
        profile.time("optimiser", || {
            if let Some(below) = below {
                below.optimizer.step(1e-3, below.weights, below.grad)?;
            }
            own.optimizer.step(1e-3, parameters, own.grad)
        })
    })?;
    profile.add("packing of the weights", update.elapsed().as_secs_f64());
    Ok(())
}

/// The head on its own, for as many rows as it has in the network.
fn time_head(profile: &mut Profile, rows: usize) -> Result<()> {
    let head = Dense::new(SMALL[3], CLASSES)?;
    let parameters = head.parameters::<f32>();
    let (prepared, mut grad) = (head.prepare(&parameters)?, parameters.zeros_like());
    let mut inputs = Array2::ones((rows, SMALL[3]));
    let (features, mut outputs) = (inputs.clone(), Array2::ones((rows, CLASSES)));
    for _ in 0..5000 {
        profile.time("head forward", || {
            head.forward_into(&prepared, features.view(), outputs.view_mut())
        })?;
        profile.time("head backward", || {
            let batch = DenseBatch { inputs: features.view(), grad_outputs: outputs.view() };
            head.backward_into(&prepared, batch, inputs.view_mut(), &mut grad)
        })?;
    }
    Ok(())
}
