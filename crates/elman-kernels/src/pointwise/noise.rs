//! What dropout and zoneout do to the states of a row, and to their gradients.

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;

/// `out = left⊙right`
///
/// # Panics
///
/// Slices of different length.
pub fn write_product<T: Compiled>(level: Level, out: &mut [T], left: &[T], right: &[T]) {
    assert!(left.len() == out.len() && right.len() == out.len(), "slices of one length");
    run(level, WriteProduct { out, left, right });
}

/// `grad = factors⊙grad + past`, each with one rounding.
///
/// # Panics
///
/// Slices of different length.
pub fn through_dropout<T: Compiled>(level: Level, grad: &mut [T], factors: &[T], past: &[T]) {
    assert!(factors.len() == grad.len() && past.len() == grad.len(), "slices of one length");
    run(level, ThroughDropout { grad, factors, past });
}

/// `stayed = m⊙grad`, `grad = (1-m)⊙grad`
///
/// # Panics
///
/// Slices of different length.
pub fn split_gradient<T: Compiled>(level: Level, m: &[T], grad: &mut [T], stayed: &mut [T]) {
    assert!(m.len() == grad.len() && stayed.len() == grad.len(), "slices of one length");
    run(level, SplitGradient { m, grad, stayed });
}

/// What m is.
#[derive(Clone, Copy, Debug)]
pub enum Zoneout<'a, T> {
    /// Draws, 0 or 1: a value stays as it was, bit for bit, or is replaced.
    Drawn(&'a [T]),
    /// The probability that a value stays: the expected value is taken.
    Expected(T),
}

/// `state = m⊙previous + (1-m)⊙state`
///
/// # Panics
///
/// Slices of different length.
pub fn zone_out<T: Compiled>(
    level: Level,
    zoneout: Zoneout<'_, T>,
    previous: &[T],
    state: &mut [T],
) {
    let draws = if let Zoneout::Drawn(m) = zoneout { m.len() } else { state.len() };
    assert!(draws == state.len() && previous.len() == state.len(), "slices of one length");
    run(level, ZoneOut { zoneout, previous, state });
}

pub(crate) struct WriteProduct<'a, T> {
    out: &'a mut [T],
    left: &'a [T],
    right: &'a [T],
}

impl<T: Float> Kernel for WriteProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((out, left), right) in self.out.iter_mut().zip(self.left).zip(self.right) {
            *out = *left * *right;
        }
    }
}

pub(crate) struct ThroughDropout<'a, T> {
    grad: &'a mut [T],
    factors: &'a [T],
    past: &'a [T],
}

impl<T: Float> Kernel for ThroughDropout<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((grad, factor), past) in self.grad.iter_mut().zip(self.factors).zip(self.past) {
            *grad = factor.mul_add(*grad, *past);
        }
    }
}

pub(crate) struct SplitGradient<'a, T> {
    m: &'a [T],
    grad: &'a mut [T],
    stayed: &'a mut [T],
}

impl<T: Float> Kernel for SplitGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        split(self.m, self.grad, self.stayed);
    }
}

// The slices are arguments: that tells the compiler that they do not overlap.
#[inline(always)]
fn split<T: Float>(m: &[T], grad: &mut [T], stayed: &mut [T]) {
    for ((grad, stayed), &m) in grad.iter_mut().zip(stayed).zip(m) {
        *stayed = m * *grad;
        *grad = (T::ONE - m) * *grad;
    }
}

pub(crate) struct ZoneOut<'a, T> {
    zoneout: Zoneout<'a, T>,
    previous: &'a [T],
    state: &'a mut [T],
}

impl<T: Float> Kernel for ZoneOut<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let values = self.state.iter_mut().zip(self.previous);
        match self.zoneout {
            Zoneout::Drawn(m) => {
                for ((new, &old), &m) in values.zip(m) {
                    *new = if m > T::ZERO { old } else { *new };
                }
            }
            Zoneout::Expected(m) => {
                for (new, &old) in values {
                    *new = m.mul_add(old, (T::ONE - m) * *new);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "results are tested for being the same bits")]
mod tests {
    use super::*;

    const M: [f32; 5] = [0.0, 1.0, 0.25, 1.0, 0.0];
    const OLD: [f32; 5] = [1.5, -0.0, 2.0, f32::NAN, 0.1];
    const NEW: [f32; 5] = [-2.0, 3.0, 4.0, 5.0, f32::INFINITY];

    #[test]
    fn draws_copy_and_probabilities_mix() {
        for level in Level::supported() {
            let mut state = NEW;
            zone_out(level, Zoneout::Drawn(&M), &OLD, &mut state);
            let bits = state.map(f32::to_bits);
            assert_eq!(bits, [NEW[0], OLD[1], OLD[2], OLD[3], NEW[4]].map(f32::to_bits));
            let mut state = NEW;
            zone_out(level, Zoneout::Expected(0.25), &OLD[..3], &mut state[..3]);
            assert_eq!(state[..3], [-1.125, 2.25, 3.5]);
        }
    }

    #[test]
    fn gradients_are_split_and_pass_dropout() {
        for level in Level::supported() {
            let (mut grad, mut stayed) = ([8.0f64, 6.0, 4.0], [9.0; 3]);
            split_gradient(level, &[0.0, 1.0, 0.25], &mut grad, &mut stayed);
            assert_eq!((grad, stayed), ([8.0, 0.0, 3.0], [0.0, 6.0, 1.0]));
            // One rounding: the product alone would lose the last bit.
            let tiny = f64::EPSILON / 2.0;
            let mut grad = [1.0 + f64::EPSILON, 2.0];
            through_dropout(level, &mut grad, &[1.0 - f64::EPSILON, 0.5], &[-1.0, tiny]);
            assert_eq!(grad, [-f64::EPSILON * f64::EPSILON, 1.0]);
            let mut out = [9.0; 2];
            write_product(level, &mut out, &[2.0, 3.0], &[0.5, -1.0]);
            assert_eq!(out, [1.0, -3.0]);
        }
    }

    #[test]
    #[should_panic(expected = "slices of one length")]
    fn slices_that_do_not_fit_are_refused() {
        write_product(Level::current(), &mut [0.0f32; 2], &[1.0; 3], &[1.0; 2]);
    }
}
