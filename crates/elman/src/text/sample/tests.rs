use super::*;

const GONE: f64 = f64::NEG_INFINITY;

fn ln(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| Float::ln(*value)).collect()
}

fn kept(rule: impl Fn(&mut [f64]), logits: &[f64]) -> Vec<usize> {
    let mut logits = logits.to_vec();
    rule(&mut logits);
    (0..logits.len()).filter(|&id| logits[id] > GONE).collect()
}

#[test]
fn top_k_keeps_ties_and_everything_where_k_is_large() {
    let logits = [1.0, 3.0, 2.0, 2.0, 0.0];
    assert_eq!(kept(|l| top_k(l, 1), &logits), [1]);
    assert_eq!(kept(|l| top_k(l, 2), &logits), [1, 2, 3]);
    assert_eq!(kept(|l| top_k(l, 3), &logits), [1, 2, 3]);
    assert_eq!(kept(|l| top_k(l, 4), &logits), [0, 1, 2, 3]);
    assert_eq!(kept(|l| top_k(l, 9), &logits), [0, 1, 2, 3, 4]);
    assert_eq!(kept(|l| top_k(l, 2), &[GONE, 1.0, GONE, GONE]).len(), 1);
}

#[test]
fn top_p_keeps_the_smallest_set_with_the_probability() {
    // Probabilities that are sums of powers of two, so that sums are exact.
    let logits = ln(&[0.125, 0.5, 0.0625, 0.25, 0.0625]);
    for (p, expected) in [
        (0.1, vec![1]),
        (0.45, vec![1]),
        (0.6, vec![1, 3]),
        (0.8, vec![0, 1, 3]),
        (0.9, vec![0, 1, 2, 3]), // of the two equals the higher id goes
        (0.97, vec![0, 1, 2, 3, 4]),
        (1.0, vec![0, 1, 2, 3, 4]),
    ] {
        assert_eq!(kept(|l| top_p(l, p), &logits), expected, "p = {p}");
    }
    assert_eq!(kept(|l| top_p(l, 0.3), &[0.0; 4]), [0, 1]);
}

#[test]
fn min_p_is_a_share_of_the_likeliest() {
    let logits = ln(&[0.6, 0.25, 0.1, 0.05]);
    assert_eq!(kept(|l| min_p(l, 0.1), &logits), [0, 1, 2]);
    assert_eq!(kept(|l| min_p(l, 0.4), &logits), [0, 1]);
    assert_eq!(kept(|l| min_p(l, 1.0), &logits), [0]);
}

#[test]
fn temperature_scales_and_softmax_adds_up() {
    let mut logits = [1.0, -2.0];
    scale(&mut logits, 0.5);
    assert_eq!(logits.map(f64::to_bits), [2.0f64, -4.0].map(f64::to_bits));
    let mut probabilities = [0.0; 3];
    softmax(&[1000.0, 999.0, GONE], &mut probabilities);
    // 1/(1 + 1/e)
    assert!((probabilities[0] - 0.731_058_578_630_005).abs() < 1e-15);
    assert_eq!(probabilities[2].to_bits(), 0);
}

#[test]
fn greedy_takes_the_first_of_equals() {
    assert_eq!(greedy(&[1.0, 4.0, 4.0]), 1);
    assert_eq!(greedy(&[GONE, GONE]), 0);
}

/// Draws have the probabilities that the rules leave, renormalised.
#[test]
fn draws_have_the_probabilities_that_are_left() {
    let probabilities: [f64; 4] = [0.5, 0.3, 0.15, 0.05];
    let logits = ln(&probabilities);
    // After top-p 0.9 the last is gone: 0.5, 0.3, 0.15 over 0.95.
    for (top_p, expected) in [
        (None, probabilities.to_vec()),
        (Some(0.9), vec![0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0.0]),
    ] {
        let mut sampler = Sampler::new(Sampling { top_p, ..Sampling::default() }).unwrap();
        let (draws, mut counts) = (40_000, [0u32; 4]);
        (0..draws).for_each(|index| counts[sampler.choose(&logits, index)] += 1);
        let mut chi_square = 0.0;
        for (count, p) in counts.iter().zip(&expected) {
            let mean = draws as f64 * p;
            match mean > 0.0 {
                true => chi_square += (f64::from(*count) - mean).powi(2) / mean,
                false => assert_eq!(*count, 0),
            }
        }
        // Three degrees of freedom: beyond 16.27 once in a thousand.
        assert!(chi_square < 16.27, "{chi_square}: {counts:?}");
    }
}

#[test]
fn the_order_of_the_rules_is_seen() {
    // By hand: at temperature 2, √p: 0.6, 0.3, 0.1 become 0.465, 0.329, 0.190 over 0.984.
    let logits = ln(&[0.36, 0.18, 0.06, 0.4]);
    let ids = |sampling: Sampling| {
        let mut sampler = Sampler::new(sampling).unwrap();
        let mut seen: Vec<usize> = (0..200).map(|i| sampler.choose(&logits, i)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    };
    let sampling = Sampling { top_k: Some(2), top_p: Some(0.5), ..Sampling::default() };
    // Two are left, 0.36 and 0.4, of which the larger has 0.526: more than top-p asks for. Without
    // top-k before it, top-p would keep both.
    assert_eq!(ids(sampling), [3]);
    assert_eq!(ids(Sampling { top_k: None, ..sampling }), [0, 3]);
    // min-p 0.5 after temperature 0.5: squares 0.1296, 0.0324, 0.0036, 0.16.
    let sampling = Sampling { min_p: Some(0.4), ..Sampling::default() };
    assert_eq!(ids(sampling), [0, 1, 3]);
    assert_eq!(ids(Sampling { temperature: 0.5, ..sampling }), [0, 3]);
}

#[test]
fn a_seed_gives_the_same_draws_and_another_others() {
    let draws = |seed| {
        let mut sampler = Sampler::new(Sampling { seed, ..Sampling::default() }).unwrap();
        (0..50).map(|index| sampler.choose(&[0.0f32; 9], index)).collect::<Vec<_>>()
    };
    assert_eq!(draws(3), draws(3));
    assert_ne!(draws(3), draws(4));
}

#[test]
fn settings_out_of_range_are_named() {
    let plain = Sampling::default();
    for (sampling, expected) in [
        (
            Sampling { temperature: -0.5, ..plain },
            "temperature: expected a finite number, at least 0, got -0.5",
        ),
        (
            Sampling { temperature: f64::NAN, ..plain },
            "temperature: expected a finite number, at least 0, got NaN",
        ),
        (Sampling { top_k: Some(0), ..plain }, "top_k: expected at least 1, got 0"),
        (Sampling { min_p: Some(0.0), ..plain }, "min_p: expected above 0 and at most 1, got 0"),
        (
            Sampling { temperature: 0.0, top_k: Some(3), ..plain },
            "top_k: expected a temperature above 0 beside it, as 0 takes the likeliest token, got 3",
        ),
    ] {
        assert_eq!(sampling.check().unwrap_err().to_string(), expected);
    }
}
