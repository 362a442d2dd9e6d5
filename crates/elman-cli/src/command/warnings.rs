//! What is suspicious in the training data, each with the option that mends it.

use elman::data::{Dataset, Format, Smell, TokenChannel, Unknown};
use elman::model::Model;

use crate::args::TrainArgs;
use crate::args::value::Names;
use crate::failure::Outcome;

/// One line for each suspicion. Channels that were asked for by name are not doubted.
pub fn of(data: &Dataset, args: &TrainArgs) -> Vec<String> {
    let format = args.train.first().and_then(|path| Format::of(path).ok());
    let smells = data.smells();
    let columns = &args.columns;
    let kept = smells.iter().filter(|smell| match smell {
        Smell::NamesGroups { .. } => columns.categories.is_none() && columns.group.is_none(),
        smell => columns.features.is_none() || smell.channel().is_none(),
    });
    kept.map(|smell| line(smell, format == Some(Format::Csv), columns.exclude.as_ref())).collect()
}

fn line(smell: &Smell, is_csv: bool, exclude: Option<&Names>) -> String {
    let Some(channel) = smell.channel().filter(|_| is_csv) else { return smell.to_string() };
    let names = exclude.map_or(vec![], |names| names.0.clone());
    let hint = format!("--exclude {} leaves it out", quoted(names, channel));
    match smell {
        Smell::NamesGroups { .. } => {
            let column = quoted(vec![], channel);
            let group = format!("--group {column} keeps each of its values on one side of a split");
            format!("{smell} (hint: {hint}; {group})")
        }
        _ => format!("{smell} (hint: {hint})"),
    }
}

/// Names and one more, as an argument of a shell.
fn quoted(mut names: Vec<String>, more: &str) -> String {
    names.push(more.to_owned());
    let names = Names(names).to_string();
    if names.contains([' ', '"']) { format!("'{names}'") } else { names }
}

/// One line for each column of categories of which a further part has no value that training has.
pub fn apart(training: &Dataset, name: &str, part: Option<&Dataset>) -> Vec<String> {
    let Some(part) = part.filter(|_| training.input_size() > 0) else { return vec![] };
    let known = training.vocabularies(1);
    let is_apart = |channel: &&TokenChannel| {
        let known = known.iter().find(|named| named.name == channel.name());
        let mut texts = channel.ids().iter().filter_map(|id| channel.vocabulary().text(*id));
        known.is_some_and(|known| texts.all(|text| known.vocabulary.id(text) == 0))
    };
    let line = |channel: &TokenChannel| {
        let column = channel.name();
        let hint = format!("--exclude {} leaves it out", quoted(vec![], column));
        format!("column {column:?}: no value of the {name} data is in training (hint: {hint})")
    };
    part.token_channels().iter().filter(is_apart).map(line).collect()
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
