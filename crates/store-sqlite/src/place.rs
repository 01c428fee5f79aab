//! Whether the files that are open are still the ones that a restart would find.
//!
//! An open file can be written after it was deleted, renamed or replaced, and SQLite does so without a word. What is
//! written then would be acknowledged and gone with the process, so the writer looks before it acknowledges.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lookback_store::{Error, Result};

/// The files of a database, as they were when it was opened.
pub(crate) struct Place(Vec<(PathBuf, Identity)>);

/// What makes a file the same file, whatever it is called.
#[derive(PartialEq, Eq)]
struct Identity(#[cfg(unix)] (u64, u64));

impl Place {
    /// The place of the database at `path` and of its log, which has to be there already.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let files = [path.to_owned(), beside("-wal"), beside("-shm")];
        let identified = files.into_iter().map(|file| identity(&file).map(|known| (file, known)));
        Ok(Self(identified.collect::<io::Result<_>>()?))
    }

    /// Sees that everything is where it was.
    ///
    /// Errors: [`Error::Unavailable`] with what to do.
    pub(crate) fn check(&self) -> Result<()> {
        for (file, known) in &self.0 {
            match identity(file) {
                Ok(found) if found == *known => {}
                Ok(_) => {
                    return Err(misplaced(
                        file,
                        "was replaced by another file; restart the server to use it",
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(misplaced(
                        file,
                        "is gone; put it back, or restore a backup and restart the server",
                    ));
                }
                Err(error) => return Err(Error::unavailable(error)),
            }
        }
        Ok(())
    }
}

fn misplaced(file: &Path, what: &str) -> Error {
    Error::unavailable(format!("{} {what}", file.display()))
}

fn identity(file: &Path) -> io::Result<Identity> {
    let found = fs::metadata(file)?;
    #[cfg(unix)]
    let found = {
        use std::os::unix::fs::MetadataExt;
        Identity((found.dev(), found.ino()))
    };
    // Elsewhere an open file can be neither deleted nor renamed.
    #[cfg(not(unix))]
    let found = (drop(found), Identity()).1;
    Ok(found)
}
