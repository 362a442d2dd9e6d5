//! The least value of a smooth convex function.

use std::collections::VecDeque;

/// How many steps the curvature is estimated from.
const MEMORY: usize = 10;
const MOST_STEPS: usize = 300;
/// The largest slope of a minimum.
const FLAT: f64 = 1e-7;

/// A step and how the slope changed along it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
}

/// Where `value`, which writes its gradient, is least: L-BFGS from `start` with halved steps.
///
/// Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithm 7.5.
pub(super) fn minimize(
    start: Vec<f64>,
    mut value: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let mut here = start;
    let mut slope = vec![0.0; here.len()];
    let mut height = value(&here, &mut slope);
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    let (mut there, mut next_slope) = (here.clone(), slope.clone());
    for _ in 0..MOST_STEPS {
        let steepest = slope.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
        if !steepest.is_finite() || steepest <= FLAT {
            break;
        }
        let direction = downhill(&slope, &pairs);
        let descent = dot(&direction, &slope);
        let mut length = if pairs.is_empty() { 1.0 / steepest.max(1.0) } else { 1.0 };
        loop {
            for ((to, from), step) in there.iter_mut().zip(&here).zip(&direction) {
                *to = from + length * step;
            }
            let next = value(&there, &mut next_slope);
            if next <= height + 1e-4 * length * descent {
                height = next;
                break;
            }
            length /= 2.0;
            if length < 1e-12 {
                return here;
            }
        }
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let pair =
            Pair { step: difference(&there, &here), change: difference(&next_slope, &slope) };
        std::mem::swap(&mut here, &mut there);
        std::mem::swap(&mut slope, &mut next_slope);
        if dot(&pair.step, &pair.change) > 0.0 {
            pairs.push_back(pair);
        }
        if pairs.len() > MEMORY {
            pairs.pop_front();
        }
    }
    here
}

/// The estimate of Newton's direction.
fn downhill(slope: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = dot(&pair.step, &direction) / dot(&pair.step, &pair.change);
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(pair) = pairs.back() {
        let scale = dot(&pair.step, &pair.change) / dot(&pair.change, &pair.change);
        direction.iter_mut().for_each(|value| *value *= scale);
    }
    for (pair, share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = dot(&pair.change, &direction) / dot(&pair.step, &pair.change);
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}
