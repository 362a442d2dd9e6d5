//! Every level against the formulas, entry by entry, to the bit.

use super::*;
use crate::loops::Loop;

/// Numbers of both signs and many sizes.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let sign = if state & 1 == 0 { 1.0 } else { -1.0 };
        sign * (state >> 8) as f32 / 2f32.powi(10 + (state % 20).cast_signed())
    };
    (0..len).map(next).collect()
}

fn positive(len: usize, seed: u32) -> Vec<f32> {
    numbers(len, seed).into_iter().map(f32::abs).collect()
}

const FACTORS: AdamFactors<f32> = AdamFactors {
    slope: Slope { sign: -1.0, decay: 0.03 },
    shrink: 0.98,
    blend: 0.1,
    keep: 0.999,
    share: 0.001,
    rate: 0.07,
    spread: 0.3,
    epsilon: 1e-8,
};

#[test]
fn adam_is_its_formula_at_every_level() {
    for len in [0, 1, 5, 16, 37, 100] {
        let (grad, start) = (numbers(len, 1), numbers(len, 2));
        let moments = (numbers(len, 3), positive(len, 4), positive(len, 5));
        for (level, ams) in Level::supported().into_iter().flat_map(|l| [(l, false), (l, true)]) {
            let (mut p, (mut m, mut v, mut u)) = (start.clone(), moments.clone());
            let largest = ams.then_some(u.as_mut_slice());
            let state = AdamState { parameters: &mut p, mean: &mut m, square: &mut v, largest };
            adam(level, FACTORS, &grad, state);
            for i in 0..len {
                let g = -grad[i] + 0.03 * start[i];
                let mean = moments.0[i] + 0.1 * (g - moments.0[i]);
                let square = 0.999 * moments.1[i] + 0.001 * g * g;
                let largest = if ams { square.max(moments.2[i]) } else { square };
                let step = 0.07 * mean / (largest.sqrt() / 0.3 + 1e-8);
                assert_eq!((m[i], v[i]), (mean, square), "{level:?}");
                assert_eq!(p[i], 0.98 * start[i] - step, "{level:?}");
                assert_eq!(u[i], if ams { largest } else { moments.2[i] });
            }
        }
    }
}

/// Runs a rule over some entries at every level, and checks each entry with the rule itself, which
/// is plain scalar code outside of `dispatch`.
fn assert_same_bits<R: EntryRule<f32, M>, const M: usize>(rule: R)
where
    for<'a> Loop<'a, f32>: From<StepEntries<'a, f32, R, M>>,
{
    for len in [0, 1, 5, 16, 37, 100] {
        let (grad, start) = (numbers(len, 1), numbers(len, 2));
        let moments: [Vec<f32>; M] = std::array::from_fn(|m| positive(len, [3, 4, 5][m]));
        for level in Level::ALL {
            let (mut p, mut found) = (start.clone(), moments.clone());
            let slices = found.each_mut().map(Vec::as_mut_slice);
            step_entries(level, rule, &grad, &mut p, slices);
            for i in 0..len {
                let before =
                    Entry { parameter: start[i], moments: moments.each_ref().map(|m| m[i]) };
                let after = rule.step(grad[i], before);
                assert_eq!(
                    (p[i], found.each_ref().map(|m| m[i])),
                    (after.parameter, after.moments)
                );
            }
        }
    }
}

#[test]
fn rules_have_the_same_bits_at_every_level() {
    let slope = Slope { sign: 1.0, decay: 0.03 };
    let rms = RmsProp { slope, keep: 0.9, share: 0.1, rate: 0.01, epsilon: 1e-8 };
    assert_same_bits::<_, 1>(rms);
    assert_same_bits::<_, 2>(CentredRmsProp(rms));
    assert_same_bits::<_, 2>(MomentumRmsProp { rule: rms, factor: 0.8 });
    assert_same_bits::<_, 3>(MomentumRmsProp { rule: rms, factor: 0.8 });
    assert_same_bits::<_, 1>(Adagrad { slope, rate: 0.1, epsilon: 1e-10 });
    assert_same_bits::<_, 2>(NAdam {
        slope,
        shrink: 0.9,
        blend: 0.1,
        keep: 0.99,
        share: 0.01,
        grad_rate: 0.02,
        mean_rate: 0.03,
        spread: 0.7,
        epsilon: 1e-8,
    });
}

#[test]
fn a_mean_moves_by_its_share() {
    let (values, start) = (numbers(37, 1), numbers(37, 2));
    for level in Level::ALL {
        let mut mean = start.clone();
        move_mean(level, 0.25, &values, &mut mean);
        for i in 0..37 {
            assert_eq!(mean[i], start[i] + 0.25 * (values[i] - start[i]));
        }
    }
}

#[test]
fn descent_is_its_formulas_at_every_level() {
    for len in [0, 1, 5, 16, 37, 100] {
        let (grad, start, moment) = (numbers(len, 1), numbers(len, 2), numbers(len, 3));
        let slope = Slope { sign: 1.0, decay: 0.5 };
        for level in Level::supported() {
            let run = |descent: fn(&mut [f32]) -> Descent<'_, f32>| {
                let (mut p, mut m) = (start.clone(), moment.clone());
                let step = DescentStep { rate: 0.25, slope, descent: descent(&mut m) };
                descend(level, step, &grad, &mut p);
                (p, m)
            };
            let plain = run(|_| Descent::Plain);
            let classical = run(|m| Descent::Classical { factor: 0.9, share: 0.7, moment: m });
            let nesterov = run(|m| Descent::Nesterov { factor: 0.9, moment: m });
            for i in 0..len {
                let g = grad[i] + 0.5 * start[i];
                assert_eq!((plain.0[i], plain.1[i]), (start[i] - 0.25 * g, moment[i]));
                let m = 0.9 * moment[i] + 0.7 * g;
                assert_eq!((classical.0[i], classical.1[i]), (start[i] - 0.25 * m, m));
                let m = 0.9 * moment[i] + g;
                assert_eq!((nesterov.0[i], nesterov.1[i]), (start[i] - 0.25 * (g + 0.9 * m), m));
            }
        }
    }
}

#[test]
fn sums_and_factors_have_the_same_bits_at_every_level() {
    for len in [0, 1, 7, 8, 9, 100] {
        let values = numbers(len, 9);
        let mut sums = [0.0f64; 8];
        for (index, value) in values.iter().enumerate() {
            sums[index % 8] += f64::from(*value) * f64::from(*value);
        }
        let expected: f64 = sums.iter().sum();
        for level in Level::supported() {
            let found = interleaved_sum(level, &values, Summand::Square);
            assert_eq!(found.to_bits(), expected.to_bits(), "{len} {level:?}");
            let mut scaled = values.clone();
            scale_in_f64(level, &mut scaled, 0.1);
            for (scaled, value) in scaled.iter().zip(&values) {
                assert_eq!(*scaled, f32::from_f64(f64::from(*value) * 0.1));
            }
        }
    }
}

#[test]
#[should_panic(expected = "slices of one length")]
fn slices_of_different_length_are_refused() {
    let slope = Slope { sign: 1.0, decay: 0.0 };
    let step = DescentStep { rate: 0.1f64, slope, descent: Descent::Plain };
    descend(Level::current(), step, &[1.0], &mut [1.0, 2.0]);
}
