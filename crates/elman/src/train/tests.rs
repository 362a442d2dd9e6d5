//! Training as a whole: what it reaches, what it repeats bit for bit, how it ends and what it refuses.

mod endings;
mod refused;

use std::collections::BTreeMap;

use super::testing::{fit, means, short, signs, small};
use super::*;
use crate::cell::{CellKind, SimpleOptions};
use crate::clip::{Clip, Norm};
use crate::data::{ClassTargets, Targets};
use crate::loss::RegressionLoss;
use crate::network::NetworkBuilder;
use crate::optimizer::{Averaging, OptimizerConfig, Sgd};
use crate::schedule::{Plateau, Schedule, Warmup};
use crate::stack::{LayerConfig, Merge};
use crate::task::FloorKind;
use crate::{ActivationKind, Network};

/// 8 simple units of another activation.
fn of(activation: ActivationKind) -> NetworkBuilder {
    let options = SimpleOptions { activation, ..SimpleOptions::DEFAULT };
    crate::Network::builder(2).layer(LayerConfig::new(CellKind::Simple(options), 8))
}

fn weights<T: Real>(trained: &Trained<T>) -> Vec<u64> {
    let values = trained.model.network().parameters().values();
    values.iter().map(|value| value.to_f64().to_bits()).collect()
}

#[test]
fn the_sign_of_a_sum_is_told_for_sequences_not_seen_before() {
    let trained = fit::<f32>(short(60), small(), &signs(200, 1));
    let evaluation = trained.model.evaluate(&signs(100, 2)).unwrap();
    assert!((evaluation.score().value() - 1.0).abs() < 1e-12, "{:?}", evaluation.score());
    let majority = evaluation.classes().unwrap().floor.accuracy;
    assert!(majority < 0.7, "{majority}");
    // The sign of a sum is that of a mean: logistic regression on means tells it as well.
    assert_eq!(evaluation.best_floor(), Some(FloorKind::Logistic));
    assert!(evaluation.floor().value() > 0.95, "{:?}", evaluation.floors());
    assert_eq!(trained.report.outcome, Outcome::Finished);
    assert_eq!(trained.report.best_epoch, Some(60));
}

#[test]
fn means_are_regressed_in_their_own_units() {
    // A mean over time of a linear network is the mean up to a linear map: an exact fit exists.
    let network = of(ActivationKind::Identity).mean().options();
    let trained = fit::<f64>(short(150), network, &means(200, 1));
    let test = means(50, 2);
    let evaluation = trained.model.evaluate(&test).unwrap().into_values().unwrap();
    for target in &evaluation.targets {
        assert!(target.model.rmse < 0.02 * target.floor.rmse, "{target:?}");
        assert!(target.model.r2.unwrap() > 0.999 && target.floor.r2.unwrap() < 0.01, "{target:?}");
    }
    assert!(evaluation.targets[0].floor.rmse > 10.0 && evaluation.targets[1].floor.rmse < 0.01);
}

#[test]
fn one_seed_gives_the_same_bits_on_any_number_of_threads() {
    let data = signs(60, 3);
    // Large enough that the layers do use several threads.
    let network = NetworkOptions::simple(70).bidirectional().simple(70).bidirectional().mean();
    let network = network.head_dropout(0.3).options();
    let options = |seed, threads| TrainingOptions {
        batch_size: 32,
        validation_fraction: 0.2,
        seed,
        threads,
        ..short(3)
    };
    let reference = fit::<f32>(options(7, Some(1)), network.clone(), &data);
    for threads in [Some(2), Some(3), None] {
        let other = fit::<f32>(options(7, threads), network.clone(), &data);
        assert_eq!(weights(&reference), weights(&other), "{threads:?}");
        assert_eq!(reference.report.epochs, other.report.epochs);
        assert_eq!(reference.model.provenance(), other.model.provenance());
    }
    let other = fit::<f32>(options(8, Some(1)), network, &data);
    assert_ne!(weights(&reference), weights(&other));
}

