//! Gradients of single sequences, and of the inputs.

use elman::{DropoutMode, NetworkTrace};
use ndarray::Axis;

use crate::list::{batch, every_cell, every_network, grad_outputs, network};

#[test]
fn gradients_of_single_sequences_sum_up_to_that_of_the_batch() {
    for described in every_network().into_iter().chain(every_cell()) {
        let network = network::<f64>(&described.config);
        let batch = batch(&described.config, 3.0);
        let mut trace = NetworkTrace::default();
        network.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
        let grad = grad_outputs::<f64>(trace.outputs().dim());
        let mut whole = network.parameters().zeros_like();
        network.backward(&batch, &mut trace, grad.view(), &mut whole).unwrap();
        let alone = network.sequence_gradients(&batch, None, grad.view()).unwrap();
        for (sum, expected) in alone.sum_axis(Axis(0)).iter().zip(whole.values()) {
            assert!((sum - expected).abs() < 1e-12, "{}: {sum} {expected}", described.name);
        }
        let norms = network.sequence_gradient_norms(&batch, None, grad.view()).unwrap();
        for (row, norm) in alone.rows().into_iter().zip(norms) {
            let expected = row.dot(&row).sqrt();
            assert!((norm - expected).abs() <= 1e-14 * expected, "{}: {norm}", described.name);
        }
    }
}

#[test]
fn a_given_state_is_that_of_each_sequence() {
    let described = &every_cell()[0];
    let network = network::<f64>(&described.config);
    let batch = batch(&described.config, 3.0);
    let state = network.forward(&batch, None).unwrap().final_state;
    let grad = grad_outputs::<f64>((batch.batch_size(), 1, 2));
    let from_zeros = network.sequence_gradient_norms(&batch, None, grad.view()).unwrap();
    let carried = network.sequence_gradient_norms(&batch, Some(&state), grad.view()).unwrap();
    assert!(from_zeros.iter().zip(&carried).any(|(a, b)| a.to_bits() != b.to_bits()));
    let mut short = state;
    short.layers[0].remove_index(Axis(0), 0);
    assert!(network.sequence_gradients(&batch, Some(&short), grad.view()).is_err());
}

#[test]
fn the_gradient_of_the_inputs_in_inference_is_that_of_a_run_without_dropout() {
    for described in every_network() {
        let network = network::<f64>(&described.config);
        let batch = batch(&described.config, 3.0);
        let mut trace = NetworkTrace::default();
        network.forward_traced(&batch, None, DropoutMode::Off, &mut trace).unwrap();
        let grad = grad_outputs::<f64>(trace.outputs().dim());
        let mut unused = network.parameters().zeros_like();
        let expected =
            network.backward_to_inputs(&batch, &mut trace, grad.view(), &mut unused).unwrap();
        let found = network.input_gradient(&batch, None, grad.view()).unwrap();
        assert_eq!(found.inputs, expected.inputs, "{}", described.name);
        assert_eq!(found.embedded, expected.embedded, "{}", described.name);
        assert_eq!(found.initial_state, expected.initial_state, "{}", described.name);
        let nonzero = found.inputs.iter().chain(found.embedded.iter().flatten());
        assert!(nonzero.into_iter().any(|value| *value != 0.0), "{}", described.name);
    }
}
