//! Training as a whole: what it reaches, what it repeats bit for bit, how it ends and what it refuses. Past
//! 400 lines, since the cases share their data and small helpers.

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
fn the_callback_hears_of_each_step_and_epoch() {
    let (mut steps, mut epochs) = (Vec::new(), Vec::new());
    let trainer = Trainer::new(short(3), small()).unwrap();
    let mut listen = |progress: &Progress| {
        match progress {
            Progress::Step(step) => {
                assert_eq!((step.steps, step.epochs), (3, 3));
                assert!(step.loss.is_finite());
                steps.push((step.epoch, step.step));
            }
            Progress::Epoch(epoch) => {
                assert!(epoch.best, "without validation the latest is the best");
                epochs.push(epoch.record);
            }
        }
        Control::Continue
    };
    let trained = trainer.fit_with::<f32>(&signs(40, 9), &mut listen).unwrap();
    let expected = (1..=3).flat_map(|epoch| (1..=3).map(move |step| (epoch, step)));
    assert_eq!(steps, expected.collect::<Vec<_>>());
    assert_eq!(epochs, trained.report.epochs);
    assert!(epochs[2].loss < epochs[0].loss);
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
fn every_rule_ends_training_where_it_says() {
    let data = signs(40, 9); // 3 updates an epoch
    let run = |options| fit::<f32>(options, small(), &data);
    let by_updates = run(TrainingOptions { max_updates: Some(7), ..short(50) });
    let epochs: Vec<usize> = by_updates.report.epochs.iter().map(|epoch| epoch.updates).collect();
    assert_eq!((epochs, by_updates.report.outcome), (vec![3, 6, 7], Outcome::Finished));
    assert_eq!(by_updates.report.best_epoch, Some(3));
    let by_both = run(TrainingOptions { max_updates: Some(6), ..short(2) });
    assert_eq!(weights(&by_both), weights(&run(short(2))));

    let by_target = run(TrainingOptions { target_metric: Some(0.9), ..short(500) });
    let scores: Vec<f64> = by_target.report.epochs.iter().map(|e| e.score.value()).collect();
    let (last, before) = scores.split_last().unwrap();
    assert!(*last >= 0.9 && before.iter().all(|score| *score < 0.9), "{scores:?}");
    assert_eq!(by_target.report.outcome, Outcome::TargetReached);
    let errors = TrainingOptions { target_metric: Some(1e9), ..short(5) };
    assert_eq!(fit::<f32>(errors, small(), &means(20, 1)).report.epochs.len(), 1);

    let by_time = run(TrainingOptions { max_seconds: Some(1e-9), ..short(50) });
    assert_eq!((by_time.report.outcome, by_time.report.epochs.len()), (Outcome::TimeUp, 1));
    assert_eq!(by_time.report.epochs[0].updates, 1);
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

#[test]
fn a_run_step_by_step_is_the_run_at_once() {
    let data = signs(40, 9);
    let options = TrainingOptions { validation_fraction: 0.25, patience: Some(3), ..short(30) };
    let trainer = Trainer::new(options, small()).unwrap();
    let whole = trainer.fit(&data).unwrap();
    let mut run = trainer.start::<f32>(&data).unwrap();
    assert_eq!(run.description().validation_sequences, 10);
    assert_eq!(run.description().parameters, run.network().parameters().values().len());
    let mut epochs = 0;
    while let Some(progress) = run.step().unwrap() {
        epochs += usize::from(matches!(progress, Progress::Epoch(_)));
        assert_eq!(run.history().len(), epochs);
    }
    let outcome = run.outcome().unwrap();
    run.stop();
    assert_eq!(run.outcome(), Some(outcome), "a run that has ended stays as it is");
    let stepped = run.finish().unwrap();
    assert_eq!(weights(&stepped), weights(&whole));
    assert_eq!(stepped.report.epochs, whole.report.epochs);
    assert_eq!(stepped.model.provenance(), whole.model.provenance());
}

/// Stops at a step of an epoch; step 0 is the epoch's end.
fn stopped(options: TrainingOptions, at: (usize, usize)) -> Trained<f32> {
    let trainer = Trainer::new(options, small()).unwrap();
    let mut stop = |progress: &Progress| {
        let here = match progress {
            Progress::Step(step) => (step.epoch, step.step),
            Progress::Epoch(epoch) => (epoch.record.epoch, 0),
        };
        if here == at { Control::Stop } else { Control::Continue }
    };
    trainer.fit_with(&signs(40, 10), &mut stop).unwrap()
}

#[test]
fn stopping_keeps_the_best_epoch_or_else_the_latest_weights() {
    let validated = TrainingOptions { validation_fraction: 0.25, ..short(9) };
    let inside = stopped(validated.clone(), (3, 1));
    let ended = stopped(validated.clone(), (2, 0));
    assert_eq!((inside.report.outcome, inside.report.epochs.len()), (Outcome::Stopped, 2));
    assert_eq!(inside.report.best_epoch, ended.report.best_epoch);
    assert_eq!(weights(&inside), weights(&ended));

    let first = stopped(validated, (1, 1));
    assert_eq!((first.report.best_epoch, first.report.epochs.len()), (None, 0));
    let unchecked = stopped(short(9), (3, 1));
    assert_eq!((unchecked.report.best_epoch, unchecked.report.epochs.len()), (None, 2));
    let ended = stopped(short(9), (2, 0));
    assert_eq!(ended.report.best_epoch, Some(2));
    assert_ne!(weights(&unchecked), weights(&ended));
    assert_eq!(weights(&ended), weights(&fit::<f32>(short(2), small(), &signs(40, 10))));
}

#[test]
fn divergence_ends_training_and_keeps_the_weights_from_before() {
    let network = of(ActivationKind::Relu).options();
    let options = TrainingOptions {
        optimizer: OptimizerConfig::Sgd(Sgd::default()),
        learning_rate: 1e12,
        clip: Clip::None,
        ..short(5)
    };
    let data = means(64, 11);
    let Trained { model, report } = fit::<f32>(options.clone(), network.clone(), &data);
    let Outcome::Diverged { epoch: 1, step, value, .. } = report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(step > 1 && !value.is_finite());
    let message = report.outcome.error().unwrap().to_string();
    let start = format!("training diverged: epoch 1, step {step}: expected a finite ");
    assert!(message.starts_with(&start), "{message}");
    assert!(message.ends_with("(hint: clip the gradient or lower the learning rate)"), "{message}");

    let mut initial = Network::<f32>::new(network.config(2, 2)).unwrap();
    initial.initialize(&mut Purpose::Weights.rng(options.seed)).unwrap();
    assert_eq!(report.best_epoch, Some(0));
    assert_eq!(model.network().parameters(), initial.parameters());
    assert!(model.predict(&data).is_ok() && report.training.is_some());
}

#[test]
fn divergence_after_good_epochs_keeps_the_last_of_them() {
    // One step to an epoch, each longer than the last.
    let network = of(ActivationKind::Identity).options();
    let options = TrainingOptions {
        optimizer: OptimizerConfig::Sgd(Sgd::default()),
        learning_rate: 2.0,
        clip: Clip::None,
        batch_size: 64,
        ..short(100)
    };
    let Trained { model, report } = fit::<f32>(options, network, &means(64, 11));
    let Outcome::Diverged { epoch, step: 1, .. } = report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(epoch > 2, "{epoch}");
    assert_eq!(report.epochs.len(), epoch - 1);
    let losses: Vec<f64> = report.epochs.iter().map(|epoch| epoch.loss).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = 1 + losses.iter().position(|loss| loss.to_bits() == least.to_bits()).unwrap();
    assert_eq!(report.best_epoch, Some(best));
    assert!(least < 2.0 && losses[epoch - 2] > 1e3, "{report:?}");
    assert!(model.network().parameters().values().iter().all(|weight| weight.is_finite()));
}

#[test]
fn options_out_of_range_are_named() {
    let plain = TrainingOptions::default;
    let given = |weight| ClassWeights::Given(BTreeMap::from([("x".into(), weight)]));
    let cases = [
        (TrainingOptions { epochs: Some(0), ..plain() }, "epochs: expected at least 1, got 0"),
        (TrainingOptions { batch_size: 0, ..plain() }, "batch_size: expected at least 1, got 0"),
        (
            TrainingOptions { learning_rate: -0.1, ..plain() },
            "learning_rate: expected a finite number above 0, got -0.1",
        ),
        (
            TrainingOptions { learning_rate: f64::NAN, ..plain() },
            "learning_rate: expected a finite number above 0, got NaN",
        ),
        (TrainingOptions { patience: Some(0), ..plain() }, "patience: expected at least 1, got 0"),
        (
            TrainingOptions { accumulation: 0, ..plain() },
            "accumulation: expected at least 1, got 0",
        ),
        (
            TrainingOptions { max_updates: Some(0), ..plain() },
            "max_updates: expected at least 1, got 0",
        ),
        (
            TrainingOptions { max_seconds: Some(0.0), ..plain() },
            "max_seconds: expected a finite number above 0, got 0",
        ),
        (
            TrainingOptions { target_metric: Some(f64::NAN), ..plain() },
            "target_metric: expected a finite number, got NaN",
        ),
        (
            TrainingOptions { validation_fraction: 1.0, ..plain() },
            "validation_fraction: expected at least 0 and below 1, got 1",
        ),
        (
            TrainingOptions { label_smoothing: f64::NAN, ..plain() },
            "label_smoothing: expected at least 0 and below 1, got NaN",
        ),
        (
            TrainingOptions { class_weights: given(0.0), ..plain() },
            "class_weights[\"x\"]: expected a finite number above 0, got 0",
        ),
        (TrainingOptions { threads: Some(0), ..plain() }, "threads: expected 1 to 4096, got 0"),
        (TrainingOptions { clip: Clip::Value { limit: 0.0 }, ..plain() }, "got 0"),
        (
            TrainingOptions {
                regression_loss: Some(RegressionLoss::Huber { delta: -1.0 }),
                ..plain()
            },
            "got -1",
        ),
    ];
    for (options, wanted) in cases {
        let message = Trainer::new(options, small()).unwrap_err().to_string();
        assert!(message.ends_with(wanted), "{message} instead of {wanted}");
    }
}

#[test]
fn networks_out_of_range_are_named() {
    for (network, wanted) in [
        (NetworkOptions::simple(0), "layers[0].hidden_size: expected at least 1, got 0"),
        (NetworkOptions::simple(8).head_dropout(1.0), "head.dropout: expected a probability"),
        (NetworkOptions::gru(usize::MAX), "layers[0].hidden_size: expected at most"),
        (NetworkOptions::gru(8).merge(Merge::Sum), "layers[0].merge: expected concatenate, as"),
    ] {
        let message = Trainer::new(short(1), network.options()).unwrap_err().to_string();
        assert!(message.starts_with(wanted), "{message} instead of {wanted}");
    }
    let trainer = Trainer::new(short(1), NetworkOptions::gru(8).every_step().options()).unwrap();
    let message = trainer.fit(&signs(20, 1)).unwrap_err().to_string();
    assert!(message.starts_with("readout: expected a pooling over the steps"), "{message}");
}

#[test]
fn options_that_do_not_go_with_the_data_are_refused() {
    let weighted = |label: &str| {
        ClassWeights::Given(BTreeMap::from([("minus".into(), 1.0), (label.into(), 2.0)]))
    };
    let (classes, numbers) = (signs(20, 12), means(20, 12));
    let nothing = "expected validation data, or a validation fraction, beside it";
    let l1 = Some(RegressionLoss::L1);
    for (options, data, wanted) in [
        (TrainingOptions { patience: Some(3), ..short(1) }, &classes, nothing),
        (TrainingOptions { monitor: Monitor::Metric, ..short(1) }, &classes, nothing),
        (
            TrainingOptions { regression_loss: l1, ..short(1) },
            &classes,
            "regression_loss: expected targets that are numbers",
        ),
        (
            TrainingOptions { label_smoothing: 0.1, ..short(1) },
            &numbers,
            "label_smoothing: expected targets that are classes",
        ),
        (
            TrainingOptions { class_weights: ClassWeights::Balanced, ..short(1) },
            &numbers,
            "class_weights: expected targets that are classes",
        ),
        (
            TrainingOptions { class_weights: weighted("pluss"), ..short(1) },
            &classes,
            "got \"pluss\" (nearest: \"plus\")",
        ),
        (
            TrainingOptions { class_weights: weighted("minus"), ..short(1) },
            &classes,
            "expected a weight for each class, got none for \"plus\"",
        ),
    ] {
        let trainer = Trainer::new(options, small()).unwrap();
        let result = trainer.fit(data);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(wanted), "{message} instead of {wanted}");
    }
}

#[test]
fn data_without_anything_to_learn_are_refused() {
    let one_class = {
        let labels = vec!["only".into(), "never".into()];
        let targets = ClassTargets::new("kind", labels, vec![0, 0]).unwrap();
        let sequence = ndarray::array![[1.0], [2.0]];
        let sequences = [sequence.view(), sequence.view()];
        Dataset::from_sequences(&sequences, vec!["x".into()], Targets::Classes(targets)).unwrap()
    };
    let classes = signs(20, 13);
    let numbers = means(20, 13);
    let fraction = TrainingOptions { validation_fraction: 0.2, ..short(1) };
    for (options, data, validation, wanted) in [
        (short(1), &one_class, None, "expected at least two classes"),
        (fraction, &classes, Some(&classes), "validation_fraction: expected 0 beside"),
        (short(1), &classes, Some(&numbers), "expected classes as targets, got numbers"),
        (short(1), &numbers, Some(&classes), "expected numbers as targets, got classes"),
        (short(1), &classes, Some(&one_class), "expected the features a, b, got x"),
    ] {
        let trainer = Trainer::new(options, small()).unwrap();
        let result = trainer.fit(TrainingData { training: data, validation });
        let message = result.unwrap_err().to_string();
        assert!(message.contains(wanted), "{message} instead of {wanted}");
    }
}

#[test]
fn options_have_one_form_in_files() {
    let options = TrainingOptions { threads: Some(3), patience: Some(2), ..short(4) };
    let json = serde_json::to_string(&options).unwrap();
    assert!(!json.contains("threads"), "{json}");
    let read: TrainingOptions = serde_json::from_str(&json).unwrap();
    assert_eq!(read, TrainingOptions { threads: None, ..options });
    let short: TrainingOptions = serde_json::from_str(r#"{"epochs": 3, "threads": 2}"#).unwrap();
    assert_eq!((short.epochs, short.threads, short.batch_size), (Some(3), Some(2), 16));
    assert!(serde_json::from_str::<TrainingOptions>(r#"{"epoch": 3}"#).is_err());
    assert!(serde_json::from_str::<NetworkOptions>(r#"{"hidden": 3}"#).is_err());
}
