//! The reset after the recurrent product of the candidate.

use elman_kernels::Level;
use elman_kernels::matmul::{Rows, Start, Term};
use elman_kernels::pointwise::{GruForward, gru_after_backward, gru_after_forward};

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
    let StepRows { inputs, previous, state, trace } = rows;
    // n = b_n + x_t·W_n
    let term = Term { rows: Rows::Slices(inputs), weights: &prepared.input_candidate };
    let start = Start::Bias(&prepared.bias[2 * hidden_size..]);
    T::product_strided(start, &[term], (&mut trace[2 * hidden_size..], stride));
    // q = b_hn + h_{t-1}·U_n
    let states = Rows::Strided { values: previous, stride: hidden_size };
    let term = Term { rows: states, weights: &prepared.recurrent_candidate };
    let start = Start::Bias(&prepared.recurrent_bias);
    T::product_strided(start, &[term], (&mut trace[3 * hidden_size..], stride));
    let rows = GruForward { hidden_size, gates: trace, previous, state };
    gru_after_forward(Level::current(), cell.functions, rows);
}

/// A step back.
pub(super) fn backward<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    mut rows: BackwardRows<'_, T>,
) {
    let (hidden_size, stride) = (cell.hidden_size, cell.gates_size());
    gru_after_backward(Level::current(), cell.functions, operands(hidden_size, &mut rows));
    // dh_{t-1} = dh_t⊙z + [dr dz]·U_rzᵀ + dq·U_nᵀ, in this order.
    let terms = [
        Term {
            rows: Rows::Strided { values: rows.deltas, stride },
            weights: &prepared.recurrent_gates_transposed,
        },
        Term {
            rows: Rows::Strided { values: &rows.deltas[3 * hidden_size..], stride },
            weights: &prepared.recurrent_candidate_transposed,
        },
    ];
    T::product(Start::Output, &terms, rows.grad_previous);
}
