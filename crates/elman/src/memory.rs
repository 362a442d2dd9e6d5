//! What the machine still gives a process in memory, and the refusal of work that needs more.
//!
//! An allocation that fails ends the process, and one that the system cannot keep gets it killed, so
//! work whose need is known is held against the limits before it begins. On Linux these are the limits
//! of the process, those of its control groups (versions 1 and 2), and what the machine has left; on
//! other systems none is known, and nothing is refused.

use std::fmt;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Bytes that can still be taken, and what says so.
///
/// ```
/// if let Some(room) = elman::memory::room() {
///     println!("{} left: {}", elman::memory::Size(room.bytes), room.limit);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many.
    pub bytes: u64,
    /// What leaves no more.
    pub limit: Limit,
}

/// What bounds the memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The limit of its address space (`ulimit -v`).
    AddressSpace,
    /// The limit of its data (`ulimit -d`).
    Data,
    /// The limit of a control group: of a container or a service, say.
    ControlGroup,
    /// The machine: what is free or can be freed, swap space included.
    Machine,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::AddressSpace => "the limit of the address space",
            Limit::Data => "the limit of the data",
            Limit::ControlGroup => "the limit of the control group",
            Limit::Machine => "the memory of the machine",
        })
    }
}

/// A number of bytes, shown as people read it.
///
/// ```
/// use elman::memory::Size;
///
/// assert_eq!(Size(1_500).to_string(), "1.5 kB");
/// assert_eq!(Size(4_920_000_000).to_string(), "4.9 GB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(
    /// The bytes.
    pub u64,
);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
        let mut unit = units.next().unwrap_or_default();
        for larger in units {
            if value < 999.95 {
                break;
            }
            (value, unit) = (value / 1000.0, larger);
        }
        let decimals = usize::from(unit != "B");
        write!(f, "{value:.decimals$} {unit}")
    }
}

/// Refuses a count, each of which takes so many bytes, where there is no memory for it.
pub(crate) fn check_count(name: &str, count: usize, each: u64) -> Result<()> {
    /// What need not be asked about.
    const LITTLE: u64 = 64 << 20;
    if (count as u64).saturating_mul(each) < LITTLE {
        return Ok(());
    }
    let Some(Room { bytes, limit }) = room() else { return Ok(()) };
    let most = bytes / each.max(1);
    if count as u64 <= most {
        return Ok(());
    }
    let expected = format!("at most {most}, for which {limit} has room");
    Err(Error::argument(name, expected, count))
}

/// The tightest limit of this process; `None` where none can be read.
#[must_use]
pub fn room() -> Option<Room> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    room_at(Path::new("/"), threads as u64)
}

/// As [`room`], of a system whose files stand under `root`, and a process that starts so many threads.
fn room_at(root: &Path, threads: u64) -> Option<Room> {
    /// Addresses that the allocator of the C library asks for when it sets some aside for a thread, with
    /// the stack.
    const ARENA: u64 = 136 << 20;
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let (limits, status) = (read("proc/self/limits"), read("proc/self/status"));
    let own = |limit, name, used| {
        let most = process_limit(&limits, name)?;
        Some(Room { bytes: most.saturating_sub(kilobytes(&status, used)?), limit })
    };
    let machine = read("proc/meminfo");
    let free = kilobytes(&machine, "MemAvailable:").map(|free| Room {
        bytes: free + kilobytes(&machine, "SwapFree:").unwrap_or(0),
        limit: Limit::Machine,
    });
    let groups = control_groups(root, &read("proc/self/cgroup"));
    let addresses = own(Limit::AddressSpace, "Max address space", "VmSize:");
    let addresses =
        addresses.map(|room| Room { bytes: room.bytes.saturating_sub(threads * ARENA), ..room });
    [addresses, own(Limit::Data, "Max data size", "VmData:"), free]
        .into_iter()
        .flatten()
        .chain(groups)
        .min_by_key(|room| room.bytes)
}

/// The soft limit of this name, in bytes; `None` for no limit.
fn process_limit(limits: &str, name: &str) -> Option<u64> {
    let rest = limits.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// A line of `/proc` that counts in kilobytes of 1,024, as bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The files of one version of control groups.
struct Version {
    mount: &'static str,
    limit: &'static str,
    used: &'static str,
    /// The line of `memory.stat` for pages of files that the system can take back at once.
    reclaimable: &'static str,
}

const VERSION_1: Version = Version {
    mount: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};

const VERSION_2: Version = Version {
    mount: "sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    reclaimable: "inactive_file",
};

/// What the groups of the process and those above them leave.
fn control_groups(root: &Path, membership: &str) -> Vec<Room> {
    let mut rooms = Vec::new();
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(group)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let version = match controllers {
            "" if number == "0" => &VERSION_2,
            names if names.split(',').any(|name| name == "memory") => &VERSION_1,
            _ => continue,
        };
        let mount = root.join(version.mount);
        // In a container the mount may start at the group itself: then the path leads nowhere.
        let mut folder: PathBuf = mount.join(group.trim_start_matches('/'));
        loop {
            rooms.extend(group_room(&folder, version));
            if folder == mount || !folder.pop() {
                break;
            }
        }
    }
    rooms
}

fn group_room(folder: &Path, version: &Version) -> Option<Room> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    // "max" is no number; version 1 has one beyond any machine instead.
    let most: u64 = read(version.limit)?.trim().parse().ok()?;
    let used: u64 = read(version.used)?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let mut lines = stat.lines().filter_map(|line| line.split_once(' '));
    let reclaimable = lines.find(|(name, _)| *name == version.reclaimable);
    let reclaimable = reclaimable.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    let bytes = most.saturating_sub(used.saturating_sub(reclaimable));
    Some(Room { bytes, limit: Limit::ControlGroup })
}

#[cfg(test)]
mod tests;
