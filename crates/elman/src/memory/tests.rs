use super::*;

/// A system with these files.
fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units     
Max data size             unlimited            unlimited            bytes     
Max address space         3072000000           unlimited            bytes     
";
const STATUS: &str = "Name:\telman\nVmSize:\t  1000000 kB\nVmData:\t   50000 kB\n";
const MEMORY: &str = "MemTotal: 8000000 kB\nMemAvailable:    4000000 kB\nSwapFree:  1000000 kB\n";

#[test]
fn the_tightest_limit_counts() {
    let process = [("proc/self/limits", LIMITS), ("proc/self/status", STATUS)];
    let room = |more: &[(&str, &str)]| {
        room_at(system(&[&process[..], &[("proc/meminfo", MEMORY)], more].concat()).path(), 0)
    };
    let address_space = Room { bytes: 3_072_000_000 - 1_024_000_000, limit: Limit::AddressSpace };
    assert_eq!(room(&[]), Some(address_space));
    let own = system(&process);
    let with_threads = room_at(own.path(), 2).unwrap();
    assert_eq!(with_threads.bytes, address_space.bytes - 2 * 136 * 1024 * 1024);
    let tight_data = LIMITS.replace("size             unlimited", "size             100000000");
    let data = Room { bytes: 100_000_000 - 51_200_000, limit: Limit::Data };
    assert_eq!(room(&[("proc/self/limits", &tight_data)]), Some(data));
    // A container: version 2, a limit of the group above the process's own, which has none.
    let group = [
        ("proc/self/cgroup", "0::/box/inner\n"),
        ("sys/fs/cgroup/box/inner/memory.max", "max\n"),
        ("sys/fs/cgroup/box/inner/memory.current", "1000\n"),
        ("sys/fs/cgroup/box/memory.max", "1000000000\n"),
        ("sys/fs/cgroup/box/memory.current", "700000000\n"),
        ("sys/fs/cgroup/box/memory.stat", "anon 1\ninactive_file 200000000\n"),
    ];
    let limit = Limit::ControlGroup;
    assert_eq!(room(&group), Some(Room { bytes: 500_000_000, limit }));
    // Version 1, mounted at the group itself, whose path leads nowhere.
    let group = [
        ("proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/docker/abc\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "900000000\n"),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000000\n"),
        ("sys/fs/cgroup/memory/memory.stat", "inactive_file 5\ntotal_inactive_file 50000000\n"),
    ];
    assert_eq!(room(&group), Some(Room { bytes: 850_000_000, limit }));
}

#[test]
fn the_machine_counts_where_nothing_else_does() {
    let files = [("proc/meminfo", MEMORY)];
    let machine = Room { bytes: 5_120_000_000, limit: Limit::Machine };
    assert_eq!(room_at(system(&files).path(), 2), Some(machine));
    assert_eq!(room_at(system(&[]).path(), 2), None);
    let broken = [("proc/meminfo", "MemAvailable: many kB\n"), ("proc/self/cgroup", "0:\n")];
    assert_eq!(room_at(system(&broken).path(), 2), None);
}

#[test]
fn sizes_are_shown_in_units() {
    let shown = [0, 999, 1000, 999_949, 999_950, u64::MAX].map(|bytes| Size(bytes).to_string());
    assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "18.4 EB"]);
}
