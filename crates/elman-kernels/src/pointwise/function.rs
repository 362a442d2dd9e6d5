//! The functions that cells apply element by element, with derivatives read off their values.

use crate::float::Float;

/// A function with a derivative that can be read off its value `y = φ(a)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `tanh a`; derivative `1 - y²`
    Tanh,
    /// `1 / (1 + e^-a)`; derivative `y (1 - y)`
    Sigmoid,
    /// `min(max(a + 3, 0), 6) / 6`; derivative `1/6` where `0 < y < 1`, else `0`
    HardSigmoid,
    /// `max(a, 0)`; derivative `1` where `y > 0`, else `0`
    Relu,
    /// `a`; derivative `1`
    Identity,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 5] = [
        Function::Tanh,
        Function::Sigmoid,
        Function::HardSigmoid,
        Function::Relu,
        Function::Identity,
    ];
}

/// A function inside a kernel: a type of its own where the loop is compiled for it alone, or
/// [`Function`], which is asked element by element.
pub(crate) trait Formula<T: Float>: Copy {
    /// `φ(a)`
    fn value(self, a: T) -> T;
    /// `grad · φ'`, the derivative taken at the value `y = φ(a)`.
    fn backward(self, y: T, grad: T) -> T;
}

/// `tanh`
#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl<T: Float> Formula<T> for Tanh {
    #[inline(always)]
    fn value(self, a: T) -> T {
        a.tanh()
    }
    #[inline(always)]
    fn backward(self, y: T, grad: T) -> T {
        grad * (-y).mul_add(y, T::ONE)
    }
}

/// `σ`
#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl<T: Float> Formula<T> for Sigmoid {
    #[inline(always)]
    fn value(self, a: T) -> T {
        a.sigmoid()
    }
    #[inline(always)]
    fn backward(self, y: T, grad: T) -> T {
        grad * (y * (T::ONE - y))
    }
}

/// `σ` in three straight pieces.
///
/// # Source
///
/// Keras 3, `hard_sigmoid`: `relu6(x + 3) / 6`.
#[derive(Clone, Copy)]
pub(crate) struct HardSigmoid;

impl<T: Float> Formula<T> for HardSigmoid {
    #[inline(always)]
    fn value(self, a: T) -> T {
        let six = T::from_f64(6.0);
        let shifted = a + T::from_f64(3.0);
        // A NaN fails both comparisons and stays.
        let positive = if shifted <= T::ZERO { T::ZERO } else { shifted };
        let clamped = if positive > six { six } else { positive };
        clamped / six
    }
    #[inline(always)]
    fn backward(self, y: T, grad: T) -> T {
        if y > T::ZERO && y < T::ONE { grad / T::from_f64(6.0) } else { T::ZERO }
    }
}

/// `max(a, 0)`
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl<T: Float> Formula<T> for Relu {
    #[inline(always)]
    fn value(self, a: T) -> T {
        a.relu()
    }
    #[inline(always)]
    fn backward(self, y: T, grad: T) -> T {
        if y > T::ZERO { grad } else { T::ZERO }
    }
}

impl<T: Float> Formula<T> for Function {
    #[inline(always)]
    fn value(self, a: T) -> T {
        match self {
            Function::Tanh => Tanh.value(a),
            Function::Sigmoid => Sigmoid.value(a),
            Function::HardSigmoid => HardSigmoid.value(a),
            Function::Relu => Relu.value(a),
            Function::Identity => a,
        }
    }
    #[inline(always)]
    fn backward(self, y: T, grad: T) -> T {
        match self {
            Function::Tanh => Tanh.backward(y, grad),
            Function::Sigmoid => Sigmoid.backward(y, grad),
            Function::HardSigmoid => HardSigmoid.backward(y, grad),
            Function::Relu => Relu.backward(y, grad),
            Function::Identity => grad,
        }
    }
}
