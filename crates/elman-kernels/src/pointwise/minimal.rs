//! minGRU and minLSTM between their products: cells whose gates do not see the state.
//!
//! A row of gates is `[z n]` of a minGRU, `[f i n]` of a minLSTM, each H values; a row of state is h.
//!
//! ```text
//! minGRU    z = σ(a_z)                     h_t = (1-z)⊙h_{t-1} + z⊙n
//!           dz = dh_t⊙(n-h_{t-1})⊙σ'       dn = dh_t⊙z            dh_{t-1} = dh_t⊙(1-z)
//! minLSTM   f = σ(a_f)    i = σ(a_i)       f' = f/(f+i)   i' = i/(f+i)
//!           h_t = f'⊙h_{t-1} + i'⊙n
//!           e = dh_t⊙(h_{t-1}-n)⊙f'⊙i'     df = e⊙(1-f)   di = -e⊙(1-i)
//!           dn = dh_t⊙i'                   dh_{t-1} = dh_t⊙f'
//! ```
//!
//! `f + i` is 0 where both are too small for a number. There, and a good way above, `σ(a)` is `e^a` to the
//! last bit, so that `f' = σ(a_f-a_i)`.

use std::ops::Range;

use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::pointwise::blocks::{Block, Blocks, each_block, load_all, store_all};
use crate::pointwise::function::{Formula, Sigmoid};
use crate::pointwise::parts::{parts, parts_mut};
use crate::vector::{Arithmetic, Lane, Vector};

/// Which of the two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinimalKind {
    /// minGRU, of the parts `[z n]`.
    MinGru,
    /// minLSTM, of the parts `[f i n]`.
    MinLstm,
}

impl MinimalKind {
    /// How many parts a row of gates has.
    #[must_use]
    pub fn parts(self) -> usize {
        match self {
            MinimalKind::MinGru => 2,
            MinimalKind::MinLstm => 3,
        }
    }
}

/// The operands of one step forward, rows one after the other.
#[derive(Debug)]
pub struct MinimalForward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// The pre-activations: the parts of the cell for each row.
    pub gates: &'a [&'b mut [T]],
    /// Become `[z n]` of a minGRU, the pre-activations of a minLSTM; no row where nobody asks.
    pub trace: &'a mut [&'b mut [T]],
    /// `h_{t-1}`, `[rows, H]`.
    pub previous: &'a [T],
    /// Becomes `h_t`, `[rows, H]`.
    pub state: &'a mut [T],
}

/// The operands of one step backward, rows one after the other.
#[derive(Debug)]
pub struct MinimalBackward<'a, 'b, T> {
    /// H.
    pub hidden_size: usize,
    /// The units to be computed; nothing of others is read or written.
    pub units: Range<usize>,
    /// What the step forward left in the trace; becomes the deltas, in the same order.
    pub deltas: &'a mut [&'b mut [T]],
    /// `h_{t-1}`, H for each row.
    pub previous: &'a [&'a [T]],
    /// `dh_t`, `[rows, H]`.
    pub grad_state: &'a [T],
    /// Becomes `dh_{t-1}`, `[rows, H]`.
    pub grad_previous: &'a mut [T],
}

/// One step forward.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub(crate) fn minimal_forward<T: Float + Lane>(
    level: Level,
    cell: MinimalKind,
    rows: MinimalForward<'_, '_, T>,
) {
    let row = cell.parts() * rows.hidden_size;
    check(row, rows.gates.iter().map(|gates| gates.len()));
    check(row, rows.trace.iter().map(|trace| trace.len()));
    let kept = rows.trace.len();
    assert!(kept == 0 || kept == rows.gates.len(), "trace: a row for each, or no row");
    check_states(rows.hidden_size, rows.gates.len(), [rows.previous.len(), rows.state.len()]);
    match cell {
        MinimalKind::MinGru => dispatch_vectors(level, Forward { rows, formula: MinGru }),
        MinimalKind::MinLstm => dispatch_vectors(level, Forward { rows, formula: MinLstm }),
    }
}

