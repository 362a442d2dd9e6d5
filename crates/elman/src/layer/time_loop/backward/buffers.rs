//! The rows of one backward step, side by side.

use elman_kernels::pointwise::{StridedMut, add_rows};
use elman_kernels::{Aligned, Level};

use crate::cell::{BackwardRows, StateRows};
use crate::layer::time_loop::Sizes;
use crate::layer::time_loop::backward_noise::BackwardNoise;
use crate::real::Real;

/// h and the other parts of a state.
pub(in crate::layer::time_loop) struct KnownState<'a, T> {
    pub hidden: &'a [T],
    pub inner: &'a [T],
}

/// States of the rows of one step, where they are kept.
pub(in crate::layer::time_loop) struct States<'a, T> {
    pub hidden: Vec<&'a [T]>,
    pub inner: Vec<&'a [T]>,
}

impl<'a, T> States<'a, T> {
    pub fn new(rows: usize, sizes: &Sizes) -> Self {
        let inner = if sizes.inner() > 0 { rows } else { 0 };
        States { hidden: Vec::with_capacity(rows), inner: Vec::with_capacity(inner) }
    }

    #[inline(always)]
    pub fn push(&mut self, state: KnownState<'a, T>) {
        self.hidden.push(state.hidden);
        if !state.inner.is_empty() {
            self.inner.push(state.inner);
        }
    }

    #[inline(always)]
    pub fn clear(&mut self) {
        self.hidden.clear();
        self.inner.clear();
    }

    #[inline(always)]
    pub fn rows(&self) -> StateRows<'_, T> {
        StateRows { hidden: &self.hidden, inner: &self.inner }
    }
}

/// The rows of one backward step, side by side.
pub(in crate::layer::time_loop) struct BackwardBuffers<'a, T> {
    size: usize,
    /// The state before the step, and after it.
    pub previous: States<'a, T>,
    pub state: States<'a, T>,
    pub grad_outputs: Vec<&'a [T]>,
    pub grad_state: Aligned<T>,
    pub grad_previous: Aligned<T>,
}

impl<T: Real> BackwardBuffers<'_, T> {
    pub fn new(rows: usize, sizes: &Sizes) -> Self {
        BackwardBuffers {
            size: sizes.state,
            previous: States::new(rows, sizes),
            state: States::new(rows, sizes),
            grad_outputs: Vec::with_capacity(rows),
            grad_state: Aligned::zeros(rows * sizes.state),
            grad_previous: Aligned::zeros(rows * sizes.state),
        }
    }

    /// A row's last step: its gradient starts from that of the final state.
    pub fn enter(&mut self, r: usize, grad_final: Option<&[T]>) {
        let target = &mut self.grad_state[r * self.size..][..self.size];
        match grad_final {
            Some(grad) => target.copy_from_slice(grad),
            None => target.fill(T::ZERO),
        }
    }

    /// Adds the gradients of the step's outputs to those of its states.
    pub fn add_grad_outputs(&mut self) {
        let target = StridedMut { values: &mut self.grad_state, stride: self.size };
        add_rows(Level::current(), target, &self.grad_outputs);
    }

    #[inline(always)]
    pub fn operands<'a, 'b>(
        &'a mut self,
        deltas: &'a mut [&'b mut [T]],
        noise: Option<&'a mut BackwardNoise<'_, '_, T>>,
    ) -> BackwardRows<'a, 'b, T> {
        let states = deltas.len() * self.size;
        let (carried, update_factors) = noise.map_or((None, None), BackwardNoise::operands);
        BackwardRows {
            previous: self.previous.rows(),
            state: self.state.rows(),
            grad_state: &mut self.grad_state[..states],
            deltas,
            grad_previous: &mut self.grad_previous[..states],
            carried,
            update_factors,
        }
    }

    /// What was before the step is after the one before it.
    #[inline(always)]
    pub fn step_back(&mut self) {
        std::mem::swap(&mut self.state, &mut self.previous);
        self.previous.clear();
        self.grad_outputs.clear();
        std::mem::swap(&mut self.grad_state, &mut self.grad_previous);
    }
}
