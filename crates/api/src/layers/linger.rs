//! Letting a client read its answer while it is still sending.
//!
//! An answer may be ready before the body has come: the key is no good, the body is too large, the server is busy.
//! Closing the connection then would throw away what the client sends, and most systems throw away the answer with
//! it. So what is left of a body is taken and forgotten, up to a bound.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http::header;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// Bytes that are taken and forgotten; who sends more finds the connection closed.
const FORGOTTEN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// `request`, with the rest of a body that nobody reads taken from the client, for `time_max` at most.
pub(crate) fn linger(request: Request, time_max: Duration) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let held_back = request.headers().contains_key(header::EXPECT);
    request.map(|body| Body::new(Lingering { body: Some(body), held_back, time_max }))
}

struct Lingering {
    /// Gone when it has ended or broken off.
    body: Option<Body>,
    /// The client sends nothing until somebody begins to read.
    held_back: bool,
    time_max: Duration,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.held_back = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream() && !self.held_back) else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(self.time_max, forget(body)));
        }
    }
}

async fn forget(mut body: Body) {
    let mut forgotten = 0;
    while forgotten < FORGOTTEN_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        forgotten += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}
