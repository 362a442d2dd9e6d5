//! The LSTM between its products.
//!
//! A row of gates is `[i f o g]`, each H values; a row of state is `[h c]`.
//!
//! ```text
//! i, f, o = σ(…)    g = φ(…)    c_t = f⊙c_{t-1} + i⊙g    h_t = o⊙ψ(c_t)      φ, ψ: tanh
//!
//! dc = dc_t + dh_t⊙o⊙ψ'(c_t)                             do = dh_t⊙ψ(c_t)⊙σ'
//! di = dc⊙g⊙σ'      df = dc⊙c_{t-1}⊙σ'      dg = dc⊙i⊙φ'      dc_{t-1} = dc⊙f
//! ```
//!
//! `ψ(c_t)` is computed again on the way back: that costs a tenth of the forward pointwise part, and
//! to keep it would cost a fifth more memory.

use crate::dispatch::{Kernel, dispatch};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::function::{Formula, Function, Sigmoid, Tanh};
use crate::pointwise::update::{map4, update_pair2, update_pair3, update0, update1, update2};

/// The functions of an LSTM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmFunctions {
    /// Of i, f and o.
    pub gate: Function,
    /// Of g, φ.
    pub candidate: Function,
    /// Of the cell state on its way out, ψ.
    pub output: Function,
}

impl LstmFunctions {
    /// σ, tanh and tanh: the ones with loops of their own.
    pub const STANDARD: LstmFunctions = LstmFunctions {
        gate: Function::Sigmoid,
        candidate: Function::Tanh,
        output: Function::Tanh,
    };
}

/// The operands of [`lstm_forward`], rows one after the other.
#[derive(Debug)]
pub struct LstmForward<'a, T> {
    /// H.
    pub hidden_size: usize,
    /// Pre-activations `[rows, 4H]`; become the gates.
    pub gates: &'a mut [T],
    /// `[h_{t-1} c_{t-1}]`, `[rows, 2H]`.
    pub previous: &'a [T],
    /// Becomes `[h_t c_t]`, `[rows, 2H]`.
    pub state: &'a mut [T],
}

/// Gates and state of one step from the pre-activations.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn lstm_forward<T: Float>(level: Level, functions: LstmFunctions, rows: LstmForward<'_, T>) {
    check(rows.hidden_size, rows.gates.len(), [rows.previous.len(), rows.state.len()]);
    let LstmFunctions { gate, candidate, output } = functions;
    if functions == LstmFunctions::STANDARD {
        dispatch(level, Forward { rows, gate: Sigmoid, candidate: Tanh, output: Tanh });
    } else {
        dispatch(level, Forward { rows, gate, candidate, output });
    }
}

fn check<const N: usize>(hidden_size: usize, gates: usize, states: [usize; N]) {
    assert!(hidden_size > 0 && gates.is_multiple_of(4 * hidden_size), "gates: whole rows of 4H");
    assert!(states.iter().all(|len| 2 * len == gates), "states: as many rows as gates, of 2H");
}

struct Forward<'a, T, G, C, O> {
    rows: LstmForward<'a, T>,
    gate: G,
    candidate: C,
    output: O,
}

impl<T: Float, G: Formula<T>, C: Formula<T>, O: Formula<T>> Kernel for Forward<'_, T, G, C, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let LstmForward { hidden_size, gates, previous, state } = self.rows;
        let gates = gates.chunks_exact_mut(4 * hidden_size);
        let previous = previous.chunks_exact(2 * hidden_size);
        let state = state.chunks_exact_mut(2 * hidden_size);
        for ((gates, previous), state) in gates.zip(previous).zip(state) {
            let (ifo, g) = gates.split_at_mut(3 * hidden_size);
            update0(ifo, |a| self.gate.value(a));
            update0(g, |a| self.candidate.value(a));
            let (i, fo) = ifo.split_at(hidden_size);
            let (f, o) = fo.split_at(hidden_size);
            let (h, c) = state.split_at_mut(hidden_size);
            map4(c, i, g, f, &previous[hidden_size..], |i, g, f, c| i.mul_add(g, f * c));
            update2(h, o, c, |_, o, c| o * self.output.value(c));
        }
    }
}

