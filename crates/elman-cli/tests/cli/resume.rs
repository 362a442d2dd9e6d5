//! Runs that are interrupted, killed and resumed end with the same bytes.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Bench, TRAIN};

/// A training with dropout and validation; the output is still to be named.
fn training(epochs: usize) -> String {
    let epochs = format!("--epochs {epochs} --dropout 0.3 --validation test.csv");
    TRAIN.replace("--epochs 3", &epochs)
}

fn spawn(bench: &Bench, arguments: &str) -> Child {
    let mut command = bench.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

fn wait_for(bench: &Bench, name: &str) {
    let start = Instant::now();
    while !bench.path(name).exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{name} was not written");
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_that_a_signal_ended_goes_on_to_the_same_bytes() {
    let bench = Bench::new();
    let training = training(8_000);
    bench.ok(&format!("{training} -o whole.safetensors --quiet"));
    for name in ["-INT", "-TERM", "-HUP"] {
        let saving = "-o m.safetensors --checkpoint run --every 1epochs --quiet";
        let mut child = spawn(&bench, &format!("{training} {saving}"));
        wait_for(&bench, "run");
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
        bench.ok("inspect m.safetensors");
        assert_ne!(bench.read("m.safetensors"), bench.read("whole.safetensors"), "{name}");
        bench.ok("train --resume run --every 1000000updates --threads 2 --quiet");
        assert_eq!(bench.read("m.safetensors"), bench.read("whole.safetensors"), "{name}");
        std::fs::remove_file(bench.path("run")).unwrap();
    }
}

/// ELMAN_KILLS sets another number of kills than 40.
#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let kills = std::env::var("ELMAN_KILLS").map_or(40, |kills| kills.parse().unwrap());
    let bench = Bench::new();
    // Longer than all the kills together.
    let training = training(kills * 250);
    bench.ok(&format!("{training} -o whole.safetensors --quiet"));
    // Any sequence of waits will do; this one is the same in each run of the test.
    let mut wait = 12_345_u64;
    for _ in 0..kills {
        wait = wait.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let arguments = match bench.path("run").exists() {
            true => "train --resume run --quiet".to_owned(),
            false => {
                format!("{training} -o m.safetensors --checkpoint run --every 1updates --quiet")
            }
        };
        let mut child = spawn(&bench, &arguments);
        sleep(Duration::from_millis(5 + (wait >> 33) % 120));
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "too short a training to be killed: {ended:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    wait_for(&bench, "run");
    bench.ok("train --resume run --every 1000000updates --quiet");
    assert_eq!(bench.read("m.safetensors"), bench.read("whole.safetensors"));
}

#[test]
fn a_log_is_continued_where_the_run_goes_on() {
    let bench = Bench::new();
    let training = training(20_000);
    let saving = "-o m.safetensors --checkpoint run --every 7updates --log log.jsonl --quiet";
    let mut child = spawn(&bench, &format!("{training} {saving}"));
    wait_for(&bench, "run");
    child.kill().unwrap();
    child.wait().unwrap();
    // A line that the kill has cut.
    let mut log = bench.read("log.jsonl");
    log.extend(b"{\"epoch\":");
    bench.write("log.jsonl", log);
    let mut child = spawn(&bench, "train --resume run --quiet");
    sleep(Duration::from_millis(500));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let log = String::from_utf8(bench.read("log.jsonl")).unwrap();
    assert!(log.lines().count() > 1);
    for (index, line) in log.lines().enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["epoch"], index + 1);
        for name in ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"] {
            assert!(line[name].is_number(), "{name}: {line}");
        }
    }
}

#[test]
fn what_is_not_that_of_the_checkpoint_is_refused_by_name() {
    let bench = Bench::new();
    let train = format!("{TRAIN} -o m.safetensors --test test.csv --seed 4 --quiet");
    bench.ok(&format!("{train} --checkpoint run --every 2updates"));
    let mut whole = bench.read("m.safetensors");
    let cut = bench.read("run");
    bench.write("cut", &cut[..cut.len() / 2]);
    bench.write("other.csv", super::waves(24, 1));
    for (arguments, wanted) in [
        ("--seed 5", "--seed: expected 4, as in the checkpoint, got 5"),
        ("--dropout 0.5", "--dropout: expected its default, as in the checkpoint, got 0.5"),
        ("--target site", "--target: expected kind, as in the checkpoint, got site"),
        ("other.csv", "other.csv: expected the data of the checkpoint (24 sequences of "),
        ("--checkpoint .", ".: expected a file to write, got a folder"),
        ("--every 0s", "--every: expected at least 1 of s, epochs or updates, as in 30s, got"),
    ] {
        let ran = bench.run(&format!("train --resume run {arguments}"));
        assert_eq!(ran.code, Some(1), "{arguments}");
        let line = ran.stderr.lines().last().unwrap();
        assert!(line.starts_with(&format!("error: {wanted}")), "{arguments}: {line}");
    }
    for (file, wanted) in [
        ("cut", "(hint: the file is damaged or incomplete: copy or train it again)"),
        ("m.safetensors", "expected a checkpoint of a training, got a model"),
        ("train.csv", "got a file of another kind"),
        ("missing", "cannot open: No such file or directory (os error 2)"),
    ] {
        let ran = bench.run(&format!("train --resume {file}"));
        assert!(ran.stderr.contains(wanted) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    }
    let ran = bench.run("evaluate run test.csv");
    assert!(ran.stderr.contains("expected a model, got a checkpoint of a training"), "{ran:?}");
    let ran = bench.run(&format!("{train} --every 2updates"));
    assert!(ran.stderr.contains("--every: expected --checkpoint beside it"), "{}", ran.stderr);

    // The checkpoint has been moved, the data as well, and the last updates are made again.
    std::fs::rename(bench.path("run"), bench.path("moved")).unwrap();
    std::fs::rename(bench.path("train.csv"), bench.path("renamed.csv")).unwrap();
    bench.ok("train --resume moved renamed.csv --output again.safetensors --quiet");
    assert_eq!(bench.read("again.safetensors"), std::mem::take(&mut whole));
}

#[test]
fn tensorboard_gets_an_event_file_with_every_number() {
    let bench = Bench::new();
    bench.ok(&format!("{TRAIN} -o m.safetensors --tensorboard logs/a --quiet"));
    let folder = std::fs::read_dir(bench.path("logs/a")).unwrap();
    let files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert!(files[0].file_name().unwrap().to_str().unwrap().starts_with("events.out.tfevents."));
    let bytes = std::fs::read(&files[0]).unwrap();
    for name in ["loss", "accuracy", "learning_rate", "gradient_norm"] {
        let times = bytes.windows(name.len() + 2).filter(|window| {
            let (length, text) = (window[1] as usize, &window[2..]);
            window[0] == 0x0a && length == name.len() && text == name.as_bytes()
        });
        assert_eq!(times.count(), 3, "{name}");
    }
}
