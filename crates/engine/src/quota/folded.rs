//! A user's window while nobody asks it anything.
//!
//! There are as many of these as connections, and what they are is the same for all users of an application. So
//! only what one has counted is kept, in as few bytes as that takes, and unfolded for as long as it is looked at.
//! Nothing is lost by it: what does not fit is kept as it is.

use super::counters::Counters;
use super::foreign::ForeignRate;
use super::limit::Limit;
use super::log::SlidingLog;
use super::spec::{Kind, WindowSpec};
use super::window::{Mark, Window};
use crate::time::{Instant, Ms};

/// Bytes for the entries of a log: the polls of an hour and a half, one each quarter of an hour.
const BYTES: usize = 20;

/// It counts clock windows too.
const COUNTED: u8 = 1;
/// The entries of its log live two lengths.
const DOUBLED: u8 = 2;
/// Its kind was unknown, and the provider turned out not to add two counters.
const REFUTED: u8 = 4;
/// Usage headers were looked at, and nobody else was found.
const LOOKED: u8 = 8;

/// One window of one user: 24 bytes with what names it.
#[derive(Clone, Debug, Default)]
pub(crate) enum Folded {
    /// Nothing counted yet.
    #[default]
    Fresh,
    /// What clock windows have counted, without a log, and nothing else to know.
    Counted(Counted),
    /// What a log has counted, and nothing else to know.
    Logged(Box<Logged>),
    /// Anything else. Empty only while the window is looked at.
    Whole(Box<Option<Window>>),
}

/// A window that only the clock governs. Charges and answers change it in place while that needs no look at the
/// windows before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    /// The clock window that is open.
    opened: u32,
    charged: [u16; 3],
    in_flight: u16,
    flying: u8,
    /// When headers were first looked at, in 48 bits; [`NEVER`] where none were.
    since: [u16; 3],
}

/// The end of time, in 48 bits.
const NEVER: [u16; 3] = [u16::MAX; 3];

/// A window with a log, nobody of whose requests is in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logged {
    /// Which of the parts above there are.
    parts: u8,
    /// Bytes in use below.
    len: u8,
    /// The clock window that is open, or that in which the first entry expires.
    opened: u32,
    charged: [u16; 3],
    certain: [u16; 2],
    /// When headers were first looked at, and the entries of the log.
    bytes: [u8; BYTES],
}

/// Numbers of as few bytes as each needs, seven bits in a byte.
struct Bytes {
    bytes: [u8; BYTES],
    len: usize,
}

impl Bytes {
    fn put(&mut self, mut number: u64) -> Option<()> {
        loop {
            let more = number > 0x7f;
            *self.bytes.get_mut(self.len)? = number as u8 & 0x7f | u8::from(more) << 7;
            self.len += 1;
            if !more {
                return Some(());
            }
            number >>= 7;
        }
    }
}

/// The next number of `bytes`, if there is one.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

/// The moment that the bytes of a window opened as number `opened` count from: before all its entries' expiry.
fn base_ms(opened: u32, spec: &WindowSpec) -> Ms {
    Ms::from(opened.saturating_sub(1)) * spec.length_ms
}

fn narrow(count: u32) -> Option<u16> {
    u16::try_from(count).ok()
}

impl Folded {
    /// The window, to be asked and changed and then folded again.
    pub fn unfold(&mut self, spec: &WindowSpec, at: Instant) -> Window {
        match self {
            Self::Fresh => Window::new(*spec, at),
            Self::Counted(counted) => counted.unfold(spec),
            Self::Logged(logged) => logged.unfold(spec),
            Self::Whole(window) => window.take().expect("a window is folded before it is unfolded again"),
        }
    }

    /// Puts the window away.
    pub fn fold(&mut self, spec: &WindowSpec, window: Window) {
        if let Some(counted) = Counted::of(spec, &window) {
            *self = Self::Counted(counted);
        } else if let Some(logged) = Logged::of(spec, &window) {
            *self = Self::Logged(Box::new(logged));
        } else if let Self::Whole(place) = self {
            **place = Some(window);
        } else {
            *self = Self::Whole(Box::new(Some(window)));
        }
    }

    /// Unfolds the window at `at` for as long as `ask` takes.
    fn look<R>(&mut self, spec: &WindowSpec, at: Instant, ask: impl FnOnce(&mut Window) -> R) -> R {
        let mut window = self.unfold(spec, at);
        window.advance(at);
        let answer = ask(&mut window);
        self.fold(spec, window);
        answer
    }

