//! Why a command ended without success, and the exit code of each reason.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::printer::style::Style;

/// Why a command ended without success.
#[derive(Debug)]
pub enum Failure {
    /// The user's input cannot be used: exit code 1.
    Input(String),
    /// A fault of this program: exit code 2.
    Fault(String),
    /// The reader of our output has gone, as `| head` does: nothing is wrong.
    ReaderGone,
}

/// The result of a command.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Something that the user gave, what was expected and what was found.
    pub fn input(
        name: impl fmt::Display,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Failure::Input(format!("{name}: expected {expected}, got {found}"))
    }

    /// What became of writing to stdout.
    pub fn stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::Input(format!("stdout: cannot write: {error}")),
        }
    }

    /// Says on stderr what is wrong, and what the process returns.
    pub fn report(&self) -> ExitCode {
        match self {
            Failure::Input(line) => {
                say(line);
                ExitCode::from(1)
            }
            Failure::Fault(line) => {
                say(&format!("{line} (a fault of elman: please report it)"));
                ExitCode::from(2)
            }
            Failure::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

impl From<elman::Error> for Failure {
    fn from(error: elman::Error) -> Self {
        Failure::Input(error.to_string())
    }
}

/// One line on stderr. Nothing can be done if even that cannot be written.
fn say(line: &str) {
    use std::io::Write as _;
    let error = Style::stderr().alarm("error:");
    let _ = writeln!(io::stderr(), "{error} {}", one_line(line));
}

/// The text with its control characters escaped: names from a file may hold line breaks and
/// terminal commands.
pub fn one_line(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().collect::<String>(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(one_line("a\nb\u{1b}[2Jé"), "a\\nb\\u{1b}[2Jé");
    }

    #[test]
    fn a_broken_pipe_is_no_failure() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(matches!(Failure::stdout(&gone), Failure::ReaderGone));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(Failure::stdout(&full), Failure::Input(_)));
    }
}
