//! What history costs: how a provider lets it be asked for, and how many requests that takes.
//!
//! A [`Shape`] is one way of asking: an endpoint, with the resources that its answers feed. A resource may need
//! several (a list, then a call for each record), and several resources may share one.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Basis, Days, Resource, Rule};

/// One way of asking a provider for history.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// What its answers feed. Asked for once, however many of these are pulled.
    pub resources: Vec<Resource>,
    /// The longest span that one request may cover; none where it may be any, or where `once`.
    pub span_days: Option<Days>,
    /// Records in one answer; none where all of a span comes at once.
    pub page_size: Option<u32>,
    /// Further requests for each record, in place of spans and pages.
    pub calls_per_record: Option<u32>,
    /// Whether a single request brings all there is, whatever the days.
    #[serde(default)]
    pub once: bool,
    /// Whose records are counted; the first of `resources` where it is left out.
    pub records_of: Option<Resource>,
    /// How many records a day are reckoned with. Always assumed: people differ, and no provider says.
    pub records_per_day: Option<PerDay>,
    /// How sure we are of span, page size and calls.
    pub basis: Basis,
    /// Where those are from.
    pub sources: Vec<String>,
    /// What a person should know besides.
    pub note: Option<String>,
}

/// A number of records a day, in thousandths: 0.001 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct PerDay(u32);

/// A number of records a day that cannot be reckoned with.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{0} is not between 0.001 and 100000 records a day")]
pub struct PerDayOutOfRange(pub f64);

impl TryFrom<f64> for PerDay {
    type Error = PerDayOutOfRange;

    fn try_from(records: f64) -> Result<Self, PerDayOutOfRange> {
        let good = (0.001..=100_000.0).contains(&records);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, as checked")]
        if good { Ok(Self((records * 1_000.0).round() as u32)) } else { Err(PerDayOutOfRange(records)) }
    }
}

impl From<PerDay> for f64 {
    fn from(records: PerDay) -> Self {
        Self::from(records.0) / 1_000.0
    }
}

impl fmt::Display for PerDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f64::from(*self).fmt(f)
    }
}

impl PerDay {
    /// Records in so many days, a part of one counted as one.
    pub fn records(self, days: u64) -> u64 {
        (u64::from(self.0) * days).div_ceil(1_000)
    }

    /// The same rate times a number of thousandths, within what can be expressed.
    #[must_use]
    pub fn scaled(self, permille: u32) -> Self {
        let scaled = u64::from(self.0) * u64::from(permille) / 1_000;
        Self(scaled.clamp(1, 100_000_000) as u32)
    }
}

/// What history costs, in each unit that a provider may count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PullCost {
    /// HTTP requests.
    pub requests: u64,
    /// Days of data asked for, each request's counted by itself.
    pub days_of_data: u64,
}

impl std::ops::Add for PullCost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let Self { requests, days_of_data } = other;
        Self { requests: self.requests + requests, days_of_data: self.days_of_data + days_of_data }
    }
}

impl std::iter::Sum for PullCost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), std::ops::Add::add)
    }
}

impl Shape {
    /// Whose records decide how many requests it takes.
    pub fn records_of(&self) -> Option<Resource> {
        self.records_of.or(self.resources.first().copied())
    }

    /// What `days` of history cost, at the catalog's records a day or, where given, at these.
    pub fn cost(&self, days: Days, records_per_day: Option<PerDay>) -> PullCost {
        let days = u64::from(days.get());
        if days == 0 {
            return PullCost::default();
        }
        let Some(rate) = records_per_day.or(self.records_per_day) else {
            return self.spans(days, |_| 1);
        };
        match (self.calls_per_record, self.page_size) {
            (Some(calls), _) => {
                let requests = rate.records(days) * u64::from(calls);
                PullCost { requests, days_of_data: requests }
            }
            (None, Some(page)) => self.spans(days, |span| rate.records(span).div_ceil(u64::from(page))),
            (None, None) => self.spans(days, |_| 1),
        }
    }

    /// Whole spans and what is left, each with its own number of pages, at least one.
    fn spans(&self, days: u64, pages: impl Fn(u64) -> u64) -> PullCost {
        if self.once {
            return PullCost { requests: 1, days_of_data: 1 };
        }
        let span = self.span_days.map_or(days, |span| u64::from(span.get())).min(days);
        let (whole, rest) = (days / span, days % span);
        let of = |span: u64| if span == 0 { 0 } else { pages(span).max(1) };
        let (each, last) = (of(span), of(rest));
        PullCost { requests: whole * each + last, days_of_data: whole * each * span + last * rest }
    }

    /// What is wrong with it, where something is.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let paged = self.page_size.is_some() || self.calls_per_record.is_some();
        if self.resources.is_empty() {
            Some("a request feeds at least one resource")
        } else if self.span_days == Some(Days::ZERO) || self.page_size == Some(0) {
            Some("a request covers at least a day and brings at least a record")
        } else if self.calls_per_record == Some(0) {
            Some("a request for each record is at least one")
        } else if self.once && (self.span_days.is_some() || paged) {
            Some("what is asked for once has neither spans nor pages")
        } else if self.calls_per_record.is_some() && (self.span_days.is_some() || self.page_size.is_some()) {
            Some("a request for each record has neither spans nor pages")
        } else if paged != self.records_per_day.is_some() {
            Some("records a day go with pages or with a request for each record")
        } else if self.sources.is_empty() {
            Some("a request names its sources")
        } else {
            None
        }
    }
}

impl Rule {
    /// What `days` of one resource's history cost, at the catalog's records a day. Nothing where the provider
    /// has no such history.
    pub fn requests(&self, resource: Resource, days: Days) -> PullCost {
        self.pull_cost(&|other| if other == resource { days } else { Days::ZERO }, &|_| None)
    }

    /// What one connection's history costs: so many days of each resource, what several share asked for once,
    /// at the records a day given or else at the catalog's.
    pub fn pull_cost(
        &self,
        days: &dyn Fn(Resource) -> Days,
        records_per_day: &dyn Fn(Resource) -> Option<PerDay>,
    ) -> PullCost {
        let cost = |shape: &Shape| {
            let days = shape.resources.iter().map(|&resource| days(resource)).max().unwrap_or_default();
            shape.cost(days, shape.records_of().and_then(records_per_day))
        };
        self.request.iter().map(cost).sum()
    }

    /// The resources whose history can be asked for, each once.
    pub fn pulled(&self) -> Vec<Resource> {
        let fed = |&resource: &Resource| self.request.iter().any(|shape| shape.resources.contains(&resource));
        Resource::ALL.iter().copied().filter(fed).collect()
    }

    /// What is wrong with the shapes, where something is.
    pub(crate) fn shape_contradiction(&self) -> Option<&'static str> {
        let counted = !(self.quota.windows.is_empty() && self.quota.user_windows.is_empty());
        let rate = |of: &Shape| of.records_of().zip(of.records_per_day);
        let differs = |one: &Shape| {
            let others = self.request.iter().filter_map(rate);
            rate(one)
                .is_some_and(|(of, rate)| others.into_iter().any(|other| other.0 == of && other.1 != rate))
        };
        if let Some(problem) = self.request.iter().find_map(Shape::contradiction) {
            Some(problem)
        } else if self.request.iter().any(differs) {
            Some("the same records are reckoned with at two rates")
        } else if counted == self.request.is_empty() {
            Some("a provider has request shapes where and only where it counts requests")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
