//! Which columns of a CSV hold what.

use clap::Args;

use super::value::{
    DecimalChoice, DelimiterChoice, EachChoice, LayoutChoice, MissingChoice, Names, UnitChoice,
};

/// The heading of the columns of data for a trained model.
pub const COLUMNS: &str = "Columns of a CSV, where they differ from those of the training data";

/// The columns of the training data.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Columns of a CSV")]
pub struct Columns {
    /// The column that tells the sequences, or series, apart
    #[arg(long, visible_alias = "id", value_name = "COLUMN")]
    pub sequence: Option<String>,
    /// The column that orders the steps of a sequence [default: the order of the rows]
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// The column to predict: the same value in each row of a sequence, but for --each step
    #[arg(long, value_name = "COLUMN,…")]
    pub target: Option<Names>,
    /// The columns that are the input [default: every numeric column that is not another's]
    #[arg(long, value_name = "COLUMN,…")]
    pub features: Option<Names>,
    /// Columns to leave out of the default for --features
    #[arg(long, value_name = "COLUMN,…")]
    pub exclude: Option<Names>,
    /// Columns of text whose values are categories [default: those with few values]
    #[arg(long, value_name = "COLUMN,…")]
    pub categories: Option<Names>,
    /// Columns of dates, the --time column or others, of which the time of day, the day of the week and
    /// the day of the year are input
    #[arg(long, value_name = "COLUMN,…")]
    pub calendar: Option<Names>,
    /// A column of text: each row is a sequence, its steps the characters or words of this cell
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// What a token of a text is
    #[arg(long, value_enum, value_name = "UNIT", default_value_t = UnitChoice::Characters)]
    pub tokens: UnitChoice,
    /// How the sequences lie in the file [default: what its first lines show]
    #[arg(long, value_enum)]
    pub layout: Option<LayoutChoice>,
    /// What there is a target for
    #[arg(long, value_enum, default_value_t = EachChoice::Sequence)]
    pub each: EachChoice,
    /// The column that says how much a sequence counts in training
    #[arg(long, value_name = "COLUMN")]
    pub weight: Option<String>,
    /// The column of what must not be on both sides of a split: persons, say
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// What separates the fields of a row [default: comma for .csv, tab for .tsv, else what the
    /// header has most of]
    #[arg(long, value_enum)]
    pub delimiter: Option<DelimiterChoice>,
    /// What stands before the fraction of a number
    #[arg(long, value_enum, default_value_t = DecimalChoice::Point)]
    pub decimal: DecimalChoice,
    /// Sort the rows by sequence and time; else they must be in order
    #[arg(long)]
    pub sort: bool,
    /// What becomes of missing values of the channels
    #[arg(long, value_enum, default_value_t = MissingChoice::Refuse)]
    pub missing: MissingChoice,
}

/// The columns of data for a trained model: those saved with it, unless said otherwise.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = COLUMNS)]
pub struct SavedColumns {
    /// The column that tells the sequences, or series, apart
    #[arg(long, visible_alias = "id", value_name = "COLUMN")]
    pub sequence: Option<String>,
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
