//! The reset before the recurrent product of the candidate.

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start, Term};
use elman_kernels::pointwise::{GruBackwardPart, GruForward, GruForwardPart};

use super::{GruCell, GruPrepared, operands};
use crate::cell::{BackwardRows, Begun, StepRows};
use crate::real::Real;

/// The rest of a step whose gates r and z are there, before σ.
pub(super) fn candidate<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    rows: StepRows<'_, '_, T>,
) {
    let hidden_size = cell.hidden_size;
    let (level, functions) = (Level::current(), cell.functions);
    let StepRows { inputs, previous, state, scratch, begun, trace, units } = rows;
    let own = units.own();
    let rows = GruForward {
        hidden_size,
        units: own.clone(),
        gates: &mut *scratch,
        trace: &mut *trace,
        previous,
        state: &mut *state,
    };
    T::gru_forward(level, functions, GruForwardPart::BeforeGates, rows);
    units.exchange(scratch, &[3 * hidden_size]);
    // n = b_n + x_t·W_n + q·U_n, in this order, in the place of the state.
    if begun == Begun::Inputs {
        for (state, begun) in state.chunks_exact_mut(hidden_size).zip(scratch.iter()) {
            state[own.clone()].copy_from_slice(&begun[2 * hidden_size..][own.clone()]);
        }
    }
    let resets = Rows::Mutable { rows: scratch, first: 3 * hidden_size };
    let terms = [
        Term { rows: Rows::Slices(inputs), weights: &prepared.input_candidate },
        Term { rows: resets, weights: &prepared.recurrent_candidate },
    ];
    let (start, terms) = match begun {
        Begun::Nothing => (Start::Bias(&prepared.bias[2 * hidden_size..]), &terms[..]),
        Begun::Inputs => (Start::Output, &terms[1..]),
    };
    let out = Out::Strided { values: &mut *state, stride: hidden_size };
    T::product_columns(start, terms, out, units.columns(1));
    let (units, gates) = (own, scratch);
    let rows = GruForward { hidden_size, units, gates, trace, previous, state };
    T::gru_forward(level, functions, GruForwardPart::BeforeState, rows);
}

/// A step back.
pub(super) fn backward<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    mut rows: BackwardRows<'_, '_, T>,
) {
    let hidden_size = cell.hidden_size;
    let (level, functions) = (Level::current(), cell.functions);
    let part = GruBackwardPart::BeforeCandidate;
    T::gru_backward(level, functions, part, operands(hidden_size, &mut rows));
    rows.units.exchange(rows.deltas, &[2 * hidden_size]);
    // dq = dn·U_nᵀ, in the place of dh_{t-1}.
    let term = Term {
        rows: Rows::Mutable { rows: rows.deltas, first: 2 * hidden_size },
        weights: &prepared.recurrent_candidate_transposed,
    };
    let out = Out::Strided { values: &mut *rows.grad_previous, stride: hidden_size };
    T::product_columns(Start::Zero, &[term], out, rows.units.columns(1));
    let part = GruBackwardPart::BeforeReset;
    T::gru_backward(level, functions, part, operands(hidden_size, &mut rows));
    rows.units.exchange(rows.deltas, &[0, hidden_size]);
    // dh_{t-1} = dh_t⊙z + dq⊙r + [dr dz]·U_rzᵀ, in this order.
    let term = Term {
        rows: Rows::Mutable { rows: rows.deltas, first: 0 },
        weights: &prepared.recurrent_gates_transposed,
    };
    let out = Out::Strided { values: rows.grad_previous, stride: hidden_size };
    T::product_columns(Start::Output, &[term], out, rows.units.columns(1));
}
