//! The options of a run that goes on: those of its checkpoint.

use std::path::Path;

use elman::io::Checkpoint;

use super::{Given, Settings};
use crate::failure::{Failure, Outcome};

/// Options that may be others when a run goes on: they change no bit of the model, or are checked by
/// the contents of their files.
const FREE: [&str; 12] = [
    "train",
    "validation",
    "test",
    "output",
    "threads",
    "log",
    "tensorboard",
    "checkpoint",
    "every",
    "sample-every",
    "quiet",
    "json",
];

/// The options noted in a checkpoint.
pub fn settings(path: &Path) -> Outcome<Settings> {
    let checkpoint = Checkpoint::load(path)?;
    let settings: serde_json::Result<Settings> = serde_json::from_value(checkpoint.notes().clone());
    let mut settings = settings.map_err(|_| {
        Failure::input(path.display(), "a checkpoint of elman train", "one of another program")
    })?;
    // Of one call, not of the run.
    settings.retain(|key, _| !["quiet", "json"].contains(&key.as_str()));
    // The run is saved where it came from, wherever that is now.
    let checkpoint = format!("--checkpoint={}", path.display());
    settings.insert("checkpoint".to_owned(), vec![checkpoint]);
    Ok(settings)
}

/// Refuses options that were given now and are not those of the run.
pub fn check(given: &Given, now: &Settings, earlier: &Settings) -> Outcome {
    let differs = |(key, arguments): &(&String, &Vec<String>)| {
        !FREE.contains(&key.as_str()) && earlier.get(*key) != Some(arguments)
    };
    match now.iter().find(differs) {
        None => Ok(()),
        Some((key, arguments)) => {
            let expected = earlier.get(key).map_or("its default".to_owned(), |was| values(was));
            let expected = format!("{expected}, as in the checkpoint");
            Err(Failure::input(given.name(key), expected, values(arguments)))
        }
    }
}

/// The values in arguments.
fn values(arguments: &[String]) -> String {
    let value = |argument: &String| match argument.split_once('=') {
        Some((_, value)) => value.to_owned(),
        None => argument.clone(),
    };
    arguments.iter().map(value).collect::<Vec<_>>().join(" ")
}
