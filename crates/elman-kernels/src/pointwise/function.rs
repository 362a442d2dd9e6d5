//! The functions that cells apply element by element, with derivatives read off their values.

use crate::float::Float;
use crate::vector::Arithmetic;

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
/// [`Function`], which is asked block by block.
pub(crate) trait Formula: Copy {
    /// `φ(a)`
    fn value<V: Arithmetic>(self, a: V) -> V;
    /// `grad · φ'`, the derivative taken at the value `y = φ(a)`.
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V;
}

/// A number in every lane.
#[inline(always)]
fn constant<V: Arithmetic>(value: f64) -> V {
    V::splat(V::Element::from_f64(value))
}

/// `tanh`
#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl Formula for Tanh {
    #[inline(always)]
    fn value<V: Arithmetic>(self, a: V) -> V {
        a.tanh()
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V {
        grad * (-y).mul_add(y, constant(1.0))
    }
}

/// `σ`
#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl Formula for Sigmoid {
    #[inline(always)]
    fn value<V: Arithmetic>(self, a: V) -> V {
        a.sigmoid()
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V {
        grad * (y * (constant::<V>(1.0) - y))
    }
}

/// `σ` in three straight pieces.
///
/// # Source
///
/// Keras 3, `hard_sigmoid`: `relu6(x + 3) / 6`.
#[derive(Clone, Copy)]
pub(crate) struct HardSigmoid;

impl Formula for HardSigmoid {
    #[inline(always)]
    fn value<V: Arithmetic>(self, a: V) -> V {
        let (zero, six) = (constant::<V>(0.0), constant::<V>(6.0));
        let shifted = a + constant(3.0);
        shifted.clamp_below(zero).clamp_above(six) / six
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V {
        let zero = constant::<V>(0.0);
        let below_one = V::select(y.less(constant(1.0)), grad / constant(6.0), zero);
        V::select(zero.less(y), below_one, zero)
    }
}

/// `max(a, 0)`
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl Formula for Relu {
    #[inline(always)]
    fn value<V: Arithmetic>(self, a: V) -> V {
        // The comparison this way round lets NaN through and makes -0 a 0.
        let zero = constant::<V>(0.0);
        V::select(a.at_most(zero), zero, a)
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V {
        let zero = constant::<V>(0.0);
        V::select(zero.less(y), grad, zero)
    }
}

impl Formula for Function {
    #[inline(always)]
    fn value<V: Arithmetic>(self, a: V) -> V {
        match self {
            Function::Tanh => Tanh.value(a),
            Function::Sigmoid => Sigmoid.value(a),
            Function::HardSigmoid => HardSigmoid.value(a),
            Function::Relu => Relu.value(a),
            Function::Identity => a,
        }
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V {
        match self {
            Function::Tanh => Tanh.backward(y, grad),
            Function::Sigmoid => Sigmoid.backward(y, grad),
            Function::HardSigmoid => HardSigmoid.backward(y, grad),
            Function::Relu => Relu.backward(y, grad),
            Function::Identity => grad,
        }
    }
}
