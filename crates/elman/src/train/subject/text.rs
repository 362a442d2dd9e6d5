//! A text whose next token is to be predicted, in lanes.

use super::dataset::check_validation;
use super::{Digests, Evaluations, Identity, Sizes, Subject};
use crate::error::{Error, Field, Result};
use crate::lesson::{Feed, Lesson, Objective, Score, Tokens};
use crate::loss::{CrossEntropy, Output};
use crate::model::{DataDigest, Model, Validation};
use crate::network::{InputsConfig, Network, NetworkConfig, NetworkOptions, Readout, TokenInput};
use crate::real::Real;
use crate::stack::Directions;
use crate::task::{Evaluation, Task, TextTask};
use crate::text::{Likelihood, Passage};
use crate::train::lanes::Lanes;
use crate::train::options::{ClassWeights, TrainingOptions};
use crate::train::{TextData, Trainer};

/// A text with its task.
pub(in crate::train) struct TextSubject<'a> {
    training: Passage<'a>,
    validation: Option<Passage<'a>>,
    /// Whether the validation text was given, not cut off.
    separate: bool,
    embedding_size: usize,
    lanes: usize,
    task: Task,
    feed: Lanes<'a>,
    objective: Tokens,
}

impl<'a> TextSubject<'a> {
    /// # Errors
    ///
    /// A text that is too short for its lanes; a validation text of another vocabulary; options that do
    /// not suit a text.
    pub(in crate::train) fn new(trainer: &Trainer, data: TextData<'a>) -> Result<Self> {
        let options = &trainer.options;
        check_options(options, &trainer.network)?;
        check_validation(options, data.validation.is_some())?;
        let separate = data.validation.is_some();
        let (training, validation) = match data.validation {
            None if options.validation_fraction > 0.0 => {
                let (training, validation) = data.training.split_end(options.validation_fraction);
                (training, Some(validation))
            }
            validation => (data.training, validation),
        };
        let feed = Lanes::new(training.clone(), options.batch_size, options.bptt)?;
        let tokenizer = training.corpus.tokenizer();
        if let Some(validation) = &validation {
            if validation.corpus.tokenizer() != tokenizer {
                let expected = "the vocabulary of the training text";
                return Err(Error::argument("validation text", expected, "another one"));
            }
            if validation.len() < 2 {
                let expected = "at least two tokens to be predicted";
                return Err(Error::argument("validation text", expected, validation.len()));
            }
        }
        Ok(TextSubject {
            task: Task::Text(TextTask::new(tokenizer.clone())),
            feed,
            objective: Tokens {
                loss: CrossEntropy {
                    label_smoothing: options.label_smoothing,
                    ..CrossEntropy::default()
                },
            },
            lanes: options.batch_size,
            embedding_size: data.embedding_size,
            separate,
            training,
            validation,
        })
    }
}

/// Refuses options that a text has no use for.
fn check_options(options: &TrainingOptions, network: &NetworkOptions) -> Result<()> {
    let expected = "none for text";
    if let Some(loss) = options.regression_loss {
        return Err(Error::argument("regression_loss", expected, format!("{loss:?}")));
    }
    if options.output != Output::Point {
        return Err(Error::argument("output", expected, options.output.name()));
    }
    options.refuse_target_transform()?;
    if options.class_weights != ClassWeights::Equal {
        return Err(Error::argument(Field::ClassWeights, expected, "weights"));
    }
    if network.readout != Readout::EveryStep {
        let expected = "an answer at every step, as text has a next token there";
        return Err(Error::argument(Field::Pooling.called("readout"), expected, "a pooling"));
    }
    let backwards = network.layers.iter().position(|l| l.directions != Directions::Forward);
    match backwards {
        None => Ok(()),
        Some(index) => {
            let name = format!("layers[{index}].directions");
            let found = "one that reads the tokens to be predicted";
            Err(Error::argument(name, "forward layers for text", found))
        }
    }
}

impl<T: Real> Subject<T> for TextSubject<'_> {
    fn network(&self, options: &NetworkOptions) -> NetworkConfig {
        let size = self.training.corpus.tokenizer().len();
        let inputs = InputsConfig::from(vec![TokenInput::new(size, self.embedding_size)]);
        options.config(inputs, size)
    }

    fn lesson(&mut self) -> Lesson<'_, T> {
        Lesson { feed: &mut self.feed, objective: &self.objective }
    }

    fn feed(&self) -> &dyn Feed<T> {
        &self.feed
    }

    fn objective(&self) -> &dyn Objective<T> {
        &self.objective
    }

    fn identity(&self) -> Identity {
        Identity { task: self.task.clone(), feature_names: Vec::new(), vocabularies: Vec::new() }
    }

    fn digests(&self) -> Digests {
        let validation = self.validation.as_ref().filter(|_| self.separate);
        Digests {
            training: DataDigest::of_text(&self.training),
            validation: validation.map(DataDigest::of_text),
        }
    }

    fn sizes(&self) -> Sizes {
        Sizes { training: self.lanes, validation: usize::from(self.validation.is_some()) }
    }

    fn validate(&self, network: &Network<T>) -> Result<Option<Validation>> {
        let Some(text) = &self.validation else { return Ok(None) };
        let Likelihood { nats, perplexity, .. } = Likelihood::of(network, text)?;
        Ok(Some(Validation { loss: nats, score: Score::Perplexity(perplexity) }))
    }

    fn model(&self, network: Network<T>) -> Result<Model<T>> {
        Model::new(network, self.task.clone(), Vec::new(), None)
    }

    fn evaluate(&self, model: &Model<T>) -> Evaluations {
        let measured = self.validation.as_ref().map(|text| Likelihood::of(model.network(), text));
        let validation = measured.and_then(Result::ok).filter(|found| found.nats.is_finite());
        Evaluations { training: None, validation: validation.map(Evaluation::Text) }
    }
}
