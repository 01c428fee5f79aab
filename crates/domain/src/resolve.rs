//! From a preference to the window that is pulled, with the reason for every difference.
//!
//! The order is fixed: what was asked (an override, else the default, else the catalog's default); then the
//! catalog's fixed figure or limit; then what the provider itself gives access to; then the bounds the team
//! set for the user. Each step that changes the window leaves a [`Reason`].

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use thiserror::Error;

use crate::slug::slugs;
use crate::{Allowance, Catalog, Days, Preference, Provider, Resource, Rule};

/// What is known of the connection whose history is to be pulled.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConnectionFacts {
    /// When the account was connected; stands in for `first_permission_at` where that is unknown.
    pub connected_at: Option<Timestamp>,
    /// When the user first gave permission on the phone, for providers that count back from there.
    pub first_permission_at: Option<Timestamp>,
    /// Dates outside of which nothing may be pulled.
    pub bounds: IngestionBounds,
    /// Whose OAuth application the connection uses.
    pub application: OAuthApplication,
}

slugs! {
    /// Whose OAuth application, and so whose quota, a connection uses.
    #[derive(Default)]
    pub enum OAuthApplication ("OAuth application") {
        /// The deployment's, shared by all teams:
        #[default]
        Shared = "shared",
        /// The team's own:
        Own = "own",
    }
}

/// The first and the last date, both inclusive and in UTC, on which a user's data may lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngestionBounds {
    /// Midnight at the start of the first date.
    start: Option<Timestamp>,
    /// Midnight at the end of the last date.
    end: Option<Timestamp>,
}

/// Bounds that leave no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the ingestion bounds end ({end}) before they start ({start})")]
pub struct InvalidBounds {
    /// The first date.
    pub start: Date,
    /// The last date.
    pub end: Date,
}

impl IngestionBounds {
    /// Bounds from a first and a last date; either may be open.
    pub fn new(start: Option<Date>, end: Option<Date>) -> Result<Self, InvalidBounds> {
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(InvalidBounds { start, end });
        }
        let day_after = |end: Date| end.tomorrow().map_or(Timestamp::MAX, midnight);
        Ok(Self { start: start.map(midnight), end: end.map(day_after) })
    }
}

/// Midnight (UTC) at the start of a date, or the nearest time that can be expressed.
fn midnight(date: Date) -> Timestamp {
    let nearest = if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(nearest)
}

/// The window to pull for one connection and resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<'a> {
    /// The days that were asked for.
    pub asked: Days,
    /// Who asked for them.
    pub source: Source,
    /// How many days back from now the window reaches, a part of a day counted as one; never above the limit,
    /// and 0 where nothing is pulled.
    pub days: Days,
    /// Where the window begins. Where nothing is pulled, this and `end` are now.
    pub start: Timestamp,
    /// Where it ends: now, or the end of the last ingestion date.
    pub end: Timestamp,
    /// What changed on the way from `asked` to the window, in order.
    pub reasons: Vec<Reason<'a>>,
    /// What the team could do about its consequences.
    pub advice: Option<Advice>,
}

slugs! {
    /// Where the number of days asked for comes from.
    pub enum Source ("source") {
        /// The team's override for this resource:
        ResourceOverride = "resource_override",
        /// The team's default for the provider:
        TeamDefault = "team_default",
        /// The team said nothing:
        CatalogDefault = "catalog_default",
    }
}

/// One step that changed the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Which step.
    pub step: Step,
    /// Days before it.
    pub from: Days,
    /// Days after it; the same as before where only a part of a day, or the most recent ones, were cut.
    pub to: Days,
    /// Why, as the end of a sentence.
    why: &'a str,
}

slugs! {
    /// The steps that may change a window, in the order in which they are taken.
    pub enum Step ("step") {
        /// The catalog has a figure that no preference changes:
        Fixed = "fixed",
        /// The catalog's limit:
        Limit = "limit",
        /// The provider gives access to no more:
        ProviderAccess = "provider_access",
        /// The user's first ingestion date:
        IngestionStart = "ingestion_start",
        /// The user's last ingestion date:
        IngestionEnd = "ingestion_end",
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, why, .. } = self;
        match (*from, *to) {
            (Days::ZERO, Days::ZERO) => write!(f, "nothing is pulled, since {why}"),
            (from, Days::ZERO) => write!(f, "nothing is pulled instead of {}, since {why}", from.spoken()),
            (from, to) if from == to => write!(f, "a part of the {} is left out, since {why}", to.spoken()),
            (from, to) => {
                let are = if to.get() == 1 { "is" } else { "are" };
                write!(f, "{} {are} pulled instead of {from}, since {why}", to.spoken())
            }
        }
    }
}

