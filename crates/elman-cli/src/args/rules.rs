//! Options of `train` that contradict each other.
//!
//! An option that was given and would have no effect is an error that names it and the one it
//! depends on; so is a pair of which only one can hold.

mod network;
mod training;

use elman::loss::Output;
use elman::network::NetworkOptions;

use self::network::{layers, network_rules};
use self::training::{optimizer_rules, validation_rules};
use super::TrainArgs;
use super::options;
use super::value::{
    CellChoice, EachChoice, Limit, LossChoice, MissingChoice, NormalizationChoice, ResetChoice,
    TaskKind, UnitChoice,
};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// Two options of which at most one may be given.
const EITHER: [(&str, &str); 4] = [
    ("validation", "validation-fraction"),
    ("features", "exclude"),
    ("folds", "validation"),
    ("text", "layout"),
];

/// Refuses what contradicts itself; what follows from the options given is set.
pub fn settle(args: &mut TrainArgs, given: &Given) -> Outcome {
    required(args)?;
    for (one, other) in EITHER {
        if given.has(one) && given.has(other) {
            return Err(both(given, one, other));
        }
    }
    clipping(args, given)?;
    target_metric(args, given)?;
    layers(args, given)?;
    if args.task == Some(TaskKind::Text) {
        super::text_rules::settle(args, given)?;
    }
    if args.task == Some(TaskKind::Forecast) {
        super::forecast_rules::settle(args, given)?;
    }
    if drops_state(args) {
        args.network.state_dropout.get_or_insert(NetworkOptions::STATE_DROPOUT_OF_CLASSES);
    }
    for rule in rules(args) {
        if given.has(rule.option) && !rule.holds {
            let found = match given.has(rule.on) || rule.on == "validation" {
                true => rule.found,
                false => format!("{} (the default)", rule.found),
            };
            let expected = format!("{} beside it", rule.needs);
            return Err(Failure::input(given.name(rule.option), expected, found));
        }
    }
    Ok(())
}

/// An accuracy lies between 0 and 1, an error and a perplexity above 0.
fn target_metric(args: &TrainArgs, given: &Given) -> Outcome {
    let Some(target) = args.trainer.target_metric else { return Ok(()) };
    let is_accuracy = matches!(args.task, Some(TaskKind::Classify | TaskKind::Tag));
    let expected = match is_accuracy {
        true if target <= 0.0 || target > 1.0 => "an accuracy, above 0 and at most 1",
        false if target <= 0.0 => "a number above 0",
        _ => return Ok(()),
    };
    Err(Failure::input(given.name("target-metric"), expected, target))
}

/// Whether the state is dropped where nothing is said of it.
fn drops_state(args: &TrainArgs) -> bool {
    let network = &args.network;
    let is_plain = network.normalization == NormalizationChoice::None
        && network.reset_placement == ResetChoice::After;
    let is_class = matches!(args.task, Some(TaskKind::Classify | TaskKind::Tag));
    network.cell == CellChoice::Gru && is_plain && is_class
}

fn required(args: &TrainArgs) -> Outcome {
    let missing = |name, what| Err(Failure::Input(format!("{name}: expected {what}, got none")));
    match args {
        TrainArgs { train, .. } if train.is_empty() => {
            missing("<TRAIN>", "the file of training data")
        }
        TrainArgs { output: None, .. } => missing("--output", "the file to save the model in"),
        TrainArgs { task: None, .. } => {
            missing("--task", "classify, regress, tag, text or forecast")
        }
        _ => Ok(()),
    }
}

