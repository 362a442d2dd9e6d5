use super::super::layout::DIGEST;
use super::*;
use crate::Model;
use crate::clip::Clip;
use crate::io::storage::fake::{Fails, FakeDisk, Fault, LOSSES, Lasting};
use crate::optimizer::Averaging;
use crate::rng::Rng;
use crate::schedule::{Plateau, Schedule, Warmup};
use crate::train::testing::{means, short, signs, small};
use crate::train::{Control, NetworkOptions, TrainingOptions};

fn options() -> TrainingOptions {
    TrainingOptions { batch_size: 5, validation_fraction: 0.25, threads: Some(1), ..short(6) }
}

fn trainer(options: TrainingOptions) -> Trainer {
    Trainer::new(options, NetworkOptions { ..small() }).unwrap()
}

/// The bytes of the model file of a run that goes on to its end.
fn ended<T: Real>(mut run: Run<'_, T>) -> Vec<u8> {
    run.train(&mut |_| Control::Continue).unwrap();
    super::super::encode(&run.finish().unwrap().model).unwrap()
}

fn advance<T: Real>(run: &mut Run<'_, T>, steps: usize) {
    for _ in 0..steps {
        run.step().unwrap();
    }
}

#[test]
fn a_run_resumed_at_any_step_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let data = signs(40, 3);
    let trainer = trainer(options());
    let whole = ended(trainer.start::<f32>(&data).unwrap());
    // 6 updates and the end of the epoch, 6 times.
    for steps in 0..=42 {
        let mut run = trainer.start::<f32>(&data).unwrap();
        advance(&mut run, steps);
        run.checkpoint(&path).unwrap();
        assert_eq!(ended(Run::<f32>::resume(&path, &data).unwrap()), whole, "{steps}");
    }
}

#[test]
fn interrupted_at_random_updates_again_and_again_on_any_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut rng = Rng::new(8);
    let variants = [
        TrainingOptions {
            accumulation: 3,
            averaging: Some(Averaging::Ema { decay: 0.8, start: 3 }),
            schedule: Some(Schedule::Cosine { updates: 9, least_rate: 1e-4 }),
            warmup: Some(Warmup { updates: 4, start_factor: 0.1 }),
            ..options()
        },
        TrainingOptions {
            averaging: Some(Averaging::Swa { start: 7, every: 3 }),
            schedule: Some(Schedule::Plateau(Plateau { patience: 0, ..Plateau::default() })),
            ..options()
        },
        TrainingOptions { patience: Some(2), learning_rate: 0.1, epochs: Some(30), ..options() },
        TrainingOptions { max_updates: Some(27), clip: Clip::None, ..options() },
        TrainingOptions { validation_fraction: 0.0, ..options() },
    ];
    for options in variants {
        let network = NetworkOptions { ..crate::train::testing::dropping() };
        let trainer = Trainer::new(options.clone(), network.clone()).unwrap();
        let data = means(40, 3);
        let whole = ended(trainer.start::<f64>(&data).unwrap());
        trainer.start::<f64>(&data).unwrap().checkpoint(&path).unwrap();
        loop {
            let threads = Some(1 + rng.below(3));
            let options = TrainingOptions { threads, ..options.clone() };
            let trainer = Trainer::new(options, network.clone()).unwrap();
            let mut run: Run<'_, f64> =
                Checkpoint::load(&path).unwrap().resume_with(&trainer, &data).unwrap();
            advance(&mut run, 1 + rng.below(9));
            if run.outcome().is_some() {
                assert_eq!(ended(run), whole, "{trainer:?}");
                break;
            }
            run.checkpoint(&path).unwrap();
        }
    }
}

