//! Every call of a durable write fails once, fails from then on, and loses its power.

use std::io;
use std::path::Path;

use super::write_atomically_to;
use crate::io::storage::Storage;
use crate::io::storage::fake::{Fails, FakeDisk, Fault, LOSSES, Lasting, Loss};

const OLD: &[u8] = b"old";

fn path() -> &'static Path {
    Path::new("folder/model.safetensors")
}

/// More than a buffer of the writer and than a block of the disk.
fn new() -> Vec<u8> {
    (0..20_000u32).map(|byte| (byte % 251) as u8 + 1).collect()
}

fn write(disk: &FakeDisk, contents: &[u8]) -> crate::Result<()> {
    write_atomically_to(disk, path(), |file| file.write_all(contents))
}

/// A disk with the old file on it.
fn with_old_file() -> FakeDisk {
    let disk = FakeDisk::default();
    write(&disk, OLD).unwrap();
    disk
}

/// How many calls a write over the old file makes.
fn calls() -> usize {
    let disk = with_old_file();
    let before = disk.calls();
    write(&disk, &new()).unwrap();
    disk.calls() - before
}

#[test]
fn a_power_cut_at_any_call_leaves_the_old_file_or_the_new_one() {
    let calls = calls();
    assert!(calls >= 8, "find, open, follow, create, writes, sync, rename, sync: {calls}");
    let (mut old, mut complete) = (0, 0);
    for call in 0..=calls {
        for loss in LOSSES {
            let disk = with_old_file();
            disk.cut_power_at(call);
            assert_eq!(write(&disk, &new()).is_err(), call < calls, "call {call}");
            let found = disk.after_power_cut(loss).read(path());
            match found.as_deref() {
                Some(OLD) => old += 1,
                Some(contents) if contents == new() => complete += 1,
                other => panic!("call {call}, {loss:?}: {:?} bytes", other.map(<[u8]>::len)),
            }
            assert!(
                call < calls || found.as_deref() != Some(OLD),
                "an end without power: {loss:?}"
            );
        }
    }
    assert!(old > 0 && complete > 0, "{old} {complete}");
}

#[test]
fn any_failing_call_is_one_line_and_leaves_a_whole_file_alone() {
    let calls = calls();
    for number in [28, 5, 30] {
        for lasting in [Lasting::Once, Lasting::FromThenOn] {
            for at in 0..calls {
                let disk = with_old_file();
                disk.fail(Fails { at, fault: Fault::System(number), lasting });
                let message = write(&disk, &new()).unwrap_err().to_string();
                assert!(message.starts_with("folder/model.safetensors: cannot "), "{message}");
                assert!(!message.contains('\n'), "{message}");
                // Only the flush of the folder comes after the new file is in its place.
                let whole = if at + 1 == calls { new() } else { OLD.to_vec() };
                assert_eq!(
                    disk.read(path()),
                    Some(whole),
                    "call {at}, error {number}, {lasting:?}"
                );
                assert_eq!(disk.names(), [path()], "call {at}, error {number}, {lasting:?}");
                disk.mend();
                write(&disk, &new()).unwrap();
                assert_eq!(disk.read(path()), Some(new()));
            }
        }
    }
}

#[test]
fn an_interrupted_call_is_made_again_and_a_short_write_goes_on() {
    for fault in [Fault::System(4), Fault::ShortWrite] {
        for at in 0..calls() {
            let disk = with_old_file();
            disk.fail(Fails { at, fault, lasting: Lasting::Once });
            write(&disk, &new()).unwrap();
            assert_eq!(disk.read(path()), Some(new()), "call {at}");
        }
    }
    let disk = with_old_file();
    disk.fail(Fails { at: 0, fault: Fault::ShortWrite, lasting: Lasting::FromThenOn });
    write(&disk, &new()).unwrap();
    assert_eq!(disk.read(path()), Some(new()));
    // Signals without end are an error, not a loop without end.
    disk.fail(Fails { at: 4, fault: Fault::System(4), lasting: Lasting::FromThenOn });
    let message = write(&disk, OLD).unwrap_err().to_string();
    assert!(message.ends_with("cannot write: interrupted 100 times"), "{message}");
    assert_eq!(disk.read(path()), Some(new()));
}

#[test]
fn the_disk_of_these_tests_catches_careless_writers() {
    let write_without = |sync: bool, sync_folder: bool| {
        let disk = with_old_file();
        let temporary = Path::new("folder/temporary");
        let mut file = disk.create(temporary).unwrap();
        io::Write::write_all(&mut file, &new()).unwrap();
        if sync {
            file.sync().unwrap();
        }
        disk.rename(temporary, path()).unwrap();
        if sync_folder {
            disk.sync_folder(Path::new("folder")).unwrap();
        }
        disk
    };
    let without_sync = write_without(false, true);
    assert_eq!(without_sync.after_power_cut(Loss::Contents).read(path()), Some(vec![]));
    let torn = without_sync.after_power_cut(Loss::Torn(512)).read(path()).unwrap();
    assert!(torn[..512] == new()[..512] && torn[512..].iter().all(|byte| *byte == 0));
    let without_folder = write_without(true, false);
    assert_eq!(without_folder.after_power_cut(Loss::Names).read(path()).as_deref(), Some(OLD));
}
