//! Lists and limits, read from what they are written as.

use std::fmt;
use std::str::FromStr;

use super::{count, number};

/// Names of columns, written as in the header of a CSV: `a,b` or `"a, and b",c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "names of columns, separated by commas".to_owned();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().next().ok_or_else(wrong)?.map_err(|_| wrong())?;
        let names: Vec<String> = record.iter().map(str::to_owned).collect();
        if names.iter().any(String::is_empty) { Err(wrong()) } else { Ok(Names(names)) }
    }
}

/// Written so that it can be read back.
impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.0).map_err(|_| fmt::Error)?;
        let bytes = writer.into_inner().map_err(|_| fmt::Error)?;
        f.write_str(String::from_utf8_lossy(&bytes).trim_end_matches('\n'))
    }
}

/// Sizes of layers, from the bottom to the top: `64` or `64,32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(pub Vec<usize>);

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sizes = text.split(',').map(|size| count(size.trim())).collect::<Result<_, _>>();
        sizes.map(Sizes).map_err(|_| "whole numbers, separated by commas".to_owned())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&sizes.join(","))
    }
}

/// Decay of the two moments of adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Betas(pub [f64; 2]);

impl FromStr for Betas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(',').and_then(|(first, second)| {
            Some([number(first.trim()).ok()?, number(second.trim()).ok()?])
        });
        parsed.map(Betas).ok_or_else(|| "two numbers separated by a comma".to_owned())
    }
}

impl fmt::Display for Betas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Betas([first, second]) = self;
        write!(f, "{first},{second}")
    }
}

/// A limit that can be lifted: a number, or `off`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// No limit.
    Off,
    /// At most this much.
    At(f64),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Limit::Off),
            _ => number(text).map(Limit::At).map_err(|expected| format!("{expected} or off")),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Off => write!(f, "off"),
            Limit::At(limit) => write!(f, "{limit}"),
        }
    }
}
