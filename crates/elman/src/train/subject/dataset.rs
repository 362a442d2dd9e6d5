//! Sequences of a data set, each with its target or with one at every step.

use std::borrow::Cow;

use super::{Digests, Evaluations, Identity, Sizes, Subject};
use crate::data::{Dataset, Each, Inputs, Standardization, split};
use crate::error::{Error, Result};
use crate::lesson::{Feed, Lesson, Objective};
use crate::model::{DataDigest, Model, Validation, check_readout, outputs};
use crate::network::{InputsConfig, Network, NetworkConfig, NetworkOptions, Readout, TokenInput};
use crate::real::Real;
use crate::task::{EncodedTargets, Task};
use crate::train::feed::DatasetFeed;
use crate::train::objective::objective;
use crate::train::options::{InputScaling, Monitor, TrainingOptions};
use crate::train::{Purpose, Trainer, TrainingData};

/// A data set with its task.
pub(in crate::train) struct DatasetSubject<'a, T> {
    data: TrainingData<'a>,
    parts: Parts<'a>,
    task: Task,
    inputs: Inputs,
    scaling: Option<Standardization>,
    validation_targets: Option<EncodedTargets>,
    feed: DatasetFeed<T>,
    objective: Box<dyn Objective<T>>,
}

/// The data as they are used: a part may have been set aside for validation.
struct Parts<'a> {
    training: Cow<'a, Dataset>,
    validation: Option<Cow<'a, Dataset>>,
}

impl<'a, T: Real> DatasetSubject<'a, T> {
    /// # Errors
    ///
    /// Data with nothing to learn; options that do not suit them.
    pub(in crate::train) fn new(trainer: &Trainer, data: TrainingData<'a>) -> Result<Self> {
        let options = &trainer.options;
        data.training.check_trainable()?;
        check_validation(options, data.validation)?;
        let (parts, inputs) = Parts::new(options, data)?;
        let task = Task::of(&parts.training, options.regression_loss.unwrap_or_default())?;
        let scaling = match options.scaling {
            InputScaling::Standardize => Some(Standardization::of_dataset(&parts.training)?),
            InputScaling::Raw => None,
        };
        check_readout(&readout(&trainer.network, task.each()), task.each())?;
        let objective = objective(options, &task)?;
        let targets = task.encode(&parts.training)?;
        Ok(DatasetSubject {
            validation_targets: match &parts.validation {
                Some(validation) => Some(task.encode(validation)?),
                None => None,
            },
            feed: DatasetFeed::new(&parts.training, scaling.as_ref(), targets, options.bptt)?,
            objective,
            data,
            parts,
            task,
            inputs,
            scaling,
        })
    }
}

impl<T: Real> Subject<T> for DatasetSubject<'_, T> {
    fn network(&self, options: &NetworkOptions) -> NetworkConfig {
        let readout = readout(options, self.task.each());
        let options = NetworkOptions { readout, ..options.clone() };
        let tokens = self.inputs.tokens().iter().map(|token| {
            let vocabulary_size = token.vocabulary().len();
            TokenInput::new(vocabulary_size, embedding_size(vocabulary_size))
        });
        let inputs =
            InputsConfig { numeric: self.inputs.features().len(), tokens: tokens.collect() };
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
            feature_names: self.inputs.features().to_vec(),
            tokens: self.inputs.tokens().to_vec(),
        }
    }

    fn digests(&self) -> Digests {
        Digests {
            training: DataDigest::of(self.data.training),
            validation: self.data.validation.map(DataDigest::of),
        }
    }

    fn sizes(&self) -> Sizes {
        let validation = self.parts.validation.as_ref().map_or(0, |data| data.len());
        Sizes { training: self.parts.training.len(), validation }
    }

    fn validate(&self, network: &Network<T>) -> Result<Option<Validation>> {
        let (Some(data), Some(targets)) = (&self.parts.validation, &self.validation_targets) else {
            return Ok(None);
        };
        let outputs = outputs(network, self.scaling.as_ref(), data)?;
        let evaluation = self.task.evaluate(outputs.view(), targets)?;
        Ok(Some(Validation { loss: evaluation.loss(), score: evaluation.score() }))
    }

    fn model(&self, network: Network<T>) -> Result<Model<T>> {
        Model::with_inputs(network, self.task.clone(), self.inputs.clone(), self.scaling.clone())
    }

    fn evaluate(&self, model: &Model<T>) -> Evaluations {
        let measure = |data: &Dataset| model.evaluate(data).ok();
        Evaluations {
            training: measure(&self.parts.training),
            validation: self.parts.validation.as_deref().and_then(measure),
        }
    }
}

impl<'a> Parts<'a> {
    /// The data with the tokens of vocabularies that the training part alone has made.
    fn new(options: &TrainingOptions, data: TrainingData<'a>) -> Result<(Self, Inputs)> {
        let TrainingData { training, validation } = data;
        let fraction = options.validation_fraction;
        if validation.is_some() || fraction <= 0.0 {
            let inputs = Inputs::of(training, LEAST_COUNT);
            let validation = validation.map(|data| inputs.encode(data)).transpose()?;
            return Ok((Parts { training: inputs.encode(training)?, validation }, inputs));
        }
        let split = split(training, fraction, &mut Purpose::Split.rng(options.seed))?;
        let part = |rows: &[usize]| training.subset(rows);
        let (training, validation) = (part(&split.training)?, part(&split.validation)?);
        let inputs = Inputs::of(&training, LEAST_COUNT);
        let encoded =
            |data: &Dataset| inputs.encode(data).map(|data| Cow::Owned(data.into_owned()));
        let parts =
            Parts { training: encoded(&training)?, validation: Some(encoded(&validation)?) };
        Ok((parts, inputs))
    }
}

/// In how many steps a text must stand to be known. Those that stand in one teach a network what to
/// make of unknown ones.
const LEAST_COUNT: usize = 2;

/// How many numbers stand for each of so many tokens: twice the root of their number, 2 to 64.
fn embedding_size(vocabulary_size: usize) -> usize {
    (2 * vocabulary_size.isqrt()).clamp(2, 64)
}

/// What the head reads: every step where there is an answer at each, unless another readout than the
/// default was asked for, which is refused then.
fn readout(options: &NetworkOptions, each: Each) -> Readout {
    match each {
        Each::Step if options.readout == Readout::default() => Readout::EveryStep,
        Each::Step | Each::Sequence => options.readout.clone(),
    }
}

/// Refuses options about validation where there is none, and two sources of it.
fn check_validation(options: &TrainingOptions, validation: Option<&Dataset>) -> Result<()> {
    let fraction = options.validation_fraction;
    match validation {
        Some(_) if fraction > 0.0 => {
            Err(Error::argument("validation_fraction", "0 beside validation data", fraction))
        }
        Some(_) => Ok(()),
        None if fraction > 0.0 => Ok(()),
        None => {
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
