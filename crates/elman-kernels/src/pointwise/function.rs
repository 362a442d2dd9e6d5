//! The functions that cells apply element by element, with derivatives read off their values.

use super::blocks::{Block, Blocks, each_block};
use crate::dispatch::{VectorKernel, dispatch_vectors};
use crate::float::Float;
use crate::level::Level;
use crate::vector::{Arithmetic, Lane, Vector};

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
/// [`Function`], which is called for each block.
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

/// `values = φ(values)`. A call: the functions in line, wherever one is chosen at run time, would be most of what
/// there is to compile.
#[inline(never)]
pub(crate) fn activation_forward<T: Float + Lane>(
    level: Level,
    function: Function,
    values: &mut [T],
) {
    match function {
        Function::Tanh => dispatch_vectors(level, Apply { values, formula: Tanh }),
        Function::Sigmoid => dispatch_vectors(level, Apply { values, formula: Sigmoid }),
        Function::HardSigmoid => dispatch_vectors(level, Apply { values, formula: HardSigmoid }),
        Function::Relu => dispatch_vectors(level, Apply { values, formula: Relu }),
        Function::Identity => {}
    }
}

struct Apply<'a, T, F> {
    values: &'a mut [T],
    formula: F,
}

impl<T: Float, F: Formula> VectorKernel<T> for Apply<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(mut self) {
        each_block::<V>(&mut self);
    }
}

impl<T: Float, F: Formula> Blocks<T> for Apply<'_, T, F> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.values.len()
    }
    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        B::store(self.formula.value(B::load(self.values, at)), self.values, at);
    }
}

/// `grad = grad · φ'`, the derivative taken at the values `y = φ(a)`; a call as [`activation_forward`].
#[inline(never)]
pub(crate) fn multiply_derivative<T: Float + Lane>(
    level: Level,
    function: Function,
    grad: &mut [T],
    y: &[T],
) {
    match function {
        Function::Tanh => dispatch_vectors(level, Derive { grad, y, formula: Tanh }),
        Function::Sigmoid => dispatch_vectors(level, Derive { grad, y, formula: Sigmoid }),
        Function::HardSigmoid => dispatch_vectors(level, Derive { grad, y, formula: HardSigmoid }),
        Function::Relu => dispatch_vectors(level, Derive { grad, y, formula: Relu }),
        Function::Identity => {}
    }
}

struct Derive<'a, T, F> {
    grad: &'a mut [T],
    y: &'a [T],
    formula: F,
}

impl<T: Float, F: Formula> VectorKernel<T> for Derive<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(mut self) {
        each_block::<V>(&mut self);
    }
}

impl<T: Float, F: Formula> Blocks<T> for Derive<'_, T, F> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.grad.len()
    }
    #[inline(always)]
    fn block<B: Block<Element = T>>(&mut self, at: usize) {
        let (y, grad) = (B::load(self.y, at), B::load(self.grad, at));
        B::store(self.formula.backward(y, grad), self.grad, at);
    }
}

impl Formula for Function {
    #[inline(always)]
    fn value<V: Arithmetic>(self, a: V) -> V {
        a.map_slices(|level, lanes| activation_forward(level, self, lanes))
    }
    #[inline(always)]
    fn backward<V: Arithmetic>(self, y: V, grad: V) -> V {
        grad.zip_slices(y, |level, grad, y| multiply_derivative(level, self, grad, y))
    }
}
