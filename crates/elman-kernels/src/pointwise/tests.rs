use super::function::{HardSigmoid, Relu, Sigmoid};
use super::*;
use crate::vector::Lanes;

/// `φ(a)` of one number.
fn value<T: Float + Lane>(function: Function, a: T) -> T {
    let a = Lanes::one(a);
    let value = match function {
        Function::Tanh => Tanh.value(a),
        Function::Sigmoid => Sigmoid.value(a),
        Function::HardSigmoid => HardSigmoid.value(a),
        Function::Relu => Relu.value(a),
        Function::Identity => a,
    };
    value.get()
}

/// `grad · φ'` of one number.
fn derive<T: Float + Lane>(function: Function, y: T, grad: T) -> T {
    let (y, grad) = (Lanes::one(y), Lanes::one(grad));
    let delta = match function {
        Function::Tanh => Tanh.backward(y, grad),
        Function::Sigmoid => Sigmoid.backward(y, grad),
        Function::HardSigmoid => HardSigmoid.backward(y, grad),
        Function::Relu => Relu.backward(y, grad),
        Function::Identity => grad,
    };
    delta.get()
}

/// Numbers in -2..2 that repeat with no short period.
fn numbers<T: Float>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        T::from_f64((state >> 40) as f64 / 4_194_304.0 - 2.0)
    };
    (0..len).map(next).collect()
}

/// All units in two calls.
fn halves(size: usize) -> [std::ops::Range<usize>; 2] {
    [0..size / 2, size / 2..size]
}

fn same<T: Float>(what: &str, found: &[T], expected: &[T]) {
    assert_eq!(found, expected, "{what}");
    assert!(found.iter().all(|value| value.is_finite()), "{what}: {found:?}");
}

#[test]
fn functions_agree_with_their_definitions() {
    let inputs = [-4.0f64, -3.0, -0.5, 0.0, 0.25, 2.0, 3.0, 3.5];
    let expect = |function, value: fn(f64) -> f64, derivative: fn(f64) -> f64| {
        for level in Level::supported() {
            let mut values = inputs;
            activation_forward(level, function, &mut values);
            let grad = [2.0, -1.0, 4.0, 8.0, 1.0, -3.0, 5.0, 7.0];
            let mut delta = [0.0; 8];
            let rows = ActivationBackward {
                hidden_size: 8,
                units: 0..8,
                deltas: &mut [&mut delta],
                hidden: &[&values],
                grad: &grad,
            };
            activation_backward(level, function, rows);
            for (index, a) in inputs.into_iter().enumerate() {
                assert!((values[index] - value(a)).abs() < 1e-15, "{function:?} at {a}");
                let expected = grad[index] * derivative(a);
                assert!((delta[index] - expected).abs() < 1e-14, "{function:?}' at {a}");
            }
        }
    };
    expect(Function::Tanh, libm::tanh, |a| 1.0 - libm::tanh(a).powi(2));
    let sigmoid = |a: f64| 1.0 / (1.0 + libm::exp(-a));
    let derivative = |a: f64| libm::exp(-a) / (1.0 + libm::exp(-a)).powi(2);
    expect(Function::Sigmoid, sigmoid, derivative);
    let inside = |a: f64| if a > -3.0 && a < 3.0 { 1.0 / 6.0 } else { 0.0 };
    expect(Function::HardSigmoid, |a| ((a + 3.0) / 6.0).clamp(0.0, 1.0), inside);
    expect(Function::Relu, |a| a.max(0.0), |a| if a > 0.0 { 1.0 } else { 0.0 });
    expect(Function::Identity, |a| a, |_| 1.0);
}

#[test]
fn hard_sigmoid_hands_nan_on_and_stays_in_range() {
    let mut values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    activation_forward(Level::current(), Function::HardSigmoid, &mut values);
    assert!(values[0].is_nan());
    assert_eq!(values[1..], [1.0, 0.0]);
}

