//! Where and when: the facts at the head of a record.

use std::path::Path;
use std::process::Command;

use super::record::Record;

/// Adds the date, the processor, the commit and the compiler.
pub fn describe(repository: &Path, record: &mut Record) {
    record.fact("date", date());
    record.fact("machine", processor());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    record.fact("cores", cores.to_string());
    record.fact("commit", commit(repository).unwrap_or_else(|| "unknown".to_owned()));
    let version = first_line(Command::new("rustc").arg("--version"));
    record.fact("version.rustc", version.unwrap_or_else(|| "unknown".to_owned()));
}

/// Measures what the machine can do at best on `threads` threads, and adds it.
///
/// Called before and after a run; the better figure stays, for the peak is what no noise lowers.
pub fn measure(programs: &Path, threads: usize, record: &mut Record) -> Result<(), String> {
    let program = programs.join(format!("elman-machine{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&program).args([&threads.to_string(), "0.3"]).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(complaint(&output.stderr));
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        if name == "level" {
            record.fact("level", value);
            continue;
        }
        let name = format!("{name}.{threads}");
        let before = record.number(&name).unwrap_or(0.0);
        if value.parse().is_ok_and(|value: f64| value > before) {
            record.fact(name, value);
        }
    }
    Ok(())
}

/// What one of Elman's own programs says when it fails.
pub fn complaint(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr).trim().trim_start_matches("error: ").to_owned()
}

/// Today, as `YYYY-MM-DD` in UTC.
pub fn date() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    civil(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date of a day counted from 1970-01-01.
///
/// # Source
///
/// H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
fn civil(days: u64) -> String {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.split(':').next().map(str::trim) == Some(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let model = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    match (field("cpu family"), field("model")) {
        (Some(family), Some(number)) => format!("{model} (family {family}, model {number})"),
        _ => model,
    }
}

/// The commit at hand, and whether files differ from it.
fn commit(repository: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(repository).args(arguments);
        command.output().ok().filter(|output| output.status.success())
    };
    let head = git(&["rev-parse", "--short=12", "HEAD"])?;
    let head = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.stdout.is_empty() { head } else { format!("{head} with changes") })
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_454, "2026-01-01"),
        ] {
            assert_eq!(civil(days), expected);
        }
    }
}
