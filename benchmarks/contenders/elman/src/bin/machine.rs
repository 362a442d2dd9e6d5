//! What this machine can do at best: `elman-machine THREADS SECONDS`.
//!
//! Prints `NAME VALUE` lines: the level in force, the GFLOP/s of fused multiply-adds that stay in
//! registers, and the GB/s of reading arrays that fit the second-level cache, the third-level cache,
//! and neither. Each is the best of many.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use elman_kernels::{Kernel, Level, dispatch, peak};

/// Bytes read again and again: in all where threads share the cache, by each where they do not.
const ARRAYS: [(&str, usize, bool); 3] = [
    ("l2_gb_per_s", 512 << 10, false),
    ("l3_gb_per_s", 12 << 20, true),
    ("memory_gb_per_s", 512 << 20, true),
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [threads, seconds] = arguments.as_slice() else {
        return Err("usage: elman-machine THREADS SECONDS".to_owned());
    };
    let threads = threads.parse().ok().filter(|threads| *threads > 0);
    let threads: usize = threads.ok_or_else(|| "THREADS: expected at least 1".to_owned())?;
    let seconds: f64 = seconds.parse().map_err(|_| format!("not seconds: {seconds}"))?;
    let level = Level::from_environment()
        .map_err(|(expected, found)| format!("ELMAN_LEVEL: expected {expected}, got {found}"))?;
    println!("level {}", level.name());
    let multiply = || peak::fused_multiply_adds(200_000);
    println!("peak_gflops {:.2}", best_rate(threads, seconds, multiply) / 1e9);
    for (name, bytes, shared) in ARRAYS {
        let bytes = if shared { bytes / threads } else { bytes };
        let values = vec![1u32; bytes / size_of::<u32>()];
        let read = || {
            black_box(dispatch(level, Sum(black_box(&values))));
            bytes as u64
        };
        println!("{name} {:.2}", best_rate(threads, seconds, read) / 1e9);
    }
    Ok(())
}

/// The best rate at which all threads together do `work`, which returns how much it did.
///
/// The threads start each piece of work together, and the last one ends it: what one of them does
/// while another is held up does not count as speed.
fn best_rate(threads: usize, seconds: f64, work: impl Fn() -> u64 + Sync) -> f64 {
    let (start, together) = (Instant::now(), Barrier::new(threads));
    let stop = AtomicBool::new(false);
    let measure = || {
        let mut best = 0.0f64;
        while !stop.load(Ordering::Relaxed) {
            together.wait();
            let begin = Instant::now();
            let done = work() as f64 * threads as f64;
            let leader = together.wait().is_leader();
            best = best.max(done / begin.elapsed().as_secs_f64());
            if leader && start.elapsed().as_secs_f64() > seconds {
                stop.store(true, Ordering::Relaxed);
            }
            together.wait();
        }
        best
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(measure)).collect();
        // Begun a moment later than the others, a thread's own clock shows too high a rate.
        workers.into_iter().filter_map(|worker| worker.join().ok()).fold(f64::INFINITY, f64::min)
    })
}

/// The sum of an array, which reads all of it. Integers, whose sums may run in any order of lanes.
struct Sum<'a>(&'a [u32]);

impl Kernel for Sum<'_> {
    type Output = u32;

    #[inline(always)]
    fn run(self) -> u32 {
        let mut lanes = [0u32; 128];
        for chunk in self.0.as_chunks::<128>().0 {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane = lane.wrapping_add(*value);
            }
        }
        lanes.into_iter().fold(0, u32::wrapping_add)
    }
}