/// The vectors of every level against one number at a time, over all kinds of floats.
#[test]
fn functions_of_vectors_give_the_bits_of_single_numbers() {
    let mut inputs: Vec<f32> = (0..=u32::MAX).step_by(4099).map(f32::from_bits).collect();
    inputs.extend([0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -104.0, 32.0, 10.0]);
    for function in Function::ALL {
        let expected: Vec<f32> = inputs.iter().map(|x| value(function, *x)).collect();
        for level in Level::supported() {
            let mut values = inputs.clone();
            activation_forward(level, function, &mut values);
            for ((x, y), expected) in inputs.iter().zip(&values).zip(&expected) {
                // The bits of a NaN are not promised.
                let same = y.to_bits() == expected.to_bits() || y.is_nan() && expected.is_nan();
                assert!(same, "{function:?} at {x:e}, {level:?}: {y:e} instead of {expected:e}");
            }
        }
    }
}

#[test]
fn rows_are_added_and_what_lies_between_is_left() {
    for level in Level::supported() {
        let mut target = [1.0f32, 2.0, 9.0, 3.0, 4.0];
        add_rows(
            level,
            StridedMut { values: &mut target, stride: 3 },
            &[&[10.0, 20.0], &[30.0, 40.0]],
        );
        same("rows", &target, &[11.0, 22.0, 9.0, 33.0, 44.0]);
    }
}

#[test]
#[should_panic(expected = "a row for each source")]
fn more_sources_than_rows_are_refused() {
    add_rows(
        Level::current(),
        StridedMut { values: &mut [0.0f64; 4], stride: 2 },
        &[&[1.0], &[1.0], &[1.0]],
    );
}

#[test]
#[should_panic(expected = "rows that start after each other")]
fn rows_at_one_place_are_refused() {
    add_rows(Level::current(), StridedMut { values: &mut [0.0f64; 4], stride: 0 }, &[]);
}

#[test]
#[should_panic(expected = "values: H for each row")]
fn values_of_another_length_are_refused() {
    let rows = ActivationBackward {
        hidden_size: 2,
        units: 0..1,
        deltas: &mut [&mut [0.0f32; 2]],
        hidden: &[&[0.5]],
        grad: &[1.0, 1.0],
    };
    activation_backward(Level::current(), Function::Tanh, rows);
}

#[test]
#[should_panic(expected = "trace: 4H for each row, or no row")]
fn a_trace_for_some_of_the_rows_is_refused() {
    let (mut first, mut second, mut trace) = ([0.0f32; 4], [0.0; 4], [0.0; 4]);
    let operands = LstmForward {
        hidden_size: 1,
        units: 0..1,
        gates: &[&mut first, &mut second],
        trace: &mut [&mut trace],
        previous: &[0.0; 4],
        state: &mut [0.0; 4],
    };
    lstm_forward(Level::current(), LstmFunctions::STANDARD, operands);
}

/// The standard functions, and three that differ from them and from each other.
fn lstm_functions() -> [LstmFunctions; 2] {
    let (gate, candidate, output) = (Function::HardSigmoid, Function::Relu, Function::Sigmoid);
    [LstmFunctions::STANDARD, LstmFunctions { gate, candidate, output }]
}

/// c of each row `[h c]`.
fn cells<T>(states: &[T], size: usize) -> Vec<&[T]> {
    states.chunks_exact(2 * size).map(|state| &state[size..]).collect()
}

