//! A copy of the store, taken while others work on it.
//!
//! SQLite copies into a new file within one read transaction: the copy is of one moment, writers go on beside it, and
//! what was deleted is not in it. Nothing is changed in the store, its version included, so that a newer program can
//! copy what it has not opened yet.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::{OpenError, connection, migrations};

/// How long to wait where somebody is just recovering the store.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no copy. Nothing is left of the attempt, and the store is as it was. What is left where the process ended
/// meanwhile, a file ending in `.partial`, the next attempt takes away.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// There is something where the copy is to be.
    #[error("{} exists; a backup overwrites nothing", .0.display())]
    Exists(PathBuf),
    /// Somebody else is making it.
    #[error("another backup is writing {}; wait until it is done, or name another file", .0.display())]
    Underway(PathBuf),
    /// The copy was read again and is not right.
    #[error("the copy is damaged ({0}); see to the disks of both, and try again")]
    Damaged(String),
    /// The copy cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What was said.
        source: io::Error,
    },
}

/// Copies the store at `from` to a new file at `to`, which is there whole or not at all, and gives its size in bytes.
pub fn backup(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let from = &connection::locate(from)?;
    let sqlite = |error| OpenError::sqlite(from, error);
    let mut source = connection::reader(from, BUSY_TIMEOUT).map_err(sqlite)?;
    migrations::recognise(&mut source, from)?;

    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let partial = &beside(to, ".partial");
    let _locked = begin(partial)?;
    let copied = copy(&source, partial, to);
    if copied.is_err() {
        // What it failed with is what matters.
        let _ = fs::remove_file(partial);
    }
    copied
}

/// What is called as another file, and so on.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Makes an empty file, for its owner alone, in the place of what an interrupted backup has left. As long as what is given
/// is open nobody else takes it away.
fn begin(partial: &Path) -> Result<[Option<File>; 2], BackupError> {
    let write = |source| BackupError::Write { path: partial.to_owned(), source };
    let underway = || BackupError::Underway(partial.to_owned());
    let lock = |file: &File| match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(underway()),
        Err(TryLockError::Error(error)) => Err(write(error)),
    };
    // A link leads to who knows what, and a pipe would be waited for.
    if partial.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        return Err(BackupError::Exists(partial.to_owned()));
    }
    let left = match File::open(partial) {
        Ok(left) => Some(left),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(write(error)),
    };
    if let Some(left) = &left {
        lock(left)?;
        // Whoever had it before may have finished it just now, and somebody else have begun.
        if !is_at(left, partial).map_err(write)? {
            return Err(underway());
        }
        fs::remove_file(partial).map_err(write)?;
    }
    // SQLite fills an empty file.
    let file = match connection::private().create_new(true).open(partial) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(underway()),
        opened => opened.map_err(write)?,
    };
    lock(&file)?;
    // SQLite would take what is in it for changes of the new file. Before it was locked it might have been somebody else's.
    match fs::remove_file(beside(partial, "-journal")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write(error)),
        _ => {}
    }
    Ok([left, Some(file)])
}

/// Whether an open file is the one of this name, not one that had it, or that a link leads to.
#[cfg(unix)]
fn is_at(open: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (open, there) = (open.metadata()?, path.symlink_metadata()?);
    Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_at(_open: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

fn copy(source: &rusqlite::Connection, partial: &Path, to: &Path) -> Result<u64, BackupError> {
    let write = |source| BackupError::Write { path: to.to_owned(), source };
    let name = partial.to_str().ok_or_else(|| write(io::ErrorKind::InvalidFilename.into()))?;
    // It writes nothing to the store itself, but SQLite counts it among what writes.
    let copying = source.pragma_update(None, "query_only", false);
    copying
        .and_then(|()| source.execute("VACUUM INTO ?1", [name]))
        .map_err(|error| write(io::Error::other(error)))?;
    check(partial)?;
    let file = File::open(partial).map_err(write)?;
    file.sync_all().map_err(write)?;
    let size = file.metadata().map_err(write)?.len();
    place(partial, to)?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(write)?;
    Ok(size)
}

/// Reads the whole copy.
fn check(copy: &Path) -> Result<(), BackupError> {
    let sqlite = |error| OpenError::sqlite(copy, error);
    let copy = connection::reader(copy, BUSY_TIMEOUT).map_err(sqlite)?;
    let said: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if said == "ok" { Ok(()) } else { Err(BackupError::Damaged(said)) }
}

/// Gives the finished copy its name, which nobody may have taken meanwhile.
fn place(partial: &Path, to: &Path) -> Result<(), BackupError> {
    let write = |source| BackupError::Write { path: to.to_owned(), source };
    match fs::hard_link(partial, to) {
        Ok(()) => fs::remove_file(partial).map_err(write),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::Exists(to.to_owned())),
        // Not every file system has links.
        Err(_) => fs::rename(partial, to).map_err(write),
    }
}
