//! Small instances, enumerated: the engine against the best that any schedule can do.

use lookback_engine::quota::{Kind, WindowSpec};
use lookback_engine::sim::provider::Provider;
use lookback_engine::sim::{Polls, Work, earliest_ms, fastest};
use lookback_engine::{AppSpec, Cost, Engine, Ms, Response, Status};
use std::collections::BTreeSet;

/// Time moves in steps of this.
const STEP_MS: Ms = 1_000;
const START_MS: Ms = 1_764_000_000_000;

/// The earliest step at which `requests` can all have been accepted, over every choice of how many to send at each
/// step. States are the numbers sent so far at each step, which `accepted` replays.
fn optimum(requests: usize, accepted: &dyn Fn(&[u64]) -> bool) -> Ms {
    let mut states: BTreeSet<Vec<u64>> = BTreeSet::from([Vec::new()]);
    for step in 0.. {
        let mut next = BTreeSet::new();
        for state in &states {
            for count in 0..=requests as u64 {
                let mut tried = state.clone();
                tried.push(count);
                if accepted(&tried) {
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

/// Whether a provider that counts as `kind` accepts so many at each step from `start_ms` on by its clock.
fn accepted(windows: &[WindowSpec], kind: Kind, start_ms: Ms, counts: &[u64]) -> bool {
    let mut provider = Provider::new(windows, &[], kind);
    counts.iter().enumerate().all(|(step, count)| {
        (0..*count).all(|_| provider.arrive(start_ms + step as Ms * STEP_MS, None, Cost::ONE).accepted)
    })
}

/// How long the engine takes that begins at `start_ms` with what people `need`, each in a team of their own, if every
/// response is instant.
fn engine(spec: AppSpec, needs: &[u64], start_ms: Ms) -> Ms {
    let mut engine = Engine::new();
    engine.add_app(spec, start_ms).expect("in range");
    for (person, needs) in (0..).zip(needs) {
        engine.add_team(0, 1, start_ms);
        engine.add_user(0, person);
        engine.pull(0, person, Cost::ONE, 1, Some(0..*needs as u32), start_ms);
    }
    let mut left: u64 = needs.iter().sum();
    loop {
        let now_ms = engine.wake_ms().expect("history waits for quota, not for nothing");
        while let Some(grant) = engine.decide(now_ms) {
            engine.respond(grant.id, &Response::plain(Status::Served), now_ms);
            left -= 1;
            if left == 0 {
                return now_ms - start_ms;
            }
        }
    }
}

/// One person's `requests`, likewise.
fn engine_of_one(windows: &[WindowSpec], start_ms: Ms, requests: usize) -> Ms {
    engine(AppSpec { windows: windows.to_vec(), ..AppSpec::default() }, &[requests as u64], start_ms)
}

fn work(windows: &[WindowSpec], from_ms: Ms, requests: usize) -> Work<'_> {
    Work {
        windows,
        cost: Cost::ONE,
        poll_cost: Cost::ONE,
        polls: &[],
        users: (&[], &[]),
        poll_slack_ms: 0,
        on_both_sides: None,
        from_ms,
        start_ms: from_ms,
        requests: requests as u64,
        later: &[],
        latency_ms: 0,
        clock_off_ms: 0,
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
                    let best = optimum(requests, &|counts| accepted(&windows, kind, START_MS, counts));
                    let ours = engine_of_one(&windows, START_MS, requests);
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
                    let work = work(&windows, START_MS, requests);
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

#[test]
fn nothing_beats_the_bound_where_more_is_asked_for_later() {
    for kind in [Kind::Aligned, Kind::Log, Kind::Anchored, Kind::Bucket, Kind::TwoCounter] {
        for (limit, first, more) in [(2, 2, 3), (3, 2, 4), (3, 3, 3), (2, 1, 3), (1, 1, 2)] {
            for later in 1..9 {
                let windows = [WindowSpec::requests(limit, 4_000, kind)];
                let asked = |step: usize| first + if step < later { 0 } else { more };
                let by_then = |counts: &[u64]| {
                    let sent = counts.iter().scan(0, |sum, count| {
                        *sum += count;
                        Some(*sum)
                    });
                    sent.enumerate().all(|(step, sent)| sent <= asked(step))
                };
                let best = optimum((first + more) as usize, &|counts| {
                    by_then(counts) && accepted(&windows, kind, START_MS, counts)
                });
                let at_ms = START_MS + later as Ms * STEP_MS;
                let work = Work { later: &[(at_ms, more)], ..work(&windows, START_MS, first as usize) };
                let bound = earliest_ms(&work).expect("nothing polls") - START_MS;
                assert!(bound <= best, "{kind:?} {limit} {first} {more} {later}: {bound} > {best}");
                // Steps lose nothing where the clock cuts windows, and part of one where it weighs them.
                let is_close = match kind {
                    Kind::Aligned => best == bound,
                    Kind::TwoCounter => best < bound + STEP_MS,
                    _ => true,
                };
                assert!(is_close, "{kind:?} {limit} {first} {more} {later}: {bound}, {best}");
            }
        }
    }
}

#[test]
fn history_beside_polls_under_two_counters_is_done_when_the_bound_says() {
    for (limit, period_ms, dues) in [
        (3, 4_000, &[0][..]),
        (4, 4_000, &[1, 2]),
        (5, 4_000, &[0, 1]),
        (5, 2_000, &[1]),
        (3, 8_000, &[3, 4]),
        (4, 5_000, &[0, 4]),
    ] {
        let windows = [WindowSpec::requests(limit, 4_000, Kind::TwoCounter)];
        let firsts: Vec<Ms> = dues.iter().map(|step| START_MS + step * STEP_MS).collect();
        let polls_at = |step: usize| {
            let now_ms = START_MS + step as Ms * STEP_MS;
            firsts.iter().filter(|due| now_ms >= **due && (now_ms - **due).is_multiple_of(period_ms)).count()
                as u64
        };
        // History never goes so early that one of the polls in the next two windows would be refused.
        let accepts = |counts: &[u64]| {
            let until = counts.len() + 8;
            let all: Vec<u64> =
                (0..until).map(|step| counts.get(step).unwrap_or(&0) + polls_at(step)).collect();
            accepted(&windows, Kind::TwoCounter, START_MS, &all)
        };
        for requests in 1..=6 {
            let best = optimum(requests, &accepts);
            let connections = firsts.len() as u64;
            let polls =
                [Polls { connections, period_ms, firsts: Some(&firsts), since_ms: 0, until_ms: Ms::MAX }];
            let work = Work { polls: &polls, ..work(&windows, START_MS, requests) };
            let bound = earliest_ms(&work).expect("polls leave something") - START_MS;
            // The best moves in steps, and may lose one twice.
            let range = bound..=bound + 2 * STEP_MS;
            assert!(range.contains(&best), "{limit} {period_ms} {dues:?} {requests}: {bound}, {best}");
        }
    }
}

#[test]
fn a_second_of_doubt_about_the_clock_costs_what_the_bound_says() {
    let mut costs = 0;
    // One second before a boundary of both windows, of one, and of none.
    for begins in [7, 3, 5] {
        let start_ms = START_MS + begins * STEP_MS;
        for (limit, long, requests) in [(2, 3, 5), (2, 3, 4), (3, 4, 5), (1, 2, 3), (2, 4, 5)] {
            let kind = Kind::Aligned;
            let windows = [WindowSpec::requests(limit, 4_000, kind), WindowSpec::requests(long, 8_000, kind)];
            let clocks = [0, 1_000, -1_000_i64];
            let known = optimum(requests, &|counts| accepted(&windows, kind, start_ms, counts));
            let by_any = |counts: &[u64]| {
                let there = |off_ms: &i64| start_ms.saturating_add_signed(-off_ms);
                clocks.iter().all(|off_ms| accepted(&windows, kind, there(off_ms), counts))
            };
            let best = optimum(requests, &by_any);
            let bound = |clock_off_ms: i64| {
                earliest_ms(&Work { clock_off_ms, ..work(&windows, start_ms, requests) })
                    .expect("nothing polls")
            };
            let bound = clocks.into_iter().map(bound).max().expect("three clocks") - start_ms;
            let ours = engine_of_one(&windows, start_ms, requests);
            assert!(bound <= best && best <= bound + STEP_MS, "{begins} {limit} {long}: {bound}, {best}");
            // It waits until the boundary has passed by any of them, where the best may go by the first.
            assert!((bound..=best + 2 * STEP_MS).contains(&ours), "{begins} {limit} {long}: {ours}, {best}");
            costs += u32::from(best > known + 2 * STEP_MS);
        }
    }
    assert!(costs > 0, "some of these were begun where that costs a window");
}

#[test]
fn one_at_a_time_of_an_unknown_kind_goes_every_two_lengths_and_no_sooner() {
    let kinds = [Kind::Aligned, Kind::Anchored, Kind::Log, Kind::Bucket, Kind::TwoCounter];
    let windows = [WindowSpec::requests(1, 2_000, Kind::Unknown)];
    let by_any = |counts: &[u64]| {
        let clocks = [START_MS, START_MS + 1_000];
        kinds.iter().all(|kind| clocks.iter().all(|there_ms| accepted(&windows, *kind, *there_ms, counts)))
    };
    for requests in 1..=5 {
        let best = optimum(requests, &by_any);
        assert_eq!(best, (requests as Ms - 1) * 4_000);
        let ours = engine_of_one(&windows, START_MS, requests);
        assert!((best..=best + requests as Ms).contains(&ours), "{requests}: {ours}");
    }
}

/// The earliest step at which two users can each have had `each` requests accepted, over every choice of how many each
/// sends at each step.
fn optimum_of_two(windows: [&[WindowSpec]; 2], kind: Kind, each: u64) -> Ms {
    let accepted = |counts: &[[u64; 2]]| {
        let mut provider = Provider::new(windows[0], windows[1], kind);
        counts.iter().enumerate().all(|(step, counts)| {
            let at_ms = START_MS + step as Ms * STEP_MS;
            let users = [0, 1].into_iter().flat_map(|user| (0..counts[user as usize]).map(move |_| user));
            users.into_iter().all(|user| provider.arrive(at_ms, Some(user), Cost::ONE).accepted)
        })
    };
    let mut states: BTreeSet<Vec<[u64; 2]>> = BTreeSet::from([Vec::new()]);
    for step in 0..20 {
        let mut next = BTreeSet::new();
        for state in &states {
            let sent = |user: usize| state.iter().map(|counts| counts[user]).sum::<u64>();
            for (a, b) in (0..=each - sent(0)).flat_map(|a| (0..=each - sent(1)).map(move |b| (a, b))) {
                let mut tried = state.clone();
                tried.push([a, b]);
                if accepted(&tried) {
                    if (a, b) == (each - sent(0), each - sent(1)) {
                        return step * STEP_MS;
                    }
                    next.insert(tried);
                }
            }
        }
        states = next;
    }
    panic!("an instance this small ends sooner")
}

#[test]
fn nothing_beats_the_bound_where_users_have_windows_of_their_own() {
    let mut later = 0;
    for kind in [Kind::Aligned, Kind::Log, Kind::Anchored, Kind::Bucket] {
        for (limit, own, each) in [(1, 1, 2), (2, 1, 2), (3, 2, 3), (3, 2, 4)] {
            for (length_ms, own_ms) in [(4_000, 3_000), (2_000, 4_000), (3_000, 3_000)] {
                let windows = [WindowSpec::requests(limit, length_ms, kind)];
                let user_windows = [WindowSpec::requests(own, own_ms, kind)];
                let both = [WindowSpec::requests(2 * own, own_ms, kind)];
                let best = optimum_of_two([&windows, &user_windows], kind, each);
                let pace = fastest(&work(&user_windows, START_MS, each as usize)).expect("nothing polls");
                let asked: Vec<_> = pace.iter().map(|(at_ms, count)| (*at_ms, 2 * count)).collect();
                let alone = work(&windows, START_MS, 2 * each as usize);
                let paced = Work {
                    users: (&both, &[]),
                    from_ms: asked[0].0,
                    requests: asked[0].1,
                    later: &asked[1..],
                    ..alone
                };
                let bound = |work: &Work<'_>| earliest_ms(work).expect("nothing polls") - START_MS;
                let said = format!("{kind:?} {limit} {own} {each} {length_ms} {own_ms}");
                assert!(bound(&paced) <= best, "{said}: {} > {best}", bound(&paced));
                let apart = bound(&alone).max(pace.last().map_or(0, |(at_ms, _)| at_ms - START_MS));
                assert!(bound(&paced) >= apart, "{said}");
                later += u32::from(bound(&paced) > apart);
            }
        }
    }
    assert!(later > 0, "looked at together they say more");
}

/// In how many steps people whose own windows let one request a step through can have had all that each `needs`, over
/// every choice of whose go, where the application has `limit` in each two steps. Only where one `keeps_back` may less
/// be sent than could be.
fn steps(limit: u64, needs: &[u64], keeps_back: bool) -> u64 {
    let mut states = BTreeSet::from([needs.to_vec()]);
    for pair in 0.. {
        let mut next = BTreeSet::new();
        for before in &states {
            for (between, first) in choices(before, limit, keeps_back) {
                if between.iter().all(|left| *left == 0) {
                    return 2 * pair + 1;
                }
                next.extend(choices(&between, limit - first, keeps_back).into_iter().map(|(after, _)| after));
            }
        }
        if next.iter().any(|after| after.iter().all(|left| *left == 0)) {
            return 2 * pair + 2;
        }
        states = next;
    }
    unreachable!("the loop has no end but these")
}

/// What one step may leave of `needs`, and how many went, where there is room for so many.
fn choices(needs: &[u64], room: u64, keeps_back: bool) -> Vec<(Vec<u64>, u64)> {
    let waiting = needs.iter().filter(|left| **left > 0).count() as u64;
    let most = room.min(waiting);
    let chosen = (0_u64..1 << needs.len()).filter(|chosen| {
        let count = u64::from(chosen.count_ones());
        count <= most && (keeps_back || count == most)
    });
    let left = chosen.filter_map(|chosen| {
        let left = needs.iter().enumerate().map(|(person, left)| left.checked_sub(chosen >> person & 1));
        Some((left.collect::<Option<Vec<_>>>()?, u64::from(chosen.count_ones())))
    });
    left.collect()
}

/// The goal of 1.05 is out of reach for whoever sends what may be sent: the best of their orders takes up to a third
/// longer than a schedule that keeps quota back for people whose own windows open later.
#[test]
fn who_sends_what_may_be_sent_is_done_later_than_who_keeps_quota_back_and_the_engine_with_the_best_of_them() {
    let step_ms = 300_000;
    for (limit, needs, kept_back, sent_at_once) in [
        (4, &[6, 2, 2, 2][..], 6, 8),
        (3, &[4, 2, 2], 5, 6),
        (4, &[4, 4, 2, 2], 5, 6),
        (3, &[6, 2, 2], 7, 8),
        (2, &[4, 2, 2], 7, 7),
        (4, &[3, 3, 3, 3], 5, 5),
    ] {
        assert_eq!(steps(limit, needs, true), kept_back, "{limit} {needs:?}");
        assert_eq!(steps(limit, needs, false), sent_at_once, "{limit} {needs:?}");
        let spec = AppSpec {
            windows: vec![WindowSpec::requests(limit, 2 * step_ms, Kind::Aligned)],
            user_windows: [WindowSpec::requests(1, step_ms, Kind::Aligned)].into(),
            ..AppSpec::default()
        };
        let ours = engine(spec, needs, START_MS).div_ceil(step_ms);
        // Of people who have had equally much anybody may go first, which may cost a step.
        assert!((sent_at_once..=sent_at_once + 1).contains(&ours), "{limit} {needs:?}: {ours}");
    }
}
