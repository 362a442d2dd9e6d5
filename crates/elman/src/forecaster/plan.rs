//! What is decided before a training: lengths, transform, windows.

use super::choice::{Choice, choose};
use super::measure::Backtested;
use super::windows::{dataset, held_back};
use super::{Candidate, ForecastOptions};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::forecast::{Frame, Recipe, Scale, TrainedUntil, Windows};
use crate::model::Model;
use crate::real::Real;
use crate::train::{Callback, Monitor, Trainer, TrainingData, TrainingOptions};

/// More windows teach a network of this size nothing in the time that it has.
const MOST_WINDOWS: usize = 12_000;
/// The numbers of all windows that are held in memory: 160 MB.
const MOST_NUMBERS: usize = 20_000_000;
/// The longest context that is taken without being asked for: two weeks of hours.
const LONGEST: usize = 336;
/// A shorter context is read step by step.
const SHORTEST_IN_SEGMENTS: usize = 60;
/// The longest segment that is taken without being asked for: a day of hours.
const LONGEST_SEGMENT: usize = 24;

/// More passes over the windows learn them by heart.
const MOST_PASSES: usize = 60;
/// A network that learns less has not learnt.
const LEAST_UPDATES: usize = 400;
/// More updates gain nothing in the time that they take.
const MOST_UPDATES: usize = 1500;
/// The windows of a batch, where nothing is said.
pub(super) const BATCH: usize = 32;

/// The options with everything that they leave open set, but the transform.
pub(crate) struct Plan<'a> {
    pub(super) options: &'a ForecastOptions,
    pub(super) season: usize,
    pub(super) segment: usize,
    pub(super) windows: Windows,
    /// The updates of a training, where nothing is said of its length.
    updates: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn of(frame: &Frame, options: &'a ForecastOptions) -> Result<Self> {
        options.check()?;
        let season = options.season.unwrap_or(frame.frequency.season());
        let lengths = steps_of(frame);
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let horizon = options.horizon;
        if horizon >= longest {
            let expected = format!("below {longest}, the steps of the longest series");
            return Err(Error::argument("horizon", expected, horizon));
        }
        let usual = (2 * season).max(3 * horizon).clamp(24, LONGEST).min((longest / 3).max(1));
        let context = options.context.unwrap_or(usual);
        let segment = options.segment.unwrap_or_else(|| {
            let divides = |part: usize| options.context.is_none() || context.is_multiple_of(part);
            usual_segment(context, season, divides)
        });
        let context = match options.context {
            Some(context) if context % segment != 0 => {
                let expected = format!("a multiple of the segment, {segment}");
                return Err(Error::argument("context", expected, context));
            }
            _ => context.div_ceil(segment) * segment,
        };
        let mut windows = Windows { context, horizon, stride: 1 };
        let own = &options.frame;
        let columns = 1 + usize::from(own.takes_missing()) + own.features.len() + own.known.len();
        let most = (MOST_NUMBERS / (context * columns)).clamp(1, MOST_WINDOWS);
        let count = windows.all(&lengths).len();
        windows.stride = count.div_ceil(most).max(1);
        let updates = (count * MOST_PASSES / BATCH).clamp(LEAST_UPDATES, MOST_UPDATES);
        Ok(Plan { options, season, segment, windows, updates })
    }

    /// How long is trained, where nothing is said, and what for.
    fn training(&self, own: &TrainingOptions) -> TrainingOptions {
        let is_open =
            own.epochs.is_none() && own.max_updates.is_none() && own.max_seconds.is_none();
        TrainingOptions {
            output: self.options.output.clone(),
            max_updates: if is_open { Some(self.updates) } else { own.max_updates },
            ..own.clone()
        }
    }

    /// The recipe of a candidate, fitted on these series.
    pub(super) fn recipe(&self, frame: &Frame, candidate: &Candidate) -> Result<Recipe> {
        let transform = candidate.transform.clone();
        let scale = Scale::fit(candidate.scale, frame, &transform)?;
        let known = frame.series.iter().filter(|series| !series.values.is_empty());
        let ends = known.map(|series| TrainedUntil {
            id: series.id.clone(),
            last: frame.time(series, series.values.len() - 1),
        });
        Ok(Recipe {
            options: self.options.clone(),
            frequency: frame.frequency,
            season: self.season,
            windows: self.windows,
            segment: self.segment,
            transform,
            scale,
            errors: Vec::new(),
            trained: ends.collect(),
        })
    }
}

/// The steps that a forecast would read and forecast of these series, before anything is trained. A
/// series that is shorter than both together teaches nothing.
///
/// # Errors
///
/// Options that do not go together; a horizon beyond the longest series.
pub fn lengths(frame: &Frame, options: &ForecastOptions) -> Result<Windows> {
    Ok(Plan::of(frame, options)?.windows)
}

pub(super) fn steps_of(frame: &Frame) -> Vec<usize> {
    frame.series.iter().map(|series| series.values.len()).collect()
}

