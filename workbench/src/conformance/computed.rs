//! What was computed for a case.

use std::collections::BTreeMap;

use elman::Real;
use ndarray::{ArrayBase, ArrayD, Data, Dimension, arr0};

/// Computed tensors under the names that the case gives them, widened to f64.
#[derive(Default)]
pub struct Computed(BTreeMap<String, ArrayD<f64>>);

impl Computed {
    /// Adds a tensor.
    pub fn put<T, S, D>(&mut self, name: impl Into<String>, values: &ArrayBase<S, D>)
    where
        T: Real,
        S: Data<Elem = T>,
        D: Dimension,
    {
        self.0.insert(name.into(), wide(values));
    }

    /// Adds a number.
    pub fn put_number(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), arr0(value).into_dyn());
    }

    /// Adds everything of `other`, each name after `prefix`.
    pub fn put_all(&mut self, prefix: &str, other: Computed) {
        self.0.extend(other.0.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)));
    }

    /// One tensor, if it was computed.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.0.get(name)
    }
}

/// The array in f64, which holds every f32 exactly.
pub fn wide<T: Real, S: Data<Elem = T>, D: Dimension>(values: &ArrayBase<S, D>) -> ArrayD<f64> {
    values.mapv(T::to_f64).into_dyn()
}

/// `Σ values · weights`: the scalar whose gradients the recurrent cases hold.
pub fn weighted_sum<T, S, D>(values: &ArrayBase<S, D>, weights: &ArrayBase<S, D>) -> f64
where
    T: Real,
    S: Data<Elem = T>,
    D: Dimension,
{
    let products =
        values.iter().zip(weights).map(|(value, weight)| value.to_f64() * weight.to_f64());
    products.sum()
}
