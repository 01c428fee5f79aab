//! One window: charges, what fits, when it will fit again.

use super::counters::Counters;
use super::foreign::ForeignRate;
use super::limit::Limit;
use super::log::SlidingLog;
use super::spec::{Kind, WindowSpec};
use super::weighted::Weighted;
use crate::ahead::Lines;
use crate::mutation;
use crate::time::{Instant, Ms};

/// What a window remembers of the moment a request was sent, to judge the usage its response reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    expired: u32,
    settled: u32,
}

/// The charges of one window.
///
/// The kinds come down to two ledgers. A *log* is safe for `log`, `anchored`, `bucket` and `aligned`
/// providers; *counters* are safe for `aligned` and, weighted, for `two_counter` ones. `unknown` keeps both
/// and obeys whichever is stricter.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Window {
    pub(super) spec: WindowSpec,
    pub(super) limit: Limit,
    /// Apart, since most windows that a clock governs have none.
    pub(super) log: Option<Box<SlidingLog>>,
    pub(super) counters: Option<Counters>,
    /// Beside the counters, where they are added up and a byte more or less is nothing.
    pub(super) weighted: Option<Box<Weighted>>,
    pub(super) foreign: ForeignRate,
    pub(super) in_flight: u64,
    /// Running total of settled cost, wrapping.
    pub(super) settled: u32,
    /// Requests in flight, those that cost nothing here included: each holds a mark.
    pub(super) flying: u32,
}

/// One that stands where there is no window.
impl Default for Window {
    fn default() -> Self {
        Self {
            spec: WindowSpec::requests(1, 1, Kind::Aligned),
            limit: Limit::new(1),
            log: None,
            counters: None,
            weighted: None,
            foreign: ForeignRate::default(),
            in_flight: 0,
            settled: 0,
            flying: 0,
        }
    }
}

impl Window {
    /// An unused window.
    ///
    /// Where the window is shorter than four times the clock's error, boundaries mean nothing: it is
    /// charged as a log, whose entries live two lengths if the provider may add two counters.
    #[must_use]
    pub fn new(spec: WindowSpec, at: Instant) -> Self {
        let clock = spec.length_ms >= 4 * at.epsilon_ms;
        let weighted = matches!(spec.kind, Kind::TwoCounter | Kind::Unknown);
        let logged = !matches!(spec.kind, Kind::Aligned | Kind::TwoCounter);
        let life_ms = if weighted && !clock { 2 * spec.length_ms } else { spec.length_ms };
        Self {
            limit: Limit::new(spec.limit),
            log: (logged || !clock).then(|| Box::new(SlidingLog::new(life_ms))),
            counters: (clock && (weighted || spec.kind == Kind::Aligned))
                .then(|| Counters::new(spec.length_ms, at)),
            weighted: None,
            foreign: ForeignRate::default(),
            in_flight: 0,
            settled: 0,
            flying: 0,
            spec,
        }
    }

    /// An unused window of which there are few: where the provider adds two counters, it remembers when each
    /// request was counted, and not only in which window it can have been.
    #[must_use]
    pub fn exact(spec: WindowSpec, at: Instant) -> Self {
        let window = Self::new(spec, at);
        let adds = window.counters.is_some() && spec.kind != Kind::Aligned;
        Self { weighted: adds.then(|| Box::new(Weighted::new(spec.length_ms))), ..window }
    }

    /// Shows `see` the window, which begins a line.
    pub(crate) fn each_line(&self, see: &mut impl Lines) {
        see.line_of(&self.spec);
        see.line_of(&self.flying);
    }

    /// What the window is.
    #[must_use]
    pub fn spec(&self) -> &WindowSpec {
        &self.spec
    }

