//! What is asked when one looks into a model.

use std::path::PathBuf;

use clap::Args;

use super::Talk;
use super::columns::{COLUMNS, SavedColumns};
use super::value::{DecimalChoice, DelimiterChoice, Names, count};

/// `elman health`.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// The model
    pub model: PathBuf,
    /// The data to run it on: a long CSV or a .ts file, several tables with one header, or - for
    /// standard input; they need not have the target. Text for a model of text, dated series for one
    /// that forecasts
    #[arg(required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,

    /// Search the states in which each layer settles when it reads the same in every step
    #[arg(long)]
    pub fixed_points: bool,
    /// What the states are drawn by from which the search starts
    #[arg(long, value_name = "N", requires = "fixed_points", default_value_t = 1)]
    pub seed: u64,
    /// Go on with the training for twenty updates, which are thrown away, and hold their size against
    /// that of the weights; the data must have their answers
    #[arg(long)]
    pub updates: bool,

    #[command(flatten)]
    pub columns: SavedColumns,

    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub threads: Option<usize>,

    #[command(flatten)]
    pub talk: Talk,
}

/// `elman explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The model
    pub model: PathBuf,
    /// The data with the sequence: a long CSV or a .ts file, several tables with one header, or - for
    /// standard input; they need not have the target. Text for a model of text, dated series for one
    /// that forecasts
    #[arg(required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,

    /// The id of the sequence, or of the series; the number of the line of a text, from 1
    #[arg(long, value_name = "ID")]
    pub sequence: String,
    /// The class, the target, or the token, to explain [default: the predicted one, or the first target]
    #[arg(long, value_name = "NAME")]
    pub class: Option<String>,
    /// The step whose answer to explain, from 1: where there is one at every step [default: the last],
    /// or of a forecast's horizon [default: the first]
    #[arg(long, value_name = "N", value_parser = count)]
    pub step: Option<usize>,
    /// The last time of a series before the forecast that is explained [default: the end of the series]
    #[arg(long, value_name = "TIME")]
    pub cutoff: Option<String>,
    /// Draw it as well: a page in one HTML file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub columns: OtherColumns,

    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub threads: Option<usize>,

    #[command(flatten)]
    pub talk: Talk,
}

/// The columns of data for a trained model, for a command whose `--sequence` names a sequence.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = COLUMNS)]
pub struct OtherColumns {
    /// The column that tells the sequences apart
    #[arg(long, value_name = "COLUMN")]
    pub sequence_column: Option<String>,
    /// The column that orders the steps of a sequence
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// What separates the fields of a row
    #[arg(long, value_enum)]
    pub delimiter: Option<DelimiterChoice>,
    /// What stands before the fraction of a number
    #[arg(long, value_enum)]
    pub decimal: Option<DecimalChoice>,
    /// Sort the rows by sequence and time; else they must be in order
    #[arg(long)]
    pub sort: bool,
}

impl OtherColumns {
    /// The same under the names of the other commands.
    pub fn saved(&self) -> SavedColumns {
        SavedColumns {
            sequence: self.sequence_column.clone(),
            time: self.time.clone(),
            delimiter: self.delimiter,
            decimal: self.decimal,
            sort: self.sort,
        }
    }
}

/// `elman report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The model
    pub model: PathBuf,
    /// Data to show it at: a long CSV or a .ts file, several tables with one header, or - for standard
    /// input. Text for a model of text, dated series for one that forecasts
    #[arg(num_args = 0..)]
    pub data: Vec<PathBuf>,

    /// Where the page goes (.html)
    #[arg(long, short, value_name = "FILE", required = true)]
    pub output: PathBuf,
    /// The data have no answers: show what is predicted, not how well
    #[arg(long)]
    pub without_answers: bool,

    #[command(flatten)]
    pub columns: SavedColumns,
    /// The column of the known answers
    #[arg(long, value_name = "COLUMN,…", help_heading = COLUMNS)]
    pub target: Option<Names>,

    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = count)]
    pub threads: Option<usize>,

    #[command(flatten)]
    pub talk: Talk,
}
