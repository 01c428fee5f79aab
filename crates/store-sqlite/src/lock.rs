//! One server a store.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::{OpenError, connection};

/// Held by the server that works on a store. Administration commands open the store without it.
///
/// The operating system holds it for the open file, so it ends with the process, however that ends.
#[derive(Debug)]
pub struct ServerLock {
    database: PathBuf,
    #[expect(dead_code, reason = "the lock is held as long as the file is open")]
    file: File,
}

impl ServerLock {
    /// Takes the lock of the store at `database`, on a file beside it that ends in `.lock`.
    ///
    /// Errors: [`OpenError::AnotherServer`] where it is held, and whatever keeps the file from being opened.
    pub fn acquire(database: &Path) -> Result<Self, OpenError> {
        let database = connection::locate(database)?;
        let mut name = database.clone().into_os_string();
        name.push(".lock");
        let path = Path::new(&name);
        let opened = connection::private().create(true).truncate(false).open(path);
        let file = opened.map_err(|error| OpenError::io(path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { database, file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::AnotherServer(database)),
            Err(TryLockError::Error(error)) => Err(OpenError::io(path, error)),
        }
    }

    /// The store it is of.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_refused_until_the_first_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("lookback.db");
        let first = ServerLock::acquire(&database).unwrap();
        let refusal = ServerLock::acquire(&database).unwrap_err();
        assert!(matches!(refusal, OpenError::AnotherServer(_)));
        assert!(refusal.to_string().starts_with("another lookback server is running on "));
        drop(first);
        ServerLock::acquire(&database).unwrap();
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let refusal = ServerLock::acquire(&directory.path().join("missing/lookback.db")).unwrap_err();
        assert!(matches!(refusal, OpenError::MissingDirectory(missing) if missing.ends_with("missing")));
    }
}
