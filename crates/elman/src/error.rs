//! Everything that can go wrong, each with the thing it is about, what was expected and what was
//! found.
//!
//! A message is one line, in lower case, without a full stop, and ends in a hint where there is
//! one. Library functions return these for every bad argument; they do not panic.

mod field;

use std::fmt;
use std::path::{Path, PathBuf};

pub use field::Field;

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An array has the wrong shape.
    Shape {
        /// The array.
        what: String,
        /// The shape it needs.
        expected: Vec<usize>,
        /// The shape it has.
        found: Vec<usize>,
    },
    /// An argument or option has a value that cannot be used.
    Argument {
        /// The argument or option.
        name: String,
        /// The option, for callers who know it by another name.
        field: Option<Field>,
        /// What would be accepted.
        expected: String,
        /// What it was.
        found: String,
    },
    /// The contents of a file cannot be used.
    File(Box<FileFault>),
    /// The operating system refused to read or write a file.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `open`, `read`, `write`, …
        action: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Training reached a number that is infinite or NaN.
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The step within the epoch, from 1.
        step: usize,
        /// What was not finite: the loss, say.
        what: &'static str,
        /// Its value: NaN or infinite.
        value: f64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shape { what, expected, found } => {
                write!(f, "{what}: expected shape {expected:?}, got {found:?}")
            }
            Error::Argument { name, expected, found, .. } => {
                write!(f, "{name}: expected {expected}, got {found}")
            }
            Error::File(fault) => fault.fmt(f),
            Error::Io { path, action, source } => {
                write!(f, "{}: cannot {action}: {source}", path.display())
            }
            Error::Diverged { epoch, step, what, value } => write!(
                f,
                "training diverged: epoch {epoch}, step {step}: expected a finite {what}, got \
                 {value} (hint: clip the gradient or lower the learning rate)"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::File(fault) => fault.source(),
            Error::Shape { .. } | Error::Argument { .. } | Error::Diverged { .. } => None,
        }
    }
}

impl Error {
    /// A wrong shape.
    pub fn shape(what: impl Into<String>, expected: &[usize], found: &[usize]) -> Self {
        Error::Shape { what: what.into(), expected: expected.to_vec(), found: found.to_vec() }
    }

    /// An unusable argument.
    pub fn argument(
        name: impl Into<ArgumentName>,
        expected: impl Into<String>,
        found: impl fmt::Display,
    ) -> Self {
        let ArgumentName { name, field } = name.into();
        Error::Argument { name, field, expected: expected.into(), found: found.to_string() }
    }

    /// A refusal of the operating system.
    pub fn io(path: &Path, action: &'static str, source: std::io::Error) -> Self {
        Error::Io { path: path.to_path_buf(), action, source }
    }
}

/// What an argument is called in a message, and which option it is if it is one.
///
/// A text is a name alone; a [`Field`] is an option under its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentName {
    name: String,
    field: Option<Field>,
}

impl From<&str> for ArgumentName {
    fn from(name: &str) -> Self {
        ArgumentName { name: name.to_owned(), field: None }
    }
}

impl From<String> for ArgumentName {
    fn from(name: String) -> Self {
        ArgumentName { name, field: None }
    }
}

impl From<&String> for ArgumentName {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl From<Field> for ArgumentName {
    fn from(field: Field) -> Self {
        field.called(field.name())
    }
}

impl From<FileFault> for Error {
    fn from(fault: FileFault) -> Self {
        Error::File(Box::new(fault))
    }
}

/// Where in a file something is wrong, what was expected there and what was found.
///
/// ```
/// use elman::error::FileFault;
///
/// let fault = FileFault::new("a.csv", "a number", "\"abc\"").row(7).column("lpc3");
/// assert_eq!(fault.to_string(), "a.csv: row 7, column \"lpc3\": expected a number, got \"abc\"");
/// ```
#[derive(Clone, Debug)]
pub struct FileFault {
    /// The file.
    pub path: PathBuf,
    /// The line of the file, from 1, counting the header.
    pub row: Option<u64>,
    /// The name of the column.
    pub column: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What was there.
    pub found: String,
    /// What to try.
    pub hint: Option<String>,
}

impl FileFault {
    /// A fault of a whole file; narrow it down with [`row`](Self::row) and
    /// [`column`](Self::column).
    pub fn new(
        path: impl Into<PathBuf>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        FileFault {
            path: path.into(),
            row: None,
            column: None,
            expected: expected.into(),
            found: found.into(),
            hint: None,
        }
    }

    /// Sets the line, from 1, counting the header.
    #[must_use]
    pub fn row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Sets the column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match (&self.row, &self.column) {
            (Some(row), Some(column)) => write!(f, "row {row}, column {column:?}: ")?,
            (Some(row), None) => write!(f, "row {row}: ")?,
            (None, Some(column)) => write!(f, "column {column:?}: ")?,
            (None, None) => {}
        }
        write!(f, "expected {}, got {}", self.expected, self.found)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FileFault {}

/// The candidate nearest to `wanted`, if one is near enough to be a slip of the keyboard.
///
/// ```
/// let names = ["speaker", "step"];
/// assert_eq!(elman::error::nearest("speeker", names), Some("speaker"));
/// assert_eq!(elman::error::nearest("xyz", names), None);
/// ```
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Jaro-Winkler above 0.75 keeps transpositions and missing letters, and drops other words.
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(wanted, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
