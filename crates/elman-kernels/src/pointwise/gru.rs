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

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::function::{Formula, Function, Sigmoid, Tanh};
use crate::pointwise::parts::parts_mut;
use crate::pointwise::update::{
    update_gates, update_pair2, update_triple1, update0, update1, update2, update3,
};

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
    /// Pre-activations `[r z n q]`, 4H for each row; become the gates.
    pub gates: &'a mut [&'b mut [T]],
    /// `h_{t-1}`, `[rows, H]`.
    pub previous: &'a [T],
    /// Becomes `h_t`, `[rows, H]`; see the functions.
    pub state: &'a mut [T],
}

/// The operands of one part of a step backward, rows one after the other.
#[derive(Debug)]
pub struct GruBackward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// `[r z n q]`, 4H for each row; see the functions.
    pub gates: &'a mut [&'b mut [T]],
    /// `h_{t-1}`, `[rows, H]`.
    pub previous: &'a [T],
    /// `dh_t`, `[rows, H]`; see the functions.
    pub grad_state: &'a mut [T],
    /// Becomes the pointwise part of `dh_{t-1}`, `[rows, H]`; see the functions.
    pub grad_previous: &'a mut [T],
}

/// Reset after the product: gates and state of one step, from all pre-activations and
/// `q = h_{t-1}·U_n + b_hn`.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_after_forward<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruForward<'_, '_, T>,
) {
    forward(level, functions, (ForwardPart::After, rows));
}

/// Reset before the product, first part: r, z and `q = r⊙h_{t-1}`; n and `state` are not touched.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_gates<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruForward<'_, '_, T>,
) {
    forward(level, functions, (ForwardPart::BeforeGates, rows));
}

/// Reset before the product, second part: n and the state, which holds the pre-activation of n.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_state<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruForward<'_, '_, T>,
) {
    forward(level, functions, (ForwardPart::BeforeState, rows));
}

/// Reset after the product: the gates become the deltas `[dr dz dn dq]`, and
/// `grad_previous = dh_t⊙z`.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_after_backward<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruBackward<'_, '_, T>,
) {
    backward(level, functions, (BackwardPart::After, rows));
}

/// Reset before the product, first part: z and n become dz and dn, and `grad_state` becomes `dh_t⊙z`.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_backward<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruBackward<'_, '_, T>,
) {
    backward(level, functions, (BackwardPart::BeforeCandidate, rows));
}

/// Reset before the product, second part: r becomes dr; `q = r⊙h_{t-1}` stays where it is.
/// `grad_previous` holds dq and becomes `dh_t⊙z + dq⊙r`, with the first product from the first part.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_reset<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruBackward<'_, '_, T>,
) {
    backward(level, functions, (BackwardPart::BeforeReset, rows));
}

#[derive(Clone, Copy)]
enum ForwardPart {
    After,
    BeforeGates,
    BeforeState,
}

struct Forward<'a, 'b, T, G, C> {
    part: ForwardPart,
    rows: GruForward<'a, 'b, T>,
    gate: G,
    candidate: C,
}

fn forward<T: Float>(
    level: Level,
    functions: GruFunctions,
    (part, rows): (ForwardPart, GruForward<'_, '_, T>),
) {
    check(rows.hidden_size, rows.gates, [rows.previous.len(), rows.state.len()]);
    let GruFunctions { gate, candidate } = functions;
    if functions == GruFunctions::STANDARD {
        dispatch(level, Forward { part, rows, gate: Sigmoid, candidate: Tanh });
    } else {
        dispatch(level, Forward { part, rows, gate, candidate });
    }
}

fn check<T, const N: usize>(hidden_size: usize, gates: &[&mut [T]], states: [usize; N]) {
    assert!(hidden_size > 0 && gates.iter().all(|row| row.len() >= 4 * hidden_size), "gates: 4H");
    assert!(states.iter().all(|len| *len == gates.len() * hidden_size), "states: [rows, H]");
}