    /// Charges a request that is being sent.
    pub fn charge(&mut self, spec: &WindowSpec, at: Instant, cost: u64) -> Mark {
        let in_place = match self {
            Self::Counted(counted) => counted.charge(spec, at, cost).is_some(),
            _ => false,
        };
        if in_place { Mark::default() } else { self.look(spec, at, |window| window.charge(at, cost)) }
    }

    /// A request sent at `sent` was acknowledged; `is_counted` says whether it was surely counted then. Returns
    /// whether a fresh window would say the same as this one now.
    pub fn settle(
        &mut self,
        spec: &WindowSpec,
        sent: Instant,
        acked: Instant,
        cost: u64,
        is_counted: bool,
    ) -> bool {
        if let Self::Counted(counted) = self
            && counted.settle(spec, acked, cost)
        {
            return false;
        }
        let settle = if is_counted { Window::settle } else { Window::give_up };
        self.look(spec, acked, |window| {
            settle(window, sent, acked, cost);
            window.is_fresh(acked)
        })
    }

    /// Whether `cost` fits whatever the time: even beside all that is kept of three clock windows.
    pub fn has_room(&self, spec: &WindowSpec, cost: u64) -> bool {
        let most = match self {
            Self::Fresh => 0,
            Self::Counted(counted) => {
                counted.charged.iter().chain([&counted.in_flight]).map(|count| u64::from(*count)).sum()
            }
            _ => return false,
        };
        cost <= spec.limit.saturating_sub(most)
    }
}

impl Counted {
    fn unfold(&self, spec: &WindowSpec) -> Window {
        let [high, middle, low] = self.since.map(Ms::from);
        let since_ms = if self.since == NEVER { Ms::MAX } else { high << 32 | middle << 16 | low };
        Window {
            spec: *spec,
            limit: Limit::new(spec.limit),
            log: None,
            counters: Some(counters(spec, self.opened, self.charged, [0; 2])),
            weighted: None,
            foreign: ForeignRate::nobody(since_ms),
            in_flight: u64::from(self.in_flight),
            settled: 0,
            flying: u32::from(self.flying),
        }
    }

    /// The window in few bytes, if it has no log and nothing is lost by it. What was settled is a running total,
    /// and what was surely counted a lower bound: only windows with a log, which may be refuted, compare with them.
    fn of(spec: &WindowSpec, window: &Window) -> Option<Self> {
        let Window { limit, log: None, counters: Some(counters), foreign, in_flight, flying, .. } = window
        else {
            return None;
        };
        let since_ms = foreign.nobody_since().filter(|_| limit.is_documented())?;
        let since = [since_ms >> 32, since_ms >> 16, since_ms].map(|part| part as u16);
        if since_ms < Ms::MAX && (since_ms >> 48 > 0 || since == NEVER) {
            return None;
        }
        let [newest, last, before] = counters.charged;
        Some(Self {
            opened: u32::try_from(counters.starts_ms / spec.length_ms).ok()?,
            charged: [narrow(newest)?, narrow(last)?, narrow(before)?],
            in_flight: u16::try_from(*in_flight).ok()?,
            flying: u8::try_from(*flying).ok()?,
            since,
        })
    }

    /// Whether the provider's clock is surely in the window that is open.
    fn is_open(&self, spec: &WindowSpec, at: Instant) -> bool {
        let starts_ms = Ms::from(self.opened) * spec.length_ms;
        let is_governed = spec.length_ms >= 4 * at.epsilon_ms;
        is_governed && at.earliest() >= starts_ms && at.latest() < starts_ms + spec.length_ms
    }

    /// Charges a request in place; `None`, and nothing is done, where that takes more.
    fn charge(&mut self, spec: &WindowSpec, at: Instant, cost: u64) -> Option<()> {
        let cost = u16::try_from(cost).ok().filter(|_| self.is_open(spec, at))?;
        let charged = self.charged[0].checked_add(cost)?;
        let flying = self.flying.checked_add(1)?;
        self.in_flight = self.in_flight.checked_add(cost)?;
        (self.charged[0], self.flying) = (charged, flying);
        Some(())
    }

    /// Settles a request in place; returns whether it did, and then something is charged still.
    fn settle(&mut self, spec: &WindowSpec, acked: Instant, cost: u64) -> bool {
        let in_place = self.charged[0] > 0 && self.is_open(spec, acked);
        if in_place {
            assert!(u64::from(self.in_flight) >= cost, "only what was charged is settled");
            self.in_flight -= cost as u16;
            self.flying -= 1;
        }
        in_place
    }
}

