//! Lookups and sums by hand, and against products with one-hot vectors.

use ndarray::{Array2, Array3, array};
use proptest::prelude::*;

use super::*;
use crate::rng::Rng;
use crate::threads::with_threads;

fn normal<T: Real>(shape: (usize, usize, usize), seed: u64) -> Array3<T> {
    let mut rng = Rng::new(seed);
    Array3::from_shape_simple_fn(shape, || T::from_f64(rng.normal()))
}

/// A table of normal numbers.
fn table<T: Real>(embedding: &Embedding, seed: u64) -> Parameters<T> {
    let mut parameters = embedding.parameters();
    let mut rng = Rng::new(seed);
    parameters.values_mut().iter_mut().for_each(|value| *value = T::from_f64(rng.normal()));
    parameters
}

fn rows_are_looked_up<T: Real>() {
    let embedding = Embedding::new(4, 3).unwrap();
    let parameters = table::<T>(&embedding, 1);
    let weights = parameters.get("weights").unwrap();
    let tokens = TokenBatch::with_lengths(array![[3, 0, 3], [1, 9, 9], [9, 9, 9]], vec![3, 1, 0]);
    let tokens = tokens.unwrap();
    let batch = embedding.forward(&parameters, &tokens).unwrap();
    assert_eq!(batch.lengths(), [3, 1, 0]);
    assert_eq!(batch.values().dim(), (3, 3, 3));
    for ((row, step, column), &value) in batch.values().indexed_iter() {
        let expected = match (row, step) {
            (0, 0 | 2) => weights[[3, column]],
            (0, 1) => weights[[0, column]],
            (1, 0) => weights[[1, column]],
            _ => T::ZERO,
        };
        assert_eq!(value, expected, "{row} {step} {column}");
    }
}

#[test]
fn rows_are_looked_up_and_padding_is_zero() {
    rows_are_looked_up::<f32>();
    rows_are_looked_up::<f64>();
}

