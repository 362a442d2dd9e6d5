//! Finds the cases of a folder by its `index.json` files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// One folder of cases.
pub struct Family {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// Its cases, in the order of its index.
    pub rows: Vec<Row>,
}

/// One case of an index.
pub struct Row {
    /// Its name.
    pub name: String,
    /// Everything the index says about it.
    pub options: Map<String, Value>,
}

/// The families under `directory`: those of its top index, and every further folder that has an
/// `index.json`. A directory whose own index lists cases is itself one family.
pub fn families(directory: &Path) -> Result<Vec<Family>, String> {
    let top = directory.join("index.json");
    let index = if top.is_file() { read_json(&top)? } else { Value::Null };
    if index["cases"].is_array() {
        let name = index["family"].as_str().unwrap_or("cases").to_owned();
        return Ok(vec![family(name, directory)?]);
    }
    let mut families = Vec::new();
    for name in folder_names(directory, &index)? {
        let path = directory.join(&name);
        families.push(family(name, &path)?);
    }
    if families.is_empty() {
        return Err(format!("{}: expected folders with an index.json", directory.display()));
    }
    Ok(families)
}

/// Folders of the top index in its order, then those found on disk by name.
fn folder_names(directory: &Path, index: &Value) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for entry in index["families"].as_array().into_iter().flatten() {
        let name = entry["family"].as_str();
        names.push(name.ok_or_else(|| format!("index.json: no family in {entry}"))?.to_owned());
    }
    let fault = |source| format!("{}: cannot list: {source}", directory.display());
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if entry.path().join("index.json").is_file() {
            found.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.extend(found.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    Ok(names)
}

fn family(name: String, path: &Path) -> Result<Family, String> {
    let file = path.join("index.json");
    let index = read_json(&file)?;
    let cases = index["cases"].as_array();
    let cases = cases.ok_or_else(|| format!("{}: expected an array `cases`", file.display()))?;
    let mut rows = Vec::with_capacity(cases.len());
    for case in cases {
        let row = case.as_object().and_then(|options| {
            let name = options.get("name")?.as_str()?.to_owned();
            Some(Row { name, options: options.clone() })
        });
        rows.push(row.ok_or_else(|| format!("{}: a case without a name", file.display()))?);
    }
    Ok(Family { name, path: path.to_path_buf(), rows })
}

fn read_json(path: &Path) -> Result<Value, String> {
    let text = fs::read(path).map_err(|e| format!("{}: cannot read: {e}", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| format!("{}: not JSON: {e}", path.display()))
}
