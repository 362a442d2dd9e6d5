//! Optimisers, gradients and their norm: one pass over flat slices.

mod rules;

pub use rules::{
    Adagrad, CentredRmsProp, Entry, EntryRule, MomentumRmsProp, NAdam, RmsProp, move_mean,
    step_entries,
};
pub(crate) use rules::{MoveMean, StepEntries};

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;

/// `g = ±∇L + λ p`, the gradient that every rule goes by.
#[derive(Clone, Copy, Debug)]
pub struct Slope<T> {
    /// 1 to go down, −1 to go up.
    pub sign: T,
    /// λ.
    pub decay: T,
}

impl<T: Float> Slope<T> {
    #[inline(always)]
    fn at(self, parameter: T, grad: T) -> T {
        self.sign * grad + self.decay * parameter
    }
}

/// The factors of one step of Adam.
#[derive(Clone, Copy, Debug)]
pub struct AdamFactors<T> {
    /// Sign and decay.
    pub slope: Slope<T>,
    /// What is left of the parameter before the step: 1, or less where decay is decoupled.
    pub shrink: T,
    /// `1 − β₁`.
    pub blend: T,
    /// β₂.
    pub keep: T,
    /// `1 − β₂`.
    pub share: T,
    /// `η / (1 − β₁ᵗ)`.
    pub rate: T,
    /// `√(1 − β₂ᵗ)`.
    pub spread: T,
    /// ε.
    pub epsilon: T,
}

/// What a step of Adam changes, entry by entry.
#[derive(Debug)]
pub struct AdamState<'a, T> {
    /// p.
    pub parameters: &'a mut [T],
    /// m.
    pub mean: &'a mut [T],
    /// v.
    pub square: &'a mut [T],
    /// u, the largest v so far: AMSGrad. v itself without it.
    pub largest: Option<&'a mut [T]>,
}

/// One step of Adam.
///
/// ```text
/// m ← m + blend (g − m)     v ← keep v + share g²     p ← shrink p − rate m / (√u / spread + ε)
/// ```
///
/// # Panics
///
/// Slices of different length.
pub fn adam<T: Compiled>(
    level: Level,
    factors: AdamFactors<T>,
    grad: &[T],
    state: AdamState<'_, T>,
) {
    let lengths = [state.parameters.len(), state.mean.len(), state.square.len()];
    assert!(lengths.iter().all(|len| *len == grad.len()), "slices of one length");
    let AdamState { parameters, mean, square, largest } = state;
    match largest {
        None => run(level, Adam { factors, grad, parameters, mean, square }),
        Some(largest) => {
            assert_eq!(largest.len(), grad.len(), "slices of one length");
            let adam = Adam { factors, grad, parameters, mean, square };
            run(level, AmsGrad { adam, largest });
        }
    }
}

pub(crate) struct Adam<'a, T> {
    factors: AdamFactors<T>,
    grad: &'a [T],
    parameters: &'a mut [T],
    mean: &'a mut [T],
    square: &'a mut [T],
}

impl<T: Float> AdamFactors<T> {
    /// The new m and v.
    #[inline(always)]
    fn moments(&self, parameter: T, grad: T, mean: T, square: T) -> (T, T) {
        let g = self.slope.at(parameter, grad);
        (mean + self.blend * (g - mean), self.keep * square + self.share * g * g)
    }

    #[inline(always)]
    fn change(&self, mean: T, square: T) -> T {
        self.rate * mean / (square.sqrt() / self.spread + self.epsilon)
    }
}

impl<T: Float> Kernel for Adam<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        adam_loop(self.factors, self.grad, self.parameters, self.mean, self.square);
    }
}

// The slices are arguments, each on its own: that tells the compiler that the written ones overlap no
// other, so that it makes vector code without comparing addresses first.
#[inline(always)]
fn adam_loop<T: Float>(f: AdamFactors<T>, grad: &[T], p: &mut [T], m: &mut [T], v: &mut [T]) {
    let n = grad.len();
    let (p, m, v) = (&mut p[..n], &mut m[..n], &mut v[..n]);
    for i in 0..n {
        (m[i], v[i]) = f.moments(p[i], grad[i], m[i], v[i]);
        p[i] = f.shrink * p[i] - f.change(m[i], v[i]);
    }
}

pub(crate) struct AmsGrad<'a, T> {
    adam: Adam<'a, T>,
    largest: &'a mut [T],
}

impl<T: Float> Kernel for AmsGrad<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Adam { factors: f, grad, parameters: p, mean: m, square: v } = self.adam;
        let n = grad.len();
        let (p, m, v, u) = (&mut p[..n], &mut m[..n], &mut v[..n], &mut self.largest[..n]);
        for i in 0..n {
            (m[i], v[i]) = f.moments(p[i], grad[i], m[i], v[i]);
            // Not `max`, which would forget a NaN.
            u[i] = if v[i] <= u[i] { u[i] } else { v[i] };
            p[i] = f.shrink * p[i] - f.change(m[i], u[i]);
        }
    }
}