#[test]
fn every_option_makes_a_difference() {
    let data = signs(40, 4);
    let plain = weights(&fit::<f32>(short(2), small(), &data));
    let options = [
        TrainingOptions { epochs: Some(3), ..short(2) },
        TrainingOptions { batch_size: 8, ..short(2) },
        TrainingOptions { accumulation: 2, ..short(2) },
        TrainingOptions { bptt: Some(5), ..short(2) },
        TrainingOptions { schedule: Some(Schedule::Exponential { factor: 0.9 }), ..short(2) },
        TrainingOptions { warmup: Some(Warmup { updates: 2, start_factor: 0.5 }), ..short(2) },
        TrainingOptions { averaging: Some(Averaging::Ema { decay: 0.5, start: 0 }), ..short(2) },
        TrainingOptions { max_updates: Some(5), ..short(2) },
        TrainingOptions { optimizer: OptimizerConfig::Sgd(Sgd::default()), ..short(2) },
        TrainingOptions { learning_rate: 0.004, ..short(2) },
        TrainingOptions { clip: Clip::Norm { limit: 0.01, kind: Norm::L2 }, ..short(2) },
        TrainingOptions { clip: Clip::Value { limit: 0.01 }, ..short(2) },
        TrainingOptions { seed: 2, ..short(2) },
        TrainingOptions { scaling: InputScaling::Raw, ..short(2) },
        TrainingOptions { validation_fraction: 0.25, ..short(2) },
        TrainingOptions { label_smoothing: 0.1, ..short(2) },
        TrainingOptions { class_weights: ClassWeights::Balanced, ..short(2) },
    ];
    for options in options {
        let found = weights(&fit::<f32>(options.clone(), small(), &data));
        assert_ne!(found, plain, "{options:?}");
    }
    let dropped = NetworkOptions::simple(8).head_dropout(0.5).options();
    assert_ne!(weights(&fit::<f32>(short(2), dropped, &data)), plain);

    let data = means(40, 4);
    let plain = weights(&fit::<f32>(short(2), small(), &data));
    let huber = RegressionLoss::Huber { delta: 0.1 };
    for loss in [RegressionLoss::L1, huber, RegressionLoss::SmoothL1 { beta: 0.3 }] {
        let options = TrainingOptions { regression_loss: Some(loss), ..short(2) };
        assert_ne!(weights(&fit::<f32>(options, small(), &data)), plain, "{loss:?}");
    }
}

#[test]
fn given_class_weights_are_those_of_the_classes() {
    let data = signs(40, 5);
    let Targets::Classes(classes) = data.targets() else { panic!("classes") };
    let counts = classes.counts();
    assert_ne!(counts[0], counts[1]);
    // "Balanced" is N / (K n_c).
    let weight = |class: usize| 40.0 / (2.0 * counts[class] as f64);
    let given = BTreeMap::from([("plus".into(), weight(1)), ("minus".into(), weight(0))]);
    let of = |class_weights| {
        weights(&fit::<f32>(TrainingOptions { class_weights, ..short(2) }, small(), &data))
    };
    assert_eq!(of(ClassWeights::Given(given)), of(ClassWeights::Balanced));
}

#[test]
fn the_weights_of_the_best_epoch_are_restored() {
    // A rate this high makes the validation loss jump up and down.
    let options = TrainingOptions {
        learning_rate: 0.2,
        validation_fraction: 0.3,
        patience: Some(4),
        ..short(100)
    };
    for monitor in [Monitor::Loss, Monitor::Metric] {
        let options = TrainingOptions { monitor, ..options.clone() };
        let Trained { model, report } = fit::<f64>(options, small(), &signs(60, 6));
        let costs: Vec<f64> = report.epochs.iter().map(|epoch| cost(epoch, monitor)).collect();
        let best = costs.iter().copied().fold(f64::INFINITY, f64::min);
        let first = 1 + costs.iter().position(|cost| cost.to_bits() == best.to_bits()).unwrap();
        assert_eq!(report.best_epoch, Some(first), "{costs:?}");
        assert_eq!(report.outcome, Outcome::EarlyStopped);
        assert_eq!(report.epochs.len(), first + 4);
        assert_eq!((report.training_sequences, report.validation_sequences), (42, 18));
        let found = report.validation.unwrap();
        let found = EpochRecord {
            validation: Some(Validation { loss: found.loss(), score: found.score() }),
            ..report.epochs[0]
        };
        assert_eq!(cost(&found, monitor).to_bits(), best.to_bits());
        let metrics = &model.provenance().metrics;
        assert!(metrics.contains_key("validation_accuracy") && metrics.len() == 4, "{metrics:?}");
    }
}

fn cost(epoch: &EpochRecord, monitor: Monitor) -> f64 {
    let validation = epoch.validation.unwrap();
    match monitor {
        Monitor::Loss => validation.loss,
        Monitor::Metric => -validation.score.value(),
    }
}

#[test]
fn given_validation_data_choose_the_best_epoch() {
    let (data, validation) = (signs(40, 7), signs(30, 8));
    let trainer = Trainer::new(short(5), small()).unwrap();
    let both = TrainingData { training: &data, validation: Some(&validation) };
    let Trained { model, report } = trainer.fit(both).unwrap();
    assert_eq!((report.training_sequences, report.validation_sequences), (40, 30));
    assert_eq!(report.validation, Some(model.evaluate(&validation).unwrap()));
    assert_eq!(report.training, Some(model.evaluate(&data).unwrap()));
    let digest = model.provenance().validation_data.as_ref().unwrap();
    assert_eq!((digest.sequences, digest.steps), (30, validation.total_steps()));
}

