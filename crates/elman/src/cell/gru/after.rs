//! The reset after the recurrent product of the candidate.

use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{GruBackwardPart, GruForward, GruForwardPart};

use super::{GruCell, GruPrepared, carried_operands};
use crate::cell::{BackwardRows, Begun, StepRows, Units};
use crate::real::Real;

/// The rest of a step whose gates r and z are there, before σ.
pub(super) fn candidate<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    rows: StepRows<'_, '_, T>,
    units: &Units,
) {
    let hidden_size = cell.hidden_size;
    let undropped = rows.undropped();
    let StepRows { inputs, previous, state, scratch, begun, trace, update_factors, .. } = rows;
    // n = b_n + x_t·W_n
    if begun == Begun::Nothing {
        let out = Out::Slices { rows: &mut *scratch, first: 2 * hidden_size };
        prepared.candidate().input_product(inputs, out, units);
    }
    // q = b_hn + h_{t-1}·U_n
    let states = Rows::Strided { values: previous, stride: hidden_size };
    let term = prepared.candidate().recurrent_term(states);
    let start = Start::Bias(&prepared.recurrent_bias);
    let out = Out::Slices { rows: &mut *scratch, first: 3 * hidden_size };
    T::product_columns(start, &[term], out, units.columns(1));
    let (units, gates) = (units.own(), scratch);
    let rows = GruForward { hidden_size, units, gates, trace, previous: undropped, state };
    cell.forward_part(GruForwardPart::After, rows, update_factors);
}

/// A step back.
pub(super) fn backward<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    mut rows: BackwardRows<'_, '_, T>,
    units: &mut Units,
) {
    let hidden_size = cell.hidden_size;
    let part = GruBackwardPart::After;
    let factors = rows.update_factors;
    cell.backward_part(part, carried_operands(hidden_size, &mut rows, units), factors);
    // dh_t⊙z is what goes past dropout, if there is any.
    let start = match &mut rows.carried {
        None => Start::Output,
        Some(carried) => {
            carried.grad[..rows.grad_previous.len()].copy_from_slice(rows.grad_previous);
            Start::Zero
        }
    };
    units.exchange(rows.deltas, &[0, hidden_size, 3 * hidden_size]);
    // dh_{t-1} = dh_t⊙z + [dr dz]·U_rzᵀ + dq·U_nᵀ, in this order.
    let (gates, candidate) = (prepared.gates(), prepared.candidate());
    let terms = [
        gates.transposed_term(Rows::Mutable { rows: rows.deltas, first: 0 }),
        candidate.transposed_term(Rows::Mutable { rows: rows.deltas, first: 3 * hidden_size }),
    ];
    let out = Out::Strided { values: rows.grad_previous, stride: hidden_size };
    T::product_columns(start, &terms, out, units.columns(1));
}
