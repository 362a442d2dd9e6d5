//! The options of `train`: from the command line, from a TOML file, and from the checkpoint of a run
//! that goes on.
//!
//! Neither file is a second declaration: each key is handed to the same parser as the option of that
//! name, so that all accept the same values and refuse them in the same words.

mod resume;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use toml::de::{DeTable, DeValue};

use crate::args::value::Names;
use crate::args::{Cli, Command, fault};
use crate::failure::{Failure, Outcome};

/// The options that were given, as opposed to left at their defaults, and where.
#[derive(Clone, Debug, Default)]
pub struct Given {
    flags: Vec<String>,
    file: Option<(PathBuf, BTreeMap<String, usize>)>, // key -> row
    /// All of them by key, each as the argument that says it; those of a run that goes on as well.
    settings: Settings,
}

/// Options by key, each as the arguments that say it: several, where it is given several times.
pub type Settings = BTreeMap<String, Vec<String>>;

impl Given {
    /// Whether the option was given, on the command line or in the file.
    pub fn has(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    /// Whether it was given now, not in an earlier part of a run that goes on.
    pub fn has_now(&self, key: &str) -> bool {
        self.flags.iter().any(|flag| flag == key) || self.row(key).is_some()
    }

    /// All options that were given, to be noted in a checkpoint.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What to call an option in a message: `--clip-norm`, or where it stands in the file.
    pub fn name(&self, key: &str) -> String {
        match (&self.file, self.row(key)) {
            (Some((path, _)), Some(row)) => format!("{}: row {row}: {key}", path.display()),
            _ if key == "train" => "<TRAIN>".to_owned(),
            _ => format!("--{key}"),
        }
    }

    fn row(&self, key: &str) -> Option<usize> {
        self.file.as_ref().and_then(|(_, rows)| rows.get(key)).copied()
    }
}

/// Reads the command line and, if it names them, the TOML file and the checkpoint.
pub fn read(version: &'static str, argv: Vec<OsString>) -> Result<(Command, Given), Stop> {
    let parser = || Cli::command().version(version);
    let matches = parser().try_get_matches_from(&argv)?;
    let Some(("train", train)) = matches.subcommand() else { return finish(&matches, None) };
    let mut given = Given { flags: explicit(train), ..Given::default() };
    let mut extra = Vec::new();
    if let Some(path) = train.get_one::<PathBuf>("config") {
        let mut rows = BTreeMap::new();
        for Setting { key, row, arguments } in settings(path)? {
            if !given.has_now(&key) {
                rows.insert(key, row);
                extra.extend(arguments);
            }
        }
        given.file = Some((path.clone(), rows));
    }
    let now = parse(&parser(), &argv, extra.clone())?;
    if let Some(path) = train.get_one::<PathBuf>("resume") {
        let earlier = resume::settings(path)?;
        resume::check(&given, &said(&now), &earlier)?;
        let missing = earlier.into_iter().filter(|(key, _)| !given.has_now(key));
        extra.extend(missing.flat_map(|(_, arguments)| arguments).map(OsString::from));
    }
    let matches = parse(&parser(), &argv, extra)?;
    given.settings = said(&matches);
    finish(&matches, Some(given))
}

/// Parses the arguments with others before the user's own, of which a `--` may end the options.
fn parse(
    parser: &clap::Command,
    argv: &[OsString],
    extra: Vec<OsString>,
) -> Result<ArgMatches, clap::Error> {
    let (program, own) = argv.split_at(argv.len().min(2));
    let argv = program.iter().cloned().chain(extra).chain(own.iter().cloned());
    parser.clone().try_get_matches_from(argv)
}

/// The options of `train` that were given, each as the argument that says it.
fn said(matches: &ArgMatches) -> Settings {
    let Some(("train", train)) = matches.subcommand() else { return Settings::new() };
    let command = train_command();
    let mut settings = Settings::new();
    for key in explicit(train) {
        let Some(argument) = find(&command, &key) else { continue };
        let Some(values) = train.get_raw(argument.get_id().as_str()) else { continue };
        let said = values.map(|value| match argument.get_action() {
            ArgAction::SetTrue => format!("--{key}"),
            _ if argument.is_positional() => value.to_string_lossy().into_owned(),
            _ => format!("--{key}={}", value.to_string_lossy()),
        });
        settings.insert(key.clone(), said.collect());
    }
    settings
}

/// Why there is no command to run.
pub enum Stop {
    /// Help or the version was asked for.
    Answer(String),
    /// Something is wrong.
    Failed(Failure),
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
        match error.kind() {
            DisplayHelp | DisplayVersion => Stop::Answer(error.render().to_string()),
            _ => Stop::Failed(Failure::Input(fault::line(&error))),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(failure)
    }
}

fn finish(matches: &ArgMatches, given: Option<Given>) -> Result<(Command, Given), Stop> {
    Ok((Cli::from_arg_matches(matches)?.command, given.unwrap_or_default()))
}

/// The options given on the command line, by their long names.
fn explicit(matches: &ArgMatches) -> Vec<String> {
    let given =
        |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    matches.ids().filter(given).map(|id| id.as_str().replace('_', "-")).collect()
}

/// One key of the file, as the arguments that say the same.
struct Setting {
    key: String,
    row: usize,
    arguments: Vec<OsString>,
}

fn settings(path: &Path) -> Outcome<Vec<Setting>> {
    let read = std::fs::read(path).map_err(|error| elman::Error::io(path, "read", error))?;
    let text = String::from_utf8(read)
        .map_err(|_| Failure::input(path.display(), "a TOML file in UTF-8", "other bytes"))?;
    let table = DeTable::parse(&text).map_err(|error| {
        let row = row_of(&text, error.span().map_or(0, |span| span.start));
        Failure::input(format!("{}: row {row}", path.display()), "TOML", error.message())
    })?;
    let train = train_command();
    let setting = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let row = row_of(&text, key.span().start);
        let place = format!("{}: row {row}", path.display());
        let key: &Cow<'_, str> = key.get_ref();
        let argument = find(&train, key).ok_or_else(|| unknown(&train, &place, key))?;
        let arguments =
            arguments(argument, key, value.get_ref()).map_err(|(expected, found)| {
                Failure::input(format!("{place}: {key}"), expected, found)
            })?;
        check(&place, key, &arguments)?;
        Ok(Setting { key: key_of(argument).unwrap_or_else(|| key.to_string()), row, arguments })
    };
    let mut settings = table.get_ref().iter().map(setting).collect::<Outcome<Vec<_>>>()?;
    settings.sort_by_key(|setting| setting.row);
    Ok(settings)
}

