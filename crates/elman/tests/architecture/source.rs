//! What a source file says once comments and tests are taken away.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A source file without its comments and test modules.
pub struct Source {
    pub code: String,
}

impl Source {
    pub fn new(text: &str) -> Self {
        Source { code: without_tests(&without_comments(text)) }
    }

    /// The first name of every path that starts at the root of the crate.
    pub fn crate_paths(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let before = self.code[..at].chars().next_back();
            if before.is_some_and(|c| is_name(c) || c == '$') {
                continue;
            }
            let after = &self.code[at + "crate::".len()..];
            names.extend(first_names(after));
        }
        names
    }

    /// For `pub use module::{Name, …}`: the module of each name.
    pub fn reexports(&self) -> BTreeMap<String, String> {
        let mut modules = BTreeMap::new();
        for (at, start) in self.code.match_indices("pub use ") {
            let path = &self.code[at + start.len()..];
            let Some((module, rest)) = path.split_once("::") else { continue };
            for name in first_names(rest) {
                modules.insert(name, module.trim().to_owned());
            }
        }
        modules
    }

    /// Whether the code names the cell of this module: `lstm::…`, `LstmCell`, `LstmState`.
    pub fn mentions_cell(&self, module: &str) -> bool {
        let (first, rest) = module.split_at(1);
        let capitalised = format!("{}{rest}", first.to_uppercase());
        let words = self.code.split(|c: char| !is_name(c));
        words.into_iter().any(|word| word == module || word.starts_with(&capitalised))
    }
}

/// All source files below a folder with their paths in it, test files left out.
pub fn source_files(folder: &Path) -> Vec<(String, Source)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            let name = path.strip_prefix(folder).expect("it lies below").to_string_lossy();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                files.push((name.replace('\\', "/"), Source::new(&text)));
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

fn without_comments(text: &str) -> String {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// Drops what stands under `#[cfg(test)]`: one item, up to its `;` or its closing brace, which
/// rustfmt indents like the attribute.
fn without_tests(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(indent) = line.find("#[cfg(test)]") else {
            kept.push(line);
            continue;
        };
        let end = format!("{}}}", " ".repeat(indent));
        for line in lines.by_ref() {
            let attribute = line.trim_start().starts_with("#[");
            if (line.trim_end().ends_with(';') && line.find(|c| c != ' ') == Some(indent))
                || (line.trim_end() == end && !attribute)
            {
                break;
            }
        }
    }
    kept.join("\n")
}

/// The first name of a path, or of every path of a `{…}` group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![path.chars().take_while(|c| is_name(*c)).collect()];
    };
    let (mut names, mut depth, mut member) = (Vec::new(), 0, String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut member)),
            _ => {}
        }
        member.push(c);
    }
    names.push(member);
    let first = |member: String| -> String {
        let start = member.trim_start_matches(|c: char| !is_name(c));
        start.chars().take_while(|c| is_name(*c)).collect()
    };
    names.into_iter().map(first).filter(|name| !name.is_empty()).collect()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
