//! A whole training, as a user of the library would write it.

use std::time::Instant;

use bench_protocol::{Cell, Fitted, Training};
use elman::network::NetworkOptions;
use elman::schedule::Schedule;
use elman::train::{Control, Trainer, TrainingOptions};
use elman::{CellKind, Dataset, GruOptions, LayerConfig, LstmOptions, Result, SimpleOptions};
use ndarray::{ArrayView2, Axis};

/// Trains so many networks on so many threads.
///
/// # Errors
///
/// The library's; steps that do not fit the training.
pub fn fit(training: &Training, steps: &[f32], networks: usize, threads: usize) -> Result<Fitted> {
    let shape = [training.lengths.iter().sum(), training.input_size];
    let steps = ArrayView2::from_shape(shape, steps)
        .map_err(|_| elman::Error::shape("steps", &shape, &[steps.len()]))?;
    let mut rest = steps;
    let mut sequences = Vec::with_capacity(training.lengths.len());
    for &length in &training.lengths {
        let (sequence, after) = rest.split_at(Axis(0), length);
        sequences.push(sequence);
        rest = after;
    }
    let trainer = Trainer::new(options(training, threads), network(training))?;
    let start = Instant::now();
    let data = Dataset::with_labels(&sequences, &training.labels)?;
    let report = match networks {
        1 => trainer.fit_with::<f32>(&data, &mut |_| Control::Continue).map(|t| Some(t.report))?,
        _ => {
            let mut members =
                trainer.fit_members::<f32>(networks, &data, &|_, _| Control::Continue)?;
            members.reports.pop()
        }
    };
    let last = report.as_ref().and_then(|report| report.epochs.last());
    let loss = last.map_or(f64::NAN, |epoch| epoch.loss);
    Ok(Fitted { seconds: start.elapsed().as_secs_f64(), loss })
}

fn options(training: &Training, threads: usize) -> TrainingOptions {
    TrainingOptions {
        epochs: Some(training.epochs),
        batch_size: training.batch_size,
        learning_rate: training.learning_rate,
        schedule: Some(Schedule::Constant {}),
        threads: Some(threads),
        ..TrainingOptions::default()
    }
}

fn network(training: &Training) -> NetworkOptions {
    let cell = match training.cell {
        Cell::Simple => CellKind::Simple(SimpleOptions::DEFAULT),
        Cell::Lstm => CellKind::Lstm(LstmOptions::DEFAULT),
        Cell::Gru => CellKind::Gru(GruOptions::DEFAULT),
    };
    let layers = vec![LayerConfig::new(cell, training.hidden_size)];
    NetworkOptions { layers, ..NetworkOptions::default() }
}
