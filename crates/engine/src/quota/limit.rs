//! How much of a window's limit we trust.

use crate::time::Ms;

/// The limit in force: the documented one, lowered by what the provider told us or refused us.
#[derive(Clone, Debug)]
pub struct Limit {
    documented: u32,
    effective: u32,
    /// Few windows have learned anything, and there are many windows.
    learned: Option<Box<Learned>>,
}

#[derive(Clone, Debug, Default)]
struct Learned {
    /// Lower limit that usage headers named, if any.
    reported: Option<u64>,
    /// A higher limit than the reported one, and when headers first named it without a break.
    loosening: Option<(u64, Ms)>,
    /// What unexplained refusals took away.
    deficit: u64,
    /// When the deficit last grew.
    falsified_ms: Ms,
    /// When part of it comes back, unless there is another refusal.
    returns_ms: Ms,
}

/// A limit as it is kept: four billion in one window are as good as none.
fn narrow(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

impl Limit {
    /// The documented limit, in force as it is.
    pub fn new(documented: u64) -> Self {
        let documented = narrow(documented);
        Self { documented, effective: documented.max(1), learned: None }
    }

    /// The limit in force; at least 1, so that a pull is slow rather than dead.
    pub fn effective(&self) -> u64 {
        u64::from(self.effective)
    }

    fn documented(&self) -> u64 {
        u64::from(self.documented)
    }

    /// Works out the limit in force after something was learned or forgotten.
    fn apply(&mut self) {
        self.learned =
            self.learned.take().filter(|learned| learned.deficit > 0 || learned.reported.is_some());
        let (reported, deficit) =
            self.learned.as_ref().map_or((None, 0), |learned| (learned.reported, learned.deficit));
        let trusted = reported.map_or(self.documented(), |limit| limit.min(self.documented()));
        self.effective = narrow(trusted.saturating_sub(deficit).max(1));
    }

    /// The lower limit that headers named, if any.
    pub fn reported(&self) -> Option<u64> {
        self.learned.as_ref().and_then(|learned| learned.reported)
    }

    /// Trusts a limit that headers named before, also while the documented one has yet to grow beyond it.
    pub fn restore(&mut self, reported: u64) {
        self.learned.get_or_insert_default().reported = Some(reported);
        self.apply();
    }

    /// Replaces the documented limit (it may grow with the number of users).
    pub fn document(&mut self, limit: u64) {
        self.documented = narrow(limit);
        self.apply();
    }

    /// Takes note of a limit that a header named: a lower one counts at once, a higher one after it was
    /// named for two windows without contradiction, and never beyond the documented one.
    pub fn report(&mut self, limit: u64, now_ms: Ms, length_ms: Ms) {
        let reported = self.reported();
        let documented = self.documented();
        let in_force = reported.unwrap_or(documented);
        if limit < in_force {
            let learned = self.learned.get_or_insert_default();
            (learned.reported, learned.loosening) = (Some(limit), None);
        } else if let Some(learned) = self.learned.as_mut().filter(|_| reported.is_some()) {
            if limit == in_force {
                learned.loosening = None;
                return;
            }
            let (lowest, since) = learned.loosening.unwrap_or((limit, now_ms));
            let lowest = lowest.min(limit);
            learned.loosening = Some((lowest, since));
            if now_ms < since + 2 * length_ms {
                return;
            }
            learned.reported = (lowest < documented).then_some(lowest);
            learned.loosening = None;
        } else {
            return;
        }
        self.apply();
    }

    /// A refusal that nothing explains: the limit in force falls by a tenth, at most once per window (one
    /// that refuses at each of its openings may do so a little early).
    pub fn falsify(&mut self, now_ms: Ms, length_ms: Ms) {
        let effective = self.effective();
        let learned = self.learned.get_or_insert_default();
        learned.returns_ms = now_ms + length_ms;
        if learned.deficit == 0 || now_ms >= learned.falsified_ms + length_ms / 4 * 3 {
            learned.deficit += effective.div_ceil(10).min(effective - 1);
            learned.falsified_ms = now_ms;
        }
        self.apply();
    }

    /// Gives back a tenth of the deficit for each clean window that has passed.
    pub fn advance(&mut self, now_ms: Ms, length_ms: Ms) {
        let Some(learned) = &mut self.learned else { return };
        if learned.deficit == 0 || now_ms < learned.returns_ms {
            return;
        }
        while learned.deficit > 0 && now_ms >= learned.returns_ms {
            learned.deficit -= learned.deficit.div_ceil(10);
            learned.returns_ms += length_ms;
        }
        self.apply();
    }

    /// When part of the deficit comes back, if there is one.
    pub fn recovers(&self) -> Option<Ms> {
        self.learned.as_ref().filter(|learned| learned.deficit > 0).map(|learned| learned.returns_ms)
    }

    /// Whether anything was learned that a fresh limit would not know.
    pub fn is_documented(&self) -> bool {
        self.learned.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_limit_counts_at_once_and_a_higher_one_after_two_windows() {
        let mut limit = Limit::new(100);
        limit.report(50, 0, 1_000);
        assert_eq!(limit.effective(), 50);
        limit.report(100, 10, 1_000);
        limit.report(100, 1_900, 1_000);
        assert_eq!(limit.effective(), 50);
        limit.report(100, 2_010, 1_000);
        assert_eq!(limit.effective(), 100);
    }

    #[test]
    fn a_contradiction_starts_the_two_windows_again() {
        let mut limit = Limit::new(100);
        limit.report(50, 0, 1_000);
        limit.report(100, 10, 1_000);
        limit.report(50, 1_500, 1_000);
        limit.report(100, 2_010, 1_000);
        assert_eq!(limit.effective(), 50);
    }

    #[test]
    fn a_header_never_raises_what_is_documented() {
        let mut limit = Limit::new(100);
        for window in 0..5 {
            limit.report(1_000, window * 1_000, 1_000);
        }
        assert_eq!(limit.effective(), 100);
    }

    #[test]
    fn an_unexplained_refusal_costs_a_tenth_once_per_window_and_it_comes_back() {
        let mut limit = Limit::new(100);
        limit.falsify(0, 1_000);
        limit.falsify(500, 1_000);
        assert_eq!(limit.effective(), 90);
        limit.advance(1_499, 1_000);
        assert_eq!(limit.effective(), 90, "the last window was not clean");
        limit.advance(1_500, 1_000);
        assert_eq!(limit.effective(), 91);
        limit.advance(20_000, 1_000);
        assert_eq!(limit.effective(), 100);
    }
}
