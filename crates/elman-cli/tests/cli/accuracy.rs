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

/// PyTorch's `nn.RNN` with the same units, optimiser, batch and clipping gives 0.965 to 0.976.
#[test]
fn the_defaults_reach_the_accuracy_of_the_field() {
    let accuracy = median_accuracy("");
    assert!(accuracy >= 0.965, "{accuracy}");
}

/// The options were chosen by accuracy on fifths of the training file, set aside at random.
#[test]
fn both_directions_with_the_mean_over_time_and_dropout_do_better() {
    let accuracy = median_accuracy(
        "--direction both --pooling mean --dropout 0.3 --activation relu --label-smoothing 0.1",
    );
    assert!(accuracy >= 0.975, "{accuracy}");
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
    let better =
        " --direction both --pooling mean --dropout 0.3 --activation relu --label-smoothing 0.1";
    let readme = include_str!("../../../../README.md");
    let printed = bench.ok(&first).stdout;
    assert!(readme.contains(&format!("```text\n{printed}```")), "{printed}");
    let printed = bench.ok(&(first + better)).stdout;
    let test = printed.lines().find(|line| line.starts_with("test ")).unwrap();
    let accuracy = test.split_whitespace().nth(3).unwrap();
    assert!(readme.contains(&format!("{accuracy} as printed")), "{test}");
}