fn lstm_is_its_definition<T: Float + Lane>(rows: usize, size: usize) {
    let pre: Vec<T> = numbers(rows * 4 * size, 1);
    let previous: Vec<T> = numbers(rows * 2 * size, 2);
    let grad: Vec<T> = numbers(rows * 2 * size, 3);
    for functions in lstm_functions() {
        let LstmFunctions { gate: s, candidate: p, output: u } = functions;
        let (mut gates, mut state, mut deltas, mut before) =
            (pre.clone(), previous.clone(), pre.clone(), previous.clone());
        for at in 0..rows * size {
            let (row, unit) = (at / size, at % size);
            let g4 = |k: usize| row * 4 * size + k * size + unit;
            let (h, c) = (row * 2 * size + unit, row * 2 * size + size + unit);
            let [i, f, o] = [0, 1, 2].map(|k| value(s, pre[g4(k)]));
            let g = value(p, pre[g4(3)]);
            for (k, value) in [i, f, o, g].into_iter().enumerate() {
                gates[g4(k)] = value;
            }
            state[c] = i.mul_add(g, f * previous[c]);
            let y = value(u, state[c]);
            state[h] = o * y;
            let dc = derive(u, y, grad[h] * o) + grad[c];
            deltas[g4(0)] = derive(s, i, dc * g);
            deltas[g4(1)] = derive(s, f, dc * previous[c]);
            deltas[g4(2)] = derive(s, o, grad[h] * y);
            deltas[g4(3)] = derive(p, g, dc * i);
            before[c] = dc * f;
        }
        for level in Level::supported() {
            let mut pre = pre.clone();
            for keeps in [false, true] {
                let (mut found, mut found_state) = (pre.clone(), vec![T::ZERO; previous.len()]);
                for units in halves(size) {
                    let slices: Vec<&mut [T]> = pre.chunks_exact_mut(4 * size).collect();
                    let mut trace: Vec<&mut [T]> = found.chunks_exact_mut(4 * size).collect();
                    trace.truncate(if keeps { rows } else { 0 });
                    let operands = LstmForward {
                        hidden_size: size,
                        units,
                        gates: &slices,
                        trace: &mut trace,
                        previous: &previous,
                        state: &mut found_state,
                    };
                    lstm_forward(level, functions, operands);
                }
                same("gates", &found, if keeps { &gates } else { &pre });
                same("state", &found_state, &state);
            }
            let (mut found_deltas, mut found_before) = (gates.clone(), previous.clone());
            for units in halves(size) {
                let mut slices: Vec<&mut [T]> = found_deltas.chunks_exact_mut(4 * size).collect();
                let operands = LstmBackward {
                    hidden_size: size,
                    units,
                    gates: &mut slices,
                    previous: &cells(&previous, size),
                    state: &cells(&state, size),
                    grad_state: &grad,
                    grad_previous: &mut found_before,
                };
                lstm_backward(level, functions, operands);
            }
            same("deltas", &found_deltas, &deltas);
            same("grad_previous", &found_before, &before);
        }
    }
}

#[test]
fn lstm_is_its_definition_at_every_level() {
    for (rows, size) in [(1, 1), (3, 7), (2, 8), (2, 50), (1, 67)] {
        lstm_is_its_definition::<f32>(rows, size);
        lstm_is_its_definition::<f64>(rows, size);
    }
}

/// What a GRU computes of one unit, each field a value for every unit of every row.
struct GruExpected<T> {
    gates: Vec<T>,
    state: Vec<T>,
    deltas: Vec<T>,
    before: Vec<T>,
}

/// The definition. `dq` is what the product of the reset before it would give.
fn gru_expected<T: Float + Lane>(
    (functions, size, after): (GruFunctions, usize, bool),
    pre: &[T],
    [previous, grad, dq]: [&[T]; 3],
) -> GruExpected<T> {
    let GruFunctions { gate: s, candidate: p } = functions;
    let mut expected = GruExpected {
        gates: pre.to_vec(),
        state: previous.to_vec(),
        deltas: pre.to_vec(),
        before: previous.to_vec(),
    };
    for at in 0..previous.len() {
        let g4 = |k: usize| at / size * 4 * size + k * size + at % size;
        let (h, dh) = (previous[at], grad[at]);
        let [r, z] = [0, 1].map(|k| value(s, pre[g4(k)]));
        let q = if after { pre[g4(3)] } else { r * h };
        let n = value(p, if after { r.mul_add(q, pre[g4(2)]) } else { pre[g4(2)] });
        for (k, value) in [r, z, n, q].into_iter().enumerate() {
            expected.gates[g4(k)] = value;
        }
        expected.state[at] = z.mul_add(h, (T::ONE - z) * n);
        let dn = derive(p, n, dh * (T::ONE - z));
        let dz = derive(s, z, dh * (h - n));
        let (dr, last, before) = if after {
            (derive(s, r, dn * q), dn * r, dh * z)
        } else {
            (derive(s, r, dq[at] * h), q, dq[at].mul_add(r, dh * z))
        };
        for (k, value) in [dr, dz, dn, last].into_iter().enumerate() {
            expected.deltas[g4(k)] = value;
        }
        expected.before[at] = before;
    }
    expected
}