    /// The limit in force.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit.effective()
    }

    /// Brings the charges up to `at`. Every other question presumes it.
    pub fn advance(&mut self, at: Instant) {
        self.limit.advance(at.now_ms, self.spec.length_ms);
        if let Some(log) = &mut self.log {
            log.advance(at.now_ms);
        }
        if self.counters.is_some() && 4 * at.epsilon_ms > self.spec.length_ms {
            self.give_up_the_clock(at);
        }
        if let Some(counters) = &mut self.counters {
            counters.advance(at, self.in_flight);
        }
        if let Some(weighted) = &mut self.weighted {
            weighted.advance(at);
        }
    }

    /// The clock turned out to be too far off for boundaries: everything counted starts a life as a log.
    fn give_up_the_clock(&mut self, at: Instant) {
        let Some(counters) = self.counters.take() else { return };
        self.weighted = None;
        let weighted = matches!(self.spec.kind, Kind::TwoCounter | Kind::Unknown);
        let mut log = SlidingLog::new(if weighted { 2 } else { 1 } * self.spec.length_ms);
        let (previous, current, _) = counters.two(at);
        log.push(at.now_ms, (previous + current).saturating_sub(self.in_flight));
        self.log = Some(Box::new(log));
    }

    /// Charged now, in the ledger that binds.
    #[must_use]
    pub fn charged(&self, at: Instant) -> u64 {
        let logged = self.log.as_ref().map_or(0, |log| self.logged(log));
        logged.max(self.counted(at))
    }

    pub(super) fn logged(&self, log: &SlidingLog) -> u64 {
        log.sum() + self.flown()
    }

    fn counted(&self, at: Instant) -> u64 {
        if let Some(weighted) = &self.weighted {
            return weighted.charged(at, self.flown());
        }
        match (&self.counters, self.spec.kind) {
            (None, _) => 0,
            (Some(counters), Kind::Aligned) => counters.aligned(at),
            (Some(counters), _) => counters.two_counter(at),
        }
    }

    /// In flight, for the ledger that adds it.
    pub(super) fn flown(&self) -> u64 {
        if mutation::is("forget-unacknowledged") { 0 } else { self.in_flight }
    }

    /// Whether `cost` may be sent.
    #[must_use]
    pub fn fits(&self, at: Instant, cost: u64) -> bool {
        cost == 0 || self.charged(at) + cost <= self.limit()
    }

    /// Charges a request that is being sent.
    pub fn charge(&mut self, at: Instant, cost: u64) -> Mark {
        self.in_flight += cost;
        self.flying += 1;
        if let Some(counters) = &mut self.counters {
            counters.charge(at, cost);
        }
        Mark { expired: self.log.as_ref().map_or(0, |log| log.expired()), settled: self.settled }
    }

    /// A request sent at `sent` is acknowledged: it was counted, and starts to expire.
    pub fn settle(&mut self, sent: Instant, acked: Instant, cost: u64) {
        self.give_up(sent, acked, cost);
        if let Some(counters) = &mut self.counters {
            counters.settle(sent, acked, cost);
        }
    }

    /// The same where nobody knows whether, or when, it was counted: it was refused, or its deadline passed.
    pub fn give_up(&mut self, sent: Instant, acked: Instant, cost: u64) {
        assert!(self.in_flight >= cost, "only what was charged is settled");
        self.in_flight -= cost;
        self.flying -= 1;
        self.settled = self.settled.wrapping_add(cost as u32);
        let from = if mutation::is("expire-from-send") { sent } else { acked };
        if let Some(log) = &mut self.log {
            log.push(from.now_ms, cost);
        }
        if let Some(weighted) = &mut self.weighted {
            weighted.push(from, cost);
        }
    }

    /// A usage figure came with the response to a request sent at `sent`. Returns what must be somebody
    /// else's, which is charged like one request of theirs.
    pub fn observe(&mut self, sent: Instant, acked: Instant, mark: Mark, used: u64) -> u64 {
        self.refute(sent, acked, mark, used);
        let Some(most) = self.ours_at_most(sent, acked, mark) else { return 0 };
        let foreign = used.saturating_sub(most);
        self.foreign.note(acked.now_ms, self.spec.length_ms, foreign);
        if foreign > 0 {
            if let Some(log) = &mut self.log {
                log.push(acked.now_ms, foreign);
            }
            if let Some(counters) = &mut self.counters {
                counters.charge(acked, foreign);
            }
            if let Some(weighted) = &mut self.weighted {
                weighted.push(acked, foreign);
            }
        }
        foreign
    }

    /// The most that the provider can have counted of what we know, in an answer between `sent` and
    /// `acked`; `None` where a boundary lies between and the figure may belong to either window.
    fn ours_at_most(&self, sent: Instant, acked: Instant, mark: Mark) -> Option<u64> {
        let logged = self
            .log
            .as_ref()
            .map(|log| log.sum() + self.in_flight + u64::from(log.expired().wrapping_sub(mark.expired)));
        let counted = match &self.counters {
            None => None,
            Some(counters) => {
                if !counters.in_newest(sent, acked) {
                    return None;
                }
                Some(match self.spec.kind {
                    Kind::Aligned => counters.newest(),
                    _ => {
                        let gone_ms = acked.latest() - sent.earliest();
                        let (previous, current, rest_ms) = counters.two(acked);
                        let rest_ms = (rest_ms + gone_ms).min(self.spec.length_ms);
                        (previous * rest_ms).div_ceil(self.spec.length_ms) + current
                    }
                })
            }
        };
        logged.max(counted)
    }

    /// A figure below the least that two counters must show proves that the provider does not add two
    /// counters. The log stays: `anchored` and `bucket` providers may show anything lower and still need it.
    fn refute(&mut self, sent: Instant, acked: Instant, mark: Mark, used: u64) {
        let (Kind::Unknown, Some(counters), Some(_)) = (self.spec.kind, &self.counters, &self.log) else {
            return;
        };
        let Some(least) = counters.two_counter_min(sent, acked) else { return };
        let unsure = u64::from(self.settled.wrapping_sub(mark.settled));
        if used < least.saturating_sub(unsure) {
            (self.counters, self.weighted) = (None, None);
            self.spec.kind = Kind::Log;
        }
    }

    /// A limit came with a response.
    pub fn report_limit(&mut self, at: Instant, limit: u64) {
        self.limit.report(limit, at.now_ms, self.spec.length_ms);
    }

    /// A limit that headers named to a predecessor.
    pub fn restore_limit(&mut self, limit: u64) {
        self.limit.restore(limit);
    }

    /// The limit that headers named, where it is below the documented one.
    #[must_use]
    pub fn named_limit(&self) -> Option<u64> {
        self.limit.reported()
    }

    /// A refusal that nothing explains: the model was wrong here.
    pub fn falsify(&mut self, at: Instant) {
        self.limit.falsify(at.now_ms, self.spec.length_ms);
    }

    /// The limit grows with the number of users.
    pub fn set_users(&mut self, users: u64) {
        self.limit.document(self.spec.limit + self.spec.limit_per_user * users);
    }

    /// The earliest moment at which `cost` could fit, later than `at`; `None` if it fits now. What is in
    /// flight may make the true moment later.
    #[must_use]
    pub fn release(&self, at: Instant, cost: u64) -> Option<Ms> {
        if self.fits(at, cost) {
            return None;
        }
        let limit = self.limit();
        let mut release = at.now_ms + 1;
        if let Some(log) = &self.log {
            let over = (self.logged(log) + cost).saturating_sub(limit);
            if over > 0 {
                let by_log = log.frees(over).unwrap_or(at.now_ms + log.life_ms() + 1);
                release = release.max(by_log);
            }
        }
        if let Some(weighted) = &self.weighted {
            release = release.max(weighted.release(at, self.flown(), cost, limit));
        } else if let Some(counters) = &self.counters {
            release = release.max(self.counters_release(counters, at, cost, limit));
        }
        match self.limit.recovers() {
            Some(recovers) if recovers > at.now_ms => Some(release.min(recovers)),
            _ => Some(release),
        }
    }

    fn counters_release(&self, counters: &Counters, at: Instant, cost: u64, limit: u64) -> Ms {
        if self.spec.kind == Kind::Aligned {
            let newest_full = counters.newest() + cost > limit;
            return if newest_full { counters.ends(at) } else { counters.overlap_ends(at) };
        }
        let (previous, current, rest_ms) = counters.two(at);
        let room = limit.saturating_sub(current + cost);
        if current + cost > limit || previous == 0 {
            return at.now_ms + rest_ms;
        }
        // The previous window may weigh `room`: previous·rest ≤ room·length.
        at.now_ms + rest_ms.saturating_sub(room * self.spec.length_ms / previous).max(1)
    }

    /// Whether nothing is charged and nothing was learned, so that a fresh window would say the same.
    #[must_use]
    pub fn is_fresh(&self, at: Instant) -> bool {
        self.in_flight == 0
            && self.limit.is_documented()
            && self.foreign.is_zero()
            && self.log.as_ref().is_none_or(|log| log.sum() == 0)
            && self.counters.as_ref().is_none_or(|counters| {
                let (previous, current, _) = counters.two(at);
                previous + current + counters.newest() == 0
            })
    }
}
