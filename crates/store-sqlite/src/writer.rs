//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lookback_store::{Error, Result};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::Options;
use crate::failure::{Failure, Outcome};
use crate::keeper::Keeper;
use crate::log::{self, Taker};
use crate::place::Place;
use crate::room;
use crate::team_changes::TeamChanges;

/// What the writer has done since the store was opened, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Groups of operations that were committed.
    pub commits: u64,
    /// Groups of operations that failed as a whole, such as on a full disk.
    pub failed_commits: u64,
    /// Operations in the committed groups.
    pub operations: u64,
    /// Operations that wait at this moment.
    pub queued: usize,
    /// How many can wait; beyond that, callers wait before they are queued.
    pub queue_max: usize,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    failed_commits: AtomicU64,
    operations: AtomicU64,
}

/// The way to the writer's thread.
pub(crate) struct Writer {
    /// Taken away when the store is dropped, which ends the thread.
    queue: Option<mpsc::Sender<Message>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    counters: Arc<Counters>,
    /// Whether it was asked to look, and has not begun to.
    is_to_look: Arc<AtomicBool>,
}

/// What the thread writes with.
pub(crate) struct Writing {
    pub(crate) connection: Connection,
    pub(crate) keeper: Keeper,
    pub(crate) place: Place,
    /// What a cache has to follow, where there is one.
    pub(crate) changes: Option<TeamChanges>,
}

enum Message {
    Run(Box<dyn Operation>),
    /// The log was taken over meanwhile: the rest is to be done, also where nothing more is written.
    Tidy,
    /// See whether others have changed teams.
    Look,
    /// Say whether writing is possible.
    Probe(oneshot::Sender<Result<()>>),
    /// Take what is queued, and nothing more.
    Close,
}

impl Writer {
    pub(crate) fn start(writing: Writing, taking: Connection, options: &Options) -> std::io::Result<Self> {
        let (queue, queued) = mpsc::channel(options.queue_max);
        let counters = Arc::new(Counters::default());
        let writer = queue.downgrade();
        // Where there is no room something else comes, after which it is tidied as well.
        let tell = move || drop(writer.upgrade().map(|writer| writer.try_send(Message::Tidy)));
        let taker = Taker::start(taking, tell)?;
        let is_to_look = Arc::new(AtomicBool::new(false));
        let thread = Thread {
            writing,
            taker,
            queued,
            is_to_look: Arc::clone(&is_to_look),
            counters: Arc::clone(&counters),
            group_max: options.group_max,
            failing: false,
            probe_pages: room::PAGES_MIN,
            has_probed: false,
        };
        let handle = thread::Builder::new().name("lookback-writer".to_owned()).spawn(|| thread.work())?;
        let thread = Arc::new(Mutex::new(Some(handle)));
        Ok(Self { queue: Some(queue), thread, counters, is_to_look })
    }

    /// Runs `operation` and answers when it is durable, or when it failed and has changed nothing.
    ///
    /// A caller that goes away changes nothing for others; its operation is done whole or not at all.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { operation: Some(operation), outcome: None, answer };
        self.send(Message::Run(Box::new(waiting))).await?;
        answered.await.unwrap_or_else(|_| Err(Error::unavailable("the writer has stopped")))
    }

    /// Whether writing is possible: the thread lives, the files are in their place, and the last commit went well or
    /// another one does.
    pub(crate) async fn probe(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Probe(answer)).await?;
        answered.await.unwrap_or_else(|_| Err(Error::unavailable("the writer has stopped")))
    }

    /// Has the cache follow what others have changed, some time soon; nobody waits for it.
    pub(crate) fn look(&self) {
        if self.is_to_look.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.queue.as_ref().is_none_or(|queue| queue.try_send(Message::Look).is_err()) {
            // There is no room: the next one asks again.
            self.is_to_look.store(false, Ordering::Relaxed);
        }
    }

    async fn send(&self, message: Message) -> Result<()> {
        let queue = self.queue.as_ref().ok_or_else(|| Error::unavailable("the store is closed"))?;
        queue.send(message).await.map_err(|_| Error::unavailable("the store is closed"))
    }

    /// Has everything written that was accepted, accepts nothing more, and waits for the thread to end.
    pub(crate) async fn close(&self) {
        // It does not matter whether somebody else has closed it before.
        let _ = self.send(Message::Close).await;
        let thread = Arc::clone(&self.thread);
        // Whoever closes it at the same time waits at the lock.
        let _ = tokio::task::spawn_blocking(move || join(&thread)).await;
    }

    pub(crate) fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let queue = |of: fn(&mpsc::Sender<Message>) -> usize| self.queue.as_ref().map_or(0, of);
        Stats {
            commits: read(&self.counters.commits),
            failed_commits: read(&self.counters.failed_commits),
            operations: read(&self.counters.operations),
            queued: queue(|queue| queue.max_capacity() - queue.capacity()),
            queue_max: queue(mpsc::Sender::max_capacity),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        join(&self.thread);
    }
}

fn join(thread: &Mutex<Option<JoinHandle<()>>>) {
    let mut thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = thread.take() {
        // A panic over there was reported when it happened; those who waited were told that it stopped.
        let _ = handle.join();
    }
}

/// An operation and whoever waits for it.
trait Operation: Send {
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;
    /// Does it, and keeps the outcome until it is durable.
    fn run(&mut self, db: &Connection) -> Result<()>;
    /// Tells the outcome, or why the whole group has none.
    fn acknowledge(self: Box<Self>, group: Result<()>);
}

