//! Numbers and a log line for each request, and the id that ties them to the answer.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tracing::{Instrument, Span};

use super::around::Around;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The address a request comes from, put there by the server that accepted it.
#[derive(Debug, Clone, Copy)]
pub struct Observed(pub IpAddr);

/// The id of a request: in its answer's `X-Request-Id` and in every log line about it.
struct RequestId(String);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    method: &'static str,
    route: String,
    status: u16,
}

/// What is answered where we failed; there is no other.
const FAILURES: [StatusCode; 2] = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    status: u16,
}

/// The numbers of a server. No label tells tenants apart.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

pub(crate) struct Inner {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    failures: Family<Failure, Counter>,
    latency: Family<Route, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    /// What ids begin with, and how many were given out: unique without randomness for each request.
    server: u64,
    request: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(Registry::default(), 0)
    }
}

/// 100 µs to 26 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 19))
}

impl Metrics {
    /// The metrics of a server; `registry` may have others, and `server` is a random number that tells this
    /// process's request ids from those of another.
    pub fn new(mut registry: Registry, server: u64) -> Self {
        let requests = Family::default();
        let failures = Family::<_, Counter>::default();
        // A series that begins with its first failure shows none to whoever asks for its rate. Of the requests by route there
        // would be too many.
        for status in FAILURES {
            drop(failures.get_or_create(&Failure { status: status.as_u16() }));
        }
        let latency: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(latencies);
        let in_flight = Gauge::default();
        registry.register("lookback_http_requests", "Requests answered", requests.clone());
        registry.register(
            "lookback_http_failures",
            "Requests answered with a status of 5xx, by it alone",
            failures.clone(),
        );
        registry.register(
            "lookback_http_request_seconds",
            "Time from a request's head to its answer",
            latency.clone(),
        );
        registry.register(
            "lookback_http_requests_in_flight",
            "Requests that are worked on",
            in_flight.clone(),
        );
        Self(Arc::new(Inner {
            registry,
            requests,
            failures,
            latency,
            in_flight,
            server,
            request: AtomicU64::new(0),
        }))
    }

    /// The numbers in the text format of OpenMetrics.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }

    fn request_id(&self) -> RequestId {
        let (server, request) = (self.0.server, self.0.request.fetch_add(1, Ordering::Relaxed));
        let mut id = String::with_capacity(25);
        // Writing to a string cannot fail.
        let _ = write!(id, "{server:016x}-{request:x}");
        RequestId(id)
    }
}

/// A method as a label: whatever is not a standard one is one label, so that nobody can fill the memory.
fn method_label(request: &Request) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "other",
    }
}

/// A request that is measured until its answer.
pub(crate) struct Observing {
    started: Instant,
    inner: Arc<Inner>,
    id: RequestId,
    span: Span,
    method: &'static str,
    path: Option<MatchedPath>,
    client: Option<IpAddr>,
}

/// Measures and logs a request, and gives its answer the id and a word to caches.
impl Around for Metrics {
    type Begun = Observing;

    #[expect(clippy::disallowed_methods, reason = "a measurement for metrics and logs")]
    fn begin(&self, request: &mut Request) -> Result<Observing, Box<Response>> {
        let (started, id) = (Instant::now(), self.request_id());
        let path = request.extensions().get::<MatchedPath>().cloned();
        let client = request.extensions().get::<Observed>().map(|&Observed(address)| address);
        // The id alone, since a span's fields are written out for each request, logged or not.
        let span = tracing::info_span!("request", id = id.0);
        self.0.in_flight.inc();
        let (method, inner) = (method_label(request), Arc::clone(&self.0));
        Ok(Observing { started, inner, id, span, method, path, client })
    }

    async fn end(begun: Observing, answer: impl Future<Output = Response> + Send) -> Response {
        let mut response = answer.instrument(begun.span.clone()).await;
        begun.answered(response.status());
        if let Ok(id) = HeaderValue::try_from(&begun.id.0) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        // Who may see it follows from a header that caches on the way know nothing of.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Observing {
    fn answered(&self, status: StatusCode) {
        let (took, status) = (self.started.elapsed(), status.as_u16());
        let (method, route) = (self.method, self.path.as_ref().map_or("none", MatchedPath::as_str));
        self.span.in_scope(|| log(method, route, status, took, self.client));
        if status >= 500 {
            self.inner.failures.get_or_create(&Failure { status }).inc();
        }
        let labels = Route { method, route: route.to_owned() };
        self.inner.latency.get_or_create(&labels).observe(took.as_secs_f64());
        let Route { method, route } = labels;
        self.inner.requests.get_or_create(&Outcome { method, route, status }).inc();
    }
}

/// Also where the client goes away before the answer.
impl Drop for Observing {
    fn drop(&mut self) {
        self.inner.in_flight.dec();
    }
}

/// One line a request: what failed on our side is a warning, the rest is there for who asks for it.
fn log(method: &str, route: &str, status: u16, took: Duration, client: Option<IpAddr>) {
    let took_ms = took.as_secs_f64() * 1e3;
    let client = client.map(tracing::field::display);
    if status >= 500 {
        tracing::warn!(method, route, status, took_ms, client, "answered");
    } else {
        tracing::debug!(method, route, status, took_ms, client, "answered");
    }
}
