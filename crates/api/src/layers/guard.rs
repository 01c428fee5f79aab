//! What one client, or one fault, must not do to the others.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::around::Around;
use super::unread::{Room, Unread};
use crate::Error;

/// How much may be going on at once, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests that are worked on at once, not counting those whose body is still coming; one beyond that is
    /// answered 503.
    pub requests_max: usize,
    /// How long a request may take from its head to its answer, its body included; then it is answered 503.
    pub request_time_max: Duration,
    /// How long a client may take to send a body; then it is answered 408.
    pub body_time_max: Duration,
    /// Bytes of large answers that clients have not taken; a further one is answered 503.
    pub answer_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_max: 512,
            request_time_max: Duration::from_secs(30),
            body_time_max: Duration::from_secs(10),
            answer_bytes_max: 256 * 1024 * 1024,
        }
    }
}

/// The limits at work: takes a request where there is a place for it, and gives it up where it takes too long.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    unread: Unread,
    request_time_max: Duration,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.requests_max)),
            unread: Unread::new(limits.answer_bytes_max),
            request_time_max: limits.request_time_max,
        }
    }

    /// The same for routes whose answers are the same memory each time, and so need no room.
    pub(crate) fn of_constants(&self) -> Self {
        Self { unread: Unread::unbounded(), ..self.clone() }
    }
}

impl Around for Admission {
    type Begun = Admitted;

    fn begin(&self, request: &mut Request) -> Result<Self::Begun, Box<Response>> {
        let room = Room::new(self.unread.clone());
        let place = Place { places: Arc::clone(&self.places), held: Arc::default(), room };
        place.take().map_err(|busy| Box::new(busy.into_response()))?;
        request.extensions_mut().insert(place.clone());
        let only_reads = request.method().is_safe();
        Ok(Admitted { place, time_max: self.request_time_max, only_reads })
    }

    async fn end(begun: Admitted, answer: impl Future<Output = Response> + Send) -> Response {
        let Admitted { place, time_max, only_reads } = begun;
        let answer = timeout(time_max, answer).await;
        place.leave();
        let answer = answer.unwrap_or_else(|_| Error::TooSlow.into_response());
        let is_final = !only_reads && answer.status().is_success();
        place.room.hold(answer, is_final).await
    }
}

/// A request that has a place.
pub(crate) struct Admitted {
    place: Place,
    time_max: Duration,
    /// Whether it can have changed nothing.
    only_reads: bool,
}

/// The place of one request among those that are worked on.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    places: Arc<Semaphore>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
    /// For its answer.
    pub(crate) room: Room,
}

impl Place {
    fn take(&self) -> Result<(), Error> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Error::Busy)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
        Ok(())
    }

    fn leave(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits for the client without keeping the place from others: sending slowly must not be a way to hold many.
    pub(crate) async fn wait<T>(&self, client: impl Future<Output = T>) -> Result<T, Error> {
        self.leave();
        let sent = client.await;
        self.take()?;
        Ok(sent)
    }
}

/// The answer where a handler panicked. The panic itself was logged where it happened.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Error::Internal.into_response()
}