struct Waiting<T, F> {
    operation: Option<F>,
    outcome: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Outcome<T> + Send> Operation for Waiting<T, F> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, db: &Connection) -> Result<()> {
        let operation = self.operation.take().expect("an operation is run once");
        // One that panics is a fault of ours; it must not end writing for everybody.
        let outcome = catch_unwind(AssertUnwindSafe(|| operation(db).map_err(|failure| failure.seen_by(db))));
        let outcome = outcome.unwrap_or_else(|_| Err(Error::unavailable("the operation panicked")));
        let outcome = self.outcome.insert(outcome);
        outcome.as_ref().map(|_| ()).map_err(Error::clone)
    }

    fn acknowledge(self: Box<Self>, group: Result<()>) {
        let Self { outcome, answer, .. } = *self;
        let outcome = group.and_then(|()| outcome.expect("a group is committed after all of it has run"));
        // Whoever has gone away meanwhile does not want to know.
        let _ = answer.send(outcome);
    }
}

/// The thread's own side.
struct Thread {
    writing: Writing,
    taker: Taker,
    queued: mpsc::Receiver<Message>,
    is_to_look: Arc<AtomicBool>,
    counters: Arc<Counters>,
    group_max: usize,
    /// Whether the last commit failed.
    failing: bool,
    /// How much there has to be room for until one goes well again.
    probe_pages: u32,
    /// Whether there was room for that since a commit failed.
    has_probed: bool,
}

impl Thread {
    fn work(mut self) {
        log::watch(&self.writing.connection);
        self.writing.keeper.renew();
        let mut messages = Vec::with_capacity(self.group_max);
        while self.queued.blocking_recv_many(&mut messages, self.group_max) > 0 {
            let mut group = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Run(operation) if operation.is_abandoned() => {}
                    Message::Run(operation) => group.push(operation),
                    // As after every message.
                    Message::Tidy => {}
                    Message::Look => self.look(),
                    // Whoever has gone away meanwhile does not want to know.
                    Message::Probe(answer) => drop(answer.send(self.probe())),
                    Message::Close => self.queued.close(),
                }
            }
            if !group.is_empty() {
                self.settle(group);
            }
            self.tidy();
        }
        drop(self.taker);
        self.writing.keeper.leave();
        // What is left in the log is found there again; so this may fail, such as beside a server that reads. It must
        // not wait for one: whoever wants to write would wait as well.
        let _ = self.writing.connection.busy_timeout(Duration::ZERO);
        let _ = self.writing.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Commits a group and tells everyone in it.
    fn settle(&mut self, mut group: Vec<Box<dyn Operation>>) {
        let committed = self.in_place(|db| {
            let committed = commit(db, &mut group);
            // However it ended, and at once: what one read found in the file, the next ones are not to miss in memory.
            self.writing.changes.iter().for_each(TeamChanges::forget);
            committed
        });
        self.probe_pages = match committed {
            Ok(()) => room::PAGES_MIN,
            // There was room for the last probe and not for this.
            Err(_) if self.has_probed => (2 * self.probe_pages).min(room::PAGES_MAX),
            Err(_) => self.probe_pages,
        };
        self.has_probed = false;
        self.failing = committed.is_err();
        let (counter, operations) = match committed {
            Ok(()) => (&self.counters.commits, group.len() as u64),
            Err(_) => (&self.counters.failed_commits, 0),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.counters.operations.fetch_add(operations, Ordering::Relaxed);
        for operation in group {
            operation.acknowledge(committed.clone());
        }
    }

    /// Has the cache follow what others have changed.
    fn look(&self) {
        // Before it does, or who asks because of what comes later would not be heard.
        self.is_to_look.store(false, Ordering::Relaxed);
        if let Some(changes) = &self.writing.changes {
            changes.look(&self.writing.connection);
        }
    }

    /// Has a long log taken over into the database, after those who wait were told.
    fn tidy(&self) {
        if self.taker.tend() {
            self.writing.keeper.leave();
            log::checkpoint(&self.writing.connection);
        }
        self.writing.keeper.renew();
    }

    /// Commits something. It counts only where the files are in their place afterwards too: where they are not, it is
    /// in files that may be put back, or never seen again.
    fn in_place(&self, commit: impl FnOnce(&Connection) -> Outcome<()>) -> Result<()> {
        self.writing.place.check()?;
        commit(&self.writing.connection).map_err(|failure| failure.seen_by(&self.writing.connection))?;
        self.writing.place.check().map_err(Error::outcome_unknown)
    }

    /// Whether a commit would go well; where the last one did not, one that changes nothing is made, after it was seen that
    /// there is room for more than that.
    fn probe(&mut self) -> Result<()> {
        if !self.failing {
            return self.writing.place.check();
        }
        let written = self.in_place(|db| {
            room::find(db, self.probe_pages)?;
            let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok(db.pragma_update(None, "user_version", version)?)
        });
        self.failing = written.is_err();
        self.has_probed = written.is_ok();
        written
    }
}

/// Runs all of a group in one transaction, each in its own savepoint. Where this fails nothing has happened.
fn commit(db: &Connection, group: &mut [Box<dyn Operation>]) -> Outcome<()> {
    let say = |sql: &str| db.prepare_cached(sql)?.execute([]);
    let attempt = || -> Outcome<()> {
        say("BEGIN IMMEDIATE")?;
        for operation in group {
            say("SAVEPOINT operation")?;
            if let Err(error) = operation.run(db) {
                // On some errors, such as a full disk, SQLite ends the whole transaction.
                if db.is_autocommit() {
                    return Err(Failure::Refused(error));
                }
                say("ROLLBACK TO operation")?;
            }
            say("RELEASE operation")?;
        }
        say("COMMIT")?;
        Ok(())
    };
    let outcome = attempt();
    if outcome.is_err() && !db.is_autocommit() {
        say("ROLLBACK")?;
    }
    outcome
}

#[cfg(test)]
mod tests;
