//! The LSTM with options: peepholes, a coupled forget gate, a projection, bounds, any functions.
//!
//! A row of deltas is `[gates | peepholes | m_t | dh_t]`: da, what the gradients of the peepholes are sums
//! of, and the two factors of the gradient of R. Each part is there only with its option. A row of scratch
//! has the same places.

use std::slice::from_ref;

use elman_kernels::Level;
use elman_kernels::matmul::{Out, Rows, Start, Term};
use elman_kernels::pointwise::{
    ClippedCurve, Forget, LstmVariant, LstmVariantBackward, LstmVariantForward,
};

use super::{ForgetGate, LstmActivations, LstmCell, LstmPrepared};
use crate::cell::{
    BackwardRows, Cell, Factor, GradientRows, RecurrentGradient, SequenceDeltas, StepRows, Units,
    WeightGradient, add_weight_gradients,
};
use crate::real::Real;

/// Where the parts of a row of deltas start.
pub(super) struct Layout {
    pub peepholes: usize,
    /// m, the units before their projection.
    pub units: usize,
    /// dh, the gradient of their projection.
    pub grad: usize,
    pub end: usize,
}

impl<T: Real> LstmCell<T> {
    pub(super) fn layout(&self) -> Layout {
        let peepholes = self.gates().columns;
        let units = peepholes + self.peephole_size();
        match self.options.projection_size {
            None => Layout { peepholes, units, grad: units, end: units },
            Some(size) => {
                let grad = units + self.sizes.hidden_size;
                Layout { peepholes, units, grad, end: grad + size }
            }
        }
    }

    /// Takes over p and R.
    pub(super) fn refresh_rest(&self, parameters: &[T], prepared: &mut LstmPrepared<T>) {
        let [peepholes, weights] = self.split_rest(parameters);
        peepholes.clone_into(&mut prepared.peepholes);
        if let Some(projection) = &mut prepared.projection {
            projection.forward.fill(weights);
            projection.transposed.fill_transposed(weights, self.output_size());
        }
    }