slugs! {
    /// What a team could do about the consequences of a window.
    pub enum Advice ("advice") {
        /// Bring an OAuth application of its own:
        OwnApplication = "own_application",
    }
}

impl Advice {
    /// Why, for people.
    pub fn message(self) -> &'static str {
        match self {
            Self::OwnApplication => {
                "this is more than the default, and the provider counts requests per OAuth application: with an \
                 application of its own the team would not share a rate limit with other teams"
            }
        }
    }
}

/// The window to pull for `resource` of `provider`, where a team prefers `preference`, at `now`.
///
/// A pure function. Applying it again to a preference of the days it gave yields the same window.
pub fn resolve<'a>(
    catalog: &'a Catalog,
    provider: Provider,
    resource: Resource,
    preference: Option<&Preference>,
    facts: &ConnectionFacts,
    now: Timestamp,
) -> Window<'a> {
    let rule = catalog.rule(provider);
    let (asked, source) = asked(rule, resource, preference);
    let mut span = Span { now, start: back(now, asked), end: now, days: asked, reasons: Vec::new() };

    let allowance = rule.allowance(Some(resource));
    let allowed = allowance.apply(asked);
    if allowed != asked || rule.history.unavailable.is_some() {
        let (step, why) = match allowance {
            Allowance::UpTo(_) => (Step::Limit, "that is the configurable maximum"),
            Allowance::Exactly(_, why) => (Step::Fixed, why),
        };
        span.reasons.push(Reason { step, from: asked, to: allowed, why });
        span.start = back(now, allowed);
        span.days = allowed;
    }

    if let Some(access) = &rule.history.before_first_permission {
        let first_permission = facts.first_permission_at.or(facts.connected_at).unwrap_or(now);
        span.cut(Some(back(first_permission, access.days)), None, Step::ProviderAccess, &access.reason);
    }
    span.cut(facts.bounds.start, None, Step::IngestionStart, "the user's ingestion bounds start there");
    span.cut(None, facts.bounds.end, Step::IngestionEnd, "the user's ingestion bounds end there");

    let Span { start, end, days, reasons, .. } = span;
    let advice = advice(rule, days, facts.application);
    Window { asked, source, days, start, end, reasons, advice }
}

/// The days asked for: the override, else the team's default, else the catalog's.
fn asked(rule: &Rule, resource: Resource, preference: Option<&Preference>) -> (Days, Source) {
    match preference {
        Some(Preference { default, overrides }) => match overrides.get(&resource) {
            Some(&days) => (days, Source::ResourceOverride),
            None => (*default, Source::TeamDefault),
        },
        None => (rule.history.default.days, Source::CatalogDefault),
    }
}

/// An own application helps where more than the default is pulled on a quota shared with other teams.
fn advice(rule: &Rule, days: Days, application: OAuthApplication) -> Option<Advice> {
    let longer = days > rule.history.default.days;
    let shared = rule.quota.is_shared() && application == OAuthApplication::Shared;
    (longer && shared && rule.application.own).then_some(Advice::OwnApplication)
}

/// `days` before `now`, or the earliest time there is.
fn back(now: Timestamp, days: Days) -> Timestamp {
    now.checked_sub(SignedDuration::from_secs(days.seconds())).unwrap_or(Timestamp::MIN)
}

/// The window while it is being cut down.
struct Span<'a> {
    now: Timestamp,
    start: Timestamp,
    end: Timestamp,
    days: Days,
    reasons: Vec<Reason<'a>>,
}

impl<'a> Span<'a> {
    /// Keeps what lies between `first` and `last`, and says why where that is less.
    fn cut(&mut self, first: Option<Timestamp>, last: Option<Timestamp>, step: Step, why: &'a str) {
        let clamp = |time: Timestamp| {
            let time = first.map_or(time, |first| time.max(first));
            last.map_or(time, |last| time.min(last))
        };
        let (start, end) = (clamp(self.start), clamp(self.end));
        if self.days == Days::ZERO || (start, end) == (self.start, self.end) {
            return;
        }
        let empty = start == end;
        let left = if empty { Days::ZERO } else { whole_days(self.now.duration_since(start)) };
        (self.start, self.end) = if empty { (self.now, self.now) } else { (start, end) };
        self.reasons.push(Reason { step, from: self.days, to: left, why });
        self.days = left;
    }
}

/// A span as days, a part of a day counted as one.
fn whole_days(span: SignedDuration) -> Days {
    let part = i64::from(span.as_secs() % 86_400 != 0 || span.subsec_nanos() != 0);
    Days::try_from(span.as_secs() / 86_400 + part).unwrap_or(Days::MAX)
}

#[cfg(test)]
mod tests;
