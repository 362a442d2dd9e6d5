//! What the command line accepts, declared once: the same declaration reads flags and, for
//! `train`, the keys of a TOML file.
//!
//! Ranges are the library's business: a flag here only has to be a number. Which options
//! contradict each other is said in [`rules`].

pub mod columns;
pub mod fault;
pub mod forecast;
pub mod forecast_rules;
pub mod look;
pub mod network;
pub mod network_options;
pub mod options;
pub mod records;
pub mod rules;
pub mod see;
pub mod spec;
pub mod text;
mod text_rules;
pub mod training;
pub mod value;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use columns::{COLUMNS, Columns, SavedColumns};
use forecast::{AheadArgs, BacktestArgs, ForecastArgs};
use network::NetworkArgs;
use records::RecordArgs;
use see::{ExplainArgs, HealthArgs, ReportArgs};
use text::{GenerateArgs, ScoreArgs, TextArgs};
use training::TrainerArgs;
use value::{EachChoice, Names, SplitChoice, TaskKind, count, number};

const ABOUT_ALL: &str = "\
Data is on stdout, talk is on stderr.

Exit codes: 0 success (also after Ctrl-C in training, once the best model so far is saved),
1 something is wrong with the input, 2 a fault of this program.";

/// Recurrent networks for sequences in files: look, train, evaluate, predict, inspect
#[derive(Debug, Parser)]
#[command(name = "elman", after_help = ABOUT_ALL, max_term_width = 100)]
#[command(disable_help_subcommand = true, disable_help_flag = true)]
#[command(subcommand_required = true, arg_required_else_help = false)]
pub struct Cli {
    // One form of help: clap's long one takes six screens for `train`.
    /// Show this help
    #[arg(long, short, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model on sequences from tables, texts and .ts files, on running text, or on dated series
    #[command(after_help = TRAIN_HELP)]
    Train(Box<TrainArgs>),
    /// Say what a data file holds, and how to train on it
    Look(look::LookArgs),
    /// Measure a model on sequences whose answers are known, or on series at past cut-offs
    Evaluate(EvaluateArgs),
    /// Write a model's prediction for each sequence, or what comes next in each series, as CSV
    Predict(PredictArgs),
    /// Write text with a model of text
    Generate(GenerateArgs),
    /// Say how likely text, or each row of series, is to a model, as CSV
    Score(ScoreArgs),
    /// Show what a model file holds
    Inspect(InspectArgs),
    /// Show what a model learned, how well, and what is wrong with it, as one HTML file
    Report(ReportArgs),
    /// Measure what can ail a recurrent network: reach of gradients, gates at limits, idle units
    Health(HealthArgs),
    /// Say which steps and channels a prediction rests on
    Explain(ExplainArgs),
}

const TRAIN_HELP: &str = "\
Every option can stand in the file given to --config under its long name, without the dashes:
`hidden-size = 64`, `features = [\"a\", \"b\"]`, and TRAIN as `train = \"train.csv\"`. An option
given on the command line wins over the file.

Ctrl-C ends training, saves the best model so far and reports as usual (exit code 0); a second
Ctrl-C aborts at once (exit code 130). SIGTERM and SIGHUP do the same. A run with --checkpoint can
go on from there, or from its last checkpoint if it was killed, and ends with the same bytes:
  elman train --resume FILE

Example:
  elman train train.csv --test test.csv --sequence utterance --time step \\
      --target speaker --task classify --output model.safetensors
  elman train book.txt --task text --output book.safetensors
  elman train sales.csv --task forecast --horizon 14 --output sales.safetensors";

/// How much is said, and in which form.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Talk")]
pub struct Talk {
    /// Say nothing on stderr but errors
    #[arg(long)]
    pub quiet: bool,
    /// Write one JSON document to stdout instead of tables
    #[arg(long)]
    pub json: bool,
}

/// `elman train`.
#[derive(Clone, Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct TrainArgs {
    /// The training data: a table (a row for each step, each sequence or each text), a .ts file, or
    /// tagged words; several tables with one header are read as one, and - is standard input; with
    /// --task text, files of text
    #[arg(value_name = "TRAIN", num_args = 1..)]
    pub train: Vec<PathBuf>,

    /// Where the model goes (.safetensors)
    #[arg(long, short, value_name = "FILE", help_heading = "Files")]
    pub output: Option<PathBuf>,
    /// Data to measure the trained model on
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub test: Option<PathBuf>,
    /// Data to watch during training and to choose the best epoch by
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub validation: Option<PathBuf>,
    /// The part of the training sequences to set aside as validation data, 0.2 say
    #[arg(long, value_name = "FRACTION", value_parser = number)]
    #[arg(help_heading = "Files")]
    pub validation_fraction: Option<f64>,
    /// Which sequences --validation-fraction and --folds set aside
    #[arg(long, value_enum, value_name = "ORDER", default_value_t = SplitChoice::Random)]
    #[arg(help_heading = "Files")]
    pub split: SplitChoice,
    /// A TOML file of options
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub config: Option<PathBuf>,

    /// What to learn: a class, or numbers, for each sequence; a class at each step; the next token of
    /// a text; or what comes next in dated series
    #[arg(long, value_enum, help_heading = "Task")]
    pub task: Option<TaskKind>,

    /// Several labels for each sequence: a cell such as a|b, or a column of 0 and 1 for each label
    #[arg(long, help_heading = "Task")]
    pub multi_label: bool,

    #[command(flatten)]
    pub columns: Columns,

    #[command(flatten)]
    pub text: TextArgs,

    #[command(flatten)]
    pub forecast: ForecastArgs,

    #[command(flatten)]
    pub network: NetworkArgs,

    #[command(flatten)]
    pub trainer: TrainerArgs,

    #[command(flatten)]
    pub records: RecordArgs,

    #[command(flatten)]
    pub talk: Talk,
}

impl TrainArgs {
    /// What there is an answer for.
    pub fn each(&self) -> EachChoice {
        match self.task {
            Some(TaskKind::Tag) => EachChoice::Step,
            _ => self.columns.each,
        }
    }
}

/// `elman evaluate`.
#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// The model
    pub model: PathBuf,
    /// The data, of the layout of the training data; several tables with one header are read as one,
    /// and - is standard input
    #[arg(required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,

    /// Measure spans of tags (B-city, I-city, O, …) as well, by the rules of conlleval
    #[arg(long)]
    pub spans: bool,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub threads: Option<usize>,

    #[command(flatten)]
    pub columns: SavedColumns,
    /// The column of the known answers
    #[arg(long, value_name = "COLUMN,…", help_heading = COLUMNS)]
    pub target: Option<Names>,

    #[command(flatten)]
    pub backtest: BacktestArgs,

    #[command(flatten)]
    pub talk: Talk,
}

/// `elman predict`.
#[derive(Clone, Debug, Args)]
pub struct PredictArgs {
    /// The model
    pub model: PathBuf,
    /// The data, of the layout of the training data; several tables with one header are read as one,
    /// and - is standard input. They need not have the target
    #[arg(required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,

    /// Where the CSV goes; - is standard output [default: -]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub threads: Option<usize>,

    #[command(flatten)]
    pub columns: SavedColumns,

    #[command(flatten)]
    pub ahead: AheadArgs,

    #[command(flatten)]
    pub talk: Talk,
}

/// `elman inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The model
    pub model: PathBuf,

    #[command(flatten)]
    pub talk: Talk,
}
