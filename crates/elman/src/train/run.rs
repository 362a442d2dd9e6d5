//! One training run: epochs of steps, until one of the reasons to end.

use std::ops::ControlFlow;
use std::time::Duration;

use ndarray::{ArrayViewMut3, Axis};

use super::best::Best;
use super::objective::{BatchGradient, BatchLoss, BatchTargets};
use super::options::{Monitor, TrainingOptions};
use super::progress::{
    Clock, Control, EpochProgress, EpochRecord, Outcome, Progress, StepProgress, Validation,
};
use super::sequences::Sequences;
use super::{Callback, Parts, Purpose};
use crate::data::Standardization;
use crate::dropout::{Draws, DropoutMode};
use crate::error::Result;
use crate::model::outputs;
use crate::network::{Network, NetworkTrace};
use crate::optimizer::Optimizer;
use crate::parameters::Parameters;
use crate::real::Real;
use crate::rng::{MaskSource, Rng};
use crate::sequence::SequenceBatch;
use crate::task::{EncodedTargets, Task};

/// What does not change during a run.
pub(super) struct Setup<'a, T> {
    pub(super) options: &'a TrainingOptions,
    pub(super) parts: &'a Parts<'a>,
    pub(super) task: &'a Task,
    pub(super) loss: BatchLoss<T>,
    pub(super) validation_targets: Option<EncodedTargets>,
    pub(super) scaling: Option<Standardization>,
}

/// What a run comes to.
pub(super) struct Ended<T: Real> {
    pub(super) network: Network<T>,
    pub(super) outcome: Outcome,
    pub(super) epochs: Vec<EpochRecord>,
    pub(super) best_epoch: Option<usize>,
    pub(super) elapsed: Duration,
}

/// What changes during a run.
pub(super) struct Run<'a, 'c, T: Real> {
    setup: &'a Setup<'a, T>,
    callback: &'a mut Callback<'c>,
    network: Network<T>,
    optimizer: Optimizer<T>,
    grad_parameters: Parameters<T>,
    sequences: Sequences<T>,
    batch: SequenceBatch<T>,
    targets: BatchTargets<T>,
    trace: NetworkTrace<T>,
    grad_outputs: Vec<T>, // [B, 1, O]
    order: Rng,
    /// How many updates there have been.
    update: u64,
    best: Best<T>,
    inside_epoch: bool,
    epochs: Vec<EpochRecord>,
    clock: Clock,
}

/// A number that is infinite or NaN.
struct NotFinite {
    what: &'static str,
    value: f64,
}

impl<'a, 'c, T: Real> Run<'a, 'c, T> {
    pub(super) fn new(
        setup: &'a Setup<'a, T>,
        network: Network<T>,
        callback: &'a mut Callback<'c>,
    ) -> Result<Self> {
        let options = setup.options;
        let sequences = Sequences::new(&setup.parts.training, setup.scaling.as_ref())?;
        let steps = sequences.lengths().len().div_ceil(options.batch_size);
        let clock = Clock::start(options.epochs.saturating_mul(steps));
        Ok(Run {
            optimizer: Optimizer::new(options.optimizer, network.parameters())?,
            grad_parameters: network.parameters().zeros_like(),
            sequences,
            batch: SequenceBatch::default(),
            targets: BatchTargets::default(),
            trace: NetworkTrace::default(),
            grad_outputs: Vec::new(),
            order: Purpose::Batches.rng(options.seed),
            update: 0,
            best: Best::start(network.parameters()),
            inside_epoch: false,
            epochs: Vec::new(),
            setup,
            callback,
            network,
            clock,
        })
    }

    /// Trains to the end and leaves the network with the best weights.
    pub(super) fn finish(mut self) -> Result<Ended<T>> {
        let mut outcome = Outcome::Finished;
        for epoch in 1..=self.setup.options.epochs {
            if let ControlFlow::Break(reason) = self.epoch(epoch)? {
                outcome = reason;
                break;
            }
        }
        let best_epoch = if self.current_is_best(outcome) {
            // Weights from within an epoch belong to none.
            (!self.inside_epoch).then_some(self.epochs.len())
        } else {
            let best = self.best.weights().values();
            self.network.update(|parameters| parameters.values_mut().copy_from_slice(best));
            Some(self.best.epoch())
        };
        let elapsed = self.clock.times().0;
        Ok(Ended { network: self.network, outcome, epochs: self.epochs, best_epoch, elapsed })
    }

    /// Whether the weights as they are now are the best there are: no validation says that those
    /// of an earlier epoch are better.
    fn current_is_best(&self, outcome: Outcome) -> bool {
        let judged = self.setup.validation_targets.is_some() && self.best.epoch() > 0;
        let sound = !matches!(outcome, Outcome::Diverged { .. }) && self.bad_weight().is_none();
        sound && !judged
    }

