//! Taking over an application: charges as its journal tells them.

use std::collections::BTreeMap;

use super::App;
use super::flights::InFlight;
use crate::journal::{Lease, Record};
use crate::request::Lane;
use crate::time::Ms;

impl App {
    /// Charges what a predecessor granted, so that nothing it may have sent is forgotten.
    ///
    /// Settled grants expire as they would have. Open ones (sent, or never sent, or answered to somebody
    /// who is gone) are charged in full and in flight until one deadline from now. `records` are in the
    /// order they were written; users are known by the same numbers as before.
    pub fn recover(&mut self, records: &[Record], lease: Lease, now_ms: Ms) {
        let mut open: BTreeMap<u64, InFlight> = BTreeMap::new();
        let mut history_sent_ms = None;
        // Windows are opened as of the first record: what is over by now must not count as today's.
        if let Some(first) = records.first() {
            self.bucket = self.spec.bucket(self.at(first.at_ms()));
            self.bucket.set_users(self.users.len() as u64);
        }
        for record in records {
            let at = self.at(record.at_ms());
            self.bucket.advance(at);
            match *record {
                Record::Grant { sequence, user, lane, cost, epoch, sent_ms, .. } => {
                    if lane == Lane::History {
                        history_sent_ms = Some(sent_ms);
                    }
                    assert!(epoch < lease.epoch, "a successor has an epoch of its own");
                    assert!((user as usize) < self.users.len(), "users are registered before recovery");
                    let marks = self.bucket.charge(at, cost);
                    let user_marks = self.charge_user(user, at, cost);
                    let (pull, chunk, attempts) = (0, 0, 0);
                    open.insert(
                        sequence,
                        InFlight {
                            sequence,
                            lane: None,
                            user,
                            cost,
                            pull,
                            chunk,
                            attempts,
                            sent: at,
                            marks,
                            user_marks,
                        },
                    );
                }
                Record::Settle { sequence, .. } => {
                    if let Some(request) = open.remove(&sequence) {
                        // The journal does not say whether it was answered.
                        self.bucket.give_up(request.sent, at, request.cost);
                        self.settle_user(request.user, request.sent, at, request.cost, false);
                    }
                }
            }
        }
        self.set_lease(lease);
        self.forget_slack();
        let at = self.at(now_ms);
        self.bucket.advance(at);
        // It knew nothing of who joins now.
        self.history_sent_ms = history_sent_ms.map(|sent_ms| if open.is_empty() { sent_ms } else { now_ms });
        for mut request in open.into_values() {
            request.sent = at;
            *self.in_flight.open().1 = Some(request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppSpec;
    use crate::cost::Cost;
    use crate::history::Shape;
    use crate::quota::{Kind, WindowSpec};
    use crate::request::{Response, Status};

    const DAY_MS: Ms = 86_400_000;

    #[test]
    fn who_joins_after_a_crash_takes_nothing_that_history_before_it_left_to_others() {
        let spec =
            AppSpec { windows: vec![WindowSpec::requests(10, DAY_MS, Kind::Log)], ..AppSpec::default() };
        let begin = || {
            let mut app = App::new(0, spec.clone(), 0).unwrap();
            app.add_team(1, 0);
            (0..2).for_each(|_| _ = app.add_user(0));
            app
        };
        let mut before = begin();
        before.poll(0, DAY_MS / 4, None, 0);
        before.pull(0, Shape { cost: Cost::ONE, days: 1 }, std::iter::once(0..20), 0);
        let mut records = Vec::new();
        before.on_time(0);
        while let Some(grant) = before.decide(0) {
            records.push(grant.record);
            records.extend(before.respond(grant.id, &Response::plain(Status::Served), 0).1);
        }
        assert!(records.len() > 2, "history was sent");

        let mut after = begin();
        after.recover(&records, Lease { epoch: 1, until_ms: Ms::MAX }, 60_000);
        after.poll(0, DAY_MS / 4, Some(0), 60_000);
        assert!(after.newcomers.is_none(), "who had been polled was there");
        after.poll(1, DAY_MS / 4, None, 60_000);
        after.on_time(60_000);
        assert!(after.newcomers.is_some(), "there is no room for polls of both");
    }
}
