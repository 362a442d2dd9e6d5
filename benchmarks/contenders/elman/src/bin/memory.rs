//! The memory of a training step: `elman-memory FOLDER THREADS`.
//!
//! Prints the most bytes that are allocated at once during two training steps, the second of which
//! finds the memory of the first. Counted are the inputs, the outputs, the trace, the gradient of the
//! inputs and whatever else a step allocates; not the parameters, their packed form and their
//! gradients, nor the arriving gradient, which is the caller's. A program of its own, for counting
//! costs time.

use std::path::Path;
use std::process::ExitCode;

use bench_protocol::{Arrays, Case, Mode};
use elman_bench::runner;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    match run() {
        Ok(bytes) => {
            println!("{bytes}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, threads] = arguments.as_slice() else {
        return Err("usage: elman-memory FOLDER THREADS".to_owned());
    };
    let threads = threads.parse().map_err(|_| format!("not a number of threads: {threads}"))?;
    let folder = Path::new(folder);
    let case = Case::read(folder)?;
    let arrays = Arrays::read(folder, &case)?;
    let inputs = 4 * case.inputs().len();
    let measured = elman::threads::with_threads(Some(threads), || {
        let mut layer = runner(&case, Mode::Train, arrays)?;
        let before = ALLOCATOR.current_usage() - inputs;
        ALLOCATOR.reset_peak_usage();
        layer.run()?;
        layer.run()?;
        Ok::<_, elman::Error>(ALLOCATOR.peak_usage() - before)
    });
    measured.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}
