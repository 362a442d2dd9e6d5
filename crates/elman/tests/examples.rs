//! Runs every example and holds the numbers it prints against those that PyTorch computed: the
//! reference cases of `tests-data/vectors/seeds`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#[path = "../../../examples/support/reference.rs"]
mod reference;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::{ArrayD, Axis, IxDyn};
use reference::Reference;

/// What an example printed, by name: shape and values.
struct Printed {
    text: String,
    arrays: BTreeMap<String, ArrayD<f64>>,
}

/// The example as `cargo test` has built it beside this test. Another `cargo run` would build it, and
/// all that it depends on, a second time.
fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("{example}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "run `cargo build --examples -p elman` first: no {program:?}");
    program
}

/// Runs an example with as many decimals.
fn run(example: &str, decimals: Option<usize>) -> Printed {
    let mut command = Command::new(program(example));
    if let Some(decimals) = decimals {
        command.arg(decimals.to_string());
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    Printed { arrays: parse(&text), text }
}

/// Reads `name = value`, and `name [shape] =` with the rows that follow it.
fn parse(text: &str) -> BTreeMap<String, ArrayD<f64>> {
    let mut arrays = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, array) = if let Some(head) = line.strip_suffix(" =") {
            let (name, shape) = head.rsplit_once(" [").unwrap();
            let shape = shape.trim_end_matches(']').split(", ").map(|n| n.parse().unwrap());
            let shape: Vec<usize> = shape.collect();
            let mut values: Vec<f64> = Vec::new();
            while let Some(row) = lines.next_if(|row| row.trim_start().starts_with('[')) {
                let row = row.replace(['[', ']'], " ");
                values.extend(row.split_whitespace().map(|number| number.parse::<f64>().unwrap()));
            }
            (name, ArrayD::from_shape_vec(shape, values).unwrap())
        } else if let Some((name, value)) = line.rsplit_once(" = ") {
            (name, ArrayD::from_elem(IxDyn(&[]), value.parse().unwrap()))
        } else {
            continue;
        };
        assert!(arrays.insert(name.to_owned(), array).is_none(), "{name} twice");
    }
    arrays
}

impl Printed {
    fn get(&self, name: &str) -> &ArrayD<f64> {
        self.arrays.get(name).unwrap_or_else(|| panic!("{name} was not printed:\n{}", self.text))
    }

    /// To the tolerance that `index.json` states: 1e-12 of the value, or of 1e-3 where it is
    /// smaller; 1e-11 for the trained 003.
    fn assert_close(&self, name: &str, expected: &ArrayD<f64>) {
        let found = self.get(name);
        let tolerance = if name.starts_with("003") { 1e-11 } else { 1e-12 };
        assert!(expected.iter().any(|value| *value != 0.0), "{name}: nothing to compare with");
        assert_eq!(squeeze(found.shape()), squeeze(expected.shape()), "{name}");
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let bound = tolerance * expected.abs().max(1e-3);
            assert!((found - expected).abs() <= bound, "{name}[{at}]: {found}, not {expected}");
        }
    }
}

/// A shape without its axes of length 1: 002 has no batch axis, and its bias is a row.
fn squeeze(shape: &[usize]) -> Vec<usize> {
    shape.iter().copied().filter(|axis| *axis != 1).collect()
}

fn expected(case: &Reference, name: &str) -> ArrayD<f64> {
    case.get(name).unwrap()
}

/// Decimals enough for 1e-12 of 1e-3.
const EXACT: Option<usize> = Some(18);

#[test]
fn forward_bptt_prints_the_notebook_s_line() {
    let text = run("forward_bptt", None).text;
    assert!(text.contains("\n[[0.79494228 0.81839002 0.83939649 0.85584174]]\n"), "{text}");
}

#[test]
fn forward_bptt_gives_states_gradients_and_step_of_the_reference() {
    let printed = run("forward_bptt", EXACT);
    for (prefix, case) in [("", "000_published"), ("relu ", "000_relu_batch4")] {
        let case = Reference::open(case).unwrap();
        let batch_size = expected(&case, "x").shape()[0] as f64;
        printed.assert_close(&format!("{prefix}states"), &expected(&case, "hs"));
        printed.assert_close(&format!("{prefix}h_last"), &expected(&case, "h_last"));
        for (ours, theirs) in [("dx", "x"), ("dh_0", "h0")] {
            let mean = expected(&case, &format!("autograd.{theirs}")) / batch_size;
            printed.assert_close(&format!("{prefix}{ours}"), &mean);
        }
        for (ours, theirs) in [("W", "Wx"), ("U", "Wh"), ("b", "b")] {
            let grad = expected(&case, &format!("seed.d{theirs}"));
            printed.assert_close(&format!("{prefix}d{ours}"), &grad);
            let after = expected(&case, &format!("after.{theirs}"));
            printed.assert_close(&format!("{prefix}{ours} after the step"), &after);
        }
    }
}

#[test]
fn stateful_rnn_carries_sets_and_resets_its_state_as_the_reference_does() {
    let printed = run("stateful_rnn", EXACT);
    let case = Reference::open("001_stateful_blocks").unwrap();
    for block in ["block0", "block1"] {
        for (ours, theirs) in [
            ("hs", "hs"),
            ("dxs", "seed.dxs"),
            ("dh", "seed.dh"),
            ("dW", "seed.dWx"),
            ("dU", "seed.dWh"),
            ("db", "seed.db"),
            ("W after the step", "after.Wx"),
            ("U after the step", "after.Wh"),
            ("b after the step", "after.b"),
        ] {
            let theirs = expected(&case, &format!("{block}.{theirs}"));
            printed.assert_close(&format!("{block} {ours}"), &theirs);
        }
    }
    printed.assert_close("block2 hs", &expected(&case, "block2.hs"));
    printed.assert_close("block0 hs again", &expected(&case, "block0.hs"));
}

