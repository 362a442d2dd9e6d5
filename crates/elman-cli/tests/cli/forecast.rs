//! Dated series: `train --task forecast`, `predict`, `evaluate --backtest`, and what they refuse.

#[path = "forecast/refused.rs"]
mod refused;

use std::fmt::Write as _;

use serde_json::Value;

use super::{Bench, Ran};

/// Two series of months from 2019-01 that rise, with a season; `plan` is known ahead.
fn sales(months: usize) -> String {
    let mut text = "unique_id,ds,y,plan\n".to_owned();
    for (id, level) in [("north", 20), ("south", 50)] {
        for month in 0..months {
            let wave = [0, 2, 5, 9, 12, 14, 15, 13, 10, 6, 3, 1][month % 12];
            let (year, y) = (2019 + month / 12, level + wave + month / 6);
            let ds = format!("{year}-{:02}", month % 12 + 1);
            writeln!(text, "{id},{ds},{y},{}", month % 3).unwrap();
        }
    }
    text
}

/// Trains in little time; data and output are still to be named.
const SHORT: &str = "--task forecast --horizon 3 --context 12 --transform none --scale window \
                     --hidden-size 4 --max-updates 20";

/// A folder with `sales.csv` and `f.safetensors`, trained on it without the last `kept` months.
fn trained(kept: usize, more: &str) -> (Bench, Ran) {
    let bench = Bench::new();
    bench.write("sales.csv", sales(48));
    bench.write("past.csv", sales(48 - kept));
    let ran = bench.ok(&format!("train past.csv {SHORT} -o f.safetensors {more}"));
    (bench, ran)
}

