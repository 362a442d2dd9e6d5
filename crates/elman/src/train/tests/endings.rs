//! How training goes on, and how it ends.

use super::*;

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
