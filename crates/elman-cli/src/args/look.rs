//! `elman look`.

use std::path::PathBuf;

use clap::Args;

use super::Talk;
use super::value::{DecimalChoice, DelimiterChoice};

/// `elman look`.
#[derive(Clone, Debug, Args)]
pub struct LookArgs {
    /// The data: a file, or several tables with one header
    #[arg(required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,

    /// What separates the fields of a row [default: comma for .csv, tab for .tsv, else what the
    /// header has most of]
    #[arg(long, value_enum)]
    pub delimiter: Option<DelimiterChoice>,
    /// What stands before the fraction of a number
    #[arg(long, value_enum, default_value_t = DecimalChoice::Point)]
    pub decimal: DecimalChoice,

    #[command(flatten)]
    pub talk: Talk,
}
