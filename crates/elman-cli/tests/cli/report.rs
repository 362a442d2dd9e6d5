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

#[test]
fn a_forecast_has_a_page_of_its_series() {
    let bench = Bench::new();
    let mut sales = "unique_id,ds,y\n".to_owned();
    for (id, level) in [("north", 20), ("south", 50)] {
        for month in 0..72 {
            let (year, y) = (2019 + month / 12, level + [0, 2, 5, 9, 12, 9][month % 6]);
            sales += &format!("{id},{year}-{:02},{y}\n", month % 12 + 1);
        }
    }
    bench.write("sales.csv", &sales);
    let train = "train sales.csv --task forecast --horizon 3 --context 12 --transform none \
                 --hidden-size 4 --max-updates 20 --test-windows 4 -o f.safetensors";
    let ran = bench.ok(&format!("{train} --report out.html"));
    assert!(ran.stderr.contains("the report is in out.html ("), "{}", ran.stderr);
    let page = String::from_utf8(bench.read("out.html")).unwrap();
    for words in ["<b>4</b>cut-offs", "--test-windows 4", "seasonal-naive", "are the best of"] {
        assert!(page.contains(words), "{words}");
    }
    // The same windows without the plan: all rows that the model has not learnt from.
    bench.ok("report f.safetensors sales.csv -o again.html");
    let again = String::from_utf8(bench.read("again.html")).unwrap();
    for words in ["<b>4</b>cut-offs", "are the best of"] {
        assert!(again.contains(words), "{words}");
    }
    bench.ok("report f.safetensors -o bare.html");
    for (arguments, wanted) in [
        (
            "report f.safetensors sales.csv --without-answers -o o.html",
            "--without-answers: expected",
        ),
        ("report f.safetensors test.csv -o o.html", "test.csv: "),
        (&format!("{train} --report f.safetensors"), "--report: expected a file of its own"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}

/// Trains a small model of a text of a few lines.
const TEXT: &str = "train t.txt --task text --hidden-size 8 --embedding-size 4 --lanes 2 --bptt 16 \
                    --epochs 1 -o t.safetensors --quiet";

#[test]
fn a_text_has_a_page_with_what_it_writes_and_where_it_is_surprised() {
    let bench = Bench::new();
    bench.write("t.txt", "To be, or not to be;\nthat is <b>the</b> question 42.\n".repeat(60));
    bench.ok(&format!("{TEXT} --report out.html"));
    let page = String::from_utf8(bench.read("out.html")).unwrap();
    for words in [
        "Temperature 0.5",
        "Temperature 1<",
        "Nats per token",
        "most surprising tokens",
        "5-grams",
        "--report out.html",
        "class=\"q",
        "Updates beside weights",
        "Reach",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<b>the</b>") && page.len() < 150_000, "{}", page.len());
    bench.ok("report t.safetensors t.txt -o again.html");
    bench.ok("report t.safetensors -o bare.html");
    let bare = String::from_utf8(bench.read("bare.html")).unwrap();
    assert!(bare.contains("Temperature 0.8") && !bare.contains("Where it is surprised"));
    bench.write("one.txt", "T");
    bench.write("other.txt", "ñ ñ");
    for (arguments, wanted) in [
        ("report t.safetensors one.txt -o o.html", "text: expected at least two tokens"),
        (
            "report t.safetensors other.txt -o o.html",
            "other.txt: expected a character that the model",
        ),
        ("report t.safetensors t.txt --target y -o o.html", "--target: expected a model of seq"),
        ("report t.safetensors t.txt --without-answers -o o.html", "--without-answers: expected"),
        ("report t.safetensors none.txt -o o.html", "none.txt: "),
        (&format!("{TEXT} --report t.safetensors"), "--report: expected a file of its own"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}

#[test]
fn folds_and_members_are_shown_with_their_spread() {
    let bench = Bench::new();
    bench.ok(&format!("{TRAIN} -o m.safetensors --folds 3 --members 2 --quiet --report out.html"));
    let page = String::from_utf8(bench.read("out.html")).unwrap();
    for words in ["Cross-validation, 3 folds", "Together, 2 members", " ± "] {
        assert!(page.contains(words), "{words}");
    }
}
