use super::*;
use crate::vector::Lanes;

const SIZES: [usize; 4] = [1, 7, 16, 37];

fn numbers<T: Float>(count: usize, seed: f64) -> Vec<T> {
    let number = |at: usize| libm::sin(1.7 * (at as f64 + 1.0) * seed) * 3.0;
    (0..count).map(|at| T::from_f64(number(at))).collect()
}

/// Forward and back over two rows, some units at a time.
fn run<T: Float + Lane>(level: Level, cell: MinimalKind, size: usize) -> Vec<T> {
    let mut gates: Vec<Vec<T>> = [1.1, 2.3].map(|seed| numbers(cell.parts() * size, seed)).to_vec();
    let mut trace = gates.clone();
    let (previous, grad) = (numbers::<T>(2 * size, 0.7), numbers::<T>(2 * size, 0.3));
    let (mut state, mut before) = (previous.clone(), previous.clone());
    for units in [0..size / 2, size / 2..size] {
        let gates: Vec<&mut [T]> = gates.iter_mut().map(Vec::as_mut_slice).collect();
        let mut trace: Vec<&mut [T]> = trace.iter_mut().map(Vec::as_mut_slice).collect();
        let forward = MinimalForward {
            hidden_size: size,
            units: units.clone(),
            gates: &gates,
            trace: &mut trace,
            previous: &previous,
            state: &mut state,
        };
        minimal_forward(level, cell, forward);
        let backward = MinimalBackward {
            hidden_size: size,
            units,
            deltas: &mut trace,
            previous: &previous.chunks_exact(size).collect::<Vec<_>>(),
            grad_state: &grad,
            grad_previous: &mut before,
        };
        minimal_backward(level, cell, backward);
    }
    [state, trace.concat(), before].concat()
}

#[test]
fn every_level_gives_the_bits_of_single_numbers() {
    fn check<T: Float + Lane>() {
        for (cell, size) in SIZES
            .into_iter()
            .flat_map(|size| [MinimalKind::MinGru, MinimalKind::MinLstm].map(|cell| (cell, size)))
        {
            let whole = run::<T>(Level::Portable, cell, size);
            for level in Level::ALL {
                assert_eq!(run::<T>(level, cell, size), whole, "{cell:?} {size} {level:?}");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn the_shares_of_gates_that_are_nothing_are_still_numbers() {
    for (forget, input, share) in [
        (-200.0f32, -200.0, 0.5),
        (-300.0, -200.0, 0.0),
        (-200.0, -300.0, 1.0),
        (-75.0, -76.0, 0.731_058_6), // σ(1)
        (200.0, 200.0, 0.5),
        (-60.0, -61.0, 0.731_058_6),
    ] {
        let shares = MinLstm::shares(Lanes::one(forget), Lanes::one(input));
        let found = shares.forget_share.get();
        assert!((found - share).abs() < 1e-6, "{forget} {input}: {found}");
        assert!((shares.input_share.get() - (1.0 - share)).abs() < 1e-6, "{forget} {input}");
    }
}
