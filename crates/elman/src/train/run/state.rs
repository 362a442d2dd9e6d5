//! What a checkpoint holds of a run: everything that its next update depends on.

use std::time::Duration;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OpenEpoch, Run};
use crate::error::{Error, Result};
use crate::lesson::Tally;
use crate::model::{DataDigest, EpochRecord};
use crate::network::NetworkOptions;
use crate::optimizer::{AverageProgress, Moment, OptimizerProgress, WeightAverage};
use crate::parameters::{ParameterShape, Parameters};
use crate::real::Real;
use crate::rng::Rng;
use crate::schedule::PlateauState;
use crate::train::Trainer;
use crate::train::options::TrainingOptions;
use crate::train::progress::Clock;
use crate::train::subject::{Digests, Identity, Subject};

/// A run without its arrays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunState {
    pub(crate) training: TrainingOptions,
    pub(crate) network: NetworkOptions,
    pub(crate) training_data: DataDigest,
    pub(crate) validation_data: Option<DataDigest>,
    pub(crate) notes: Value,
    identity: Identity,
    updates: usize,
    /// The state at the start of the open epoch, or of the next one.
    order: Generator,
    open: Option<OpenState>,
    best: BestState,
    history: Vec<EpochRecord>,
    optimizer: OptimizerProgress,
    plateau: PlateauState,
    average: Option<AverageProgress>,
    /// The number of sequences whose state is carried from piece to piece; 0 if none is.
    carried: usize,
    seconds: f64,
}

/// The place in an epoch that has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenState {
    /// The first batch that is not done.
    next: usize,
    tally: Tally,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BestState {
    epoch: usize,
    /// None before the first epoch.
    cost: Option<f64>,
}

/// The state of a generator as text of its own: its words have 128 bits, more than numbers of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Generator(String);

impl Generator {
    fn of(rng: &Rng) -> Result<Self> {
        let text = serde_json::to_string(rng);
        text.map(Generator).map_err(|error| Error::argument("generator", "a state as text", error))
    }

    fn rng(&self) -> Result<Rng> {
        serde_json::from_str(&self.0)
            .map_err(|error| Error::argument("generator", "the state of a generator", error))
    }
}

const WEIGHTS: &str = "weights";
const BEST: &str = "best";
const MOMENT: &str = "moment";
const AVERAGE: &str = "average";
const CARRIED: &str = "carried";

/// Arrays of the layout of the parameters, as one: each name with the name of its part before it.
struct Bundle;

impl Bundle {
    fn shapes(part: &str, shapes: &[ParameterShape]) -> Vec<ParameterShape> {
        let named = |shape: &ParameterShape| {
            ParameterShape::new(format!("{part}.{}", shape.name), &shape.shape)
        };
        shapes.iter().map(named).collect()
    }

    fn join<T: Real>(parts: &[(String, &Parameters<T>)]) -> Result<Parameters<T>> {
        let shapes = parts.iter().flat_map(|(part, array)| Bundle::shapes(part, array.shapes()));
        let mut joined = Parameters::zeros(shapes.collect())?;
        let mut rest = joined.values_mut();
        for (_, array) in parts {
            let (own, others) = rest.split_at_mut(array.values().len());
            own.copy_from_slice(array.values());
            rest = others;
        }
        Ok(joined)
    }
}

impl<'a, T: Real> Run<'a, T> {
    /// The run without its arrays.
    pub(crate) fn state(&self) -> Result<RunState> {
        if self.goes_on {
            let expected = "a run from the start";
            return Err(Error::argument("checkpoint", expected, "one that goes on from a model"));
        }
        let order = match &self.epoch {
            Some(epoch) => &epoch.order,
            None => &self.order,
        };
        let open = |epoch: &OpenEpoch| OpenState { next: epoch.next, tally: epoch.tally.clone() };
        let cost = self.best.cost();
        Ok(RunState {
            training: self.setup.trainer.options.clone(),
            network: self.setup.trainer.network.clone(),
            training_data: self.setup.digests.training.clone(),
            validation_data: self.setup.digests.validation.clone(),
            notes: self.notes.clone(),
            identity: self.setup.subject.identity(),
            updates: self.updates,
            order: Generator::of(order)?,
            open: self.epoch.as_ref().map(open),
            best: BestState { epoch: self.best.epoch(), cost: cost.is_finite().then_some(cost) },
            history: self.history.clone(),
            optimizer: self.learner.optimizer.progress(),
            plateau: self.scheduler.plateau_state(),
            average: self.learner.average.as_ref().map(WeightAverage::progress),
            carried: self.learner.carried.layers.first().map_or(0, |state| state.nrows()),
            seconds: self.clock.times().0.as_secs_f64(),
        })
    }

