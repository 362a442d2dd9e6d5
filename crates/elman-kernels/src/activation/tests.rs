//! The contracts of the activation functions.

use super::testing::{Contract, Worst, float, key};
use super::{exp, exp_f32, relu, sigmoid, sigmoid_f64, tanh};
use crate::{Float, Level};

fn tanh_f32(x: f32) -> f32 {
    Float::tanh(x)
}

fn sigmoid_f32(x: f32) -> f32 {
    Float::sigmoid(x)
}

const TANH: Contract = Contract {
    slice: tanh,
    scalar: tanh_f32,
    reference: libm::tanh,
    max_ulp: 1.55,
    range: -1.0..=1.0,
    boundaries: &[
        -0.0,
        f32::MIN_POSITIVE,
        super::tanh::MEETING_POINT,
        // Where n goes from 2 to 3 and from 3 to 4.
        0.866_434,
        1.213_008,
        // The first tanh that is 1.
        9.010_914,
        super::tanh::CLAMP,
    ],
};

const EXP: Contract = Contract {
    slice: exp,
    scalar: exp_f32,
    reference: libm::exp,
    max_ulp: 1.02,
    range: 0.0..=f32::INFINITY,
    // 0, subnormal, 2^-1.5, 1, 2^-0.5, 2^0.5, 2^1.5, infinity, the clamps
    boundaries: &[
        -104.5,
        -103.972_08,
        -87.336_55,
        -1.039_720_8,
        -0.346_573_6,
        0.0,
        0.346_573_6,
        1.039_720_8,
        88.722_84,
        89.0,
    ],
};

const SIGMOID: Contract = Contract {
    slice: sigmoid,
    scalar: sigmoid_f32,
    reference: sigmoid_reference,
    max_ulp: 1.7,
    range: 0.0..=1.0,
    boundaries: &[
        -104.0,
        -103.972_08,
        -87.336_55,
        -1.039_720_8,
        -0.346_573_6,
        0.0,
        0.346_573_6,
        1.039_720_8,
        16.635_532,
        17.328_68,
        32.0,
    ],
};

/// Good to a few ulp of f64: nothing cancels, and an overflow has its limit as result.
fn sigmoid_reference(x: f64) -> f64 {
    1.0 / (1.0 + 1.0 / libm::exp(x))
}

#[test]
fn tanh_on_a_sample() {
    TANH.check_sample();
}

#[test]
fn exp_on_a_sample() {
    EXP.check_sample();
}

#[test]
fn sigmoid_on_a_sample() {
    SIGMOID.check_sample();
}

/// Over all 2^32 floats: error, range, order, and the slice function against the scalar one.
#[test]
#[ignore = "takes minutes: cargo test --release -p elman-kernels -- --ignored --nocapture exhaustive"]
fn exhaustive() {
    for (name, contract) in [("exp", EXP), ("tanh", TANH), ("sigmoid", SIGMOID)] {
        let contract = &contract;
        let worst = std::thread::scope(|scope| {
            let parts = [(0, key(0.0)), (key(0.0), u32::MAX)];
            let parts =
                parts.map(|(first, last)| scope.spawn(move || contract.check_all(first, last)));
            parts.map(|part| part.join().unwrap()).into_iter().fold(Worst::default(), Worst::or)
        });
        println!("{name}: at most {} ulp, at {:?}", worst.ulp, worst.x);
        assert!(worst.ulp > 0.5, "{name}: no function rounds this well, the test is broken");
    }
}

#[test]
fn tanh_is_odd_in_every_bit() {
    for key in (key(0.0)..=key(f32::INFINITY)).step_by(1023) {
        let x = float(key);
        assert_eq!(tanh_f32(-x).to_bits(), (-tanh_f32(x)).to_bits(), "{x:?}");
    }
}