/// The third quarter of every row of gates, where the state is to be.
fn candidates<T: Float>(gates: &[T], size: usize, state: &mut [T]) {
    for (gates, state) in gates.chunks_exact(4 * size).zip(state.chunks_exact_mut(size)) {
        state.copy_from_slice(&gates[2 * size..3 * size]);
    }
}

fn gru_is_its_definition<T: Float + Lane>(rows: usize, hidden_size: usize, after: bool) {
    let pre: Vec<T> = numbers(rows * 4 * hidden_size, 4);
    let [previous, grad, dq] = [5, 6, 7].map(|seed| numbers::<T>(rows * hidden_size, seed));
    let other = GruFunctions { gate: Function::HardSigmoid, candidate: Function::Identity };
    for functions in [GruFunctions::STANDARD, other] {
        let operands = [previous.as_slice(), &grad, &dq];
        let expected = gru_expected((functions, hidden_size, after), &pre, operands);
        for level in Level::supported() {
            let (mut scratch, mut state) = (pre.clone(), vec![T::ZERO; previous.len()]);
            let mut gates = vec![T::ZERO; pre.len()];
            let mut forward = |part: GruForwardPart, state: &mut [T]| {
                for units in halves(hidden_size) {
                    let mut trace: Vec<_> = gates.chunks_exact_mut(4 * hidden_size).collect();
                    let mut gates: Vec<_> = scratch.chunks_exact_mut(4 * hidden_size).collect();
                    let (gates, trace) = (&mut gates, &mut trace);
                    let (previous, state) = (&previous, &mut *state);
                    let rows = GruForward { hidden_size, units, gates, trace, previous, state };
                    gru_forward(level, functions, part, rows);
                }
            };
            if after {
                forward(GruForwardPart::After, &mut state);
            } else {
                forward(GruForwardPart::BeforeGates, &mut state);
                candidates(&pre, hidden_size, &mut state);
                forward(GruForwardPart::BeforeState, &mut state);
            }
            same("gates", &gates, &expected.gates);
            same("state", &state, &expected.state);
            let (mut deltas, mut before) = (gates.clone(), previous.clone());
            let mut grad_state = grad.clone();
            let mut backward = |part: GruBackwardPart, grad_previous: &mut [T]| {
                for units in halves(hidden_size) {
                    let mut gates: Vec<_> = deltas.chunks_exact_mut(4 * hidden_size).collect();
                    let operands = GruBackward {
                        hidden_size,
                        units,
                        gates: &mut gates,
                        previous: &previous.chunks_exact(hidden_size).collect::<Vec<_>>(),
                        grad_state: &mut grad_state,
                        grad_previous: &mut *grad_previous,
                    };
                    gru_backward(level, functions, part, operands);
                }
            };
            if after {
                backward(GruBackwardPart::After, &mut before);
            } else {
                backward(GruBackwardPart::BeforeCandidate, &mut before);
                before.copy_from_slice(&dq);
                backward(GruBackwardPart::BeforeReset, &mut before);
            }
            same("deltas", &deltas, &expected.deltas);
            same("grad_previous", &before, &expected.before);
        }
    }
}

#[test]
fn gru_is_its_definition_at_every_level() {
    for (rows, size) in [(1, 1), (3, 7), (2, 8), (2, 50), (1, 67)] {
        for after in [true, false] {
            gru_is_its_definition::<f32>(rows, size, after);
            gru_is_its_definition::<f64>(rows, size, after);
        }
    }
}
