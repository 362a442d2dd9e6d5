//! Elman as a contender: `elman-contender THREADS`, commands on stdin.

use std::process::ExitCode;

use bench_protocol::{Arrays, Case, Fitted, Layer, Library, Loaded, Mode, Refusal, Training};
use elman_bench::{Run, fit, runner};

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
    elman::level().map_err(|error| error.to_string())?;
    let threads = std::env::args().nth(1).ok_or("usage: elman-contender THREADS")?;
    let threads = threads.parse().map_err(|_| format!("not a number of threads: {threads}"))?;
    let library = Elman { threads };
    let served = elman::threads::with_threads(Some(threads), || bench_protocol::serve(&library));
    served.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

struct Elman {
    threads: usize,
}

impl Library for Elman {
    fn version(&self) -> String {
        format!("elman {}", env!("CARGO_PKG_VERSION"))
    }

    fn load(&self, case: &Case, mode: Mode, arrays: Arrays) -> Result<Loaded, Refusal> {
        let runner = runner(case, mode, arrays).map_err(|error| error.to_string())?;
        let level = elman::level().map_err(|error| error.to_string())?;
        Ok((Box::new(Ready(runner)), format!("level {level}")))
    }

    fn fit(&self, training: &Training, steps: &[f32], networks: usize) -> Result<Fitted, Refusal> {
        // A trainer takes its threads from its options, as in a program that has no others.
        let fitted = std::thread::scope(|scope| {
            scope.spawn(|| fit(training, steps, networks, self.threads)).join()
        });
        let fitted = fitted.map_err(|_| "the training panicked".to_owned())?;
        Ok(fitted.map_err(|error| error.to_string())?)
    }
}

struct Ready(Box<dyn Run>);

impl Layer for Ready {
    fn run(&mut self) -> Result<(), String> {
        self.0.run().map_err(|error| error.to_string())
    }

    fn results(&mut self) -> Result<Vec<Vec<f32>>, String> {
        self.0.results().map_err(|error| error.to_string())
    }
}
