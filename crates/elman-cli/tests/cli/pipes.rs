//! Where output goes: pipes that close, disks that are full, and what stays on stdout.
#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::process::Stdio;

use super::{Bench, Ran, TRAIN};

#[test]
fn a_reader_that_has_gone_is_success() {
    let bench = Bench::new();
    bench.train("--quiet");
    for command in ["predict m.safetensors test.csv", "inspect m.safetensors", "train --help"] {
        let mut child =
            bench.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{command}\n{}", ran.stderr);
        assert!(!ran.stderr.contains("error"), "{command}\n{}", ran.stderr);
    }
}

#[test]
fn a_full_disk_is_one_line_and_exit_code_1() {
    let bench = Bench::new();
    bench.train("--quiet");
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    for command in ["predict m.safetensors test.csv", "evaluate --quiet m.safetensors test.csv"] {
        let ran = Ran::of(bench.command(command).stdout(full()).output().unwrap());
        let expected = "error: stdout: cannot write: No space left on device (os error 28)\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), expected), "{command}");
    }
    let commands = [
        "predict m.safetensors test.csv --output /dev/full".to_owned(),
        format!("{TRAIN} --quiet --output /dev/full"),
    ];
    for command in commands {
        let ran = bench.run(&command);
        let expected = "error: /dev/full: cannot write: No space left on device (os error 28)\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), expected), "{command}");
    }
}

#[test]
fn stdout_is_data_and_stderr_is_talk() {
    let bench = Bench::new();
    let quiet = bench.train("--quiet --test test.csv");
    assert_eq!(quiet.stderr, "");
    let talkative = bench.train("--test test.csv");
    assert_eq!(quiet.stdout, talkative.stdout);
    assert!(talkative.stderr.contains("epoch 3/3"), "{}", talkative.stderr);
    for ran in [&quiet, &talkative] {
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'));
    }
}

#[test]
fn long_training_is_told_in_few_lines() {
    let bench = Bench::new();
    let train = TRAIN.replace("--epochs 3", "--epochs 300");
    let ran = bench.ok(&format!("{train} -o m.safetensors"));
    let lines = ran.stderr.lines().filter(|line| line.starts_with("epoch ")).count();
    assert_eq!(lines, 21, "{}", ran.stderr);
}
