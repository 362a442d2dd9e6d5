//! How the network is trained.

use clap::Args;
use elman::optimizer::Averaging;
use elman::schedule::{Schedule, Warmup};

use super::spec::Spec;
use super::value::{
    Betas, ClassWeightsChoice, DistributionChoice, Levels, Limit, LossChoice, MonitorChoice,
    NormChoice, OptimizerChoice, Switch, TargetTransformChoice, count, number, seed,
};

/// How the network is trained.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Training")]
pub struct TrainerArgs {
    /// Passes over the training data [default: as many as make up 1500 updates, 20 to 1000; or as
    /// --max-updates or --max-seconds allow]
    #[arg(long, value_name = "N", value_parser = count)]
    pub epochs: Option<usize>,
    /// Updates of the weights, at most [default: as many as the epochs have]
    #[arg(long, value_name = "N", value_parser = count)]
    pub max_updates: Option<usize>,
    /// Seconds of training, at most
    #[arg(long, value_name = "S", value_parser = number)]
    pub max_seconds: Option<f64>,
    /// End when the metric is this good: an accuracy to reach, or an error to get down to
    #[arg(long, value_name = "METRIC", value_parser = number)]
    pub target_metric: Option<f64>,
    /// Sequences in a batch: one update of the weights each
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = count)]
    pub batch_size: usize,
    /// Batches whose gradients are added up for one update
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count)]
    pub accumulation: usize,
    /// Cut the gradient after so many steps: truncated back-propagation through time
    #[arg(long, value_name = "STEPS", value_parser = count)]
    pub bptt: Option<usize>,
    /// Keep little of a batch and compute the rest again: long sequences in a small part of the memory,
    /// in up to twice the time, with the same result
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "on", default_value_t = Switch::Off, hide_possible_values = true)]
    pub recompute: Switch,
    /// The rule that updates the weights
    #[arg(long, value_enum, default_value_t = OptimizerChoice::AdamW)]
    pub optimizer: OptimizerChoice,
    /// The learning rate, before the schedule changes it
    #[arg(long, value_name = "RATE", default_value_t = 0.003, value_parser = number)]
    pub learning_rate: f64,
    /// How the learning rate goes over the updates: constant, or step, multi-step, exponential,
    /// cosine, cosine-restarts, one-cycle or plateau with settings: cosine,updates=1000 [default:
    /// one cycle over the whole run]
    #[arg(long, value_name = "KIND,…")]
    pub schedule: Option<Spec<Schedule>>,
    /// A slow start of so many updates before the schedule: 100, or updates=100,start-factor=0.1
    #[arg(long, value_name = "UPDATES")]
    pub warmup: Option<Spec<Warmup>>,
    /// Average the weights of many updates: ema,decay=0.999 or swa,start=500,every=10
    #[arg(long, value_name = "KIND,…")]
    pub averaging: Option<Spec<Averaging>>,
    /// Momentum of sgd and rmsprop
    #[arg(long, value_name = "M", default_value_t = 0.0, value_parser = number)]
    pub momentum: f64,
    /// The share of a gradient that does not enter the momentum
    #[arg(long, value_name = "D", default_value_t = 0.0, value_parser = number)]
    pub dampening: f64,
    /// Nesterov's form of the momentum of sgd
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "off", default_missing_value = "on", hide_possible_values = true)]
    pub nesterov: Switch,
    /// Decay of the two moments of adam, adamw and nadam
    #[arg(long, value_name = "B1,B2", default_value_t = Betas([0.9, 0.999]))]
    pub betas: Betas,
    /// Added to the denominator of every rule but sgd [default: 1e-8; adagrad: 1e-10]
    #[arg(long, value_name = "E", value_parser = number)]
    pub epsilon: Option<f64>,
    /// Adam or adamw with the largest second moment so far
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "off", default_missing_value = "on", hide_possible_values = true)]
    pub amsgrad: Switch,
    /// This times the weights, not the biases, is added to the gradient, or taken off the weights by
    /// adamw [default: 0; adamw: 0.01]
    #[arg(long, value_name = "DECAY", value_parser = number)]
    pub weight_decay: Option<f64>,
    /// The longest gradient that is not shortened, or off
    #[arg(long, value_name = "NORM", default_value_t = Limit::At(1.0))]
    pub clip_norm: Limit,
    /// How the length of the gradient is measured for --clip-norm
    #[arg(long, value_enum, default_value_t = NormChoice::L2)]
    pub clip_norm_kind: NormChoice,
    /// The largest element of a gradient that is not cut, instead of --clip-norm
    #[arg(long, value_name = "VALUE", default_value_t = Limit::Off)]
    pub clip_value: Limit,
    /// What chooses the best epoch: the validation loss, or accuracy (classes) or error (numbers)
    #[arg(long, value_enum, default_value_t = MonitorChoice::Loss)]
    pub monitor: MonitorChoice,
    /// The number of epochs without improvement, by validation, after which training ends
    #[arg(long, value_name = "N", value_parser = count)]
    pub patience: Option<usize>,

    /// The loss [default: cross-entropy for classes, mse for numbers]
    #[arg(long, value_enum, help_heading = "Loss")]
    pub loss: Option<LossChoice>,
    /// What the network says of each number [default: point; quantiles with --intervals]
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Loss")]
    pub distribution: Option<DistributionChoice>,
    /// Predict intervals in which the numbers lie so often, in percent [default: 80,95 where
    /// --distribution has any]
    #[arg(long, value_name = "LEVELS", help_heading = "Loss")]
    pub intervals: Option<Levels>,
    /// What is done to the numbers to predict before they are learnt, and undone afterwards
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = TargetTransformChoice::None)]
    #[arg(help_heading = "Loss")]
    pub target_transform: TargetTransformChoice,
    /// Where huber turns from square to straight, in standard deviations of the target
    #[arg(long, value_name = "DELTA", default_value_t = 1.0, value_parser = number)]
    #[arg(help_heading = "Loss")]
    pub huber_delta: f64,
    /// Where smooth-l1 turns from square to straight, in standard deviations of the target
    #[arg(long, value_name = "BETA", default_value_t = 1.0, value_parser = number)]
    #[arg(help_heading = "Loss")]
    pub smooth_l1_beta: f64,
    /// The part of each class label that is spread over all classes
    #[arg(long, value_name = "PART", default_value_t = 0.0, value_parser = number)]
    #[arg(help_heading = "Loss")]
    pub label_smoothing: f64,
    /// How the classes weigh in the loss: equal, balanced (each class counts the same), or
    /// label=weight,… ("a, b"=2,c=1 where a label has a comma)
    #[arg(long, value_name = "WEIGHTS", default_value = "equal", help_heading = "Loss")]
    #[arg(allow_hyphen_values = true)] // a label may be -1
    pub class_weights: ClassWeightsChoice,

    /// Bring each channel to mean 0 and standard deviation 1 over the training data
    #[arg(long, value_enum, default_value_t = Switch::On, help_heading = "Run")]
    pub standardize: Switch,
    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, help_heading = "Run")]
    pub seed: u64,
    /// Train so many networks side by side, with the seeds N, N+1, …, and let them answer together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count, help_heading = "Run")]
    pub members: usize,
    /// First measure this way of training on so many folds: train without each and test on it
    #[arg(long, value_name = "K", value_parser = count, help_heading = "Run")]
    pub folds: Option<usize>,
    /// After training with a part set aside, train on everything for as many epochs as were best
    #[arg(long, value_enum, value_name = "on|off", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "off", default_missing_value = "on", hide_possible_values = true)]
    #[arg(help_heading = "Run")]
    pub refit: Switch,
    /// Worker threads: never a difference in the result [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count, help_heading = "Run")]
    pub threads: Option<usize>,
}
