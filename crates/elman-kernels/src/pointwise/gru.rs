//! The GRU between its products.
//!
//! A row of gates is `[r z n q]`, each H values; a row of state is h. With the reset after the
//! product, `q = h_{t-1}·U_n + b_hn`; with the reset before it, `q = r⊙h_{t-1}`.
//!
//! ```text
//! r, z = σ(…)      after: n = φ(… + r⊙q)    before: n = φ(… + q·U_n)      φ: tanh
//! h_t = (1-z)⊙n + z⊙h_{t-1}
//!
//! dn = dh_t⊙(1-z)⊙φ'       dz = dh_t⊙(h_{t-1}-n)⊙σ'       dh_{t-1} = dh_t⊙z + …
//! after:   dq = dn⊙r              dr = dn⊙q⊙σ'
//! before:  dq = dn·U_nᵀ           dr = dq⊙h_{t-1}⊙σ'       dh_{t-1} = dh_t⊙z + dq⊙r + …
//! ```

use std::ops::Range;

use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::blocks::{Block, Blocks, each_block, store_all};
use crate::pointwise::function::{Formula, Function, Sigmoid, Tanh};
use crate::pointwise::parts::{check_trace, parts_mut};
use crate::vector::{Arithmetic, Lane, Vector};

/// The functions of a GRU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruFunctions {
    /// Of r and z.
    pub gate: Function,
    /// Of n, φ.
    pub candidate: Function,
}

impl GruFunctions {
    /// σ and tanh: the ones with loops of their own.
    pub const STANDARD: GruFunctions =
        GruFunctions { gate: Function::Sigmoid, candidate: Function::Tanh };
}

/// The operands of one part of a step forward, rows one after the other.
#[derive(Debug)]
pub struct GruForward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// Pre-activations `[r z n q]`, 4H for each row; see the parts.
    pub gates: &'a mut [&'b mut [T]],
    /// Become the gates, 4H for each row; no row where nobody asks.
    pub trace: &'a mut [&'b mut [T]],
    /// `h_{t-1}`, `[rows, H]`.
    pub previous: &'a [T],
    /// Becomes `h_t`, `[rows, H]`; see the parts.
    pub state: &'a mut [T],
}

/// The operands of one part of a step backward, rows one after the other.
#[derive(Debug)]
pub struct GruBackward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// `[r z n q]`, 4H for each row; see the parts.
    pub gates: &'a mut [&'b mut [T]],
    /// `h_{t-1}`, H for each row.
    pub previous: &'a [&'a [T]],
    /// `dh_t`, `[rows, H]`; see the parts.
    pub grad_state: &'a mut [T],
    /// Becomes the pointwise part of `dh_{t-1}`, `[rows, H]`; see the parts.
    pub grad_previous: &'a mut [T],
}

/// What of a step forward is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GruForwardPart {
    /// Reset after the product: gates and state of one step, from all pre-activations and
    /// `q = h_{t-1}·U_n + b_hn`.
    After,
    /// Reset before the product, first part: z and `q = r⊙h_{t-1}` take the place of their
    /// pre-activations; n and `state` are not touched.
    BeforeGates,
    /// Reset before the product, second part: n and the state, which holds the pre-activation of n.
    BeforeState,
}

/// What of a step backward is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GruBackwardPart {
    /// Reset after the product: the gates become the deltas `[dr dz dn dq]`, and
    /// `grad_previous = dh_t⊙z`.
    After,
    /// Reset before the product, first part: z and n become dz and dn, and `grad_state` becomes
    /// `dh_t⊙z`.
    BeforeCandidate,
    /// Reset before the product, second part: r becomes dr; `q = r⊙h_{t-1}` stays where it is.
    /// `grad_previous` holds dq and becomes `dh_t⊙z + dq⊙r`, with the first product from the first part.
    BeforeReset,
}

