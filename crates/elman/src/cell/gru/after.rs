//! The reset after the recurrent product of the candidate.

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
    let StepRows { inputs, previous, state, scratch, begun, trace, units } = rows;
    let columns = units.columns(1);
    // n = b_n + x_t·W_n
    if begun == Begun::Nothing {
        let term = Term { rows: Rows::Slices(inputs), weights: &prepared.input_candidate };
        let start = Start::Bias(&prepared.bias[2 * hidden_size..]);
        let out = Out::Slices { rows: &mut *scratch, first: 2 * hidden_size };
        T::product_columns(start, &[term], out, columns);
    }
    // q = b_hn + h_{t-1}·U_n
    let states = Rows::Strided { values: previous, stride: hidden_size };
    let term = Term { rows: states, weights: &prepared.recurrent_candidate };
    let start = Start::Bias(&prepared.recurrent_bias);
    let out = Out::Slices { rows: &mut *scratch, first: 3 * hidden_size };
    T::product_columns(start, &[term], out, columns);
    let (units, gates) = (units.own(), scratch);
    let rows = GruForward { hidden_size, units, gates, trace, previous, state };
    T::gru_forward(Level::current(), cell.functions, GruForwardPart::After, rows);
}

/// A step back.
pub(super) fn backward<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    mut rows: BackwardRows<'_, '_, T>,
) {
    let hidden_size = cell.hidden_size;
    let (level, part) = (Level::current(), GruBackwardPart::After);
    T::gru_backward(level, cell.functions, part, operands(hidden_size, &mut rows));
    rows.units.exchange(rows.deltas, &[0, hidden_size, 3 * hidden_size]);
    // dh_{t-1} = dh_t⊙z + [dr dz]·U_rzᵀ + dq·U_nᵀ, in this order.
    let terms = [
        Term {
            rows: Rows::Mutable { rows: rows.deltas, first: 0 },
            weights: &prepared.recurrent_gates_transposed,
        },
        Term {
            rows: Rows::Mutable { rows: rows.deltas, first: 3 * hidden_size },
            weights: &prepared.recurrent_candidate_transposed,
        },
    ];
    let out = Out::Strided { values: rows.grad_previous, stride: hidden_size };
    T::product_columns(Start::Output, &terms, out, rows.units.columns(1));
}
