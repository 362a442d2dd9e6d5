//! Values with settings of their own: `cosine,updates=1000,least-rate=0.0001`.

use std::fmt;
use std::str::FromStr;

use elman::optimizer::Averaging;
use elman::schedule::{Schedule, Warmup};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A value of the library, written as its kind and its settings.
#[derive(Clone, Debug)]
pub struct Spec<T> {
    text: String,
    value: T,
}

/// What can be written as a [`Spec`].
pub trait Written: DeserializeOwned {
    /// What a message calls it.
    const WHAT: &'static str;
    /// The setting that a word without `=` is, `kind` say.
    const FIRST: &'static str;
}

impl Written for Schedule {
    const WHAT: &'static str = "a schedule";
    const FIRST: &'static str = "kind";
}

impl Written for Averaging {
    const WHAT: &'static str = "an average";
    const FIRST: &'static str = "kind";
}

impl Written for Warmup {
    const WHAT: &'static str = "a warm-up";
    const FIRST: &'static str = "updates";
}

impl<T> Spec<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T: Written> FromStr for Spec<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut settings = Map::new();
        for (index, part) in text.split(',').enumerate() {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim().replace('-', "_"), value),
                None if index == 0 => (T::FIRST.to_owned(), part),
                None => return Err(format!("{} with settings name=value", T::WHAT)),
            };
            settings.insert(name, read(value.trim()));
        }
        let value = serde_json::from_value(Value::Object(settings));
        let value = value.map_err(|error| format!("{} ({error})", T::WHAT))?;
        Ok(Spec { text: text.to_owned(), value })
    }
}

/// A number, numbers with `/` between them, or a word.
fn read(text: &str) -> Value {
    let number = |text: &str| serde_json::from_str(text).ok().filter(Value::is_number);
    let list = || text.split('/').map(number).collect::<Option<Vec<Value>>>();
    match (number(text), text.contains('/')) {
        (Some(number), _) => number,
        (None, true) => list().map_or_else(|| text.into(), Value::Array),
        (None, false) => text.into(),
    }
}

impl<T> fmt::Display for Spec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_their_settings_are_read() {
        let schedule = |text: &str| text.parse::<Spec<Schedule>>().map(|spec| spec.value);
        assert_eq!(schedule("constant").unwrap(), Schedule::default());
        assert_eq!(
            schedule("multi-step,at=10/20,factor=0.1").unwrap(),
            Schedule::MultiStep { at: vec![10, 20], factor: 0.1 }
        );
        assert_eq!(
            schedule("cosine,updates=100,least-rate=1e-4").unwrap(),
            Schedule::Cosine { updates: 100, least_rate: 1e-4 }
        );
        let warmup: Spec<Warmup> = "100".parse().unwrap();
        assert_eq!(warmup.value, Warmup { updates: 100, start_factor: 0.0 });
        let ema: Spec<Averaging> = "ema,decay=0.9".parse().unwrap();
        assert_eq!(ema.value, Averaging::Ema { decay: 0.9, start: 0 });
    }

    #[test]
    fn unknown_missing_and_wrong_settings_are_named() {
        for (text, wanted) in [
            ("cosin", "unknown variant `cosin`"),
            ("step,every=10", "missing field `factor`"),
            ("step,every=10,factor=0.5,each=2", "unknown field `each`"),
            ("step,every=many,factor=0.5", "invalid type: string \"many\""),
            ("step,10", "settings name=value"),
            ("", "unknown variant ``"),
        ] {
            let message = text.parse::<Spec<Schedule>>().unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
