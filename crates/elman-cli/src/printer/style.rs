//! Bold, dim and coloured text, if the terminal and the user allow it.

use std::env;
use std::io::{self, IsTerminal as _};

/// Whether text is styled: on a terminal that is not dumb, unless `NO_COLOR` is set to anything
/// (no-color.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    styled: bool,
}

impl Style {
    /// Text as it is.
    #[cfg(test)]
    pub const PLAIN: Style = Style { styled: false };

    /// The style of stdout.
    pub fn stdout() -> Self {
        Style::on(io::stdout().is_terminal())
    }

    /// The style of stderr.
    pub fn stderr() -> Self {
        Style::on(io::stderr().is_terminal())
    }

    fn on(is_terminal: bool) -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Style { styled: is_terminal && !refused && !dumb }
    }

    /// Bold.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Less bright.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Bold and red.
    pub fn alarm(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    // SGR sequences (ECMA-48, 8.3.117).
    fn paint(self, code: &str, text: &str) -> String {
        if self.styled { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
