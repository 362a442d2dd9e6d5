//! Predictions as JSON.

use elman::task::Predictions;
use serde_json::{Value, json};

use super::table::ends;

/// Each prediction with what it belongs to.
pub fn document(predictions: &Predictions) -> Value {
    match predictions {
        Predictions::Classes(classes) => {
            let row = |(index, probabilities): (usize, Vec<f64>)| {
                let probabilities: serde_json::Map<String, Value> = classes
                    .labels()
                    .iter()
                    .cloned()
                    .zip(probabilities.into_iter().map(Value::from))
                    .collect();
                let answer = json!({
                    "sequence": classes.ids().get(index), "prediction": classes.label(index),
                    "probabilities": probabilities,
                });
                with_step(answer, classes.steps(), index)
            };
            let probabilities = classes.probabilities();
            let rows = probabilities.rows().into_iter().map(|row| row.to_vec());
            json!({ "predictions": rows.enumerate().map(row).collect::<Vec<Value>>() })
        }
        Predictions::Labels(labels) => {
            let row = |(index, probabilities): (usize, Vec<f64>)| {
                let named = labels.labels().iter().cloned();
                let named: serde_json::Map<String, Value> =
                    named.zip(probabilities.into_iter().map(Value::from)).collect();
                json!({
                    "sequence": labels.ids().get(index), "prediction": labels.chosen(index),
                    "probabilities": named,
                })
            };
            let probabilities = labels.probabilities();
            let rows = probabilities.rows().into_iter().map(|row| row.to_vec());
            json!({ "predictions": rows.enumerate().map(row).collect::<Vec<Value>>() })
        }
        Predictions::Values(values) => {
            let row = |(index, (id, numbers)): (usize, (&String, Vec<f64>))| {
                let named: serde_json::Map<String, Value> = values
                    .targets()
                    .iter()
                    .cloned()
                    .zip(numbers.into_iter().map(Value::from))
                    .collect();
                let mut answer = json!({ "sequence": id, "prediction": named });
                for end in ends(values) {
                    let targets = values.targets().iter().cloned().enumerate();
                    let named: serde_json::Map<String, Value> = targets
                        .map(|(target, name)| (name, end.at(index, target).into()))
                        .collect();
                    answer[end.name("prediction")] = named.into();
                }
                with_step(answer, values.steps(), index)
            };
            let numbers = values.values();
            let rows = values.ids().iter().zip(numbers.rows().into_iter().map(|row| row.to_vec()));
            json!({ "predictions": rows.enumerate().map(row).collect::<Vec<_>>() })
        }
    }
}

fn with_step(mut answer: Value, steps: &[usize], index: usize) -> Value {
    if let Some(&step) = steps.get(index) {
        answer["step"] = step.into();
    }
    answer
}
