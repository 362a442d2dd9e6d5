//! A record as text for people.

use std::fmt::Write as _;

use super::contenders::Peer;
use super::definitions::Targets;
use super::ratio::{self, Best};
use super::record::{ELMAN, Group, Measure, Record};

/// Everything that a record holds.
pub fn text(record: &Record, targets: &Targets) -> String {
    let parts = [
        facts(record),
        groups(record),
        ragged(record),
        memory(record),
        overhead(record),
        trainings(record),
        verdicts(record, targets),
        refused(record),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn facts(record: &Record) -> String {
    let lines = record.facts.iter().filter(|(name, _)| !name.starts_with("missing."));
    lines.map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn groups(record: &Record) -> String {
    let tables = record.groups().into_iter().map(|group| group_table(record, group));
    tables.collect::<Vec<_>>().join("\n")
}

fn group_table(record: &Record, group: Group) -> String {
    let (cell, mode, threads) = group;
    let peers = record.peers();
    let mut header = vec!["workload", "elman", "GFLOP/s", "peak", "memory"];
    header.extend(&peers);
    if !peers.is_empty() {
        header.push("best peer");
    }
    let mut rows = vec![header.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(record.workloads(group).iter().map(|workload| cells(record, group, workload)));
    let mut text = format!("{cell} {mode}, {threads} threads\n{}", aligned(&rows));
    if let Some(mean) = ratio::geometric_mean(&ratio::all(record, group)) {
        text += &format!("geometric mean over the best peer: {mean:.2}\n");
    }
    text
}

/// One line of a table: Elman's figures, and each peer's time over Elman's.
fn cells(record: &Record, group: Group, workload: &str) -> Vec<String> {
    let micros = |name: &str| record.value(Measure::Microseconds, group, workload, name);
    let own = micros(ELMAN);
    let resident = record.value(Measure::ResidentBytes, group, workload, ELMAN);
    let mut cells = vec![
        workload.to_owned(),
        shown(own, time),
        shown(ratio::gflops(record, group, workload), |speed| format!("{speed:.1}")),
        shown(ratio::peak_share(record, group, workload), |s| format!("{:.0} %", 100.0 * s)),
        shown(resident, bytes),
    ];
    let peers = record.peers();
    for peer in &peers {
        cells.push(shown(micros(peer).zip(own), |(theirs, own)| format!("{:.2}×", theirs / own)));
    }
    if !peers.is_empty() {
        let best = ratio::best(record, group, workload);
        cells.push(shown(best, |Best { peer, ratio }| format!("{ratio:.2}× {peer}")));
    }
    cells
}

fn shown<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), text)
}

/// A time in microseconds to three digits, in the unit that reads best.
pub fn time(micros: f64) -> String {
    let (value, unit) = match micros {
        m if m < 1e3 => (m, "µs"),
        m if m < 1e6 => (m / 1e3, "ms"),
        m => (m / 1e6, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

/// A size in binary units.
fn bytes(count: f64) -> String {
    let (value, unit) = match count {
        c if c < 1024.0 * 1024.0 => (c / 1024.0, "KiB"),
        c => (c / 1024.0 / 1024.0, "MiB"),
    };
    format!("{} {unit}", three_digits(value))
}

/// Columns: the first to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| Some(row.get(column)?.chars().count()));
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let cell = match column {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
            line += &cell;
        }
        text += line.trim_end();
        text += "\n";
    }
    text
}

/// The entries of one measure, under a heading.
fn list(
    record: &Record,
    measure: Measure,
    heading: &str,
    line: impl Fn(&super::record::Entry) -> Option<Vec<String>>,
) -> String {
    let entries = record.entries.iter().filter(|entry| entry.measure == measure);
    let lines: Vec<Vec<String>> = entries.filter_map(line).collect();
    if lines.is_empty() { String::new() } else { format!("{heading}\n{}", aligned(&lines)) }
}

fn ragged(record: &Record) -> String {
    let heading = "Ragged batches, lengths uniform in 1..=T: time per valid step over that of the \
                   full batch";
    list(record, Measure::RaggedRatio, heading, |entry| {
        let what =
            format!("{} {} {}, {} threads", entry.cell, entry.workload, entry.mode, entry.threads);
        Some(vec![what, format!("{:.2}", entry.value?)])
    })
}

fn memory(record: &Record) -> String {
    let heading = "Memory of a training step: most bytes allocated at once beyond parameters, their \
                   gradients and the arriving gradient; over inputs + outputs + what \
                   back-propagation keeps (simple H, LSTM 5H, GRU 4H for each step)";
    list(record, Measure::StepBytes, heading, |entry| {
        let group = (entry.cell, entry.mode, entry.threads);
        let over = record.value(Measure::StepBytesRatio, group, &entry.workload, ELMAN)?;
        let what = format!("{} {}", entry.cell, entry.workload);
        Some(vec![what, bytes(entry.value?), format!("{over:.2}×")])
    })
}

/// A call on next to no work is all overhead.
fn overhead(record: &Record) -> String {
    list(record, Measure::Microseconds, "Overhead of a call: the whole of `toy`", |entry| {
        let is_toy = entry.workload == "toy" && entry.contender == ELMAN;
        let what = format!("{} {}, {} threads", entry.cell, entry.mode, entry.threads);
        is_toy.then_some(vec![what, time(entry.value?)])
    })
}

/// Each contender's median, beside what is counted of it.
fn trainings(record: &Record) -> String {
    let heading =
        "Whole trainings: median of the turns; the gain on one thread, or the time over Elman's";
    list(record, Measure::TrainingSeconds, heading, |entry| {
        let group = (entry.cell, entry.mode, entry.threads);
        let of = |measure| record.value(measure, group, &entry.workload, &entry.contender);
        let gain =
            of(Measure::TrainingSpeedup).map(|gain| format!("{gain:.2}× as fast as on one thread"));
        let ratio = of(Measure::TrainingRatio).map(|ratio| format!("{ratio:.1}× Elman's time"));
        let what = format!("{} {}, {} threads", entry.cell, entry.workload, entry.threads);
        let name = Peer::title(&entry.contender).to_owned();
        let note = gain.or(ratio).unwrap_or_default();
        Some(vec![what, name, format!("{:.2} s", entry.value?), note])
    })
}

fn verdicts(record: &Record, targets: &Targets) -> String {
    let verdicts = ratio::verdicts(record, targets);
    let lines = verdicts.iter().map(|verdict| {
        let word = if verdict.met { "met" } else { "MISSED" };
        format!("{word}: {}: {}\n", verdict.target, verdict.reached)
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("Targets, for what was run\n{lines}") }
}

/// Peers that could not be set up, and cases that were not timed: a line for each reason.
fn refused(record: &Record) -> String {
    let mut text = String::new();
    for (name, reason) in &record.facts {
        if let Some(peer) = name.strip_prefix("missing.") {
            let _ = writeln!(text, "{}: could not be set up: {reason}", Peer::title(peer));
        }
    }
    let mut reasons: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for entry in record.entries.iter().filter(|entry| entry.measure == Measure::Refused) {
        let place = match entry.note.starts_with("unsupported") {
            // A cell or a mode that is missing is missing in every workload.
            true => format!("{} {}", entry.cell, entry.mode),
            false => format!(
                "{} {} {}, {} threads",
                entry.cell, entry.workload, entry.mode, entry.threads
            ),
        };
        let same = |(name, note, _): &&mut (&str, &str, _)| {
            *name == entry.contender.as_str() && *note == entry.note.as_str()
        };
        match reasons.iter_mut().find(same) {
            Some((_, _, places)) if places.contains(&place) => {}
            Some((_, _, places)) => places.push(place),
            None => reasons.push((&entry.contender, &entry.note, vec![place])),
        }
    }
    for (name, note, places) in reasons {
        let _ = writeln!(text, "{}: {note} ({})", Peer::title(name), places.join("; "));
    }
    if text.is_empty() { text } else { format!("Not compared\n{text}") }
}

#[cfg(test)]
mod tests {
    use super::super::definitions::Definitions;
    use super::super::record::tests::sample;
    use super::*;

    #[test]
    fn a_report_shows_times_ratios_and_what_is_missing() {
        let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let targets = Definitions::read(&repository).unwrap().targets;
        let mut record = sample();
        record.fact("missing.candle", "cargo: exit status: 101");
        let text = text(&record, &targets);
        let expected = "\
simple train, 2 threads
workload   elman  GFLOP/s  peak  memory  torch    jax  best peer
small     400 µs    233.5  58 %       –  9.00×  4.00×  4.00× jax
geometric mean over the best peer: 4.00
";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("candle: could not be set up: cargo: exit status: 101\n"), "{text}");
        let line = "JAX: outputs: differs, by \"much\" (lstm small train, 2 threads)\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("MISSED: lstm: geometric mean"), "{text}");
    }

    #[test]
    fn times_and_sizes_have_three_digits() {
        for (micros, expected) in [
            (0.5, "0.50 µs"),
            (9.996, "10.0 µs"),
            (399.3, "399 µs"),
            (11494.6, "11.5 ms"),
            (2e6, "2.00 s"),
        ] {
            assert_eq!(time(micros), expected);
        }
        assert_eq!(bytes(3.0 * 1024.0 * 1024.0), "3.00 MiB");
    }
}
