//! The parts of a step between the products: the loop that most cells use, or the one for every option.

use elman_kernels::Level;
use elman_kernels::pointwise::{
    ClippedCurve, GruBackward, GruBackwardPart, GruForward, GruForwardPart, GruVariant,
    GruVariantBackward, GruVariantForward,
};

use super::{GruActivations, GruCell};
use crate::real::Real;

impl<T: Real> GruCell<T> {
    /// One part of a step; `factors` are those of the candidate, `[rows, H]`.
    pub(super) fn forward_part(
        &self,
        part: GruForwardPart,
        rows: GruForward<'_, '_, T>,
        factors: Option<&[T]>,
    ) {
        let level = Level::current();
        if let Some(functions) = self.plain.filter(|_| factors.is_none()) {
            return T::gru_forward(level, functions, part, rows);
        }
        let (variant, size) = (self.variant(), self.hidden_size);
        let mut traces = rows.trace.iter_mut();
        let states = rows.previous.chunks_exact(size).zip(rows.state.chunks_exact_mut(size));
        for (r, (gates, (previous, state))) in rows.gates.iter_mut().zip(states).enumerate() {
            let trace = traces.next().map(|trace| &mut **trace);
            let units = rows.units.clone();
            let candidate_factors = factors.map(|factors| &factors[r * size..][..size]);
            let row = GruVariantForward { units, gates, trace, previous, candidate_factors, state };
            T::gru_variant_forward(level, &variant, part, row);
        }
    }

    /// One part of a step back; `factors` are those of the candidate, `[rows, H]`.
    pub(super) fn backward_part(
        &self,
        part: GruBackwardPart,
        rows: GruBackward<'_, '_, T>,
        factors: Option<&[T]>,
    ) {
        let level = Level::current();
        if let Some(functions) = self.plain.filter(|_| factors.is_none()) {
            return T::gru_backward(level, functions, part, rows);
        }
        let (variant, size) = (self.variant(), self.hidden_size);
        let grads = rows.grad_state.chunks_exact_mut(size);
        let grads = grads.zip(rows.grad_previous.chunks_exact_mut(size));
        let states = rows.previous.iter().zip(grads);
        let all = rows.gates.iter_mut().zip(states).enumerate();
        for (r, (deltas, (previous, (grad_state, grad_previous)))) in all {
            let row = GruVariantBackward {
                units: rows.units.clone(),
                deltas,
                previous,
                candidate_factors: factors.map(|factors| &factors[r * size..][..size]),
                grad_state,
                grad_previous,
            };
            T::gru_variant_backward(level, &variant, part, row);
        }
    }

    fn variant(&self) -> GruVariant {
        let GruActivations { gate, candidate } = self.options.activations;
        let clip = self.options.clip;
        GruVariant {
            hidden_size: self.hidden_size,
            gate: ClippedCurve { curve: gate.curve(), clip },
            candidate: ClippedCurve { curve: candidate.curve(), clip },
        }
    }
}
