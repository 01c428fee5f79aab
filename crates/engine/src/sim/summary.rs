//! What a run comes to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::stats::Percentiles;
use crate::quota::Kind;
use crate::time::Ms;

/// The summary of a run. Moments are milliseconds since its start.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Requests that reached the providers, without those of others.
    pub requests: u64,
    /// Those answered 429.
    pub rejected: u64,
    /// Polls among them.
    pub polls: u64,
    /// Live requests among them.
    pub live: u64,
    /// History requests among them, repeated ones included.
    pub history: u64,
    /// Chunks of history that were asked for.
    pub history_asked: u64,
    /// Chunks of history that were done.
    pub history_done: u64,
    /// Chunks given up after too many failures.
    pub history_given_up: u64,
    /// When the last chunk was done; `None` if some are not.
    pub history_finished_ms: Option<Ms>,
    /// The earliest that any scheduler could have finished with polls on time and no refusal risked, for all that it
    /// knows of the provider's clock; `None` if none ever could.
    pub lower_bound_ms: Option<Ms>,
    /// `history_finished_ms / lower_bound_ms`, both from when the first history was asked for.
    pub makespan_ratio: Option<f64>,
    /// The bound for 1.01 times the work, windows that no clock cuts taken as their length and the longest
    /// latency: what the goal is measured against.
    pub goal_bound_ms: Option<Ms>,
    /// `history_finished_ms / goal_bound_ms`, from the same moment.
    pub goal_ratio: Option<f64>,
    /// The same with windows taken as we charge them: `anchored` ones and leaking buckets as logs, two counters with a
    /// limit of one less, and what is in flight at a boundary on both sides of it. What is promised.
    pub promise_bound_ms: Option<Ms>,
    /// When the first history was asked for.
    pub history_from_ms: Ms,
    /// How late polls were sent, those never sent counted up to the end.
    pub poll_lateness_ms: Percentiles,
    /// The same without polls of those who joined beside history, until what was sent before they did counts no more, and
    /// after a crash likewise.
    pub settled_poll_lateness_ms: Percentiles,
    /// How late what was asked for live was sent, likewise.
    pub live_lateness_ms: Percentiles,
    /// Mean time between polls of a connection, per application.
    pub poll_period_ms: BTreeMap<String, Ms>,
    /// Longest time between polls of a connection, per application.
    pub poll_gap_ms_max: BTreeMap<String, Ms>,
    /// Largest stretch of a team's polling period, per application; 1 is none.
    pub poll_stretch: BTreeMap<String, f64>,
    /// Jain's index over teams of history served against each one's fair part while it could send; the
    /// least of all applications.
    pub jain: f64,
    /// How much of each application window was used.
    pub utilisation: Vec<WindowUse>,
    /// Requests decided per second, over the whole run including the simulated providers; `None` unless
    /// the run was timed.
    pub decisions_per_second: Option<f64>,
    /// When the run ended.
    pub ended_ms: Ms,
}

/// How much of a window was used.
#[derive(Clone, Debug, Serialize)]
pub struct WindowUse {
    /// The application.
    pub app: String,
    /// Length of the window.
    pub seconds: f64,
    /// Its limit at the end.
    pub limit: u64,
    /// How the provider counted it.
    pub server_kind: Kind,
    /// Units counted, of all that the windows which the run touched could have held.
    pub mean: f64,
    /// Most that was counted at once, per limit.
    pub peak: f64,
}

impl Summary {
    /// Notes how long the run took.
    #[must_use]
    pub fn timed(mut self, took: Duration) -> Self {
        let seconds = took.as_secs_f64();
        self.decisions_per_second = (seconds > 0.0).then(|| (self.requests as f64 / seconds).round());
        self
    }
}

/// Milliseconds as people say them.
fn span(ms: Ms) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{:.1} s", ms as f64 / 1e3),
        120_000..7_200_000 => format!("{:.1} min", ms as f64 / 6e4),
        _ => format!("{:.2} h", ms as f64 / 3.6e6),
    }
}

fn or_never(ms: Option<Ms>) -> String {
    ms.map_or("never".to_owned(), span)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "requests        {} ({} polls, {} live, {} history), {} rejected",
            self.requests, self.polls, self.live, self.history, self.rejected
        )?;
        let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.4}"));
        if self.history_asked == 0 {
            writeln!(f, "history done    none was asked for")?;
        } else {
            writeln!(
                f,
                "history done    {} (lower bound {}, ratio {})",
                or_never(self.history_finished_ms),
                or_never(self.lower_bound_ms),
                ratio(self.makespan_ratio)
            )?;
        }
        let late = |late: Percentiles| {
            format!("p50 {}, p99 {}, max {}", span(late.p50), span(late.p99), span(late.max))
        };
        writeln!(f, "poll lateness   {}", late(self.poll_lateness_ms))?;
        if self.settled_poll_lateness_ms.max < self.poll_lateness_ms.max {
            writeln!(f, "  once settled  {}", late(self.settled_poll_lateness_ms))?;
        }
        if self.live > 0 {
            writeln!(f, "live lateness   {}", late(self.live_lateness_ms))?;
        }
        for (app, period) in &self.poll_period_ms {
            writeln!(
                f,
                "poll period     {app}: {} (stretch {:.3}, longest gap {})",
                span(*period),
                self.poll_stretch.get(app).copied().unwrap_or(1.0),
                span(self.poll_gap_ms_max.get(app).copied().unwrap_or(0))
            )?;
        }
        writeln!(f, "fairness (Jain) {:.4}", self.jain)?;
        for used in &self.utilisation {
            writeln!(
                f,
                "window          {} {} per {}: {:.1}% used, peak {:.1}%",
                used.app,
                used.limit,
                span((used.seconds * 1_000.0) as Ms),
                used.mean * 100.0,
                used.peak * 100.0
            )?;
        }
        if let Some(rate) = self.decisions_per_second {
            writeln!(f, "decisions       {rate:.0} per second, simulation included")?;
        }
        write!(f, "ended           {}", span(self.ended_ms))
    }
}
