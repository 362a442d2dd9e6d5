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

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::function::{Formula, Function, Sigmoid, Tanh};
use crate::pointwise::update::{map4, update_pair3, update0, update1, update2, update3};

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
pub struct GruForward<'a, T> {
    /// H.
    pub hidden_size: usize,
    /// Pre-activations `[r z n q]`, `[rows, 4H]`; become the gates.
    pub gates: &'a mut [T],
    /// `h_{t-1}`, `[rows, H]`.
    pub previous: &'a [T],
    /// Becomes `h_t`, `[rows, H]`; see the functions.
    pub state: &'a mut [T],
}

/// The operands of one part of a step backward, rows one after the other.
#[derive(Debug)]
pub struct GruBackward<'a, T> {
    /// H.
    pub hidden_size: usize,
    /// `[r z n q]`, `[rows, 4H]`.
    pub gates: &'a [T],
    /// `h_{t-1}`, `[rows, H]`.
    pub previous: &'a [T],
    /// `dh_t`, `[rows, H]`.
    pub grad_state: &'a [T],
    /// `[rows, 4H]`, see the functions.
    pub deltas: &'a mut [T],
    /// Becomes the pointwise part of `dh_{t-1}`, `[rows, H]`; see the functions.
    pub grad_previous: &'a mut [T],
}

/// Reset after the product: gates and state of one step, from all pre-activations and
/// `q = h_{t-1}·U_n + b_hn`.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_after_forward<T: Float>(level: Level, functions: GruFunctions, rows: GruForward<'_, T>) {
    forward(level, functions, (ForwardPart::After, rows));
}

/// Reset before the product, first part: r, z and `q = r⊙h_{t-1}`; n and `state` are not touched.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_gates<T: Float>(level: Level, functions: GruFunctions, rows: GruForward<'_, T>) {
    forward(level, functions, (ForwardPart::BeforeGates, rows));
}

/// Reset before the product, second part: n and the state, which holds the pre-activation of n.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_state<T: Float>(level: Level, functions: GruFunctions, rows: GruForward<'_, T>) {
    forward(level, functions, (ForwardPart::BeforeState, rows));
}

/// Reset after the product: all deltas `[dr dz dn dq]`, and `grad_previous = dh_t⊙z`.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_after_backward<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruBackward<'_, T>,
) {
    backward(level, functions, (BackwardPart::After, rows));
}

/// Reset before the product, first part: dz and dn in `deltas`; nothing else is touched.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_backward<T: Float>(
    level: Level,
    functions: GruFunctions,
    rows: GruBackward<'_, T>,
) {
    backward(level, functions, (BackwardPart::BeforeCandidate, rows));
}

/// Reset before the product, second part: dr in `deltas`, and in the place of dq, which nobody needs
/// any more, `q = r⊙h_{t-1}`. `grad_previous` holds dq and becomes `dh_t⊙z + dq⊙r`.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn gru_before_reset<T: Float>(level: Level, functions: GruFunctions, rows: GruBackward<'_, T>) {
    backward(level, functions, (BackwardPart::BeforeReset, rows));
}

#[derive(Clone, Copy)]
enum ForwardPart {
    After,
    BeforeGates,
    BeforeState,
}

struct Forward<'a, T, G, C> {
    part: ForwardPart,
    rows: GruForward<'a, T>,
    gate: G,
    candidate: C,
}

