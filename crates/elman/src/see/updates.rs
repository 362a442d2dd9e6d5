//! How large the updates of the weights are beside the weights.
//!
//! A model keeps no sizes of its updates, and no moments of its optimiser. So the training goes on for
//! twenty updates on a copy that is thrown away: by the rule, the batches, the clipping and the dropout
//! that the model was trained with, at the learning rate of its settings without their schedule, the
//! moments begun anew. The ratios are means over the last ten of them, in which the moments have settled.
//!
//! ```text
//! ratio = mean ‖w_{n+1} − w_n‖ / ‖w_n‖       n = 10 … 19
//! ```

use serde::Serialize;

use super::reach::norm;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::network::NetworkOptions;
use crate::parameters::Parameters;
use crate::real::Real;
use crate::text::Passage;
use crate::train::{Monitor, Progress, Run, TextData, Trainer, TrainingOptions};

/// The updates that are made.
const UPDATES: usize = 20;
/// The first of them that is counted.
const FIRST: usize = 10;

/// The size of an update beside that of the weights, for the weights of one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpdateRatio {
    /// The weights: a layer's direction (`layers.0.forward`), the head, an embedding.
    pub weights: String,
    /// ‖w‖ before the updates.
    pub norm: f64,
    /// ‖Δw‖ / ‖w‖ of one update, about 1e-3 in a training that goes well; 0 of weights that are 0.
    pub ratio: f64,
}

impl UpdateRatio {
    /// Those of a model on data with answers.
    ///
    /// ```
    /// use elman::see::UpdateRatio;
    /// use elman::{Dataset, Trainer};
    /// use ndarray::array;
    ///
    /// # fn main() -> elman::Result<()> {
    /// let sequences = [array![[0.0], [1.0], [0.5]], array![[1.0], [0.0], [0.2]]];
    /// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
    /// let model = Trainer::default().fit(&data)?.model;
    /// let ratios = UpdateRatio::of(&model, &data)?;
    /// assert!(ratios.iter().all(|own| own.ratio > 0.0 && own.ratio < 1.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Data without answers, or of other channels; a model that does not keep its settings, or of
    /// several networks; a training that diverges.
    pub fn of<T: Real>(model: &Model<T>, data: &Dataset) -> Result<Vec<Self>> {
        let trainer = trainer(model)?;
        measured(trainer.start_from(data, model)?)
    }

    /// Those of a model of text.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of); a text too short for the lanes of the training.
    pub fn of_text<T: Real>(model: &Model<T>, passage: &Passage<'_>) -> Result<Vec<Self>> {
        let trainer = trainer(model)?;
        let tokens = &model.network().config().inputs.tokens;
        let embedding_size = tokens.first().map_or(0, |channel| channel.embedding_size);
        let text = TextData { training: passage.clone(), validation: None, embedding_size };
        measured(trainer.start_text_from(text, model)?)
    }
}

/// What goes on with the training of a model.
fn trainer<T: Real>(model: &Model<T>) -> Result<Trainer> {
    let settings = &model.provenance().settings;
    let unusable = || {
        let expected = "a model with the settings of its training, to go on with it";
        Error::argument("model", expected, "none that this version could read")
    };
    let training = serde_json::from_value::<TrainingOptions>(settings["training"].clone());
    let network = serde_json::from_value::<NetworkOptions>(settings["network"].clone());
    let (Ok(training), Ok(network)) = (training, network) else { return Err(unusable()) };
    let training = TrainingOptions {
        epochs: None,
        max_updates: Some(UPDATES),
        max_seconds: None,
        target_metric: None,
        schedule: None,
        warmup: None,
        averaging: None,
        validation_fraction: 0.0,
        monitor: Monitor::Loss,
        patience: None,
        ..training
    };
    Trainer::new(training, network)
}

