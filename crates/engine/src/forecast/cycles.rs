//! What was used when, and counting on from it.
//!
//! Time is cut into cycles as long as the longest window that can bind, and each cycle into slots. While history
//! waits for quota and nothing else changes, the engine does in each cycle what it did in the one before: its
//! state is the same but for the time. So what is left needs as many cycles as it has their history, and a part
//! of one, which the last cycle's slots tell.

use crate::time::Ms;

/// Slots of a cycle.
const SLOTS: u64 = 240;
/// Cycles that are seen at most. What has not repeated itself by then is counted on from the last two.
pub const CYCLES_MAX: u64 = 200;
/// Cycles before which nothing is taken to repeat itself: the first begins in the middle of a window, and a
/// window of unknown kind shows within one or two what it is.
const WARM_UP: usize = 3;
/// How far two cycles may differ and still repeat each other, in thousandths and in requests.
const ALIKE_PERMILLE: u64 = 3;
const ALIKE_REQUESTS: u64 = 2;
/// The furthest that is counted on to, in milliseconds: a century.
const HORIZON_MS: Ms = 36_525 * 86_400_000;

/// What one slot saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// History requests.
    pub history: u64,
    /// Polls.
    pub polls: u64,
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        self.history += other.history;
        self.polls += other.polls;
    }
}

/// The cycles of a run.
#[derive(Clone, Debug)]
pub struct Cycles {
    start_ms: Ms,
    cycle_ms: Ms,
    slot_ms: Ms,
    slots: Vec<Used>,
    /// Cycles that are over.
    whole: usize,
}

/// How connections that are added change what is left for history.
#[derive(Clone, Copy, Debug, Default)]
pub struct Growth {
    /// History requests asked for more in each cycle.
    pub asked: f64,
    /// By how much the polls of a cycle become more in each.
    pub polls: f64,
    /// The most that the polls of a cycle can become.
    pub polls_max: f64,
}

impl Cycles {
    /// Nothing used yet.
    pub fn new(start_ms: Ms, cycle_ms: Ms) -> Self {
        let slot_ms = (cycle_ms / SLOTS).max(1);
        Self { start_ms, cycle_ms: slot_ms * SLOTS, slot_ms, slots: vec![Used::default()], whole: 0 }
    }

    /// Cycles that are over.
    pub fn whole(&self) -> usize {
        self.whole
    }

    /// How long each is.
    pub fn cycle_ms(&self) -> Ms {
        self.cycle_ms
    }

    /// Goes on to `now_ms`; whether a cycle ended.
    pub fn roll(&mut self, now_ms: Ms) -> bool {
        let slot = ((now_ms - self.start_ms) / self.slot_ms) as usize;
        if slot >= self.slots.len() {
            self.slots.resize(slot + 1, Used::default());
        }
        let before = std::mem::replace(&mut self.whole, slot / SLOTS as usize);
        self.whole > before
    }

    /// A history request went.
    pub fn history(&mut self) {
        if let Some(slot) = self.slots.last_mut() {
            slot.history += 1;
        }
    }

    /// A poll went.
    pub fn poll(&mut self) {
        if let Some(slot) = self.slots.last_mut() {
            slot.polls += 1;
        }
    }

    fn cycle(&self, index: usize) -> &[Used] {
        &self.slots[index * SLOTS as usize..(index + 1) * SLOTS as usize]
    }

    fn total(&self, index: usize) -> Used {
        let mut total = Used::default();
        self.cycle(index).iter().for_each(|slot| total += *slot);
        total
    }

    /// Whether the last two cycles that are over are alike.
    pub fn repeat(&self) -> bool {
        self.whole > WARM_UP && {
            let (before, last) = (self.total(self.whole - 2).history, self.total(self.whole - 1).history);
            let apart = before.abs_diff(last);
            last > 0 && (apart <= ALIKE_REQUESTS || apart * 1_000 <= last * ALIKE_PERMILLE)
        }
    }

    /// When history of which `asked` was asked for by now will be done, counted on from the last two cycles, and
    /// whether it can be told at all; `None` if never within a century.
    pub fn count_on(&self, asked: u64, growth: Growth) -> Result<Option<Ms>, Unsettled> {
        if self.whole < WARM_UP {
            return Err(Unsettled);
        }
        let last = self.whole - 1;
        let mean = |of: fn(Used) -> u64| (of(self.total(last)) + of(self.total(last - 1))) as f64 / 2.0;
        let (each, polls) = (mean(|used| used.history), mean(|used| used.polls));
        let ended = self.whole * SLOTS as usize;
        let sent: u64 = self.slots[..ended].iter().map(|slot| slot.history).sum();
        let mut left = asked.saturating_sub(sent) as f64;
        let mut at_ms = ended as Ms * self.slot_ms;
        let grows = growth.asked > 0.0 || growth.polls > 0.0;
        if !grows && each == 0.0 {
            return Ok(None);
        }
        if !grows {
            let whole = (left / each).floor();
            let at = at_ms as f64 + whole * self.cycle_ms as f64;
            if at > HORIZON_MS as f64 {
                return Ok(None);
            }
            (left, at_ms) = (left - whole * each, at as Ms);
        }
        let mut polls_now = polls;
        loop {
            // What the added polls take is taken from history.
            let free = (each + polls - polls_now).max(0.0);
            if left <= free && free > 0.0 {
                break;
            }
            (left, at_ms) = (left - free + growth.asked, at_ms + self.cycle_ms);
            polls_now = (polls_now + growth.polls).min(growth.polls_max.max(polls));
            if at_ms > HORIZON_MS || (free <= growth.asked && polls_now >= growth.polls_max) {
                return Ok(None);
            }
        }
        let scale = (each + polls - polls_now) / each.max(1.0);
        let mut seen = 0.0;
        for slot in self.cycle(last) {
            if seen >= left {
                break;
            }
            seen += slot.history as f64 * scale;
            at_ms += self.slot_ms;
        }
        Ok(Some(at_ms))
    }

