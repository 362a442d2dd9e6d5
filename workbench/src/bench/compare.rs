//! Whether a contender computed what Elman computed.

use std::path::Path;

use bench_protocol::{Array, read_array};

/// The largest difference between two results in f32, as a part of the largest magnitude of the array.
///
/// An element is a sum of up to B·T (8192) products, rounded in another order by each library. Such
/// sums differ by about the root of their length in roundings, 90 · 6e-8 = 5e-6; forward errors that
/// are carried from step to step add to it. A gate in the wrong place, a missing bias or a step left
/// out is off by a tenth and more. 1e-4 lies between the two with room on either side.
pub const TOLERANCE: f64 = 1e-4;

/// Refuses results that differ from the reference by more than `tolerance` of the largest magnitude
/// of each array. Says the array and the difference.
pub fn folders(
    compared: &[Array],
    reference: &Path,
    results: &Path,
    tolerance: f64,
) -> Result<(), String> {
    for array in compared {
        let (expected, found) = (read_array(reference, array)?, read_array(results, array)?);
        arrays(&array.name, &expected, &found, tolerance)?;
    }
    Ok(())
}

/// As [`folders`], for one array.
fn arrays(name: &str, expected: &[f32], found: &[f32], tolerance: f64) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!("{name}: expected {} values, got {}", expected.len(), found.len()));
    }
    let largest = expected.iter().fold(0.0, |most, x| f64::max(most, f64::from(x.abs())));
    if !largest.is_finite() || expected.iter().any(|x| !x.is_finite()) {
        return Err(format!("{name}: the reference is not finite"));
    }
    let mut most = 0.0;
    for (a, b) in expected.iter().zip(found) {
        let difference = (f64::from(*a) - f64::from(*b)).abs();
        // NaN compares as false with everything, so ask what is wanted.
        if !difference.is_finite() {
            return Err(format!("{name}: holds {b}"));
        }
        most = f64::max(most, difference);
    }
    if most <= tolerance * largest {
        return Ok(());
    }
    let relative = most / largest;
    Err(format!("{name}: differs by {relative:.1e} of its largest value, allowed {tolerance:.0e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: [f32; 4] = [1.0, -20.0, 0.001, 0.0];

    fn disturbed(index: usize, value: f32) -> Result<(), String> {
        let mut found = EXPECTED;
        found[index] = value;
        arrays("outputs", &EXPECTED, &found, TOLERANCE)
    }

    #[test]
    fn a_disturbed_result_is_refused() {
        assert_eq!(disturbed(0, 1.0), Ok(()));
        assert_eq!(disturbed(0, 1.001), Ok(()), "less than 1e-4 of 20");
        let message = disturbed(0, 1.003).expect_err("differs");
        assert_eq!(message, "outputs: differs by 1.5e-4 of its largest value, allowed 1e-4");
        assert!(disturbed(3, f32::NAN).is_err() && disturbed(3, f32::INFINITY).is_err());
        assert!(arrays("outputs", &EXPECTED, &EXPECTED[..3], TOLERANCE).is_err());
        assert!(arrays("outputs", &[f32::NAN], &[f32::NAN], TOLERANCE).is_err());
    }

    #[test]
    fn no_tolerance_means_the_same_values() {
        assert!(arrays("outputs", &EXPECTED, &EXPECTED, 0.0).is_ok());
        let mut found = EXPECTED;
        found[1] = found[1].next_up();
        assert!(arrays("outputs", &EXPECTED, &found, 0.0).is_err());
    }
}
