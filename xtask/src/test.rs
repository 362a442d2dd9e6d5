//! `cargo xtask test`: every check, in the order in which a failure is cheapest to find.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::{python, readme};

/// Cases that have to pass, by family; everything else may be unsupported, nothing may fail.
///
/// All of seeds, torch, keras, optim, loss and training; of onnx the single nodes whose numbers stand beside the
/// model. A family that gains cases gains passes; this list is raised with it.
const EXPECTED_PASSES: &str = "seeds=12,torch=35,keras=27,optim=45,loss=39,onnx=35,training=5";

/// Set while the checks run, so that a README block cannot start them again.
pub const NESTED: &str = "ELMAN_XTASK_TEST";

/// One check.
struct Check<'a> {
    name: String,
    action: Action<'a>,
}

/// What a check does; it fails with a message.
type Action<'a> = Box<dyn FnOnce() -> Result<Ran, String> + 'a>;

/// Whether a check has run.
enum Ran {
    Passed,
    /// Not on this machine, for this reason.
    Impossible(String),
}

/// The instruction levels, the best one last. The library's own list is the workbench's to tell.
const LEVELS: [&str; 3] = ["portable", "avx2", "avx512"];

/// What is done about instruction levels that this processor does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingLevels {
    /// They are named in the end.
    Warn,
    /// The tests fail: for a machine that is known to have them all.
    Fail,
}

/// Runs every check, and stops at the first that fails.
pub fn run(repository: &Path, missing: MissingLevels) -> Result<(), String> {
    if std::env::var_os(NESTED).is_some() {
        return Err("cargo xtask test is running already; mark the README block no_run".to_owned());
    }
    thread::scope(|scope| {
        // The Python packages arrive while the compiler works.
        let environment = scope.spawn(|| python::Environment::prepared(repository));
        let environment = move || environment.join().map_err(|_| "no Python environment")?;
        run_all(checks(repository, environment), missing)
    })
}

fn run_all(checks: Vec<Check<'_>>, missing: MissingLevels) -> Result<(), String> {
    let (start, count) = (Instant::now(), checks.len());
    let (mut passed, mut warnings) = (0, Vec::new());
    for (index, check) in checks.into_iter().enumerate() {
        println!("=== [{}/{count}] {}", index + 1, check.name);
        let begin = Instant::now();
        let ran = (check.action)().and_then(|ran| match ran {
            Ran::Impossible(reason) if missing == MissingLevels::Fail => Err(reason),
            ran => Ok(ran),
        });
        let seconds = begin.elapsed().as_secs_f64();
        match ran {
            Ok(Ran::Passed) => {
                println!("=== ok in {seconds:.1} s");
                passed += 1;
            }
            Ok(Ran::Impossible(reason)) => {
                warnings.push(format!("WARNING: NOT RUN: {}: {reason}", check.name));
            }
            Err(message) => {
                println!("=== FAILED in {seconds:.1} s: {message}\n{passed} passed, 1 failed");
                return Err(format!("{}: {message}", check.name));
            }
        }
    }
    println!("=== all checks in {:.1} s", start.elapsed().as_secs_f64());
    for warning in warnings {
        println!("{warning}");
    }
    println!("{passed} passed, 0 failed");
    Ok(())
}

/// The checks; `environment` is called for the Python packages when they are needed.
fn checks<'a>(
    repository: &'a Path,
    environment: impl FnOnce() -> Result<python::Environment<'a>, String> + 'a,
) -> Vec<Check<'a>> {
    let cargo = |name: &str, arguments, environment| Check {
        name: name.to_owned(),
        action: always(move || cargo(repository, arguments, environment)),
    };
    let lints = &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let doc_tests = &["test", "--workspace", "--doc"];
    // Libraries only: the binary `elman` would write its pages over those of the library `elman`.
    let documentation = &["doc", "--workspace", "--no-deps", "--lib"];
    let mut checks =
        vec![cargo("format", &["fmt", "--all", "--check"], None), cargo("lints", lints, None)];
    // The tests run these programs; `--all-targets` would build their test harnesses instead.
    let programs =
        &["build", "--workspace", "--examples", "--bin", "elman", "--bin", "elman-workbench"];
    checks.push(cargo("programs and examples", programs, None));
    checks.extend(at_every_level("tests", |level| tests(repository, level)));
    checks.push(cargo("examples in the documentation", doc_tests, None));
    checks.push(cargo("documentation", documentation, Some(("RUSTDOCFLAGS", "-D warnings"))));
    checks.extend(at_every_level("reference vectors", |level| conformance(repository, level)));
    checks.push(Check {
        name: "the Python package".to_owned(),
        action: always(|| environment()?.run()),
    });
    checks.push(Check {
        name: "the README's commands".to_owned(),
        action: always(|| readme::run(repository)),
    });
    checks
}

fn always<'a>(action: impl FnOnce() -> Result<(), String> + 'a) -> Action<'a> {
    Box::new(move || action().map(|()| Ran::Passed))
}

/// A check once for every level. A level that this processor cannot run is not silently passed over.
fn at_every_level<'a>(
    name: &str,
    run: impl Fn(&str) -> Result<Ran, String> + Copy + 'a,
) -> Vec<Check<'a>> {
    let check = |level| Check {
        name: format!("{name}, level {level}"),
        action: Box::new(move || run(level)),
    };
    LEVELS.into_iter().map(check).collect()
}

/// Runs a check at a level if the processor has it, and says whether it is the best one there.
fn at_level(level: &str, run: impl Fn(bool) -> Result<(), String>) -> Result<Ran, String> {
    let output = workbench()?.arg("levels").output();
    let output = output.map_err(|error| format!("cannot ask for the levels: {error}"))?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let supported: Vec<&str> = listed.lines().collect();
    if let Some(unknown) = supported.iter().find(|found| !LEVELS.contains(found)) {
        return Err(format!("the level {unknown} is not on the list of checks"));
    }
    match supported.contains(&level) {
        true => run(supported.last() == Some(&level)).map(|()| Ran::Passed),
        false => Ok(Ran::Impossible(format!("this processor has no {level}"))),
    }
}

/// The workbench, which an earlier check has built beside this program.
fn workbench() -> Result<Command, String> {
    let this = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let program = format!("elman-workbench{}", std::env::consts::EXE_SUFFIX);
    Ok(Command::new(this.with_file_name(program)))
}

/// The test programs in which arithmetic is at stake. What the others try (files, messages, pages, commands)
/// does not depend on the level, and is tried at the best one.
const ARITHMETIC: [&str; 6] = ["allocations", "cells", "layers", "network", "stream", "text"];

fn tests(repository: &Path, level: &str) -> Result<Ran, String> {
    at_level(level, |is_best| {
        let mut arguments = vec!["test", "--workspace", "--no-fail-fast", "--lib"];
        if is_best {
            arguments.extend(["--bins", "--tests"]);
        } else {
            arguments.extend(ARITHMETIC.iter().flat_map(|program| ["--test", program]));
        }
        cargo(repository, &arguments, Some(("ELMAN_LEVEL", level)))
    })
}

/// The reference vectors in a process of its own: a level holds for a whole process.
fn conformance(repository: &Path, level: &str) -> Result<Ran, String> {
    at_level(level, |_| {
        let mut command = workbench()?;
        command.args(["conformance", "--at-least", EXPECTED_PASSES]);
        execute(command.env("ELMAN_LEVEL", level), repository)
    })
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
