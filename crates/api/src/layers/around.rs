//! A layer as two steps: one before a request goes on, and one when it is answered.
//!
//! The framework's `from_fn` clones and boxes all that is below it, for each layer and each request. These hold what is
//! below them as it is.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

/// What a layer does.
pub(crate) trait Around: Clone + Send + Sync + 'static {
    /// What is remembered of a request until its answer.
    type Begun: Send + 'static;

    /// Looks at a request before it goes on. An error is its answer; nobody else sees the request then.
    fn begin(&self, request: &mut Request) -> Result<Self::Begun, Box<Response>>;

    /// Waits for the answer of whatever is below.
    fn end(
        begun: Self::Begun,
        answer: impl Future<Output = Response> + Send,
    ) -> impl Future<Output = Response> + Send;
}

/// Nothing where there is none.
impl<A: Around> Around for Option<A> {
    type Begun = Option<A::Begun>;

    fn begin(&self, request: &mut Request) -> Result<Self::Begun, Box<Response>> {
        self.as_ref().map(|around| around.begin(request)).transpose()
    }

    async fn end(begun: Self::Begun, answer: impl Future<Output = Response> + Send) -> Response {
        match begun {
            Some(begun) => A::end(begun, answer).await,
            None => answer.await,
        }
    }
}

/// Puts an [`Around`] around a service.
#[derive(Debug, Clone)]
pub(crate) struct AroundLayer<A>(pub(crate) A);

impl<A: Clone, S> Layer<S> for AroundLayer<A> {
    type Service = Layered<A, S>;

    fn layer(&self, inner: S) -> Layered<A, S> {
        Layered { around: self.0.clone(), inner }
    }
}

/// A service with an [`Around`] around it.
#[derive(Debug, Clone)]
pub(crate) struct Layered<A, S> {
    around: A,
    inner: S,
}

impl<A, S> Service<Request> for Layered<A, S>
where
    A: Around,
    S: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match self.around.begin(&mut request) {
            Ok(begun) => {
                let answer = self.inner.call(request);
                let answer = async { answer.await.into_response() };
                Box::pin(async { Ok(A::end(begun, answer).await) })
            }
            Err(answer) => Box::pin(ready(Ok(*answer))),
        }
    }
}