/// The operands of [`lstm_backward`], rows one after the other.
#[derive(Debug)]
pub struct LstmBackward<'a, T> {
    /// H.
    pub hidden_size: usize,
    /// `[i f o g]`, `[rows, 4H]`.
    pub gates: &'a [T],
    /// `[h_{t-1} c_{t-1}]`, `[rows, 2H]`.
    pub previous: &'a [T],
    /// `[h_t c_t]`, `[rows, 2H]`.
    pub state: &'a [T],
    /// `[dh_t dc_t]`, `[rows, 2H]`.
    pub grad_state: &'a [T],
    /// Becomes the deltas `[di df do dg]`, `[rows, 4H]`.
    pub deltas: &'a mut [T],
    /// Its right half becomes `dc_{t-1}`; `[rows, 2H]`. The left half is not touched.
    pub grad_previous: &'a mut [T],
}

/// Deltas of one step, and the gradient of the cell state before it.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub fn lstm_backward<T: Float>(level: Level, functions: LstmFunctions, rows: LstmBackward<'_, T>) {
    let states = [rows.previous, rows.state, rows.grad_state, &*rows.grad_previous];
    check(rows.hidden_size, rows.gates.len(), states.map(<[T]>::len));
    assert_eq!(rows.deltas.len(), rows.gates.len(), "deltas: as many as gates");
    let LstmFunctions { gate, candidate, output } = functions;
    if functions == LstmFunctions::STANDARD {
        dispatch(level, Backward { rows, gate: Sigmoid, candidate: Tanh, output: Tanh });
    } else {
        dispatch(level, Backward { rows, gate, candidate, output });
    }
}

struct Backward<'a, T, G, C, O> {
    rows: LstmBackward<'a, T>,
    gate: G,
    candidate: C,
    output: O,
}

impl<T: Float, G: Formula<T>, C: Formula<T>, O: Formula<T>> Kernel for Backward<'_, T, G, C, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (size, rows) = (self.rows.hidden_size, self.rows);
        let gates = rows.gates.chunks_exact(4 * size);
        let deltas = rows.deltas.chunks_exact_mut(4 * size);
        let states = rows.previous.chunks_exact(2 * size).zip(rows.state.chunks_exact(2 * size));
        let grads = rows.grad_state.chunks_exact(2 * size);
        let grads = grads.zip(rows.grad_previous.chunks_exact_mut(2 * size));
        for (((gates, deltas), (previous, state)), (grad, grad_previous)) in
            gates.zip(deltas).zip(states).zip(grads)
        {
            let (i, f, o, g) = quarters(gates, size);
            let (d_if, d_og) = deltas.split_at_mut(2 * size);
            let (d_i, d_f) = d_if.split_at_mut(size);
            let (d_o, d_g) = d_og.split_at_mut(size);
            let d_c = &mut grad_previous[size..];
            update1(d_o, &state[size..], |_, c| self.output.value(c));
            update_pair3(d_o, d_c, o, &grad[..size], &grad[size..], |y, _, o, dh, dc| {
                (self.gate.backward(o, dh * y), self.output.backward(y, dh * o) + dc)
            });
            update_pair3(d_i, d_g, d_c, i, g, |_, _, dc, i, g| {
                (self.gate.backward(i, dc * g), self.candidate.backward(g, dc * i))
            });
            update_pair2(d_f, d_c, f, &previous[size..], |_, dc, f, c| {
                (self.gate.backward(f, dc * c), dc * f)
            });
        }
    }
}

#[inline(always)]
fn quarters<T>(row: &[T], size: usize) -> (&[T], &[T], &[T], &[T]) {
    let (left, right) = row.split_at(2 * size);
    let ((first, second), (third, fourth)) = (left.split_at(size), right.split_at(size));
    (first, second, third, fourth)
}
