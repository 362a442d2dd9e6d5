//! Loops over slices that are compiled here, once for each number type and level.
//!
//! What is left generic is compiled by every program anew, with its own settings. These loops are few
//! instructions in many steps: a program links them as this crate was optimised, and is built sooner.

use crate::compiled::Compiled;
use crate::dispatch::dispatch;
use crate::float::Float;
use crate::level::Level;
use crate::mask::{FillMask, MultiplyMask};
use crate::pointwise::kernels::*;

/// One of the loops, with its operands.
pub struct Loop<'a, T>(Which<'a, T>);

macro_rules! loops {
    ($($name:ident: $kernel:ty,)*) => {
        enum Which<'a, T> {
            $($name($kernel),)*
        }

        $(impl<'a, T> From<$kernel> for Loop<'a, T> {
            fn from(kernel: $kernel) -> Self {
                Loop(Which::$name(kernel))
            }
        })*

        impl<T: Float> Loop<'_, T> {
            pub(crate) fn run(self, level: Level) {
                match self.0 {
                    $(Which::$name(kernel) => dispatch(level, kernel),)*
                }
            }
        }
    };
}

loops! {
    Adam: Adam<'a, T>,
    AmsGrad: AmsGrad<'a, T>,
    Descend: Descend<'a, T>,
    Adagrad: StepEntries<'a, T, Adagrad<T>, 1>,
    RmsProp: StepEntries<'a, T, RmsProp<T>, 1>,
    CentredRmsProp: StepEntries<'a, T, CentredRmsProp<T>, 2>,
    MomentumRmsProp: StepEntries<'a, T, MomentumRmsProp<T>, 2>,
    CentredMomentumRmsProp: StepEntries<'a, T, MomentumRmsProp<T>, 3>,
    NAdam: StepEntries<'a, T, NAdam<T>, 2>,
    MoveMean: StepEntries<'a, T, MoveMean<T>, 0>,
    InterleavedSum: InterleavedSum<'a, T>,
    ScaleInF64: ScaleInF64<'a, T>,
    Exponentials: Exponentials<'a, T>,
    Normalize: Normalize<'a, T>,
    NormalizeBackward: NormalizeBackward<'a, T>,
    AddScaled: AddScaled<'a, T>,
    AddRows: AddRows<'a, T>,
    AddAssign: AddAssign<'a, T>,
    AddMultiple: AddMultiple<'a, T>,
    AddProduct: AddProduct<'a, T>,
    Multiply: Multiply<'a, T>,
    Scale: Scale<'a, T>,
    WriteProduct: WriteProduct<'a, T>,
    ThroughDropout: ThroughDropout<'a, T>,
    SplitGradient: SplitGradient<'a, T>,
    ZoneOut: ZoneOut<'a, T>,
    GatherRows: GatherRows<'a, T>,
    ScatterAddRows: ScatterAddRows<'a, T>,
    FillMask: FillMask<'a, T>,
    MultiplyMask: MultiplyMask<'a, T>,
}

/// Runs a loop with the instructions of `level`.
pub(crate) fn run<'a, T: Compiled>(level: Level, kernel: impl Into<Loop<'a, T>>) {
    T::run_loop(level, kernel.into());
}
