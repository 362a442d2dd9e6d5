//! Setting sequences aside for validation.

use super::{Dataset, Each, Targets};
use crate::error::{Error, Field, Result};
use crate::rng::Rng;

/// Which sequences are trained on and which are set aside; both in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Indices of the training sequences.
    pub training: Vec<usize>,
    /// Indices of the validation sequences.
    pub validation: Vec<usize>,
}

/// Sets a fraction of the sequences aside, drawn at random; of each class alike.
///
/// Of N sequences `fraction·N`, rounded, are set aside. With classes each class gives its share,
/// rounded down, and the sequences that remain to be set aside come from the classes with the
/// largest remainders (largest-remainder apportionment); a class always keeps a training sequence.
///
/// ```
/// use elman::Rng;
/// use elman::data::{Dataset, Targets, split};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let step = array![[1.0]];
/// let dataset = Dataset::from_sequences(&[step.view(); 5], vec!["x".into()], Targets::None)?;
/// let made = split(&dataset, 0.2, &mut Rng::new(1))?;
/// assert_eq!((made.training.len(), made.validation.len()), (4, 1));
/// assert_eq!(dataset.subset(&made.training)?.len(), 4);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A fraction outside `[0, 1)`; a fraction above 0 that sets no sequence aside or leaves none for
/// training.
pub fn split(dataset: &Dataset, fraction: f64, rng: &mut Rng) -> Result<Split> {
    if !(0.0..1.0).contains(&fraction) {
        let expected = "at least 0 and below 1";
        return Err(Error::argument(
            Field::ValidationFraction.called("validation fraction"),
            expected,
            fraction,
        ));
    }
    let mut groups = groups(dataset);
    let mut training: Vec<usize> = Vec::new();
    let mut validation: Vec<usize> = Vec::new();
    if fraction > 0.0 {
        let shares = shares(&groups, fraction);
        for (group, share) in groups.iter_mut().zip(shares) {
            rng.shuffle(group);
            validation.extend(group.drain(..share));
        }
    }
    training.extend(groups.into_iter().flatten());
    if fraction > 0.0 && (validation.is_empty() || training.is_empty()) {
        let expected = "a share that leaves sequences both for training and for validation";
        let found = format!("{fraction} of {} sequences", dataset.len());
        return Err(Error::argument(
            Field::ValidationFraction.called("validation fraction"),
            expected,
            found,
        ));
    }
    training.sort_unstable();
    validation.sort_unstable();
    Ok(Split { training, validation })
}

/// The sequences of each class, where each has one, or all of them.
fn groups(dataset: &Dataset) -> Vec<Vec<usize>> {
    match dataset.targets() {
        Targets::Classes(classes) if classes.each() == Each::Sequence => {
            let mut groups = vec![Vec::new(); classes.labels().len()];
            for (sequence, &class) in classes.indices().iter().enumerate() {
                groups[class].push(sequence);
            }
            groups
        }
        _ => vec![(0..dataset.len()).collect()],
    }
}

/// How many sequences of each group are set aside.
#[expect(clippy::cast_possible_truncation, reason = "at most the number of sequences")]
fn shares(groups: &[Vec<usize>], fraction: f64) -> Vec<usize> {
    let exact: Vec<f64> = groups.iter().map(|group| group.len() as f64 * fraction).collect();
    let most = |group: usize| groups[group].len().saturating_sub(1);
    let mut shares: Vec<usize> =
        exact.iter().enumerate().map(|(group, share)| (*share as usize).min(most(group))).collect();
    let total: usize = groups.iter().map(Vec::len).sum();
    let wanted = (total as f64 * fraction).round() as usize;
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let remainder = |group: usize| exact[group] - exact[group].floor();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b)));
    for group in order {
        if shares.iter().sum::<usize>() < wanted && shares[group] < most(group) {
            shares[group] += 1;
        }
    }
    shares
}
