//! The GRU between its products, with any functions and bounded pre-activations.
//!
//! The formulas are those of [`gru`](super::gru), the parts of a step as well. The trace is the
//! pre-activations `[a_r a_z a_n q]`, with the reset after the product `a_n` without `r⊙q`; the functions
//! are computed again on the way back. With the reset before the product, `q = r⊙h_{t-1}` is computed
//! again too, and no part of the trace.

use std::ops::Range;

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::curve::{ClippedCurve, curve_forward};
use crate::pointwise::gru::{GruBackwardPart, GruForwardPart};
use crate::pointwise::piece::{
    AddProduct, Known, Multiply, PIECE, Piece, of, of_mut, pieces, value_at,
};
use crate::vector::Lane;

/// Which GRU is computed.
#[derive(Clone, Copy, Debug)]
pub struct GruVariant {
    /// H.
    pub hidden_size: usize,
    /// Of r and z.
    pub gate: ClippedCurve,
    /// Of n, φ.
    pub candidate: ClippedCurve,
}

/// The operands of one row of a part of a step forward.
#[derive(Debug)]
pub struct GruVariantForward<'a, T> {
    /// The units to be computed.
    pub units: Range<usize>,
    /// Pre-activations `[a_r a_z a_n q]`; with the reset before the product, its first part writes q.
    pub gates: &'a mut [T],
    /// Becomes the pre-activations, if wanted.
    pub trace: Option<&'a mut [T]>,
    /// `h_{t-1}`, `[H]`.
    pub previous: &'a [T],
    /// What n is multiplied by, `[H]`, if anything.
    pub candidate_factors: Option<&'a [T]>,
    /// Becomes `h_t`, `[H]`; the second part of the reset before the product finds a_n here.
    pub state: &'a mut [T],
}

/// The operands of one row of a part of a step backward.
#[derive(Debug)]
pub struct GruVariantBackward<'a, T> {
    /// The units to be computed.
    pub units: Range<usize>,
    /// The trace, which becomes the deltas; see [`GruBackwardPart`].
    pub deltas: &'a mut [T],
    /// `h_{t-1}`, `[H]`.
    pub previous: &'a [T],
    /// What n is multiplied by, `[H]`, if anything.
    pub candidate_factors: Option<&'a [T]>,
    /// `dh_t`, `[H]`; becomes `dh_t⊙z` in the first part of the reset before the product.
    pub grad_state: &'a mut [T],
    /// Becomes the pointwise part of `dh_{t-1}`, `[H]`; holds dq before the second part of the reset
    /// before the product.
    pub grad_previous: &'a mut [T],
}

/// The places of the parts of a row: r, z, n and q.
fn places(size: usize) -> [usize; 4] {
    [0, size, 2 * size, 3 * size]
}

/// One row of a part of a step.
///
/// # Panics
///
/// Slices that are too short.
pub(crate) fn gru_variant_forward<T: Float + Lane>(
    level: Level,
    variant: &GruVariant,
    part: GruForwardPart,
    row: GruVariantForward<'_, T>,
) {
    let GruVariantForward { units, gates, mut trace, previous, candidate_factors, state } = row;
    let [r, z, n, q] = places(variant.hidden_size);
    for piece in pieces(units) {
        let mut keep = |place: usize, values: &[T]| {
            if let Some(trace) = trace.as_deref_mut() {
                of_mut(trace, place, &piece).copy_from_slice(values);
            }
        };
        let (before, next) = (&previous[piece.clone()], &mut state[piece.clone()]);
        match part {
            GruForwardPart::After => {
                [r, z, n, q].into_iter().for_each(|place| keep(place, of(gates, place, &piece)));
                let reset = value_at(level, variant.gate, of(gates, r, &piece));
                next.copy_from_slice(of(gates, n, &piece));
                let (reset, values) = (&reset[..piece.len()], of(gates, q, &piece));
                dispatch(level, AddProduct { target: &mut *next, factors: [reset, values] });
            }
            GruForwardPart::BeforeGates => {
                [r, z].into_iter().for_each(|place| keep(place, of(gates, place, &piece)));
                let reset = value_at(level, variant.gate, of(gates, r, &piece));
                let target = of_mut(gates, q, &piece);
                for ((q, r), h) in target.iter_mut().zip(&reset).zip(before) {
                    *q = *r * *h;
                }
                continue;
            }
            GruForwardPart::BeforeState => keep(n, next),
        }
        curve_forward(level, variant.candidate, next);
        if let Some(factors) = candidate_factors {
            dispatch(level, Multiply { target: &mut *next, factor: &factors[piece.clone()] });
        }
        let update = value_at(level, variant.gate, of(gates, z, &piece));
        dispatch(level, Blend { update: &update[..piece.len()], before, next });
    }
}

/// `next = z⊙h_{t-1} + (1-z)⊙n`, n being what `next` holds.
struct Blend<'a, T> {
    update: &'a [T],
    before: &'a [T],
    next: &'a mut [T],
}

impl<T: Float> Kernel for Blend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((next, z), h) in self.next.iter_mut().zip(self.update).zip(self.before) {
            *next = z.mul_add(*h, (T::ONE - *z) * *next);
        }
    }
}

