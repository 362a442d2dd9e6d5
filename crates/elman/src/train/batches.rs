//! Mini-batches of sequences of similar length, in another order each epoch.
//!
//! Sequences in one batch are padded to the longest of them. The kernels do not compute padding,
//! but a batch whose rows end together keeps their register blocks full, and its arrays are small.
//! Sorting by length alone would put the same sequences together in every epoch, so each length is
//! first multiplied by a random factor between 1 - [`SPREAD`] and 1 + [`SPREAD`]: sequences of
//! similar length trade places, and those of equal length are shuffled altogether. The sorted
//! sequences are cut in batches, and the batches are put in a random order; which batch is the
//! smaller one, where there is a rest, is random as well.

use crate::rng::Rng;

/// How far a sequence may stray in the order of lengths.
const SPREAD: f64 = 0.25;

/// The batches of one epoch: indices into `lengths`, each once.
///
/// The same `rng` state gives the same batches.
pub(super) fn batches(lengths: &[usize], batch_size: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut keyed: Vec<(f64, usize)> = (0..lengths.len()).map(|index| (0.0, index)).collect();
    rng.shuffle(&mut keyed);
    for (key, index) in &mut keyed {
        *key = lengths[*index] as f64 * (1.0 + SPREAD * (2.0 * rng.uniform() - 1.0));
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let order: Vec<usize> = keyed.into_iter().map(|(_, index)| index).collect();
    let mut batches = cut(&order, batch_size.max(1), rng);
    rng.shuffle(&mut batches);
    batches
}

/// Cuts `order` in batches; the smaller one stands at a random place.
fn cut(order: &[usize], batch_size: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let rest = order.len() % batch_size;
    let full = order.len() / batch_size;
    let split = rng.below(full + 1) * batch_size;
    let (before, after) = order.split_at(split);
    let (small, after) = after.split_at(rest);
    let pieces = before.chunks(batch_size).chain([small]).chain(after.chunks(batch_size));
    pieces.filter(|piece| !piece.is_empty()).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_is_in_one_batch_and_sizes_differ_by_the_rest_alone() {
        for (count, batch_size) in [(0, 4), (1, 4), (3, 4), (4, 4), (270, 16), (7, 1), (5, 100)] {
            let lengths: Vec<usize> = (0..count).map(|index| index * 7 % 23).collect();
            let batches = batches(&lengths, batch_size, &mut Rng::new(3));
            let mut all: Vec<usize> = batches.concat();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            let small = batches.iter().filter(|batch| batch.len() != batch_size).count();
            assert_eq!(small, usize::from(count % batch_size != 0), "{count} by {batch_size}");
        }
    }

    #[test]
    fn lengths_in_a_batch_are_similar() {
        let lengths: Vec<usize> = (0..1000).map(|index| 1 + index * 37 % 1000).collect();
        for batch in batches(&lengths, 10, &mut Rng::new(5)) {
            let chosen = batch.iter().map(|&index| lengths[index] as f64);
            let (shortest, longest) =
                chosen.fold((f64::MAX, 0.0f64), |(low, high), l| (low.min(l), high.max(l)));
            // The two extremes of one sorting key are 1.25 / 0.75 apart; a batch spans 1 % of the
            // keys, a few at the low end.
            assert!(longest <= shortest * 1.25 / 0.75 + 15.0, "{shortest} with {longest}");
        }
    }

    #[test]
    fn epochs_differ_and_seeds_decide() {
        let lengths = [5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10];
        let mut rng = Rng::new(1);
        let first = batches(&lengths, 3, &mut rng);
        assert_ne!(first, batches(&lengths, 3, &mut rng));
        assert_eq!(first, batches(&lengths, 3, &mut Rng::new(1)));
        assert_ne!(first, batches(&lengths, 3, &mut Rng::new(2)));
    }
}
