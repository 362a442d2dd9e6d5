//! A network with everything that one update of its weights needs, all memory used again.

use ndarray::{ArrayViewMut3, Axis};

use super::objective::{BatchGradient, BatchLoss, BatchTargets};
use super::options::TrainingOptions;
use super::sequences::Sequences;
use super::tally::Tally;
use crate::clip::Clip;
use crate::dropout::{Draws, DropoutMode};
use crate::error::Result;
use crate::network::{Network, NetworkTrace};
use crate::optimizer::{Optimizer, Rates, WeightAverage};
use crate::parameters::Parameters;
use crate::real::Real;
use crate::rng::MaskSource;
use crate::sequence::SequenceBatch;

/// A network that learns.
pub(super) struct Learner<T: Real> {
    pub(super) network: Network<T>,
    pub(super) optimizer: Optimizer<T>,
    seed: u64,
    pub(super) average: Option<WeightAverage<T>>,
    grad: Parameters<T>,
    batch: SequenceBatch<T>,
    targets: BatchTargets<T>,
    trace: NetworkTrace<T>,
    grad_outputs: Vec<T>, // [B, 1, O]
}

/// A number that is infinite or NaN.
pub(super) struct NotFinite {
    pub(super) what: &'static str,
    pub(super) value: f64,
}

/// The data that an update learns from.
pub(super) struct Lesson<'a, T> {
    pub(super) sequences: &'a Sequences<T>,
    pub(super) loss: &'a BatchLoss<T>,
    /// The batches whose gradients are accumulated, each the indices of its sequences.
    pub(super) batches: &'a [Vec<usize>],
}

/// One batch of an update.
struct Part<'a> {
    rows: &'a [usize],
    /// Of the sequences of the update.
    share: f64,
    update: u64,
}

/// How it is done.
pub(super) struct Pace {
    pub(super) clip: Clip,
    pub(super) rates: Rates,
    /// The number of the update, from 0.
    pub(super) update: u64,
}

/// An update, or the number that stopped it.
pub(super) type Attempt = std::result::Result<(), NotFinite>;

impl<T: Real> Learner<T> {
    /// # Errors
    ///
    /// Options out of their range.
    pub(super) fn new(network: Network<T>, options: &TrainingOptions) -> Result<Self> {
        let parameters = network.parameters();
        let average = options.averaging.map(|averaging| WeightAverage::new(averaging, parameters));
        Ok(Learner {
            optimizer: Optimizer::new(options.optimizer, parameters)?,
            seed: options.seed,
            average: average.transpose()?,
            grad: parameters.zeros_like(),
            batch: SequenceBatch::default(),
            targets: BatchTargets::default(),
            trace: NetworkTrace::default(),
            grad_outputs: Vec::new(),
            network,
        })
    }

    /// The weights that are judged and saved: the average, once there is one.
    pub(super) fn weights(&self) -> &Parameters<T> {
        let average = self.average.as_ref().and_then(WeightAverage::weights);
        average.unwrap_or(self.network.parameters())
    }

    /// Looks at the network with the weights that are judged.
    pub(super) fn judged<R>(&mut self, look: impl FnOnce(&Network<T>) -> R) -> R {
        let Some(average) = self.average.as_ref().and_then(WeightAverage::weights) else {
            return look(&self.network);
        };
        let own = self.network.parameters().clone();
        self.network.update(|weights| weights.values_mut().copy_from_slice(average.values()));
        let seen = look(&self.network);
        self.network.update(|weights| weights.values_mut().copy_from_slice(own.values()));
        seen
    }

    /// One update of the weights, added up in `tally`.
    pub(super) fn update(
        &mut self,
        lesson: &Lesson<'_, T>,
        pace: Pace,
        tally: &mut Tally,
    ) -> Result<Attempt> {
        self.grad.values_mut().fill(T::ZERO);
        let sequences: usize = lesson.batches.iter().map(Vec::len).sum();
        for rows in lesson.batches {
            let share = rows.len() as f64 / sequences as f64;
            let part = Part { rows, share, update: pace.update };
            if let Err(bad) = self.accumulate(lesson, part, tally)? {
                return Ok(Err(bad));
            }
        }
        let norm = pace.clip.apply(self.grad.values_mut())?;
        if !norm.is_finite() {
            return Ok(Err(NotFinite { what: "gradient norm", value: norm }));
        }
        let (optimizer, grad) = (&mut self.optimizer, &self.grad);
        self.network.update(|parameters| optimizer.step(pace.rates, parameters, grad))?;
        if let Some(average) = &mut self.average {
            average.observe(pace.update, self.network.parameters())?;
        }
        tally.updates += 1;
        tally.norms += norm;
        Ok(Ok(()))
    }

    /// Adds the gradient of one batch, times its `share` of the sequences of the update.
    fn accumulate(
        &mut self,
        lesson: &Lesson<'_, T>,
        part: Part<'_>,
        tally: &mut Tally,
    ) -> Result<Attempt> {
        let Part { rows, share, update } = part;
        lesson.sequences.batch_into(rows, &mut self.batch)?;
        let source = MaskSource { seed: self.seed, update };
        let mode = DropoutMode::On(Draws { source, sequences: rows, first_step: 0 });
        self.network.forward_traced(&self.batch, None, mode, &mut self.trace)?;
        let outputs = self.trace.outputs();
        self.grad_outputs.resize(outputs.len(), T::ZERO);
        let mut grad_outputs = ArrayViewMut3::from_shape(outputs.dim(), &mut self.grad_outputs)
            .expect("a gradient for each output");
        // One answer for a sequence: [B, 1, O].
        let answers = outputs.index_axis(Axis(1), 0);
        let into = BatchGradient {
            targets: &mut self.targets,
            outputs: grad_outputs.index_axis_mut(Axis(1), 0),
        };
        let loss = lesson.loss.gradient(answers, rows, into)?;
        if !loss.is_finite() {
            return Ok(Err(NotFinite { what: "loss", value: loss }));
        }
        tally.sequences += rows.len();
        tally.loss += loss * rows.len() as f64;
        lesson.loss.count(answers, rows, tally);
        if share < 1.0 {
            let share = T::from_f64(share);
            grad_outputs.mapv_inplace(|grad| grad * share);
        }
        self.network.backward(&self.batch, &mut self.trace, grad_outputs.view(), &mut self.grad)?;
        Ok(Ok(()))
    }

    /// A weight that is infinite or NaN.
    pub(super) fn bad_weight(&self) -> Option<NotFinite> {
        let weights = self.network.parameters().values();
        let bad = weights.iter().find(|weight| !weight.is_finite())?;
        Some(NotFinite { what: "weight", value: bad.to_f64() })
    }
}
