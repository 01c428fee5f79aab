//! The forms in which providers tell the use of their windows.

use lookback_domain::{HeaderForm, QuotaWindow, Reset};

use super::{Answer, WAIT_MS_MAX};
use crate::quota::Reading;
use crate::time::Ms;

/// Largest figure that is believed, as for the limits of windows.
const FIGURE_MAX: u64 = 1_000_000_000;
/// Most members of a list that are looked at.
const MEMBERS_MAX: usize = 16;

/// What one form tells.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Of single windows.
    pub readings: Vec<Reading>,
    /// How long until the one spoken of begins anew.
    pub reset_ms: Option<Ms>,
}

impl Told {
    /// Whether anything was told.
    pub fn is_something(&self) -> bool {
        !self.readings.is_empty() || self.reset_ms.is_some()
    }
}

/// Reads the headers of one form that speak of `windows`.
pub fn read(form: &HeaderForm, windows: &[QuotaWindow], answer: &Answer<'_>, refused: bool) -> Told {
    match form {
        HeaderForm::Lists { limit, used } => lists(windows, answer, limit.as_deref(), used),
        HeaderForm::Remaining { window, limit, remaining, reset, reset_is } => {
            let Some(of) = windows.get(*window) else { return Told::default() };
            let limit = answer.header(limit).and_then(figure);
            let left = answer.header(remaining).and_then(figure);
            let readings = used_of(*window, limit, left).into_iter().collect();
            Told { readings, reset_ms: until_ms(answer, reset.as_deref(), *reset_is, of) }
        }
        HeaderForm::Nearest { limit, remaining, reset } => {
            let Some(limit) = answer.header(limit) else { return Told::default() };
            let left = answer.header(remaining).and_then(figure);
            nearest(windows, answer, limit, left, reset.as_deref())
        }
        HeaderForm::OnRefusal { limit, window, reset, reset_is } if refused => {
            let length = answer.header(window).and_then(figure);
            let (position, of) = match length.and_then(|seconds| by_length(windows, seconds)) {
                Some(found) => found,
                None => return Told::default(),
            };
            let limit = answer.header(limit).and_then(figure).filter(|limit| *limit > 0);
            let readings =
                limit.map(|limit| Reading { window: position, limit: Some(limit), used: Some(limit) });
            Told {
                readings: readings.into_iter().collect(),
                reset_ms: until_ms(answer, reset.as_deref(), *reset_is, of),
            }
        }
        HeaderForm::OnRefusal { .. } => Told::default(),
        HeaderForm::Draft => draft(windows, answer),
    }
}

/// `100,1000` beside `10,250`: as many figures as there are windows, or the header says nothing.
fn lists(windows: &[QuotaWindow], answer: &Answer<'_>, limit: Option<&str>, used: &str) -> Told {
    let figures = |name: &str| {
        let figures: Vec<_> = answer.header(name)?.split(',').map(|text| figure(text.trim())).collect();
        (figures.len() == windows.len()).then_some(figures)
    };
    let Some(used) = figures(used) else { return Told::default() };
    let limits = limit.and_then(figures).unwrap_or_else(|| vec![None; windows.len()]);
    let reading = |(window, (used, limit)): (usize, (Option<u64>, Option<u64>))| {
        Some(Reading { window, limit: limit.filter(|limit| *limit > 0), used: Some(used?) })
    };
    let readings = used.into_iter().zip(limits).enumerate().filter_map(reading).collect();
    Told { readings, reset_ms: None }
}

/// `100, 100;window=60, 10000;window=86400` beside what is left of the first.
fn nearest(
    windows: &[QuotaWindow],
    answer: &Answer<'_>,
    limits: &str,
    left: Option<u64>,
    reset: Option<&str>,
) -> Told {
    let members = members(limits);
    let first = members.first().and_then(|member| figure(member.name));
    let policies = || {
        members.iter().filter_map(|member| {
            let (limit, seconds) = (figure(member.name)?, member.figure("window").or(member.figure("w"))?);
            Some((limit, by_length(windows, seconds)?.0))
        })
    };
    let mut meant = policies().filter(|(limit, _)| Some(*limit) == first);
    let nearest = meant.next().filter(|_| meant.next().is_none()).map(|(_, window)| window);
    let reading = |(limit, window): (u64, usize)| {
        let used = left.filter(|left| Some(window) == nearest && *left <= limit).map(|left| limit - left);
        (limit > 0).then_some(Reading { window, limit: Some(limit), used })
    };
    Told {
        readings: policies().filter_map(reading).collect(),
        reset_ms: nearest.and_then(|window| until_ms(answer, reset, Reset::Seconds, &windows[window])),
    }
}

