//! What a pull will cost, before it is asked for: the same engine, run in virtual time many times over.

use serde::Serialize;

use crate::sim::{Percentiles, Scenario, SimError, Summary, run};
use crate::time::Ms;

/// What becomes of the work that a scenario describes.
#[derive(Clone, Debug, Serialize)]
pub struct Forecast {
    /// Runs made: each with other latencies and failures.
    pub runs: u64,
    /// Runs in which history was not done before the scenario's end; their finish counts as never.
    pub unfinished: u64,
    /// Requests that all historical pulls take, without repeats.
    pub requests: u64,
    /// When history is done in half of all runs, milliseconds from the start; `None` if that is beyond the
    /// scenario's end.
    pub finish_ms_p50: Option<Ms>,
    /// The same in nine of ten runs.
    pub finish_ms_p90: Option<Ms>,
    /// When any scheduler could be done at the earliest; `None` if polls leave no room at all.
    pub lower_bound_ms: Option<Ms>,
    /// Polling while history is pulled, worst of all runs.
    pub during: Polling,
    /// Polling without the history.
    pub before: Polling,
}

/// What polling is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Polling {
    /// Longest mean time between polls of any application, milliseconds.
    pub period_ms: Ms,
    /// Largest stretch of any team's period; 1 is none.
    pub stretch: f64,
    /// How late polls are against their stretched times.
    pub lateness_ms: Percentiles,
}

impl Polling {
    fn of(summary: &Summary) -> Self {
        Self {
            period_ms: summary.poll_period_ms.values().copied().max().unwrap_or(0),
            stretch: summary.poll_stretch.values().copied().fold(1.0, f64::max),
            lateness_ms: summary.poll_lateness_ms,
        }
    }

    fn worse(self, other: Self) -> Self {
        Self {
            period_ms: self.period_ms.max(other.period_ms),
            stretch: self.stretch.max(other.stretch),
            lateness_ms: Percentiles {
                p50: self.lateness_ms.p50.max(other.lateness_ms.p50),
                p99: self.lateness_ms.p99.max(other.lateness_ms.p99),
                max: self.lateness_ms.max.max(other.lateness_ms.max),
            },
        }
    }
}

/// Runs `scenario` with seeds counted up from its own while `go_on` says so (it is told how many runs are
/// made), at least once.
///
/// # Errors
/// Where the scenario cannot be run.
pub fn forecast(scenario: &Scenario, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Forecast, SimError> {
    let mut finishes = Vec::new();
    let mut during = Polling::default();
    let mut last = None;
    while last.is_none() || go_on(finishes.len() as u64) {
        let seed = scenario.seed.wrapping_add(finishes.len() as u64);
        let summary = run(&Scenario { seed, ..scenario.clone() }, None)?;
        // Never sorts after every moment.
        finishes.push(summary.history_finished_ms.unwrap_or(Ms::MAX));
        during = during.worse(Polling::of(&summary));
        last = Some(summary);
    }
    finishes.sort_unstable();
    let quantile = |tenths: usize| {
        let rank = (finishes.len() * tenths).div_ceil(10).max(1);
        Some(finishes[rank - 1]).filter(|finish| *finish < Ms::MAX)
    };
    Ok(Forecast {
        runs: finishes.len() as u64,
        unfinished: finishes.iter().filter(|finish| **finish == Ms::MAX).count() as u64,
        requests: asked(scenario),
        finish_ms_p50: quantile(5),
        finish_ms_p90: quantile(9),
        lower_bound_ms: last.and_then(|summary| summary.lower_bound_ms),
        during,
        before: Polling::of(&run(&without_history(scenario), None)?),
    })
}

fn asked(scenario: &Scenario) -> u64 {
    let teams = scenario.app.iter().flat_map(|app| &app.team);
    teams.map(|team| u64::from(team.history_connections) * u64::from(team.history_requests)).sum()
}

/// The same applications on a day without history.
fn without_history(scenario: &Scenario) -> Scenario {
    let mut quiet = scenario.clone();
    quiet.until_hours = quiet.until_hours.min(24.0);
    for team in quiet.app.iter_mut().flat_map(|app| &mut app.team) {
        team.history_requests = 0;
    }
    quiet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_says_what_the_simulator_then_does() {
        let text = include_str!("../../../scenarios/strava-aligned.toml");
        let scenario = Scenario::parse(text).unwrap();
        let forecast = forecast(&scenario, &mut |runs| runs < 5).unwrap();
        let other = Scenario { seed: 4_711, ..scenario };
        let done = run(&other, None).unwrap().history_finished_ms.unwrap() as f64;
        let said = forecast.finish_ms_p50.unwrap() as f64;
        assert!((said / done - 1.0).abs() < 0.05, "{said} against {done}");
        assert!(forecast.lower_bound_ms <= forecast.finish_ms_p50);
        assert_eq!((forecast.requests, forecast.unfinished), (1_500, 0));
        assert_eq!(forecast.before.period_ms, 900_000);
    }

    #[test]
    fn what_cannot_be_done_in_time_is_said_to_be_so_and_bounded() {
        let text = include_str!("../../../scenarios/strava-aligned.toml")
            .replace("until_hours = 400", "until_hours = 10");
        let forecast = forecast(&Scenario::parse(&text).unwrap(), &mut |_| false).unwrap();
        assert_eq!((forecast.runs, forecast.unfinished, forecast.finish_ms_p50), (1, 1, None));
        assert!(forecast.lower_bound_ms.is_some());
    }
}
