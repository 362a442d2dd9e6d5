//! Masks are functions of their place: of no batch, order, chunk, thread or level.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SITE: MaskSite = MaskSite { purpose: Purpose::LayerInput, layer: 0 };
const SOURCE: MaskSource = MaskSource { seed: 5, update: 17 };

fn dropout(source: MaskSource, site: MaskSite, probability: f64) -> Mask<f32> {
    Mask::dropout(source.masks(site), probability).unwrap()
}

fn row(mask: &Mask<f32>, place: MaskPlace, len: usize) -> Vec<f32> {
    let mut factors = vec![f32::NAN; len];
    mask.fill(place, &mut factors);
    factors
}

/// Every kind of mask, with its two factors.
fn kinds(masks: Masks, probability: f64) -> [(Mask<f64>, [f64; 2]); 2] {
    let kept = 1.0 / (1.0 - probability);
    [
        (Mask::dropout(masks, probability).unwrap(), [0.0, kept]),
        (Mask::zoneout(masks, probability).unwrap(), [1.0, 0.0]),
    ]
}

#[test]
fn factors_are_those_of_each_unit_alone_at_every_level() {
    let masks = SOURCE.masks(SITE);
    for (mask, [hit, miss]) in kinds(masks, 0.375) {
        let place = MaskPlace { sequence: 9, step: 1_000_000, unit: 13 };
        for level in Level::ALL {
            let mut factors = [f64::NAN; 100];
            fill_mask(level, mask.row(place), place.unit, &mut factors);
            for (index, factor) in factors.into_iter().enumerate() {
                let unit = MaskPlace { unit: 13 + index, ..place };
                let expected = if masks.drops(unit, 0.375).unwrap() { hit } else { miss };
                assert_eq!(factor, expected, "{index} {level:?}");
            }
            let mut values: Vec<f64> = (0..100).map(f64::from).collect();
            multiply_mask(level, mask.row(place), place.unit, &mut values);
            for (index, value) in values.into_iter().enumerate() {
                assert_eq!(value, index as f64 * factors[index]);
            }
        }
    }
}

#[test]
fn the_wanted_share_is_hit() {
    for probability in [0.0, 0.1, 0.5, 0.9, 0.999] {
        for (mask, [hit, miss]) in kinds(SOURCE.masks(SITE), probability) {
            let n = 40_000;
            let mut factors = vec![f64::NAN; n];
            mask.fill(MaskPlace::of_step(0, 0), &mut factors);
            let hits = factors.iter().filter(|factor| **factor == hit).count() as f64;
            assert!(factors.iter().all(|factor| *factor == hit || *factor == miss));
            // 5 deviations of the binomial distribution.
            let bound = 5.0 * (n as f64 * probability * (1.0 - probability)).sqrt();
            assert!((hits - n as f64 * probability).abs() <= bound, "{probability}: {hits}");
        }
    }
}

#[test]
fn every_part_of_the_place_changes_the_mask() {
    let place = MaskPlace::of_step(3, 4);
    let site = |purpose, layer| MaskSite { purpose, layer };
    let purposes = [
        Purpose::LayerInput,
        Purpose::Embedding,
        Purpose::Head,
        Purpose::RecurrentState,
        Purpose::CandidateUpdate,
        Purpose::HiddenZoneout,
        Purpose::CellZoneout,
        Purpose::Tokens,
    ];
    let mut all = Vec::new();
    for purpose in purposes {
        for layer in 0..3 {
            all.push((SOURCE, site(purpose, layer), place));
        }
    }
    for far in [1, 1 << 32, 1 << 47] {
        all.push((SOURCE, SITE, MaskPlace { sequence: 3 + far, ..place }));
        all.push((SOURCE, SITE, MaskPlace { step: 4 + far, ..place }));
        all.push((MaskSource { seed: 5 + far as u64, ..SOURCE }, SITE, place));
        all.push((MaskSource { update: 17 + far as u64, ..SOURCE }, SITE, place));
    }
    all.push((SOURCE, SITE, MaskPlace::of_step(4, 3)));
    all.push((SOURCE, SITE, MaskPlace { unit: 96, ..place }));
    let count = all.len();
    let masks = all.into_iter().map(|(source, site, place)| {
        let row = row(&dropout(source, site, 0.5), place, 96);
        row.into_iter().map(|factor| factor == 0.0).collect::<Vec<bool>>()
    });
    assert_eq!(masks.collect::<BTreeSet<_>>().len(), count);
}