impl<T: Float, G: Formula<T>, C: Formula<T>> Kernel for Forward<'_, '_, T, G, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let GruForward { hidden_size, units, gates, previous, state } = self.rows;
        let states = previous.chunks_exact(hidden_size).zip(state.chunks_exact_mut(hidden_size));
        for (gates, (previous, state)) in gates.iter_mut().zip(states) {
            let [r, z, n, q] = parts_mut(gates, hidden_size, &units);
            let (h, state) = (&previous[units.clone()], &mut state[units.clone()]);
            if let ForwardPart::After | ForwardPart::BeforeGates = self.part {
                update0(r, |a| self.gate.value(a));
                update0(z, |a| self.gate.value(a));
            }
            match self.part {
                ForwardPart::After => {
                    update2(n, r, q, |a, r, q| self.candidate.value(r.mul_add(q, a)));
                }
                ForwardPart::BeforeGates => update2(q, r, h, |_, r, h| r * h),
                ForwardPart::BeforeState => update1(n, state, |_, a| self.candidate.value(a)),
            }
            if let ForwardPart::After | ForwardPart::BeforeState = self.part {
                update3(state, z, n, h, |_, z, n, h| z.mul_add(h, (T::ONE - z) * n));
            }
        }
    }
}

#[derive(Clone, Copy)]
enum BackwardPart {
    After,
    BeforeCandidate,
    BeforeReset,
}

struct Backward<'a, 'b, T, G, C> {
    part: BackwardPart,
    rows: GruBackward<'a, 'b, T>,
    gate: G,
    candidate: C,
}

fn backward<T: Float>(
    level: Level,
    functions: GruFunctions,
    (part, rows): (BackwardPart, GruBackward<'_, '_, T>),
) {
    let states = [rows.previous, &*rows.grad_state, &*rows.grad_previous];
    check(rows.hidden_size, rows.gates, states.map(<[T]>::len));
    let GruFunctions { gate, candidate } = functions;
    if functions == GruFunctions::STANDARD {
        dispatch(level, Backward { part, rows, gate: Sigmoid, candidate: Tanh });
    } else {
        dispatch(level, Backward { part, rows, gate, candidate });
    }
}

impl<T: Float, G: Formula<T>, C: Formula<T>> Kernel for Backward<'_, '_, T, G, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Backward { part, rows, gate, candidate } = self;
        let (size, units) = (rows.hidden_size, &rows.units);
        let grads = rows.grad_state.chunks_exact_mut(size);
        let grads = grads.zip(rows.grad_previous.chunks_exact_mut(size));
        let states = rows.previous.chunks_exact(size).zip(grads);
        for (gates, (h, (grad, grad_h))) in rows.gates.iter_mut().zip(states) {
            let [r, z, n, q] = parts_mut(gates, size, units);
            let (h, grad) = (&h[units.clone()], &mut grad[units.clone()]);
            let grad_h = &mut grad_h[units.clone()];
            match part {
                BackwardPart::After => {
                    let inputs = [&*grad, h, h, h];
                    update_gates([r, z, n, q], grad_h, inputs, |[r, z, n, q], [dh, h, _, _]| {
                        let dn = candidate.backward(n, dh * (T::ONE - z));
                        let dz = gate.backward(z, dh * (h - n));
                        [gate.backward(r, dn * q), dz, dn, dn * r, dh * z]
                    });
                }
                BackwardPart::BeforeCandidate => {
                    update_triple1([z, n, grad], h, |[z, n, dh], h| {
                        let dn = candidate.backward(n, dh * (T::ONE - z));
                        [gate.backward(z, dh * (h - n)), dn, dh * z]
                    });
                }
                BackwardPart::BeforeReset => {
                    update_pair2(r, grad_h, grad, h, |r, dq, dhz, h| {
                        (gate.backward(r, dq * h), dq.mul_add(r, dhz))
                    });
                }
            }
        }
    }
}
