//! What may be done to the values: a short list.

use super::Candidate;
use super::plan::Plan;
use crate::error::Result;
use crate::forecast::{Fault, Frame, Output, ScaleKind, Step, StepKind, Transform};

/// The short list: what suits these values.
pub(super) fn candidates(frame: &Frame, plan: &Plan<'_>) -> Result<Vec<Candidate>> {
    let lists = match &plan.options.transform {
        _ if plan.options.output == Output::NegativeBinomial => {
            let (transform, scale) = (Transform::default(), ScaleKind::Shared);
            return Ok(vec![Candidate { transform, scale }]);
        }
        Some(steps) => {
            check_positive(frame, steps)?;
            let training: Vec<&[f64]> = frame.series.iter().map(|s| s.values.as_slice()).collect();
            let transform = StepKind::fit(steps, plan.season, &training)?;
            let is_level = transform.differences().steps().is_empty();
            let levels = [ScaleKind::Series, ScaleKind::Window, ScaleKind::Last];
            let scales = if is_level { &levels[..] } else { &levels[..2] };
            scales.iter().map(|scale| (transform.steps().to_vec(), *scale)).collect()
        }
        None => usual(frame, plan),
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    for (steps, scale) in lists {
        let scale = plan.options.scale.unwrap_or(scale);
        let candidate = Candidate { transform: Transform::new(steps)?, scale };
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

/// Refuses values that have no logarithm or power, the first by its place.
fn check_positive(frame: &Frame, steps: &[StepKind]) -> Result<()> {
    if !matches!(steps.first(), Some(StepKind::Log | StepKind::BoxCox)) {
        return Ok(());
    }
    for series in &frame.series {
        let faulty = series.values.iter().position(|value| *value <= 0.0);
        if let Some(step) = faulty {
            let time = frame.style.write(frame.time(series, step));
            let expected = format!("a value above 0 at {time} for a logarithm or power");
            return Err(frame.fault(series, Fault::new(expected, series.values[step])));
        }
    }
    Ok(())
}

/// What is tried where nothing is said.
fn usual(frame: &Frame, plan: &Plan<'_>) -> Vec<(Vec<Step>, ScaleKind)> {
    let season = Step::Difference { lag: plan.season };
    let one = Step::Difference { lag: 1 };
    let values = || frame.series.iter().flat_map(|series| &series.values);
    let least = values().copied().fold(f64::INFINITY, f64::min);
    let has_season = plan.season > 1 && plan.season <= plan.windows.context;
    let mut lists = vec![
        (vec![], ScaleKind::Last),
        (vec![], ScaleKind::Window),
        (vec![], ScaleKind::Series),
        (vec![one], ScaleKind::Series),
    ];
    if has_season {
        lists.push((vec![season], ScaleKind::Series));
    }
    // Where there are zeros, a root in place of the logarithm.
    let power = match least {
        least if least > 0.0 => Step::Log,
        0.0 => Step::BoxCox { lambda: 0.5 },
        _ => return lists,
    };
    lists.push((vec![power], ScaleKind::Last));
    lists.push((vec![power], ScaleKind::Series));
    lists.push((vec![power, one], ScaleKind::Series));
    if has_season {
        lists.push((vec![power, season], ScaleKind::Series));
        lists.push((vec![power, season, one], ScaleKind::Series));
    }
    lists
}
