//! Windows of series as a data set.

use ndarray::{Array2, ArrayView2};

use crate::data::{Dataset, Targets, ValueTargets};
use crate::error::{Error, Result};
use crate::forecast::{Encoded, Frame, Recipe};

/// Every window whose horizon is known, with its answers.
///
/// # Errors
///
/// No window: every series is too short.
pub(super) fn dataset(frame: &Frame, recipe: &Recipe) -> Result<Dataset> {
    let horizon = recipe.windows.horizon;
    let reads = crate::forecast::Windows { context: recipe.reads(), ..recipe.windows };
    let lengths: Vec<usize> = frame.series.iter().map(|series| series.values.len()).collect();
    let (mut inputs, mut answers) = (Vec::new(), Vec::new());
    for window in reads.all(&lengths) {
        let actual = &frame.series[window.series].values[window.origin..window.origin + horizon];
        let start = window.origin - recipe.reads();
        let context = &frame.series[window.series].values[start..window.origin];
        if actual.iter().any(|value| value.is_nan()) || context.iter().all(|value| value.is_nan()) {
            continue;
        }
        let encoded = recipe.encode(frame, window)?;
        answers.extend(recipe.answer(&encoded, actual)?);
        inputs.push(encoded);
    }
    if inputs.is_empty() {
        let longest = lengths.iter().max().copied().unwrap_or(0);
        let expected = format!(
            "a series of at least {} steps: a context of {}, a horizon of {horizon}, and {} for \
             differences",
            recipe.reads() + horizon,
            recipe.windows.context,
            recipe.transform.lost(),
        );
        return Err(Error::argument("data", expected, longest));
    }
    let names = (1..=horizon).map(|step| format!("step {step}")).collect();
    let answers = Array2::from_shape_vec((inputs.len(), horizon), answers)
        .map_err(|error| Error::argument("answers", "numbers for each window", error))?;
    assemble(recipe, &inputs, Targets::Values(ValueTargets::new(names, answers)?))
}

/// Windows without answers.
pub(super) fn unanswered(recipe: &Recipe, encoded: &[Encoded]) -> Result<Dataset> {
    assemble(recipe, encoded, Targets::None)
}

fn assemble(recipe: &Recipe, encoded: &[Encoded], targets: Targets) -> Result<Dataset> {
    let channels = recipe.channels();
    let shape = (recipe.windows.context, channels.len());
    let view = |encoded: &'_ Encoded| -> Result<()> {
        match encoded.inputs.len() == shape.0 * shape.1 {
            true => Ok(()),
            false => Err(Error::shape("inputs", &[shape.0, shape.1], &[encoded.inputs.len()])),
        }
    };
    encoded.iter().try_for_each(view)?;
    let views = encoded.iter().filter_map(|own| ArrayView2::from_shape(shape, &own.inputs).ok());
    Dataset::from_sequences(&views.collect::<Vec<_>>(), channels, targets)
}
