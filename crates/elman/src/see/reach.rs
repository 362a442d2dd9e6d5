//! How far a gradient reaches back through a layer's own recurrence, and whether it grows on the way.
//!
//! ```text
//! reach        r_k = ‖∂L_t/∂s_{t-k}‖ / ‖∂L_t/∂s_t‖
//! exponent     λ = mean over steps of ln(‖v·J_t‖ / ‖v‖),   J_t = ∂s_t/∂s_{t-1}
//! ```
//!
//! s is the state of the layer: h, and c beside it in an LSTM. `∂L_t/∂s_t` is what arrives at the last
//! step in the layer's order of reading whose output the answer uses, and nothing that arrives at
//! earlier steps is added on the way back.

use serde::Serialize;

use super::path::{Path, Walker};
use crate::real::Float;
use crate::rng::Rng;

/// The size below which a gradient counts as lost, relative to where it started.
const LOST: f64 = 0.01;

/// More lags are thinned out.
const MOST_LAGS: usize = 256;

/// Numbers by their mean and quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// A quarter of the numbers is below it.
    pub lower: f64,
    /// Half of the numbers are below it.
    pub median: f64,
    /// Three quarters of the numbers are below it.
    pub upper: f64,
}

impl Spread {
    /// Of some numbers; `None` of none. Quartiles are interpolated as NumPy's are by default.
    #[must_use]
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let below = place.floor();
            let index = (0..last).take_while(|index| (*index as f64) < below).count();
            let (low, high) = (sorted[index], sorted[(index + 1).min(last)]);
            low + (high - low) * (place - below)
        };
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Spread { mean, lower: at(0.25), median: at(0.5), upper: at(0.75) })
    }
}

/// The relative size of the gradient at one lag.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LagNorm {
    /// k, in steps.
    pub lag: usize,
    /// How many sequences are long enough.
    pub sequences: usize,
    /// The relative norm over these sequences.
    pub norm: Spread,
}

/// How far a gradient reaches back through one direction of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// By lag, from 0; of very many lags, each k-th and the last.
    pub lags: Vec<LagNorm>,
    /// The first lag from which on the median stays below 1 %; `None` if it does not within the
    /// sequences.
    pub lost_after: Option<usize>,
}

impl Reach {
    /// Of the relative norms of each sequence by lag.
    pub(super) fn of(norms: &[Vec<f64>]) -> Self {
        let longest = norms.iter().map(Vec::len).max().unwrap_or(0);
        let all: Vec<LagNorm> = (0..longest).filter_map(|lag| at(norms, lag)).collect();
        let reached = all.iter().rev().find(|lag| lag.norm.median >= LOST).map(|lag| lag.lag);
        let lost_after = match (reached, all.last()) {
            (Some(reached), Some(last)) if reached < last.lag => Some(reached + 1),
            _ => None,
        };
        let step = all.len().div_ceil(MOST_LAGS).max(1);
        let last = all.len().saturating_sub(1);
        let kept = |lag: &LagNorm| lag.lag.is_multiple_of(step) || lag.lag == last;
        Reach { lags: all.into_iter().filter(kept).collect(), lost_after }
    }

    /// The largest lag that was measured.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.lags.last().map_or(0, |lag| lag.lag)
    }
}

fn at(norms: &[Vec<f64>], lag: usize) -> Option<LagNorm> {
    let there: Vec<f64> = norms.iter().filter_map(|norms| norms.get(lag).copied()).collect();
    Some(LagNorm { lag, sequences: there.len(), norm: Spread::of(&there)? })
}

/// The relative norms of the gradient by lag along one path, for the gradient of the output of the last
/// step; empty where that is zero.
pub(super) fn relative_norms(walker: &dyn Walker, path: &Path, arriving: &[Vec<f64>]) -> Vec<f64> {
    let Some(start) = arriving.iter().rposition(|grad| norm(grad) > 0.0) else { return Vec::new() };
    let mut grad = arriving[start].clone();
    grad.resize(path.states[0].len(), 0.0);
    let first = norm(&grad);
    let mut norms = vec![1.0];
    // Kept in size, so that a long path does not take it to zero before its share is known.
    let mut log_size = 0.0;
    for t in (0..=start).rev() {
        grad = walker.back(path, t, &grad);
        let size = norm(&grad) / first;
        if size == 0.0 || !size.is_finite() {
            norms.resize(start + 2, if size == 0.0 { 0.0 } else { f64::MAX });
            break;
        }
        log_size += Float::ln(size);
        norms.push(Float::exp(log_size));
        grad.iter_mut().for_each(|value| *value /= size);
    }
    norms
}

/// The largest Lyapunov exponent along a path, per step; `None` on a path too short to tell.
///
/// A random vector is carried back through the Jacobians of the steps, kept at length 1, and its growth
/// averaged, without that of the first quarter, in which it turns into the direction of the largest
/// growth. The products of the transposed Jacobians have the same exponents.
///
/// # Source
///
/// G. Benettin et al., "Lyapunov characteristic exponents for smooth dynamical systems", Meccanica 15
/// (1980), for the first exponent.
pub(super) fn lyapunov_exponent(walker: &dyn Walker, path: &Path, seed: u64) -> Option<f64> {
    let steps = path.traces.len();
    if steps < SHORTEST {
        return None;
    }
    let mut rng = Rng::new(seed);
    let mut vector: Vec<f64> = path.states[0].iter().map(|_| rng.normal()).collect();
    let mut sum = 0.0;
    let counted = steps - steps / 4;
    for t in (0..steps).rev() {
        let size = norm(&vector);
        if size == 0.0 {
            return None;
        }
        vector.iter_mut().for_each(|value| *value /= size);
        vector = walker.back(path, t, &vector);
        if t < counted {
            sum += Float::ln(norm(&vector).max(f64::MIN_POSITIVE));
        }
    }
    Some(sum / counted as f64)
}

/// The steps that an exponent needs.
const SHORTEST: usize = 8;

pub(super) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        // numpy.quantile([4, 1, 3, 2], [0.25, 0.5, 0.75]) is [1.75, 2.5, 3.25].
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(spread, Spread { mean: 2.5, lower: 1.75, median: 2.5, upper: 3.25 });
        let alone = Spread { mean: 7.0, lower: 7.0, median: 7.0, upper: 7.0 };
        assert_eq!(Spread::of(&[7.0]), Some(alone));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_gradient_is_lost_where_its_median_stays_below_a_hundredth() {
        let reach = Reach::of(&[vec![1.0, 0.5, 0.005, 0.02, 0.004, 0.001]]);
        assert_eq!((reach.lost_after, reach.longest()), (Some(4), 5));
        assert_eq!(Reach::of(&[vec![1.0, 0.5]]).lost_after, None);
        assert_eq!(Reach::of(&[]).lags, []);
        let long = Reach::of(&[vec![1.0; 1001]]);
        assert!(long.lags.len() <= MOST_LAGS + 1 && long.longest() == 1000);
    }
}