    /// What every slot up to `until_ms` sees, the last cycle repeated; in `columns` parts.
    pub fn drawn(&self, until_ms: Ms, columns: usize) -> Vec<Used> {
        let slots = (until_ms.div_ceil(self.slot_ms) as usize).max(1);
        let last = self.whole.checked_sub(1).map(|last| self.cycle(last));
        let (known, total) = match last {
            // The slots after the last whole cycle are not all there.
            Some(cycle) if slots > self.slots.len() => {
                let mut total = Used::default();
                cycle.iter().for_each(|slot| total += *slot);
                (self.whole * SLOTS as usize, total)
            }
            _ => (self.slots.len(), Used::default()),
        };
        // Sum of the first n slots.
        let mut sums = vec![Used::default()];
        for slot in &self.slots[..known] {
            let mut sum = *sums.last().unwrap_or(&Used::default());
            sum += *slot;
            sums.push(sum);
        }
        let first = |n: usize| -> Used {
            if n <= known {
                return sums[n];
            }
            let mut sum = sums[known];
            let (whole, part) = ((n - known) as u64 / SLOTS, (n - known) % SLOTS as usize);
            sum += Used { history: total.history * whole, polls: total.polls * whole };
            last.unwrap_or_default()
                .iter()
                .take(if total == Used::default() { 0 } else { part })
                .for_each(|slot| sum += *slot);
            sum
        };
        let columns = columns.clamp(1, slots);
        let cut = |column: usize| first(slots * column / columns);
        let part = |column: usize| {
            let (from, to) = (cut(column), cut(column + 1));
            Used { history: to.history - from.history, polls: to.polls - from.polls }
        };
        (0..columns).map(part).collect()
    }
}

/// Too little was seen to count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled;

#[cfg(test)]
mod tests {
    use super::*;

    const CYCLE: Ms = SLOTS * 10;

    /// Cycles that begin with `burst` requests each.
    fn bursts(cycles: u64, burst: u64) -> Cycles {
        let mut seen = Cycles::new(0, CYCLE);
        for cycle in 0..cycles {
            seen.roll(cycle * CYCLE);
            (0..burst).for_each(|_| seen.history());
        }
        seen.roll(cycles * CYCLE);
        seen
    }

    #[test]
    fn what_is_left_needs_as_many_cycles_as_it_has_their_history() {
        let seen = bursts(4, 100);
        assert!(seen.repeat());
        // 400 are done after four; two more cycles, and a part of the burst that begins the next.
        let done = seen.count_on(650, Growth::default()).unwrap().unwrap();
        assert_eq!(done, 6 * CYCLE + 10);
        assert_eq!(seen.count_on(u64::MAX, Growth::default()), Ok(None), "not within a century");
    }

    #[test]
    fn too_few_cycles_and_unlike_ones_tell_nothing() {
        assert_eq!(bursts(2, 100).count_on(650, Growth::default()), Err(Unsettled));
        assert!(!bursts(3, 100).repeat());
        let mut seen = bursts(4, 100);
        (0..90).for_each(|_| seen.history());
        seen.roll(5 * CYCLE);
        assert!(!seen.repeat());
    }

    #[test]
    fn work_that_comes_faster_than_it_goes_is_never_done() {
        let growth = |asked| Growth { asked, ..Growth::default() };
        assert_eq!(bursts(4, 100).count_on(650, growth(100.0)), Ok(None));
        let half = bursts(4, 100).count_on(650, growth(50.0)).unwrap().unwrap();
        // 250 are left and each cycle does 50 of them net, until what is left fits one.
        assert_eq!(half / CYCLE, 7);
    }

    #[test]
    fn polls_that_become_more_take_from_history() {
        let growth = Growth { asked: 0.0, polls: 10.0, polls_max: 50.0 };
        // Left 250: 100, 90, and 60 of 80.
        assert_eq!(bursts(4, 100).count_on(650, growth).unwrap().unwrap() / CYCLE, 6);
    }

    #[test]
    fn a_drawing_has_all_that_was_and_will_be_used() {
        let seen = bursts(4, 100);
        let all = seen.drawn(10 * CYCLE, 7).iter().map(|used| used.history).sum::<u64>();
        assert_eq!(all, 1_000);
        assert_eq!(seen.drawn(2 * CYCLE, 2), [Used { history: 100, polls: 0 }; 2]);
    }
}
