//! Ctrl-C ends training with the best model so far.
#![cfg(unix)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::{Bench, TRAIN};

/// Starts a run and reads its talk up to the line that begins with `start`.
fn start_up_to(bench: &Bench, arguments: &str, start: &str) -> (Child, BufReader<ChildStderr>) {
    let mut command = bench.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.trim_start().starts_with(start) {
        line.clear();
        assert!(talk.read_line(&mut line).unwrap() > 0, "nothing was said of {start}");
    }
    (child, talk)
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

#[test]
fn the_first_ctrl_c_saves_the_model_and_is_success() {
    let bench = Bench::new();
    let endless = format!("{TRAIN} -o m.safetensors").replace("--epochs 3", "--epochs 100000000");
    let (child, mut talk) = start_up_to(&bench, &endless, "epoch 1/");
    interrupt(&child);
    let mut rest = String::new();
    talk.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{rest}");
    assert!(rest.contains("interrupted after "), "{rest}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("\ntraining "), "{table}");
    bench.ok("inspect m.safetensors");
    assert_eq!(bench.files(), ["m.safetensors", "numbers.csv", "test.csv", "train.csv"]);
}

#[test]
fn folds_that_are_interrupted_save_nothing() {
    let bench = Bench::new();
    bench.write("m.safetensors", "a model of before");
    let endless =
        format!("{TRAIN} -o m.safetensors --folds 2").replace("--epochs 3", "--epochs 1000000");
    let (child, mut talk) = start_up_to(&bench, &endless, "network");
    // The handler stands a moment after the description.
    sleep(Duration::from_millis(500));
    interrupt(&child);
    let mut rest = String::new();
    talk.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{rest}");
    assert!(rest.contains("error: training: interrupted before the folds were done"), "{rest}");
    assert_eq!(bench.read("m.safetensors"), b"a model of before");
}

/// One step of training takes seconds here, and the first Ctrl-C waits for its end.
#[test]
fn the_second_ctrl_c_aborts() {
    let bench = Bench::new();
    let mut text = "id,x,kind\n".to_owned();
    for step in 0..100_000 {
        writeln!(text, "a,{},up", step % 7).unwrap();
    }
    bench.write("long.csv", text + "b,1,down\n");
    let before = bench.files();
    let slow = "train long.csv --sequence id --target kind --task classify --hidden-size 300 \
                --cell simple --direction forward --pooling last --dropout 0 --epochs 100 -o m.safetensors";
    let (mut child, _talk) = start_up_to(&bench, slow, "91 202 parameters");
    // From "parameters" to the handler is a moment; then the first step has begun.
    sleep(Duration::from_millis(200));
    interrupt(&child);
    sleep(Duration::from_millis(200));
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(bench.files(), before);
}