fn lines(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn series_are_learnt_and_go_on() {
    let (bench, ran) = trained(0, "");
    for words in ["2: north, south", "96 rows monthly, 2019-01 to 2022-12", "season  12 steps"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    let predicted = bench.ok("predict f.safetensors sales.csv");
    let rows = lines(&predicted.stdout);
    assert_eq!(rows[0], ["unique_id", "ds", "f", "f-lo-95", "f-lo-80", "f-hi-80", "f-hi-95"]);
    let keys: Vec<[&str; 2]> = rows[1..].iter().map(|row| [row[0], row[1]]).collect();
    let months = ["2023-01", "2023-02", "2023-03"];
    let both = ["north", "south"].into_iter().flat_map(|id| months.map(|month| [id, month]));
    assert_eq!(keys, both.collect::<Vec<_>>());
    for row in &rows[1..] {
        let numbers: Vec<f64> = row[2..].iter().map(|cell| cell.parse().unwrap()).collect();
        let [middle, ends @ ..] = numbers.as_slice() else { panic!("numbers") };
        assert!(ends.is_sorted() && ends[1] <= *middle && *middle <= ends[2], "{row:?}");
    }
    let levels = bench.ok("predict f.safetensors sales.csv --levels 50 -o ahead.csv");
    assert_eq!(levels.stderr, "6 rows written to ahead.csv\n");
    let ahead = String::from_utf8(bench.read("ahead.csv")).unwrap();
    assert_eq!(lines(&ahead)[0], ["unique_id", "ds", "f", "f-lo-50", "f-hi-50"]);
    let json = bench.ok("predict f.safetensors sales.csv --json").stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["forecasts"][5]["ds"], "2023-03");
    assert_eq!(json["forecasts"][5]["f"].to_string(), rows[6][2]);
    let inspected = bench.ok("inspect f.safetensors").stdout;
    for words in [
        "forecast 3 steps (monthly) at once, of the 12 before",
        "north, south",
        "past.csv: 68 windows",
    ] {
        assert!(inspected.contains(words), "{words}: {inspected}");
    }
}

/// What the back-test says of a cut-off is what `predict` says of the rows before it.
#[test]
fn a_back_test_forecasts_from_the_rows_before_each_cut_off() {
    let (bench, _) = trained(6, "--quiet");
    let measured = bench.ok(
        "evaluate f.safetensors sales.csv --backtest --windows 2 --step 3 --output cv.csv --json",
    );
    let table = String::from_utf8(bench.read("cv.csv")).unwrap();
    let table = lines(&table);
    let header =
        ["unique_id", "ds", "cutoff", "f", "f-lo-95", "f-lo-80", "f-hi-80", "f-hi-95", "y"];
    assert_eq!(table[0], header);
    let keys: Vec<String> = table[1..].iter().map(|row| row[..3].join(" ")).collect();
    let mut sorted = keys.clone();
    sorted.sort_by_key(|key| {
        let parts: Vec<&str> = key.split(' ').collect();
        [parts[0].to_owned(), parts[2].to_owned(), parts[1].to_owned()]
    });
    assert_eq!((keys.len(), &keys), (12, &sorted));
    assert_eq!(keys[0], "north 2022-07 2022-06");
    let ahead = bench.ok("predict f.safetensors past.csv").stdout;
    let first: Vec<String> = table[1..]
        .iter()
        .filter(|row| row[2] == "2022-06")
        .map(|row| [&row[..2], &row[3..8]].concat().join(","))
        .collect();
    assert_eq!(first, ahead.lines().skip(1).collect::<Vec<_>>());
    let json: Value = serde_json::from_str(&measured.stdout).unwrap();
    assert_eq!(json["windows"], 2);
    for name in ["model", "naive", "seasonal-naive", "drift", "mean"] {
        let scores = &json["scores"][name];
        assert_eq!(scores["count"], 12, "{name}");
        assert!(scores["mase"].as_f64().unwrap() > 0.0, "{name}");
    }
    // The file has all that the scores are made of.
    let errors = table[1..].iter().map(|row| {
        let [f, y] = [row[3], row[8]].map(|cell| cell.parse::<f64>().unwrap());
        (y - f).abs()
    });
    let mae = errors.sum::<f64>() / 12.0;
    assert!((json["scores"]["model"]["mae"].as_f64().unwrap() - mae).abs() < 1e-9);
    let shown = bench.ok("evaluate f.safetensors sales.csv --backtest --windows 2").stdout;
    for words in ["RMSSE", "seasonal-naive", "floor: ", "Winkler", "steps ahead", "south"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

/// What a model has seen is no measure of it: it is trained again on what comes before.
#[test]
fn a_back_test_never_measures_what_a_model_has_seen() {
    let (bench, _) = trained(0, "--quiet");
    let evaluate = |more: &str| {
        let ran = bench.ok(&format!("evaluate f.safetensors sales.csv --backtest --json {more}"));
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        (json, ran.stderr)
    };
    let (once, said) = evaluate("");
    assert_eq!(once["trained"], "before-the-first");
    assert!(said.contains("trained once more, on the rows before the first cut-off"), "{said}");
    let (each, _) = evaluate("--refit");
    assert_eq!(each["trained"], "at-each");
    // With one cut-off both are one training.
    assert_eq!(each["scores"], once["scores"]);
    let (several, _) = evaluate("--refit --windows 2 --step 3");
    assert_eq!(several["scores"]["model"]["count"], 12);
    let (bench, _) = trained(3, "--quiet");
    let ran = bench.ok("evaluate f.safetensors sales.csv --backtest --json");
    let given: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&given["trained"], &given["scores"]), (&"as-given".into(), &once["scores"]));
}

#[test]
fn what_is_known_ahead_is_read_from_a_table_of_its_own() {
    let (bench, _) = trained(0, "--quiet --known plan");
    let future = |rows: &[&str]| {
        bench.write("future.csv", format!("unique_id,ds,plan\n{}\n", rows.join("\n")));
        bench.run("predict f.safetensors sales.csv --future future.csv")
    };
    let rows = |plan: [u32; 3]| -> Vec<String> {
        let ids = ["north", "south"].into_iter();
        ids.flat_map(|id| (1..4).map(move |m| format!("{id},2023-0{m},{}", plan[m - 1]))).collect()
    };
    let ran = |plan| future(&rows(plan).iter().map(String::as_str).collect::<Vec<_>>());
    let (one, other) = (ran([0, 1, 2]), ran([0, 1, 9]));
    assert_eq!((one.code, one.stdout.lines().count()), (Some(0), 7), "{}", one.stderr);
    assert_ne!(one.stdout, other.stdout);
    let none = bench.run("predict f.safetensors sales.csv");
    let expected = "error: --future: expected a table of the steps ahead with plan, got none\n";
    assert_eq!((none.code, none.stderr.as_str()), (Some(1), expected));
    for (rows, expected) in [
        (vec!["north,2023-01,1", "north,2023-03,1"], "future.csv: row 3: expected 2023-02"),
        (vec!["north,2022-12,1"], "future.csv: row 2: expected a time after 2022-12"),
        (vec!["north,2023-01,"], "future.csv: row 2, column \"plan\": expected a number"),
        (vec!["nord,2023-01,1"], "future.csv: row 2: expected one of the series north, south"),
        (vec!["north,2023-01,1"], "known columns of series \"north\""),
    ] {
        let ran = future(&rows);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{rows:?}");
        assert!(ran.stderr.contains(&format!("error: {expected}")), "{rows:?} {}", ran.stderr);
    }
    let measured = bench.ok("evaluate f.safetensors sales.csv --backtest --json --quiet");
    assert!(measured.stdout.contains("seasonal-naive"));
    // What looks into the model asks of no step whose plan is not there.
    bench.ok("health f.safetensors sales.csv");
    bench.ok("report f.safetensors sales.csv -o page.html");
    bench.ok("explain f.safetensors sales.csv --sequence north");
}

#[test]
fn rows_are_scored_and_paths_are_drawn() {
    let (bench, _) = trained(0, "--quiet --distribution gaussian");
    bench.write("now.csv", sales(48).replace("south,2022-12,58,", "south,2022-12,900,"));
    let scored = bench.ok("score f.safetensors now.csv --level 99");
    let rows = lines(&scored.stdout);
    let header = ["unique_id", "ds", "y", "forecast", "lo", "hi", "log_probability", "outside"];
    assert_eq!(rows[0], header);
    // 12 rows of each series are read before the first that is scored.
    assert_eq!((rows.len(), &rows[1][..2]), (1 + 2 * 36, &["north", "2020-01"][..]));
    let last = rows.last().unwrap();
    assert_eq!((last[1], last[2], last[7]), ("2022-12", "900", "true"), "{last:?}");
    let log = |row: &Vec<&str>| row[6].parse::<f64>().unwrap();
    assert!(rows[1..rows.len() - 1].iter().all(|row| log(row) > log(last)));
    assert!(
        scored.stderr.contains(" of 72 rows outside the interval of 99 %"),
        "{}",
        scored.stderr
    );
    let paths = bench.ok("predict f.safetensors sales.csv --samples 4 --seed 3").stdout;
    let drawn = lines(&paths);
    assert_eq!((drawn[0].join(","), drawn.len()), ("unique_id,ds,sample_id,f".into(), 25));
    assert_eq!(drawn[24][..3], ["south", "2023-03", "3"]);
    assert_eq!(bench.ok("predict f.safetensors sales.csv --samples 4 --seed 3").stdout, paths);
    assert_ne!(bench.ok("predict f.safetensors sales.csv --samples 4").stdout, paths);
}

/// Each way of saying what comes next writes the same table.
#[test]
fn every_kind_of_output_goes_on() {
    let plain = trained(0, "--quiet").0.ok("predict f.safetensors sales.csv").stdout;
    for more in [
        "--distribution quantiles",
        "--distribution student-t --conformal",
        "--recursive",
        "--members 2",
        "--segment 2",
        "--loss l1",
    ] {
        let (bench, _) = trained(0, &format!("--quiet {more}"));
        let predicted = bench.ok("predict f.safetensors sales.csv").stdout;
        let rows = lines(&predicted);
        assert_eq!(rows[0], lines(&plain)[0], "{more}");
        assert_ne!(predicted, plain, "{more}");
        for row in &rows[1..] {
            let ends: Vec<f64> = row[3..].iter().map(|cell| cell.parse().unwrap()).collect();
            assert!(ends.is_sorted(), "{more}: {row:?}");
        }
    }
    let (bench, _) = trained(0, "--quiet --distribution quantiles --levels 50,90");
    let ran = bench.run("predict f.safetensors sales.csv --levels 99");
    let expected = "error: --levels: expected within the quantiles 0.05 to 0.95 of the model";
    assert!(ran.code == Some(1) && ran.stderr.starts_with(expected), "{}", ran.stderr);
    let counts = "--distribution negative-binomial --quiet -o f.safetensors";
    let (bench, _) = trained(0, "--quiet");
    let train = SHORT.replace("--transform none --scale window", "");
    bench.ok(&format!("train sales.csv {train} {counts}"));
    let predicted = bench.ok("predict f.safetensors sales.csv").stdout;
    let is_count = |cell: &&str| cell.parse::<f64>().unwrap().fract() == 0.0;
    assert!(lines(&predicted)[1..].iter().all(|row| row[3..].iter().all(is_count)), "{predicted}");
}

#[test]
fn short_series_are_left_out_if_asked_and_unknown_ones_are_named() {
    let bench = Bench::new();
    bench.write("sales.csv", sales(36) + "west,2021-10,1,0\nwest,2021-11,2,0\nwest,2021-12,3,0\n");
    let train = format!("train sales.csv {SHORT} -o f.safetensors");
    let refused = bench.run(&train);
    let expected = "error: sales.csv: row 74: series \"west\": expected at least 15 steps, to read \
                    and to forecast, got 3 (hint: --skip-short leaves it out)\n";
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.ends_with(expected), "{}", refused.stderr);
    let ran = bench.ok(&format!("{train} --skip-short"));
    assert!(
        ran.stderr.contains("warning: left out, with less than 15 steps: west"),
        "{}",
        ran.stderr
    );
    let ran = bench.ok(&format!("{train} --skip-short --test-windows 2"));
    let expected = "warning: left out, as the test takes all of their steps: west";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    bench.write("east.csv", sales(36).replace("north", "east"));
    let ran = bench.ok("predict f.safetensors east.csv");
    let expected = "warning: not among the series that the model has learnt from: east\n";
    assert!(ran.stderr.starts_with(expected), "{}", ran.stderr);
    let series = train.replace("--scale window", "--scale series");
    bench.ok(&format!("{series} --skip-short --quiet"));
    let ran = bench.run("predict f.safetensors east.csv --quiet");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("east") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}

