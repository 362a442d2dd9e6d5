use super::*;
use crate::args::TrainArgs;

fn train(toml: &str, flags: &[&str]) -> Result<(TrainArgs, Given), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.toml");
    std::fs::write(&path, toml).unwrap();
    let config = path.clone().into_os_string();
    let argv = ["elman", "train", "--config"].into_iter().map(OsString::from).chain([config]);
    let argv = argv.chain(flags.iter().map(OsString::from)).collect();
    match read("0", argv) {
        Ok((Command::Train(args), given)) => Ok((*args, given)),
        Err(Stop::Failed(Failure::Input(line))) => {
            Err(line.replace(&*path.to_string_lossy(), "run.toml"))
        }
        _ => panic!("neither options nor a refusal"),
    }
}

#[test]
fn keys_of_the_file_are_options() {
    let toml = "train = \"a.csv\"\nepochs = 1_0\nlearning-rate = 1e-2\nbetas = [0.8, 0.9]\n\
                features = [\"a\", \"b, c\"]\nstandardize = false\nquiet = true\nclip-norm = \"off\"\n\
                nesterov = true\n";
    let (args, given) = train(toml, &[]).unwrap();
    assert_eq!(args.train, [PathBuf::from("a.csv")]);
    assert_eq!(args.trainer.epochs, Some(10));
    assert!((args.trainer.learning_rate - 0.01).abs() < 1e-12);
    assert_eq!(args.trainer.betas.to_string(), "0.8,0.9");
    assert_eq!(args.columns.features, Some(Names(vec!["a".into(), "b, c".into()])));
    assert!(!args.trainer.standardize.is_on() && args.trainer.nesterov.is_on());
    assert!(args.talk.quiet);
    assert!(given.has("epochs") && !given.has("batch-size"));
}

#[test]
fn several_files_are_a_list() {
    let (args, _) = train("train = [\"a.csv\", \"b c.csv\"]\nepochs = 1", &[]).unwrap();
    assert_eq!(args.train, [PathBuf::from("a.csv"), PathBuf::from("b c.csv")]);
}

#[test]
fn flags_win_over_the_file() {
    let toml = "train = \"a.csv\"\nepochs = 10\nlayers = 2";
    let (args, given) = train(toml, &["b.csv", "--epochs", "3"]).unwrap();
    assert_eq!(args.train, [PathBuf::from("b.csv")]);
    assert_eq!((args.trainer.epochs, args.network.layers), (Some(3), Some(2)));
    assert_eq!(given.name("epochs"), "--epochs");
    assert!(given.name("layers").ends_with("run.toml: row 3: layers"));
}

#[test]
fn what_is_wrong_is_said_with_its_row() {
    let cases = [
        (
            "epochs = 3\nepoch = 4",
            "run.toml: row 2: expected an option of train, got \"epoch\" (hint: did you mean epochs?)",
        ),
        ("config = \"x\"", "run.toml: row 1: expected an option of train, got \"config\""),
        (
            "\nepochs = -1",
            "run.toml: row 2: epochs: expected a whole number that is not negative, got \"-1\"",
        ),
        ("quiet = 1", "run.toml: row 1: quiet: expected true or false, got integer"),
        (
            "optimizer = \"adamm\"",
            "run.toml: row 1: optimizer: expected one of sgd, adam, adamw, nadam, rmsprop, adagrad, got \"adamm\" (hint: did you \
             mean adam?)",
        ),
        (
            "[training]\nepochs = 1",
            "run.toml: row 1: expected an option of train, got \"training\"",
        ),
        ("epochs = = 1", "run.toml: row 1: expected TOML, got "),
    ];
    for (toml, expected) in cases {
        let line = train(toml, &[]).unwrap_err();
        assert!(line.starts_with(expected), "{toml:?}\n  expected {expected}\n  got      {line}");
    }
}