/// One part of a step forward.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub(crate) fn gru_forward<T: Float + Lane>(
    level: Level,
    functions: GruFunctions,
    part: GruForwardPart,
    rows: GruForward<'_, '_, T>,
) {
    check(rows.hidden_size, rows.gates, [rows.previous.len(), rows.state.len()]);
    check_trace(rows.hidden_size, rows.gates.len(), rows.trace);
    let GruFunctions { gate, candidate } = functions;
    if const { !T::IS_COMPACT } && functions == GruFunctions::STANDARD {
        dispatch_vectors(level, Forward { part, rows, gate: Sigmoid, candidate: Tanh });
    } else {
        dispatch_vectors(level, Forward { part, rows, gate, candidate });
    }
}

/// One part of a step backward.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub(crate) fn gru_backward<T: Float + Lane>(
    level: Level,
    functions: GruFunctions,
    part: GruBackwardPart,
    rows: GruBackward<'_, '_, T>,
) {
    check(rows.hidden_size, rows.gates, [rows.grad_state.len(), rows.grad_previous.len()]);
    let fits = rows.previous.iter().all(|state| state.len() == rows.hidden_size);
    assert!(rows.previous.len() == rows.gates.len() && fits, "states: H for each row");
    let GruFunctions { gate, candidate } = functions;
    if const { !T::IS_COMPACT } && functions == GruFunctions::STANDARD {
        dispatch_vectors(level, Backward { part, rows, gate: Sigmoid, candidate: Tanh });
    } else {
        dispatch_vectors(level, Backward { part, rows, gate, candidate });
    }
}

fn check<T, const N: usize>(hidden_size: usize, gates: &[&mut [T]], states: [usize; N]) {
    assert!(hidden_size > 0 && gates.iter().all(|row| row.len() >= 4 * hidden_size), "gates: 4H");
    assert!(states.iter().all(|len| *len == gates.len() * hidden_size), "states: [rows, H]");
}

struct Forward<'a, 'b, T, G, C> {
    part: GruForwardPart,
    rows: GruForward<'a, 'b, T>,
    gate: G,
    candidate: C,
}

impl<T: Float, G: Formula, C: Formula> VectorKernel<T> for Forward<'_, '_, T, G, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let GruForward { hidden_size, units, gates, trace, previous, state } = self.rows;
        for r in 0..gates.len() {
            each_block::<V>(&mut ForwardRow {
                part: self.part,
                gates: parts_mut(gates[r], hidden_size, &units),
                trace: trace.get_mut(r).map(|trace| parts_mut(trace, hidden_size, &units)),
                previous: &previous[r * hidden_size..][units.clone()],
                state: &mut state[r * hidden_size..][units.clone()],
                formulas: (self.gate, self.candidate),
            });
        }
    }
}

struct ForwardRow<'a, T, F> {
    part: GruForwardPart,
    gates: [&'a mut [T]; 4],
    trace: Option<[&'a mut [T]; 4]>,
    previous: &'a [T],
    state: &'a mut [T],
    formulas: F,
}

impl<T: Float, G: Formula, C: Formula> Blocks<T> for ForwardRow<'_, T, (G, C)> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.previous.len()
    }

    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (gate, candidate) = self.formulas;
        match self.part {
            GruForwardPart::After => {
                let r = gate.value(B::load(self.gates[0], at));
                let z = gate.value(B::load(self.gates[1], at));
                let q = B::load(self.gates[3], at);
                let n = candidate.value(r.mul_add(q, B::load(self.gates[2], at)));
                let h = B::load(self.previous, at);
                if let Some(trace) = &mut self.trace {
                    store_all::<B, 4>([r, z, n, q], trace, at);
                }
                B::store(blend(z, h, n), self.state, at);
            }
            GruForwardPart::BeforeGates => {
                let r = gate.value(B::load(self.gates[0], at));
                let z = gate.value(B::load(self.gates[1], at));
                let q = r * B::load(self.previous, at);
                B::store(z, self.gates[1], at);
                B::store(q, self.gates[3], at);
                if let Some([r_target, z_target, _, q_target]) = &mut self.trace {
                    B::store(r, r_target, at);
                    B::store(z, z_target, at);
                    B::store(q, q_target, at);
                }
            }
            GruForwardPart::BeforeState => {
                let (z, a) = (B::load(self.gates[1], at), B::load(self.state, at));
                let (h, n) = (B::load(self.previous, at), candidate.value(a));
                if let Some([_, _, n_target, _]) = &mut self.trace {
                    B::store(n, n_target, at);
                }
                B::store(blend(z, h, n), self.state, at);
            }
        }
    }
}

