//! `cargo xtask test`: every check, in the order in which a failure is cheapest to find.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use elman_kernels::Level;

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

/// What a check does.
enum Action<'a> {
    /// Runs, and fails with a message.
    Run(Box<dyn Fn() -> Result<(), String> + 'a>),
    /// Cannot run on this machine, for this reason.
    Impossible(String),
}

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
    let checks = checks(repository);
    let start = Instant::now();
    let (mut passed, mut warnings) = (0, Vec::new());
    for (index, check) in checks.iter().enumerate() {
        println!("=== [{}/{}] {}", index + 1, checks.len(), check.name);
        let action = match &check.action {
            Action::Run(action) => action,
            Action::Impossible(reason) if missing == MissingLevels::Fail => {
                return Err(format!("{}: {reason}", check.name));
            }
            Action::Impossible(reason) => {
                warnings.push(format!("WARNING: NOT RUN: {}: {reason}", check.name));
                continue;
            }
        };
        let begin = Instant::now();
        let result = action();
        let seconds = begin.elapsed().as_secs_f64();
        if let Err(message) = result {
            println!("=== FAILED in {seconds:.1} s: {message}\n{passed} passed, 1 failed");
            return Err(format!("{}: {message}", check.name));
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

fn checks(repository: &Path) -> Vec<Check<'_>> {
    let cargo = |name: &str, arguments, environment| Check {
        name: name.to_owned(),
        action: Action::Run(Box::new(move || cargo(repository, arguments, environment))),
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
        action: Action::Run(Box::new(|| python::run(repository))),
    });
    checks.push(Check {
        name: "the README's commands".to_owned(),
        action: Action::Run(Box::new(|| readme::run(repository))),
    });
    checks
}

/// A check once for every level. A level that this processor cannot run is not silently passed over.
fn at_every_level<'a>(
    name: &str,
    run: impl Fn(Level) -> Result<(), String> + Copy + 'a,
) -> Vec<Check<'a>> {
    let check = |level: Level| Check {
        name: format!("{name}, level {}", level.name()),
        action: match level.is_supported() {
            true => Action::Run(Box::new(move || run(level))),
            false => Action::Impossible(format!("this processor has no {}", level.name())),
        },
    };
    Level::ALL.into_iter().map(check).collect()
}

/// The test programs in which arithmetic is at stake. What the others try (files, messages, pages, commands)
/// does not depend on the level, and is tried at the best one.
const ARITHMETIC: [&str; 6] = ["allocations", "cells", "layers", "network", "stream", "text"];

fn tests(repository: &Path, level: Level) -> Result<(), String> {
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast", "--lib"];
    if level == Level::best() {
        arguments.extend(["--bins", "--tests"]);
    } else {
        arguments.extend(ARITHMETIC.iter().flat_map(|program| ["--test", program]));
    }
    cargo(repository, &arguments, Some(("ELMAN_LEVEL", level.name())))
}

/// The reference vectors in a process of its own: a level holds for a whole process.
fn conformance(repository: &Path, level: Level) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let program = format!("elman-workbench{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(this.with_file_name(program));
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