#[test]
fn per_step_mse_gives_the_gradients_of_the_mean() {
    let printed = run("per_step_mse", EXACT);
    let case = Reference::open("002_T9_D2_H7").unwrap();
    for (ours, theirs) in [
        ("y_pred", "y_pred"),
        ("loss", "loss_mean"),
        ("dx", "autograd_mean.x"),
        ("dW", "autograd_mean.Wx"),
        ("dU", "autograd_mean.Wh"),
        ("db", "autograd_mean.bh"),
    ] {
        printed.assert_close(ours, &expected(&case, theirs));
    }
}

#[test]
fn per_step_mse_draws_the_spread_it_claims_and_learns() {
    let printed = run("per_step_mse", None);
    // 50 weights of deviation sqrt(2/51) and 2500 of sqrt(2/100). An estimate from n draws is off by
    // 1/sqrt(2n) of the deviation; 4 of these.
    for (name, fans, draws) in [("input_weights", 51.0, 50.0), ("recurrent_weights", 100.0, 2500.0)]
    {
        let found = printed.get(&format!("deviation of {name}")).sum();
        let expected = f64::sqrt(2.0 / fans);
        let bound = 4.0 * expected / f64::sqrt(2.0 * draws);
        assert!((found - expected).abs() < bound, "{name}: {found}, not {expected}");
    }
    let losses = [0, 20, 40, 60, 80, 100].map(|s| printed.get(&format!("step {s}: loss")).sum());
    assert!(losses.is_sorted_by(|before, after| after < before), "{losses:?}");
}

#[test]
fn softmax_classifier_follows_the_reference_for_20_epochs() {
    let printed = run("softmax_classifier", EXACT);
    for name in ["003_train20", "003_train20_batch6"] {
        let case = Reference::open(name).unwrap();
        let losses = expected(&case, "train.loss");
        assert_eq!(losses.len(), 20);
        for (epoch, loss) in losses.axis_iter(Axis(0)).enumerate() {
            printed.assert_close(&format!("{name} epoch {epoch}: loss"), &loss.to_owned());
        }
        let last = expected(&case, "train.final_loss");
        printed.assert_close(&format!("{name} in the end: loss"), &last);
        printed.assert_close(&format!("{name} p"), &expected(&case, "train.final_y_pred"));
        for short in ["w_x", "w_h", "b", "w_out", "b_out"] {
            let history = expected(&case, &format!("train.{short}"));
            let trained = history.index_axis(Axis(0), 20).to_owned();
            printed.assert_close(&format!("{name} {short}"), &trained);
        }
    }
}

#[test]
fn derivation_agrees_with_the_reference_and_with_its_own_formulas() {
    let printed = run("derivation", EXACT);
    for (name, seq_len) in [("004_published", 3), ("004_batch2", 6)] {
        let case = Reference::open(name).unwrap();
        printed.assert_close(&format!("{name} h_last"), &expected(&case, "h_last"));
        for (ours, theirs) in [("dx", "x"), ("dh_0", "h0"), ("dW", "Wx"), ("dU", "Wh"), ("db", "b")]
        {
            let theirs = expected(&case, &format!("grad.{theirs}"));
            printed.assert_close(&format!("{name} {ours}"), &theirs);
        }
        let steps = (0..seq_len).flat_map(|t| {
            ["a_t", "da_t", "dx_t", "dh_t-1"].map(|formula| format!("{name} t={t} {formula}"))
        });
        for formula in steps.chain(["dW", "dU", "db"].map(|sum| format!("{name} {sum}"))) {
            let difference = printed.get(&format!("{formula}: largest difference")).sum();
            assert!(difference < 1e-14, "{formula}: {difference}");
        }
        let elements = expected(&case, "x").len();
        let agreement =
            format!("{name} dx by central differences: 0 of {elements} elements disagree");
        assert!(printed.text.contains(&agreement), "{}", printed.text);
    }
}

#[test]
fn custom_cell_passes_its_gradient_checks_and_without_a_leak_is_the_simple_cell() {
    let printed = run("custom_cell", EXACT);
    // Inputs [4, 6, 3], state [4, 5], and W [3, 5], U [5, 5], b and λ [5] once or in two layers
    // with the head [5, 2] and [2].
    let layer = 4 * 6 * 3 + 4 * 5 + (3 * 5 + 5 * 5 + 2 * 5);
    let network =
        4 * 6 * 3 + 2 * 4 * 5 + (3 * 5 + 5 * 5 + 2 * 5) + (5 * 5 + 5 * 5 + 2 * 5) + (5 * 2 + 2);
    for (name, elements) in [("Forward", layer), ("Reverse", layer), ("Network", network)] {
        let agreement = format!("{name}: 0 of {elements} elements disagree");
        assert!(printed.text.contains(&agreement), "{}", printed.text);
    }
    let states = expected(&Reference::open("000_published").unwrap(), "hs");
    printed.assert_close("states without a leak", &states);
    assert_ne!(printed.get("states that leak by half"), printed.get("states without a leak"));
}
