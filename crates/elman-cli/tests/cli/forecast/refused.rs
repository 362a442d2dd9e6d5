//! Options and series that no forecast is made of, and what a model cannot give.

use super::*;

/// Training arguments that do not go with a forecast, or with one another.
const REFUSED: &[(&str, &str)] = &[
    ("--folds 3", "--folds: expected another --task, got forecast, which has cut-offs in time"),
    ("--validation past.csv", "--validation: expected another --task, got forecast"),
    ("--categories plan", "--categories: expected another --task, got forecast"),
    ("--label-smoothing 0.1", "--label-smoothing: expected --task classify or tag beside it"),
    ("--missing mask", "--missing: expected refuse or last for series, got mask"),
    ("--test-step 2", "--test-step: expected --test-windows or --test beside it, got neither"),
    ("--test past.csv --test-windows 2", "--test and --test-windows: expected at most one"),
    ("--exclude plan", "--exclude: expected --layout wide beside it"),
    ("--levels 80,100", "--levels: expected percentages above 0 and below 100"),
    ("--layout conll", "--layout: expected long or wide for dated series"),
    ("--distribution gaussian --loss l1", "--loss: expected --distribution point beside it"),
];

#[test]
fn options_that_do_not_go_together_are_refused_by_name() {
    let (bench, _) = trained(0, "--quiet");
    for (more, expected) in REFUSED {
        let ran = bench.run(&format!("train sales.csv {SHORT} -o x.safetensors {more}"));
        assert_eq!(ran.code, Some(1), "{more}");
        let expected = format!("error: {expected}");
        assert!(ran.stderr.starts_with(&expected), "{more}\n{expected}\n{}", ran.stderr);
    }
    bench.train("--quiet");
    for (arguments, expected) in [
        ("train train.csv --task classify -o x --horizon 3", "--horizon: expected --task forecast"),
        ("train sales.csv --task forecast -o x", "--horizon: expected the steps to forecast"),
        ("evaluate f.safetensors sales.csv", "--backtest: expected this option"),
        ("evaluate m.safetensors test.csv --windows 3", "--windows: expected a model trained with"),
        ("predict m.safetensors test.csv --levels 80", "--levels: expected a model trained with"),
        ("predict f.safetensors sales.csv --seed 80", "--seed: expected --samples beside it"),
        (
            "predict f.safetensors sales.csv --samples 2 --levels 9",
            "--samples and --levels: expected at most one of them",
        ),
        ("predict f.safetensors sales.csv --future past.csv", "--future: expected a model trained"),
        ("score f.safetensors sales.csv --each line", "--each: expected a model trained with"),
        ("score f.safetensors sales.csv --level 100", "--level: expected a percentage above 0"),
        (
            "score m.safetensors test.csv",
            "m.safetensors: expected a model trained with --task text",
        ),
        ("generate f.safetensors", "f.safetensors: expected a model trained with --task text"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        let expected = format!("error: {expected}");
        assert!(ran.stderr.starts_with(&expected), "{arguments}\n{expected}\n{}", ran.stderr);
    }
}

/// Rows of `bad.csv` after the header `unique_id,ds,y`.
struct Case {
    name: &'static str,
    rows: &'static str,
    arguments: &'static str,
}

/// Trains on `bad.csv`.
const TRAIN: &str = "train bad.csv {short} -o x.safetensors";

const fn bad(name: &'static str, rows: &'static str) -> Case {
    Case { name, rows, arguments: TRAIN }
}

const CASES: &[Case] = &[
    bad("dates out of order", "a,2024-01-02,1\na,2024-01-01,2\n"),
    bad("a date twice", "a,2024-01-01,1\na,2024-01-02,2\na,2024-01-02,3\n"),
    bad("an unknown format", "a,01/02/2024,1\n"),
    bad("a day that is none", "a,2023-02-29,1\n"),
    bad("dates among numbers", "a,1,1\na,2024-01-01,1\n"),
    bad("a gap", "a,2024-01-01,1\na,2024-01-02,2\na,2024-01-05,3\n"),
    bad("an irregular step", "a,2024-01-01 00:00,1\na,2024-01-01 01:00,2\na,2024-01-01 02:10,3\n"),
    bad("mixed frequency", "a,2024-01-01,1\na,2024-01-02,2\nb,2024-01-01,1\nb,2024-01-08,2\n"),
    bad("mixed time zones", "a,2024-01-01T00:00Z,1\na,2024-01-01T01:00,2\n"),
    bad("a value that is text", "a,2024-01-01,1\na,2024-01-02,lots\n"),
    bad("a missing value", "a,2024-01-01,1\na,2024-01-02,\n"),
    bad("series too short", "a,2024-01-01,1\na,2024-01-02,2\na,2024-01-03,2\na,2024-01-04,2\n"),
    bad("a horizon longer than the data", "a,2024-01-01,1\na,2024-01-02,2\n"),
    Case {
        arguments: "train past.csv {short} --time date -o x.safetensors",
        ..bad("an unknown column", "")
    },
    Case {
        arguments: "train short.csv {short} --transform log -o x.safetensors",
        ..bad("values below zero under a logarithm", "")
    },
    Case {
        arguments: "train past.csv {short} --test past.csv -o x.safetensors",
        ..bad("a test that repeats the training", "")
    },
    Case {
        arguments: "train past.csv {short} --test-windows 60 -o x.safetensors",
        ..bad("a test that leaves nothing", "")
    },
    Case {
        arguments: "predict f.safetensors bad.csv",
        ..bad("another frequency", "north,1,1\nnorth,2,1\n")
    },
    Case {
        arguments: "predict f.safetensors bad.csv",
        ..bad("too little to go on from", "north,2024-01,1\nnorth,2024-02,1\n")
    },
    Case {
        arguments: "evaluate f.safetensors past.csv --backtest --windows 99",
        ..bad("more windows than rows", "")
    },
    Case {
        arguments: "evaluate f.safetensors past.csv --backtest --windows 0",
        ..bad("no window", "")
    },
];

#[test]
fn bad_series_are_one_line_and_exit_code_1() {
    let (bench, _) = trained(0, "--quiet");
    let falling: Vec<String> =
        (0..40).map(|t| format!("west,{}-{:02},{}", 2019 + t / 12, t % 12 + 1, 9 - t)).collect();
    bench.write("short.csv", format!("unique_id,ds,y\n{}\n", falling.join("\n")));
    bench.write("bad.csv", "");
    let before = bench.files();
    let mut table = String::new();
    for case in CASES {
        bench.write("bad.csv", format!("unique_id,ds,y\n{}", case.rows));
        let short = "--task forecast --horizon 3 --context 12 --hidden-size 4 --max-updates 5";
        let ran = bench.run(&case.arguments.replace("{short}", short));
        let name = case.name;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{name}\n{}", ran.stderr);
        let error = ran.stderr.lines().last().unwrap();
        assert!(error.starts_with("error: "), "{name}\n{}", ran.stderr);
        assert_eq!(bench.files(), before, "{name}");
        writeln!(table, "{name}\n    {error}").unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_model_without_past_errors_forecasts_without_intervals() {
    let bench = Bench::new();
    bench.write("short.csv", "ds,y\n2021,1\n2022,2\n2023,3\n2024,5\n");
    bench.ok("train short.csv --task forecast --horizon 2 --max-updates 5 -o f.safetensors");
    let ran = bench.ok("predict f.safetensors short.csv");
    assert!(ran.stdout.starts_with("unique_id,ds,f\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("warning: no intervals: "), "{}", ran.stderr);
    for command in ["predict f.safetensors short.csv --levels 80", "score f.safetensors short.csv"]
    {
        let ran = bench.run(command);
        let wanted =
            "error: model: expected past errors, which intervals are made from, got none: ";
        assert!(ran.code == Some(1) && ran.stderr.contains(wanted), "{}", ran.stderr);
    }
}

#[test]
fn what_no_machine_and_no_errors_can_give_is_said() {
    let (bench, _) = trained(0, "--quiet");
    let ran = bench.run("predict f.safetensors sales.csv --samples 999999999999");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("samples: expected at most ") && ran.stderr.contains("999999999999")
    );
    let ran = bench.ok("predict f.safetensors sales.csv --levels 50,99.99");
    let wanted = "warning: intervals of 99.99 % are those of ";
    assert!(ran.stderr.contains(wanted) && !ran.stderr.contains("50 %"), "{}", ran.stderr);
}