fn row_of(text: &str, position: usize) -> usize {
    1 + text.as_bytes()[..position.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

fn train_command() -> clap::Command {
    let mut cli = Cli::command();
    cli.build();
    cli.find_subcommand("train").cloned().unwrap_or_default()
}

/// What a key is called in the file: the long name, or that of the positional argument.
fn key_of(argument: &Arg) -> Option<String> {
    let key = match argument.get_long() {
        Some(long) => long.to_owned(),
        None => argument.get_id().to_string(),
    };
    // These belong to one call, not to a training run.
    (!["config", "resume", "help", "version"].contains(&key.as_str())).then_some(key)
}

fn find<'a>(train: &'a clap::Command, key: &str) -> Option<&'a Arg> {
    let is_alias = |argument: &&Arg| {
        argument.get_visible_aliases().is_some_and(|aliases| aliases.contains(&key))
    };
    let mut arguments = train.get_arguments();
    let named = arguments.find(|argument| key_of(argument).as_deref() == Some(key));
    named.or_else(|| train.get_arguments().find(is_alias))
}

/// Whether `train` has an option of this long name.
#[cfg(test)]
pub fn is_option(key: &str) -> bool {
    find(&train_command(), key).is_some()
}

fn unknown(train: &clap::Command, place: &str, key: &str) -> Failure {
    let keys: Vec<String> = train.get_arguments().filter_map(key_of).collect();
    let near = elman::error::nearest(key, keys.iter().map(String::as_str));
    let hint = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "elman train --help lists them".to_owned(),
    };
    Failure::Input(format!("{place}: expected an option of train, got {key:?} (hint: {hint})"))
}

type Mismatch = (&'static str, String);

/// The command-line form of a value.
fn arguments(argument: &Arg, key: &str, value: &DeValue<'_>) -> Result<Vec<OsString>, Mismatch> {
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return match value {
            DeValue::Boolean(true) => Ok(vec![format!("--{key}").into()]),
            DeValue::Boolean(false) => Ok(vec![]),
            _ => Err(("true or false", value.type_str().to_owned())),
        };
    }
    if let (DeValue::Array(values), true) = (value, argument.is_positional()) {
        let texts = values.iter().map(|value| scalar(argument, value.get_ref()));
        return texts.map(|text| text.map(OsString::from)).collect();
    }
    let text = match value {
        DeValue::Table(entries) if argument.get_id() == "class_weights" => {
            let pair =
                |(label, weight): (&toml::Spanned<Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
                    scalar(argument, weight.get_ref())
                        .map(|weight| format!("{}={weight}", label.get_ref()))
                };
            Names(entries.iter().map(pair).collect::<Result<_, _>>()?).to_string()
        }
        DeValue::Array(values) => {
            let names = values.iter().map(|value| scalar(argument, value.get_ref()));
            Names(names.collect::<Result<_, _>>()?).to_string()
        }
        _ => scalar(argument, value)?,
    };
    Ok(vec![if argument.is_positional() { text } else { format!("--{key}={text}") }.into()])
}

fn scalar(argument: &Arg, value: &DeValue<'_>) -> Result<String, Mismatch> {
    let is_switch = argument.get_possible_values().iter().any(|value| value.get_name() == "on");
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
            .map(|integer| integer.to_string())
            .map_err(|_| ("a number that fits", integer.to_string())),
        DeValue::Float(float) => Ok(float.as_str().to_owned()),
        DeValue::Boolean(true) if is_switch => Ok("on".to_owned()),
        DeValue::Boolean(false) if is_switch => Ok("off".to_owned()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        _ => Err(("text, a number or a list", format!("a {}", value.type_str()))),
    }
}

/// Refuses a value that the option of this name would refuse, and says where it stands.
fn check(place: &str, key: &str, arguments: &[OsString]) -> Outcome {
    let argv = ["elman".into(), "train".into()].into_iter().chain(arguments.iter().cloned());
    match Cli::command().try_get_matches_from(argv) {
        Ok(_) => Ok(()),
        Err(error) => {
            let line = fault::line(&error);
            let said = line.split_once(": ").map_or(line.as_str(), |(_, said)| said);
            Err(Failure::Input(format!("{place}: {key}: {said}")))
        }
    }
}

#[cfg(test)]
mod tests;
