//! `elman look`: the command that it ends with trains a model.

use serde_json::Value;

use super::{Bench, vowels};

fn command(bench: &Bench, files: &str) -> String {
    let ran = bench.ok(&format!("look {files} --json --quiet"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    document["command"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn the_command_to_copy_is_found() {
    let bench = Bench::new();
    bench.write("tags.tsv", "fly\tVERB\nhome\tADV\n\nhello\tINTJ\n");
    bench.write(
        "names.csv",
        (0..60).fold("name,language\n".to_owned(), |text, index| {
            text + &format!("n{index},{}\n", ["x", "y", "z"][index % 3])
        }),
    );
    // Names that stand in the order of their languages.
    bench.write(
        "sorted.csv",
        (0..60).fold("name,language\n".to_owned(), |text, index| {
            text + &format!("n{index},{}\n", ["x", "y", "z"][index / 20])
        }),
    );
    bench.write("wide.tsv", "1\t0.5\t0.25\t0.125\n2\t0.5\t0.5\tNaN\n");
    bench.write("data.ts", "@targetLabel true\n@data\n1,2:0.5\n2,3:0.7\n");
    let walk = "who,take,hour,x y,gesture\nann,0,1,0.5,a\nann,0,2,,a\nbob,1,1,0.5,b\nbob,1,2,1,b\n\
                ann,2,1,1,b\nann,2,2,2,b\n";
    bench.write("walk.csv", walk);
    bench.write("noise.csv", "x,y\n0.5,0.25\n0.75,0.5\n");
    bench.write(
        "play.txt",
        "First Citizen:\nBefore we proceed, hear me speak.\n\nAll:\nSpeak, speak.\n",
    );
    let output = "--output model.safetensors";
    for (files, wanted) in [
        ("tags.tsv", format!("elman train tags.tsv --task tag {output}")),
        (
            "names.csv",
            format!("elman train names.csv --text name --target language --task classify {output}"),
        ),
        (
            "sorted.csv",
            format!(
                "elman train sorted.csv --text name --target language --task classify {output}"
            ),
        ),
        ("play.txt", format!("elman train play.txt --task text {output}")),
        ("wide.tsv", format!("elman train wide.tsv --layout wide --task classify {output}")),
        ("data.ts", format!("elman train data.ts --task regress {output}")),
        (
            "walk.csv",
            format!(
                "elman train walk.csv --sequence take --time hour --target gesture --task classify \
                 --exclude who --missing mask {output}"
            ),
        ),
        (
            "numbers.csv",
            format!(
                "elman train numbers.csv --sequence id --time step --target half --task regress \
                 --exclude total {output}"
            ),
        ),
        ("noise.csv", "none".to_owned()),
    ] {
        assert_eq!(command(&bench, files), wanted);
    }
    let tags = command(&bench, "tags.tsv").replace("elman ", "") + " --epochs 1 --quiet";
    bench.ok(&tags);
    let walk = command(&bench, "walk.csv").replace("elman ", "") + " --epochs 1 --quiet";
    bench.ok(&walk);
}

#[test]
fn real_data_are_understood() {
    let bench = Bench::new();
    let file = vowels("train.csv");
    let found = command(&bench, &file.display().to_string());
    let wanted = "--sequence utterance --time step --target speaker --task classify";
    assert!(found.contains(wanted), "{found}");
    let ran = bench.ok(&format!("look {}", file.display()));
    assert_eq!(ran.stderr, "");
    for words in ["270 sequences; lengths 7 to 26", "lpc12", "grows from row to row"] {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
}

#[test]
fn what_smells_is_said() {
    let bench = Bench::new();
    bench.write(
        "money.csv",
        "take,t,price,kind\n0,0,\"1,234.5\",a\n0,1,\"2,000.0\",a\n1,0,\"3,1.5\",b\n",
    );
    let ran = bench.ok("look money.csv");
    assert!(ran.stdout.contains("holds \"1,234.5\", which is read as text"), "{}", ran.stdout);
}

#[test]
fn bad_files_are_refused() {
    let bench = Bench::new();
    bench.write("empty.csv", "");
    bench.write("header.csv", "a,b\n");
    bench.write("ragged.csv", "a,b\n1,2\n1\n");
    bench.write("bad.csv", b"a,b\n1,\xff\n");
    for (arguments, wanted) in [
        ("look", "expected <DATA>, got none (hint: see --help)"),
        ("look -", "data: expected a file, which is read twice, got standard input"),
        ("look none.csv", "none.csv: expected a file, got nothing at this path"),
        ("look empty.csv", "empty.csv: expected a header, got an empty file"),
        ("look header.csv", "header.csv: expected rows after the header, got the header only"),
        ("look ragged.csv", "ragged.csv: row 3: expected 2 fields as in the header, got 1 field"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{arguments}");
        assert_eq!(ran.stderr.trim_end().trim_start_matches("error: "), wanted, "{arguments}");
    }
    assert_eq!(bench.run("look bad.csv").code, Some(1));
}

/// Days of two stores with a step left out, hours of which some are there twice, and Nixtla's names.
#[test]
fn dated_series_are_found_with_their_gaps_and_repeats() {
    let bench = Bench::new();
    let days = |store: &str| -> String {
        let days = (1..=28).filter(|day| *day != 9);
        days.map(|day| format!("{store},2024-02-{day:02},{},{}\n", day % 7, 3)).collect()
    };
    bench.write("shop.csv", format!("store,day,sales,area\n{}{}", days("x"), days("y")));
    let hours: String = (0..60)
        .map(|hour| {
            let row = format!("2024-03-0{} {:02}:00,{}", 1 + hour / 24, hour % 24, hour % 5);
            if hour % 20 == 7 { format!("{row},rain\n{row},fog\n") } else { row + ",sun\n" }
        })
        .collect();
    bench.write("traffic.csv", format!("when,cars,weather\n{hours}"));
    bench.write(
        "nixtla.csv",
        (0..30).fold("unique_id,ds,y\n".to_owned(), |text, t| text + &format!("a,{t},{}\n", t % 4)),
    );
    for (file, wanted) in [
        ("shop.csv", "--id store --time day --target area --task forecast --horizon 2 --fill-gaps"),
        ("traffic.csv", "--time when --target cars --task forecast --horizon 6 --repeats mean"),
        ("nixtla.csv", "--task forecast --horizon 3"),
    ] {
        let found = command(&bench, file);
        assert_eq!(found, format!("elman train {file} {wanted} --output model.safetensors"));
        let run = found.replace("elman ", "") + " --max-updates 5 --context 8 --quiet";
        bench.ok(&run);
    }
    let shown = bench.ok("look shop.csv").stdout;
    for words in
        ["dated series", "2 of 28 steps, daily, 2024-02-01 to 2024-02-28", "2 steps without a row"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    bench
        .write("odd.csv", "date,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n2024-01-04 07:00,1\n");
    let shown = bench.ok("look odd.csv").stdout;
    assert!(shown.contains("no dated series: odd.csv: row 5: expected 2024-01-04"), "{shown}");
}
