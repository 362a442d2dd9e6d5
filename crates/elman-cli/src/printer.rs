//! Output: data on stdout, talk on stderr.
//!
//! A result is written to stdout as a table for people or as one JSON document. Talk goes to stderr;
//! if stderr cannot be written, that is no error, since nobody wants to read it.

pub mod evaluation;
pub mod forecast;
pub mod progress;
pub mod style;
pub mod table;
pub mod text;

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::args::Talk;
use crate::failure::{Failure, Outcome, one_line};
use style::Style;

/// Shows what a command does, and its result.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    talk: Talk,
}

impl Printer {
    /// A printer that says as much as `talk` allows.
    pub fn new(talk: Talk) -> Self {
        Printer { talk }
    }

    /// Whether talk is shown.
    pub fn talks(&self) -> bool {
        !self.talk.quiet
    }

    /// Writes one or more lines to stderr, unless `--quiet` was given.
    pub fn say(&self, text: impl FnOnce(Style) -> String) {
        if self.talks() {
            let text = text(Style::stderr());
            let _ = writeln!(io::stderr(), "{}", text.strip_suffix('\n').unwrap_or(&text));
        }
    }

    /// Writes a one-line warning, unless `--quiet` was given.
    pub fn warn(&self, line: &str) {
        self.say(|style| format!("{} {}", style.alarm("warning:"), one_line(line)));
    }

    /// Writes the result of the command: for people, or as JSON.
    pub fn result(&self, json: &impl Serialize, text: impl FnOnce(Style) -> String) -> Outcome {
        if !self.talk.json {
            return out(&text(Style::stdout()));
        }
        let mut document = serde_json::to_string_pretty(json)
            .map_err(|error| Failure::Fault(format!("the result is no JSON: {error}")))?;
        document.push('\n');
        out(&document)
    }
}

/// Writes to stdout and flushes it.
pub fn out(text: &str) -> Outcome {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Failure::stdout(&error))
}

/// Whether stderr is a terminal that can move its cursor.
pub fn stderr_is_watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
