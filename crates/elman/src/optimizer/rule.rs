//! What the rules have in common: their moments, and what a step needs to know.

use std::array;
use std::ops::Range;

use elman_kernels::pointwise::Slope;

use super::{Moment, Objective, OptimizerProgress};
use crate::real::Real;

/// A rule with its settings.
pub trait Rule {
    /// Its moments before the first step, in the order of the kernel.
    fn moments(&self) -> Vec<MomentStart>;

    /// The momentum that a schedule may change; `None` where there is none.
    fn momentum(&self) -> Option<f64>;

    /// Takes the running products to the next step.
    fn advance(&self, advance: Advance<'_>);

    /// One step of some of the parameters.
    fn step<T: Real>(&self, step: Step, slices: Slices<'_, '_, T>);
}

/// A moment before the first step.
pub struct MomentStart {
    pub name: &'static str,
    pub value: f64,
}

impl MomentStart {
    pub fn zero(name: &'static str) -> Self {
        MomentStart { name, value: 0.0 }
    }
}

/// What the running products depend on.
pub struct Advance<'a> {
    /// The number of the step, from 1.
    pub updates: u64,
    /// The momentum of the step, where the rule has one.
    pub momentum: Option<f64>,
    pub products: &'a mut [f64; 2],
}

/// One step of a part of the parameters.
#[derive(Clone, Copy)]
pub struct Step {
    pub rate: f64,
    /// The momentum of the step, where the rule has one.
    pub momentum: Option<f64>,
    pub weight_decay: f64,
    /// After [`Rule::advance`]: this step included.
    pub progress: OptimizerProgress,
}

/// A part of the parameters with all that belongs to it.
pub struct Slices<'a, 'm, T> {
    pub grad: &'a [T],
    pub parameters: &'a mut [T],
    pub moments: Moments<'m, T>,
}

/// The part of each moment.
pub struct Moments<'m, T> {
    moments: &'m mut [Moment<T>],
    range: Range<usize>,
}

impl<'m, T: Real> Moments<'m, T> {
    pub fn new(moments: &'m mut [Moment<T>], range: Range<usize>) -> Self {
        Moments { moments, range }
    }

    /// The first M moments; empty where there are fewer.
    pub fn taken<const M: usize>(self) -> [&'m mut [T]; M] {
        let Moments { moments, range } = self;
        let mut moments = moments.iter_mut();
        array::from_fn(|_| match moments.next() {
            Some(moment) => &mut moment.values.values_mut()[range.clone()],
            None => &mut [],
        })
    }
}

/// The gradient `±∇L + λ p` that the rules go by.
pub fn slope<T: Real>(objective: Objective, weight_decay: f64) -> Slope<T> {
    let sign = match objective {
        Objective::Minimize => T::ONE,
        Objective::Maximize => -T::ONE,
    };
    Slope { sign, decay: T::from_f64(weight_decay) }
}
