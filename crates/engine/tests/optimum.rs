//! Small instances, enumerated: the engine against the best that any schedule can do.

use lookback_engine::quota::{Kind, WindowSpec};
use lookback_engine::sim::provider::Provider;
use lookback_engine::sim::{Work, earliest_ms};
use lookback_engine::{AppSpec, Cost, Engine, Ms, Response, Status};
use std::collections::BTreeSet;

/// Time moves in steps of this.
const STEP_MS: Ms = 1_000;
const START_MS: Ms = 1_764_000_000_000;

/// The earliest step at which `requests` can all have been accepted by a provider, over every choice of how
/// many to send at each step. States are the numbers sent so far at each step, which a provider replays.
fn optimum(windows: &[WindowSpec], kind: Kind, requests: usize) -> Ms {
    let mut states: BTreeSet<Vec<u64>> = BTreeSet::from([Vec::new()]);
    for step in 0.. {
        let mut next = BTreeSet::new();
        for state in &states {
            for count in 0..=requests as u64 {
                let mut tried = state.clone();
                tried.push(count);
                if accepted(windows, kind, &tried) {
                    if tried.iter().sum::<u64>() as usize >= requests {
                        return step * STEP_MS;
                    }
                    next.insert(tried);
                } else {
                    break;
                }
            }
        }
        states = next;
        assert!(step < 40, "an instance this small ends sooner");
    }
    unreachable!("the loop has no end but these")
}

fn accepted(windows: &[WindowSpec], kind: Kind, counts: &[u64]) -> bool {
    let mut provider = Provider::new(windows, &[], kind);
    counts.iter().enumerate().all(|(step, count)| {
        (0..*count).all(|_| provider.arrive(START_MS + step as Ms * STEP_MS, None, Cost::ONE).accepted)
    })
}

/// When the engine is done if every response is instant.
fn engine(windows: &[WindowSpec], requests: u32) -> Ms {
    let mut engine = Engine::new();
    engine.add_app(AppSpec { windows: windows.to_vec(), ..AppSpec::default() }, START_MS).expect("in range");
    engine.add_team(0, 1, START_MS);
    engine.add_user(0, 0);
    engine.pull(0, 0, Cost::ONE, 1, Some(0..requests), START_MS);
    let mut sent = 0;
    loop {
        let now_ms = engine.wake_ms().expect("history waits for quota, not for nothing");
        while let Some(grant) = engine.decide(now_ms) {
            engine.respond(grant.id, &Response::plain(Status::Served), now_ms);
            sent += 1;
            if sent == requests {
                return now_ms - START_MS;
            }
        }
    }
}

#[test]
fn nothing_beats_the_optimum_and_the_engine_comes_within_its_margins() {
    for (kind, most) in [
        (Kind::Aligned, 5_usize),
        (Kind::Log, 5),
        (Kind::Anchored, 5),
        (Kind::Bucket, 4),
        (Kind::TwoCounter, 4),
    ] {
        for limit in 1..=3 {
            for long in [None, Some(limit + 1), Some(limit + 3)] {
                for requests in 1..=most {
                    let mut windows = vec![WindowSpec::requests(limit, 4_000, kind)];
                    windows.extend(long.map(|limit| WindowSpec::requests(limit, 8_000, kind)));
                    let best = optimum(&windows, kind, requests);
                    let ours = engine(&windows, requests as u32);
                    // A second of clock error for aligned windows; a millisecond a window for logs.
                    let margin = if kind == Kind::Aligned { 1_000 } else { 1 + 2 * requests as Ms };
                    // The other kinds are charged as something stricter than they are.
                    assert!(
                        ours <= best + margin || !matches!(kind, Kind::Aligned | Kind::Log),
                        "{kind:?} {limit} {long:?} {requests}: {ours} against {best}"
                    );
                    // The optimum moves in steps: it may lose one at each wait.
                    let steps = requests as Ms * STEP_MS;
                    assert!(
                        best <= ours + steps,
                        "{kind:?} {limit} {long:?} {requests}: {ours} before {best}"
                    );
                    let work = Work {
                        windows: &windows,
                        cost: Cost::ONE,
                        poll_cost: Cost::ONE,
                        polls: &[],
                        poll_slack_ms: 0,
                        on_both_sides: None,
                        from_ms: START_MS,
                        start_ms: START_MS,
                        requests: requests as u64,
                        latency_ms: 0,
                    };
                    let bound = earliest_ms(&work).expect("nothing polls") - START_MS;
                    assert!(
                        bound <= ours && bound <= best,
                        "{kind:?} {limit} {long:?} {requests}: {bound} > {best}"
                    );
                }
            }
        }
    }
}