#[test]
fn a_network_that_is_told_the_series_forecasts_no_others() {
    let (bench, _) = trained(0, "--series-embedding");
    let known = bench.ok("predict f.safetensors sales.csv --quiet").stdout;
    let (hidden, _) = trained(0, "");
    assert_ne!(known, hidden.ok("predict f.safetensors sales.csv --quiet").stdout);
    bench.write("east.csv", sales(48).replace("north", "east"));
    let ran = bench.run("predict f.safetensors east.csv --quiet");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("east") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}

/// Rows kept from training by number are the same as rows of a file of their own.
#[test]
fn a_test_is_what_comes_after_training() {
    let (bench, _) = trained(6, "--quiet");
    let all = sales(48);
    let (past, header) = (sales(42), "unique_id,ds,y,plan");
    let after: Vec<&str> =
        all.lines().filter(|line| !past.lines().any(|other| other == *line)).collect();
    bench.write("after.csv", format!("{header}\n{}\n", after.join("\n")));
    let test = |arguments: &str| -> Value {
        let ran = bench.ok(&format!("train {arguments} {SHORT} -o t.safetensors --json"));
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        json["test"].clone()
    };
    let kept = test("sales.csv --test-windows 4");
    assert_eq!(kept["scores"]["model"]["count"], 24);
    assert_eq!(test("past.csv --test after.csv"), kept);
    // The model is that of the shorter data.
    let evaluated = bench.ok("evaluate f.safetensors sales.csv --backtest --windows 4 --json");
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    assert_eq!(evaluated["scores"], kept["scores"]);
    let inspected = bench.ok("inspect t.safetensors").stdout;
    assert!(inspected.contains("test rmse"), "{inspected}");
}