    fn epoch(&mut self, epoch: usize) -> Result<ControlFlow<Outcome>> {
        let batches = self.sequences.epoch(self.setup.options.batch_size, &mut self.order);
        let (mut sum, mut seen) = (0.0, 0);
        self.inside_epoch = true;
        for (index, rows) in batches.iter().enumerate() {
            let step = index + 1;
            match self.step(rows)? {
                Ok(loss) => sum += loss * rows.len() as f64,
                Err(bad) => return Ok(diverged(epoch, step, &bad)),
            }
            seen += rows.len();
            self.clock.step();
            let loss = sum / seen as f64;
            let position = StepPosition { epoch, step, steps: batches.len() };
            if self.report_step(position, loss) == Control::Stop {
                return Ok(ControlFlow::Break(Outcome::Stopped));
            }
        }
        self.close(
            EpochRecord { epoch, training_loss: sum / seen as f64, validation: None },
            batches.len(),
        )
    }

    /// One update of the weights; the loss before it. Every array is used again by the next step.
    fn step(&mut self, rows: &[usize]) -> Result<std::result::Result<f64, NotFinite>> {
        let setup = self.setup;
        self.sequences.batch_into(rows, &mut self.batch)?;
        let source = MaskSource { seed: setup.options.seed, update: self.update };
        let mode = DropoutMode::On(Draws { source, sequences: rows, first_step: 0 });
        self.update += 1;
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
        let loss = setup.loss.gradient(answers, rows, into)?;
        if !loss.is_finite() {
            return Ok(Err(NotFinite { what: "loss", value: loss }));
        }
        let grad = &mut self.grad_parameters;
        grad.values_mut().fill(T::ZERO);
        self.network.backward(&self.batch, &mut self.trace, grad_outputs.view(), grad)?;
        let norm = setup.options.clip.apply(grad.values_mut())?;
        if !norm.is_finite() {
            return Ok(Err(NotFinite { what: "gradient norm", value: norm }));
        }
        let (rate, optimizer) = (setup.options.learning_rate, &mut self.optimizer);
        self.network.update(|parameters| optimizer.step(rate, parameters, grad))?;
        Ok(Ok(loss))
    }

    /// Judges the weights after an epoch of `steps` steps.
    fn close(&mut self, mut record: EpochRecord, steps: usize) -> Result<ControlFlow<Outcome>> {
        let epoch = record.epoch;
        if let Some(bad) = self.bad_weight() {
            return Ok(diverged(epoch, steps, &bad));
        }
        record.validation = self.validate()?;
        if let Some(value) = record.validation.map(|v| v.loss).filter(|loss| !loss.is_finite()) {
            return Ok(diverged(epoch, steps, &NotFinite { what: "validation loss", value }));
        }
        let cost = match (record.validation, self.setup.options.monitor) {
            // Of use only if a later epoch diverges.
            (None, _) => record.training_loss,
            (Some(validation), Monitor::Loss) => validation.loss,
            (Some(validation), Monitor::Metric) => validation.score.cost(),
        };
        let better = self.best.offer(epoch, cost, self.network.parameters());
        let best = better || record.validation.is_none();
        self.epochs.push(record);
        self.inside_epoch = false;
        let (elapsed, remaining) = self.clock.times();
        let epochs = self.setup.options.epochs;
        let progress = Progress::Epoch(EpochProgress { record, epochs, best, elapsed, remaining });
        Ok(match (self.callback)(&progress) {
            Control::Stop => ControlFlow::Break(Outcome::Stopped),
            Control::Continue
                if epoch < epochs && self.best.is_over(epoch, self.setup.options.patience) =>
            {
                ControlFlow::Break(Outcome::EarlyStopped)
            }
            Control::Continue => ControlFlow::Continue(()),
        })
    }

    fn validate(&self) -> Result<Option<Validation>> {
        let Setup { task, scaling, validation_targets, parts, .. } = self.setup;
        let (Some(data), Some(targets)) = (&parts.validation, validation_targets) else {
            return Ok(None);
        };
        let outputs = outputs(&self.network, scaling.as_ref(), data)?;
        let evaluation = task.evaluate(outputs.view(), targets)?;
        Ok(Some(Validation { loss: evaluation.loss(), score: evaluation.score() }))
    }

    fn bad_weight(&self) -> Option<NotFinite> {
        let weights = self.network.parameters().values();
        let bad = weights.iter().find(|weight| !weight.is_finite())?;
        Some(NotFinite { what: "weight", value: bad.to_f64() })
    }

    fn report_step(&mut self, position: StepPosition, loss: f64) -> Control {
        let (elapsed, remaining) = self.clock.times();
        let StepPosition { epoch, step, steps } = position;
        let epochs = self.setup.options.epochs;
        (self.callback)(&Progress::Step(StepProgress {
            epoch,
            epochs,
            step,
            steps,
            loss,
            elapsed,
            remaining,
        }))
    }
}

#[derive(Clone, Copy)]
struct StepPosition {
    epoch: usize,
    step: usize,
    steps: usize,
}

fn diverged(epoch: usize, step: usize, bad: &NotFinite) -> ControlFlow<Outcome> {
    ControlFlow::Break(Outcome::Diverged { epoch, step, what: bad.what, value: bad.value })
}
