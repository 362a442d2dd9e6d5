//! A trained model: a network with everything that is needed to use it.
//!
//! [`Trainer`](crate::train::Trainer) makes one; [`Model::save`] writes it to one file, and
//! [`Model::load`] reads it. A loaded model gives the same bits as the one that was saved.

mod ensemble;
mod history;
mod provenance;

use std::fmt;

use ndarray::{Array2, Axis};

pub(crate) use ensemble::MOST_MEMBERS;
pub use history::{EpochRecord, Validation};
pub use provenance::{DataDigest, MemberRecord, Provenance};

use crate::data::{Dataset, Each, Inputs, Standardization};
use crate::error::{Error, Field, Result};
use crate::network::{Network, Readout};
use crate::real::Real;
use crate::task::{Answers, Evaluation, Predictions, Task};

/// How many sequences are computed side by side. It bounds memory and changes no bit of a result.
const ROWS: usize = 64;

/// A network with its task, the names and scaling of its inputs, and its provenance.
///
/// ```
/// use elman::{Dataset, Model, Trainer};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[0.0], [1.0]], array![[1.0], [0.0]]];
/// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
/// let trained = Trainer::default().fit(&data)?;
///
/// # let folder = tempfile::tempdir().map_err(|e| elman::Error::io("x".as_ref(), "create", e))?;
/// let path = folder.path().join("trend.safetensors");
/// trained.model.save(&path)?;
/// let model: Model = Model::load(&path)?;
/// assert_eq!(model.predict(&data)?, trained.model.predict(&data)?);
/// assert_eq!(model.predict(&data)?.classes()?.label(0), Some("up"));
/// # Ok(())
/// # }
/// ```
pub struct Model<T: Real = f32> {
    network: Network<T>,
    /// The other members of an ensemble.
    others: Vec<Network<T>>,
    task: Task,
    inputs: Inputs,
    scaling: Option<Standardization>,
    provenance: Provenance,
}

impl<T: Real> fmt::Debug for Model<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("network", self.network.config())
            .field("task", &self.task)
            .field("features", &self.inputs.features())
            .finish_non_exhaustive()
    }
}

impl<T: Real> Model<T> {
    /// A model of numeric channels made of its parts, with an empty provenance.
    ///
    /// # Errors
    ///
    /// Those of [`with_inputs`](Self::with_inputs).
    pub fn new(
        network: Network<T>,
        task: Task,
        feature_names: Vec<String>,
        scaling: Option<Standardization>,
    ) -> Result<Self> {
        Model::with_inputs(network, task, Inputs::numeric(feature_names), scaling)
    }

    /// A model made of its parts, with an empty provenance.
    ///
    /// # Errors
    ///
    /// Parts that do not fit together: inputs or a scaling for other channels than the network has, a
    /// task with another number of outputs, a network that answers at every step where the task has
    /// one answer for a sequence, or the other way round.
    pub fn with_inputs(
        network: Network<T>,
        task: Task,
        inputs: Inputs,
        scaling: Option<Standardization>,
    ) -> Result<Self> {
        let config = network.config();
        check_readout(&config.body.readout, task.each())?;
        let (input_size, tokens) = (config.input_size(), &config.inputs.tokens);
        let mut sizes = vec![
            ("feature_names", input_size, inputs.features().len()),
            ("scaling", input_size, scaling.as_ref().map_or(input_size, |s| s.len())),
            ("task outputs", config.output_size(), task.output_size()),
            ("token channels", tokens.len(), inputs.tokens().len()),
        ];
        let pairs = tokens.iter().zip(inputs.tokens());
        sizes.extend(
            pairs.map(|(token, input)| {
                ("vocabulary", token.vocabulary_size, input.vocabulary().len())
            }),
        );
        for (name, expected, found) in sizes {
            if expected != found {
                return Err(Error::shape(name, &[expected], &[found]));
            }
        }
        let provenance = Provenance::default();
        Ok(Model { network, others: Vec::new(), task, inputs, scaling, provenance })
    }

