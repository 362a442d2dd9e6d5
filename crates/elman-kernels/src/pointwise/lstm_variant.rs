//! The LSTM between its products, with every option: peepholes, a coupled forget gate, bounds, any
//! functions.
//!
//! A row of gates is `[i f o g]`, or `[i o g]` where the forget gate is coupled, each H values. p are the
//! peephole weights, zero without them.
//!
//! ```text
//! a_i += p_i⊙c_{t-1}    a_f += p_f⊙c_{t-1}      i, f = σ(a_i), σ(a_f)  or  f = 1-i      g = φ(a_g)
//! c_t = bounded(f⊙c_{t-1} + i⊙g)                 a_o += p_o⊙c_t     o = σ(a_o)       m_t = o⊙ψ(c_t)
//!
//! da_o = dm⊙ψ(c_t)⊙σ'     dc = (dc_t + dm⊙o⊙ψ'(c_t) + p_o⊙da_o)⊙bounded'
//! da_i = dc⊙g⊙σ'  or  dc⊙(g - c_{t-1})⊙σ'     da_f = dc⊙c_{t-1}⊙σ'     da_g = dc⊙i⊙φ'
//! dc_{t-1} = dc⊙f + p_i⊙da_i + p_f⊙da_f          dp_i = da_i⊙c_{t-1}  dp_f = da_f⊙c_{t-1}  dp_o = da_o⊙c_t
//! ```
//!
//! The trace is the pre-activations; the functions are computed again on the way back. A row is worked
//! through in pieces that fit on the stack ([`piece`](super::piece)).

use std::ops::Range;

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::curve::{ClippedCurve, Curve, bounded, curve_forward};
use crate::pointwise::piece::{AddProduct, Known, Multiply, PIECE, Piece, of, of_mut, pieces};
use crate::vector::Lane;

/// Which LSTM is computed.
#[derive(Clone, Copy, Debug)]
pub struct LstmVariant<'a, T> {
    /// H.
    pub hidden_size: usize,
    /// Of i, f and o.
    pub gate: ClippedCurve,
    /// Of g, φ.
    pub candidate: ClippedCurve,
    /// Of the cell state on its way out, ψ.
    pub output: Curve,
    /// Where `f` comes from.
    pub forget: Forget,
    /// What c_t is bounded to.
    pub cell_clip: Option<f64>,
    /// `[p_i p_f p_o]`, or `[p_i p_o]` where f is coupled; nothing without peepholes.
    pub peepholes: &'a [T],
}

/// Where the forget gate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// From columns of its own.
    Own,
    /// `f = 1 - i`
    Coupled,
}

/// The operands of one row forward.
#[derive(Debug)]
pub struct LstmVariantForward<'a, T> {
    /// The units to be computed.
    pub units: Range<usize>,
    /// Pre-activations, `[i f o g]`; peepholes are added here.
    pub gates: &'a mut [T],
    /// Becomes the pre-activations with their peepholes, if wanted.
    pub trace: Option<&'a mut [T]>,
    /// `c_{t-1}`, `[H]`.
    pub previous: &'a [T],
    /// What g is multiplied by, `[H]`, if anything.
    pub candidate_factors: Option<&'a [T]>,
    /// Becomes `c_t`, `[H]`.
    pub cell: &'a mut [T],
    /// Becomes `m_t`, `[H]`.
    pub hidden: &'a mut [T],
}

/// The operands of one row backward.
#[derive(Debug)]
pub struct LstmVariantBackward<'a, T> {
    /// The units to be computed.
    pub units: Range<usize>,
    /// The trace, which becomes `[da_i da_f da_o da_g]`; behind it, where there are peepholes, their
    /// `[dp_i dp_f dp_o]`.
    pub deltas: &'a mut [T],
    /// `c_{t-1}`, `[H]`.
    pub previous: &'a [T],
    /// What g is multiplied by, `[H]`, if anything.
    pub candidate_factors: Option<&'a [T]>,
    /// `c_t`, `[H]`.
    pub cell: &'a [T],
    /// `dm_t`, `[H]`, which becomes `m_t`.
    pub hidden: &'a mut [T],
    /// `dc_t`, `[H]`.
    pub grad_cell: &'a [T],
    /// Becomes `dc_{t-1}`, `[H]`.
    pub grad_previous: &'a mut [T],
}

/// The places of the gates in a row of parts.
struct Places {
    input: usize,
    forget: Option<usize>,
    output: usize,
    candidate: usize,
}

impl<T: Float> LstmVariant<'_, T> {
    fn places(&self) -> Places {
        let size = self.hidden_size;
        match self.forget {
            Forget::Own => {
                Places { input: 0, forget: Some(size), output: 2 * size, candidate: 3 * size }
            }
            Forget::Coupled => Places { input: 0, forget: None, output: size, candidate: 2 * size },
        }
    }

    /// The peephole weights of a gate.
    fn peephole(&self, place: usize, piece: &Range<usize>) -> Option<&[T]> {
        let of_all = self.peepholes.get(place..)?;
        if of_all.is_empty() { None } else { Some(&of_all[piece.clone()]) }
    }
}

