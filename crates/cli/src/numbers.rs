//! What a store tells about itself, read when somebody asks for the metrics.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// One number. Its name on the wire begins with `lookback_store_`.
pub struct Number {
    name: &'static str,
    help: &'static str,
    value: Value,
}

enum Value {
    /// Only ever grows.
    Count(u64),
    Gauge(usize),
}

impl Number {
    /// Commits that went well.
    pub fn commits(count: u64) -> Self {
        let value = Value::Count(count);
        Self { name: "commits", help: "Commits that went well", value }
    }

    /// Commits that did not.
    pub fn failed_commits(count: u64) -> Self {
        let value = Value::Count(count);
        Self { name: "failed_commits", help: "Commits that failed, with every operation in them", value }
    }

    /// Operations in the commits that went well.
    pub fn committed_operations(count: u64) -> Self {
        let help = "Operations in the commits; divided by commits, how well they are grouped";
        Self { name: "committed_operations", help, value: Value::Count(count) }
    }

    /// Writes that wait.
    pub fn queued_operations(count: usize) -> Self {
        Self::gauge("queued_operations", "Operations that wait to be written", count)
    }

    /// How many writes can wait.
    pub fn queued_operations_max(count: usize) -> Self {
        Self::gauge("queued_operations_max", "How many can wait before callers do", count)
    }

    /// Something that comes and goes.
    pub fn gauge(name: &'static str, help: &'static str, value: usize) -> Self {
        Self { name, help, value: Value::Gauge(value) }
    }
}

/// All that one store tells.
pub struct Numbers(Box<dyn Fn() -> Vec<Number> + Send + Sync>);

impl Numbers {
    /// What `read` gives each time somebody asks.
    pub fn new(read: impl Fn() -> Vec<Number> + Send + Sync + 'static) -> Self {
        Self(Box::new(read))
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Numbers(…)")
    }
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Number { name, help, value } in (self.0)() {
            let name = format!("lookback_store_{name}");
            let no_unit = None::<&Unit>;
            match value {
                Value::Count(count) => {
                    let metric = ConstCounter::new(count);
                    let kind = metric.metric_type();
                    metric.encode(encoder.encode_descriptor(&name, help, no_unit, kind)?)?;
                }
                Value::Gauge(value) => {
                    let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
                    let kind = metric.metric_type();
                    metric.encode(encoder.encode_descriptor(&name, help, no_unit, kind)?)?;
                }
            }
        }
        Ok(())
    }
}
