//! Why this prediction: how much each step and channel adds to one output.
//!
//! ```text
//! gradient × input        g_tk = x_tk · ∂z/∂x_tk
//! integrated gradients    a_tk = (x_tk - b_tk) · ∫₀¹ ∂z/∂x_tk(b + α(x - b)) dα       Σ a = z(x) - z(b)
//! ```
//!
//! z is one output of the network, x the sequence as the network sees it, standardised where the model
//! standardises, and b the baseline: zeros, which are the means of the training data. The integral is
//! Gauss's with 8 points in each of ever more pieces, until the sum is right to 1e-4.
//!
//! # Source
//!
//! M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.

mod integral;

use ndarray::{Array2, Array3, ArrayView2, Axis};
use serde::Serialize;

use self::integral::Asked;
use super::subject::{above_inputs, copy_of, largest};
use crate::data::{Dataset, Each};
use crate::error::{Error, Result, nearest};
use crate::model::Model;
use crate::network::Network;
use crate::real::Real;
use crate::sequence::{SequenceBatch, TokenBatch};
use crate::task::Task;

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The id of the sequence.
    pub sequence: &'a str,
    /// The class or target; the predicted class, or the first target, if none is named.
    pub output: Option<&'a str>,
    /// The step whose answer is explained, from 0, where there is one at every step; the last one, if
    /// none is named.
    pub step: Option<usize>,
}

/// What one output for one sequence rests on.
///
/// ```
/// use elman::see::{Explanation, Question};
/// use elman::{Dataset, Trainer};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let sequences = [array![[0.0], [1.0], [0.5]], array![[1.0], [0.0], [0.2]]];
/// let data = Dataset::with_labels(&sequences, &["up", "down"])?;
/// let model = Trainer::default().fit(&data)?.model;
/// let question = Question { sequence: "0", output: Some("up"), step: None };
/// let why = Explanation::of(&model, &data, question)?;
/// let sum: f64 = why.integrated_gradients.iter().flatten().sum();
/// assert!((sum - (why.value - why.baseline_value)).abs() < 1e-4);
/// assert_eq!(why.by_lag.len(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The id of the sequence.
    pub sequence: String,
    /// The class or target that is explained.
    pub output: String,
    /// The unit of the values and attributions: `logit` of a class, or `deviations` of a target from
    /// its mean.
    pub unit: &'static str,
    /// The output z(x).
    pub value: f64,
    /// The output z(b) at the baseline.
    pub baseline_value: f64,
    /// The step whose answer it is, from 0, where there is one at every step.
    pub step: Option<usize>,
    /// The members of the model, of which the first is explained.
    pub members: usize,
    /// The channels `[C]`: the numeric ones `[I]`, then the token channels.
    pub channels: Vec<String>,
    /// The numeric channels as the network sees them, `[T][I]`.
    pub inputs: Vec<Vec<f64>>,
    /// The tokens of each token channel, `[T]` texts each.
    pub tokens: Vec<Vec<String>>,
    /// `[T][C]`; that of a token is the sum over its embedding.
    pub gradient_times_input: Vec<Vec<f64>>,
    /// `[T][C]`
    pub integrated_gradients: Vec<Vec<f64>>,
    /// The integrated gradients of each step, summed over the channels, the last step first: lag 0 is
    /// the end of the sequence.
    pub by_lag: Vec<f64>,
    /// `Σ a - (z(x) - z(b))`: what the integral missed.
    pub completeness_error: f64,
    /// The gradients that the integral took.
    pub evaluations: usize,
    /// The outputs of the top layer, `[T][D]`.
    pub hidden: Vec<Vec<f64>>,
}