    fn variant<'a>(&self, prepared: &'a LstmPrepared<T>) -> LstmVariant<'a, T> {
        let LstmActivations { gate, candidate, output } = self.options.activations;
        let clip = self.options.clip;
        LstmVariant {
            hidden_size: self.sizes.hidden_size,
            gate: ClippedCurve { curve: gate.curve(), clip },
            candidate: ClippedCurve { curve: candidate.curve(), clip },
            output: output.curve(),
            forget: match self.options.forget_gate {
                ForgetGate::Own => Forget::Own,
                ForgetGate::Coupled => Forget::Coupled,
            },
            cell_clip: self.options.cell_clip,
            peepholes: &prepared.peepholes,
        }
    }

    /// What row `r` multiplies its candidate by.
    fn factors_of<'a>(&self, factors: Option<&'a [T]>, r: usize) -> Option<&'a [T]> {
        let units = self.sizes.hidden_size;
        factors.map(|factors| &factors[r * units..][..units])
    }

    /// The rest of a step whose scratch rows hold the pre-activations.
    pub(super) fn variant_forward(
        &self,
        prepared: &LstmPrepared<T>,
        rows: StepRows<'_, '_, T>,
        units: &Units,
    ) {
        let (size, output) = (self.state_size(), self.output_size());
        let (variant, layout) = (self.variant(prepared), self.layout());
        let mut traces = rows.trace.iter_mut();
        let states = rows.state.chunks_exact_mut(size).zip(rows.previous.chunks_exact(size));
        for (r, (scratch, (state, previous))) in rows.scratch.iter_mut().zip(states).enumerate() {
            let (gates, m) = scratch.split_at_mut(layout.units);
            let (hidden, cell) = state.split_at_mut(output);
            let row = LstmVariantForward {
                units: units.own(),
                gates,
                trace: traces.next().map(|trace| &mut **trace),
                previous: &previous[output..],
                candidate_factors: self.factors_of(rows.update_factors, r),
                cell,
                hidden: if prepared.projection.is_some() { m } else { hidden },
            };
            T::lstm_variant_forward(Level::current(), &variant, row);
        }
        // h_t = m_t·R
        if let Some(projection) = &prepared.projection {
            let m = Rows::Mutable { rows: rows.scratch, first: layout.units };
            let term = Term { rows: m, weights: &projection.forward };
            let out = Out::Strided { values: rows.state, stride: size };
            T::product_columns(Start::Zero, &[term], out, from_ref(&(0..output)));
        }
    }

    pub(super) fn variant_backward(
        &self,
        prepared: &LstmPrepared<T>,
        rows: BackwardRows<'_, '_, T>,
        units: &mut Units,
    ) {
        let (size, output, hidden_size) =
            (self.state_size(), self.output_size(), self.sizes.hidden_size);
        let (variant, layout) = (self.variant(prepared), self.layout());
        let BackwardRows { previous, state, grad_state, deltas, grad_previous, .. } = rows;
        if let Some(projection) = &prepared.projection {
            // dm_t = dh_t·Rᵀ
            let grads = Rows::Strided { values: grad_state, stride: size };
            let term = Term { rows: grads, weights: &projection.transposed };
            let out = Out::Slices { rows: &mut *deltas, first: layout.units };
            T::product_columns(Start::Zero, &[term], out, from_ref(&(0..hidden_size)));
            for (deltas, grad) in deltas.iter_mut().zip(grad_state.chunks_exact(size)) {
                deltas[layout.grad..layout.end].copy_from_slice(&grad[..output]);
            }
        }
        let grads = grad_state.chunks_exact_mut(size).zip(grad_previous.chunks_exact_mut(size));
        let cells = previous.inner.iter().zip(state.inner);
        let all = deltas.iter_mut().zip(cells).zip(grads).enumerate();
        for (r, ((deltas, (previous, cell)), (grad, grad_previous))) in all {
            let (deltas, m) = deltas.split_at_mut(layout.units);
            let (grad_hidden, grad_cell) = grad.split_at_mut(output);
            let row = LstmVariantBackward {
                units: units.own(),
                deltas,
                previous,
                candidate_factors: self.factors_of(rows.update_factors, r),
                cell,
                hidden: if prepared.projection.is_some() { m } else { grad_hidden },
                grad_cell,
                grad_previous: &mut grad_previous[output..],
            };
            T::lstm_variant_backward(Level::current(), &variant, row);
        }
        let gates = [0, 1, 2, 3].map(|gate| gate * hidden_size);
        units.exchange(deltas, &gates[..self.gate_count()]);
        // dh_{t-1} = da_t·Uᵀ, beside dc_{t-1}
        let term = prepared.gates.all().transposed_term(Rows::Mutable { rows: deltas, first: 0 });
        let out = Out::Strided { values: grad_previous, stride: size };
        let all = 0..output;
        let columns = if prepared.projection.is_some() { from_ref(&all) } else { units.columns(1) };
        T::product_columns(Start::Zero, &[term], out, columns);
    }

    /// Adds the gradients of p and R.
    pub(super) fn add_other_gradients(
        &self,
        sequences: &[SequenceDeltas<'_, T>],
        grad_parameters: &mut [T],
    ) {
        let (layout, count) = (self.layout(), self.peephole_size());
        let (peepholes, projection) = grad_parameters[self.gates().end()..].split_at_mut(count);
        if count > 0 {
            // dp += [di⊙c_{t-1} df⊙c_{t-1} do⊙c_t]
            let gradient = WeightGradient {
                deltas: layout.peepholes..layout.units,
                input_weights: None,
                recurrent_weights: None,
                bias: Some(0),
            };
            let target = GradientRows { values: peepholes, stride: count };
            add_weight_gradients(sequences, &[gradient], target);
        }
        if let Some(stride) = self.options.projection_size {
            // dR += m_tᵀ·dh_t
            let factor = Factor::Deltas(layout.units..layout.grad);
            let gradient = WeightGradient {
                deltas: layout.grad..layout.end,
                input_weights: None,
                recurrent_weights: Some(RecurrentGradient { factor, start: 0 }),
                bias: None,
            };
            let target = GradientRows { values: projection, stride };
            add_weight_gradients(sequences, &[gradient], target);
        }
    }
}