/// What gradient descent does with its moment m.
#[derive(Debug)]
pub enum Descent<'a, T> {
    /// `p ← p − rate g`
    Plain,
    /// `m ← factor m + share g`, `p ← p − rate m`
    Classical {
        /// What m keeps of itself.
        factor: T,
        /// What it takes of g.
        share: T,
        /// m.
        moment: &'a mut [T],
    },
    /// `m ← factor m + g`, `p ← p − rate (g + factor m)`
    Nesterov {
        /// What m keeps of itself.
        factor: T,
        /// m.
        moment: &'a mut [T],
    },
}

/// How a step of gradient descent is made.
#[derive(Debug)]
pub struct DescentStep<'a, T> {
    /// The learning rate.
    pub rate: T,
    /// What is descended.
    pub slope: Slope<T>,
    /// What is done with the moment.
    pub descent: Descent<'a, T>,
}

/// One step of gradient descent.
///
/// # Panics
///
/// Slices of different length.
pub fn descend<T: Compiled>(
    level: Level,
    step: DescentStep<'_, T>,
    grad: &[T],
    parameters: &mut [T],
) {
    let moments = match &step.descent {
        Descent::Plain => grad.len(),
        Descent::Classical { moment, .. } | Descent::Nesterov { moment, .. } => moment.len(),
    };
    assert!(parameters.len() == grad.len() && moments == grad.len(), "slices of one length");
    run(level, Descend { step, grad, parameters });
}

pub(crate) struct Descend<'a, T> {
    step: DescentStep<'a, T>,
    grad: &'a [T],
    parameters: &'a mut [T],
}

impl<T: Float> Kernel for Descend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Descend { step: DescentStep { rate, slope, descent }, grad, parameters } = self;
        let entries = parameters.iter_mut().zip(grad);
        match descent {
            Descent::Plain => {
                for (p, &g) in entries {
                    *p -= rate * slope.at(*p, g);
                }
            }
            Descent::Classical { factor, share, moment } => {
                for ((p, &g), m) in entries.zip(moment) {
                    *m = factor * *m + share * slope.at(*p, g);
                    *p -= rate * *m;
                }
            }
            Descent::Nesterov { factor, moment } => {
                for ((p, &g), m) in entries.zip(moment) {
                    let g = slope.at(*p, g);
                    *m = factor * *m + g;
                    *p -= rate * (g + factor * *m);
                }
            }
        }
    }
}

/// What a sum takes of each value x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Summand {
    /// `|x|`
    Absolute,
    /// `x²`
    Square,
    /// `(x / unit)²`
    SquareIn {
        /// What x is measured in.
        unit: f64,
    },
    /// `|x / unit|^exponent`
    PowerIn {
        /// What x is measured in.
        unit: f64,
        /// p.
        exponent: f64,
    },
}

/// `Σ summand(value)` in f64, in eight interleaved sums: a single one would wait for each addition.
pub fn interleaved_sum<T: Compiled>(level: Level, values: &[T], summand: Summand) -> f64 {
    let mut sum = 0.0;
    run(level, InterleavedSum { values, summand, sum: &mut sum });
    sum
}

pub(crate) struct InterleavedSum<'a, T> {
    values: &'a [T],
    summand: Summand,
    sum: &'a mut f64,
}

impl<T: Float> Kernel for InterleavedSum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let InterleavedSum { values, summand, sum } = self;
        *sum = match summand {
            Summand::Absolute => sum_of(values, |size| size),
            Summand::Square => sum_of(values, |size| size * size),
            Summand::SquareIn { unit } => sum_of(values, |size| (size / unit) * (size / unit)),
            Summand::PowerIn { unit, exponent } => {
                sum_of(values, |size| libm::pow(size / unit, exponent))
            }
        };
    }
}

#[inline(always)]
fn sum_of<T: Float>(values: &[T], term: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += term(value.abs().to_f64());
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += term(value.abs().to_f64());
    }
    sums.iter().sum()
}

/// `values *= factor`, multiplied in f64: the factor may be too small for f32.
pub fn scale_in_f64<T: Compiled>(level: Level, values: &mut [T], factor: f64) {
    run(level, ScaleInF64 { values, factor });
}

pub(crate) struct ScaleInF64<'a, T> {
    values: &'a mut [T],
    factor: f64,
}

impl<T: Float> Kernel for ScaleInF64<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.values {
            *value = T::from_f64(value.to_f64() * self.factor);
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "results are tested for being the same bits")]
mod tests;