fn counters(spec: &WindowSpec, opened: u32, charged: [u16; 3], certain: [u16; 2]) -> Counters {
    Counters {
        length_ms: super::counters::length(spec.length_ms),
        starts_ms: Ms::from(opened) * spec.length_ms,
        charged: charged.map(u32::from),
        certain: certain.map(u32::from),
    }
}

impl Logged {
    fn unfold(&self, spec: &WindowSpec) -> Window {
        let Self { parts, len, opened, charged, certain, ref bytes } = *self;
        let mut bytes = &bytes[..usize::from(len)];
        let has = |part| parts & part != 0;
        let foreign = if has(LOOKED) {
            let age_ms = take(&mut bytes).expect("put there when it was folded");
            ForeignRate::nobody((Ms::from(opened) + 1) * spec.length_ms - age_ms)
        } else {
            ForeignRate::default()
        };
        let mut expiry_ms = base_ms(opened, spec);
        let life_ms = spec.length_ms * if has(DOUBLED) { 2 } else { 1 };
        let entries = std::iter::from_fn(|| {
            let step = take(&mut bytes)?;
            expiry_ms += step >> 1;
            Some((expiry_ms, if step & 1 == 0 { 1 } else { take(&mut bytes)? }))
        });
        let log = Some(Box::new(SlidingLog::of(life_ms, entries)));
        let kind = if has(REFUTED) { Kind::Log } else { spec.kind };
        Window {
            spec: WindowSpec { kind, ..*spec },
            limit: Limit::new(spec.limit),
            log,
            counters: has(COUNTED).then(|| counters(spec, opened, charged, certain)),
            weighted: None,
            foreign,
            in_flight: 0,
            settled: 0,
            flying: 0,
        }
    }

