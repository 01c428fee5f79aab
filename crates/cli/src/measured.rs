//! How long each operation of a store takes.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use lookback_store::{Error, Lifecycle, Result};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

/// A store whose operations are timed.
pub struct Measured<S: ?Sized> {
    inner: Arc<S>,
    latency: Family<Operation, Histogram, fn() -> Histogram>,
    failures: Family<Operation, Counter>,
}

/// The names of the operations of a store.
macro_rules! names {
    ($($of:ident { $($operation:ident($($name:ident: $type:ty),*) -> $output:ty;)+ })+) => {
        &[$($(stringify!($operation),)+)+]
    };
}

const OPERATIONS: &[&str] = lookback_store::operations!(names);
const READY: &str = "ready";

/// 10 µs to 5 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.00001, 2.0, 20))
}

impl<S: ?Sized> Measured<S> {
    /// `inner` with its operations timed; the numbers go to `registry`.
    pub fn new(inner: Arc<S>, registry: &mut Registry) -> Self {
        let latency: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(latencies);
        let failures = Family::<_, Counter>::default();
        // A series that begins with its first failure shows none to whoever asks for its rate.
        for operation in OPERATIONS.iter().copied().chain([READY]) {
            drop(failures.get_or_create(&Operation { operation }));
        }
        registry.register(
            "lookback_store_operation_seconds",
            "Time an operation of the store takes",
            latency.clone(),
        );
        registry.register(
            "lookback_store_failures",
            "Operations that failed since the store is unavailable",
            failures.clone(),
        );
        Self { inner, latency, failures }
    }

    #[expect(clippy::disallowed_methods, reason = "a measurement for metrics")]
    async fn time<T>(
        &self,
        operation: &'static str,
        running: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let started = Instant::now();
        let outcome = running.await;
        let label = Operation { operation };
        self.latency.get_or_create(&label).observe(started.elapsed().as_secs_f64());
        if matches!(outcome, Err(Error::Unavailable(_) | Error::OutcomeUnknown(_))) {
            self.failures.get_or_create(&label).inc();
        }
        outcome
    }
}

/// Has each operation of a trait done by the store within, and timed.
macro_rules! timed {
    ($($of:ident { $($operation:ident($($name:ident: $type:ty),*) -> $output:ty;)+ })+) => {$(
        #[async_trait]
        impl<S: lookback_store::$of + ?Sized> lookback_store::$of for Measured<S> {
            $(async fn $operation(&self, $($name: $type),*) -> Result<$output> {
                self.time(stringify!($operation), self.inner.$operation($($name),*)).await
            })+
        }
    )+};
}

lookback_store::operations!(timed);

#[async_trait]
impl<S: Lifecycle + ?Sized> Lifecycle for Measured<S> {
    async fn ready(&self) -> Result<()> {
        self.time(READY, self.inner.ready()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
