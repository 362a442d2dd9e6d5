//! The differences of ln Γ and ψ that likelihoods are made of.
//!
//! Differences, because the functions themselves are huge where their difference is small: for a
//! million degrees of freedom, `lnΓ(x + ½) − lnΓ(x)` is 6.6, and each term 6 million.
//!
//! # Source
//!
//! Abramowitz and Stegun, *Handbook of Mathematical Functions*, 1964: the recurrences 6.1.15 and
//! 6.3.5, the expansions 6.1.41 (Stirling) and 6.3.18. The logarithms are `libm`'s, so the bits are
//! the same on every machine.

use crate::real::Float;

/// Where the expansions start: from here on their first terms left out are below 1e-17.
const EXPANSION_START: f64 = 16.0;

/// B₂ₖ / (2k (2k − 1)): the coefficients of `x^(1−2k)` in Stirling's series, k from 1.
const STIRLING: [f64; 6] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];

/// B₂ₖ / (2k): the coefficients of `x^(−2k)` in the expansion of `ln x − 1/(2x) − ψ(x)`, k from 1.
const DIGAMMA: [f64; 6] =
    [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0];

/// `lnΓ(x + rise) − lnΓ(x)` for positive x and a rise of 0 or more.
///
/// # Accuracy
///
/// 1e-14 of the result or of `rise`, whichever is larger.
pub fn ln_gamma_rise(x: f64, rise: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < EXPANSION_START {
        below += Float::ln_1p(rise / x);
        x += 1.0;
    }
    // (y − ½) ln y − y − (x − ½) ln x + x for y = x + rise, without the large terms.
    let bulk = (x + rise - 0.5) * Float::ln_1p(rise / x) + rise * (Float::ln(x) - 1.0);
    bulk + (stirling(x + rise) - stirling(x)) - below
}

/// `ψ(x + rise) − ψ(x)` for positive x and a rise of 0 or more, ψ being the derivative of ln Γ.
///
/// # Accuracy
///
/// 1e-14 of the result.
pub fn digamma_rise(x: f64, rise: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < EXPANSION_START {
        // 1/x − 1/(x + rise)
        below += rise / (x * (x + rise));
        x += 1.0;
    }
    let y = x + rise;
    Float::ln_1p(rise / x) + rise / (2.0 * x * y) - (tail(y) - tail(x)) + below
}

/// `lnΓ(x) − (x − ½) ln x + x − ½ ln 2π` for x from [`EXPANSION_START`].
fn stirling(x: f64) -> f64 {
    polynomial(&STIRLING, 1.0 / (x * x)) / x
}

/// `ln x − 1/(2x) − ψ(x)` for x from [`EXPANSION_START`].
fn tail(x: f64) -> f64 {
    let square = 1.0 / (x * x);
    polynomial(&DIGAMMA, square) * square
}

/// `Σ c_k x^k` by Horner's rule.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_near(found: f64, expected: f64, scale: f64) {
        let error = (found - expected).abs();
        assert!(error <= 1e-14 * scale.max(expected.abs()), "{found} for {expected}");
    }

    #[test]
    fn factorials_are_products() {
        let mut factorial = 1.0;
        for n in 1..=18u32 {
            factorial *= f64::from(n);
            // lnΓ(n + 1) − lnΓ(1) = ln n!
            let n = f64::from(n);
            assert_near(ln_gamma_rise(1.0, n), Float::ln(factorial), n);
        }
        // 170! = 7.257415615307999e306, its last factorial below the largest f64.
        assert_near(ln_gamma_rise(1.0, 170.0), Float::ln(7.257_415_615_307_999e306), 170.0);
    }

    #[test]
    fn known_values_are_met() {
        let ln_pi = Float::ln(std::f64::consts::PI);
        let ln_2 = std::f64::consts::LN_2;
        // Γ(½) = √π and Γ(1) = 1.
        assert_near(ln_gamma_rise(0.5, 0.5), -0.5 * ln_pi, 1.0);
        // Γ(3/2) = √π / 2.
        assert_near(ln_gamma_rise(1.0, 0.5), 0.5 * ln_pi - ln_2, 1.0);
        // ψ(1) − ψ(½) = 2 ln 2, and ψ(n + 1) − ψ(1) is the n-th harmonic number.
        assert_near(digamma_rise(0.5, 0.5), 2.0 * ln_2, 1.0);
        let harmonic: f64 = (1..=40u32).rev().map(|n| 1.0 / f64::from(n)).sum();
        assert_near(digamma_rise(1.0, 40.0), harmonic, 1.0);
        // ψ(1) − ψ(¼) = π/2 + 3 ln 2 (Gauss).
        assert_near(digamma_rise(0.25, 0.75), std::f64::consts::FRAC_PI_2 + 3.0 * ln_2, 1.0);
    }

    #[test]
    fn large_arguments_keep_their_digits() {
        // lnΓ(x + ½) − lnΓ(x) = ½ ln x − 1/(8x) + O(x⁻³), ψ(x + ½) − ψ(x) = 1/(2x) + 1/(8x²) + …
        for x in [1e6, 1e9, 1e12] {
            assert_near(ln_gamma_rise(x, 0.5), 0.5 * Float::ln(x) - 0.125 / x, 1.0);
            let expected = 0.5 / x + 0.125 / (x * x);
            assert!((digamma_rise(x, 0.5) / expected - 1.0).abs() < 1e-12, "{x}");
        }
        assert_near(ln_gamma_rise(3.0, 0.0), 0.0, 1e-2);
        assert!(digamma_rise(3.0, 0.0).abs() < 1e-300);
    }

    proptest! {
        #[test]
        fn rises_add_up(x in 1e-3..100.0f64, a in 0.0..50.0f64, b in 0.0..50.0f64) {
            let scale = 1.0 + a + b;
            let whole = ln_gamma_rise(x, a + b);
            let parts = ln_gamma_rise(x, a) + ln_gamma_rise(x + a, b);
            prop_assert!((whole - parts).abs() < 1e-13 * scale.max(whole.abs()));
            let whole = digamma_rise(x, a + b);
            let parts = digamma_rise(x, a) + digamma_rise(x + a, b);
            prop_assert!((whole - parts).abs() < 1e-13 * whole.max(1.0));
        }

        #[test]
        fn the_duplication_formula_holds(x in 0.01..100.0f64) {
            // Γ(x) Γ(x + ½) = 2^(1−2x) √π Γ(2x), once with x and once with x + 1.
            let left = ln_gamma_rise(x, 1.0) + ln_gamma_rise(x + 0.5, 1.0);
            let right = ln_gamma_rise(2.0 * x, 2.0) - 2.0 * std::f64::consts::LN_2;
            prop_assert!((left - right).abs() < 1e-13 * left.abs().max(1.0));
        }

        #[test]
        fn the_digamma_is_the_slope_of_ln_gamma(x in 0.5..50.0f64, rise in 0.1..30.0f64) {
            let step = 1e-5;
            let slope = (ln_gamma_rise(x, rise + step) - ln_gamma_rise(x, rise - step)) / (2.0 * step);
            // ψ(x + rise) = ψ(x + 1) + …, anchored at ψ(1) = −0.5772156649015329.
            let anchored = if x + rise >= 1.0 {
                digamma_rise(1.0, x + rise - 1.0) - 0.577_215_664_901_532_9
            } else {
                -0.577_215_664_901_532_9 - digamma_rise(x + rise, 1.0 - x - rise)
            };
            prop_assert!((slope - anchored).abs() < 1e-7 * (1.0 + anchored.abs()));
        }
    }
}