#[test]
fn other_options_and_other_data_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (data, other) = (signs(20, 3), signs(20, 4));
    let mut run = trainer(options()).start::<f32>(&data).unwrap();
    run.set_notes(serde_json::json!({ "who": "a test" }));
    advance(&mut run, 4);
    run.checkpoint(&path).unwrap();

    assert_eq!(Checkpoint::load(&path).unwrap().notes()["who"], "a test");
    let refusal = |options: TrainingOptions, data: TrainingData<'_>| {
        let checkpoint = Checkpoint::load(&path).unwrap();
        let resumed = checkpoint.resume_with::<f32>(&trainer(options), data);
        resumed.err().unwrap().to_string()
    };
    let seed = TrainingOptions { seed: 9, ..options() };
    assert_eq!(refusal(seed, (&data).into()), "seed: expected 1, as in the checkpoint, got 9");
    let message = refusal(options(), (&other).into());
    assert!(message.starts_with("data: expected the data of the checkpoint (20 seq"), "{message}");
    let both = TrainingData { training: &data, validation: Some(&other) };
    assert_eq!(
        refusal(options(), both),
        "validation data: expected none, as in the checkpoint, got a data set"
    );
    let wide = Run::<f64>::resume(&path, &data).err().unwrap().to_string();
    assert!(wide.contains("of type F64"), "{wide}");
    // Threads are no option of the result.
    let threads = TrainingOptions { threads: Some(2), ..options() };
    assert!(Checkpoint::load(&path).unwrap().resume_with::<f32>(&trainer(threads), &data).is_ok());
}

#[test]
fn a_damaged_cut_or_foreign_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let data = signs(20, 3);
    let run = trainer(options()).start::<f32>(&data).unwrap();
    run.checkpoint(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut rng = Rng::new(1);
    for _ in 0..200 {
        let (mut damaged, at) = (bytes.clone(), rng.below(bytes.len()));
        damaged[at] ^= 1 << rng.below(8);
        std::fs::write(&path, &damaged).unwrap();
        // Spaces and the first digest mean nothing.
        let means_something = bytes[at] != b' ' && !DIGEST.contains(&at);
        assert!(!means_something || Checkpoint::load(&path).is_err(), "byte {at}");
        std::fs::write(&path, &bytes[..at]).unwrap();
        assert!(Checkpoint::load(&path).is_err(), "{at} bytes");
    }
    std::fs::write(&path, &bytes).unwrap();
    let message = Model::<f32>::load(&path).unwrap_err().to_string();
    assert!(message.contains("expected a model, got a checkpoint of a training"), "{message}");
    run.finish().unwrap().model.save(&path).unwrap();
    let message = Checkpoint::load(&path).unwrap_err().to_string();
    assert!(message.contains("expected a checkpoint of a training, got a model"), "{message}");
    let message = Checkpoint::load(folder.path()).unwrap_err().to_string();
    assert!(message.ends_with("got a folder"), "{message}");
}

/// A training that saves three times, on a disk that may fail.
fn saving_three_times(disk: &FakeDisk, data: &Dataset) -> Result<()> {
    let mut run = trainer(options()).start::<f32>(data)?;
    for _ in 0..3 {
        advance(&mut run, 5);
        run.checkpoint_to(disk, Path::new("run"))?;
    }
    Ok(())
}

#[test]
fn after_a_power_cut_at_any_call_the_run_goes_on_from_what_is_left() {
    let data = signs(20, 3);
    let whole = ended(trainer(options()).start::<f32>(&data).unwrap());
    let disk = FakeDisk::default();
    saving_three_times(&disk, &data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (mut resumed, mut nothing) = (0, 0);
    for call in 0..=disk.calls() {
        for loss in LOSSES {
            let cut = FakeDisk::default();
            cut.cut_power_at(call);
            let _ = saving_three_times(&cut, &data);
            let Some(bytes) = cut.after_power_cut(loss).read(Path::new("run")) else {
                nothing += 1;
                continue;
            };
            std::fs::write(&path, bytes).unwrap();
            resumed += 1;
            assert_eq!(
                ended(Run::<f32>::resume(&path, &data).unwrap()),
                whole,
                "call {call}, {loss:?}"
            );
        }
    }
    assert!(resumed > nothing && nothing > 0, "{resumed} and {nothing}");
}

#[test]
fn any_failing_call_is_one_line_and_leaves_a_whole_checkpoint() {
    let data = signs(20, 3);
    let disk = FakeDisk::default();
    saving_three_times(&disk, &data).unwrap();
    for at in 0..disk.calls() {
        for number in [28, 5, 30] {
            let failing = FakeDisk::default();
            failing.fail(Fails { at, fault: Fault::System(number), lasting: Lasting::FromThenOn });
            let message = saving_three_times(&failing, &data).unwrap_err().to_string();
            assert!(message.starts_with("run: cannot ") && !message.contains('\n'), "{message}");
        }
    }
}
