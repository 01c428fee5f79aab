//! What is to happen, by time; at equal times in the order it was entered.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::request::RequestId;
use crate::time::Ms;

/// Something that happens outside the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A team's connections are made.
    Connect { app: usize, team: usize },
    /// A team asks for history.
    Ask { app: usize, team: usize },
    /// Somebody asks for a refresh.
    Live { app: usize, team: usize },
    /// A request by somebody else arrives.
    Foreign { app: usize },
    /// A limit changes.
    Limit { app: usize },
    /// A request of ours arrives.
    Arrive { request: usize },
    /// Its response comes.
    Respond { request: usize, id: RequestId },
    /// The process dies.
    Crash,
    /// A successor starts.
    TakeOver,
}

/// Events by time.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    heap: BinaryHeap<Reverse<(Ms, u64, Event)>>,
    entered: u64,
}

impl Agenda {
    /// Enters an event.
    pub fn add(&mut self, at_ms: Ms, event: Event) {
        self.entered += 1;
        self.heap.push(Reverse((at_ms, self.entered, event)));
    }

    /// When the next event happens.
    pub fn next_ms(&self) -> Option<Ms> {
        self.heap.peek().map(|Reverse((at_ms, ..))| *at_ms)
    }

    /// Takes out the next event if it happens by `now_ms`.
    pub fn pop(&mut self, now_ms: Ms) -> Option<Event> {
        self.next_ms().filter(|at_ms| *at_ms <= now_ms)?;
        self.heap.pop().map(|Reverse((.., event))| event)
    }
}
