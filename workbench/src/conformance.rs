//! Compares the library with reference vectors: numbers that other frameworks computed.
//!
//! Cases are found by the `index.json` of each folder, never by a list of names in here. The
//! family of a case chooses the module that computes it; what that module does not read (an option,
//! a tensor) makes the case unsupported, so that nothing is passed over in silence. Foreign names and
//! orders of weights live only in the modules below this one.

mod arrays;
mod case;
mod compare;
mod computed;
mod index;
mod keras;
mod loss;
mod onnx;
mod optim;
mod recurrent;
mod seeds;
mod torch;
mod training;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::str::FromStr;

use elman::Real;

use case::{Case, Stop};
use compare::Verdict;
use computed::Computed;

/// The passes of one family that are required.
#[derive(Clone, Debug)]
pub struct Minimum {
    family: String,
    count: usize,
}

impl FromStr for Minimum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=');
        let (family, count) = parts.ok_or_else(|| format!("expected FAMILY=COUNT, got {text}"))?;
        let count = count.parse().map_err(|_| format!("expected a number, got {count}"))?;
        Ok(Minimum { family: family.to_owned(), count })
    }
}

/// The verdicts of one run.
#[derive(Default)]
struct Summary {
    passed: BTreeMap<String, usize>,
    failed: usize,
    unsupported: usize,
}

impl Summary {
    /// Prints the case unless it passed, and counts it.
    fn record(&mut self, folder: &str, name: &str, verdict: Verdict) {
        match verdict {
            Verdict::Passed => *self.passed.entry(folder.to_owned()).or_default() += 1,
            Verdict::Failed(reason) => {
                say(&format!("failed {folder}/{name}: {reason}"));
                self.failed += 1;
            }
            Verdict::Unsupported(reason) => {
                say(&format!("unsupported {folder}/{name}: {reason}"));
                self.unsupported += 1;
            }
        }
    }

    fn check(&self, minimums: &[Minimum]) -> Result<(), String> {
        for Minimum { family, count } in minimums {
            let passed = self.passed.get(family).copied().unwrap_or(0);
            if passed < *count {
                return Err(format!("{family}: expected at least {count} passes, got {passed}"));
            }
        }
        match self.failed {
            0 => Ok(()),
            failed => Err(format!("{failed} reference cases failed")),
        }
    }
}

/// Runs every case under `directory`, prints those that do not pass, and the counts.
pub fn run(directory: &Path, minimums: &[Minimum]) -> Result<(), String> {
    let mut summary = Summary::default();
    for family in index::families(directory)? {
        for row in &family.rows {
            let verdict = match Case::load(&family.path, row) {
                Ok(case) => judge(&case),
                Err(stop) => stop.into(),
            };
            summary.record(&family.name, &row.name, verdict);
        }
    }
    let passed: usize = summary.passed.values().sum();
    let Summary { failed, unsupported, .. } = summary;
    say(&format!("{passed} passed, {failed} failed, {unsupported} unsupported"));
    summary.check(minimums)
}

/// Prints a line. A reader that has gone, `head` say, is no fault: the exit code tells the rest.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Computes a case and compares it. A panic of the library is a failure of the case, not the end
/// of the run.
fn judge(case: &Case) -> Verdict {
    match catch_unwind(AssertUnwindSafe(|| compute(case))) {
        Ok(Ok(computed)) => compare::verdict(case, &computed),
        Ok(Err(stop)) => stop.into(),
        Err(_) => Verdict::Failed("the library panicked".to_owned()),
    }
}

/// Computes everything that a case asks for.
///
/// An f32 case may hold `f64.<name>`: the framework's f64 run on the same numbers. The library's
/// f64 run answers those.
fn compute(case: &Case) -> Result<Computed, Stop> {
    match case.dtype()? {
        "f64" => compute_as::<f64>(case),
        "f32" => {
            let mut computed = compute_as::<f32>(case)?;
            if case.has_tensors("f64.") {
                computed.put_all("f64.", compute_as::<f64>(case)?);
            }
            Ok(computed)
        }
        other => Err(Stop::unsupported(format!("dtype {other}"))),
    }
}

fn compute_as<T: Real>(case: &Case) -> Result<Computed, Stop> {
    match case.family.as_str() {
        "keras" => keras::run::<T>(case),
        "loss" => loss::run::<T>(case),
        "onnx" => onnx::run::<T>(case),
        "optim" => optim::run::<T>(case),
        "seeds" => seeds::run::<T>(case),
        "torch" => torch::run::<T>(case),
        "training" => training::run::<T>(case),
        other => Err(Stop::unsupported(format!("family {other}"))),
    }
}

#[cfg(test)]
mod tests;