/// One row of a part of a step back.
///
/// # Panics
///
/// Slices that are too short.
pub(crate) fn gru_variant_backward<T: Float + Lane>(
    level: Level,
    variant: &GruVariant,
    part: GruBackwardPart,
    row: GruVariantBackward<'_, T>,
) {
    let GruVariantBackward { units, deltas, previous, candidate_factors, .. } = row;
    let (grad_state, grad_previous) = (row.grad_state, row.grad_previous);
    for piece in pieces(units) {
        let back = PieceBackward {
            deltas: &mut *deltas,
            before: &previous[piece.clone()],
            candidate_factors: candidate_factors.map(|factors| &factors[piece.clone()]),
            grad: &mut grad_state[piece.clone()],
            grad_previous: &mut grad_previous[piece.clone()],
            piece,
        };
        match part {
            GruBackwardPart::After => back.after(level, variant),
            GruBackwardPart::BeforeCandidate => back.before_candidate(level, variant),
            GruBackwardPart::BeforeReset => back.before_reset(level, variant),
        }
    }
}

/// A piece of a row on its way back.
struct PieceBackward<'a, T> {
    piece: Range<usize>,
    deltas: &'a mut [T],
    before: &'a [T],
    candidate_factors: Option<&'a [T]>,
    grad: &'a mut [T],
    grad_previous: &'a mut [T],
}

impl<T: Float + Lane> PieceBackward<'_, T> {
    fn known(&self, level: Level, function: ClippedCurve, place: usize) -> Known<T> {
        Known::at(level, function, of(self.deltas, place, &self.piece))
    }

    /// n, multiplied by its factors.
    fn candidate(&self, level: Level, function: ClippedCurve, arguments: &[T]) -> Known<T> {
        let mut known = Known::at(level, function, arguments);
        if let Some(factors) = self.candidate_factors {
            known.scale(factors);
        }
        known
    }

    fn store(&mut self, place: usize, values: &Piece<T>) {
        let len = self.piece.len();
        of_mut(self.deltas, place, &self.piece).copy_from_slice(&values[..len]);
    }

    fn after(mut self, level: Level, variant: &GruVariant) {
        let [r, z, n, q] = places(variant.hidden_size);
        let len = self.piece.len();
        let reset = self.known(level, variant.gate, r);
        let mut a_n = [T::ZERO; PIECE];
        a_n[..len].copy_from_slice(of(self.deltas, n, &self.piece));
        let factors = [&reset.value[..len], of(self.deltas, q, &self.piece)];
        dispatch(level, AddProduct { target: &mut a_n[..len], factors });
        let candidate = self.candidate(level, variant.candidate, &a_n[..len]);
        let update = self.known(level, variant.gate, z);
        let Update { d_z, d_n, kept } = self.update(level, &update, &candidate);
        self.grad_previous.copy_from_slice(&kept[..len]);
        let (mut d_r, mut d_q) = (d_n, d_n);
        dispatch(
            level,
            Multiply { target: &mut d_r[..len], factor: of(self.deltas, q, &self.piece) },
        );
        dispatch(level, Multiply { target: &mut d_r, factor: &reset.slope });
        dispatch(level, Multiply { target: &mut d_q, factor: &reset.value });
        for (place, values) in [(r, &d_r), (z, &d_z), (n, &d_n), (q, &d_q)] {
            self.store(place, values);
        }
    }

    fn before_candidate(mut self, level: Level, variant: &GruVariant) {
        let [_, z, n, _] = places(variant.hidden_size);
        let update = self.known(level, variant.gate, z);
        let arguments = of(self.deltas, n, &self.piece);
        let candidate = self.candidate(level, variant.candidate, arguments);
        let Update { d_z, d_n, kept } = self.update(level, &update, &candidate);
        self.grad.copy_from_slice(&kept[..self.piece.len()]);
        self.store(z, &d_z);
        self.store(n, &d_n);
    }

    fn before_reset(mut self, level: Level, variant: &GruVariant) {
        let [r, _, _, q] = places(variant.hidden_size);
        let len = self.piece.len();
        let reset = self.known(level, variant.gate, r);
        let (mut d_r, mut factor) = ([T::ZERO; PIECE], reset.value);
        d_r[..len].copy_from_slice(self.grad_previous);
        dispatch(level, Multiply { target: &mut d_r[..len], factor: self.before });
        dispatch(level, Multiply { target: &mut d_r, factor: &reset.slope });
        dispatch(level, Multiply { target: &mut factor[..len], factor: self.before });
        self.store(r, &d_r);
        self.store(q, &factor);
        // dh_t⊙z + dq⊙r
        dispatch(level, Multiply { target: &mut *self.grad_previous, factor: &reset.value[..len] });
        for (target, kept) in self.grad_previous.iter_mut().zip(&*self.grad) {
            *target += *kept;
        }
    }

    /// Through `h_t = z⊙h_{t-1} + (1-z)⊙n`.
    fn update(&self, level: Level, update: &Known<T>, candidate: &Known<T>) -> Update<T> {
        let mut out =
            Update { d_z: [T::ZERO; PIECE], d_n: [T::ZERO; PIECE], kept: [T::ZERO; PIECE] };
        let (before, grad) = (self.before, &*self.grad);
        dispatch(level, ThroughUpdate { update, candidate, before, grad, out: &mut out });
        out
    }
}

/// dz, dn and `dh_t⊙z`.
struct Update<T> {
    d_z: Piece<T>,
    d_n: Piece<T>,
    kept: Piece<T>,
}

struct ThroughUpdate<'a, T> {
    update: &'a Known<T>,
    candidate: &'a Known<T>,
    before: &'a [T],
    grad: &'a [T],
    out: &'a mut Update<T>,
}

impl<T: Float> Kernel for ThroughUpdate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let ThroughUpdate { update, candidate, before, grad, out } = self;
        for (k, (dh, h)) in grad.iter().zip(before).enumerate() {
            let (z, n) = (update.value[k], candidate.value[k]);
            out.d_n[k] = *dh * (T::ONE - z) * candidate.slope[k];
            out.d_z[k] = *dh * (*h - n) * update.slope[k];
            out.kept[k] = *dh * z;
        }
    }
}
