//! Figures stated in place of the catalog's: by who runs the deployment, or by who asks for a forecast.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Basis, Catalog, Rule};
use crate::slug::slugs;
use crate::{Days, PerDay, Provider, Quota, QuotaWindow, Resource, Shape};

/// Shortest and longest time between polls that can be stated, in seconds: a minute and 30 days.
const POLL_SECONDS: std::ops::RangeInclusive<u32> = 60..=2_592_000;

/// Most requests for each record that can be stated: more than anybody makes, and far from where sums overflow.
const CALLS_MAX: u32 = 1_000;

/// What is stated of one provider. What is left out stays as the catalog has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Counted for all users of an OAuth application together, in place of the catalog's whole list; empty: not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Vec<QuotaWindow>>,
    /// Counted for each user, in place of the catalog's whole list; empty: not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_windows: Option<Vec<QuotaWindow>>,
    /// How often a connection is polled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll_seconds: Option<u32>,
    /// How many records a day are reckoned with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records_per_day: BTreeMap<Resource, PerDay>,
    /// How history is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request: Vec<RequestFigures>,
}

/// One way of asking for history, in place of the catalog's for exactly the same resources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFigures {
    /// What its answers feed; says which of the catalog's is meant.
    pub resources: Vec<Resource>,
    /// The longest span that one request may cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_days: Option<Days>,
    /// Records in one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// Further requests for each record, in place of spans and pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_record: Option<u32>,
    /// Whether a single request brings all there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// Whose records are counted; the first of `resources` where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records_of: Option<Resource>,
}

slugs! {
    /// Which figures are stated.
    pub enum FigureKey ("figure") {
        /// Windows of an application:
        Windows = "windows",
        /// Windows of each user:
        UserWindows = "user_windows",
        /// The polling period:
        PollSeconds = "poll_seconds",
        /// Records a day:
        RecordsPerDay = "records_per_day",
        /// Ways of asking for history:
        Request = "request",
    }
}

/// Figures that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{says}")]
pub struct FiguresError {
    /// Which.
    pub key: FigureKey,
    /// What is wrong, and what to do.
    pub says: String,
}

impl Catalog {
    /// The catalog with these figures of a provider in place of its own.
    ///
    /// # Errors
    /// The first figure that cannot be.
    pub fn with(mut self, provider: Provider, figures: &Figures, by: Basis) -> Result<Self, FiguresError> {
        let rule = &mut self.rules[provider as usize];
        *rule = rule.clone().with(figures, by)?;
        Ok(self)
    }
}

impl Figures {
    /// Which figures it states.
    fn keys(&self) -> impl Iterator<Item = FigureKey> {
        let stated = [
            (self.windows.is_some(), FigureKey::Windows),
            (self.user_windows.is_some(), FigureKey::UserWindows),
            (self.poll_seconds.is_some(), FigureKey::PollSeconds),
            (!self.records_per_day.is_empty(), FigureKey::RecordsPerDay),
            (!self.request.is_empty(), FigureKey::Request),
        ];
        stated.into_iter().filter_map(|(stated, key)| stated.then_some(key))
    }
}

impl Rule {
    /// The rule with these figures in place of its own.
    ///
    /// # Errors
    /// The first figure that cannot be.
    pub fn with(mut self, figures: &Figures, by: Basis) -> Result<Self, FiguresError> {
        self.ask_as(&figures.request, by)?;
        self.reckon_with(&figures.records_per_day)?;
        if let Some(seconds) = figures.poll_seconds {
            self.poll_every(seconds, by)?;
        }
        if let Some(windows) = &figures.windows {
            let feedback = self.quota.feedback.as_mut().map(|feedback| &mut feedback.application);
            replace(&mut self.quota.windows, windows, feedback);
        }
        if let Some(windows) = &figures.user_windows {
            let feedback = self.quota.feedback.as_mut().map(|feedback| &mut feedback.user);
            replace(&mut self.quota.user_windows, windows, feedback);
        }
        self.check_quota(figures, by)?;
        for key in figures.keys() {
            self.configured.retain(|configured| *configured != key);
            self.configured.extend((by == Basis::Configured).then_some(key));
        }
        Ok(self)
    }

    fn ask_as(&mut self, requests: &[RequestFigures], by: Basis) -> Result<(), FiguresError> {
        let rates = self.rates();
        let known =
            |figures: &RequestFigures| self.request.iter().any(|shape| shape.resources == figures.resources);
        if let Some(figures) = requests.iter().find(|figures| !known(figures)) {
            return refused(FigureKey::Request, self.unknown_request(&figures.resources));
        }
        if requests.iter().any(|figures| figures.calls_per_record > Some(CALLS_MAX)) {
            return refused(FigureKey::Request, format!("`calls_per_record` is at most {CALLS_MAX}"));
        }
        let shapes: Vec<_> = requests.iter().map(|figures| figures.shape(&rates, by)).collect();
        self.request.retain(|shape| shapes.iter().all(|stated| stated.resources != shape.resources));
        self.request.extend(shapes);
        Ok(())
    }

