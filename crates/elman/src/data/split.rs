//! Setting sequences aside for validation.

use std::collections::HashMap;

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
///
/// Where sequences have [groups](Dataset::groups), whole groups are set aside in random order, until
/// another one would take more sequences than asked for, at least one. Where they have an
/// [order in time](Dataset::time_order), the last ones are set aside, whatever their class.
pub fn split(dataset: &Dataset, fraction: f64, rng: &mut Rng) -> Result<Split> {
    if !(0.0..1.0).contains(&fraction) {
        let expected = "at least 0 and below 1";
        return Err(Error::argument(
            Field::ValidationFraction.called("validation fraction"),
            expected,
            fraction,
        ));
    }
    let in_time = in_time(dataset)?;
    let mut groups = groups(dataset);
    let mut training: Vec<usize> = Vec::new();
    let mut validation: Vec<usize> = Vec::new();
    let wanted = (dataset.len() as f64 * fraction).round();
    if let Some(order) = in_time.filter(|_| fraction > 0.0) {
        let is_late = |place: &usize| (order.len() - place) as f64 <= wanted;
        let (late, early): (Vec<_>, Vec<_>) = (0..order.len()).partition(is_late);
        training.extend(early.into_iter().map(|place| order[place]));
        validation.extend(late.into_iter().map(|place| order[place]));
        groups.clear();
    } else if let Some(names) = dataset.groups().filter(|_| fraction > 0.0) {
        for group in shuffled_groups(names, rng) {
            let size = (validation.len() + group.len()) as f64;
            if validation.is_empty() || size <= wanted {
                validation.extend(group);
            } else {
                training.extend(group);
            }
        }
        groups.clear();
    } else if fraction > 0.0 {
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

/// Cuts the sequences into so many folds at random, each of them once the validation part of a
/// [`Split`]. The sizes of folds differ by at most one sequence, and so do the numbers of
/// sequences of a class in them. Where sequences have [groups](Dataset::groups), each group is whole in
/// one fold, and the sizes differ as little as that allows.
///
/// Where sequences have an [order in time](Dataset::time_order), nothing is learnt from what comes
/// later: in that order they are cut into `count + 1` parts, each but the first is once the validation
/// part, and what stands before it is the training part. The first takes the remainder.
///
/// ```
/// use elman::data::folds;
/// use elman::{Dataset, Rng};
/// use ndarray::array;
///
/// # fn main() -> elman::Result<()> {
/// let steps = [array![[1.0]], array![[2.0]], array![[3.0]], array![[4.0]]];
/// let data = Dataset::with_labels(&steps, &["a", "b", "a", "b"])?;
/// let folds = folds(&data, 2, &mut Rng::new(1))?;
/// assert!(folds.iter().all(|fold| fold.training.len() == 2 && fold.validation.len() == 2));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fewer than two folds, or more than there are sequences, or parts in time; groups and an order in
/// time.
pub fn folds(dataset: &Dataset, count: usize, rng: &mut Rng) -> Result<Vec<Split>> {
    if !(2..=dataset.len()).contains(&count) {
        let expected = format!("2 to {}, the number of sequences", dataset.len());
        return Err(Error::argument(Field::Folds, expected, count));
    }
    if let Some(order) = in_time(dataset)? {
        return folds_in_time(&order, count);
    }
    let mut fold_of = vec![0; dataset.len()];
    if let Some(names) = dataset.groups() {
        let mut groups = shuffled_groups(names, rng);
        if groups.len() < count {
            let expected = format!("2 to {}, the number of groups", groups.len());
            return Err(Error::argument(Field::Folds, expected, count));
        }
        // The largest first, each to the fold that has least.
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let mut sizes = vec![0; count];
        for group in groups {
            let least = (0..count).min_by_key(|&fold| sizes[fold]).unwrap_or(0);
            sizes[least] += group.len();
            group.iter().for_each(|&sequence| fold_of[sequence] = least);
        }
        return Ok(splits(&fold_of, count));
    }
    let mut groups = groups(dataset);
    groups.iter_mut().for_each(|group| rng.shuffle(group));
    // Dealing goes on from class to class, so that the first folds do not get every remainder.
    for (position, sequence) in groups.into_iter().flatten().enumerate() {
        fold_of[sequence] = position % count;
    }
    Ok(splits(&fold_of, count))
}

/// The sequences in the order of time, if they have one.
fn in_time(dataset: &Dataset) -> Result<Option<Vec<usize>>> {
    let Some(places) = dataset.time_order() else { return Ok(None) };
    if dataset.groups().is_some() {
        return Err(Error::argument(Field::Split, "random where sequences have groups", "time"));
    }
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&sequence| places[sequence]);
    Ok(Some(order))
}

/// Each part of this order but the first, with all that stands before it.
///
/// Source: scikit-learn's `TimeSeriesSplit`.
fn folds_in_time(order: &[usize], count: usize) -> Result<Vec<Split>> {
    let size = order.len() / (count + 1);
    if size == 0 {
        let expected = format!("2 to {}, one less than the sequences", order.len() - 1);
        return Err(Error::argument(Field::Folds, expected, count));
    }
    let split = |fold: usize| {
        let start = order.len() - (count - fold) * size;
        let [mut training, mut validation] =
            [&order[..start], &order[start..start + size]].map(<[usize]>::to_vec);
        training.sort_unstable();
        validation.sort_unstable();
        Split { training, validation }
    };
    Ok((0..count).map(split).collect())
}

/// Each fold once as the validation part, given the fold of each sequence.
fn splits(fold_of: &[usize], count: usize) -> Vec<Split> {
    let split = |fold| {
        let (validation, training) =
            (0..fold_of.len()).partition(|&sequence| fold_of[sequence] == fold);
        Split { training, validation }
    };
    (0..count).map(split).collect()
}

/// The sequences of each group of this name, the groups in random order.
fn shuffled_groups(names: &[String], rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (sequence, name) in names.iter().enumerate() {
        let place = *places.entry(name).or_insert(groups.len());
        if place == groups.len() {
            groups.push(vec![]);
        }
        groups[place].push(sequence);
    }
    rng.shuffle(&mut groups);
    groups
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

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn every_sequence_is_in_one_fold_and_classes_are_spread_evenly() {
        for (count, classes, folded) in [(10, 3, 4), (23, 2, 5), (7, 7, 7), (9, 1, 2)] {
            let steps = vec![array![[0.0]]; count];
            let label = |index: usize| format!("class {}", index * index % classes);
            let labels: Vec<String> = (0..count).map(label).collect();
            let data = Dataset::with_labels(&steps, &labels).unwrap();
            let made = folds(&data, folded, &mut Rng::new(3)).unwrap();
            let mut all = made.iter().flat_map(|fold| fold.validation.clone()).collect::<Vec<_>>();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            let spread = |of: &dyn Fn(&usize) -> bool| {
                let size = |fold: &Split| fold.validation.iter().filter(|s| of(s)).count();
                let sizes = made.iter().map(size);
                sizes.clone().max().unwrap() - sizes.min().unwrap()
            };
            assert!(spread(&|_| true) <= 1);
            for class in &labels {
                assert!(spread(&|&sequence: &usize| labels[sequence] == *class) <= 1);
            }
            for fold in &made {
                assert_eq!(fold.training.len() + fold.validation.len(), count);
                assert!(fold.training.iter().all(|s| !fold.validation.contains(s)));
            }
            assert_ne!(made, folds(&data, folded, &mut Rng::new(4)).unwrap());
        }
    }

    #[test]
    fn a_group_is_on_one_side_only() {
        let steps = vec![array![[0.0]]; 20];
        let group = |index: usize| format!("person {}", index % 6);
        let groups: Vec<String> = (0..20).map(group).collect();
        let data = Dataset::unlabelled(&steps).unwrap().with_groups(groups.clone()).unwrap();
        let is_whole = |split: &Split| {
            let sides = [&split.training, &split.validation];
            let names = sides.map(|side| side.iter().map(|&s| &groups[s]).collect::<Vec<_>>());
            assert_eq!(split.training.len() + split.validation.len(), 20);
            assert!(names[0].iter().all(|name| !names[1].contains(name)));
        };
        for seed in 0..5 {
            let made = split(&data, 0.3, &mut Rng::new(seed)).unwrap();
            assert!((3..=6).contains(&made.validation.len()), "{}", made.validation.len());
            is_whole(&made);
            let made = folds(&data, 3, &mut Rng::new(seed)).unwrap();
            made.iter().for_each(is_whole);
            assert!(made.iter().all(|fold| (6..=7).contains(&fold.validation.len())));
        }
        let error = folds(&data, 7, &mut Rng::new(1)).unwrap_err().to_string();
        assert_eq!(error, "folds: expected 2 to 6, the number of groups, got 7");
    }

    /// The folds of scikit-learn 1.7's `TimeSeriesSplit(3)` over 10 samples.
    #[test]
    fn what_is_set_aside_by_time_comes_later() {
        let steps = vec![array![[0.0]]; 10];
        let data = Dataset::unlabelled(&steps).unwrap();
        let data = data.with_time_order((0..10).rev().collect()).unwrap();
        let made = split(&data, 0.3, &mut Rng::new(1)).unwrap();
        assert_eq!(made.validation, [0, 1, 2]);
        let made = folds(&data, 3, &mut Rng::new(1)).unwrap();
        let expected = [(6..10, 4..6), (4..10, 2..4), (2..10, 0..2)];
        for (made, (training, validation)) in made.iter().zip(expected) {
            assert_eq!(made.training, training.collect::<Vec<_>>());
            assert_eq!(made.validation, validation.collect::<Vec<_>>());
        }
        let error = folds(&data, 10, &mut Rng::new(1)).unwrap_err().to_string();
        assert_eq!(error, "folds: expected 2 to 9, one less than the sequences, got 10");
        let data = data.with_groups(vec!["a".into(); 10]).unwrap();
        let error = split(&data, 0.3, &mut Rng::new(1)).unwrap_err().to_string();
        assert_eq!(error, "split: expected random where sequences have groups, got time");
    }

    #[test]
    fn folds_that_cannot_be_are_refused() {
        let data = Dataset::with_labels(&[array![[0.0]], array![[1.0]]], &["a", "b"]).unwrap();
        for count in [0, 1, 3] {
            let error = folds(&data, count, &mut Rng::new(1)).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("folds: expected 2 to 2, the number of sequences, got {count}")
            );
        }
    }
}
