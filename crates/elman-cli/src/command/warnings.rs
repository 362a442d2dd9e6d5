//! What is suspicious in the training data, each with the option that mends it.

use elman::data::{Dataset, Format, Smell, Unknown};
use elman::model::Model;

use crate::args::TrainArgs;
use crate::args::value::Names;
use crate::failure::Outcome;

/// One line for each suspicion. Channels that were asked for by name are not doubted.
pub fn of(data: &Dataset, args: &TrainArgs) -> Vec<String> {
    let format = args.train.first().and_then(|path| Format::of(path).ok());
    let smells = data.smells();
    let listed = args.columns.features.is_some();
    let kept = smells.iter().filter(|smell| !listed || smell.channel().is_none());
    kept.map(|smell| line(smell, format == Some(Format::Csv), args.columns.exclude.as_ref()))
        .collect()
}

fn line(smell: &Smell, is_csv: bool, exclude: Option<&Names>) -> String {
    match smell.channel() {
        Some(channel) if is_csv => {
            let mut names = exclude.map_or(vec![], |names| names.0.clone());
            names.push(channel.to_owned());
            let names = Names(names).to_string();
            let quoted = if names.contains([' ', '"']) { format!("'{names}'") } else { names };
            format!("{smell} (hint: --exclude {quoted} leaves it out)")
        }
        _ => smell.to_string(),
    }
}

/// One line about the texts of the data that the model does not know, if there are any.
pub fn unknown(data: &Dataset, model: &Model<f32>) -> Outcome<Option<String>> {
    let found = data.unknown(&model.inputs().vocabularies)?;
    let part = |unknown: &Unknown| {
        let Unknown { channel, steps, example } = unknown;
        let steps = if *steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
        format!("{channel:?} of {steps} ({example:?})")
    };
    let parts: Vec<String> = found.iter().map(part).collect();
    let line = || format!("not known to the model, the first in brackets: {}", parts.join(", "));
    Ok((!parts.is_empty()).then(line))
}
