//! The numbers of a case: seeded, so that every run and every contender works on the same.

use std::fs;
use std::path::Path;

use bench_protocol::{Array, Case, write_array};
use elman::Rng;

const SEED: u64 = 1;

/// Writes a case with its inputs, parameters and arriving gradient into a folder, which is made anew.
///
/// Inputs and arriving gradients are normal; weights are normal with a deviation of one over the root
/// of the number of their rows, so that pre-activations are of order 1 whatever the sizes.
pub fn write(case: &Case, folder: &Path) -> Result<(), String> {
    remove(folder)?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    case.write(folder)?;
    let arrays = [(case.inputs(), 1.0), (case.grad_outputs(), 1.0)];
    let parameters = case.parameters().into_iter().map(|array| {
        let scale = match array.shape.as_slice() {
            &[rows, _] => 1.0 / (rows as f64).sqrt(),
            _ => 0.1,
        };
        (array, scale)
    });
    for (stream, (array, scale)) in (0..).zip(arrays.into_iter().chain(parameters)) {
        write_array(folder, &array, &normal(stream, &array, scale))?;
    }
    Ok(())
}

/// Removes a folder and all in it, where there is one.
pub fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// A case with lengths uniform in 1..=T; at least one sequence is whole, so that T stays T.
pub fn ragged(case: &Case) -> Case {
    let mut rng = Rng::stream(SEED, 1 << 32);
    let mut lengths: Vec<usize> =
        (0..case.batch_size).map(|_| 1 + rng.below(case.seq_len)).collect();
    if let Some(first) = lengths.first_mut() {
        *first = case.seq_len;
    }
    Case { lengths: Some(lengths), ..case.clone() }
}

#[allow(clippy::cast_possible_truncation, reason = "f32 is what the contenders compute in")]
fn normal(stream: u64, array: &Array, scale: f64) -> Vec<f32> {
    let mut rng = Rng::stream(SEED, stream);
    (0..array.len()).map(|_| (scale * rng.normal()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use bench_protocol::Cell;

    use super::*;

    #[test]
    fn ragged_lengths_lie_between_one_and_the_whole() {
        let case = Case {
            cell: Cell::Simple,
            batch_size: 64,
            seq_len: 10,
            input_size: 2,
            hidden_size: 3,
            lengths: None,
        };
        let lengths = ragged(&case).lengths.unwrap();
        assert_eq!(lengths.len(), 64);
        assert!((1..=10).all(|length| lengths.contains(&length)), "{lengths:?}");
        assert!(lengths.iter().all(|length| (1..=10).contains(length)), "{lengths:?}");
    }
}
