//! Options of the training that depend on each other.

use super::{Rule, name};
use crate::args::TrainArgs;
use crate::args::value::{Limit, OptimizerChoice, SplitChoice, Switch};

pub(super) fn optimizer_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
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

pub(super) fn validation_rules(args: &TrainArgs, rules: &mut Vec<Rule>) {
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
