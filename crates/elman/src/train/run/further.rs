//! Runs that go on from a trained model, with other data or options.

use super::Run;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::network::Network;
use crate::real::Real;
use crate::task::Task;
use crate::train::best::Best;
use crate::train::subject::{DatasetSubject, Known};
use crate::train::{TextData, Trainer, TrainingData, text_subject};

impl Trainer {
    /// A run that goes on from the weights of a model, before its first update: with its classes or
    /// targets, its scaling, its vocabularies and what it is held against, so that a weight means what it did.
    ///
    /// The rule of the optimiser begins anew, and so does the schedule. Such a run has no
    /// checkpoints.
    ///
    /// ```
    /// use elman::Dataset;
    /// use elman::train::{Control, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]]];
    /// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
    /// let trainer = Trainer::default();
    /// let first = trainer.fit(&data)?.model;
    ///
    /// let mut run = trainer.start_from(&data, &first)?;
    /// assert_eq!(run.network().parameters(), first.network().parameters());
    /// run.train(&mut |_| Control::Continue)?;
    /// let second = run.finish()?.model;
    /// assert_ne!(second.network().parameters(), first.network().parameters());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start); a model of several networks or of text, of another network
    /// than the trainer's, or of other channels or targets than the data have.
    pub fn start_from<'a, T: Real>(
        &self,
        data: impl Into<TrainingData<'a>>,
        model: &Model<T>,
    ) -> Result<Run<'a, T>> {
        let known = Known { task: model.task(), inputs: model.inputs(), floors: model.floors() };
        let subject = DatasetSubject::new(self, data.into(), Some(known))?;
        Run::new(self, Box::new(subject))?.going_on_from(model)
    }

    /// The same on a text, which has to be read with the model's tokenizer.
    ///
    /// # Errors
    ///
    /// Those of [`start_text`](Self::start_text); a model that is none of text, of another network
    /// than the trainer's, or of another vocabulary.
    pub fn start_text_from<'a, T: Real>(
        &self,
        text: TextData<'a>,
        model: &Model<T>,
    ) -> Result<Run<'a, T>> {
        match model.task() {
            Task::Text(task) if task.tokenizer() == text.training.corpus.tokenizer() => {}
            _ => {
                let expected = "one of text, with the vocabulary of the text";
                return Err(Error::argument("model", expected, "another one"));
            }
        }
        Run::new(self, text_subject(self, text)?)?.going_on_from(model)
    }
}

impl<T: Real> Run<'_, T> {
    /// The same run before its first update with the weights of a model.
    fn going_on_from(mut self, model: &Model<T>) -> Result<Self> {
        if model.members().count() != 1 {
            let found = format!("{} of them", model.members().count());
            return Err(Error::argument("model", "a single network", found));
        }
        let (own, given): (&Network<T>, &Network<T>) = (&self.learner.network, model.network());
        if own.config() != given.config() {
            let expected = "the network that the options describe, to go on from";
            return Err(Error::argument("model", expected, "another one"));
        }
        let weights = given.parameters();
        let network = &mut self.learner.network;
        network.update(|parameters| parameters.values_mut().copy_from_slice(weights.values()));
        self.best = Best::start(weights);
        self.goes_on = true;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use crate::Dataset;
    use crate::network::NetworkOptions;
    use crate::train::{Trainer, TrainingOptions};

    fn data(shift: f64) -> Dataset {
        let sequences = [array![[shift], [1.0 + shift]], array![[1.0 + shift], [shift]]];
        Dataset::with_labels(&sequences, &["up", "down"]).unwrap()
    }

    fn trainer(hidden_size: usize) -> Trainer {
        let options = TrainingOptions { epochs: Some(3), ..TrainingOptions::default() };
        Trainer::new(options, NetworkOptions::simple(hidden_size).options()).unwrap()
    }

    #[test]
    fn scaling_and_classes_are_those_of_the_model() {
        let first = trainer(4).fit(&data(0.0)).unwrap().model;
        // One class alone, and channels far away: neither is looked at anew.
        let other = data(10.0).subset(&[1]).unwrap();
        let trained = trainer(4).start_from(&other, &first).unwrap().finish().unwrap();
        assert_eq!(trained.model.scaling(), first.scaling());
        assert_eq!(trained.model.task(), first.task());
        assert_eq!(trained.model.network().parameters(), first.network().parameters());
        let run = trainer(4).start_from(&other, &first).unwrap();
        let error = run.checkpoint("never-written").unwrap_err().to_string();
        assert!(error.starts_with("checkpoint: expected a run from the start"), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let first = trainer(4).fit(&data(0.0)).unwrap().model;
        let named = data(0.0).with_feature_names(&["speed"]).unwrap();
        for (result, wanted) in [
            (
                trainer(5).start_from(&data(0.0), &first),
                "model: expected the network that the options describe, to go on from, got another one",
            ),
            (
                trainer(4).start_from(&named, &first),
                "data: expected the features channel1, got speed",
            ),
        ] {
            assert_eq!(result.err().unwrap().to_string(), wanted);
        }
    }
}