#[test]
fn special_values() {
    type Case = (&'static str, fn(f32) -> f32, f32, f32);
    let infinity = f32::INFINITY;
    let tiny = f32::from_bits(1);
    let cases: [Case; 14] = [
        ("tanh", tanh_f32, 0.0, 0.0),
        ("tanh", tanh_f32, -0.0, -0.0),
        ("tanh", tanh_f32, -tiny, -tiny),
        ("tanh", tanh_f32, infinity, 1.0),
        ("tanh", tanh_f32, -infinity, -1.0),
        ("exp", exp_f32, -0.0, 1.0),
        ("exp", exp_f32, infinity, infinity),
        ("exp", exp_f32, -infinity, 0.0),
        ("exp", exp_f32, -103.0, f32::from_bits(1)),
        ("sigmoid", sigmoid_f32, 0.0, 0.5),
        ("sigmoid", sigmoid_f32, infinity, 1.0),
        ("sigmoid", sigmoid_f32, -infinity, 0.0),
        ("relu", f32::relu, -0.0, 0.0),
        ("relu", f32::relu, infinity, infinity),
    ];
    for (name, function, x, expected) in cases {
        assert_eq!(function(x).to_bits(), expected.to_bits(), "{name}({x:?}) = {:?}", function(x));
    }
    for function in [tanh_f32, exp_f32, sigmoid_f32, f32::relu] {
        assert!(function(f32::NAN).is_nan());
        assert!(function(-f32::NAN).is_nan());
    }
}

#[test]
fn relu_keeps_what_is_above_0() {
    let inputs = [-1.0, -0.0, 0.0, 1e-45, 2.5, f32::NAN, f32::NEG_INFINITY];
    for level in Level::supported() {
        let mut values = inputs;
        relu(level, &mut values);
        assert_eq!(values[..5], [0.0, 0.0, 0.0, 1e-45, 2.5]);
        assert!(values[1].is_sign_positive() && values[5].is_nan());
        assert_eq!(values[6].to_bits(), 0);
    }
}

#[test]
fn every_length_of_slice_gives_the_bits_of_single_values() {
    let inputs: Vec<f32> = (0u8..70).map(|i| f32::from(i).mul_add(0.3, -11.0)).collect();
    for level in Level::supported() {
        for len in 0..inputs.len() {
            let mut values = inputs.clone();
            tanh(level, &mut values[..len]);
            for (i, (&y, &x)) in values.iter().zip(&inputs).enumerate() {
                let expected = if i < len { tanh_f32(x) } else { x };
                assert_eq!(y.to_bits(), expected.to_bits(), "{i} of {len} at {}", level.name());
            }
        }
    }
}

/// Expected values: mpmath 1.4, 100 bits, rounded to f64.
#[test]
fn sigmoid_in_f64_keeps_its_digits_on_both_sides() {
    for (x, expected) in [
        (-745.0, 5e-324),
        (-700.0, 9.85967654375977e-305),
        (-40.5, 2.576757109154981e-18),
        (-3.0, 0.04742587317756678),
        (-1e-9, 0.49999999975),
        (0.0, 0.5),
        (0.25, 0.5621765008857981),
        (5.0, 0.9933071490757152),
        (36.5, 0.9999999999999999),
        (f64::INFINITY, 1.0),
        (f64::NEG_INFINITY, 0.0),
    ] {
        let error: f64 = (sigmoid_f64(x) - expected).abs();
        assert!(error <= 3e-16 * expected, "{x}: {} instead of {expected}", sigmoid_f64(x));
    }
    assert!(sigmoid_f64(f64::NAN).is_nan());
}

#[test]
fn slices_of_f64_give_the_bits_of_single_values() {
    type Pair = (fn(Level, &mut [f64]), fn(f64) -> f64);
    let inputs: Vec<f64> = (0u8..40).map(|i| f64::from(i).mul_add(0.7, -13.0)).collect();
    let functions: [Pair; 4] =
        [(tanh, libm::tanh), (exp, libm::exp), (sigmoid, sigmoid_f64), (relu, f64::relu)];
    for (slice, scalar) in functions {
        for level in Level::supported() {
            let mut values = inputs.clone();
            slice(level, &mut values);
            let expected: Vec<f64> = inputs.iter().map(|&x| scalar(x)).collect();
            assert_eq!(values, expected);
        }
    }
}
