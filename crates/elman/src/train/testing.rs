//! Small data sets with a known answer, for the tests of training and of models.

use ndarray::{Array2, Axis};

use super::{Control, NetworkOptions, Trained, Trainer, TrainingOptions};
use crate::data::{ClassTargets, Dataset, Targets, ValueTargets};
use crate::optimizer::OptimizerConfig;
use crate::real::Real;
use crate::rng::Rng;
use crate::schedule::Schedule;

/// Sequences `[3..12, 2]` of uniform numbers.
fn sequences(count: usize, seed: u64) -> Vec<Array2<f64>> {
    let mut rng = Rng::new(seed);
    let mut sequence = || {
        let length = 3 + rng.below(9);
        Array2::from_shape_simple_fn((length, 2), || 2.0 * rng.uniform() - 1.0)
    };
    (0..count).map(|_| sequence()).collect()
}

fn dataset(sequences: &[Array2<f64>], targets: Targets) -> Dataset {
    let views: Vec<_> = sequences.iter().map(|sequence| sequence.view()).collect();
    Dataset::from_sequences(&views, vec!["a".into(), "b".into()], targets).unwrap()
}

/// Is the first channel's sum positive? No sum is nearer to 0 than 0.5.
pub(crate) fn signs(count: usize, seed: u64) -> Dataset {
    let mut sequences = sequences(8 * count, seed);
    let sum = |sequence: &Array2<f64>| sequence.column(0).sum();
    sequences.retain(|sequence| sum(sequence).abs() > 0.5);
    sequences.truncate(count);
    assert_eq!(sequences.len(), count);
    let classes = sequences.iter().map(|sequence| usize::from(sum(sequence) > 0.0)).collect();
    let labels = vec!["minus".into(), "plus".into()];
    dataset(&sequences, Targets::Classes(ClassTargets::new("sign", labels, classes).unwrap()))
}

/// The mean of each channel, in units of their own.
pub(crate) fn means(count: usize, seed: u64) -> Dataset {
    let sequences = sequences(count, seed);
    let units = [(5000.0, 300.0), (-2.0, 0.01)];
    let mut values = Array2::zeros((count, 2));
    for (mut row, sequence) in values.rows_mut().into_iter().zip(&sequences) {
        let means = sequence.mean_axis(Axis(0)).unwrap();
        for (column, (offset, factor)) in units.into_iter().enumerate() {
            row[column] = offset + factor * means[column];
        }
    }
    let names = vec!["level".into(), "tilt".into()];
    dataset(&sequences, Targets::Values(ValueTargets::new(names, values).unwrap()))
}

/// A network small enough for a test.
pub(crate) fn small() -> NetworkOptions {
    NetworkOptions::simple(8).options()
}

/// The same with dropout.
pub(crate) fn dropping() -> NetworkOptions {
    NetworkOptions::simple(8).head_dropout(0.4).options()
}

/// A training of few epochs, by Adam at a constant rate.
pub(crate) fn short(epochs: usize) -> TrainingOptions {
    TrainingOptions {
        epochs: Some(epochs),
        optimizer: OptimizerConfig::default(),
        schedule: Some(Schedule::default()),
        ..TrainingOptions::default()
    }
}

/// What comes of options and data.
pub(crate) fn fit<T: Real>(
    options: TrainingOptions,
    network: NetworkOptions,
    data: &Dataset,
) -> Trained<T> {
    let trainer = Trainer::new(options, network).unwrap();
    trainer.fit_with(data, &mut |_| Control::Continue).unwrap()
}
