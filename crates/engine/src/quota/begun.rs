//! When the newest window may have begun, and what two counters have counted since.

use smallvec::SmallVec;

use super::weighted::Weighted;
use crate::time::Ms;

/// A moment at which the newest window may have begun, and what was counted since.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    pub begun_ms: Ms,
    /// Counted from then on.
    pub newest: u64,
    /// Counted from a length before on.
    pub all: u64,
    /// How many of what is to come lands before then, and before that: what is sent now is always one of them.
    pub landed: [usize; 2],
}

impl Beginning {
    /// What is left at `now_ms` of the window that has begun.
    pub fn left_ms(self, now_ms: Ms, length_ms: Ms) -> Ms {
        self.begun_ms + length_ms - now_ms
    }

    /// The weighted sum at `now_ms`, times the length.
    pub fn sum(self, now_ms: Ms, length_ms: Ms) -> u64 {
        let left_ms = self.left_ms(now_ms, length_ms);
        self.newest * (length_ms - left_ms) + self.all * left_ms
    }

    /// The same once polls up to the one at `index` have been sent.
    pub fn polled(self, index: usize, cost: u64) -> Self {
        let [newest, all] = self.landed.map(|landed| (index + 2).saturating_sub(landed) as u64 * cost);
        Self { newest: self.newest + newest, all: self.all + all, ..self }
    }
}

/// Moments that are few unless very much is counted within the clock's error.
pub type Beginnings = SmallVec<[Beginning; 8]>;

/// What is counted from a moment on that is known beforehand.
#[derive(Clone, Copy)]
pub struct Landings<'a> {
    /// What is in flight.
    pub in_flight: u64,
    /// When it has landed, and what is sent now.
    pub lands_ms: Ms,
    /// How long after that polls land.
    pub dues: &'a [Ms],
}

impl Landings<'_> {
    /// Only what is in flight, whenever it lands.
    pub const fn flying(in_flight: u64) -> Self {
        Self { in_flight, lands_ms: Ms::MAX, dues: &[] }
    }

    /// When what is sent now lands, at place 0, and then each poll.
    pub fn at(&self, place: usize) -> Option<Ms> {
        let due_ms = place.checked_sub(1).map_or(Some(0), |poll| self.dues.get(poll).copied());
        due_ms.map(|due_ms| self.lands_ms + due_ms)
    }

    /// How many of these are before `from_ms`.
    pub fn before(&self, from_ms: Ms) -> usize {
        match from_ms.checked_sub(self.lands_ms) {
            None | Some(0) => 0,
            Some(after_ms) => 1 + self.dues.partition_point(|due_ms| *due_ms < after_ms),
        }
    }

    pub fn in_flight_since(&self, from_ms: Ms) -> u64 {
        if self.lands_ms >= from_ms { self.in_flight } else { 0 }
    }
}

impl Weighted {
    /// Finds those of these moments at which the sum can be highest, ascending: it grows with the moment up to one at
    /// which something was counted, or a length after one.
    pub(super) fn begin(
        &self,
        beginnings: &mut Beginnings,
        (from_ms, until_ms): (Ms, Ms),
        landings: &Landings<'_>,
    ) {
        debug_assert!(from_ms <= until_ms);
        beginnings.clear();
        let mut newest = Since::new(self, landings, from_ms, 0);
        let mut all = Since::new(self, landings, from_ms, self.length_ms);
        loop {
            let begun_ms = until_ms.min(newest.next_ms()).min(all.next_ms());
            beginnings.push(Beginning {
                begun_ms,
                newest: newest.counted(begun_ms),
                all: all.counted(begun_ms),
                landed: [newest.landed.max(1), all.landed.max(1)],
            });
            if begun_ms == until_ms {
                return;
            }
            newest.pass(begun_ms);
            all.pass(begun_ms);
        }
    }
}

/// What is counted from a moment on, or from a length before it on, as the moment moves on.
struct Since<'a> {
    weighted: &'a Weighted,
    landings: &'a Landings<'a>,
    later_ms: Ms,
    /// The first entry that is counted, when that is, and how much is from it on.
    place: usize,
    entry_ms: Ms,
    counted: u64,
    /// The same of what is to land.
    landed: usize,
    landing_ms: Ms,
}

impl<'a> Since<'a> {
    /// From `from_ms` less `later_ms` on.
    fn new(weighted: &'a Weighted, landings: &'a Landings<'a>, from_ms: Ms, later_ms: Ms) -> Self {
        let from_ms = from_ms.saturating_sub(later_ms);
        let place = weighted.entries.partition_point(|(at, _)| *at < from_ms);
        let passed = place.checked_sub(1).map_or(weighted.gone, |last| weighted.entries[last].1);
        let counted = weighted.total() - passed;
        let mut since =
            Self { weighted, landings, later_ms, place, entry_ms: 0, counted, landed: 0, landing_ms: 0 };
        since.entry_ms = since.after(weighted.entries.get(place).map(|(at, _)| *at));
        since.landed = landings.before(from_ms);
        since.landing_ms = since.after(landings.at(since.landed));
        since
    }

    fn after(&self, at_ms: Option<Ms>) -> Ms {
        at_ms.map_or(Ms::MAX, |at_ms| at_ms.saturating_add(self.later_ms))
    }

    /// The first moment after which it is less.
    fn next_ms(&self) -> Ms {
        self.entry_ms.min(self.landing_ms)
    }

    /// How much it is from `begun_ms` on, polls to come apart.
    fn counted(&self, begun_ms: Ms) -> u64 {
        self.counted + self.landings.in_flight_since(begun_ms.saturating_sub(self.later_ms))
    }

    /// Moves on behind `begun_ms`, the next moment or one before it.
    fn pass(&mut self, begun_ms: Ms) {
        let entries = &self.weighted.entries;
        if self.entry_ms == begun_ms {
            self.counted = self.weighted.total() - entries[self.place].1;
            self.place += 1;
            self.entry_ms = self.after(entries.get(self.place).map(|(at, _)| *at));
        }
        while self.landing_ms == begun_ms {
            self.landed += 1;
            self.landing_ms = self.after(self.landings.at(self.landed));
        }
    }
}
