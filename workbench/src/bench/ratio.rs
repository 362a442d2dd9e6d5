//! Ratios, their means, and the targets.

use bench_protocol::Cell;

use super::definitions::{Targets, TrainingSpeedup};
use super::record::{ELMAN, Group, MEMBERS, Measure, Record};

/// The fastest peer of a workload, with its time over Elman's.
#[derive(Clone, Debug, PartialEq)]
pub struct Best<'a> {
    pub peer: &'a str,
    pub ratio: f64,
}

/// The best peer of one workload; `None` without a peer.
pub fn best<'a>(record: &'a Record, group: Group, workload: &str) -> Option<Best<'a>> {
    let time = |name: &str| record.value(Measure::Microseconds, group, workload, name);
    let own = time(ELMAN)?;
    let ratios = record.peers().into_iter();
    let ratios = ratios.filter_map(|peer| Some(Best { peer, ratio: time(peer)? / own }));
    ratios.min_by(|a, b| a.ratio.total_cmp(&b.ratio))
}

/// The ratios to the best peer of every workload of a group.
pub fn all(record: &Record, group: Group) -> Vec<f64> {
    let workloads = record.workloads(group);
    workloads.iter().filter_map(|name| Some(best(record, group, name)?.ratio)).collect()
}

/// `exp(mean(ln x))`; `None` of nothing.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    // The root of the product, without its overflow.
    let logs: f64 = values.iter().map(|value| value.log2()).sum();
    (!values.is_empty()).then(|| (logs / values.len() as f64).exp2())
}

/// GFLOP/s of Elman on a workload.
pub fn gflops(record: &Record, group: Group, workload: &str) -> Option<f64> {
    let micros = record.value(Measure::Microseconds, group, workload, ELMAN)?;
    let case = record.case(group.0, workload).ok()?;
    Some(case.operations(group.1) / micros / 1e3)
}

/// That speed as a share of the peak on as many threads.
pub fn peak_share(record: &Record, group: Group, workload: &str) -> Option<f64> {
    let peak = record.number(&format!("peak_gflops.{}", group.2))?;
    Some(gflops(record, group, workload)? / peak)
}

/// A target with what was reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub target: String,
    pub reached: String,
    pub met: bool,
}

/// What the record says of each target; only of those that it has figures for.
pub fn verdicts(record: &Record, targets: &Targets) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for cell in Cell::ALL {
        verdicts.extend(mean_verdict(record, targets, cell));
    }
    verdicts.extend(least_verdict(record, targets));
    verdicts.extend(peak_verdict(record, targets));
    let TrainingSpeedup { network, members } = targets.training_speedup;
    verdicts.extend(training_verdict(record, Networks::One, network));
    verdicts.extend(training_verdict(record, Networks::Several, members));
    verdicts
}

/// Both modes and all workloads on the most threads.
fn mean_verdict(record: &Record, targets: &Targets, cell: Cell) -> Option<Verdict> {
    let target = *targets.geometric_mean.get(&cell)?;
    let mean = geometric_mean(&ratios_of(record, cell))?;
    Some(Verdict {
        target: format!("{cell}: geometric mean over the best peer at least {target}"),
        reached: format!("{mean:.2}"),
        met: mean >= target,
    })
}

/// The ratios of a cell in all modes, on the most threads that were timed.
pub fn ratios_of(record: &Record, cell: Cell) -> Vec<f64> {
    main_groups(record)
        .into_iter()
        .filter(|group| group.0 == cell)
        .flat_map(|g| all(record, g))
        .collect()
}

/// The groups on the most threads that were timed: those that targets and the README speak of.
pub fn main_groups(record: &Record) -> Vec<Group> {
    let groups = record.groups();
    let most = groups.iter().map(|group| group.2).max();
    groups.into_iter().filter(|group| Some(group.2) == most).collect()
}

fn least_verdict(record: &Record, targets: &Targets) -> Option<Verdict> {
    let mut least: Option<(f64, String)> = None;
    for group in main_groups(record) {
        for workload in record.workloads(group) {
            let Some(Best { peer, ratio }) = best(record, group, workload) else { continue };
            if least.as_ref().is_none_or(|(least, _)| ratio < *least) {
                least = Some((ratio, format!("{} {workload} {} to {peer}", group.0, group.1)));
            }
        }
    }
    let (ratio, place) = least?;
    Some(Verdict {
        target: format!("no workload behind a peer: least ratio above {}", targets.least_ratio),
        reached: format!("{ratio:.2} ({place})"),
        met: ratio > targets.least_ratio,
    })
}

