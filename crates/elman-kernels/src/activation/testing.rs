//! A tester for elementwise f32 functions: accuracy, range, order and equal bits at every level.
//!
//! It walks the floats in the order of their values. A float's **key** is its place in that order,
//! with -0 just before +0, the negative NaNs first and the positive ones last.

use std::ops::RangeInclusive;

use crate::Level;

/// The key of a float.
pub(super) fn key(x: f32) -> u32 {
    let bits = x.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The float of a key.
pub(super) fn float(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key ^ 1 << 31 } else { !key })
}

/// The levels to test: all that this processor can run. `cargo xtask test` announces each one that
/// it cannot.
pub(super) fn levels() -> Vec<Level> {
    Level::supported()
}

/// What is true of an increasing function, and how to compute it.
pub(super) struct Contract {
    pub slice: fn(Level, &mut [f32]),
    pub scalar: fn(f32) -> f32,
    /// The function in f64, from elsewhere.
    pub reference: fn(f64) -> f64,
    pub max_ulp: f64,
    pub range: RangeInclusive<f32>,
    /// Where one formula or clamp gives way to the next.
    pub boundaries: &'static [f32],
}

impl Contract {
    /// Every 4095th float, and every float near a boundary, at every level.
    pub(super) fn check_sample(&self) {
        let sample: Vec<u32> = (0..=u32::MAX).step_by(4095).collect();
        self.check(&sample, &levels());
        for &boundary in self.boundaries {
            let near: Vec<u32> = (key(boundary) - 2000..=key(boundary) + 2000).collect();
            self.check(&near, &levels());
        }
    }

    /// Every float from `first` to `last`, at the best level. Returns the largest error in ulp.
    pub(super) fn check_all(&self, first: u32, last: u32) -> Worst {
        const BLOCK: usize = 1 << 16;
        let mut worst = Worst::default();
        for start in (first..=last).step_by(BLOCK) {
            // One key further, so that the order is checked across blocks too.
            let end = start.saturating_add(1 << 16).min(last);
            let keys: Vec<u32> = (start..=end).collect();
            worst = worst.or(self.check(&keys, &[Level::best()]));
        }
        worst
    }

    /// Checks the contract for increasing `keys`. Returns the largest error.
    fn check(&self, keys: &[u32], levels: &[Level]) -> Worst {
        let inputs: Vec<f32> = keys.iter().map(|&key| float(key)).collect();
        let [outputs, others @ ..] =
            &levels.iter().map(|&l| self.run(l, &inputs)).collect::<Vec<_>>()[..]
        else {
            panic!("no level to check");
        };
        for (i, (&x, &y)) in inputs.iter().zip(outputs).enumerate() {
            assert_same(x, y, (self.scalar)(x), "scalar");
            others.iter().for_each(|other| assert_same(x, y, other[i], "other level"));
        }
        self.check_values(&inputs, outputs)
    }

    fn run(&self, level: Level, inputs: &[f32]) -> Vec<f32> {
        assert!(level.is_supported(), "this processor lacks {}: nothing was tested", level.name());
        let mut values = inputs.to_vec();
        (self.slice)(level, &mut values);
        values
    }

    fn check_values(&self, inputs: &[f32], outputs: &[f32]) -> Worst {
        let mut worst = Worst::default();
        let mut previous = f32::NEG_INFINITY;
        for (&x, &y) in inputs.iter().zip(outputs) {
            if x.is_nan() {
                assert!(y.is_nan(), "f({x:?}) = {y:?}");
                continue;
            }
            let ulp = ulp_error(y, (self.reference)(f64::from(x)));
            assert!(ulp <= self.max_ulp, "f({x:?}) = {y:?} is off by {ulp} ulp");
            assert!(self.range.contains(&y), "f({x:?}) = {y:?} is out of range");
            assert!(previous <= y, "f({x:?}) = {y:?}, but {previous:?} just below");
            previous = y;
            worst = worst.or(Worst { ulp, x });
        }
        worst
    }
}

/// The largest error found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worst {
    pub ulp: f64,
    pub x: f32,
}

impl Worst {
    pub(super) fn or(self, other: Self) -> Self {
        if other.ulp > self.ulp { other } else { self }
    }
}

fn assert_same(x: f32, y: f32, other: f32, which: &str) {
    let same = y.to_bits() == other.to_bits() || (y.is_nan() && other.is_nan());
    assert!(same, "f({x:?}) = {y:?}, but {other:?} from the {which}");
}

/// `|y - exact|` in units of the distance between floats at `exact`, infinity being the float after
/// the largest.
fn ulp_error(y: f32, exact: f64) -> f64 {
    const INFINITY: f64 = 2.0 * (1u128 << 127) as f64;
    let clamp = |value: f64| value.clamp(-INFINITY, INFINITY);
    let exponent = (exact.to_bits() >> 52) & 0x7ff;
    let unit = f64::from_bits((exponent.clamp(1023 - 126, 1023 + 127) - 23) << 52);
    (clamp(f64::from(y)) - clamp(exact)).abs() / unit
}

#[test]
fn ulp_error_counts_floats() {
    for (y, exact, ulp) in [
        (1.0, 1.0 + f64::from(f32::EPSILON), 1.0),
        (1.0, 1.0 - f64::from(f32::EPSILON), 2.0),
        (f32::from_bits(3), f64::from(f32::from_bits(1)), 2.0),
        (f32::INFINITY, f64::from(f32::MAX), 1.0),
        (f32::INFINITY, 1e300, 0.0),
    ] {
        assert!((ulp_error(y, exact) - ulp).abs() < 1e-6, "{y} {exact}: {}", ulp_error(y, exact));
    }
}

#[test]
fn keys_are_in_the_order_of_the_values() {
    let increasing = [f32::NEG_INFINITY, -1.0, -1e-45, -0.0, 0.0, 1e-45, 2.0, f32::INFINITY];
    assert!(increasing.map(key).is_sorted());
    assert!(increasing.iter().all(|&x| float(key(x)).to_bits() == x.to_bits()));
}
