//! What text takes of the options of `train`, and what it sets where nothing is given.

use super::TrainArgs;
use super::network_options::hidden_sizes;
use super::training::TrainerArgs;
use super::value::{CellChoice, DirectionChoice, Sizes, UnitChoice};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// Options that are about text alone.
pub const OF_TEXT: [&str; 8] = [
    "nfc",
    "tied",
    "vocabulary-size",
    "least-count",
    "embedding-size",
    "lanes",
    "test-fraction",
    "sample-every",
];

/// Options that text has no use for, with what to say instead.
const OTHERS: [(&str, &str); 25] = [
    ("sequence", "no columns"),
    ("time", "no columns"),
    ("target", "no columns"),
    ("features", "no columns"),
    ("exclude", "no columns"),
    ("delimiter", "no columns"),
    ("decimal", "no columns"),
    ("sort", "no columns"),
    ("missing", "no columns"),
    ("calendar", "no columns"),
    ("text", "no columns"),
    ("layout", "no columns"),
    ("categories", "no columns"),
    ("weight", "no columns"),
    ("group", "no columns"),
    ("split", "its parts in their order"),
    ("direction", "layers that read forward"),
    ("pooling", "an answer at every step"),
    ("standardize", "no numbers to standardise"),
    ("batch-size", "--lanes instead"),
    ("loss", "cross-entropy alone"),
    ("merge", "layers that read forward"),
    ("members", "one network"),
    ("folds", "one text"),
    ("refit", "one text"),
];

/// Refuses what text has no use for, and sets the defaults of text.
pub fn settle(args: &mut TrainArgs, given: &Given) -> Outcome {
    for (option, has) in OTHERS {
        if given.has(option) {
            return Err(Failure::input(
                given.name(option),
                "another --task",
                format!("text, which has {has}"),
            ));
        }
    }
    for option in ["vocabulary-size", "least-count"] {
        if given.has(option) && args.columns.tokens != UnitChoice::Words {
            let found = "--tokens bytes or characters, all of which it knows";
            return Err(Failure::input(given.name(option), "--tokens words beside it", found));
        }
    }
    if given.has("nfc") && args.columns.tokens == UnitChoice::Bytes {
        let expected = "--tokens characters or words beside it";
        return Err(Failure::input(given.name("nfc"), expected, "--tokens bytes"));
    }
    if args.test.is_some() && given.has("test-fraction") {
        let names = format!("{} and {}", given.name("test"), given.name("test-fraction"));
        return Err(Failure::input(names, "at most one of them", "both"));
    }
    if args.text.lanes == 0 {
        return Err(Failure::input(given.name("lanes"), "at least 1", 0));
    }
    if args.train.iter().any(|path| path.as_os_str() == "-") {
        let expected = "files, which are read again in each epoch";
        return Err(Failure::input("<TRAIN>", expected, "standard input"));
    }
    parts(args)?;
    args.trainer.batch_size = args.text.lanes;
    defaults(args, given);
    Ok(())
}

/// A twentieth of the text each, where no file is given.
fn parts(args: &mut TrainArgs) -> Outcome {
    const PART: f64 = 0.05;
    if args.validation.is_none() {
        args.validation_fraction.get_or_insert(PART);
    }
    if args.test.is_none() {
        args.text.test_fraction.get_or_insert(PART);
    }
    let test = args.text.test_fraction.unwrap_or(0.0);
    if !(0.0..1.0).contains(&test) {
        return Err(Failure::input("--test-fraction", "at least 0 and below 1", test));
    }
    Ok(())
}

fn defaults(args: &mut TrainArgs, given: &Given) {
    let set = |option: &str| !given.has(option);
    let network = &mut args.network;
    if set("cell") {
        network.cell = CellChoice::Lstm;
    }
    network.direction = DirectionChoice::Forward;
    if set("hidden-size") {
        network.hidden_size = Sizes(vec![512]);
    }
    if set("dropout") {
        network.dropout = 0.25;
    }
    let words = args.columns.tokens == UnitChoice::Words;
    let network = &args.network;
    let usual = match args.text.tied {
        // As many as the outputs read.
        true => {
            let head = network.head_hidden.as_ref().and_then(|sizes| sizes.0.last().copied());
            let top = || hidden_sizes(network).last().copied();
            head.or(network.projection_size).or_else(top).unwrap_or(512)
        }
        false if words => 128,
        false => 64,
    };
    args.text.embedding_size.get_or_insert(usual);
    let trainer: &mut TrainerArgs = &mut args.trainer;
    if set("bptt") {
        trainer.bptt = Some(64);
    }
    if set("learning-rate") {
        trainer.learning_rate = 0.002;
    }
}
