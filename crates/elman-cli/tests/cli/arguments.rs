//! Help, versions, and arguments that are refused.

use super::{Bench, TRAIN};

const TRAIN_DATA: &str = "train train.csv --sequence id --time step --target kind --task classify";

#[test]
fn help_of_every_command() {
    let bench = Bench::new();
    for command in [
        "", "train", "evaluate", "predict", "generate", "score", "inspect", "report", "health",
        "explain",
    ] {
        let ran = bench.ok(&format!("{command} --help"));
        assert_eq!(ran.stderr, "");
        assert_eq!(ran.stdout, bench.ok(&format!("{command} -h")).stdout);
        insta::assert_snapshot!(format!("help_{command}"), ran.stdout);
    }
}

#[test]
fn version_names_the_instruction_level() {
    let bench = Bench::new();
    let portable = bench.command("--version").env("ELMAN_LEVEL", "portable").output().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("elman {version} (portable instructions)\n");
    assert_eq!(String::from_utf8(portable.stdout).unwrap(), expected);

    let wrong = bench.command("--version").env("ELMAN_LEVEL", "avx3").output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    let line = String::from_utf8(wrong.stderr).unwrap();
    assert!(line.starts_with("error: ELMAN_LEVEL: expected portable"), "{line}");
    assert!(line.ends_with("got avx3\n") && line.lines().count() == 1, "{line}");
}

/// What is wrong with the command line alone, the line that says so.
const WRONG: &[(&str, &str)] = &[
    (
        "",
        "expected a command (train, look, evaluate, predict or inspect), got none (hint: elman --help lists them)",
    ),
    (
        "trian",
        "expected a command (train, look, evaluate, predict or inspect), got \"trian\" (hint: did you mean train?)",
    ),
    ("inspect", "expected <MODEL>, got none (hint: see --help)"),
    ("evaluate m.safetensors", "expected <DATA>, got none (hint: see --help)"),
    ("inspect a b", "expected no further argument, got \"b\""),
    (
        "predict m d --treads 2",
        "expected an option of this command, got --treads (hint: did you mean --threads?)",
    ),
    (
        "predict m d --threads two",
        "--threads: expected a whole number that is not negative, got \"two\"",
    ),
    (
        "predict m d --json --output x.csv",
        "--json and --output: expected at most one of them, got both",
    ),
    ("predict m d --json=3", "--json: expected no value here, got \"3\""),
    ("train", "<TRAIN>: expected the file of training data, got none"),
    ("train train.csv", "--output: expected the file to save the model in, got none"),
    ("train train.csv -o m", "--task: expected classify, regress, tag, text or forecast, got none"),
    (
        "train train.csv -o m --task clasify",
        "--task: expected one of classify, regress, text, tag, forecast, got \"clasify\" (hint: did you mean classify?)",
    ),
    ("train train.csv --epochs", "--epochs: expected a value, got nothing"),
    ("train train.csv --epochs 1 --epochs 2", "--epochs: expected at most once, got it again"),
    ("train train.csv --nesterov=maybe", "--nesterov: expected one of on, off, got \"maybe\""),
    (
        "train train.csv --betas 0.9",
        "--betas: expected two numbers separated by a comma, got \"0.9\"",
    ),
    (
        "train train.csv --clip-norm big",
        "--clip-norm: expected a finite number or off, got \"big\"",
    ),
    (
        "train train.csv --learning-rate inf",
        "--learning-rate: expected a finite number, got \"inf\"",
    ),
    (
        "train train.csv --config none.toml",
        "none.toml: cannot read: No such file or directory (os error 2)",
    ),
];

#[test]
fn wrong_arguments_are_one_line_and_exit_code_1() {
    let bench = Bench::new();
    let before = bench.files();
    for (arguments, expected) in WRONG {
        let ran = bench.run(arguments);
        let found = (ran.code, ran.stdout.as_str(), ran.stderr.as_str());
        assert_eq!(found, (Some(1), "", &*format!("error: {expected}\n")), "elman {arguments}");
    }
    assert_eq!(bench.files(), before);
}

