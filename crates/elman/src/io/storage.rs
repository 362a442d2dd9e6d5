//! Where files are written: the few calls of the operating system that a durable write is made of.
//!
//! Everything that this library writes goes through a [`Storage`]. [`Disk`] is the file system;
//! tests put a disk in its place that fails at any call, or forgets what was not flushed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[cfg(test)]
pub(crate) mod fake;

/// What stands at a path.
#[derive(Clone, Debug)]
pub enum Found {
    /// A file, with its permissions where the storage has any.
    File(Option<fs::Permissions>),
    /// A folder.
    Folder,
    /// A device or a pipe: it cannot be replaced, only written to.
    Device,
}

/// A file open for writing.
pub trait StorageFile: Write + Send {
    /// Sets who may do what with the file.
    ///
    /// # Errors
    ///
    /// The system's refusal.
    fn set_permissions(&mut self, permissions: fs::Permissions) -> io::Result<()>;

    /// Flushes the contents to the medium, so that a power cut does not lose them (`fsync`).
    ///
    /// # Errors
    ///
    /// The system's refusal; what is durable is unknown then.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file system, as far as writing needs it.
pub trait Storage: Send + Sync {
    /// What stands at a path, links followed.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] where there is nothing; the system's refusal.
    fn find(&self, path: &Path) -> io::Result<Found>;

    /// The path with all links followed.
    ///
    /// # Errors
    ///
    /// The system's refusal.
    fn follow(&self, path: &Path) -> io::Result<PathBuf>;

    /// Creates a file.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] where there is one; the system's refusal.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Opens what is there for writing, from its start, without truncating it.
    ///
    /// # Errors
    ///
    /// The system's refusal.
    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Gives a file another name in one step, in place of what has that name.
    ///
    /// # Errors
    ///
    /// The system's refusal.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// The system's refusal.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Flushes the names in a folder to the medium (`fsync` of the folder).
    ///
    /// # Errors
    ///
    /// The system's refusal.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl StorageFile for File {
    fn set_permissions(&mut self, permissions: fs::Permissions) -> io::Result<()> {
        File::set_permissions(self, permissions)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Storage for Disk {
    fn find(&self, path: &Path) -> io::Result<Found> {
        let found = fs::metadata(path)?;
        Ok(if found.is_dir() {
            Found::Folder
        } else if found.is_file() {
            Found::File(Some(found.permissions()))
        } else {
            Found::Device
        })
    }

    fn follow(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(OpenOptions::new().write(true).create_new(true).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(OpenOptions::new().write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};

        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // Some file systems (FUSE, network shares) do not know fsync of a folder; the file
            // itself is on the disk by now.
            Err(error) if matches!(error.kind(), InvalidInput | Unsupported | PermissionDenied) => {
                Ok(())
            }
            result => result,
        }
    }

    /// Only Unix lets a folder be opened and flushed.
    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}
