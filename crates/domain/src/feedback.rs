//! How a provider says in its answers what it has counted: the names and the form, as data.

use serde::Deserialize;

use crate::Basis;

/// What a provider's answers say of its rate limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// How sure we are.
    pub basis: Basis,
    /// Where it is from.
    pub sources: Vec<String>,
    /// What a person should know besides.
    pub note: Option<String>,
    /// Headers that tell the use of the application's windows; the first that is there counts.
    #[serde(default)]
    pub application: Vec<HeaderForm>,
    /// The same of the user's windows.
    #[serde(default)]
    pub user: Vec<HeaderForm>,
    /// A refusal that is no 429.
    pub refusal: Option<BodyRefusal>,
}

/// The forms in which use is told. Names of headers are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case", deny_unknown_fields)]
pub enum HeaderForm {
    /// One figure a window, separated by commas, in the order in which the catalog lists the windows.
    Lists {
        /// The limits.
        limit: Option<String>,
        /// What is used of them.
        used: String,
    },
    /// What is left of one window.
    Remaining {
        /// Position of the window in the catalog.
        #[serde(default)]
        window: usize,
        /// The limit.
        limit: String,
        /// What is left of it.
        remaining: String,
        /// Until when.
        reset: Option<String>,
        /// How that is told.
        #[serde(default)]
        reset_is: Reset,
    },
    /// The limit of the window that is nearest to being used up, then every window as `limit;window=seconds`;
    /// what is left is of the nearest.
    Nearest {
        /// The limits.
        limit: String,
        /// What is left of the nearest.
        remaining: String,
        /// Until when.
        reset: Option<String>,
    },
    /// Limit and length of one window by their own headers, which come with a refusal only.
    OnRefusal {
        /// The limit.
        limit: String,
        /// The length in seconds.
        window: String,
        /// Until when.
        reset: Option<String>,
        /// How that is told.
        #[serde(default)]
        reset_is: Reset,
    },
    /// `RateLimit` and `RateLimit-Policy` of the IETF draft, or the three headers of its earlier versions.
    Draft,
}

/// How the end of a window is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// Seconds from now.
    #[default]
    Seconds,
    /// Seconds since the Unix epoch.
    Epoch,
}

/// A refusal told in a body whose HTTP status is no refusal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRefusal {
    /// Where the figure stands (RFC 6901).
    pub pointer: String,
    /// The figure that means a refusal.
    pub equals: i64,
}

impl Feedback {
    /// What is wrong with it beside so many windows, where something is.
    pub(crate) fn contradiction(&self, app_windows: usize, user_windows: usize) -> Option<&'static str> {
        let missing = |forms: &[HeaderForm], windows: usize| {
            let past = |form: &HeaderForm| match form {
                HeaderForm::Remaining { window, .. } => *window >= windows,
                _ => windows == 0,
            };
            forms.iter().any(past)
        };
        if missing(&self.application, app_windows) || missing(&self.user, user_windows) {
            Some("a header speaks of a window that the quota does not have")
        } else if self.application.is_empty() && self.user.is_empty() && self.refusal.is_none() {
            Some("feedback names headers or a refusal")
        } else if self.refusal.as_ref().is_some_and(|refusal| !refusal.pointer.starts_with('/')) {
            Some("a refusal's pointer begins with a slash")
        } else if self.sources.is_empty() {
            Some("feedback names its sources")
        } else {
            None
        }
    }
}
