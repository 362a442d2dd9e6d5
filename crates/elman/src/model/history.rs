//! What each epoch of a training came to, under the names that Keras uses.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::task::Score;

/// One epoch of a training.
///
/// It is written as one flat object with the names of Keras, `accuracy` being the metric of the task:
///
/// ```
/// use elman::model::{EpochRecord, Validation};
/// use elman::task::Score;
///
/// let record = EpochRecord {
///     epoch: 1,
///     updates: 17,
///     loss: 0.5,
///     score: Score::Accuracy(0.75),
///     validation: Some(Validation { loss: 0.625, score: Score::Accuracy(0.7) }),
///     learning_rate: 0.003,
///     gradient_norm: 2.5,
/// };
/// let json = serde_json::to_string(&record).unwrap();
/// let expected = r#"{"epoch":1,"updates":17,"loss":0.5,"accuracy":0.75,"val_loss":0.625,"#;
/// assert!(json.starts_with(expected));
/// assert_eq!(serde_json::from_str::<EpochRecord>(&json).unwrap(), record);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The updates of the weights since the start of training.
    pub updates: usize,
    /// The mean loss of the training sequences, each taken before the update that it was used for.
    pub loss: f64,
    /// The metric of the training sequences, taken at the same time as the loss.
    pub score: Score,
    /// The loss and metric of the validation sequences after the epoch.
    pub validation: Option<Validation>,
    /// The learning rate of the last update.
    pub learning_rate: f64,
    /// The mean norm of the gradients of the epoch before clipping.
    pub gradient_norm: f64,
}

/// The loss and metric of the validation sequences.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Their loss.
    pub loss: f64,
    /// The metric of the task: accuracy, or the root mean squared error.
    pub score: Score,
}

impl EpochRecord {
    /// The numbers of the epoch by name, in the order in which they are written: `loss`,
    /// `accuracy`, `val_loss`, `val_accuracy`, `learning_rate` and `gradient_norm`.
    #[must_use]
    pub fn numbers(&self) -> Vec<(String, f64)> {
        let mut numbers = vec![
            ("loss".to_owned(), self.loss),
            (self.score.name().to_owned(), self.score.value()),
        ];
        if let Some(Validation { loss, score }) = self.validation {
            numbers.push((format!("{VALIDATION}loss"), loss));
            numbers.push((format!("{VALIDATION}{}", score.name()), score.value()));
        }
        numbers.push((LEARNING_RATE.to_owned(), self.learning_rate));
        numbers.push((GRADIENT_NORM.to_owned(), self.gradient_norm));
        numbers
    }
}

/// What the names of validation numbers begin with.
const VALIDATION: &str = "val_";
const LEARNING_RATE: &str = "learning_rate";
const GRADIENT_NORM: &str = "gradient_norm";

impl Serialize for EpochRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("epoch", &self.epoch)?;
        map.serialize_entry("updates", &self.updates)?;
        for (name, number) in self.numbers() {
            map.serialize_entry(&name, &number)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for EpochRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

/// The fields of a record that is being read.
#[derive(Default)]
struct Fields {
    epoch: Option<usize>,
    updates: Option<usize>,
    loss: Option<f64>,
    score: Option<Score>,
    val_loss: Option<f64>,
    val_score: Option<Score>,
    learning_rate: Option<f64>,
    gradient_norm: Option<f64>,
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = EpochRecord;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the numbers of an epoch by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EpochRecord, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "epoch" => fields.epoch = Some(map.next_value()?),
                "updates" => fields.updates = Some(map.next_value()?),
                _ => {
                    let number = map.next_value()?;
                    if !fields.set(&name, number) {
                        return Err(de::Error::custom(format!("no number of an epoch: {name:?}")));
                    }
                }
            }
        }
        fields.record().ok_or_else(|| de::Error::custom("an epoch without all of its numbers"))
    }
}

impl Fields {
    /// Takes a number by its name; `false` if nothing has that name.
    fn set(&mut self, name: &str, number: f64) -> bool {
        match (name, name.strip_prefix(VALIDATION)) {
            ("loss", _) => self.loss = Some(number),
            (LEARNING_RATE, _) => self.learning_rate = Some(number),
            (GRADIENT_NORM, _) => self.gradient_norm = Some(number),
            (_, Some("loss")) => self.val_loss = Some(number),
            (_, Some(name)) => {
                self.val_score = Score::named(name, number);
                return self.val_score.is_some();
            }
            (name, None) => {
                self.score = Score::named(name, number);
                return self.score.is_some();
            }
        }
        true
    }

    fn record(self) -> Option<EpochRecord> {
        let validation = match (self.val_loss, self.val_score) {
            (None, None) => None,
            (loss, score) => Some(Validation { loss: loss?, score: score? }),
        };
        Some(EpochRecord {
            epoch: self.epoch?,
            updates: self.updates?,
            loss: self.loss?,
            score: self.score?,
            validation,
            learning_rate: self.learning_rate?,
            gradient_norm: self.gradient_norm?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_and_unknown_numbers_are_refused() {
        let whole = r#"{"epoch":2,"updates":6,"loss":1.5,"rmse":2.0,"learning_rate":0.1,"gradient_norm":3.0}"#;
        let record: EpochRecord = serde_json::from_str(whole).unwrap();
        assert_eq!((record.score, record.validation), (Score::Rmse(2.0), None));
        assert_eq!(serde_json::to_string(&record).unwrap(), whole);
        for (from, to) in [
            ("\"loss\":1.5,", ""),
            ("\"rmse\"", "\"rsme\""),
            ("\"rmse\":2.0", "\"rmse\":2.0,\"val_loss\":1.0"),
            ("\"rmse\":2.0", "\"rmse\":2.0,\"val_speed\":1.0"),
        ] {
            assert!(serde_json::from_str::<EpochRecord>(&whole.replace(from, to)).is_err(), "{to}");
        }
    }
}
