//! The sums against their definition.

use proptest::prelude::*;

use super::*;
use crate::compiled::Compiled;

/// Two left factors of `rows` columns each, a right one of `columns`, each row followed by a gap.
struct Example {
    left: [Vec<f32>; 2],
    right: Vec<f32>,
    rows: [usize; 2],
    columns: usize,
}

fn strided(values: &[f32], at: usize, stride: usize) -> Strided<'_, f32> {
    Strided { values: &values[at * stride..], stride }
}

impl Example {
    fn new(total: usize, rows: [usize; 2], columns: usize) -> Self {
        let value = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 504.0 - 1.0;
        let left = rows.map(|rows| (0..total * (rows + 2)).map(|i| value(i + rows)).collect());
        let right = (0..total * (columns + 1)).map(|i| value(i + 5)).collect();
        Example { left, right, rows, columns }
    }

    fn pairs(&self, counts: &[usize]) -> Vec<Pairs<'_, f32>> {
        let mut start = 0;
        let pairs = counts.iter().map(|&count| {
            let left = [0, 1].map(|side| strided(&self.left[side], start, self.rows[side] + 2));
            let right = strided(&self.right, start, self.columns + 1);
            start += count;
            Pairs { left, right, count }
        });
        pairs.collect()
    }

    /// The definition, in an array whose rows are `columns + 3` long and start at 2: the rows of the
    /// first factor, of the second, and the sums.
    fn expected(&self, total: usize) -> Vec<f32> {
        let stride = self.columns + 3;
        let mut grad = vec![0.5f32; (self.rows[0] + self.rows[1] + 1) * stride];
        for (n, k) in (0..self.columns).flat_map(|n| (0..total).map(move |k| (n, k))) {
            let right = self.right[k * (self.columns + 1) + n];
            for (side, above) in [(0, 0), (1, self.rows[0])] {
                for m in 0..self.rows[side] {
                    let sum = &mut grad[(above + m) * stride + 2 + n];
                    *sum = self.left[side][k * (self.rows[side] + 2) + m].mul_add(right, *sum);
                }
            }
            grad[(self.rows[0] + self.rows[1]) * stride + 2 + n] += right;
        }
        grad
    }
}

/// Compares the sums over some runs of pairs with their definition, at every level.
fn check(counts: &[usize], rows: [usize; 2], columns: usize, parts: usize) {
    let total = counts.iter().sum();
    let example = Example::new(total, rows, columns);
    let (pairs, expected, stride) = (example.pairs(counts), example.expected(total), columns + 3);
    let left = [
        Some(Left { rows: rows[0], at: 2 }),
        Some(Left { rows: rows[1], at: rows[0] * stride + 2 }),
    ];
    let whole = OuterSum {
        pairs: &pairs,
        left,
        sums: Some((rows[0] + rows[1]) * stride + 2),
        first: 0,
        columns,
        stride,
    };
    // The same as three sums: the right half without its sums, the left half, the sums alone.
    let half = columns / 2;
    let shifted = left.map(|left| left.map(|left| Left { at: left.at + half, ..left }));
    let pieces = [
        OuterSum { left: shifted, sums: None, first: half, columns: columns - half, ..whole },
        OuterSum { sums: None, columns: half, ..whole },
        OuterSum { left: [None, None], ..whole },
    ];
    for level in Level::supported() {
        for sums in [&[whole][..], &pieces] {
            let mut grad = vec![0.5f32; expected.len()];
            for part in split(sums, &mut grad, parts).into_iter().rev() {
                f32::add_outer_products(level, part);
            }
            assert!(grad == expected, "{level:?} {counts:?} {rows:?} × {columns}, {parts} parts");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_element_is_one_chain_whatever_the_split(
        counts in proptest::collection::vec(0usize..200, 1..4),
        rows in [0usize..30, 1usize..20], columns in 1usize..150, parts in 1usize..4,
    ) {
        check(&counts, rows, columns, parts);
    }
}

/// More bytes than the caches hold, with columns left over beside groups of panels, and left columns that
/// fill no band.
#[test]
fn chains_stay_whole_where_the_values_are_far() {
    check(&[1, 700, 0, 650], [17, 13], 1210, 1);
    check(&[1300], [0, 12], 1300, 1);
}

#[test]
#[should_panic(expected = "sums that overlap")]
fn sums_that_share_an_element_are_refused() {
    let sum = OuterSum::<f32> {
        pairs: &[],
        left: [Some(Left { rows: 2, at: 0 }), None],
        sums: Some(3),
        first: 0,
        columns: 2,
        stride: 3,
    };
    let _ = split(&[sum, OuterSum { left: [None, None], sums: Some(1), ..sum }], &mut [0.0; 9], 1);
}

#[test]
#[should_panic(expected = "too small for a sum")]
fn a_sum_beyond_memory_is_refused() {
    let sum = OuterSum::<f32> {
        pairs: &[],
        left: [Some(Left { rows: usize::MAX / 2, at: 0 }), None],
        sums: None,
        first: 0,
        columns: 2,
        stride: 4,
    };
    let _ = split(&[sum], &mut [0.0; 9], 1);
}

/// Row 2 of such a factor would start at 0 again, row 1 far beyond it.
#[test]
#[should_panic(expected = "row too short")]
fn a_distance_between_rows_that_goes_round_is_refused() {
    let values = [1.0f32; 12];
    let right = Strided { values: &values, stride: 4 };
    let left = Strided { values: &values, stride: 1 << (usize::BITS - 1) };
    let pairs = [Pairs { left: [left, right], right, count: 3 }];
    let sum = OuterSum {
        pairs: &pairs,
        left: [Some(Left { rows: 1, at: 0 }), None],
        sums: None,
        first: 0,
        columns: 4,
        stride: 4,
    };
    for part in split(&[sum], &mut [0.0; 4], 1) {
        run(Level::current(), part);
    }
}

/// The same among so many values that they are read in another way; and a factor that ends too early.
#[test]
fn rows_beyond_their_factor_are_refused_where_the_values_are_far() {
    let (rows, columns, count) = (12, 256, 4096);
    let values = vec![1.0f32; count * columns];
    let right = Strided { values: &values, stride: columns };
    let short = Strided { values: &values[..count * rows - 1], stride: rows };
    let wraps = Strided { values: &values, stride: 1 << (usize::BITS - 1) };
    for (left, right) in [(wraps, right), (short, right), (right, wraps)] {
        let pairs = [Pairs { left: [left, right], right, count }];
        let sum = OuterSum {
            pairs: &pairs,
            left: [Some(Left { rows, at: 0 }), None],
            sums: None,
            first: 0,
            columns,
            stride: columns,
        };
        let refused = std::panic::catch_unwind(|| {
            let mut grad = vec![0.0; rows * columns];
            split(&[sum], &mut grad, 1).into_iter().for_each(|part| run(Level::current(), part));
        });
        assert!(refused.is_err(), "{} and {} values apart", left.stride, right.stride);
    }
}
