//! Times one recurrent layer in f32: `cargo run --release -p elman --example layer_speed [WORKLOAD …]`.
//!
//! `infer` is one forward pass; `train` is a forward pass and back-propagation with the gradients of
//! the inputs and of every parameter. Work is counted as `2·B·T·G·H·(I+H)` floating-point operations
//! forward and three times that for training. Times are the best of many.
//! `benchmarks/pytorch.py` times the same work in PyTorch.

use std::time::{Duration, Instant};

use elman::layer::{ArrivingGradient, Trace};
use elman::{
    ActivationKind, Cell, Direction, GruCell, Layer, LstmCell, ResetPlacement, Result, Rng,
    SequenceBatch, SimpleCell,
};
use ndarray::Array3;

/// A name with B, T, I and H.
type Workload = (&'static str, [usize; 4]);

const WORKLOADS: [Workload; 7] = [
    ("toy", [2, 3, 2, 4]),
    ("seed2", [1, 32, 1, 50]),
    ("small", [32, 100, 12, 64]),
    ("medium", [64, 128, 64, 256]),
    ("large", [128, 64, 256, 1024]),
    ("long1", [1, 4096, 16, 128]),
    ("b1", [1, 512, 64, 256]),
];

/// How long each measurement lasts.
const BUDGET: Duration = Duration::from_millis(1500);

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("instructions: {}", elman::level()?);
    println!("cell,workload,mode,microseconds,gflops");
    for workload in WORKLOADS {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == workload.0) {
            continue;
        }
        let [_, _, i, h] = workload.1;
        time_layer("simple", 1, workload, SimpleCell::new(i, h, ActivationKind::Tanh)?)?;
        time_layer("lstm", 4, workload, LstmCell::new(i, h)?)?;
        time_layer("gru", 3, workload, GruCell::new(i, h, ResetPlacement::After)?)?;
    }
    Ok(())
}

fn time_layer<C: Cell<f32>>(name: &str, gates: usize, workload: Workload, cell: C) -> Result<()> {
    let (label, [b, t, i, h]) = workload;
    let mut rng = Rng::new(1);
    let mut normal = |scale: f64| elman::real::Float::from_f64(scale * rng.normal());
    let layer = Layer::new(cell, Direction::Forward)?;
    let mut parameters = layer.parameters();
    let scale = 1.0 / (h as f64).sqrt();
    parameters.values_mut().iter_mut().for_each(|value| *value = normal(scale));
    let batch = SequenceBatch::full(Array3::from_shape_simple_fn((b, t, i), || normal(1.0)));
    let grad_outputs = Array3::from_shape_simple_fn((b, t, h), || normal(1.0));
    let weights = layer.prepare(&parameters)?;
    let mut grad = parameters.zeros_like();
    let mut trace = Trace::default();

    let infer = best(|| layer.forward(&weights, &batch, None).map(drop))?;
    let train = best(|| {
        grad.values_mut().fill(0.0);
        layer.forward_traced_into(&weights, &batch, None, &mut trace)?;
        let arriving = ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: None };
        layer.backward(&weights, &batch, &mut trace, arriving, &mut grad).map(drop)
    })?;
    let work = (2 * b * t * gates * h * (i + h)) as f64;
    for (mode, seconds, work) in [("infer", infer, work), ("train", train, 3.0 * work)] {
        println!("{name},{label},{mode},{:.1},{:.1}", seconds * 1e6, work / seconds / 1e9);
    }
    Ok(())
}

/// The least time of `run` in seconds.
fn best(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let (start, mut least, mut count) = (Instant::now(), f64::INFINITY, 0);
    while start.elapsed() < BUDGET || count < 3 {
        let begin = Instant::now();
        run()?;
        least = least.min(begin.elapsed().as_secs_f64());
        count += 1;
    }
    Ok(least)
}