/// The steps of a series that the network reads as one: a part of a season, so that each of its
/// channels stands for the same times of it.
fn usual_segment(context: usize, season: usize, fits: impl Fn(usize) -> bool) -> usize {
    if context < SHORTEST_IN_SEGMENTS {
        return 1;
    }
    let season = if season > 1 { season } else { LONGEST_SEGMENT };
    let most = LONGEST_SEGMENT.min(context / 4);
    (1..=most).rev().find(|part| season.is_multiple_of(*part) && fits(*part)).unwrap_or(1)
}

/// A forecast before its training: what was chosen, and the windows to learn from.
///
/// ```
/// use elman::forecast::{Frame, Frequency, Series};
/// use elman::forecaster::{ForecastOptions, forecast, prepare};
/// use elman::train::{Control, NetworkOptions, Trainer, TrainingOptions};
///
/// # fn main() -> elman::Result<()> {
/// let values = (0..60).map(|step| f64::from(step % 4)).collect();
/// let frame = Frame::of(vec![Series::new("saw", 0, values)], Frequency::Steps(1));
/// let training = TrainingOptions { max_updates: Some(20), ..TrainingOptions::default() };
/// let trainer = Trainer::new(training, NetworkOptions::simple(4).options())?;
/// let options = ForecastOptions { context: Some(8), ..ForecastOptions::new(2) };
/// let prepared = prepare(&frame, &options, &trainer, &mut |_| Control::Continue)?;
/// let prepared = prepared.expect("nothing stopped it");
/// // Two networks that forecast together.
/// let both = prepared.trainer().fit_members(2, prepared.data(), &|_, _| Control::Continue)?;
/// let model = prepared.into_model::<f32>(both.model)?;
/// assert_eq!(forecast(&model, &frame, &[])?[0].values.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Prepared {
    /// What is done to the values, and why.
    pub choice: Choice,
    /// Everything about the forecast but the network.
    pub recipe: Recipe,
    /// The windows to learn from.
    pub windows: usize,
    /// How good the chosen candidate was on the part that it was chosen by, which it had not seen,
    /// without intervals; `None` where the series are too short for such a part.
    pub held_out: Option<Backtested>,
    training: Dataset,
    validation: Option<Dataset>,
    trainer: Trainer,
}

/// Chooses what is done to the values and makes windows of the series.
///
/// A validation fraction sets the last windows of each series aside, whose horizons are not learnt
/// from. `None` if the callback, which is told of the trainings by which the choice is made, stops
/// one of them.
///
/// # Errors
///
/// Those of [`fit`](super::fit).
pub fn prepare(
    frame: &Frame,
    options: &ForecastOptions,
    trainer: &Trainer,
    callback: &mut Callback<'_>,
) -> Result<Option<Prepared>> {
    let plan = Plan::of(frame, options)?;
    trainer.options().refuse_target_transform()?;
    let own = plan.training(trainer.options());
    let trainer = Trainer::new(own, trainer.network().clone())?;
    let Some(chosen) = choose(frame, &plan, &trainer, callback)? else { return Ok(None) };
    let mut recipe = plan.recipe(frame, &chosen.choice.best)?;
    recipe.errors = chosen.errors;
    let fraction = trainer.options().validation_fraction;
    let (training, validation) = match fraction > 0.0 {
        false => (dataset(frame, &recipe)?, None),
        true => {
            let (before, after) = held_back(frame, &recipe, fraction)?;
            (before, Some(after))
        }
    };
    let own = TrainingOptions { validation_fraction: 0.0, ..trainer.options().clone() };
    let trainer = Trainer::new(own, trainer.network().clone())?;
    let (choice, held_out) = (chosen.choice, chosen.held_out);
    let windows = training.len();
    Ok(Some(Prepared { choice, recipe, windows, held_out, training, validation, trainer }))
}

/// The same trainer for a network that is thrown away: without validation, by so many updates.
pub(super) fn without_validation(trainer: &Trainer, updates: Option<usize>) -> Result<Trainer> {
    let own = trainer.options();
    let mut options = TrainingOptions {
        validation_fraction: 0.0,
        patience: None,
        monitor: Monitor::Loss,
        target_metric: None,
        ..own.clone()
    };
    if let Some(updates) = updates {
        options.max_updates = Some(own.max_updates.unwrap_or(updates).min(updates));
        options.epochs = None;
    }
    Trainer::new(options, trainer.network().clone())
}

impl Prepared {
    /// What trains on [`data`](Self::data): as the one that was given, but that what is to be
    /// validated with has become data of its own.
    #[must_use]
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The windows with their answers.
    #[must_use]
    pub fn data(&self) -> TrainingData<'_> {
        TrainingData { training: &self.training, validation: self.validation.as_ref() }
    }

    /// The model that forecasts, of the one that was trained on [`data`](Self::data).
    ///
    /// # Errors
    ///
    /// A model of something else.
    pub fn into_model<T: Real>(&self, trained: Model<T>) -> Result<Model<T>> {
        trained.into_forecast(self.recipe.clone())
    }
}