/// `--clip-value` takes the place of the default of `--clip-norm`, but not of one that was given.
fn clipping(args: &mut TrainArgs, given: &Given) -> Outcome {
    let trainer = &mut args.trainer;
    match (trainer.clip_norm, trainer.clip_value) {
        (Limit::At(_), Limit::At(_)) if given.has("clip-norm") => {
            Err(both(given, "clip-norm", "clip-value"))
        }
        (Limit::At(_), Limit::At(_)) => {
            trainer.clip_norm = Limit::Off;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn both(given: &Given, one: &str, other: &str) -> Failure {
    let names = format!("{} and {}", given.name(one), given.name(other));
    Failure::input(names, "at most one of them", "both")
}

/// `option` has an effect only while something holds of `on`.
struct Rule {
    option: &'static str,
    on: &'static str,
    holds: bool,
    needs: &'static str,
    found: String,
}

fn rules(args: &TrainArgs) -> Vec<Rule> {
    let mut rules = Vec::new();
    network_rules(args, &mut rules);
    optimizer_rules(args, &mut rules);
    validation_rules(args, &mut rules);
    task_rules(args, &mut rules);
    distribution_rules(args, &mut rules);
    record_rules(args, &mut rules);
    rules
}

fn record_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    rules.push(Rule {
        option: "every",
        on: "checkpoint",
        holds: args.records.checkpoint.is_some(),
        needs: "--checkpoint",
        found: "none".to_owned(),
    });
    rules.push(Rule {
        option: "refit",
        on: "validation-fraction",
        holds: args.validation_fraction.is_some() || !args.trainer.refit.is_on(),
        needs: "--validation-fraction",
        found: "none".to_owned(),
    });
    for option in ["checkpoint", "resume", "log", "tensorboard", "members"] {
        rules.push(Rule {
            option,
            on: "refit",
            holds: !args.trainer.refit.is_on(),
            needs: "--refit off",
            found: "--refit on".to_owned(),
        });
    }
    let members = args.trainer.members;
    rules.push(Rule {
        option: "resume",
        on: "folds",
        holds: args.trainer.folds.is_none(),
        needs: "no --folds",
        found: "--folds".to_owned(),
    });
    for option in ["checkpoint", "resume", "log", "tensorboard"] {
        rules.push(Rule {
            option,
            on: "members",
            holds: members == 1,
            needs: "--members 1",
            found: format!("--members {members}"),
        });
    }
}

/// What a distribution of numbers goes with.
fn distribution_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    let says = options::says(args);
    let mut by_distribution = |option, holds, needs| {
        let found = format!("--distribution {}", says.name());
        rules.push(Rule { option, on: "distribution", holds, needs, found });
    };
    let is_point = says == Output::Point;
    by_distribution("loss", is_point, "--distribution point");
    by_distribution("intervals", !is_point, "a --distribution other than point");
    let is_count = says == Output::NegativeBinomial;
    by_distribution("target-transform", !is_count, "a --distribution other than of counts");
}

fn task_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    let trainer = &args.trainer;
    rules.push(Rule {
        option: "missing",
        on: "standardize",
        holds: args.columns.missing == MissingChoice::Refuse || trainer.standardize.is_on(),
        needs: "--standardize on",
        found: "--standardize off".to_owned(),
    });
    let task = args.task.unwrap_or(TaskKind::Classify);
    let mut by_task = |option, wanted: &[TaskKind], needs| {
        let found = format!("--task {}", name(task));
        rules.push(Rule { option, on: "task", holds: wanted.contains(&task), needs, found });
    };
    for option in super::text_rules::OF_TEXT {
        by_task(option, &[TaskKind::Text], "--task text");
    }
    for option in super::forecast_rules::OF_FORECAST {
        by_task(option, &[TaskKind::Forecast], "--task forecast");
    }
    const CLASSES: &[TaskKind] = &[TaskKind::Classify, TaskKind::Tag];
    by_task("label-smoothing", CLASSES, "--task classify or tag");
    by_task("class-weights", CLASSES, "--task classify or tag");
    for option in ["intervals", "target-transform"] {
        by_task(option, &[TaskKind::Regress], "--task regress");
    }
    const NUMBERS: &[TaskKind] = &[TaskKind::Regress, TaskKind::Forecast];
    by_task("distribution", NUMBERS, "--task regress or forecast");
    by_task("multi-label", &[TaskKind::Classify], "--task classify");
    match trainer.loss {
        Some(LossChoice::CrossEntropy) => by_task("loss", CLASSES, "--task classify or tag"),
        Some(_) => {
            by_task("loss", NUMBERS, "--task regress or forecast");
        }
        None => {}
    }
    if args.columns.each == EachChoice::Step {
        by_task("each", &[TaskKind::Regress, TaskKind::Tag], "--task regress or tag");
    }
    label_rules(args, rules);
    if task == TaskKind::Tag || args.columns.each == EachChoice::Step {
        rules.push(Rule {
            option: "pooling",
            on: "task",
            holds: false,
            needs: "one answer for each sequence",
            found: "one at each step".to_owned(),
        });
    }
    rules.push(Rule {
        option: "tokens",
        on: "text",
        holds: args.columns.text.is_some() || task == TaskKind::Text,
        needs: "--text or --task text",
        found: "neither".to_owned(),
    });
    if args.columns.tokens == UnitChoice::Bytes {
        rules.push(Rule {
            option: "tokens",
            on: "task",
            holds: task == TaskKind::Text,
            needs: "--task text",
            found: format!("--tokens bytes and --task {}", name(task)),
        });
    }
    let found = match (trainer.loss, task) {
        (Some(loss), _) => name(loss),
        (None, TaskKind::Classify | TaskKind::Tag | TaskKind::Text) => {
            name(LossChoice::CrossEntropy)
        }
        (None, TaskKind::Regress | TaskKind::Forecast) => name(LossChoice::Mse),
    };
    let mut by_loss = |option, wanted, needs| {
        let found = format!("--loss {found}");
        rules.push(Rule { option, on: "loss", holds: trainer.loss == Some(wanted), needs, found });
    };
    by_loss("huber-delta", LossChoice::Huber, "--loss huber");
    by_loss("smooth-l1-beta", LossChoice::SmoothL1, "--loss smooth-l1");
}

/// What several labels for a sequence leave without a meaning.
fn label_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    for option in ["label-smoothing", "class-weights", "loss"] {
        rules.push(Rule {
            option,
            on: "multi-label",
            holds: !args.multi_label,
            needs: "one class for each sequence",
            found: "--multi-label".to_owned(),
        });
    }
}

fn name(value: impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
