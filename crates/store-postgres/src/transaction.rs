//! Operations, each in a transaction of its own or of its batch, within a time, and repeated where that is safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lookback_store::{Error, Result};
use tokio::time::timeout;

use crate::failure::{Failure, Outcome};
use crate::pool::Pool;
use crate::session::Session;

/// How often an operation is tried, where nothing of it can have happened. A pool may hold several connections that
/// a restart has ended, and finds out one by one.
const ATTEMPTS_MAX: u32 = 4;

/// Runs operations.
#[derive(Clone)]
pub(crate) struct Transactions {
    pub(crate) pool: Pool,
    time_max: Duration,
    pub(crate) counters: Arc<Counters>,
}

/// What has been done so far.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) failed_commits: AtomicU64,
    pub(crate) operations: AtomicU64,
    /// Whether the last write failed.
    pub(crate) failing: AtomicBool,
}

impl Transactions {
    pub(crate) fn new(pool: Pool, time_max: Duration) -> Self {
        Self { pool, time_max, counters: Arc::default() }
    }

    /// Reads what may take several statements as of one moment.
    pub(crate) async fn read_at_once<T, F>(&self, read: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let read = &read;
        let within = |session: Session| async move {
            session.say("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
            let outcome = read(session.clone()).await;
            // There is nothing to keep, whatever came of it.
            session.say("ROLLBACK").await?;
            outcome
        };
        self.read(within).await
    }

    /// Reads with a single statement, which sees one moment. One before it that only asks whether something is there
    /// may see another.
    pub(crate) async fn read<T, F>(&self, read: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let attempt = || async {
            let session = self.pool.session().await?;
            let outcome = read(session.clone()).await;
            if matches!(outcome, Ok(_) | Err(Failure::Refused(_))) {
                session.rest();
            }
            outcome
        };
        let reading = repeated(attempt, || true);
        Ok(timeout(self.time_max, reading).await.map_err(Failure::from).flatten()?)
    }

    /// Runs an operation in a transaction and answers when it is durable, or when it failed and has changed nothing,
    /// or when nobody can know.
    pub(crate) async fn write<T, F>(&self, operation: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        self.write_all(1, operation).await
    }

    /// The same for so many operations at once.
    pub(crate) async fn write_all<T, F>(&self, count: usize, operations: impl Fn(Session) -> F) -> Result<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let asked = AtomicBool::new(false);
        let attempt = || self.attempt(&operations, &asked);
        let writing = repeated(attempt, || !asked.load(Ordering::Relaxed));
        let outcome = timeout(self.time_max, writing).await.map_err(Failure::from).flatten();
        let outcome = outcome.map_err(|failure| {
            if asked.load(Ordering::Relaxed) { failure.outcome_unknown() } else { failure.into() }
        });
        self.count(count, outcome.as_ref().err());
        outcome
    }

    /// `asked` is set from when the commit is asked for until it is known not to have happened.
    async fn attempt<T, F>(&self, operations: &impl Fn(Session) -> F, asked: &AtomicBool) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        let session = self.pool.session().await?;
        session.say("BEGIN").await?;
        match operations(session.clone()).await {
            Ok(answer) => {
                asked.store(true, Ordering::Relaxed);
                if let Err(failure) = session.say("COMMIT").await {
                    asked.store(!failure.is_definite(), Ordering::Relaxed);
                    return Err(failure);
                }
                session.rest();
                Ok(answer)
            }
            Err(failure) => {
                // Where this fails the connection is closed, which comes to the same.
                if session.say("ROLLBACK").await.is_ok() {
                    session.rest();
                }
                Err(failure)
            }
        }
    }

    fn count(&self, count: usize, failure: Option<&Error>) {
        let counters = &self.counters;
        let failed = matches!(failure, Some(Error::Unavailable(_) | Error::OutcomeUnknown(_)));
        counters.failing.store(failed, Ordering::Relaxed);
        if failed {
            counters.failed_commits.fetch_add(1, Ordering::Relaxed);
        } else if failure.is_none() {
            counters.commits.fetch_add(1, Ordering::Relaxed);
            counters.operations.fetch_add(count as u64, Ordering::Relaxed);
        }
    }
}

/// Tries again where a failure passes and nothing can have happened.
async fn repeated<T, F>(attempt: impl Fn() -> F, may: impl Fn() -> bool) -> Outcome<T>
where
    F: Future<Output = Outcome<T>>,
{
    let mut attempts = 1;
    loop {
        match attempt().await {
            Err(failure) if attempts < ATTEMPTS_MAX && failure.is_passing() && may() => attempts += 1,
            outcome => return outcome,
        }
    }
}
