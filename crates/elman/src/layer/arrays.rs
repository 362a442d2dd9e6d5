//! What goes into a layer and comes out of it.

use ndarray::{Array3, ArrayView3};

use crate::parameters::Parameters;

/// What a layer computes.
#[derive(Clone, Debug)]
pub struct LayerOutput<T, S> {
    /// The hidden states of all steps, `[B, T, output_size]`; zero in padding.
    pub outputs: Array3<T>,
    /// The state after each sequence's last computed step; the initial state for length 0.
    pub final_state: S,
}

/// The gradients that arrive at a layer from the scalar that the caller defined.
#[derive(Debug)]
pub struct ArrivingGradient<'a, T, S> {
    /// Of the outputs, `[B, T, output_size]`; `None` is zero. Values in padding are not read.
    pub outputs: Option<ArrayView3<'a, T>>,
    /// Of the final state; `None` is zero.
    pub final_state: Option<&'a S>,
}

/// Where backward puts gradients: memory of the caller.
#[derive(Debug)]
pub struct GradientTargets<'a, T> {
    /// Those of the parameters are added to these.
    pub parameters: &'a mut Parameters<T>,
    /// Becomes that of the inputs, `[B, T, I]`; zero in padding.
    pub inputs: &'a mut Array3<T>,
}

/// The gradients that a layer hands back.
#[derive(Clone, Debug)]
pub struct LayerGradient<T, S> {
    /// Of the inputs, `[B, T, I]`; zero in padding.
    pub inputs: Array3<T>,
    /// Of the initial state.
    pub initial_state: S,
}
