//! Ctrl-C ends training with the best model so far.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read as _};
use std::process::{Command, Stdio};

use super::{Bench, TRAIN};

#[test]
fn the_first_ctrl_c_saves_the_model_and_is_success() {
    let bench = Bench::new();
    let endless = format!("{TRAIN} -o m.safetensors").replace("--epochs 3", "--epochs 100000000");
    let mut child =
        bench.command(&endless).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("epoch 1/") {
        line.clear();
        assert!(talk.read_line(&mut line).unwrap() > 0, "training said nothing");
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
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
