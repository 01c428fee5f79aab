//! Connections that join when history has taken what others' polls leave of a window.
//!
//! What is left then was kept for polls of those who were there. Who joins has its own polls sent beside these, as
//! history is, until there is room for all of them: at the latest when what was sent before it joined counts no more.

use std::collections::BTreeMap;

use super::admit::Foresight;
use super::{App, Order, Overdue};
use crate::mutation;
use crate::quota::WindowSpec;
use crate::soonest::Soonest;
use crate::time::Ms;

/// Who joined lately, and what is foreseen of all others.
#[derive(Clone, Debug)]
pub(super) struct Newcomers {
    /// Until when each is one, by user.
    until_ms: BTreeMap<u32, Ms>,
    /// Their polls that are due.
    pub due: Soonest<Overdue>,
    /// When polls for which there was no room are to be looked at again.
    pub again_ms: Ms,
    /// What is foreseen of polls of those who were there, at the pace at which they go.
    pub known: Foresight,
}

impl Newcomers {
    fn new() -> Self {
        Self {
            until_ms: BTreeMap::new(),
            due: Soonest::default(),
            again_ms: Ms::MAX,
            known: Foresight::default(),
        }
    }

    /// Whether the user is one.
    pub fn contains(&self, user: u32) -> bool {
        self.until_ms.contains_key(&user)
    }

    /// Users who are.
    pub fn users(&self) -> impl Iterator<Item = u32> + '_ {
        self.until_ms.keys().copied()
    }
}

impl App {
    /// How long what is sent now may count in some window.
    fn counts_for_ms(&self) -> Ms {
        let windows = self.spec.windows.iter().chain(&*self.spec.user_windows);
        windows.map(WindowSpec::counts_ms).max().unwrap_or(0) + self.longest_ms()
    }

    /// Until when history that was sent may count; 0 where none was, or no room is kept free of it.
    pub(super) fn history_counts_until_ms(&self) -> Ms {
        match self.history_sent_ms {
            Some(sent_ms) if self.spec.order == Order::Reserve => sent_ms + self.counts_for_ms(),
            _ => 0,
        }
    }

    /// A connection joins: beside history that did not know of it, as a newcomer.
    pub(super) fn join(&mut self, user: u32, now_ms: Ms) {
        if now_ms < self.history_counts_until_ms() && !mutation::is("welcome-at-once") {
            let until_ms = now_ms + self.counts_for_ms();
            let newcomers = self.newcomers.get_or_insert_with(|| Box::new(Newcomers::new()));
            newcomers.until_ms.insert(user, until_ms);
        }
    }

    /// Enters a poll that is due.
    pub(super) fn fall_due(&mut self, poll: Overdue) {
        match &mut self.newcomers {
            Some(newcomers) if newcomers.contains(poll.user) => newcomers.due.push(poll),
            _ => self.overdue.push(poll),
        }
    }

    /// Whether a newcomer's poll is due.
    pub(super) fn newcomers_wait(&self) -> bool {
        self.newcomers.as_ref().is_some_and(|newcomers| !newcomers.due.is_empty())
    }

    /// Those who were to be newcomers until `now_ms` at most are so no longer.
    pub(super) fn welcome(&mut self, now_ms: Ms) {
        let Some(newcomers) = &mut self.newcomers else { return };
        newcomers.until_ms.retain(|_, until_ms| *until_ms > now_ms);
        let mut due = std::mem::take(&mut newcomers.due);
        if newcomers.until_ms.is_empty() {
            self.newcomers = None;
        }
        while let Some(poll) = due.pop() {
            self.fall_due(poll);
        }
    }
}
