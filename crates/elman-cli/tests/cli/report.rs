//! `report`, and the pages of `train --report` and `explain --output`.

use super::{Bench, TRAIN};

#[test]
fn a_report_is_one_page_of_bounded_size() {
    let bench = Bench::new();
    bench.train("--quiet --validation-fraction 0.25");
    let ran = bench.ok("report m.safetensors test.csv -o out.html");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.starts_with("the report is in out.html ("), "{}", ran.stderr);
    let page = String::from_utf8(bench.read("out.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.len() < 150_000, "{}", page.len());
    for heading in ["How well it does", "Confusion matrix", "Reach", "Learning rate", "Lengths"] {
        assert!(page.contains(heading), "{heading}");
    }
    let again = bench.ok("report m.safetensors test.csv -o again.html --threads 3 --json");
    let document: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(document["bytes"].as_u64(), Some(page.len() as u64));
    assert_eq!(bench.read("again.html"), page.into_bytes());
}

#[test]
fn training_writes_the_page_of_its_test_data_with_its_command() {
    let bench = Bench::new();
    bench.ok(&format!("{TRAIN} -o m.safetensors --test test.csv --report out.html"));
    let page = String::from_utf8(bench.read("out.html")).unwrap();
    assert!(page.contains("<code>elman train train.csv --sequence id"), "no command");
    assert!(page.contains("<b>10</b>sequences looked at"), "not the test data");
}

#[test]
fn a_report_needs_no_data_and_no_answers() {
    let bench = Bench::new();
    bench.train("--quiet");
    bench.ok("report m.safetensors -o bare.html");
    bench.ok("report m.safetensors test.csv --without-answers -o open.html");
    let open = String::from_utf8(bench.read("open.html")).unwrap();
    assert!(open.contains("The data have no answers") && !open.contains("Confusion"));
}

#[test]
fn an_explanation_is_drawn() {
    let bench = Bench::new();
    bench.train("--quiet");
    let ran = bench.ok("explain m.safetensors test.csv --sequence s100 -o why.html --json");
    assert!(ran.stderr.contains("the page is in why.html"), "{}", ran.stderr);
    assert!(String::from_utf8(bench.read("why.html")).unwrap().contains("By step and channel"));
}

#[test]
fn pages_that_cannot_be_written_are_refused_before_the_work() {
    let bench = Bench::new();
    bench.train("--quiet");
    let model = bench.read("m.safetensors");
    for (arguments, wanted) in [
        ("report m.safetensors test.csv -o none/out.html", "none"),
        ("report m.safetensors test.csv -o m.safetensors", "--output: expected a file that is not"),
        ("report m.safetensors test.csv -o -", "--output: expected a file for the page"),
        ("report m.safetensors -o o.html --without-answers", "--without-answers: expected data"),
        ("report m.safetensors numbers.csv -o o.html", "numbers.csv: "),
        ("explain m.safetensors test.csv --sequence s100 -o m.safetensors", "--output: expected"),
        (
            &format!("{TRAIN} -o n.safetensors --report n.safetensors"),
            "--report: expected a file of its own",
        ),
        (&format!("{TRAIN} -o n.safetensors --report none/out.html"), "none"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    assert_eq!(bench.read("m.safetensors"), model);
    assert!(
        !bench.files().iter().any(|name| name.ends_with(".html")
            || name.starts_with('n') && name.ends_with("safetensors"))
    );
}
