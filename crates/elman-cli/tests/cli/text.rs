//! Text: `train --task text`, `generate`, `score` and `evaluate`.

use std::process::Stdio;

use super::{Bench, Ran};

/// Some lines to learn by heart.
fn rhyme() -> String {
    "the cat sat on the mat\nthe dog sat on the log\n".repeat(60)
}

/// Trains on the rhyme; the epochs and the output are still to be named.
const TRAIN: &str = "train rhyme.txt --task text --hidden-size 24 --embedding-size 8 --lanes 8 \
                     --bptt 16 --learning-rate 0.02 --dropout 0 --seed 3";

/// Until it knows the rhyme by heart.
fn by_heart() -> String {
    format!("{TRAIN} --epochs 30 -o t.safetensors")
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("rhyme.txt", rhyme());
    bench
}

fn trained(epochs: usize) -> Bench {
    let bench = bench();
    bench.ok(&format!("{TRAIN} --epochs {epochs} -o t.safetensors"));
    bench
}

impl Bench {
    /// A command whose arguments hold spaces.
    fn run_words(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command("").args(arguments).output().unwrap())
    }

    fn fails(&self, arguments: &str) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments}\n{}", ran.stderr);
        ran.stderr
    }
}

#[test]
fn a_text_is_learnt_measured_and_written() {
    let bench = bench();
    let ran = bench.ok(&by_heart());
    for part in ["training    ", "characters", "vocabulary  ", "lanes", "perplexity", "test"] {
        assert!((ran.stderr.clone() + &ran.stdout).contains(part), "{part}: {}", ran.stderr);
    }
    let written = bench.run_words(&[
        "generate",
        "t.safetensors",
        "--prompt",
        "the cat",
        "--temperature",
        "0",
        "--length",
        "38",
    ]);
    assert_eq!(
        written.stdout, "the cat sat on the mat\nthe dog sat on the log",
        "{}",
        written.stderr
    );
    assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""));
    let evaluated = bench.ok("evaluate t.safetensors rhyme.txt");
    assert!(evaluated.stdout.contains("small letters"), "{}", evaluated.stdout);
    let json = bench.ok("evaluate t.safetensors rhyme.txt --json").stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let nats = json["evaluation"]["nats"].as_f64().unwrap();
    assert!(nats < 0.3, "{nats}");
    let inspected = bench.ok("inspect t.safetensors");
    assert!(inspected.stdout.contains("next character of a text"), "{}", inspected.stdout);
}

#[test]
fn a_seed_writes_the_same_at_every_level_and_another_writes_another() {
    let bench = trained(4);
    let write = |seed: &str| bench.ok(&format!("generate t.safetensors --seed {seed} --length 80"));
    let text = write("5").stdout;
    assert_eq!(text.chars().count(), 80);
    assert_eq!(write("5").stdout, text);
    assert_ne!(write("6").stdout, text);
    for level in ["portable", "avx2"] {
        let mut command = bench.command("generate t.safetensors --seed 5 --length 80");
        let ran = Ran::of(command.env("ELMAN_LEVEL", level).output().unwrap());
        if ran.code == Some(0) {
            assert_eq!(ran.stdout, text, "{level}");
        } else {
            assert!(ran.stderr.contains("ELMAN_LEVEL"), "{}", ran.stderr);
        }
    }
}

#[test]
fn threads_and_a_resumed_run_change_no_byte() {
    let bench = bench();
    let again = |more: &str| {
        bench.ok(&format!("{TRAIN} --epochs 6 -o t.safetensors {more}"));
        bench.read("t.safetensors")
    };
    let whole = again("--threads 1");
    assert!(again("--threads 2") == whole, "two threads");
    assert!(again("--checkpoint run.ckpt --every 7updates") == whole, "a checkpoint");
    // The checkpoint is of update 7·k, in the middle of an epoch.
    bench.ok("train --resume run.ckpt -o other.safetensors");
    assert!(bench.read("other.safetensors") == whole, "resumed");
    bench.write("rhyme.txt", rhyme() + "the end\n");
    let refused = bench.fails("train --resume run.ckpt -o other.safetensors");
    assert!(refused.contains("rhyme.txt: expected the text of the checkpoint"), "{refused}");
}

