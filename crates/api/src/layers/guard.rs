//! What one client, or one fault, must not do to the others.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Error;

/// How much may be going on at once, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests that are worked on at once; one beyond that is answered 503.
    pub requests_max: usize,
    /// How long a request may take from its head to its answer, its body included; then it is answered 503.
    pub request_time_max: Duration,
    /// How long a client may take to send a body; then it is answered 408.
    pub body_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_max: 512,
            request_time_max: Duration::from_secs(30),
            body_time_max: Duration::from_secs(10),
        }
    }
}

/// The limits at work.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    request_time_max: Duration,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.requests_max)),
            request_time_max: limits.request_time_max,
        }
    }
}

/// Takes a request where there is a place for it, and gives it up where it takes too long.
pub(crate) async fn admit(State(admission): State<Admission>, request: Request, next: Next) -> Response {
    let Ok(_place) = admission.places.try_acquire() else {
        return Error::Busy.into_response();
    };
    let answer = timeout(admission.request_time_max, next.run(request)).await;
    answer.unwrap_or_else(|_| Error::TooSlow.into_response())
}

/// The answer where a handler panicked. The panic itself was logged where it happened.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Error::Internal.into_response()
}
