//! Rules that change one entry at a time: RMSprop, Adagrad, NAdam, and running means.

use std::mem;

use super::Slope;
use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::{Loop, run};

/// A parameter with its M moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<T, const M: usize> {
    /// p.
    pub parameter: T,
    /// The moments, in the order of the rule.
    pub moments: [T; M],
}

/// What a step makes of an entry.
///
/// Mark the implementation `#[inline(always)]`.
pub trait EntryRule<T, const M: usize>: Copy {
    /// The entry after a step along its gradient.
    #[must_use]
    fn step(self, grad: T, entry: Entry<T, M>) -> Entry<T, M>;
}

/// One step of a rule for all entries.
///
/// # Panics
///
/// Slices of different length.
///
/// ```
/// use elman_kernels::Level;
/// use elman_kernels::pointwise::{Adagrad, Slope, step_entries};
///
/// let slope = Slope { sign: 1.0, decay: 0.0 };
/// let (mut parameters, mut sum) = ([1.0], [0.0]);
/// let rule = Adagrad { slope, rate: 0.1, epsilon: 0.0 };
/// step_entries(Level::current(), rule, &[2.0], &mut parameters, [&mut sum]);
/// assert_eq!((parameters, sum), ([0.9], [4.0]));
/// ```
pub fn step_entries<'a, T: Compiled, R: EntryRule<T, M>, const M: usize>(
    level: Level,
    rule: R,
    grad: &'a [T],
    parameters: &'a mut [T],
    moments: [&'a mut [T]; M],
) where
    Loop<'a, T>: From<StepEntries<'a, T, R, M>>,
{
    let fits = moments.iter().all(|moment| moment.len() == grad.len());
    assert!(fits && parameters.len() == grad.len(), "slices of one length");
    run(level, StepEntries { rule, grad, parameters, moments });
}

pub struct StepEntries<'a, T, R, const M: usize> {
    rule: R,
    grad: &'a [T],
    parameters: &'a mut [T],
    moments: [&'a mut [T]; M],
}

impl<T: Float, R: EntryRule<T, M>, const M: usize> Kernel for StepEntries<'_, T, R, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let StepEntries { rule, grad, parameters, mut moments } = self;
        let n = grad.len();
        let parameters = &mut parameters[..n];
        for moment in &mut moments {
            *moment = &mut mem::take(moment)[..n];
        }
        for i in 0..n {
            let mut entry = Entry { parameter: parameters[i], moments: [T::ZERO; M] };
            for m in 0..M {
                entry.moments[m] = moments[m][i];
            }
            let entry = rule.step(grad[i], entry);
            parameters[i] = entry.parameter;
            for m in 0..M {
                moments[m][i] = entry.moments[m];
            }
        }
    }
}

/// RMSprop: `v ← keep v + share g²`, `p ← p − rate g / (√v + ε)`.
///
/// Its moments are v, then ḡ where it is centred, then m where it has momentum.
#[derive(Clone, Copy, Debug)]
pub struct RmsProp<T> {
    /// Sign and decay.
    pub slope: Slope<T>,
    /// α.
    pub keep: T,
    /// `1 − α`.
    pub share: T,
    /// η.
    pub rate: T,
    /// ε.
    pub epsilon: T,
}

impl<T: Float> RmsProp<T> {
    #[inline(always)]
    fn square(self, g: T, square: T) -> T {
        self.keep * square + self.share * g * g
    }

    /// `ḡ ← ḡ + share (g − ḡ)`
    #[inline(always)]
    fn mean(self, g: T, mean: T) -> T {
        mean + self.share * (g - mean)
    }

    /// `√(v − ḡ²) + ε`; rounding may leave less than nothing below the root.
    #[inline(always)]
    fn centred_root(self, square: T, mean: T) -> T {
        let variance = square - mean * mean;
        // Not `max`, which would forget a NaN.
        let variance = if variance < T::ZERO { T::ZERO } else { variance };
        variance.sqrt() + self.epsilon
    }
}

impl<T: Float> EntryRule<T, 1> for RmsProp<T> {
    #[inline(always)]
    fn step(self, grad: T, Entry { parameter, moments: [square] }: Entry<T, 1>) -> Entry<T, 1> {
        let g = self.slope.at(parameter, grad);
        let square = self.square(g, square);
        let change = self.rate * g / (square.sqrt() + self.epsilon);
        Entry { parameter: parameter - change, moments: [square] }
    }
}

/// RMSprop with the mean taken off: `ḡ ← ḡ + share (g − ḡ)`, `p ← p − rate g / (√(v − ḡ²) + ε)`.
#[derive(Clone, Copy, Debug)]
pub struct CentredRmsProp<T>(pub RmsProp<T>);