#[test]
fn history_has_the_numbers_of_each_epoch() {
    let options = TrainingOptions { validation_fraction: 0.25, ..short(4) };
    for data in [signs(40, 9), means(40, 9)] {
        let Trained { model, report } = fit::<f32>(options.clone(), small(), &data);
        assert_eq!(model.provenance().history, report.epochs);
        let updates: Vec<usize> = report.epochs.iter().map(|epoch| epoch.updates).collect();
        assert_eq!(updates, [2, 4, 6, 8]);
        for epoch in &report.epochs {
            let names: Vec<String> = epoch.numbers().into_iter().map(|(name, _)| name).collect();
            let score = epoch.score.name();
            let validation = format!("val_{score}");
            let all = ["loss", score, "val_loss", &validation, "learning_rate", "gradient_norm"];
            assert_eq!(names, all);
            assert!(epoch.gradient_norm > 0.0, "{epoch:?}");
            assert_eq!(epoch.learning_rate.to_bits(), 0.003f64.to_bits());
        }
        // Without dropout, a step this small leaves what is measured before and after alike.
        let slow = TrainingOptions { learning_rate: 1e-12, epochs: Some(1), ..options.clone() };
        let Trained { report, .. } = fit::<f64>(slow, small(), &data);
        let (epoch, after) = (report.epochs[0], report.training.unwrap());
        assert!((epoch.loss - after.loss()).abs() < 1e-9, "{epoch:?}");
        assert!((epoch.score.value() - after.score().value()).abs() < 1e-6, "{epoch:?}");
    }
}

#[test]
fn a_very_long_history_is_thinned_in_the_model() {
    let sequence = [ndarray::array![[1.0]], ndarray::array![[2.0]]];
    let data = Dataset::with_labels(&sequence, &["a", "b"]).unwrap();
    let network = NetworkOptions::simple(1).options();
    let Trained { model, report } = fit::<f32>(short(10_001), network, &data);
    assert_eq!(report.epochs.len(), 10_001);
    let kept: Vec<usize> = model.provenance().history.iter().map(|epoch| epoch.epoch).collect();
    assert_eq!((kept.len(), kept[..2].to_vec(), kept[5000]), (5001, vec![2, 4], 10_001));
}

#[test]
fn accumulated_batches_are_one_larger_batch_but_for_rounding() {
    // Equal lengths: the batches of 4 of an epoch are the halves of nothing but order.
    let data = signs(8, 4);
    let options = |batch_size, accumulation| TrainingOptions {
        batch_size,
        accumulation,
        optimizer: OptimizerConfig::Sgd(Sgd::default()),
        ..short(3)
    };
    let whole = fit::<f64>(options(8, 1), small(), &data);
    for (batch_size, accumulation) in [(4, 2), (3, 3), (2, 4), (1, 8)] {
        let parts = fit::<f64>(options(batch_size, accumulation), small(), &data);
        let [a, b] = [&whole, &parts].map(|trained| trained.model.network().parameters().values());
        let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(largest < 1e-12, "{batch_size} × {accumulation}: {largest}");
        assert_eq!(parts.report.epochs[2].updates, 3);
    }
    let beyond = Trainer::new(options(4, 3), small()).unwrap().fit(&data).unwrap_err().to_string();
    assert_eq!(beyond, "accumulation: expected at most 2, the batches of an epoch, got 3");
}

#[test]
fn the_learning_rate_of_an_update_is_that_of_the_schedule() {
    let schedule = Schedule::Step { every: 4, factor: 0.5 };
    let options = TrainingOptions { schedule: Some(schedule), learning_rate: 0.01, ..short(4) };
    let report = fit::<f32>(options, small(), &signs(40, 9)).report; // 3 updates an epoch
    let rates: Vec<f64> = report.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    assert_eq!(rates, [0.01, 0.005, 0.0025, 0.0025]);

    // A rate of no use: the loss does not fall, and a plateau is found after each epoch.
    let plateau = Plateau { patience: 0, factor: 0.1, ..Plateau::default() };
    let options = TrainingOptions {
        schedule: Some(Schedule::Plateau(plateau)),
        learning_rate: 1e-12,
        ..short(4)
    };
    let report = fit::<f64>(options, small(), &signs(40, 9)).report;
    assert!(report.epochs[3].learning_rate < 1.1e-14, "{report:?}");
}

#[test]
fn averaged_weights_are_validated_and_saved() {
    let averaging = Some(Averaging::Swa { start: 0, every: 1 });
    let options = TrainingOptions { validation_fraction: 0.25, ..short(1) };
    let data = signs(40, 9);
    let trainer = Trainer::new(TrainingOptions { averaging, ..options }, small()).unwrap();
    let mut run = trainer.start::<f64>(&data).unwrap();
    let mut sum = vec![0.0; run.description().parameters];
    while let Some(progress) = run.step().unwrap() {
        if let Progress::Step(_) = progress {
            let weights = run.network().parameters().values();
            sum.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
    }
    let Trained { model, report } = run.finish().unwrap();
    let updates = report.epochs[0].updates as f64;
    for (sum, weight) in sum.iter().zip(model.network().parameters().values()) {
        assert!((sum / updates - weight).abs() < 1e-14);
    }
    let validation = report.epochs[0].validation.unwrap();
    assert_eq!(report.validation.unwrap().loss().to_bits(), validation.loss.to_bits());
}
