//! `lookback plan`: what a preference would cost, without a server.

mod chart;
mod svg;

use std::collections::BTreeMap;

use anyhow::Context;
use lookback_api::ProviderForecast;
use lookback_domain::{OAuthApplication, OwnQuota, Preference};
use lookback_engine::forecast::{
    self, Assumed, Certainty, Effort, OwnApplication, Polled, Polling, Question, Side, Team, span, thousands,
};
use lookback_store::{CredentialFilter, Scope, Selection, Visible};

use super::open;
use crate::args::Plan;
use crate::settings::Settings;
use crate::{machine, output};

pub async fn run(settings: &Settings, what: Plan) -> anyhow::Result<()> {
    let catalog = settings.catalog()?;
    let rule = catalog.rule(what.provider);
    let admitted = |resource, days| rule.admit(what.provider, resource, i64::from(days));
    let default = admitted(None, what.days)?;
    let mut overrides = BTreeMap::new();
    for &(resource, days) in &what.overrides {
        overrides.insert(resource, admitted(Some(resource), days)?);
    }
    let (today, own) = stored(settings, &what).await?;
    let own = own.as_ref().map(|quota| OwnApplication { quota: quota.as_ref() });
    let assumed = Assumed {
        connections: what.connections,
        other_connections: what.other_connections,
        new_connections_per_day: what.new_per_day,
        application: what.own_app.then_some(OAuthApplication::Own),
        records_per_day: what.records.iter().copied().collect(),
        poll_seconds: what.poll_seconds,
    };
    let question = Question {
        catalog: &catalog,
        provider: what.provider,
        proposed: &Preference { default, overrides },
        teams: &[Team { today: today.as_ref(), own }],
        assumed: &assumed,
        now: what.now.unwrap_or_else(machine::now),
    };
    let plan = forecast::plan(&question, Effort::default(), &|| true)?;
    if let Some(path) = &what.svg {
        let drawing = svg::draw(&plan);
        std::fs::write(path, drawing).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if settings.json {
        return output::json(&ProviderForecast::from(&plan));
    }
    show(&plan)
}

/// What is stored of the team that was named, if one was: what it prefers today, and what its own OAuth application
/// may spend, where it has one.
async fn stored(
    settings: &Settings,
    what: &Plan,
) -> anyhow::Result<(Option<Preference>, Option<Option<OwnQuota>>)> {
    let (Some(org_id), Some(team)) = (what.org, what.team) else { return Ok((None, None)) };
    let (region, environment) = (what.region, what.env);
    let scope = Scope { org_id, region, environment, visible: Visible::All };
    let store = open::existing(settings).await?;
    let preferences = store.preferences(&scope, Selection::Teams(&[team])).await?;
    let filter = CredentialFilter { teams: vec![team], provider: Some(what.provider) };
    let own = store.credentials(&scope, &filter, None, 1).await?;
    let today = preferences.into_iter().next().and_then(|mut team| team.providers.remove(&what.provider));
    Ok((today, own.into_iter().next().map(|own| own.quota)))
}

fn show(plan: &forecast::Plan) -> anyhow::Result<()> {
    let mut sides = vec![("proposed", &plan.proposed), ("today", &plan.today)];
    sides.extend(plan.own_application.as_ref().map(|own| ("own application", own)));
    let row = |label: &str, of: &dyn Fn(&Side) -> String| {
        std::iter::once(label.to_owned()).chain(sides.iter().map(|(_, side)| of(side))).collect::<Vec<_>>()
    };
    let polled = |side: &Side, of: fn(Polling) -> u64| {
        side.during.teams.map_or("-".to_owned(), |polling| span(of(polling)))
    };
    let mut rows = vec![
        row("days", &|side| side.days.to_string()),
        row("requests, one connection", &|side| thousands(side.per_connection.requests)),
        row("requests, all", &|side| thousands(side.requests)),
        row("done, half of all runs", &|side| finish(side, side.finish_ms_p50)),
        row("done, nine of ten", &|side| finish(side, side.finish_ms_p90)),
        row("no scheduler before", &|side| side.lower_bound_ms.map_or("-".to_owned(), span)),
        row("polled every", &|side| polled(side, |polling| polling.period_ms)),
        row("polls late, 99 of 100", &|side| polled(side, |polling| polling.lateness_ms.p99)),
        row("polls late, at worst", &|side| polled(side, |polling| polling.lateness_ms.max)),
    ];
    if plan.before.others.is_some() {
        let others = |side: &Side| side.during.others.map_or("-".to_owned(), |other| span(other.period_ms));
        rows.push(row("other teams polled every", &others));
    }
    let head: Vec<_> = std::iter::once("").chain(sides.iter().map(|(name, _)| *name)).collect();
    output::table(&head, rows)?;
    if let (Some(before), Some(after)) = (plan.before.teams, plan.after.teams) {
        output::line("")?;
        let polls = [("before", plan.before), ("during", plan.proposed.during), ("after", plan.after)];
        output::table(&["polling", "every", "late, 99 of 100", "late, at worst"], polls.map(polling))?;
        debug_assert_eq!(before.wished_ms, after.wished_ms, "what is wished for stays");
    }
    if let Some(chart) = chart::draw(&plan.proposed.timeline) {
        output::line(&format!("\n{chart}"))?;
    }
    output::line(&format!("\n{}", plan.sentence))
}

fn finish(side: &Side, finish_ms: Option<u64>) -> String {
    match (side.certainty, finish_ms) {
        (Certainty::Nothing, _) => "-".to_owned(),
        (Certainty::Unknown, None) => "not found out".to_owned(),
        (_, None) => "never".to_owned(),
        (_, Some(ms)) => span(ms),
    }
}

fn polling((when, polled): (&str, Polled)) -> [String; 4] {
    let of = |of: fn(Polling) -> u64| polled.teams.map_or("-".to_owned(), |polling| span(of(polling)));
    let late = [of(|polling| polling.lateness_ms.p99), of(|polling| polling.lateness_ms.max)];
    let [usually, worst] = late;
    [when.to_owned(), of(|polling| polling.period_ms), usually, worst]
}