/// The model does not depend on what comes after the first cut-off of its test.
#[test]
fn rows_of_the_test_change_nothing_in_the_model() {
    let (bench, _) = trained(0, "--quiet");
    bench.write("early.csv", sales(44));
    let learnt = |text: &str| {
        bench.write("past.csv", text);
        bench.ok(&format!("train past.csv {SHORT} --test-windows 2 --quiet -o b.safetensors"));
        let inspected = bench.ok("inspect b.safetensors --json").stdout;
        let inspected: Value = serde_json::from_str(&inspected).unwrap();
        let provenance = &inspected["provenance"];
        let parts = [&provenance["training_data"], &provenance["history"], &inspected["task"]];
        let predicted = bench.ok("predict b.safetensors early.csv").stdout;
        (parts.map(Value::clone), predicted, provenance["metrics"]["test_rmse"].clone())
    };
    let (parts, predicted, rmse) = learnt(&sales(48));
    let other = sales(48).replace("2022-11,", "2022-11,9").replace("2022-12,", "2022-12,9");
    let (other_parts, other_predicted, other_rmse) = learnt(&other);
    assert_eq!((parts, predicted), (other_parts, other_predicted));
    assert_ne!(rmse, other_rmse);
}

#[test]
fn a_wide_table_has_a_series_in_each_column() {
    let bench = Bench::new();
    let rows: Vec<String> = (0..40).map(|t| format!("{t},{},{},{}", t % 4, t % 5, t)).collect();
    bench.write("wide.csv", format!("hour,a,b,c\n{}\n", rows.join("\n")));
    let train = format!("train wide.csv --time hour {SHORT} -o w.safetensors");
    let named = bench.ok(&format!("{train} --target a,b --json --quiet"));
    let all = bench.ok(&format!("{train} --layout wide --exclude c --json --quiet"));
    let choice = |ran: &Ran| -> Value {
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        json["epochs"].clone()
    };
    assert_eq!(choice(&named), choice(&all));
    let predicted = bench.ok("predict w.safetensors wide.csv").stdout;
    let keys: Vec<String> = lines(&predicted)[1..].iter().map(|row| row[..2].join(" ")).collect();
    assert_eq!(keys, ["a 40", "a 41", "a 42", "b 40", "b 41", "b 42"]);
}

