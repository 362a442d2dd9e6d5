//! The sum over all alignments of one sequence, forward and backward in time.
//!
//! The labels with a blank before, between and after them are S = 2n + 1 places. An alignment
//! starts at place 0 or 1, at each step stays, goes to the next place, or skips a blank between two
//! different labels, and ends at one of the last two places.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::real::{Float, Real};

/// The places of one sequence.
#[derive(Clone, Copy)]
pub struct Alignment<'a> {
    pub labels: &'a [usize],
    pub blank: usize,
}

impl Alignment<'_> {
    /// The class that is named at a place.
    fn class(&self, place: usize) -> usize {
        if place.is_multiple_of(2) { self.blank } else { self.labels[place / 2] }
    }

    /// Whether an alignment may go from the second place before to this one.
    fn skips_to(&self, place: usize) -> bool {
        place >= 3 && !place.is_multiple_of(2) && self.class(place) != self.class(place - 2)
    }
}

/// The tables of one sequence, in the memory of the sequence before.
#[derive(Default)]
pub struct Tables {
    classes: Vec<usize>, // [S]
    skips: Vec<bool>,    // [S]
    /// `ln p_t(c)`.
    log_probabilities: Vec<f64>, // [T, C]
    /// The logarithm of the sum over all ways to be at a place at a step, that step's name included.
    forward: Vec<f64>, // [T, S]
    /// The logarithm of the sum over all ways to go on from a place, this step's name excluded.
    backward: Vec<f64>, // [S]
    class_count: usize,
    /// `ln Σ_π Π_t p_t(π_t)`.
    log_likelihood: f64,
}

impl Tables {
    /// Fills the tables for logits `[T, C]`.
    pub fn fill<T: Real>(&mut self, logits: ArrayView2<'_, T>, alignment: Alignment<'_>) {
        let places = 2 * alignment.labels.len() + 1;
        self.classes.clear();
        self.classes.extend((0..places).map(|place| alignment.class(place)));
        self.skips.clear();
        self.skips.extend((0..places).map(|place| alignment.skips_to(place)));
        self.class_count = logits.ncols();
        self.fill_log_probabilities(logits);
        self.fill_forward(logits.nrows());
        self.log_likelihood = match self.forward.rchunks(places).next() {
            Some(last) => sum_of_logs([last[places - 1], before(last, places - 1, 1), NOTHING]),
            // Without a step there is one alignment, of no label.
            None if places == 1 => 0.0,
            None => NOTHING,
        };
    }

    /// `−ln Σ_π Π_t p_t(π_t)`; infinite where there is no alignment.
    pub fn loss(&self) -> f64 {
        // Minus, but no −0.
        0.0 - self.log_likelihood
    }

    /// Whether the labels have no alignment with the steps.
    pub fn is_impossible(&self) -> bool {
        self.log_likelihood == NOTHING
    }

    fn fill_log_probabilities<T: Real>(&mut self, logits: ArrayView2<'_, T>) {
        self.log_probabilities.clear();
        for row in logits.outer_iter() {
            let max = row.iter().fold(f64::NEG_INFINITY, |max, x| max.max(x.to_f64()));
            let sum: f64 = row.iter().map(|x| Float::exp(x.to_f64() - max)).sum();
            let log_sum = Float::ln(sum);
            self.log_probabilities.extend(row.iter().map(|x| (x.to_f64() - max) - log_sum));
        }
    }

    fn fill_forward(&mut self, steps: usize) {
        let places = self.classes.len();
        self.forward.clear();
        self.forward.resize(steps * places, NOTHING);
        for step in 0..steps {
            let (earlier, now) = self.forward.split_at_mut(step * places);
            let log_probabilities = &self.log_probabilities[step * self.class_count..];
            for place in 0..places {
                let ways = match earlier.rchunks(places).next() {
                    None if place < 2 => 0.0,
                    None => NOTHING,
                    Some(last) => {
                        let skipping =
                            if self.skips[place] { before(last, place, 2) } else { NOTHING };
                        sum_of_logs([last[place], before(last, place, 1), skipping])
                    }
                };
                now[place] = ways + log_probabilities[self.classes[place]];
            }
        }
    }

    /// Writes `scale · ∂L/∂x` `[T, C]`; NaN where there is no alignment.
    pub fn write_gradient<T: Real>(&mut self, scale: f64, mut grad: ArrayViewMut2<'_, T>) {
        if self.is_impossible() {
            grad.fill(T::from_f64(f64::NAN));
            return;
        }
        let (places, steps) = (self.classes.len(), grad.nrows());
        self.backward.clear();
        self.backward.resize(places, NOTHING);
        self.backward[places.saturating_sub(2)..].fill(0.0);
        for step in (0..steps).rev() {
            let log_probabilities = &self.log_probabilities[step * self.class_count..];
            let forward = &self.forward[step * places..][..places];
            let mut row = grad.row_mut(step);
            for (g, log_probability) in row.iter_mut().zip(log_probabilities) {
                *g = T::from_f64(scale * Float::exp(*log_probability));
            }
            for place in 0..places {
                let share = Float::exp(forward[place] + self.backward[place] - self.log_likelihood);
                row[self.classes[place]] -= T::from_f64(scale * share);
            }
            self.step_back(step);
        }
    }

    /// Turns the ways to go on from a step into those from the step before.
    fn step_back(&mut self, step: usize) {
        let log_probabilities = &self.log_probabilities[step * self.class_count..];
        let places = self.classes.len();
        let named = |backward: &[f64], place: usize| match backward.get(place) {
            Some(ways) => ways + log_probabilities[self.classes[place]],
            None => NOTHING,
        };
        // In ascending order each entry is read for the last time when it is overwritten.
        for place in 0..places {
            let skipping = place + 2 < places && self.skips[place + 2];
            let skipped = if skipping { named(&self.backward, place + 2) } else { NOTHING };
            let ways = [named(&self.backward, place), named(&self.backward, place + 1), skipped];
            self.backward[place] = sum_of_logs(ways);
        }
    }
}

/// The logarithm of no way at all.
const NOTHING: f64 = f64::NEG_INFINITY;

/// The entry `by` places before `place`.
fn before(row: &[f64], place: usize, by: usize) -> f64 {
    place.checked_sub(by).map_or(NOTHING, |index| row[index])
}

/// `ln Σ e^x`.
fn sum_of_logs(terms: [f64; 3]) -> f64 {
    let max = terms.iter().fold(NOTHING, |max, &x| max.max(x));
    if max == NOTHING {
        // Nothing at all, or NaN, which `max` passes over.
        return terms.iter().sum();
    }
    let sum: f64 = terms.iter().map(|x| Float::exp(x - max)).sum();
    max + Float::ln(sum)
}
