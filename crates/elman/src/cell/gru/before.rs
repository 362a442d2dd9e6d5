//! The reset before the recurrent product of the candidate.

use elman_kernels::Level;
use elman_kernels::matmul::{Rows, Start, Term};
use elman_kernels::pointwise::{
    GruForward, gru_before_backward, gru_before_gates, gru_before_reset, gru_before_state,
};

use super::{GruCell, GruPrepared, operands};
use crate::cell::{BackwardRows, StepRows};
use crate::real::Real;

/// The rest of a step whose gates r and z are there, before σ.
pub(super) fn candidate<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    rows: StepRows<'_, T>,
) {
    let (hidden_size, stride) = (cell.hidden_size, cell.gates_size());
    let (level, functions) = (Level::current(), cell.functions);
    let StepRows { inputs, previous, state, trace } = rows;
    let rows = GruForward { hidden_size, gates: &mut *trace, previous, state: &mut *state };
    gru_before_gates(level, functions, rows);
    // n = b_n + x_t·W_n + q·U_n, in this order, in the place of the state.
    let resets = Rows::Strided { values: &trace[3 * hidden_size..], stride };
    let terms = [
        Term { rows: Rows::Slices(inputs), weights: &prepared.input_candidate },
        Term { rows: resets, weights: &prepared.recurrent_candidate },
    ];
    T::product(Start::Bias(&prepared.bias[2 * hidden_size..]), &terms, &mut *state);
    gru_before_state(level, functions, GruForward { hidden_size, gates: trace, previous, state });
}

/// A step back.
pub(super) fn backward<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    mut rows: BackwardRows<'_, T>,
) {
    let (hidden_size, stride) = (cell.hidden_size, cell.gates_size());
    let (level, functions) = (Level::current(), cell.functions);
    gru_before_backward(level, functions, operands(hidden_size, &mut rows));
    // dq = dn·U_nᵀ, in the place of dh_{t-1}.
    let term = Term {
        rows: Rows::Strided { values: &rows.deltas[2 * hidden_size..], stride },
        weights: &prepared.recurrent_candidate_transposed,
    };
    T::product(Start::Zero, &[term], &mut *rows.grad_previous);
    gru_before_reset(level, functions, operands(hidden_size, &mut rows));
    // dh_{t-1} = dh_t⊙z + dq⊙r + [dr dz]·U_rzᵀ, in this order.
    let term = Term {
        rows: Rows::Strided { values: rows.deltas, stride },
        weights: &prepared.recurrent_gates_transposed,
    };
    T::product(Start::Output, &[term], rows.grad_previous);
}