/// `z⊙h + (1-z)⊙n`
#[inline(always)]
fn blend<V: Arithmetic>(z: V, h: V, n: V) -> V {
    z.mul_add(h, (V::splat(V::Element::ONE) - z) * n)
}

struct Backward<'a, 'b, T, G, C> {
    part: GruBackwardPart,
    rows: GruBackward<'a, 'b, T>,
    gate: G,
    candidate: C,
}

impl<T: Float, G: Formula, C: Formula> VectorKernel<T> for Backward<'_, '_, T, G, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Backward { part, rows, gate, candidate } = self;
        let (size, units) = (rows.hidden_size, &rows.units);
        for r in 0..rows.gates.len() {
            each_block::<V>(&mut BackwardRow {
                part,
                gates: parts_mut(rows.gates[r], size, units),
                previous: &rows.previous[r][units.clone()],
                grad: &mut rows.grad_state[r * size..][units.clone()],
                grad_previous: &mut rows.grad_previous[r * size..][units.clone()],
                formulas: (gate, candidate),
            });
        }
    }
}

struct BackwardRow<'a, T, F> {
    part: GruBackwardPart,
    gates: [&'a mut [T]; 4],
    previous: &'a [T],
    grad: &'a mut [T],
    grad_previous: &'a mut [T],
    formulas: F,
}

impl<T: Float, G: Formula, C: Formula> Blocks<T> for BackwardRow<'_, T, (G, C)> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.previous.len()
    }

    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        match self.part {
            GruBackwardPart::After => {
                let (r, q) = (B::load(self.gates[0], at), B::load(self.gates[3], at));
                let [dn, dh_z] = self.update_and_candidate::<B>(at);
                B::store(self.formulas.0.backward(r, dn * q), self.gates[0], at);
                B::store(dn * r, self.gates[3], at);
                B::store(dh_z, self.grad_previous, at);
            }
            GruBackwardPart::BeforeCandidate => {
                let [_, dh_z] = self.update_and_candidate::<B>(at);
                B::store(dh_z, self.grad, at);
            }
            GruBackwardPart::BeforeReset => {
                let (r, dq) = (B::load(self.gates[0], at), B::load(self.grad_previous, at));
                let dr = self.formulas.0.backward(r, dq * B::load(self.previous, at));
                B::store(dr, self.gates[0], at);
                B::store(dq.mul_add(r, B::load(self.grad, at)), self.grad_previous, at);
            }
        }
    }
}

impl<T: Float, G: Formula, C: Formula> BackwardRow<'_, T, (G, C)> {
    /// z and n become dz and dn; returned are dn and `dh_t⊙z`.
    #[inline(always)]
    fn update_and_candidate<B: Block<Element = T>>(&mut self, at: usize) -> [B::Vector; 2] {
        let (gate, candidate) = self.formulas;
        let (z, n) = (B::load(self.gates[1], at), B::load(self.gates[2], at));
        let (h, dh) = (B::load(self.previous, at), B::load(self.grad, at));
        let dn = candidate.backward(n, dh * (B::Vector::splat(T::ONE) - z));
        B::store(gate.backward(z, dh * (h - n)), self.gates[1], at);
        B::store(dn, self.gates[2], at);
        [dn, dh * z]
    }
}
