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

use std::ops::Range;

use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::blocks::{Block, Blocks, each_block, load_all, store_all};
use crate::pointwise::function::{Formula, Function, Sigmoid, Tanh};
use crate::pointwise::parts::{check_trace, parts, parts_mut};
use crate::vector::{Arithmetic, Lane, Vector};

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

/// The operands of [`lstm_forward`](crate::Compiled::lstm_forward), rows one after the other.
#[derive(Debug)]
pub struct LstmForward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// Pre-activations `[i f o g]`, 4H for each row.
    pub gates: &'a [&'b mut [T]],
    /// Become the gates, 4H for each row; no row where nobody asks.
    pub trace: &'a mut [&'b mut [T]],
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
pub(crate) fn lstm_forward<T: Float + Lane>(
    level: Level,
    functions: LstmFunctions,
    rows: LstmForward<'_, '_, T>,
) {
    check(rows.hidden_size, rows.gates, [rows.previous.len(), rows.state.len()]);
    check_trace(rows.hidden_size, rows.gates.len(), rows.trace);
    let LstmFunctions { gate, candidate, output } = functions;
    if const { !T::IS_COMPACT } && functions == LstmFunctions::STANDARD {
        dispatch_vectors(level, Forward { rows, gate: Sigmoid, candidate: Tanh, output: Tanh });
    } else {
        dispatch_vectors(level, Forward { rows, gate, candidate, output });
    }
}

fn check<T, const N: usize>(hidden_size: usize, gates: &[&mut [T]], states: [usize; N]) {
    assert!(hidden_size > 0 && gates.iter().all(|row| row.len() >= 4 * hidden_size), "gates: 4H");
    assert!(states.iter().all(|len| *len == gates.len() * 2 * hidden_size), "states: [rows, 2H]");
}

struct Forward<'a, 'b, T, G, C, O> {
    rows: LstmForward<'a, 'b, T>,
    gate: G,
    candidate: C,
    output: O,
}

impl<T: Float, G: Formula, C: Formula, O: Formula> VectorKernel<T> for Forward<'_, '_, T, G, C, O> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Forward { rows, gate, candidate, output } = self;
        let LstmForward { hidden_size, units, gates, trace, previous, state } = rows;
        for r in 0..gates.len() {
            let state = &mut state[r * 2 * hidden_size..][..2 * hidden_size];
            let [h, c] = parts_mut(state, hidden_size, &units);
            let [_, before] =
                parts(&previous[r * 2 * hidden_size..][..2 * hidden_size], hidden_size, &units);
            each_block::<V>(&mut ForwardRow {
                gates: parts(gates[r], hidden_size, &units),
                trace: trace.get_mut(r).map(|trace| parts_mut(trace, hidden_size, &units)),
                before,
                state: [h, c],
                formulas: (gate, candidate, output),
            });
        }
    }
}

struct ForwardRow<'a, T, F> {
    gates: [&'a [T]; 4],
    trace: Option<[&'a mut [T]; 4]>,
    before: &'a [T],
    state: [&'a mut [T]; 2],
    formulas: F,
}

impl<T: Float, G: Formula, C: Formula, O: Formula> Blocks<T> for ForwardRow<'_, T, (G, C, O)> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.before.len()
    }

    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (gate, candidate, output) = self.formulas;
        let [i, f, o, g] = load_all::<B, 4>(&self.gates, at);
        let (i, f, o) = (gate.value(i), gate.value(f), gate.value(o));
        let g = candidate.value(g);
        let c = i.mul_add(g, f * B::load(self.before, at));
        if let Some(trace) = &mut self.trace {
            store_all::<B, 4>([i, f, o, g], trace, at);
        }
        B::store(c, self.state[1], at);
        B::store(o * output.value(c), self.state[0], at);
    }
}

/// The operands of [`lstm_backward`](crate::Compiled::lstm_backward), rows one after the other.
#[derive(Debug)]
pub struct LstmBackward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// `[i f o g]`, 4H for each row; become the deltas `[di df do dg]`.
    pub gates: &'a mut [&'b mut [T]],
    /// `c_{t-1}`, H for each row.
    pub previous: &'a [&'a [T]],
    /// `c_t`, H for each row.
    pub state: &'a [&'a [T]],
    /// `[dh_t dc_t]`, `[rows, 2H]`.
    pub grad_state: &'a [T],
    /// Its right half becomes `dc_{t-1}`; `[rows, 2H]`. The left half is not touched.
    pub grad_previous: &'a mut [T],
}

/// Deltas of one step, and the gradient of the cell state before it.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub(crate) fn lstm_backward<T: Float + Lane>(
    level: Level,
    functions: LstmFunctions,
    rows: LstmBackward<'_, '_, T>,
) {
    check(rows.hidden_size, rows.gates, [rows.grad_state.len(), rows.grad_previous.len()]);
    for states in [rows.previous, rows.state] {
        let fits = states.iter().all(|state| state.len() == rows.hidden_size);
        assert!(states.len() == rows.gates.len() && fits, "states: H for each row");
    }
    let LstmFunctions { gate, candidate, output } = functions;
    if const { !T::IS_COMPACT } && functions == LstmFunctions::STANDARD {
        dispatch_vectors(level, Backward { rows, gate: Sigmoid, candidate: Tanh, output: Tanh });
    } else {
        dispatch_vectors(level, Backward { rows, gate, candidate, output });
    }
}

struct Backward<'a, 'b, T, G, C, O> {
    rows: LstmBackward<'a, 'b, T>,
    gate: G,
    candidate: C,
    output: O,
}

impl<T: Float, G: Formula, C: Formula, O: Formula> VectorKernel<T>
    for Backward<'_, '_, T, G, C, O>
{
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Backward { rows, gate, candidate, output } = self;
        let (size, units) = (rows.hidden_size, &rows.units);
        for r in 0..rows.gates.len() {
            let grad_previous = &mut rows.grad_previous[r * 2 * size..][..2 * size];
            let [_, d_before] = parts_mut(grad_previous, size, units);
            let (before, c) = (&rows.previous[r][units.clone()], &rows.state[r][units.clone()]);
            let [dh, dc] = parts(&rows.grad_state[r * 2 * size..][..2 * size], size, units);
            each_block::<V>(&mut BackwardRow {
                gates: parts_mut(rows.gates[r], size, units),
                known: [before, c, dh, dc],
                d_before,
                formulas: (gate, candidate, output),
            });
        }
    }
}

struct BackwardRow<'a, T, F> {
    gates: [&'a mut [T]; 4],
    /// `c_{t-1}`, `c_t`, `dh_t`, `dc_t`.
    known: [&'a [T]; 4],
    d_before: &'a mut [T],
    formulas: F,
}

impl<T: Float, G: Formula, C: Formula, O: Formula> Blocks<T> for BackwardRow<'_, T, (G, C, O)> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.d_before.len()
    }

    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (gate, candidate, output) = self.formulas;
        let [i, f, o, g] = load_all::<B, 4>(&self.gates, at);
        let [before, c, dh, dc] = load_all::<B, 4>(&self.known, at);
        let y = output.value(c);
        let d_o = gate.backward(o, dh * y);
        let dc = output.backward(y, dh * o) + dc;
        let (d_i, d_f) = (gate.backward(i, dc * g), gate.backward(f, dc * before));
        let d_g = candidate.backward(g, dc * i);
        store_all::<B, 4>([d_i, d_f, d_o, d_g], &mut self.gates, at);
        B::store(dc * f, self.d_before, at);
    }
}