/// One step backward.
///
/// # Panics
///
/// Slices whose lengths do not fit each other.
pub(crate) fn minimal_backward<T: Float + Lane>(
    level: Level,
    cell: MinimalKind,
    rows: MinimalBackward<'_, '_, T>,
) {
    let (count, size) = (rows.deltas.len(), rows.hidden_size);
    check(cell.parts() * size, rows.deltas.iter().map(|deltas| deltas.len()));
    check_states(size, count, [rows.grad_state.len(), rows.grad_previous.len()]);
    let fits = rows.previous.iter().all(|state| state.len() == size);
    assert!(rows.previous.len() == count && fits, "states: H for each row");
    match cell {
        MinimalKind::MinGru => dispatch_vectors(level, Backward { rows, formula: MinGru }),
        MinimalKind::MinLstm => dispatch_vectors(level, Backward { rows, formula: MinLstm }),
    }
}

fn check(row: usize, mut lengths: impl Iterator<Item = usize>) {
    assert!(row > 0 && lengths.all(|len| len >= row), "gates: the parts of H values for each row");
}

fn check_states(hidden_size: usize, rows: usize, states: [usize; 2]) {
    assert!(states.iter().all(|len| *len == rows * hidden_size), "states: [rows, H]");
}

/// The equations of one of the two cells, of `N` parts.
trait Equations<const N: usize>: Copy {
    /// What backward needs, and `h_t`, from pre-activations and `h_{t-1}`.
    fn forward<V: Arithmetic>(self, parts: [V; N], previous: V) -> ([V; N], V);
    /// The deltas and `dh_{t-1}`, from what forward kept, `h_{t-1}` and `dh_t`.
    fn backward<V: Arithmetic>(self, kept: [V; N], previous: V, grad: V) -> ([V; N], V);
}

#[derive(Clone, Copy)]
struct MinGru;

impl Equations<2> for MinGru {
    #[inline(always)]
    fn forward<V: Arithmetic>(self, [z, n]: [V; 2], previous: V) -> ([V; 2], V) {
        let z = z.sigmoid();
        ([z, n], z.mul_add(n, (one::<V>() - z) * previous))
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, [z, n]: [V; 2], previous: V, grad: V) -> ([V; 2], V) {
        let dz = Sigmoid.backward(z, grad * (n - previous));
        ([dz, grad * z], grad * (one::<V>() - z))
    }
}

#[derive(Clone, Copy)]
struct MinLstm;

/// The gates of a minLSTM, and what they become when they are made to add up to 1.
struct Shares<V> {
    forget: V,
    input: V,
    forget_share: V,
    input_share: V,
}

impl MinLstm {
    #[inline(always)]
    fn shares<V: Arithmetic>(forget: V, input: V) -> Shares<V> {
        // Below, σ(a) is e^a in f32 and in f64, and the sum of two still has all its digits in f32.
        let small = V::splat(V::Element::from_f64(1e-30));
        let (f, i) = (forget.sigmoid(), input.sigmoid());
        let sum = f + i;
        let is_small = sum.less(small);
        let ratio = (forget - input).sigmoid();
        let opposite = (input - forget).sigmoid();
        Shares {
            forget: f,
            input: i,
            forget_share: V::select(is_small, ratio, f / sum),
            input_share: V::select(is_small, opposite, i / sum),
        }
    }
}

impl Equations<3> for MinLstm {
    #[inline(always)]
    fn forward<V: Arithmetic>(self, parts: [V; 3], previous: V) -> ([V; 3], V) {
        let [f, i, n] = parts;
        let shares = MinLstm::shares(f, i);
        (parts, shares.input_share.mul_add(n, shares.forget_share * previous))
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, [f, i, n]: [V; 3], previous: V, grad: V) -> ([V; 3], V) {
        let Shares { forget, input, forget_share, input_share } = MinLstm::shares(f, i);
        let e = grad * (previous - n) * (forget_share * input_share);
        let df = e * (one::<V>() - forget);
        let di = -(e * (one::<V>() - input));
        ([df, di, grad * input_share], grad * forget_share)
    }
}

#[inline(always)]
fn one<V: Arithmetic>() -> V {
    V::splat(V::Element::ONE)
}

