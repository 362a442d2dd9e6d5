//! What a network reads of series, as sequences: for those who look into it.

use super::recipe;
use super::windows::{dataset, unanswered};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::forecast::{Frame, Recipe, Window};
use crate::model::Model;
use crate::real::Real;

/// Every place from which a model can forecast: with the steps that it reads before it and the known
/// columns that it needs after it. The last one of a series is its end, where there are no known
/// columns.
///
/// # Errors
///
/// A model that does not forecast; series of another frequency or with other columns, or too short.
pub fn origins<T: Real>(model: &Model<T>, frame: &Frame) -> Result<Vec<Window>> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    let mut windows = Vec::new();
    for (series, own) in frame.series.iter().enumerate() {
        let origins = recipe.reads()..=last(recipe, frame, series);
        let reads = |origin: &usize| {
            let context = &own.values[origin - recipe.reads()..*origin];
            context.iter().any(|value| !value.is_nan())
        };
        windows.extend(origins.filter(reads).map(|origin| Window { series, origin }));
    }
    if windows.is_empty() {
        let longest = frame.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
        let expected = format!("a series of at least {} steps", recipe.reads());
        return Err(Error::argument("data", expected, longest));
    }
    Ok(windows)
}

/// The last place of a series from which it can be forecast.
fn last(recipe: &Recipe, frame: &Frame, series: usize) -> usize {
    let own = &frame.series[series];
    match frame.known.len() {
        0 => own.values.len(),
        width => {
            let known = (own.known.len() / width).saturating_sub(recipe.options.answers());
            own.values.len().min(known)
        }
    }
}

/// What a model reads before these places, as sequences: what [`Health`](crate::see::Health) and
/// [`Explanation`](crate::see::Explanation) look at. The id of each is that of its series and the last
/// time that it reads: `north to 2024-05`.
///
/// ```
/// use elman::forecast::{Frame, Frequency, Series};
/// use elman::forecaster::{ForecastOptions, fit, origins, sequences};
/// use elman::see::Health;
/// use elman::train::{NetworkOptions, Trainer, TrainingOptions};
///
/// # fn main() -> elman::Result<()> {
/// let values = (0..60).map(|step| f64::from(step % 4)).collect();
/// let frame = Frame::of(vec![Series::new("saw", 0, values)], Frequency::Steps(1));
/// let training = TrainingOptions { max_updates: Some(20), ..TrainingOptions::default() };
/// let trainer = Trainer::new(training, NetworkOptions::gru(4).options())?;
/// let options = ForecastOptions { context: Some(8), ..ForecastOptions::new(2) };
/// let model = fit(&frame, &options, &trainer)?.trained.model;
/// let places = origins(&model, &frame)?;
/// let read = sequences(&model, &frame, &places)?;
/// assert_eq!(read.ids().last().map(String::as_str), Some("saw to 59"));
/// assert_eq!(Health::measure(&model, &read)?.sides.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`forecast`](super::forecast()).
pub fn sequences<T: Real>(model: &Model<T>, frame: &Frame, places: &[Window]) -> Result<Dataset> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    let encoded = places.iter().map(|window| recipe.encode(frame, *window));
    let encoded = encoded.collect::<Result<Vec<_>>>()?;
    unanswered(frame, recipe, &encoded)?.with_ids(places.iter().map(|own| name(frame, *own)))
}

/// What a model reads before each place whose horizon came, with its answers, as in its training: what
/// [`UpdateRatio`](crate::see::UpdateRatio) goes on with.
///
/// # Errors
///
/// Those of [`forecast`](super::forecast()); series that are too short.
pub fn answered_sequences<T: Real>(model: &Model<T>, frame: &Frame) -> Result<Dataset> {
    let recipe = recipe(model)?;
    recipe.check(frame)?;
    dataset(frame, recipe)
}

fn name(frame: &Frame, window: Window) -> String {
    let series = &frame.series[window.series];
    let last = frame.time(series, window.origin.saturating_sub(1));
    format!("{} to {}", series.id, frame.style.write(last))
}