/// A file of options says the same; `id` is another name of `sequence` there too.
#[test]
fn options_stand_in_a_file() {
    let (bench, _) = trained(0, "--quiet");
    let file = "task = \"forecast\"\nid = \"unique_id\"\nhorizon = 3\ncontext = 12\n\
                transform = \"none\"\nscale = \"window\"\nhidden-size = 4\nmax-updates = 20\n\
                levels = [80, 95]\nfill-gaps = false\n";
    bench.write("c.toml", file);
    bench.ok("train past.csv --config c.toml -o c.safetensors --quiet");
    let rows = |model: &str| {
        let ran = bench.ok(&format!("predict {model}.safetensors sales.csv"));
        ran.stdout.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rows("c"), rows("f"));
    let ran = bench.run("train past.csv --config c.toml -o c.safetensors --id nobody");
    assert!(ran.stderr.starts_with("error: past.csv: column \"nobody\""), "{}", ran.stderr);
}

/// It is saved in the middle and taken up again, with the same choice before it.
#[test]
fn a_run_that_goes_on_ends_with_the_same_bytes() {
    let (bench, _) = trained(0, "--quiet");
    let more = "--checkpoint f.checkpoint --every 7updates --quiet -o again.safetensors";
    bench.ok(&format!("train past.csv {SHORT} {more}"));
    assert_eq!(bench.read("again.safetensors"), bench.read("f.safetensors"));
    std::fs::remove_file(bench.path("again.safetensors")).unwrap();
    bench.ok("train --resume f.checkpoint past.csv --quiet");
    assert_eq!(bench.read("again.safetensors"), bench.read("f.safetensors"));
}

/// Errors have no scale there.
#[test]
fn a_constant_series_goes_on_as_it_is() {
    let bench = Bench::new();
    let rows: String = (0..40).map(|t| format!("a,{t},7\n")).collect();
    bench.write("flat.csv", format!("unique_id,ds,y\n{rows}"));
    let train = format!("train flat.csv {SHORT} -o c.safetensors --test-windows 2");
    let measured = bench.ok(&format!("{train} --quiet")).stdout;
    assert!(measured.contains('–'), "{measured}");
    let predicted = bench.ok("predict c.safetensors flat.csv").stdout;
    let near = |row: &Vec<&str>| (row[2].parse::<f64>().unwrap() - 7.0).abs() < 1.0;
    assert!(lines(&predicted)[1..].iter().all(near), "{predicted}");
}
