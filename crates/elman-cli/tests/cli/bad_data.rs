//! Data files that are refused: one line that names the place, and nothing written.

use super::Bench;

/// A file called `bad.csv` or `bad.ts`, the arguments after `elman`, and nothing else.
struct Case {
    name: &'static str,
    file: &'static str,
    contents: &'static [u8],
    arguments: &'static str,
}

const GOOD: &str = "train train.csv --sequence id --time step --target kind --task classify \
                    --epochs 1 -o m.safetensors";
const CSV: &str = "train bad.csv --sequence id --time step --target kind --task classify \
                   --epochs 1 -o m.safetensors";
const NUMBERS: &str = "train bad.csv --sequence id --time step --target kind --task regress \
                       --epochs 1 -o m.safetensors";
const TS: &str = "train bad.ts --task classify --epochs 1 -o m.safetensors";

const fn csv(name: &'static str, contents: &'static str) -> Case {
    Case { name, file: "bad.csv", contents: contents.as_bytes(), arguments: CSV }
}

const fn ts(name: &'static str, contents: &'static str) -> Case {
    Case { name, file: "bad.ts", contents: contents.as_bytes(), arguments: TS }
}

const CASES: &[Case] = &[
    csv("empty file", ""),
    csv("header only", "id,step,x,kind\n"),
    Case { contents: b"\x7fELF\0\0\x01", ..csv("binary garbage", "") },
    Case { contents: b"id,step,x,kind\na,0,1,\xff\n", ..csv("not UTF-8", "") },
    csv("ragged row", "id,step,x,kind\na,0,1,up\na,1,up\n"),
    csv("unknown column", "id,stp,x,kind\na,0,1,up\nb,0,1,down\n"),
    csv("text in a numeric column", "id,step,x,kind\na,0,1,up\nb,0,1o,down\n"),
    csv("empty cell", "id,step,x,kind\na,0,1,up\nb,0,,down\n"),
    csv("NaN", "id,step,x,kind\na,0,1,up\nb,0,NaN,down\n"),
    csv("several missing values", "id,step,x,kind\na,0,NA,up\na,1,,up\nb,0,1,down\n"),
    Case { contents: b"\x1f\x8b\x08\0", ..csv("a truncated gzip file", "") },
    Case {
        arguments: "train train.csv bad.csv --sequence id --time step --target kind --task classify \
                    --epochs 1 -o m.safetensors",
        ..csv("two files whose headers differ", "id,step,x,kind\nc,0,1,rise\n")
    },
    Case {
        arguments: "train train.csv bad.ts --task classify -o m.safetensors",
        ..ts("a .ts file among tables", "@classLabel true a b\n@data\n1,2:a\n")
    },
    Case {
        arguments: "train bad.csv --sequence id --time step --target kind --task classify \
                    --epochs 1 -o m.safetensors --delimiter semicolon --decimal ,",
        ..csv("a decimal point where commas were promised", "id;step;x;kind\na;0;1.5;up\n")
    },
    Case {
        arguments: "train bad.csv --sequence id --time step --target kind --task classify \
                    --epochs 1 -o m.safetensors --missing mask --standardize off",
        ..csv("a mean where there is no scaling", "id,step,x,kind\na,0,,up\nb,0,1,down\n")
    },
    Case {
        arguments: "train train.csv --task classify -o -",
        ..csv("a model on standard output", "")
    },
    csv("infinity", "id,step,x,kind\na,0,1,up\nb,0,-inf,down\n"),
    csv(
        "a sequence whose rows are not together",
        "id,step,x,kind\na,0,1,up\nb,0,1,down\na,1,1,up\n",
    ),
    csv("duplicate time", "id,step,x,kind\na,0,1,up\na,0,1,up\nb,0,1,down\n"),
    csv("decreasing time", "id,step,x,kind\na,5,1,up\na,4,1,up\nb,0,1,down\n"),
    csv("an impossible date", "id,step,x,kind\na,2024-02-31,1,up\nb,0,1,down\n"),
    csv(
        "an earlier time at another offset",
        "id,step,x,kind\na,2024-01-01T10:00+01:00,1,up\na,2024-01-01T08:59Z,1,up\n",
    ),
    Case {
        arguments: "train bad.csv --sequence id --time step --target kind --task classify \
                    --epochs 1 -o m.safetensors --sort",
        ..csv("equal times, to be sorted", "id,step,x,kind\na,1,1,up\nb,0,1,down\na,1,1,up\n")
    },
    Case { contents: b"\xff\xfei\0d\0,\0x\0\n\0", ..csv("UTF-16", "") },
    csv("a target that changes", "id,step,x,kind\na,0,1,up\na,1,1,down\n"),
    csv("one class only", "id,step,x,kind\na,0,1,up\nb,0,1,up\n"),
    csv("no channel", "id,step,kind\na,0,up\nb,0,down\n"),
    csv(
        "a name with a line break and a terminal command",
        "id,step,x,\"kind\n\u{1b}[2J\"\na,0,1,up\n",
    ),
    Case { arguments: NUMBERS, ..csv("a class to regress", "id,step,x,kind\na,0,1,up\n") },
    ts("wrong dimensions", "@dimensions 2\n@classLabel true a b\n@data\n1,2:a\n"),
    ts("missing @data", "@classLabel true a b\n1,2:a\n"),
    ts("a label that is not announced", "@classLabel true a b\n@data\n1,2:c\n"),
    ts("a missing value", "@classLabel true a b\n@data\n1,?:a\n"),
    Case {
        arguments: "train bad.ts --task classify --sequence id -o m.safetensors",
        ..ts("columns of a .ts file", "@classLabel true a b\n@data\n1,2:a\n1,2:b\n")
    },
    Case {
        arguments: "train bad.ts --task classify --sort -o m.safetensors",
        ..ts("rows of a .ts file to sort", "@classLabel true a b\n@data\n1,2:a\n1,2:b\n")
    },
    ts("a tag that contradicts itself", "@univariate true\n@univariate false\n@data\n1,2\n"),
    Case {
        arguments: "train bad.ts --task regress -o m.safetensors",
        ..ts("classes of a .ts file to regress", "@classLabel true a b\n@data\n1,2:a\n1,2:b\n")
    },
    Case {
        name: "test file with an unseen class",
        arguments: "{good} --test bad.csv",
        ..csv("", "id,step,x,y,site,kind\na,0,1,1,1,rise\nb,0,1,1,1,rize\n")
    },
    Case {
        name: "test file without a channel",
        arguments: "{good} --test bad.csv",
        ..csv("", "id,step,x,site,kind\na,0,1,1,rise\n")
    },
    Case {
        name: "validation file without the target",
        arguments: "{good} --validation bad.csv",
        ..csv("", "id,step,x,y,site\na,0,1,1,1\n")
    },
    Case { name: "missing file", arguments: "{good} --test tset.csv", ..csv("", "") },
    Case { name: "folder", arguments: "{good} --test .", ..csv("", "") },
    Case {
        name: "folder with the ending of a CSV file",
        file: "folder.csv/x",
        arguments: "{good} --test folder.csv",
        ..csv("", "")
    },
    Case {
        name: "another ending",
        file: "bad.doc",
        arguments: "{good} --test bad.doc",
        ..csv("", "x")
    },
    Case {
        name: "misspelt target",
        arguments: "train train.csv --sequence id --target kin --task classify -o m",
        ..csv("", "")
    },
    Case {
        name: "no sequence column",
        arguments: "train train.csv --target kind --task classify -o m",
        ..csv("", "")
    },
    Case {
        name: "no target column",
        arguments: "train train.csv --sequence id --task classify -o m",
        ..csv("", "")
    },
    Case {
        name: "two targets for classes",
        arguments: "train train.csv --sequence id --target kind,note --task classify -o m",
        ..csv("", "")
    },
    Case { name: "misspelt feature", arguments: "{good} --features x,z", ..csv("", "") },
    Case { name: "misspelt excluded column", arguments: "{good} --exclude sit", ..csv("", "") },
    Case { name: "the target as a feature", arguments: "{good} --features x,kind", ..csv("", "") },
    Case { name: "other delimiter", arguments: "{good} --delimiter semicolon", ..csv("", "") },
];

