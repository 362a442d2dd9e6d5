//! What training minimises: the loss of a batch, and its gradient.

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2};

use super::options::{ClassWeights, TrainingOptions};
use super::tally::{Metric, Tally};
use crate::data::Dataset;
use crate::error::{Error, Field, Result, nearest};
use crate::loss::{CrossEntropy, Reduction, RegressionLoss};
use crate::real::Real;
use crate::task::{Classify, EncodedTargets, Task, winner};

/// A loss with the targets of all training sequences.
pub(super) enum BatchLoss<T> {
    Classes { loss: CrossEntropy, classes: Vec<i64> },
    Values { loss: RegressionLoss, targets: Array2<T>, deviations: Vec<f64> },
}

/// Where the gradient of a batch is computed.
pub(super) struct BatchGradient<'a, T> {
    /// Memory for the targets of the batch.
    pub(super) targets: &'a mut BatchTargets<T>,
    /// The gradient with respect to the outputs `[B, O]`, overwritten.
    pub(super) outputs: ArrayViewMut2<'a, T>,
}

/// The targets of one batch, gathered in the memory of the batch before.
#[derive(Debug, Default)]
pub(super) struct BatchTargets<T> {
    classes: Vec<i64>,
    values: Vec<T>, // [B, O]
}

impl<T: Real> BatchLoss<T> {
    /// The loss that the options ask for.
    ///
    /// # Errors
    ///
    /// An option for the other task; class weights that are not those of the classes.
    pub(super) fn new(options: &TrainingOptions, task: &Task, data: &Dataset) -> Result<Self> {
        check_task(options, task)?;
        let targets = task.encode(data)?;
        Ok(match (task, targets) {
            (Task::Classify(classify), EncodedTargets::Classes(classes)) => {
                let loss = CrossEntropy {
                    label_smoothing: options.label_smoothing,
                    class_weights: class_weights(&options.class_weights, classify)?,
                    ..CrossEntropy::default()
                };
                BatchLoss::Classes { loss, classes }
            }
            (Task::Regress(regress), EncodedTargets::Values(values)) => {
                let targets = values.standardized.mapv(T::from_f64);
                let deviations = regress.scaling().deviations().to_vec();
                BatchLoss::Values { loss: regress.loss(), targets, deviations }
            }
            _ => unreachable!("a task encodes targets of its own kind"),
        })
    }

    /// The mean loss of outputs `[B, O]` for the sequences `rows` `[B]`; its gradient is written to
    /// `into.outputs`.
    pub(super) fn gradient(
        &self,
        outputs: ArrayView2<'_, T>,
        rows: &[usize],
        into: BatchGradient<'_, T>,
    ) -> Result<f64> {
        let BatchGradient { targets: batch, outputs: grad_outputs } = into;
        match self {
            BatchLoss::Classes { loss, classes } => {
                batch.classes.clear();
                batch.classes.extend(rows.iter().map(|&row| classes[row]));
                loss.gradient(outputs, batch.classes.as_slice().into(), grad_outputs)
            }
            BatchLoss::Values { loss, targets, .. } => {
                batch.values.clear();
                batch.values.extend(rows.iter().flat_map(|&row| targets.row(row)));
                let shape = [rows.len(), targets.ncols()];
                let values = ArrayView2::from_shape(shape, &batch.values)
                    .map_err(|_| Error::shape("targets", &shape, &[batch.values.len()]))?;
                loss.gradient(Reduction::Mean, outputs, values, grad_outputs)
            }
        }
    }
}

impl<T: Real> BatchLoss<T> {
    /// How the counts become a metric.
    pub(super) fn metric(&self) -> Metric {
        match self {
            BatchLoss::Classes { .. } => Metric::Accuracy,
            BatchLoss::Values { deviations, .. } => Metric::Rmse(deviations.clone()),
        }
    }

    /// Counts how good the outputs `[B, O]` for the sequences `rows` are.
    pub(super) fn count(&self, outputs: ArrayView2<'_, T>, rows: &[usize], tally: &mut Tally) {
        match self {
            BatchLoss::Classes { classes, .. } => {
                let hit = |(output, row): &(ArrayView1<'_, T>, &usize)| {
                    i64::try_from(winner(*output)) == Ok(classes[**row])
                };
                tally.correct += outputs.rows().into_iter().zip(rows).filter(hit).count();
            }
            BatchLoss::Values { targets, .. } => {
                tally.squares.resize(targets.ncols(), 0.0);
                for (output, &row) in outputs.rows().into_iter().zip(rows) {
                    let pairs = output.into_iter().zip(targets.row(row));
                    for (square, (&output, &target)) in tally.squares.iter_mut().zip(pairs) {
                        let error = output.to_f64() - target.to_f64();
                        *square += error * error;
                    }
                }
            }
        }
    }
}

/// Refuses options that are for the other task.
fn check_task(options: &TrainingOptions, task: &Task) -> Result<()> {
    match task {
        Task::Classify(_) => match options.regression_loss {
            None => Ok(()),
            Some(loss) => {
                let found = format!("{loss:?} for classes");
                Err(Error::argument("regression_loss", "targets that are numbers", found))
            }
        },
        Task::Regress(_) => {
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
