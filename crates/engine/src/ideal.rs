//! The ideal that service is measured against: all teams that have something to send are served at once, each in
//! proportion to its weight, however little that is at a time.
//!
//! Such a server sends no request whole, so it is behind with what a team was given when that team falls asleep;
//! it goes on serving it until it has caught up. A team that wakes before that has not been away. Were it left
//! out at once instead, each waking would count as one request too many, and teams whose users' windows let one
//! request through at a time would seem to get more than their part.

use crate::heap::{Heap, Places};
use crate::tight;

/// Fraction bits of service.
const SHIFT: u32 = 10;

#[derive(Clone, Debug, Default)]
struct Team {
    weight: u64,
    /// Its place among those that leave.
    place: u32,
    /// Whether the ideal server serves it.
    is_served: bool,
    /// Service per unit of weight when it began to, or when what it was owed was settled.
    from: u64,
    /// The same when the team was last given something.
    given_at: u64,
    /// What the team was given since it began.
    given: u64,
    /// What the ideal server gave before it began.
    entitled: u64,
}

impl Places for [Team] {
    fn place(&mut self, id: u32) -> &mut u32 {
        &mut self[id as usize].place
    }
}

/// An ideal server beside the real one. Costs are whole, service has [`SHIFT`] fraction bits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ideal {
    teams: Vec<Team>,
    /// Service given per unit of weight.
    service: u64,
    /// Service still to be divided: less than one a unit of weight.
    rest: u64,
    /// Weight of the teams served.
    weight: u64,
    /// Teams asleep that it is behind with, by the service at which it has caught up.
    leaving: Heap,
}

impl Ideal {
    /// Adds a team.
    pub fn add(&mut self, weight: u64) {
        tight::push(&mut self.teams, Team { weight, ..Team::default() });
    }

    /// The team has something to send.
    pub fn wake(&mut self, index: u32) {
        self.leaving.remove(&mut self.teams[..], index);
        let team = &mut self.teams[index as usize];
        if !team.is_served {
            team.is_served = true;
            (team.from, team.given_at, team.given) = (self.service, self.service, 0);
            self.weight += team.weight;
        }
    }

    /// The team was found to have nothing to send.
    ///
    /// Only what it is given takes room from its users, so it has had nothing since then; what it seemed to be
    /// entitled to meanwhile was the others'.
    pub fn sleep(&mut self, index: u32) {
        let team = &self.teams[index as usize];
        let entitled = team.weight * (self.service - team.from);
        if team.given > entitled {
            let until = team.from + team.given.div_ceil(team.weight);
            self.leaving.set(&mut self.teams[..], index, until);
            return;
        }
        let since = team.weight * (self.service - team.given_at);
        let unearned = since.min(entitled - team.given);
        self.leave(index, entitled - unearned);
        self.divide(unearned);
    }

    /// The team was given a request of `cost`.
    pub fn serve(&mut self, index: u32, cost: u64) {
        self.divide(cost << SHIFT);
        let team = &mut self.teams[index as usize];
        team.given += cost << SHIFT;
        team.given_at = self.service;
    }

    /// What the ideal server would have given the team.
    pub fn entitled(&self, index: usize) -> u64 {
        let team = &self.teams[index];
        let open = if team.is_served { team.weight * (self.service - team.from) } else { 0 };
        (team.entitled + open) >> SHIFT
    }

    fn leave(&mut self, index: u32, entitled: u64) {
        let team = &mut self.teams[index as usize];
        team.is_served = false;
        team.entitled += entitled;
        self.weight -= team.weight;
    }

    /// Gives `service` to the teams served; those it has caught up with leave on the way.
    fn divide(&mut self, service: u64) {
        self.rest += service;
        while let Some(step) = self.rest.checked_div(self.weight) {
            let Some((until, index)) =
                self.leaving.first().filter(|(until, _)| *until <= self.service + step)
            else {
                self.service += step;
                self.rest -= step * self.weight;
                return;
            };
            self.rest -= (until - self.service) * self.weight;
            self.service = until;
            self.leaving.remove(&mut self.teams[..], index);
            self.leave(index, self.teams[index as usize].given);
        }
        self.rest = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Ideal {
        let mut ideal = Ideal::default();
        ideal.add(1);
        ideal.add(1);
        ideal
    }

    #[test]
    fn a_team_that_wakes_for_one_request_at_a_time_is_entitled_to_each() {
        let mut ideal = two();
        ideal.wake(0);
        for _ in 0..100 {
            ideal.wake(1);
            ideal.serve(1, 10);
            ideal.sleep(1);
            for _ in 0..9 {
                ideal.serve(0, 10);
            }
        }
        assert_eq!((ideal.entitled(0), ideal.entitled(1)), (9_000, 1_000));
    }

    #[test]
    fn a_team_that_wakes_too_often_is_given_more_than_it_is_entitled_to() {
        let mut ideal = two();
        ideal.wake(0);
        for _ in 0..100 {
            for _ in 0..3 {
                ideal.wake(1);
                ideal.serve(1, 10);
                ideal.sleep(1);
            }
            ideal.serve(0, 10);
        }
        assert_eq!((ideal.entitled(0), ideal.entitled(1)), (2_000, 2_000));
    }

    #[test]
    fn a_team_that_waits_is_entitled_to_its_part() {
        let mut ideal = two();
        ideal.wake(0);
        ideal.wake(1);
        for _ in 0..90 {
            ideal.serve(0, 10);
        }
        for _ in 0..10 {
            ideal.serve(1, 10);
        }
        ideal.sleep(1);
        assert_eq!((ideal.entitled(0), ideal.entitled(1)), (500, 500));
    }

    #[test]
    fn a_team_that_could_send_nothing_is_entitled_to_nothing() {
        let mut ideal = two();
        ideal.wake(0);
        for _ in 0..10 {
            ideal.wake(1);
            ideal.serve(0, 10);
            ideal.sleep(1);
        }
        assert_eq!((ideal.entitled(0), ideal.entitled(1)), (100, 0));
    }
}
