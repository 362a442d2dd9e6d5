//! The tolerance of the reference vectors, and the verdict on one case.
//!
//! For a computed tensor a and the stored b:
//! `max|a - b| <= rel * max(floor, max|b|)` over the finite entries of that one tensor; equal
//! infinities agree, NaN never does. The scale is the tensor's largest entry, because a gradient
//! that vanishes through time has entries far below the rounding of its neighbours.

use ndarray::ArrayD;

use super::case::{Case, Tensor};
use super::computed::Computed;

/// What became of a case.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    Passed,
    Failed(String),
    Unsupported(String),
}

/// How far a computed tensor may be from the stored one.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Relative to the largest entry.
    pub rel: f64,
    /// The least size that counts as the largest entry.
    pub floor: f64,
}

/// For `f64.<name>`, the f64 run of an f32 case: the tolerance of f64 cases.
const WIDE: Tolerance = Tolerance { rel: 1e-12, floor: 1e-3 };

/// Compares everything that a case expects with what was computed.
///
/// Every tensor of the case is an input that was read or an expected value that was computed.
/// One that is neither makes the case unsupported; one that is both, or a case that compares
/// nothing, is a failure.
pub fn verdict(case: &Case, computed: &Computed) -> Verdict {
    if let Err(stop) = case.refuse_unread_options() {
        return stop.into();
    }
    if let Some(name) = case.inputs().iter().find(|name| computed.get(name).is_some()) {
        return Verdict::Failed(format!("{name} was read as an input and computed as well"));
    }
    let mut compared = 0;
    let mut faults = Vec::new();
    for (name, stored) in case.expected() {
        let Some(values) = computed.get(name) else {
            return Verdict::Unsupported(format!("tensor {name}"));
        };
        match tolerance(case, name) {
            Ok(tolerance) => {
                let fault = disagreement(values, stored, tolerance);
                faults.extend(fault.map(|fault| format!("{name}: {fault}")));
            }
            Err(fault) => faults.push(fault),
        }
        compared += 1;
    }
    if compared == 0 {
        return Verdict::Failed("no tensor was compared".to_owned());
    }
    summarise(faults)
}

fn summarise(faults: Vec<String>) -> Verdict {
    match faults.as_slice() {
        [] => Verdict::Passed,
        [only] => Verdict::Failed(only.clone()),
        [first, rest @ ..] => Verdict::Failed(format!("{first}; and {} more tensors", rest.len())),
    }
}

/// The tolerance of one tensor of a case. The scalar `loss` cancels: its floor is the sum of the
/// absolute values of its terms, where the case says it.
fn tolerance(case: &Case, tensor: &str) -> Result<Tolerance, String> {
    if tensor.starts_with("f64.") {
        return Ok(WIDE);
    }
    let is_loss = tensor == "loss" || tensor.ends_with(".loss");
    let loss_floor = if is_loss { case.tolerance("loss_floor") } else { None };
    let rel = case.tolerance("rel").ok_or("its tolerance has no `rel`")?;
    let floor = loss_floor.or(case.tolerance("floor")).ok_or("its tolerance has no `floor`")?;
    Ok(Tolerance { rel, floor })
}

/// How a computed tensor disagrees with the stored one, or `None` where it agrees.
pub fn disagreement(
    computed: &ArrayD<f64>,
    stored: &Tensor,
    Tolerance { rel, floor }: Tolerance,
) -> Option<String> {
    let Tensor::Float(stored) = stored else {
        return Some("expected floats in the case".to_owned());
    };
    if computed.shape() != stored.shape() {
        let (found, expected) = (computed.shape(), stored.shape());
        return Some(format!("expected shape {expected:?}, got {found:?}"));
    }
    let finite = stored.iter().filter(|entry| entry.is_finite());
    let largest = finite.fold(0.0f64, |largest, entry| largest.max(entry.abs()));
    let allowed = rel * floor.max(largest);
    let mut worst: Option<(f64, usize, f64, f64)> = None;
    for (at, (&found, &expected)) in computed.iter().zip(stored).enumerate() {
        let distance = distance(found, expected);
        if distance > allowed && worst.is_none_or(|(most, ..)| distance > most) {
            worst = Some((distance, at, found, expected));
        }
    }
    worst.map(|(distance, at, found, expected)| {
        format!(
            "entry {at}: expected {expected:e}, got {found:e} (distance {distance:.1e}, allowed \
             {allowed:.1e})"
        )
    })
}

/// `|a - b|`; 0 for equal infinities, infinite for NaN and for an infinity against anything else.
fn distance(found: f64, expected: f64) -> f64 {
    if found.is_finite() && expected.is_finite() {
        return (found - expected).abs();
    }
    let equal_infinities = found.is_infinite() && found.to_bits() == expected.to_bits();
    if equal_infinities { 0.0 } else { f64::INFINITY }
}

#[cfg(test)]
mod tests;