/// `RateLimit: "day";r=50;t=30` beside `RateLimit-Policy: "day";q=100;w=60`; before that
/// `RateLimit: limit=100, remaining=50, reset=5`, and before that three headers.
fn draft(windows: &[QuotaWindow], answer: &Answer<'_>) -> Told {
    let policies = members(answer.header("ratelimit-policy").unwrap_or_default());
    let Some(told) = answer.header("ratelimit").map(members) else {
        let limits = members(answer.header("ratelimit-limit").unwrap_or_default());
        let limit = limits.first().and_then(|member| figure(member.name));
        let seconds = limits.iter().chain(&policies).filter(|member| figure(member.name) == limit);
        let seconds = seconds.filter_map(|member| member.figure("w")).next();
        let left = answer.header("ratelimit-remaining").and_then(figure);
        let reset = answer.header("ratelimit-reset").and_then(figure);
        return one(windows, limit, left, seconds, reset);
    };
    let named = |key: &str| told.iter().find_map(|member| figure(member.name.strip_prefix(key)?));
    if let Some(left) = named("remaining=") {
        let limit = named("limit=");
        let seconds = policies.iter().filter(|policy| figure(policy.name) == limit);
        let seconds = seconds.filter_map(|policy| policy.figure("w")).next();
        return one(windows, limit, Some(left), seconds, named("reset="));
    }
    let mut all = Told::default();
    for member in &told {
        let policy = policies.iter().find(|policy| policy.name == member.name);
        let of = |key| policy.and_then(|policy| policy.figure(key));
        let Told { readings, reset_ms } =
            one(windows, of("q"), member.figure("r"), of("w"), member.figure("t"));
        all.readings.extend(readings);
        all.reset_ms = all.reset_ms.max(reset_ms);
    }
    all
}

/// What is said of one window: the one of that length, else the only one with that limit.
fn one(
    windows: &[QuotaWindow],
    limit: Option<u64>,
    left: Option<u64>,
    seconds: Option<u64>,
    reset: Option<u64>,
) -> Told {
    let mut alike = windows.iter().enumerate().filter(|(_, window)| Some(window.limit) == limit);
    let found = match seconds {
        Some(seconds) => by_length(windows, seconds),
        None => alike.next().filter(|_| alike.next().is_none()),
    };
    let Some((window, of)) = found else { return Told::default() };
    Told {
        readings: used_of(window, limit, left).into_iter().collect(),
        reset_ms: reset.map(|seconds| seconds * 1_000).filter(|ms| *ms <= of.seconds.saturating_mul(1_000)),
    }
}

fn used_of(window: usize, limit: Option<u64>, left: Option<u64>) -> Option<Reading> {
    let (limit, left) = (limit?, left?);
    (limit > 0 && left <= limit).then(|| Reading { window, limit: Some(limit), used: Some(limit - left) })
}

fn by_length(windows: &[QuotaWindow], seconds: u64) -> Option<(usize, &QuotaWindow)> {
    windows.iter().enumerate().find(|(_, window)| window.seconds == seconds)
}

/// How long until a window begins anew. One form is taken for the other where only that can be: no window ends
/// later than its length from now.
fn until_ms(answer: &Answer<'_>, reset: Option<&str>, is: Reset, window: &QuotaWindow) -> Option<Ms> {
    let told = answer.header(reset?)?.parse::<u64>().ok()?.checked_mul(1_000)?;
    let since_epoch = told.saturating_sub(answer.now_ms);
    let (first, other) = match is {
        Reset::Seconds => (told, since_epoch),
        Reset::Epoch => (since_epoch, told),
    };
    let longest = window.seconds.saturating_mul(1_000).min(WAIT_MS_MAX);
    [first, other].into_iter().find(|ms| *ms <= longest)
}

/// A whole number that can be a count.
fn figure(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|figure| *figure <= FIGURE_MAX)
}

/// A member of a list, with its parameters.
struct Member<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl Member<'_> {
    fn figure(&self, key: &str) -> Option<u64> {
        self.parameters.iter().find(|(other, _)| *other == key).and_then(|(_, value)| figure(value))
    }
}

/// `a;w=1, b;w=2`, where quotes keep commas and semicolons together.
fn members(text: &str) -> Vec<Member<'_>> {
    let member = |text| {
        let mut parts = outside_quotes(text, ';').into_iter();
        let name = parts.next().unwrap_or_default().trim_matches('"');
        Member { name, parameters: parts.take(MEMBERS_MAX).filter_map(parameter).collect() }
    };
    outside_quotes(text, ',').into_iter().take(MEMBERS_MAX).map(member).collect()
}

fn parameter(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
}

fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let split = text.split(move |found: char| {
        quoted ^= found == '"';
        found == separator && !quoted
    });
    split.map(str::trim).collect()
}
