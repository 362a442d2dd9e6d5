//! Writing a file so that it is either the old one or the complete new one.
//!
//! The contents go to a temporary file in the same folder, which is flushed to the disk and then
//! renamed over the destination; a rename within one file system is atomic (POSIX `rename`). The
//! folder is flushed last, so that the new name survives a power cut. On any failure the temporary
//! file is removed; a process that is killed leaves it behind, `.elman-PID-N.tmp`.
//!
//! A destination that is there and is neither a file nor a folder (`/dev/stdout`, `/dev/full`, a
//! pipe) cannot be replaced by a rename; it is written to directly. A symbolic link is followed:
//! the file behind it is replaced, the link stays.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, FileFault, Result};
use crate::io::storage::{Disk, Found, Storage, StorageFile};

/// Writes a file through `write`: all of it, or nothing.
///
/// ```
/// # fn main() -> elman::Result<()> {
/// # let folder = tempfile::tempdir().map_err(|e| elman::Error::io("x".as_ref(), "create", e))?;
/// let path = folder.path().join("numbers.csv");
/// elman::io::write_atomically(&path, |file| writeln!(file, "1,2,3"))?;
/// assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("1,2,3\n"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The destination is a folder or may not be written; its folder is missing; the disk is full;
/// `write` fails. The destination is unchanged then, unless it is a device or a pipe.
pub fn write_atomically<F>(path: &Path, write: F) -> Result<()>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    write_atomically_to(&Disk, path, write)
}

/// As [`write_atomically`], to another storage than the machine's disk.
///
/// # Errors
///
/// As [`write_atomically`]. Where the last call fails, the flush of the folder, the new file stands
/// in the place of the old one, and a power cut may still bring the old one back.
pub fn write_atomically_to<F>(storage: &dyn Storage, path: &Path, write: F) -> Result<()>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    let failed = |error| Error::io(path, "write", error);
    match Destination::of(storage, path)? {
        Destination::Device => {
            let mut file = uninterrupted(|| storage.open(path)).map_err(failed)?;
            fill(file.as_mut(), write).map_err(failed)
        }
        Destination::File { target, permissions } => {
            let mut temporary = Temporary::beside(storage, &target, path)?;
            temporary.complete(&target, permissions, write).map_err(failed)
        }
    }
}

/// Refuses a destination that [`write_atomically`] could not write to, before the work is done
/// whose result goes there.
///
/// What a full disk refuses is found only by writing.
///
/// # Errors
///
/// Those of [`write_atomically`] that come before the first byte.
pub fn check_writable(path: &Path) -> Result<()> {
    match Destination::of(&Disk, path)? {
        // Opening a pipe waits for its reader, so a device is left alone until there is something
        // to write.
        Destination::Device => Ok(()),
        Destination::File { target, .. } => Temporary::beside(&Disk, &target, path).map(drop),
    }
}

enum Destination {
    File {
        /// The destination behind symbolic links.
        target: PathBuf,
        /// Those of the file that is there; a new file gets the user's default.
        permissions: Option<fs::Permissions>,
    },
    Device,
}

impl Destination {
    fn of(storage: &dyn Storage, path: &Path) -> Result<Self> {
        let failed = |error| Error::io(path, "write", error);
        match uninterrupted(|| storage.find(path)) {
            Ok(Found::Folder) => Err(FileFault::new(path, "a file to write", "a folder").into()),
            Ok(Found::File(permissions)) => {
                // Also the question whether the user may write to the file.
                uninterrupted(|| storage.open(path)).map_err(failed)?;
                let target = uninterrupted(|| storage.follow(path)).map_err(failed)?;
                Ok(Destination::File { target, permissions })
            }
            Ok(Found::Device) => Ok(Destination::Device),
            Err(error) if error.kind() == ErrorKind::NotFound && path.file_name().is_some() => {
                Ok(Destination::File { target: path.to_path_buf(), permissions: None })
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// How often a call is made again that a signal has interrupted: many times more than any signal
/// handler needs, and an end where a storage says nothing else.
const TRIES: usize = 100;

/// Makes a call again where a signal interrupted it.
fn uninterrupted<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    for _ in 0..TRIES {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
    Err(io::Error::other(format!("interrupted {TRIES} times")))
}

/// A file whose calls are made again where a signal interrupted them.
struct Steady<'a>(&'a mut dyn StorageFile);

impl Write for Steady<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        uninterrupted(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        uninterrupted(|| self.0.flush())
    }
}

fn fill<F>(file: &mut dyn StorageFile, write: F) -> io::Result<()>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    let mut buffer = BufWriter::new(Steady(file));
    let written = write(&mut buffer).and_then(|()| buffer.flush());
    // A buffer that is dropped tries to write the rest, which has failed already.
    let _ = buffer.into_parts();
    written
}

/// A file that is removed when dropped, unless it has been renamed away.
struct Temporary<'a> {
    storage: &'a dyn Storage,
    path: PathBuf,
    file: Box<dyn StorageFile>,
    renamed: bool,
}

impl<'a> Temporary<'a> {
    /// A new file in the folder of `target`; errors name `path`, which is what the user knows.
    fn beside(storage: &'a dyn Storage, target: &Path, path: &Path) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".elman-{}-{count}.tmp", std::process::id());
            let temporary = folder_of(target).join(name);
            match uninterrupted(|| storage.create(&temporary)) {
                Ok(file) => {
                    return Ok(Temporary { storage, path: temporary, file, renamed: false });
                }
                // Left behind by a killed process of the same number: the next name.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(path, "create", error)),
            }
        }
    }

    fn complete<F>(
        &mut self,
        target: &Path,
        permissions: Option<fs::Permissions>,
        write: F,
    ) -> io::Result<()>
    where
        F: FnOnce(&mut dyn Write) -> io::Result<()>,
    {
        fill(self.file.as_mut(), write)?;
        if let Some(permissions) = permissions {
            uninterrupted(|| self.file.set_permissions(permissions.clone()))?;
        }
        uninterrupted(|| self.file.sync())?;
        uninterrupted(|| self.storage.rename(&self.path, target))?;
        self.renamed = true;
        uninterrupted(|| self.storage.sync_folder(folder_of(target)))
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing can be done about a failure here, and the first error is on its way.
            let _ = uninterrupted(|| self.storage.remove(&self.path));
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod sweeps;
#[cfg(test)]
mod tests;
