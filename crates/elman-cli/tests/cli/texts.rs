//! Words, characters, targets at every step, wide tables: trained, measured and predicted.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use super::Bench;

fn example(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data")).join(name)
}

fn document(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

/// Sentences of a rising or falling word each; a word's tag says which came first.
fn sentences(count: usize) -> String {
    let mut text = String::new();
    for index in 0..count {
        let (first, tag) = if index % 2 == 0 { ("up", "UP") } else { ("down", "DOWN") };
        writeln!(text, "{first}\t{tag}").unwrap();
        for word in ["a", "b", "c"].into_iter().take(1 + index % 3) {
            writeln!(text, "{word}\t{tag}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// The most frequent tag of each word, and of all words for the 81 that training does not have, is
/// right for 0.940 of the words of the test part: counted with Python's `collections.Counter`.
#[test]
fn words_are_tagged_better_than_by_their_commonest_tag() {
    let bench = Bench::new();
    let (train, test) = (example("atis_pos/train.tsv"), example("atis_pos/test.tsv"));
    let (train, test) = (train.display(), test.display());
    let arguments = format!(
        "train {train} --test {test} --task tag --cell gru --direction both --epochs 12 --json \
         --quiet --output tags.safetensors"
    );
    let trained = document(&bench.ok(&arguments).stdout);
    let accuracy = trained["test"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.94, "{accuracy}");
    let tokens = trained["data"]["training"]["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 5);
    assert!(trained["test"]["floor"]["accuracy"].as_f64().unwrap() < 0.3);
    // The same count with one entry for all words that training does not have twice.
    let words = &trained["test"]["words"];
    assert!((words["floor"].as_f64().unwrap() - 2245.0 / 2432.0).abs() < 1e-9, "{words}");
    assert_eq!(words["unknown"], 138);
    assert!(words["accuracy_unknown"].as_f64().unwrap() > 0.5, "{words}");
}

#[test]
fn tags_are_predicted_for_words_alone() {
    let bench = Bench::new();
    bench.write("tags.tsv", sentences(40));
    bench.ok("train tags.tsv --task tag --epochs 30 --hidden-size 8 --quiet -o m.safetensors");
    bench.write("words.tsv", "up\na\nnew\n\ndown\nb\n");
    let ran = bench.ok("predict m.safetensors words.tsv");
    let rows: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["sequence", "step", "prediction", "probability_DOWN", "probability_UP"]);
    let found: Vec<[&str; 3]> = rows[1..].iter().map(|row| [row[0], row[1], row[2]]).collect();
    assert_eq!(found[0], ["0", "0", "UP"]);
    assert_eq!(found[1], ["0", "1", "UP"]);
    assert_eq!(found[3], ["1", "0", "DOWN"]);
    assert_eq!((found.len(), found[4]), (5, ["1", "1", "DOWN"]));
    let json = document(&bench.ok("predict m.safetensors words.tsv --json --quiet").stdout);
    assert_eq!(json["predictions"][4]["step"], 1);

    // A tag that training did not have counts as an error.
    bench.write("other.tsv", "up\tUP\na\tELSE\n");
    let ran = bench.ok("evaluate m.safetensors other.tsv --json --quiet");
    let evaluation = &document(&ran.stdout)["evaluation"];
    assert_eq!((&evaluation["other_classes"], &evaluation["accuracy"]), (&1.into(), &0.5.into()));
}

/// Sentences with spans of one or two words: `in new york` has a city.
fn spans(count: usize) -> String {
    let mut text = String::new();
    for index in 0..count {
        text += "in\tO\n";
        text += ["new\tB-city\nyork\tI-city\n", "rome\tB-city\n"][index % 2];
        text += ["", "on\tO\nmonday\tB-day\n"][index / 2 % 2];
        text.push('\n');
    }
    text
}

#[test]
fn spans_are_measured_on_request() {
    let bench = Bench::new();
    bench.write("spans.tsv", spans(40));
    bench.ok("train spans.tsv --task tag --epochs 40 --hidden-size 8 --quiet -o m.safetensors");
    let found = bench.ok("evaluate m.safetensors spans.tsv --spans --json --quiet").stdout;
    let found = document(&found);
    assert_eq!(
        (&found["spans"]["all"]["f1"], &found["spans"]["all"]["support"]),
        (&1.0.into(), &60.into())
    );
    assert_eq!(found["spans"]["types"][1]["name"], "day");
    assert_eq!(found["evaluation"]["by_class"][0]["support"], 40);
    let said = bench.ok("evaluate m.safetensors spans.tsv --spans --quiet").stdout;
    for line in ["words", "spans by the rules of conlleval: F1 1.0", "Brier score", "class"] {
        assert!(said.contains(line), "{said}");
    }
    // Tags that are no spans, and a model that has none.
    bench.write("tags.tsv", sentences(20));
    bench.ok("train tags.tsv --task tag --epochs 1 --hidden-size 4 --quiet -o t.safetensors");
    bench.train("--quiet");
    for (arguments, wanted) in [
        (
            "evaluate t.safetensors tags.tsv --spans --quiet",
            "error: tag: expected O, or B, I, E or S with a hyphen and a type, as spans have, got",
        ),
        (
            "evaluate m.safetensors test.csv --spans --quiet",
            "error: --spans: expected a model of tags, a class at each step, got one of kind",
        ),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.starts_with(wanted), "{}", ran.stderr);
    }
}

/// Sequences that rise or not, are loud or not: as labels in a cell, and each in a column.
fn labelled(count: usize) -> [String; 2] {
    let mut cells = "id,step,x,y,what\n".to_owned();
    let mut columns = "id,step,x,y,up,loud\n".to_owned();
    for id in 0..count {
        let (up, loud) = (id % 2, id / 2 % 2);
        let what = ["|", "up", "loud", "loud | up"][up + 2 * loud];
        for step in 0..3 {
            let x = step as f64 * [-0.5, 0.5][up] + (id % 5) as f64 * 0.1;
            let y = loud as f64 * 3.0 + (id % 3) as f64 * 0.2;
            writeln!(cells, "{id},{step},{x},{y},{what}").unwrap();
            writeln!(columns, "{id},{step},{x},{y},{up},{loud}").unwrap();
        }
    }
    [cells, columns]
}

#[test]
fn several_labels_are_learnt() {
    let bench = Bench::new();
    let [cells, columns] = labelled(40);
    bench.write("cells.csv", cells);
    bench.write("columns.csv", columns);
    let options = "--sequence id --time step --task classify --multi-label --epochs 40 --hidden-size 8 \
                   --features x,y --validation-fraction 0.25 --json --quiet";
    for (file, target, labels) in
        [("cells", "what", ["loud", "up"]), ("columns", "up,loud", ["up", "loud"])]
    {
        let train = format!("train {file}.csv --target {target} {options} -o {file}.safetensors");
        let trained = document(&bench.ok(&train).stdout);
        assert!(trained["validation"]["micro_f1"].as_f64().unwrap() > 0.95, "{trained}");
        let model = format!("{file}.safetensors");
        let found =
            document(&bench.ok(&format!("evaluate {model} {file}.csv --json --quiet")).stdout);
        let found = &found["evaluation"];
        assert!(found["subset_accuracy"].as_f64().unwrap() > 0.9, "{found}");
        assert_eq!([&found["labels"][0]["label"], &found["labels"][1]["label"]], labels);
        assert_eq!((&found["labels"][0]["support"], &found["sequences"]), (&20.into(), &40.into()));
        let said = bench.ok(&format!("evaluate {model} {file}.csv --quiet")).stdout;
        assert!(said.contains("all right") && said.contains("threshold"), "{said}");
        let rows = bench.ok(&format!("predict {model} {file}.csv")).stdout;
        let header = format!("id,prediction,probability_{},probability_{}", labels[0], labels[1]);
        assert_eq!(rows.lines().next(), Some(header.as_str()));
        assert!(rows.contains(&format!("3,{}|{},", labels[0], labels[1])), "{rows}");
        bench.ok(&format!("report {model} {file}.csv --output page.html --quiet"));
        bench.ok(&format!("inspect {model} --quiet"));
    }
    bench.write("other.csv", "id,step,x,y,what\n0,0,1,1,up|lou\n");
    bench.write("half.csv", "id,step,x,y,up,loud\n0,0,1,1,0.5,1\n");
    let known = "column \"what\": expected labels that the model knows (loud, up), got \"lou\" \
                 (nearest: \"loud\")";
    for (arguments, wanted) in [
        ("evaluate cells.safetensors other.csv --quiet", known),
        (
            "evaluate columns.safetensors half.csv --quiet",
            "half.csv: expected 0 or 1 as label \"up\" of sequence 0, got 0.5",
        ),
        (
            "train cells.csv --sequence id --target what --task regress --multi-label -o m",
            "--multi-label: expected --task classify beside it, got --task regress",
        ),
        (
            "train cells.csv --sequence id --target what --task classify --multi-label \
             --class-weights balanced -o m",
            "--class-weights: expected one class for each sequence beside it, got --multi-label",
        ),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    }
}

/// A column of text that names persons is read as a category, with a warning.
#[test]
fn a_category_that_names_groups_is_doubted() {
    let bench = Bench::new();
    let rows = |ids: std::ops::Range<usize>, names: [&str; 2]| {
        let mut text = "id,step,who,x,label\n".to_owned();
        for id in ids {
            for step in 0..3 {
                let (name, x) = (names[id / 2 % 2], (id * 5 + step) % 7);
                writeln!(text, "{id},{step},{name},{x},{}", ["a", "b"][id % 2]).unwrap();
            }
        }
        text
    };
    bench.write("people.csv", rows(0..20, ["ann", "bob"]));
    bench.write("others.csv", rows(20..28, ["eve", "kim"]));
    let train = "train people.csv --sequence id --time step --target label --task classify --epochs 1 \
                 --hidden-size 4 --test others.csv -o p.safetensors";
    let said = bench.ok(train).stderr;
    for wanted in [
        "column \"who\" is a category, constant within every sequence: it may name a person or a \
         group (\"ann\") (hint: --exclude who leaves it out; --group who keeps",
        "column \"who\": no value of the test data is in training (hint: --exclude who leaves it out)",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    let said = bench.ok(&format!("{train} --exclude who")).stderr;
    assert!(!said.contains("may name a person"), "{said}");
    let said = bench.ok(&format!("{train} --categories who")).stderr;
    assert!(!said.contains("may name a person"), "{said}");
}

#[test]
fn texts_are_classified_by_their_characters() {
    let bench = Bench::new();
    let (train, test) = (example("surnames/train.csv"), example("surnames/test.csv"));
    let (train, test) = (train.display(), test.display());
    let arguments = format!(
        "train {train} --test {test} --text name --target language --task classify --cell gru \
         --direction both --epochs 5 --json --quiet --output names.safetensors"
    );
    let trained = document(&bench.ok(&arguments).stdout);
    let (accuracy, floor) = (&trained["test"]["accuracy"], &trained["test"]["floor"]["accuracy"]);
    assert!(accuracy.as_f64().unwrap() > floor.as_f64().unwrap() + 0.1, "{accuracy} {floor}");
    let ran = bench.ok(&format!("predict names.safetensors {test}"));
    assert_eq!(ran.stdout.lines().count(), 680);
}

#[test]
fn numbers_are_predicted_at_every_step() {
    let bench = Bench::new();
    let mut text = "id,step,x,sum\n".to_owned();
    for id in 0..60 {
        let mut sum = 0.0;
        for step in 0..5 {
            let x = ((id * 7 + step * 3) % 5) as f64 - 2.0;
            sum += x;
            let target = if step == 1 { String::new() } else { sum.to_string() };
            writeln!(text, "{id},{step},{x},{target}").unwrap();
        }
    }
    bench.write("sums.csv", text);
    let train = "train sums.csv --sequence id --time step --target sum --each step --task regress \
                 --epochs 60 --hidden-size 12 --json --quiet -o m.safetensors";
    let trained = document(&bench.ok(train).stdout);
    assert_eq!(trained["training"]["sequences"], 240);
    let target = &trained["training"]["targets"][0];
    let [model, floor] = ["model", "floor"].map(|who| target[who]["rmse"].as_f64().unwrap());
    assert!(model < 0.5 * floor, "{model} {floor}");
    let ran = bench.ok("predict m.safetensors sums.csv");
    assert_eq!(ran.stdout.lines().next(), Some("id,step,prediction"));
    assert_eq!(ran.stdout.lines().count(), 301);
    let evaluated = bench.ok("evaluate m.safetensors sums.csv --json --quiet");
    assert_eq!(document(&evaluated.stdout)["evaluation"]["targets"][0]["model"]["rmse"], model);
}

#[test]
fn categories_and_wide_tables_are_read_as_they_were_trained() {
    let bench = Bench::new();
    let mut text = "id,step,wind,x,label\n".to_owned();
    for id in 0..40 {
        let (wind, label) = if id % 2 == 0 { ("NW", "cold") } else { ("SE", "warm") };
        for step in 0..3 {
            writeln!(text, "{id},{step},{wind},{},{label}", (id * 5 + step) % 7).unwrap();
        }
    }
    bench.write("wind.csv", text);
    let train = "train wind.csv --sequence id --time step --target label --task classify \
                 --epochs 20 --hidden-size 8 --quiet --json -o m.safetensors";
    let trained = document(&bench.ok(train).stdout);
    assert_eq!(trained["data"]["training"]["tokens"][0]["name"], "wind");
    assert_eq!(trained["training"]["accuracy"], 1.0);
    // The text of another file, a value that training did not have among it.
    bench.write("new.csv", "id,step,wind,x\na,0,SE,1\na,1,SE,2\nb,0,calm,1\n");
    let ran = bench.ok("predict m.safetensors new.csv");
    assert!(ran.stdout.contains("a,warm,"), "{}", ran.stdout);

    let row = |index: usize| match index % 2 {
        0 => "1\t0.5\t0.7\t0.9\tNaN\n",
        _ => "2\t0.9\t0.6\t0.2\t0.1\n",
    };
    bench.write("wide.tsv", (0..30).map(row).collect::<String>());
    bench.ok("train wide.tsv --task classify --epochs 20 --hidden-size 8 --quiet -o w.safetensors");
    let ran = bench.ok("evaluate w.safetensors wide.tsv --json --quiet");
    assert_eq!(document(&ran.stdout)["evaluation"]["accuracy"], 1.0);
    let ran = bench.ok("predict w.safetensors wide.tsv");
    assert!(ran.stdout.contains("0,1,") && ran.stdout.contains("1,2,"), "{}", ran.stdout);
}

/// What validation and test data hold changes nothing that is fitted.
#[test]
fn nothing_fitted_sees_the_test_part() {
    let bench = Bench::new();
    bench.write("tags.tsv", sentences(30));
    bench.write("one.tsv", "up\tUP\n");
    bench.write("two.tsv", "up\tUP\nnew\tUP\nwords\tDOWN\n\nwords\tDOWN\n");
    let train = "train tags.tsv --task tag --epochs 2 --hidden-size 4 --quiet";
    let models = ["one", "two"].map(|test| {
        bench.ok(&format!("{train} --test {test}.tsv -o {test}.safetensors"));
        bench.ok(&format!("inspect {test}.safetensors --json --quiet")).stdout
    });
    let networks = models.map(|model| document(&model)["network"].clone());
    assert_eq!(networks[0], networks[1]);
    let predictions = ["one", "two"]
        .map(|name| bench.ok(&format!("predict {name}.safetensors tags.tsv --quiet")).stdout);
    assert_eq!(predictions[0], predictions[1]);
}

#[test]
fn options_that_do_not_fit_the_layout_are_refused() {
    let bench = Bench::new();
    bench.write("tags.tsv", sentences(4));
    bench.write("names.csv", "name,language\nabba,x\nbob,y\n");
    bench.write("data.ts", "@classLabel true a b\n@data\n1,2:a\n2,3:b\n");
    for (arguments, wanted) in [
        (
            "train tags.tsv --task classify -o m",
            "--task: expected tag for a text with a line for each word, got classify",
        ),
        (
            "train tags.tsv --task regress --each step -o m",
            "target kind: expected classes for a text of tagged words, got numbers",
        ),
        (
            "train tags.tsv --task tag --weight w -o m",
            "--weight: expected none for a text of tagged words, got w",
        ),
        (
            "train tags.tsv --task tag --pooling mean -o m",
            "--pooling: expected one answer for each sequence beside it, got one at each step",
        ),
        (
            "train names.csv --tokens words --sequence name --target language --task classify -o m",
            "--tokens: expected --text or --task text beside it, got neither (the default)",
        ),
        (
            "train names.csv --text name --layout wide --target language --task classify -o m",
            "--text and --layout: expected at most one of them, got both",
        ),
        (
            "train names.csv --text nam --target language --task classify -o m",
            "names.csv: column \"nam\": expected a column of this name, got none (hint: did you \
             mean \"name\"?)",
        ),
        (
            "train names.csv --text name --target language --each step --task classify -o m",
            "--each: expected --task regress or tag beside it, got --task classify",
        ),
        (
            "train data.ts --task classify --layout wide -o m",
            "--layout: expected nothing, as the data are a .ts file, which has no columns, got wide",
        ),
        (
            "train data.ts --task classify --group who -o m",
            "--group: expected nothing, as the data are a .ts file, which has no columns, got \
             \"who\"",
        ),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        let line = ran.stderr.trim_end().trim_start_matches("error: ");
        assert_eq!(line, wanted, "{arguments}");
    }
}
