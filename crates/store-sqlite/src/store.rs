//! The store as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lookback_store::{Lifecycle, OrgStore};

use crate::keeper::Keeper;
use crate::place::Place;
use crate::readers::Readers;
use crate::team_cache::TeamCache;
use crate::team_changes::TeamChanges;
use crate::writer::{Stats, Writer, Writing};
use crate::{OpenError, ServerLock, connection, migrations};

/// How a store works; the defaults are meant for a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long to wait for another process that writes to the same file.
    pub busy_timeout: Duration,
    /// How many operations may wait to be written; beyond that, callers wait to be queued. At least 1.
    pub queue_max: usize,
    /// How many operations may share a commit. At least 1.
    pub group_max: usize,
    /// How many reads may run at once. At least 1.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), queue_max: 1024, group_max: 256, readers: 4 }
    }
}

/// A store in one SQLite file.
///
/// Dropping it is as good as [`SqliteStore::close`], but makes the thread that drops it wait.
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) readers: Arc<Readers>,
    /// What a server keeps of the file.
    pub(crate) cache: Option<Arc<TeamCache>>,
    /// For connections besides those of the readers.
    pub(crate) path: PathBuf,
    pub(crate) busy_timeout: Duration,
    /// Given back last of all.
    _lock: Option<ServerLock>,
}

impl SqliteStore {
    /// Opens the store at `path`, creates it where there is none, and brings it to the newest version.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        Self::open_as(path, options, None)
    }

    /// The same for the one server of the store that was locked, which keeps up to about `cache_bytes_max` of what is
    /// read of single teams in memory.
    pub fn serve(lock: ServerLock, options: &Options, cache_bytes_max: usize) -> Result<Self, OpenError> {
        let path = lock.database().to_owned();
        Self::open_as(&path, options, Some((lock, cache_bytes_max)))
    }

    fn open_as(
        path: &Path,
        options: &Options,
        server: Option<(ServerLock, usize)>,
    ) -> Result<Self, OpenError> {
        let path = &connection::locate(path)?;
        connection::create(path)?;
        let sqlite = |error| OpenError::sqlite(path, error);
        let mut writing = connection::writer(path, options.busy_timeout).map_err(sqlite)?;
        if writing.is_readonly("main").map_err(sqlite)? {
            return Err(OpenError::ReadOnly(path.clone()));
        }
        migrations::recognise(&mut writing, path)?;
        connection::use_write_ahead_log(&writing, options.busy_timeout).map_err(sqlite)?;
        migrations::run(&mut writing, path)?;
        let reading = (0..options.readers.max(1)).map(|_| connection::reader(path, options.busy_timeout));
        let reading = reading.collect::<Result<_, _>>().map_err(sqlite)?;
        let keeper = Keeper::new(connection::reader(path, options.busy_timeout).map_err(sqlite)?);
        let taking = connection::writer(path, options.busy_timeout).map_err(sqlite)?;
        let place = Place::of(path).map_err(|error| OpenError::io(path, error))?;
        let (lock, cache_bytes_max) = server.unzip();
        let changes = cache_bytes_max.map(|bytes_max| TeamChanges::follow(&writing, bytes_max));
        let changes = changes.transpose().map_err(sqlite)?;
        let cache = changes.as_ref().map(TeamChanges::cache);
        let writing = Writing { connection: writing, keeper, place, changes };
        let writer = Writer::start(writing, taking, options).map_err(|error| OpenError::io(path, error))?;
        let (readers, path, busy_timeout) = (Readers::new(reading), path.clone(), options.busy_timeout);
        Ok(Self { writer, readers, cache, path, busy_timeout, _lock: lock })
    }

    /// What the writer has done so far.
    pub fn stats(&self) -> Stats {
        self.writer.stats()
    }
}

#[async_trait]
impl Lifecycle for SqliteStore {
    async fn ready(&self) -> lookback_store::Result<()> {
        self.orgs(None, 1).await?;
        self.writer.probe().await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