#[test]
fn bad_data_is_one_line_and_exit_code_1() {
    let mut table = String::new();
    for case in CASES {
        let bench = Bench::new();
        if let Some((folder, _)) = case.file.split_once('/') {
            std::fs::create_dir(bench.path(folder)).unwrap();
        }
        bench.write(case.file, case.contents);
        let before = bench.files();
        let ran = bench.run(&case.arguments.replace("{good}", GOOD));
        let name = if case.name.is_empty() { "?" } else { case.name };
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{name}\n{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{name}\n{}", ran.stderr);
        assert!(ran.stderr.starts_with("error: "), "{name}\n{}", ran.stderr);
        assert_eq!(bench.files(), before, "{name}");
        table += &format!("{name}\n    {}", ran.stderr);
    }
    insta::assert_snapshot!(table);
}

const WILD: &str = "train numbers.csv --sequence id --time step --target total --exclude half \
                    --task regress --activation identity --optimizer sgd --clip-norm off \
                    --cell simple --direction forward --pooling last --dropout 0 \
                    --batch-size 4 --hidden-size 6 --epochs 40 --quiet -o m.safetensors";

#[test]
fn a_loss_that_is_not_finite_says_where_and_keeps_the_last_good_model() {
    let bench = Bench::new();
    let ran = bench.run(&format!("{WILD} --learning-rate 0.3"));
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr);
    let model = bench.ok("inspect m.safetensors").stdout;
    assert!(model.contains("training rmse"), "{model}");
}

