//! How fast a network goes through a sequence one token at a time, beside what the caches would allow.
//!
//! `cargo run --release -p elman --example stream_speed`

use std::time::Instant;

use elman::network::TokenInput;
use elman::{LayerConfig, Network, Rng, Stream, threads::with_threads};
use elman_kernels::{Kernel, Level, dispatch};

const VOCABULARY: usize = 65;
const HIDDEN: usize = 512;
const STEPS: u32 = 20_000;

/// A sum over values that were read just before: what a step could at best have of its weights. Of
/// integers, as the compiler may add those in any order.
struct Sum<'a>(&'a [u64]);

impl Kernel for Sum<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        self.0.iter().fold(0, |sum: u64, value| sum.wrapping_add(*value))
    }
}

/// Bytes a second.
fn read_speed(bytes: usize) -> f64 {
    let values = vec![1u64; bytes / 8];
    let best = (0..500).map(|_| {
        let start = Instant::now();
        std::hint::black_box(dispatch(Level::current(), Sum(&values)));
        bytes as f64 / start.elapsed().as_secs_f64()
    });
    best.fold(0.0, f64::max)
}

fn measure(name: &str, layer: LayerConfig, rows: usize) -> elman::Result<()> {
    let channel = TokenInput::new(VOCABULARY, 64);
    let config = Network::builder(0).tokens(channel).layer(layer).every_step().dense(VOCABULARY);
    let mut network = Network::<f32>::new(config)?;
    network.initialize(&mut Rng::new(1))?;
    let mut stream = Stream::new(&network, rows)?;
    let mut tokens = vec![7u32; rows];
    let mut run = || -> elman::Result<f64> {
        let start = Instant::now();
        for step in 0..STEPS {
            let outputs = stream.step_tokens(&tokens)?;
            std::hint::black_box(outputs);
            tokens.fill(step % 65);
        }
        Ok(f64::from(STEPS) / start.elapsed().as_secs_f64())
    };
    let mut best = 0.0f64;
    for _ in 0..5 {
        best = best.max(run()?);
    }
    let recurrent = network.parameters().get("layers.0.forward.recurrent_weights")?.len();
    let head = network.parameters().get("head.weights")?.len();
    let bytes = 4 * (recurrent + head);
    let limit = read_speed(bytes) / bytes as f64;
    println!(
        "{name} {HIDDEN}, {rows} row(s): {best:.0} steps/s, {:.0} tokens/s; the caches allow {limit:.0} steps/s ({:.0} %)",
        best * rows as f64,
        100.0 * best / limit
    );
    Ok(())
}

fn main() -> elman::Result<()> {
    println!("level {}", elman::level()?);
    with_threads(Some(1), || {
        measure("lstm", LayerConfig::lstm(HIDDEN), 1)?;
        measure("gru", LayerConfig::gru(HIDDEN), 1)?;
        measure("simple", LayerConfig::simple(HIDDEN), 1)?;
        measure("lstm", LayerConfig::lstm(HIDDEN), 6)
    })?
}
