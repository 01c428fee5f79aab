//! Taking over an application: charges as its journal tells them.

use std::collections::BTreeMap;

use super::App;
use super::flights::InFlight;
use crate::journal::{Lease, Record};
use crate::time::Ms;

impl App {
    /// Charges what a predecessor granted, so that nothing it may have sent is forgotten.
    ///
    /// Settled grants expire as they would have. Open ones (sent, or never sent, or answered to somebody
    /// who is gone) are charged in full and in flight until one deadline from now. `records` are in the
    /// order they were written; users are known by the same numbers as before.
    pub fn recover(&mut self, records: &[Record], lease: Lease, now_ms: Ms) {
        let mut open: BTreeMap<u64, InFlight> = BTreeMap::new();
        // Windows are opened as of the first record: what is over by now must not count as today's.
        if let Some(first) = records.first() {
            self.bucket = self.spec.bucket(self.at(first.at_ms()));
            self.bucket.set_users(self.users.len() as u64);
        }
        for record in records {
            let at = self.at(record.at_ms());
            self.bucket.advance(at);
            match *record {
                Record::Grant { sequence, user, cost, epoch, .. } => {
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
        for mut request in open.into_values() {
            request.sent = at;
            self.in_flight.send(request);
        }
    }
}