impl<T: Float> EntryRule<T, 2> for CentredRmsProp<T> {
    #[inline(always)]
    fn step(self, grad: T, entry: Entry<T, 2>) -> Entry<T, 2> {
        let (rule, Entry { parameter, moments: [square, mean] }) = (self.0, entry);
        let g = rule.slope.at(parameter, grad);
        let (square, mean) = (rule.square(g, square), rule.mean(g, mean));
        let change = rule.rate * g / rule.centred_root(square, mean);
        Entry { parameter: parameter - change, moments: [square, mean] }
    }
}

/// RMSprop with momentum: `m ← factor m + g / (√v + ε)`, `p ← p − rate m`.
#[derive(Clone, Copy, Debug)]
pub struct MomentumRmsProp<T> {
    /// The rule without momentum.
    pub rule: RmsProp<T>,
    /// What m keeps of itself.
    pub factor: T,
}

impl<T: Float> EntryRule<T, 2> for MomentumRmsProp<T> {
    #[inline(always)]
    fn step(self, grad: T, entry: Entry<T, 2>) -> Entry<T, 2> {
        let (rule, Entry { parameter, moments: [square, moment] }) = (self.rule, entry);
        let g = rule.slope.at(parameter, grad);
        let square = rule.square(g, square);
        let moment = self.factor * moment + g / (square.sqrt() + rule.epsilon);
        let parameter = parameter - rule.rate * moment;
        Entry { parameter, moments: [square, moment] }
    }
}

impl<T: Float> EntryRule<T, 3> for MomentumRmsProp<T> {
    #[inline(always)]
    fn step(self, grad: T, entry: Entry<T, 3>) -> Entry<T, 3> {
        let (rule, Entry { parameter, moments: [square, mean, moment] }) = (self.rule, entry);
        let g = rule.slope.at(parameter, grad);
        let (square, mean) = (rule.square(g, square), rule.mean(g, mean));
        let moment = self.factor * moment + g / rule.centred_root(square, mean);
        let parameter = parameter - rule.rate * moment;
        Entry { parameter, moments: [square, mean, moment] }
    }
}

/// Adagrad: `s ← s + g²`, `p ← p − rate g / (√s + ε)`. Its moment is s.
#[derive(Clone, Copy, Debug)]
pub struct Adagrad<T> {
    /// Sign and decay.
    pub slope: Slope<T>,
    /// η, after its own decay.
    pub rate: T,
    /// ε.
    pub epsilon: T,
}

impl<T: Float> EntryRule<T, 1> for Adagrad<T> {
    #[inline(always)]
    fn step(self, grad: T, Entry { parameter, moments: [sum] }: Entry<T, 1>) -> Entry<T, 1> {
        let g = self.slope.at(parameter, grad);
        let sum = sum + g * g;
        let change = self.rate * g / (sum.sqrt() + self.epsilon);
        Entry { parameter: parameter - change, moments: [sum] }
    }
}

/// NAdam: `m ← m + blend (g − m)`, `v ← keep v + share g²`,
/// `p ← shrink p − (grad_rate g + mean_rate m) / (√v / spread + ε)`. Its moments are m and v.
#[derive(Clone, Copy, Debug)]
pub struct NAdam<T> {
    /// Sign and decay.
    pub slope: Slope<T>,
    /// What is left of the parameter before the step.
    pub shrink: T,
    /// `1 − β₁`.
    pub blend: T,
    /// β₂.
    pub keep: T,
    /// `1 − β₂`.
    pub share: T,
    /// What a step takes of the gradient.
    pub grad_rate: T,
    /// What a step takes of m.
    pub mean_rate: T,
    /// `√(1 − β₂ᵗ)`.
    pub spread: T,
    /// ε.
    pub epsilon: T,
}

impl<T: Float> EntryRule<T, 2> for NAdam<T> {
    #[inline(always)]
    fn step(self, grad: T, entry: Entry<T, 2>) -> Entry<T, 2> {
        let Entry { parameter, moments: [mean, square] } = entry;
        let g = self.slope.at(parameter, grad);
        let mean = mean + self.blend * (g - mean);
        let square = self.keep * square + self.share * g * g;
        let root = square.sqrt() / self.spread + self.epsilon;
        let change = (self.grad_rate * g + self.mean_rate * mean) / root;
        Entry { parameter: self.shrink * parameter - change, moments: [mean, square] }
    }
}

/// `mean ← mean + share (value − mean)`, entry by entry.
///
/// # Panics
///
/// Slices of different length.
pub fn move_mean<T: Compiled>(level: Level, share: T, values: &[T], mean: &mut [T]) {
    step_entries(level, MoveMean { share }, values, mean, []);
}

#[derive(Clone, Copy)]
pub struct MoveMean<T> {
    share: T,
}

impl<T: Float> EntryRule<T, 0> for MoveMean<T> {
    #[inline(always)]
    fn step(self, value: T, Entry { parameter, moments }: Entry<T, 0>) -> Entry<T, 0> {
        Entry { parameter: parameter + self.share * (value - parameter), moments }
    }
}
