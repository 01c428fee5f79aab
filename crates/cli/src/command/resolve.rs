//! `lookback resolve`: which windows would be pulled, and why, without a server.

use std::collections::{BTreeMap, BTreeSet};

use lookback_domain::{
    Advice, ConnectionFacts, Days, IngestionBounds, OAuthApplication, Preference, Provider, Resource, Window,
    resolve,
};
use lookback_store::{Scope, Selection, Visible};
use serde::Serialize;

use super::open;
use crate::args::Resolve;
use crate::settings::Settings;
use crate::{machine, output};

/// One window, as scripts get it.
#[derive(Serialize)]
struct Row {
    provider: Provider,
    resource: Resource,
    asked_days: Days,
    asked_by: lookback_domain::Source,
    days: Days,
    start: jiff::Timestamp,
    end: jiff::Timestamp,
    reasons: Vec<String>,
    advice: Option<Advice>,
}

pub async fn run(settings: &Settings, what: Resolve) -> anyhow::Result<()> {
    let catalog = settings.catalog()?;
    let now = what.now.unwrap_or_else(machine::now);
    let application = if what.own_app { OAuthApplication::Own } else { OAuthApplication::Shared };
    let bounds = IngestionBounds::new(what.ingestion_start, what.ingestion_end)?;
    let Resolve { connected_at, first_permission_at, .. } = what;
    let facts = ConnectionFacts { connected_at, first_permission_at, bounds, application };

    let preferred = Preferred::read(settings, &what).await?;
    let providers = if what.provider.is_empty() { Provider::CONFIGURABLE } else { &what.provider[..] };
    let resources = if what.resource.is_empty() { Resource::ALL } else { &what.resource[..] };
    let rows = providers.iter().flat_map(|&provider| {
        let (catalog, facts, preference) = (&catalog, &facts, preferred.of(provider));
        resources.iter().map(move |&resource| {
            row(provider, resource, &resolve(catalog, provider, resource, preference, facts, now))
        })
    });
    let rows: Vec<_> = rows.collect();
    if settings.json {
        return output::json(&rows);
    }
    let shown = rows.iter().map(|row| {
        let (asked, days) = (row.asked_days.to_string(), row.days.to_string());
        let (from, to) = (row.start.to_string(), row.end.to_string());
        [row.provider.to_string(), row.resource.to_string(), asked, days, from, to, row.reasons.join("; ")]
    });
    output::table(&["provider", "resource", "asked", "days", "from", "to", "why"], shown)?;
    let advised = rows.iter().filter_map(|row| Some((row.provider, row.advice?)));
    for (provider, advice) in advised.collect::<BTreeSet<_>>() {
        output::line(&format!("\n{provider}: {}", advice.message()))?;
    }
    Ok(())
}

/// What is preferred: by a stored team, or on the command line for every provider.
enum Preferred {
    Stored(BTreeMap<Provider, Preference>),
    Stated(Option<Preference>),
}

impl Preferred {
    async fn read(settings: &Settings, what: &Resolve) -> anyhow::Result<Self> {
        let (Some(org_id), Some(team)) = (what.org, what.team) else {
            let overrides = what.overrides.iter().copied().collect();
            return Ok(Self::Stated(what.days.map(|default| Preference { default, overrides })));
        };
        let (region, environment) = (what.region, what.env);
        let scope = Scope { org_id, region, environment, visible: Visible::All };
        let store = open::existing(settings).await?;
        let stored = store.preferences(&scope, Selection::Teams(&[team])).await?;
        Ok(Self::Stored(stored.into_iter().next().map(|team| team.providers).unwrap_or_default()))
    }

    fn of(&self, provider: Provider) -> Option<&Preference> {
        match self {
            Self::Stored(providers) => providers.get(&provider),
            Self::Stated(preference) => preference.as_ref(),
        }
    }
}

fn row(provider: Provider, resource: Resource, window: &Window<'_>) -> Row {
    Row {
        provider,
        resource,
        asked_days: window.asked,
        asked_by: window.source,
        days: window.days,
        start: window.start,
        end: window.end,
        reasons: window.reasons.iter().map(ToString::to_string).collect(),
        advice: window.advice,
    }
}
