//! What a provider's rate limit counts: the windows a new OAuth application, and each user of one, must obey.

use serde::{Deserialize, Serialize};

use crate::{Basis, Feedback};

/// The windows of a provider's rate limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How sure we are.
    pub basis: Basis,
    /// Where the figures are from.
    pub sources: Vec<String>,
    /// What a person should know besides.
    pub note: Option<String>,
    /// Counted for all users of an OAuth application together; none where that is not counted.
    #[serde(default)]
    pub windows: Vec<QuotaWindow>,
    /// Counted for each user of an application; none where that is not counted.
    #[serde(default)]
    pub user_windows: Vec<QuotaWindow>,
    /// How answers tell the use; none where no form is known.
    pub feedback: Option<Feedback>,
}

/// What one OAuth application may spend where its provider granted it other limits than a new one has. Each list
/// stands in place of the catalog's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnQuota {
    /// Counted for all users of the application together.
    #[serde(default)]
    pub windows: Vec<QuotaWindow>,
    /// Counted for each user of the application.
    #[serde(default)]
    pub user_windows: Vec<QuotaWindow>,
}

/// One window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaWindow {
    /// How much the provider counts before it refuses.
    pub limit: u64,
    /// How long the window is.
    pub seconds: u64,
    /// How it counts.
    pub kind: WindowKind,
    /// What it counts.
    #[serde(default)]
    pub unit: Unit,
    /// How much each connected user adds to the limit.
    #[serde(default)]
    pub limit_per_user: u64,
}

impl QuotaWindow {
    /// The largest limit that can be reckoned with: more than any provider grants, and far from where sums overflow.
    pub const LIMIT_MAX: u64 = 1_000_000_000;
    /// The longest window: 31 days.
    pub const SECONDS_MAX: u64 = 31 * 86_400;
}

/// How a provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// From one clock boundary to the next, at multiples of the length since the Unix epoch. Only what a
    /// provider documents so is called aligned.
    Aligned,
    /// From the first request after the last window ended.
    Anchored,
    /// The last `length`, continuously.
    Log,
    /// The previous clock window weighted by what is left of the current one, plus the current one.
    TwoCounter,
    /// A leaking bucket as large as the limit.
    Bucket,
    /// Not known: charged so that any of the others is obeyed.
    Unknown,
}

/// What a window counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// HTTP requests.
    #[default]
    Requests,
    /// Days of data asked for, whatever the number of requests (Garmin's backfill).
    DaysOfData,
}

impl Quota {
    /// Whether it is known that users of an application share a limit that does not grow with them.
    pub fn is_shared(&self) -> bool {
        self.basis != Basis::Assumed && self.windows.iter().any(|window| window.limit_per_user == 0)
    }

    /// What is wrong with the windows, where something is.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        if let Some(problem) = contradiction(&self.windows, &self.user_windows) {
            Some(problem)
        } else if self.sources.is_empty() {
            Some("a quota names its sources")
        } else if let Some(feedback) = &self.feedback {
            feedback.contradiction(self.windows.len(), self.user_windows.len())
        } else {
            None
        }
    }
}

impl OwnQuota {
    /// What is wrong with the windows, where something is.
    pub fn contradiction(&self) -> Option<&'static str> {
        let nothing = self.windows.is_empty() && self.user_windows.is_empty();
        let nothing = nothing.then_some("a quota of an application has at least one window");
        nothing.or_else(|| contradiction(&self.windows, &self.user_windows))
    }
}

/// What is wrong with these windows, where something is.
pub(crate) fn contradiction(windows: &[QuotaWindow], user_windows: &[QuotaWindow]) -> Option<&'static str> {
    let wrong = |window: &QuotaWindow| {
        !(1..=QuotaWindow::LIMIT_MAX).contains(&window.limit)
            || window.limit_per_user > QuotaWindow::LIMIT_MAX
            || !(1..=QuotaWindow::SECONDS_MAX).contains(&window.seconds)
    };
    if windows.iter().chain(user_windows).any(wrong) {
        Some("a quota window has a limit of 1 to 1,000,000,000 and lasts 1 second to 31 days")
    } else if windows.len() > 4 || user_windows.len() > 4 {
        Some("a quota has at most four windows of a kind")
    } else if user_windows.iter().any(|window| window.limit_per_user > 0) {
        Some("only an application's limit grows with its users")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_of_ones_own_has_one_to_four_whole_windows_of_a_kind() {
        let window = |limit, seconds| QuotaWindow {
            limit,
            limit_per_user: 0,
            seconds,
            kind: WindowKind::Log,
            unit: Unit::Requests,
        };
        let wrong = |windows: Vec<_>| OwnQuota { windows, user_windows: vec![] }.contradiction();
        assert_eq!(wrong(vec![window(200, 900)]), None);
        assert_eq!(wrong(vec![]), Some("a quota of an application has at least one window"));
        let figures = "a quota window has a limit of 1 to 1,000,000,000 and lasts 1 second to 31 days";
        for (limit, seconds) in [(0, 900), (200, 0), (1_000_000_001, 900), (200, 31 * 86_400 + 1)] {
            assert_eq!(wrong(vec![window(limit, seconds)]), Some(figures));
        }
        assert_eq!(wrong(vec![window(1, 1); 5]), Some("a quota has at most four windows of a kind"));
    }
}
