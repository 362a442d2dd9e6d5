//! From the arguments of `train` to the library's options, and from its words back to ours.

use elman::clip::{Clip, Norm};
use elman::data::TargetTransform;
use elman::error::{Error, Field};
use elman::layer::TraceKeeps;
use elman::loss::{Output, RegressionLoss};
use elman::optimizer::{
    Adagrad, Adam, AdamW, Momentum, NAdam, OptimizerConfig, RmsProp, SecondMoment, Sgd,
};
use elman::train::{ClassWeights, InputScaling, Monitor, NetworkOptions, Trainer, TrainingOptions};

use super::TrainArgs;
use super::training::TrainerArgs;
use super::value::{
    ClassWeightsChoice, DistributionChoice, Limit, LossChoice, MonitorChoice, NormChoice,
    OptimizerChoice, TargetTransformChoice, TaskKind,
};
use crate::config::Given;
use crate::failure::{Failure, Outcome};

/// What trains a network of this shape.
pub fn trainer(args: &TrainArgs, network: NetworkOptions, given: &Given) -> Outcome<Trainer> {
    Trainer::new(training(args), network).map_err(|error| blame(error, given))
}

/// How it is trained.
pub fn training(args: &TrainArgs) -> TrainingOptions {
    let trainer = &args.trainer;
    TrainingOptions {
        epochs: trainer.epochs,
        batch_size: trainer.batch_size,
        optimizer: optimizer(trainer),
        learning_rate: trainer.learning_rate,
        schedule: trainer.schedule.as_ref().map(|schedule| schedule.value().clone()),
        warmup: trainer.warmup.as_ref().map(|warmup| *warmup.value()),
        averaging: trainer.averaging.as_ref().map(|averaging| *averaging.value()),
        clip: clip(trainer),
        seed: trainer.seed,
        scaling: match trainer.standardize.is_on() {
            true => InputScaling::Standardize,
            false => InputScaling::Raw,
        },
        validation_fraction: args.validation_fraction.unwrap_or(0.0),
        monitor: match trainer.monitor {
            MonitorChoice::Loss => Monitor::Loss,
            MonitorChoice::Metric => Monitor::Metric,
        },
        patience: trainer.patience,
        label_smoothing: trainer.label_smoothing,
        class_weights: class_weights(&trainer.class_weights),
        regression_loss: regression_loss(trainer),
        // A forecast sets them itself.
        output: match args.task {
            Some(TaskKind::Forecast) => Output::Point,
            _ => says(args),
        },
        intervals: intervals(args),
        target_transform: match trainer.target_transform {
            TargetTransformChoice::None => TargetTransform::None,
            TargetTransformChoice::Log => TargetTransform::Log,
            TargetTransformChoice::Log1p => TargetTransform::Log1p,
        },
        threads: trainer.threads,
        max_updates: trainer.max_updates,
        max_seconds: trainer.max_seconds,
        target_metric: trainer.target_metric,
        accumulation: trainer.accumulation,
        bptt: trainer.bptt,
        keeps: match trainer.recompute.is_on() {
            true => TraceKeeps::Borders,
            false => TraceKeeps::Everything,
        },
    }
}

/// What the network says of each number: of a forecast with the intervals of `--levels`.
pub fn says(args: &TrainArgs) -> Output {
    let trainer = &args.trainer;
    let open = match trainer.intervals {
        Some(_) => DistributionChoice::Quantiles,
        None => DistributionChoice::Point,
    };
    match trainer.distribution.unwrap_or(open) {
        DistributionChoice::Point => Output::Point,
        DistributionChoice::Gaussian => Output::Gaussian,
        DistributionChoice::StudentT => Output::StudentT,
        DistributionChoice::NegativeBinomial => Output::NegativeBinomial,
        DistributionChoice::Quantiles => Output::Quantiles(match args.task {
            Some(TaskKind::Forecast) => args.forecast.levels.quantiles(),
            _ => trainer.intervals.clone().unwrap_or_default().quantiles(),
        }),
    }
}

/// The intervals of a distribution; quantiles have them already.
fn intervals(args: &TrainArgs) -> Vec<f64> {
    match (args.task, says(args)) {
        (Some(TaskKind::Forecast), _) | (_, Output::Point | Output::Quantiles(_)) => vec![],
        _ => args.trainer.intervals.clone().unwrap_or_default().shares(),
    }
}

