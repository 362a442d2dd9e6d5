//! Sequences of a data set, each with its target or with one at every step.

use std::borrow::Cow;

use super::{Digests, Evaluations, Identity, Sizes, Subject};
use crate::data::{Dataset, Standardization};
use crate::error::{Error, Result};
use crate::lesson::{Feed, Lesson, Objective};
use crate::model::{
    DataDigest, Model, ModelInputs, Validation, check_features, check_readout, outputs,
};
use crate::network::{InputsConfig, Network, NetworkConfig, NetworkOptions, TokenInput};
use crate::real::Real;
use crate::task::{EncodedTargets, Floors, NumberAnswer, Task};
use crate::train::feed::{DatasetFeed, FeedOptions};
use crate::train::footprint::Extent;
use crate::train::objective::objective;
use crate::train::options::{InputScaling, Monitor, TrainingOptions};
use crate::train::parts::Parts;
use crate::train::{Trainer, TrainingData};

/// What a model knows of its data, for a run that goes on from it.
#[derive(Clone, Copy)]
pub(in crate::train) struct Known<'m> {
    pub(in crate::train) task: &'m Task,
    pub(in crate::train) inputs: &'m ModelInputs,
    pub(in crate::train) floors: &'m Floors,
}

/// A data set with its task.
pub(in crate::train) struct DatasetSubject<'a, T> {
    data: TrainingData<'a>,
    /// The parts with all their texts.
    raw: Parts<'a>,
    /// The same with the tokens that the network knows; none where the data have no tokens.
    encoded: Option<Parts<'a>>,
    task: Task,
    inputs: ModelInputs,
    validation_targets: Option<EncodedTargets>,
    feed: DatasetFeed<T>,
    objective: Box<dyn Objective<T>>,
    /// Those of a model that the run goes on from.
    floors: Option<Floors>,
}

impl<'a, T: Real> DatasetSubject<'a, T> {
    /// # Errors
    ///
    /// Data with nothing to learn; options that do not suit them; with something `known`, other
    /// channels or targets.
    pub(in crate::train) fn new(
        trainer: &Trainer,
        data: TrainingData<'a>,
        known: Option<Known<'_>>,
    ) -> Result<Self> {
        let options = &trainer.options;
        if known.is_none() {
            data.training.check_trainable()?;
        }
        check_validation(options, data.validation.is_some())?;
        if let Some(known) = known {
            check_features(&known.inputs.feature_names, data.training)?;
        }
        if let Some(validation) = data.validation {
            check_features(data.training.feature_names(), validation)?;
        }
        let raw = Parts::new(options, data)?;
        let encoded = encoded(&raw, known)?;
        let parts = encoded.as_ref().unwrap_or(&raw);
        let task = match known {
            Some(known) => known.task.with_loss(options.regression_loss)?,
            None => Task::of(&parts.training, &answer(options))?,
        };
        check_readout(&trainer.network.readout, task.each())?;
        let inputs = match known {
            Some(known) => known.inputs.clone(),
            None => inputs(options, &parts.training)?,
        };
        let feed =
            FeedOptions { scaling: inputs.scaling.as_ref(), each: task.each(), bptt: options.bptt };
        let objective = objective(options, &task)?;
        let targets = task.encode(&parts.training)?;
        Ok(DatasetSubject {
            validation_targets: match &parts.validation {
                Some(validation) => Some(task.encode(validation)?),
                None => None,
            },
            feed: DatasetFeed::new(&parts.training, targets, &feed)?,
            objective,
            floors: known.map(|known| known.floors.clone()),
            data,
            raw,
            encoded,
            task,
            inputs,
        })
    }
}

impl<'a, T: Real> DatasetSubject<'a, T> {
    /// The task with what a validation shows to be best for this network.
    fn task_of(&self, network: &Network<T>) -> Result<Task> {
        match (&self.task, &self.parts().validation, &self.validation_targets) {
            (Task::MultiLabel(task), Some(data), Some(EncodedTargets::Values(targets))) => {
                let outputs = outputs(network, self.inputs.scaling.as_ref(), data)?;
                Ok(Task::MultiLabel(task.clone().with_thresholds(outputs.view(), targets)))
            }
            (task, ..) => Ok(task.clone()),
        }
    }

    /// The parts as the network reads them.
    fn parts(&self) -> &Parts<'a> {
        self.encoded.as_ref().unwrap_or(&self.raw)
    }
}

