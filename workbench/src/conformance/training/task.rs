//! What a training run learns: its targets, its loss, and which steps the head reads.

use elman::Real;
use elman::loss::{
    CrossEntropy, Reduction, RegressionLoss, RowWeights, StepWeights, TargetClasses,
};
use elman::network::Readout;
use ndarray::{Array3, ArrayD, ArrayView3, ArrayViewMut3, Axis, Ix1, Ix2, ShapeError};

use crate::conformance::case::{Case, Stop};

/// The task of a case with its targets.
pub enum Task<T> {
    /// A class for each sequence, from the last step.
    Classify(Vec<i64>),
    /// Values `[N, T, C]` at every step.
    Forecast(Array3<T>),
    /// A class for each step `[N·T]`.
    Tag(Vec<i64>),
}

impl<T: Real> Task<T> {
    pub fn read(case: &Case) -> Result<Self, Stop> {
        match (case.text("task")?, case.text("loss")?) {
            ("classify", "cross-entropy on the last step's logits, mean over the batch") => {
                Ok(Task::Classify(case.integers::<Ix1>("y")?.to_vec()))
            }
            ("forecast", "mean squared error over every step, batch and output") => {
                Ok(Task::Forecast(case.array("y")?))
            }
            (
                "tag",
                "cross-entropy over valid steps (padding has target -100), mean over valid steps",
            ) => Ok(Task::Tag(case.integers::<Ix2>("y")?.iter().copied().collect())),
            (task, loss) => Err(Stop::unsupported(format!("task {task} with {loss}"))),
        }
    }

    pub fn readout(&self) -> Readout {
        match self {
            Task::Classify(_) => Readout::default(),
            Task::Forecast(_) | Task::Tag(_) => Readout::EveryStep,
        }
    }

    /// The network's outputs as the case stores them.
    pub fn stored(&self, outputs: ArrayView3<'_, T>) -> ArrayD<T> {
        match self {
            Task::Classify(_) => outputs.index_axis_move(Axis(1), 0).to_owned().into_dyn(),
            Task::Forecast(_) | Task::Tag(_) => outputs.to_owned().into_dyn(),
        }
    }

    /// The loss of the outputs `[N, S, C]` of sequences of these lengths, and its gradient.
    pub fn gradient(
        &self,
        outputs: ArrayView3<'_, T>,
        lengths: &[usize],
        grad_outputs: ArrayViewMut3<'_, T>,
    ) -> Result<f64, Stop> {
        Ok(match self {
            Task::Classify(classes) => CrossEntropy::default().gradient(
                outputs.index_axis_move(Axis(1), 0),
                classes.as_slice().into(),
                grad_outputs.index_axis_move(Axis(1), 0),
            )?,
            Task::Forecast(targets) => RegressionLoss::Mse.gradient(
                Reduction::Mean,
                outputs,
                targets.view(),
                grad_outputs,
            )?,
            Task::Tag(classes) => {
                let (sequences, seq_len, columns) = outputs.dim();
                let rows = (sequences * seq_len, columns);
                let fault = |error: ShapeError| Stop::failed(error.to_string());
                let weights = RowWeights::Steps(StepWeights::new(seq_len, lengths));
                CrossEntropy::default().gradient(
                    outputs.into_shape_with_order(rows).map_err(fault)?,
                    TargetClasses { weights, ..classes.as_slice().into() },
                    grad_outputs.into_shape_with_order(rows).map_err(fault)?,
                )?
            }
        })
    }
}
