//! Rows in pieces that fit on the stack, for functions that are chosen at run time.

use std::ops::Range;

use crate::compiled::Compiled;
use crate::dispatch::Kernel;
use crate::float::Float;
use crate::level::Level;
use crate::loops::run;
use crate::pointwise::curve::{ClippedCurve, curve_forward, curve_slope};
use crate::vector::Lane;

/// Values of a row that are computed together: they fit on the stack, and one call of a function is
/// little beside them.
pub(crate) const PIECE: usize = 64;

/// Some units of a row, on the stack.
pub(crate) type Piece<T> = [T; PIECE];

/// The pieces of some units.
pub(crate) fn pieces(units: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = units.end;
    units.step_by(PIECE).map(move |start| start..end.min(start + PIECE))
}

/// A piece of the part that starts at `place` in a row.
pub(crate) fn of<'a, T>(row: &'a [T], place: usize, piece: &Range<usize>) -> &'a [T] {
    &row[place..][piece.clone()]
}

/// As [`of`], to be written.
pub(crate) fn of_mut<'a, T>(row: &'a mut [T], place: usize, piece: &Range<usize>) -> &'a mut [T] {
    &mut row[place..][piece.clone()]
}

/// The values of a function and its slopes.
pub(crate) struct Known<T> {
    pub value: Piece<T>,
    pub slope: Piece<T>,
}

impl<T: Float + Lane> Known<T> {
    pub fn at(level: Level, function: ClippedCurve, arguments: &[T]) -> Self {
        let (len, value) = (arguments.len(), value_at(level, function, arguments));
        let mut slope = value;
        curve_slope(level, function, arguments, &mut slope[..len]);
        Known { value, slope }
    }
}

impl<T: Float> Known<T> {
    /// Those of the function times these factors.
    pub fn scale(&mut self, factors: &[T]) {
        for (known, factor) in self.value.iter_mut().zip(factors) {
            *known *= *factor;
        }
        for (known, factor) in self.slope.iter_mut().zip(factors) {
            *known *= *factor;
        }
    }
}

/// The values of a function.
pub(crate) fn value_at<T: Float + Lane>(
    level: Level,
    function: ClippedCurve,
    arguments: &[T],
) -> Piece<T> {
    let mut value = [T::ZERO; PIECE];
    value[..arguments.len()].copy_from_slice(arguments);
    curve_forward(level, function, &mut value[..arguments.len()]);
    value
}

/// `target += left⊙right`
///
/// # Panics
///
/// Slices of different length.
pub fn add_product<T: Compiled>(level: Level, target: &mut [T], left: &[T], right: &[T]) {
    let len = target.len();
    assert!(left.len() == len && right.len() == len, "slices of one length");
    run(level, AddProduct { target, factors: [left, right] });
}

/// `target = target⊙factors`
///
/// # Panics
///
/// Slices of different length.
pub fn multiply<T: Compiled>(level: Level, target: &mut [T], factors: &[T]) {
    assert_eq!(factors.len(), target.len(), "slices of one length");
    run(level, Multiply { target, factor: factors });
}

/// `target += left⊙right`
pub(crate) struct AddProduct<'a, T> {
    pub target: &'a mut [T],
    pub factors: [&'a [T]; 2],
}

impl<T: Float> Kernel for AddProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [left, right] = self.factors;
        for ((target, left), right) in self.target.iter_mut().zip(left).zip(right) {
            *target = left.mul_add(*right, *target);
        }
    }
}

/// `target *= factor`
pub(crate) struct Multiply<'a, T> {
    pub target: &'a mut [T],
    pub factor: &'a [T],
}

impl<T: Float> Kernel for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (target, factor) in self.target.iter_mut().zip(self.factor) {
            *target *= *factor;
        }
    }
}
