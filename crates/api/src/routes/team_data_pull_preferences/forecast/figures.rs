//! Figures that a forecast is asked for with, in place of the catalog's.

use lookback_domain::{Basis, Catalog, Days, FigureKey, Figures, Provider, RequestFigures, Resource};

use super::ForecastTeamDataPullPreferencesBody;
use super::assume::bounded;
use crate::routes::team_custom_credentials::quota::{QuotaWindowBody, admit_windows};
use crate::wire::{Configurable, Integer, Loc, Problems, Value, request};

request! {
    /// What an OAuth application may spend. What is left out is the catalog's.
    pub struct ForecastQuota {
        /// Counted for all users of an application together, up to four; empty: not counted.
        pub windows: Option<Vec<QuotaWindowBody>>,
        /// Counted for each user, up to four; empty: not counted.
        pub user_windows: Option<Vec<QuotaWindowBody>>,
    }
}

request! {
    /// One way of asking a provider for history.
    pub struct ForecastRequest {
        /// What its answers feed. Asked for once, however many of these are pulled.
        pub resources: Vec<Resource>,
        /// The longest span that one request may cover, 1 to 365.
        pub span_days: Option<Integer>,
        /// Records in one answer, at least 1.
        pub page_size: Option<Integer>,
        /// Further requests for each record, 1 to 1,000, in place of spans and pages.
        pub calls_per_record: Option<Integer>,
        /// Whether a single request brings all there is, whatever the days.
        pub once: bool = false,
        /// Whose records are counted; the first of the resources where it is left out.
        pub records_of: Option<Resource>,
    }
}

/// The catalog with what the request says in place of its figures; what cannot be goes to `problems`.
pub fn catalog(
    catalog: &Catalog,
    body: &ForecastTeamDataPullPreferencesBody,
    problems: &mut Problems,
) -> Option<Catalog> {
    let assume = body.assume.as_ref()?;
    let root = Loc::root("body");
    let loc = root.key("assume");
    let mut stated: indexmap::IndexMap<Provider, Figures> = indexmap::IndexMap::new();
    for (&Configurable(provider), quota) in assume.quota.iter().flatten() {
        let (loc, figures) = (loc.key("quota"), stated.entry(provider).or_default());
        let loc = loc.key(provider.as_str());
        let mut admit = |asked: &Option<Vec<QuotaWindowBody>>, key: &'static str| {
            asked.as_ref().map(|asked| admit_windows(asked, &loc.key(key), problems))
        };
        figures.windows = admit(&quota.windows, "windows");
        figures.user_windows = admit(&quota.user_windows, "user_windows");
    }
    for (&Configurable(provider), requests) in assume.request.iter().flatten() {
        let (loc, figures) = (loc.key("request"), stated.entry(provider).or_default());
        let loc = loc.key(provider.as_str());
        let each = requests.iter().enumerate();
        figures.request = each.map(|(index, asked)| admit(asked, &loc.index(index), problems)).collect();
        // A resource that is counted from now on has its records in another place of the request.
        let rates = assume.records_per_day.as_ref().and_then(|rates| rates.get(&Configurable(provider)));
        let counted = |resource: &Resource| requests.iter().any(|asked| asked.counts() == Some(*resource));
        for (&resource, rate) in rates.into_iter().flatten().filter(|(resource, _)| counted(resource)) {
            figures.records_per_day.extend(rate.0.try_into().ok().map(|rate| (resource, rate)));
        }
    }
    if stated.is_empty() || !problems.is_empty() {
        return None;
    }
    let mut changed = catalog.clone();
    for (provider, figures) in stated {
        match changed.clone().with(provider, &figures, Basis::Requested) {
            Ok(with) => changed = with,
            Err(error) => {
                let key = match error.key {
                    FigureKey::Windows | FigureKey::UserWindows => "quota",
                    FigureKey::Request | FigureKey::RecordsPerDay | FigureKey::PollSeconds => "request",
                };
                let loc = loc.key(key);
                problems.add("value_error", &loc.key(provider.as_str()), error.to_string(), &Value::Null);
            }
        }
    }
    Some(changed)
}

impl ForecastRequest {
    /// Whose records decide how many requests it takes, where they do.
    fn counts(&self) -> Option<Resource> {
        let counted = self.page_size.is_some() || self.calls_per_record.is_some();
        self.records_of.or(self.resources.first().copied()).filter(|_| counted)
    }
}

fn admit(asked: &ForecastRequest, loc: &Loc<'_>, problems: &mut Problems) -> RequestFigures {
    let mut figure = |asked: &Option<Integer>, key: &'static str, most: u32| {
        asked.as_ref().and_then(|asked| bounded(asked, 1, most, &loc.key(key), problems))
    };
    let span = figure(&asked.span_days, "span_days", u32::from(Days::MAX.get()));
    RequestFigures {
        resources: asked.resources.clone(),
        span_days: span.and_then(|days| Days::try_from(i64::from(days)).ok()),
        page_size: figure(&asked.page_size, "page_size", 1_000_000),
        calls_per_record: figure(&asked.calls_per_record, "calls_per_record", 1_000),
        once: asked.once,
        records_of: asked.records_of,
    }
}
