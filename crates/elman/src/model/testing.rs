//! Models for the tests of models and of their files.

use ndarray::ArrayView2;

use super::Model;
use crate::data::{Dataset, Standardization};
use crate::network::Network;
use crate::parameters::Parameters;
use crate::task::{ClassPredictions, Classify, Task};
use crate::train::NetworkOptions;
use crate::train::testing::{fit, short, signs};

/// A trained model of two layers in both directions.
pub(crate) fn class_model() -> Model<f32> {
    let network = NetworkOptions::simple(8).bidirectional().simple(8).bidirectional().options();
    fit(short(2), network, &signs(30, 1)).model
}

/// Its predictions.
pub(crate) fn classes(model: &Model<f32>, data: &Dataset) -> ClassPredictions {
    model.predict(data).unwrap().into_classes().unwrap()
}

/// The bits of numbers, to compare them exactly.
pub(crate) fn bits(numbers: ArrayView2<'_, f64>) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// A model of 8 weights, all zero.
pub(crate) fn tiny() -> Model<f32> {
    tiny_with(|_| ())
}

/// The same with other weights.
pub(crate) fn tiny_with(change: impl FnOnce(&mut Parameters<f32>)) -> Model<f32> {
    let config = Network::builder(2).simple(1).dense(2);
    let mut network = Network::new(config).unwrap();
    network.update(change);
    let labels = vec!["no".into(), "yes".into()];
    let task = Task::Classify(Classify::new("answer", labels, vec![1, 2]).unwrap());
    let scaling = Standardization::new(vec![0.1, -3.0], vec![1.0, 7.0]).unwrap();
    Model::new(network, task, vec!["a".into(), "b".into()], Some(scaling)).unwrap()
}
