//! Binary cross-entropy: independent yes-or-no questions against logits.

use elman_kernels::{Level, activation};
use ndarray::{ArrayView2, ArrayViewMut2, Zip};
use serde::{Deserialize, Serialize};

use super::{Reduction, check_weights, same_shape};
use crate::error::{Error, Result};
use crate::real::{Float, Real};

/// Binary cross-entropy of logits `[N, K]`, K independent questions a row.
///
/// With logit `x`, target `y` in `[0, 1]`, the entry's weight `w` and the column's `pos_weight` `p`
/// (1 without them),
///
/// ```text
/// l = w · (p · y · s(−x) + (1 − y) · s(x))               s(x) = ln(1 + e^x)
/// ∂l/∂x = w · ((1 − y) · σ(x) − p · y · σ(−x))
/// ```
///
/// The mean divides by the number of entries, whatever their weights.
///
/// # Accuracy
///
/// Both terms are sums of positive numbers made of `e^−|x|`, so nothing overflows or cancels at
/// logits of ±1e4.
///
/// # Source
///
/// PyTorch's `binary_cross_entropy_with_logits`.
///
/// ```
/// use elman::loss::BinaryCrossEntropy;
/// use ndarray::{Array2, array};
///
/// # fn main() -> elman::Result<()> {
/// let mut grad_logits = Array2::zeros((1, 2));
/// let (logits, targets) = (array![[0.0, 0.0]], array![[1.0, 0.0]]);
/// let loss = BinaryCrossEntropy::default();
/// let value = loss.gradient(logits.view(), targets.view().into(), grad_logits.view_mut())?;
/// assert!((value - std::f64::consts::LN_2).abs() < 1e-15);
/// assert_eq!(grad_logits, array![[-0.25, 0.25]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropy {
    /// `p`, one for each column: what a yes counts beside a no. Finite and not negative.
    pub pos_weight: Option<Vec<f64>>,
    /// Mean or sum.
    pub reduction: Reduction,
}

/// What the logits `[N, K]` are compared with.
#[derive(Clone, Copy, Debug)]
pub struct BinaryTargets<'a, T> {
    /// `y` `[N, K]`, each in `[0, 1]`.
    pub probabilities: ArrayView2<'a, T>,
    /// `w` `[N, K]`, each finite and not negative; 0 leaves an entry out of the sum.
    pub weights: Option<ArrayView2<'a, T>>,
}

impl<'a, T> From<ArrayView2<'a, T>> for BinaryTargets<'a, T> {
    fn from(probabilities: ArrayView2<'a, T>) -> Self {
        BinaryTargets { probabilities, weights: None }
    }
}