struct Forward<'a, 'b, T, E> {
    rows: MinimalForward<'a, 'b, T>,
    formula: E,
}

macro_rules! kernels {
    ($($equations:ident $parts:literal)*) => {$(
        impl<T: Float> VectorKernel<T> for Forward<'_, '_, T, $equations> {
            type Output = ();

            #[inline(always)]
            fn run<V: Vector<Element = T>>(self) {
                forward_rows::<V, _, $parts>(self.rows, self.formula);
            }
        }

        impl<T: Float> VectorKernel<T> for Backward<'_, '_, T, $equations> {
            type Output = ();

            #[inline(always)]
            fn run<V: Vector<Element = T>>(self) {
                backward_rows::<V, _, $parts>(self.rows, self.formula);
            }
        }
    )*};
}

kernels! { MinGru 2 MinLstm 3 }

#[inline(always)]
fn forward_rows<V: Vector, E: Equations<N>, const N: usize>(
    rows: MinimalForward<'_, '_, V::Element>,
    formula: E,
) {
    let MinimalForward { hidden_size, units, gates, trace, previous, state } = rows;
    let mut trace = trace.iter_mut();
    let states = previous.chunks_exact(hidden_size).zip(state.chunks_exact_mut(hidden_size));
    for (gates, (previous, state)) in gates.iter().zip(states) {
        each_block::<V>(&mut ForwardRow {
            gates: parts::<_, N>(gates, hidden_size, &units),
            trace: trace.next().map(|trace| parts_mut(trace, hidden_size, &units)),
            previous: &previous[units.clone()],
            state: &mut state[units.clone()],
            formula,
        });
    }
}

struct ForwardRow<'a, T, E, const N: usize> {
    gates: [&'a [T]; N],
    trace: Option<[&'a mut [T]; N]>,
    previous: &'a [T],
    state: &'a mut [T],
    formula: E,
}

impl<T: Float, E: Equations<N>, const N: usize> Blocks<T> for ForwardRow<'_, T, E, N> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.previous.len()
    }

    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (gates, previous) = (load_all::<B, N>(&self.gates, at), B::load(self.previous, at));
        let (kept, state) = self.formula.forward(gates, previous);
        if let Some(trace) = &mut self.trace {
            store_all::<B, N>(kept, trace, at);
        }
        B::store(state, self.state, at);
    }
}

struct Backward<'a, 'b, T, E> {
    rows: MinimalBackward<'a, 'b, T>,
    formula: E,
}

#[inline(always)]
fn backward_rows<V: Vector, E: Equations<N>, const N: usize>(
    rows: MinimalBackward<'_, '_, V::Element>,
    formula: E,
) {
    let MinimalBackward { hidden_size, units, deltas, previous, grad_state, grad_previous } = rows;
    let grads = grad_state.chunks_exact(hidden_size);
    let grads = grads.zip(grad_previous.chunks_exact_mut(hidden_size));
    for (deltas, (previous, (grad, grad_previous))) in
        deltas.iter_mut().zip(previous.iter().zip(grads))
    {
        each_block::<V>(&mut BackwardRow {
            deltas: parts_mut::<_, N>(deltas, hidden_size, &units),
            previous: &previous[units.clone()],
            grad: &grad[units.clone()],
            grad_previous: &mut grad_previous[units.clone()],
            formula,
        });
    }
}

struct BackwardRow<'a, T, E, const N: usize> {
    deltas: [&'a mut [T]; N],
    previous: &'a [T],
    grad: &'a [T],
    grad_previous: &'a mut [T],
    formula: E,
}

impl<T: Float, E: Equations<N>, const N: usize> Blocks<T> for BackwardRow<'_, T, E, N> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.previous.len()
    }

    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let kept = load_all::<B, N>(&self.deltas, at);
        let (previous, grad) = (B::load(self.previous, at), B::load(self.grad, at));
        let (deltas, before) = self.formula.backward(kept, previous, grad);
        store_all::<B, N>(deltas, &mut self.deltas, at);
        B::store(before, self.grad_previous, at);
    }
}

#[cfg(test)]
mod tests;
