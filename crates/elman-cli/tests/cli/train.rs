//! What training shows and what it learns.

use serde_json::Value;

use super::{Bench, Ran, TRAIN, masked, vowels};

/// The run, with numbers and times hidden.
fn layout(ran: &Ran) -> String {
    masked(&ran.shown())
}

#[test]
fn classes_with_a_test_file() {
    let bench = Bench::new();
    insta::assert_snapshot!(layout(&bench.train("--test test.csv --exclude site")));
}

#[test]
fn numbers_with_validation_set_aside() {
    let bench = Bench::new();
    let ran =
        bench.ok("train numbers.csv --sequence id --time step --target total,half --task regress \
                        --loss huber --huber-delta 2 --validation-fraction 0.25 --epochs 4 \
                        --hidden-size 4 --layers 2 --direction both --pooling mean --dropout 0.1 \
                        -o m.safetensors");
    insta::assert_snapshot!(layout(&ran));
}

#[test]
fn what_a_cell_cannot_take_is_refused_by_its_option() {
    let bench = Bench::new();
    for (options, wanted) in [
        ("--cell simple --update-dropout 0.2", "--update-dropout: expected 0, or a gated cell"),
        ("--cell-zoneout 0.2", "--cell-zoneout: expected 0, or a cell whose state has more"),
        ("--cell min-gru --state-dropout 0.2", "--state-dropout: expected 0, or a cell with"),
        ("--zoneout 1", "--zoneout: expected a probability"),
    ] {
        let ran = bench.run(&format!("{TRAIN} -o m.safetensors {options}"));
        assert_eq!(ran.code, Some(1), "{options}");
        assert!(ran.stderr.starts_with(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}

#[test]
fn members_answer_together_and_each_is_a_training_of_its_own() {
    let bench = Bench::new();
    let ran = bench.ok(&format!("{TRAIN} --test test.csv --members 3 --seed 5 -o m.safetensors"));
    assert!(ran.shown().contains("trained 3 members in"), "{}", ran.shown());
    assert!(ran.stdout.contains("members: test accuracy"), "{}", ran.stdout);
    let shown = bench.ok("inspect m.safetensors").stdout;
    assert!(shown.contains("3 of these, which answer together"), "{shown}");

    let json = bench.ok("evaluate m.safetensors test.csv --json").stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let members = json["members"].as_array().unwrap();
    for (index, member) in members.iter().enumerate() {
        bench.ok(&format!("{TRAIN} --seed {} -o one.safetensors", 5 + index));
        let one = bench.ok("evaluate one.safetensors test.csv --json").stdout;
        let one: Value = serde_json::from_str(&one).unwrap();
        assert_eq!(member, &one["evaluation"]);
        assert!(one.get("members").is_none());
    }
    assert_eq!(members.len(), 3);

    let model = bench.read("m.safetensors");
    bench.ok(&format!("{TRAIN} --test test.csv --members 3 --seed 5 --threads 3 -o n.safetensors"));
    assert_eq!(bench.read("n.safetensors"), model);
    for option in ["--checkpoint c", "--log l.jsonl", "--tensorboard t"] {
        let ran = bench.run(&format!("{TRAIN} --members 2 {option} -o m.safetensors"));
        let name = option.split(' ').next().unwrap();
        let wanted = format!("error: {name}: expected --members 1 beside it, got --members 2");
        assert!(ran.stderr.starts_with(&wanted), "{}", ran.stderr);
    }
}

#[test]
fn folds_are_measured_before_the_training() {
    let bench = Bench::new();
    let ran = bench.ok(&format!("{TRAIN} --folds 3 -o m.safetensors"));
    assert!(
        ran.stdout.contains("\nfold 3 ") && ran.stdout.contains("folds: accuracy"),
        "{}",
        ran.stdout
    );
    bench.ok(&format!("{TRAIN} -o n.safetensors"));
    assert_eq!(bench.read("m.safetensors"), bench.read("n.safetensors"));
    let json = bench.ok(&format!("{TRAIN} --folds 3 -o m.safetensors --json")).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let sequences = json["folds"].as_array().unwrap().iter().map(|fold| fold["sequences"].as_u64());
    assert_eq!(sequences.sum::<Option<u64>>(), json["data"]["training"]["sequences"].as_u64());
    for (options, wanted) in [
        ("--folds 1", "--folds: expected 2 to "),
        ("--folds 100000", "--folds: expected 2 to "),
        ("--folds 2 --validation test.csv", "--folds and --validation: expected at most one"),
        ("--refit", "--refit: expected --validation-fraction beside it, got none"),
        (
            "--refit --validation-fraction 0.2 --members 2",
            "--members: expected --refit off beside it, got --refit on",
        ),
    ] {
        let ran = bench.run(&format!("{TRAIN} -o m.safetensors {options}"));
        assert_eq!(ran.code, Some(1), "{options}");
        assert!(ran.stderr.contains(&format!("error: {wanted}")), "{}", ran.stderr);
    }
}

#[test]
fn what_is_written_meanwhile_has_a_file_of_its_own() {
    let bench = Bench::new();
    let data = [bench.read("train.csv"), bench.read("test.csv")];
    for (options, wanted) in [
        (
            "--log train.csv",
            "--log: expected a file that is not an input, got train.csv, which is <TRAIN>",
        ),
        (
            "--test test.csv --log test.csv",
            "--log: expected a file of its own, got test.csv, which is --test",
        ),
        ("--test test.csv --checkpoint test.csv", "--checkpoint: expected a file of its own"),
        (
            "--log m.safetensors",
            "--log: expected a file of its own, got m.safetensors, which is --output",
        ),
        (
            "--log run --checkpoint run",
            "--log: expected a file of its own, got run, which is --checkpoint",
        ),
    ] {
        let ran = bench.run(&format!("{TRAIN} -o m.safetensors {options}"));
        assert_eq!(ran.code, Some(1), "{options}");
        assert!(ran.stderr.contains(&format!("error: {wanted}")), "{}", ran.stderr);
    }
    assert_eq!(data, [bench.read("train.csv"), bench.read("test.csv")]);
}

#[test]
fn a_metric_that_cannot_be_reached_is_no_target() {
    let bench = Bench::new();
    for target in ["5", "0", "-1"] {
        let ran = bench.run(&format!("{TRAIN} -o m.safetensors --target-metric {target}"));
        let wanted = "error: --target-metric: expected an accuracy, above 0 and at most 1, got ";
        assert!(ran.code == Some(1) && ran.stderr.contains(wanted), "{}", ran.stderr);
    }
}

#[test]
fn targets_that_are_not_there_or_too_large_are_refused_by_name() {
    let bench = Bench::new();
    bench.write("none.csv", "run,x,y\n0,1,\n0,2,\n1,3,\n");
    bench.write("huge.csv", "run,x,y\n0,1,1e200\n1,3,2e200\n2,1,1e200\n");
    bench.write("some.csv", "run,x,y\n0,1,1\n0,2,\n1,3,3\n");
    let train =
        |data: &str| format!("train {data} --sequence run --target y --task regress --epochs 1");
    let none = "error: none.csv: expected a target at one step at least, got none";
    let ran = bench.run(&format!("{} --each step -o m.safetensors", train("none.csv")));
    assert!(ran.stderr.contains(none), "{}", ran.stderr);
    bench.ok(&format!("{} --each step -o m.safetensors", train("some.csv")));
    let ran = bench.run("evaluate m.safetensors none.csv");
    assert!(ran.stderr.contains(none), "{}", ran.stderr);
    let ran = bench.run("health m.safetensors none.csv --updates");
    assert!(ran.stderr.contains(none), "{}", ran.stderr);
    bench.write("tags.csv", "run,x,y\n0,1,a\n0,2,\n1,3,b\n");
    let tag = |data: &str| train(data).replace("regress", "tag");
    let ran = bench.run(&format!("{} -o t.safetensors", tag("none.csv")));
    assert!(ran.stderr.contains(none), "{}", ran.stderr);
    bench.ok(&format!("{} -o t.safetensors", tag("tags.csv")));
    for command in ["evaluate", "report -o page.html", "health --updates"] {
        let ran = bench.run(&format!("{command} t.safetensors none.csv"));
        assert!(ran.stderr.contains(none), "{command}: {}", ran.stderr);
    }
    let ran = bench.run(&format!("{} -o m.safetensors", train("huge.csv")));
    let wanted = "error: y: expected numbers whose squares are finite, got ";
    assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
}

#[test]
fn a_refit_learns_from_everything_for_the_epochs_that_validation_chose() {
    let bench = Bench::new();
    let train = TRAIN.replace("--epochs 3", "--epochs 8");
    let options = "--validation-fraction 0.25 --refit --json -o m.safetensors";
    let ran = bench.ok(&format!("{train} {options}"));
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let epochs = json["epochs"].as_array().unwrap().len();
    let train = TRAIN.replace("--epochs 3", &format!("--epochs {epochs}"));
    bench.ok(&format!("{train} -o n.safetensors"));
    let predictions = |model: &str| bench.ok(&format!("predict {model} test.csv")).stdout;
    assert_eq!(predictions("m.safetensors"), predictions("n.safetensors"));
    assert!(json["validation"].is_object(), "{json}");
}

#[test]
fn noise_in_the_recurrence_changes_what_is_learnt() {
    let bench = Bench::new();
    let learnt = |options: &str| {
        bench.ok(&format!("{TRAIN} -o m.safetensors --cell lstm {options}"));
        (bench.read("m.safetensors"), bench.ok("predict m.safetensors test.csv").stdout)
    };
    let (_, plain) = learnt("");
    for option in ["--state-dropout", "--update-dropout", "--zoneout", "--cell-zoneout"] {
        let (model, predictions) = learnt(&format!("{option} 0.3"));
        assert_ne!(predictions, plain, "{option}");
        assert_eq!(model, learnt(&format!("{option} 0.3 --threads 3")).0, "{option}");
    }
}

#[test]
fn early_stopping_says_which_epoch_was_kept() {
    let bench = Bench::new();
    let train = TRAIN.replace("--epochs 3", "--epochs 500 --learning-rate 0.3 --seed 3");
    let ran = bench.ok(&format!("{train} -o m.safetensors --validation test.csv --patience 2"));
    assert!(ran.stderr.contains("stopped early after "), "{}", ran.stderr);
    assert!(ran.stderr.contains("the model of epoch "), "{}", ran.stderr);
    assert!(ran.stdout.contains("\nvalidation "), "{}", ran.stdout);
}

#[test]
fn the_classes_are_learnt() {
    let bench = Bench::new();
    let train = TRAIN.replace("--epochs 3", "--epochs 60 --learning-rate 0.02");
    let ran = bench.ok(&format!("{train} -o m.safetensors --test test.csv --features x --json"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(document["test"]["accuracy"].as_f64().unwrap() > 0.95, "{}", document["test"]);
}

#[test]
fn numbers_are_learnt_in_their_own_units() {
    let bench = Bench::new();
    let ran = bench.ok("train numbers.csv --sequence id --time step --target total --features x \
                        --task regress --activation identity --epochs 150 --hidden-size 8 \
                        --cell simple --direction forward --pooling last --dropout 0 \
                        --learning-rate 0.01 -o m.safetensors --json");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let total = &document["training"]["targets"][0];
    let (model, floor) = (&total["model"]["rmse"], &total["floor"]["rmse"]);
    let (model, floor) = (model.as_f64().unwrap(), floor.as_f64().unwrap());
    // The sums range over -6 to 10; a linear recurrence can add exactly.
    assert!(floor > 2.0 && model < 0.2, "{model} beside {floor}");
}

/// The simple predictors are kept in the model: `evaluate` says the same of them as the training run.
#[test]
fn a_model_is_held_against_simple_predictors() {
    let bench = Bench::new();
    let ran = bench.ok(&format!("{TRAIN} -o m.safetensors --test test.csv --features x --json"));
    let trained: Value = serde_json::from_str(&ran.stdout).unwrap();
    let floors = &trained["test"]["floors"];
    let kinds = floors.as_array().unwrap().iter().map(|floor| floor["kind"].as_str().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), ["majority", "nearest-neighbour", "logistic"]);
    // A slope up or down shows in the first and last value.
    assert_eq!(floors[2]["accuracy"], 1.0, "{floors}");
    let ran = bench.ok("evaluate m.safetensors test.csv --json --quiet");
    let evaluated: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(&evaluated["evaluation"]["floors"], floors);
    let train = format!("{TRAIN} -o m.safetensors --features x --learning-rate 1e-6 --quiet");
    bench.ok(&train);
    let said = bench.ok("evaluate m.safetensors test.csv --quiet").stdout;
    let wanted = "data: the model does not beat its floor: try --members 5, ";
    assert!(said.contains(wanted), "{said}");

    // The sum of a channel is linear in its mean: nothing that a network is needed for.
    let regress = "train numbers.csv --sequence id --time step --target total --features x \
                   --task regress --epochs 1 --hidden-size 4 --quiet -o r.safetensors";
    let said = bench.ok(&format!("{regress} --validation-fraction 0.3")).stdout;
    assert!(said.contains("ridge regression on simple statistics"), "{said}");
    assert!(said.contains("validation: the model does not beat its floor"), "{said}");
}

#[test]
fn json_is_one_document() {
    let bench = Bench::new();
    let ran = bench.train("--json --validation-fraction 0.25 --test test.csv");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["model"], "m.safetensors");
    assert_eq!(document["ending"], "finished");
    assert_eq!(document["data"]["training"]["sequences"], 24);
    assert_eq!(document["data"]["training"]["left_out"][0]["column"], "note");
    assert_eq!(document["network"]["body"]["layers"][0]["hidden_size"], 6);
    assert_eq!(document["settings"]["training"]["batch_size"], 8);
    assert_eq!(document["epochs"].as_array().unwrap().len(), 3);
    for part in ["training", "validation", "test"] {
        let accuracy = document[part]["accuracy"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&accuracy), "{part}");
    }
    assert_eq!(document["test"]["sequences"], 10);
    assert!(ran.stderr.contains("epoch 3/3"), "{}", ran.stderr);
}

#[test]
fn ts_and_csv_of_the_same_data_give_the_same_results() {
    let bench = Bench::new();
    let options = "--task classify --hidden-size 8 --epochs 2 --quiet --json";
    let path = |name| vowels(name).display().to_string();
    let features: Vec<String> = (1..=12).map(|index| format!("lpc{index}")).collect();
    let run = |arguments: String| -> Value {
        serde_json::from_str(&bench.ok(&format!("train {arguments} {options}")).stdout).unwrap()
    };
    let (train, test) = (path("train.csv"), path("test.csv"));
    let csv = run(format!(
        "{train} --test {test} --sequence utterance --time step --target speaker -o csv.safetensors"
    ));
    let (train, test) = (path("JapaneseVowels_TRAIN.ts"), path("JapaneseVowels_TEST.ts"));
    let ts =
        run(format!("{train} --test {test} --features {} -o ts.safetensors", features.join(",")));
    assert_eq!(csv["test"], ts["test"]);
    assert_eq!(csv["epochs"], ts["epochs"]);
}

/// Options of the network, and what the command says of the network that they make.
const NETWORKS: &[(&str, &str)] = &[
    (
        "--layers 2",
        "gru cell, 2 layers of 6 units in each of both directions, state dropout 0.25; head on the last \
         step",
    ),
    (
        "--cell lstm --direction forward --hidden-size 6,4 --layer-dropout 0.1",
        "lstm cell, 1 layer of 6 units forward, then lstm cell, 1 layer of 4 units forward, dropout 0.1; \
         head on the last step",
    ),
    (
        "--cell gru --layers 3 --direction both --merge mean --residual --pooling mean",
        "gru cell, 3 layers of 6 units in each of both directions, averaged, residual, state dropout \
         0.25; head on the mean over time",
    ),
    (
        "--pooling first,max,attention --attention-size 5 --head-hidden 7,3 --head-dropout 0.2 \
         --head-activation sigmoid --dropout 0.1",
        "head on the first step + the maximum over time + attention of 5 units, dropout 0.1, 7 units \
         sigmoid, dropout 0.2, 3 units sigmoid, dropout 0.2",
    ),
    (
        "--initial-state learned",
        "units in each of both directions, state dropout 0.25, learned initial state; head on the last step",
    ),
    ("--cell simple --activation hard-sigmoid", "simple cell, hard-sigmoid, 1 layer"),
    (
        "--cell simple --recurrence independent --pre-activation-clip 3",
        "simple cell, tanh, independent units, pre-activations within 3, 1 layer",
    ),
    (
        "--cell lstm --peepholes --coupled-gates --projection-size 4 --cell-clip 2",
        "lstm cell, peepholes, coupled gates, projected to 4, cell state within 2, 1 layer",
    ),
    ("--cell gru --normalization layer", "gru cell, layer normalization, 1 layer"),
];

#[test]
fn every_option_of_the_network_makes_the_network_that_it_names() {
    let bench = Bench::new();
    for (options, words) in NETWORKS {
        let options: Vec<&str> = options.split_whitespace().collect();
        let sized = options.contains(&"--hidden-size");
        let train = if sized { TRAIN.replace("--hidden-size 6 ", "") } else { TRAIN.to_owned() };
        let ran = bench.ok(&format!("{train} -o m.safetensors {}", options.join(" ")));
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&words), "{words}\n{said}");
        let inspected = bench.ok("inspect m.safetensors").stdout;
        assert!(inspected.split_whitespace().collect::<Vec<_>>().join(" ").contains(&words));
        bench.ok("predict m.safetensors test.csv -o out.csv");
    }
}