/// One row of a step.
///
/// # Panics
///
/// Slices that are too short.
pub(crate) fn lstm_variant_forward<T: Float + Lane>(
    level: Level,
    variant: &LstmVariant<'_, T>,
    row: LstmVariantForward<'_, T>,
) {
    let LstmVariantForward { units, gates, mut trace, previous, candidate_factors, cell, hidden } =
        row;
    let places = variant.places();
    let gates_before = [Some(places.input), places.forget];
    for piece in pieces(units) {
        let (len, before) = (piece.len(), &previous[piece.clone()]);
        for place in gates_before.into_iter().flatten() {
            if let Some(weights) = variant.peephole(place, &piece) {
                dispatch(
                    level,
                    AddProduct { target: of_mut(gates, place, &piece), factors: [weights, before] },
                );
            }
        }
        let mut values: [Piece<T>; 4] = [[T::ZERO; PIECE]; 4];
        let [i, f, o, g] = &mut values;
        i[..len].copy_from_slice(of(gates, places.input, &piece));
        g[..len].copy_from_slice(of(gates, places.candidate, &piece));
        curve_forward(level, variant.gate, &mut i[..len]);
        curve_forward(level, variant.candidate, &mut g[..len]);
        if let Some(factors) = candidate_factors {
            dispatch(level, Multiply { target: &mut g[..len], factor: &factors[piece.clone()] });
        }
        forget_gate(level, variant, gates, &piece, i, f);
        let c = &mut cell[piece.clone()];
        let clip = variant.cell_clip.map(T::from_f64);
        let [i, f, g] = [&i[..len], &f[..len], &g[..len]];
        dispatch(level, NextCell { i, f, g, before, c: &mut *c, clip });
        if let Some(weights) = variant.peephole(places.output, &piece) {
            let target = of_mut(gates, places.output, &piece);
            dispatch(level, AddProduct { target, factors: [weights, c] });
        }
        o[..len].copy_from_slice(of(gates, places.output, &piece));
        curve_forward(level, variant.gate, &mut o[..len]);
        let m = &mut hidden[piece.clone()];
        m.copy_from_slice(c);
        curve_forward(level, ClippedCurve { curve: variant.output, clip: None }, m);
        dispatch(level, Multiply { target: m, factor: &o[..len] });
        if let Some(trace) = trace.as_deref_mut() {
            let all =
                [Some(places.input), places.forget, Some(places.output), Some(places.candidate)];
            for place in all.into_iter().flatten() {
                of_mut(trace, place, &piece).copy_from_slice(of(gates, place, &piece));
            }
        }
    }
}

/// The forget gate of a piece, from its own pre-activations or from the input gate.
fn forget_gate<T: Float + Lane>(
    level: Level,
    variant: &LstmVariant<'_, T>,
    gates: &[T],
    piece: &Range<usize>,
    i: &Piece<T>,
    f: &mut Piece<T>,
) {
    let f = &mut f[..piece.len()];
    match variant.places().forget {
        Some(place) => {
            f.copy_from_slice(of(gates, place, piece));
            curve_forward(level, variant.gate, f);
        }
        None => {
            for (f, i) in f.iter_mut().zip(i) {
                *f = T::ONE - *i;
            }
        }
    }
}

/// `c = bounded(i⊙g + f⊙c_{t-1})`
struct NextCell<'a, T> {
    i: &'a [T],
    f: &'a [T],
    g: &'a [T],
    before: &'a [T],
    c: &'a mut [T],
    clip: Option<T>,
}

impl<T: Float> Kernel for NextCell<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let NextCell { i, f, g, before, c, clip } = self;
        for ((c, (i, g)), (f, before)) in
            c.iter_mut().zip(i.iter().zip(g)).zip(f.iter().zip(before))
        {
            *c = i.mul_add(*g, *f * *before);
        }
        if let Some(clip) = clip {
            for c in c {
                *c = bounded(*c, clip);
            }
        }
    }
}

/// One row of a step back.
///
/// # Panics
///
/// Slices that are too short.
pub(crate) fn lstm_variant_backward<T: Float + Lane>(
    level: Level,
    variant: &LstmVariant<'_, T>,
    row: LstmVariantBackward<'_, T>,
) {
    let LstmVariantBackward { units, deltas, previous, cell, hidden, grad_cell, .. } = row;
    let (candidate_factors, grad_previous) = (row.candidate_factors, row.grad_previous);
    let places = variant.places();
    for piece in pieces(units) {
        let mut back = PieceBackward {
            deltas: &mut *deltas,
            before: &previous[piece.clone()],
            candidate_factors: candidate_factors.map(|factors| &factors[piece.clone()]),
            c: &cell[piece.clone()],
            m: &mut hidden[piece.clone()],
            grad_cell: &grad_cell[piece.clone()],
            grad_previous: &mut grad_previous[piece.clone()],
            piece,
        };
        back.run(level, variant, &places);
    }
}

