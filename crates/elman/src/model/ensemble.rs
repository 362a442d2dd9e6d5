//! Several networks that answer together.

use super::{Model, check_finite};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::real::Real;
use crate::task::{Evaluation, Task};

/// The most members of an ensemble: each is a network of its own in memory and in the file.
pub(crate) const MOST_MEMBERS: usize = 1000;

impl<T: Real> Model<T> {
    /// An ensemble of models for one task: the mean of the probabilities of classes, or of numbers.
    ///
    /// The provenance is that of the first one. [`Trainer::fit_members`](crate::Trainer::fit_members)
    /// trains one.
    ///
    /// # Errors
    ///
    /// No model, or more than 1,000; models of another task, of other features or another scaling;
    /// a model that is an ensemble itself.
    ///
    /// ```
    /// use elman::{Dataset, Model, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]]];
    /// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
    /// let train = || Ok::<_, elman::Error>(Trainer::default().fit(&data)?.model);
    /// let ensemble = Model::ensemble(vec![train()?, train()?])?;
    /// assert_eq!(ensemble.members().len(), 2);
    /// assert_eq!(ensemble.predict(&data)?.classes()?.label(0), Some("up"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn ensemble(models: Vec<Self>) -> Result<Self> {
        let count = models.len();
        if !(1..=MOST_MEMBERS).contains(&count) {
            return Err(Error::argument("members", format!("1 to {MOST_MEMBERS}"), count));
        }
        let tasks: Vec<Task> = models.iter().map(|model| model.task.clone()).collect();
        let mut models = models.into_iter().enumerate();
        let Some((_, mut ensemble)) = models.next() else {
            return Err(Error::argument("members", "at least one", 0));
        };
        for (index, model) in models {
            ensemble.check_member(index, &model)?;
            ensemble.others.push(model.network);
        }
        ensemble.task = Task::of_members(&tasks);
        Ok(ensemble)
    }

    fn check_member(&self, index: usize, model: &Self) -> Result<()> {
        let fault = match model {
            _ if !model.task.is_like(&self.task) => "the task of the first",
            _ if model.inputs.feature_names != self.inputs.feature_names => {
                "the features of the first"
            }
            _ if model.inputs != self.inputs => "the scaling and vocabularies of the first",
            _ if !model.others.is_empty() => "a single network",
            _ => return Ok(()),
        };
        Err(Error::argument(format!("members[{index}]"), fault, "another"))
    }

    /// The networks of the ensemble; one, for a model that is none.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Network<T>> {
        let member = |index: usize| match index {
            0 => &self.network,
            _ => &self.others[index - 1],
        };
        (0..self.others.len() + 1).map(member)
    }

    /// As [`evaluate`](Self::evaluate), each member alone.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_members(&self, data: &Dataset) -> Result<Vec<Evaluation>> {
        let targets = self.task.encode(data)?;
        let guesses = self.floors.guesses(&self.task, data, &targets);
        let evaluate = |network| {
            let outputs = self.outputs_of(network, data)?;
            check_finite(data, &outputs)?;
            let mut evaluation = self.task.evaluate(outputs.view(), &targets)?;
            self.task.add_floors(&guesses, &targets, &mut evaluation);
            Ok(evaluation)
        };
        self.members().map(evaluate).collect()
    }
}