fn forward<T: Float>(
    level: Level,
    functions: GruFunctions,
    (part, rows): (ForwardPart, GruForward<'_, T>),
) {
    check(rows.hidden_size, rows.gates.len(), [rows.previous.len(), rows.state.len()]);
    let GruFunctions { gate, candidate } = functions;
    if functions == GruFunctions::STANDARD {
        dispatch(level, Forward { part, rows, gate: Sigmoid, candidate: Tanh });
    } else {
        dispatch(level, Forward { part, rows, gate, candidate });
    }
}

fn check<const N: usize>(hidden_size: usize, gates: usize, states: [usize; N]) {
    assert!(hidden_size > 0 && gates.is_multiple_of(4 * hidden_size), "gates: whole rows of 4H");
    assert!(states.iter().all(|len| 4 * len == gates), "states: as many rows as gates, of H");
}

impl<T: Float, G: Formula<T>, C: Formula<T>> Kernel for Forward<'_, T, G, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let GruForward { hidden_size, gates, previous, state } = self.rows;
        let gates = gates.chunks_exact_mut(4 * hidden_size);
        let states = previous.chunks_exact(hidden_size).zip(state.chunks_exact_mut(hidden_size));
        for (gates, (previous, state)) in gates.zip(states) {
            let (rz, nq) = gates.split_at_mut(2 * hidden_size);
            let (n, q) = nq.split_at_mut(hidden_size);
            if let ForwardPart::After | ForwardPart::BeforeGates = self.part {
                update0(rz, |a| self.gate.value(a));
            }
            let (r, z) = rz.split_at(hidden_size);
            match self.part {
                ForwardPart::After => {
                    update2(n, r, q, |a, r, q| self.candidate.value(r.mul_add(q, a)));
                }
                ForwardPart::BeforeGates => update2(q, r, previous, |_, r, h| r * h),
                ForwardPart::BeforeState => update1(n, state, |_, a| self.candidate.value(a)),
            }
            if let ForwardPart::After | ForwardPart::BeforeState = self.part {
                update3(state, z, n, previous, |_, z, n, h| z.mul_add(h, (T::ONE - z) * n));
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

struct Backward<'a, T, G, C> {
    part: BackwardPart,
    rows: GruBackward<'a, T>,
    gate: G,
    candidate: C,
}

fn backward<T: Float>(
    level: Level,
    functions: GruFunctions,
    (part, rows): (BackwardPart, GruBackward<'_, T>),
) {
    let states = [rows.previous, rows.grad_state, &*rows.grad_previous];
    check(rows.hidden_size, rows.gates.len(), states.map(<[T]>::len));
    assert_eq!(rows.deltas.len(), rows.gates.len(), "deltas: as many as gates");
    let GruFunctions { gate, candidate } = functions;
    if functions == GruFunctions::STANDARD {
        dispatch(level, Backward { part, rows, gate: Sigmoid, candidate: Tanh });
    } else {
        dispatch(level, Backward { part, rows, gate, candidate });
    }
}

impl<T: Float, G: Formula<T>, C: Formula<T>> Kernel for Backward<'_, T, G, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (size, rows) = (self.rows.hidden_size, self.rows);
        let gates = rows.gates.chunks_exact(4 * size).zip(rows.deltas.chunks_exact_mut(4 * size));
        let grads = rows.grad_state.chunks_exact(size);
        let grads = grads.zip(rows.grad_previous.chunks_exact_mut(size));
        let states = rows.previous.chunks_exact(size).zip(grads);
        for ((gates, deltas), (h, (grad, grad_h))) in gates.zip(states) {
            let (left, right) = gates.split_at(2 * size);
            let ((r, z), (n, q)) = (left.split_at(size), right.split_at(size));
            let (left, right) = deltas.split_at_mut(2 * size);
            let ((d_r, d_z), (d_n, d_q)) = (left.split_at_mut(size), right.split_at_mut(size));
            if let BackwardPart::After | BackwardPart::BeforeCandidate = self.part {
                update3(d_n, grad, z, n, |_, dh, z, n| {
                    self.candidate.backward(n, dh * (T::ONE - z))
                });
                map4(d_z, grad, z, n, h, |dh, z, n, h| self.gate.backward(z, dh * (h - n)));
            }
            match self.part {
                BackwardPart::After => {
                    update2(grad_h, grad, z, |_, dh, z| dh * z);
                    update_pair3(d_r, d_q, d_n, r, q, |_, _, dn, r, q| {
                        (self.gate.backward(r, dn * q), dn * r)
                    });
                }
                BackwardPart::BeforeCandidate => {}
                BackwardPart::BeforeReset => {
                    update3(d_r, grad_h, r, h, |_, dq, r, h| self.gate.backward(r, dq * h));
                    update3(grad_h, grad, z, r, |dq, dh, z, r| dq.mul_add(r, dh * z));
                    d_q.copy_from_slice(q);
                }
            }
        }
    }
}
