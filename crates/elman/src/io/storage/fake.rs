//! A disk for tests: it knows what was written from what is durable, fails at any call, and can
//! lose its power.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Found, Storage, StorageFile};

/// What a call answers instead of working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error of the system by its number: 28 is ENOSPC, 5 EIO, 30 EROFS, 4 EINTR on Linux.
    System(i32),
    /// A write takes one byte alone; other calls work.
    ShortWrite,
}

/// From which call on faults come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fails {
    /// The first call that fails, from 0.
    pub at: usize,
    pub fault: Fault,
    pub lasting: Lasting,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    Once,
    /// For all calls from then on but `remove`, which a full disk allows.
    FromThenOn,
}

/// What a power cut takes of what was not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing: everything had reached the medium by chance.
    Nothing,
    /// Everything that was not flushed.
    All,
    /// Names that were not flushed; the contents of files are there.
    Names,
    /// Contents that were not flushed; the names are there.
    Contents,
    /// Of contents that were not flushed, all blocks of this many bytes but the first: they read as
    /// zeros.
    Torn(usize),
}

/// All the ways of losing that the sweeps try.
pub(crate) const LOSSES: [Loss; 6] =
    [Loss::Nothing, Loss::All, Loss::Names, Loss::Contents, Loss::Torn(512), Loss::Torn(4096)];

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: usize,
    power_cut_at: Option<usize>,
    fails: Option<Fails>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    contents: Vec<Contents>,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    written: Vec<u8>,
    durable: Vec<u8>,
}

impl FakeDisk {
    /// How many calls it has had.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// Fails as told from now on; calls are counted from 0 again.
    pub fn fail(&self, fails: Fails) {
        let mut state = self.state();
        (state.calls, state.fails) = (0, Some(fails));
    }

    /// Works again.
    pub fn mend(&self) {
        self.state().fails = None;
    }

    /// Loses its power at this call, counted from 0: it has no effect, nor has any later one.
    pub fn cut_power_at(&self, call: usize) {
        let mut state = self.state();
        (state.calls, state.power_cut_at) = (0, Some(call));
    }

    /// The disk as it is found after the power cut.
    pub fn after_power_cut(&self, loss: Loss) -> FakeDisk {
        let state = self.state();
        let names = match loss {
            Loss::All | Loss::Names => &state.durable_names,
            Loss::Nothing | Loss::Contents | Loss::Torn(_) => &state.names,
        };
        let kept = |contents: &Contents| match loss {
            Loss::Nothing | Loss::Names => contents.written.clone(),
            Loss::All | Loss::Contents => contents.durable.clone(),
            Loss::Torn(_) if contents.written == contents.durable => contents.durable.clone(),
            Loss::Torn(block) => {
                let mut torn = contents.written.clone();
                torn.iter_mut().skip(block).for_each(|byte| *byte = 0);
                torn
            }
        };
        let contents = state.contents.iter().map(|contents| {
            let kept = kept(contents);
            Contents { written: kept.clone(), durable: kept }
        });
        FakeDisk(Arc::new(Mutex::new(State {
            names: names.clone(),
            durable_names: names.clone(),
            contents: contents.collect(),
            ..State::default()
        })))
    }

    /// The contents of a file as a reader sees them.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|&file| state.contents[file].written.clone())
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the disk")
    }

    /// Counts a call that writes `bytes` bytes or does something else (0); how many are taken.
    fn call(&self, bytes: usize, removes: bool) -> io::Result<usize> {
        let mut state = self.state();
        let call = state.calls;
        state.calls += 1;
        if state.power_cut_at.is_some_and(|cut| call >= cut) {
            return Err(io::Error::other("no power"));
        }
        let Some(fails) = state.fails else { return Ok(bytes) };
        let now = match fails.lasting {
            Lasting::Once => call == fails.at,
            Lasting::FromThenOn => call >= fails.at && !removes,
        };
        match fails.fault {
            Fault::System(number) if now => Err(io::Error::from_raw_os_error(number)),
            Fault::ShortWrite if now => Ok(bytes.min(1)),
            Fault::System(_) | Fault::ShortWrite => Ok(bytes),
        }
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Storage for FakeDisk {
    fn find(&self, path: &Path) -> io::Result<Found> {
        self.call(0, false)?;
        if self.state().names.contains_key(path) { Ok(Found::File(None)) } else { Err(missing()) }
    }

    fn follow(&self, path: &Path) -> io::Result<PathBuf> {
        self.call(0, false)?;
        Ok(path.to_path_buf())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        self.call(0, false)?;
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.contents.len();
        state.contents.push(Contents::default());
        state.names.insert(path.to_path_buf(), file);
        drop(state);
        Ok(Box::new(FakeFile { disk: self.clone(), file, position: 0 }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        self.call(0, false)?;
        let file = *self.state().names.get(path).ok_or_else(missing)?;
        Ok(Box::new(FakeFile { disk: self.clone(), file, position: 0 }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(0, false)?;
        let mut state = self.state();
        let file = state.names.remove(from).ok_or_else(missing)?;
        state.names.insert(to.to_path_buf(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(0, true)?;
        self.state().names.remove(path).map(drop).ok_or_else(missing)
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.call(0, false)?;
        let mut state = self.state();
        state.durable_names = state.names.clone();
        Ok(())
    }
}

struct FakeFile {
    disk: FakeDisk,
    file: usize,
    position: usize,
}

impl Write for FakeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.disk.call(bytes.len(), false)?;
        let mut state = self.disk.state();
        let written = &mut state.contents[self.file].written;
        let end = self.position + taken;
        written.resize(written.len().max(end), 0);
        written[self.position..end].copy_from_slice(&bytes[..taken]);
        self.position = end;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for FakeFile {
    fn set_permissions(&mut self, _permissions: fs::Permissions) -> io::Result<()> {
        self.disk.call(0, false).map(drop)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.call(0, false)?;
        let mut state = self.disk.state();
        let contents = &mut state.contents[self.file];
        contents.durable = contents.written.clone();
        Ok(())
    }
}