    /// The network; of an ensemble the first.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// What it was trained to do, with the names of its outputs.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The name of each numeric channel `[I]`.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        self.inputs.features()
    }

    /// What the network reads: numeric channels by name, and tokens with their vocabularies.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The standardisation of the channels before the network sees them.
    #[must_use]
    pub fn scaling(&self) -> Option<&Standardization> {
        self.scaling.as_ref()
    }

    /// Where the model comes from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Where the model comes from, to be completed before it is saved.
    pub fn provenance_mut(&mut self) -> &mut Provenance {
        &mut self.provenance
    }

    /// A prediction for each sequence or step. Targets of the data, if there are any, are ignored.
    ///
    /// # Errors
    ///
    /// Other features than the model was trained on, or the same in another order; a result that is
    /// not finite.
    pub fn predict(&self, data: &Dataset) -> Result<Predictions> {
        let outputs = self.outputs(data)?;
        let answers = Answers::of(data, self.task.each());
        check_finite(&answers, &outputs)?;
        self.task.predictions(answers, outputs.view())
    }

    /// The metrics of the predictions for sequences whose targets are known, beside those of
    /// always guessing the commonest class, or the mean, of the training sequences.
    ///
    /// # Errors
    ///
    /// Those of [`predict`](Self::predict); no sequence; no targets, targets of another kind or
    /// name, a class that the model does not know.
    pub fn evaluate(&self, data: &Dataset) -> Result<Evaluation> {
        let targets = self.task.encode(data)?;
        let outputs = self.outputs(data)?;
        check_finite(&Answers::of(data, self.task.each()), &outputs)?;
        self.task.evaluate(outputs.view(), &targets)
    }

    /// The outputs of the network `[N, O]`, in the order of the data; of an ensemble what its
    /// members say together.
    pub(crate) fn outputs(&self, data: &Dataset) -> Result<Array2<f64>> {
        let members = self.members().map(|network| self.outputs_of(network, data));
        Ok(self.task.combine(members.collect::<Result<Vec<_>>>()?))
    }

    fn outputs_of(&self, network: &Network<T>, data: &Dataset) -> Result<Array2<f64>> {
        outputs(network, self.scaling.as_ref(), &*self.inputs.encode(data)?)
    }
}

/// The outputs of a network exactly: `[N, O]`, or those of all steps `[Σ T_n, O]`.
///
/// Sequences of similar length share a batch; which ones changes no bit.
pub(crate) fn outputs<T: Real>(
    network: &Network<T>,
    scaling: Option<&Standardization>,
    data: &Dataset,
) -> Result<Array2<f64>> {
    let lengths = data.lengths();
    let mut order: Vec<usize> = (0..data.len()).collect();
    order.sort_by_key(|&index| lengths[index]);
    let counts: Vec<usize> = match network.config().body.readout {
        Readout::Pooled(_) => vec![1; data.len()],
        Readout::EveryStep => lengths,
    };
    let mut ends: Vec<usize> = counts.clone();
    for index in 1..ends.len() {
        ends[index] += ends[index - 1];
    }
    let total = ends.last().copied().unwrap_or(0);
    let mut all = Array2::zeros((total, network.config().output_size()));
    for rows in order.chunks(ROWS) {
        let batch = data.batch(rows, scaling)?;
        let output = network.forward(&batch, None)?;
        for (&index, answers) in rows.iter().zip(output.outputs.axis_iter(Axis(0))) {
            let first = ends[index] - counts[index];
            for (answer, row) in (first..ends[index]).zip(answers.rows()) {
                all.row_mut(answer).zip_mut_with(&row, |target, value| *target = value.to_f64());
            }
        }
    }
    Ok(all)
}

/// Refuses a network that does not answer as often as the task asks.
pub(crate) fn check_readout(readout: &Readout, each: Each) -> Result<()> {
    let (expected, found) = match (readout, each) {
        (Readout::Pooled(_), Each::Sequence) | (Readout::EveryStep, Each::Step) => return Ok(()),
        (Readout::Pooled(_), Each::Step) => {
            ("none, as there is an answer at every step", "a pooling over the steps")
        }
        (Readout::EveryStep, Each::Sequence) => {
            ("a pooling over the steps, as there is one answer for a sequence", "every step")
        }
    };
    Err(Error::argument(Field::Pooling.called("readout"), expected, found))
}

fn check_finite(answers: &Answers, outputs: &Array2<f64>) -> Result<()> {
    match outputs.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, _), value)) => {
            let name = format!("output for sequence {:?}", answers.id(row));
            Err(Error::argument(name, "a finite number (are its inputs extreme?)", value))
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