fn peak_verdict(record: &Record, targets: &Targets) -> Option<Verdict> {
    let target = &targets.peak_share;
    let mut least: Option<(f64, String)> = None;
    for group in main_groups(record) {
        for workload in record.workloads(group) {
            let Ok(case) = record.case(group.0, workload) else { continue };
            let Some(share) = peak_share(record, group, workload) else { continue };
            let counts = case.batch_size >= target.from_batch_size
                && case.hidden_size >= target.from_hidden_size;
            if counts && least.as_ref().is_none_or(|(least, _)| share < *least) {
                least = Some((share, format!("{} {workload} {}", group.0, group.1)));
            }
        }
    }
    let (share, place) = least?;
    Some(Verdict {
        target: format!(
            "at least {:.0} % of the peak where B ≥ {} and H ≥ {}",
            100.0 * target.least,
            target.from_batch_size,
            target.from_hidden_size
        ),
        reached: format!("{:.0} % ({place})", 100.0 * share),
        met: share >= target.least,
    })
}

/// What a whole training trains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Networks {
    One,
    Several,
}

/// The least gain of two threads over all cells.
fn training_verdict(record: &Record, networks: Networks, target: f64) -> Option<Verdict> {
    let what = match networks {
        Networks::One => "one network",
        Networks::Several => "several networks",
    };
    let entries = record.entries.iter().filter(|entry| {
        entry.measure == Measure::TrainingSpeedup
            && entry.threads == 2
            && entry.workload.ends_with(MEMBERS) == (networks == Networks::Several)
    });
    let gains = entries.filter_map(|entry| Some((entry.value?, entry)));
    let (gain, entry) = gains.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Verdict {
        target: format!("whole trainings of {what} at least {target} times as fast on two threads"),
        reached: format!("{gain:.2} ({} {})", entry.cell, entry.workload),
        met: gain >= target,
    })
}

#[cfg(test)]
mod tests {
    use super::super::definitions::Definitions;
    use super::super::record::tests::sample;
    use super::*;
    use bench_protocol::Mode;

    #[test]
    fn geometric_means_are_roots_of_products() {
        assert_eq!(geometric_mean(&[]), None);
        assert!((geometric_mean(&[2.0, 8.0]).unwrap() - 4.0).abs() < 1e-12);
        assert!((geometric_mean(&[1e200, 1e200, 1e200]).unwrap() / 1e200 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_best_peer_is_the_fastest_that_was_timed() {
        let record = sample();
        let simple = best(&record, (Cell::Simple, Mode::Train, 2), "small");
        assert_eq!(simple, Some(Best { peer: "jax", ratio: 4.0 }));
        let lstm = best(&record, (Cell::Lstm, Mode::Train, 2), "small");
        assert_eq!(lstm, Some(Best { peer: "torch", ratio: 0.8 }));
    }

    #[test]
    fn speed_is_counted_from_the_sizes_of_the_record() {
        // 3 · 2·32·100·64·(12+64) operations in 400 µs.
        let group = (Cell::Simple, Mode::Train, 2);
        let speed = gflops(&sample(), group, "small").unwrap();
        assert!((speed - 233.472).abs() < 1e-9, "{speed}");
        assert!((peak_share(&sample(), group, "small").unwrap() - 0.58368).abs() < 1e-9);
    }

    #[test]
    fn targets_are_met_or_missed() {
        let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let targets = Definitions::read(&repository).unwrap().targets;
        let verdicts = verdicts(&sample(), &targets);
        let found: Vec<(&str, bool)> =
            verdicts.iter().map(|verdict| (verdict.reached.as_str(), verdict.met)).collect();
        let expected = [
            ("4.00", true),
            ("0.80", false),
            ("0.80 (lstm small train to torch)", false),
            ("58 % (simple small train)", false),
        ];
        assert_eq!(found, expected);
    }
}
