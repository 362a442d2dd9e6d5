//! Model files and output paths that are refused.

use super::{Bench, TRAIN};

#[test]
fn bad_model_files_are_one_line_and_exit_code_1() {
    let bench = Bench::new();
    bench.train("--quiet");
    let good = bench.read("m.safetensors");
    let text = String::from_utf8_lossy(&good).into_owned();
    assert!(text.contains(r#"\"format_version\":2,"#), "the document has moved");
    let position = good.windows(18).position(|window| window == br#"\"format_version\""#).unwrap();
    let mut newer = good.clone();
    newer[position + 19] = b'9';
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 0x10;

    let cases: [(&str, &[u8]); 6] = [
        ("truncated", &good[..good.len() - 7]),
        ("truncated in the header", &good[..100]),
        ("a flipped bit", &flipped),
        ("a newer version", &newer),
        ("empty", b""),
        ("a CSV file", b"id,step\n1,2\n"),
    ];
    let mut table = String::new();
    for (name, contents) in cases {
        bench.write("bad.safetensors", contents);
        for command in ["inspect bad.safetensors", "predict bad.safetensors test.csv -o out.csv"] {
            let ran = bench.run(command);
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{name}\n{}", ran.stderr);
            assert_eq!(ran.stderr.lines().count(), 1, "{name}\n{}", ran.stderr);
            if command.starts_with("inspect") {
                table += &format!("{name}\n    {}", ran.stderr);
            }
        }
    }
    for name in ["none.safetensors", "."] {
        let ran = bench.run(&format!("evaluate {name} test.csv"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{name}\n{}", ran.stderr);
        table += &format!("{name}\n    {}", ran.stderr);
    }
    assert!(!bench.path("out.csv").exists());
    insta::assert_snapshot!(hide_digests(&table));
}

/// The digests hang on every weight, which this test is not about.
fn hide_digests(text: &str) -> String {
    let is_digest = |word: &str| word.len() == 32 && word.chars().all(|c| c.is_ascii_hexdigit());
    let hide = |word: &str| match is_digest(word.trim_end_matches(',')) {
        true => "DIGEST".to_owned(),
        false => word.to_owned(),
    };
    let lines = text.lines().map(|line| line.split(' ').map(hide).collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn data_that_do_not_go_with_the_model_are_refused() {
    let bench = Bench::new();
    bench.train("--quiet");
    bench.write("other.csv", "id,step,x,kind\na,0,1,rise\n");
    bench.write("class.csv", "id,step,x,y,site,kind\na,0,1,1,1,flat\n");
    bench.write("one.ts", "@classLabel true rise fall\n@data\n1,2:rise\n");
    let commands = [
        "evaluate m.safetensors other.csv",
        "predict m.safetensors other.csv",
        "evaluate m.safetensors class.csv",
        "evaluate m.safetensors test.csv --target sort",
        "evaluate m.safetensors test.csv --target x",
        "predict m.safetensors test.csv --sequence name",
        "predict m.safetensors one.ts",
        "predict m.safetensors one.ts --sequence id",
        "predict m.safetensors none.csv",
    ];
    let mut table = String::new();
    for command in commands {
        let ran = bench.run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{command}\n{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{command}\n{}", ran.stderr);
        table += &format!("{command}\n    {}", ran.stderr);
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_output_that_cannot_be_written_is_found_before_training() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("folder")).unwrap();
    let before = bench.files();
    let mut table = String::new();
    for output in ["folder", "none/m.safetensors", "train.csv/m.safetensors", "train.csv"] {
        let ran = bench.run(&format!("{TRAIN} -o {output}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{output}\n{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{output}\n{}", ran.stderr);
        table += &format!("{output}\n    {}", ran.stderr);
    }
    assert_eq!(bench.files(), before);
    insta::assert_snapshot!(table);
}

#[test]
fn a_failed_run_leaves_the_old_model_as_it_was() {
    let bench = Bench::new();
    bench.train("--quiet");
    let old = bench.read("m.safetensors");
    let ran = bench.run(&format!("{TRAIN} -o m.safetensors --test none.csv"));
    assert_eq!(ran.code, Some(1));
    assert_eq!(bench.read("m.safetensors"), old);
}
