//! `POST`: sets the preferences of some teams.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use lookback_domain::{Preference, Provider, Refusal, Resource, Rule, TeamId};
use lookback_store::{Scope, Selection};

use super::{ScopePath, TeamDataPullPreferencesResponse, entry, entry_bytes, refuse};
use crate::layers::Room;
use crate::openapi::Refusals;
use crate::wire::{Configurable, Integer, Loc, Map, Problems, Value, request};
use crate::{App, Caller, Error, Valid};

request! {
    /// Which preferences to set, for which teams.
    pub struct UpsertTeamDataPullPreferencesBody {
        /// The teams, up to 5,000, and up to 300,000 settings in the answer. Empty: nothing changes.
        pub team_ids: Vec<TeamId>,
        /// Each provider named is replaced as a whole; the others stay. Defaults and overrides times teams are up to 150,000.
        pub providers: Map<Configurable, SingleProviderDataPullPreferences>,
    }
}

request! {
    /// What is preferred for one provider.
    pub struct SingleProviderDataPullPreferences {
        /// For every resource without an override.
        pub default: DefaultConfiguration,
        /// For single resources.
        pub resource_overrides: Option<Map<Resource, SingleResourceOverride>>,
    }
}

request! {
    /// A default.
    pub struct DefaultConfiguration {
        /// Days, 0 to 365.
        pub historical_days_to_pull: Integer,
    }
}

request! {
    /// An override.
    pub struct SingleResourceOverride {
        /// Days, 0 to 365.
        pub historical_days_to_pull: Integer,
    }
}

/// Set how many days of history are pulled.
///
/// Replaces, for each team, each provider named as a whole, and leaves the other providers alone: all of it or
/// nothing. Answers each team's entry as a `GET` would. Asking for more than the limit, or for another figure
/// where one is fixed, is refused with the reason.
#[utoipa::path(
    post,
    path = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}",
    operation_id = "upsert_team_data_pull_preferences_v1_org__org_id__team_data_pull_preferences__env___region__post",
    tag = "Team Data Pull Preferences",
    summary = "Upsert Team Data Pull Preferences",
    params(ScopePath),
    request_body = UpsertTeamDataPullPreferencesBody,
    responses((status = 200, description = "Successful Response", body = TeamDataPullPreferencesResponse), Refusals),
)]
pub async fn upsert(
    State(app): State<App>,
    caller: Caller,
    room: Room,
    Valid { path, body, .. }: Valid<ScopePath, (), UpsertTeamDataPullPreferencesBody>,
) -> Result<Json<TeamDataPullPreferencesResponse>, Error> {
    let scope = path.scope(&caller)?;
    let mut problems = Problems::default();
    let changes = admit(&app, &body.providers, &mut problems);
    let teams = bound(&body.team_ids, TEAMS_MAX, &mut problems);
    bound_figures(teams, &body.providers, &mut problems);
    refuse(&app, &scope, &body.team_ids, problems).await?;
    if teams > 1 {
        room.reserve(teams * entry_bytes(&app.catalog, 0))?;
        let shown = will_be_shown(&app, &scope, &body.team_ids, &changes).await?;
        room.reserve(shown)?;
    }

    // More than the default was asked for by somebody whom the documents told what comes of it; the audit log says so.
    let raised = changes.iter().filter_map(|(&provider, preference)| {
        Some((provider, app.catalog.rule(provider).raised(preference)?))
    });
    let (raised, by) = (raised.collect(), app.author(caller.actor()));
    let stored = app.store.upsert_preferences(&scope, &body.team_ids, &changes, &raised, &by).await?;
    let entries = stored.iter().map(|team| entry(&app.catalog, team, Provider::CONFIGURABLE));
    Ok(Json(TeamDataPullPreferencesResponse { data_pull_preferences: entries.collect(), next_cursor: None }))
}

/// How many teams one request may set. Everybody else's writes wait for it, and its answer shows each of them.
const TEAMS_MAX: usize = 5_000;

/// How many figures one request may set: each default and each override, for each team. Enough for a default of every
/// provider for as many teams as may be. With all that can be overridden it would be seventy times as many, and each is
/// written to the audit log too.
const FIGURES_MAX: usize = 150_000;

/// How many settings an answer may show, those that were there before included: twice what so many teams have by default.
/// With all that can be overridden it would be hundreds of megabytes.
const SHOWN_MAX: usize = 300_000;