impl Explanation {
    /// Explains one output of a model for one sequence.
    ///
    /// # Errors
    ///
    /// Data that the model does not read; no sequence of that id, or one without a step; no such class
    /// or target; a custom cell; outputs so steep that the integral does not come out to 1e-4.
    pub fn of<T: Real>(model: &Model<T>, data: &Dataset, question: Question<'_>) -> Result<Self> {
        let data = &*model.inputs().read(data)?;
        let index = find(data, question.sequence)?;
        let batch = data.batch::<f64>(&[index], model.scaling())?;
        let shown = Shown { channels: channels(model), tokens: texts(data, index), batch };
        Explanation::of_shown(model, shown, question)
    }

    /// Explains what a model of text says comes after some tokens, one by name or the likeliest; the
    /// question's step is one of these tokens, the last one if none is named.
    ///
    /// # Errors
    ///
    /// A model of something else; no token, or one that the network does not know; a name that is no
    /// token; those of [`Explanation::of`].
    pub fn of_text<T: Real>(model: &Model<T>, ids: &[u32], question: Question<'_>) -> Result<Self> {
        let Task::Text(task) = model.task() else {
            return Err(Error::argument("model", "a model of text", "another"));
        };
        if ids.is_empty() {
            return Err(Error::argument("text", "at least one token", "none"));
        }
        let tokenizer = task.tokenizer();
        let shown = Shown {
            channels: vec!["token".to_owned()],
            tokens: vec![ids.iter().map(|id| tokenizer.token(*id)).collect()],
            batch: SequenceBatch::from_tokens(vec![TokenBatch::from_sequences(&[ids])])?,
        };
        Explanation::of_shown(model, shown, question)
    }

    fn of_shown<T: Real>(model: &Model<T>, shown: Shown, question: Question<'_>) -> Result<Self> {
        let Shown { channels, tokens, batch } = shown;
        let whole = copy_of(model.network())?;
        let network = above_inputs(&whole)?;
        let read = whole.watch(&batch, |outputs| Array3::zeros(outputs.dim()))?;
        let seen = read.sides.first().map_or(Array2::zeros((0, 0)), |side| side.inputs.clone());
        let sequence = SequenceBatch::full(seen.insert_axis(Axis(0)));
        let outputs = network.forward(&sequence, None)?.outputs;
        let answer = answer(outputs.dim().1, model.task().each(), question.step)?;
        let names = names(model.task());
        let chosen = match question.output {
            Some(name) => column_of(&names, name)?,
            None if matches!(model.task(), Task::Regress(_)) => 0,
            None => largest(outputs.index_axis(Axis(1), answer).row(0)),
        };
        let unit = if matches!(model.task(), Task::Regress(_)) { "deviations" } else { "logit" };
        let column = column_in(model.task(), chosen, names.len());
        let asked = Asked { network: &network, batch: &sequence, answer, column };
        let groups = Groups::of(&whole);
        let found = asked.integrate()?;
        let by_lag: Vec<f64> =
            found.integrated.rows().into_iter().rev().map(|row| row.sum()).collect();
        Ok(Explanation {
            sequence: question.sequence.to_owned(),
            output: names[chosen].clone(),
            unit,
            value: found.value,
            baseline_value: found.baseline_value,
            step: (model.task().each() == Each::Step).then_some(answer),
            members: model.members().len(),
            channels,
            inputs: lists(batch.values().index_axis(Axis(0), 0)),
            tokens,
            gradient_times_input: groups.sums(asked.gradient_times_input()?.view()),
            integrated_gradients: groups.sums(found.integrated.view()),
            by_lag,
            completeness_error: found.missed,
            evaluations: found.evaluations,
            hidden: asked.hidden()?,
        })
    }
}

/// One sequence as it is read, with the names of what it holds.
struct Shown {
    channels: Vec<String>,
    tokens: Vec<Vec<String>>,
    batch: SequenceBatch<f64>,
}

/// The column of the outputs that is the point of a number: of quantiles the middle one, of a
/// distribution the first parameter.
fn column_in(task: &Task, number: usize, numbers: usize) -> usize {
    match task {
        Task::Regress(regress) => regress.output().point_index() * numbers + number,
        _ => number,
    }
}