    /// Its arrays: weights, best weights, and moments of the optimiser.
    pub(crate) fn arrays(&self) -> Result<Parameters<T>> {
        let mut parts = vec![
            (WEIGHTS.to_owned(), self.learner.network.parameters()),
            (BEST.to_owned(), self.best.weights()),
        ];
        for moment in self.learner.optimizer.moments() {
            parts.push((format!("{MOMENT}.{}", moment.name), &moment.values));
        }
        let zeros = self.learner.network.parameters().zeros_like();
        if let Some(average) = &self.learner.average {
            parts.push((AVERAGE.to_owned(), average.weights().unwrap_or(&zeros)));
        }
        let carried = self.carried()?;
        if !carried.values().is_empty() {
            parts.push((CARRIED.to_owned(), &carried));
        }
        Bundle::join(&parts)
    }

    /// The states in which the last piece has ended, where the next one goes on from there.
    fn carried(&self) -> Result<Parameters<T>> {
        let states = &self.learner.carried.layers;
        let shape = |(index, state): (usize, &Array2<T>)| {
            ParameterShape::new(format!("states.{index}"), state.shape())
        };
        let mut carried = Parameters::zeros(states.iter().enumerate().map(shape).collect())?;
        let values = states.iter().flatten();
        carried.values_mut().iter_mut().zip(values).for_each(|(to, from)| *to = *from);
        Ok(carried)
    }

    /// The run of a state and of the arrays that `fill` copies into the layout of this run.
    pub(crate) fn restored(
        trainer: &Trainer,
        subject: Box<dyn Subject<T> + 'a>,
        state: RunState,
        fill: impl FnOnce(&mut Parameters<T>) -> Result<()>,
    ) -> Result<Self> {
        subject.identity().check(&state.identity)?;
        let mut run = Run::new(trainer, subject)?;
        let most = run.options().batch_size;
        if state.carried > most {
            let expected = format!("at most {most} states of sequences, as in a batch");
            return Err(Error::argument("checkpoint", expected, state.carried));
        }
        run.learner.carry(state.carried);
        let mut arrays = run.arrays()?;
        fill(&mut arrays)?;
        run.take_arrays(&arrays, &state)?;
        run.scheduler.restore(state.plateau);
        run.best.set(state.best.epoch, state.best.cost.unwrap_or(f64::INFINITY));
        run.history = state.history;
        run.order = state.order.rng()?;
        if let Some(OpenState { next, tally }) = state.open {
            let epoch = run.open_epoch();
            if next > epoch.batches.len() {
                let expected = format!("at most {} batches of an epoch", epoch.batches.len());
                return Err(Error::argument("checkpoint", expected, next));
            }
            run.epoch = Some(OpenEpoch { next, tally, ..epoch });
        }
        run.updates = state.updates;
        let before = Duration::try_from_secs_f64(state.seconds)
            .map_err(|_| Error::argument("checkpoint: seconds", "a duration", state.seconds))?;
        run.clock = Clock::resume(run.setup.updates(), state.updates, before);
        if run.epoch.is_none() {
            // A run that was saved after its end has nothing left to do.
            run.outcome = run.history.last().and_then(|last| run.end_after(last));
        }
        // The data are those of the checkpoint, whatever the path by which they came now.
        let (training, validation) = (state.training_data, state.validation_data);
        run.setup.digests = Digests { training, validation };
        run.notes = state.notes;
        Ok(run)
    }

    /// Takes apart what [`arrays`](Self::arrays) has put together.
    fn take_arrays(&mut self, arrays: &Parameters<T>, state: &RunState) -> Result<()> {
        let mut rest = arrays.values();
        let mut take = |target: &mut [T]| {
            let (own, others) = rest.split_at(target.len());
            target.copy_from_slice(own);
            rest = others;
        };
        self.learner.network.update(|parameters| take(parameters.values_mut()));
        take(self.best.weights_mut().values_mut());
        let mut moments: Vec<Moment<T>> = self.learner.optimizer.moments().to_vec();
        moments.iter_mut().for_each(|moment| take(moment.values.values_mut()));
        self.learner.optimizer.restore(state.optimizer, moments)?;
        if let (Some(averaging), Some(progress)) = (state.training.averaging, state.average) {
            let mut weights = self.learner.network.parameters().zeros_like();
            take(weights.values_mut());
            self.learner.average = Some(WeightAverage::restored(averaging, weights, progress)?);
        }
        for layer in &mut self.learner.carried.layers {
            take(layer.as_slice_mut().unwrap_or(&mut []));
        }
        Ok(())
    }
}
