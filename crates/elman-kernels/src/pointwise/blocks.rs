//! Formulas over rows: whole vectors, and the rest under a mask or one by one.

use std::ops::{Add, Deref, Div, Mul, Neg, Sub};

use crate::float::Float;
use crate::level::Level;
use crate::vector::{Arithmetic, Lane, Lanes, Vector};

/// A row that a formula is applied to, some neighbouring values at a time.
pub(crate) trait Blocks<T: Float> {
    /// How many values.
    fn len(&self) -> usize;

    /// The formula for the values from `at` on: as many as `B` holds, or as there are. All of them are
    /// loaded before one is stored: a store under a mask holds up whatever is loaded from the 64 bytes
    /// from its start, of the neighbouring part of a row too.
    fn block<B: Block<Element = T>>(&mut self, at: usize);
}

/// How the values of one block come into vectors, and out again.
pub(crate) trait Block {
    /// The element type.
    type Element: Float + Lane;
    /// Where the formula computes.
    type Vector: Arithmetic<Element = Self::Element>;

    /// The values from `at` on.
    fn load(values: &[Self::Element], at: usize) -> Self::Vector;
    /// Writes the values from `at` on.
    fn store(vector: Self::Vector, target: &mut [Self::Element], at: usize);
}

/// All lanes of `N` vectors.
struct Whole<V, const N: usize>(V);

impl<V: Vector, const N: usize> Block for Whole<V, N> {
    type Element = V::Element;
    type Vector = Group<V, N>;

    #[inline(always)]
    fn load(values: &[V::Element], at: usize) -> Group<V, N> {
        let values = &values[at..][..N * V::LANES];
        let mut vectors = [V::splat(V::Element::ZERO); N];
        for v in 0..N {
            vectors[v] = V::load(&values[v * V::LANES..]);
        }
        Group(vectors)
    }
    #[inline(always)]
    fn store(Group(vectors): Group<V, N>, target: &mut [V::Element], at: usize) {
        let target = &mut target[at..][..N * V::LANES];
        for v in 0..N {
            vectors[v].store(&mut target[v * V::LANES..]);
        }
    }
}

/// The lanes of `N` vectors up to the end of the row.
struct Rest<V, const N: usize>(V);

impl<V: Vector, const N: usize> Block for Rest<V, N> {
    type Element = V::Element;
    type Vector = Group<V, N>;

    #[inline(always)]
    fn load(values: &[V::Element], at: usize) -> Group<V, N> {
        Group(V::load_some::<N>(&values[at..]))
    }
    // What was written under a mask cannot be read again before it is in the cache, so only the last
    // vector is.
    #[inline(always)]
    fn store(Group(vectors): Group<V, N>, target: &mut [V::Element], at: usize) {
        let target = &mut target[at..];
        for v in 0..N {
            let Some(target) = target.get_mut(v * V::LANES..) else { break };
            if target.len() >= V::LANES {
                vectors[v].store(target);
            } else {
                V::store_some::<1>([vectors[v]], target);
            }
        }
    }
}

/// `N` vectors. Functions run from their first operation to their last for one vector after the
/// other: chains that wait for themselves stand next to each other, close enough for the processor to run
/// them at once, and what lies between them fits the registers.
#[derive(Clone, Copy)]
pub(crate) struct Group<V, const N: usize>([V; N]);

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<V: Vector, const N: usize> $trait for Group<V, N> {
            type Output = Self;
            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for v in 0..N {
                    self.0[v] = self.0[v].$method(other.0[v]);
                }
                self
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<V: Vector, const N: usize> Neg for Group<V, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(mut self) -> Self {
        for vector in &mut self.0 {
            *vector = -*vector;
        }
        self
    }
}

impl<V: Vector, const N: usize> Arithmetic for Group<V, N> {
    type Element = V::Element;
    type Mask = [V::Mask; N];