#[test]
fn the_gradient_is_the_sum_by_hand() {
    // Powers of two: each subset has its own sum, exact in both types.
    fn check<T: Real>() {
        let embedding = Embedding::new(3, 1).unwrap();
        let tokens = TokenBatch::with_lengths(array![[1, 2, 1], [2, 1, 0]], vec![3, 2]).unwrap();
        let power = |n: f64| T::from_f64(n);
        let nan = T::from_f64(f64::NAN);
        let grad_outputs = array![
            [[power(1.0)], [power(2.0)], [power(4.0)]],
            [[power(8.0)], [power(16.0)], [nan]],
        ];
        let mut grad = embedding.parameters::<T>();
        grad.values_mut().fill(power(64.0));
        embedding.backward(&tokens, grad_outputs.view(), &mut grad).unwrap();
        assert_eq!(grad.values(), [64.0, 64.0 + 21.0, 64.0 + 10.0].map(power));
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn the_padding_id_gets_no_gradient_and_is_looked_up() {
    let plain = Embedding::new(3, 2).unwrap();
    let padded = plain.with_padding_id(1).unwrap();
    assert_eq!((plain.padding_id(), padded.padding_id()), (None, Some(1)));
    let parameters = table::<f64>(&plain, 2);
    let tokens = TokenBatch::full(array![[0, 1, 2], [1, 1, 0]]);
    let outputs = |embedding: &Embedding| embedding.forward(&parameters, &tokens).unwrap();
    assert_eq!(outputs(&plain).values(), outputs(&padded).values());
    let grad_outputs = normal((2, 3, 2), 3);
    let gradient = |embedding: &Embedding| {
        let mut grad = parameters.zeros_like();
        embedding.backward(&tokens, grad_outputs.view(), &mut grad).unwrap();
        grad
    };
    let (full, without) = (gradient(&plain), gradient(&padded));
    assert!(full.values()[2..4].iter().all(|g| *g != 0.0));
    assert_eq!(without.values()[2..4], [0.0, 0.0]);
    assert_eq!(without.values()[..2], full.values()[..2]);
    assert_eq!(without.values()[4..], full.values()[4..]);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let embedding = Embedding::new(61, 40).unwrap();
    let mut rng = Rng::new(4);
    let ids = Array2::from_shape_simple_fn((40, 300), || u32::try_from(rng.below(61)).unwrap());
    let lengths = (0..40).map(|row| 300 - row).collect();
    let tokens = TokenBatch::with_lengths(ids, lengths).unwrap();
    let grad_outputs = normal::<f32>((40, 300, 40), 5);
    let gradient = |threads| {
        let run = || {
            let mut grad = embedding.parameters::<f32>();
            embedding.backward(&tokens, grad_outputs.view(), &mut grad).map(|()| grad)
        };
        with_threads(threads, run).unwrap().unwrap()
    };
    let one = gradient(Some(1));
    assert!(one.values().iter().all(|g| *g != 0.0));
    for threads in [2, 3, 7] {
        let bits = |grad: &Parameters<f32>| -> Vec<u32> {
            grad.values().iter().map(|g| g.to_bits()).collect()
        };
        assert_eq!(bits(&gradient(Some(threads))), bits(&one), "{threads} threads");
    }
}

#[test]
fn ids_outside_of_the_vocabulary_are_refused_by_place() {
    let embedding = Embedding::new(5, 2).unwrap();
    let parameters = table::<f32>(&embedding, 6);
    let tokens = TokenBatch::full(array![[0, 4], [3, 5], [9, 9]]);
    let expected = "tokens: row 1, step 1: expected an id below 5 (vocabulary_size), got 5";
    let mut batch = SequenceBatch::full(Array3::from_elem((1, 1, 1), 7.0));
    let error = embedding.forward_into(&parameters, &tokens, &mut batch).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(batch.as_slice(), [7.0]);
    let mut grad = parameters.zeros_like();
    let grad_outputs = Array3::ones((3, 2, 2));
    let error = embedding.backward(&tokens, grad_outputs.view(), &mut grad).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(grad, parameters.zeros_like());
}

#[test]
fn what_does_not_fit_is_refused() {
    let message = |result: Result<Embedding>| result.unwrap_err().to_string();
    assert_eq!(message(Embedding::new(0, 2)), "vocabulary_size: expected at least 1, got 0");
    assert_eq!(message(Embedding::new(2, 0)), "embedding_size: expected at least 1, got 0");
    assert!(message(Embedding::new(usize::MAX, 2)).contains("fits in memory"));
    let embedding = Embedding::new(5, 2).unwrap();
    let padded = message(embedding.with_padding_id(5));
    assert_eq!(padded, "padding_id: expected below 5 (vocabulary_size), got 5");
    let tokens = TokenBatch::full(array![[0, 1]]);
    let grad_outputs = Array3::<f64>::ones((1, 2, 3));
    let refused = embedding.backward(&tokens, grad_outputs.view(), &mut embedding.parameters());
    let message = refused.unwrap_err().to_string();
    assert_eq!(message, "grad_outputs: expected shape [1, 2, 2], got [1, 2, 3]");
    let other = Embedding::new(5, 3).unwrap().parameters::<f64>();
    let message = embedding.forward(&other, &tokens).unwrap_err().to_string();
    assert_eq!(message, "weights: expected shape [5, 2], got [5, 3]");
    let other = Parameters::<f64>::zeros(vec![ParameterShape::new("bias", &[5, 2])]).unwrap();
    let message = embedding.forward(&other, &tokens).unwrap_err().to_string();
    assert_eq!(message, "parameters: expected weights, got bias");
}

#[test]
fn batches_without_sequences_or_steps_pass() {
    let embedding = Embedding::new(5, 2).unwrap();
    let mut parameters = table::<f64>(&embedding, 7);
    for shape in [(0, 0), (0, 3), (3, 0)] {
        let tokens = TokenBatch::full(Array2::zeros(shape));
        let batch = embedding.forward(&parameters, &tokens).unwrap();
        assert_eq!(batch.values().dim(), (shape.0, shape.1, 2));
        assert_eq!(batch.lengths(), vec![shape.1; shape.0]);
        let before = parameters.clone();
        embedding.backward(&tokens, batch.values(), &mut parameters).unwrap();
        assert_eq!(parameters, before);
    }
}

proptest! {
    #[test]
    fn lookup_and_gradient_are_products_with_one_hot_vectors(
        sequences in prop::collection::vec(prop::collection::vec(0..7u32, 0..6), 1..6),
        width in 1..20usize,
        seed in 0..100u64,
    ) {
        let embedding = Embedding::new(7, width).unwrap();
        let parameters = table::<f64>(&embedding, seed);
        let views: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let tokens = TokenBatch::from_sequences(&views);
        let batch = embedding.forward(&parameters, &tokens).unwrap();

        let ids: Vec<u32> = sequences.concat();
        let one_hot = Array2::from_shape_fn((ids.len(), 7), |(k, v)| {
            f64::from(u8::from(ids[k] as usize == v))
        });
        let weights = parameters.get("weights").unwrap();
        let weights = weights.into_dimensionality::<ndarray::Ix2>().unwrap();
        let valid = |values: ndarray::ArrayView3<'_, f64>| {
            let steps = sequences.iter().enumerate().flat_map(|(row, ids)| {
                (0..ids.len()).flat_map(move |t| (0..width).map(move |c| [row, t, c]))
            });
            let values: Vec<f64> = steps.map(|index| values[index]).collect();
            Array2::from_shape_vec((ids.len(), width), values).unwrap()
        };
        // Each sum has one term that is not 0.
        prop_assert_eq!(valid(batch.values()), one_hot.dot(&weights));

        let grad_outputs = normal::<f64>(batch.values().dim(), seed + 1);
        let mut grad = parameters.zeros_like();
        embedding.backward(&tokens, grad_outputs.view(), &mut grad).unwrap();
        let expected = one_hot.t().dot(&valid(grad_outputs.view()));
        let found = grad.get("weights").unwrap();
        for (index, expected) in expected.indexed_iter() {
            // The product may sum in another order: a few roundings of numbers below 10 · 30.
            let found = found[[index.0, index.1]];
            prop_assert!((found - expected).abs() < 1e-13, "{:?}: {} {}", index, found, expected);
        }
    }
}
