//! A trained model: a network with everything that is needed to use it.
//!
//! [`Trainer`](crate::train::Trainer) makes one; [`Model::save`] writes it to one file, and
//! [`Model::load`] reads it. A loaded model gives the same bits as the one that was saved.

mod ensemble;
mod history;
mod provenance;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use ndarray::Array2;

pub(crate) use ensemble::MOST_MEMBERS;
pub use history::{EpochRecord, Validation};
pub use provenance::{DataDigest, MemberRecord, Provenance};

use crate::data::{Dataset, Each, NamedVocabulary, Standardization};
use crate::error::{Error, Field, FileFault, Result};
use crate::forecast::Recipe;
use crate::network::{Network, NetworkConfig, Readout};
use crate::real::Real;
use crate::task::{Evaluation, Floors, Predictions, Task};

/// How many sequences are computed side by side. It bounds memory and changes no bit of a result.
pub(crate) const ROWS: usize = 64;

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
    inputs: ModelInputs,
    floors: Floors,
    provenance: Provenance,
}

/// What a model reads at each step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelInputs {
    /// The name of each numeric channel `[I]`.
    pub feature_names: Vec<String>,
    /// Their standardisation before the network sees them.
    pub scaling: Option<Standardization>,
    /// The token channels.
    pub vocabularies: Vec<NamedVocabulary>,
}

impl ModelInputs {
    /// Those of a data set, raw.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        ModelInputs {
            feature_names: data.feature_names().to_vec(),
            scaling: None,
            vocabularies: data.token_channels().iter().map(NamedVocabulary::from).collect(),
        }
    }

    /// The data with the numbers that their tokens have in these vocabularies.
    pub(crate) fn read<'a>(&self, data: &'a Dataset) -> Result<Cow<'a, Dataset>> {
        check_features(&self.feature_names, data)?;
        data.with_vocabularies(&self.vocabularies)
    }
}

/// The network; of an ensemble the first.
impl<T: Real> AsRef<Network<T>> for Model<T> {
    fn as_ref(&self) -> &Network<T> {
        &self.network
    }
}

impl<T: Real> fmt::Debug for Model<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("network", self.network.config())
            .field("task", &self.task)
            .field("feature_names", &self.inputs.feature_names)
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
        let vocabularies = Vec::new();
        Self::with_inputs(network, task, ModelInputs { feature_names, scaling, vocabularies })
    }

    /// A model made of its parts, with an empty provenance.
    ///
    /// # Errors
    ///
    /// Parts that do not fit together: feature names, a scaling or vocabularies for other inputs
    /// than the network has, a task with another number of outputs, a network that answers at every
    /// step where the task has one answer for a sequence, or the other way round.
    pub fn with_inputs(network: Network<T>, task: Task, inputs: ModelInputs) -> Result<Self> {
        let config = network.config();
        check_task(config, &task)?;
        let input_size = config.input_size();
        // A tokenizer is the task's.
        let vocabularies = match task {
            Task::Text(_) => 0,
            Task::Classify(_) | Task::MultiLabel(_) | Task::Regress(_) => {
                config.inputs.tokens.len()
            }
        };
        let scaled = inputs.scaling.as_ref().map_or(input_size, Standardization::len);
        let sizes = [
            ("feature_names", input_size, inputs.feature_names.len()),
            ("scaling", input_size, scaled),
            ("vocabularies", vocabularies, inputs.vocabularies.len()),
            ("task outputs", config.output_size(), task.output_size()),
        ];
        for (name, expected, found) in sizes {
            if expected != found {
                return Err(Error::shape(name, &[expected], &[found]));
            }
        }
        for (channel, named) in config.inputs.tokens.iter().zip(&inputs.vocabularies) {
            let (expected, found) = (channel.vocabulary_size, named.vocabulary.len());
            if expected != found {
                let name = format!("vocabulary of {:?}", named.name);
                return Err(Error::shape(name, &[expected], &[found]));
            }
        }
        let provenance = Provenance::default();
        let floors = Floors::default();
        Ok(Model { network, others: Vec::new(), task, inputs, floors, provenance })
    }

    /// The model with the simple predictors that it is held against.
    ///
    /// # Errors
    ///
    /// Predictors for another task or other channels.
    pub(crate) fn with_floors(self, floors: Floors) -> Result<Self> {
        floors.check(&self.task, self.inputs.feature_names.len())?;
        Ok(Model { floors, ..self })
    }

    /// The simple predictors that it is held against.
    pub(crate) fn floors(&self) -> &Floors {
        &self.floors
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

    /// The name of each input channel `[I]`.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.inputs.feature_names
    }

    /// The same network with its numbers as a forecast of this recipe, which has baselines of its own
    /// to be held against.
    pub(crate) fn into_forecast(self, recipe: Recipe) -> Result<Self> {
        let Task::Regress(regress) = self.task else {
            return Err(Error::argument("task", "numbers", "another"));
        };
        let task = Task::Regress(regress.with_forecast(recipe)?);
        Ok(Model { task, floors: Floors::default(), ..self })
    }

    /// What it reads at each step.
    #[must_use]
    pub fn inputs(&self) -> &ModelInputs {
        &self.inputs
    }

    /// The standardisation of the channels before the network sees them.
    #[must_use]
    pub fn scaling(&self) -> Option<&Standardization> {
        self.inputs.scaling.as_ref()
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

    /// A prediction for each sequence. Targets of the data, if there are any, are ignored.
    ///
    /// # Errors
    ///
    /// Other features than the model was trained on, or the same in another order; a token channel
    /// that the data do not have; a result that is not finite.
    pub fn predict(&self, data: &Dataset) -> Result<Predictions> {
        let outputs = self.outputs(data)?;
        check_finite(data, &outputs)?;
        self.task.predictions(data, outputs.view())
    }

    /// The metrics of the predictions for sequences whose targets are known, beside those of simple
    /// predictors that were fitted on the training sequences.
    ///
    /// # Errors
    ///
    /// Those of [`predict`](Self::predict); no sequence; no targets, targets of another kind or
    /// name, a class that the model does not know.
    pub fn evaluate(&self, data: &Dataset) -> Result<Evaluation> {
        let targets = self.task.encode(data)?;
        let outputs = self.outputs(data)?;
        check_finite(data, &outputs)?;
        let read = self.inputs.read(data)?;
        let mut evaluation = self.task.evaluate_on(&read, outputs.view(), &targets)?;
        let guesses = self.floors.guesses(&self.task, data, &targets);
        self.task.add_floors(&guesses, &targets, &mut evaluation);
        Ok(evaluation)
    }

    /// The outputs of each member `[N, O]`, in the order of the data.
    ///
    /// # Errors
    ///
    /// Those of [`predict`](Self::predict).
    pub(crate) fn member_outputs(&self, data: &Dataset) -> Result<Vec<Array2<f64>>> {
        let outputs = self.members().map(|network| {
            let outputs = self.outputs_of(network, data)?;
            check_finite(data, &outputs)?;
            Ok(outputs)
        });
        outputs.collect()
    }

    /// The outputs of the network `[N, O]`, in the order of the data; of an ensemble what its
    /// members say together.
    pub(crate) fn outputs(&self, data: &Dataset) -> Result<Array2<f64>> {
        let members = self.members().map(|network| self.outputs_of(network, data));
        Ok(self.task.combine(members.collect::<Result<Vec<_>>>()?))
    }

    fn outputs_of(&self, network: &Network<T>, data: &Dataset) -> Result<Array2<f64>> {
        outputs(network, self.scaling(), &*self.inputs.read(data)?)
    }
}

