//! Reader connections.

use std::sync::{Arc, Mutex, PoisonError};

use lookback_store::{Error, Result};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Outcome;

/// Reads of up to this many teams, organisations or keys run on the task that asks. Measured: 8 teams take
/// 25 µs, which is about what it costs to hand a read to another thread and to be woken by it.
const INLINE_MAX: usize = 8;

/// A few connections that read what is committed.
pub(crate) struct Readers {
    idle: Mutex<Vec<Connection>>,
    /// As many as there are connections.
    free: Arc<Semaphore>,
    /// Fewer, so that long reads cannot hold them all.
    free_for_long_reads: Arc<Semaphore>,
}

/// A connection that somebody has. It goes back when they are done, also by a panic.
struct Lease {
    readers: Arc<Readers>,
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(crate) fn new(connections: Vec<Connection>) -> Arc<Self> {
        let count = connections.len();
        Arc::new(Self {
            idle: Mutex::new(connections),
            free: Arc::new(Semaphore::new(count)),
            free_for_long_reads: Arc::new(Semaphore::new(count.div_ceil(2))),
        })
    }

    /// Reads something about `entries` teams, organisations or keys. All of it is from one moment.
    ///
    /// A short read is done at once on the task that asks, since it is cheaper than handing it to a thread;
    /// a long one would keep that task's thread from others, and goes to one of its own.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        entries: usize,
        read: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        if entries <= INLINE_MAX { self.lease().await?.read(read) } else { self.run_long(read).await }
    }

    /// Reads something that may take its time, whatever comes of it: on a thread of its own, and not on all of the
    /// connections.
    pub(crate) async fn run_long<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let long = Arc::clone(&self.free_for_long_reads).acquire_owned().await.map_err(Error::unavailable)?;
        let lease = self.lease().await?;
        let reading = tokio::task::spawn_blocking(move || {
            let answer = lease.read(read);
            drop(long);
            answer
        });
        reading.await.map_err(Error::unavailable)?
    }

    /// Reads about a single team or key what one statement tells, which sees one moment by itself; a transaction around it
    /// would cost as much again. Where there are more of them, each may see a later one.
    pub(crate) async fn run_statement<T>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Outcome<T>,
    ) -> Result<T> {
        let mut lease = self.lease().await?;
        let db = lease.connection();
        read(db).map_err(|failure| failure.seen_by(db))
    }

    async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(Error::unavailable)?;
        let connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Lease { readers: Arc::clone(self), connection, _permit: permit })
    }
}

impl Lease {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("there is a connection for every permit")
    }

    fn read<T>(mut self, read: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        let db = self.connection();
        snapshot(db, read).map_err(|failure| failure.seen_by(db))
    }
}

/// All that is read inside is from one moment.
fn snapshot<T>(connection: &mut Connection, read: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let transaction = connection.transaction()?;
    let answer = read(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

impl Drop for Lease {
    fn drop(&mut self) {
        let idle = &mut self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}
