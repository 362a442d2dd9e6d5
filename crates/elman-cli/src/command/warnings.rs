//! What is suspicious in the training data, each with the option that mends it.

use elman::data::{Dataset, Format, Smell};

use crate::args::TrainArgs;
use crate::args::value::Names;

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
