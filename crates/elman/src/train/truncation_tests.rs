//! Truncated back-propagation: against whole sequences, against chunks cut by hand, and what is refused.

use ndarray::Array2;

use super::testing::{fit, short, signs, small};
use super::*;
use crate::clip::Clip;
use crate::dropout::DropoutMode;
use crate::network::{NetworkBuilder, NetworkState, NetworkTrace};
use crate::sequence::SequenceBatch;
use crate::{Network, Parameters};

fn truncated(bptt: usize, epochs: usize) -> TrainingOptions {
    TrainingOptions { bptt: Some(bptt), ..short(epochs) }
}

fn weights<T: Real>(options: TrainingOptions, network: NetworkBuilder, data: &Dataset) -> Vec<u64> {
    let trained = fit::<T>(options, network.options(), data);
    let values = trained.model.network().parameters().values();
    values.iter().map(|value| value.to_f64().to_bits()).collect()
}

#[test]
fn a_chunk_as_long_as_the_sequences_is_whole_back_propagation() {
    let data = signs(40, 1);
    for network in [NetworkOptions::simple(8).head_dropout(0.4), NetworkOptions::lstm(5).gru(4)] {
        let whole = weights::<f32>(short(3), network.clone(), &data);
        assert_eq!(weights::<f32>(truncated(11, 3), network.clone(), &data), whole);
        assert_ne!(weights::<f32>(truncated(4, 3), network, &data), whole);
    }
}

/// The gradient that the first piece-wise update of `data` follows, by steps of SGD at rate 1.
fn gradient(bptt: usize, data: &Dataset) -> (Network<f64>, Parameters<f64>) {
    let options = TrainingOptions {
        optimizer: crate::optimizer::OptimizerConfig::Sgd(Default::default()),
        learning_rate: 1.0,
        clip: Clip::None,
        batch_size: data.len(),
        scaling: InputScaling::Raw,
        ..truncated(bptt, 1)
    };
    let trainer = Trainer::new(options, NetworkOptions::lstm(5).gru(4).options()).unwrap();
    let mut run = trainer.start::<f64>(data).unwrap();
    let mut before = Network::new(run.network().config().clone()).unwrap();
    before.update(|weights| weights.clone_from(run.network().parameters()));
    run.step().unwrap();
    let mut gradient = before.parameters().clone();
    let after = run.network().parameters().values();
    gradient.values_mut().iter_mut().zip(after).for_each(|(weight, after)| *weight -= after);
    (before, gradient)
}

#[test]
fn each_sequence_learns_from_its_last_chunk_by_the_state_before_it() {
    let (data, bptt) = (signs(6, 2), 4);
    let (network, found) = gradient(bptt, &data);
    let mut expected = network.parameters().zeros_like();
    let crate::data::Targets::Classes(classes) = data.targets() else { panic!("classes") };
    for index in 0..data.len() {
        let sequence = data.sequence(index).unwrap();
        let cut = (sequence.nrows() - 1) / bptt * bptt;
        let (before, last) = sequence.split_at(ndarray::Axis(0), cut);
        let batch =
            |part: ndarray::ArrayView2<'_, f64>| SequenceBatch::from_sequences(&[part]).unwrap();
        let state: NetworkState<f64> = network.forward(&batch(before), None).unwrap().final_state;
        let (last, mut trace) = (batch(last), NetworkTrace::default());
        network.forward_traced(&last, Some(&state), DropoutMode::Off, &mut trace).unwrap();
        let logits = trace.outputs().index_axis(ndarray::Axis(1), 0).to_owned();
        let mut grad = Array2::zeros(logits.raw_dim());
        let class = [classes.indices()[index] as i64];
        let loss = crate::loss::CrossEntropy::default();
        loss.gradient(logits.view(), class.as_slice().into(), grad.view_mut()).unwrap();
        grad /= data.len() as f64;
        let grad = grad.insert_axis(ndarray::Axis(1));
        network.backward(&last, &mut trace, grad.view(), &mut expected).unwrap();
    }
    assert!(data.lengths().iter().any(|length| *length > 2 * bptt));
    let worst = found.values().iter().zip(expected.values()).map(|(a, b)| (a - b).abs());
    assert!(worst.fold(0.0, f64::max) < 1e-12);
}

#[test]
fn networks_that_need_whole_sequences_are_refused() {
    let cases = [
        (NetworkOptions::simple(4).bidirectional().last_step(), "layers that read forwards"),
        (NetworkOptions::simple(4).mean(), "answers at the last step or at every step"),
    ];
    for (network, needed) in cases {
        let error = Trainer::new(truncated(5, 1), network.options()).unwrap_err().to_string();
        assert_eq!(error, format!("bptt: expected {needed} beside it, got 5"));
    }
    let error = Trainer::new(truncated(0, 1), small()).unwrap_err().to_string();
    assert_eq!(error, "bptt: expected at least 1, got 0");
}
