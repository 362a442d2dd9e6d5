//! How files are read.

use clap::ValueEnum;

/// What separates the fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DelimiterChoice {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tab character
    Tab,
}

/// What stands before the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DecimalChoice {
    /// `.`
    #[value(alias = ".")]
    Point,
    /// `,`
    #[value(alias = ",")]
    Comma,
}

/// How the sequences lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayoutChoice {
    /// A row for each step
    Long,
    /// A row for each sequence: its label, then its values
    Wide,
    /// A line for each word: the word, a tab, its tag; an empty line after each sentence
    Words,
    /// The same with the columns of CoNLL-2003
    Conll,
    /// The same with the columns of CoNLL-U
    Conllu,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnitChoice {
    /// Bytes of any file
    Bytes,
    /// Unicode characters
    Characters,
    /// Words, each with the space before it
    Words,
}

/// What there is a target for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EachChoice {
    /// Each sequence
    Sequence,
    /// Each step; a cell may be empty
    Step,
}

/// What becomes of missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MissingChoice {
    /// An error that names the first
    Refuse,
    /// The mean, and a further channel that is 1 there
    Mask,
    /// The last value, and a further channel of the steps since
    Last,
}
