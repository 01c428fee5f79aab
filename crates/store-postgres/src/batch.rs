//! What many ask at the same time, asked at once.
//!
//! A worker takes all that waits, up to a bound, and answers all of it; meanwhile more comes together for the
//! next. So nobody waits for a batch to fill, and under load the price of a round trip and of a commit is shared. What
//! is taken was asked before the statement is sent: an answer is never older than its question.

use std::sync::Mutex as Locked;
use std::sync::{Arc, PoisonError};

use lookback_store::{Error, Result};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;

/// How many may wait; beyond that, callers wait to be queued.
const QUEUE_MAX: usize = 1024;

/// The way to the workers of one kind of question.
pub(crate) struct Batches<Q, A> {
    queue: Locked<Option<mpsc::Sender<Asked<Q, A>>>>,
    workers: Mutex<JoinSet<()>>,
}

/// A question and whoever waits for the answer.
pub(crate) struct Asked<Q, A> {
    pub(crate) question: Q,
    answer: oneshot::Sender<Result<A>>,
}

impl<Q, A> Asked<Q, A> {
    /// Whoever has gone away meanwhile does not want to know.
    pub(crate) fn answer(self, answer: Result<A>) {
        let _ = self.answer.send(answer);
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batches<Q, A> {
    /// `work` answers up to `batch_max` questions at once; each worker has one batch at a time.
    pub(crate) fn start<F>(
        workers: usize,
        batch_max: usize,
        work: impl Fn(Vec<Asked<Q, A>>) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let queued = Arc::new(Mutex::new(queued));
        let worker = |_| {
            let (queued, work) = (Arc::clone(&queued), work.clone());
            async move {
                loop {
                    let mut batch: Vec<Asked<Q, A>> = Vec::new();
                    if queued.lock().await.recv_many(&mut batch, batch_max).await == 0 {
                        return;
                    }
                    batch.retain(|asked| !asked.answer.is_closed());
                    if !batch.is_empty() {
                        work(batch).await;
                    }
                }
            }
        };
        let workers = (0..workers.max(1)).map(worker).collect();
        Self { queue: Locked::new(Some(queue)), workers: Mutex::new(workers) }
    }

    /// The answer to one question.
    pub(crate) async fn ask(&self, question: Q) -> Result<A> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or_else(|| Error::unavailable("the store is closed"))?;
        let (answer, answered) = oneshot::channel();
        let stopped = || Error::unavailable("the store has stopped");
        queue.send(Asked { question, answer }).await.map_err(|_| stopped())?;
        drop(queue);
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// How many wait at this moment, and how many can.
    pub(crate) fn queued(&self) -> (usize, usize) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().map_or((0, QUEUE_MAX), |queue| (queue.max_capacity() - queue.capacity(), QUEUE_MAX))
    }

    /// Answers what was asked, and takes nothing more.
    pub(crate) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut workers = self.workers.lock().await;
        while workers.join_next().await.is_some() {}
    }
}
