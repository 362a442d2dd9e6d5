//! In place, on any number of threads, and what is refused.

use super::*;
use crate::real::Float;
use crate::rng::Rng;
use crate::threads::with_threads;

fn normal(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || f32::from_f64(rng.normal()))
}

/// Outputs, gradients of the inputs, and of the parameters, of 1000 rows.
fn run(threads: usize) -> (Array2<f32>, Array2<f32>, Parameters<f32>) {
    let dense = Dense::new(37, 11).unwrap();
    let mut parameters = dense.parameters::<f32>();
    parameters.set("weights", normal(37, 11, 1).view()).unwrap();
    parameters.set("bias", normal(1, 11, 2).row(0)).unwrap();
    let prepared = dense.prepare(&parameters).unwrap();
    let (inputs, grad_outputs) = (normal(1000, 37, 3), normal(1000, 11, 4));
    let mut grad = parameters.zeros_like();
    with_threads(Some(threads), || {
        let outputs = dense.forward(&prepared, inputs.view()).unwrap();
        let arrays = (inputs.view(), grad_outputs.view());
        let back = dense.backward(&prepared, arrays.0, arrays.1, &mut grad).unwrap();
        (outputs, back, grad)
    })
    .unwrap()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let one = run(1);
    // Rows at the seams of 2, 3 and 7 parts among them.
    for row in [0, 1, 142, 143, 333, 334, 499, 500, 998, 999] {
        let weights = normal(37, 11, 1);
        for column in 0..11 {
            let product = normal(1000, 37, 3).row(row).dot(&weights.column(column));
            let expected = product + normal(1, 11, 2)[[0, column]];
            assert!((one.0[[row, column]] - expected).abs() < 1e-4, "{row} {column}");
        }
    }
    for threads in [2, 3, 7] {
        let many = run(threads);
        for (one, many) in [(&one.0, &many.0), (&one.1, &many.1)] {
            assert_eq!(bits(one.as_slice().unwrap()), bits(many.as_slice().unwrap()));
        }
        assert_eq!(bits(one.2.values()), bits(many.2.values()));
    }
}

#[test]
fn refreshed_weights_are_prepared_ones() {
    let dense = Dense::new(5, 3).unwrap();
    let mut parameters = dense.parameters::<f32>();
    let mut prepared = dense.prepare(&parameters).unwrap();
    parameters.set("weights", normal(5, 3, 5).view()).unwrap();
    parameters.set("bias", normal(1, 3, 6).row(0)).unwrap();
    dense.prepare_into(&parameters, &mut prepared).unwrap();
    let (fresh, inputs) = (dense.prepare(&parameters).unwrap(), normal(4, 5, 7));
    let outputs = |weights| dense.forward(weights, inputs.view()).unwrap();
    assert_eq!(outputs(&prepared), outputs(&fresh));
    let mut other = Dense::new(3, 5).unwrap().prepare(&Dense::new(3, 5).unwrap().parameters());
    let refused = dense.prepare_into(&parameters, other.as_mut().unwrap()).unwrap_err();
    assert!(refused.to_string().starts_with("prepared: "), "{refused}");
}

#[test]
fn outputs_of_another_shape_or_order_are_refused() {
    let dense = Dense::new(5, 3).unwrap();
    let prepared = dense.prepare(&dense.parameters::<f32>()).unwrap();
    let (inputs, mut narrow) = (normal(4, 5, 1), Array2::zeros((4, 2)));
    let refused = dense.forward_into(&prepared, inputs.view(), narrow.view_mut()).unwrap_err();
    assert_eq!(refused.to_string(), "outputs: expected shape [4, 3], got [4, 2]");
    let mut turned = Array2::zeros((3, 4));
    let turned = turned.view_mut().reversed_axes();
    let refused = dense.forward_into(&prepared, inputs.view(), turned).unwrap_err();
    let expected = "outputs: expected an array in row-major order, got strides [1, 4]";
    assert_eq!(refused.to_string(), expected);
}
