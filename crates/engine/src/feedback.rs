//! From a provider's answer to what the engine is told of it.
//!
//! The catalog says which headers there are and how they are to be read; everything here is a pure function of
//! that and of the answer. A header is somebody else's text: what is missing, garbled or out of range says
//! nothing, and nothing a provider sends stops the engine for longer than its longest window or a month.

mod forms;

use jiff::Timestamp;
use lookback_domain::{Feedback, HeaderForm, Quota, QuotaWindow};
use serde_json::Value;

use crate::quota::Reading;
use crate::request::{Response, Status};
use crate::time::Ms;
use forms::Told;

/// Longest wait a provider can ask for: a month, in milliseconds.
const WAIT_MS_MAX: Ms = 31 * 86_400_000;
/// Longest header that is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 1_024;

/// A provider's answer, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers: names in any case, values that are text.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its body, where that is JSON.
    pub body: Option<&'a Value>,
    /// When it came.
    pub now_ms: Ms,
}

/// What an answer says of quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Whether the request was refused for quota.
    pub refused: bool,
    /// Use of the application's windows.
    pub app: Vec<Reading>,
    /// Use of the user's windows.
    pub user: Vec<Reading>,
    /// How long to wait, where the request was refused and that was told.
    pub retry_after_ms: Option<Ms>,
    /// The provider's clock, in whole seconds.
    pub date_ms: Option<Ms>,
}

impl Heard {
    /// The same for the engine; `served` says how a request ended that was not refused.
    #[must_use]
    pub fn response(&self, served: Status) -> Response<'_> {
        let status = if self.refused { Status::Refused } else { served };
        let Self { app, user, retry_after_ms, date_ms, .. } = self;
        Response { status, app, user, retry_after_ms: *retry_after_ms, date_ms: *date_ms }
    }
}

/// Reads an answer of a provider with this quota. Where the catalog knows no form, the IETF draft's is looked for.
#[must_use]
pub fn hear(quota: &Quota, answer: &Answer<'_>) -> Heard {
    let feedback = quota.feedback.as_ref();
    let refused = answer.status == 429 || feedback.is_some_and(|feedback| is_refusal(feedback, answer));
    let draft = [HeaderForm::Draft];
    let (app, user): (&[_], &[_]) = match feedback {
        Some(feedback) => (&feedback.application, &feedback.user),
        None => (&draft, &[]),
    };
    let first = |forms: &[HeaderForm], windows: &[QuotaWindow]| {
        let told = forms.iter().map(|form| forms::read(form, windows, answer, refused));
        told.into_iter().find(Told::is_something).unwrap_or_default()
    };
    let (app, user) = (first(app, &quota.windows), first(user, &quota.user_windows));
    let asked = answer.header("retry-after").and_then(|text| wait_ms(text, answer.now_ms));
    let retry_after_ms = asked.or(app.reset_ms.max(user.reset_ms)).filter(|_| refused);
    let date_ms = answer.header("date").and_then(http_date_ms);
    Heard { refused, app: app.readings, user: user.readings, retry_after_ms, date_ms }
}

impl<'a> Answer<'a> {
    /// The one header of this name; none where there are several, or where it is overlong.
    fn header(&self, name: &str) -> Option<&'a str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let (_, value) = found.next()?;
        (found.next().is_none() && value.len() <= HEADER_BYTES_MAX).then(|| value.trim())
    }
}

fn is_refusal(feedback: &Feedback, answer: &Answer<'_>) -> bool {
    let told = |refusal: &lookback_domain::BodyRefusal| {
        answer.body?.pointer(&refusal.pointer)?.as_i64().map(|figure| figure == refusal.equals)
    };
    feedback.refusal.as_ref().and_then(told).unwrap_or(false)
}

/// `Retry-After`: seconds, or a date.
fn wait_ms(text: &str, now_ms: Ms) -> Option<Ms> {
    let wait_ms = match text.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1_000),
        Err(_) => http_date_ms(text)?.saturating_sub(now_ms),
    };
    Some(wait_ms.min(WAIT_MS_MAX))
}

/// The fixed form of dates in HTTP, in milliseconds since the Unix epoch.
fn http_date_ms(text: &str) -> Option<Ms> {
    let date: Timestamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    u64::try_from(date.as_millisecond()).ok()
}

#[cfg(test)]
mod tests;