    fn unknown_request(&self, resources: &[Resource]) -> String {
        let said = |resources: &[Resource]| {
            let names: Vec<_> = resources.iter().map(|resource| resource.as_str()).collect();
            format!("[{}]", names.join(", "))
        };
        let mut known: Vec<_> = self.request.iter().map(|shape| said(&shape.resources)).collect();
        known.dedup();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        format!(
            "no request is for exactly {}; name the `resources` of one of these: {known}",
            said(resources)
        )
    }

    fn reckon_with(&mut self, rates: &BTreeMap<Resource, PerDay>) -> Result<(), FiguresError> {
        let counted = |shape: &Shape| shape.page_size.is_some() || shape.calls_per_record.is_some();
        for (&resource, &rate) in rates {
            let of = |shape: &&mut Shape| counted(shape) && shape.records_of() == Some(resource);
            let mut found = false;
            for shape in self.request.iter_mut().filter(of) {
                (shape.records_per_day, found) = (Some(rate), true);
            }
            if !found {
                let known: Vec<_> = self.rates().into_keys().map(Resource::as_str).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let says = format!(
                    "no request depends on how many records of {resource} there are; take it out (those that count: {known})"
                );
                return refused(FigureKey::RecordsPerDay, says);
            }
        }
        let missing = |shape: &&Shape| counted(shape) && shape.records_per_day.is_none();
        if let Some(resource) = self.request.iter().find(missing).and_then(Shape::records_of) {
            let says = format!("say in `records_per_day` how many records of {resource} there are");
            return refused(FigureKey::Request, says);
        }
        if let Some(problem) = self.request.iter().find_map(Shape::contradiction) {
            // Nothing of the catalog's contradicts itself.
            return refused(FigureKey::Request, problem);
        }
        Ok(())
    }

    /// How many records a day each resource is reckoned with.
    fn rates(&self) -> BTreeMap<Resource, PerDay> {
        self.request.iter().filter_map(|shape| shape.records_of().zip(shape.records_per_day)).collect()
    }

    fn poll_every(&mut self, seconds: u32, by: Basis) -> Result<(), FiguresError> {
        if self.request.is_empty() {
            return refused(
                FigureKey::PollSeconds,
                "this provider is never asked, since the phone or the device sends its data; take it out",
            );
        }
        if !POLL_SECONDS.contains(&seconds) {
            let (least, most) = (POLL_SECONDS.start(), POLL_SECONDS.end());
            return refused(FigureKey::PollSeconds, format!("is between {least} and {most}"));
        }
        (self.updates.poll_seconds, self.updates.poll_basis) = (Some(seconds), Some(by));
        Ok(())
    }

    fn check_quota(&mut self, figures: &Figures, by: Basis) -> Result<(), FiguresError> {
        let key = match (&figures.windows, &figures.user_windows) {
            (None, None) => return Ok(()),
            (Some(_), _) => FigureKey::Windows,
            (None, Some(_)) => FigureKey::UserWindows,
        };
        let Quota { windows, user_windows, .. } = &self.quota;
        if let Some(problem) = crate::quota::contradiction(windows, user_windows) {
            return refused(key, problem);
        }
        if self.request.is_empty() {
            return refused(key, "this provider is never asked, so nothing is counted; take it out");
        }
        if windows.is_empty() && user_windows.is_empty() {
            return refused(key, "leave at least one window, of the application or of its users");
        }
        let silent =
            |feedback: &crate::Feedback| feedback.contradiction(windows.len(), user_windows.len()).is_some();
        if self.quota.feedback.as_ref().is_some_and(silent) {
            self.quota.feedback = None;
        }
        (self.quota.basis, self.quota.note) = (by, None);
        self.quota.sources = vec![by.as_str().to_owned()];
        Ok(())
    }
}

impl RequestFigures {
    fn shape(&self, rates: &BTreeMap<Resource, PerDay>, by: Basis) -> Shape {
        let Self { resources, span_days, page_size, calls_per_record, once, records_of } = self.clone();
        let counted = page_size.is_some() || calls_per_record.is_some();
        let of = records_of.or(resources.first().copied());
        Shape {
            records_per_day: of.filter(|_| counted).and_then(|of| rates.get(&of).copied()),
            sources: vec![by.as_str().to_owned()],
            note: None,
            basis: by,
            resources,
            span_days,
            page_size,
            calls_per_record,
            once,
            records_of,
        }
    }
}

/// Puts windows in the place of others. What answers say of them stays only where these are as long, one by one:
/// else it could speak of another window.
fn replace(windows: &mut Vec<QuotaWindow>, by: &[QuotaWindow], forms: Option<&mut Vec<crate::HeaderForm>>) {
    let alike =
        |(one, other): (&QuotaWindow, &QuotaWindow)| (one.seconds, one.unit) == (other.seconds, other.unit);
    if let Some(forms) = forms
        && !(windows.len() == by.len() && windows.iter().zip(by).all(alike))
    {
        forms.clear();
    }
    *windows = by.to_vec();
}

