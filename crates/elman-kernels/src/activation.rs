//! Activation functions over slices, the same bits at every level.

/// `e^x`.
#[inline]
#[must_use]
pub fn exp_f32(x: f32) -> f32 {
    libm::expf(x)
}

/// `tanh x`.
#[inline]
#[must_use]
pub fn tanh_f32(x: f32) -> f32 {
    libm::tanhf(x)
}

/// `1 / (1 + e^-x)`.
#[inline]
#[must_use]
pub fn sigmoid_f32(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// `1 / (1 + e^-x)`.
#[inline]
#[must_use]
pub fn sigmoid_f64(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}
