//! What the command reaches on real data: the Japanese Vowels, 370 test utterances.

use serde_json::Value;

use super::{Bench, vowels};

/// The median over the seeds 1 to 5 of the accuracy on the test file.
fn median_accuracy(options: &str) -> f64 {
    let bench = Bench::new();
    let (train, test) = (vowels("train.csv"), vowels("test.csv"));
    let run = |seed: u64| {
        let arguments = format!(
            "train {} --test {} --sequence utterance --time step --target speaker \
             --task classify --seed {seed} --json --quiet -o m.safetensors {options}",
            train.display(),
            test.display()
        );
        let document: Value = serde_json::from_str(&bench.ok(&arguments).stdout).unwrap();
        document["test"]["accuracy"].as_f64().unwrap()
    };
    let mut accuracies: Vec<f64> = (1..=5).map(run).collect();
    accuracies.sort_by(f64::total_cmp);
    println!("{options:?}: {accuracies:.4?}");
    accuracies[2]
}

#[test]
fn the_defaults_reach_the_accuracy_of_the_field() {
    let accuracy = median_accuracy("");
    assert!(accuracy >= 0.975, "{accuracy}");
}

/// A third of the time of the default.
#[test]
fn simple_cells_with_the_mean_over_time_come_near() {
    let accuracy =
        median_accuracy("--cell simple --activation relu --pooling mean --label-smoothing 0.1");
    assert!(accuracy >= 0.97, "{accuracy}");
}

#[test]
fn the_readme_quotes_what_its_command_prints() {
    let bench = Bench::new();
    let (train, test) = (vowels("train.csv"), vowels("test.csv"));
    let first = format!(
        "train {} --test {} --task classify --sequence utterance --time step --target speaker \
         --quiet --output vowels.safetensors",
        train.display(),
        test.display()
    );
    let better = " --members 5";
    let readme = include_str!("../../../../README.md");
    let printed = bench.ok(&first).stdout;
    assert!(readme.contains(&format!("```text\n{printed}```")), "{printed}");
    let printed = bench.ok(&(first + better)).stdout;
    let test = printed.lines().find(|line| line.starts_with("test ")).unwrap();
    let accuracy = test.split_whitespace().nth(3).unwrap();
    assert!(readme.contains(&format!("{accuracy} as printed")), "{test}");
}