fn refused<T>(key: FigureKey, says: impl Into<String>) -> Result<T, FiguresError> {
    Err(FiguresError { key, says: says.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Unit, WindowKind};

    fn window(limit: u64, seconds: u64) -> QuotaWindow {
        QuotaWindow { limit, seconds, kind: WindowKind::Log, unit: Unit::Requests, limit_per_user: 0 }
    }

    fn stated(provider: Provider, text: &str) -> Result<Rule, FiguresError> {
        let figures: Figures = toml::from_str(text).unwrap();
        let catalog = Catalog::bundled().unwrap().with(provider, &figures, Basis::Configured)?;
        Ok(catalog.rule(provider).clone())
    }

    fn days(days: i64) -> Days {
        Days::try_from(days).unwrap()
    }

    #[test]
    fn windows_stand_in_place_of_the_catalogs_and_say_so() {
        let text = "windows = [{ limit = 600, seconds = 900, kind = \"log\" }]";
        let rule = stated(Provider::Strava, text).unwrap();
        assert_eq!(rule.quota.windows, [window(600, 900)]);
        assert_eq!((rule.quota.basis, &rule.configured[..]), (Basis::Configured, &[FigureKey::Windows][..]));
        assert!(rule.quota.feedback.is_none(), "two figures in a header are not of one window");
        let user = stated(Provider::Fitbit, "user_windows = [{ limit = 9, seconds = 3600, kind = \"log\" }]");
        assert!(user.unwrap().quota.feedback.is_some(), "the same window with another limit");
    }

    #[test]
    fn a_request_stands_in_place_of_the_catalogs_for_the_same_resources() {
        let text = "records_per_day = { workouts = 2 }\n[[request]]\n\
                    resources = [\"workouts\", \"workout_stream\"]\npage_size = 10";
        let rule = stated(Provider::Strava, text).unwrap();
        let cost = rule.requests(Resource::WorkoutStream, days(100));
        // 200 workouts: pages of ten, then a call for each.
        assert_eq!(cost.requests, 20 + 200);
        assert_eq!(rule.request.len(), 3, "the others stay");
        let text = "[[request]]\nresources = [\"activity\"]\nspan_days = 10";
        let rule = stated(Provider::Fitbit, text).unwrap();
        assert_eq!(rule.requests(Resource::Activity, days(100)).requests, 10, "in place of both");
    }

    #[test]
    fn what_is_not_stated_stays_as_it_was_and_a_later_word_counts() {
        let catalog = Catalog::bundled().unwrap();
        let first =
            Figures { windows: Some(vec![window(5, 60)]), poll_seconds: Some(600), ..Figures::default() };
        let then = Figures { windows: Some(vec![window(7, 60)]), ..Figures::default() };
        let catalog = catalog.with(Provider::Oura, &first, Basis::Configured).unwrap();
        let catalog = catalog.with(Provider::Oura, &then, Basis::Requested).unwrap();
        let rule = catalog.rule(Provider::Oura);
        assert_eq!((rule.quota.windows[0].limit, rule.updates.poll_seconds), (7, Some(600)));
        assert_eq!(rule.quota.basis, Basis::Requested);
        assert_eq!(rule.configured, [FigureKey::PollSeconds]);
        assert!(catalog.rule(Provider::Strava).configured.is_empty());
    }

    #[test]
    fn figures_that_cannot_be_are_refused_with_what_to_do() {
        use Provider::{AppleHealthKit, Fitbit, Oura, Strava};
        let one = "{ limit = 1, seconds = 1, kind = \"log\" }";
        for (provider, text, said) in [
            (Strava, "windows = [{ limit = 0, seconds = 9, kind = \"log\" }]", "1 to 1,000,000,000"),
            (Strava, "windows = [{ limit = 9, seconds = 2678401, kind = \"log\" }]", "31 days"),
            (Strava, &format!("windows = [{one}, {one}, {one}, {one}, {one}]"), "at most four"),
            (Strava, "windows = []", "leave at least one window"),
            (Strava, "poll_seconds = 59", "between 60 and 2592000"),
            (Strava, "records_per_day = { sleep = 1 }", "take it out (those that count: workouts)"),
            (Strava, "[[request]]\nresources = [\"sleep\"]", "[workouts, workout_stream], [workout_stream]"),
            (Strava, "[[request]]\nresources = [\"workout_stream\"]\npage_size = 1", "`records_per_day`"),
            (Oura, "[[request]]\nresources = [\"profile\"]\npage_size = 0", "`records_per_day`"),
            (Fitbit, "[[request]]\nresources = [\"workouts\"]\npage_size = 0", "at least a record"),
            (Fitbit, "user_windows = []", "leave at least one window"),
            (AppleHealthKit, "poll_seconds = 900", "never asked"),
            (AppleHealthKit, &format!("windows = [{one}]"), "never asked"),
        ] {
            let error = stated(provider, text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
