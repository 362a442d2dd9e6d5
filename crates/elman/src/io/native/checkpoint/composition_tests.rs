//! Schedules, accumulation, truncation, averages, noise and recomputation go together: whatever a run is
//! put together of, and wherever it is interrupted, it ends in the same bytes.

use ndarray::Array2;

use super::*;
use crate::data::Dataset;
use crate::layer::{RecurrentRegularization, TraceKeeps};
use crate::optimizer::Averaging;
use crate::rng::Rng;
use crate::schedule::{OneCycle, Schedule, Warmup};
use crate::stack::LayerConfig;
use crate::train::{Control, NetworkOptions, TrainingOptions};

/// Sequences long enough to be computed from borders.
fn long(rng: &mut Rng) -> Dataset {
    let mut sequence = |n: usize| {
        let slope = [0.01, -0.01][n % 2];
        let steps = 90 + rng.below(60);
        Array2::from_shape_fn((steps, 1), |(t, _)| slope * t as f64 + 0.2 * rng.normal())
    };
    let sequences: Vec<_> = (0..9).map(&mut sequence).collect();
    let labels: Vec<&str> = (0..9).map(|n| ["up", "down"][n % 2]).collect();
    Dataset::with_labels(&sequences, &labels).unwrap()
}

fn pick<V: Clone>(rng: &mut Rng, values: &[V]) -> V {
    values[rng.below(values.len())].clone()
}

fn options(rng: &mut Rng) -> TrainingOptions {
    let schedules = [
        Schedule::Constant {},
        Schedule::Cosine { updates: 7, least_rate: 1e-4 },
        Schedule::OneCycle(OneCycle::new(9)),
    ];
    let averages = [
        None,
        Some(Averaging::Ema { decay: 0.7, start: 1 }),
        Some(Averaging::Swa { start: 2, every: 2 }),
    ];
    TrainingOptions {
        epochs: Some(1 + rng.below(3)),
        batch_size: 2 + rng.below(3),
        accumulation: 1 + rng.below(2),
        bptt: pick(rng, &[None, Some(25), Some(80)]),
        schedule: Some(pick(rng, &schedules)),
        warmup: pick(rng, &[None, Some(Warmup { updates: 3, start_factor: 0.2 })]),
        averaging: pick(rng, &averages),
        seed: rng.below(1000) as u64,
        ..TrainingOptions::default()
    }
}

fn network(rng: &mut Rng) -> NetworkOptions {
    let layer = pick(rng, &[LayerConfig::lstm(4), LayerConfig::gru(4), LayerConfig::simple(4)]);
    let chance = |rng: &mut Rng| pick(rng, &[0.0, 0.2]);
    let regularization = RecurrentRegularization {
        state_dropout: chance(rng),
        zoneout: chance(rng),
        ..RecurrentRegularization::default()
    };
    let layers = vec![LayerConfig { regularization, ..layer.clone() }, layer];
    NetworkOptions { layers, ..NetworkOptions::default() }
}

fn ended(mut run: Run<'_, f32>) -> Vec<u8> {
    run.train(&mut |_| Control::Continue).unwrap();
    super::super::encode(&run.finish().unwrap().model).unwrap()
}

#[test]
fn whatever_goes_together_is_interrupted_and_resumed_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut rng = Rng::new(12);
    let data = long(&mut rng);
    for _ in 0..24 {
        let (options, network) = (options(&mut rng), network(&mut rng));
        let trainer = |rng: &mut Rng| {
            let keeps = pick(rng, &[TraceKeeps::Everything, TraceKeeps::Borders]);
            let options =
                TrainingOptions { keeps, threads: Some(1 + rng.below(2)), ..options.clone() };
            Trainer::new(options, network.clone()).unwrap()
        };
        let whole = Trainer::new(options.clone(), network.clone()).unwrap();
        let whole = ended(whole.start(&data).unwrap());
        trainer(&mut rng).start::<f32>(&data).unwrap().checkpoint(&path).unwrap();
        loop {
            let checkpoint = Checkpoint::load(&path).unwrap();
            let mut run = checkpoint.resume_with::<f32>(&trainer(&mut rng), &data).unwrap();
            for _ in 0..=rng.below(4) {
                run.step().unwrap();
            }
            if run.outcome().is_some() {
                assert!(ended(run) == whole, "{options:?} {network:?}");
                break;
            }
            run.checkpoint(&path).unwrap();
        }
    }
}