/// Which of the answers is explained.
fn answer(count: usize, each: Each, step: Option<usize>) -> Result<usize> {
    match (each, step) {
        (Each::Sequence, None) => Ok(0),
        (Each::Sequence, Some(step)) => {
            Err(Error::argument("step", "none, as there is one answer for a sequence", step))
        }
        (Each::Step, None) => Ok(count.saturating_sub(1)),
        (Each::Step, Some(step)) if step < count => Ok(step),
        (Each::Step, Some(step)) => {
            Err(Error::argument("step", format!("below {count} (steps)"), step))
        }
    }
}

/// The numeric channels, then the token channels.
fn channels<T: Real>(model: &Model<T>) -> Vec<String> {
    let tokens = model.inputs().vocabularies.iter().map(|named| named.name.clone());
    model.feature_names().iter().cloned().chain(tokens).collect()
}

/// The tokens of a sequence, channel by channel.
fn texts(data: &Dataset, index: usize) -> Vec<Vec<String>> {
    let lengths = data.lengths();
    let start: usize = lengths[..index].iter().sum();
    let texts = data.token_channels().iter().map(|channel| {
        let ids = channel.ids()[start..start + lengths[index]].iter();
        ids.map(|id| channel.vocabulary().text(*id).unwrap_or("(unknown)").to_owned()).collect()
    });
    texts.collect()
}

/// The columns of each channel in what the first layer reads.
struct Groups(Vec<usize>);

impl Groups {
    fn of(network: &Network<f64>) -> Self {
        let inputs = &network.config().inputs;
        let tokens = inputs.tokens.iter().map(|channel| channel.embedding_size);
        Groups(std::iter::repeat_n(1, inputs.numeric).chain(tokens).collect())
    }

    /// The sum over the columns of each channel, `[T][C]`.
    fn sums(&self, values: ArrayView2<'_, f64>) -> Vec<Vec<f64>> {
        let row = |row: ndarray::ArrayView1<'_, f64>| {
            let mut columns = row.into_iter();
            self.0.iter().map(|width| columns.by_ref().take(*width).sum()).collect()
        };
        values.rows().into_iter().map(row).collect()
    }
}

/// The outputs of a task by name.
fn names(task: &Task) -> Vec<String> {
    match task {
        Task::Classify(classify) => classify.labels().to_vec(),
        Task::MultiLabel(labels) => labels.labels().to_vec(),
        Task::Text(text) => {
            let tokenizer = text.tokenizer();
            let ids = 0..u32::try_from(tokenizer.len()).unwrap_or(u32::MAX);
            ids.map(|id| tokenizer.token(id)).collect()
        }
        _ => task.target_names(),
    }
}

fn find(data: &Dataset, id: &str) -> Result<usize> {
    let ids = data.ids();
    let Some(index) = ids.iter().position(|known| known == id) else {
        let expected = match nearest(id, ids.iter().map(String::as_str)) {
            Some(near) => format!("the id of a sequence in the data (nearest: {near:?})"),
            None => "the id of a sequence in the data".to_owned(),
        };
        return Err(Error::argument("sequence", expected, format!("{id:?}")));
    };
    match data.lengths()[index] {
        0 => Err(Error::argument(format!("sequence {id:?}"), "at least one step", "none")),
        _ => Ok(index),
    }
}

fn column_of(names: &[String], name: &str) -> Result<usize> {
    names.iter().position(|known| known == name).ok_or_else(|| {
        let expected = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("a class or target of the model (nearest: {near:?})"),
            None => "a class or target of the model".to_owned(),
        };
        Error::argument("output", expected, format!("{name:?}"))
    })
}

fn lists(values: ArrayView2<'_, f64>) -> Vec<Vec<f64>> {
    values.rows().into_iter().map(|row| row.to_vec()).collect()
}
