//! Targets at every step, token channels and weights of sequences.

use std::sync::Arc;

use ndarray::{Array2, Axis};

use super::testing::{fit, short};
use super::*;
use crate::Network;
use crate::data::{ClassTargets, Targets, TokenChannel, ValueTargets, Vocabulary};
use crate::network::NetworkBuilder;
use crate::rng::Rng;

const WORDS: [&str; 4] = ["up", "down", "stay", "reset"];

/// Tells at each step whether "up" came more often than "down" since the last "reset".
fn counting(count: usize, seed: u64, masked: impl Fn(usize, usize) -> bool) -> Dataset {
    let (mut rng, words) = (Rng::new(seed), Arc::new(Vocabulary::of(WORDS, 1)));
    let (mut lengths, mut ids, mut classes) = (vec![], vec![], vec![]);
    for sequence in 0..count {
        let length = 3 + rng.below(9);
        let mut height = 0i32;
        for step in 0..length {
            let word = rng.below(WORDS.len());
            height = [height + 1, height - 1, height, 0][word];
            ids.push(words.id(WORDS[word]));
            let class = usize::from(height > 0);
            classes.push(if masked(sequence, step) { ClassTargets::NONE } else { class });
        }
        lengths.push(length);
    }
    let channel = TokenChannel::new("word", words, ids).unwrap();
    let labels = vec!["low".into(), "high".into()];
    let targets = ClassTargets::of_steps("height", labels, classes).unwrap();
    Dataset::from_tokens(&lengths, vec![channel], Targets::Classes(targets)).unwrap()
}

fn every_step(hidden_size: usize) -> NetworkBuilder {
    NetworkOptions::gru(hidden_size).every_step()
}

fn weights<T: Real>(trained: &Trained<T>) -> Vec<u64> {
    let values = trained.model.network().parameters().values();
    values.iter().map(|value| value.to_f64().to_bits()).collect()
}

#[test]
fn words_are_tagged_and_the_file_remembers_them() {
    let third = |_, step| step % 3 == 2;
    let trained = fit::<f32>(short(60), every_step(16).options(), &counting(200, 1, third));
    let test = counting(100, 2, |_, _| false);
    let evaluation = trained.model.evaluate(&test).unwrap().into_classes().unwrap();
    assert_eq!(evaluation.sequences, test.total_steps());
    assert!(evaluation.accuracy > 0.98 && evaluation.floor.accuracy < 0.8, "{evaluation:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tags.safetensors");
    trained.model.save(&path).unwrap();
    let loaded = Model::<f32>::load(&path).unwrap();
    let (wanted, found) = (trained.model.predict(&test).unwrap(), loaded.predict(&test).unwrap());
    assert_eq!(found, wanted);
    let classes = found.into_classes().unwrap();
    assert_eq!((classes.len(), classes.steps().len()), (test.total_steps(), test.total_steps()));
    assert_eq!(loaded.inputs().vocabularies[0].vocabulary.texts().len(), WORDS.len());

    // Other data have numbers of their own for the same words.
    let texts = test.token_channels()[0].vocabulary().texts().iter().rev().cloned().collect();
    let other = Arc::new(Vocabulary::new(texts).unwrap());
    let count = u32::try_from(WORDS.len()).unwrap();
    let ids = test.token_channels()[0].ids().iter().map(|&id| count + 1 - id).collect();
    let channel = TokenChannel::new("word", other, ids).unwrap();
    let other = Dataset::from_tokens(&test.lengths(), vec![channel], Targets::None).unwrap();
    assert_eq!(loaded.predict(&other).unwrap(), wanted);
}

