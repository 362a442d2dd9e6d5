//! A usage error of clap in one line: the argument, what was expected, what was found, a hint.

use std::error::Error;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The line that says what is wrong with the arguments.
pub fn line(error: &clap::Error) -> String {
    let argument = argument(error);
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let line = match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("expected an option of this command, got {argument}")
        }
        ErrorKind::UnknownArgument => format!("expected no further argument, got {argument:?}"),
        ErrorKind::InvalidSubcommand => {
            let found = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("expected {}, got {found:?}", commands())
        }
        ErrorKind::MissingSubcommand => format!("expected {}, got none", commands()),
        ErrorKind::MissingRequiredArgument => format!("expected {argument}, got none"),
        ErrorKind::InvalidValue if value.is_empty() => {
            format!(
                "{argument}: expected {}, got nothing",
                valid(error).unwrap_or("a value".into())
            )
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let validator = error.source().map(ToString::to_string);
            let expected = valid(error).or(validator).unwrap_or_else(|| "another value".into());
            format!("{argument}: expected {expected}, got {value:?}")
        }
        ErrorKind::ArgumentConflict => format!("{argument}: expected at most once, got it again"),
        ErrorKind::TooManyValues => format!("{argument}: expected no value here, got {value:?}"),
        ErrorKind::InvalidUtf8 => "an argument: expected UTF-8, got other bytes".to_owned(),
        // clap's first line says what happened for every kind; the ones above say it our way.
        _ => first_line(error),
    };
    match hint(error) {
        Some(hint) => format!("{line} (hint: {hint})"),
        None => line,
    }
}

/// The argument that the error is about, without the placeholder of its value.
fn argument(error: &clap::Error) -> String {
    let Some(argument) = text(error, ContextKind::InvalidArg) else { return "arguments".into() };
    // clap marks an argument that may stand several times.
    let argument = argument.strip_suffix("...").map(str::to_owned).unwrap_or(argument);
    match argument.split_once(' ') {
        Some((option, _)) if option.starts_with("--") => option.to_owned(),
        _ => match argument.split_once("[=") {
            Some((option, _)) => option.to_owned(),
            None => argument,
        },
    }
}

fn hint(error: &clap::Error) -> Option<String> {
    let kinds =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let nearest = kinds.into_iter().find_map(|kind| text(error, kind));
    match error.kind() {
        ErrorKind::MissingSubcommand => Some("elman --help lists them".to_owned()),
        ErrorKind::MissingRequiredArgument => Some("see --help".to_owned()),
        _ => nearest.map(|nearest| format!("did you mean {nearest}?")),
    }
}

fn commands() -> String {
    "a command (train, look, evaluate, predict or inspect)".to_owned()
}

/// The values that would have been accepted, if they can be listed.
fn valid(error: &clap::Error) -> Option<String> {
    let listed = text(error, ContextKind::ValidValue).filter(|listed| !listed.is_empty())?;
    Some(format!("one of {listed}"))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
