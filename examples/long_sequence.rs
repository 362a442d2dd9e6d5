//! What a training step of one long sequence takes in memory and time: with the whole trace, and with the
//! states at borders alone.
//!
//! `cargo run --release -p elman --example long_sequence -- lstm borders 65536 256`
//! (or `everything`; `simple`, `gru`)

use std::time::Instant;

use elman::layer::{ArrivingGradient, GradientTargets, Trace, TraceKeeps};
use elman::real::Float;
use elman::{
    Cell, Direction, GruCell, Layer, LstmCell, Rng, SequenceBatch, SimpleCell,
    threads::with_threads,
};
use ndarray::Array3;

/// Bytes that this process has had in memory at most, on Linux.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |count| count * 1024.0)
}

fn measure<C: Cell<f32>>(cell: C, keeps: TraceKeeps, steps: usize) -> elman::Result<()> {
    let layer = Layer::new(cell, Direction::Forward)?;
    let (inputs, outputs) = (layer.cell().input_size(), layer.cell().output_size());
    let mut rng = Rng::new(1);
    let mut parameters = layer.parameters();
    for value in parameters.values_mut() {
        *value = <f32 as Float>::from_f64(0.05 * rng.normal());
    }
    let weights = layer.prepare(&parameters)?;
    let batch = SequenceBatch::full(Array3::from_elem((1, steps, inputs), 0.5));
    let grad_outputs = Array3::from_elem((1, steps, outputs), 0.01);
    let mut grad = parameters.zeros_like();
    // Not zeros, which the system would hand out when they are first written.
    let mut grad_inputs = Array3::from_elem((1, steps, inputs), 1.0);
    // The array of the outputs belongs to the caller as well.
    let own = (steps * outputs * size_of::<f32>()) as f64;
    let before = peak();
    let mut trace = Trace::keeping(keeps);
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        layer.forward_traced_into(&weights, &batch, None, &mut trace)?;
        let arriving = ArrivingGradient { outputs: Some(grad_outputs.view()), final_state: None };
        let targets = GradientTargets { parameters: &mut grad, inputs: &mut grad_inputs };
        layer.backward_into(&weights, &batch, &mut trace, arriving, targets)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{best:.3} s, {:.1} MB beside the caller's arrays", (peak() - before - own) / 1e6);
    Ok(())
}

fn main() -> elman::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let word = |index: usize, usual: &'static str| {
        words.get(index).map_or(usual, String::as_str).to_owned()
    };
    let number = |index, usual| word(index, usual).parse().unwrap_or(256);
    let (steps, units) = (number(3, "65536"), number(4, "256"));
    let keeps = match word(2, "borders").as_str() {
        "everything" => TraceKeeps::Everything,
        _ => TraceKeeps::Borders,
    };
    with_threads(Some(1), || match word(1, "lstm").as_str() {
        "simple" => {
            let tanh = elman::ActivationKind::Tanh;
            measure(SimpleCell::<f32>::new(64, units, tanh)?, keeps, steps)
        }
        "gru" => {
            measure(GruCell::<f32>::new(64, units, elman::ResetPlacement::After)?, keeps, steps)
        }
        _ => measure(LstmCell::<f32>::new(64, units)?, keeps, steps),
    })?
}