fn measured<T: Real>(mut run: Run<'_, T>) -> Result<Vec<UpdateRatio>> {
    let mut before = run.network().parameters().clone();
    let first = groups(&before, &before);
    let (mut sums, mut updates) = (vec![0.0; first.len()], 0);
    while let Some(progress) = run.step()? {
        let Progress::Step(_) = progress else { continue };
        let after = run.network().parameters();
        updates += 1;
        if updates > FIRST {
            let sizes = groups(after, &before);
            sums.iter_mut().zip(sizes).for_each(|(sum, own)| *sum += own.ratio());
        }
        before = after.clone();
    }
    if let Some(error) = run.outcome().and_then(|outcome| outcome.error()) {
        return Err(error);
    }
    let counted = updates.saturating_sub(FIRST).max(1) as f64;
    let ratios = first.into_iter().zip(sums);
    let ratios = ratios.map(|(group, sum)| UpdateRatio {
        weights: group.name,
        norm: group.norm,
        ratio: sum / counted,
    });
    Ok(ratios.collect())
}

/// The sizes of the weights of one name.
struct Group {
    name: String,
    norm: f64,
    change: f64,
}

impl Group {
    fn ratio(&self) -> f64 {
        if self.norm > 0.0 { self.change / self.norm } else { 0.0 }
    }
}

/// The weights and their changes, by what stands before the last point of their names.
fn groups<T: Real>(after: &Parameters<T>, before: &Parameters<T>) -> Vec<Group> {
    let mut all: Vec<(String, Vec<f64>, Vec<f64>)> = Vec::new();
    let mut start = 0;
    for shape in before.shapes() {
        let range = start..start + shape.len();
        start = range.end;
        let name = shape.name.rsplit_once('.').map_or(shape.name.as_str(), |(name, _)| name);
        let old = before.values()[range.clone()].iter().map(|value| value.to_f64());
        let new = after.values()[range].iter().map(|value| value.to_f64());
        if all.last().is_none_or(|own| own.0 != name) {
            all.push((name.to_owned(), Vec::new(), Vec::new()));
        }
        if let Some((_, values, changes)) = all.last_mut() {
            values.extend(old.clone());
            changes.extend(new.zip(old).map(|(new, old)| new - old));
        }
    }
    let of = |(name, values, changes): (String, Vec<f64>, Vec<f64>)| Group {
        name,
        norm: norm(&values),
        change: norm(&changes),
    };
    all.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::clip::Clip;
    use crate::optimizer::{OptimizerConfig, Sgd};

    /// Gradient descent without momentum moves a weight by the learning rate times its gradient: twice
    /// the rate is twice the ratio, as near as a small rate leaves the weights where they are.
    #[test]
    fn ratios_go_with_the_learning_rate() {
        let sequences = [array![[0.1], [0.9], [0.5]], array![[0.8], [0.3], [0.2]]];
        let data = Dataset::with_labels(&sequences, &["up", "down"]).unwrap();
        let ratios = |learning_rate: f64| {
            let options = TrainingOptions {
                epochs: Some(1),
                learning_rate,
                clip: Clip::None,
                optimizer: OptimizerConfig::Sgd(Sgd::default()),
                ..TrainingOptions::default()
            };
            let trainer = Trainer::new(options, NetworkOptions::simple(4).options()).unwrap();
            let model: Model<f32> = trainer.fit(&data).unwrap().model;
            let weights = model.network().parameters().clone();
            let found = UpdateRatio::of(&model, &data).unwrap();
            assert_eq!(*model.network().parameters(), weights);
            found
        };
        let (small, large) = (ratios(1e-4), ratios(2e-4));
        assert_eq!(small[0].weights, "layers.0.forward");
        assert!(small.iter().any(|own| own.weights == "head"), "{small:?}");
        for (small, large) in small.iter().zip(&large).filter(|(small, _)| small.norm > 0.1) {
            assert!(small.ratio > 0.0, "{small:?}");
            assert!((large.ratio / small.ratio - 2.0).abs() < 0.05, "{small:?} {large:?}");
        }
    }

    #[test]
    fn a_model_without_settings_is_refused() {
        let sequences = [array![[0.1]], array![[0.8]]];
        let data = Dataset::with_labels(&sequences, &["up", "down"]).unwrap();
        let mut model: Model<f32> = Trainer::default().fit(&data).unwrap().model;
        model.provenance_mut().settings = serde_json::Value::Null;
        let error = UpdateRatio::of(&model, &data).unwrap_err().to_string();
        assert!(error.starts_with("model: expected a model with the settings"), "{error}");
    }
}
