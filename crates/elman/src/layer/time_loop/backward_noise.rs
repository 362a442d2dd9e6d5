//! What the noise of a forward run does to each step back.

use elman_kernels::pointwise::{add_assign, through_dropout, zero};
use elman_kernels::{Aligned, Level};

use super::Sizes;
use super::backward::{BackwardBuffers, BackwardRow, KnownState};
use super::noise::LoopNoise;
use crate::cell::Carried;
use crate::real::Real;

/// The noise of a backward run over some rows, and the gradients that go past the cell.
pub(super) struct BackwardNoise<'n, 'a, T> {
    noise: LoopNoise<'n, T>,
    state_size: usize,
    output_size: usize,
    /// `m⊙ds_t`: [rows, S].
    stayed: Aligned<T>,
    /// The part of `dh_{t-1}` that no dropped state gave: [rows, output_size]; empty without dropout.
    grad_carried: Aligned<T>,
    /// `h_{t-1}` before dropout; none without it.
    carried: Vec<&'a [T]>,
}

impl<'n, 'a, T: Real> BackwardNoise<'n, 'a, T> {
    pub fn new(noise: LoopNoise<'n, T>, sizes: &Sizes, rows: usize) -> Self {
        BackwardNoise {
            state_size: sizes.state,
            output_size: sizes.output,
            stayed: Aligned::zeros(rows * sizes.state),
            grad_carried: Aligned::zeros(noise.state_factors.len()),
            carried: Vec::with_capacity(rows),
            noise,
        }
    }

    /// Gives the cell the states that it computed and read, and its part of the gradient.
    pub fn before_step(
        &mut self,
        buffers: &mut BackwardBuffers<'a, T>,
        rows: &[BackwardRow<'a, T>],
        s: usize,
    ) {
        let (size, output) = (self.state_size, self.output_size);
        if rows.first().is_some_and(|row| !row.known.computed.is_empty()) {
            buffers.state.clear();
        }
        self.carried.clear();
        for (r, row) in rows.iter().enumerate() {
            let t = self.noise.time(s, row.length);
            if !row.known.computed.is_empty() {
                let (hidden, inner) = row.known.computed[t * size..][..size].split_at(output);
                buffers.state.push(KnownState { hidden, inner });
            }
            if !row.known.dropped.is_empty() {
                let dropped = &row.known.dropped[t * output..][..output];
                self.carried.push(std::mem::replace(&mut buffers.previous.hidden[r], dropped));
            }
            let grad = &mut buffers.grad_state[r * size..][..size];
            let stayed = &mut self.stayed[r * size..][..size];
            self.noise.split_gradient(row.place(), s, grad, stayed);
            self.noise.draw_update(r, row.place(), s);
        }
        zero(&mut self.grad_carried);
    }

    /// What the cell gets of it.
    pub fn operands(&mut self) -> (Option<Carried<'_, T>>, Option<&[T]>) {
        let carried = (!self.carried.is_empty())
            .then_some(Carried { hidden: &self.carried, grad: &mut self.grad_carried });
        (carried, self.noise.update_factors())
    }

    /// Adds what went past the cell, and forgets the dropped states.
    pub fn after_step(&mut self, buffers: &mut BackwardBuffers<'a, T>, rows: usize) {
        let (size, output) = (self.state_size, self.output_size);
        for r in 0..rows {
            let grad = &mut buffers.grad_previous[r * size..][..size];
            if !self.carried.is_empty() {
                buffers.previous.hidden[r] = self.carried[r];
                let factors = &self.noise.state_factors[r * output..][..output];
                let past = &self.grad_carried[r * output..][..output];
                through_dropout(Level::current(), &mut grad[..output], factors, past);
            }
            add_assign(Level::current(), grad, &self.stayed[r * size..][..size]);
        }
    }
}
