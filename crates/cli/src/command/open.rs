//! Opening the store.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lookback_store_sqlite::{Options, ServerLock, SqliteStore};
use thiserror::Error;

use crate::settings::{DATA_DIRECTORY, Database, Settings};

/// The store that is there already, for a command that has nothing to do in an empty one: a mistyped name is to be
/// noticed, not to become a store.
pub fn existing(settings: &Settings) -> anyhow::Result<SqliteStore> {
    existing_file(settings)?;
    store(settings)
}

/// The file of an embedded store that is there already.
pub fn existing_file(settings: &Settings) -> anyhow::Result<PathBuf> {
    let path = settings.database.path();
    // Whatever else is wrong with it, opening it tells better.
    if path.try_exists().is_ok_and(|exists| !exists) {
        return Err(NoStore(path).into());
    }
    Ok(path)
}

/// There is no store where one was named.
#[derive(Debug, Error)]
#[error("there is no store at {}; see --database, or make one with `lookback bootstrap`", .0.display())]
pub struct NoStore(PathBuf);

/// The store, for a command that works beside a server if there is one. It is made where there is none.
pub fn store(settings: &Settings) -> anyhow::Result<SqliteStore> {
    if settings.database == Database::Default {
        make_data_directory()?;
    }
    Ok(SqliteStore::open(&settings.database.path(), &Options::default())?)
}

/// The store, for a server: no second one may work on it while the lock is held.
pub fn store_to_serve(settings: &Settings) -> anyhow::Result<(SqliteStore, ServerLock)> {
    if settings.database == Database::Default {
        make_data_directory()?;
    }
    let lock = ServerLock::acquire(&settings.database.path())?;
    Ok((store(settings)?, lock))
}

/// Makes the default directory, readable by its owner only.
fn make_data_directory() -> anyhow::Result<()> {
    let directory = Path::new(DATA_DIRECTORY);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.with_context(|| format!("cannot make the directory {}", directory.display()))
}
