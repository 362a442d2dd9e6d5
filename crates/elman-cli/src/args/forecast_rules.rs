//! What a forecast takes of the options of `train`, and what it sets where nothing is given.

use super::TrainArgs;
use super::value::{DirectionChoice, LayoutChoice, MissingChoice, PoolingChoice};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// Options that are about forecasts alone.
pub const OF_FORECAST: [&str; 17] = [
    "horizon",
    "context",
    "season",
    "segment",
    "transform",
    "scale",
    "levels",
    "conformal",
    "recursive",
    "known",
    "static",
    "series-embedding",
    "fill-gaps",
    "repeats",
    "skip-short",
    "test-windows",
    "test-step",
];

/// Options that a forecast has no use for, with what it has instead.
const OTHERS: [(&str, &str); 15] = [
    ("text", "dated numbers"),
    ("tokens", "dated numbers"),
    ("categories", "dated numbers"),
    ("calendar", "the calendar of its times as input"),
    ("split", "cut-offs in time"),
    ("intervals", "--levels instead"),
    ("target-transform", "--transform instead"),
    ("each", "an answer for each step ahead"),
    ("weight", "windows that count the same"),
    ("group", "series that are learnt together"),
    ("validation", "the end of its own series: --validation-fraction"),
    ("monitor", "the loss alone, as its metric is of scaled values"),
    ("target-metric", "a metric of scaled values"),
    ("folds", "cut-offs in time: elman evaluate --backtest --windows"),
    ("refit", "cut-offs in time: elman evaluate --backtest --refit"),
];

/// The windows of a batch.
const BATCH: usize = 32;
/// Dropout before the head.
const DROPOUT: f64 = 0.2;

/// Refuses what a forecast has no use for, and sets the defaults of a forecast.
pub fn settle(args: &mut TrainArgs, given: &Given) -> Outcome {
    for (option, has) in OTHERS {
        if given.has(option) {
            let found = format!("forecast, which has {has}");
            return Err(Failure::input(given.name(option), "another --task", found));
        }
    }
    if args.forecast.horizon.is_none() {
        let expected = "the steps to forecast";
        return Err(Failure::Input(format!("{}: expected {expected}, got none", "--horizon")));
    }
    if let Some(LayoutChoice::Words | LayoutChoice::Conll | LayoutChoice::Conllu) =
        args.columns.layout
    {
        return Err(Failure::input(given.name("layout"), "long or wide for dated series", "words"));
    }
    let is_wide = args.columns.layout == Some(LayoutChoice::Wide);
    if given.has("exclude") && (!is_wide || given.has("target")) {
        let expected = "--layout wide beside it, without --target";
        return Err(Failure::input(given.name("exclude"), expected, "columns named one by one"));
    }
    if args.columns.missing == MissingChoice::Mask {
        return Err(Failure::input(given.name("missing"), "refuse or last for series", "mask"));
    }
    if given.has("test") && given.has("test-windows") {
        let names = format!("{} and {}", given.name("test"), given.name("test-windows"));
        return Err(Failure::input(names, "at most one of them", "both"));
    }
    if given.has("test-step") && !given.has("test-windows") && !given.has("test") {
        let expected = "--test-windows or --test beside it";
        return Err(Failure::input(given.name("test-step"), expected, "neither"));
    }
    defaults(args, given);
    Ok(())
}

/// Those of [`elman::forecaster::defaults`].
fn defaults(args: &mut TrainArgs, given: &Given) {
    let set = |option: &str| !given.has(option);
    let (network, trainer) = (&mut args.network, &mut args.trainer);
    if set("direction") {
        network.direction = DirectionChoice::Forward;
    }
    if set("pooling") {
        network.pooling = vec![PoolingChoice::Last];
    }
    if set("dropout") {
        network.dropout = DROPOUT;
    }
    if set("batch-size") {
        trainer.batch_size = BATCH;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::value::EachChoice;
    use crate::args::{Cli, Command, network_options, options};

    #[test]
    fn what_is_trained_where_nothing_is_said_is_what_the_library_takes() {
        let line = "elman train x.csv --task forecast --horizon 3 -o m";
        let Command::Train(mut args) = Cli::parse_from(line.split(' ')).command else {
            panic!("train");
        };
        settle(&mut args, &Given::default()).unwrap();
        let (training, network) = elman::forecaster::defaults();
        assert_eq!(options::training(&args), training);
        assert_eq!(network_options::network(&args.network, EachChoice::Sequence), network);
    }
}
