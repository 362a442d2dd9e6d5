//! The product against its definition.

use proptest::prelude::*;

use super::*;

/// The definition: one chain of fused multiply-adds for each element.
fn chain<T: Float>(start: T, pairs: &[(T, T)]) -> T {
    pairs.iter().fold(start, |sum, (a, b)| a.mul_add(*b, sum))
}

fn values<T: Float>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            T::from_f64((state >> 40) as f64 / 8_388_608.0 - 1.0)
        })
        .collect()
}

fn check<T: Float + Lane>(rows: usize, depths: [usize; 2], columns: usize) {
    for level in Level::supported() {
        let bias: Vec<T> = values(columns, 3);
        let lefts = depths.map(|depth| values::<T>(rows * depth, 1 + depth as u64));
        let rights = depths.map(|depth| values::<T>(depth * columns, 7 + depth as u64));
        let mut packed = depths.map(|depth| PackedMatrix::zeros_for(level, depth, columns));
        for (packed, right) in packed.iter_mut().zip(&rights) {
            packed.fill(right);
        }
        let slices: Vec<&[T]> =
            (0..rows).map(|r| &lefts[1][r * depths[1]..(r + 1) * depths[1]]).collect();
        let terms = [
            Term {
                rows: Rows::Strided { values: &lefts[0], stride: depths[0] },
                weights: &packed[0],
            },
            Term { rows: Rows::Slices(&slices), weights: &packed[1] },
        ];
        let mut out = vec![T::ONE; rows * columns];
        product(
            Start::Bias(&bias),
            &terms,
            Out::Strided { values: &mut out, stride: columns },
            std::slice::from_ref(&(0..columns)),
        );
        product(
            Start::Output,
            &terms[..1],
            Out::Strided { values: &mut out, stride: columns },
            std::slice::from_ref(&(0..columns)),
        );
        let mut wide = vec![T::ONE; rows * (columns + 3)];
        let half = columns / 2 / panel_width::<T>() * panel_width::<T>();
        let halves = [half..columns, 0..half];
        let stride = columns + 3;
        let strided = Out::Strided { values: &mut wide[2..], stride };
        product(Start::Bias(&bias), &terms, strided, &halves);
        let mut slices: Vec<&mut [T]> = wide.chunks_exact_mut(stride).collect();
        let slices = Out::Slices { rows: &mut slices, first: 2 };
        product(Start::Output, &terms[..1], slices, &halves);
        for (row, wide) in out.chunks_exact(columns).zip(wide.chunks_exact(columns + 3)) {
            assert_eq!(row, &wide[2..columns + 2], "{level:?} strided");
            assert_eq!([wide[0], wide[1], wide[columns + 2]], [T::ONE; 3], "{level:?} between");
        }
        for r in 0..rows {
            for c in 0..columns {
                let pairs = |i: usize| {
                    (0..depths[i])
                        .map(|k| (lefts[i][r * depths[i] + k], rights[i][k * columns + c]))
                        .collect::<Vec<_>>()
                };
                let expected = chain(chain(chain(bias[c], &pairs(0)), &pairs(1)), &pairs(0));
                assert_eq!(out[r * columns + c], expected, "{level:?} row {r} column {c}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_element_is_one_chain(rows in 1usize..20, a in 0usize..9, b in 1usize..20, columns in 1usize..70) {
        check::<f32>(rows, [a, b], columns);
        check::<f64>(rows, [a, b], columns);
    }
}

/// Weights beyond a processor's own cache: in one pass over the depth, and in several. 13 panels are
/// three groups of 4 and a panel that is left; 11 rows are blocks of 5 and 6; 3 rows are too few.
#[test]
fn far_weights_change_no_chain() {
    let columns = 12 * panel_width::<f32>() + 5;
    for (rows, depths) in [(11, [100, 1400]), (11, [3, 3200]), (3, [3, 1400])] {
        assert!(depths[1] * columns * size_of::<f32>() > 1 << 20, "near weights");
        check::<f32>(rows, depths, columns);
        check::<f64>(rows, depths, columns);
    }
}

/// Ranges that begin with a group of panels, in any order, with and without a rest, up to the panel that
/// ends the row: what one worker's units are of each gate. The other values stay.
#[test]
fn a_row_alone_takes_groups_of_panels_from_anywhere() {
    fn check<T: Float + Lane>(depths: [usize; 2], columns: usize, wanted: &[Range<usize>]) {
        for level in Level::supported() {
            let lefts = depths.map(|depth| values::<T>(depth, 1 + depth as u64));
            let rights = depths.map(|depth| values::<T>(depth * columns, 7 + depth as u64));
            let mut packed = depths.map(|depth| PackedMatrix::zeros_for(level, depth, columns));
            packed.iter_mut().zip(&rights).for_each(|(packed, right)| packed.fill(right));
            let terms = [0, 1].map(|i| Term {
                rows: Rows::Strided { values: &lefts[i], stride: depths[i] },
                weights: &packed[i],
            });
            let before: Vec<T> = values(columns, 5);
            let mut out = before.clone();
            let target = Out::Strided { values: &mut out, stride: columns };
            product(Start::Output, &terms, target, wanted);
            for (c, out) in out.into_iter().enumerate() {
                let pairs = |i: usize| -> Vec<(T, T)> {
                    (0..depths[i]).map(|k| (lefts[i][k], rights[i][k * columns + c])).collect()
                };
                let asked = wanted.iter().any(|range| range.contains(&c));
                let sum = chain(chain(before[c], &pairs(0)), &pairs(1));
                let expected = if asked { sum } else { before[c] };
                assert_eq!(out, expected, "{level:?} column {c} of {columns}, {wanted:?}");
            }
        }
    }
    for wanted in [vec![64..128, 128..200], vec![128..200, 0..64], vec![0..16, 64..112, 128..160]] {
        check::<f32>([0, 3], 200, &wanted);
        check::<f64>([5, 2], 200, &wanted);
    }
    let gates: Vec<Range<usize>> = (0..4).map(|gate| gate * 192..gate * 192 + 128).collect();
    check::<f32>([7, 20], 4 * 192, &gates);
    check::<f64>([7, 20], 4 * 192, &gates);
}

fn one_row_of_40_columns(wanted: &[Range<usize>]) -> Vec<f32> {
    let mut weights = PackedMatrix::zeros(3, 40);
    weights.fill(&[1.0; 120]);
    let term = Term { rows: Rows::Strided { values: &[1.0; 3], stride: 3 }, weights: &weights };
    let mut out = vec![0.5; 40];
    product(Start::Zero, &[term], Out::Strided { values: &mut out, stride: 40 }, wanted);
    out
}

#[test]
fn a_range_of_no_columns_touches_none() {
    assert_eq!(one_row_of_40_columns(&[0..0, 32..32]), [0.5; 40]);
    assert_eq!(one_row_of_40_columns(&[]), [0.5; 40]);
}

#[test]
#[should_panic(expected = "columns: beyond the last")]
fn columns_beyond_the_last_are_refused() {
    one_row_of_40_columns(std::slice::from_ref(&(0..64)));
}
