//! The runner misses nothing: every expected value of the repository's vectors counts, damaged
//! and unknown cases are reported, new ones are found.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;

fn vectors() -> PathBuf {
    crate::repository().join("tests-data/vectors")
}

/// The cases of the repository that pass, with what was computed for them.
fn passing_cases() -> Vec<(String, Case, Computed)> {
    let mut cases = Vec::new();
    for family in index::families(&vectors()).expect("the vectors have an index") {
        for row in &family.rows {
            let case = Case::load(&family.path, row).expect("the vectors are whole");
            if let Ok(computed) = compute(&case) {
                assert_eq!(compare::verdict(&case, &computed), Verdict::Passed, "{}", row.name);
                cases.push((format!("{}/{}", family.name, row.name), case, computed));
            }
        }
    }
    cases
}

/// A folder of one case: a copy of `torch/rnn_tanh_n3_t7_d5_h4` with other options.
fn folder(name: &str, options: &[(&str, Value)], damage: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let families = index::families(&vectors().join("torch")).expect("torch has an index");
    let wanted = |row: &&index::Row| row.name == "rnn_tanh_n3_t7_d5_h4";
    let row = families[0].rows.iter().find(wanted).expect("the case exists");
    let mut options_of_case = row.options.clone();
    options_of_case.extend(options.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));

    let root =
        std::env::temp_dir().join(format!("elman-conformance-{}-{name}", std::process::id()));
    let family = root.join("dropped_in");
    fs::create_dir_all(&family).expect("a temporary folder can be made");
    let file = row.options["file"].as_str().expect("a case has a file");
    let mut bytes = fs::read(vectors().join("torch").join(file)).expect("the case can be read");
    damage(&mut bytes);
    fs::write(family.join(file), bytes).expect("the case can be written");
    let index = json!({"family": "torch", "cases": [options_of_case]});
    fs::write(family.join("index.json"), index.to_string()).expect("the index can be written");
    root
}

/// The verdict on the one case below a folder.
fn verdict_below(root: &Path) -> Verdict {
    let families = index::families(root).expect("the folder has an index");
    assert_eq!(families[0].name, "dropped_in");
    let [row] = &families[0].rows[..] else { panic!("expected one case") };
    let verdict = match Case::load(&families[0].path, row) {
        Ok(case) => judge(&case),
        Err(stop) => stop.into(),
    };
    fs::remove_dir_all(root).expect("the temporary folder can be removed");
    verdict
}

#[test]
fn every_expected_tensor_of_every_passing_case_counts() {
    for (name, mut case, computed) in passing_cases() {
        let expected: Vec<String> =
            case.expected().into_iter().map(|(name, _)| name.to_owned()).collect();
        assert!(!expected.is_empty(), "{name}");
        for tensor in expected {
            let right = case.disturb(&tensor);
            let verdict = compare::verdict(&case, &computed);
            assert!(matches!(verdict, Verdict::Failed(_)), "{name}: {tensor} does not count");
            case.restore(&tensor, right);
        }
    }
}

#[test]
fn a_new_folder_with_an_index_is_found_and_passes() {
    assert_eq!(verdict_below(&folder("new", &[], |_| {})), Verdict::Passed);
}

#[test]
fn a_damaged_file_fails() {
    let flipped = folder("flipped", &[], |bytes| *bytes.last_mut().expect("not empty") ^= 1);
    let verdict = verdict_below(&flipped);
    assert!(
        matches!(&verdict, Verdict::Failed(reason) if reason.contains("SHA-256")),
        "{verdict:?}"
    );
    let short = folder("short", &[], |bytes| bytes.truncate(100));
    assert!(matches!(verdict_below(&short), Verdict::Failed(_)));
}

#[test]
fn a_wrong_value_fails() {
    let mut digest = String::new();
    let probe = folder("probe", &[], |bytes| {
        // The last entry of the last tensor.
        let at = bytes.len() - 2;
        bytes[at] ^= 0x10;
        digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    });
    fs::remove_dir_all(probe).expect("the temporary folder can be removed");
    let wrong = folder("wrong", &[("sha256", json!(digest))], |bytes| {
        let at = bytes.len() - 2;
        bytes[at] ^= 0x10;
    });
    let verdict = verdict_below(&wrong);
    assert!(
        matches!(&verdict, Verdict::Failed(reason) if reason.contains("expected")),
        "{verdict:?}"
    );
}

#[test]
fn what_the_runner_does_not_know_is_unsupported() {
    let unknown = [
        ("cell", json!("minimal"), "cell minimal"),
        ("activation", json!("softsign"), "activation softsign"),
        ("dtype", json!("bf16"), "dtype bf16"),
        ("family", json!("jax"), "family jax"),
        ("proj_size", json!(3), "option proj_size: 3"),
        ("clip", json!(0.5), "option clip: 0.5"),
    ];
    for (option, value, reason) in unknown {
        let verdict = verdict_below(&folder(option, &[(option, value)], |_| {}));
        assert_eq!(verdict, Verdict::Unsupported(reason.to_owned()));
    }
}

#[test]
fn a_folder_without_cases_is_refused() {
    assert!(index::families(&crate::repository().join("workbench/src")).is_err());
    assert!(index::families(Path::new("/nonexistent")).is_err());
}

#[test]
fn minimums_are_read_and_kept() {
    let minimum: Minimum = "torch=2".parse().expect("a family and a count");
    let mut summary = Summary::default();
    summary.record("torch", "a", Verdict::Passed);
    assert!(summary.check(std::slice::from_ref(&minimum)).is_err());
    summary.record("torch", "b", Verdict::Passed);
    assert!(summary.check(&[minimum]).is_ok());
    summary.record("torch", "c", Verdict::Unsupported("new".to_owned()));
    assert!(summary.check(&[]).is_ok());
    summary.record("torch", "d", Verdict::Failed("wrong".to_owned()));
    assert!(summary.check(&[]).is_err());
    assert!("torch".parse::<Minimum>().is_err());
}
