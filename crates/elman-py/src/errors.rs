//! The library's errors as Python exceptions.

use elman::Error;
use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

create_exception!(elman, ShapeError, PyValueError, "An array has the wrong shape.");
create_exception!(elman, FormatError, PyValueError, "A file cannot be used as it is.");
create_exception!(elman, DataError, PyValueError, "Data cannot be learnt from or predicted on.");

/// The exception for an error of the library, with its message.
pub fn raised(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Shape { .. } => ShapeError::new_err(message),
        Error::File(_) => FormatError::new_err(message),
        Error::Io { source, .. } => match source.raw_os_error() {
            // Python chooses the subclass, FileNotFoundError say, by the number.
            Some(code) => PyOSError::new_err((code, message)),
            None => PyOSError::new_err(message),
        },
        Error::Diverged { .. } => DataError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// The exception for data that cannot be learnt from or predicted on: an argument that is unusable
/// is the data's fault there. An option's fault stays one of the option.
pub fn refused_data(error: Error) -> PyErr {
    match error {
        Error::Argument { field: None, .. } => DataError::new_err(error.to_string()),
        error => raised(error),
    }
}

/// Options that are none, in the words of the parser without the place, which nobody has written.
pub fn refused_options(error: &serde_json::Error) -> PyErr {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    PyValueError::new_err(format!("options: {message}"))
}

/// The same for a table in memory: a fault of its rows is one of the data, in the words of Python.
pub fn refused_table(error: Error) -> PyErr {
    match error {
        Error::File(fault) => {
            let own = [
                ("--fill-gaps", "fill_gaps"),
                ("--repeats", "repeats"),
                ("--missing last", "missing=True"),
            ];
            let words = |text: String, (flag, name): &(&str, &str)| text.replace(flag, name);
            DataError::new_err(own.iter().fold(fault.to_string(), words))
        }
        error => refused_data(error),
    }
}

/// The same for a whole result.
pub trait OrRaise<T> {
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for elman::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(raised)
    }
}