#[test]
fn neighbours_are_uncorrelated() {
    // The share of units dropped in two masks at once is p².
    let (n, probability) = (50_000, 0.3);
    let plain = row(&dropout(SOURCE, SITE, probability), MaskPlace::of_step(0, 0), n);
    let next_step = row(&dropout(SOURCE, SITE, probability), MaskPlace::of_step(0, 1), n);
    let next_sequence = row(&dropout(SOURCE, SITE, probability), MaskPlace::of_step(1, 0), n);
    let next_update = MaskSource { update: SOURCE.update + 1, ..SOURCE };
    let next_update = row(&dropout(next_update, SITE, probability), MaskPlace::of_step(0, 0), n);
    let next_unit = [&plain[1..], &[1.0]].concat();
    for other in [next_step, next_sequence, next_update, next_unit] {
        let both = plain.iter().zip(&other).filter(|(a, b)| **a == 0.0 && **b == 0.0).count();
        let expected = n as f64 * probability * probability;
        let deviation = (expected * (1.0 - probability * probability)).sqrt();
        assert!((both as f64 - expected).abs() < 5.0 * deviation, "{both} for {expected}");
    }
}

#[test]
fn probabilities_out_of_range_are_refused() {
    for bad in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
        let masks = SOURCE.masks(SITE);
        for (name, found) in [
            ("dropout", Mask::<f32>::dropout(masks, bad).map(|_| ())),
            ("zoneout", Mask::<f32>::zoneout(masks, bad).map(|_| ())),
            ("token dropout", masks.drops(MaskPlace::of_step(0, 0), bad).map(|_| ())),
        ] {
            let message = found.unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name}: expected a probability")), "{message}");
        }
    }
}

/// The factors `[T, H]` of a sequence whose steps are run in chunks.
fn in_chunks(mask: &Mask<f32>, sequence: usize, sizes: &[usize], units: usize) -> Vec<f32> {
    let mut step = 0;
    let mut all = Vec::new();
    for &size in sizes {
        for _ in 0..size {
            all.extend(row(mask, MaskPlace::of_step(sequence, step), units));
            step += 1;
        }
    }
    all
}

proptest! {
    #[test]
    fn some_units_are_a_part_of_all(seed: u64, start in 0usize..200, len in 0usize..150) {
        let mask = dropout(MaskSource { seed, update: 3 }, SITE, 0.4);
        let all = row(&mask, MaskPlace::of_step(2, 7), start + len);
        let some = row(&mask, MaskPlace { sequence: 2, step: 7, unit: start }, len);
        prop_assert_eq!(&some[..], &all[start..]);
    }

    #[test]
    fn units_shared_by_threads_have_the_same_mask(seed: u64, cuts in prop::collection::vec(0usize..90, 0..4)) {
        let mask = dropout(MaskSource { seed, update: 0 }, SITE, 0.4);
        let all = row(&mask, MaskPlace::of_step(1, 1), 90);
        let mut cuts = [vec![0, 90], cuts].concat();
        cuts.sort_unstable();
        let parts = std::thread::scope(|scope| {
            let ranges = cuts.windows(2).map(|cut| (cut[0], cut[1] - cut[0]));
            let threads = ranges.map(|(unit, len)| {
                scope.spawn(move || row(&mask, MaskPlace { sequence: 1, step: 1, unit }, len))
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        prop_assert_eq!(parts, all);
    }

    #[test]
    fn chunks_have_the_masks_of_the_whole(seed: u64, sizes in prop::collection::vec(1usize..5, 1..5)) {
        let mask = dropout(MaskSource { seed, update: 8 }, SITE, 0.4);
        let whole = in_chunks(&mask, 6, &[sizes.iter().sum()], 5);
        prop_assert_eq!(in_chunks(&mask, 6, &sizes, 5), whole);
    }

    #[test]
    fn batch_and_order_play_no_part(
        seed: u64,
        batch in prop::collection::vec(0usize..50, 1..8),
        turn in 0usize..8,
    ) {
        let mask = dropout(MaskSource { seed, update: 2 }, SITE, 0.4);
        let rows = |batch: &[usize]| -> Vec<(usize, Vec<f32>)> {
            batch.iter().map(|&s| (s, row(&mask, MaskPlace::of_sequence(s), 33))).collect()
        };
        let mut turned = batch.clone();
        turned.rotate_left(turn % batch.len());
        let (mut a, mut b) = (rows(&batch), rows(&turned));
        a.sort_by_key(|(sequence, _)| *sequence);
        b.sort_by_key(|(sequence, _)| *sequence);
        prop_assert_eq!(a, b);
    }
}
