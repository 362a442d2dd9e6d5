//! Nanoseconds per f32 of each activation function on a slice of 4 KB, at every level.
//!
//! ```text
//! cargo run --release -p elman-kernels --example activation_speed
//! ```

use std::hint::black_box;
use std::time::Instant;

use elman_kernels::{Level, activation};

type Function = fn(Level, &mut [f32]);

const FUNCTIONS: [(&str, Function); 4] = [
    ("tanh", activation::tanh),
    ("sigmoid", activation::sigmoid),
    ("exp", activation::exp),
    ("relu", activation::relu),
];

fn main() {
    for len in [1024, 64, 50, 8, 4] {
        for (name, function) in FUNCTIONS {
            for level in Level::supported() {
                let best = nanoseconds(level, function, len);
                println!("{name:8} {:8} {len:5} values  {best:7.3} ns each", level.name());
            }
        }
    }
}

/// The best of 100 rounds; a round includes copying the inputs.
fn nanoseconds(level: Level, function: Function, len: u16) -> f64 {
    const CALLS: u16 = 100;
    let inputs: Vec<f32> =
        (0..len).map(|i| f32::from(i.wrapping_mul(7919) % 1024) / 128.0 - 4.0).collect();
    let mut values = inputs.clone();
    let round = || {
        let start = Instant::now();
        for _ in 0..CALLS {
            values.copy_from_slice(&inputs);
            function(level, black_box(&mut values));
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS) / f64::from(len)
    };
    std::iter::repeat_with(round).take(100).fold(f64::INFINITY, f64::min)
}
