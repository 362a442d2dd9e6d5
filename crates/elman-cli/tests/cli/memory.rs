//! A training that the machine has no room for is refused before it begins.

use std::fmt::Write as _;
use std::process::Command;

use super::{Bench, Ran, TRAIN};

impl Bench {
    /// The command in an address space of so many kilobytes.
    fn run_within(&self, kilobytes: usize, arguments: &str) -> Ran {
        let own = self.command(arguments);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"")]);
        command.arg(own.get_program()).args(own.get_args()).current_dir(self.folder.path());
        Ran::of(command.output().unwrap())
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_training_without_room_says_what_it_needs_and_what_needs_less() {
    let bench = Bench::new();
    let mut text = "id,t,x,lab\n".to_owned();
    for (id, t) in (0..4).flat_map(|id| (0..10_000).map(move |t| (id, t))) {
        writeln!(text, "{id},{t},{},{}", (t % 7) as f64 / 7.0, ["a", "b"][id % 2]).unwrap();
    }
    bench.write("long.csv", text);
    let long = "train long.csv --sequence id --time t --target lab --task classify --cell lstm \
                --direction forward --pooling last --hidden-size 256 --epochs 1 --max-updates 1 \
                --threads 1 -o m.safetensors";
    // Traces of 6 · 256 numbers for each of 40,000 steps: 246 MB.
    let ran = bench.run_within(450_000, long);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.starts_with("error: memory: expected at most "), "{last}");
    assert!(last.contains("which the limit of the address space leaves, got "), "{last}");
    assert!(last.contains("245.9 MB for the traces of a batch"), "{last}");
    assert!(last.contains("hint: recompute, bptt, a smaller batch_size or hidden_size"), "{last}");
    // What it says helps, and what comes out is the same.
    assert_eq!(bench.run(long).code, Some(0));
    let model = bench.read("m.safetensors");
    let ran = bench.run_within(450_000, &format!("{long} --recompute"));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(bench.read("m.safetensors") == model, "another model");
    let ran =
        bench.run_within(1_000_000, &format!("{TRAIN} -o x.safetensors --head-hidden 100000,9000"));
    assert_eq!(ran.code, Some(1));
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.contains("GB for weights, gradients and moments"), "{last}");
    assert!(last.ends_with("hint: a smaller hidden_size needs less)"), "{last}");
}