#[test]
fn a_stop_text_ends_and_is_not_written() {
    let bench = trained(30);
    let write = |more: &[&str]| {
        let arguments = ["generate", "t.safetensors", "--temperature", "0", "--prompt", "the cat"];
        bench.run_words(&[&arguments[..], more].concat()).stdout
    };
    assert_eq!(write(&["--stop", "\n", "--length", "200"]), "the cat sat on the mat");
    assert_eq!(write(&["--stop", "zzz", "--length", "4"]), "the cat sat");
    let json = write(&["--stop", "mat", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["text"], "the cat sat on the ");
}

#[test]
fn a_prompt_comes_from_standard_input() {
    let bench = trained(30);
    let mut command =
        bench.command("generate t.safetensors --prompt - --temperature 0 --length 15");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"the cat").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"the cat sat on the mat");
}

#[test]
fn scores_rank_lines_and_documents() {
    let bench = trained(30);
    bench.write("lines.txt", "the cat sat on the log\ntac tas nom tho mgo\n\nthe\n");
    let ran = bench.ok("score t.safetensors lines.txt");
    let rows: Vec<Vec<&str>> = ran.stdout.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows[0], ["model", "file", "line", "tokens", "log_probability", "bits_per_token"]);
    assert_eq!(rows.len(), 5);
    let bits: Vec<f64> = [1, 2, 4].map(|row| rows[row][5].parse().unwrap()).to_vec();
    assert!(bits[0] < bits[1], "{bits:?}");
    assert_eq!((rows[3][3], rows[3][4], rows[3][5]), ("0", "0.0", ""), "an empty line");

    // The tokens of a line add up to the line.
    let tokens = bench.ok("score t.safetensors lines.txt --each token").stdout;
    let first = tokens.lines().skip(1).filter(|row| row.split(',').nth(2) == Some("1"));
    let sum: f64 =
        first.clone().map(|row| row.rsplit(',').next().unwrap().parse::<f64>().unwrap()).sum();
    assert_eq!(first.count(), 22);
    assert!((sum - rows[1][4].parse::<f64>().unwrap()).abs() < 1e-9);

    // A document is what `evaluate` measures.
    bench.ok(&format!("{TRAIN} --epochs 1 -o early.safetensors"));
    let both = bench
        .ok("score t.safetensors rhyme.txt --against early.safetensors --each document --json");
    let both: serde_json::Value = serde_json::from_str(&both.stdout).unwrap();
    let evaluated = bench.ok("evaluate t.safetensors rhyme.txt --json").stdout;
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated).unwrap();
    assert_eq!(both[0]["perplexity"], evaluated["evaluation"]["perplexity"]);
    assert!(both[0]["perplexity"].as_f64().unwrap() < both[1]["perplexity"].as_f64().unwrap());
}

#[test]
fn bytes_and_words_are_tokens_too() {
    let bench = bench();
    bench.ok(&format!("{TRAIN} --epochs 2 -o t.safetensors --tokens words"));
    let written =
        bench.run_words(&["generate", "t.safetensors", "--prompt", "the unseen", "--length", "3"]);
    assert!(written.stdout.starts_with("the unseen"), "{}", written.stdout);
    bench.write("any.bin", [&[0xff, 0x00, 0xc3][..], &rhyme().into_bytes()].concat());
    let train = TRAIN.replace("rhyme.txt", "any.bin");
    bench.ok(&format!("{train} --epochs 2 -o t.safetensors --tokens bytes"));
    let written = bench.command("generate t.safetensors --length 50").output().unwrap();
    assert_eq!(written.status.code(), Some(0));
}