impl<T: Real> Subject<T> for DatasetSubject<'_, T> {
    fn network(&self, options: &NetworkOptions) -> NetworkConfig {
        let tokens = self
            .inputs
            .vocabularies
            .iter()
            .map(|named| TokenInput::new(named.vocabulary.len(), named.embedding_size()));
        let numeric = self.inputs.feature_names.len();
        let inputs = InputsConfig { numeric, tokens: tokens.collect() };
        options.config(inputs, self.task.output_size())
    }

    fn lesson(&mut self) -> Lesson<'_, T> {
        Lesson { feed: &mut self.feed, objective: &*self.objective }
    }

    fn feed(&self) -> &dyn Feed<T> {
        &self.feed
    }

    fn objective(&self) -> &dyn Objective<T> {
        &*self.objective
    }

    fn identity(&self) -> Identity {
        Identity {
            task: self.task.clone(),
            feature_names: self.inputs.feature_names.clone(),
            vocabularies: self.inputs.vocabularies.clone(),
        }
    }

    fn digests(&self) -> Digests {
        Digests {
            training: DataDigest::of(self.data.training),
            validation: self.data.validation.map(DataDigest::of),
        }
    }

    fn sizes(&self) -> Sizes {
        let validation = self.parts().validation.as_ref().map_or(0, |data| data.len());
        Sizes { training: self.parts().training.len(), validation }
    }

    fn extent(&self) -> Option<Extent> {
        let parts = [Some(&self.parts().training), self.parts().validation.as_ref()];
        let lengths = || parts.iter().flatten().flat_map(|data| data.lengths());
        Some(Extent { sequences: lengths().count(), longest: lengths().max().unwrap_or(0) })
    }

    fn validate(&self, network: &Network<T>) -> Result<Option<Validation>> {
        let (Some(data), Some(targets)) = (&self.parts().validation, &self.validation_targets)
        else {
            return Ok(None);
        };
        let outputs = outputs(network, self.inputs.scaling.as_ref(), data)?;
        let evaluation = self.task.evaluate(outputs.view(), targets)?;
        Ok(Some(Validation { loss: evaluation.loss(), score: evaluation.score() }))
    }

    fn model(&self, network: Network<T>) -> Result<Model<T>> {
        let task = self.task_of(&network)?;
        let model = Model::with_inputs(network, task, self.inputs.clone())?;
        if let Some(floors) = &self.floors {
            return model.with_floors(floors.clone());
        }
        let training = &self.raw.training;
        model.with_floors(Floors::fit(&self.task, training, &self.task.encode(training)?))
    }

    fn evaluate(&self, model: &Model<T>) -> Evaluations {
        let measure = |data: &Dataset| model.evaluate(data).ok();
        Evaluations {
            training: measure(&self.raw.training),
            validation: self.raw.validation.as_deref().and_then(measure),
        }
    }
}

/// What a model of these training data reads.
fn inputs(options: &TrainingOptions, training: &Dataset) -> Result<ModelInputs> {
    let has_channels = training.input_size() > 0;
    let scaling = match options.scaling {
        InputScaling::Standardize if has_channels => Some(Standardization::of_dataset(training)?),
        InputScaling::Standardize | InputScaling::Raw => None,
    };
    Ok(ModelInputs { scaling, ..ModelInputs::of(training) })
}

/// In how many steps a text must stand to be known. Those that stand in one teach a network what to
/// make of unknown ones.
const LEAST_COUNT: usize = 2;

/// The parts with their tokens in vocabularies that are known, or that the training part alone has
/// made; `None` where there are no tokens.
fn encoded<'a>(raw: &Parts<'a>, known: Option<Known<'_>>) -> Result<Option<Parts<'a>>> {
    let known = match known {
        Some(known) => known.inputs.vocabularies.clone(),
        None => raw.training.vocabularies(LEAST_COUNT),
    };
    if known.is_empty() && raw.training.token_channels().is_empty() {
        return Ok(None);
    }
    let encode = |part: &Cow<'a, Dataset>| -> Result<Cow<'a, Dataset>> {
        Ok(match part {
            Cow::Borrowed(data) => data.with_vocabularies(&known)?,
            Cow::Owned(data) => Cow::Owned(data.with_vocabularies(&known)?.into_owned()),
        })
    };
    let validation = raw.validation.as_ref().map(encode).transpose()?;
    Ok(Some(Parts { training: encode(&raw.training)?, validation }))
}

/// What is said of numbers, and what is minimised of it.
fn answer(options: &TrainingOptions) -> NumberAnswer {
    let loss = options.regression_loss.unwrap_or_default();
    NumberAnswer {
        output: options.output.clone(),
        levels: options.intervals.clone(),
        loss,
        transform: options.target_transform,
    }
}

/// Refuses options about validation where there is none, and two sources of it.
pub(super) fn check_validation(options: &TrainingOptions, given: bool) -> Result<()> {
    let fraction = options.validation_fraction;
    match given {
        true if fraction > 0.0 => {
            Err(Error::argument("validation_fraction", "0 beside validation data", fraction))
        }
        true => Ok(()),
        false if fraction > 0.0 => Ok(()),
        false => {
            let expected = "validation data, or a validation fraction, beside it";
            if let Some(patience) = options.patience {
                return Err(Error::argument("patience", expected, patience));
            }
            match options.monitor {
                Monitor::Loss => Ok(()),
                Monitor::Metric => Err(Error::argument("monitor: metric", expected, "neither")),
            }
        }
    }
}
