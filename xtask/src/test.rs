//! `cargo xtask test`: every check, in the order in which a failure is cheapest to find.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use elman_kernels::Level;

use crate::{python, readme};

/// Cases that have to pass, by family; everything else may be unsupported, nothing may fail.
///
/// seeds, keras: all. torch: all but LSTMs with a projection. optim: SGD, Adam, clipping. loss: all.
/// training: the simple RNN. A family that gains cases gains passes; this list is raised with it.
const EXPECTED_PASSES: &str = "seeds=12,torch=32,keras=27,optim=23,loss=39,training=2";

/// Set while the checks run, so that a README block cannot start them again.
pub const NESTED: &str = "ELMAN_XTASK_TEST";

/// One check.
struct Step<'a> {
    name: String,
    run: Run<'a>,
}

/// What a check does.
enum Run<'a> {
    /// Runs, and fails with a message.
    Check(Box<dyn Fn() -> Result<(), String> + 'a>),
    /// Cannot run on this machine, for this reason.
    Impossible(String),
}

/// Runs every check, and stops at the first that fails.
pub fn run(repository: &Path) -> Result<(), String> {
    if std::env::var_os(NESTED).is_some() {
        return Err("cargo xtask test is running already; mark the README block no_run".to_owned());
    }
    let steps = steps(repository);
    let start = Instant::now();
    let (mut passed, mut warnings) = (0, Vec::new());
    for (index, step) in steps.iter().enumerate() {
        println!("=== [{}/{}] {}", index + 1, steps.len(), step.name);
        let check = match &step.run {
            Run::Check(check) => check,
            Run::Impossible(reason) => {
                warnings.push(format!("WARNING: NOT RUN: {}: {reason}", step.name));
                continue;
            }
        };
        let begin = Instant::now();
        let result = check();
        let seconds = begin.elapsed().as_secs_f64();
        if let Err(message) = result {
            println!("=== FAILED in {seconds:.1} s: {message}\n{passed} passed, 1 failed");
            return Err(format!("{}: {message}", step.name));
        }
        println!("=== ok in {seconds:.1} s");
        passed += 1;
    }
    println!("=== all checks in {:.1} s", start.elapsed().as_secs_f64());
    for warning in warnings {
        println!("{warning}");
    }
    println!("{passed} passed, 0 failed");
    Ok(())
}

fn steps(repository: &Path) -> Vec<Step<'_>> {
    let cargo = |name: &str, arguments, environment| Step {
        name: name.to_owned(),
        run: Run::Check(Box::new(move || cargo(repository, arguments, environment))),
    };
    let lints = &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let doc_tests = &["test", "--workspace", "--doc"];
    // Libraries only: the binary `elman` would write its pages over those of the library `elman`.
    let documentation = &["doc", "--workspace", "--no-deps", "--lib"];
    let mut steps =
        vec![cargo("format", &["fmt", "--all", "--check"], None), cargo("lints", lints, None)];
    // The tests run the examples' programs; `--all-targets` would build their test harnesses instead.
    let examples = &["build", "--workspace", "--examples"];
    steps.push(cargo("examples", examples, None));
    steps.extend(at_every_level("tests", |level| tests(repository, level)));
    steps.push(cargo("examples in the documentation", doc_tests, None));
    steps.push(cargo("documentation", documentation, Some(("RUSTDOCFLAGS", "-D warnings"))));
    steps.extend(at_every_level("reference vectors", |level| conformance(repository, level)));
    steps.push(Step {
        name: "the Python package".to_owned(),
        run: Run::Check(Box::new(|| python::run(repository))),
    });
    steps.push(Step {
        name: "the README's commands".to_owned(),
        run: Run::Check(Box::new(|| readme::run(repository))),
    });
    steps
}

/// A check once for every level. A level that this processor cannot run is not silently passed over.
fn at_every_level<'a>(
    name: &str,
    check: impl Fn(Level) -> Result<(), String> + Copy + 'a,
) -> Vec<Step<'a>> {
    let step = |level: Level| Step {
        name: format!("{name}, level {}", level.name()),
        run: match level.is_supported() {
            true => Run::Check(Box::new(move || check(level))),
            false => Run::Impossible(format!("this processor has no {}", level.name())),
        },
    };
    Level::ALL.into_iter().map(step).collect()
}

fn tests(repository: &Path, level: Level) -> Result<(), String> {
    let arguments = &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    cargo(repository, arguments, Some(("ELMAN_LEVEL", level.name())))
}

/// The reference vectors in a process of its own: a level holds for a whole process.
fn conformance(repository: &Path, level: Level) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut command = Command::new(program);
    command.args(["conformance", "--at-least", EXPECTED_PASSES]);
    execute(command.env("ELMAN_LEVEL", level.name()), repository)
}

fn cargo(
    repository: &Path,
    arguments: &[&str],
    environment: Option<(&str, &str)>,
) -> Result<(), String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    execute(command.args(arguments).envs(environment), repository)
}

fn execute(command: &mut Command, repository: &Path) -> Result<(), String> {
    let status = command
        .current_dir(repository)
        .env(NESTED, "1")
        .status()
        .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(status.to_string()) }
}
