//! Options of `train` that contradict each other.
//!
//! An option that was given and would have no effect is an error that names it and the one it
//! depends on; so is a pair of which only one can hold.

use elman::loss::Output;
use elman::network::{MAX_LAYERS, NetworkOptions};

use super::TrainArgs;
use super::network_options::hidden_sizes;
use super::options;
use super::value::{
    CellChoice, DirectionChoice, EachChoice, Limit, LossChoice, MissingChoice, NormalizationChoice,
    OptimizerChoice, PoolingChoice, RecurrenceChoice, ResetChoice, SplitChoice, Switch, TaskKind,
    UnitChoice,
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

fn network_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    let network = &args.network;
    let cell = network.cell;
    use CellChoice::{Gru, Lstm, Simple};
    let mut by_cell = |option, wanted: &[CellChoice], needs| {
        let found = format!("--cell {}", name(cell));
        rules.push(Rule { option, on: "cell", holds: wanted.contains(&cell), needs, found });
    };
    by_cell("activation", &[Simple], "--cell simple");
    by_cell("recurrence", &[Simple], "--cell simple");
    by_cell("reset-placement", &[Gru], "--cell gru");
    for option in ["normalization", "pre-activation-clip"] {
        by_cell(option, &[Simple, Lstm, Gru], "--cell simple, lstm or gru");
    }
    for option in ["forget-bias", "peepholes", "coupled-gates", "projection-size", "cell-clip"] {
        by_cell(option, &[Lstm], "--cell lstm");
    }
    rules.push(Rule {
        option: "forget-bias",
        on: "coupled-gates",
        holds: !network.coupled_gates.is_on(),
        needs: "--coupled-gates off",
        found: "--coupled-gates on".to_owned(),
    });
    let normalized = network.normalization == NormalizationChoice::Layer;
    for (option, is_set) in [
        ("recurrence", network.recurrence == RecurrenceChoice::Independent),
        ("reset-placement", network.reset_placement == ResetChoice::Before),
        ("peepholes", network.peepholes.is_on()),
        ("coupled-gates", network.coupled_gates.is_on()),
        ("projection-size", true),
        ("cell-clip", true),
        ("pre-activation-clip", true),
    ] {
        rules.push(Rule {
            option,
            on: "normalization",
            holds: !(normalized && is_set),
            needs: "--normalization none",
            found: "--normalization layer".to_owned(),
        });
    }
    let layers = hidden_sizes(network).len();
    let mut by_layers = |option| {
        let (needs, found) = ("--layers 2 or more", format!("--layers {layers}"));
        rules.push(Rule { option, on: "layers", holds: layers > 1, needs, found });
    };
    by_layers("residual");
    by_layers("layer-dropout");
    by_layers("dropout-span");
    rules.push(Rule {
        option: "merge",
        on: "direction",
        holds: network.direction == DirectionChoice::Both,
        needs: "--direction both",
        found: format!("--direction {}", name(network.direction)),
    });
    let pooling: Vec<String> = network.pooling.iter().copied().map(name).collect();
    rules.push(Rule {
        option: "attention-size",
        on: "pooling",
        holds: network.pooling.contains(&PoolingChoice::Attention),
        needs: "--pooling attention",
        found: format!("--pooling {}", pooling.join(",")),
    });
    for option in ["head-activation", "head-dropout"] {
        rules.push(Rule {
            option,
            on: "head-hidden",
            holds: network.head_hidden.is_some(),
            needs: "--head-hidden",
            found: "no hidden layer".to_owned(),
        });
    }
}

/// `--layers` repeats a single size; of several sizes it can only be the number.
fn layers(args: &TrainArgs, given: &Given) -> Outcome {
    let Some(layers) = args.network.layers else { return Ok(()) };
    let sizes = args.network.hidden_size.0.len();
    if sizes > 1 && sizes != layers {
        let expected = format!("{sizes}, as --hidden-size has so many sizes");
        return Err(Failure::input(given.name("layers"), expected, layers));
    }
    if !(1..=MAX_LAYERS).contains(&layers) {
        return Err(Failure::input(given.name("layers"), format!("1 to {MAX_LAYERS}"), layers));
    }
    Ok(())
}

fn optimizer_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    let trainer = &args.trainer;
    use OptimizerChoice::{Adam, AdamW, NAdam, RmsProp, Sgd};
    let name = name(trainer.optimizer);
    let mut optimizer = |option, needs, wanted: &[OptimizerChoice]| {
        let (found, holds) = (format!("--optimizer {name}"), wanted.contains(&trainer.optimizer));
        rules.push(Rule { option, on: "optimizer", holds, needs, found });
    };
    optimizer("momentum", "--optimizer sgd or rmsprop", &[Sgd, RmsProp]);
    optimizer("nesterov", "--optimizer sgd", &[Sgd]);
    optimizer("dampening", "--optimizer sgd", &[Sgd]);
    optimizer("amsgrad", "--optimizer adam or adamw", &[Adam, AdamW]);
    optimizer("betas", "--optimizer adam, adamw or nadam", &[Adam, AdamW, NAdam]);
    let others = [Adam, AdamW, NAdam, RmsProp, OptimizerChoice::Adagrad];
    optimizer("epsilon", "an --optimizer other than sgd", &others);
    rules.push(Rule {
        option: "nesterov",
        on: "momentum",
        holds: trainer.nesterov == Switch::Off || trainer.momentum > 0.0,
        needs: "--momentum above 0",
        found: format!("--momentum {}", trainer.momentum),
    });
    rules.push(Rule {
        option: "dampening",
        on: "momentum",
        holds: trainer.momentum > 0.0,
        needs: "--momentum above 0",
        found: format!("--momentum {}", trainer.momentum),
    });
    rules.push(Rule {
        option: "dampening",
        on: "nesterov",
        holds: trainer.nesterov == Switch::Off,
        needs: "--nesterov off",
        found: "--nesterov on".to_owned(),
    });
    rules.push(Rule {
        option: "clip-norm-kind",
        on: "clip-norm",
        holds: trainer.clip_norm != Limit::Off,
        needs: "--clip-norm",
        found: "--clip-norm off".to_owned(),
    });
}

fn validation_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
    rules.push(Rule {
        option: "split",
        on: "validation-fraction",
        holds: args.trainer.folds.is_some()
            || args.validation_fraction.is_some_and(|fraction| fraction > 0.0),
        needs: "--validation-fraction or --folds",
        found: "neither".to_owned(),
    });
    rules.push(Rule {
        option: "split",
        on: "group",
        holds: args.split == SplitChoice::Random || args.columns.group.is_none(),
        needs: "no --group",
        found: "--group".to_owned(),
    });
    for option in ["patience", "monitor"] {
        rules.push(Rule {
            option,
            on: "validation",
            holds: args.validation.is_some()
                || args.validation_fraction.is_some_and(|fraction| fraction > 0.0),
            needs: "--validation or --validation-fraction",
            found: "neither".to_owned(),
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
