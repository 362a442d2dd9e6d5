//! The reset before the recurrent product of the candidate.

use elman_kernels::matmul::{Out, Rows, Start};
use elman_kernels::pointwise::{GruBackwardPart, GruForward, GruForwardPart, zero};

use super::{GruCell, GruPrepared, carried_operands, operands};
use crate::cell::gated::GateInputs;
use crate::cell::{BackwardRows, Begun, StepRows, Units};
use crate::real::Real;

/// The rest of a step whose gates r and z are there, before σ.
pub(super) fn candidate<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    rows: StepRows<'_, '_, T>,
    units: &mut Units,
) {
    let hidden_size = cell.hidden_size;
    let undropped = rows.undropped();
    let StepRows { inputs, previous, state, scratch, begun, trace, update_factors, .. } = rows;
    let own = units.own();
    let rows = GruForward {
        hidden_size,
        units: own.clone(),
        gates: &mut *scratch,
        trace: &mut *trace,
        previous,
        state: &mut *state,
    };
    cell.forward_part(GruForwardPart::BeforeGates, rows, update_factors);
    units.exchange(scratch, &[3 * hidden_size]);
    // n = b_n + x_t·W_n + q·U_n, in the place of the state.
    if begun == Begun::Inputs {
        for (state, begun) in state.chunks_exact_mut(hidden_size).zip(scratch.iter()) {
            state[own.clone()].copy_from_slice(&begun[2 * hidden_size..][own.clone()]);
        }
    }
    let hidden = Rows::Mutable { rows: scratch, first: 3 * hidden_size };
    let out = Out::Strided { values: &mut *state, stride: hidden_size };
    prepared.candidate().pre_activations(GateInputs { inputs, hidden, begun }, out, units);
    let (units, gates) = (own, scratch);
    let rows = GruForward { hidden_size, units, gates, trace, previous: undropped, state };
    cell.forward_part(GruForwardPart::BeforeState, rows, update_factors);
}

/// A step back.
pub(super) fn backward<T: Real>(
    cell: &GruCell<T>,
    prepared: &GruPrepared<T>,
    mut rows: BackwardRows<'_, '_, T>,
    units: &mut Units,
) {
    let hidden_size = cell.hidden_size;
    let part = GruBackwardPart::BeforeCandidate;
    let factors = rows.update_factors;
    cell.backward_part(part, carried_operands(hidden_size, &mut rows, units), factors);
    // dh_t⊙z is what goes past dropout, if there is any.
    if let Some(carried) = &mut rows.carried {
        carried.grad[..rows.grad_state.len()].copy_from_slice(rows.grad_state);
        zero(rows.grad_state);
    }
    units.exchange(rows.deltas, &[2 * hidden_size]);
    // dq = dn·U_nᵀ, in the place of dh_{t-1}.
    let deltas = Rows::Mutable { rows: rows.deltas, first: 2 * hidden_size };
    let term = prepared.candidate().transposed_term(deltas);
    let out = Out::Strided { values: &mut *rows.grad_previous, stride: hidden_size };
    T::product_columns(Start::Zero, &[term], out, units.columns(1));
    let part = GruBackwardPart::BeforeReset;
    cell.backward_part(part, operands(hidden_size, &mut rows, units), factors);
    units.exchange(rows.deltas, &[0, hidden_size]);
    // dh_{t-1} = dh_t⊙z + dq⊙r + [dr dz]·U_rzᵀ, in this order.
    let term = prepared.gates().transposed_term(Rows::Mutable { rows: rows.deltas, first: 0 });
    let out = Out::Strided { values: rows.grad_previous, stride: hidden_size };
    T::product_columns(Start::Output, &[term], out, units.columns(1));
}
