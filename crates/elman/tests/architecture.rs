//! The house stands as it was drawn: every `crate::` path points from an upper room to a lower one.
//!
//! The tables below are the drawing. A module that is not in them fails the test, so that whoever
//! adds one decides where it stands.

#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::{Source, source_files};

/// Where a module stands.
struct Room {
    name: &'static str,
    /// Its storey. Rooms of one storey may know each other.
    rank: u8,
    /// The highest storey that it may import from.
    reach: u8,
}

const fn room(name: &'static str, rank: u8) -> Room {
    Room { name, rank, reach: rank }
}

/// A room that knows only the foundations, wherever it is used.
const fn alcove(name: &'static str, rank: u8) -> Room {
    Room { name, rank, reach: FOUNDATIONS }
}

/// Up to `parameters`: what every room may stand on.
const FOUNDATIONS: u8 = 5;

const ELMAN: &[Room] = &[
    room("error", 0),
    room("real", 1),
    room("rng", 2),
    room("memory", 2),
    room("threads", 2),
    room("workers", 3),
    room("sequence", 4),
    room("parameters", FOUNDATIONS),
    alcove("init", 6),
    alcove("activation", 7),
    alcove("loss", 8),
    alcove("clip", 9),
    alcove("optimizer", 10),
    room("schedule", 11),
    alcove("metric", 12),
    room("cell", 20),
    room("layer", 21),
    alcove("dropout", 22),
    room("stack", 22),
    room("dense", 23),
    alcove("embedding", 24),
    room("network", 30),
    room("gradient_check", 31),
    room("stream", 32),
    alcove("data", 40),
    room("lesson", 40),
    room("text", 40),
    room("forecast", 40),
    room("task", 41),
    // A trainer makes a model, so the model stands below it.
    room("model", 42),
    room("train", 43),
    room("see", 44),
    room("forecaster", 44),
    room("io", 45),
    room("records", 46),
    room("instances", 47),
];

const KERNELS: &[Room] = &[
    room("level", 0),
    room("philox", 0),
    // A number's `exp` is one lane of a vector's, so these four know each other.
    room("float", 1),
    room("vector", 1),
    room("activation", 1),
    room("dispatch", 1),
    room("aligned", 2),
    room("parallel", 2),
    room("peak", 2),
    room("pack", 3),
    room("matmul", 4),
    room("outer", 5),
    // A function asks for the loop that is compiled for its number type, and the list of loops names them all.
    room("compiled", 6),
    room("loops", 6),
    room("mask", 6),
    room("pointwise", 6),
];

/// What the library must not name: instruction sets are the kernels' affair.
const INSTRUCTION_SETS: [&str; 5] = ["avx", "is_x86", "target_feature", "std::arch", "core::arch"];

fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn sources(name: &str) -> Vec<(String, Source)> {
    let files = source_files(&crate_folder(name).join("src"));
    assert!(!files.is_empty(), "{name} has no sources");
    files
}