fn optimizer(args: &TrainerArgs) -> OptimizerConfig {
    let [beta1, beta2] = args.betas.0;
    let second_moment = match args.amsgrad.is_on() {
        true => SecondMoment::Maximum,
        false => SecondMoment::Current,
    };
    // The rules differ in what they take where nothing is given.
    let epsilon = |own: f64| args.epsilon.unwrap_or(own);
    let decay = |own: f64| args.weight_decay.unwrap_or(own);
    match args.optimizer {
        OptimizerChoice::Sgd => {
            let own = Sgd::default();
            let (momentum, weight_decay) = (momentum(args), decay(own.weight_decay));
            OptimizerConfig::Sgd(Sgd { momentum, weight_decay, ..own })
        }
        OptimizerChoice::Adam => {
            let own = Adam::default();
            let (epsilon, weight_decay) = (epsilon(own.epsilon), decay(own.weight_decay));
            OptimizerConfig::Adam(Adam {
                beta1,
                beta2,
                epsilon,
                weight_decay,
                second_moment,
                ..own
            })
        }
        OptimizerChoice::AdamW => {
            let own = AdamW::default();
            let (epsilon, weight_decay) = (epsilon(own.epsilon), decay(own.weight_decay));
            OptimizerConfig::AdamW(AdamW {
                beta1,
                beta2,
                epsilon,
                weight_decay,
                second_moment,
                ..own
            })
        }
        OptimizerChoice::NAdam => {
            let own = NAdam::default();
            let (epsilon, weight_decay) = (epsilon(own.epsilon), decay(own.weight_decay));
            OptimizerConfig::NAdam(NAdam { beta1, beta2, epsilon, weight_decay, ..own })
        }
        OptimizerChoice::RmsProp => {
            let own = RmsProp::default();
            let (epsilon, weight_decay) = (epsilon(own.epsilon), decay(own.weight_decay));
            OptimizerConfig::RmsProp(RmsProp {
                momentum: args.momentum,
                epsilon,
                weight_decay,
                ..own
            })
        }
        OptimizerChoice::Adagrad => {
            let own = Adagrad::default();
            let (epsilon, weight_decay) = (epsilon(own.epsilon), decay(own.weight_decay));
            OptimizerConfig::Adagrad(Adagrad { epsilon, weight_decay, ..own })
        }
    }
}

/// A factor of 0 is no momentum. One out of range goes on to the library, which refuses it.
fn momentum(args: &TrainerArgs) -> Momentum {
    let (factor, dampening) = (args.momentum, args.dampening);
    match args.nesterov.is_on() {
        _ if factor.abs() <= 0.0 => Momentum::None,
        true => Momentum::Nesterov { factor },
        false => Momentum::Classical { factor, dampening },
    }
}

fn clip(args: &TrainerArgs) -> Clip {
    let kind = match args.clip_norm_kind {
        NormChoice::L1 => Norm::L1,
        NormChoice::L2 => Norm::L2,
        NormChoice::Infinity => Norm::Infinity,
    };
    match (args.clip_norm, args.clip_value) {
        (_, Limit::At(limit)) => Clip::Value { limit },
        (Limit::At(limit), Limit::Off) => Clip::Norm { limit, kind },
        (Limit::Off, Limit::Off) => Clip::None,
    }
}

fn class_weights(choice: &ClassWeightsChoice) -> ClassWeights {
    match choice {
        ClassWeightsChoice::Equal => ClassWeights::Equal,
        ClassWeightsChoice::Balanced => ClassWeights::Balanced,
        ClassWeightsChoice::Given(weights) => ClassWeights::Given(weights.clone()),
    }
}

fn regression_loss(args: &TrainerArgs) -> Option<RegressionLoss> {
    match args.loss? {
        LossChoice::CrossEntropy => None,
        LossChoice::Mse => Some(RegressionLoss::Mse),
        LossChoice::L1 => Some(RegressionLoss::L1),
        LossChoice::Huber => Some(RegressionLoss::Huber { delta: args.huber_delta }),
        LossChoice::SmoothL1 => Some(RegressionLoss::SmoothL1 { beta: args.smooth_l1_beta }),
    }
}

/// The library's fault, with the option in the words of the command line or the file.
pub fn blame(error: Error, given: &Given) -> Failure {
    match &error {
        Error::Argument { field: Some(field), expected, found, .. } => {
            Failure::input(given.name(&option(*field)), expected, found)
        }
        _ => error.into(),
    }
}

/// The option of `train` that sets a field of the library.
fn option(field: Field) -> String {
    field.name().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_the_library_blames_is_an_option() {
        for field in Field::ALL {
            let option = option(field);
            assert!(crate::config::is_option(&option), "{field:?}: --{option}");
        }
    }
}