/// Options of train that are out of range, or contradict each other or the data.
const CONTRADICTIONS: &[&str] = &[
    "--epochs 3 --hidden-size 0",
    "--layers 0",
    "--cell lstm --activation relu",
    "--cell lstm --reset-placement before",
    "--dropout 1",
    "--layers 1001",
    "--epochs 3 --hidden-size 4,5 --layers 3",
    "--epochs 3 --hidden-size 4,",
    "--direction forward --merge sum",
    "--layer-dropout 0.1",
    "--residual",
    "--layers 2 --layer-dropout 1.5",
    "--direction both --hidden-size 4,5 --residual --epochs 3",
    "--pooling mean,mean",
    "--attention-size 3",
    "--pooling attention --attention-size 0",
    "--head-activation tanh",
    "--head-dropout 0.1",
    "--head-hidden 0",
    "--head-hidden 3 --head-dropout 1",
    "--cell gru --forget-bias 1",
    "--cell gru --peepholes",
    "--cell simple --coupled-gates",
    "--cell lstm --coupled-gates --forget-bias 1",
    "--cell gru --projection-size 3",
    "--cell lstm --projection-size 6 --hidden-size 6 --epochs 3",
    "--cell gru --cell-clip 1",
    "--cell lstm --cell-clip 0",
    "--cell min-gru --pre-activation-clip 1",
    "--cell simple --pre-activation-clip -1",
    "--cell lstm --recurrence independent",
    "--cell min-lstm --normalization layer",
    "--cell lstm --normalization layer --peepholes",
    "--epochs 0",
    "--epochs 3 --batch-size 0",
    "--learning-rate -0.1",
    "--threads 0",
    "--betas 0.9,1",
    "--clip-norm 0",
    "--clip-value -1",
    "--weight-decay -1",
    "--validation-fraction 0.3 --patience 0",
    "--optimizer sgd --momentum 1",
    "--label-smoothing 1",
    "--class-weights rise=1",
    "--class-weights rise=1,fall=0",
    "--clip-value 1 --clip-norm-kind l1",
    "--dampening 0.1 --optimizer sgd",
    "--optimizer sgd --momentum 0.9 --nesterov --dampening 0.1",
    "--optimizer sgd --amsgrad",
    "--loss mse",
    "--loss huber",
    "--smooth-l1-beta 2",
    "--validation-fraction 0.01",
    "--output .",
    "--output none/m.safetensors",
];

#[test]
fn contradictory_and_out_of_range_options_name_what_they_contradict() {
    let bench = Bench::new();
    let before = bench.files();
    let mut table = String::new();
    for options in CONTRADICTIONS {
        let output = if options.contains("--output") { "" } else { "-o m.safetensors" };
        let train = if options.contains("--epochs") { TRAIN_DATA } else { TRAIN };
        let ran = bench.run(&format!("{train} {output} {options}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{options}\n{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{options}\n{}", ran.stderr);
        table += &format!("{options}\n    {}", ran.stderr);
    }
    insta::assert_snapshot!(table);
    assert_eq!(bench.files(), before);
}

#[test]
fn an_option_that_is_given_with_its_default_contradicts_nothing() {
    let bench = Bench::new();
    bench.train("--optimizer adam --clip-value off --loss cross-entropy --standardize on");
    bench.train("--clip-norm off --clip-value 0.5");
    bench.train("--optimizer sgd --momentum 0.9 --nesterov --learning-rate 0.01");
}

/// On the command line and in a file: labels that look like options or hold a comma.
#[test]
fn weights_of_any_label_can_be_said() {
    let bench = Bench::new();
    let data = String::from_utf8(bench.read("train.csv")).unwrap();
    bench
        .write("train.csv", data.replace(",rise,", ",-1,").replace(",fall,", ",\"a, \"\"b\"\"\","));
    let run = |arguments: &[&str]| {
        let mut command = bench.command(TRAIN);
        command.args(["-o", "m.safetensors", "--quiet"]).args(arguments).output().unwrap()
    };
    let equal = run(&[]).stdout;
    bench.write("table.toml", "class-weights = { -1 = 2, 'a, \"b\"' = 0.5 }\n");
    bench.write("list.toml", "class-weights = ['a, \"b\"=0.5', \"-1=2\"]\n");
    let ways: [&[&str]; 4] = [
        &["--class-weights", "-1=2,\"a, \"\"b\"\"\"=0.5"],
        &["--class-weights=\"a, \"\"b\"\"=0.5\", -1=2"],
        &["--config", "table.toml"],
        &["--config", "list.toml"],
    ];
    let results = ways.map(|way| {
        let output = run(way);
        assert!(output.status.success(), "{way:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    });
    assert!(results.iter().all(|result| *result == results[0]));
    assert_ne!(results[0], equal);
}
