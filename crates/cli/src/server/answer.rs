//! How long a client may take to take an answer.
//!
//! An answer that fits the system's buffers is gone at once, however slowly it is read. One that does not keeps the
//! connection, and its bytes in memory, until the client has taken enough of it; taking a byte now and then must not be
//! a way to keep both.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Tells a [`Bounded`] stream that what is written from here on is another answer.
#[derive(Debug, Clone, Default)]
pub struct NextAnswer(Arc<AtomicBool>);

impl NextAnswer {
    /// Another answer begins.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A stream that fails where a single answer keeps it waiting for too long in all.
#[derive(Debug)]
pub struct Bounded<S> {
    inner: S,
    answer_time_max: Duration,
    next: NextAnswer,
    /// Runs from when the client first made this answer wait.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Bounded<S> {
    /// `inner` with this bound, and how to tell it of the next answer.
    pub fn new(inner: S, answer_time_max: Duration) -> (Self, NextAnswer) {
        let next = NextAnswer::default();
        (Self { inner, answer_time_max, next: next.clone(), patience: None }, next)
    }

    /// What a write came to; one that waits does so only while there is patience left.
    fn bounded<T>(&mut self, context: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            return written;
        }
        if self.next.0.swap(false, Ordering::Relaxed) {
            self.patience = None;
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(self.answer_time_max)));
        match patience.as_mut().poll(context) {
            Poll::Ready(()) => {
                Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the answer was not taken in time")))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.bounded(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(context);
        self.bounded(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, advance};

    use super::*;

    const BOUND: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn taking_a_byte_now_and_then_does_not_keep_an_answer_waiting_for_longer() {
        let (server, mut client) = duplex(10);
        let (mut stream, next) = Bounded::new(server, BOUND);
        next.begin();
        let begun = Instant::now();
        let taking = async {
            for _ in 0..90 {
                advance(Duration::from_secs(1)).await;
                client.read_u8().await?;
            }
            Result::Ok(())
        };
        let writing = async move { stream.write_all(&[0; 100]).await };
        let (written, _) = tokio::join!(writing, taking);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= BOUND);
    }

    #[tokio::test(start_paused = true)]
    async fn every_answer_has_the_whole_time() {
        let (server, mut client) = duplex(10);
        let (mut stream, next) = Bounded::new(server, BOUND);
        for _ in 0..5 {
            next.begin();
            let taking = async {
                advance(BOUND - Duration::from_secs(1)).await;
                client.read_exact(&mut [0; 20]).await
            };
            let (written, taken) = tokio::join!(stream.write_all(&[0; 20]), taking);
            written.unwrap();
            taken.unwrap();
        }
    }
}