#[test]
fn numbers_are_learnt_at_every_step_that_has_one() {
    let mut rng = Rng::new(3);
    let lengths: Vec<usize> = (0..150).map(|_| 2 + rng.below(7)).collect();
    let sequences = lengths
        .iter()
        .map(|&length| Array2::from_shape_simple_fn((length, 1), || 2.0 * rng.uniform() - 1.0));
    let sequences: Vec<_> = sequences.collect();
    // The sum so far, in a unit of its own; every fourth step is left out.
    let sums = |sequence: &Array2<f64>| {
        let mut sum = 0.0;
        let at = |(step, value): (usize, &f64)| {
            sum += value;
            if step % 4 == 3 { f64::NAN } else { 500.0 + 30.0 * sum }
        };
        sequence.iter().enumerate().map(at).collect::<Vec<_>>()
    };
    let values: Vec<f64> = sequences.iter().flat_map(sums).collect();
    let values = Array2::from_shape_vec((values.len(), 1), values).unwrap();
    let targets = Targets::Values(ValueTargets::of_steps(vec!["sum".into()], values).unwrap());
    let views: Vec<_> = sequences.iter().map(|sequence| sequence.view()).collect();
    let data = Dataset::from_sequences(&views, vec!["x".into()], targets).unwrap();
    let options = TrainingOptions { validation_fraction: 0.2, ..short(80) };
    let trained = fit::<f32>(options, every_step(16).options(), &data);
    let evaluation = trained.report.validation.unwrap().into_values().unwrap();
    let target = &evaluation.targets[0];
    assert!(target.model.rmse < 0.1 * target.floor.rmse, "{target:?}");
    assert!(evaluation.sequences < data.total_steps() / 5);
}

#[test]
fn truncation_of_every_step_learns_from_all_answers() {
    let data = counting(40, 4, |_, _| false);
    let train =
        |bptt| fit::<f64>(TrainingOptions { bptt, ..short(2) }, every_step(8).options(), &data);
    let whole = train(None);
    assert_eq!(weights(&train(Some(11))), weights(&whole));
    let cut = train(Some(3));
    assert_ne!(weights(&cut), weights(&whole));
    // The first update sees the same weights, and forward runs are the same in pieces.
    let loss = |trained: &Trained<f64>| trained.report.epochs[0].loss;
    assert!((loss(&cut) / loss(&whole) - 1.0).abs() < 0.05);
}

#[test]
fn sequences_without_answers_and_sequences_of_no_weight_teach_nothing() {
    let odd = |sequence: usize, _| sequence % 2 == 1;
    let masked = fit::<f64>(short(2), every_step(8).options(), &counting(40, 5, odd));
    let whole = || counting(40, 5, |_, _| false);
    let weighted = |weight: fn(usize) -> f64| {
        let data = whole().with_weights((0..40).map(weight).collect()).unwrap();
        weights(&fit::<f64>(short(2), every_step(8).options(), &data))
    };
    assert_eq!(weighted(|index| if index % 2 == 1 { 0.0 } else { 1.0 }), weights(&masked));
    let plain = weights(&fit::<f64>(short(2), every_step(8).options(), &whole()));
    assert_eq!(weighted(|_| 4.0), plain);
    assert_ne!(weighted(|index| 1.0 + index as f64), plain);
}

#[test]
fn readouts_that_do_not_suit_the_targets_are_refused() {
    let data = counting(20, 6, |_, _| false);
    let trainer = Trainer::new(short(1), NetworkOptions::simple(4).options()).unwrap();
    let error = trainer.fit(&data).unwrap_err().to_string();
    let expected = "every step, as there is an answer for each, got a pooling over the steps";
    assert_eq!(error, format!("readout: expected {expected}"));

    let tagger = fit::<f32>(short(1), every_step(4).options(), &data).model;
    let ids = data.token_channels()[0].ids().to_vec();
    let channel = TokenChannel::new("word", Arc::clone(data.token_channels()[0].vocabulary()), ids);
    let labels = vec!["low".into(), "high".into()];
    let classes = ClassTargets::new("height", labels, vec![0; 20]).unwrap();
    let tokens = vec![channel.unwrap()];
    let of_sequences = Dataset::from_tokens(&data.lengths(), tokens, Targets::Classes(classes));
    let error = tagger.evaluate(&of_sequences.unwrap()).unwrap_err().to_string();
    assert_eq!(error, "data: expected a target at every step, got a target for each sequence");
}

#[test]
fn outputs_of_steps_stand_in_the_order_of_the_data() {
    let data = counting(30, 7, |_, _| false);
    let model = fit::<f64>(short(1), every_step(4).options(), &data).model;
    let all = model.outputs(&data).unwrap();
    // With the numbers that words have in the model.
    let data = model.inputs().read(&data).unwrap();
    let mut start = 0;
    for (index, length) in data.lengths().into_iter().enumerate() {
        let batch = data.batch::<f64>(&[index], None).unwrap();
        let network: &Network<f64> = model.network();
        let own = network.forward(&batch, None).unwrap().outputs;
        let found = all.slice_axis(Axis(0), (start..start + length).into());
        assert_eq!(found, own.index_axis(Axis(0), 0));
        start += length;
    }
}
