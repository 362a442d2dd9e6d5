//! The same run gives the same file, whichever way it is asked for.

use super::{Bench, TRAIN};

#[test]
fn training_twice_gives_the_same_file() {
    let bench = Bench::new();
    bench.train("--dropout 0.3 --validation-fraction 0.25");
    let first = bench.read("m.safetensors");
    bench.train("--dropout 0.3 --validation-fraction 0.25");
    assert!(first == bench.read("m.safetensors"), "the files differ");
    bench.train("--dropout 0.3 --validation-fraction 0.25 --seed 2");
    assert!(first != bench.read("m.safetensors"), "the seed changes nothing");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let bench = Bench::new();
    bench.train("--threads 1 --dropout 0.3 --layers 2 --direction both");
    let one = bench.read("m.safetensors");
    bench.train("--threads 2 --dropout 0.3 --layers 2 --direction both");
    assert!(one == bench.read("m.safetensors"), "the files differ");
    let predict =
        |threads| bench.ok(&format!("predict m.safetensors test.csv --threads {threads}"));
    assert_eq!(predict(1).stdout, predict(2).stdout);
}

#[test]
fn cells_and_their_placements_differ() {
    let bench = Bench::new();
    let mut files = Vec::new();
    for cell in ["simple", "lstm", "gru", "gru --reset-placement before"] {
        bench.train(&format!("--cell {cell}"));
        files.push(bench.read("m.safetensors"));
        bench.ok("predict m.safetensors test.csv");
        let network = bench.ok("inspect m.safetensors").stdout;
        assert!(network.contains(&format!("{} cell", &cell.split(' ').next().unwrap_or_default())));
    }
    for (index, file) in files.iter().enumerate() {
        assert!(!files[..index].contains(file), "cell {index} is an earlier one");
    }
}

#[test]
fn instruction_levels_give_the_same_file() {
    let bench = Bench::new();
    bench.train("");
    let best = bench.read("m.safetensors");
    let mut portable = bench.command(&format!("{TRAIN} -o m.safetensors"));
    assert!(portable.env("ELMAN_LEVEL", "portable").output().unwrap().status.success());
    assert!(best == bench.read("m.safetensors"), "the files differ");
}

const OPTIONS: &str = "--hidden-size 5 --layers 2 --cell simple --activation relu --direction both --pooling mean \
                       --dropout 0.25 --epochs 3 --batch-size 7 --optimizer sgd --learning-rate 0.05 \
                       --momentum 0.8 --nesterov --weight-decay 0.001 --clip-value 0.5 --patience 2 \
                       --label-smoothing 0.1 --class-weights balanced --standardize off --seed 7 \
                       --validation-fraction 0.25 --monitor metric --features x,y";

const CONFIG: &str = r#"
train = "train.csv"
sequence = "id"
time = "step"
target = ["kind"]
features = ["x", "y"]
task = "classify"
hidden-size = 5
layers = 2
cell = "simple"
activation = "relu"
direction = "both"
pooling = "mean"
dropout = 0.25
epochs = 3
batch-size = 7
optimizer = "sgd"
learning-rate = 5e-2
momentum = 0.8
nesterov = true
weight-decay = 0.001
clip-value = 0.5
patience = 2
label-smoothing = 0.1
class-weights = "balanced"
standardize = false
seed = 7
validation-fraction = 0.25
monitor = "metric"
quiet = true
"#;

#[test]
fn a_toml_file_says_the_same_as_flags() {
    let bench = Bench::new();
    let data = "train train.csv --sequence id --time step --target kind --task classify";
    bench.ok(&format!("{data} {OPTIONS} -o flags.safetensors"));
    bench.write("run.toml", format!("{CONFIG}output = \"file.safetensors\"\n"));
    let quiet = bench.ok("train --config run.toml");
    assert_eq!(quiet.stderr, "");
    assert!(bench.read("flags.safetensors") == bench.read("file.safetensors"), "the files differ");

    bench.ok("train --config run.toml --seed 8 -o other.safetensors");
    assert!(bench.read("flags.safetensors") != bench.read("other.safetensors"), "flags do not win");
}

#[test]
fn contradictions_name_the_row_of_the_file() {
    let bench = Bench::new();
    bench.write("run.toml", "# a run\nclip-norm = 1\nmomentum = 0.9\n");
    let ran = bench.run(&format!("{TRAIN} --config run.toml -o m --clip-value 1"));
    let expected = "error: run.toml: row 2: clip-norm and --clip-value: expected at most one of \
                    them, got both\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), expected));
    let ran = bench.run(&format!("{TRAIN} --config run.toml -o m --optimizer adam"));
    let expected = "error: run.toml: row 3: momentum: expected --optimizer sgd or rmsprop beside it, got \
                    --optimizer adam\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), expected));
}