/// Bytes of the answer to a change, which needs its room before: afterwards it could not be refused. That of a single team
/// is small enough to need none.
async fn will_be_shown(
    app: &App,
    scope: &Scope,
    teams: &[TeamId],
    changes: &BTreeMap<Provider, Preference>,
) -> Result<usize, Error> {
    let stored = app.store.preferences(scope, Selection::Teams(teams)).await?;
    let changed: usize = changes.values().map(|preference| preference.overrides.len()).sum();
    let overrides = stored.iter().map(|team| {
        // Of what is there, what is not replaced is shown as well.
        let kept = team.providers.iter().filter(|(provider, _)| !changes.contains_key(provider));
        changed + kept.map(|(_, preference)| preference.overrides.len()).sum::<usize>()
    });
    let overrides: Vec<_> = overrides.collect();
    let shown: usize = overrides.iter().map(|overrides| Provider::CONFIGURABLE.len() + overrides).sum();
    if shown > SHOWN_MAX {
        let (mut problems, body) = (Problems::default(), Loc::root("body"));
        let said = format!(
            "{SHOWN_MAX} settings can be answered at once, a default or an override of one team each, those that were \
             there before included; send some of the teams in another request"
        );
        let input = Value::Integer(shown.into());
        problems.add_with("less_than_equal", &body.key("team_ids"), said, &input, ("le", SHOWN_MAX));
        Error::check(problems)?;
    }
    Ok(overrides.into_iter().map(|overrides| entry_bytes(&app.catalog, overrides)).sum())
}

/// Refuses more teams than one request may name. Says how many it names.
pub(super) fn bound(teams: &[TeamId], most: usize, problems: &mut Problems) -> usize {
    let named = teams.iter().collect::<HashSet<_>>().len();
    if named > most {
        let body = Loc::root("body");
        let said = format!("{most} teams can be named at once; send the others in another request");
        let input = Value::Integer(named.into());
        problems.add_with("less_than_equal", &body.key("team_ids"), said, &input, ("le", most));
    }
    named
}

/// Refuses more figures than one request may set for so many teams.
fn bound_figures(
    teams: usize,
    asked: &Map<Configurable, SingleProviderDataPullPreferences>,
    problems: &mut Problems,
) {
    let overridden =
        |of: &SingleProviderDataPullPreferences| of.resource_overrides.as_ref().map_or(0, Map::len);
    let figures = teams * asked.values().map(|of| 1 + overridden(of)).sum::<usize>();
    if figures > FIGURES_MAX {
        let body = Loc::root("body");
        let said = format!(
            "{FIGURES_MAX} figures can be set at once, a default or an override of one team each; send the others in \
             another request"
        );
        let input = Value::Integer(figures.into());
        problems.add_with("less_than_equal", &body.key("providers"), said, &input, ("le", FIGURES_MAX));
    }
}

/// The preferences asked for; whatever the catalog does not let a team prefer goes to `problems`.
pub(super) fn admit(
    app: &App,
    asked: &Map<Configurable, SingleProviderDataPullPreferences>,
    problems: &mut Problems,
) -> BTreeMap<Provider, Preference> {
    let (body, mut changes) = (Loc::root("body"), BTreeMap::new());
    let providers = body.key("providers");
    for (&Configurable(provider), preference) in asked {
        let one = AskedOf { provider, rule: app.catalog.rule(provider) };
        let loc = providers.key(provider.as_str());
        let default =
            one.admit(None, &preference.default.historical_days_to_pull, &loc.key("default"), problems);
        let overrides = loc.key("resource_overrides");
        let asked = preference.resource_overrides.iter().flatten();
        let admitted = asked.filter_map(|(&resource, setting)| {
            let loc = overrides.key(resource.as_str());
            Some((resource, one.admit(Some(resource), &setting.historical_days_to_pull, &loc, problems)?))
        });
        let overrides = admitted.collect();
        changes.extend(default.map(|default| (provider, Preference { default, overrides })));
    }
    changes
}

/// A provider that something is asked of.
struct AskedOf<'a> {
    provider: Provider,
    rule: &'a Rule,
}

impl AskedOf<'_> {
    fn admit(
        &self,
        resource: Option<Resource>,
        asked: &Integer,
        loc: &Loc<'_>,
        problems: &mut Problems,
    ) -> Option<lookback_domain::Days> {
        let refusal = match self.rule.admit(self.provider, resource, asked.saturating()) {
            Ok(days) => return Some(days),
            Err(refusal) => refusal,
        };
        let (loc, input, said) = (loc.key("historical_days_to_pull"), asked.to_value(), refusal.to_string());
        match refusal {
            Refusal::Negative { .. } => {
                problems.add_with("greater_than_equal", &loc, said, &input, ("ge", 0));
            }
            Refusal::AboveLimit { limit, .. } => {
                problems.add_with("less_than_equal", &loc, said, &input, ("le", limit.get()));
            }
            Refusal::Fixed { .. } => problems.add("value_error", &loc, said, &input),
        }
        None
    }
}
