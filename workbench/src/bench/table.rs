//! The README's table, made from a record.

use super::contenders::Peer;
use super::ratio::{self, Best};
use super::record::{ELMAN, Group, Measure, Record};
use super::report::time;

/// Where the README's table begins and ends; the first marker names the record.
const BEGIN: &str = "<!-- bench:begin ";
const END: &str = "<!-- bench:end -->";

/// The table: a row for each cell and mode, a column for each workload, on the most threads of the
/// record; in each place Elman's time, and how many times as long the best peer takes.
pub fn markdown(record: &Record) -> String {
    let groups = ratio::main_groups(record);
    let mut workloads: Vec<&str> = Vec::new();
    for group in &groups {
        for workload in record.workloads(*group) {
            if !workloads.contains(&workload) {
                workloads.push(workload);
            }
        }
    }
    let mut text = String::from("| cell, mode |");
    for workload in &workloads {
        text += &format!(" {workload} |");
    }
    text += " geometric mean |\n|---|";
    text += &"---|".repeat(workloads.len() + 1);
    text += "\n";
    for group in groups {
        text += &format!("| {}, {} |", group.0, group.1);
        for workload in &workloads {
            text += &format!(" {} |", place(record, group, workload));
        }
        let mean = ratio::geometric_mean(&ratio::all(record, group));
        text += &mean.map_or(" – |".to_owned(), |mean| format!(" {mean:.1}× |"));
        text += "\n";
    }
    text + "\n" + &caption(record)
}

fn place(record: &Record, group: Group, workload: &str) -> String {
    let Some(own) = record.value(Measure::Microseconds, group, workload, ELMAN) else {
        return "–".to_owned();
    };
    match ratio::best(record, group, workload) {
        Some(Best { peer, ratio }) => format!("{}, {ratio:.1}× {}", time(own), Peer::title(peer)),
        None => time(own),
    }
}

fn caption(record: &Record) -> String {
    let fact = |name: &str| record.facts.get(name).map_or("unknown", String::as_str);
    let groups = ratio::main_groups(record);
    let threads = groups.first().map_or(0, |group| group.2);
    let shown: Vec<&str> = groups.iter().flat_map(|group| record.workloads(*group)).collect();
    let versions: Vec<String> = record
        .peers()
        .into_iter()
        .map(|peer| match record.facts.get(&format!("version.{peer}")) {
            Some(version) => version.clone(),
            None => Peer::title(peer).to_owned(),
        })
        .collect();
    let sizes: Vec<String> = record
        .facts
        .iter()
        .filter_map(|(name, sizes)| Some((name.strip_prefix("workload.")?, sizes)))
        .filter(|(name, _)| shown.contains(name))
        .map(|(name, sizes)| format!("{name} {sizes}"))
        .collect();
    format!(
        "Measured {} on {}, {threads} threads, level {}, commit {}; peers: {}. Sizes B,T,I,H: {}.\n",
        fact("date"),
        fact("machine"),
        fact("level"),
        fact("commit"),
        if versions.is_empty() { "none".to_owned() } else { versions.join(", ") },
        sizes.join(" · "),
    )
}

/// The table between its markers.
pub fn block(record: &Record, name: &str) -> String {
    format!("{BEGIN}{name} -->\n{}{END}\n", markdown(record))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::record::tests::sample;
    use super::*;

    /// The record that a text names, and the table that it holds between the markers.
    fn held(text: &str) -> Option<(&str, &str)> {
        let (_, rest) = text.split_once(BEGIN)?;
        let (record, rest) = rest.split_once(" -->\n")?;
        let (table, _) = rest.split_once(END)?;
        Some((record, table))
    }

    #[test]
    fn a_place_holds_the_time_and_the_best_peer() {
        let table = markdown(&sample());
        let expected = "\
| cell, mode | small | geometric mean |
|---|---|---|
| simple, train | 400 µs, 4.0× JAX | 4.0× |
| lstm, train | 1.50 ms, 0.8× PyTorch | 0.8× |
";
        assert!(table.starts_with(expected), "{table}");
    }

    #[test]
    fn a_block_is_found_again() {
        let text = format!("# Title\n\n{}\nrest\n", block(&sample(), "a/b.csv"));
        assert_eq!(held(&text), Some(("a/b.csv", markdown(&sample()).as_str())));
    }

    #[test]
    fn the_table_of_the_readme_is_the_one_of_the_record_it_names() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = std::fs::read_to_string(repository.join("README.md")).unwrap();
        let (name, table) = held(&readme).expect("README.md holds a table between markers");
        let record = Record::read(&repository.join(name)).unwrap();
        assert!(table == markdown(&record), "make it anew: cargo xtask bench --table {name}");
    }

    #[test]
    fn every_record_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/record");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                Record::read(&path).unwrap();
                count += 1;
            }
        }
        assert!(count > 0, "no record");
    }
}
