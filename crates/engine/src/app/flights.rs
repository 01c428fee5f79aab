//! Requests in flight, in the order they were sent.

use std::collections::VecDeque;

use crate::ahead::Lines;
use crate::cost::Cost;
use crate::quota::Marks;
use crate::request::Lane;
use crate::time::{Instant, Ms};

/// A request whose response has not come.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub sequence: u64,
    /// `None` for a grant inherited from a predecessor: only its charge matters.
    pub lane: Option<Lane>,
    pub user: u32,
    pub cost: Cost,
    pub pull: u32,
    pub chunk: u32,
    pub attempts: u16,
    pub sent: Instant,
    pub marks: Marks,
    pub user_marks: Marks,
}

/// Requests by when they were sent; what has landed leaves a hole until nothing older is in flight.
///
/// All have as long, so the oldest is also the first whose deadline passes.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(super) struct Flights {
    /// One that was sent before all in the ring. In place: most applications that only poll have one at most.
    oldest: Option<InFlight>,
    ring: VecDeque<Option<InFlight>>,
    /// Numbers of the oldest's place and of the first one of the ring, wrapping.
    oldest_place: u32,
    first: u32,
    len: u32,
}

impl Flights {
    /// Shows `see` what of it stands in place.
    pub fn each_line(&self, see: &mut impl Lines) {
        see.line_of(&self.oldest);
        see.line_of(&self.ring);
        see.line_of(&self.len);
    }

    /// How many are in flight.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Opens a place for a request that is being sent, no earlier than those before: its number, and where to put the
    /// request, which is built there and not moved.
    pub fn open(&mut self) -> (u32, &mut Option<InFlight>) {
        self.len += 1;
        if self.len == 1 {
            self.oldest_place = self.first;
            self.first = self.first.wrapping_add(1);
            return (self.oldest_place, &mut self.oldest);
        }
        let place = self.first.wrapping_add(self.ring.len() as u32);
        (place, self.ring.push_back_mut(None))
    }

    /// Takes out the request with this place and sequence, if it is in flight.
    pub fn land(&mut self, place: u32, sequence: u64) -> Option<InFlight> {
        let is_it = |request: &mut InFlight| request.sequence == sequence;
        if let Some(request) = self.oldest.take_if(is_it) {
            self.len -= 1;
            return Some(request);
        }
        let request = self.ring.get_mut(place.wrapping_sub(self.first) as usize)?.take_if(is_it)?;
        self.len -= 1;
        while self.ring.pop_front_if(|place| place.is_none()).is_some() {
            self.first = self.first.wrapping_add(1);
        }
        if self.ring.is_empty() {
            self.ring = VecDeque::new();
        }
        Some(request)
    }

    /// The one sent first, and the number of its place.
    pub fn first(&self) -> Option<(u32, &InFlight)> {
        let in_place = self.oldest.as_ref().map(|request| (self.oldest_place, request));
        in_place.or_else(|| self.ring.front()?.as_ref().map(|request| (self.first, request)))
    }

    /// Whose each is, when it was sent, in that order, and what it costs.
    pub fn sent(&self) -> impl Iterator<Item = (u32, Ms, Cost)> + '_ {
        let all = self.oldest.iter().chain(self.ring.iter().flatten());
        all.map(|request| (request.user, request.sent.now_ms, request.cost))
    }

    /// When that was sent.
    pub fn first_sent_ms(&self) -> Option<Ms> {
        self.first().map(|(_, request)| request.sent.now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sequence: u64) -> InFlight {
        InFlight {
            sequence,
            lane: None,
            user: 0,
            cost: Cost::ONE,
            pull: 0,
            chunk: 0,
            attempts: 0,
            sent: Instant { now_ms: sequence, epsilon_ms: 0 },
            marks: Marks::default(),
            user_marks: Marks::default(),
        }
    }

    #[test]
    fn what_lands_early_keeps_no_place_from_the_others() {
        // Places are numbered on past the largest number there is.
        let mut flights = Flights { first: u32::MAX - 1, ..Flights::default() };
        let places = [1, 2, 3].map(|sequence| {
            let (place, open) = flights.open();
            *open = Some(request(sequence));
            place
        });
        assert!(flights.land(places[1], 2).is_some());
        assert!(flights.land(places[1], 2).is_none(), "it has landed");
        assert!(flights.land(places[2], 2).is_none(), "another one has that place");
        assert_eq!((flights.len(), flights.first_sent_ms()), (2, Some(1)));
        assert!(flights.land(places[0], 1).is_some());
        assert_eq!((flights.len(), flights.first_sent_ms()), (1, Some(3)));
        assert!(flights.land(places[0], 1).is_none(), "its place is gone");
        assert!(flights.land(places[2], 3).is_some());
        assert_eq!((flights.len(), flights.first_sent_ms(), flights.ring.len()), (0, None, 0));
    }
}