#[test]
fn every_cell_and_every_way_to_start_trains_another_model() {
    let bench = Bench::new();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for options in [
        "--cell lstm",
        "--cell lstm --forget-bias 0",
        "--cell lstm --input-init glorot",
        "--cell lstm --input-init he",
        "--cell lstm --recurrent-init orthogonal",
        "--cell lstm --recurrent-init normal",
        "--cell lstm --bias-init zeros",
        "--cell lstm --bias-init normal",
        "--cell lstm --peepholes",
        "--cell lstm --coupled-gates",
        "--cell lstm --projection-size 3",
        "--cell lstm --cell-clip 0.1",
        "--cell lstm --pre-activation-clip 0.2",
        "--cell lstm --normalization layer",
        "--cell simple",
        "--cell simple --recurrence independent",
        "--cell gru",
        "--cell gru --normalization layer",
        "--cell gru --pre-activation-clip 0.2",
    ] {
        bench.train(options);
        let model = bench.ok("predict m.safetensors test.csv").stdout.into_bytes();
        assert!(!seen.contains(&model), "{options}");
        seen.push(model);
    }
    // The default for training, said aloud.
    bench.train("--cell lstm --forget-bias 1");
    assert_eq!(bench.ok("predict m.safetensors test.csv").stdout.into_bytes(), seen[0]);
}
