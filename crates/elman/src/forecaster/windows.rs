//! Windows of series as a data set.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use super::plan::steps_of;
use crate::data::{Dataset, Targets, TokenChannel, ValueTargets, Vocabulary};
use crate::error::{Error, Result};
use crate::forecast::{Encoded, Fault, Frame, Identity, Output, Recipe, Series, Window, Windows};

/// The share of the answers of a window that may be missing: these are drawn in lines between their
/// neighbours, and are only learnt from.
const MOST_MISSING: f64 = 0.25;
/// A window whose values leap further than so many deviations of its context says nothing of the
/// others.
const FARTHEST: f64 = 50.0;

/// Every window whose horizon is known, with its answers.
///
/// # Errors
///
/// No window: every series is too short.
pub(super) fn dataset(frame: &Frame, recipe: &Recipe) -> Result<Dataset> {
    of_windows(frame, recipe, &answered(frame, recipe))
}

/// The windows before and in the last part of each series; no answer of a later one is among the
/// earlier ones.
///
/// # Errors
///
/// A part without any window.
pub(super) fn held_back(
    frame: &Frame,
    recipe: &Recipe,
    fraction: f64,
) -> Result<(Dataset, Dataset)> {
    let answers = recipe.options.answers();
    // The first step of the last part.
    let cut = |series: usize| {
        let steps = frame.series[series].values.len();
        let kept = (0..=steps).rev().find(|kept| *kept as f64 <= (1.0 - fraction) * steps as f64);
        kept.unwrap_or(0)
    };
    let all = answered(frame, recipe);
    let part = |keep: &dyn Fn(&Window) -> bool| -> Vec<Window> {
        all.iter().filter(|window| keep(window)).copied().collect()
    };
    let before = part(&|window| window.origin + answers <= cut(window.series));
    let after = part(&|window| window.origin >= cut(window.series));
    if before.is_empty() || after.is_empty() {
        let expected = "a share that leaves windows before and in the last part of the series";
        return Err(Error::argument("validation_fraction", expected, fraction));
    }
    Ok((of_windows(frame, recipe, &before)?, of_windows(frame, recipe, &after)?))
}

fn answered(frame: &Frame, recipe: &Recipe) -> Vec<Window> {
    let (context, horizon) = (recipe.reads(), recipe.options.answers());
    Windows { context, horizon, ..recipe.windows }.all(&steps_of(frame))
}

fn of_windows(frame: &Frame, recipe: &Recipe, windows: &[Window]) -> Result<Dataset> {
    let count = recipe.options.answers();
    let (mut inputs, mut answers) = (Vec::new(), Vec::new());
    for window in windows {
        let values = &frame.series[window.series].values;
        let context = &values[window.origin - recipe.reads()..window.origin];
        let Some(actual) = drawn_through(&values[window.origin..window.origin + count]) else {
            continue;
        };
        if context.iter().all(|value| value.is_nan()) {
            continue;
        }
        let encoded = recipe.encode(frame, *window)?;
        let answer = recipe.answer(&encoded, &actual)?;
        let is_count = recipe.options.output == Output::NegativeBinomial;
        if is_count || answer.iter().all(|answer| answer.abs() < FARTHEST) {
            answers.extend(answer);
            inputs.push(encoded);
        }
    }
    if inputs.is_empty() {
        return Err(too_short(frame, recipe));
    }
    let names = (1..=count).map(|step| format!("step {step}")).collect();
    let answers = Array2::from_shape_vec((inputs.len(), count), answers)
        .map_err(|error| Error::argument("answers", "numbers for each window", error))?;
    let targets = Targets::Values(ValueTargets::new(names, answers)?);
    named(frame, recipe, &inputs, assemble(recipe, &inputs, targets)?)
}

/// The data with the series of each window as a channel, if the network is told.
fn named(frame: &Frame, recipe: &Recipe, windows: &[Encoded], data: Dataset) -> Result<Dataset> {
    if recipe.options.identity == Identity::Hidden {
        return Ok(data);
    }
    let names = frame.series.iter().map(|series| series.id.as_str());
    let vocabulary = Arc::new(Vocabulary::of(names, 1));
    let steps = recipe.network_steps();
    let id = |own: &Encoded| vocabulary.id(&frame.series[own.series].id);
    let ids = windows.iter().flat_map(|own| std::iter::repeat_n(id(own), steps)).collect();
    data.with_token_channels(vec![TokenChannel::new("series", Arc::clone(&vocabulary), ids)?])
}

fn too_short(frame: &Frame, recipe: &Recipe) -> Error {
    let longest = steps_of(frame).into_iter().max().unwrap_or(0);
    let answers = recipe.options.answers();
    let expected = format!(
        "a series of at least {} steps: a context of {}, a horizon of {answers}, and {} for \
         differences",
        recipe.reads() + answers,
        recipe.windows.context,
        recipe.transform.lost(),
    );
    frame.refused(Fault::new(expected, longest))
}

/// Values with lines through missing ones; `None` where too many are missing.
fn drawn_through(values: &[f64]) -> Option<Vec<f64>> {
    let known: Vec<usize> = (0..values.len()).filter(|at| !values[*at].is_nan()).collect();
    let missing = values.len() - known.len();
    if known.is_empty() || missing as f64 > MOST_MISSING * values.len() as f64 {
        return None;
    }
    let value = |at: usize| {
        let after = known.partition_point(|known| *known < at);
        match (known.get(after.wrapping_sub(1)), known.get(after)) {
            (_, Some(&next)) if next == at => values[at],
            (Some(&last), Some(&next)) => {
                let share = (at - last) as f64 / (next - last) as f64;
                values[last] + share * (values[next] - values[last])
            }
            (Some(&end), None) | (None, Some(&end)) => values[end],
            (None, None) => f64::NAN,
        }
    };
    Some((0..values.len()).map(value).collect())
}

/// Windows without answers.
///
/// # Errors
///
/// A series that a network which is told them has not learnt.
pub(super) fn unanswered(frame: &Frame, recipe: &Recipe, encoded: &[Encoded]) -> Result<Dataset> {
    if recipe.options.identity == Identity::Embedded {
        let is_known = |series: &Series| recipe.trained.iter().any(|own| own.id == series.id);
        for series in encoded.iter().map(|own| &frame.series[own.series]) {
            if !is_known(series) {
                return Err(recipe.is_new(frame, series));
            }
        }
    }
    named(frame, recipe, encoded, assemble(recipe, encoded, Targets::None)?)
}

fn assemble(recipe: &Recipe, encoded: &[Encoded], targets: Targets) -> Result<Dataset> {
    let channels = recipe.channels();
    let shape = [recipe.network_steps(), channels.len()];
    let view = |encoded: &'_ Encoded| {
        let found = encoded.inputs.len();
        match found == shape[0] * shape[1] {
            true => Ok(()),
            false => Err(Error::shape("inputs", &shape, &[found])),
        }
    };
    encoded.iter().try_for_each(view)?;
    let views = encoded.iter().filter_map(|own| ArrayView2::from_shape(shape, &own.inputs).ok());
    Dataset::from_sequences(&views.collect::<Vec<_>>(), channels, targets)
}

#[cfg(test)]
mod tests {
    use super::drawn_through;

    #[test]
    fn missing_answers_are_drawn_in_lines() {
        let none = f64::NAN;
        let found = drawn_through(&[1.0, 2.0, none, 4.0, 5.0, 6.0, 7.0, none]).unwrap();
        assert_eq!(found, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0]);
        assert!(drawn_through(&[1.0, none, none, 4.0]).is_none());
        assert!(drawn_through(&[none]).is_none());
    }
}
