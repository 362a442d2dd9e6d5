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

/// `values = tanh values`
pub fn tanh<T: crate::Float>(_level: crate::Level, values: &mut [T]) {
    values.iter_mut().for_each(|v| *v = v.tanh());
}
/// `values = sigmoid values`
pub fn sigmoid<T: crate::Float>(_level: crate::Level, values: &mut [T]) {
    values.iter_mut().for_each(|v| *v = v.sigmoid());
}
/// `values = max(values, 0)`
pub fn relu<T: crate::Float>(_level: crate::Level, values: &mut [T]) {
    values.iter_mut().for_each(|v| {
        if *v <= T::ZERO {
            *v = T::ZERO
        }
    });
}
