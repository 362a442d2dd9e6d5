//! Writing a file so that it is either the old one or the complete new one.
//!
//! The contents go to a temporary file in the same folder, which is flushed to the disk and then
//! renamed over the destination; a rename within one file system is atomic (POSIX `rename`). The
//! folder is flushed last, so that the new name survives a power cut. On any failure the temporary
//! file is removed.
//!
//! A destination that is there and is neither a file nor a folder (`/dev/stdout`, `/dev/full`, a
//! pipe) cannot be replaced by a rename; it is written to directly. A symbolic link is followed:
//! the file behind it is replaced, the link stays.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, FileFault, Result};

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
    match Destination::of(path)? {
        Destination::Device => {
            let file = open_for_writing(path)?;
            fill(&file, write).map_err(|error| Error::io(path, "write", error))
        }
        Destination::File { target, permissions } => {
            let mut temporary = Temporary::beside(&target, path)?;
            temporary
                .complete(&target, permissions, write)
                .map_err(|error| Error::io(path, "write", error))
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
    match Destination::of(path)? {
        // Opening a pipe waits for its reader, so a device is left alone until there is something
        // to write.
        Destination::Device => Ok(()),
        Destination::File { target, .. } => Temporary::beside(&target, path).map(drop),
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
    fn of(path: &Path) -> Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                Err(FileFault::new(path, "a file to write", "a folder").into())
            }
            Ok(found) if found.is_file() => {
                open_for_writing(path)?;
                let target =
                    fs::canonicalize(path).map_err(|error| Error::io(path, "write", error))?;
                Ok(Destination::File { target, permissions: Some(found.permissions()) })
            }
            Ok(_) => Ok(Destination::Device),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => {
                Ok(Destination::File { target: path.to_path_buf(), permissions: None })
            }
            Err(error) => Err(Error::io(path, "write", error)),
        }
    }
}

/// Opens without truncating: also the question whether the user may write to the file.
fn open_for_writing(path: &Path) -> Result<File> {
    OpenOptions::new().write(true).open(path).map_err(|error| Error::io(path, "write", error))
}

fn fill<F>(file: &File, write: F) -> io::Result<()>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    let mut buffer = BufWriter::new(file);
    write(&mut buffer)?;
    buffer.flush()
}

/// A file that is removed when dropped, unless it has been renamed away.
struct Temporary {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl Temporary {
    /// A new file in the folder of `target`; errors name `path`, which is what the user knows.
    fn beside(target: &Path, path: &Path) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".elman-{}-{count}.tmp", std::process::id());
            let temporary = folder_of(target).join(name);
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => return Ok(Temporary { path: temporary, file, renamed: false }),
                // Left behind by a killed process of the same number: the next name.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
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
        fill(&self.file, write)?;
        if let Some(permissions) = permissions {
            self.file.set_permissions(permissions)?;
        }
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.renamed = true;
        sync_folder(folder_of(target))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing can be done about a failure here, and the first error is on its way.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems (FUSE, network shares) do not know fsync of a folder; the file itself
        // is on the disk by now.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// Only Unix lets a folder be opened and flushed.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_is_complete_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomically(&path, |file| file.write_all(b"first")).unwrap();
        write_atomically(&path, |file| file.write_all(b"second")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        let error = write_atomically(&path, |file| {
            file.write_all(&[0; 100_000])?;
            Err(io::Error::other("enough"))
        })
        .unwrap_err();
        assert_eq!(error.to_string(), format!("{}: cannot write: enough", path.display()));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn checking_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(&folder.path().join("a.txt")).unwrap();
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn folders_and_missing_folders_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no").join("a.txt");
        for (path, wanted) in [
            (folder.path(), "expected a file to write, got a folder"),
            (missing.as_path(), "cannot create: No such file or directory"),
            (Path::new("/"), "expected a file to write, got a folder"),
        ] {
            for result in [check_writable(path), write_atomically(path, |_| Ok(()))] {
                let message = result.unwrap_err().to_string();
                assert!(message.starts_with(&path.display().to_string()), "{message}");
                assert!(message.contains(wanted), "{message}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_reported_by_name() {
        let path = Path::new("/dev/full");
        let error = write_atomically(path, |file| file.write_all(b"x")).unwrap_err();
        assert!(error.to_string().starts_with("/dev/full: cannot write: No space left"), "{error}");
        assert!(path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_permissions_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        write_atomically(&link, |file| file.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