#[test]
fn a_first_epoch_that_is_not_finite_leaves_no_model() {
    let bench = Bench::new();
    let before = bench.files();
    let ran = bench.run(&format!("{WILD} --learning-rate 30"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ran.stderr);
    assert_eq!(bench.files(), before);
}

#[test]
fn a_number_too_large_for_the_network_is_named_by_its_place() {
    let bench = Bench::new();
    bench.train("--quiet");
    bench.write("far.csv", "id,step,x,y,site\na,0,1,1,1\na,1,1,1e308,1\n");
    let ran = bench.run("predict m.safetensors far.csv");
    assert_eq!(ran.code, Some(1));
    let expected =
        "error: far.csv: row 3, column \"y\": expected a number in the range of f32, got 1e308\n";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn suspicious_columns_and_names_get_a_warning_with_the_option_that_mends_it() {
    let bench = Bench::new();
    let mut text = "row number,id,step,x,person,kind\n".to_owned();
    for row in 0..24 {
        let (id, step) = (row / 4, row % 4);
        let kind = ["up", "Up", "down"][id % 3];
        let x = (row * 7 + row / 3) % 5;
        text += &format!("{row},{id},{step},{x},{},{kind}\n", 10 + id % 4);
    }
    bench.write("smells.csv", text);
    let train = "train smells.csv --sequence id --time step --target kind --task classify \
                 --epochs 1 -o m.safetensors";
    let warnings = |more: &[&str]| -> Vec<String> {
        let mut command = bench.command(train);
        let output = command.args(more).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("warning: "));
        lines.map(str::to_owned).collect()
    };
    let classes = "the classes \"Up\" and \"up\" are read as two: are they one?";
    let expected = [
        "channel \"row number\" counts the rows of the file, it measures nothing (hint: --exclude \
         'row number' leaves it out)",
        "channel \"person\" is constant within every sequence: it may name the sequence (a person, \
         a recording) (hint: --exclude person leaves it out)",
        classes,
    ];
    assert_eq!(warnings(&[]), expected);
    let expected = [
        "channel \"person\" is constant within every sequence: it may name the sequence (a person, \
         a recording) (hint: --exclude 'row number,person' leaves it out)",
        classes,
    ];
    assert_eq!(warnings(&["--exclude", "row number"]), expected);
    assert_eq!(warnings(&["--exclude", "row number,person"]), [classes]);
    assert_eq!(warnings(&["--features", "row number,x"]), [classes]);
    assert_eq!(warnings(&["--quiet"]), Vec::<String>::new());
}

#[test]
fn rows_sorted_for_training_are_sorted_for_the_model_too() {
    let bench = Bench::new();
    let ordered = String::from_utf8(bench.read("train.csv")).unwrap();
    let mut rows: Vec<&str> = ordered.lines().skip(1).collect();
    // By step first: each sequence is in pieces, and begins in the order of the file.
    rows.sort_by_key(|row| row.split(',').nth(1).and_then(|step| step.parse::<u32>().ok()));
    let header = ordered.lines().next().unwrap();
    bench.write("mixed.csv", format!("{header}\n{}\n", rows.join("\n")));
    bench.train("--quiet");
    let expected = bench.ok("predict m.safetensors train.csv");
    let train = "train mixed.csv --sequence id --time step --target kind --task classify \
                 --hidden-size 6 --epochs 3 --batch-size 8 --quiet -o mixed.safetensors";
    assert_eq!(bench.run(train).code, Some(1));
    bench.ok(&format!("{train} --sort"));
    assert_eq!(bench.ok("predict mixed.safetensors mixed.csv"), expected);
    assert_eq!(bench.ok("predict m.safetensors mixed.csv --sort"), expected);
}

/// As aeon and sktime write sequences whose labels are not known.
#[test]
fn ts_files_without_labels_are_predicted() {
    let bench = Bench::new();
    let head = "@univariate true\n";
    bench.write("a.ts", format!("{head}@classLabel true up down\n@data\n1,2,3:up\n3,2:down\n"));
    bench.ok("train a.ts --task classify --epochs 1 --quiet -o ts.safetensors");
    let expected = bench.ok("predict ts.safetensors a.ts").stdout;
    for (tags, label) in [
        ("@targetlabel false", ":"),
        ("@classLabel false", ""),
        ("@classLabel true up down", ":?"),
        ("@classLabel true up down", ":NaN"),
    ] {
        bench.write("b.ts", format!("{head}{tags}\n@data\n1,2,3{label}\n3,2{label}\n"));
        assert_eq!(bench.ok("predict ts.safetensors b.ts").stdout, expected, "{tags} {label}");
    }
}

/// Whatever way the same rows come, the same model comes of them.
#[test]
fn the_source_of_the_rows_does_not_matter() {
    let bench = Bench::new();
    let text = String::from_utf8(bench.read("train.csv")).unwrap();
    let at = 1 + text.match_indices('\n').nth(45).unwrap().0;
    let first_of_rest = text[at..].lines().next().unwrap();
    let id = first_of_rest.split(',').next().unwrap();
    let start = text.find(&format!("\n{id},")).unwrap() + 1;
    let header = text.lines().next().unwrap();
    bench.write("one.csv", &text[..start]);
    bench.write("two.csv", format!("{header}\n{}", &text[start..]));
    bench.write("tabs.tsv", text.replace(',', "\t"));
    bench.write("semicolons.txt", text.replace(',', ";"));
    bench.write("commas.csv", text.replace(',', ";").replace('.', ","));
    bench.train("--quiet");
    let expected = bench.ok("predict m.safetensors test.csv");
    let options = "--sequence id --time step --target kind --task classify --hidden-size 6 \
                   --epochs 3 --batch-size 8 --quiet -o other.safetensors";
    let ways = [
        "one.csv two.csv",
        "tabs.tsv",
        "semicolons.txt",
        "commas.csv --delimiter semicolon --decimal comma",
    ];
    for way in ways {
        bench.ok(&format!("train {way} {options}"));
        // The model keeps how its data were written.
        let again =
            if way.starts_with("commas") { " --delimiter comma --decimal point" } else { "" };
        let found = bench.ok(&format!("predict other.safetensors test.csv{again}"));
        assert_eq!(found, expected, "{way}");
    }
    let mut command = bench.command(&format!("train - {options}"));
    command.stdin(std::fs::File::open(bench.path("train.csv")).unwrap());
    assert!(command.status().unwrap().success());
    assert_eq!(bench.ok("predict other.safetensors test.csv"), expected);
    let mut command = bench.command("predict m.safetensors - --output -");
    command.stdin(std::fs::File::open(bench.path("test.csv")).unwrap());
    let found = super::Ran::of(command.output().unwrap());
    assert_eq!(found.stdout, expected.stdout);
    assert!(!bench.path("-").exists());
}

#[test]
fn a_model_trained_with_missing_values_takes_them() {
    let bench = Bench::new();
    let text = String::from_utf8(bench.read("train.csv")).unwrap();
    let hole = |(row, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if row % 7 == 3 {
            cells[3] = ["", "NA", "?"][row % 3];
        }
        cells.join(",")
    };
    let holes: Vec<String> = text.lines().enumerate().map(hole).collect();
    bench.write("holes.csv", holes.join("\n"));
    let options = "--sequence id --time step --target kind --task classify --exclude site \
                   --hidden-size 6 --epochs 3 --quiet -o m.safetensors";
    assert_eq!(bench.run(&format!("train holes.csv {options}")).code, Some(1));
    for missing in ["mask", "last"] {
        bench.ok(&format!("train holes.csv {options} --missing {missing} --test holes.csv"));
        let rows = bench.ok("predict m.safetensors holes.csv").stdout.lines().count();
        assert_eq!(rows, 25);
        bench.ok("evaluate m.safetensors test.csv");
    }
}
