//! What training minimises for a task.

use super::options::{ClassWeights, TrainingOptions};
use crate::error::{Error, Field, Result, nearest};
use crate::lesson::{Classes, Labels, Objective, Tokens, Values};
use crate::loss::{CrossEntropy, Output};
use crate::real::Real;
use crate::task::{Classify, Task};

/// The objective that the options ask for.
///
/// # Errors
///
/// An option for the other task; class weights that are not those of the classes.
pub(super) fn objective<T: Real>(
    options: &TrainingOptions,
    task: &Task,
) -> Result<Box<dyn Objective<T>>> {
    check_task(options, task)?;
    Ok(match task {
        Task::Text(_) => Box::new(Tokens::default()),
        Task::Classify(classify) => Box::new(Classes {
            loss: CrossEntropy {
                label_smoothing: options.label_smoothing,
                class_weights: class_weights(&options.class_weights, classify)?,
                ..CrossEntropy::default()
            },
        }),
        Task::MultiLabel(_) => Box::new(Labels::default()),
        Task::Regress(regress) => {
            Box::new(Values { loss: regress.number_loss(), units: regress.units().clone() })
        }
    })
}

/// Refuses options that are for the other task.
fn check_task(options: &TrainingOptions, task: &Task) -> Result<()> {
    if !matches!(task, Task::Regress(_)) {
        options.refuse_target_transform()?;
    }
    match task {
        Task::Text(_) => Ok(()),
        Task::Classify(_) => match (options.regression_loss, &options.output) {
            (None, Output::Point) => Ok(()),
            (Some(loss), _) => {
                let found = format!("{loss:?} for classes");
                Err(Error::argument("regression_loss", "targets that are numbers", found))
            }
            (None, output) => {
                let found = format!("{} for classes", output.name());
                Err(Error::argument("output", "targets that are numbers", found))
            }
        },
        Task::MultiLabel(_) if options.regression_loss.is_some() => {
            let found = "a regression loss for labels";
            Err(Error::argument("regression_loss", "targets that are numbers", found))
        }
        Task::MultiLabel(_) | Task::Regress(_) => {
            let expected = "targets that are classes";
            if options.label_smoothing > 0.0 {
                let found = format!("{} for numbers", options.label_smoothing);
                return Err(Error::argument(Field::LabelSmoothing, expected, found));
            }
            match &options.class_weights {
                ClassWeights::Equal => Ok(()),
                ClassWeights::Balanced | ClassWeights::Given(_) => {
                    Err(Error::argument(Field::ClassWeights, expected, "numbers"))
                }
            }
        }
    }
}

fn class_weights(weights: &ClassWeights, task: &Classify) -> Result<Option<Vec<f64>>> {
    let (labels, counts) = (task.labels(), task.training_counts());
    match weights {
        ClassWeights::Equal => Ok(None),
        ClassWeights::Balanced => {
            let sequences: usize = counts.iter().sum();
            let present = counts.iter().filter(|count| **count > 0).count();
            let share = sequences as f64 / present.max(1) as f64;
            // The weight of a class without sequences is never read.
            Ok(Some(counts.iter().map(|&count| share / count.max(1) as f64).collect()))
        }
        ClassWeights::Given(given) => {
            if let Some(label) = given.keys().find(|label| !labels.contains(label)) {
                let near = nearest(label, labels.iter().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!(" (nearest: {near:?})"));
                let expected = format!("labels of the data ({})", labels.join(", "));
                return Err(Error::argument(
                    Field::ClassWeights,
                    expected,
                    format!("{label:?}{near}"),
                ));
            }
            let weight = |label: &String| {
                given.get(label).copied().ok_or_else(|| {
                    Error::argument(
                        Field::ClassWeights,
                        "a weight for each class",
                        format!("none for {label:?}"),
                    )
                })
            };
            labels.iter().map(weight).collect::<Result<Vec<f64>>>().map(Some)
        }
    }
}
