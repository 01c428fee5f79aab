//! Start-time fair queueing over the teams of an application.
//!
//! Goyal, Vin and Cheng, "Start-time Fair Queuing" (SIGCOMM 1996): a team's next request starts at the later
//! of the system's virtual time and the finish of its last one, and the smallest start goes. Between two
//! teams that both have work, normalised service never differs by more than one request of each.

use crate::heap::{Heap, Places};
use crate::ideal::Ideal;
use crate::tight;

/// Fraction bits of virtual time.
const SHIFT: u32 = 10;

#[derive(Clone, Debug)]
struct Tags {
    weight: u64,
    start: u64,
    finish: u64,
    /// Its place among the ready.
    place: u32,
    ready: bool,
    served: u64,
    requests: u64,
}

impl Places for [Tags] {
    fn place(&mut self, id: u32) -> &mut u32 {
        &mut self[id as usize].place
    }
}

/// Which team's turn it is.
#[derive(Clone, Debug, Default)]
pub struct Fair {
    virtual_time: u64,
    teams: Vec<Tags>,
    /// Teams that have something to send, by start tag.
    ready: Heap,
    /// Ready teams that cannot send just now; empty between decisions.
    passed_over: Vec<u32>,
    ideal: Ideal,
}

/// What a team was given and what an ideal server would have given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Requests served.
    pub requests: u64,
    /// Cost served.
    pub served: u64,
    /// Cost an ideal server would have served while the team could send.
    pub entitled: u64,
}

impl Fair {
    /// Adds a team; it has nothing to send yet. Teams are numbered in the order they are added.
    pub fn add(&mut self, weight: u64) {
        assert!(weight > 0, "a team has a weight");
        let tags = Tags { weight, start: 0, finish: 0, place: 0, ready: false, served: 0, requests: 0 };
        tight::push(&mut self.teams, tags);
        self.ideal.add(weight);
    }

    /// The team has something to send.
    pub fn wake(&mut self, team: u32) {
        let tags = &mut self.teams[team as usize];
        if tags.ready {
            return;
        }
        tags.ready = true;
        tags.start = self.virtual_time.max(tags.finish);
        let start = tags.start;
        self.ideal.wake(team);
        self.ready.set(&mut self.teams[..], team, start);
    }

    /// The team has nothing left that it could send.
    pub fn sleep(&mut self, team: u32) {
        let tags = &mut self.teams[team as usize];
        if !tags.ready {
            return;
        }
        tags.ready = false;
        self.ideal.sleep(team);
        self.ready.remove(&mut self.teams[..], team);
    }

    /// The ready team with the smallest start tag of those not passed over, and that tag.
    #[must_use]
    pub fn first(&self) -> Option<(u64, u32)> {
        self.ready.first()
    }

    /// Sets the first team aside until [`Fair::recall`], so that the next one can be looked at.
    pub fn pass_over(&mut self, team: u32) {
        if self.ready.remove(&mut self.teams[..], team) {
            self.passed_over.push(team);
        }
    }

    /// Puts every team back that was passed over.
    pub fn recall(&mut self) {
        while let Some(team) = self.passed_over.pop() {
            let start = self.teams[team as usize].start;
            self.ready.set(&mut self.teams[..], team, start);
        }
    }

    /// How far a request of `cost` moves the team's tags.
    #[must_use]
    pub fn span(&self, team: u32, cost: u64) -> u64 {
        (cost << SHIFT).div_ceil(self.teams[team as usize].weight)
    }

    /// A ready team sends a request of `cost`.
    pub fn serve(&mut self, team: u32, cost: u64) {
        let span = self.span(team, cost);
        let tags = &mut self.teams[team as usize];
        assert!(tags.ready, "only a team with work is served");
        self.virtual_time = self.virtual_time.max(tags.start);
        tags.finish = tags.start + span;
        tags.start = tags.finish;
        tags.served += cost;
        tags.requests += 1;
        let start = tags.start;
        self.ready.set(&mut self.teams[..], team, start);
        self.ideal.serve(team, cost);
    }

    /// What each team was given, in the order they were added.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        self.teams.iter().enumerate().map(|(team, tags)| Share {
            requests: tags.requests,
            served: tags.served,
            entitled: self.ideal.entitled(team),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn serve_next(fair: &mut Fair, cost: u64) -> u32 {
        let (_, team) = fair.first().unwrap();
        fair.serve(team, cost);
        team
    }

    #[test]
    fn a_team_that_slept_gets_no_arrears() {
        let mut fair = Fair::default();
        fair.add(1);
        fair.add(1);
        fair.wake(0);
        for _ in 0..100 {
            serve_next(&mut fair, 1);
        }
        fair.wake(1);
        let ones = (0..10).filter(|_| serve_next(&mut fair, 1) == 1).count();
        assert!((5..=6).contains(&ones), "{ones}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]

        #[test]
        fn two_busy_teams_never_differ_by_more_than_one_request_of_each(
            weights in prop::collection::vec(1_u64..10, 2..6),
            costs in prop::collection::vec(1_u64..50, 1..400),
        ) {
            let mut fair = Fair::default();
            for (team, &weight) in weights.iter().enumerate() {
                fair.add(weight);
                fair.wake(team as u32);
            }
            let mut served = vec![0_u64; weights.len()];
            for &cost in &costs {
                let team = serve_next(&mut fair, cost) as usize;
                served[team] += cost;
            }
            let largest = costs.iter().max().unwrap();
            for (i, (a, wa)) in served.iter().zip(&weights).enumerate() {
                for (b, wb) in served.iter().zip(&weights).skip(i + 1) {
                    let lag = (*a as f64 / *wa as f64 - *b as f64 / *wb as f64).abs();
                    let bound = *largest as f64 / *wa as f64 + *largest as f64 / *wb as f64;
                    // Virtual time is rounded up by at most 2⁻¹⁰ a request.
                    prop_assert!(lag <= bound + costs.len() as f64 / 512.0, "{} against {}: {} > {}", a, b, lag, bound);
                }
            }
        }
    }
}