impl BinaryCrossEntropy {
    /// The loss of logits `[N, K]`.
    ///
    /// # Errors
    ///
    /// Targets or weights of another shape or out of their range; not one `pos_weight` for each
    /// column, or one that is negative or not finite; a mean of no entry.
    pub fn value<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
    ) -> Result<f64> {
        let divisor = self.divisor(logits, targets)?;
        let mut sum = 0.0;
        for (index, &x) in logits.indexed_iter() {
            sum += self.entry((x, (-x.abs()).exp()), targets, index).value();
        }
        Ok(sum / divisor)
    }

    /// The loss of logits `[N, K]`, and its gradient written into `grad_logits` `[N, K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and a gradient of another shape. The gradient is then
    /// unchanged.
    pub fn gradient<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
        mut grad_logits: ArrayViewMut2<'_, T>,
    ) -> Result<f64> {
        same_shape("grad_logits", logits.shape(), grad_logits.shape())?;
        let divisor = self.divisor(logits, targets)?;
        let mut sum = 0.0;
        // One loop over all exponentials: a call for each is most of the time.
        Zip::from(&mut grad_logits).and(&logits).for_each(|grad, &x| *grad = -x.abs());
        match grad_logits.as_slice_mut() {
            Some(values) => activation::exp(Level::current(), values),
            None => grad_logits.map_inplace(|value| *value = value.exp()),
        }
        for ((index, &x), grad) in logits.indexed_iter().zip(&mut grad_logits) {
            let entry = self.entry((x, *grad), targets, index);
            sum += entry.value();
            *grad = T::from_f64(entry.derivative() / divisor);
        }
        Ok(sum / divisor)
    }

    /// The loss of each entry, weights applied, into `values` `[N, K]`.
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value) but the last, and values of another shape.
    pub fn per_element<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
        mut values: ArrayViewMut2<'_, T>,
    ) -> Result<()> {
        same_shape("values", logits.shape(), values.shape())?;
        self.check(logits, targets)?;
        for ((index, &x), value) in logits.indexed_iter().zip(&mut values) {
            let entry = self.entry((x, (-x.abs()).exp()), targets, index);
            *value = T::from_f64(entry.value());
        }
        Ok(())
    }

    /// The entry of a logit `x` with `e^−|x|`.
    #[inline]
    fn entry<T: Real>(
        &self,
        (x, decay): (T, T),
        targets: BinaryTargets<'_, T>,
        index: (usize, usize),
    ) -> Entry {
        let pos_weight = self.pos_weight.as_ref().map_or(1.0, |weights| weights[index.1]);
        let weight = targets.weights.map_or(1.0, |weights| weights[index].to_f64());
        let probability = targets.probabilities[index].to_f64();
        Entry {
            logit: x.to_f64(),
            decay: decay.to_f64(),
            yes: weight * pos_weight * probability,
            no: weight * (1.0 - probability),
        }
    }

    fn divisor<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
    ) -> Result<f64> {
        self.check(logits, targets)?;
        self.reduction.divisor("binary cross-entropy", logits.len() as f64)
    }

    fn check<T: Real>(
        &self,
        logits: ArrayView2<'_, T>,
        targets: BinaryTargets<'_, T>,
    ) -> Result<()> {
        check_weights("pos_weight", self.pos_weight.as_deref(), logits.ncols())?;
        same_shape("targets", logits.shape(), targets.probabilities.shape())?;
        for ((row, column), &y) in targets.probabilities.indexed_iter() {
            if !(y >= T::ZERO && y <= T::ONE) {
                let name = format!("targets[{row}, {column}]");
                return Err(Error::argument(name, "a probability in [0, 1]", y));
            }
        }
        let Some(weights) = targets.weights else { return Ok(()) };
        same_shape("weights", logits.shape(), weights.shape())?;
        for ((row, column), &w) in weights.indexed_iter() {
            if !(w >= T::ZERO && w.is_finite()) {
                let name = format!("weights[{row}, {column}]");
                return Err(Error::argument(name, "a finite number of 0 or more", w));
            }
        }
        Ok(())
    }
}

/// One logit with what pulls it up and down.
struct Entry {
    logit: f64,
    /// `e^−|x|`
    decay: f64,
    /// `w p y`
    yes: f64,
    /// `w (1 − y)`
    no: f64,
}

impl Entry {
    #[inline]
    fn value(&self) -> f64 {
        // s(x) = max(x, 0) + ln(1 + e^−|x|), and s(−x) the same with max(−x, 0).
        let tail = Float::ln_1p(self.decay);
        let (above, below) = (self.logit.max(0.0), (-self.logit).max(0.0));
        self.yes * (below + tail) + self.no * (above + tail)
    }

    #[inline]
    fn derivative(&self) -> f64 {
        let (near, far) = (1.0 / (1.0 + self.decay), self.decay / (1.0 + self.decay));
        // (σ(x), σ(−x)): the larger of the two is on the side of the logit's sign.
        let (up, down) = if self.logit >= 0.0 { (near, far) } else { (far, near) };
        self.no * up - self.yes * down
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are tested for being exact")]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::super::testing::{assert_gradient, normal};
    use super::*;

    fn plain() -> BinaryCrossEntropy {
        BinaryCrossEntropy::default()
    }

    #[test]
    fn gradients_are_central_differences() {
        let (logits, weights) = (normal(3, 4, 1) * 2.0, normal(3, 4, 3).mapv(f64::abs));
        let probabilities = normal(3, 4, 2).mapv(Float::sigmoid);
        for reduction in [Reduction::Mean, Reduction::Sum] {
            for pos_weight in [None, Some(vec![0.5, 3.0, 0.0, 1.0])] {
                for weights in [None, Some(weights.view())] {
                    let loss = BinaryCrossEntropy { pos_weight: pos_weight.clone(), reduction };
                    let targets = BinaryTargets { probabilities: probabilities.view(), weights };
                    let mut grad = Array2::zeros((3, 4));
                    let value = loss.gradient(logits.view(), targets, grad.view_mut()).unwrap();
                    let again = loss.value(logits.view(), targets).unwrap();
                    assert_eq!(value.to_bits(), again.to_bits());
                    assert_gradient(&logits, &grad, |x| loss.value(x, targets).unwrap());
                }
            }
        }
    }

    #[test]
    fn extreme_logits_are_exact() {
        let logits = array![[1e4, -1e4, 1e4, -1e4]];
        let targets = array![[1.0, 1.0, 0.0, 0.0]];
        let mut grad = Array2::zeros((1, 4));
        let mut values = Array2::zeros((1, 4));
        let loss = BinaryCrossEntropy { reduction: Reduction::Sum, ..plain() };
        let targets = targets.view().into();
        assert_eq!(loss.gradient(logits.view(), targets, grad.view_mut()).unwrap(), 2e4);
        loss.per_element(logits.view(), targets, values.view_mut()).unwrap();
        assert_eq!(values, array![[0.0, 1e4, 1e4, 0.0]]);
        assert_eq!(grad, array![[0.0, -1.0, 1.0, 0.0]]);
    }

    #[test]
    fn weights_scale_their_entries_and_not_the_divisor() {
        let (logits, targets) = (array![[0.3, -0.8]], array![[1.0, 0.0]]);
        let weights = array![[2.0, 0.0]];
        let weighted =
            BinaryTargets { probabilities: targets.view(), weights: Some(weights.view()) };
        let mut values = Array2::zeros((1, 2));
        plain().per_element(logits.view(), targets.view().into(), values.view_mut()).unwrap();
        // Mean over two entries of 2·l₀ and 0.
        let value = plain().value(logits.view(), weighted).unwrap();
        assert!((value - values[[0, 0]]).abs() < 1e-15);
    }

    #[test]
    fn any_memory_order_has_the_same_bits() {
        let (logits, mut turned) = (normal(3, 4, 1), Array2::zeros((4, 3)));
        let (targets, mut grad) = (Array2::from_elem((3, 4), 0.25), Array2::zeros((3, 4)));
        let loss = |grad: ArrayViewMut2<'_, f64>| {
            plain().gradient(logits.view(), targets.view().into(), grad).unwrap()
        };
        let value = loss(grad.view_mut());
        assert_eq!(value, loss(turned.view_mut().reversed_axes()));
        assert_eq!(grad, turned.t());
    }

