//! No window of any kind is exceeded, whatever the latencies and losses: the limiter against a provider
//! that counts on its own.

use lookback_engine::quota::{Bucket, Kind, WindowSpec};
use lookback_engine::sim::provider::Provider;
use lookback_engine::{Cost, Instant, Ms};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;

/// One request the test would like to send: how long after the last one, how long it travels each way, and
/// whether its response is lost.
#[derive(Clone, Debug)]
struct Wish {
    pause_ms: Ms,
    there_ms: Ms,
    back_ms: Ms,
    lost: bool,
    cost: u32,
}

const DEADLINE_MS: Ms = 5_000;

fn wish() -> impl Strategy<Value = Wish> {
    let pause = prop_oneof![6 => 0_u64..20, 2 => 0_u64..2_000, 1 => 0_u64..30_000];
    let hop = prop_oneof![4 => 0_u64..50, 2 => 0_u64..2_000];
    (pause, hop.clone(), hop, prop::bool::weighted(0.05), 1_u32..3).prop_map(
        |(pause_ms, there_ms, back_ms, lost, cost)| Wish { pause_ms, there_ms, back_ms, lost, cost },
    )
}

fn windows() -> impl Strategy<Value = Vec<(u64, Ms)>> {
    prop::collection::vec(
        (2_u64..12, prop_oneof![Just(1_000_u64), Just(5_000), Just(7_777), Just(60_000)]),
        1..=3,
    )
}

enum Event {
    Arrive(usize),
    Settle(usize),
}

/// Sends whatever the limiter lets through and returns how many requests the provider refused.
fn refused(
    limits: &[(u64, Ms)],
    known: Kind,
    real: Kind,
    skew_ms: i64,
    epsilon_ms: Ms,
    wishes: &[Wish],
) -> usize {
    let specs: Vec<_> = limits.iter().map(|&(limit, ms)| WindowSpec::requests(limit, ms, known)).collect();
    let start: Ms = 1_764_000_000_000 - 3_000;
    let at = |now_ms| Instant { now_ms, epsilon_ms };
    let mut bucket = Bucket::new(&specs, at(start));
    let mut provider = Provider::new(&specs, &[], real);
    let mut agenda: BTreeMap<(Ms, usize), Event> = BTreeMap::new();
    let (mut now, mut refused, mut id) = (start, 0, 0);
    let mut sent_at = vec![0; wishes.len()];
    for (i, wish) in wishes.iter().enumerate() {
        now += wish.pause_ms;
        while let Some(entry) = agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((when, _), event) = entry.remove_entry();
            match event {
                Event::Arrive(i) => {
                    let there = when.checked_add_signed(skew_ms).expect("after 1970");
                    refused +=
                        usize::from(!provider.arrive(there, None, Cost::new(wishes[i].cost, 0)).accepted);
                }
                Event::Settle(i) => {
                    bucket.advance(at(when));
                    bucket.settle(at(sent_at[i]), at(when), Cost::new(wishes[i].cost, 0));
                }
            }
        }
        bucket.advance(at(now));
        let cost = Cost::new(wish.cost, 0);
        if bucket.fits(at(now), cost) {
            bucket.charge(at(now), cost);
            sent_at[i] = now;
            let arrive = now + wish.there_ms;
            let settle = if wish.lost { now + DEADLINE_MS } else { arrive + wish.back_ms };
            agenda.insert((arrive, id), Event::Arrive(i));
            agenda.insert((settle, id + 1), Event::Settle(i));
            id += 2;
        } else {
            assert!(bucket.release(at(now), cost) > Some(now), "what is refused is released later");
        }
    }
    refused
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

    #[test]
    fn no_window_is_exceeded_by_what_we_know_of_it(
        limits in windows(),
        wishes in prop::collection::vec(wish(), 1..300),
        kind in prop_oneof![
            Just(Kind::Aligned), Just(Kind::Anchored), Just(Kind::Log), Just(Kind::TwoCounter), Just(Kind::Bucket)
        ],
        skew_ms in -1_000_i64..=1_000,
    ) {
        prop_assert_eq!(refused(&limits, kind, kind, skew_ms, 1_000, &wishes), 0);
    }

    #[test]
    fn an_unknown_window_is_obeyed_whatever_it_is(
        limits in windows(),
        wishes in prop::collection::vec(wish(), 1..300),
        real in prop_oneof![
            Just(Kind::Aligned), Just(Kind::Anchored), Just(Kind::Log), Just(Kind::TwoCounter), Just(Kind::Bucket)
        ],
        skew_ms in -1_000_i64..=1_000,
    ) {
        prop_assert_eq!(refused(&limits, Kind::Unknown, real, skew_ms, 1_000, &wishes), 0);
    }
}