    /// The window in few bytes, if it has a log and nothing is lost by it.
    ///
    /// What has expired and what was settled are running totals, which only marks are compared with: while
    /// requests in flight hold some the window is kept as it is.
    fn of(spec: &WindowSpec, window: &Window) -> Option<Self> {
        let Window { limit, log: Some(log), counters, foreign, flying: 0, .. } = window else { return None };
        let since_ms = foreign.nobody_since().filter(|_| limit.is_documented())?;
        let looked = since_ms < Ms::MAX;
        let first_ms = log.entries().next().map(|(expiry_ms, _)| expiry_ms);
        let starts_ms = counters.as_ref().map(|counters| counters.starts_ms);
        let opened = starts_ms.or(first_ms).unwrap_or(if looked { since_ms } else { 0 }) / spec.length_ms;
        let opened = u32::try_from(opened).ok()?;
        let mut bytes = Bytes { bytes: [0; BYTES], len: 0 };
        if looked {
            bytes.put(((Ms::from(opened) + 1) * spec.length_ms).checked_sub(since_ms)?)?;
        }
        let mut last_ms = base_ms(opened, spec);
        for (expiry_ms, cost) in log.entries() {
            bytes.put(expiry_ms.checked_sub(last_ms)? << 1 | u64::from(cost != 1))?;
            if cost != 1 {
                bytes.put(cost)?;
            }
            last_ms = expiry_ms;
        }
        let flags = [
            (counters.is_some(), COUNTED),
            (log.life_ms() != spec.length_ms, DOUBLED),
            (window.spec.kind != spec.kind, REFUTED),
            (looked, LOOKED),
        ];
        let ([newest, last, before], certain) =
            counters.as_ref().map_or(([0; 3], [0; 2]), |counters| (counters.charged, counters.certain));
        Some(Self {
            parts: flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| flag).sum(),
            len: bytes.len as u8,
            opened,
            charged: [narrow(newest)?, narrow(last)?, narrow(before)?],
            certain: [narrow(certain[0])?, narrow(certain[1])?],
            bytes: bytes.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Nobody;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// What happens to a window, after a pause.
    #[derive(Clone, Debug)]
    enum Step {
        Send(u64),
        /// A response to the request sent first, with a usage figure this far from what was charged, if any.
        Answer(Option<i64>),
        Limit(u64),
        Falsify,
    }

    fn step() -> impl Strategy<Value = (Ms, Ms, Step)> {
        let step = prop_oneof![
            8 => prop_oneof![4 => Just(1_u64), 1 => 0_u64..3, 1 => 0_u64..90_000].prop_map(Step::Send),
            8 => prop::option::of(-9_i64..3).prop_map(Step::Answer),
            1 => (1_u64..200_000).prop_map(Step::Limit),
            1 => Just(Step::Falsify),
        ];
        let pause_ms = prop_oneof![4 => 0_u64..2_000, 2 => 0_u64..1_000_000, 1 => 0_u64..90_000_000];
        let epsilon_ms = prop_oneof![8 => Just(1_000_u64), 1 => 1_000_u64..20_000];
        (pause_ms, epsilon_ms, step)
    }

    fn kind() -> impl Strategy<Value = Kind> {
        let kinds = [Kind::Aligned, Kind::Anchored, Kind::Log, Kind::Bucket, Kind::TwoCounter, Kind::Unknown];
        prop::sample::select(kinds.to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(0), cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn a_window_that_is_folded_between_all_questions_says_what_one_does_that_never_is(
            kind in kind(),
            length_ms in prop::sample::select(&[3_000_u64, 60_000, 3_600_000, 86_400_000][..]),
            steps in prop::collection::vec(step(), 1..60),
        ) {
            let spec = WindowSpec::requests(100_000, length_ms, kind);
            let mut now_ms = 1_764_000_000_000;
            let mut at = Instant { now_ms, epsilon_ms: 1_000 };
            let mut kept = Window::new(spec, at);
            let mut folded = Folded::default();
            let mut flying = std::collections::VecDeque::new();
            for (pause_ms, epsilon_ms, step) in steps {
                now_ms += pause_ms;
                at = Instant { now_ms, epsilon_ms };
                kept.advance(at);
                match step {
                    Step::Send(cost) => {
                        let mark = folded.charge(&spec, at, cost);
                        flying.push_back((at, cost, mark, kept.charge(at, cost)));
                    }
                    Step::Answer(used) => {
                        let Some((sent, cost, mark, kept_mark)) = flying.pop_front() else {
                            folded.look(&spec, at, |_| ());
                            continue;
                        };
                        if let Some(used) = used {
                            let used = kept.charged(at).saturating_add_signed(used);
                            let foreign = folded.look(&spec, at, |window| window.observe(sent, at, mark, used));
                            prop_assert_eq!(foreign, kept.observe(sent, at, kept_mark, used));
                        }
                        let is_fresh = folded.settle(&spec, sent, at, cost, true);
                        kept.settle(sent, at, cost);
                        prop_assert_eq!(is_fresh, kept.is_fresh(at));
                    }
                    Step::Limit(limit) => {
                        folded.look(&spec, at, |window| window.report_limit(at, limit));
                        kept.report_limit(at, limit);
                    }
                    Step::Falsify => {
                        folded.look(&spec, at, |window| window.falsify(at));
                        kept.falsify(at);
                    }
                }
                let has_room = folded.has_room(&spec, 7);
                let window = folded.unfold(&spec, at);
                for cost in [1, 50_000] {
                    prop_assert_eq!(window.release(at, cost), kept.release(at, cost));
                }
                prop_assert!(!has_room || kept.fits(at, 7));
                prop_assert_eq!(window.charged(at), kept.charged(at));
                prop_assert_eq!(window.slack(at, 500, &Nobody), kept.slack(at, 500, &Nobody));
                prop_assert_eq!(window.ask_again(at), kept.ask_again(at));
                prop_assert_eq!(window.expected_foreign(at.now_ms, 9_999), kept.expected_foreign(at.now_ms, 9_999));
                prop_assert_eq!(window.is_fresh(at), kept.is_fresh(at));
                prop_assert_eq!(window.spec(), kept.spec());
                folded.fold(&spec, window);
            }
        }
    }

    /// How many bytes a user takes whose polls and their headers a window of an hour saw for a day.
    #[test]
    fn polls_each_quarter_of_an_hour_are_kept_in_few_bytes() {
        assert_eq!((size_of::<Folded>(), size_of::<Logged>()), (24, 36));
        for (kind, logged) in [(Kind::Aligned, false), (Kind::Log, true), (Kind::Unknown, true)] {
            let spec = WindowSpec::requests(150, 3_600_000, kind);
            let mut folded = Folded::default();
            for poll in 0..96 {
                let sent = Instant { now_ms: 1_764_000_000_000 + poll * 900_000, epsilon_ms: 1_000 };
                let acked = Instant { now_ms: sent.now_ms + 300, ..sent };
                let mark = folded.charge(&spec, sent, 1);
                folded.look(&spec, acked, |window| {
                    let used = window.charged(acked);
                    window.observe(sent, acked, mark, used)
                });
                folded.settle(&spec, sent, acked, 1, true);
                let few = match folded {
                    Folded::Counted(_) => !logged,
                    Folded::Logged(_) => logged,
                    _ => false,
                };
                assert!(few, "{kind:?}: {folded:?}");
            }
        }
    }
}