    #[test]
    fn a_nan_logit_is_seen() {
        let mut grad = array![[0.0f32]];
        let (logit, target) = (array![[f32::NAN]], array![[1.0f32]]);
        let value = plain().gradient(logit.view(), target.view().into(), grad.view_mut()).unwrap();
        assert!(value.is_nan() && grad[[0, 0]].is_nan());
    }

    #[test]
    fn bad_arguments_are_refused() {
        let (logits, good) = (array![[0.0, 1.0]], array![[0.0, 1.0]]);
        let refused = |loss: &BinaryCrossEntropy, targets: BinaryTargets<'_, f64>, word: &str| {
            let mut grad = array![[7.0, 7.0]];
            let result = loss.gradient(logits.view(), targets, grad.view_mut());
            let message = result.unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
            assert_eq!(grad, array![[7.0, 7.0]]);
            assert!(loss.value(logits.view(), targets).is_err());
            assert!(loss.per_element(logits.view(), targets, grad.view_mut()).is_err());
        };
        for bad in [-0.1, 1.1, f64::NAN] {
            refused(&plain(), array![[0.0, bad]].view().into(), "targets[0, 1]");
        }
        for bad in [-0.1, f64::NAN, f64::INFINITY] {
            let weights = array![[bad, 1.0]];
            let targets =
                BinaryTargets { probabilities: good.view(), weights: Some(weights.view()) };
            refused(&plain(), targets, "weights[0, 0]");
            let loss = BinaryCrossEntropy { pos_weight: Some(vec![1.0, bad]), ..plain() };
            refused(&loss, good.view().into(), "pos_weight[1]");
        }
        let loss = BinaryCrossEntropy { pos_weight: Some(vec![1.0]), ..plain() };
        refused(&loss, good.view().into(), "pos_weight: expected shape [2]");
        refused(&plain(), array![[0.0], [1.0]].view().into(), "targets: expected shape [1, 2]");
        let empty = Array2::<f64>::zeros((0, 2));
        assert!(plain().value(empty.view(), empty.view().into()).is_err());
        let sum = BinaryCrossEntropy { reduction: Reduction::Sum, ..plain() };
        assert_eq!(sum.value(empty.view(), empty.view().into()).unwrap(), 0.0);
    }

    proptest! {
        #[test]
        fn yes_and_no_mirror_each_other(x in -50.0..50.0f64, y in 0.0..=1.0f64) {
            let value = |x: f64, y: f64| {
                plain().value(array![[x]].view(), array![[y]].view().into()).unwrap()
            };
            let (here, there) = (value(x, y), value(-x, 1.0 - y));
            prop_assert!((here - there).abs() <= 1e-14 * (1.0 + here.abs()));
            prop_assert!(here >= 0.0);
        }
    }
}