#[test]
fn bad_text_and_settings_are_one_line_and_exit_code_1() {
    let bench = trained(1);
    bench.write("empty.txt", "");
    bench.write("short.txt", "abc");
    bench.write("broken.txt", b"good text, then \xff\xfe");
    bench.write("other.txt", "the cat sat on the été");
    let train = |file: &str| by_heart().replace("rhyme.txt", file);
    for (arguments, expected) in [
        (train("empty.txt"), "error: empty.txt: expected at least one character of text, got an empty file"),
        (train("short.txt"), "error: text: expected at least 129 tokens (8 lanes of 16 steps, and one), got 3"),
        (train("broken.txt"), "error: broken.txt: expected text in UTF-8, got the byte 0xff at offset 16"),
        (train("missing.txt"), "error: missing.txt: cannot open"),
        (format!("{} --validation other.txt", by_heart()), "error: other.txt: expected a character that the model knows as character 20, got 'é'"),
        (format!("{} --text x", by_heart()), "error: --text: expected another --task, got text, which has no columns"),
        (format!("{} --layout long", by_heart()), "error: --layout: expected another --task, got text"),
        (by_heart().replace("--lanes 8", "--lanes 0"), "error: --lanes: expected at least 1, got 0"),
        (train("-"), "error: <TRAIN>: expected files, which are read again in each epoch, got standard input"),
        (format!("{} --batch-size 4", by_heart()), "error: --batch-size: expected another --task, got text, which has --lanes instead"),
        (format!("{} --pooling mean", by_heart()), "error: --pooling: expected another --task, got text, which has an answer at every step"),
        (format!("{} --vocabulary-size 4", by_heart()), "error: --vocabulary-size: expected --tokens words beside it, got --tokens bytes or characters, all of which it knows"),
        (format!("{} --test rhyme.txt --test-fraction 0.1", by_heart()), "error: --test and --test-fraction: expected at most one of them, got both"),
        ("train train.csv --task classify --sequence id --target kind --lanes 3 -o m.safetensors".to_owned(), "error: --lanes: expected --task text beside it, got --task classify"),
        ("generate t.safetensors --temperature -1".to_owned(), "error: --temperature: expected a finite number, at least 0, got -1"),
        ("generate t.safetensors --top-p 1.5".to_owned(), "error: --top-p: expected above 0 and at most 1, got 1.5"),
        ("generate t.safetensors --top-k 0".to_owned(), "error: --top-k: expected at least 1, got 0"),
        ("generate t.safetensors --prompt thé".to_owned(), "error: --prompt: character 3: expected a character that the model knows, got 'é'"),
        ("generate rhyme.txt".to_owned(), "error: rhyme.txt: expected a model file of Elman, got a file of another kind"),
        ("evaluate t.safetensors other.txt".to_owned(), "error: other.txt: expected a character that the model knows as character 20, got 'é'"),
        ("evaluate t.safetensors rhyme.txt --target kind".to_owned(), "error: --target: expected a model of sequences, got one of text, which has no columns"),
        ("score t.safetensors other.txt".to_owned(), "error: other.txt: row 1, character 20: expected a character that the model knows, got 'é'"),
        ("predict t.safetensors train.csv".to_owned(), "error: <MODEL>: expected a model of sequences, got one of text (next character)"),
    ] {
        let stderr = bench.fails(&arguments);
        assert!(stderr.starts_with(expected), "{arguments}\n{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    bench.train("");
    let stderr = bench.fails("generate m.safetensors");
    let expected = "error: m.safetensors: expected a model trained with --task text, got one that predicts kind";
    assert!(stderr.starts_with(expected), "{stderr}");
}

/// The words of a command, of which some stand in quotes.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(index, part)| match index % 2 {
        1 => vec![part.to_owned()],
        _ => part.split_whitespace().map(str::to_owned).collect(),
    });
    words.collect()
}

#[test]
fn the_commands_of_the_page_about_text_run() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/text.md");
    let page = std::fs::read_to_string(page).unwrap();
    let bench = Bench::new();
    bench.write("verse.txt", rhyme());
    bench.write("lines.txt", "the cat sat on the log\nthe dog sat on the mat\n");
    let mut count = 0;
    for block in page.split("```sh no_run\n").skip(1) {
        for command in block.split("```").next().unwrap().lines() {
            let words = words(command.strip_prefix("elman ").unwrap());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ran = bench.run_words(&words);
            assert_eq!(ran.code, Some(0), "{command}\n{}", ran.stderr);
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
}