    #[inline(always)]
    fn splat(value: V::Element) -> Self {
        Group([V::splat(value); N])
    }
    #[inline(always)]
    fn mul_add(mut self, factor: Self, term: Self) -> Self {
        for v in 0..N {
            self.0[v] = self.0[v].mul_add(factor.0[v], term.0[v]);
        }
        self
    }
    #[inline(always)]
    fn abs(mut self) -> Self {
        for vector in &mut self.0 {
            *vector = vector.abs();
        }
        self
    }
    #[inline(always)]
    fn clamp_below(mut self, lowest: Self) -> Self {
        for v in 0..N {
            self.0[v] = self.0[v].clamp_below(lowest.0[v]);
        }
        self
    }
    #[inline(always)]
    fn clamp_above(mut self, highest: Self) -> Self {
        for v in 0..N {
            self.0[v] = self.0[v].clamp_above(highest.0[v]);
        }
        self
    }
    #[inline(always)]
    fn less(self, other: Self) -> [V::Mask; N] {
        let mut masks = [self.0[0].less(other.0[0]); N];
        for v in 0..N {
            masks[v] = self.0[v].less(other.0[v]);
        }
        masks
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> [V::Mask; N] {
        let mut masks = [self.0[0].at_most(other.0[0]); N];
        for v in 0..N {
            masks[v] = self.0[v].at_most(other.0[v]);
        }
        masks
    }
    #[inline(always)]
    fn select(masks: [V::Mask; N], mut yes: Self, no: Self) -> Self {
        for v in 0..N {
            yes.0[v] = V::select(masks[v], yes.0[v], no.0[v]);
        }
        yes
    }
    #[inline(always)]
    fn tanh(mut self) -> Self {
        for vector in &mut self.0 {
            *vector = vector.tanh();
        }
        self
    }
    #[inline(always)]
    fn sigmoid(mut self) -> Self {
        for vector in &mut self.0 {
            *vector = vector.sigmoid();
        }
        self
    }
    #[inline(always)]
    fn map_slices(mut self, function: impl Fn(Level, &mut [V::Element]) + Copy) -> Self {
        for vector in &mut self.0 {
            *vector = vector.map_slices(function);
        }
        self
    }
    #[inline(always)]
    fn zip_slices(
        mut self,
        other: Self,
        function: impl Fn(Level, &mut [V::Element], &[V::Element]) + Copy,
    ) -> Self {
        for v in 0..N {
            self.0[v] = self.0[v].zip_slices(other.0[v], function);
        }
        self
    }
}

/// The whole row.
#[inline(always)]
pub(crate) fn each_block<V: Vector>(row: &mut impl Blocks<V::Element>) {
    let (len, mut at) = (row.len(), 0);
    while at + 2 * V::LANES <= len {
        row.block::<Whole<V, 2>>(at);
        at += 2 * V::LANES;
    }
    if V::MASKS {
        match (len - at).div_ceil(V::LANES) {
            0 => {}
            1 => row.block::<Rest<V, 1>>(at),
            _ => row.block::<Rest<V, 2>>(at),
        }
    } else {
        if at + V::LANES <= len {
            row.block::<Whole<V, 1>>(at);
            at += V::LANES;
        }
        for at in at..len {
            row.block::<Whole<Lanes<V::Element, 1>, 1>>(at);
        }
    }
}

/// One vector of each of some rows.
#[inline(always)]
pub(crate) fn load_all<B: Block, const N: usize>(
    rows: &[impl Deref<Target = [B::Element]>; N],
    at: usize,
) -> [B::Vector; N] {
    let mut vectors = [B::Vector::splat(B::Element::ZERO); N];
    for n in 0..N {
        vectors[n] = B::load(&rows[n], at);
    }
    vectors
}

/// One vector to each of some rows.
#[inline(always)]
pub(crate) fn store_all<B: Block, const N: usize>(
    vectors: [B::Vector; N],
    rows: &mut [&mut [B::Element]; N],
    at: usize,
) {
    for n in 0..N {
        B::store(vectors[n], rows[n], at);
    }
}
