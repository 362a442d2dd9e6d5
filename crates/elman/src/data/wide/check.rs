//! The options that go with a table without steps.

use super::CHANNEL;
use crate::data::calendar::listed_calendar;
use crate::data::options::ReadOptions;
use crate::data::{Each, file};
use crate::error::{Error, Field, Result};

/// Refuses what a table without steps has no use for.
pub(super) fn check(options: &ReadOptions) -> Result<()> {
    let channel = |names: &&Vec<String>| names.as_slice() != [CHANNEL];
    let listed = |names: &Option<Vec<String>>| names.as_ref().map(|names| file::list(names));
    let excluded = (!options.exclude.is_empty()).then(|| file::list(&options.exclude));
    let given = [
        (Field::Time, options.columns.time.as_ref().map(|name| file::quote(name))),
        (Field::Features, options.features.as_ref().filter(channel).map(|names| file::list(names))),
        (Field::Categories, listed(&options.categories)),
        (Field::Calendar, listed_calendar(options)),
        (Field::Exclude, excluded),
        (Field::Each, (options.each == Each::Step).then(|| "step".to_string())),
    ];
    if let Some((field, found)) = given.into_iter().find_map(|(f, found)| Some((f, found?))) {
        return Err(Error::argument(field, "none in the wide layout", found));
    }
    match options.columns.targets.as_slice() {
        [] | [_] => Ok(()),
        several => {
            let found = file::list(several);
            Err(Error::argument(Field::Target, "one column in the wide layout", found))
        }
    }
}