/// The outputs of a network, exactly: `[N, O]`, or `[Σ T_n, O]` where it answers at every step.
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
    let each_step = network.config().body.readout == Readout::EveryStep;
    // Where the answers of each sequence stand.
    let mut spans: Vec<Range<usize>> = Vec::with_capacity(data.len());
    for &length in &lengths {
        let start = spans.last().map_or(0, |span| span.end);
        spans.push(start..start + if each_step { length } else { 1 });
    }
    let answers = spans.last().map_or(0, |span| span.end);
    let mut all = Array2::zeros((answers, network.config().output_size()));
    for rows in order.chunks(ROWS) {
        let batch = data.batch(rows, scaling)?;
        let outputs = network.forward(&batch, None)?.outputs;
        for (&index, own) in rows.iter().zip(outputs.outer_iter()) {
            for (answer, row) in spans[index].clone().zip(own.rows()) {
                all.row_mut(answer).zip_mut_with(&row, |target, value| *target = value.to_f64());
            }
        }
    }
    Ok(all)
}

/// Refuses a network that does not read the text of its task, or does not answer where it is asked.
fn check_task(config: &NetworkConfig, task: &Task) -> Result<()> {
    if let Task::Text(text) = task {
        let tokens = &config.inputs.tokens;
        let sizes: Vec<usize> = tokens.iter().map(|channel| channel.vocabulary_size).collect();
        let expected = [text.tokenizer().len()];
        if sizes != expected {
            return Err(Error::shape("vocabularies of the inputs", &expected, &sizes));
        }
    }
    check_readout(&config.body.readout, task.each())
}

/// Refuses a network that answers at every step where a task has one answer for a sequence, and the
/// other way round.
pub(crate) fn check_readout(readout: &Readout, each: Each) -> Result<()> {
    let (expected, found) = match (readout, each) {
        (Readout::Pooled(_), Each::Sequence) | (Readout::EveryStep, Each::Step) => return Ok(()),
        (Readout::EveryStep, Each::Sequence) => {
            ("a pooling over the steps, as there is one answer for a sequence", "every step")
        }
        (Readout::Pooled(_), Each::Step) => {
            ("every step, as there is an answer for each", "a pooling over the steps")
        }
    };
    Err(Error::argument(Field::Pooling.called("readout"), expected, found))
}

/// Refuses data whose numeric channels are not those of the model, in its order.
pub(crate) fn check_features(wanted: &[String], data: &Dataset) -> Result<()> {
    let found = data.feature_names();
    if wanted == found {
        return Ok(());
    }
    let shown = |names: &[String]| match names.is_empty() {
        true => "(none)".to_owned(),
        false => names.join(", "),
    };
    let (expected, found) = (format!("the features {}", shown(wanted)), shown(found));
    Err(match data.source() {
        Some(source) => FileFault::new(&source.path, expected, found).into(),
        None => Error::argument("data", expected, found),
    })
}

fn check_finite(data: &Dataset, outputs: &Array2<f64>) -> Result<()> {
    match outputs.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, _), value)) => {
            let name = match data.ids().get(row) {
                Some(id) if outputs.nrows() == data.len() => {
                    format!("output for sequence {id:?}")
                }
                _ => format!("output for step {row} of all"),
            };
            Err(Error::argument(name, "a finite number (are its inputs extreme?)", value))
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
