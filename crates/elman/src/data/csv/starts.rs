//! When the sequences begin, for a split by time.

use std::cmp::Ordering;

use super::time::Time;

/// The first time of each sequence so far.
#[derive(Default)]
pub(super) struct Starts {
    times: Vec<Time>, // [N]
}

impl Starts {
    /// Takes the time of a row; sequences come in their order.
    pub(super) fn see(&mut self, sequence: usize, time: &Time) {
        match self.times.get_mut(sequence) {
            None => self.times.push(time.clone()),
            Some(first) if time.order(first) == Some(Ordering::Less) => first.clone_from(time),
            Some(_) => {}
        }
    }

    /// A time that further ones can be compared with.
    pub(super) fn any(&self) -> Option<&Time> {
        self.times.first()
    }

    /// How many sequences begin before each.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        let compare =
            |a: usize, b: usize| self.times[a].order(&self.times[b]).unwrap_or(Ordering::Equal);
        order.sort_by(|&a, &b| compare(a, b));
        let mut places = vec![0; order.len()];
        for (index, &sequence) in order.iter().enumerate() {
            places[sequence] = match index.checked_sub(1).map(|before| order[before]) {
                Some(before) if compare(before, sequence).is_eq() => places[before],
                _ => index,
            };
        }
        places
    }
}