/// A piece of a row on its way back.
struct PieceBackward<'a, T> {
    piece: Range<usize>,
    deltas: &'a mut [T],
    before: &'a [T],
    candidate_factors: Option<&'a [T]>,
    c: &'a [T],
    m: &'a mut [T],
    grad_cell: &'a [T],
    grad_previous: &'a mut [T],
}

impl<T: Float + Lane> PieceBackward<'_, T> {
    fn run(&mut self, level: Level, variant: &LstmVariant<'_, T>, places: &Places) {
        let known =
            |function, place| Known::at(level, function, of(self.deltas, place, &self.piece));
        let i = known(variant.gate, places.input);
        let o = known(variant.gate, places.output);
        let mut g = known(variant.candidate, places.candidate);
        if let Some(factors) = self.candidate_factors {
            g.scale(factors);
        }
        let own = places.forget.map(|place| known(variant.gate, place));
        let y = Known::at(level, ClippedCurve { curve: variant.output, clip: None }, self.c);
        let no_slope = [T::ZERO; PIECE];
        let mut f = Known { value: [T::ONE; PIECE], slope: no_slope };
        match own {
            Some(own) => f = own,
            None => f.value.iter_mut().zip(&i.value).for_each(|(f, i)| *f = T::ONE - *i),
        }
        let mut next = [[T::ZERO; PIECE]; 4];
        let [d_i, d_f, d_o, d_g] = &mut next;
        dispatch(
            level,
            Derive {
                len: self.piece.len(),
                forget: variant.forget,
                clip: variant.cell_clip.map(T::from_f64),
                known: [&i, &f, &o, &g, &y],
                peepholes: [
                    variant.peephole(places.input, &self.piece),
                    places.forget.and_then(|place| variant.peephole(place, &self.piece)),
                    variant.peephole(places.output, &self.piece),
                ],
                before: self.before,
                grad_cell: self.grad_cell,
                m: &mut *self.m,
                deltas: [&mut *d_i, &mut *d_f, &mut *d_o, &mut *d_g],
                grad_previous: &mut *self.grad_previous,
            },
        );
        self.store(variant, places, &next);
    }

    /// The deltas of the gates, and of the peepholes behind them.
    fn store(&mut self, variant: &LstmVariant<'_, T>, places: &Places, next: &[Piece<T>; 4]) {
        let (len, gates_end) = (self.piece.len(), places.candidate + variant.hidden_size);
        let [d_i, d_f, d_o, d_g] = next;
        of_mut(self.deltas, places.candidate, &self.piece).copy_from_slice(&d_g[..len]);
        let gates = [
            (Some(places.input), d_i, self.before),
            (places.forget, d_f, self.before),
            (Some(places.output), d_o, self.c),
        ];
        for (place, delta, seen) in gates {
            let Some(place) = place else { continue };
            of_mut(self.deltas, place, &self.piece).copy_from_slice(&delta[..len]);
            if variant.peepholes.is_empty() {
                continue;
            }
            // The peepholes stand in the order of their gates.
            let target = of_mut(self.deltas, gates_end + place, &self.piece);
            for ((target, delta), seen) in target.iter_mut().zip(delta).zip(seen) {
                *target = *delta * *seen;
            }
        }
    }
}

/// The arithmetic of a piece on its way back.
struct Derive<'a, T> {
    len: usize,
    forget: Forget,
    clip: Option<T>,
    /// Of i, f, o, g and ψ(c).
    known: [&'a Known<T>; 5],
    /// Of i, f and o.
    peepholes: [Option<&'a [T]>; 3],
    before: &'a [T],
    grad_cell: &'a [T],
    /// dm, which becomes m.
    m: &'a mut [T],
    /// Become those of i, f, o and g.
    deltas: [&'a mut Piece<T>; 4],
    grad_previous: &'a mut [T],
}

impl<T: Float> Kernel for Derive<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Derive { known: [i, f, o, g, y], deltas: [d_i, d_f, d_o, d_g], .. } = self;
        let weight = |of: Option<&[T]>, k: usize| of.map_or(T::ZERO, |weights| weights[k]);
        for k in 0..self.len {
            let (dm, before) = (self.m[k], self.before[k]);
            self.m[k] = o.value[k] * y.value[k];
            d_o[k] = dm * y.value[k] * o.slope[k];
            let mut dc = (dm * o.value[k]).mul_add(y.slope[k], self.grad_cell[k]);
            dc = weight(self.peepholes[2], k).mul_add(d_o[k], dc);
            if let Some(clip) = self.clip {
                let free = i.value[k].mul_add(g.value[k], f.value[k] * before);
                dc = if free.abs() > clip { T::ZERO } else { dc };
            }
            let through_input = match self.forget {
                Forget::Own => g.value[k],
                Forget::Coupled => g.value[k] - before,
            };
            d_i[k] = dc * through_input * i.slope[k];
            d_f[k] = dc * before * f.slope[k];
            d_g[k] = dc * i.value[k] * g.slope[k];
            let through = weight(self.peepholes[0], k).mul_add(d_i[k], dc * f.value[k]);
            self.grad_previous[k] = weight(self.peepholes[1], k).mul_add(d_f[k], through);
        }
    }
}
