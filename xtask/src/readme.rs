//! The commands of the README and of the pages in `docs/`, run as a reader would run them.
//!
//! Blocks fenced as `sh` are scripts; blocks fenced as `console` hold commands after `$ `, with
//! their output between them. A block whose fence also says `no_run` is not run: one that clones, installs
//! or runs the tests themselves.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::test::NESTED;

/// The folders that the README's paths may name.
const COPIED: [&str; 2] = ["examples", "tests-data"];

/// What a reader types, and what is run here: the program that the tests have built gives the same bits, where the
/// other one would have to be compiled.
const RELEASE: &str = "cargo run --release --";
const TESTED: &str = "elman";

/// A block of commands.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// The line of its first command, from 1.
    pub line: usize,
    /// The commands, a script of the shell.
    pub script: String,
}

/// Runs every block of the README and of each page in `docs/`.
pub fn run(repository: &Path) -> Result<(), String> {
    run_page(repository, "README.md")?;
    let folder = repository.join("docs");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    names.sort();
    for name in names {
        let page = format!("docs/{name}");
        if !blocks(&read(&repository.join(&page))?)?.is_empty() {
            run_page(repository, &page)?;
        }
    }
    Ok(())
}

/// Runs every block of a page that can be run, in order, in one scratch folder.
///
/// The folder lies in `target/`, so that `cargo run` finds the workspace above it, and holds
/// copies of the folders that the README's paths may name; what the commands write stays there.
fn run_page(repository: &Path, page: &str) -> Result<(), String> {
    let text = read(&repository.join(page))?;
    let blocks = blocks(&text)?;
    if blocks.is_empty() {
        return Err("README.md: expected a sh or console block to run, found none".to_owned());
    }
    let folder = scratch(repository)?;
    let path = path_of_programs()?;
    for block in &blocks {
        println!("{page}, line {}:", block.line);
        for command in block.script.lines() {
            println!("  $ {command}");
        }
        let status = Command::new("sh")
            .args(["-e", "-c", &block.script])
            .current_dir(&folder)
            .env(NESTED, "1")
            .env("PATH", &path)
            .status()
            .map_err(|error| format!("sh: cannot run: {error}"))?;
        if !status.success() {
            return Err(format!("{page}: the block at line {}: {status}", block.line));
        }
    }
    println!("{} blocks run", blocks.len());
    Ok(())
}

/// Where the shell looks for programs: first of all beside this one, where the tests have built `elman`.
fn path_of_programs() -> Result<OsString, String> {
    let this = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let built = this.parent().map(Path::to_path_buf);
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let folders = built.into_iter().chain(std::env::split_paths(&usual));
    std::env::join_paths(folders).map_err(|error| format!("PATH: {error}"))
}

/// The blocks to run.
pub fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((start, line)) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let mut content = Vec::new();
        loop {
            let next = lines.next();
            let (_, line) =
                next.ok_or_else(|| format!("the block at line {} has no end", start + 1))?;
            if line == "```" {
                break;
            }
            content.push(line);
        }
        if let Some(script) = script(fence, &content) {
            let script = script.replace(RELEASE, TESTED);
            blocks.push(Block { line: start + 2, script });
        }
    }
    Ok(blocks)
}

fn script(fence: &str, content: &[&str]) -> Option<String> {
    let mut words = fence.split([' ', ',']);
    let language = words.next()?;
    if words.any(|word| word == "no_run") {
        return None;
    }
    match language {
        "sh" => Some(content.join("\n")),
        "console" => Some(typed(content).join("\n")),
        _ => None,
    }
}

/// What was typed: lines after `$ `, and the lines that continue one which ends in a backslash.
fn typed<'a>(content: &[&'a str]) -> Vec<&'a str> {
    let mut commands: Vec<&str> = Vec::new();
    for line in content {
        let continues = commands.last().is_some_and(|last| last.ends_with('\\'));
        match line.strip_prefix("$ ") {
            Some(command) => commands.push(command),
            None if continues => commands.push(line),
            None => {}
        }
    }
    commands
}

/// A fresh folder with what the README's paths may name.
fn scratch(repository: &Path) -> Result<PathBuf, String> {
    let folder = repository.join("target").join("readme");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for name in COPIED {
        copy(&repository.join(name), &folder.join(name))?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let fault = |error| format!("{}: cannot copy: {error}", from.display());
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ()).map_err(fault);
    }
    fs::create_dir_all(to).map_err(fault)?;
    for entry in fs::read_dir(from).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: cannot read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sh_and_console_blocks_are_found_and_others_left() {
        let text = "# Title\n```sh\na\nb\n```\n```rust\nlet c = 1;\n```\n```console\n$ d \\\n  e\n\
                    output\n$ f\n```\n```sh no_run\ng\n```\n";
        let expected = [
            Block { line: 3, script: "a\nb".to_owned() },
            Block { line: 10, script: "d \\\n  e\nf".to_owned() },
        ];
        assert_eq!(blocks(text).as_deref(), Ok(expected.as_slice()));
    }

    #[test]
    fn commands_run_with_the_profile_of_the_tests() {
        let found = blocks("```sh\ncargo run --release -- train a.csv\n```\n");
        let script = "elman train a.csv".to_owned();
        assert_eq!(found, Ok(vec![Block { line: 2, script }]));
    }

    #[test]
    fn a_block_without_an_end_is_refused() {
        assert!(blocks("```sh\na\n").is_err());
    }
}