/// The arrows of one file that run back, or lead to or from an unknown room.
fn faults(rooms: &[Room], path: &str, source: &Source, root: &Source) -> Vec<String> {
    let find = |name: &str| rooms.iter().find(|room| room.name == name);
    let module = path.split(['/', '.']).next().unwrap_or_default();
    let Some(from) = find(module) else {
        return vec![format!("{path}: module `{module}` has no room; add it to the table")];
    };
    let mut faults = Vec::new();
    for name in source.crate_paths() {
        let target = root.reexports().get(&name).cloned().unwrap_or(name);
        let fault = match find(&target) {
            _ if target == module => None,
            None => Some("which has no room; add it to the table"),
            Some(to) if to.rank > from.rank => Some("which stands above it"),
            Some(to) if to.rank > from.reach => Some("but only knows the foundations"),
            Some(_) => None,
        };
        faults.extend(fault.map(|fault| format!("{path}: `{module}` imports `{target}`, {fault}")));
    }
    faults
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn house(name: &str, rooms: &[Room]) {
    let sources = sources(name);
    let root = &sources.iter().find(|(path, _)| path == "lib.rs").expect("a crate has lib.rs").1;
    let mut all = Vec::new();
    for (path, source) in sources.iter().filter(|(path, _)| path != "lib.rs") {
        all.extend(faults(rooms, path, source, root));
    }
    assert_none(&all);
}

#[test]
fn arrows_of_the_library_point_down() {
    house("elman", ELMAN);
}

#[test]
fn arrows_of_the_kernels_point_down() {
    house("elman-kernels", KERNELS);
}

#[test]
fn cells_do_not_know_each_other() {
    let mut faults = Vec::new();
    let sources = sources("elman");
    let module = |path: &str| {
        let path = path.strip_prefix("cell/")?;
        path.split(['/', '.']).next().map(str::to_owned)
    };
    // A file that implements the trait is a cell.
    let is_cell = |source: &Source| source.code.contains("> Cell<T> for ");
    let cells: Vec<String> = sources
        .iter()
        .filter_map(|(path, source)| module(path).filter(|_| is_cell(source)))
        .collect();
    assert!(cells.len() >= 3, "the cells were not found: {cells:?}");
    for (path, source) in &sources {
        let Some(own) = module(path).filter(|own| cells.contains(own)) else { continue };
        for other in cells.iter().filter(|cell| **cell != own) {
            faults.extend(source.mentions_cell(other).then(|| format!("{path}: knows {other}")));
        }
    }
    assert_none(&faults);
}

#[test]
fn the_library_names_no_instruction_set() {
    let mut faults = Vec::new();
    for (path, source) in sources("elman") {
        for name in INSTRUCTION_SETS {
            faults.extend(source.code.contains(name).then(|| format!("{path}: names {name}")));
        }
    }
    assert_none(&faults);
}

#[test]
fn the_command_line_uses_only_the_public_library() {
    let manifest = crate_folder("elman-cli").join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the command line has a manifest");
    assert!(!manifest.contains("elman-kernels"), "elman-cli depends on elman-kernels");
    for (path, source) in sources("elman-cli") {
        assert!(!source.code.contains("elman_kernels"), "{path}: names elman_kernels");
    }
}

#[test]
fn arrows_that_run_back_are_found() {
    let root = Source::new("pub mod real;\npub use network::{Network, NetworkConfig};\n");
    let check = |path: &str, text: &str| faults(ELMAN, path, &Source::new(text), &root).len();
    assert_eq!(
        check("layer.rs", "use crate::cell::{Cell, CellState};\nuse crate::{error, real};"),
        0
    );
    assert_eq!(check("cell.rs", "use crate::layer::Layer;"), 1);
    assert_eq!(check("cell/simple.rs", "fn f() { crate::network::g() }"), 1);
    assert_eq!(
        check("layer.rs", "use crate::{\n    error::Error,\n    model::{A, B},\n    io,\n};"),
        2
    );
    assert_eq!(check("loss.rs", "use crate::cell::Cell;"), 1);
    assert_eq!(check("metric.rs", "use crate::loss::softmax;"), 1);
    assert_eq!(check("stack.rs", "use crate::{Network, NetworkConfig};"), 2);
    assert_eq!(check("attic.rs", ""), 1);
    assert_eq!(check("layer.rs", "use crate::attic::Box;"), 1);
}

#[test]
fn files_of_tests_are_known_by_their_declaration() {
    let source =
        Source::new("mod a;\n#[cfg(test)]\npub(crate) mod testing;\n#[cfg(test)]\nmod b {}\n");
    assert_eq!(source.test_modules, ["testing"]);
}

#[test]
fn comments_and_tests_are_no_arrows() {
    let root = Source::new("");
    let check = |text: &str| faults(ELMAN, "cell.rs", &Source::new(text), &root).len();
    assert_eq!(
        check("//! [`Layer`](crate::layer::Layer)\n/// use crate::layer;\n// crate::layer"),
        0
    );
    assert_eq!(check("#[cfg(test)]\nmod tests {\n    use crate::layer::Layer;\n}\n"), 0);
    assert_eq!(check("#[cfg(test)]\nmod tests;\nuse crate::layer::Layer;\n"), 1);
    assert_eq!(check("#[cfg(test)]\nmod tests {\n}\nuse crate::layer::Layer;\n"), 1);
}

#[test]
fn the_library_depends_on_fewer_than_40_crates() {
    let arguments = ["tree", "--package", "elman", "--edges", "normal", "--prefix", "none"];
    let output = std::process::Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let crates: std::collections::BTreeSet<String> = text.lines().map(name).collect();
    let others = crates.iter().filter(|name| !name.starts_with("elman ")).count();
    assert!(others > 10, "cargo tree was not understood:\n{text}");
    assert!(others < 40, "{others} crates:\n{crates:#?}");
}
